// Hypercalls about pages and the processor, as the kernel or lparun serves them.
#include "console.h"
#include "fdt.h"
#include "hypercall.h"
#include "tap.h"

#define H_SET_SPRG0 0x24
#define H_LOGICAL_ICBI 0x4c
#define H_LOGICAL_DCBF 0x50
#define H_HOME_NODE_ASSOCIATIVITY 0x2ec
#define H_ZERO_PAGE (1ULL << 15)
#define H_COPY_PAGE (1ULL << 14)
#define H_ICACHE_SYNCHRONIZE (1ULL << 22)
#define BEYOND (1ULL << 40)

static uint8_t pages[2][4096] __attribute__((aligned(4096)));
static Hypercall result;

static int64_t call(uint64_t number, uint64_t r4, uint64_t r5, uint64_t r6)
{
    result = (Hypercall){ .r = { number, r4, r5, r6 } };
    return hypercall(&result);
}

static void fill(uint8_t *page, uint8_t value)
{
    for (unsigned i = 0; i < sizeof pages[0]; i++)
        page[i] = value;
}

static void are(const char *what, const uint8_t *page, uint8_t value)
{
    unsigned others = 0;
    __asm__ volatile("" ::: "memory");
    for (unsigned i = 0; i < sizeof pages[0]; i++)
        others += page[i] != value;
    tap_equal(what, (uint64_t)page, others, 0);
}

static void test_page_init(void)
{
    uint64_t page = (uint64_t)pages[0], source = (uint64_t)pages[1];
    tap_begin();
    fill(pages[0], 0xaa);
    fill(pages[1], 0x55);
    tap_equal("zero", page, call(H_PAGE_INIT, H_ZERO_PAGE | H_ICACHE_SYNCHRONIZE, page, 0), H_SUCCESS);
    are("bytes that are not 0", pages[0], 0);
    tap_equal("copy", page, call(H_PAGE_INIT, H_COPY_PAGE, page, source), H_SUCCESS);
    are("bytes that are not the source's", pages[0], 0x55);
    tap_equal("no page", page, call(H_PAGE_INIT, H_ZERO_PAGE, page + 8, 0), H_PARAMETER);
    tap_equal("no memory", page, call(H_PAGE_INIT, H_ZERO_PAGE, BEYOND, 0), H_PARAMETER);
    tap_equal("no source", page, call(H_PAGE_INIT, H_COPY_PAGE, page, BEYOND), H_PARAMETER);
    are("bytes that changed", pages[0], 0x55);
    tap_end("H_PAGE_INIT");
}

static void test_blocks(void)
{
    uint64_t page = (uint64_t)pages[0];
    tap_begin();
    tap_equal("H_LOGICAL_ICBI", page, call(H_LOGICAL_ICBI, page, 0, 0), H_SUCCESS);
    tap_equal("H_LOGICAL_DCBF", page, call(H_LOGICAL_DCBF, page, 0, 0), H_SUCCESS);
    tap_equal("H_LOGICAL_DCBF", BEYOND, call(H_LOGICAL_DCBF, BEYOND, 0, 0), H_PARAMETER);
    tap_end("H_LOGICAL_ICBI and H_LOGICAL_DCBF");
}

static uint64_t sprg0(void)
{
    uint64_t value;
    __asm__ volatile("mfsprg0 %0" : "=r"(value));
    return value;
}

static void test_sprg0(void)
{
    tap_begin();
    for (uint64_t i = 1; i < 4; i++) {
        uint64_t value = i * 0x123456789abcdef, before = sprg0();
        tap_equal("H_SET_SPRG0", i, call(H_SET_SPRG0, value, 0, 0), H_SUCCESS);
        tap_equal("what it was", i, (int64_t)result.r[1], (int64_t)before);
        tap_equal("SPRG0", i, (int64_t)sprg0(), (int64_t)value);
    }
    tap_end("H_SET_SPRG0");
}

// The guest has -numa, in whose second node the processor is.
static void test_home_node(void)
{
    tap_begin();
    tap_equal("this processor", 0, call(H_HOME_NODE_ASSOCIATIVITY, 1, 0, 0), H_SUCCESS);
    tap_equal("node", 0, (int64_t)(result.r[2] & 0xffffffff), 1);
    tap_equal("itself", 0, (int64_t)result.r[3], 0xffffffff);
    tap_equal("nothing more", 0, (int64_t)result.r[6], -1);
    tap_equal("no processor", 77, call(H_HOME_NODE_ASSOCIATIVITY, 1, 77, 0), -55);
    tap_equal("no flag", 0, call(H_HOME_NODE_ASSOCIATIVITY, 0, 0, 0), H_FUNCTION);
    tap_end("H_HOME_NODE_ASSOCIATIVITY");
}

void payload(void)
{
    tap_plan(4);
    test_page_init();
    test_blocks();
    test_sprg0();
    test_home_node();
}
