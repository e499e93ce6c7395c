// -machine cap-...= and -cpu on a KVM of the tests' own: what the guest gets, and what is refused.
#include "capabilities.h"
#include "cpu_options.h"
#include "fake_kvm.h"
#include "lparun/error.h"
#include <string.h>

#define BIT(number) (1ULL << (63 - (number)))
// As Linux names them (asm/hvcall.h).
#define ORI31 BIT(0)
#define SERIALISED BIT(1)
#define FLUSHES (BIT(2) | BIT(3))
#define PRIVATE BIT(4)
#define DISABLED BIT(7)
#define ASSIST BIT(9)
#define SECURE BIT(0)
#define FLUSH BIT(1)
#define CHECK BIT(2)
#define COUNT BIT(5)

// Hosts: what KVM says of them, and what that is in QEMU's words.
static const KvmCpuCharacteristics unknown = { 0 };
static const KvmCpuCharacteristics leaky = { FLUSHES | PRIVATE | ORI31 | ASSIST, UINT64_MAX,
    SECURE | FLUSH | CHECK | COUNT, UINT64_MAX };
static const KvmCpuCharacteristics mended = { PRIVATE | DISABLED, UINT64_MAX, SECURE, UINT64_MAX };
static const KvmCpuCharacteristics serial = { SERIALISED, UINT64_MAX, SECURE, UINT64_MAX };
static const KvmCpuCharacteristics needless = { 0, UINT64_MAX, SECURE, UINT64_MAX };

#define ALL(level, branch, assist)                                                                           \
    {                                                                                                        \
        MITIGATION_##level, MITIGATION_##level, MITIGATION_##branch, MITIGATION_##assist                     \
    }

static void test_answers(void)
{
    static const struct {
        const KvmCpuCharacteristics *host;
        Mitigations asked;
        uint64_t character, behaviour;
    } cases[] = {
        // What the host has, as it has it.
        { &leaky, { 0 }, FLUSHES | PRIVATE | ORI31 | ASSIST, SECURE | FLUSH | CHECK | COUNT },
        { &leaky, ALL(WORKAROUND, WORKAROUND, ON), FLUSHES | PRIVATE | ORI31 | ASSIST,
            SECURE | FLUSH | CHECK | COUNT },
        { &mended, ALL(FIXED, FIXED_CCD, OFF), PRIVATE | DISABLED, SECURE },
        { &serial, { .branch = MITIGATION_FIXED_IBS }, SERIALISED, SECURE },
        { &needless, { .branch = MITIGATION_FIXED_NA }, 0, SECURE },
        // Less than that.
        { &leaky, ALL(BROKEN, BROKEN, OFF), 0, SECURE | FLUSH | CHECK },
        { &unknown, ALL(BROKEN, BROKEN, OFF), 0, SECURE | FLUSH | CHECK },
        { &mended, ALL(WORKAROUND, WORKAROUND, OFF), FLUSHES | PRIVATE | ORI31,
            SECURE | FLUSH | CHECK | COUNT },
        { &leaky, { .cache = MITIGATION_BROKEN }, ORI31 | ASSIST, SECURE | FLUSH | CHECK | COUNT },
        { &leaky, { .barrier = MITIGATION_BROKEN }, FLUSHES | PRIVATE | ASSIST,
            SECURE | FLUSH | CHECK | COUNT },
        { &leaky, { .assist = MITIGATION_OFF }, FLUSHES | PRIVATE | ORI31, SECURE | FLUSH | CHECK | COUNT },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        MitigationAnswer answer;
        bool done = mitigations_resolve(cases[i].host, &cases[i].asked, false, &answer, &error);
        g_assert_no_error(error);
        g_assert_true(done);
        g_assert_cmphex(answer.character, ==, cases[i].character);
        g_assert_cmphex(answer.behaviour, ==, cases[i].behaviour);
    }
}

#define HAS(word) ": this host's KVM has " word "; give that, or leave it out"

static void test_refused_answers(void)
{
    static const struct {
        const KvmCpuCharacteristics *host;
        Mitigations asked;
        const char *message;
    } cases[] = {
        { &leaky, { .cache = MITIGATION_FIXED }, "-machine cap-cfpc=fixed" HAS("workaround") },
        { &unknown, { .cache = MITIGATION_WORKAROUND }, "-machine cap-cfpc=workaround" HAS("broken") },
        { &unknown, { .branch = MITIGATION_FIXED_NA }, "-machine cap-ibs=fixed-na" HAS("broken") },
        { &mended, { .branch = MITIGATION_FIXED_IBS }, "-machine cap-ibs=fixed-ibs" HAS("fixed-ccd") },
        { &mended, { .branch = MITIGATION_FIXED_NA }, "-machine cap-ibs=fixed-na" HAS("fixed-ccd") },
        { &serial, { .assist = MITIGATION_ON }, "-machine cap-ccf-assist=on" HAS("off") },
        { &unknown, ALL(FIXED, FIXED_CCD, OFF),
            "-machine cap-cfpc=fixed" HAS("broken") "\n-machine cap-sbbc=fixed" HAS(
                "broken") "\n"
                          "-machine cap-ibs=fixed-ccd" HAS("broken") },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        MitigationAnswer answer;
        g_assert_false(mitigations_resolve(cases[i].host, &cases[i].asked, false, &answer, &error));
        g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

// A POWER8's caches are a thread's own though nothing says so.
static void test_power8_caches(void)
{
    const KvmCpuCharacteristics host = { FLUSHES, UINT64_MAX, SECURE | FLUSH, UINT64_MAX };
    const Mitigations asked = { .cache = MITIGATION_WORKAROUND };
    MitigationAnswer answer;
    g_assert_true(mitigations_resolve(&host, &asked, true, &answer, NULL));
    g_assert_cmphex(answer.character, ==, FLUSHES);
    g_assert_false(mitigations_resolve(&host, &asked, false, &answer, NULL));
}

// --- What the tree has.

static Cpus power10(void)
{
    Cpus cpus = { .name = "PowerPC,POWER10", .isa = 310, .decrementer_bits = 56 };
    cpus.hash.sps[0].page_shift = 12;
    cpus.hash.sps[0].enc[0].page_shift = 12;
    cpus.hash.sps[0].enc[1].page_shift = 16;
    cpus.hash.sps[1].page_shift = 24;
    cpus.hash.sps[1].enc[0].page_shift = 24;
    return cpus;
}

static void test_cpus(void)
{
    KvmVm *vm = fake_kvm_new();
    Cpus cpus = power10();
    const Capabilities nothing = { 0 };
    g_assert_true(capabilities_cpus(&nothing, vm, &cpus, NULL));
    g_assert_cmpuint(cpus.decrementer_bits, ==, 56);
    g_assert_false(cpus.has_dawr1 || cpus.without_dfp || cpus.without_vsx);
    g_assert_cmpuint(cpus_largest_page(&cpus), ==, 24);
    const Capabilities all = { .vsx = CAPABILITY_OFF,
        .dfp = CAPABILITY_OFF,
        .large_decrementer = CAPABILITY_OFF,
        .dawr1 = CAPABILITY_ON,
        .ail_3 = CAPABILITY_ON,
        .fwnmi = CAPABILITY_ON,
        .hash_page = 65536 };
    g_autoptr(GError) error = NULL;
    g_assert_true(capabilities_cpus(&all, vm, &cpus, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(cpus.decrementer_bits, ==, 0);
    g_assert_true(cpus.has_dawr1 && cpus.without_dfp && cpus.without_vsx);
    g_assert_cmpuint(cpus_largest_page(&cpus), ==, 16);
    g_assert_cmpuint(fake_kvm_power(vm)->enabled[0].capability, ==, KVM_CAP_PPC_DAWR1);
    kvm_vm_close(vm);
}

static void test_refused_cpus(void)
{
    KvmVm *vm = fake_kvm_new();
    Cpus cpus = power10();
    g_autoptr(GError) error = NULL;
    FakeKvmPower *power = fake_kvm_power(vm);
    power->missing[0] = KVM_CAP_PPC_AIL_MODE_3;
    power->missing[1] = KVM_CAP_PPC_FWNMI;
    cpus.decrementer_bits = 0;
    cpus.isa = 300;
    const Capabilities asked = { .large_decrementer = CAPABILITY_ON,
        .dawr1 = CAPABILITY_ON,
        .ail_3 = CAPABILITY_ON,
        .fwnmi = CAPABILITY_ON,
        .hash_page = 1 << 25 };
    g_assert_false(capabilities_cpus(&asked, vm, &cpus, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==,
        "-machine cap-large-decr=on: this host's KVM has no large decrementer; give off, or leave it out\n"
        "-machine cap-ail-mode-3=on: this host's KVM has no interrupts with the MMU on; give off, or leave "
        "it out\n"
        "-machine cap-fwnmi=on: this host's KVM hands no machine checks to guests; give off, or leave it "
        "out\n"
        "-machine cap-dawr1=on: this host's KVM has no second watchpoint register; give off, or leave it "
        "out\n"
        "-machine cap-hpt-max-page-size: this host's KVM has pages of up to 16384 KiB there; give that, or "
        "leave it out");
    kvm_vm_close(vm);
}

// A guest that asks nothing gets the host's answer, and no copy of it.
static void test_held(void)
{
    KvmVm *vm = fake_kvm_new();
    Cpus cpus = power10();
    Capabilities asked = { 0 };
    MitigationAnswer answer;
    bool held = true;
    g_assert_true(capabilities_mitigations(&asked, vm, &cpus, &answer, &held, NULL));
    g_assert_false(held);
    asked.mitigations.assist = CAPABILITY_OFF;
    fake_kvm_power(vm)->character = ASSIST | ORI31;
    g_assert_true(capabilities_mitigations(&asked, vm, &cpus, &answer, &held, NULL));
    g_assert_true(held);
    g_assert_cmphex(answer.character, ==, ORI31);
    kvm_vm_close(vm);
}

// --- -cpu.

static void test_level(void)
{
    static const struct {
        const char *asked, *host, *max, *level; // level "": refused
        uint32_t newest;                        // that KVM takes
    } cases[] = {
        { NULL, "PowerPC,POWER9", NULL, NULL, 0x0f000005 },
        { "power9", "PowerPC,POWER9", NULL, NULL, 0x0f000005 },
        { "power8", "PowerPC,POWER9", NULL, "power8", 0x0f000005 },
        { "power8", "PowerPC,POWER8", NULL, NULL, 0x0f000004 },
        { "power9", "PowerPC,POWER9", "power8", "power8", 0x0f000005 },
        { "power10", "PowerPC,POWER11", NULL, "power10", 0x0f000007 },
        { "power10", "PowerPC,POWER9", NULL, "", 0x0f000005 },
        { "power9", "PowerPC,POWER8", NULL, "", 0x0f000004 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        KvmVm *vm = fake_kvm_new();
        VcpuSet *set = vcpu_set_new(vm, NULL, NULL, NULL);
        g_assert_true(vcpu_set_add(set, 0, NULL, NULL));
        fake_kvm_power(vm)->newest_compat = cases[i].newest;
        const CpuOptions cpu = { .name = (char *)"X",
            .level = cases[i].asked ? compat_find(cases[i].asked) : NULL };
        const CompatLevel *max = cases[i].max ? compat_find(cases[i].max) : NULL, *level;
        g_autoptr(GError) error = NULL;
        bool done = cpu_options_level(&cpu, cases[i].host, vcpu_set_at(set, 0), max, &level, &error);
        g_assert_cmpint(done, ==, g_strcmp0(cases[i].level, "") != 0);
        if (done)
            g_assert_cmpstr(level ? level->name : NULL, ==, cases[i].level);
        else
            g_assert_true(g_str_has_prefix(error->message, "-cpu X: this host has a power"));
        vcpu_set_free(set);
        kvm_vm_close(vm);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capabilities/answers", test_answers);
    g_test_add_func("/capabilities/refused-answers", test_refused_answers);
    g_test_add_func("/capabilities/power8-caches", test_power8_caches);
    g_test_add_func("/capabilities/cpus", test_cpus);
    g_test_add_func("/capabilities/refused-cpus", test_refused_cpus);
    g_test_add_func("/capabilities/held", test_held);
    g_test_add_func("/capabilities/level", test_level);
    return g_test_run();
}
