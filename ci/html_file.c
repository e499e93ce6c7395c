// Lines of a console.txt.
#include "html_file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONGEST (32u << 20) // bytes of what is read

bool html_file_is_beside(const char *folder)
{
    return folder[0] && !g_path_is_absolute(folder);
}

static bool read_up(int file, GByteArray *bytes)
{
    char piece[65536];
    gssize got;
    while ((got = read(file, piece, sizeof(piece))) != 0) {
        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0)
            g_byte_array_append(bytes, (const guint8 *)piece, (guint)got);
        if (bytes->len > LONGEST)
            return false;
    }
    return true;
}

static GByteArray *read_file(const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return NULL;
    GByteArray *bytes = g_byte_array_new();
    bool good = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && read_up(file, bytes);
    close(file);
    if (!good)
        g_clear_pointer(&bytes, g_byte_array_unref);
    return bytes;
}

static GPtrArray *split(const GByteArray *bytes)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    const char *at = (const char *)bytes->data, *end = at + bytes->len;
    while (at < end) {
        const char *newline = memchr(at, '\n', end - at);
        const char *stop = newline ? newline : end;
        g_ptr_array_add(lines, g_strndup(at, stop - at));
        at = stop + 1;
    }
    return lines;
}

GPtrArray *html_file_lines(const char *report, const char *folder)
{
    g_autofree char *path = g_build_filename(report, folder, "console.txt", NULL);
    g_autoptr(GByteArray) bytes = html_file_is_beside(folder) ? read_file(path) : NULL;
    return bytes ? split(bytes) : NULL;
}
