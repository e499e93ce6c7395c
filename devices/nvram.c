// NVRAM: bytes, and the partitions that firmware expects in new ones.
#include "lparun/nvram.h"
#include <string.h>

struct Nvram {
    GMutex lock; // guards bytes
    uint8_t bytes[NVRAM_SIZE];
};

// A partition's header is 16 bytes: signature, checksum, length in units of 16 bytes (big-endian), name
// (CHRP 8.4.1, "NVRAM format").
#define UNIT 16
#define NAME_OFFSET 4
#define NAME_LENGTH 12

enum { SIGNATURE_FIRMWARE = 0x51, SIGNATURE_COMMON = 0x70, SIGNATURE_FREE = 0x7f };

// The sum of all other bytes of the header, its carry added back.
static uint8_t header_checksum(const uint8_t *header)
{
    unsigned sum = header[0];
    for (unsigned i = 2; i < UNIT; i++)
        sum += header[i];
    return (uint8_t)((sum >> 8) + (sum & 0xff));
}

// Writes a partition of `length` bytes, header included, at `offset`; returns where the next one goes.
static uint32_t add_partition(
    Nvram *nvram, uint32_t offset, uint8_t signature, const char *name, uint32_t length)
{
    uint8_t *header = nvram->bytes + offset;
    header[0] = signature;
    header[2] = (uint8_t)(length / UNIT >> 8);
    header[3] = (uint8_t)(length / UNIT);
    memcpy(header + NAME_OFFSET, name, MIN(strlen(name), NAME_LENGTH));
    header[1] = header_checksum(header);
    return offset + length;
}

// A firmware log starts with the offset of its data and a pointer to the first free byte (SLOF, nvramlog.h).
static void start_log(uint8_t *partition)
{
    partition[UNIT + 1] = 0x40;
    partition[UNIT + 7] = 1;
}

#define LOG_SIZE 0x2000
#define COMMON_SIZE 0x1000

static void format(Nvram *nvram)
{
    uint32_t offset = add_partition(nvram, 0, SIGNATURE_FIRMWARE, "ibm,CPU0log", LOG_SIZE);
    offset = add_partition(nvram, offset, SIGNATURE_FIRMWARE, "ibm,CPU1log", LOG_SIZE);
    start_log(nvram->bytes);
    start_log(nvram->bytes + LOG_SIZE);
    offset = add_partition(nvram, offset, SIGNATURE_COMMON, "common", COMMON_SIZE);
    add_partition(nvram, offset, SIGNATURE_FREE, "free space", NVRAM_SIZE - offset);
}

Nvram *nvram_new(void)
{
    Nvram *nvram = g_new0(Nvram, 1);
    g_mutex_init(&nvram->lock);
    format(nvram);
    return nvram;
}

void nvram_free(Nvram *nvram)
{
    if (!nvram)
        return;
    g_mutex_clear(&nvram->lock);
    g_free(nvram);
}

void nvram_describe(const Nvram *nvram, Tree *tree)
{
    tree_begin(tree, "nvram@%x", NVRAM_UNIT);
    tree_string(tree, "device_type", "nvram");
    tree_string(tree, "compatible", "qemu,spapr-nvram"); // the name that SLOF's driver answers to
    tree_u32(tree, "reg", NVRAM_UNIT);
    tree_u32(tree, "#bytes", NVRAM_SIZE);
    tree_end(tree);
}

static bool is_inside(uint32_t offset, uint32_t length)
{
    return offset <= NVRAM_SIZE && length <= NVRAM_SIZE - offset;
}

bool nvram_fetch(Nvram *nvram, uint32_t offset, void *bytes, uint32_t length)
{
    if (!is_inside(offset, length))
        return false;
    g_mutex_lock(&nvram->lock);
    memcpy(bytes, nvram->bytes + offset, length);
    g_mutex_unlock(&nvram->lock);
    return true;
}

bool nvram_store(Nvram *nvram, uint32_t offset, const void *bytes, uint32_t length)
{
    if (!is_inside(offset, length))
        return false;
    g_mutex_lock(&nvram->lock);
    memcpy(nvram->bytes + offset, bytes, length);
    g_mutex_unlock(&nvram->lock);
    return true;
}
