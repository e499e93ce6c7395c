// What is in a folder.
#include "folder.h"
#include "bytes.h"
#include "calls.h"

// The count of bytes in the room stands before them.
static const Entry *step(int folder, char *room, const Entry *after)
{
    long *count = (long *)room;
    char *first = room + sizeof(long), *next = after ? (char *)after + after->length : first;
    if (!after || next >= first + *count) {
        *count = folder < 0 ? 0 : call(__NR_getdents64, folder, first, FOLDER_ROOM - sizeof(long));
        next = first;
    }
    return *count > 0 ? (const Entry *)next : NULL;
}

const Entry *folder_next(int folder, char *room, const Entry *after)
{
    const Entry *entry = step(folder, room, after);
    while (entry && (text_is(entry->name, ".") || text_is(entry->name, "..")))
        entry = step(folder, room, entry);
    return entry;
}
