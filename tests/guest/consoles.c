// Answers what is typed at each of three consoles, there, until each has had a full stop. It has no other
// output.
#include "hypercall.h"
#include "payload.h"

#define H_GET_TERM_CHAR 0x54
#define H_PUT_TERM_CHAR 0x58
#define UNIT 0x71000000 // and the next two
#define CONSOLES 3

// Up to sixteen bytes, all or none of which are taken at a time.
static void put(unsigned console, const char *text, unsigned length)
{
    Hypercall call;
    do {
        call = (Hypercall){ .r = { H_PUT_TERM_CHAR, UNIT + console, length } };
        for (unsigned i = 0; i < length; i++)
            call.r[3 + i / 8] |= (uint64_t)(uint8_t)text[i] << (56 - 8 * (i % 8));
    } while (hypercall(&call) == H_BUSY);
    if (call.r[0] != H_SUCCESS)
        payload_bail("H_PUT_TERM_CHAR fails at console %u", console);
}

// "<1:a>" for an a; true once it was a full stop.
static int answer(unsigned console, uint8_t byte)
{
    char text[] = "<?:?>";
    if (byte == '.') {
        put(console, "done\n", 5);
        return 1;
    }
    text[1] = (char)('0' + console);
    text[3] = (char)byte;
    put(console, text, 5);
    return 0;
}

static int serve(unsigned console)
{
    Hypercall call = { .r = { H_GET_TERM_CHAR, UNIT + console } };
    int done = 0;
    if (hypercall(&call) != H_SUCCESS)
        payload_bail("H_GET_TERM_CHAR fails at console %u", console);
    for (unsigned i = 0; i < call.r[1]; i++)
        done |= answer(console, (uint8_t)(call.r[2 + i / 8] >> (56 - 8 * (i % 8))));
    return done;
}

void payload(void)
{
    unsigned done = 0;
    while (done != (1 << CONSOLES) - 1)
        for (unsigned console = 0; console < CONSOLES; console++)
            if (serve(console))
                done |= 1 << console;
}
