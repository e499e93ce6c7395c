// What a guest hands to ibm,client-architecture-support: a list of processors, then option vectors.
//
// All of it is the guest's, in memory that it may change meanwhile: every length is a byte that was read
// once, every range is looked up before it is used.
#include "lparun/bytes.h"
#include "lparun/cas.h"

// Byte 1 of a vector: the guest has nothing to say in it (LoPAR, option vectors).
#define IGNORE 0x80

typedef struct Cursor {
    const GuestMemory *memory;
    uint64_t gpa; // of the next byte; never beyond the end of RAM
} Cursor;

static bool take(Cursor *cursor, void *bytes, unsigned length)
{
    if (!guest_memory_read(cursor->memory, cursor->gpa, bytes, length))
        return false;
    cursor->gpa += length;
    return true;
}

// Pairs of mask and value. The last one has a value with bits outside of its mask; it counts, too.
static bool read_processors(CasRequest *request, Cursor *cursor)
{
    while (request->processors < CAS_PROCESSORS) {
        be32 pair[2];
        if (!take(cursor, pair, sizeof pair))
            return false;
        uint32_t mask = be32_get(pair[0]), value = be32_get(pair[1]);
        request->processor[request->processors].mask = mask;
        request->processor[request->processors++].value = value;
        if (value & ~mask)
            return true;
    }
    return false;
}

// The number of vectors - 1; then for each its length - 1 and its bytes.
static bool read_vectors(CasRequest *request, Cursor *cursor)
{
    uint8_t last, last_byte, bytes[256];
    if (!take(cursor, &last, 1))
        return false;
    for (unsigned number = 1; number <= last + 1U; number++) {
        if (!take(cursor, &last_byte, 1) || !take(cursor, bytes, last_byte + 1U))
            return false;
        if (number > CAS_VECTORS || bytes[0] & IGNORE)
            continue;
        request->vector[number].length = last_byte + 1U;
        memcpy(request->vector[number].bytes, bytes, last_byte + 1U);
    }
    return true;
}

bool cas_request_read(CasRequest *request, const GuestMemory *memory, uint64_t gpa)
{
    Cursor cursor = { memory, gpa };
    *request = (CasRequest){ 0 };
    return read_processors(request, &cursor) && read_vectors(request, &cursor);
}

bool cas_request_knows(const CasRequest *request, uint32_t pvr)
{
    for (unsigned i = 0; i < request->processors; i++)
        if (((pvr ^ request->processor[i].value) & request->processor[i].mask) == 0)
            return true;
    return false;
}

int cas_request_byte(const CasRequest *request, unsigned vector, unsigned number)
{
    return number <= request->vector[vector].length ? request->vector[vector].bytes[number - 1] : -1;
}
