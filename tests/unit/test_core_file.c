// ELF cores: what a reader of ELF finds in them, in both byte orders.
#include "fake_kvm.h"
#include "fake_vcpu.h"
#include "lparun/core_file.h"
#include <elf.h>
#include <string.h>

typedef struct Fixture {
    bool little;
    GByteArray *head;
} Fixture;

static uint64_t number(const Fixture *fixture, uint64_t at, unsigned size)
{
    uint64_t value = 0;
    g_assert_cmpuint(at + size, <=, fixture->head->len);
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | fixture->head->data[at + (fixture->little ? size - 1 - i : i)];
    return value;
}

#define FIELD(fixture, at, type, member)                                                                     \
    number(fixture, (at) + offsetof(type, member), sizeof(((type *)0)->member))

// Of a vector register.
#define HIGH(id) (0x0102030400000000 | (uint32_t)(id))
#define LOW(id) (0x0506070800000000 | (uint32_t)(id))

static KvmVcpu *make_vcpu(KvmVm *vm, bool little)
{
    KvmVcpu *vcpu = kvm_vcpu_new(vm, 8, NULL);
    fake_vcpu_set_reg(vcpu, KVM_PPC_LPCR, little ? 0x2000000 : 0);
    fake_vcpu_set_reg(vcpu, KVM_PPC_DAR, 0xdada);
    fake_vcpu_set_reg(vcpu, KVM_PPC_DSISR, 0x40000000);
    fake_vcpu_set_reg(vcpu, KVM_PPC_FPSCR, 0xf9);
    fake_vcpu_set_reg(vcpu, KVM_PPC_VSCR, 0x10001);
    fake_vcpu_set_reg(vcpu, KVM_PPC_VRSAVE, 0xfffffffe);
    for (unsigned i = 0; i < 32; i++) {
        const uint64_t ids[] = { KVM_PPC_VR(i), KVM_PPC_VSR(i) };
        for (unsigned j = 0; j < G_N_ELEMENTS(ids); j++)
            kvm_vcpu_set_wide(vcpu, ids[j], (const uint64_t[2]){ HIGH(ids[j]), LOW(ids[j]) });
    }
    return vcpu;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autofree CoreVcpu *states = g_new0(CoreVcpu, 2);
    KvmVm *vm = fake_kvm_new();
    KvmVcpu *vcpu = make_vcpu(vm, GPOINTER_TO_INT(data));
    fixture->little = core_is_little(vcpu);
    g_assert_cmpint(fixture->little, ==, GPOINTER_TO_INT(data));
    core_vcpu_read(vcpu, &states[0]);
    core_vcpu_read(vcpu, &states[1]);
    states[1].registers.pc = 0xc000000000abcdef;
    states[1].registers.cr = 0x24000000;
    states[1].registers.gpr[31] = 0x3131;
    const CoreShape shape = { .little = fixture->little,
        .address = 0x3000,
        .length = 0x123456000,
        .linear = CORE_LINUX_LINEAR,
        .vcpus = 2 };
    fixture->head = core_head(&shape, states);
    kvm_vcpu_free(vcpu);
    kvm_vm_close(vm);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_byte_array_unref(fixture->head);
}

static void test_headers(Fixture *fixture, gconstpointer data)
{
    const guint8 *ident = fixture->head->data;
    g_assert_true(memcmp(ident, ELFMAG, SELFMAG) == 0);
    g_assert_cmpuint(ident[EI_CLASS], ==, ELFCLASS64);
    g_assert_cmpuint(ident[EI_DATA], ==, fixture->little ? ELFDATA2LSB : ELFDATA2MSB);
    g_assert_cmpuint(FIELD(fixture, 0, Elf64_Ehdr, e_type), ==, ET_CORE);
    g_assert_cmpuint(FIELD(fixture, 0, Elf64_Ehdr, e_machine), ==, EM_PPC64);
    g_assert_cmpuint(FIELD(fixture, 0, Elf64_Ehdr, e_ehsize), ==, 64);
    g_assert_cmpuint(FIELD(fixture, 0, Elf64_Ehdr, e_phoff), ==, 64);
    g_assert_cmpuint(FIELD(fixture, 0, Elf64_Ehdr, e_phentsize), ==, 56);
    g_assert_cmpuint(FIELD(fixture, 0, Elf64_Ehdr, e_phnum), ==, 2);
    g_assert_cmpuint(FIELD(fixture, 64, Elf64_Phdr, p_type), ==, PT_NOTE);
    g_assert_cmpuint(FIELD(fixture, 120, Elf64_Phdr, p_type), ==, PT_LOAD);
    g_assert_cmpuint(FIELD(fixture, 120, Elf64_Phdr, p_offset), ==, fixture->head->len);
    g_assert_cmpuint(FIELD(fixture, 120, Elf64_Phdr, p_paddr), ==, 0x3000);
    g_assert_cmpuint(FIELD(fixture, 120, Elf64_Phdr, p_vaddr), ==, 0xc000000000003000);
    g_assert_cmpuint(FIELD(fixture, 120, Elf64_Phdr, p_filesz), ==, 0x123456000);
    g_assert_cmpuint(FIELD(fixture, 120, Elf64_Phdr, p_memsz), ==, 0x123456000);
    g_assert_cmpuint(fixture->head->len % 0x10000, ==, 0);
}

// Where the contents of the index-th note of this type are, by a walk along all of them.
static uint64_t find_note(
    const Fixture *fixture, const char *name, uint32_t type, uint64_t size, unsigned index)
{
    uint64_t at = FIELD(fixture, 64, Elf64_Phdr, p_offset);
    uint64_t end = at + FIELD(fixture, 64, Elf64_Phdr, p_filesz), found = 0;
    while (at < end) {
        uint64_t name_size = FIELD(fixture, at, Elf64_Nhdr, n_namesz);
        uint64_t contents = at + sizeof(Elf64_Nhdr) + (name_size + 3) / 4 * 4;
        if (FIELD(fixture, at, Elf64_Nhdr, n_type) == type && index-- == 0) {
            g_assert_cmpstr((const char *)fixture->head->data + at + sizeof(Elf64_Nhdr), ==, name);
            g_assert_cmpuint(FIELD(fixture, at, Elf64_Nhdr, n_descsz), ==, size);
            found = contents;
        }
        at = contents + FIELD(fixture, at, Elf64_Nhdr, n_descsz);
    }
    g_assert_cmpuint(at, ==, end);
    g_assert_cmpuint(found, >, 0);
    return found;
}

static void test_status(Fixture *fixture, gconstpointer data)
{
    uint64_t first = find_note(fixture, "CORE", NT_PRSTATUS, 504, 0);
    g_assert_cmpuint(number(fixture, first + 32, 4), ==, 1);
    g_assert_cmpuint(number(fixture, first + 112 + 3 * 8, 8), ==, FAKE_VCPU_R3);
    g_assert_cmpuint(number(fixture, first + 112 + 32 * 8, 8), ==, 0x1234); // nip, msr, ..., link
    g_assert_cmpuint(number(fixture, first + 112 + 33 * 8, 8), ==, 0x8000000000001000);
    g_assert_cmpuint(number(fixture, first + 112 + 36 * 8, 8), ==, 0x5678);
    uint64_t second = find_note(fixture, "CORE", NT_PRSTATUS, 504, 1);
    g_assert_cmpuint(number(fixture, second + 32, 4), ==, 2);
    g_assert_cmpuint(number(fixture, second + 112 + 31 * 8, 8), ==, 0x3131);
    g_assert_cmpuint(number(fixture, second + 112 + 32 * 8, 8), ==, 0xc000000000abcdef);
    g_assert_cmpuint(number(fixture, second + 112 + 38 * 8, 8), ==, 0x24000000); // ccr
    g_assert_cmpuint(number(fixture, second + 112 + 41 * 8, 8), ==, 0xdada);
    g_assert_cmpuint(number(fixture, second + 112 + 42 * 8, 8), ==, 0x40000000);
}

// A vector register's halves lie in memory as a store of it would leave them.
static void test_vectors(Fixture *fixture, gconstpointer data)
{
    uint64_t vmx = find_note(fixture, "LINUX", NT_PPC_VMX, 34 * 16, 1), high = fixture->little ? 8 : 0;
    g_assert_cmpuint(number(fixture, vmx + 31 * 16 + high, 8), ==, HIGH(KVM_PPC_VR(31)));
    g_assert_cmpuint(number(fixture, vmx + 31 * 16 + 8 - high, 8), ==, LOW(KVM_PPC_VR(31)));
    g_assert_cmpuint(number(fixture, vmx + 32 * 16 + (fixture->little ? 0 : 12), 4), ==, 0x10001);
    g_assert_cmpuint(number(fixture, vmx + 33 * 16, 4), ==, 0xfffffffe);
    uint64_t vsx = find_note(fixture, "LINUX", NT_PPC_VSX, 32 * 8, 1);
    g_assert_cmpuint(number(fixture, vsx + 31 * 8, 8), ==, LOW(KVM_PPC_VSR(31)));
    uint64_t fp = find_note(fixture, "CORE", NT_FPREGSET, 33 * 8, 1);
    g_assert_cmpuint(number(fixture, fp + 31 * 8, 8), ==, HIGH(KVM_PPC_VSR(31)));
    g_assert_cmpuint(number(fixture, fp + 32 * 8, 8), ==, 0xf9);
}

// Of as many vCPUs as there may be: their notes come before memory, whatever their size.
static void test_many(void)
{
    g_autofree CoreVcpu *states = g_new0(CoreVcpu, 2048);
    const CoreShape shape = { .length = 0x10000, .vcpus = 2048 };
    Fixture fixture = { .head = core_head(&shape, states) };
    uint64_t notes = FIELD(&fixture, 64, Elf64_Phdr, p_offset) + FIELD(&fixture, 64, Elf64_Phdr, p_filesz);
    g_assert_cmpuint(notes, <=, fixture.head->len);
    g_assert_cmpuint(FIELD(&fixture, 120, Elf64_Phdr, p_offset), ==, fixture.head->len);
    g_assert_cmpuint(FIELD(&fixture, 120, Elf64_Phdr, p_vaddr), ==, 0);
    find_note(&fixture, "LINUX", NT_PPC_VSX, 256, 2047);
    g_byte_array_unref(fixture.head);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const char *const orders[] = { "big", "little" };
    for (int little = 0; little < 2; little++) {
        const struct {
            const char *name;
            void (*run)(Fixture *fixture, gconstpointer data);
        } tests[] = { { "headers", test_headers }, { "status", test_status }, { "vectors", test_vectors } };
        for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
            g_autofree char *path = g_strdup_printf("/core-file/%s/%s", orders[little], tests[i].name);
            g_test_add(path, Fixture, GINT_TO_POINTER(little), set_up, tests[i].run, tear_down);
        }
    }
    g_test_add_func("/core-file/many", test_many);
    return g_test_run();
}
