// Bytes and texts, without a C library.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_ROOM 4096

void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
size_t text_length(const char *text);
bool text_is(const char *a, const char *b);
bool bytes_are(const void *a, const void *b, size_t length);
void put32(void *to, uint32_t value);
void put64(void *to, uint64_t value);
uint64_t get64(const void *from);
// Decimal; gives what is behind it.
const char *text_number(const char *text, unsigned *number);
// A folder and a name in `path` of PATH_ROOM bytes; false: it is too long.
bool path_join(char *path, const char *folder, const char *name);
// The start of a small file, with a NUL; false: it cannot be read.
bool read_small(const char *path, char *to, size_t room);
