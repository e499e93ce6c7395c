// Big-endian values in memory, for both builds.
#pragma once
#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static inline uint32_t big32(uint32_t value)
{
    return value;
}
static inline uint64_t big64(uint64_t value)
{
    return value;
}
#else
static inline uint32_t big32(uint32_t value)
{
    return __builtin_bswap32(value);
}
static inline uint64_t big64(uint64_t value)
{
    return __builtin_bswap64(value);
}
#endif
