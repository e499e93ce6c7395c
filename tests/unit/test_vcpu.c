// vCPU threads against scripted exits: the run loop, parking, kicks, and work on all vCPUs at once.
#include "fake_kvm.h"
#include "fake_vcpu.h"
#include "lparun/error.h"
#include "lparun/vcpu.h"
#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <string.h>

#define VCPUS 3
#define REGISTER 0x200080000010ULL // a device's, 8 bytes

// Hypercalls that this machine has.
enum {
    CALL_ECHO = 0x100,            // gives r4 + 1 back in r4, and r12 in r3
    CALL_STOP = 0x104,            // parks the caller
    CALL_ALL = 0x108,             // counts on all vCPUs, as H_SET_MODE does
    CALL_START = 0x10c,           // starts vCPU r4
    CALL_START_ON_AND_ON = 0x114, // starts vCPUs 0 and 2 for a while
    CALL_WAIT = 0x118,            // sleeps and wakes until the test lets it go
    CALL_SPIN = 0x11c,            // the same without sleep
    CALL_JOIN = 0x110,            // gives whether it was not the last back in r4
};

typedef struct Fixture {
    KvmVm *vm;
    Bus *bus;
    VcpuSet *vcpus;
    uint64_t written;
    unsigned write_size, reads;
    atomic_uint counted[VCPUS];
    atomic_uint calls;
    atomic_bool starting, waiting;
    atomic_uint failures;
    GMutex lock; // guards the next one
    char *why;
} Fixture;

static uint64_t device_read(void *owner, uint64_t offset, unsigned size)
{
    ((Fixture *)owner)->reads++;
    return 0x8877665544332211ULL >> (8 * offset);
}

static void device_write(void *owner, uint64_t offset, unsigned size, uint64_t value)
{
    Fixture *fixture = owner;
    fixture->written = value;
    fixture->write_size = size;
}

static void count(Vcpu *vcpu, void *data)
{
    Fixture *fixture = data;
    atomic_fetch_add(&fixture->counted[vcpu_index(vcpu)], 1);
    // A register access, which KVM serves only outside the guest: the fake checks that.
    uint64_t lpcr;
    g_assert_cmpint(kvm_vcpu_get_reg(vcpu_kvm(vcpu), KVM_PPC_LPCR, &lpcr), ==, 0);
    g_assert_cmpint(kvm_vcpu_set_reg(vcpu_kvm(vcpu), KVM_PPC_LPCR, lpcr + 1), ==, 0);
}

static int64_t hypercall(void *owner, Vcpu *vcpu, uint64_t number, uint64_t arguments[9])
{
    Fixture *fixture = owner;
    const VcpuEntry entry = { .pc = 0x2000, .r3 = 77, .msr = MSR_SF | MSR_ME };
    atomic_fetch_add(&fixture->calls, 1);
    switch (number) {
    case CALL_STOP:
        vcpu_park(vcpu);
        g_assert_false(vcpu_has_stopped(vcpu)); // its exit is not finished yet
        return 0;
    case CALL_ALL:
        vcpu_set_call(fixture->vcpus, vcpu, count, fixture);
        return 0;
    case CALL_START:
        return vcpu_start(vcpu_set_at(fixture->vcpus, (unsigned)arguments[0]), &entry);
    case CALL_START_ON_AND_ON:
        for (unsigned i = 0; i < 200; i++) {
            atomic_store(&fixture->starting, true);
            vcpu_start(vcpu_set_at(fixture->vcpus, 0), &entry);
            vcpu_start(vcpu_set_at(fixture->vcpus, 2), &entry);
            g_usleep(1000);
        }
        return 0;
    case CALL_WAIT:
    case CALL_SPIN:
        atomic_store(&fixture->waiting, true);
        while (atomic_load(&fixture->waiting))
            if (number == CALL_WAIT)
                g_usleep(1000);
        return 0;
    case CALL_JOIN:
        arguments[0] = vcpu_join(vcpu);
        return 0;
    default:
        arguments[0]++;
        return (int64_t)arguments[8];
    }
}

static void failed(void *owner, Vcpu *vcpu, const char *why)
{
    Fixture *fixture = owner;
    g_assert_true(vcpu_is_parked(vcpu));
    g_mutex_lock(&fixture->lock);
    g_free(fixture->why);
    fixture->why = g_strdup(why);
    g_mutex_unlock(&fixture->lock);
    atomic_fetch_add(&fixture->failures, 1);
}

static const VcpuOps ops = { .hypercall = hypercall, .failed = failed };
static const BusOps device_ops = { .read = device_read, .write = device_write };

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->vm = fake_kvm_new();
    fixture->bus = bus_new();
    g_mutex_init(&fixture->lock);
    bus_range_map(bus_add_range(fixture->bus, &device_ops, fixture), REGISTER, 8);
    fixture->vcpus = vcpu_set_new(fixture->vm, fixture->bus, &ops, fixture);
    for (unsigned i = 0; i < VCPUS; i++)
        g_assert_true(vcpu_set_add(fixture->vcpus, 4 * i, NULL, NULL));
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    vcpu_set_free(fixture->vcpus);
    bus_free(fixture->bus);
    kvm_vm_close(fixture->vm);
    g_mutex_clear(&fixture->lock);
    g_free(fixture->why);
}

static Vcpu *at(Fixture *fixture, unsigned index)
{
    return vcpu_set_at(fixture->vcpus, index);
}

static KvmVcpu *kvm(Fixture *fixture, unsigned index)
{
    return vcpu_kvm(at(fixture, index));
}

static void start(Fixture *fixture, unsigned index)
{
    const VcpuEntry entry = { .pc = 0x100, .r3 = 0x1f00000 + index, .msr = MSR_SF | MSR_ME };
    g_assert_true(vcpu_start(at(fixture, index), &entry));
}

static void add_call(Fixture *fixture, unsigned index, uint64_t number, uint64_t r4)
{
    const FakeExit exit = {
        .reason = KVM_EXIT_PAPR_HCALL, .number = number, .arguments = { r4, 0, 0, 0, 0, 0, 0, 0, 55 }
    };
    fake_vcpu_exit(kvm(fixture, index), &exit);
}

static void test_set(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpuint(vcpu_set_count(fixture->vcpus), ==, VCPUS);
    for (unsigned i = 0; i < VCPUS; i++) {
        g_assert_cmpuint(vcpu_id(at(fixture, i)), ==, 4 * i);
        g_assert_cmpuint(vcpu_index(at(fixture, i)), ==, i);
        g_assert_true(vcpu_set_find(fixture->vcpus, 4 * i) == at(fixture, i));
        g_assert_true(vcpu_is_parked(at(fixture, i)));
        uint64_t arguments[2];
        g_assert_true(fake_vcpu_enabled(kvm(fixture, i), KVM_CAP_PPC_PAPR, arguments));
        g_assert_false(fake_vcpu_enabled(kvm(fixture, i), KVM_CAP_IRQ_XICS, arguments));
    }
    g_assert_null(vcpu_set_find(fixture->vcpus, 1));
    g_assert_null(vcpu_set_find(fixture->vcpus, UINT32_MAX));
}

static void test_start(Fixture *fixture, gconstpointer data)
{
    const VcpuEntry entry = { .pc = 0x100, .r3 = 0x1f00000, .msr = MSR_SF | MSR_ME };
    g_assert_cmpuint(fake_vcpu_entry(kvm(fixture, 1)).count, ==, 0);
    g_assert_true(vcpu_start(at(fixture, 1), &entry));
    g_assert_false(vcpu_start(at(fixture, 1), &entry)); // it runs
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 1)));
    g_assert_false(vcpu_is_parked(at(fixture, 1)));
    g_assert_true(vcpu_is_parked(at(fixture, 0)));
    FakeEntry entered = fake_vcpu_entry(kvm(fixture, 1));
    g_assert_cmpuint(entered.count, ==, 1);
    g_assert_cmphex(entered.pc, ==, 0x100);
    g_assert_cmphex(entered.r3, ==, 0x1f00000);
    g_assert_cmphex(entered.msr, ==, 0x8000000000001000); // SF | ME
    // KVM knows which vCPUs are on line.
    g_assert_cmpuint(fake_vcpu_reg(kvm(fixture, 1), KVM_PPC_ONLINE), ==, 1);
    g_assert_cmpuint(fake_vcpu_reg(kvm(fixture, 0), KVM_PPC_ONLINE), ==, 0);
    vcpu_set_park_all(fixture->vcpus);
    g_assert_cmpuint(fake_vcpu_reg(kvm(fixture, 1), KVM_PPC_ONLINE), ==, 0);
    g_assert_cmpuint(fake_vcpu_reg_sets(kvm(fixture, 1), KVM_PPC_ONLINE), ==, 2);
}

// Arguments and result go through kvm_run; the result is what KVM sees at the next KVM_RUN.
static void test_hypercall(Fixture *fixture, gconstpointer data)
{
    start(fixture, 0);
    add_call(fixture, 0, CALL_ECHO, 0x1122334455667788ULL);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 1));
    FakeAnswer answer = fake_vcpu_answer(kvm(fixture, 0));
    g_assert_cmphex(answer.result, ==, 55);
    g_assert_cmphex(answer.arguments[0], ==, 0x1122334455667789ULL);
    g_assert_cmphex(answer.arguments[8], ==, 55);
    g_assert_cmpuint(vcpu_exits(at(fixture, 0), KVM_EXIT_PAPR_HCALL), ==, 1);
    g_assert_cmpuint(vcpu_exits(at(fixture, 1), KVM_EXIT_PAPR_HCALL), ==, 0);
}

// data[] are bytes in memory order: least significant first for the bus (kvm-ppc-abi 1.6).
static void test_mmio_store(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint32_t length;
        uint64_t value;
    } stores[] = { { 1, 0x11 }, { 2, 0x2211 }, { 4, 0x44332211 }, { 8, 0x8877665544332211ULL } };
    start(fixture, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(stores); i++) {
        FakeExit exit = { .reason = KVM_EXIT_MMIO,
            .address = REGISTER,
            .length = stores[i].length,
            .is_write = true,
            .data = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 } };
        fake_vcpu_exit(kvm(fixture, 0), &exit);
        g_assert_true(fake_vcpu_wait(kvm(fixture, 0), i + 1));
        g_assert_cmphex(fixture->written, ==, stores[i].value);
        g_assert_cmpuint(fixture->write_size, ==, stores[i].length);
    }
    g_assert_cmpuint(vcpu_exits(at(fixture, 0), KVM_EXIT_MMIO), ==, 4);
}

static void assert_load(
    Fixture *fixture, unsigned number, uint64_t address, uint32_t length, const uint8_t *bytes)
{
    FakeExit exit = { .reason = KVM_EXIT_MMIO, .address = address, .length = length };
    memset(exit.data, 0xcc, sizeof exit.data); // what the exit before left
    fake_vcpu_exit(kvm(fixture, 0), &exit);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), number));
    FakeAnswer answer = fake_vcpu_answer(kvm(fixture, 0));
    g_assert_cmpmem(answer.data, length, bytes, length);
}

static void test_mmio_load(Fixture *fixture, gconstpointer data)
{
    static const uint8_t bytes[] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
    static const uint8_t ones[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    start(fixture, 0);
    assert_load(fixture, 1, REGISTER, 8, bytes);
    assert_load(fixture, 2, REGISTER + 4, 4, bytes + 4);
    assert_load(fixture, 3, REGISTER + 2, 2, bytes + 2);
    assert_load(fixture, 4, REGISTER + 7, 1, bytes + 7);
    g_assert_cmpuint(fixture->reads, ==, 4);
    // Where nothing is, and across the end of what is: all ones, as a PCI master abort.
    assert_load(fixture, 5, 0x300000000000, 4, ones);
    assert_load(fixture, 6, REGISTER + 4, 8, ones);
    assert_load(fixture, 7, UINT64_MAX, 1, ones);
    g_assert_cmpuint(fixture->reads, ==, 4);
    const FakeExit nowhere = {
        .reason = KVM_EXIT_MMIO, .address = UINT64_MAX - 3, .length = 8, .is_write = true
    };
    fake_vcpu_exit(kvm(fixture, 0), &nowhere);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 8));
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 0)));
    g_assert_cmpuint(fixture->write_size, ==, 0);
}

// After stop-self the exit is still finished, then the vCPU stays out of the guest until it is started anew.
static void test_park_itself(Fixture *fixture, gconstpointer data)
{
    start(fixture, 0);
    add_call(fixture, 0, CALL_STOP, 1);
    add_call(fixture, 0, CALL_ECHO, 2);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 1));
    g_assert_true(vcpu_is_parked(at(fixture, 0)));
    vcpu_set_park_all(fixture->vcpus);
    g_assert_true(vcpu_has_stopped(at(fixture, 0)));
    g_assert_cmpuint(atomic_load(&fixture->calls), ==, 1);
    start(fixture, 0);
    g_assert_false(vcpu_has_stopped(at(fixture, 0)));
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 2));
    g_assert_cmpuint(atomic_load(&fixture->calls), ==, 2);
    g_assert_cmpuint(fake_vcpu_entry(kvm(fixture, 0)).count, ==, 2);
}

static void test_park_all(Fixture *fixture, gconstpointer data)
{
    for (unsigned round = 0; round < 50; round++) {
        start(fixture, 0);
        start(fixture, 2);
        if (round % 2)
            g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 2)));
        vcpu_set_park_all(fixture->vcpus);
        for (unsigned i = 0; i < VCPUS; i++)
            g_assert_true(vcpu_is_parked(at(fixture, i)));
        // Nothing runs: registers may be set from here.
        g_assert_cmpint(kvm_vcpu_set_reg(kvm(fixture, 0), KVM_PPC_LPCR, 0), ==, 0);
        g_assert_cmpint(kvm_vcpu_set_reg(kvm(fixture, 2), KVM_PPC_LPCR, 0), ==, 0);
    }
}

// A vCPU that starts others while all are parked starts none for good.
static void test_park_while_one_starts(Fixture *fixture, gconstpointer data)
{
    start(fixture, 1);
    add_call(fixture, 1, CALL_START_ON_AND_ON, 0);
    while (!atomic_load(&fixture->starting))
        g_usleep(100);
    vcpu_set_park_all(fixture->vcpus);
    for (unsigned i = 0; i < VCPUS; i++) {
        g_assert_true(vcpu_is_parked(at(fixture, i)));
        g_assert_cmpint(kvm_vcpu_set_reg(kvm(fixture, i), KVM_PPC_LPCR, 0), ==, 0); // not in the guest
    }
}

static void assert_counted(Fixture *fixture, unsigned times)
{
    for (unsigned i = 0; i < VCPUS; i++) {
        g_assert_cmpuint(atomic_load(&fixture->counted[i]), ==, times);
        g_assert_cmpuint(fake_vcpu_reg(kvm(fixture, i), KVM_PPC_LPCR), ==, times);
    }
}

// All that a vCPU does is wait for the call's end, and that for the vCPU: it does nothing of the call.
static void test_call_within(Fixture *fixture, gconstpointer data)
{
    g_assert_true(vcpu_set_call_within(fixture->vcpus, count, fixture, G_USEC_PER_SEC * 5));
    assert_counted(fixture, 1);
    start(fixture, 1);
    add_call(fixture, 1, CALL_WAIT, 0);
    while (!atomic_load(&fixture->waiting))
        g_usleep(100);
    g_assert_false(vcpu_set_call_within(fixture->vcpus, count, fixture, 20000));
    atomic_store(&fixture->waiting, false);
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 1)));
    for (unsigned i = 0; i < VCPUS; i++)
        g_assert_cmpuint(atomic_load(&fixture->counted[i]), ==, i == 1 ? 1 : 2);
    g_assert_true(vcpu_set_call_within(fixture->vcpus, count, fixture, G_USEC_PER_SEC * 5));
    g_assert_cmpuint(atomic_load(&fixture->counted[1]), ==, 2);
}

static void assert_stands(Fixture *fixture, VcpuStand first, VcpuStand second, VcpuStand third)
{
    const VcpuStand expected[VCPUS] = { first, second, third };
    VcpuLook looks[VCPUS];
    vcpu_set_look(fixture->vcpus, looks);
    for (unsigned i = 0; i < VCPUS; i++) {
        g_assert_cmpint(looks[i].stand, ==, expected[i]);
        g_assert_true(looks[i].known);
        g_assert_cmphex(looks[i].registers.pc, ==, 0x1234);
        g_assert_cmphex(looks[i].registers.gpr[3], ==, fake_vcpu_r3(kvm(fixture, i)));
    }
}

// On each one's own thread, whether it is in the guest or not.
static void test_kvm_stats(Fixture *fixture, gconstpointer data)
{
    GBytes *counts[VCPUS] = { NULL };
    start(fixture, 0);
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 0)));
    vcpu_set_kvm_stats(fixture->vcpus, counts);
    for (unsigned i = 0; i < VCPUS; i++) {
        g_assert_cmpuint(g_bytes_get_size(counts[i]), ==, 1);
        g_bytes_unref(counts[i]);
    }
}

// The guest of these tests sleeps when it has nothing to do, as one that has ceded.
static void test_look(Fixture *fixture, gconstpointer data)
{
    assert_stands(fixture, VCPU_STOPPED, VCPU_STOPPED, VCPU_STOPPED);
    start(fixture, 0);
    start(fixture, 1);
    add_call(fixture, 1, CALL_JOIN, 0);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 1), 1));
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 0)));
    while (vcpu_stand(at(fixture, 1)) != VCPU_JOINED)
        g_usleep(100);
    VcpuLook looks[VCPUS] = { 0 };
    while (looks[0].stand != VCPU_CEDED) // once it got there
        vcpu_set_look(fixture->vcpus, looks);
    g_assert_cmpint(looks[1].stand, ==, VCPU_JOINED);
    g_assert_cmpint(looks[2].stand, ==, VCPU_STOPPED);
    vcpu_set_hold(fixture->vcpus);
    assert_stands(fixture, VCPU_HELD, VCPU_HELD, VCPU_HELD);
    vcpu_set_release(fixture->vcpus);
}

// A vCPU that is busy is none that has ceded, and does not keep the others from telling.
static void test_look_busy(Fixture *fixture, gconstpointer data)
{
    VcpuLook looks[VCPUS];
    start(fixture, 1);
    add_call(fixture, 1, CALL_SPIN, 0);
    while (!atomic_load(&fixture->waiting))
        g_usleep(100);
    vcpu_set_look(fixture->vcpus, looks);
    g_assert_cmpint(looks[1].stand, ==, VCPU_RUNNING);
    g_assert_false(looks[1].known);
    g_assert_true(looks[0].known && looks[2].known);
    g_autoptr(Counts) counts = counts_new();
    vcpu_set_part.count(fixture->vcpus, counts);
    g_autofree char *text = counts_finish(counts);
    g_assert_nonnull(strstr(text, "\"id\": 0, \"pc\": \"0x1234\""));
    g_assert_null(strstr(text, "\"pc\": \"0x0\"")); // none rather than a wrong one
    atomic_store(&fixture->waiting, false);
}

// Parked ones, ones in the guest, all by their own threads.
static void test_call_from_outside(Fixture *fixture, gconstpointer data)
{
    vcpu_set_call(fixture->vcpus, NULL, count, fixture);
    assert_counted(fixture, 1);
    start(fixture, 1);
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 1)));
    for (unsigned i = 2; i < 200; i++) {
        vcpu_set_call(fixture->vcpus, NULL, count, fixture);
        assert_counted(fixture, i);
    }
    g_assert_true(vcpu_is_parked(at(fixture, 0)));
    g_assert_false(vcpu_is_parked(at(fixture, 1)));
    g_assert_cmpuint(fake_vcpu_entry(kvm(fixture, 1)).count, ==, 1); // kicks do not enter it anew
}

// Two vCPUs ask all others at the same time: each must serve the other while it waits.
static void test_calls_at_once(Fixture *fixture, gconstpointer data)
{
    enum { ROUNDS = 300 };
    for (unsigned i = 0; i < ROUNDS; i++) {
        add_call(fixture, 0, CALL_ALL, 0);
        add_call(fixture, 1, CALL_ALL, 0);
    }
    start(fixture, 0);
    start(fixture, 1);
    for (unsigned i = 0; i < 20; i++)
        vcpu_set_call(fixture->vcpus, NULL, count, fixture);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), ROUNDS));
    g_assert_true(fake_vcpu_wait(kvm(fixture, 1), ROUNDS));
    assert_counted(fixture, 2 * ROUNDS + 20);
}

static void nothing(Vcpu *vcpu, void *data)
{
}

static long switches(void)
{
    struct rusage usage;
    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    return usage.ru_nvcsw;
}

// What a call costs grows with the number of vCPUs and not with its square: each is woken for its own work.
static void test_call_of_many(Fixture *fixture, gconstpointer data)
{
    enum { MANY = 500, ROUNDS = 4, SWITCHES = 20 };
    VcpuSet *vcpus = vcpu_set_new(fixture->vm, fixture->bus, &ops, fixture);
    for (unsigned i = 0; i < MANY; i++)
        g_assert_true(vcpu_set_add(vcpus, 100 + i, NULL, NULL));
    vcpu_set_call(vcpus, NULL, nothing, NULL); // all threads are there
    long before = switches();
    for (unsigned i = 0; i < ROUNDS; i++)
        vcpu_set_call(vcpus, NULL, nothing, NULL);
    long each = (switches() - before) / ROUNDS / MANY;
    g_test_message("%ld context switches a vCPU", each);
    g_assert_cmpint(each, <, SWITCHES);
    vcpu_set_free(vcpus);
}

// A reset while the guest calls: the calls end, then everything is parked.
static void test_park_while_calling(Fixture *fixture, gconstpointer data)
{
    unsigned calls = 0;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 10; i++, calls++) {
            add_call(fixture, 0, CALL_ALL, 0);
            add_call(fixture, 1, CALL_ALL, 0);
        }
        start(fixture, 0);
        start(fixture, 1);
        if (round % 2)
            g_usleep(round * 20);
        vcpu_set_park_all(fixture->vcpus);
        for (unsigned i = 0; i < VCPUS; i++)
            g_assert_true(vcpu_is_parked(at(fixture, i)));
    }
    start(fixture, 0);
    start(fixture, 1);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), calls));
    g_assert_true(fake_vcpu_wait(kvm(fixture, 1), calls));
    assert_counted(fixture, 2 * calls);
}

// The set is freed while its vCPUs ask each other for work.
static void test_free_while_calling(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < 500; i++)
        for (unsigned vcpu = 0; vcpu < VCPUS; vcpu++)
            add_call(fixture, vcpu, CALL_ALL, 0);
    for (unsigned vcpu = 0; vcpu < VCPUS; vcpu++)
        start(fixture, vcpu);
    g_usleep(2000);
}

// start-cpu by another vCPU, and of one that runs already.
static void test_start_by_hypercall(Fixture *fixture, gconstpointer data)
{
    start(fixture, 0);
    add_call(fixture, 0, CALL_START, 2);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 1));
    g_assert_cmpuint(fake_vcpu_answer(kvm(fixture, 0)).result, ==, true);
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 2)));
    g_assert_cmphex(fake_vcpu_entry(kvm(fixture, 2)).pc, ==, 0x2000);
    g_assert_cmphex(fake_vcpu_entry(kvm(fixture, 2)).r3, ==, 77);
    add_call(fixture, 0, CALL_START, 2);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 2));
    g_assert_cmpuint(fake_vcpu_answer(kvm(fixture, 0)).result, ==, false);
}

// Held, no vCPU enters the guest; released, those that ran go on where they stood, without a new entry.
static void test_hold(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < 2; i++) {
        start(fixture, i);
        g_assert_true(fake_vcpu_wait_idle(kvm(fixture, i)));
    }
    vcpu_set_hold(fixture->vcpus);
    add_call(fixture, 0, CALL_ECHO, 1);
    start(fixture, 2); // as a hypercall does that was on its way
    vcpu_set_call(fixture->vcpus, NULL, count, fixture);
    vcpu_set_hold(fixture->vcpus); // once more is no error
    g_usleep(20000);
    g_assert_cmpuint(atomic_load(&fixture->calls), ==, 0);
    g_assert_false(vcpu_is_parked(at(fixture, 0)));
    assert_counted(fixture, 1);
    vcpu_set_release(fixture->vcpus);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 1));
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 1)));
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 2)));
    for (unsigned i = 0; i < VCPUS; i++)
        g_assert_cmpuint(fake_vcpu_entry(kvm(fixture, i)).count, ==, 1);
    g_assert_cmpuint(fake_vcpu_answer(kvm(fixture, 0)).arguments[0], ==, 2);
}

// A reset of the machine while it is held: parked, reset, started, and still held.
static void test_hold_and_park(Fixture *fixture, gconstpointer data)
{
    start(fixture, 0);
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 0)));
    vcpu_set_hold(fixture->vcpus);
    vcpu_set_park_all(fixture->vcpus);
    g_assert_true(vcpu_is_parked(at(fixture, 0)));
    vcpu_set_call(fixture->vcpus, NULL, vcpu_reset, NULL);
    start(fixture, 0);
    add_call(fixture, 0, CALL_ECHO, 1);
    g_usleep(20000);
    g_assert_cmpuint(atomic_load(&fixture->calls), ==, 0);
    vcpu_set_release(fixture->vcpus);
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 0)));
    g_assert_cmpuint(fake_vcpu_entry(kvm(fixture, 0)).count, ==, 2);
    g_assert_true(vcpu_is_parked(at(fixture, 1)));
    vcpu_set_hold(fixture->vcpus); // and freed like that
}

// Held again and again while vCPUs ask each other for work.
static void test_hold_while_calling(Fixture *fixture, gconstpointer data)
{
    const unsigned calls = 200;
    for (unsigned i = 0; i < calls; i++)
        for (unsigned vcpu = 0; vcpu < 2; vcpu++)
            add_call(fixture, vcpu, CALL_ALL, 0);
    start(fixture, 0);
    start(fixture, 1);
    for (unsigned i = 0; i < 50; i++) {
        vcpu_set_hold(fixture->vcpus);
        unsigned seen = atomic_load(&fixture->calls);
        g_usleep(100);
        g_assert_cmpuint(atomic_load(&fixture->calls), ==, seen);
        vcpu_set_release(fixture->vcpus);
    }
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), calls));
    g_assert_true(fake_vcpu_wait(kvm(fixture, 1), calls));
    assert_counted(fixture, 2 * calls);
}

// The timebase goes back by as much for all; a KVM without the register is left alone.
static void test_step_back(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < VCPUS; i++)
        fake_vcpu_set_reg(kvm(fixture, i), KVM_PPC_TB_OFFSET, 5000);
    vcpu_set_hold(fixture->vcpus);
    vcpu_set_step_back(fixture->vcpus, 2000);
    vcpu_set_step_back(fixture->vcpus, 4000);
    for (unsigned i = 0; i < VCPUS; i++)
        g_assert_cmphex(fake_vcpu_reg(kvm(fixture, i), KVM_PPC_TB_OFFSET), ==, (uint64_t)-1000);
    fake_vcpu_refuse_regs(kvm(fixture, 0));
    vcpu_set_step_back(fixture->vcpus, 1);
}

static void test_thread_ids(Fixture *fixture, gconstpointer data)
{
    for (unsigned i = 0; i < VCPUS; i++) {
        g_autofree char *path = g_strdup_printf("/proc/self/task/%d", (int)vcpu_thread_id(at(fixture, i)));
        g_assert_true(g_file_test(path, G_FILE_TEST_IS_DIR));
        g_assert_cmpint(vcpu_thread_id(at(fixture, i)), !=, vcpu_thread_id(at(fixture, (i + 1) % VCPUS)));
    }
}

static void assert_failure(Fixture *fixture, const FakeExit *exit, const char *why)
{
    unsigned failures = atomic_load(&fixture->failures);
    start(fixture, 1);
    fake_vcpu_exit(kvm(fixture, 1), exit);
    gint64 end = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
    while (atomic_load(&fixture->failures) == failures && g_get_monotonic_time() < end)
        g_usleep(100);
    g_assert_cmpuint(atomic_load(&fixture->failures), ==, failures + 1);
    g_mutex_lock(&fixture->lock);
    g_assert_cmpstr(fixture->why, ==, why);
    g_mutex_unlock(&fixture->lock);
    vcpu_set_park_all(fixture->vcpus);
}

// What KVM cannot go on with parks the vCPU and is told once, in one line.
static void test_failures(Fixture *fixture, gconstpointer data)
{
#define WHERE " at pc 0x1234, msr 0x8000000000001000, lr 0x5678"
    const FakeExit unknown = { .reason = KVM_EXIT_UNKNOWN, .detail = 0xe40 };
    assert_failure(fixture, &unknown, "vCPU 4: unhandled exception in the guest (0xe40)" WHERE);
    const FakeExit entry = { .reason = KVM_EXIT_FAIL_ENTRY, .detail = 0x12345 };
    assert_failure(fixture, &entry, "vCPU 4: the hardware refused to enter the guest (0x12345)" WHERE);
    const FakeExit internal = { .reason = KVM_EXIT_INTERNAL_ERROR, .detail = 3 };
    assert_failure(fixture, &internal, "vCPU 4: internal error in KVM (0x3)" WHERE);
    const FakeExit shutdown = { .reason = KVM_EXIT_SHUTDOWN };
    assert_failure(fixture, &shutdown, "vCPU 4: unexpected exit from KVM (0x8)" WHERE);
    const FakeExit huge = { .reason = 0x7fffffff };
    assert_failure(fixture, &huge, "vCPU 4: unexpected exit from KVM (0x7fffffff)" WHERE);
    const FakeExit ioctl = { .result = -EINVAL };
    assert_failure(fixture, &ioctl, "vCPU 4: KVM_RUN failed with errno (0x16)" WHERE);
    g_assert_cmpuint(vcpu_exits(at(fixture, 1), KVM_EXIT_FAIL_ENTRY), ==, 1);
    g_assert_cmpuint(vcpu_exits(at(fixture, 1), VCPU_EXIT_REASONS - 1), ==, 1);
}

// EINTR, EAGAIN and KVM_EXIT_INTR are not failures: the vCPU goes on.
static void test_interruptions(Fixture *fixture, gconstpointer data)
{
    const FakeExit exits[] = { { .result = -EINTR }, { .result = -EAGAIN }, { .reason = KVM_EXIT_INTR },
        { .result = -EINTR } };
    start(fixture, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(exits); i++)
        fake_vcpu_exit(kvm(fixture, 0), &exits[i]);
    add_call(fixture, 0, CALL_ECHO, 1);
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 5));
    g_assert_cmpuint(atomic_load(&fixture->failures), ==, 0);
    g_assert_cmpuint(atomic_load(&fixture->calls), ==, 1);
    g_assert_cmpuint(fake_vcpu_entry(kvm(fixture, 0)).count, ==, 1);
}

// What outlives a reset goes back: LPCR's modes, the registered areas (SLB shadow and dispatch log before the
// VPA, or KVM refuses), the interrupt presentation (kvm-ppc-abi 1.5).
static void test_reset(Fixture *fixture, gconstpointer data)
{
    enum { FIRST_LPCR = 0x540413 };
    KvmVcpu *vcpu = kvm(fixture, 0);
    fake_vcpu_set_reg(vcpu, KVM_PPC_LPCR, FIRST_LPCR);
    fake_vcpu_set_reg(vcpu, KVM_PPC_VPA_ADDRESS, 0x10000);
    fake_vcpu_set_reg(vcpu, KVM_PPC_VPA_SLB_SHADOW, 0x11000);
    fake_vcpu_set_reg(vcpu, KVM_PPC_VPA_DISPATCH_LOG, 0x12000);
    static const uint64_t breakpoints[] = { 0x10300000000000aa, 0x10300000000000ab, 0x10300000000000ac,
        0x10300000000000c4, 0x10300000000000c5 }; // asm/kvm.h: KVM_REG_PPC_DAWR to _CIABR, _DAWR1 and _DAWRX1
    for (unsigned i = 0; i < G_N_ELEMENTS(breakpoints); i++)
        fake_vcpu_set_reg(vcpu, breakpoints[i], 0xc000000000001003);
    vcpu_set_call(fixture->vcpus, NULL, vcpu_reset, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(breakpoints); i++)
        g_assert_cmphex(fake_vcpu_reg(vcpu, breakpoints[i]), ==, 0);
    g_assert_cmphex(fake_vcpu_reg(vcpu, KVM_PPC_VPA_ADDRESS), ==, 0);
    g_assert_cmphex(fake_vcpu_reg(vcpu, KVM_PPC_VPA_SLB_SHADOW), ==, 0);
    g_assert_cmphex(fake_vcpu_reg(vcpu, KVM_PPC_VPA_DISPATCH_LOG), ==, 0);
    g_assert_cmphex(fake_vcpu_reg(vcpu, 0x103000000000008cULL), ==, 0xffff0000); // ICP_STATE
    g_assert_cmphex(fake_vcpu_reg(vcpu, KVM_PPC_LPCR), ==, 0); // what it had when it was made
    for (unsigned i = 0; i < VCPUS; i++)
        g_assert_cmpuint(fake_vcpu_reg_sets(kvm(fixture, i), KVM_PPC_VPA_ADDRESS), ==, 1);
    fake_vcpu_refuse_regs(vcpu); // a KVM without them
    vcpu_set_call(fixture->vcpus, NULL, vcpu_reset, NULL);
}

static void test_refused(void)
{
    KvmVm *vm = fake_kvm_new();
    Bus *bus = bus_new();
    VcpuSet *set = vcpu_set_new(vm, bus, &ops, NULL);
    g_autoptr(GError) error = NULL;
    fake_kvm_power(vm)->vcpu = -EINVAL;
    g_assert_false(vcpu_set_add(set, 0, NULL, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_clear_error(&error);
    fake_kvm_power(vm)->vcpu = 0;
    fake_kvm_power(vm)->vcpu_enable = -ENOSPC;
    g_assert_false(vcpu_set_add(set, 5, NULL, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==, "vCPU 5: No space left on device");
    g_assert_cmpuint(vcpu_set_count(set), ==, 0);
    vcpu_set_free(set);
    bus_free(bus);
    kvm_vm_close(vm);
}

// KVM_CAP_IRQ_XICS gets the controller's descriptor and the server number, which is the vCPU's.
static void test_connected(void)
{
    KvmVm *vm = fake_kvm_new();
    Bus *bus = bus_new();
    InterruptController *controller = interrupt_controller_new(vm, NULL);
    VcpuSet *set = vcpu_set_new(vm, bus, &ops, NULL);
    g_assert_true(vcpu_set_add(set, 6, controller, NULL));
    uint64_t arguments[2];
    g_assert_true(fake_vcpu_enabled(vcpu_kvm(vcpu_set_at(set, 0)), KVM_CAP_IRQ_XICS, arguments));
    g_assert_cmpint((int)arguments[0], >, 0);
    g_assert_cmpuint(arguments[1], ==, 6);
    vcpu_set_free(set);
    interrupt_controller_free(controller);
    bus_free(bus);
    kvm_vm_close(vm);
}

static void test_exit_names(void)
{
    g_assert_cmpstr(vcpu_exit_name(19), ==, "PAPR_HCALL");
    g_assert_cmpstr(vcpu_exit_name(6), ==, "MMIO");
    g_assert_cmpstr(vcpu_exit_name(10), ==, "INTR");
    g_assert_null(vcpu_exit_name(1));
    g_assert_null(vcpu_exit_name(VCPU_EXIT_REASONS - 1));
}

static void assert_joined(Fixture *fixture, unsigned index, unsigned exits, bool waited)
{
    g_assert_true(fake_vcpu_wait(kvm(fixture, index), exits));
    g_assert_cmpuint(fake_vcpu_answer(kvm(fixture, index)).arguments[0], ==, waited);
}

// The exit of one that joins is finished, but it enters the guest only when it is prodded; the last one that
// is left does at once. Parked ones do not count.
static void test_join(Fixture *fixture, gconstpointer data)
{
    for (unsigned round = 1; round <= 100; round++) {
        if (round == 1) {
            start(fixture, 0);
            start(fixture, 1);
        }
        add_call(fixture, 0, CALL_JOIN, 0);
        add_call(fixture, 0, CALL_ECHO, 0);
        assert_joined(fixture, 0, 2 * round - 1, true);
        add_call(fixture, 1, CALL_JOIN, 0);
        assert_joined(fixture, 1, round, false);
        g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 1)));
        g_assert_cmpuint(atomic_load(&fixture->calls), ==, 3 * round - 1);
        g_assert_false(vcpu_is_parked(at(fixture, 0)));
        vcpu_set_call(fixture->vcpus, NULL, count, fixture); // work wakes it for the work alone
        g_assert_cmpuint(atomic_load(&fixture->calls), ==, 3 * round - 1);
        vcpu_prod(at(fixture, 0));
        g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 2 * round));
    }
    assert_counted(fixture, 100);
    g_assert_cmpuint(fake_vcpu_entry(kvm(fixture, 0)).count, ==, 1);
}

// A prod before the join is not lost, and is good for one.
static void test_prod_first(Fixture *fixture, gconstpointer data)
{
    start(fixture, 0);
    start(fixture, 1);
    vcpu_prod(at(fixture, 0));
    vcpu_prod(at(fixture, 0));
    add_call(fixture, 0, CALL_JOIN, 0);
    assert_joined(fixture, 0, 1, true);
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 0))); // in the guest
    add_call(fixture, 0, CALL_JOIN, 0);
    add_call(fixture, 0, CALL_ECHO, 0);
    assert_joined(fixture, 0, 2, true);
    vcpu_set_call(fixture->vcpus, NULL, count, fixture);
    g_assert_cmpuint(atomic_load(&fixture->calls), ==, 2);
    vcpu_prod(at(fixture, 0));
    g_assert_true(fake_vcpu_wait(kvm(fixture, 0), 3));
}

// Neither the wait nor a prod outlives a reset.
static void test_join_and_park(Fixture *fixture, gconstpointer data)
{
    start(fixture, 0);
    start(fixture, 1);
    vcpu_prod(at(fixture, 1));
    add_call(fixture, 0, CALL_JOIN, 0);
    assert_joined(fixture, 0, 1, true);
    vcpu_set_park_all(fixture->vcpus);
    start(fixture, 0);
    g_assert_true(fake_vcpu_wait_idle(kvm(fixture, 0)));
    start(fixture, 1);
    add_call(fixture, 1, CALL_JOIN, 0);
    add_call(fixture, 1, CALL_ECHO, 0);
    assert_joined(fixture, 1, 1, true);
    vcpu_set_call(fixture->vcpus, NULL, count, fixture);
    g_assert_cmpuint(atomic_load(&fixture->calls), ==, 2); // the ECHO has not come
}

static bool has_enabled_smt(KvmVm *vm, unsigned threads)
{
    const FakeKvmPower *power = fake_kvm_power(vm);
    return power->enabled_count == 1 && power->enabled[0].capability == KVM_CAP_PPC_SMT &&
           power->enabled[0].argument0 == threads && power->enabled[0].argument1 == 0;
}

// How vCPU numbers are spaced: KVM's cores are as large as asked for, or else larger.
static void test_cores(void)
{
    static const struct {
        int smt, refusal; // KVM's cores at first, and whether they can be changed
        unsigned threads, stride;
        bool enables;
    } cases[] = {
        { 1, 0, 1, 1, false }, // POWER9
        { 0, 0, 1, 1, false }, // PR
        { 1, 0, 4, 4, true },
        { 8, 0, 1, 1, true }, // POWER8
        { 8, 0, 8, 8, false },
        { 8, -EINVAL, 1, 8, false }, // a kernel before 4.13
        { 8, -EINVAL, 2, 8, false },
        { 0, -EINVAL, 2, 0, false },
        { 4, -EINVAL, 8, 0, false },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        KvmVm *vm = fake_kvm_new();
        g_autoptr(GError) error = NULL;
        fake_kvm_power(vm)->smt = cases[i].smt;
        fake_kvm_power(vm)->enable = cases[i].refusal;
        g_assert_cmpuint(cores_set_threads(vm, cases[i].threads, 0, &error), ==, cases[i].stride);
        g_assert_cmpint(has_enabled_smt(vm, cases[i].threads), ==, cases[i].enables);
        if (cases[i].stride == 0) {
            g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
            g_assert_true(g_str_has_prefix(error->message, "-smp threads="));
        }
        kvm_vm_close(vm);
    }
}

// -machine vsmt=: as far apart as asked for, or an error.
static void test_cores_apart(void)
{
    static const struct {
        int smt, refusal;
        unsigned apart, stride;
    } cases[] = { { 1, 0, 8, 8 }, { 1, 0, 1, 1 }, { 8, -EINVAL, 8, 8 }, { 8, -EINVAL, 4, 0 },
        { 0, -EINVAL, 2, 0 } };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        KvmVm *vm = fake_kvm_new();
        g_autoptr(GError) error = NULL;
        fake_kvm_power(vm)->smt = cases[i].smt;
        fake_kvm_power(vm)->enable = cases[i].refusal;
        g_assert_cmpuint(cores_set_threads(vm, 1, cases[i].apart, &error), ==, cases[i].stride);
        if (cases[i].stride == 0) {
            g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
            g_assert_true(g_str_has_prefix(error->message, "-machine vsmt="));
        }
        kvm_vm_close(vm);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/vcpu/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("set", test_set);
    ADD("start", test_start);
    ADD("hypercall", test_hypercall);
    ADD("mmio-store", test_mmio_store);
    ADD("mmio-load", test_mmio_load);
    ADD("park-itself", test_park_itself);
    ADD("park-all", test_park_all);
    ADD("park-while-one-starts", test_park_while_one_starts);
    ADD("call-from-outside", test_call_from_outside);
    ADD("call-within", test_call_within);
    ADD("look", test_look);
    ADD("kvm-stats", test_kvm_stats);
    ADD("look-busy", test_look_busy);
    ADD("calls-at-once", test_calls_at_once);
    ADD("call-of-many", test_call_of_many);
    ADD("park-while-calling", test_park_while_calling);
    ADD("free-while-calling", test_free_while_calling);
    ADD("start-by-hypercall", test_start_by_hypercall);
    ADD("join", test_join);
    ADD("prod-first", test_prod_first);
    ADD("join-and-park", test_join_and_park);
    ADD("hold", test_hold);
    ADD("hold-and-park", test_hold_and_park);
    ADD("hold-while-calling", test_hold_while_calling);
    ADD("step-back", test_step_back);
    ADD("thread-ids", test_thread_ids);
    ADD("failures", test_failures);
    ADD("interruptions", test_interruptions);
    ADD("reset", test_reset);
    g_test_add_func("/vcpu/cores", test_cores);
    g_test_add_func("/vcpu/cores-apart", test_cores_apart);
    g_test_add_func("/vcpu/refused", test_refused);
    g_test_add_func("/vcpu/connected", test_connected);
    g_test_add_func("/vcpu/exit-names", test_exit_names);
    return g_test_run();
}
