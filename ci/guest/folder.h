// What is in a folder.
#pragma once
#include <stdint.h>

#define FOLDER_ROOM 2048

// As the kernel has it.
typedef struct Entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
} Entry;

// The entry behind `after`, or the first for NULL, without . and ..; NULL: there is none. `room` of
// FOLDER_ROOM bytes is the caller's, the same all the time.
const Entry *folder_next(int folder, char *room, const Entry *after);
