// Signals as events of the main loop, and those that nobody wants.
#include "signals.h"
#include <signal.h>
#include <string.h>

static unsigned came[NSIG];

static void on_signal(void *owner, int number)
{
    came[number]++;
}

static void run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void test_watch(void)
{
    signal(SIGHUP, SIG_IGN);
    Signals *signals = signals_new(NULL);
    signals_watch(signals, SIGTERM, on_signal, NULL);
    signals_watch(signals, SIGHUP, on_signal, NULL);
    raise(SIGHUP); // was ignored, and stays so
    run_loop();
    g_assert_cmpuint(came[SIGHUP], ==, 0);
    for (unsigned i = 1; i < 4; i++) {
        raise(SIGTERM);
        raise(SIGTERM);
        g_assert_cmpuint(came[SIGTERM], ==, i - 1); // never within the handler
        run_loop();
        g_assert_cmpuint(came[SIGTERM], ==, i);
    }
    signals_free(signals);
    raise(SIGTERM); // the end is under way
    signal(SIGTERM, SIG_DFL);
}

static unsigned threads(void)
{
    unsigned count = 0;
    GDir *tasks = g_dir_open("/proc/self/task", 0, NULL);
    while (g_dir_read_name(tasks))
        count++;
    g_dir_close(tasks);
    return count;
}

// GLib's own signals start one, whose birth cannot fail with a word.
static void test_no_thread(void)
{
    unsigned before = threads();
    Signals *signals = signals_new(NULL);
    signals_watch(signals, SIGTERM, on_signal, NULL);
    run_loop();
    g_assert_cmpuint(threads(), ==, before);
    signals_free(signals);
    signal(SIGTERM, SIG_DFL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signals/watch", test_watch);
    g_test_add_func("/signals/no-thread", test_no_thread);
    return g_test_run();
}
