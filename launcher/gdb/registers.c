// A vCPU's registers by number: the features of gdb's manual, "PowerPC Features", and special purpose
// registers by the Power ISA's names.
#include "registers.h"
#include <glib.h>
#include <stddef.h>

// KVM's numbers of registers (arch/powerpc/include/uapi/asm/kvm.h): one of 32, 64 and 128 bits.
#define ID32(number) (0x1020000000000000ULL | (number))
#define ID64(number) (0x1030000000000000ULL | (number))
#define ID128(number) (0x1040000000000000ULL | (number))

typedef enum {
    IN_REGISTERS, // KvmRegisters, at `where`
    IN_ONE,       // of KVM's number `where`
    IN_WIDE,      // the same, 128 bits
    IN_LOW_HALF,  // the less significant half of such a one
} Place;

typedef struct Register {
    const char *name, *type, *feature;
    unsigned bits;
    Place place;
    uint64_t where;
    unsigned count; // so many in a row, with a number behind the name; 0: one without
    unsigned first; // of these
} Register;

#define CORE "org.gnu.gdb.power.core"
#define FPU "org.gnu.gdb.power.fpu"
#define ALTIVEC "org.gnu.gdb.power.altivec"
#define VSX "org.gnu.gdb.power.vsx"
#define SPR "org.lparun.power.spr"

#define MEMBER(name) IN_REGISTERS, offsetof(KvmRegisters, name)
static const Register table[] = {
    { "r", "uint64", CORE, 64, MEMBER(gpr), 32 },
    { "pc", "code_ptr", CORE, 64, MEMBER(pc) },
    { "msr", "uint64", CORE, 64, MEMBER(msr) },
    { "cr", "uint32", CORE, 32, MEMBER(cr) },
    { "lr", "code_ptr", CORE, 64, MEMBER(lr) },
    { "ctr", "uint64", CORE, 64, MEMBER(ctr) },
    { "xer", "uint32", CORE, 32, MEMBER(xer) },
    { "f", "ieee_double", FPU, 64, IN_ONE, ID64(0x20), 32 },
    { "fpscr", "uint64", FPU, 64, IN_ONE, ID64(0x80) },
    { "vr", "vec128", ALTIVEC, 128, IN_WIDE, ID128(0x40), 32 },
    { "vscr", "uint32", ALTIVEC, 32, IN_ONE, ID32(0x81) },
    { "vrsave", "uint32", ALTIVEC, 32, IN_ONE, ID32(0xb4) },
    { "vs", "uint64", VSX, 64, IN_LOW_HALF, ID128(0x60), 32 }, // "vs0h": what f0 is not of vs0
    { "srr0", "code_ptr", SPR, 64, MEMBER(srr0) },
    { "srr1", "uint64", SPR, 64, MEMBER(srr1) },
    { "sprg", "uint64", SPR, 64, MEMBER(sprg), 4 },
    { "dar", "uint64", SPR, 64, IN_ONE, ID64(0x0c) },
    { "dsisr", "uint32", SPR, 32, IN_ONE, ID32(0x0d) },
    { "lpcr", "uint64", SPR, 64, IN_ONE, ID64(0xb5) },
    { "pidr", "uint64", SPR, 64, IN_ONE, ID64(0xb2) },
    { "tidr", "uint64", SPR, 64, IN_ONE, ID64(0xbc) },
    { "amr", "uint64", SPR, 64, IN_ONE, ID64(0x0e) },
    { "uamor", "uint64", SPR, 64, IN_ONE, ID64(0x0f) },
    { "iamr", "uint64", SPR, 64, IN_ONE, ID64(0x9f) },
    { "dscr", "uint64", SPR, 64, IN_ONE, ID64(0x09) },
    { "fscr", "uint64", SPR, 64, IN_ONE, ID64(0xa3) },
    { "tar", "code_ptr", SPR, 64, IN_ONE, ID64(0xa8) },
    { "ppr", "uint64", SPR, 64, IN_ONE, ID64(0xb6) },
    { "pspb", "uint32", SPR, 32, IN_ONE, ID32(0xa4) },
    { "ebbhr", "code_ptr", SPR, 64, IN_ONE, ID64(0xa5) },
    { "ebbrr", "code_ptr", SPR, 64, IN_ONE, ID64(0xa6) },
    { "bescr", "uint64", SPR, 64, IN_ONE, ID64(0xa7) },
    { "dpdes", "uint64", SPR, 64, IN_ONE, ID64(0xa9) },
    { "psscr", "uint64", SPR, 64, IN_ONE, ID64(0xbd) },
    { "ciabr", "code_ptr", SPR, 64, IN_ONE, ID64(0xac) },
    { "dawr0", "uint64", SPR, 64, IN_ONE, ID64(0xaa) },
    { "dawrx0", "uint64", SPR, 64, IN_ONE, ID64(0xab) },
    { "dawr1", "uint64", SPR, 64, IN_ONE, ID64(0xc4) },
    { "dawrx1", "uint64", SPR, 64, IN_ONE, ID64(0xc5) },
    { "purr", "uint64", SPR, 64, IN_ONE, ID64(0x0a) },
    { "spurr", "uint64", SPR, 64, IN_ONE, ID64(0x0b) },
    { "vtb", "uint64", SPR, 64, IN_ONE, ID64(0xae) },
    { "ic", "uint64", SPR, 64, IN_ONE, ID64(0xad) },
    { "mmcr0", "uint64", SPR, 64, IN_ONE, ID64(0x10) },
    { "mmcr1", "uint64", SPR, 64, IN_ONE, ID64(0x11) },
    { "mmcr2", "uint64", SPR, 64, IN_ONE, ID64(0x13) },
    { "mmcr3", "uint64", SPR, 64, IN_ONE, ID64(0xc1) },
    { "mmcra", "uint64", SPR, 64, IN_ONE, ID64(0x12) },
    { "mmcrs", "uint64", SPR, 64, IN_ONE, ID64(0x14) },
    { "siar", "code_ptr", SPR, 64, IN_ONE, ID64(0x15) },
    { "sdar", "uint64", SPR, 64, IN_ONE, ID64(0x16) },
    { "sier", "uint64", SPR, 64, IN_ONE, ID64(0x17) },
    { "sier2", "uint64", SPR, 64, IN_ONE, ID64(0xc2) },
    { "sier3", "uint64", SPR, 64, IN_ONE, ID64(0xc3) },
    { "pmc", "uint32", SPR, 32, IN_ONE, ID32(0x18), 6, 1 },
    { "dexcr", "uint64", SPR, 64, IN_ONE, ID64(0xc6) },
    { "hashkeyr", "uint64", SPR, 64, IN_ONE, ID64(0xc7) },
    { "hashpkeyr", "uint64", SPR, 64, IN_ONE, ID64(0xc8) },
};

struct GdbRegisters {
    GArray *all; // Register, by number; each is one
    unsigned general;
    GString *description;
};

// --- A value, the more significant half first.

static bool get_value(KvmVcpu *vcpu, const Register *reg, const KvmRegisters *registers, uint64_t value[2])
{
    value[0] = 0;
    switch (reg->place) {
    case IN_REGISTERS:
        value[1] = *(const uint64_t *)((const char *)registers + reg->where);
        return true;
    case IN_ONE:
        return kvm_vcpu_get_reg(vcpu, reg->where, &value[1]) >= 0;
    default:
        return kvm_vcpu_get_wide(vcpu, reg->where, value) >= 0;
    }
}

static bool set_value(KvmVcpu *vcpu, const Register *reg, KvmRegisters *registers, const uint64_t value[2])
{
    uint64_t both[2];
    switch (reg->place) {
    case IN_REGISTERS:
        *(uint64_t *)((char *)registers + reg->where) = value[1];
        return kvm_vcpu_set_registers(vcpu, registers) >= 0;
    case IN_ONE:
        return kvm_vcpu_set_reg(vcpu, reg->where, value[1]) >= 0;
    case IN_WIDE:
        return kvm_vcpu_set_wide(vcpu, reg->where, value) >= 0;
    default:
        if (kvm_vcpu_get_wide(vcpu, reg->where, both) < 0)
            return false;
        both[1] = value[1];
        return kvm_vcpu_set_wide(vcpu, reg->where, both) >= 0;
    }
}

// Byte number `i` in memory of a value of `size` bytes: which of its bytes that is, the least significant one
// being 0.
static unsigned significance(unsigned i, unsigned size, bool little)
{
    return little ? i : size - 1 - i;
}

static void put_bytes(uint8_t *bytes, unsigned size, bool little, const uint64_t value[2])
{
    for (unsigned i = 0; i < size; i++) {
        unsigned at = significance(i, size, little);
        bytes[i] = (uint8_t)(value[1 - at / 8] >> 8 * (at % 8));
    }
}

static void get_bytes(const uint8_t *bytes, unsigned size, bool little, uint64_t value[2])
{
    value[0] = value[1] = 0;
    for (unsigned i = 0; i < size; i++) {
        unsigned at = significance(i, size, little);
        value[1 - at / 8] |= (uint64_t)bytes[i] << 8 * (at % 8);
    }
}

static const Register *at(const GdbRegisters *registers, unsigned number)
{
    return &g_array_index(registers->all, Register, number);
}

unsigned gdb_register_size(const GdbRegisters *registers, unsigned number)
{
    return at(registers, number)->bits / 8;
}

bool gdb_register_get(
    const GdbRegisters *registers, KvmVcpu *vcpu, unsigned number, uint8_t bytes[GDB_REGISTER_BYTES])
{
    KvmRegisters now;
    uint64_t value[2];
    if (kvm_vcpu_registers(vcpu, &now) < 0 || !get_value(vcpu, at(registers, number), &now, value))
        return false;
    put_bytes(bytes, gdb_register_size(registers, number), now.msr & MSR_LE, value);
    return true;
}

bool gdb_register_set(const GdbRegisters *registers, KvmVcpu *vcpu, unsigned number, const uint8_t *bytes)
{
    KvmRegisters now;
    uint64_t value[2];
    if (kvm_vcpu_registers(vcpu, &now) < 0)
        return false;
    get_bytes(bytes, gdb_register_size(registers, number), now.msr & MSR_LE, value);
    return set_value(vcpu, at(registers, number), &now, value);
}

// --- Which there are, and how they are described.

static void append(GdbRegisters *registers, KvmVcpu *vcpu, const Register *reg, const char *name)
{
    static const KvmRegisters nothing;
    uint64_t value[2];
    if (!get_value(vcpu, reg, &nothing, value))
        return;
    if (registers->all->len > 0 &&
        g_strcmp0(at(registers, registers->all->len - 1)->feature, reg->feature) != 0)
        g_string_append_printf(registers->description, "</feature>\n<feature name=\"%s\">\n", reg->feature);
    if (g_strcmp0(reg->feature, ALTIVEC) == 0 && g_strcmp0(name, "vr0") == 0)
        g_string_append(registers->description,
            "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>\n"
            "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>\n"
            "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>\n"
            "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>\n"
            "<union id=\"vec128\"><field name=\"uint128\" type=\"uint128\"/>"
            "<field name=\"v4_float\" type=\"v4f\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
            "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v16_int8\" type=\"v16i8\"/></union>\n");
    g_string_append_printf(registers->description, "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"%s/>\n", name,
        reg->bits, reg->type, g_strcmp0(reg->feature, SPR) == 0 ? " group=\"spr\" save-restore=\"no\"" : "");
    g_array_append_val(registers->all, *reg);
    if (g_strcmp0(reg->feature, CORE) == 0)
        registers->general = registers->all->len;
}

static void append_row(GdbRegisters *registers, KvmVcpu *vcpu, const Register *row)
{
    for (unsigned i = 0; i < MAX(row->count, 1); i++) {
        Register reg = *row;
        reg.where += i * (row->place == IN_REGISTERS ? sizeof(uint64_t) : 1);
        g_autofree char *name = row->count ? g_strdup_printf("%s%u%s", row->name, row->first + i,
                                                 row->place == IN_LOW_HALF ? "h" : "")
                                           : g_strdup(row->name);
        append(registers, vcpu, &reg, name);
    }
}

GdbRegisters *gdb_registers_new(KvmVcpu *vcpu)
{
    GdbRegisters *registers = g_new0(GdbRegisters, 1);
    registers->all = g_array_new(FALSE, FALSE, sizeof(Register));
    registers->description =
        g_string_new("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target>\n"
                     "<architecture>powerpc:common64</architecture>\n<feature name=\"" CORE "\">\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++)
        append_row(registers, vcpu, &table[i]);
    g_string_append(registers->description, "</feature>\n</target>\n");
    return registers;
}

void gdb_registers_free(GdbRegisters *registers)
{
    if (!registers)
        return;
    g_array_unref(registers->all);
    g_string_free(registers->description, TRUE);
    g_free(registers);
}

const char *gdb_registers_description(const GdbRegisters *registers)
{
    return registers->description->str;
}

unsigned gdb_registers_count(const GdbRegisters *registers)
{
    return registers->all->len;
}

unsigned gdb_registers_general(const GdbRegisters *registers)
{
    return registers->general;
}
