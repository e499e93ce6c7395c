// Lets its watchdog expire with one action after the other. What it has come to it writes to NVRAM, which
// outlives a reset.
#include "console.h"
#include "hypercall.h"
#include "order.h"
#include "payload.h"
#include "rtas.h"

#define H_WATCHDOG 0x45c
#define H_GET_TERM_CHAR 0x54
#define VTY 0x71000000
#define SYSTEM_RESET 0x100
#define BRANCH 0x48000000 // the instruction, to which a distance is added
#define START 0x100
#define QUERY 0x300
#define MARK 0xfff0 // in NVRAM, in its last partition, which is free
#define MAGIC 0x5a00

enum { POWER_OFF = 1, RESTART, DUMP };

static uint32_t cell;

static void nvram(const char *name)
{
    const uint32_t inputs[] = { MARK, (uint32_t)(uint64_t)&cell, sizeof cell };
    uint32_t outputs[2];
    rtas_call(name, inputs, 3, outputs, 2);
    if (outputs[0] != 0)
        payload_bail("%s: status %d", name, (int)outputs[0]);
}

// How often this program was entered before.
static unsigned entries(void)
{
    nvram("nvram-fetch");
    unsigned before = (big32(cell) & 0xff00) == MAGIC ? big32(cell) & 0xff : 0;
    cell = big32(MAGIC | (before + 1));
    nvram("nvram-store");
    return before;
}

static void wait_for_key(void)
{
    Hypercall call;
    do
        call = (Hypercall){ .r = { H_GET_TERM_CHAR, VTY } };
    while (hypercall(&call) == H_SUCCESS && call.r[1] == 0);
}

static void start(unsigned action)
{
    Hypercall query = { .r = { H_WATCHDOG, QUERY } };
    if (hypercall(&query) != H_SUCCESS)
        payload_bail("H_WATCHDOG: query: %ld", (int64_t)query.r[0]);
    print("watchdog: action %u, %lu timers, at least %lu ms\n", action, query.r[1] >> 32 & 0xffff,
        query.r[1] >> 48);
    Hypercall call = { .r = { H_WATCHDOG, START | action, 1, query.r[1] >> 48 } };
    if (hypercall(&call) != H_SUCCESS)
        payload_bail("H_WATCHDOG: start: %ld", (int64_t)call.r[0]);
    for (;;)
        continue;
}

// A system reset interrupt comes here on the stack that it finds: what it interrupts is the loop above.
static void on_system_reset(void)
{
    print("watchdog: system reset\n");
    start(POWER_OFF);
}

// In place of the program's entry, to which a system reset would lead.
static void catch_system_resets(void)
{
    volatile uint32_t *vector = (volatile uint32_t *)SYSTEM_RESET;
    *vector = BRANCH | ((uint32_t)(uint64_t)on_system_reset - SYSTEM_RESET);
    __asm__ volatile("dcbst 0, %0\n\tsync\n\ticbi 0, %0\n\tisync" : : "r"(vector) : "memory");
}

void payload(void)
{
    if (entries() == 0) {
        wait_for_key(); // there is a monitor's client now
        start(RESTART);
    }
    catch_system_resets();
    start(DUMP);
}
