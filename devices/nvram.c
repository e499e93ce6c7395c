// NVRAM: bytes, and the partitions that firmware expects in new ones.
#include "lparun/nvram.h"
#include "lparun/error.h"
#include "lparun/thread.h"
#include "nvram_file.h"
#include "nvram_variables.h"
#include <errno.h>
#include <string.h>

struct Nvram {
    uint32_t size, unit;
    NvramFile *file; // or NULL; the thread's alone once it runs
    Thread *thread;  // or NULL
    GMutex lock;     // guards what follows
    GCond changed;
    uint8_t *bytes;
    bool unsaved, ending;
    bool failed; // the last attempt to save
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
    add_partition(nvram, offset, SIGNATURE_FREE, "free space", nvram->size - offset);
}

// What there has to be room for; less than that firmware has to make something of itself.
#define FORMAT_MIN (2 * LOG_SIZE + COMMON_SIZE + UNIT)

static bool is_blank(const Nvram *nvram)
{
    for (uint32_t i = 0; i < nvram->size; i++)
        if (nvram->bytes[i])
            return false;
    return true;
}

// Takes `bytes`.
static Nvram *make(uint8_t *bytes, uint32_t size)
{
    Nvram *nvram = g_new0(Nvram, 1);
    nvram->bytes = bytes;
    nvram->size = size;
    nvram->unit = NVRAM_UNIT;
    g_mutex_init(&nvram->lock);
    g_cond_init(&nvram->changed);
    if (size >= FORMAT_MIN && is_blank(nvram)) {
        format(nvram);
        nvram->unsaved = true;
    }
    return nvram;
}

Nvram *nvram_new(void)
{
    return make(g_malloc0(NVRAM_SIZE), NVRAM_SIZE);
}

// One line at the first failure of a run: the guest is told of each.
static void note_result(Nvram *nvram, int result, bool *told)
{
    nvram->failed = result < 0;
    if (result < 0 && !*told)
        error_tell("-drive if=pflash,file=%s: NVRAM cannot be saved: %s", nvram_file_path(nvram->file),
            g_strerror(-result));
    *told = *told || result < 0;
}

#define SAVE_INTERVAL G_USEC_PER_SEC // from one save's start to the next one's, whatever the guest stores

// Returns false when all is saved and the end has come. Under the lock.
static bool await_work(Nvram *nvram, gint64 next_save)
{
    while (!nvram->unsaved && !nvram->ending)
        g_cond_wait(&nvram->changed, &nvram->lock);
    while (!nvram->ending && g_cond_wait_until(&nvram->changed, &nvram->lock, next_save))
        continue;
    return nvram->unsaved;
}

// One save holds all stores before it, so they cannot pile up. The last one is before the thread's end.
static void save_thread(void *owner)
{
    Nvram *nvram = owner;
    g_autofree uint8_t *bytes = g_malloc(nvram->size);
    bool told = false;
    gint64 next_save = 0;
    g_mutex_lock(&nvram->lock);
    while (await_work(nvram, next_save)) {
        next_save = g_get_monotonic_time() + SAVE_INTERVAL;
        nvram->unsaved = false;
        memcpy(bytes, nvram->bytes, nvram->size);
        g_mutex_unlock(&nvram->lock);
        int result = nvram_file_save(nvram->file, bytes, nvram->size);
        g_mutex_lock(&nvram->lock);
        note_result(nvram, result, &told);
    }
    g_mutex_unlock(&nvram->lock);
}

Nvram *nvram_open(const char *path, bool readonly, BlockContent content, GError **error)
{
    uint8_t *bytes;
    uint32_t size;
    NvramFile *file = nvram_file_open(path, readonly, content, &bytes, &size, error);
    if (!file)
        return NULL;
    Nvram *nvram = make(bytes, size);
    nvram->file = file;
    if (readonly || (nvram->thread = thread_start(THREAD_NVRAM, "nvram", save_thread, nvram, error)))
        return nvram;
    nvram_free(nvram);
    return NULL;
}

bool nvram_set_variables(Nvram *nvram, const GPtrArray *variables, GError **error)
{
    bool right = true;
    g_mutex_lock(&nvram->lock);
    for (unsigned i = 0; i < variables->len && right; i++)
        right = nvram_variables_set(nvram->bytes, nvram->size, variables->pdata[i], error);
    g_mutex_unlock(&nvram->lock);
    return right;
}

static void end_thread(Nvram *nvram)
{
    g_mutex_lock(&nvram->lock);
    nvram->ending = true;
    nvram->unsaved = nvram->unsaved || nvram->failed; // the reason may be gone
    g_cond_signal(&nvram->changed);
    g_mutex_unlock(&nvram->lock);
    thread_join(nvram->thread);
}

void nvram_free(Nvram *nvram)
{
    if (!nvram)
        return;
    if (nvram->thread)
        end_thread(nvram);
    nvram_file_close(nvram->file);
    g_mutex_clear(&nvram->lock);
    g_cond_clear(&nvram->changed);
    g_free(nvram->bytes);
    g_free(nvram);
}

void nvram_describe(const Nvram *nvram, Tree *tree)
{
    tree_begin(tree, "nvram@%x", nvram->unit);
    tree_string(tree, "device_type", "nvram");
    tree_string(tree, "compatible", "qemu,spapr-nvram"); // the name that SLOF's driver answers to
    tree_u32(tree, "reg", nvram->unit);
    tree_u32(tree, "#bytes", nvram->size);
    tree_end(tree);
}

void nvram_set_unit(Nvram *nvram, uint32_t unit)
{
    nvram->unit = unit;
}

uint32_t nvram_size(const Nvram *nvram)
{
    return nvram->size;
}

static bool is_inside(const Nvram *nvram, uint32_t offset, uint32_t length)
{
    return offset <= nvram->size && length <= nvram->size - offset;
}

int nvram_fetch(Nvram *nvram, uint32_t offset, void *bytes, uint32_t length)
{
    if (!is_inside(nvram, offset, length))
        return -EINVAL;
    g_mutex_lock(&nvram->lock);
    memcpy(bytes, nvram->bytes + offset, length);
    g_mutex_unlock(&nvram->lock);
    return 0;
}

int nvram_store(Nvram *nvram, uint32_t offset, const void *bytes, uint32_t length)
{
    if (!is_inside(nvram, offset, length))
        return -EINVAL;
    g_mutex_lock(&nvram->lock);
    memcpy(nvram->bytes + offset, bytes, length);
    int result = nvram->failed ? -EIO : 0;
    if (nvram->thread && !nvram->unsaved)
        g_cond_signal(&nvram->changed);
    nvram->unsaved = true;
    g_mutex_unlock(&nvram->lock);
    return result;
}

static void describe_part(const void *part, const Description *what, Tree *tree)
{
    if (what->place == TREE_VIRTUAL_DEVICES)
        nvram_describe(part, tree);
}

static void free_part(void *part)
{
    nvram_free(part);
}

const PartOps nvram_part = { .kind = "NVRAM", .describe = describe_part, .free = free_part };
