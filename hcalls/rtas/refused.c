// RTAS calls that are there to say no, as on a QEMU without what they are about: guests find them, ask, and
// do without. Hot-plug (LoPAR 13.5) and the power domains that belong to it, and the error handling of PCI
// slots (EEH, LoPAR 7.3.11), of which virtio functions have none.
#include "lparun/papr.h"
#include "lparun/rtas.h"

static int32_t refuse(void *owner, Vcpu *vcpu, RtasCall *call)
{
    return RTAS_NOT_SUPPORTED;
}

void rtas_refused_register(RtasTable *table)
{
    static const char *const names[] = { "set-indicator", "get-sensor-state", "ibm,configure-connector",
        "set-power-level", "get-power-level", "ibm,set-eeh-option", "ibm,get-config-addr-info2",
        "ibm,read-slot-reset-state2", "ibm,set-slot-reset", "ibm,configure-pe", "ibm,slot-error-detail" };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        rtas_register(table, names[i], 0, 1, refuse, NULL);
}
