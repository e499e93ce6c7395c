// FWNMI: what ibm,nmi-register takes, and what a guest finds after a system reset and a machine check.
#include "lparun/bytes.h"
#include "lparun/papr.h"
#include "lparun/rtas_nmi.h"
#include "partition.h"

#define RTAS_BASE 0x80000
#define ON_RESET 0x4000
#define ON_CHECK 0x5000
#define R3 FAKE_VCPU_R3
#define MSR 0x8000000000001000

typedef struct Fixture {
    Partition partition;
    uint64_t rtas;
    unsigned requests;
    RunEvent event;
} Fixture;

static uint64_t find_rtas(void *owner)
{
    return ((Fixture *)owner)->rtas;
}

static void request(void *owner, RunEvent event, const char *text)
{
    Fixture *fixture = owner;
    fixture->requests++;
    fixture->event = event;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    Partition *partition = &fixture->partition;
    const RunAsk ask = { .ask = request, .owner = fixture };
    partition_open(partition, 2);
    const NmiParts parts = {
        .memory = partition->memory, .vcpus = partition->vcpus, .find_rtas = find_rtas, .owner = fixture
    };
    fixture->rtas = RTAS_BASE;
    partition->nmi = rtas_nmi_new(&parts, &ask);
    rtas_nmi_register(partition->rtas, &(RtasParts){ .nmi = partition->nmi });
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    RtasNmi *nmi = fixture->partition.nmi;
    partition_close(&fixture->partition);
    rtas_nmi_free(nmi);
}

static int32_t nmi_register(Fixture *fixture, uint32_t reset, uint32_t check)
{
    uint32_t output[1];
    return partition_rtas(&fixture->partition, "ibm,nmi-register", 1, output, reset, check);
}

static int32_t interlock(Fixture *fixture) // of vCPU 0's
{
    uint32_t output[1];
    return partition_rtas_call(&fixture->partition, "ibm,nmi-interlock", 1, output, NULL, 0);
}

static uint64_t double_at(Fixture *fixture, uint64_t gpa)
{
    be64 value;
    g_assert_true(guest_memory_read(fixture->partition.memory, gpa, &value, sizeof value));
    return be64_get(value);
}

static void test_register(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint64_t rtas;
        uint32_t reset, check;
        int32_t status;
    } cases[] = {
        { 0, ON_RESET, ON_CHECK, -1 },
        { PARTITION_RAM, ON_RESET, ON_CHECK, -1 },
        { PARTITION_RAM - 2048 - 16, ON_RESET, ON_CHECK, -1 }, // room for one vCPU's area
        { UINT64_MAX, ON_RESET, ON_CHECK, -1 },
        { RTAS_BASE, PARTITION_RAM, ON_CHECK, -3 },
        { RTAS_BASE, ON_RESET, PARTITION_RAM, -3 },
        { RTAS_BASE, UINT32_MAX, ON_CHECK, -3 },
        { RTAS_BASE, ON_RESET + 2, ON_CHECK, -3 },
        { RTAS_BASE, ON_RESET, ON_CHECK + 1, -3 },
        { RTAS_BASE, PARTITION_RAM - 4, 0, 0 },
        { PARTITION_RAM - 2048 - 32, ON_RESET, ON_CHECK, 0 },
        { RTAS_BASE, ON_RESET, ON_CHECK, 0 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        fixture->rtas = cases[i].rtas;
        g_assert_cmpint(nmi_register(fixture, cases[i].reset, cases[i].check), ==, cases[i].status);
    }
    g_assert_cmpint(interlock(fixture), ==, -3); // nothing to give back
}

static void run(Fixture *fixture, unsigned index)
{
    const VcpuEntry entry = { .pc = 0x100, .msr = MSR };
    vcpu_start(vcpu_set_at(fixture->partition.vcpus, index), &entry);
}

// Each vCPU has its own place for r3; after a reset of the machine nobody is registered.
static void test_system_reset(Fixture *fixture, gconstpointer data)
{
    VcpuSet *vcpus = fixture->partition.vcpus;
    g_assert_cmpint(nmi_register(fixture, ON_RESET, ON_CHECK), ==, 0);
    run(fixture, 0);
    run(fixture, 1);
    partition_system_reset(&fixture->partition);
    for (unsigned i = 0; i < 2; i++) {
        KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(vcpus, i));
        uint64_t area = RTAS_BASE + 2048 + 16 * i;
        g_assert_cmphex(fake_vcpu_interrupt(vcpu).vector, ==, ON_RESET);
        g_assert_cmphex(fake_vcpu_interrupt(vcpu).msr, ==, MSR);
        g_assert_cmphex(fake_vcpu_r3(vcpu), ==, area);
        g_assert_cmphex(double_at(fixture, area), ==, R3);
    }
    vcpu_set_park_all(vcpus);
    rtas_nmi_reset(fixture->partition.nmi);
    run(fixture, 1);
    partition_system_reset(&fixture->partition);
    g_assert_cmphex(fake_vcpu_interrupt(vcpu_kvm(vcpu_set_at(vcpus, 1))).vector, ==, 0x100);
}

// A vCPU that signals itself: the hypercall's result is what the interrupt saves, and does not follow it.
static void test_reset_of_oneself(Fixture *fixture, gconstpointer data)
{
    static const uint64_t whom[] = { 8, UINT64_MAX };
    Partition *partition = &fixture->partition;
    KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(partition->vcpus, 0));
    PeerCalls *peers = hypercall_own(partition->hypercalls, peer_calls_new(partition->vm, partition->vcpus));
    hypercall_peers_register(partition->hypercalls, &(HypercallParts){ .peers = peers });
    g_assert_cmpint(nmi_register(fixture, ON_RESET, ON_CHECK), ==, 0);
    run(fixture, 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(whom); i++) {
        const FakeExit exit = {
            .reason = KVM_EXIT_PAPR_HCALL, .number = H_SIGNAL_SYS_RESET, .arguments = { whom[i] }
        };
        fake_vcpu_exit(vcpu, &exit);
        g_assert_true(fake_vcpu_wait(vcpu, i + 1));
        partition_await_resets(partition);
        g_assert_cmpuint(fake_vcpu_interrupt(vcpu).count, ==, i + 1);
        g_assert_cmphex(fake_vcpu_r3(vcpu), ==, RTAS_BASE + 2048);
        g_assert_cmphex(double_at(fixture, RTAS_BASE + 2048), ==, H_SUCCESS);
    }
}

static void machine_check(Fixture *fixture, unsigned index, uint16_t flags)
{
    KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, index));
    static unsigned exits;
    fake_vcpu_exit(vcpu, &(FakeExit){ .reason = KVM_EXIT_NMI, .flags = flags });
    g_assert_true(fake_vcpu_wait(vcpu, ++exits));
}

// r3 leads to its old value and the log (arch/powerpc/include/asm/rtas.h has the offsets). A vCPU that has
// one and gets another cannot go on.
static void test_machine_check(Fixture *fixture, gconstpointer data)
{
    KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, 0));
    const uint8_t *log = guest_memory_write_at(fixture->partition.memory, RTAS_BASE + 0x38, 64);
    g_assert_cmpint(nmi_register(fixture, ON_RESET, ON_CHECK), ==, 0);
    run(fixture, 0);
    machine_check(fixture, 0, 1); // KVM has mended it
    g_assert_cmphex(fake_vcpu_interrupt(vcpu).vector, ==, ON_CHECK);
    g_assert_cmphex(fake_vcpu_interrupt(vcpu).cleared, ==, 0);
    g_assert_cmphex(fake_vcpu_r3(vcpu), ==, RTAS_BASE + 0x30);
    g_assert_cmphex(double_at(fixture, RTAS_BASE + 0x30), ==, R3);
    g_assert_cmphex(log[0], ==, 6);
    g_assert_cmphex(log[1], ==, 4 << 5 | 0 << 3 | 1 << 2);
    g_assert_cmphex(log[7], ==, 16 + 40);
    g_assert_cmpint(memcmp(log + 8 + 12, "IBM", 4), ==, 0);
    g_assert_cmpint(memcmp(log + 8 + 16, "MC\0\050", 4), ==, 0);
    g_assert_cmphex(log[8 + 16 + 16], ==, 3); // the kind of error: unknown
    g_assert_cmpint(interlock(fixture), ==, 0);
    g_assert_cmpint(interlock(fixture), ==, -3);
    machine_check(fixture, 0, 3);
    g_assert_cmphex(log[1], ==, 3 << 5 | 2 << 3 | 1 << 2);
    g_assert_cmpuint(fake_vcpu_interrupt(vcpu).count, ==, 2);
    g_assert_cmpuint(fixture->requests, ==, 0);
    machine_check(fixture, 0, 3);
    g_assert_cmpuint(fake_vcpu_interrupt(vcpu).count, ==, 2);
    g_assert_cmpuint(fixture->requests, ==, 1);
    g_assert_cmpint(fixture->event, ==, RUN_PANICKED);
    g_assert_true(vcpu_is_parked(vcpu_set_at(fixture->partition.vcpus, 0)));
}

// Who has not registered gets it as the processor delivers one.
static void test_unregistered(Fixture *fixture, gconstpointer data)
{
    Vcpu *vcpu = vcpu_set_at(fixture->partition.vcpus, 1);
    rtas_nmi_machine_check(fixture->partition.nmi, vcpu, false);
    g_assert_cmphex(fake_vcpu_interrupt(vcpu_kvm(vcpu)).vector, ==, 0x200);
    g_assert_cmphex(fake_vcpu_interrupt(vcpu_kvm(vcpu)).msr, ==, 0x8000000000000000);
    g_assert_cmphex(fake_vcpu_r3(vcpu_kvm(vcpu)), ==, R3);
    g_assert_cmpint(interlock(fixture), ==, -3);
    g_assert_cmpuint(fixture->requests, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/rtas/nmi/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("register", test_register);
    ADD("system-reset", test_system_reset);
    ADD("reset-of-oneself", test_reset_of_oneself);
    ADD("machine-check", test_machine_check);
    ADD("unregistered", test_unregistered);
    return g_test_run();
}
