// H_PUT_TERM_CHAR and H_GET_TERM_CHAR (LoPAR 17, "Virtual Terminal"): the guest's console.
#include "lparun/bytes.h"
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include "lparun/vty.h"

// Bytes travel in two registers, the first one in the most significant byte.
#define TERM_BYTES 16

static int64_t put_term_char(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    Vty *vty = vtys_find(owner, arguments[0]);
    uint64_t length = arguments[1];
    if (!vty || length > TERM_BYTES)
        return H_PARAMETER;
    be64 registers[2] = { be64_make(arguments[2]), be64_make(arguments[3]) };
    uint8_t bytes[TERM_BYTES];
    memcpy(bytes, registers, sizeof bytes);
    // All or nothing: a guest sends the same bytes again after H_BUSY.
    return vty_output(vty, bytes, length) ? H_SUCCESS : H_BUSY;
}

static int64_t get_term_char(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    Vty *vty = vtys_find(owner, arguments[0]);
    if (!vty)
        return H_PARAMETER;
    uint8_t bytes[TERM_BYTES] = { 0 };
    arguments[0] = vty_take(vty, bytes, sizeof bytes);
    be64 registers[2];
    memcpy(registers, bytes, sizeof bytes);
    arguments[1] = be64_get(registers[0]);
    arguments[2] = be64_get(registers[1]);
    return H_SUCCESS;
}

void hypercall_console_register(HypercallTable *table, const HypercallParts *parts)
{
    Vtys *vtys = parts->vtys;
    hypercall_register(table, H_PUT_TERM_CHAR, "H_PUT_TERM_CHAR", put_term_char, vtys);
    hypercall_register(table, H_GET_TERM_CHAR, "H_GET_TERM_CHAR", get_term_char, vtys);
    hypercall_announce(table, "hcall-term");
}
