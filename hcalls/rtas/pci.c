// RTAS calls of PCI: configuration accesses (LoPAR 7.3.4) and message interrupts (7.3.10.5).
#include "lparun/papr.h"
#include "lparun/rtas.h"

// All four calls name a function by configuration address and PHB: input cells 0, 1 and 2.
static PciDevice *function_of(PciHost *host, const RtasCall *call)
{
    uint64_t buid = (uint64_t)call->input[1] << 32 | call->input[2];
    return pci_host_find(host, buid, call->input[0]);
}

// Bits 7:0 of the register's number are in the address's low byte, bits 11:8 in its top nibble (LoPAR 7.3.4).
static unsigned register_of(const RtasCall *call)
{
    return (call->input[0] & 0xff) | (call->input[0] >> 20 & 0xf00);
}

static bool is_access(const RtasCall *call)
{
    uint32_t size = call->input[3];
    return (size == 1 || size == 2 || size == 4) && register_of(call) % size == 0;
}

static int32_t read_config(void *owner, Vcpu *vcpu, RtasCall *call)
{
    PciDevice *function = function_of(owner, call);
    call->output[1] = UINT32_MAX; // what a bus without that function answers
    if (!function || !is_access(call))
        return RTAS_HARDWARE_ERROR;
    call->output[1] = pci_device_read(function, register_of(call), call->input[3]);
    return RTAS_SUCCESS;
}

static int32_t write_config(void *owner, Vcpu *vcpu, RtasCall *call)
{
    PciDevice *function = function_of(owner, call);
    if (!function || !is_access(call))
        return RTAS_HARDWARE_ERROR;
    pci_device_write(function, register_of(call), call->input[3], call->input[4]);
    return RTAS_SUCCESS;
}

// ibm,change-msi's functions that MSI-X can serve; the others are for MSI alone.
enum { CHANGE_EITHER = 1, CHANGE_MSIX = 4 };
#define TYPE_MSIX 2

// Inputs: function, wanted number, sequence. Outputs: number granted, next sequence, and the type where
// asked.
static int32_t change_msi(void *owner, Vcpu *vcpu, RtasCall *call)
{
    PciDevice *function = function_of(owner, call);
    Msix *msix = function ? pci_device_msix(function) : NULL;
    uint32_t what = call->input[3], wanted = call->input[4], sequence = call->input[5];
    if (!msix || (wanted > 0 && what != CHANGE_EITHER && what != CHANGE_MSIX))
        return RTAS_PARAMETER_ERROR;
    uint32_t granted = MIN(wanted, msix_vectors(msix));
    if (granted == wanted) // fewer: say how many there are and change nothing
        msix_grant(msix, granted);
    call->output[1] = granted;
    call->output[2] = sequence + 1;
    call->output[3] = TYPE_MSIX;
    return RTAS_SUCCESS;
}

// Which source number a vector has, and that it is an edge.
static int32_t query_source(void *owner, Vcpu *vcpu, RtasCall *call)
{
    PciDevice *function = function_of(owner, call);
    Msix *msix = function ? pci_device_msix(function) : NULL;
    uint32_t vector = call->input[3];
    if (!msix || vector >= msix_vectors(msix))
        return RTAS_PARAMETER_ERROR;
    call->output[1] = msix_source(msix, vector);
    call->output[2] = 1;
    return RTAS_SUCCESS;
}

void rtas_pci_register(RtasTable *table, const RtasParts *parts)
{
    PciHost *host = parts->pci;
    rtas_register(table, 0x2000, "ibm,read-pci-config", 4, 2, read_config, host);
    rtas_register(table, 0x2001, "ibm,write-pci-config", 5, 1, write_config, host);
    rtas_register(table, 0x2002, "ibm,query-interrupt-source-number", 4, 3, query_source, host);
    rtas_register(table, 0x2003, "ibm,change-msi", 6, 3, change_msi, host);
}
