// RTAS calls of time, NVRAM, power, processors and system parameters (guest-interface 3.3).
#include "lparun/bytes.h"
#include "lparun/papr.h"
#include "lparun/rtas_clock.h"
#include "partition.h"

typedef struct Fixture {
    Partition partition;
    Nvram *nvram;
    RtasClock *clock;
    unsigned requests;
    RunEvent event;
    char *text;
} Fixture;

static void request(void *owner, RunEvent event, const char *text)
{
    Fixture *fixture = owner;
    fixture->requests++;
    fixture->event = event;
    g_free(fixture->text);
    fixture->text = g_strdup(text);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    partition_open(partition, 2);
    fixture->nvram = nvram_new();
    fixture->clock = rtas_clock_new(&(ClockSetup){ 0 });
    const RtasParts parts = {
        .memory = partition->memory,
        .vcpus = partition->vcpus,
        .nvram = fixture->nvram,
        .clock = fixture->clock,
        .ask = { .ask = request, .owner = fixture },
        .uuid = "01234567-89ab-cdef-FEDC-BA9876543210",
    };
    rtas_clock_register(partition->rtas, &parts);
    rtas_nvram_register(partition->rtas, &parts);
    rtas_power_register(partition->rtas, &parts);
    rtas_cpu_register(partition->rtas, &parts);
    rtas_parameters_register(partition->rtas, &parts);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    partition_close(&fixture->partition);
    rtas_clock_free(fixture->clock);
    nvram_free(fixture->nvram);
    g_free(fixture->text);
}

// --- Time of day.

// Seconds since 1970 that the call says.
static gint64 time_of_day(Fixture *fixture)
{
    uint32_t now[8];
    g_assert_cmpint(partition_rtas(&fixture->partition, "get-time-of-day", 8, now, 0), ==, 0);
    g_assert_cmpuint(now[7], <, 1000000000); // nanoseconds
    g_autoptr(GDateTime) date =
        g_date_time_new_utc((int)now[1], (int)now[2], (int)now[3], (int)now[4], (int)now[5], now[6]);
    g_assert_nonnull(date);
    return g_date_time_to_unix(date);
}

static int32_t set_time(Fixture *fixture, const uint32_t fields[7])
{
    uint32_t output[1];
    return partition_rtas_call(&fixture->partition, "set-time-of-day", 1, output, fields, 7);
}

static void assert_near(gint64 time, gint64 wanted)
{
    g_assert_cmpint(time, >=, wanted);
    g_assert_cmpint(time, <=, wanted + 2);
}

static void test_time(Fixture *fixture, gconstpointer data)
{
    assert_near(time_of_day(fixture), g_get_real_time() / G_USEC_PER_SEC);
    g_assert_cmpint(set_time(fixture, (const uint32_t[]){ 1999, 12, 31, 23, 59, 58, 0 }), ==, 0);
    assert_near(time_of_day(fixture), 946684798);
    g_assert_cmpint(set_time(fixture, (const uint32_t[]){ 2024, 2, 29, 0, 0, 0, 999999999 }), ==, 0);
    assert_near(time_of_day(fixture), 1709164800);
}

// The calls of another clock, in place of the fixture's.
static void use_clock(Fixture *fixture, const ClockSetup *setup)
{
    rtas_clock_free(fixture->clock);
    partition_close(&fixture->partition);
    partition_open(&fixture->partition, 1);
    fixture->clock = rtas_clock_new(setup);
    rtas_clock_register(fixture->partition.rtas, &(RtasParts){ .clock = fixture->clock });
}

static void note(void *owner, gint64 seconds)
{
    g_array_append_val((GArray *)owner, seconds);
}

static void wait_for(const GArray *told, guint count)
{
    while (told->len < count)
        g_main_context_iteration(NULL, TRUE);
}

// Each time that is set is told, but for those that another one follows within a second.
static void test_time_told(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GArray) told = g_array_new(FALSE, FALSE, sizeof(gint64));
    use_clock(fixture, &(ClockSetup){ .base = CLOCK_FROM_DATE, .date = 946684800, .source = CLOCK_STEADY });
    rtas_clock_watch(fixture->clock, note, told);
    g_assert_cmpint(set_time(fixture, (const uint32_t[]){ 2000, 1, 1, 1, 0, 0, 0 }), ==, 0);
    g_assert_cmpuint(told->len, ==, 0); // not on the vCPU's thread
    wait_for(told, 1);
    gint64 start = g_get_monotonic_time();
    for (unsigned i = 0; i < 100; i++)
        g_assert_cmpint(set_time(fixture, (const uint32_t[]){ 1999, 12, 31, 23, 0, 0, 0 }), ==, 0);
    wait_for(told, 2);
    g_assert_cmpint(g_get_monotonic_time() - start, >, G_USEC_PER_SEC / 2);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_cmpuint(told->len, ==, 2);
    assert_near(g_array_index(told, gint64, 0), 3599);
    assert_near(g_array_index(told, gint64, 1), -3602);
    g_assert_cmpint(set_time(fixture, (const uint32_t[]){ 2000, 1, 1, 1, 0, 0, 0 }), ==, 0);
    rtas_clock_watch(fixture->clock, NULL, NULL); // and it is not told any more
}

static void test_time_wrong(Fixture *fixture, gconstpointer data)
{
    static const uint32_t dates[][7] = {
        { 2023, 2, 29, 0, 0, 0, 0 },
        { 2024, 13, 1, 0, 0, 0, 0 },
        { 2024, 0, 1, 0, 0, 0, 0 },
        { 2024, 1, 0, 0, 0, 0, 0 },
        { 2024, 1, 32, 0, 0, 0, 0 },
        { 2024, 1, 1, 24, 0, 0, 0 },
        { 2024, 1, 1, 0, 60, 0, 0 },
        { 2024, 1, 1, 0, 0, 60, 0 },
        { 0, 1, 1, 0, 0, 0, 0 },
        { 10000, 1, 1, 0, 0, 0, 0 },
        { UINT32_MAX, 1, 1, 0, 0, 0, 0 },
        { 2024, UINT32_MAX, 1, 0, 0, 0, 0 },
        { 2024, 1, 1, 0, 0, UINT32_MAX, 0 },
        { 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000, 0x80000000 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(dates); i++)
        g_assert_cmpint(set_time(fixture, dates[i]), ==, -3);
    assert_near(time_of_day(fixture), g_get_real_time() / G_USEC_PER_SEC);
    // The last second that a calendar has: the clock may run out of it, but not lparun.
    uint32_t now[8];
    g_assert_cmpint(set_time(fixture, (const uint32_t[]){ 9999, 12, 31, 23, 59, 59, 0 }), ==, 0);
    partition_rtas(&fixture->partition, "get-time-of-day", 8, now, 0);
    g_assert_true(now[0] == 0 || (int32_t)now[0] == -1);
}

static void test_time_bases(Fixture *fixture, gconstpointer data)
{
    use_clock(fixture, &(ClockSetup){ .base = CLOCK_FROM_DATE, .date = 946684798 });
    assert_near(time_of_day(fixture), 946684798);
    use_clock(
        fixture, &(ClockSetup){ .base = CLOCK_FROM_DATE, .date = -86400 * 365LL, .source = CLOCK_STEADY });
    assert_near(time_of_day(fixture), -86400 * 365LL);
    use_clock(fixture, &(ClockSetup){ .base = CLOCK_FROM_LOCAL });
    g_autoptr(GDateTime) local = g_date_time_new_now_local();
    assert_near(time_of_day(fixture),
        g_date_time_to_unix(local) + g_date_time_get_utc_offset(local) / G_USEC_PER_SEC);
}

// Nanoseconds since 1970 that the call says, as the guest sees them.
static gint64 fine_time(Fixture *fixture)
{
    uint32_t now[8];
    gint64 before = time_of_day(fixture);
    g_assert_cmpint(partition_rtas(&fixture->partition, "get-time-of-day", 8, now, 0), ==, 0);
    while (time_of_day(fixture) != before) { // all fields of one second
        before = time_of_day(fixture);
        g_assert_cmpint(partition_rtas(&fixture->partition, "get-time-of-day", 8, now, 0), ==, 0);
    }
    return before * 1000000000 + now[7];
}

// Only clock=vm stands still while the machine does.
static void test_time_held(Fixture *fixture, gconstpointer data)
{
    static const ClockSource sources[] = { CLOCK_OF_HOST, CLOCK_STEADY, CLOCK_OF_MACHINE };
    for (unsigned i = 0; i < G_N_ELEMENTS(sources); i++) {
        use_clock(fixture, &(ClockSetup){ .source = sources[i] });
        gint64 before = fine_time(fixture);
        rtas_clock_hold(fixture->clock);
        rtas_clock_hold(fixture->clock);
        gint64 held = fine_time(fixture);
        g_usleep(300000);
        bool stands = fine_time(fixture) == held;
        g_assert_true(stands == (sources[i] == CLOCK_OF_MACHINE));
        rtas_clock_release(fixture->clock);
        rtas_clock_release(fixture->clock);
        gint64 passed = fine_time(fixture) - before;
        if (sources[i] != CLOCK_OF_MACHINE)
            g_assert_cmpint(passed, >=, 290000000);
        g_assert_cmpint(passed, >=, 0);
    }
}

// --- NVRAM.

static int32_t nvram(
    Fixture *fixture, const char *name, uint32_t offset, uint32_t buffer, uint32_t length, uint32_t *done)
{
    uint32_t output[2];
    int32_t status = partition_rtas(&fixture->partition, name, 2, output, offset, buffer, length);
    *done = output[1];
    return status;
}

static void test_nvram(Fixture *fixture, gconstpointer data)
{
    uint32_t done;
    uint8_t *ram = guest_memory_write_at(fixture->partition.memory, 0, PARTITION_RAM), bytes[8];
    memcpy(ram + 0x20000, "written!", 8);
    g_assert_cmpint(nvram(fixture, "nvram-store", 0xfff8, 0x20000, 8, &done), ==, 0);
    g_assert_cmpuint(done, ==, 8);
    g_assert_cmpint(nvram_fetch(fixture->nvram, 0xfff8, bytes, 8), ==, 0);
    g_assert_cmpmem(bytes, 8, "written!", 8);
    g_assert_cmpint(nvram(fixture, "nvram-fetch", 0xfffc, PARTITION_RAM - 4, 4, &done), ==, 0);
    g_assert_cmpuint(done, ==, 4);
    g_assert_cmpmem(ram + PARTITION_RAM - 4, 4, "ten!", 4);
    g_assert_cmpint(nvram(fixture, "nvram-fetch", 0, 0x30000, 0x10000, &done), ==, 0);
    g_assert_cmpuint(done, ==, 0x10000);
    g_assert_cmpmem(ram + 0x3fff8, 8, "written!", 8);
}

static void test_nvram_wrong(Fixture *fixture, gconstpointer data)
{
    static const uint32_t calls[][3] = {
        { 0x10000, 0x20000, 1 }, // behind the end
        { 0xffff, 0x20000, 2 },
        { 0, 0x20000, 0x10001 },
        { 0xfffffff0, 0x20000, 0x20 }, // wraps
        { UINT32_MAX, 0x20000, 1 },
        { 0, 0x20000, UINT32_MAX },
        { 0, PARTITION_RAM, 1 }, // no RAM
        { 0, PARTITION_RAM - 1, 2 },
        { 0, 0xfffffff0, 0x20 },
        { 0, UINT32_MAX, 1 },
    };
    g_autofree uint8_t *before = g_malloc(NVRAM_SIZE), *after = g_malloc(NVRAM_SIZE);
    g_assert_cmpint(nvram_fetch(fixture->nvram, 0, before, NVRAM_SIZE), ==, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++) {
        uint32_t done;
        g_assert_cmpint(nvram(fixture, "nvram-store", calls[i][0], calls[i][1], calls[i][2], &done), ==, -3);
        g_assert_cmpuint(done, ==, 0);
        g_assert_cmpint(nvram(fixture, "nvram-fetch", calls[i][0], calls[i][1], calls[i][2], &done), ==, -3);
        g_assert_cmpuint(done, ==, 0);
    }
    g_assert_cmpint(nvram_fetch(fixture->nvram, 0, after, NVRAM_SIZE), ==, 0);
    g_assert_cmpmem(before, NVRAM_SIZE, after, NVRAM_SIZE);
}

// --- Power.

static void test_power(Fixture *fixture, gconstpointer data)
{
    uint32_t output[1];
    Partition *partition = &fixture->partition;
    g_assert_cmpint(partition_rtas(partition, "power-off", 1, output, UINT32_MAX, UINT32_MAX), ==, 0);
    g_assert_cmpuint(fixture->requests, ==, 1);
    g_assert_cmpint(fixture->event, ==, RUN_POWER_OFF);
    g_assert_cmpint(partition_rtas(partition, "system-reboot", 1, output, 0), ==, 0);
    g_assert_cmpuint(fixture->requests, ==, 2);
    g_assert_cmpint(fixture->event, ==, RUN_REBOOT);
    g_assert_true(vcpu_is_parked(vcpu_set_at(partition->vcpus, 0)));
    // SLOF's quiesce has neither inputs nor outputs, and asks for nothing.
    uint32_t token = partition_token(partition, "quiesce");
    g_assert_cmpint(partition_rtas_at(partition, 0x4000, token, 0, NULL, 0, NULL), ==, 0);
    g_assert_cmpuint(fixture->requests, ==, 2);
}

static const char *panic_text(Fixture *fixture, uint32_t gpa)
{
    uint32_t output[1];
    unsigned requests = fixture->requests;
    g_assert_cmpint(partition_rtas(&fixture->partition, "ibm,os-term", 1, output, gpa), ==, 0);
    g_assert_cmpuint(fixture->requests, ==, requests + 1);
    g_assert_cmpint(fixture->event, ==, RUN_PANICKED);
    return fixture->text;
}

// The guest's text ends at its NUL, at the end of RAM or after 256 bytes, and controls no terminal.
static void test_os_term(Fixture *fixture, gconstpointer data)
{
    uint8_t *ram = guest_memory_write_at(fixture->partition.memory, 0, PARTITION_RAM);
    strcpy((char *)ram + 0x20000, "Kernel panic - not syncing: \033[2Jhi\r\n\xff\x01");
    g_assert_cmpstr(panic_text(fixture, 0x20000), ==, "Kernel panic - not syncing:  [2Jhi");
    memset(ram + 0x20000, 'x', 0x1000);
    g_assert_cmpuint(strlen(panic_text(fixture, 0x20000)), ==, 256);
    memcpy(ram + PARTITION_RAM - 3, "end", 3);
    g_assert_cmpstr(panic_text(fixture, PARTITION_RAM - 3), ==, "end");
    g_assert_cmpstr(panic_text(fixture, PARTITION_RAM), ==, "");
    g_assert_cmpstr(panic_text(fixture, UINT32_MAX), ==, "");
}

// --- Processors: numbers are 8 and 9 in a partition.

static uint32_t stopped_state(Partition *partition, uint32_t number)
{
    uint32_t output[2];
    g_assert_cmpint(partition_rtas(partition, "query-cpu-stopped-state", 2, output, number), ==, 0);
    return output[1];
}

static void await_stop(Partition *partition, uint32_t number)
{
    uint32_t state;
    while ((state = stopped_state(partition, number)) != 0)
        g_assert_cmpuint(state, ==, 1); // on its way
}

static void test_start_cpu(Fixture *fixture, gconstpointer data)
{
    uint32_t output[2];
    Partition *partition = &fixture->partition;
    Vcpu *second = vcpu_set_at(partition->vcpus, 1);
    await_stop(partition, 9);
    g_assert_cmpint(partition_rtas(partition, "start-cpu", 1, output, 9, 0x89abcdef, 0xfedcba98), ==, 0);
    g_assert_true(fake_vcpu_wait_idle(vcpu_kvm(second)));
    FakeEntry entry = fake_vcpu_entry(vcpu_kvm(second));
    g_assert_cmphex(entry.pc, ==, 0x89abcdef);
    g_assert_cmphex(entry.r3, ==, 0xfedcba98);
    g_assert_cmphex(entry.msr, ==, 0x8000000000001000); // SF | ME
    g_assert_cmpuint(stopped_state(partition, 9), ==, 2);
    g_assert_cmpint(
        partition_rtas(partition, "start-cpu", 1, output, 9, 0x100, 0), ==, -1); // it runs already
    g_assert_cmpint(partition_rtas(partition, "start-cpu", 1, output, 10, 0x100, 0), ==, -3);
    g_assert_cmpint(partition_rtas(partition, "start-cpu", 1, output, UINT32_MAX, 0x100, 0), ==, -3);
    g_assert_cmpint(partition_rtas(partition, "query-cpu-stopped-state", 2, output, 0), ==, -3);
    g_assert_cmpuint(fake_vcpu_entry(vcpu_kvm(second)).count, ==, 1);
}

// stop-self by the vCPU's own hypercall: it is not back in the guest until it is started.
static void test_stop_self(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    Vcpu *second = vcpu_set_at(partition->vcpus, 1);
    const be32 block[] = { be32_make(partition_token(partition, "stop-self")), be32_make(0), be32_make(1) };
    const FakeExit exit = { .reason = KVM_EXIT_PAPR_HCALL, .number = KVMPPC_H_RTAS, .arguments = { 0x5000 } };
    const VcpuEntry entry = { .pc = 0x100, .msr = MSR_SF };
    guest_memory_write(partition->memory, 0x5000, block, sizeof block);
    g_assert_true(vcpu_start(second, &entry));
    fake_vcpu_exit(vcpu_kvm(second), &exit);
    g_assert_true(fake_vcpu_wait(vcpu_kvm(second), 1));
    g_assert_cmpuint(fake_vcpu_answer(vcpu_kvm(second)).result, ==, 0);
    await_stop(partition, 9);
    uint32_t output[1];
    g_assert_cmpint(partition_rtas(partition, "start-cpu", 1, output, 9, 0x300, 0), ==, 0);
    g_assert_true(fake_vcpu_wait_idle(vcpu_kvm(second)));
    g_assert_cmphex(fake_vcpu_entry(vcpu_kvm(second)).pc, ==, 0x300);
}

static int64_t stop_and_ask(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    vcpu_park(vcpu);
    return stopped_state(owner, vcpu_id(vcpu));
}

// One that is stopping has its status cell still to write: it has not stopped.
static void test_stopping(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    KvmVcpu *second = vcpu_kvm(vcpu_set_at(partition->vcpus, 1));
    const FakeExit exit = { .reason = KVM_EXIT_PAPR_HCALL, .number = 4 };
    const VcpuEntry entry = { .pc = 0x100, .msr = MSR_SF };
    hypercall_register(partition->hypercalls, 4, "STOP_AND_ASK", stop_and_ask, partition);
    g_assert_true(vcpu_start(vcpu_set_at(partition->vcpus, 1), &entry));
    fake_vcpu_exit(second, &exit);
    g_assert_true(fake_vcpu_wait(second, 1));
    g_assert_cmpuint(fake_vcpu_answer(second).result, ==, 1);
    await_stop(partition, 9);
}

// --- System parameters: a big-endian 16-bit length, then the value.

#define BUFFER 0x20000

static int32_t get_parameter(Fixture *fixture, uint32_t token, uint32_t buffer, uint32_t length)
{
    uint32_t output[1];
    return partition_rtas(&fixture->partition, "ibm,get-system-parameter", 1, output, token, buffer, length);
}

static void test_parameters(Fixture *fixture, gconstpointer data)
{
    static const uint8_t uuid[] = { 0, 16, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba,
        0x98, 0x76, 0x54, 0x32, 0x10, 0xee };
    uint8_t *ram = guest_memory_write_at(fixture->partition.memory, 0, PARTITION_RAM);
    memset(ram + BUFFER, 0xee, 0x1000);
    g_assert_cmpint(get_parameter(fixture, 48, BUFFER, 1026), ==, 0);
    g_assert_cmpmem(ram + BUFFER, sizeof uuid, uuid, sizeof uuid);
    g_assert_cmpint(get_parameter(fixture, 20, BUFFER, 1026), ==, 0);
    g_assert_cmpstr((char *)ram + BUFFER + 2, ==, "MaxEntCap=200,DesMem=1,DesProcs=2,MaxPlatProcs=2");
    g_assert_cmpuint(ram[BUFFER] << 8 | ram[BUFFER + 1], ==, strlen((char *)ram + BUFFER + 2) + 1);
}

static void test_parameters_short(Fixture *fixture, gconstpointer data)
{
    static const uint8_t cut[] = { 0, 16, 0x01, 0x23, 0xee };
    uint8_t *ram = guest_memory_write_at(fixture->partition.memory, 0, PARTITION_RAM);
    memset(ram + BUFFER, 0xee, 0x1000);
    g_assert_cmpint(get_parameter(fixture, 48, BUFFER, 4), ==, 0);
    g_assert_cmpmem(ram + BUFFER, sizeof cut, cut, sizeof cut);
    g_assert_cmpint(get_parameter(fixture, 48, PARTITION_RAM - 18, 18), ==, 0);
    g_assert_cmpint(get_parameter(fixture, 48, BUFFER, 1), !=, 0);
    g_assert_cmpint(get_parameter(fixture, 48, BUFFER, 0), !=, 0);
    g_assert_cmpint(get_parameter(fixture, 48, PARTITION_RAM, 18), ==, -3);
    g_assert_cmpint(get_parameter(fixture, 48, PARTITION_RAM - 1, 18), ==, -3);
    g_assert_cmpint(get_parameter(fixture, 48, PARTITION_RAM - 10, 18), ==, -3);
    g_assert_cmpint(get_parameter(fixture, 48, UINT32_MAX, UINT32_MAX), ==, -3);
}

static void test_parameters_wrong(Fixture *fixture, gconstpointer data)
{
    static const uint32_t tokens[] = { 0, 19, 21, 47, 0x80000000, UINT32_MAX };
    uint32_t output[1];
    for (unsigned i = 0; i < G_N_ELEMENTS(tokens); i++)
        g_assert_cmpint(get_parameter(fixture, tokens[i], BUFFER, 100), ==, -3);
    g_assert_cmpint(
        partition_rtas(&fixture->partition, "ibm,set-system-parameter", 1, output, 48, BUFFER), ==, -9002);
    g_assert_cmpint(
        partition_rtas(&fixture->partition, "ibm,set-system-parameter", 1, output, 42, BUFFER), ==, -9002);
    g_assert_cmpint(
        partition_rtas(&fixture->partition, "ibm,set-system-parameter", 1, output, 55, BUFFER), ==, -3);
    const uint8_t run_mode[] = { 0, 1, 0 };
    uint8_t *buffer = guest_memory_write_at(fixture->partition.memory, BUFFER, 3);
    memset(buffer, 0xee, 3);
    g_assert_cmpint(
        partition_rtas(&fixture->partition, "ibm,get-system-parameter", 1, output, 42, BUFFER, 3), ==, 0);
    g_assert_cmpmem(buffer, 3, run_mode, 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/rtas-calls/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("time", test_time);
    ADD("time-wrong", test_time_wrong);
    ADD("time-told", test_time_told);
    ADD("time-bases", test_time_bases);
    ADD("time-held", test_time_held);
    ADD("nvram", test_nvram);
    ADD("nvram-wrong", test_nvram_wrong);
    ADD("power", test_power);
    ADD("os-term", test_os_term);
    ADD("start-cpu", test_start_cpu);
    ADD("stop-self", test_stop_self);
    ADD("stopping", test_stopping);
    ADD("parameters", test_parameters);
    ADD("parameters-short", test_parameters_short);
    ADD("parameters-wrong", test_parameters_wrong);
    return g_test_run();
}
