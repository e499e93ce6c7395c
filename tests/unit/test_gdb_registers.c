// A vCPU's registers as a debugger gets them.
#include "fake_kvm.h"
#include "fake_vcpu.h"
#include "gdb/registers.h"
#include <string.h>

#define MSR_BIG 0x8000000000001000ULL
#define MSR_LITTLE 0x8000000000001001ULL
#define VR2 0x1040000000000042ULL
#define VSR1 0x1040000000000061ULL
#define FPR3 0x1030000000000023ULL
#define VRSAVE 0x10200000000000b4ULL

typedef struct Fixture {
    KvmVm *vm;
    KvmVcpu *vcpu;
    GdbRegisters *registers;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->vm = fake_kvm_new();
    fixture->vcpu = kvm_vcpu_new(fixture->vm, 0, NULL);
    fixture->registers = gdb_registers_new(fixture->vcpu);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    gdb_registers_free(fixture->registers);
    kvm_vcpu_free(fixture->vcpu);
    kvm_vm_close(fixture->vm);
}

// The number of a register is the place of its element.
static unsigned number(const Fixture *fixture, const char *name)
{
    g_autofree char *element = g_strdup_printf("<reg name=\"%s\"", name);
    const char *text = gdb_registers_description(fixture->registers), *found = strstr(text, element);
    g_assert_nonnull(found);
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, "<reg ")) && at < found; at++)
        count++;
    return count;
}

static void assert_register(const Fixture *fixture, const char *name, const char *hex)
{
    uint8_t bytes[GDB_REGISTER_BYTES];
    g_autoptr(GString) text = g_string_new(NULL);
    g_assert_true(gdb_register_get(fixture->registers, fixture->vcpu, number(fixture, name), bytes));
    for (unsigned i = 0; i < gdb_register_size(fixture->registers, number(fixture, name)); i++)
        g_string_append_printf(text, "%02x", bytes[i]);
    g_assert_cmpstr(text->str, ==, hex);
}

static void set_register(const Fixture *fixture, const char *name, const char *bytes)
{
    g_assert_true(
        gdb_register_set(fixture->registers, fixture->vcpu, number(fixture, name), (const uint8_t *)bytes));
}

static void test_description(Fixture *fixture, gconstpointer data)
{
    const char *text = gdb_registers_description(fixture->registers);
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, "<reg ")); at++)
        count++;
    g_assert_cmpuint(count, ==, gdb_registers_count(fixture->registers));
    g_assert_cmpuint(gdb_registers_general(fixture->registers), ==, 38);
    g_assert_cmpuint(number(fixture, "r0"), ==, 0);
    g_assert_cmpuint(number(fixture, "xer"), ==, 37);
    g_assert_cmpuint(number(fixture, "f0"), ==, 38);
    g_assert_nonnull(
        strstr(text, "<feature name=\"org.gnu.gdb.power.vsx\">\n<reg name=\"vs0h\" bitsize=\"64\""));
    g_assert_nonnull(strstr(text, "<reg name=\"pmc6\""));
    g_assert_null(strstr(text, "pmc7"));
}

static void test_get(Fixture *fixture, gconstpointer data)
{
    KvmRegisters general = { .pc = 0x100, .msr = MSR_BIG, .cr = 0x12345678, .pid = 7, .sprg = { [3] = 3 } };
    general.gpr[31] = 0x0102030405060708;
    kvm_vcpu_set_registers(fixture->vcpu, &general);
    kvm_vcpu_set_wide(fixture->vcpu, VR2, (const uint64_t[]){ 0x0001020304050607, 0x08090a0b0c0d0e0f });
    kvm_vcpu_set_wide(fixture->vcpu, VSR1, (const uint64_t[]){ 1, 2 });
    kvm_vcpu_set_reg(fixture->vcpu, FPR3, 0x3ff0000000000000);
    assert_register(fixture, "r31", "0102030405060708");
    assert_register(fixture, "pc", "0000000000000100");
    assert_register(fixture, "cr", "12345678");
    assert_register(fixture, "sprg3", "0000000000000003");
    assert_register(fixture, "vr2", "000102030405060708090a0b0c0d0e0f");
    assert_register(fixture, "vs1h", "0000000000000002");
    assert_register(fixture, "f3", "3ff0000000000000");
    general.msr = MSR_LITTLE;
    kvm_vcpu_set_registers(fixture->vcpu, &general);
    assert_register(fixture, "r31", "0807060504030201");
    assert_register(fixture, "cr", "78563412");
    assert_register(fixture, "vr2", "0f0e0d0c0b0a09080706050403020100");
    assert_register(fixture, "msr", "0110000000000080");
}

static void test_set(Fixture *fixture, gconstpointer data)
{
    KvmRegisters general;
    uint64_t value[2];
    set_register(fixture, "r31", "\1\2\3\4\5\6\7\10");
    set_register(fixture, "cr", "\1\2\3\4");
    set_register(fixture, "vr2", "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17");
    set_register(fixture, "vrsave", "\1\2\3\4");
    kvm_vcpu_set_wide(fixture->vcpu, VSR1, (const uint64_t[]){ 1, 2 });
    set_register(fixture, "vs1h", "\0\0\0\0\0\0\0\3");
    kvm_vcpu_registers(fixture->vcpu, &general);
    g_assert_cmphex(general.gpr[31], ==, 0x0102030405060708);
    g_assert_cmphex(general.cr, ==, 0x01020304);
    g_assert_cmphex(general.pc, ==, 0x1234); // others are as they were
    kvm_vcpu_get_wide(fixture->vcpu, VR2, value);
    g_assert_cmphex(value[0], ==, 0x0001020304050607);
    g_assert_cmphex(value[1], ==, 0x08090a0b0c0d0e0f);
    kvm_vcpu_get_wide(fixture->vcpu, VSR1, value);
    g_assert_cmphex(value[0], ==, 1);
    g_assert_cmphex(value[1], ==, 3);
    g_assert_cmphex(fake_vcpu_reg(fixture->vcpu, VRSAVE), ==, 0x01020304);
    set_register(fixture, "msr", "\200\0\0\0\0\0\20\1"); // little-endian from here on
    set_register(fixture, "cr", "\1\2\3\4");
    kvm_vcpu_registers(fixture->vcpu, &general);
    g_assert_cmphex(general.cr, ==, 0x04030201);
}

// What this KVM has not is not there.
static void test_missing(Fixture *fixture, gconstpointer data)
{
    fake_vcpu_lack_regs(fixture->vcpu);
    g_autofree char *before = g_strdup(gdb_registers_description(fixture->registers));
    gdb_registers_free(fixture->registers);
    fixture->registers = gdb_registers_new(fixture->vcpu);
    const char *text = gdb_registers_description(fixture->registers);
    g_assert_nonnull(strstr(before, "\"dawr0\""));
    g_assert_null(strstr(text, "\"dawr0\""));
    g_assert_null(strstr(text, "\"f0\""));
    g_assert_nonnull(strstr(text, "<reg name=\"vr0\"")); // the wide ones it has
    assert_register(fixture, "srr0", "0000000000000000");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add("/gdb-registers/" path, Fixture, NULL, set_up, function, tear_down)
    ADD("description", test_description);
    ADD("get", test_get);
    ADD("set", test_set);
    ADD("missing", test_missing);
    return g_test_run();
}
