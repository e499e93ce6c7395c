// Bytes and texts, without a C library.
#include "bytes.h"
#include "calls.h"

void *memcpy(void *to, const void *from, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ((char *)to)[i] = (char)value;
    return to;
}

size_t text_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

bool bytes_are(const void *a, const void *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((const char *)a)[i] != ((const char *)b)[i])
            return false;
    return true;
}

bool text_is(const char *a, const char *b)
{
    size_t length = text_length(a);
    return length == text_length(b) && bytes_are(a, b, length);
}

void put32(void *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        ((uint8_t *)to)[i] = (uint8_t)(value >> (24 - 8 * i));
}

void put64(void *to, uint64_t value)
{
    put32(to, (uint32_t)(value >> 32));
    put32((char *)to + 4, (uint32_t)value);
}

uint64_t get64(const void *from)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | ((const uint8_t *)from)[i];
    return value;
}

const char *text_number(const char *text, unsigned *number)
{
    for (*number = 0; *text >= '0' && *text <= '9'; text++)
        *number = *number * 10 + (unsigned)(*text - '0');
    return text;
}

bool path_join(char *path, const char *folder, const char *name)
{
    size_t first = text_length(folder), second = text_length(name);
    if (first + second + 2 > PATH_ROOM)
        return false;
    memcpy(path, folder, first);
    if (first == 0 || folder[first - 1] != '/')
        path[first++] = '/';
    memcpy(path + first, name, second + 1);
    return true;
}

bool read_small(const char *path, char *to, size_t room)
{
    int file = sys_open(path, O_RDONLY);
    long length = file < 0 ? file : sys_read(file, to, room - 1);
    if (file >= 0)
        sys_close(file);
    to[length > 0 ? length : 0] = '\0';
    return length >= 0;
}
