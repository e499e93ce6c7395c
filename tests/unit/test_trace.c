// Lines of tracing: the ring, what is dropped, faults that are bounded.
#include "../../hcalls/rtas/trace.h"
#include "../../vmm/trace_ring.h"
#include "lparun/papr.h"
#include "lparun/trace.h"
#include "partition.h"
#include <pthread.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// --- The ring.

static void test_ring(void)
{
    TraceRing *ring = trace_ring_new(4);
    g_assert_null(trace_ring_take(ring));
    char text[] = "a";
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 4; i++) {
            text[0] = (char)('a' + 4 * round + i);
            g_assert_true(trace_ring_put(ring, (uint8_t)i, text, 1));
        }
        g_assert_false(trace_ring_put(ring, 0, "full", 4));
        for (unsigned i = 0; i < 4; i++) {
            const TraceSlot *slot = trace_ring_take(ring);
            g_assert_cmpuint(slot->length, ==, 1);
            g_assert_cmpuint(slot->sink, ==, i);
            g_assert_cmpint(slot->text[0], ==, 'a' + 4 * round + i);
            trace_ring_taken(ring);
        }
        g_assert_null(trace_ring_take(ring));
    }
    trace_ring_free(ring);
}

#define PUTTERS 4
#define LINES_EACH 20000

typedef struct Putter {
    TraceRing *ring;
    uint8_t number;
    unsigned dropped;
} Putter;

static gpointer put_all(gpointer data)
{
    Putter *putter = data;
    for (unsigned i = 0; i < LINES_EACH; i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "%u", i);
        putter->dropped += !trace_ring_put(putter->ring, putter->number, text, (unsigned)length);
    }
    return NULL;
}

// Each line comes once and whole, those of one thread in their order, and what did not come was refused.
static void test_ring_of_many(void)
{
    TraceRing *ring = trace_ring_new(64);
    Putter putters[PUTTERS];
    GThread *threads[PUTTERS];
    for (unsigned i = 0; i < PUTTERS; i++) {
        putters[i] = (Putter){ .ring = ring, .number = (uint8_t)i };
        threads[i] = g_thread_new("putter", put_all, &putters[i]);
    }
    unsigned ended = 0, got[PUTTERS] = { 0 };
    int last[PUTTERS] = { -1, -1, -1, -1 };
    for (;;) {
        const TraceSlot *slot = trace_ring_take(ring);
        if (slot) {
            g_autofree char *text = g_strndup(slot->text, slot->length);
            int number = atoi(text);
            g_assert_cmpint(number, >, last[slot->sink]);
            last[slot->sink] = number;
            got[slot->sink]++;
            trace_ring_taken(ring);
        } else if (ended < PUTTERS) {
            g_thread_join(threads[ended++]);
        } else {
            break;
        }
    }
    for (unsigned i = 0; i < PUTTERS; i++)
        g_assert_cmpuint(got[i] + putters[i].dropped, ==, LINES_EACH);
    trace_ring_free(ring);
}

// --- From lines to files.

typedef struct Files {
    int events[2], log[2]; // pipes: the first end is read
} Files;

static void open_pipes(Files *files)
{
    g_assert_cmpint(pipe2(files->events, O_CLOEXEC), ==, 0);
    g_assert_cmpint(pipe2(files->log, O_CLOEXEC), ==, 0);
}

static void start(Files *files, uint32_t points)
{
    open_pipes(files);
    const TraceSetup setup = { .points = points, .events = files->events[1], .log = files->log[1] };
    g_autoptr(GError) error = NULL;
    g_assert_true(trace_start(&setup, &error));
    g_assert_no_error(error);
}

static char *read_all(int fds[2])
{
    close(fds[1]);
    GString *text = g_string_new(NULL);
    char bytes[4096];
    ssize_t length;
    while ((length = read(fds[0], bytes, sizeof bytes)) > 0)
        g_string_append_len(text, bytes, length);
    close(fds[0]);
    return g_string_free(text, FALSE);
}

static void say(const char *text)
{
    TraceLine line;
    trace_line_begin(&line);
    trace_line_add(&line, "%s", text);
    trace_line_end(&line);
}

static void assert_match(const char *text, const char *pattern)
{
    if (!g_regex_match_simple(pattern, text, G_REGEX_MULTILINE, 0))
        g_error("no '%s' in:\n%s", pattern, text);
}

static void assert_no_match(const char *text, const char *pattern)
{
    if (g_regex_match_simple(pattern, text, G_REGEX_MULTILINE, 0))
        g_error("'%s' is in:\n%s", pattern, text);
}

static void test_lines(void)
{
    g_assert_false(trace_wants(UINT32_MAX));
    Files files;
    start(&files, TRACE_BIT(HCALL));
    g_assert_true(trace_wants(TRACE_BIT(HCALL)));
    g_assert_false(trace_wants(TRACE_BIT(RTAS) | TRACE_BIT(GUEST_ERRORS)));
    say("one");
    g_autofree char *much = g_strnfill(10000, 'x');
    say(much);
    trace_fault(TRACE_FAULT_VIRTIO, "nobody asked for it");
    g_assert_true(trace_stop());
    g_assert_false(trace_wants(UINT32_MAX));
    g_autofree char *events = read_all(files.events), *log = read_all(files.log);
    char thread[16]; // the program's, or its emulator's
    g_assert_cmpint(pthread_getname_np(pthread_self(), thread, sizeof thread), ==, 0);
    g_autofree char *first = g_strdup_printf("^ +0\\.\\d{6} \\[%s\\] one\n", thread);
    assert_match(events, first);
    assert_match(events, "\\] x{300,400}\n$");
    g_assert_cmpstr(log, ==, "");
    g_assert_true(trace_stop()); // a second time
}

// Those that are whole.
static void count_lines(const char *text, unsigned *lines, unsigned *dropped)
{
    *lines = *dropped = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1)
        if (*text == '(')
            *dropped += (unsigned)atoi(text + 1);
        else
            ++*lines;
}

// Nobody reads: the ring fills, lines are dropped, and who makes them does not wait.
static void test_dropped(void)
{
    Files files;
    start(&files, TRACE_BIT(HCALL));
    g_autofree char *much = g_strnfill(300, 'x');
    gint64 begin = g_get_monotonic_time();
    for (unsigned i = 0; i < 20000; i++)
        say(much);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 20 * G_TIME_SPAN_SECOND);
    g_assert_false(trace_stop()); // it waits for the reader, and nobody for it
    g_autofree char *log = read_all(files.log);
    GString *events = g_string_new(NULL);
    char bytes[65536];
    unsigned lines = 0, dropped = 0;
    while (lines + dropped < 20000) {
        ssize_t length = read(files.events[0], bytes, sizeof bytes);
        g_assert_cmpint(length, >, 0);
        g_string_append_len(events, bytes, length);
        count_lines(events->str, &lines, &dropped);
    }
    g_assert_cmpuint(lines + dropped, ==, 20000);
    g_assert_cmpuint(lines, >=, 4096);
    g_assert_cmpuint(dropped, >, 0);
    g_string_free(events, TRUE);
    close(files.events[0]);
    close(files.events[1]);
}

// A pipe that is closed: it says so once, and goes on without.
static void test_gone(void)
{
    Files files;
    start(&files, TRACE_BIT(HCALL));
    close(files.events[0]);
    for (unsigned i = 0; i < 10; i++)
        say("for nobody");
    g_assert_true(trace_stop());
    close(files.events[1]);
    g_autofree char *log = read_all(files.log);
}

// --- Faults.

static void test_faults(void)
{
    Files files;
    start(&files, TRACE_BIT(GUEST_ERRORS));
    for (unsigned i = 1; i <= 1000; i++)
        trace_fault(TRACE_FAULT_VIRTIO, "the same %u", i);
    trace_fault(TRACE_FAULT_RTAS_UNKNOWN, "another");
    trace_fault(TRACE_FAULT_MEMORY, "not asked for");
    g_assert_true(trace_stop());
    g_autofree char *events = read_all(files.events), *log = read_all(files.log);
    g_assert_cmpstr(events, ==, "");
    assert_match(log, "\\] guest_errors: the same 1\n");
    assert_match(log, "\\] guest_errors: the same 32\n");
    assert_match(log, "\\] guest_errors: \\(31 broken rules of virtio left out\\) the same 64\n");
    assert_match(log, "\\] guest_errors: \\(255 broken rules of virtio left out\\) the same 512\n");
    assert_match(log, "^\\(488 broken rules of virtio left out\\)\n");
    assert_match(log, "\\] guest_errors: another\n");
    assert_no_match(log, "not asked for");
    assert_no_match(log, "the same 33\n");
    unsigned lines = 0;
    for (const char *at = log; (at = strchr(at, '\n')); at++)
        lines++;
    g_assert_cmpuint(lines, ==, 32 + 4 + 1 + 1);
}

static void test_items(void)
{
    Files files;
    start(&files, TRACE_BIT(UNIMP) | TRACE_BIT(INVALID_MEM));
    trace_fault(TRACE_FAULT_VIRTIO, "not asked for");
    trace_fault(TRACE_FAULT_HCALL_UNKNOWN, "no such call");
    trace_fault(TRACE_FAULT_MEMORY, "no such place");
    g_assert_true(trace_stop());
    g_autofree char *events = read_all(files.events), *log = read_all(files.log);
    assert_match(log, "unimp: no such call\n");
    assert_match(log, "invalid_mem: no such place\n");
    assert_no_match(log, "not asked for");
}

// --- Calls as text.

static void assert_call(uint64_t number, const char *name, const uint64_t *in, int64_t result,
    const uint64_t *out, const char *text)
{
    TraceLine line;
    trace_line_begin(&line);
    trace_hypercall(&line, number, name, in);
    trace_hypercall_result(&line, number, result, out);
    g_assert_cmpstr(line.text, ==, text);
}

static void test_hypercalls(void)
{
    static const uint64_t put[9] = { 0x71000000, 5, 0x68690a225c000000 };
    assert_call(H_PUT_TERM_CHAR, "H_PUT_TERM_CHAR", put, H_SUCCESS, put,
        "H_PUT_TERM_CHAR(unit=0x71000000, length=5, text=\"hi\\n\\x22\\x5c\") = H_SUCCESS");
    static const uint64_t much[9] = { 0x71000000, UINT64_MAX, 0x1b5b324a61616161, 0x6161616161616161 };
    assert_call(H_PUT_TERM_CHAR, "H_PUT_TERM_CHAR", much, H_PARAMETER, much,
        "H_PUT_TERM_CHAR(unit=0x71000000, length=18446744073709551615, text=\"\\x1b[2Jaaaaaaaaaaaa\") "
        "= H_PARAMETER");
    static const uint64_t get[9] = { 0x71000000 }, got[9] = { 2, 0x6f6b000000000000 };
    assert_call(H_GET_TERM_CHAR, "H_GET_TERM_CHAR", get, H_SUCCESS, got,
        "H_GET_TERM_CHAR(unit=0x71000000) = H_SUCCESS (length=2, text=\"ok\")");
    static const uint64_t none[9] = { 0 }, random[9] = { 0xabcd };
    assert_call(H_RANDOM, "H_RANDOM", none, H_SUCCESS, random, "H_RANDOM() = H_SUCCESS (value=0xabcd)");
    assert_call(H_RANDOM, "H_RANDOM", none, H_HARDWARE, random, "H_RANDOM() = H_HARDWARE");
    static const uint64_t all[9] = { UINT64_MAX - 1 };
    assert_call(H_SIGNAL_SYS_RESET, "H_SIGNAL_SYS_RESET", all, H_SUCCESS, all,
        "H_SIGNAL_SYS_RESET(processor=-2) = H_SUCCESS");
    static const uint64_t other[9] = { 1, 2, 3, 4, 5 };
    assert_call(0x7770, NULL, other, H_FUNCTION, other,
        "hypercall 0x7770(r4=0x1, r5=0x2, r6=0x3, r7=0x4) = H_FUNCTION");
    assert_call(H_JOIN, "H_JOIN", other, 9905, other, "H_JOIN() = 9905");
}

static void test_rtas(void)
{
    RtasCall call = { .inputs = 4, .outputs = 2, .input = { 0x100, 0x8000000, 0x20000000, 4 } };
    TraceLine line;
    trace_line_begin(&line);
    trace_rtas(&line, 0x2000, "ibm,read-pci-config", &call);
    call.output[1] = 0x10421af4;
    trace_rtas_result(&line, "ibm,read-pci-config", RTAS_SUCCESS, &call);
    g_assert_cmpstr(line.text, ==,
        "rtas ibm,read-pci-config(address=0x100, buid=0x800000020000000, size=4) = RTAS_SUCCESS "
        "(value=0x10421af4)");
    call = (RtasCall){ .inputs = 2, .outputs = 1, .input = { 1, 0xff } };
    trace_line_begin(&line);
    trace_rtas(&line, 0x20fe, NULL, &call);
    trace_rtas_result(&line, NULL, RTAS_PARAMETER_ERROR, &call);
    g_assert_cmpstr(line.text, ==, "rtas token 0x20fe(0x1, 0xff) = RTAS_PARAMETER_ERROR");
    call.inputs = 0; // fewer cells than the call has names for
    trace_line_begin(&line);
    trace_rtas(&line, 0x2000, "ibm,read-pci-config", &call);
    trace_rtas_result(&line, "ibm,read-pci-config", -9002, &call);
    g_assert_cmpstr(line.text, ==, "rtas ibm,read-pci-config() = RTAS_NOT_AUTHORIZED");
}

// --- Through the table.

static int64_t refuse(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    return arguments[0] ? H_PARAMETER : H_SUCCESS;
}

static void test_dispatch(void)
{
    Partition partition = { 0 };
    partition_open(&partition, 1);
    hypercall_register(partition.hypercalls, H_JOIN, "H_JOIN", refuse, NULL);
    Files files;
    start(&files, TRACE_BIT(HCALL) | TRACE_BIT(GUEST_ERRORS));
    g_assert_cmpint(partition_call(&partition, H_JOIN, 0), ==, H_SUCCESS);
    g_assert_cmpint(partition_call(&partition, H_JOIN, 1), ==, H_PARAMETER);
    g_assert_cmpint(partition_call(&partition, 0x480, 1), ==, H_FUNCTION);
    g_assert_true(trace_stop());
    g_assert_cmpint(partition_call(&partition, H_JOIN, 1), ==, H_PARAMETER);
    g_autofree char *events = read_all(files.events), *log = read_all(files.log);
    assert_match(events, "\\] H_JOIN\\(\\) = H_SUCCESS <0\\.\\d{6}>\n.*\\] H_JOIN\\(\\) = H_PARAMETER <");
    assert_match(events, "\\] hypercall 0x480\\(r4=0x1, .*\\) = H_FUNCTION <0");
    assert_match(log, "guest_errors: H_JOIN\\(\\) = H_PARAMETER\n");
    assert_match(log, "guest_errors: hypercall 0x480\\(.*\\) = H_FUNCTION\n");
    assert_no_match(log, "H_SUCCESS");
    partition_close(&partition);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/ring", test_ring);
    g_test_add_func("/trace/ring-of-many", test_ring_of_many);
    g_test_add_func("/trace/lines", test_lines);
    g_test_add_func("/trace/dropped", test_dropped);
    g_test_add_func("/trace/gone", test_gone);
    g_test_add_func("/trace/faults", test_faults);
    g_test_add_func("/trace/items", test_items);
    g_test_add_func("/trace/hypercalls", test_hypercalls);
    g_test_add_func("/trace/rtas", test_rtas);
    g_test_add_func("/trace/dispatch", test_dispatch);
    return g_test_run();
}
