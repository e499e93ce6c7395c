// A device tree that a guest wrote, read once. libfdt is not for that: it believes the header's version
// (an older one leaves fields out that it reads all the same) and looks for names again and again.
#include "lparun/guest_tree.h"
#include <libfdt.h>
#include <string.h>

#define VERSION 17
#define LAST_COMPATIBLE 16
#define DEPTH 64     // more than firmware nests
#define RTAS_DEPTH 2 // a child of the root

typedef struct Block {
    const uint8_t *bytes;
    size_t size;
} Block;

typedef struct Walk {
    Block rest; // of the structure block
    Block strings;
    unsigned depth; // 0: outside of the root
    bool had_root;
    bool in_rtas;
    GuestTree found;
} Walk;

// The block at `offset`; false when it is not all in `all`.
static bool block_at(Block all, uint32_t offset, uint32_t size, Block *block)
{
    *block = (Block){ all.bytes + MIN(offset, all.size), size };
    return offset <= all.size && size <= all.size - offset;
}

// Takes `size` bytes off the front, and what is behind them up to a multiple of four.
static const uint8_t *take(Block *block, size_t size)
{
    if (size > block->size)
        return NULL;
    const uint8_t *taken = block->bytes;
    size_t step = MIN((size + 3) & ~(size_t)3, block->size);
    *block = (Block){ taken + step, block->size - step };
    return taken;
}

static bool take_word(Block *block, uint32_t *word)
{
    const uint8_t *taken = take(block, sizeof *word);
    if (taken)
        *word = fdt32_ld((const fdt32_t *)taken);
    return taken;
}

// --- Tokens.

static bool begin_node(Walk *walk)
{
    const uint8_t *end = memchr(walk->rest.bytes, 0, walk->rest.size);
    bool second_root = walk->depth == 0 && walk->had_root;
    if (!end || second_root || walk->depth == DEPTH)
        return false;
    size_t length = (size_t)(end - walk->rest.bytes);
    const char *name = (const char *)take(&walk->rest, length + 1);
    walk->had_root = true;
    if (++walk->depth == RTAS_DEPTH)
        walk->in_rtas = strcmp(name, "rtas") == 0 || strncmp(name, "rtas@", 5) == 0;
    return true;
}

static bool end_node(Walk *walk)
{
    return walk->depth > 0 && walk->depth-- > 0;
}

// A property's name, which ends within GUEST_TREE_NAME bytes; NULL when it does not.
static const char *name_at(Block strings, uint32_t offset)
{
    if (offset >= strings.size)
        return NULL;
    const uint8_t *name = strings.bytes + offset;
    return memchr(name, 0, MIN(strings.size - offset, GUEST_TREE_NAME + 1)) ? (const char *)name : NULL;
}

static bool property(Walk *walk)
{
    uint32_t length, offset;
    if (walk->depth == 0 || !take_word(&walk->rest, &length) || !take_word(&walk->rest, &offset))
        return false;
    const char *name = name_at(walk->strings, offset);
    const uint8_t *value = take(&walk->rest, length);
    if (!name || !value)
        return false;
    bool is_base = walk->depth == RTAS_DEPTH && walk->in_rtas && length == sizeof(fdt32_t);
    if (is_base && strcmp(name, "linux,rtas-base") == 0)
        walk->found.rtas_base = fdt32_ld((const fdt32_t *)value);
    return true;
}

static bool walk_tokens(Walk *walk)
{
    uint32_t token;
    bool good = true;
    while (good && take_word(&walk->rest, &token)) {
        switch (token) {
        case FDT_BEGIN_NODE:
            good = begin_node(walk);
            break;
        case FDT_END_NODE:
            good = end_node(walk);
            break;
        case FDT_PROP:
            good = property(walk);
            break;
        case FDT_NOP:
            break;
        case FDT_END:
            return walk->had_root && walk->depth == 0;
        default:
            return false;
        }
    }
    return false;
}

// --- The header.

static bool is_ours(const struct fdt_header *head, size_t size)
{
    return fdt32_ld(&head->magic) == FDT_MAGIC && fdt32_ld(&head->totalsize) == size &&
           fdt32_ld(&head->version) == VERSION && fdt32_ld(&head->last_comp_version) == LAST_COMPATIBLE;
}

bool guest_tree_read(const void *bytes, size_t size, GuestTree *found)
{
    const struct fdt_header *head = bytes;
    Block all = { bytes, size };
    Walk walk = { 0 };
    *found = (GuestTree){ 0 };
    if (size < sizeof *head || !is_ours(head, size))
        return false;
    bool good =
        block_at(all, fdt32_ld(&head->off_dt_struct), fdt32_ld(&head->size_dt_struct), &walk.rest) &&
        block_at(all, fdt32_ld(&head->off_dt_strings), fdt32_ld(&head->size_dt_strings), &walk.strings) &&
        walk_tokens(&walk);
    if (good)
        *found = walk.found;
    return good;
}
