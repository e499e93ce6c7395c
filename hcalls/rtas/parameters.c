// RTAS ibm,get-system-parameter and ibm,set-system-parameter (LoPAR 7.3.16).
#include "lparun/bytes.h"
#include "lparun/papr.h"
#include "lparun/rtas.h"

typedef struct Parameters {
    GuestMemory *memory;
    unsigned vcpus;
    uint8_t uuid[16];
} Parameters;

enum { SPLPAR_CHARACTERISTICS = 20, DIAGNOSTICS_RUN_MODE = 42, PARTITION_UUID = 48 };
#define DIAGNOSTICS_DISABLED 0

// Buffer: a big-endian 16-bit length, then the value. A buffer that is too small gets what fits and the whole
// length.
static int32_t give(Parameters *parameters, const RtasCall *call, const void *value, size_t length)
{
    uint64_t buffer = call->input[1], room = call->input[2];
    be16 stored = be16_make((uint16_t)length);
    if (room < sizeof stored || !guest_memory_write(parameters->memory, buffer, &stored, sizeof stored))
        return RTAS_PARAMETER_ERROR;
    length = MIN(length, room - sizeof stored);
    return guest_memory_write(parameters->memory, buffer + sizeof stored, value, length)
               ? RTAS_SUCCESS
               : RTAS_PARAMETER_ERROR;
}

static int32_t get_parameter(void *owner, Vcpu *vcpu, RtasCall *call)
{
    Parameters *parameters = owner;
    static const uint8_t run_mode = DIAGNOSTICS_DISABLED;
    if (call->input[0] == PARTITION_UUID)
        return give(parameters, call, parameters->uuid, sizeof parameters->uuid);
    if (call->input[0] == DIAGNOSTICS_RUN_MODE)
        return give(parameters, call, &run_mode, sizeof run_mode);
    if (call->input[0] != SPLPAR_CHARACTERISTICS)
        return RTAS_NOT_SUPPORTED;
    g_autofree char *text = g_strdup_printf(
        "MaxEntCap=%u,DesMem=%" G_GUINT64_FORMAT ",DesProcs=%u,MaxPlatProcs=%u", parameters->vcpus * 100,
        guest_memory_size(parameters->memory) >> 20, parameters->vcpus, parameters->vcpus);
    return give(parameters, call, text, strlen(text) + 1);
}

static int32_t set_parameter(void *owner, Vcpu *vcpu, RtasCall *call)
{
    switch (call->input[0]) {
    case SPLPAR_CHARACTERISTICS:
    case DIAGNOSTICS_RUN_MODE:
    case PARTITION_UUID:
        return RTAS_NOT_AUTHORIZED;
    default:
        return RTAS_NOT_SUPPORTED;
    }
}

// The 16 bytes of a UUID's text, in the order that they are written in.
static void uuid_bytes(const char *text, uint8_t bytes[16])
{
    for (unsigned i = 0; i < 16; text++)
        if (*text != '-') {
            bytes[i++] = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
            text++;
        }
}

void rtas_parameters_register(RtasTable *table, const RtasParts *parts)
{
    Parameters *parameters = rtas_own(table, g_new0(Parameters, 1));
    parameters->memory = parts->memory;
    parameters->vcpus = vcpu_set_count(parts->vcpus);
    uuid_bytes(parts->uuid, parameters->uuid);
    rtas_register(table, 0x201b, "ibm,get-system-parameter", 3, 1, get_parameter, parameters);
    rtas_register(table, 0x201c, "ibm,set-system-parameter", 2, 1, set_parameter, parameters);
}
