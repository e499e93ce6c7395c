// Reads what is typed until a full stop, says how much it was, and then writes without end.
#include "console.h"
#include "hypercall.h"
#include "payload.h"

#define H_GET_TERM_CHAR 0x54

static unsigned count, sum;

static void take(uint8_t byte)
{
    count++;
    sum = sum * 31 + byte;
}

// LoPAR 17: the first byte is the most significant one of the first register.
static int read_some(void)
{
    Hypercall call = { .r = { H_GET_TERM_CHAR } };
    if (hypercall(&call) != H_SUCCESS)
        payload_bail("H_GET_TERM_CHAR fails");
    for (unsigned i = 0; i < call.r[1]; i++) {
        uint8_t byte = (uint8_t)(call.r[2 + i / 8] >> (56 - 8 * (i % 8)));
        if (byte == '.')
            return 1;
        take(byte);
    }
    return 0;
}

void payload(void)
{
    print("# type\n");
    while (!read_some())
        ;
    print("# typed: %u bytes, sum %u\n", count, sum);
    for (;;)
        print("0123456789ab\n");
}
