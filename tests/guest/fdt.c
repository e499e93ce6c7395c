// A reader of flattened device trees: one walk for everything, as speed does not matter here.
#include "fdt.h"
#include "order.h"
#include "payload.h"

enum { MAGIC = 0xd00dfeed, BEGIN_NODE = 1, END_NODE, PROPERTY, NOP, END = 9 };

static const uint32_t *header;
static const uint32_t *structure; // NULL before fdt_set()
static const char *strings;

bool fdt_set(uint64_t address)
{
    header = (const uint32_t *)address;
    if (address % 8 != 0 || big32(header[0]) != MAGIC)
        return false;
    structure = (const uint32_t *)(address + big32(header[2]));
    strings = (const char *)(address + big32(header[3]));
    return true;
}

uint64_t fdt_start(void)
{
    return (uint64_t)header;
}

uint64_t fdt_end(void)
{
    return (uint64_t)header + big32(header[1]);
}

static unsigned length_of(const char *text)
{
    unsigned length = 0;
    while (text[length])
        length++;
    return length;
}

static bool equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

// The token behind this one.
static const uint32_t *next_token(const uint32_t *token)
{
    if (big32(*token) == BEGIN_NODE)
        return token + 1 + length_of((const char *)(token + 1)) / 4 + 1;
    if (big32(*token) == PROPERTY)
        return token + 3 + (big32(token[1]) + 3) / 4;
    return token + 1;
}

// Where part number `index` of a path starts; NULL when it has fewer.
static const char *part(const char *path, unsigned index)
{
    while (index > 0 && *path)
        index -= *path++ == '/';
    return *path ? path : 0;
}

static bool begins_with(const char *name, const char *start)
{
    while (*start && *start != '/' && *name == *start)
        name++, start++;
    return !*start || *start == '/';
}

FdtNode fdt_find(const char *path, FdtNode after)
{
    unsigned depth = 0, matched = 0; // the root is at depth 1 and matches by itself
    for (const uint32_t *token = structure; token && big32(*token) != END; token = next_token(token)) {
        if (big32(*token) == END_NODE) {
            depth--;
            matched = matched > depth ? depth : matched;
        }
        if (big32(*token) != BEGIN_NODE || matched != depth++)
            continue;
        if (depth > 1 &&
            (!part(path, depth - 2) || !begins_with((const char *)(token + 1), part(path, depth - 2))))
            continue;
        matched = depth;
        if (!part(path, depth - 1) && (!after || next_token(token) > after))
            return next_token(token);
    }
    return 0;
}

const uint8_t *fdt_bytes(FdtNode node, const char *name, uint32_t *length)
{
    for (; node && (big32(*node) == PROPERTY || big32(*node) == NOP); node = next_token(node)) {
        if (big32(*node) == NOP || !equal(strings + big32(node[2]), name))
            continue;
        *length = big32(node[1]);
        return (const uint8_t *)(node + 3);
    }
    return 0;
}

bool fdt_cell(FdtNode node, const char *name, unsigned index, uint32_t *value)
{
    uint32_t length;
    const uint32_t *cells = (const uint32_t *)fdt_bytes(node, name, &length);
    if (!cells || length / 4 <= index)
        return false;
    *value = big32(cells[index]);
    return true;
}

uint32_t fdt_number(const char *path, const char *name, unsigned index)
{
    uint32_t value;
    if (!fdt_cell(fdt_find(path, 0), name, index, &value))
        payload_bail("the device tree has no cell %u of %s in /%s", index, name, path);
    return value;
}

uint64_t fdt_wide(FdtNode node, const char *name, unsigned index)
{
    uint32_t high, low;
    if (!fdt_cell(node, name, index, &high) || !fdt_cell(node, name, index + 1, &low))
        payload_bail("the device tree's %s has no cells %u and %u", name, index, index + 1);
    return (uint64_t)high << 32 | low;
}
