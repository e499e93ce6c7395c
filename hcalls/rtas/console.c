// RTAS display-character (LoPAR 7.3.5): early kernel messages go to the console.
#include "lparun/papr.h"
#include "lparun/rtas.h"

static int32_t display_character(void *owner, Vcpu *vcpu, RtasCall *call)
{
    uint8_t byte = (uint8_t)call->input[0];
    Vty *vty = vtys_first(owner);
    if (!vty)
        return RTAS_HARDWARE_ERROR;
    return vty_output(vty, &byte, 1) ? RTAS_SUCCESS : RTAS_BUSY; // the guest sends it again
}

void rtas_console_register(RtasTable *table, const RtasParts *parts)
{
    rtas_register(table, 0x201a, "display-character", 1, 1, display_character, parts->vtys);
}
