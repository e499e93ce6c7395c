// RTAS calls that are there to say no, as on a QEMU without what they are about: guests find them, ask, and
// do without. Hot-plug (LoPAR 13.5) and the power domains that belong to it, and the error handling of PCI
// slots (EEH, LoPAR 7.3.11), of which virtio functions have none.
#include "lparun/papr.h"
#include "lparun/rtas.h"

static int32_t refuse(void *owner, Vcpu *vcpu, RtasCall *call)
{
    return RTAS_NOT_SUPPORTED;
}

void rtas_refused_register(RtasTable *table, const RtasParts *parts)
{
    static const struct {
        uint32_t token;
        const char *name;
    } calls[] = {
        { 0x200f, "set-indicator" },
        { 0x2010, "get-sensor-state" },
        { 0x2011, "ibm,configure-connector" },
        { 0x2012, "set-power-level" },
        { 0x2013, "get-power-level" },
        { 0x2014, "ibm,set-eeh-option" },
        { 0x2015, "ibm,get-config-addr-info2" },
        { 0x2016, "ibm,read-slot-reset-state2" },
        { 0x2017, "ibm,set-slot-reset" },
        { 0x2018, "ibm,configure-pe" },
        { 0x2019, "ibm,slot-error-detail" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++)
        rtas_register(table, calls[i].token, calls[i].name, 0, 1, refuse, NULL);
}
