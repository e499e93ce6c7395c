// ibm,client-architecture-support: reading what a guest wishes, what it gets, and the tree that comes back
// (guest-interface 1.8, 1.9).
#include "cas_vectors.h"
#include "lparun/bytes.h"
#include "lparun/cas.h"
#include "lparun/error.h"
#include "lparun/mmu.h"
#include "lparun/papr.h"
#include "partition.h"
#include <errno.h>
#include <libfdt.h>

#define VECTORS 0x4000
#define ANSWER 0x10000
#define ROOM 0x20000
#define TREE_SIZE 100 // of the stand-in for a tree

#define POWER8 0x0f000004
#define POWER9 0x0f000005
#define POWER10 0x0f000006
#define POWER11 0x0f000007

typedef struct Fixture {
    Partition partition;
    FakeKvmPower *power;
    InterruptController *interrupts;
    Mmu *mmu;
    Cas *cas;
    uint8_t affinity;
    bool small_decrementer; // there is no large one
    unsigned placed;
    uint64_t room;
    bool placed_radix; // what the tree would say
    bool placed_xive;
    Negotiated placed_for;
} Fixture;

static bool place_tree(void *owner, uint64_t address, uint64_t room)
{
    Fixture *fixture = owner;
    uint8_t tree[TREE_SIZE];
    memset(tree, 0xdd, sizeof tree);
    fixture->placed++;
    fixture->room = room;
    fixture->placed_radix = mmu_is_radix(fixture->mmu);
    fixture->placed_xive = interrupt_controller_is_xive(fixture->interrupts);
    fixture->placed_for = *cas_negotiated(fixture->cas);
    return room >= sizeof tree && guest_memory_write(fixture->partition.memory, address, tree, sizeof tree);
}

// A machine of this MMU mode and -machine max-cpu-compat=; its KVM as fixture->power has it.
static void make(Fixture *fixture, MmuMode mode, const char *max)
{
    static const CasOps ops = { .place_tree = place_tree };
    Partition *partition = &fixture->partition;
    fixture->mmu = mmu_new(partition->vm, mode, 0, PARTITION_RAM, NULL);
    g_assert_nonnull(fixture->mmu);
    CasParts parts = { partition->memory, partition->vcpus, fixture->mmu, fixture->interrupts,
        fixture->affinity, !fixture->small_decrementer };
    fixture->cas = cas_new(&parts, max ? compat_find(max) : NULL, &ops, fixture, NULL);
    g_assert_nonnull(fixture->cas);
    hypercall_cas_register(partition->hypercalls, &(HypercallParts){ .cas = fixture->cas });
    g_assert_true(mmu_reset(fixture->mmu, partition->vcpus, NULL));
    g_assert_true(cas_reset(fixture->cas, NULL));
}

#define OTHER_LPCR 0x40000000540413ULL

static void set_up(Fixture *fixture, gconstpointer data)
{
    partition_open(&fixture->partition, 2);
    for (unsigned i = 0; i < 2; i++)
        fake_vcpu_set_reg(vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, i)), KVM_PPC_LPCR, OTHER_LPCR);
    fixture->power = fake_kvm_power(fixture->partition.vm);
    fixture->power->newest_compat = POWER9; // a POWER9 host
    fixture->interrupts = interrupt_controller_new(fixture->partition.vm, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    cas_free(fixture->cas);
    mmu_free(fixture->mmu);
    interrupt_controller_free(fixture->interrupts);
    partition_close(&fixture->partition);
}

static int64_t ask_with(Fixture *fixture, const CasVectors *vectors, uint64_t answer, uint64_t size)
{
    g_autoptr(GByteArray) bytes = cas_vectors_bytes(vectors);
    guest_memory_write(fixture->partition.memory, VECTORS, bytes->data, bytes->len);
    return partition_call(&fixture->partition, KVMPPC_H_CAS, VECTORS, answer, size);
}

static int64_t ask(Fixture *fixture, const CasVectors *vectors)
{
    return ask_with(fixture, vectors, ANSWER, ROOM);
}

static uint64_t compat_of(Fixture *fixture, unsigned vcpu)
{
    return fake_vcpu_reg(vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, vcpu)), KVM_PPC_COMPAT);
}

static void assert_compat(Fixture *fixture, uint32_t pvr)
{
    const CompatLevel *level = cas_negotiated(fixture->cas)->compat;
    g_assert_cmphex(level ? level->pvr : 0, ==, pvr);
    bool large = pvr != POWER8 && !fixture->small_decrementer;
    for (unsigned i = 0; i < 2; i++) {
        KvmVcpu *vcpu = vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, i));
        g_assert_cmphex(compat_of(fixture, i), ==, pvr);
        g_assert_cmphex(fake_vcpu_reg(vcpu, KVM_PPC_LPCR), ==, OTHER_LPCR | (large ? LPCR_LD : 0));
    }
}

static void assert_mmu(Fixture *fixture, bool radix, bool gtse)
{
    const uint8_t *vector = cas_negotiated(fixture->cas)->vector5;
    g_assert_cmpint(mmu_is_radix(fixture->mmu), ==, radix);
    g_assert_cmphex(vector[0], ==, 0x19);
    for (unsigned i = 1; i <= VECTOR5_LAST; i++)
        g_assert_cmphex(vector[i], ==, (i == 24 && radix) || (i == 26 && gtse) ? 0x40 : 0);
}

// --- Reading.

static void test_read_linux(Fixture *fixture, gconstpointer data)
{
    g_autofree CasRequest *request = g_new(CasRequest, 1);
    g_autoptr(GByteArray) bytes = cas_vectors_bytes(&linux_vectors);
    guest_memory_write(fixture->partition.memory, VECTORS, bytes->data, bytes->len);
    g_assert_true(cas_request_read(request, fixture->partition.memory, VECTORS));
    g_assert_cmpuint(request->processors, ==, G_N_ELEMENTS(linux_processors));
    g_assert_true(cas_request_knows(request, 0x004e1203));
    g_assert_true(cas_request_knows(request, POWER9));
    g_assert_true(cas_request_knows(request, 0x0f000001)); // the last pair counts
    g_assert_false(cas_request_knows(request, 0x004f0000));
    g_assert_false(cas_request_knows(request, 0x0f000008));
    g_assert_cmpint(cas_request_byte(request, 1, 3), ==, 0xc0);
    g_assert_cmpint(cas_request_byte(request, 1, 4), ==, -1);
    g_assert_cmpint(cas_request_byte(request, 5, 24), ==, 0x40);
    g_assert_cmpint(cas_request_byte(request, 5, 27), ==, -1);
}

// The last byte is the last of RAM; one further, and so on for each length, it is not there.
static void test_read_at_end(Fixture *fixture, gconstpointer data)
{
    g_autofree CasRequest *request = g_new(CasRequest, 1);
    g_autoptr(GByteArray) bytes = cas_vectors_bytes(&linux_vectors);
    for (unsigned cut = 0; cut < bytes->len; cut++) {
        uint64_t at = PARTITION_RAM - bytes->len + cut;
        guest_memory_write(fixture->partition.memory, at, bytes->data, bytes->len - cut);
        g_assert_cmpint(cas_request_read(request, fixture->partition.memory, at), ==, cut == 0);
    }
    g_assert_false(cas_request_read(request, fixture->partition.memory, PARTITION_RAM));
    g_assert_false(cas_request_read(request, fixture->partition.memory, UINT64_MAX - 3));
}

static void test_read_unterminated(Fixture *fixture, gconstpointer data)
{
    g_autofree CasRequest *request = g_new(CasRequest, 1);
    uint32_t pairs[CAS_PROCESSORS + 1][2] = { 0 }; // no value outside of its mask, all of RAM
    const uint32_t end[2] = { 0, UINT32_MAX };
    GuestMemory *memory = fixture->partition.memory;
    g_assert_false(cas_request_read(request, memory, VECTORS));
    guest_memory_write(memory, VECTORS, pairs, sizeof pairs);
    guest_memory_write(memory, VECTORS + CAS_PROCESSORS * sizeof end, end, sizeof end);
    g_assert_false(cas_request_read(request, memory, VECTORS)); // one too many
    guest_memory_write(memory, VECTORS + (CAS_PROCESSORS - 1) * sizeof end, end, sizeof end);
    g_assert_true(cas_request_read(request, memory, VECTORS));
    g_assert_cmpuint(request->processors, ==, CAS_PROCESSORS);
}

// As many vectors as a byte can say, each as long as it can; the same without room for the last.
static void test_read_longest(Fixture *fixture, gconstpointer data)
{
    g_autofree CasRequest *request = g_new(CasRequest, 1);
    const uint32_t end[2] = { 0, UINT32_MAX };
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const uint8_t *)end, sizeof end);
    g_autofree uint8_t *rest = g_malloc(1 + 256 * 257);
    memset(rest, 0xff, 1 + 256 * 257);
    for (unsigned i = 0; i < 256; i++)
        rest[1 + i * 257 + 1] = 0; // not to be ignored
    g_byte_array_append(bytes, rest, 1 + 256 * 257);
    GuestMemory *memory = fixture->partition.memory;
    guest_memory_write(memory, PARTITION_RAM - bytes->len, bytes->data, bytes->len);
    g_assert_true(cas_request_read(request, memory, PARTITION_RAM - bytes->len));
    for (unsigned i = 1; i <= CAS_VECTORS; i++)
        g_assert_cmpint(cas_request_byte(request, i, 256), ==, 0xff);
    guest_memory_write(memory, PARTITION_RAM - bytes->len + 1, bytes->data, bytes->len - 1);
    g_assert_false(cas_request_read(request, memory, PARTITION_RAM - bytes->len + 1));
}

static void test_read_ignored(Fixture *fixture, gconstpointer data)
{
    g_autofree CasRequest *request = g_new(CasRequest, 1);
    CasVectors vectors = linux_vectors;
    uint8_t ignored[26];
    memset(ignored, 0xff, sizeof ignored);
    vectors.vector5 = ignored;
    g_autoptr(GByteArray) bytes = cas_vectors_bytes(&vectors);
    guest_memory_write(fixture->partition.memory, VECTORS, bytes->data, bytes->len);
    g_assert_true(cas_request_read(request, fixture->partition.memory, VECTORS));
    g_assert_cmpint(cas_request_byte(request, 5, 1), ==, -1);
    g_assert_cmpint(cas_request_byte(request, 5, 24), ==, -1);
    g_assert_cmpint(cas_request_byte(request, 1, 2), ==, 0xff);
}

// --- The processor.

#define ANY_POWER9                                                                                           \
    {                                                                                                        \
        0xffff0000, 0x004e0000                                                                               \
    }
#define END                                                                                                  \
    {                                                                                                        \
        0xfffffffe, 0x0f000001                                                                               \
    }

static void test_compat(Fixture *fixture, gconstpointer data)
{
    static const uint32_t knows_8[][2] = { { 0xffff0000, 0x004d0000 }, { UINT32_MAX, POWER8 }, END };
    static const uint32_t knows_8_and_9[][2] = { { UINT32_MAX, POWER8 }, { UINT32_MAX, POWER9 }, END };
    static const uint32_t knows_10[][2] = { { UINT32_MAX, POWER10 }, END };
    static const uint32_t only_own[][2] = { ANY_POWER9, END }, only_end[][2] = { END };
    static const uint32_t anything[][2] = { { 0, UINT32_MAX } }; // GRUB's
    static const struct {
        const char *max;
        const uint32_t (*processors)[2];
        unsigned count;
        bool granted;
        uint32_t first, agreed; // level before and after
    } cases[] = {
#define LIST(list) list, G_N_ELEMENTS(list)
        { NULL, LIST(linux_processors), true, 0, 0 },
        { NULL, LIST(only_own), true, 0, 0 },
        { NULL, LIST(anything), true, 0, 0 },
        { NULL, LIST(knows_8_and_9), true, 0, POWER9 },
        { NULL, LIST(knows_8), true, 0, POWER8 },
        { NULL, LIST(knows_10), false, 0, 0 }, // KVM has not
        { NULL, LIST(only_end), false, 0, 0 },
        { "power9", LIST(linux_processors), true, POWER9, POWER9 },
        { "power9", LIST(anything), true, POWER9, POWER9 },
        { "power9", LIST(only_own), false, POWER9, POWER9 }, // would be raw
        { "power10", LIST(linux_processors), true, POWER9, POWER9 },
        { "power11", LIST(knows_8_and_9), true, POWER9, POWER9 },
        { "power11", LIST(knows_8), true, POWER9, POWER8 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (i > 0) {
            tear_down(fixture, NULL);
            set_up(fixture, NULL);
        }
        make(fixture, MMU_AUTO, cases[i].max);
        CasVectors vectors = linux_vectors;
        vectors.processors = cases[i].processors;
        vectors.processor_count = cases[i].count;
        g_test_message("case %u", i);
        assert_compat(fixture, cases[i].first);
        g_assert_cmpint(ask(fixture, &vectors), ==, cases[i].granted ? 0 : -1);
        assert_compat(fixture, cases[i].agreed);
        bool radix = cases[i].agreed != POWER8; // whatever vector 5 says
        assert_mmu(fixture, radix, radix);
        g_assert_true(cas_reset(fixture->cas, NULL));
        assert_compat(fixture, cases[i].first);
    }
}

// -machine max-cpu-compat=power8 makes a hashed machine.
static void test_compat_hash(Fixture *fixture, gconstpointer data)
{
    static const uint8_t hash[26] = { 0 };
    CasVectors vectors = linux_vectors;
    fixture->small_decrementer = true;
    make(fixture, MMU_HASH, "power8");
    assert_compat(fixture, POWER8);
    vectors.vector5 = hash;
    g_assert_cmpint(ask(fixture, &vectors), ==, 0);
    assert_compat(fixture, POWER8);
    assert_mmu(fixture, false, false);
}

// A KVM without levels, as PR: raw works, a level is an error at the start.
static void test_compat_none(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    for (unsigned i = 0; i < 2; i++)
        fake_vcpu_refuse_regs(vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, i)));
    make(fixture, MMU_AUTO, NULL);
    g_assert_cmpint(ask(fixture, &linux_vectors), ==, 0);
    CasParts parts = { fixture->partition.memory, fixture->partition.vcpus, fixture->mmu,
        fixture->interrupts };
    g_assert_null(cas_new(&parts, compat_find("power9"), NULL, NULL, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_cmpstr(error->message, ==,
        "-machine max-cpu-compat=power9: this host's KVM can hold no guest to that; leave it out");
}

static void test_compat_names(void)
{
    g_assert_cmphex(compat_find("power8")->pvr, ==, POWER8);
    g_assert_cmphex(compat_find("power9")->pvr, ==, POWER9);
    g_assert_cmphex(compat_find("power10")->pvr, ==, POWER10);
    g_assert_cmphex(compat_find("power11")->pvr, ==, POWER11);
    g_assert_null(compat_find("power7"));
    g_assert_null(compat_find(""));
    for (const Word *word = compat_words; word->word; word++) // what is listed is taken
        g_assert_nonnull(compat_find(word->word));
}

// --- The MMU.

enum { NO_BYTE = -1, OLD = -2, NEITHER = -3 }; // OLD: vector 1 alone; NEITHER: not even that

static void test_mmu(Fixture *fixture, gconstpointer data)
{
    static const struct {
        MmuMode mode;
        int byte; // 24 of vector 5
        bool granted, radix;
    } cases[] = {
        { MMU_AUTO, 0x40, true, true },
        { MMU_AUTO, 0x00, true, false },
        { MMU_AUTO, 0x80, true, true }, // either: as it started
        { MMU_AUTO, 0xc0, true, true },
        { MMU_AUTO, 0x3f, true, false }, // other bits say nothing of the mode
        { MMU_AUTO, 0x7f, true, true },
        { MMU_AUTO, OLD, true, false },
        { MMU_AUTO, NEITHER, true, true },
        { MMU_RADIX, 0x40, true, true },
        { MMU_RADIX, 0x80, true, true },
        { MMU_RADIX, 0x00, false, true },
        { MMU_RADIX, OLD, false, true },
        { MMU_RADIX, NEITHER, true, true },
        { MMU_HASH, 0x00, true, false },
        { MMU_HASH, 0x80, true, false },
        { MMU_HASH, OLD, true, false },
        { MMU_HASH, NEITHER, true, false },
        { MMU_HASH, 0x40, false, false },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (i > 0) {
            tear_down(fixture, NULL);
            set_up(fixture, NULL);
        }
        make(fixture, cases[i].mode, NULL);
        CasVectors vectors = linux_vectors;
        uint8_t vector5[26];
        memcpy(vector5, linux_vector5, sizeof vector5);
        vector5[23] = (uint8_t)cases[i].byte;
        vectors.vector5 = vector5;
        vectors.length5 = cases[i].byte >= 0 ? 26 : 23;
        vectors.vector1 = cases[i].byte == NEITHER ? NULL : linux_vector1;
        g_test_message("case %u", i);
        g_assert_cmpint(ask(fixture, &vectors), ==, cases[i].granted ? 0 : -1);
        // An answer of the guest's without GTSE is only where it sent no byte 26.
        assert_mmu(fixture, cases[i].radix, cases[i].radix && (!cases[i].granted || cases[i].byte >= 0));
        g_assert_cmpuint(fixture->placed, ==, cases[i].granted ? 1 : 0);
        fixture->placed = 0;
    }
}

// There, back, and what the tree is told meanwhile.
static void test_mmu_switch(Fixture *fixture, gconstpointer data)
{
    uint8_t hash[26] = { 0 };
    CasVectors vectors = linux_vectors;
    make(fixture, MMU_AUTO, NULL);
    vectors.vector5 = hash;
    g_assert_cmpint(ask(fixture, &vectors), ==, 0);
    g_assert_cmpuint(fixture->power->htab_calls, ==, 1);
    g_assert_false(fixture->placed_radix);
    g_assert_cmphex(fixture->placed_for.vector5[24], ==, 0);
    g_assert_cmpint(ask(fixture, &linux_vectors), ==, 0);
    g_assert_true(fixture->placed_radix);
    g_assert_cmphex(fixture->placed_for.vector5[24], ==, 0x40);
    assert_mmu(fixture, true, true);
    g_assert_cmpint(ask(fixture, &vectors), ==, 0);
    g_assert_true(mmu_reset(fixture->mmu, fixture->partition.vcpus, NULL));
    g_assert_true(cas_reset(fixture->cas, NULL));
    assert_mmu(fixture, true, true);
}

static void test_mmu_refused(Fixture *fixture, gconstpointer data)
{
    uint8_t hash[26] = { 0 };
    CasVectors vectors = linux_vectors;
    make(fixture, MMU_AUTO, "power9");
    vectors.vector5 = hash;
    fixture->power->htab = -EBUSY;
    g_assert_cmpint(ask(fixture, &vectors), ==, 1);
    fixture->power->htab = -ENOMEM;
    g_assert_cmpint(ask(fixture, &vectors), ==, -1);
    assert_mmu(fixture, true, true);
    assert_compat(fixture, POWER9);
    g_assert_cmpuint(fixture->placed, ==, 0);
}

// --- The interrupt controller.

static void assert_interrupts(Fixture *fixture, bool xive)
{
    g_assert_cmpint(interrupt_controller_is_xive(fixture->interrupts), ==, xive);
    g_assert_cmphex(cas_negotiated(fixture->cas)->vector5[23], ==, xive ? 0x40 : 0);
}

static void make_interrupts(Fixture *fixture, InterruptMode mode, const char *max)
{
    const InterruptOffer offer = { .mode = mode, .servers = 10, .page_size = 0x10000 };
    g_assert_true(interrupt_controller_offer(fixture->interrupts, &offer, NULL));
    g_assert_cmpint(interrupt_controller_reset(fixture->interrupts, fixture->partition.vcpus), ==, 0);
    make(fixture, MMU_AUTO, max);
}

static void test_interrupts(Fixture *fixture, gconstpointer data)
{
    static const struct {
        InterruptMode mode;
        int byte; // 23 of vector 5
        bool granted, xive;
    } cases[] = {
        { INTERRUPT_DUAL, 0x40, true, true },
        { INTERRUPT_DUAL, 0x00, true, false },
        { INTERRUPT_DUAL, 0x80, true, true },
        { INTERRUPT_DUAL, 0x3f, true, false }, // other bits say nothing of it
        { INTERRUPT_DUAL, 0x7f, true, true },
        { INTERRUPT_DUAL, NO_BYTE, true, false },
        { INTERRUPT_XICS, 0x00, true, false },
        { INTERRUPT_XICS, 0x80, true, false },
        { INTERRUPT_XICS, NO_BYTE, true, false },
        { INTERRUPT_XICS, 0x40, false, false },
        { INTERRUPT_XIVE, 0x40, true, true },
        { INTERRUPT_XIVE, 0x80, true, true },
        { INTERRUPT_XIVE, NO_BYTE, true, true }, // a boot loader
        { INTERRUPT_XIVE, 0x00, false, true },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (i > 0) {
            tear_down(fixture, NULL);
            set_up(fixture, NULL);
        }
        make_interrupts(fixture, cases[i].mode, NULL);
        CasVectors vectors = linux_vectors;
        uint8_t vector5[26];
        memcpy(vector5, linux_vector5, sizeof vector5);
        vector5[22] = (uint8_t)cases[i].byte;
        vectors.vector5 = vector5;
        vectors.length5 = cases[i].byte >= 0 ? 26 : 22;
        g_test_message("case %u", i);
        g_assert_cmpint(ask(fixture, &vectors), ==, cases[i].granted ? 0 : -1);
        assert_interrupts(fixture, cases[i].xive);
        g_assert_cmpint(fixture->placed_xive, ==, cases[i].granted && cases[i].xive);
        fixture->placed_xive = false;
    }
}

// A processor from before ISA 3.0 has XICS, whatever its guest says.
static void test_interrupts_old(Fixture *fixture, gconstpointer data)
{
    uint8_t xive[26] = { [22] = 0x40 };
    CasVectors vectors = linux_vectors;
    vectors.vector5 = xive;
    make_interrupts(fixture, INTERRUPT_DUAL, "power8");
    g_assert_cmpint(ask(fixture, &vectors), ==, 0);
    assert_interrupts(fixture, false);
}

// All is as it was: after KVM's refusal, and when the tree does not fit. A reset forgets what was chosen.
static void test_interrupts_back(Fixture *fixture, gconstpointer data)
{
    uint8_t xive_hash[26] = { [22] = 0x40 };
    CasVectors vectors = linux_vectors;
    vectors.vector5 = xive_hash;
    make_interrupts(fixture, INTERRUPT_DUAL, NULL);
    fake_kvm_xive()->create = -ENODEV;
    g_assert_cmpint(ask(fixture, &vectors), ==, -1);
    assert_interrupts(fixture, false);
    assert_mmu(fixture, true, true);
    fake_kvm_xive()->create = 0;
    g_assert_cmpint(ask_with(fixture, &vectors, ANSWER, 8), ==, -4);
    g_assert_true(fixture->placed_xive);
    assert_interrupts(fixture, false);
    g_assert_cmpint(ask(fixture, &vectors), ==, 0);
    assert_interrupts(fixture, true);
    g_assert_cmpint(interrupt_controller_reset(fixture->interrupts, fixture->partition.vcpus), ==, 0);
    g_assert_true(cas_reset(fixture->cas, NULL));
    assert_interrupts(fixture, false);
}

// --- The answer.

static void test_answer(Fixture *fixture, gconstpointer data)
{
    be32 version;
    uint8_t bytes[TREE_SIZE + 1];
    make(fixture, MMU_AUTO, NULL);
    g_assert_cmpint(ask_with(fixture, &linux_vectors, ANSWER, 0x1000), ==, 0);
    g_assert_cmphex(fixture->room, ==, 0x1000 - 4);
    guest_memory_read(fixture->partition.memory, ANSWER, &version, sizeof version);
    g_assert_cmpuint(be32_get(version), ==, 1);
    guest_memory_read(fixture->partition.memory, ANSWER + 4, bytes, sizeof bytes);
    g_assert_cmphex(bytes[0], ==, 0xdd);
    g_assert_cmphex(bytes[TREE_SIZE - 1], ==, 0xdd);
    g_assert_cmphex(bytes[TREE_SIZE], ==, 0);
    // Addresses of real mode; the end of RAM; a buffer that just holds the answer.
    g_assert_cmpint(partition_call(&fixture->partition, KVMPPC_H_CAS, 0xc000000000000000ULL + VECTORS,
                        0xc000000000000000ULL + ANSWER, ROOM),
        ==, 0);
    uint64_t need = 4 + TREE_SIZE;
    g_assert_cmpint(ask_with(fixture, &linux_vectors, PARTITION_RAM - need, need), ==, 0);
    g_assert_cmphex(fixture->room, ==, TREE_SIZE);
    g_assert_cmpuint(fixture->placed, ==, 3);
}

// No room, no RAM, half RAM, wrapped: refused before anything changes, or taken back.
static void test_answer_wrong(Fixture *fixture, gconstpointer data)
{
    static const struct {
        uint64_t answer, size;
        unsigned placed; // tries
    } cases[] = {
        { ANSWER, 0, 0 },
        { ANSWER, 3, 0 },
        { ANSWER, UINT64_MAX, 0 },
        { ANSWER, PARTITION_RAM - ANSWER + 1, 0 },
        { PARTITION_RAM, 0x1000, 0 },
        { PARTITION_RAM - 2, 0x1000, 0 },
        { PARTITION_RAM - 0x1000, 0x1001, 0 },
        { 0x0fffffffffffff00ULL, 0x200, 0 },
        { UINT64_MAX, 4, 0 },
        { ANSWER, 4, 1 },
        { ANSWER, 4 + TREE_SIZE - 1, 1 },
        { PARTITION_RAM - 4, 4, 1 },
    };
    uint8_t hash[26] = { 0 };
    CasVectors vectors = linux_vectors;
    vectors.vector5 = hash;
    make(fixture, MMU_AUTO, "power9");
    const uint64_t ones = UINT64_MAX;
    guest_memory_write(fixture->partition.memory, ANSWER, &ones, sizeof ones);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        fixture->placed = 0;
        g_test_message("case %u", i);
        g_assert_cmpint(ask_with(fixture, &vectors, cases[i].answer, cases[i].size), ==, -4);
        g_assert_cmpuint(fixture->placed, ==, cases[i].placed);
        assert_mmu(fixture, true, true);
        assert_compat(fixture, POWER9);
    }
    uint64_t still;
    guest_memory_read(fixture->partition.memory, ANSWER, &still, sizeof still);
    g_assert_cmphex(still, ==, ones);
    g_assert_cmpint(partition_call(&fixture->partition, KVMPPC_H_CAS, PARTITION_RAM, ANSWER, ROOM), ==, -4);
    g_assert_cmpint(partition_call(&fixture->partition, KVMPPC_H_CAS, 0x80000, ANSWER, ROOM), ==, -4);
}

// --- Other vCPUs.

static void test_others(Fixture *fixture, gconstpointer data)
{
    VcpuEntry entry = { .pc = 0x100 };
    make(fixture, MMU_AUTO, NULL);
    vcpu_start(vcpu_set_at(fixture->partition.vcpus, 1), &entry);
    g_assert_cmpint(ask(fixture, &linux_vectors), ==, -9005);
    g_assert_cmpuint(fixture->placed, ==, 0);
    vcpu_set_park_all(fixture->partition.vcpus);
    g_assert_cmpint(ask(fixture, &linux_vectors), ==, 0);
    // One that KVM cannot set.
    fake_vcpu_refuse_regs(vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, 1)));
    g_assert_cmpint(ask(fixture, &linux_vectors), ==, -1);
    g_autoptr(GError) error = NULL;
    g_assert_false(cas_reset(fixture->cas, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
}

// --- H_UPDATE_DT.

static const void *small_tree(Tree *tree, size_t *length)
{
    tree_begin(tree, "%s", "");
    tree_begin(tree, "rtas");
    tree_u32(tree, "linux,rtas-base", 0x1eff0000);
    tree_end(tree);
    tree_end(tree);
    return tree_finish(tree, 0, length);
}

static int64_t update(Fixture *fixture, uint64_t gpa)
{
    return partition_call(&fixture->partition, KVMPPC_H_UPDATE_DT, gpa);
}

static void test_update(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Tree) tree = tree_new(0x1000);
    size_t length;
    const void *blob = small_tree(tree, &length);
    make(fixture, MMU_AUTO, NULL);
    g_assert_cmphex(cas_rtas_base(fixture->cas), ==, 0);
    for (unsigned i = 0; i < 2; i++) { // the second ends with RAM
        uint64_t at = i == 0 ? ANSWER : 0xc000000000000000ULL + PARTITION_RAM - length;
        guest_memory_write(fixture->partition.memory, papr_real_address(at), blob, length);
        g_assert_cmpint(update(fixture, at), ==, 0);
    }
    g_assert_cmphex(cas_rtas_base(fixture->cas), ==, 0x1eff0000);
    g_assert_true(cas_reset(fixture->cas, NULL));
    g_assert_cmphex(cas_rtas_base(fixture->cas), ==, 0);
}

// Of version 3, which has no sizes of its blocks: libfdt 1.6 reads beyond its end.
static void test_update_version(Fixture *fixture, gconstpointer data)
{
    static const uint32_t words[20] = { 0xd00dfeed, 80, 56, 76, 40, 3, 2, 0, 4, 20, 0, 0, 0, 0, 1, 0, 2, 9, 0,
        0 };
    be32 tree[G_N_ELEMENTS(words)];
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        tree[i] = be32_make(words[i]);
    make(fixture, MMU_AUTO, NULL);
    guest_memory_write(fixture->partition.memory, PARTITION_RAM - sizeof tree, tree, sizeof tree);
    g_assert_cmpint(update(fixture, PARTITION_RAM - sizeof tree), ==, H_PARAMETER);
}

// Each word of the header and each byte behind it wrong in turn: never more than a refusal.
static void test_update_wrong(Fixture *fixture, gconstpointer data)
{
    static const uint32_t sizes[] = { 0, 1, 39, 40, 41, 0x200001, 0x7fffffff, 0x80000000, 0xffffffff };
    g_autoptr(Tree) tree = tree_new(0x1000);
    size_t length;
    const void *blob = small_tree(tree, &length);
    GuestMemory *memory = fixture->partition.memory;
    make(fixture, MMU_AUTO, NULL);
    g_assert_cmpint(update(fixture, ANSWER), ==, -4); // zeros
    g_assert_cmpint(update(fixture, PARTITION_RAM), ==, -4);
    g_assert_cmpint(update(fixture, PARTITION_RAM - 8), ==, -4);
    g_assert_cmpint(update(fixture, UINT64_MAX), ==, -4);
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        be32 size = be32_make(sizes[i]);
        guest_memory_write(memory, ANSWER, blob, length);
        guest_memory_write(memory, ANSWER + 4, &size, sizeof size);
        g_assert_cmpint(update(fixture, ANSWER), ==, -4);
    }
    guest_memory_write(memory, PARTITION_RAM - length + 1, blob, length - 1); // its last byte is not RAM
    g_assert_cmpint(update(fixture, PARTITION_RAM - length + 1), ==, -4);
    for (size_t i = 0; i < length; i++) {
        g_autofree uint8_t *wrong = g_memdup2(blob, length);
        wrong[i] ^= 0xff;
        guest_memory_write(memory, ANSWER, wrong, length);
        int64_t result = update(fixture, ANSWER);
        g_assert_true(result == 0 || result == -4);
        if (i < sizeof(be32)) // the magic word
            g_assert_cmpint(result, ==, -4);
    }
    guest_memory_write(memory, ANSWER, blob, length);
    g_assert_cmpint(update(fixture, ANSWER), ==, 0);
    guest_memory_write(memory, ANSWER + 4, &(be32){ 0 }, 4);
    g_assert_cmpint(update(fixture, ANSWER), ==, -4); // the one before stays
    g_assert_cmphex(cas_rtas_base(fixture->cas), ==, 0x1eff0000);
}

// Forms of associativity: those that the tree has and the guest knows. Linux asks for both.
static void test_affinity(Fixture *fixture, gconstpointer data)
{
    static const uint8_t form1[5] = { 0, 0, 0, 0, VECTOR5_FORM1 | 0x40 };
    CasVectors vectors = linux_vectors;
    fixture->affinity = VECTOR5_FORM1 | VECTOR5_FORM2;
    make(fixture, MMU_HASH, NULL);
    const uint8_t *vector = cas_negotiated(fixture->cas)->vector5;
    g_assert_cmphex(vector[5], ==, 0xa0); // for who does not ask
    vectors.vector5 = form1;
    vectors.length5 = sizeof form1;
    g_assert_cmpint(ask(fixture, &vectors), ==, H_SUCCESS);
    g_assert_cmphex(vector[5], ==, 0x80);
    vectors.length5 = 4;
    g_assert_cmpint(ask(fixture, &vectors), ==, H_SUCCESS);
    g_assert_cmphex(vector[5], ==, 0);
    g_assert_true(cas_reset(fixture->cas, NULL));
    g_assert_cmphex(vector[5], ==, 0xa0);
}

static void test_affinity_linux(Fixture *fixture, gconstpointer data)
{
    fixture->affinity = VECTOR5_FORM1 | VECTOR5_FORM2;
    make(fixture, MMU_AUTO, NULL);
    g_assert_cmpint(ask(fixture, &linux_vectors), ==, H_SUCCESS);
    g_assert_cmphex(fixture->placed_for.vector5[5], ==, 0xa0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/cas/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("read/linux", test_read_linux);
    ADD("read/at-end", test_read_at_end);
    ADD("read/unterminated", test_read_unterminated);
    ADD("read/longest", test_read_longest);
    ADD("read/ignored", test_read_ignored);
    ADD("compat/table", test_compat);
    ADD("compat/hash", test_compat_hash);
    ADD("compat/none", test_compat_none);
    g_test_add_func("/cas/compat/names", test_compat_names);
    ADD("mmu/table", test_mmu);
    ADD("mmu/switch", test_mmu_switch);
    ADD("mmu/refused", test_mmu_refused);
    ADD("affinity", test_affinity);
    ADD("affinity-linux", test_affinity_linux);
    ADD("interrupts/table", test_interrupts);
    ADD("interrupts/old", test_interrupts_old);
    ADD("interrupts/back", test_interrupts_back);
    ADD("answer", test_answer);
    ADD("answer-wrong", test_answer_wrong);
    ADD("others", test_others);
    ADD("update", test_update);
    ADD("update-wrong", test_update_wrong);
    ADD("update-version", test_update_version);
    return g_test_run();
}
