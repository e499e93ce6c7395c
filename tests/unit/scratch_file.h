// A file of a test's own in the temporary folder.
#pragma once
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

// Writes `bytes` to a new file; its path (g_free; remove it with scratch_remove).
static inline char *scratch_file(const void *bytes, size_t length)
{
    char *path = NULL;
    int fd = g_file_open_tmp("lparun-test-XXXXXX", &path, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    return path;
}

static inline void scratch_remove(char *path)
{
    g_assert_cmpint(g_unlink(path), ==, 0);
    g_free(path);
}
