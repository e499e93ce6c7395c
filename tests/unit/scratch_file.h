// Files and folders of a test's own in the temporary folder.
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

// A new folder; its path (remove it with scratch_remove_folder).
static inline char *scratch_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *path = g_dir_make_tmp("lparun-test-XXXXXX", &error);
    g_assert_no_error(error);
    return path;
}

// With all that is in it.
static inline void scratch_remove_folder(char *path)
{
    const char *const command[] = { "rm", "-rf", path, NULL };
    g_assert_true(
        g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
    g_free(path);
}
