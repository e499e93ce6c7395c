// -sandbox: what ends the process, what does not, each in a process of its own.
#include "sandbox/sandbox.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern const SandboxModule sandbox_module;

typedef bool Deed(void);

static bool do_nothing(void)
{
    return true;
}

static bool ask_for_reboot(void)
{
    return syscall(SYS_reboot, 0, 0, 0, NULL) < 0;
}

static bool become(void)
{
    return setuid(getuid()) == 0;
}

static bool is_kept_from_privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static bool spawn(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 && waitpid(child, NULL, 0) == child;
}

static bool execute(void)
{
    char *words[] = { (char *)"true", NULL };
    execv("/bin/true", words);
    return false;
}

static void *run(void *owner)
{
    *(bool *)owner = true;
    return NULL;
}

static bool start_thread(void)
{
    bool ran = false;
    pthread_t thread;
    return pthread_create(&thread, NULL, run, &ran) == 0 && pthread_join(thread, NULL) == 0 && ran;
}

static bool set_priority(void)
{
    return setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0)) == 0;
}

static int go[2]; // a pipe

static void *become_when_told(void *owner)
{
    char byte;
    return read(go[0], &byte, 1) == 1 && become() ? owner : NULL;
}

static bool start_early_thread(void)
{
    pthread_t thread;
    return pipe(go) == 0 && pthread_create(&thread, NULL, become_when_told, NULL) == 0;
}

// The rules are for threads that were there before, too.
static bool tell_early_thread(void)
{
    return write(go[1], "", 1) == 1 && pause() == 0;
}

static const struct {
    SandboxOptions options;
    Deed *before, *deed;
    bool allowed;
} cases[] = {
    { { .on = true }, NULL, do_nothing, true },
    { { .on = true }, NULL, ask_for_reboot, false },
    { { .on = true, .obsolete = true }, NULL, ask_for_reboot, true },
    { { .on = true }, NULL, become, true },
    { { .on = true, .privileges = PRIVILEGES_DENY }, NULL, become, false },
    { { .on = true, .privileges = PRIVILEGES_DENY }, NULL, is_kept_from_privileges, true },
    { { .on = true, .privileges = PRIVILEGES_OF_CHILDREN }, NULL, become, true },
    { { .on = true, .privileges = PRIVILEGES_OF_CHILDREN }, NULL, is_kept_from_privileges, true },
    { { .on = true }, NULL, spawn, true },
    { { .on = true, .no_spawn = true }, NULL, spawn, false },
    { { .on = true }, NULL, execute, true },
    { { .on = true, .no_spawn = true }, NULL, execute, false },
    { { .on = true, .no_spawn = true }, NULL, start_thread, true },
    { { .on = true, .privileges = PRIVILEGES_DENY }, start_early_thread, tell_early_thread, false },
    { { .on = true }, NULL, set_priority, true },
    { { .on = true, .no_resource_control = true }, NULL, set_priority, false },
};

static void do_case(unsigned index)
{
    if (cases[index].before && !cases[index].before())
        _exit(2);
    if (!sandbox_module.enter(&cases[index].options, NULL))
        _exit(3);
    _exit(cases[index].deed() ? 0 : 4);
}

static void test_cases(void)
{
    // Emulators of a process have no filters.
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == 0 || errno != EFAULT) {
        g_test_skip("this kernel has no filters of system calls");
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        int status;
        pid_t child = fork();
        g_assert_cmpint(child, >=, 0);
        if (child == 0)
            do_case(i);
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        g_test_message("%u: %x", i, (unsigned)status);
        if (cases[i].allowed)
            g_assert_cmpint(status, ==, 0);
        else
            g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/cases", test_cases);
    return g_test_run();
}
