// Console output with readers that are slow, stand still or go away: no writer waits, and nothing is lost.
#include "terminal_output.h"
#include "deadline.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

typedef struct Fixture {
    int reader, writer;
    TerminalOutput *output;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    int ends[2];
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    fixture->reader = ends[0];
    fixture->writer = ends[1];
    fixture->output = terminal_output_new(fixture->writer, NULL);
    g_assert_nonnull(fixture->output);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    close(fixture->reader);
    terminal_output_free(fixture->output);
    close(fixture->writer);
}

// Sixteen bytes, as H_PUT_TERM_CHAR gives them: a number and a line feed.
static bool put(Fixture *fixture, unsigned number)
{
    char text[17];
    g_snprintf(text, sizeof text, "%015u\n", number);
    return terminal_output_put(fixture->output, (uint8_t *)text, 16);
}

// As many as the buffer and the pipe take.
static unsigned fill(Fixture *fixture, unsigned number)
{
    for (unsigned refused = 0; refused < 100;) {
        bool taken = put(fixture, number);
        number += taken;
        refused = taken ? 0 : refused + 1;
        if (!taken)
            g_usleep(500);
    }
    return number;
}

// Reads numbers [from, to).
static void check(Fixture *fixture, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        char text[17] = { 0 };
        for (size_t done = 0; done < 16; done += text[done] != '\r') // which a terminal adds
            g_assert_cmpint(read(fixture->reader, text + done, 1), ==, 1);
        g_assert_cmpuint(strtoul(text, NULL, 10), ==, i);
    }
}

// All or nothing: whoever comes again with the same bytes loses none and has none twice.
static void test_slow_reader(Fixture *fixture, gconstpointer data)
{
    unsigned number = 0, read = 0;
    for (unsigned round = 0; round < 20; round++) {
        number = fill(fixture, number);
        g_assert_cmpuint((number - read) * 16, >, TERMINAL_OUTPUT - 512); // a write may be half done
        g_assert_cmpuint((number - read) * 16, <=, TERMINAL_OUTPUT + 4096);
        unsigned some = MIN(number, read + 37 * (round + 1));
        check(fixture, read, some);
        read = some;
    }
    check(fixture, read, number);
    uint8_t large[TERMINAL_OUTPUT + 1] = { 0 };
    g_assert_false(terminal_output_put(fixture->output, large, sizeof large));
}

static gpointer read_slowly(gpointer owner)
{
    Fixture *fixture = owner;
    for (unsigned i = 0; i < 10; i++) {
        g_usleep(20000);
        check(fixture, 100 * i, 100 * (i + 1));
    }
    return NULL;
}

static void test_drain(Fixture *fixture, gconstpointer data)
{
    unsigned number = 0;
    while (number < 1000)
        number += put(fixture, number);
    GThread *reader = g_thread_new(NULL, read_slowly, fixture);
    terminal_output_drain(fixture->output);
    g_thread_join(reader); // which saw all of it, or waits for ever
}

// Nobody reads: the wait has an end, and so has the program.
static void test_drain_unread(Fixture *fixture, gconstpointer data)
{
    fill(fixture, 0);
    terminal_output_drain(fixture->output);
    terminal_output_free(fixture->output);
    fixture->output = NULL;
    fixture->writer = -1; // the thread's, until it sees that the reader is gone
}

typedef struct Trickle {
    int reader;
    gint ended;
} Trickle;

static gpointer read_on(gpointer owner)
{
    Trickle *trickle = owner;
    uint8_t bytes[300];
    while (!g_atomic_int_get(&trickle->ended) && read(trickle->reader, bytes, sizeof bytes) > 0)
        g_usleep(50000);
    return NULL;
}

// A reader that would need many seconds for all of it: statistics and the last line have a deadline to meet.
static void test_drain_for_ever(Fixture *fixture, gconstpointer data)
{
    Trickle trickle = { .reader = fixture->reader };
    fill(fixture, 0);
    GThread *reader = g_thread_new(NULL, read_on, &trickle);
    gint64 begin = g_get_monotonic_time();
    terminal_output_drain(fixture->output);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, DEADLINE_SECONDS * G_TIME_SPAN_SECOND);
    g_atomic_int_set(&trickle.ended, TRUE);
    g_thread_join(reader);
}

// Ctrl-S, then Ctrl-Q, on a terminal that turns a line feed into two bytes.
static void test_stopped(Fixture *fixture, gconstpointer data)
{
    int other = posix_openpt(O_RDWR | O_NOCTTY);
    g_assert_true(other >= 0 && grantpt(other) == 0 && unlockpt(other) == 0);
    int end = open(ptsname(other), O_RDWR | O_NOCTTY);
    g_assert_cmpint(end, >=, 0);
    Fixture terminal = { .reader = other, .writer = end, .output = terminal_output_new(end, NULL) };
    g_assert_cmpint(tcflow(end, TCOOFF), ==, 0);
    unsigned number = fill(&terminal, 0);
    g_assert_cmpuint(number * 16, >, TERMINAL_OUTPUT - 512);
    g_assert_cmpuint(number * 16, <=, TERMINAL_OUTPUT);
    terminal_output_drain(terminal.output); // comes back
    g_assert_cmpint(tcflow(end, TCOON), ==, 0);
    number = fill(&terminal, number);
    check(&terminal, 0, number);
    terminal_output_free(terminal.output);
    close(end);
    close(other);
}

static void test_closed(Fixture *fixture, gconstpointer data)
{
    close(fixture->reader);
    for (unsigned i = 0; i < 10 * TERMINAL_OUTPUT / 16; i++)
        for (unsigned left = 10000; !put(fixture, i); left--, g_usleep(100))
            g_assert_cmpuint(left, >, 0);
    terminal_output_drain(fixture->output);
    fixture->reader = -1;
}

// A descriptor that others made non-blocking.
static void test_not_blocking(Fixture *fixture, gconstpointer data)
{
    fcntl(fixture->writer, F_SETFL, fcntl(fixture->writer, F_GETFL) | O_NONBLOCK);
    unsigned number = fill(fixture, 0);
    check(fixture, 0, number);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
#define ADD(name, test) g_test_add("/terminal-output/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("slow-reader", test_slow_reader);
    ADD("drain", test_drain);
    ADD("drain-unread", test_drain_unread);
    ADD("drain-for-ever", test_drain_for_ever);
    ADD("stopped", test_stopped);
    ADD("closed", test_closed);
    ADD("not-blocking", test_not_blocking);
    return g_test_run();
}
