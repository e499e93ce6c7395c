// Output with readers that are slow, stand still or go away: no writer waits, and nothing is lost.
#include "../../devices/char/output.h"
#include "lparun/chardev.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define PATIENCE (3 * G_TIME_SPAN_SECOND / 2)

static const OutputOwner nobody;

static void drain(Output *output)
{
    output_drain(output, g_get_monotonic_time() + PATIENCE);
}

typedef struct Fixture {
    int reader, writer;
    Output *output;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    int ends[2];
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    fixture->reader = ends[0];
    fixture->writer = ends[1];
    fixture->output = output_new_waiting(fixture->writer, "output", &nobody, NULL);
    g_assert_nonnull(fixture->output);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    close(fixture->reader);
    output_free(fixture->output);
    close(fixture->writer);
}

// Sixteen bytes, as H_PUT_TERM_CHAR gives them: a number and a line feed.
static bool put(Fixture *fixture, unsigned number)
{
    char text[17];
    g_snprintf(text, sizeof text, "%015u\n", number);
    return output_put(fixture->output, (uint8_t *)text, 16);
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
        g_assert_cmpuint((number - read) * 16, >, CHARDEV_OUTPUT - 512); // a write may be half done
        g_assert_cmpuint((number - read) * 16, <=, CHARDEV_OUTPUT + 4096);
        unsigned some = MIN(number, read + 37 * (round + 1));
        check(fixture, read, some);
        read = some;
    }
    check(fixture, read, number);
    uint8_t large[CHARDEV_OUTPUT + 1] = { 0 };
    g_assert_false(output_put(fixture->output, large, sizeof large));
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
    drain(fixture->output);
    g_thread_join(reader); // which saw all of it, or waits for ever
}

// Nobody reads: the wait has an end, and so has the program.
static void test_drain_unread(Fixture *fixture, gconstpointer data)
{
    fill(fixture, 0);
    drain(fixture->output);
    output_free(fixture->output);
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

static gpointer read_fast(gpointer owner)
{
    uint8_t bytes[4096];
    while (read(((Trickle *)owner)->reader, bytes, sizeof bytes) > 0)
        continue;
    return NULL;
}

// A reader that would need many seconds for all of it: statistics and the last line have a deadline to meet.
static void test_drain_for_ever(Fixture *fixture, gconstpointer data)
{
    Trickle trickle = { .reader = fixture->reader };
    fill(fixture, 0);
    GThread *reader = g_thread_new(NULL, read_on, &trickle);
    gint64 begin = g_get_monotonic_time();
    drain(fixture->output);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, PATIENCE + G_TIME_SPAN_SECOND / 2);
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
    Fixture terminal = {
        .reader = other, .writer = end, .output = output_new_waiting(end, "output", &nobody, NULL)
    };
    g_assert_cmpint(tcflow(end, TCOOFF), ==, 0);
    unsigned number = fill(&terminal, 0);
    g_assert_cmpuint(number * 16, >, CHARDEV_OUTPUT - 512);
    g_assert_cmpuint(number * 16, <=, CHARDEV_OUTPUT);
    drain(terminal.output); // comes back
    g_assert_cmpint(tcflow(end, TCOON), ==, 0);
    number = fill(&terminal, number);
    check(&terminal, 0, number);
    output_free(terminal.output);
    close(end);
    close(other);
}

static void test_closed(Fixture *fixture, gconstpointer data)
{
    close(fixture->reader);
    for (unsigned i = 0; i < 10 * CHARDEV_OUTPUT / 16; i++)
        for (unsigned left = 10000; !put(fixture, i); left--, g_usleep(100))
            g_assert_cmpuint(left, >, 0);
    drain(fixture->output);
    fixture->reader = -1;
}

// A descriptor that others made non-blocking.
static void test_not_blocking(Fixture *fixture, gconstpointer data)
{
    fcntl(fixture->writer, F_SETFL, fcntl(fixture->writer, F_GETFL) | O_NONBLOCK);
    unsigned number = fill(fixture, 0);
    check(fixture, 0, number);
}

static void note(void *owner)
{
    g_atomic_int_inc((gint *)owner);
}

// Whoever was refused is told of room, once there is some.
static void test_room(Fixture *fixture, gconstpointer data)
{
    gint told = 0;
    const OutputOwner owner = { .room = note, .owner = &told };
    Output *before = fixture->output;
    fixture->output = output_new_waiting(fixture->writer, "output", &owner, NULL);
    unsigned number = fill(fixture, 0);
    gint at_least = g_atomic_int_get(&told);
    check(fixture, 0, number);
    for (unsigned left = 10000; g_atomic_int_get(&told) == at_least; left--, g_usleep(100))
        g_assert_cmpuint(left, >, 0);
    g_assert_true(output_free(fixture->output));
    fixture->output = before;
}

// --- Without a thread.

typedef struct Loop {
    Output *output;
    int reader, writer;
    unsigned rooms, gones;
} Loop;

static void on_room(void *owner)
{
    ((Loop *)owner)->rooms++;
}

static void on_gone(void *owner)
{
    ((Loop *)owner)->gones++;
}

static void open_loop(Loop *loop)
{
    int ends[2];
    *loop = (Loop){ 0 };
    const OutputOwner owner = { .room = on_room, .gone = on_gone, .owner = loop };
    g_assert_cmpint(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    loop->reader = ends[0];
    loop->writer = ends[1];
    loop->output = output_new_ready(&owner, G_PRIORITY_DEFAULT);
}

static void close_loop(Loop *loop)
{
    output_free(loop->output);
    close(loop->reader);
    close(loop->writer);
    g_assert_false(g_main_context_pending(NULL));
}

static void run_loop(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

// Nowhere at first; then at once, as far as the descriptor takes it, and the rest when it takes more.
static void test_loop(void)
{
    Loop loop;
    uint8_t line[1024] = { 'x' }, got[65536];
    open_loop(&loop);
    g_assert_true(output_put(loop.output, line, sizeof line));
    output_set(loop.output, loop.writer);
    g_assert_true(output_put(loop.output, (const uint8_t *)"now", 3));
    g_assert_cmpint(read(loop.reader, got, sizeof got), ==, 3);
    unsigned taken = 0;
    while (output_put(loop.output, line, sizeof line))
        g_assert_cmpuint(++taken, <, 100);
    g_assert_cmpuint(taken, ==, (CHARDEV_OUTPUT + 4096) / 1024);
    g_assert_cmpuint(loop.rooms, ==, 0);
    size_t all = 0;
    ssize_t length;
    while ((length = read(loop.reader, got, sizeof got)) > 0) {
        all += (size_t)length;
        run_loop();
    }
    g_assert_cmpuint(all, ==, taken * 1024);
    g_assert_cmpuint(loop.rooms, >=, 1);
    close_loop(&loop);
}

static void test_loop_gone(void)
{
    Loop loop;
    open_loop(&loop);
    output_set(loop.output, loop.writer);
    close(loop.reader);
    g_assert_true(output_put(loop.output, (const uint8_t *)"a", 1)); // goes nowhere
    g_assert_cmpuint(loop.gones, ==, 0);
    run_loop();
    g_assert_cmpuint(loop.gones, ==, 1); // on the main thread
    uint8_t large[CHARDEV_OUTPUT] = { 0 };
    for (unsigned i = 0; i < 3; i++)
        g_assert_true(output_put(loop.output, large, sizeof large));
    run_loop();
    output_set(loop.output, -1);
    close_loop(&loop);
}

static void test_loop_drain(void)
{
    Loop loop;
    uint8_t line[1024] = { 0 };
    open_loop(&loop);
    output_set(loop.output, loop.writer);
    while (output_put(loop.output, line, sizeof line))
        continue;
    drain(loop.output); // unread, it has an end
    Trickle trickle = { .reader = loop.reader };
    fcntl(loop.reader, F_SETFL, 0);
    GThread *reader = g_thread_new(NULL, read_fast, &trickle);
    output_drain(loop.output, g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND);
    g_assert_true(output_has_room(loop.output, CHARDEV_OUTPUT));
    close(loop.writer);
    g_thread_join(reader);
    loop.writer = -1;
    close_loop(&loop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
#define ADD(name, test) g_test_add("/char-output/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("slow-reader", test_slow_reader);
    ADD("drain", test_drain);
    ADD("drain-unread", test_drain_unread);
    ADD("drain-for-ever", test_drain_for_ever);
    ADD("stopped", test_stopped);
    ADD("closed", test_closed);
    ADD("not-blocking", test_not_blocking);
    ADD("room", test_room);
    g_test_add_func("/char-output/loop", test_loop);
    g_test_add_func("/char-output/loop-gone", test_loop_gone);
    g_test_add_func("/char-output/loop-drain", test_loop_drain);
    return g_test_run();
}
