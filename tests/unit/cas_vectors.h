// What Linux 6.12 hands to ibm,client-architecture-support (arch/powerpc/kernel/prom_init.c), byte by byte.
#pragma once
#include <glib.h>
#include <stdint.h>

typedef struct CasVectors {
    const uint32_t (*processors)[2]; // mask and value
    unsigned processor_count;
    const uint8_t *vector1, *vector5; // NULL: as if it ended before byte 1 said anything
    unsigned length1, length5;
} CasVectors;

static const uint32_t linux_processors[][2] = {
    { 0xfffe0000, 0x003a0000 }, // POWER5
    { 0xffff0000, 0x003e0000 }, // POWER6
    { 0xffff0000, 0x003f0000 }, // POWER7
    { 0xffff0000, 0x004b0000 }, // POWER8E
    { 0xffff0000, 0x004c0000 }, // POWER8NVL
    { 0xffff0000, 0x004d0000 }, // POWER8
    { 0xffff0000, 0x004e0000 }, // POWER9
    { 0xffff0000, 0x00800000 }, // POWER10
    { 0xffff0000, 0x00820000 }, // POWER11
    { 0xffffffff, 0x0f000007 }, // and the levels
    { 0xffffffff, 0x0f000006 }, { 0xffffffff, 0x0f000005 }, { 0xffffffff, 0x0f000004 },
    { 0xffffffff, 0x0f000003 }, { 0xffffffff, 0x0f000002 }, { 0xfffffffe, 0x0f000001 }, // the end
};
static const uint8_t linux_vector1[] = { 0x00, 0xff, 0xc0 };
static const uint8_t linux_vector5[26] = { 0, 0xf3, 0, 0, 0xe0, 0x05, 0, 0, 0, 0, 0x08, 0, 0, 0, 0, 0, 0xe0,
    0, 0, 0, 0x01, 0xc0, 0x00, 0x40, 0x00, 0x40 };

static const CasVectors linux_vectors = {
    .processors = linux_processors,
    .processor_count = G_N_ELEMENTS(linux_processors),
    .vector1 = linux_vector1,
    .length1 = sizeof linux_vector1,
    .vector5 = linux_vector5,
    .length5 = sizeof linux_vector5,
};

static inline void append_vector(GByteArray *bytes, const uint8_t *vector, unsigned length)
{
    const uint8_t ignored = 0x80, last = (uint8_t)(vector ? length - 1 : 0);
    g_byte_array_append(bytes, &last, 1);
    g_byte_array_append(bytes, vector ? vector : &ignored, last + 1U);
}

static inline GByteArray *cas_vectors_bytes(const CasVectors *vectors)
{
    static const uint8_t vector2[33] = { 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0, 0xff, 0xff, 0xff, 0xff, 0,
        48 };
    static const uint8_t vector3[] = { 0, 0xe0 }, vector4[] = { 0, 1 }, vector6[] = { 0, 0, 2 };
    static const uint8_t vector7[256] = "Linux", count = 7 - 1;
    GByteArray *bytes = g_byte_array_new();
    for (unsigned i = 0; i < vectors->processor_count; i++) {
        uint32_t pair[] = { GUINT32_TO_BE(vectors->processors[i][0]),
            GUINT32_TO_BE(vectors->processors[i][1]) };
        g_byte_array_append(bytes, (uint8_t *)pair, sizeof pair);
    }
    g_byte_array_append(bytes, &count, 1);
    append_vector(bytes, vectors->vector1, vectors->length1);
    append_vector(bytes, vector2, sizeof vector2);
    append_vector(bytes, vector3, sizeof vector3);
    append_vector(bytes, vector4, sizeof vector4);
    append_vector(bytes, vectors->vector5, vectors->length5);
    append_vector(bytes, vector6, sizeof vector6);
    append_vector(bytes, vector7, sizeof vector7);
    return bytes;
}
