// The kind of a hang, of samples made by hand; and the threads of a process that is there.
#include "hang.h"
#include "threads.h"
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define KERNEL_MSR "0x8000000002009033"
#define REAL_MSR "0x8000000000001000"
#define PROCESS_MSR "0x800000000280f033"
#define SAMPLES 10
#define STEP 50000 // microseconds between two

typedef struct Fixture {
    HangWatch *watch;
    GArray *threads; // as they are now
    gint64 now;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->watch = hang_new(0); // of no process
    fixture->threads = g_array_new(FALSE, FALSE, sizeof(ThreadTimes));
    fixture->now = g_get_monotonic_time();
    for (int i = 0; i < 2; i++) {
        const ThreadTimes times = { .thread = 1000 + i };
        g_array_append_val(fixture->threads, times);
    }
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    hang_free(fixture->watch);
    g_array_unref(fixture->threads);
}

// --- Samples.

static JsonNode *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    JsonNode *node = json_from_string(text, &error);
    g_assert_no_error(error);
    return node;
}

static void take_vcpus(Fixture *fixture, const char *vcpus)
{
    g_autofree char *text =
        g_strdup_printf("{\"now\":%" G_GINT64_FORMAT ",\"vcpus\":[%s]}", fixture->now, vcpus);
    g_autoptr(JsonNode) node = parse(text);
    hang_take_vcpus(fixture->watch, node, fixture->threads);
}

static void take_io(Fixture *fixture, unsigned outstanding, unsigned done, unsigned polls, unsigned waiting)
{
    g_autofree char *text =
        g_strdup_printf("{\"now\":%" G_GINT64_FORMAT
                        ",\"disks\":[{\"device\":\"d0\",\"qdev\":\"virtio-blk0\",\"outstanding\":%u,"
                        "\"done\":%u}],\"console\":{\"polls\":%u,\"waiting\":%u}}",
            fixture->now, outstanding, done, polls, waiting);
    g_autoptr(JsonNode) node = parse(text);
    hang_take_io(fixture->watch, node);
}

static char *vcpu(unsigned index, const char *state, const char *nip, const char *msr)
{
    return g_strdup_printf(
        "{\"cpu-index\":%u,\"thread-id\":%u,\"state\":\"%s\",\"nip\":\"%s\",\"msr\":\"%s\"}", index,
        1000 + index, state, nip, msr);
}

// The next moment: what parts of the time since the last one the vCPUs ran, and the first waited for a CPU.
static void pass(Fixture *fixture, double run0, double run1, double delay)
{
    const double runs[] = { run0, run1 };
    fixture->now += STEP;
    for (unsigned i = 0; i < 2; i++) {
        ThreadTimes *times = &g_array_index(fixture->threads, ThreadTimes, i);
        times->run += runs[i] * STEP / 1e6;
        times->delay += i == 0 ? delay * STEP / 1e6 : 0;
    }
}

static void assert_kind(Fixture *fixture, const Symbols *symbols, const char *expected)
{
    bool starved = true;
    g_autofree char *kind = hang_kind(fixture->watch, symbols, &starved);
    g_assert_cmpstr(kind, ==, expected);
    g_assert_true(starved == (kind && g_str_has_prefix(kind, "the host is starved")));
    g_autofree char *again = hang_kind(fixture->watch, symbols, NULL);
    g_assert_cmpstr(again, ==, kind);
}

// Two vCPUs, of which the first is at one of `nips` in turn.
static void sample(Fixture *fixture, const char *const *nips, const char *msr, double run, double delay)
{
    unsigned count = g_strv_length((GStrv)nips);
    for (unsigned i = 0; i < SAMPLES; i++) {
        g_autofree char *first = vcpu(0, run > 0 ? "running" : "ceded", nips[i % count], msr);
        g_autofree char *second = vcpu(1, "ceded", "0xc000000000000020", KERNEL_MSR);
        g_autofree char *both = g_strconcat(first, ",", second, NULL);
        pass(fixture, run, 0.01, delay);
        take_vcpus(fixture, both);
    }
}

static const char *const one_place[] = { "0xc000000000001230", NULL };

// --- Kinds.

static void test_nothing(Fixture *fixture, gconstpointer data)
{
    assert_kind(fixture, NULL, NULL);
    hang_take_vcpus(fixture->watch, NULL, NULL);
    hang_take_io(fixture->watch, NULL);
    take_vcpus(fixture, "");
    assert_kind(fixture, NULL, NULL);
    hang_free(NULL);
}

static void test_spinning(Fixture *fixture, gconstpointer data)
{
    sample(fixture, one_place, KERNEL_MSR, 0.98, 0);
    assert_kind(fixture, NULL, "spinning at 0xc000000000001230 (vCPU 0)");
}

// On a CPU that others use, too.
static void test_spinning_slowly(Fixture *fixture, gconstpointer data)
{
    sample(fixture, one_place, KERNEL_MSR, 0.45, 0.45);
    assert_kind(fixture, NULL, "spinning at 0xc000000000001230 (vCPU 0)");
}

static void test_second(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        g_autofree char *first = vcpu(0, "ceded", "0xc000000000000020", KERNEL_MSR);
        g_autofree char *second = vcpu(1, "running", "0xc000000000004000", KERNEL_MSR);
        g_autofree char *both = g_strconcat(first, ",", second, NULL);
        pass(fixture, 0.02, 0.97, 0);
        take_vcpus(fixture, both);
    }
    assert_kind(fixture, NULL, "spinning at 0xc000000000004000 (vCPU 1)");
}

// One that comes on is nowhere most of the time.
static void test_busy(Fixture *fixture, gconstpointer data)
{
    static const char *const places[] = { "0xc000000000001000", "0xc000000000002000", "0xc000000000003000",
        "0xc000000000004000", "0xc000000000005008", NULL };
    sample(fixture, places, KERNEL_MSR, 0.98, 0);
    assert_kind(fixture, NULL, "busy, last at 0xc000000000005008 (vCPU 0)");
}

static void test_firmware(Fixture *fixture, gconstpointer data)
{
    static const char *const places[] = { "0x4c18", "0x1daf9658", "0x1daf9658", "0x10", NULL };
    sample(fixture, places, REAL_MSR, 0.98, 0);
    assert_kind(fixture, NULL, "spinning in firmware at 0x1daf9658 (vCPU 0)");
    hang_left_firmware(fixture->watch);
    assert_kind(fixture, NULL, "spinning at 0x1daf9658 (vCPU 0)");
}

static void test_process(Fixture *fixture, gconstpointer data)
{
    static const char *const places[] = { "0x10001234", NULL };
    sample(fixture, places, PROCESS_MSR, 0.98, 0);
    assert_kind(fixture, NULL, "spinning in a process at 0x10001234 (vCPU 0)");
}

// Without what the host says of threads, by what lparun says of vCPUs.
static void test_no_threads(Fixture *fixture, gconstpointer data)
{
    g_array_set_size(fixture->threads, 0);
    for (unsigned i = 0; i < SAMPLES; i++) {
        g_autofree char *first = vcpu(0, "running", one_place[0], KERNEL_MSR);
        fixture->now += STEP;
        take_vcpus(fixture, first);
    }
    assert_kind(fixture, NULL, "spinning at 0xc000000000001230 (vCPU 0)");
}

// It runs and does not tell where: busy in the host's kernel, say.
static void test_no_registers(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        pass(fixture, 1, 0, 0);
        take_vcpus(fixture, "{\"thread-id\":1000,\"state\":\"running\"}");
    }
    assert_kind(fixture, NULL, "spinning, and does not tell where (vCPU 0)");
}

static void test_asleep(Fixture *fixture, gconstpointer data)
{
    sample(fixture, one_place, KERNEL_MSR, 0, 0);
    assert_kind(fixture, NULL, "all vCPUs asleep");
}

static void test_stopped(Fixture *fixture, gconstpointer data)
{
    static const char *const states[][2] = { { "held", "held" }, { "stopped", "stopped" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autofree char *first = vcpu(0, states[i][0], "0x100", REAL_MSR);
        g_autofree char *second = vcpu(1, states[i][1], "0x100", REAL_MSR);
        g_autofree char *both = g_strconcat(first, ",", second, NULL);
        pass(fixture, 0, 0, 0);
        take_vcpus(fixture, both);
        assert_kind(fixture, NULL, "stopped");
    }
    sample(fixture, one_place, KERNEL_MSR, 0, 0); // it goes on
    assert_kind(fixture, NULL, "all vCPUs asleep");
}

// Firmware spins while it waits for a disk.
static void test_disk(Fixture *fixture, gconstpointer data)
{
    take_io(fixture, 1, 7, 0, 0);
    sample(fixture, one_place, KERNEL_MSR, 0.98, 0);
    assert_kind(fixture, NULL, "spinning at 0xc000000000001230 (vCPU 0)"); // nothing is known of it yet
    take_io(fixture, 1, 7, 0, 0);
    assert_kind(fixture, NULL, "a disk request is outstanding (virtio-blk0, 0.5 s)");
    fixture->now += 11800000;
    take_io(fixture, 3, 7, 0, 0);
    assert_kind(fixture, NULL, "3 disk requests are outstanding (virtio-blk0, 12.3 s)");
    take_io(fixture, 3, 8, 0, 0); // it did one
    assert_kind(fixture, NULL, "spinning at 0xc000000000001230 (vCPU 0)");
    fixture->now += STEP * 10;
    take_io(fixture, 0, 11, 0, 0);
    assert_kind(fixture, NULL, "spinning at 0xc000000000001230 (vCPU 0)");
}

static void sample_console(Fixture *fixture, unsigned polls_each, unsigned waiting)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        g_autofree char *first = vcpu(0, "running", "0x4c18", REAL_MSR);
        pass(fixture, 1, 0, 0);
        take_vcpus(fixture, first);
        take_io(fixture, 0, 0, i * polls_each, waiting);
    }
}

static void test_input(Fixture *fixture, gconstpointer data)
{
    sample_console(fixture, 300, 0);
    assert_kind(fixture, NULL, "waiting for input");
}

// Linux looks for input now and then, whatever else it does.
static void test_input_rare(Fixture *fixture, gconstpointer data)
{
    sample_console(fixture, 1, 0);
    assert_kind(fixture, NULL, "spinning in firmware at 0x4c18 (vCPU 0)");
}

static void test_input_there(Fixture *fixture, gconstpointer data)
{
    sample_console(fixture, 300, 5); // and the guest does not take it
    assert_kind(fixture, NULL, "spinning in firmware at 0x4c18 (vCPU 0)");
}

// Their difference is more than fits into a count.
static void test_input_far(Fixture *fixture, gconstpointer data)
{
    static const char *const polls[] = { "-9223372036854775808", "9223372036854775807" };
    sample(fixture, one_place, KERNEL_MSR, 0.98, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(polls); i++) {
        g_autofree char *text = g_strdup_printf(
            "{\"now\":%" G_GINT64_FORMAT ",\"console\":{\"polls\":%s}}", fixture->now + i * STEP, polls[i]);
        g_autoptr(JsonNode) node = parse(text);
        hang_take_io(fixture->watch, node);
    }
    assert_kind(fixture, NULL, "waiting for input");
}

static void test_starved(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < 20; i++)
        sample(fixture, one_place, KERNEL_MSR, 0.1, 0.81);
    assert_kind(fixture, NULL, "the host is starved: vCPUs waited for a CPU 8.1 s of 9.2 s");
}

// Little that was wanted, and that came late, is no hunger.
static void test_not_starved(Fixture *fixture, gconstpointer data)
{
    sample(fixture, one_place, KERNEL_MSR, 0.01, 0.05);
    assert_kind(fixture, NULL, "all vCPUs asleep");
}

// --- Hostile answers.

static void test_hostile(Fixture *fixture, gconstpointer data)
{
    static const char *const vcpus[] = { "{}", "[]", "7", "{\"vcpus\":1}", "{\"vcpus\":[]}",
        "{\"vcpus\":[1,null,[],\"a\"]}",
        "{\"now\":\"x\",\"vcpus\":[{\"state\":1,\"thread-id\":\"a\",\"nip\":5,\"msr\":[]}]}",
        "{\"now\":-9223372036854775808,\"vcpus\":[{\"state\":\"running\",\"nip\":\"0x\",\"msr\":\"zz\"}]}",
        "{\"now\":9223372036854775807,\"vcpus\":[{\"state\":\"running\",\"nip\":\"0xffffffffffffffff\","
        "\"msr\":"
        "\"0x10000000000000000\"}]}" };
    static const char *const io[] = {
        "{}", "{\"disks\":{}}", "{\"disks\":[1,{}]}", "{\"now\":0,\"disks\":[{\"qdev\":1}],\"console\":[]}",
        "{\"disks\":[{\"qdev\":\"a\",\"outstanding\":-1,\"done\":-1}],\"console\":{\"polls\":\"x\"}}",
        "{\"now\":9223372036854775807,\"disks\":[{\"qdev\":\"\",\"outstanding\":9223372036854775807,\"done\":"
        "9223372036854775807}],\"console\":{\"polls\":9223372036854775807,\"waiting\":-9223372036854775808}}"
    };
    for (unsigned i = 0; i < 200; i++) {
        g_autoptr(JsonNode) one = parse(vcpus[i % G_N_ELEMENTS(vcpus)]);
        g_autoptr(JsonNode) two = parse(io[i % G_N_ELEMENTS(io)]);
        hang_take_vcpus(fixture->watch, one, fixture->threads);
        hang_take_io(fixture->watch, two);
        g_autofree char *kind = hang_kind(fixture->watch, NULL, NULL);
    }
}

// --- Threads.

static void test_parse(void)
{
    ThreadTimes times;
    const char *stat = "77 (vcpu 3) R 1 77 77 0 -1 4194304 1 2 3 4 250 50 6 7 20 0";
    g_assert_true(threads_parse(stat, "1500000000 250000000 12\n", &times));
    g_assert_cmpint(times.thread, ==, 77);
    g_assert_cmpfloat_with_epsilon(times.run, 1.5, 1e-9);
    g_assert_cmpfloat_with_epsilon(times.delay, 0.25, 1e-9);
    g_assert_true(threads_parse(stat, NULL, &times));
    g_assert_cmpfloat_with_epsilon(times.run, 300.0 / (double)sysconf(_SC_CLK_TCK), 1e-9);
    g_assert_cmpfloat_with_epsilon(times.delay, 0, 1e-9);
    static const char *const others[] = { "", "77", "77 (vcpu 3", "77 (vcpu 3)", "77 (iothread) S 1",
        "77 (xvcpu 1) S 1", NULL };
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(threads_parse(others[i], "1 2 3", &times));
    g_assert_true(threads_parse("77 (vcpu 3) R 1 2", "", &times)); // cut off
}

static gpointer be_vcpu(gpointer data)
{
    volatile bool *end = data;
    prctl(PR_SET_NAME, "vcpu 5");
    while (!*end)
        continue;
    return NULL;
}

static void test_threads(void)
{
    volatile bool end = false;
    GThread *thread = g_thread_new("vcpu 5", be_vcpu, (gpointer)&end);
    ThreadTimes before, now;
    do
        before = threads_of(getpid());
    while (before.run <= 0);
    do
        now = threads_of(getpid());
    while (now.run < before.run + 0.01);
    g_autoptr(GArray) threads = threads_read(getpid());
    g_assert_cmpuint(threads->len, ==, 1);
    g_assert_cmpint(g_array_index(threads, ThreadTimes, 0).thread, >, 0);
    end = true;
    g_thread_join(thread);
    g_autoptr(GArray) none = threads_read(-1);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_cmpuint(threads_cpus(getpid()), >=, 1);
    g_assert_cmpuint(threads_cpus(-1), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/ci-hang/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("nothing", test_nothing);
    ADD("spinning", test_spinning);
    ADD("spinning-slowly", test_spinning_slowly);
    ADD("second", test_second);
    ADD("busy", test_busy);
    ADD("firmware", test_firmware);
    ADD("process", test_process);
    ADD("no-threads", test_no_threads);
    ADD("no-registers", test_no_registers);
    ADD("asleep", test_asleep);
    ADD("stopped", test_stopped);
    ADD("disk", test_disk);
    ADD("input", test_input);
    ADD("input-rare", test_input_rare);
    ADD("input-there", test_input_there);
    ADD("input-far", test_input_far);
    ADD("starved", test_starved);
    ADD("not-starved", test_not_starved);
    ADD("hostile", test_hostile);
    g_test_add_func("/ci-hang/parse", test_parse);
    g_test_add_func("/ci-hang/threads", test_threads);
    return g_test_run();
}
