// An ELF core of the guest: headers and notes.
#include "lparun/core_file.h"
#include <elf.h>
#include <string.h>

#define ALIGNMENT 0x10000
#define EF_PPC64_ELFV2 2 // what Linux has in little-endian cores

void core_vcpu_read(KvmVcpu *vcpu, CoreVcpu *state)
{
    const struct {
        uint64_t id, *to;
    } registers[] = {
        { KVM_PPC_DAR, &state->dar },
        { KVM_PPC_DSISR, &state->dsisr },
        { KVM_PPC_FPSCR, &state->fpscr },
        { KVM_PPC_VSCR, &state->vscr },
        { KVM_PPC_VRSAVE, &state->vrsave },
    };
    kvm_vcpu_registers(vcpu, &state->registers);
    for (unsigned i = 0; i < G_N_ELEMENTS(registers); i++)
        kvm_vcpu_get_reg(vcpu, registers[i].id, registers[i].to);
    for (unsigned i = 0; i < 32; i++) {
        kvm_vcpu_get_wide(vcpu, KVM_PPC_VSR(i), state->vsr[i]);
        kvm_vcpu_get_wide(vcpu, KVM_PPC_VR(i), state->vr[i]);
    }
}

bool core_is_little(KvmVcpu *vcpu)
{
    uint64_t lpcr = 0;
    return kvm_vcpu_get_reg(vcpu, KVM_PPC_LPCR, &lpcr) >= 0 && lpcr & LPCR_ILE;
}

// --- Numbers, in the guest's byte order.

typedef struct Core {
    GByteArray *bytes;
    bool little;
} Core;

static void put(Core *core, unsigned size, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < size; i++)
        bytes[core->little ? i : size - 1 - i] = (uint8_t)(value >> (8 * i));
    g_byte_array_append(core->bytes, bytes, size);
}

static void put_wide(Core *core, const uint64_t value[2])
{
    put(core, 8, value[core->little]);
    put(core, 8, value[!core->little]);
}

static void put_zeros(Core *core, unsigned size)
{
    guint before = core->bytes->len;
    g_byte_array_set_size(core->bytes, before + size);
    memset(core->bytes->data + before, 0, size);
}

static void align(Core *core, unsigned to)
{
    put_zeros(core, (to - core->bytes->len % to) % to);
}

// --- Notes.

// What a note has of the index-th vCPU.
typedef void Fill(Core *core, const CoreVcpu *vcpu, unsigned index);

// struct elf_prstatus (linux/elfcore.h): pr_pid is at 32, pr_reg at 112, and 504 bytes are all. A process is
// a vCPU, from 1 on, as 0 is none.
static void fill_status(Core *core, const CoreVcpu *vcpu, unsigned index)
{
    const KvmRegisters *registers = &vcpu->registers;
    put_zeros(core, 32);
    put(core, 4, index + 1);
    put_zeros(core, 112 - 36);
    for (unsigned i = 0; i < 32; i++)
        put(core, 8, registers->gpr[i]);
    // struct pt_regs (asm/ptrace.h).
    const uint64_t others[] = { registers->pc, registers->msr, registers->gpr[3], registers->ctr,
        registers->lr, registers->xer, registers->cr, 0, 0, vcpu->dar, vcpu->dsisr, 0 };
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
        put(core, 8, others[i]);
    put_zeros(core, 504 - 112 - 8 * (32 + G_N_ELEMENTS(others)));
}

static void fill_float(Core *core, const CoreVcpu *vcpu, unsigned index)
{
    for (unsigned i = 0; i < 32; i++)
        put(core, 8, vcpu->vsr[i][0]);
    put(core, 8, vcpu->fpscr);
}

// VSCR is the last word of a vector, VRSAVE the first 4 bytes of 16.
static void fill_vector(Core *core, const CoreVcpu *vcpu, unsigned index)
{
    for (unsigned i = 0; i < 32; i++)
        put_wide(core, vcpu->vr[i]);
    put_wide(core, (const uint64_t[2]){ 0, vcpu->vscr });
    put(core, 4, vcpu->vrsave);
    put_zeros(core, 12);
}

// What of the first 32 is not in the floating point registers.
static void fill_vsx(Core *core, const CoreVcpu *vcpu, unsigned index)
{
    for (unsigned i = 0; i < 32; i++)
        put(core, 8, vcpu->vsr[i][1]);
}

static const struct {
    const char *name;
    uint32_t type, size;
    Fill *fill;
} notes[] = {
    { "CORE", NT_PRSTATUS, 504, fill_status },
    { "CORE", NT_FPREGSET, 33 * 8, fill_float },
    { "LINUX", NT_PPC_VMX, 34 * 16, fill_vector },
    { "LINUX", NT_PPC_VSX, 32 * 8, fill_vsx },
};

static void put_notes(Core *core, const CoreVcpu *vcpu, unsigned index)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(notes); i++) {
        guint name_size = (guint)strlen(notes[i].name) + 1;
        put(core, 4, name_size);
        put(core, 4, notes[i].size);
        put(core, 4, notes[i].type);
        g_byte_array_append(core->bytes, (const guint8 *)notes[i].name, name_size);
        align(core, 4);
        notes[i].fill(core, vcpu, index);
    }
}

static uint32_t notes_size(unsigned vcpus)
{
    uint32_t size = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(notes); i++)
        size += 12 + 8 + notes[i].size; // the names have 5 or 6 bytes
    return size * vcpus;
}

// --- Headers.

static void put_ehdr(Core *core)
{
    const uint8_t ident[EI_NIDENT] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
        core->little ? ELFDATA2LSB : ELFDATA2MSB, EV_CURRENT };
    g_byte_array_append(core->bytes, ident, sizeof ident);
    put(core, 2, ET_CORE);
    put(core, 2, EM_PPC64);
    put(core, 4, EV_CURRENT);
    put(core, 8, 0);                  // e_entry
    put(core, 8, sizeof(Elf64_Ehdr)); // e_phoff
    put(core, 8, 0);                  // e_shoff
    put(core, 4, core->little ? EF_PPC64_ELFV2 : 0);
    put(core, 2, sizeof(Elf64_Ehdr));
    put(core, 2, sizeof(Elf64_Phdr));
    put(core, 2, 2); // e_phnum
    put_zeros(core, 6);
}

static void put_phdr(Core *core, const Elf64_Phdr *header)
{
    put(core, 4, header->p_type);
    put(core, 4, header->p_flags);
    put(core, 8, header->p_offset);
    put(core, 8, header->p_vaddr);
    put(core, 8, header->p_paddr);
    put(core, 8, header->p_filesz);
    put(core, 8, header->p_memsz);
    put(core, 8, header->p_align);
}

GByteArray *core_head(const CoreShape *shape, const CoreVcpu *vcpus)
{
    Core core = { .bytes = g_byte_array_new(), .little = shape->little };
    uint32_t notes_at = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr), all = notes_size(shape->vcpus);
    const Elf64_Phdr note = { .p_type = PT_NOTE, .p_offset = notes_at, .p_filesz = all, .p_memsz = all };
    const Elf64_Phdr load = { .p_type = PT_LOAD,
        .p_flags = PF_R | PF_W | PF_X,
        .p_offset = ((uint64_t)notes_at + all + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT,
        .p_vaddr = shape->linear + shape->address,
        .p_paddr = shape->address,
        .p_filesz = shape->length,
        .p_memsz = shape->length };
    put_ehdr(&core);
    put_phdr(&core, &note);
    put_phdr(&core, &load);
    for (unsigned i = 0; i < shape->vcpus; i++)
        put_notes(&core, &vcpus[i], i);
    align(&core, ALIGNMENT);
    return core.bytes;
}
