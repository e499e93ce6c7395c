// The command.
#include "command.h"
#include "bytes.h"
#include "calls.h"
#include "say.h"
#include "stream.h"
#include <asm/poll.h>

#define SIGCHLD_NUMBER 17
#define SIGKILL_NUMBER 9
#define NO_HANG 1 // WNOHANG
#define SET_MASK 2
#define LOOK 20       // milliseconds between two looks where the end of a child cannot be waited for
#define END_TRIES 200 // times 10 ms: one that hangs in the kernel cannot be ended

typedef struct Pipe {
    int read, write;
} Pipe;

typedef struct Run {
    int process;
    int children;                // readable when one has ended; negative: the kernel has no such file
    Pipe output, errors, failed; // the last: the error number, if it cannot be started
    bool ended;
    int status; // as wait4 has it
    uint64_t lost;
} Run;

static Pipe make_pipe(void)
{
    int ends[2] = { -1, -1 };
    if (call(__NR_pipe2, ends, O_CLOEXEC) < 0)
        fault("no pipe for the command's output", NULL, NULL);
    return (Pipe){ ends[0], ends[1] };
}

// --- In the child.

static long execute(const Order *order, const char *path)
{
    return call(__NR_execve, path, order->arguments, order->variables);
}

static const char *search_path(const Order *order)
{
    for (char **variable = order->variables; *variable; variable++)
        if (bytes_are(*variable, "PATH=", 5))
            return *variable + 5;
    return "/bin";
}

static bool has_slash(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '/')
            return true;
    return false;
}

// The first one that is there decides.
static long search(const Order *order)
{
    static char folder[PATH_ROOM], path[PATH_ROOM];
    for (const char *at = search_path(order); *at != '\0';) {
        size_t length = 0;
        while (at[length] != ':' && at[length] != '\0')
            length++;
        if (length < PATH_ROOM) {
            memcpy(folder, at, length);
            folder[length] = '\0';
            if (path_join(path, folder, order->program) && sys_exists(path))
                return execute(order, path);
        }
        at += length + (at[length] == ':');
    }
    return -ENOENT;
}

_Noreturn static void be_command(const Order *order, const Run *run)
{
    const Word none = 0;
    int null = sys_open("/dev/null", O_RDONLY);
    (void)call(__NR_rt_sigprocmask, SET_MASK, &none, 0, sizeof none);
    (void)call(__NR_setsid, 0);
    (void)call(__NR_dup3, null < 0 ? run->failed.read : null, 0, 0);
    (void)call(__NR_dup3, run->output.write, 1, 0);
    (void)call(__NR_dup3, run->errors.write, 2, 0);
    long error = call(__NR_chdir, order->directory ? order->directory : "/");
    if (error == 0)
        error = has_slash(order->program) ? execute(order, order->program) : search(order);
    int number = (int)error;
    (void)sys_write(run->failed.write, &number, sizeof number);
    for (;;)
        (void)call(__NR_exit_group, 127);
}

// --- In init.

static int watch_children(void)
{
    const Word child = 1UL << (SIGCHLD_NUMBER - 1);
    (void)call(__NR_rt_sigprocmask, SET_MASK, &child, 0, sizeof child);
    return (int)call(__NR_signalfd4, -1, &child, sizeof child, O_CLOEXEC | O_NONBLOCK);
}

static void start(const Order *order, Run *run)
{
    run->children = watch_children();
    run->output = make_pipe();
    run->errors = make_pipe();
    run->failed = make_pipe();
    run->process = (int)call(__NR_clone, SIGCHLD_NUMBER, 0, 0, 0, 0);
    if (run->process == 0)
        be_command(order, run);
    if (run->process < 0)
        fault(order->program, error_words(run->process), NULL);
    sys_close(run->output.write);
    sys_close(run->errors.write);
    sys_close(run->failed.write);
    (void)call(__NR_fcntl, run->output.read, F_SETFL, O_NONBLOCK);
    (void)call(__NR_fcntl, run->errors.read, F_SETFL, O_NONBLOCK);
}

static bool is_script(const char *path)
{
    char start[3];
    return read_small(path, start, sizeof start) && start[0] == '#' && start[1] == '!';
}

// The pipe closes when the program has started.
static void heed_failure(const Order *order, const Run *run)
{
    int error = 0;
    if (sys_read(run->failed.read, &error, sizeof error) != sizeof error)
        return;
    if (order->directory && !sys_exists(order->directory))
        fault(order->directory, ": no such folder in the guest", NULL);
    if (error == -ENOENT && has_slash(order->program) && sys_exists(order->program))
        fault(order->program, ": its interpreter is not in the guest", NULL);
    if (error == -ENOENT)
        fault(order->program, ": no such program in the guest", NULL);
    if (error == -ENOEXEC)
        fault(order->program, ": nothing that this kernel can run",
            is_script(order->program) ? "CONFIG_BINFMT_SCRIPT" : "CONFIG_BINFMT_ELF");
    fault(order->program, error_words(error), NULL);
}

// One read's worth; false: there is nothing at the moment, or for ever.
static bool pump(Run *run, int *file, FrameKind kind)
{
    long length = *file < 0 ? 0 : sys_read(*file, stream_bytes(), FRAME_MOST - FRAME_HEAD);
    if (length > 0 && !stream_send(kind, (size_t)length))
        run->lost += (uint64_t)length;
    if (length == 0 && *file >= 0) {
        sys_close(*file);
        *file = -1;
    }
    return length > 0;
}

static void pump_both(Run *run)
{
    (void)pump(run, &run->output.read, FRAME_OUTPUT);
    (void)pump(run, &run->errors.read, FRAME_ERRORS);
}

// Orphans are init's, too. False: there are no more children.
static bool reap(Run *run)
{
    int status = 0;
    for (;;) {
        long process = call(__NR_wait4, -1, &status, NO_HANG, 0);
        if (process <= 0)
            return process == 0;
        if (process != run->process)
            continue;
        run->ended = true;
        run->status = status;
    }
}

static void follow(Run *run)
{
    static char signals[1024]; // which they are says no more than that there are some
    while (!run->ended) {
        struct pollfd files[] = { { run->output.read, POLLIN, 0 }, { run->errors.read, POLLIN, 0 },
            { run->children, POLLIN, 0 } };
        long pause[2] = { 0, LOOK * 1000000L };
        (void)call(__NR_ppoll, files, 3, run->children < 0 ? pause : 0, 0, 0);
        (void)sys_read(run->children, signals, sizeof signals);
        pump_both(run);
        (void)reap(run);
    }
}

static void end_others(Run *run)
{
    for (int i = 0; i < END_TRIES && call(__NR_kill, -1, SIGKILL_NUMBER) == 0; i++) {
        if (!reap(run))
            break;
        sys_sleep(i < 10 ? 1 : 10);
    }
    while (pump(run, &run->output.read, FRAME_OUTPUT))
        ;
    while (pump(run, &run->errors.read, FRAME_ERRORS))
        ;
}

CommandEnd command_run(const Order *order)
{
    Run run = { 0 };
    start(order, &run);
    heed_failure(order, &run);
    follow(&run);
    end_others(&run);
    bool killed = (run.status & 0x7f) != 0;
    uint32_t value = killed ? run.status & 0x7f : run.status >> 8 & 0xff;
    return (CommandEnd){ .killed = killed, .value = value, .lost = run.lost };
}
