// The process: its name, its way to the background, and what it gives up before the guest runs.
#include "process.h"
#include "lparun/error.h"
#include "module.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready_pipe = -1; // the end of the one in the background

// --- What stands before a line of -msg.

static const ProcessOptions *of_lines;

static void print_line(const char *text)
{
    g_autoptr(GDateTime) now = of_lines->timestamp ? g_date_time_new_now_utc() : NULL;
    g_autofree char *time = now ? g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ ") : NULL;
    const char *name = of_lines->with_name ? of_lines->guest_name : NULL;
    g_autofree char *line = g_strconcat(time ? time : "", name ? name : "", name ? " " : "", text, NULL);
    fputs(line, stderr);
}

static void begin_lines(const ProcessOptions *process)
{
    if (!process->timestamp && !process->with_name)
        return;
    of_lines = process;
    g_set_printerr_handler(print_line);
}

// --- The background.

// The exit status that the one in the background has come to: 0 once it is ready.
static int await(int fd, pid_t child)
{
    char byte;
    ssize_t length;
    int status = 0;
    do
        length = read(fd, &byte, 1);
    while (length < 0 && errno == EINTR);
    if (length == 1)
        return 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : LPARUN_ERROR_HOST;
}

static bool go_to_background(GError **error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_host(error, "-daemonize: %s", g_strerror(errno));
    pid_t child = fork();
    if (child < 0)
        return error_host(error, "-daemonize: %s", g_strerror(errno));
    if (child > 0) {
        close(ends[1]);
        _exit(await(ends[0], child));
    }
    close(ends[0]);
    ready_pipe = ends[1];
    setsid();
    return true;
}

bool process_begin(const ProcessOptions *process, GError **error)
{
    if (process->process_name)
        prctl(PR_SET_NAME, process->process_name);
    begin_lines(process);
    return !process->daemonize || go_to_background(error);
}

// --- Rights.

typedef struct Person {
    uid_t user;
    gid_t group;
    char *name; // whose other groups it gets, or NULL
} Person;

static bool read_number(const char *text, unsigned *number)
{
    guint64 value;
    bool done = g_ascii_string_to_unsigned(text, 10, 0, UINT32_MAX - 1, &value, NULL);
    *number = (unsigned)value;
    return done;
}

// "name" or "UID:GID".
static bool find_person(const char *text, Person *person, GError **error)
{
    g_auto(GStrv) numbers = g_strsplit(text, ":", 2);
    if (numbers[0] && numbers[1] && read_number(numbers[0], &person->user) &&
        read_number(numbers[1], &person->group))
        return true;
    const struct passwd *entry = getpwnam(text);
    if (!entry)
        return error_user(error, "-run-with user=%s: there is no such user; give a name, or UID:GID", text);
    *person = (Person){ entry->pw_uid, entry->pw_gid, g_strdup(entry->pw_name) };
    return true;
}

// The C library sees to it that all threads follow.
static bool become(const Person *person)
{
    int groups = person->name ? initgroups(person->name, person->group) : setgroups(1, &person->group);
    return groups == 0 && setgid(person->group) == 0 && setuid(person->user) == 0 &&
           (person->user == 0 || setuid(0) < 0);
}

// Found first: the new root may have no table of users.
static bool give_up_rights(const ProcessOptions *process, GError **error)
{
    Person person = { 0 };
    if (process->user && !find_person(process->user, &person, error))
        return false;
    bool done = true;
    if (process->chroot && (chroot(process->chroot) < 0 || chdir("/") < 0))
        done = error_user(error, "-run-with chroot=%s: %s; lparun must be root for that", process->chroot,
            g_strerror(errno));
    if (done && process->user && !become(&person))
        done = error_user(
            error, "-run-with user=%s: %s; lparun must be root for that", process->user, g_strerror(errno));
    g_free(person.name);
    return done;
}

// Whoever started it may close its terminal; what it says from here on goes nowhere.
static bool leave_terminal(GError **error)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool done = nothing >= 0 && chdir("/") == 0;
    for (int fd = STDIN_FILENO; done && fd <= STDERR_FILENO; fd++)
        done = dup2(nothing, fd) >= 0;
    int why = errno;
    if (nothing >= 0)
        close(nothing);
    if (!done)
        return error_host(error, "-daemonize: %s", g_strerror(why));
    done = write(ready_pipe, "", 1) == 1;
    close(ready_pipe);
    return true;
}

static bool enter_sandbox(const SandboxOptions *sandbox, GError **error)
{
    if (!sandbox->on)
        return true;
    const SandboxModule *module = module_find("lparun-sandbox.so", "sandbox_module", "-sandbox", error);
    return module && module->enter(sandbox, error);
}

bool process_ready(const ProcessOptions *process, GError **error)
{
    return give_up_rights(process, error) && enter_sandbox(&process->sandbox, error) &&
           (!process->daemonize || leave_terminal(error));
}
