// Values with a fixed byte order: what lies in guest memory and on the wire.
//
// Each type is a struct with one member, so the compiler refuses a missing conversion.
#pragma once
#include <glib.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint16_t raw;
} be16;
typedef struct {
    uint32_t raw;
} be32;
typedef struct {
    uint64_t raw;
} be64;
typedef struct {
    uint16_t raw;
} le16;
typedef struct {
    uint32_t raw;
} le32;
typedef struct {
    uint64_t raw;
} le64;

static inline uint16_t be16_get(be16 v)
{
    return GUINT16_FROM_BE(v.raw);
}
static inline uint32_t be32_get(be32 v)
{
    return GUINT32_FROM_BE(v.raw);
}
static inline uint64_t be64_get(be64 v)
{
    return GUINT64_FROM_BE(v.raw);
}
static inline uint16_t le16_get(le16 v)
{
    return GUINT16_FROM_LE(v.raw);
}
static inline uint32_t le32_get(le32 v)
{
    return GUINT32_FROM_LE(v.raw);
}
static inline uint64_t le64_get(le64 v)
{
    return GUINT64_FROM_LE(v.raw);
}
static inline be16 be16_make(uint16_t v)
{
    return (be16){ GUINT16_TO_BE(v) };
}
static inline be32 be32_make(uint32_t v)
{
    return (be32){ GUINT32_TO_BE(v) };
}
static inline be64 be64_make(uint64_t v)
{
    return (be64){ GUINT64_TO_BE(v) };
}
static inline le16 le16_make(uint16_t v)
{
    return (le16){ GUINT16_TO_LE(v) };
}
static inline le32 le32_make(uint32_t v)
{
    return (le32){ GUINT32_TO_LE(v) };
}
static inline le64 le64_make(uint64_t v)
{
    return (le64){ GUINT64_TO_LE(v) };
}

// The number that the `size` (1 to 8) bytes at `bytes` mean, least significant byte first.
static inline uint64_t le_bytes_get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = size; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

// Writes the low `size` (1 to 8) bytes of `value`, least significant byte first.
static inline void le_bytes_put(uint8_t *bytes, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++, value >>= 8)
        bytes[i] = (uint8_t)value;
}

// The low `size` (1 to 8) bytes of `value` in the opposite order; the bytes above them become 0.
static inline uint64_t bytes_reversed(uint64_t value, unsigned size)
{
    return GUINT64_SWAP_LE_BE(value) >> (8 * (8 - size));
}
