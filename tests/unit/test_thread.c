// How a thread is born.
#include "lparun/thread.h"
#include <pthread.h>
#include <signal.h>

typedef struct Seen {
    char name[16];
    sigset_t blocked;
    size_t stack;
    bool current;
    Thread *thread;
    GMutex lock;
} Seen;

static void look(void *owner)
{
    Seen *seen = owner;
    pthread_attr_t attributes;
    pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
    pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstacksize(&attributes, &seen->stack);
    pthread_attr_destroy(&attributes);
    g_mutex_lock(&seen->lock);
    seen->current = thread_is_current(seen->thread);
    g_mutex_unlock(&seen->lock);
}

static void test_born(void)
{
    Seen seen = { 0 };
    g_mutex_lock(&seen.lock);
    seen.thread = thread_start(THREAD_HELPER, "a name of many letters", look, &seen, NULL);
    g_mutex_unlock(&seen.lock);
    g_assert_false(thread_is_current(seen.thread));
    thread_join(seen.thread);
    g_assert_cmpstr(seen.name, ==, "a name of many ");
    g_assert_true(seen.current);
    g_assert_cmpuint(seen.stack, <=, 1 << 20);
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGPIPE, SIGCHLD, SIGUSR1, SIGTSTP };
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
        g_assert_true(sigismember(&seen.blocked, numbers[i]));
    g_assert_true(sigismember(&seen.blocked, SIGRTMIN)); // vCPUs' kick
    sigset_t here;
    pthread_sigmask(SIG_SETMASK, NULL, &here);
    g_assert_false(sigismember(&here, SIGTERM)); // as before
}

static void let_one_in(void *owner)
{
    thread_let_in(SIGALRM);
    look(owner);
}

static void test_let_in(void)
{
    Seen seen = { 0 };
    g_mutex_lock(&seen.lock);
    seen.thread = thread_start(THREAD_VCPU, "one", let_one_in, &seen, NULL);
    g_mutex_unlock(&seen.lock);
    thread_join(seen.thread);
    g_assert_false(sigismember(&seen.blocked, SIGALRM));
    g_assert_true(sigismember(&seen.blocked, SIGTERM));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/thread/born", test_born);
    g_test_add_func("/thread/let-in", test_let_in);
    return g_test_run();
}
