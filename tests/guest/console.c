// Text to the hypervisor's console, sixteen bytes a call.
#include "console.h"
#include "hypercall.h"

#define FIRST_TERMINAL 0 // the first vty, whatever its unit address: what SLOF uses before it has chosen one

static char pending[16];
static unsigned count;

// LoPAR 17: the first byte is the most significant one of the first register, in either byte order.
static uint64_t packed(const char *bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value = value << 8 | (uint8_t)bytes[i];
    return value;
}

static void flush(void)
{
    int64_t status;
    do {
        Hypercall call = { .r = { H_PUT_TERM_CHAR, FIRST_TERMINAL, count, packed(pending),
                               packed(pending + 8) } };
        status = hypercall(&call);
    } while (status == H_BUSY);
    count = 0;
}

static void put(char byte)
{
    pending[count++] = byte;
    if (count == sizeof pending || byte == '\n')
        flush();
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned length = 0;
    do {
        digits[length++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    while (length > 0)
        put(digits[--length]);
}

static void put_signed(int64_t value)
{
    if (value < 0)
        put('-');
    put_number(value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

static void put_text(const char *text)
{
    while (*text)
        put(*text++);
}

void print_list(const char *format, va_list arguments)
{
    for (; *format; format++) {
        if (*format == '\n')
            put('\r'); // the terminal may be raw
        if (*format != '%') {
            put(*format);
            continue;
        }
        int wide = *++format == 'l';
        format += wide;
        if (*format == 's')
            put_text(va_arg(arguments, const char *));
        else if (*format == 'c')
            put((char)va_arg(arguments, int));
        else if (*format == 'd')
            put_signed(wide ? va_arg(arguments, long) : va_arg(arguments, int));
        else
            put_number(wide ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned),
                *format == 'x' ? 16 : 10);
    }
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
}
