// RTAS power-off, system-reboot and ibm,os-term (LoPAR 7.3, by their names), and SLOF's quiesce.
#include "lparun/papr.h"
#include "lparun/rtas.h"

typedef struct PowerCalls {
    GuestMemory *memory;
    RunAsk ask;
} PowerCalls;

// The calling vCPU does not go back: the machine's main thread decides what becomes of it.
static int32_t end(PowerCalls *calls, Vcpu *vcpu, RunEvent event, const char *text)
{
    vcpu_park(vcpu);
    calls->ask.ask(calls->ask.owner, event, text);
    return RTAS_SUCCESS;
}

static int32_t power_off(void *owner, Vcpu *vcpu, RtasCall *call)
{
    return end(owner, vcpu, RUN_POWER_OFF, NULL);
}

static int32_t system_reboot(void *owner, Vcpu *vcpu, RtasCall *call)
{
    return end(owner, vcpu, RUN_REBOOT, NULL);
}

#define OS_TERM_TEXT 256

// The guest's last words, after which it may go on (ibm,extended-os-term; LoPAR 7.3.9.1): the machine stands
// still until it was decided whether it shall. At most OS_TERM_TEXT bytes, and nothing that could play with a
// terminal.
static int32_t os_term(void *owner, Vcpu *vcpu, RtasCall *call)
{
    PowerCalls *calls = owner;
    char text[OS_TERM_TEXT + 1] = "";
    for (unsigned i = 0; i < OS_TERM_TEXT; i++) {
        char byte;
        if (!guest_memory_read(calls->memory, (uint64_t)call->input[0] + i, &byte, 1) || byte == '\0')
            break;
        text[i] = g_ascii_isprint(byte) ? byte : ' ';
    }
    calls->ask.ask(calls->ask.owner, RUN_PANICKED, g_strstrip(text));
    return RTAS_SUCCESS;
}

// SLOF has shut its devices down. It passes no output cell.
static int32_t quiesce(void *owner, Vcpu *vcpu, RtasCall *call)
{
    return RTAS_SUCCESS;
}

void rtas_power_register(RtasTable *table, const RtasParts *parts)
{
    PowerCalls *calls = rtas_own(table, g_new0(PowerCalls, 1));
    *calls = (PowerCalls){ .memory = parts->memory, .ask = parts->ask };
    rtas_register(table, 0x2008, "power-off", 2, 1, power_off, calls);
    rtas_register(table, 0x2009, "system-reboot", 0, 1, system_reboot, calls);
    rtas_register(table, 0x200a, "ibm,os-term", 1, 1, os_term, calls);
    rtas_register(table, 0x200b, "quiesce", 0, 0, quiesce, calls);
}
