// Initial ramdisks: read as Linux reads them, and by cpio where there is one.
#include "archive.h"
#include "initrd.h"
#include "scratch_file.h"
#include <sys/stat.h>

static char *finish(Initrd *initrd, const char *path)
{
    g_autoptr(GError) error = NULL;
    if (initrd_finish(initrd, &error))
        return NULL;
    g_assert_true(strstr(error->message, path) || error->message[0]);
    return g_strdup(error->message);
}

static Initrd *make(char **path)
{
    *path = scratch_file("", 0);
    Initrd *initrd = initrd_new(*path, NULL);
    g_assert_nonnull(initrd);
    return initrd;
}

static void assert_entry(GHashTable *entries, const char *name, unsigned mode, const char *text)
{
    g_autofree char *found = archive_text(entries, name);
    const Entry *entry = g_hash_table_lookup(entries, name);
    g_assert_cmphex(entry->mode, ==, mode);
    g_assert_cmpstr(found, ==, text);
}

static void test_all_kinds(void)
{
    char *path;
    Initrd *initrd = make(&path);
    g_autofree char *file = scratch_file("hello", 5);
    chmod(file, 0711);
    initrd_character(initrd, "dev/console", 5, 1);
    initrd_bytes(initrd, "a/b/c", 0600, "x\0y", 3);
    initrd_file(initrd, "a/file", file);
    initrd_link(initrd, "lib", "usr/lib");
    initrd_folder(initrd, "a/b");
    g_assert_true(initrd_has(initrd, "a/b"));
    g_assert_false(initrd_has(initrd, "b"));
    g_assert_null(finish(initrd, path));
    g_autoptr(GHashTable) entries = archive_read(path, 0);
    g_assert_cmpuint(g_hash_table_size(entries), ==, 7);
    assert_entry(entries, "dev", S_IFDIR | 0755, "");
    assert_entry(entries, "dev/console", S_IFCHR | 0600, "");
    assert_entry(entries, "a/file", S_IFREG | 0711, "hello");
    assert_entry(entries, "lib", S_IFLNK | 0777, "usr/lib");
    const Entry *bytes = g_hash_table_lookup(entries, "a/b/c"),
                *console = g_hash_table_lookup(entries, "dev/console");
    g_assert_cmpuint(g_bytes_get_size(bytes->bytes), ==, 3);
    g_assert_cmpuint(console->major * 10 + console->minor, ==, 51);
    g_unlink(file);
    scratch_remove(path);
}

// The first one stays, as a second entry would replace what is below a folder.
static void test_name_that_is_there(void)
{
    char *path;
    Initrd *initrd = make(&path);
    initrd_bytes(initrd, "x", 0644, "first", 5);
    initrd_bytes(initrd, "x", 0644, "second", 6);
    initrd_folder(initrd, "x");
    initrd_folder(initrd, "");
    g_assert_null(finish(initrd, path));
    g_autoptr(GHashTable) entries = archive_read(path, 0);
    assert_entry(entries, "x", S_IFREG | 0644, "first");
    scratch_remove(path);
}

// Of any length: ours starts at a multiple of 4, or Linux does not see it.
static void test_prepended(void)
{
    for (unsigned length = 0; length < 9; length++) {
        char *path;
        Initrd *initrd = make(&path);
        g_autofree char *other = scratch_file("\x1f\x8bpacked..", length);
        initrd_prepend(initrd, other);
        initrd_bytes(initrd, "x", 0644, "ours", 4);
        g_assert_null(finish(initrd, path));
        g_autoptr(GHashTable) entries = archive_read(path, (length + 3) / 4 * 4);
        assert_entry(entries, "x", S_IFREG | 0644, "ours");
        g_unlink(other);
        scratch_remove(path);
    }
}

static void assert_refused(void (*add)(Initrd *initrd), const char *words)
{
    char *path;
    Initrd *initrd = make(&path);
    add(initrd);
    initrd_bytes(initrd, "more", 0644, "m", 1);
    g_autofree char *message = finish(initrd, path);
    g_assert_nonnull(message);
    g_assert_nonnull(strstr(message, words));
    scratch_remove(path);
}

static void add_missing(Initrd *initrd)
{
    initrd_file(initrd, "x", "/none/file");
}

static void add_device(Initrd *initrd)
{
    initrd_file(initrd, "x", "/dev/zero");
}

static void prepend_folder(Initrd *initrd)
{
    initrd_prepend(initrd, "/etc");
}

static void add_long_name(Initrd *initrd)
{
    g_autofree char *name = g_strnfill(5000, 'n');
    initrd_folder(initrd, name);
}

// With holes, so that it takes no room.
static void add_huge(Initrd *initrd)
{
    g_autofree char *file = scratch_file("", 0);
    g_assert_cmpint(truncate(file, 5LL << 30), ==, 0);
    initrd_file(initrd, "x", file);
    g_unlink(file);
}

static void test_refused(void)
{
    assert_refused(add_missing, "/none/file: No such file");
    assert_refused(add_device, "/dev/zero: ");
    assert_refused(prepend_folder, "/etc: ");
    assert_refused(add_long_name, ": File name too long");
    assert_refused(add_huge, "x: File too large");
    g_autoptr(GError) error = NULL;
    g_assert_null(initrd_new("/none/initrd", &error));
    g_assert_nonnull(strstr(error->message, "/none/initrd cannot be written"));
}

static void test_full_disk(void)
{
    g_autoptr(GError) error = NULL;
    Initrd *initrd = initrd_new("/dev/full", &error);
    if (!initrd) {
        g_test_skip("no /dev/full");
        return;
    }
    initrd_folder(initrd, "x");
    g_assert_false(initrd_finish(initrd, &error));
    g_assert_nonnull(strstr(error->message, "No space left"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/initrd/all-kinds", test_all_kinds);
    g_test_add_func("/initrd/there", test_name_that_is_there);
    g_test_add_func("/initrd/prepended", test_prepended);
    g_test_add_func("/initrd/refused", test_refused);
    g_test_add_func("/initrd/full", test_full_disk);
    return g_test_run();
}
