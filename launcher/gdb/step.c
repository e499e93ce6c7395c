// The instructions that do not lead to the next one: branches and returns (Power ISA 3.1, book I, 2.4; book
// III, 4.3.1).
#include "step.h"
#include "lparun/vcpu.h"

enum { OPCODE_PREFIX = 1, OPCODE_BC = 16, OPCODE_B = 18, OPCODE_XL = 19 };
enum { XL_BCLR = 16, XL_RFID = 18, XL_RFSCV = 82, XL_BCCTR = 528, XL_BCTAR = 560 };

// Bits that a return from an interrupt takes from SRR1: all but those that are zero or stay as they are.
#define SRR1_TO_MSR (~0x783f0000ULL)

static uint64_t extend(uint64_t value, unsigned bits)
{
    uint64_t sign = 1ULL << (bits - 1);
    return (value ^ sign) - sign;
}

// BO and BI: to `target` or on (book I, 2.4, "BO field encodings").
static void branch(GdbNext *next, uint32_t instruction, const KvmRegisters *registers, uint64_t target)
{
    unsigned bo = instruction >> 21 & 31, bi = instruction >> 16 & 31;
    uint64_t count_bits = registers->msr & MSR_SF ? UINT64_MAX : UINT32_MAX;
    bool counts = !(bo & 4);
    next->ctr -= counts;
    bool count_good = !counts || ((next->ctr & count_bits) == 0) == !!(bo & 2);
    bool condition_good = bo & 16 || (registers->cr >> (31 - bi) & 1) == (bo >> 3 & 1);
    if (count_good && condition_good)
        next->pc = target & ~3ULL;
}

static void come_back(GdbNext *next, uint64_t pc, uint64_t msr)
{
    next->pc = pc & ~3ULL;
    next->msr = msr & SRR1_TO_MSR;
}

static void next_of_xl(GdbNext *next, uint32_t instruction, const KvmRegisters *registers, uint64_t tar)
{
    switch (instruction >> 1 & 0x3ff) {
    case XL_BCLR:
        branch(next, instruction, registers, registers->lr);
        break;
    case XL_BCCTR:
        branch(next, instruction, registers, registers->ctr);
        break;
    case XL_BCTAR:
        branch(next, instruction, registers, tar);
        break;
    case XL_RFID:
        come_back(next, registers->srr0, registers->srr1);
        break;
    case XL_RFSCV:
        come_back(next, registers->lr, registers->ctr);
        break;
    default:
        break;
    }
}

GdbNext gdb_step_next(uint32_t instruction, const KvmRegisters *registers, uint64_t tar)
{
    GdbNext next = { .pc = registers->pc + 4, .msr = registers->msr, .ctr = registers->ctr };
    uint64_t from = instruction & 2 ? 0 : registers->pc; // AA
    switch (instruction >> 26) {
    case OPCODE_PREFIX:
        next.pc += 4;
        break;
    case OPCODE_B:
        next.pc = from + extend(instruction & 0x03fffffc, 26);
        break;
    case OPCODE_BC:
        branch(&next, instruction, registers, from + extend(instruction & 0xfffc, 16));
        break;
    case OPCODE_XL:
        next_of_xl(&next, instruction, registers, tar);
        break;
    default:
        break;
    }
    return next;
}
