// The file of -pidfile.
#include "pid_file.h"
#include "lparun/error.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct PidFile {
    char *name; // in its folder, which is held: -daemonize and chroot= change what a path means
    int folder, fd;
};

static bool open_in_folder(PidFile *file, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    file->name = g_path_get_basename(path);
    file->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    file->fd = file->folder < 0 ? -1
                                : openat(file->folder, file->name,
                                      O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
    return file->fd >= 0 ||
           error_user(error, "-pidfile %s: %s; give a file that can be written", path, g_strerror(errno));
}

// The lock goes with the process, whatever ends it.
static bool lock(const PidFile *file, const char *path, GError **error)
{
    struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    return fcntl(file->fd, F_SETLK, &all) == 0 ||
           error_user(error, "-pidfile %s: another process has it (%s); give each guest its own", path,
               g_strerror(errno));
}

static bool write_number(const PidFile *file, const char *path, GError **error)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    size_t length = strlen(text);
    if (ftruncate(file->fd, 0) == 0 && pwrite(file->fd, text, length, 0) == (ssize_t)length)
        return true;
    return error_user(error, "-pidfile %s: %s; give a file that can be written", path, g_strerror(errno));
}

PidFile *pid_file_new(const char *path, GError **error)
{
    PidFile *file = g_new0(PidFile, 1);
    if (open_in_folder(file, path, error) && lock(file, path, error) && write_number(file, path, error))
        return file;
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    pid_file_free(file);
    return NULL;
}

static bool is_the_same(const PidFile *file)
{
    struct stat ours, theirs;
    return fstat(file->fd, &ours) == 0 &&
           fstatat(file->folder, file->name, &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

void pid_file_free(PidFile *file)
{
    if (!file)
        return;
    if (file->fd >= 0) {
        if (is_the_same(file))
            unlinkat(file->folder, file->name, 0);
        close(file->fd);
    }
    if (file->folder >= 0)
        close(file->folder);
    g_free(file->name);
    g_free(file);
}
