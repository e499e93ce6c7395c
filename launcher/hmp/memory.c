// The human monitor's x and xp: memory as numbers, characters or text.
#include "hmp.h"
#include "../dumper.h"
#include <string.h>

#define BYTES_MAX (64 << 10) // that are shown at once: what they become is one answer of QMP's at most
#define TEXT_MAX 256         // bytes of one text
#define PAGE_LEAST 4096      // bytes: what mmu_walk() finds reaches to the end of it

typedef struct Format {
    char letter; // x, d, u, o, c or s
    unsigned size;
    guint64 count;
} Format;

// Copies `length` bytes (16 at most), or says no. `view` is of x alone.
typedef bool Read(const Hmp *hmp, const MmuView *view, uint64_t address, uint8_t *bytes, size_t length);

typedef struct Reader {
    Read *read;
    MmuView view;
} Reader;

// --- What stands behind the slash.

static bool take_letter(Format *format, char letter)
{
    static const char sizes[] = "bhwg";
    const char *size = strchr(sizes, letter);
    if (size)
        format->size = 1u << (size - sizes);
    else if (strchr("xduocs", letter))
        format->letter = letter;
    return size || format->letter == letter;
}

// `text` is "/4xw" or no format at all. False, and why has been said.
static bool read_format(Hmp *hmp, const char *name, const char *text, Format *format)
{
    const char *at = text && *text == '/' ? text + 1 : "";
    *format = (Format){ .letter = 'x', .size = 4, .count = 1 };
    if (g_ascii_isdigit(*at))
        format->count = g_ascii_strtoull(at, (char **)&at, 10);
    for (; *at; at++) {
        if (take_letter(format, *at))
            continue;
        hmp_say(hmp, "invalid char in format: '%c'%s\nTry \"help %s\" for more information\n", *at,
            *at == 'i' ? " (lparun has no disassembler)" : "", name);
        return false;
    }
    if (format->count <= BYTES_MAX / format->size)
        return true;
    hmp_say(hmp, "Error: at most %u bytes are shown at once\n", BYTES_MAX);
    return false;
}

// --- Lines.

// In the byte order that QEMU shows: POWER's first one.
static uint64_t number(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void say_character(Hmp *hmp, uint8_t c)
{
    static const struct {
        uint8_t c;
        const char *text;
    } escapes[] = { { '\'', "\\'" }, { '\\', "\\\\" }, { '\n', "\\n" }, { '\r', "\\r" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(escapes); i++)
        if (escapes[i].c == c) {
            hmp_say(hmp, " '%s'", escapes[i].text);
            return;
        }
    hmp_say(hmp, g_ascii_isprint(c) ? " '%c'" : " '\\x%02x'", c);
}

// As wide as the longest number of its size.
static void say_number(Hmp *hmp, const Format *format, uint64_t value)
{
    int bits = (int)format->size * 8, decimal = (bits * 10 + 32) / 33;
    if (format->letter == 'x')
        hmp_say(hmp, " 0x%0*" G_GINT64_MODIFIER "x", bits / 4, value);
    else if (format->letter == 'o')
        hmp_say(hmp, " %#*" G_GINT64_MODIFIER "o", (bits + 2) / 3, value);
    else if (format->letter == 'u')
        hmp_say(hmp, " %*" G_GUINT64_FORMAT, decimal, value);
    else
        hmp_say(hmp, " %*" G_GINT64_FORMAT, decimal, (gint64)value);
}

static void say_line(Hmp *hmp, const Format *format, const uint8_t *bytes, size_t length)
{
    unsigned step = format->letter == 'c' ? 1 : format->size;
    for (size_t at = 0; at < length; at += step)
        if (format->letter == 'c')
            say_character(hmp, bytes[at]);
        else
            say_number(hmp, format, number(bytes + at, step));
    hmp_say(hmp, "\n");
}

static void say_address(Hmp *hmp, uint64_t address)
{
    hmp_say(hmp, "%016" G_GINT64_MODIFIER "x:", address);
}

static bool cannot(Hmp *hmp)
{
    hmp_say(hmp, " Cannot access memory\n");
    return false;
}

// Returns where what follows begins.
static uint64_t say_numbers(Hmp *hmp, const Format *format, uint64_t address, const Reader *reader)
{
    uint8_t bytes[16];
    size_t line = format->size == 1 && format->letter != 'c' ? 8 : 16, length;
    for (uint64_t left = format->count * format->size; left > 0; left -= length, address += length) {
        length = MIN(left, line);
        say_address(hmp, address);
        if (!reader->read(hmp, &reader->view, address, bytes, length) && !cannot(hmp))
            break;
        say_line(hmp, format, bytes, length);
    }
    return address;
}

static bool say_text(Hmp *hmp, uint64_t *address, const Reader *reader)
{
    g_autoptr(GString) text = g_string_new(NULL);
    uint8_t c;
    say_address(hmp, *address);
    do {
        if (!reader->read(hmp, &reader->view, (*address)++, &c, 1))
            return cannot(hmp);
        if (c)
            g_string_append_c(text, (char)c);
    } while (c && text->len < TEXT_MAX);
    g_autofree char *escaped = g_strescape(text->str, NULL);
    hmp_say(hmp, " \"%s\"%s\n", escaped, c ? "..." : "");
    return true;
}

static uint64_t say_texts(Hmp *hmp, const Format *format, uint64_t address, const Reader *reader)
{
    for (guint64 i = 0; i < MIN(format->count, BYTES_MAX / TEXT_MAX) && say_text(hmp, &address, reader); i++)
        continue;
    return address;
}

// --- The commands.

static void show(Hmp *hmp, const char *name, char **words, const Reader *reader)
{
    Format format;
    bool has_format = words[0] && words[0][0] == '/';
    g_autofree char *text = g_strjoinv(" ", words + has_format);
    uint64_t address = hmp->next;
    if (!read_format(hmp, name, words[0], &format) || (*text && !hmp_number(hmp, text, &address)))
        return;
    hmp->next = (format.letter == 's' ? say_texts : say_numbers)(hmp, &format, address, reader);
}

static bool read_physical(
    const Hmp *hmp, const MmuView *view, uint64_t address, uint8_t *bytes, size_t length)
{
    return guest_memory_read(dumper_memory(hmp->machine->dumper), address, bytes, length);
}

static bool read_virtual(const Hmp *hmp, const MmuView *view, uint64_t address, uint8_t *bytes, size_t length)
{
    uint64_t gpa;
    size_t first = MIN(length, PAGE_LEAST - address % PAGE_LEAST);
    return mmu_walk(view, address, &gpa) && read_physical(hmp, NULL, gpa, bytes, first) &&
           (first == length || read_virtual(hmp, view, address + first, bytes + first, length - first));
}

void hmp_show_physical(Hmp *hmp, char **words)
{
    show(hmp, "xp", words, &(Reader){ .read = read_physical });
}

void hmp_show_virtual(Hmp *hmp, char **words)
{
    Reader reader = { .read = read_virtual };
    if (dumper_view(hmp->machine->dumper, hmp->cpu, &reader.view))
        show(hmp, "x", words, &reader);
    else
        hmp_say(hmp, "CPU#%u does not tell how it sees memory\n", hmp->cpu);
}
