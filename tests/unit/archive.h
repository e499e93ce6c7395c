// An initial ramdisk as Linux reads it: name -> what it is.
#pragma once
#include <glib.h>
#include <string.h>

typedef struct Entry {
    unsigned mode, major, minor;
    GBytes *bytes;
} Entry;

static void entry_free(gpointer data)
{
    Entry *entry = data;
    g_bytes_unref(entry->bytes);
    g_free(entry);
}

static unsigned archive_field(const char *head, unsigned index)
{
    g_autofree char *text = g_strndup(head + 6 + 8 * index, 8);
    return (unsigned)g_ascii_strtoull(text, NULL, 16);
}

static gsize archive_up(gsize at)
{
    return (at + 3) / 4 * 4;
}

// From a file's byte `at` on. Each name is there once, folders before what is in them.
static GHashTable *archive_read(const char *path, gsize at)
{
    GHashTable *entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    g_autofree char *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    for (;;) {
        g_assert_cmpuint(at + 110, <=, length);
        const char *head = text + at;
        g_assert_cmpint(memcmp(head, "070701", 6), ==, 0);
        unsigned size = archive_field(head, 6), name_size = archive_field(head, 11);
        const char *name = head + 110, *bytes = text + archive_up(at + 110 + name_size);
        g_assert_cmpuint(strlen(name) + 1, ==, name_size);
        at = archive_up(archive_up(at + 110 + name_size) + size);
        if (strcmp(name, "TRAILER!!!") == 0)
            break;
        Entry *entry = g_new0(Entry, 1);
        *entry = (Entry){ archive_field(head, 1), archive_field(head, 9), archive_field(head, 10),
            g_bytes_new(bytes, size) };
        g_autofree char *folder = g_path_get_dirname(name);
        g_assert_true(strcmp(folder, ".") == 0 || g_hash_table_contains(entries, folder));
        g_assert_true(g_hash_table_insert(entries, g_strdup(name), entry));
    }
    g_assert_cmpuint(at, ==, length);
    return entries;
}

static inline char *archive_text(GHashTable *entries, const char *name)
{
    const Entry *entry = g_hash_table_lookup(entries, name);
    g_assert_nonnull(entry);
    gsize length;
    const char *bytes = g_bytes_get_data(entry->bytes, &length);
    return g_strndup(bytes ? bytes : "", length);
}
