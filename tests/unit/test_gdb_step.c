// Which instruction comes after one.
#include "gdb/step.h"
#include <glib.h>

#define PC 0xc000000000001000ULL
#define MSR 0x8000000000001033ULL

static void test_next(void)
{
    // CR is 0x80000001: bits 0 and 31 are set. LR, CTR, TAR, SRR0 are 0x2003, 0x3003, 0x4003, 0x5003.
    static const struct {
        uint32_t instruction;
        uint64_t ctr, pc;
    } table[] = {
        { 0x60000000, 0x3003, PC + 4 },     // nop
        { 0x44000022, 0x3003, PC + 4 },     // sc 1
        { 0x06000000, 0x3003, PC + 8 },     // a prefix
        { 0x48000100, 0x3003, PC + 0x100 }, // b
        { 0x4bffff01, 0x3003, PC - 0x100 }, // bl, backwards
        { 0x48000102, 0x3003, 0x100 },      // ba
        { 0x4bffff02, 0x3003, -0x100ULL },  // ba to the top
        { 0x41800040, 0x3003, PC + 0x40 },  // bt 0: blt
        { 0x41810040, 0x3003, PC + 4 },     // bt 1
        { 0x419f0040, 0x3003, PC + 0x40 },  // bt 31
        { 0x40800040, 0x3003, PC + 4 },     // bf 0
        { 0x40810040, 0x3003, PC + 0x40 },  // bf 1
        { 0x42800040, 0x3003, PC + 0x40 },  // b, by bc
        { 0x4280ffc0, 0x3003, PC - 0x40 },  // the same, backwards
        { 0x42800042, 0x3003, 0x40 },       // the same, absolute
        { 0x42000040, 2, PC + 0x40 },       // bdnz
        { 0x42000040, 1, PC + 4 },          // its end
        { 0x42400040, 1, PC + 0x40 },       // bdz
        { 0x42400040, 2, PC + 4 },          //
        { 0x41000040, 2, PC + 0x40 },       // bdnzt 0
        { 0x41010040, 2, PC + 4 },          // bdnzt 1
        { 0x4e800020, 0x3003, 0x2000 },     // blr
        { 0x4d810020, 0x3003, PC + 4 },     // btlr 1
        { 0x4e800021, 0x3003, 0x2000 },     // blrl
        { 0x4e800420, 0x3003, 0x3000 },     // bctr
        { 0x4c810420, 0x3003, 0x3000 },     // bfctr 1
        { 0x4e800460, 0x3003, 0x4000 },     // bctar
        { 0x4c00012c, 0x3003, PC + 4 },     // isync
        { 0x4c000024, 0x3003, 0x5000 },     // rfid
        { 0x4c0000a4, 0x3003, 0x2000 },     // rfscv
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        KvmRegisters registers = {
            .pc = PC, .msr = MSR, .cr = 0x80000001, .lr = 0x2003, .ctr = table[i].ctr, .srr0 = 0x5003
        };
        GdbNext next = gdb_step_next(table[i].instruction, &registers, 0x4003);
        if (next.pc != table[i].pc)
            g_error("%08x leads to %" G_GINT64_MODIFIER "x", table[i].instruction, next.pc);
    }
}

// A return has the MSR that SRR1 or CTR has; others keep it.
static void test_msr(void)
{
    KvmRegisters registers = { .pc = PC, .msr = MSR, .srr1 = 0x800000000280f033, .ctr = 0x8000000000009000 };
    g_assert_cmphex(gdb_step_next(0x60000000, &registers, 0).msr, ==, MSR);
    g_assert_cmphex(gdb_step_next(0x4c000024, &registers, 0).msr, ==, 0x800000000280f033 & ~0x783f0000ULL);
    g_assert_cmphex(gdb_step_next(0x4c0000a4, &registers, 0).msr, ==, 0x8000000000009000);
}

// The counter, of which 32 bits are meant in 32-bit mode.
static void test_counter(void)
{
    KvmRegisters registers = { .pc = PC, .msr = MSR, .ctr = 0x100000001 };
    GdbNext next = gdb_step_next(0x42000040, &registers, 0);
    g_assert_cmphex(next.pc, ==, PC + 0x40);
    g_assert_cmphex(next.ctr, ==, 0x100000000);
    registers.msr = 0x1033;
    g_assert_cmphex(gdb_step_next(0x42000040, &registers, 0).pc, ==, PC + 4);
    g_assert_cmphex(gdb_step_next(0x48000000, &registers, 0).ctr, ==, registers.ctr);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gdb-step/next", test_next);
    g_test_add_func("/gdb-step/msr", test_msr);
    g_test_add_func("/gdb-step/counter", test_counter);
    return g_test_run();
}
