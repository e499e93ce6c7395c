// Two processors and the hypercalls and RTAS calls between them, H_RANDOM and H_PAGE_INIT.
#include "fdt.h"
#include "hypercall.h"
#include "payload.h"
#include "rtas.h"
#include "tap.h"
#include <stdbool.h>

#define SECOND 1 // its number
#define NOBODY 999
#define ROUNDS 50
#define RTAS_HARDWARE_ERROR (-1)
#define RTAS_PARAMETER_ERROR (-3)

static int64_t call(uint64_t number, uint64_t r4, uint64_t r5, uint64_t r6)
{
    Hypercall made = { .r = { number, r4, r5, r6 } };
    return hypercall(&made);
}

// --- RTAS.

static int32_t start_second(uint32_t number)
{
    const uint32_t inputs[] = { number, PAYLOAD_ENTRY, PAYLOAD_SECOND };
    uint32_t status;
    rtas_call("start-cpu", inputs, 3, &status, 1);
    return (int32_t)status;
}

static void stop_self(void)
{
    uint32_t status;
    rtas_call("stop-self", 0, 0, &status, 1);
}

// 0 stopped, 1 between, 2 running; or the status.
static int32_t stopped_state(uint32_t number)
{
    uint32_t outputs[2];
    rtas_call("query-cpu-stopped-state", &number, 1, outputs, 2);
    return outputs[0] ? (int32_t)outputs[0] : (int32_t)outputs[1];
}

// --- What the second processor is to do next, and what came of it. `done` counts.

enum { JOIN_ROUNDS, JOIN_ONCE, STOP };

static volatile unsigned order, done;
static volatile int64_t answer;
static volatile unsigned rounds[2], continued[2], wrong[2]; // of each processor

static void barrier(void)
{
    __asm__ volatile("sync" : : : "memory");
}

static volatile unsigned suspended; // rounds that are over

// As Linux suspends: all join, and the one that is told to go on prods the other.
static void join_rounds(unsigned self)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        while (suspended == round) {
            int64_t status = call(H_JOIN, 0, 0, 0);
            if (status == H_CONTINUE) {
                continued[self]++;
                suspended = round + 1;
                barrier();
                if (call(H_PROD, !self, 0, 0) != H_SUCCESS)
                    wrong[self]++;
            } else if (status != H_SUCCESS) {
                wrong[self]++;
            }
        }
        rounds[self]++;
        barrier();
        while (rounds[!self] <= round) // or it would join the next round while the other is still in this one
            continue;
    }
}

void payload_second(void)
{
    switch (order) {
    case JOIN_ROUNDS:
        join_rounds(SECOND);
        break;
    case JOIN_ONCE:
        answer = call(H_JOIN, 0, 0, 0);
        break;
    default:
        break;
    }
    barrier();
    done++;
    stop_self();
    for (;;)
        continue;
}

static void run_second(unsigned what)
{
    order = what;
    barrier();
    tap_equal("start-cpu", what, start_second(SECOND), 0);
}

static void await_second(unsigned count)
{
    while (done != count || stopped_state(SECOND) != 0)
        continue;
}

// --- The tests.

static void test_start(void)
{
    tap_begin();
    tap_equal("state before", SECOND, stopped_state(SECOND), 0);
    tap_equal("the caller's own state", 0, stopped_state(0), 2);
    tap_equal("nobody's state", NOBODY, stopped_state(NOBODY), RTAS_PARAMETER_ERROR);
    tap_equal("start-cpu", NOBODY, start_second(NOBODY), RTAS_PARAMETER_ERROR);
    tap_equal("start-cpu of one that runs", 0, start_second(0), RTAS_HARDWARE_ERROR);
    for (unsigned i = 1; i <= 3; i++) {
        run_second(STOP);
        await_second(i);
    }
    tap_end("start-cpu, stop-self, query-cpu-stopped-state");
}

// On POWER8 KVM answers for a core that is on its way out of the guest, or slow, before it looks at whom it
// is for (arch/powerpc/kvm/book3s_hv_builtin.c, kvmppc_rm_h_confer).
static int64_t confer_to_nobody(void)
{
    int64_t status = H_SUCCESS;
    for (unsigned i = 0; i < 1000 && status == H_SUCCESS; i++)
        status = call(H_CONFER, NOBODY, 0, 0);
    return status;
}

static void test_alone(void)
{
    uint64_t msr;
    tap_begin();
    tap_equal("H_JOIN of the only one", 0, call(H_JOIN, 0, 0, 0), H_CONTINUE);
    __asm__ volatile("mtdec %0" : : "r"(0x7fffffff)); // no interrupt meanwhile
    __asm__ volatile("mfmsr %0\n\tori %0, %0, 0x8000\n\tmtmsrd %0, 1" : "=&r"(msr));
    int64_t status = call(H_JOIN, 0, 0, 0);
    __asm__ volatile("mfmsr %0\n\trldicl %0, %0, 48, 1\n\trotldi %0, %0, 16\n\tmtmsrd %0, 1" : "=&r"(msr));
    tap_equal("H_JOIN with interrupts on", 0, status, H_BAD_MODE);
    tap_equal("H_PROD", NOBODY, call(H_PROD, NOBODY, 0, 0), H_PARAMETER);
    tap_equal("H_CONFER", NOBODY, confer_to_nobody(), H_PARAMETER);
    tap_equal("H_CONFER to any", 0, call(H_CONFER, -1ULL, 0, 0), H_SUCCESS);
    tap_equal("H_SIGNAL_SYS_RESET", NOBODY, call(H_SIGNAL_SYS_RESET, NOBODY, 0, 0), H_PARAMETER);
    tap_equal("H_SIGNAL_SYS_RESET", -3ULL, call(H_SIGNAL_SYS_RESET, -3ULL, 0, 0), H_PARAMETER);
    tap_equal("H_SIGNAL_SYS_RESET to all others", 0, call(H_SIGNAL_SYS_RESET, -2ULL, 0, 0), H_SUCCESS);
    tap_end("calls of one processor");
}

static void test_join(void)
{
    tap_begin();
    run_second(JOIN_ROUNDS);
    join_rounds(0);
    await_second(4);
    tap_equal("rounds", 0, rounds[0] + rounds[1], 2 * ROUNDS);
    tap_equal("rounds that one was told to go on", 0, continued[0] + continued[1], ROUNDS);
    tap_equal("wrong answers", 0, wrong[0] + wrong[1], 0);
    tap_end("H_JOIN and H_PROD, %u rounds", ROUNDS);
}

// The first processor never joins here, so only a prod ends the wait, be it before or after it began.
static void test_prod(void)
{
    tap_begin();
    for (unsigned i = 0; i < ROUNDS; i++) {
        answer = -1;
        run_second(JOIN_ONCE);
        tap_equal("H_PROD", i, call(H_PROD, SECOND, 0, 0), H_SUCCESS);
        await_second(5 + i);
        tap_equal("H_JOIN", i, answer, H_SUCCESS);
    }
    tap_end("H_PROD ends H_JOIN, early or late");
}

static void test_random(void)
{
    uint64_t values[3];
    tap_begin();
    for (unsigned i = 0; i < 3; i++) {
        Hypercall made = { .r = { H_RANDOM } };
        tap_equal("status", i, hypercall(&made), H_SUCCESS);
        values[i] = made.r[1];
    }
    tap_equal("all the same", 0, values[0] == values[1] && values[1] == values[2], false);
    tap_end("H_RANDOM");
}

#define PAGE 4096
#define ZERO_PAGE (1ULL << 15)
#define COPY_PAGE (1ULL << 14)

static uint8_t from[PAGE] __attribute__((aligned(PAGE))), to[PAGE] __attribute__((aligned(PAGE)));

static void init_page(
    uint64_t flags, uint64_t destination, uint64_t source, int64_t expected, unsigned factor)
{
    for (unsigned i = 0; i < PAGE; i++) {
        from[i] = (uint8_t)(3 * i + 1);
        to[i] = 0x55;
    }
    barrier();
    tap_equal("status", flags, call(H_PAGE_INIT, flags, destination, source), expected);
    barrier();
    for (unsigned i = 0; i < PAGE; i++)
        tap_equal("byte", i, ((volatile uint8_t *)to)[i], expected ? 0x55 : (uint8_t)(factor * from[i]));
}

static void test_page_init(void)
{
    tap_begin();
    if (call(H_PAGE_INIT, 0, (uint64_t)to, 0) == H_FUNCTION) { // KVM-PR
        tap_end("H_PAGE_INIT: not there");
        return;
    }
    init_page(ZERO_PAGE, (uint64_t)to, 0, H_SUCCESS, 0);
    init_page(COPY_PAGE, (uint64_t)to, (uint64_t)from, H_SUCCESS, 1);
    init_page(ZERO_PAGE, (uint64_t)to + 8, 0, H_PARAMETER, 0);
    init_page(COPY_PAGE, (uint64_t)to, (uint64_t)from + 8, H_PARAMETER, 1);
    init_page(1, (uint64_t)to, 0, H_PARAMETER, 0);
    init_page(ZERO_PAGE, 1ULL << 40, 0, H_PARAMETER, 0);
    tap_end("H_PAGE_INIT");
}

void payload(void)
{
    tap_plan(6);
    test_start();
    test_alone();
    test_join();
    test_prod();
    test_random();
    test_page_init();
}
