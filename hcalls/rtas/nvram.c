// RTAS nvram-fetch and nvram-store (LoPAR 7.3.1): offset, buffer and length in; the length done out.
#include "lparun/papr.h"
#include "lparun/rtas.h"
#include <errno.h>

typedef struct NvramCalls {
    GuestMemory *memory;
    Nvram *nvram;
} NvramCalls;

static int32_t nvram_call(NvramCalls *calls, RtasCall *call, bool store)
{
    uint32_t offset = call->input[0], buffer = call->input[1], length = call->input[2];
    if (!guest_memory_has(calls->memory, buffer, length))
        return RTAS_PARAMETER_ERROR;
    int result =
        store
            ? nvram_store(calls->nvram, offset, guest_memory_read_at(calls->memory, buffer, length), length)
            : nvram_fetch(calls->nvram, offset, guest_memory_write_at(calls->memory, buffer, length), length);
    call->output[1] = result == 0 ? length : 0;
    if (result == -EIO)
        return RTAS_HARDWARE_ERROR;
    return result == 0 ? RTAS_SUCCESS : RTAS_PARAMETER_ERROR;
}

static int32_t fetch(void *owner, Vcpu *vcpu, RtasCall *call)
{
    return nvram_call(owner, call, false);
}

static int32_t store(void *owner, Vcpu *vcpu, RtasCall *call)
{
    return nvram_call(owner, call, true);
}

void rtas_nvram_register(RtasTable *table, const RtasParts *parts)
{
    NvramCalls *calls = rtas_own(table, g_new0(NvramCalls, 1));
    *calls = (NvramCalls){ .memory = parts->memory, .nvram = parts->nvram };
    rtas_register(table, 0x2006, "nvram-fetch", 3, 2, fetch, calls);
    rtas_register(table, 0x2007, "nvram-store", 3, 2, store, calls);
}
