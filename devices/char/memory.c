// What has no descriptors: nowhere, and a ring of memory that a monitor reads.
#include "backend.h"
#include "lparun/error.h"

// --- Nowhere.

static bool put_nowhere(void *self, const uint8_t *bytes, size_t length)
{
    return true;
}

static void free_nowhere(void *self)
{
}

static const Backend nowhere = { .put = put_nowhere, .free = free_nowhere };

static bool open_null(Chardev *chardev, const void *values, GError **error)
{
    chardev_become(chardev, &nowhere, NULL);
    chardev_set_peer(chardev, true);
    return true;
}

const ChardevKind null_chardev = {
    .kind = { .name = "null", .help = "nowhere" },
    .open = open_null,
};

// --- A ring.

#define RING_DEFAULT (64u << 10)
#define RING_MOST (1u << 30)

typedef struct Ring {
    GMutex lock; // guards the rest
    uint8_t *bytes;
    size_t size;        // a power of two
    uint64_t put, read; // bytes so far
} Ring;

// What nobody has read makes room.
static bool put_ring(void *self, const uint8_t *bytes, size_t length)
{
    Ring *ring = self;
    g_mutex_lock(&ring->lock);
    for (size_t i = 0; i < length; i++)
        ring->bytes[ring->put++ & (ring->size - 1)] = bytes[i];
    if (ring->put - ring->read > ring->size)
        ring->read = ring->put - ring->size;
    g_mutex_unlock(&ring->lock);
    return true;
}

static GBytes *read_ring(void *self, size_t most)
{
    Ring *ring = self;
    g_mutex_lock(&ring->lock);
    size_t length = MIN(MIN(most, CHARDEV_RING_READ), (size_t)(ring->put - ring->read));
    uint8_t *bytes = g_malloc(length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = ring->bytes[ring->read++ & (ring->size - 1)];
    g_mutex_unlock(&ring->lock);
    return g_bytes_new_take(bytes, length);
}

static void free_ring(void *self)
{
    Ring *ring = self;
    g_mutex_clear(&ring->lock);
    g_free(ring->bytes);
    g_free(ring);
}

static const Backend ring_backend = { .put = put_ring, .ring_read = read_ring, .free = free_ring };

static bool open_ring(Chardev *chardev, const void *values, GError **error)
{
    const uint64_t *size = values;
    if (*size == 0 || *size > RING_MOST || (*size & (*size - 1)))
        return error_user(
            error, "size=%" G_GUINT64_FORMAT ": not a power of two; give 64K, say, and 1G at most", *size);
    Ring *ring = g_new0(Ring, 1);
    g_mutex_init(&ring->lock);
    ring->size = *size;
    ring->bytes = g_malloc0(ring->size);
    chardev_become(chardev, &ring_backend, ring);
    chardev_set_peer(chardev, true);
    return true;
}

static const uint64_t ring_default = RING_DEFAULT;

static const Key ring_keys[] = {
    { "size", KEY_SIZE, 0, .unit = 1, .help = "bytes, a power of two (default 64K)" },
    { 0 },
};

const ChardevKind ringbuf_chardev = {
    .kind = { .name = "ringbuf",
        .help = "memory, the last of which a monitor reads (ringbuf-read)",
        .keys = ring_keys,
        .size = sizeof(uint64_t) },
    .open = open_ring,
    .defaults = &ring_default,
};
