// Hypercalls on one entry of the hashed page table: it is entered, read, its referenced and changed bits are
// cleared, and it is removed (LoPAR 14.5.4.1).
#include "fdt.h"
#include "hypercall.h"
#include "payload.h"
#include "tap.h"

#define VALID 1ULL
#define REFERENCED 0x100ULL
#define CHANGED 0x80ULL
#define BITS (REFERENCED | CHANGED | 0x12) // coherent, read and write
#define EXACT (1ULL << 39)                 // this entry and no other of its group
#define PAGE_NUMBER (0x123456ULL << 12)    // of a virtual address that nobody uses
#define INDEX 0x123ULL

static Hypercall result;

static int64_t call(uint64_t number, uint64_t r4, uint64_t r5, uint64_t r6, uint64_t r7)
{
    result = (Hypercall){ .r = { number, r4, r5, r6, r7 } };
    return hypercall(&result);
}

static void bits(const char *what, uint64_t word, uint64_t expected)
{
    tap_equal(what, 0, (int64_t)(word & (REFERENCED | CHANGED)), (int64_t)expected);
}

static void test_entry(void)
{
    tap_begin();
    tap_equal("H_READ, empty", INDEX, call(H_READ, 0, INDEX, 0, 0), H_SUCCESS);
    tap_equal("valid", INDEX, (int64_t)(result.r[1] & VALID), 0);
    tap_equal("H_ENTER", INDEX, call(H_ENTER, EXACT, INDEX, PAGE_NUMBER | VALID, BITS), H_SUCCESS);
    tap_equal("index", INDEX, (int64_t)result.r[1], INDEX);
    tap_equal("H_ENTER, taken", INDEX, call(H_ENTER, EXACT, INDEX, PAGE_NUMBER | VALID, BITS), H_PTEG_FULL);
    tap_equal("H_READ", INDEX, call(H_READ, 0, INDEX, 0, 0), H_SUCCESS);
    tap_equal("first word", INDEX, (int64_t)(result.r[1] & (PAGE_NUMBER | VALID)), PAGE_NUMBER | VALID);
    bits("second word", result.r[2], REFERENCED | CHANGED);
    tap_end("H_ENTER and H_READ");
}

static void test_clear(void)
{
    tap_begin();
    tap_equal("H_CLEAR_REF", INDEX, call(H_CLEAR_REF, 0, INDEX, 0, 0), H_SUCCESS);
    bits("before H_CLEAR_REF", result.r[1], REFERENCED | CHANGED);
    tap_equal("H_CLEAR_MOD", INDEX, call(H_CLEAR_MOD, 0, INDEX, 0, 0), H_SUCCESS);
    bits("before H_CLEAR_MOD", result.r[1], CHANGED);
    tap_equal("H_READ", INDEX, call(H_READ, 0, INDEX, 0, 0), H_SUCCESS);
    bits("after both", result.r[2], 0);
    tap_end("H_CLEAR_REF and H_CLEAR_MOD");
}

static void test_none(uint64_t end)
{
    static const uint64_t calls[] = { H_CLEAR_REF, H_CLEAR_MOD, H_REMOVE };
    tap_begin();
    tap_equal("H_REMOVE", INDEX, call(H_REMOVE, 0, INDEX, 0, 0), H_SUCCESS);
    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        tap_equal("no entry", calls[i], call(calls[i], 0, INDEX, 0, 0), H_NOT_FOUND);
        tap_equal("no index", calls[i], call(calls[i], 0, end, 0, 0), H_PARAMETER);
        tap_equal("no index", calls[i], call(calls[i], 0, UINT64_MAX, 0, 0), H_PARAMETER);
    }
    tap_end("an entry that is not there");
}

// Until the table is ready.
static int64_t prepare(uint64_t order)
{
    int64_t status;
    do
        status = call(H_RESIZE_HPT_PREPARE, 0, order, 0, 0);
    while (status >= H_LONG_BUSY && status <= H_LONG_BUSY + 5);
    return status;
}

// Twice as large and back. Which group an entry belongs to is in its own words: group INDEX / 8 of a table of
// any size has it still.
static void test_resize(uint32_t order)
{
    uint64_t last = (2ULL << (order - 4)) - 1;
    uint64_t free = last - 1; // a group's last entry is KVM's own, for real mode (kvmppc_map_vrma)
    uint64_t group = 0x321, held = group << 12 | 0x10 | VALID; // page 0 of it
    tap_begin();
    tap_equal("commit alone", order, call(H_RESIZE_HPT_COMMIT, 0, order + 1, 0, 0), H_CLOSED);
    tap_equal("too large", order, prepare(order + 2), H_RESOURCE);
    tap_equal("H_ENTER", group, call(H_ENTER, EXACT, group * 8, held, BITS), H_SUCCESS);
    tap_equal("H_READ, too far", last, call(H_READ, 0, last, 0, 0), H_PARAMETER);
    tap_equal("prepare", order, prepare(order + 1), H_SUCCESS);
    tap_equal("commit", order, call(H_RESIZE_HPT_COMMIT, 0, order + 1, 0, 0), H_SUCCESS);
    tap_equal("H_READ", last, call(H_READ, 0, last, 0, 0), H_SUCCESS);
    tap_equal("H_READ", group, call(H_READ, 0, group * 8, 0, 0), H_SUCCESS);
    tap_equal("the entry that is held", group, (int64_t)result.r[1], (int64_t)held);
    tap_equal("H_ENTER", free, call(H_ENTER, EXACT, free, PAGE_NUMBER | VALID, BITS), H_SUCCESS);
    tap_equal("H_REMOVE", free, call(H_REMOVE, 0, free, 0, 0), H_SUCCESS);
    tap_equal("prepare", order, prepare(order), H_SUCCESS);
    tap_equal("commit", order, call(H_RESIZE_HPT_COMMIT, 0, order, 0, 0), H_SUCCESS);
    tap_equal("H_READ, too far", last, call(H_READ, 0, last, 0, 0), H_PARAMETER);
    tap_equal("H_REMOVE", group, call(H_REMOVE, 0, group * 8, 0, 0), H_SUCCESS);
    tap_end("H_RESIZE_HPT_PREPARE and H_RESIZE_HPT_COMMIT");
}

void payload(void)
{
    uint32_t order = fdt_number("cpus/PowerPC,", "ibm,pft-size", 1);
    tap_plan(4);
    test_resize(order);
    test_entry();
    test_clear();
    test_none(1ULL << (order - 4)); // 16 bytes an entry
}
