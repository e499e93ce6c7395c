// A process that outlives lparun-ci for a moment.
#include "keeper.h"
#include "refuse.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER_LONGEST 90 // a socket's path has 107 bytes
#define TRIES 20          // lparun may still be about to end

struct Keeper {
    char *folder;
    int pipe; // the process ends when this is closed
    pid_t process;
};

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    remove(path);
    return 0;
}

static void remove_all(const char *folder)
{
    for (unsigned i = 0; i < TRIES && access(folder, F_OK) == 0; i++) {
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        if (access(folder, F_OK) == 0)
            usleep(50000);
    }
}

// Nothing of lparun-ci's is held open: who reads its output shall see the end.
static G_GNUC_NORETURN void keep(const char *folder, int from)
{
    char byte;
    setsid();
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    prctl(PR_SET_NAME, "ci-keeper");
    dup2(from, 0);
    close_range(1, ~0u, 0);
    while (read(0, &byte, 1) < 0 && errno == EINTR)
        ;
    remove_all(folder);
    _exit(0);
}

Keeper *keeper_new(GError **error)
{
    g_autofree char *folder = g_dir_make_tmp("lparun-ci-XXXXXX", error);
    int ends[2];
    if (!folder)
        return NULL;
    if (strlen(folder) > FOLDER_LONGEST) {
        refuse(error, "%s: too long for the names of sockets; give a shorter TMPDIR", folder);
        rmdir(folder);
        return NULL;
    }
    pid_t process = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (process < 0) {
        refuse_system(error, "no process can be had");
        rmdir(folder);
        return NULL;
    }
    if (process == 0)
        keep(folder, ends[0]);
    close(ends[0]);
    Keeper *keeper = g_new(Keeper, 1);
    *keeper = (Keeper){ g_steal_pointer(&folder), ends[1], process };
    return keeper;
}

const char *keeper_folder(const Keeper *keeper)
{
    return keeper->folder;
}

void keeper_free(Keeper *keeper)
{
    if (!keeper)
        return;
    close(keeper->pipe);
    while (waitpid(keeper->process, NULL, 0) < 0 && errno == EINTR)
        ;
    g_free(keeper->folder);
    g_free(keeper);
}
