// How every payload begins and ends.
#include "payload.h"
#include "console.h"
#include "fdt.h"
#include "hypercall.h"
#include "rtas.h"
#include <stdbool.h>

#define RESOURCE_LE 4 // H_SET_MODE (LoPAR 14.5.4.3.5)

static _Noreturn void power_off(void)
{
    const uint32_t inputs[] = { UINT32_MAX, UINT32_MAX }; // no event shall switch the power on again
    uint32_t status;
    rtas_call("power-off", inputs, 2, &status, 1);
    for (;;)
        continue;
}

// A guest of KVM-PR runs in problem state, where `sc 1` reaches the hypervisor below its own host, which says
// H_PRIVILEGE. KVM-PR takes this instruction in its place (OP_31_XOP_FAKE_SC1,
// arch/powerpc/kvm/book3s_emulate.c).
#define FAKE_SC1 0x7c000268

static void mend_hypercalls(void)
{
    Hypercall call = { .r = { H_SET_DABR, 0 } };
    if (hypercall(&call) != H_PRIVILEGE)
        return;
    hypercall_instruction[0] = FAKE_SC1;
    __asm__ volatile("dcbst 0, %0\n\tsync\n\ticbi 0, %0\n\tisync" : : "r"(hypercall_instruction) : "memory");
}

// The handlers are in the build's own byte order.
static void set_interrupt_order(void)
{
    Hypercall call = { .r = { H_SET_MODE, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, RESOURCE_LE, 0, 0 } };
    int64_t status = hypercall(&call);
    if (status != H_SUCCESS)
        payload_bail("H_SET_MODE for the byte order of interrupts: %ld", status);
}

void payload_start(uint64_t tree)
{
    mend_hypercalls();
    if (!fdt_set(tree))
        payload_bail("r3 is 0x%lx, which is no device tree", tree);
    set_interrupt_order();
    payload();
    power_off();
}

// A payload with one processor has none.
__attribute__((weak)) void payload_second(void)
{
    payload_bail("there is a second processor");
}

void payload_interrupted(uint64_t vector, uint64_t srr0, uint64_t srr1, uint64_t dar, uint64_t dsisr)
{
    payload_bail(
        "interrupt 0x%lx: SRR0 0x%lx, SRR1 0x%lx, DAR 0x%lx, DSISR 0x%lx", vector, srr0, srr1, dar, dsisr);
}

void payload_bail(const char *format, ...)
{
    static bool bailing;
    while (bailing) // the way out does not work either: a time limit ends this
        continue;
    bailing = true;
    va_list arguments;
    va_start(arguments, format);
    print("\nBail out! ");
    print_list(format, arguments);
    print("\n");
    va_end(arguments);
    power_off();
}
