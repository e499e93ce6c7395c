// The table of hypercalls, those about the processor, and those by which processors deal with one another.
#include "lparun/bytes.h"
#include "lparun/papr.h"
#include "partition.h"
#include <errno.h>

static void set_up(Partition *partition, gconstpointer data)
{
    partition_open(partition, 2);
}

static void tear_down(Partition *partition, gconstpointer data)
{
    partition_close(partition);
}

// --- The table.

static int64_t echo(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    ++*(unsigned *)owner;
    for (unsigned i = 0; i < 9; i++)
        arguments[i] += i;
    return (int64_t)vcpu_id(vcpu);
}

typedef struct Count {
    const char *name;
    uint64_t count;
} Count;

static void find_count(const char *name, uint64_t count, void *data)
{
    Count *wanted = data;
    if (g_str_equal(name, wanted->name))
        wanted->count += count;
}

static uint64_t count_of(Partition *partition, const char *name)
{
    Count wanted = { .name = name };
    hypercall_counts(partition->hypercalls, find_count, &wanted);
    return wanted.count;
}

static void test_dispatch(Partition *partition, gconstpointer data)
{
    unsigned first = 0, last = 0, private = 0;
    hypercall_register(partition->hypercalls, 4, "FIRST", echo, &first);
    hypercall_register(partition->hypercalls, H_LAST, "LAST", echo, &last);
    hypercall_register(partition->hypercalls, KVMPPC_H_LAST, "PRIVATE", echo, &private);
    g_assert_cmpint(partition_call(partition, 4, 10, 20, 30, 40, 50, 60, 70, 80, 90), ==, 8);
    for (unsigned i = 0; i < 9; i++)
        g_assert_cmpuint(partition->arguments[i], ==, 10 * (i + 1) + i);
    partition_call(partition, H_LAST, 0);
    partition_call(partition, KVMPPC_H_LAST, 0);
    uint64_t arguments[9] = { 0 };
    Vcpu *other = vcpu_set_at(partition->vcpus, 1);
    g_assert_cmpint(hypercall_dispatch(partition->hypercalls, other, KVMPPC_H_LAST, arguments), ==, 9);
    g_assert_cmpuint(first, ==, 1);
    g_assert_cmpuint(last, ==, 1);
    g_assert_cmpuint(private, ==, 2);
    g_assert_cmpuint(count_of(partition, "FIRST"), ==, 1);
    g_assert_cmpuint(count_of(partition, "PRIVATE"), ==, 2); // of both vCPUs
    g_assert_cmpuint(count_of(partition, "unknown"), ==, 0);
}

// PAPR+ 14.5.3: H_FUNCTION for what is not there.
static void test_unknown(Partition *partition, gconstpointer data)
{
    static const uint64_t numbers[] = { 0, 1, 2, 3, 5, 8, 0x3d, 0x54, H_LAST - 1, H_LAST, H_LAST + 4, 0xefff,
        0xf00f, 0xf010, 0xf804, 1ULL << 32, (1ULL << 32) + 4, (1ULL << 34) | 0xf000, UINT64_MAX,
        UINT64_MAX - 3 };
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_assert_cmpint(partition_call(partition, numbers[i], 1, 2, 3), ==, -2);
        g_assert_cmpuint(partition->arguments[1], ==, 2);
    }
    g_assert_cmpuint(count_of(partition, "unknown"), ==, G_N_ELEMENTS(numbers));
}

// --- H_SET_MODE (guest-interface 3.2).

#define ILE (1ULL << 25)
#define AIL3 (3ULL << 23)
#define OTHER_BITS 0x40000000540413ULL

static void assert_lpcr(Partition *partition, uint64_t lpcr)
{
    for (unsigned i = 0; i < 2; i++)
        g_assert_cmphex(fake_vcpu_reg(vcpu_kvm(vcpu_set_at(partition->vcpus, i)), KVM_PPC_LPCR), ==, lpcr);
}

static void test_set_mode(Partition *partition, gconstpointer data)
{
    hypercall_cpu_register(
        partition->hypercalls, &(HypercallParts){ .vm = partition->vm, .vcpus = partition->vcpus });
    for (unsigned i = 0; i < 2; i++)
        fake_vcpu_set_reg(vcpu_kvm(vcpu_set_at(partition->vcpus, i)), KVM_PPC_LPCR, OTHER_BITS);
    // As Linux does: interrupts with relocation on, then little-endian ones. On all vCPUs.
    g_assert_cmpint(partition_call(partition, 0x31c, 3, 3, 0, 0), ==, 0);
    assert_lpcr(partition, OTHER_BITS | AIL3);
    g_assert_cmpint(partition_call(partition, 0x31c, 1, 4, 0, 0), ==, 0);
    assert_lpcr(partition, OTHER_BITS | AIL3 | ILE);
    g_assert_cmpint(partition_call(partition, 0x31c, 0, 3, 0, 0), ==, 0);
    assert_lpcr(partition, OTHER_BITS | ILE);
    g_assert_cmpint(partition_call(partition, 0x31c, 0, 4, 0, 0), ==, 0);
    assert_lpcr(partition, OTHER_BITS);
}

static void test_set_mode_wrong(Partition *partition, gconstpointer data)
{
    hypercall_cpu_register(
        partition->hypercalls, &(HypercallParts){ .vm = partition->vm, .vcpus = partition->vcpus });
    static const struct {
        uint64_t mode, resource, value1, value2;
        int64_t result;
    } calls[] = {
        { 0, 0, 0, 0, -55 }, // P2: no such resource
        { 0, 6, 0, 0, -55 },
        { 0, UINT64_MAX, 0, 0, -55 },
        { 1, 1ULL << 32 | 4, 0, 0, -55 },
        { 1, 4, 1, 0, -56 }, // P3
        { 1, 4, 0, 1, -57 }, // P4
        { 3, 3, 1, 0, -56 },
        { 3, 3, 0, 1, -57 },
        { 2, 4, 0, 0, -256 }, // H_UNSUPPORTED_FLAG
        { 1ULL << 32, 4, 0, 0, -256 },
        { 1, 3, 0, 0, -256 },
        { 2, 3, 0, 0, -256 },
        { 4, 3, 0, 0, -256 },
        { UINT64_MAX, 3, 0, 0, -256 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++)
        g_assert_cmpint(partition_call(partition, 0x31c, calls[i].mode, calls[i].resource, calls[i].value1,
                            calls[i].value2),
            ==, calls[i].result);
    assert_lpcr(partition, 0);
    fake_vcpu_refuse_regs(vcpu_kvm(vcpu_set_at(partition->vcpus, 1)));
    g_assert_cmpint(partition_call(partition, 0x31c, 1, 4, 0, 0), ==, -1); // one vCPU could not
}

// A KVM that cannot deliver interrupts with relocation on (kvm-ppc-abi 1.4).
static void test_set_mode_without_ail(Partition *partition, gconstpointer data)
{
    fake_kvm_power(partition->vm)->missing[0] = 210; // KVM_CAP_PPC_AIL_MODE_3
    hypercall_cpu_register(
        partition->hypercalls, &(HypercallParts){ .vm = partition->vm, .vcpus = partition->vcpus });
    g_assert_cmpint(partition_call(partition, 0x31c, 3, 3, 0, 0), ==, -256);
    assert_lpcr(partition, 0);
    g_assert_cmpint(partition_call(partition, 0x31c, 0, 3, 0, 0), ==, 0);
    g_assert_cmpint(partition_call(partition, 0x31c, 1, 4, 0, 0), ==, 0);
    assert_lpcr(partition, ILE);
}

// --- What the kernel is asked to serve (kvm-ppc-abi 2.2).

static bool is_enabled(Partition *partition, uint64_t number)
{
    const FakeKvmPower *power = fake_kvm_power(partition->vm);
    for (unsigned i = 0; i < power->enabled_count; i++)
        if (power->enabled[i].capability == KVM_CAP_PPC_ENABLE_HCALL && power->enabled[i].argument0 == number)
            return power->enabled[i].argument1 == 1;
    return false;
}

static void test_in_kernel(Partition *partition, gconstpointer data)
{
    fake_kvm_power(partition->vm)->refused_hypercall = 0x10; // no reason to stop
    hypercall_cpu_register(
        partition->hypercalls, &(HypercallParts){ .vm = partition->vm, .vcpus = partition->vcpus });
    hypercall_page_register(
        partition->hypercalls, &(HypercallParts){ .vm = partition->vm, .memory = partition->memory });
    g_assert_true(is_enabled(partition, 0x31c));
    g_assert_true(is_enabled(partition, 0x300));
    g_assert_false(is_enabled(partition, 0x10));
    g_assert_true(is_enabled(partition, 0x14));
    g_assert_true(is_enabled(partition, 0x2c));
    hypercall_kernel_register(partition->hypercalls, &(HypercallParts){ .vm = partition->vm });
    g_assert_true(is_enabled(partition, 0x138));
    g_assert_true(is_enabled(partition, 0x13c));
}

static void test_not_in_kernel(Partition *partition, gconstpointer data)
{
    FakeKvmPower *power = fake_kvm_power(partition->vm);
    power->missing[0] = KVM_CAP_PPC_HWRNG;
    hypercall_cpu_register(
        partition->hypercalls, &(HypercallParts){ .vm = partition->vm, .vcpus = partition->vcpus });
    g_assert_false(is_enabled(partition, 0x300));
    power->missing[1] = KVM_CAP_SPAPR_MULTITCE;
    hypercall_kernel_register(partition->hypercalls, &(HypercallParts){ .vm = partition->vm });
    g_assert_false(is_enabled(partition, 0x138));
}

static void test_characteristics_and_random(Partition *partition, gconstpointer data)
{
    hypercall_cpu_register(
        partition->hypercalls, &(HypercallParts){ .vm = partition->vm, .vcpus = partition->vcpus });
    FakeKvmPower *power = fake_kvm_power(partition->vm);
    power->character = 0x8000000000000001ULL;
    power->behaviour = 0x4000000000000002ULL;
    g_assert_cmpint(partition_call(partition, 0x1c8, UINT64_MAX), ==, 0);
    g_assert_cmphex(partition->arguments[0], ==, 0x8000000000000001ULL);
    g_assert_cmphex(partition->arguments[1], ==, 0x4000000000000002ULL);
    power->characteristics = -ENOTTY;
    g_assert_cmpint(partition_call(partition, 0x1c8, 0), ==, -2); // Linux then assumes the worst
    uint64_t values[3];
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpint(partition_call(partition, 0x300, 0), ==, 0);
        values[i] = partition->arguments[0];
    }
    g_assert_false(values[0] == values[1] && values[1] == values[2]);
}

// -machine cap-...=: what the guest is told instead, though this KVM says nothing; and interrupts with the
// MMU off.
static void test_held_to_less(Partition *partition, gconstpointer data)
{
    static const MitigationAnswer answer = { 0x1234, 0x5678 };
    hypercall_cpu_register(partition->hypercalls,
        &(HypercallParts){
            .vm = partition->vm, .vcpus = partition->vcpus, .mitigations = &answer, .without_ail_3 = true });
    fake_kvm_power(partition->vm)->characteristics = -ENOTTY;
    g_assert_cmpint(partition_call(partition, 0x1c8, 0), ==, 0);
    g_assert_cmphex(partition->arguments[0], ==, 0x1234);
    g_assert_cmphex(partition->arguments[1], ==, 0x5678);
    g_assert_cmpint(partition_call(partition, 0x31c, 3, 3, 0, 0), ==, -256);
    g_assert_cmpint(partition_call(partition, 0x31c, 0, 3, 0, 0), ==, 0);
}

// A system reset interrupt goes to the vCPUs that run, in the byte order of the guest's interrupts.
static void test_system_reset(Partition *partition, gconstpointer data)
{
    const VcpuEntry entry = { .pc = 0x100, .msr = MSR_SF | MSR_ME };
    KvmVcpu *running = vcpu_kvm(vcpu_set_at(partition->vcpus, 1));
    KvmVcpu *parked = vcpu_kvm(vcpu_set_at(partition->vcpus, 0));
    vcpu_start(vcpu_set_at(partition->vcpus, 1), &entry);
    partition_system_reset(partition);
    FakeInterrupt interrupt = fake_vcpu_interrupt(running);
    g_assert_cmpuint(interrupt.count, ==, 1);
    g_assert_cmphex(interrupt.vector, ==, 0x100);
    g_assert_cmphex(interrupt.msr, ==, 0x8000000000001000);
    g_assert_cmphex(interrupt.cleared, ==, 0x783f0000);
    g_assert_cmpuint(fake_vcpu_interrupt(parked).count, ==, 0);
    vcpu_set_park_all(partition->vcpus);
    fake_vcpu_set_reg(running, KVM_PPC_LPCR, 0x2000000); // ILE
    vcpu_start(vcpu_set_at(partition->vcpus, 1), &entry);
    partition_system_reset(partition);
    g_assert_cmphex(fake_vcpu_interrupt(running).msr, ==, 0x8000000000001001);
}

// --- Processors and one another.

static FakeAnswer call_on(Partition *partition, unsigned index, unsigned exits, uint64_t number, uint64_t r4)
{
    KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(partition->vcpus, index));
    const FakeExit exit = { .reason = KVM_EXIT_PAPR_HCALL, .number = number, .arguments = { r4 } };
    fake_vcpu_exit(vcpu, &exit);
    g_assert_true(fake_vcpu_wait(vcpu, exits));
    return fake_vcpu_answer(vcpu);
}

static PeerCalls *start_both(Partition *partition)
{
    const VcpuEntry entry = { .pc = 0x100, .msr = MSR_SF | MSR_ME };
    PeerCalls *calls = hypercall_own(partition->hypercalls, peer_calls_new(partition->vm, partition->vcpus));
    hypercall_peers_register(partition->hypercalls, &(HypercallParts){ .peers = calls });
    for (unsigned i = 0; i < 2; i++)
        g_assert_true(vcpu_start(vcpu_set_at(partition->vcpus, i), &entry));
    return calls;
}

// vCPU 8 joins and waits, 9 is the last and prods it. From then on the kernel may keep no prod to itself,
// until the next reset.
static void test_join(Partition *partition, gconstpointer data)
{
    const FakeKvmPower *power = fake_kvm_power(partition->vm);
    PeerCalls *calls = start_both(partition);
    peer_calls_reset(calls);
    g_assert_cmpuint(power->enabled_count, ==, 0);
    g_assert_cmpint((int64_t)call_on(partition, 0, 1, 0x298, 0).result, ==, 0);
    g_assert_cmpuint(power->enabled_count, ==, 1);
    g_assert_cmphex(power->enabled[0].argument0, ==, 0xe8);
    g_assert_cmpuint(power->enabled[0].argument1, ==, 0);
    g_assert_cmpint((int64_t)call_on(partition, 1, 1, 0x298, 0).result, ==, 18); // H_CONTINUE
    g_assert_cmpint((int64_t)call_on(partition, 1, 2, 0xe8, 8).result, ==, 0);
    g_assert_true(fake_vcpu_wait_idle(vcpu_kvm(vcpu_set_at(partition->vcpus, 0))));
    g_assert_cmpuint(power->enabled_count, ==, 1);
    fake_vcpu_set_msr(vcpu_kvm(vcpu_set_at(partition->vcpus, 1)), 0x8000000000009000); // EE
    g_assert_cmpint((int64_t)call_on(partition, 1, 3, 0x298, 0).result, ==, -5);       // H_BAD_MODE
    peer_calls_reset(calls);
    g_assert_cmpuint(power->enabled_count, ==, 2);
    g_assert_cmphex(power->enabled[1].argument0, ==, 0xe8);
    g_assert_cmpuint(power->enabled[1].argument1, ==, 1);
}

static void test_prod_and_confer(Partition *partition, gconstpointer data)
{
    start_both(partition);
    static const uint64_t nobody[] = { 0, 10, UINT64_MAX - 1, 1ULL << 32 | 8 };
    for (unsigned i = 0; i < G_N_ELEMENTS(nobody); i++) {
        g_assert_cmpint(partition_call(partition, 0xe8, nobody[i]), ==, -4);
        g_assert_cmpint(partition_call(partition, 0xe4, nobody[i], 0), ==, -4);
    }
    g_assert_cmpint(partition_call(partition, 0xe8, UINT64_MAX), ==, -4);
    g_assert_cmpint(partition_call(partition, 0xe4, UINT64_MAX, 0), ==, 0);
    g_assert_cmpint(partition_call(partition, 0xe4, 9, 0), ==, 0);
    g_assert_cmpint(partition_call(partition, 0xe8, 9), ==, 0);
    g_assert_cmpint((int64_t)call_on(partition, 1, 1, 0x298, 0).result, ==, 0);
    g_assert_true(fake_vcpu_wait_idle(vcpu_kvm(vcpu_set_at(partition->vcpus, 1)))); // it did not wait
}

static void assert_resets(Partition *partition, unsigned first, unsigned second)
{
    partition_await_resets(partition);
    g_assert_cmpuint(fake_vcpu_interrupt(vcpu_kvm(vcpu_set_at(partition->vcpus, 0))).count, ==, first);
    g_assert_cmpuint(fake_vcpu_interrupt(vcpu_kvm(vcpu_set_at(partition->vcpus, 1))).count, ==, second);
}

static void test_signal_system_reset(Partition *partition, gconstpointer data)
{
    start_both(partition);
    static const uint64_t nobody[] = { 0, 10, UINT64_MAX - 2, 1ULL << 32 | 8, INT64_MAX };
    unsigned exits = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(nobody); i++)
        g_assert_cmpint((int64_t)call_on(partition, 0, ++exits, 0x380, nobody[i]).result, ==, -4);
    assert_resets(partition, 0, 0);
    g_assert_cmpint((int64_t)call_on(partition, 0, ++exits, 0x380, 9).result, ==, 0);
    assert_resets(partition, 0, 1);
    g_assert_cmpint((int64_t)call_on(partition, 0, ++exits, 0x380, 8).result, ==, 0);
    assert_resets(partition, 1, 1);
    g_assert_cmpint((int64_t)call_on(partition, 0, ++exits, 0x380, UINT64_MAX).result, ==, 0);
    assert_resets(partition, 2, 2);
    g_assert_cmpint((int64_t)call_on(partition, 0, ++exits, 0x380, UINT64_MAX - 1).result, ==, 0);
    assert_resets(partition, 2, 3);
    // It reaches one that has joined, too, and takes it out.
    g_assert_cmpint((int64_t)call_on(partition, 1, 1, 0x298, 0).result, ==, 0);
    g_assert_cmpint((int64_t)call_on(partition, 0, ++exits, 0x380, 9).result, ==, 0);
    assert_resets(partition, 2, 4);
    g_assert_true(fake_vcpu_wait_idle(vcpu_kvm(vcpu_set_at(partition->vcpus, 1))));
}

// The first call is on the timeline, until a reset, and no other.
static void test_timeline(Partition *partition, gconstpointer data)
{
    Timeline *timeline = timeline_new();
    uint64_t count = 0;
    hypercall_register(partition->hypercalls, 4, "FIRST", echo, &count);
    hypercall_register(partition->hypercalls, 8, "SECOND", echo, &count);
    hypercall_mark(partition->hypercalls, 4, timeline, TIMELINE_CONSOLE);
    hypercall_mark(partition->hypercalls, 8, timeline, TIMELINE_CAS);
    partition_call(partition, 8, 0);
    g_assert_cmpint(timeline->marks[TIMELINE_CONSOLE].at, ==, 0);
    gint64 first = timeline->marks[TIMELINE_CAS].at;
    g_assert_cmpint(first, >, 0);
    g_usleep(10);
    partition_call(partition, 8, 0);
    g_assert_cmpint(timeline->marks[TIMELINE_CAS].at, ==, first);
    g_assert_true(timeline_part.reset(timeline, NULL));
    g_assert_cmpint(timeline->marks[TIMELINE_CAS].at, ==, 0);
    partition_call(partition, 8, 0);
    g_assert_cmpint(timeline->marks[TIMELINE_CAS].at, >, first);
    timeline_free(timeline);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/hypercalls/" name, Partition, NULL, set_up, test, tear_down)
    ADD("dispatch", test_dispatch);
    ADD("timeline", test_timeline);
    ADD("unknown", test_unknown);
    ADD("set-mode", test_set_mode);
    ADD("set-mode-wrong", test_set_mode_wrong);
    ADD("set-mode-without-ail", test_set_mode_without_ail);
    ADD("in-kernel", test_in_kernel);
    ADD("not-in-kernel", test_not_in_kernel);
    ADD("characteristics-and-random", test_characteristics_and_random);
    ADD("held-to-less", test_held_to_less);
    ADD("system-reset", test_system_reset);
    ADD("join", test_join);
    ADD("prod-and-confer", test_prod_and_confer);
    ADD("signal-system-reset", test_signal_system_reset);
    return g_test_run();
}
