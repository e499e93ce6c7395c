// NVRAM: its ranges, the partitions of a new one, and the file that it is kept in.
#include "lparun/error.h"
#include "lparun/nvram.h"
#include <errno.h>
#include <glib/gstdio.h>
#include <libfdt.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_ranges(void)
{
    static const struct {
        uint32_t offset, length;
        bool ok;
    } ranges[] = {
        { 0, NVRAM_SIZE, true }, { NVRAM_SIZE - 1, 1, true }, { NVRAM_SIZE, 0, true }, { 0x1234, 0, true },
        { NVRAM_SIZE, 1, false }, { NVRAM_SIZE - 1, 2, false }, { 1, NVRAM_SIZE, false },
        { 0, NVRAM_SIZE + 1, false }, { NVRAM_SIZE + 1, 0, false }, { 0, UINT32_MAX, false },
        { UINT32_MAX, 1, false }, { UINT32_MAX, 2, false },                     // wraps
        { 0xffff0000, 0x20000, false }, { 0x8000, UINT32_MAX - 0x7fff, false }, // ends at 0
    };
    Nvram *nvram = nvram_new();
    g_autofree uint8_t *bytes = g_malloc(NVRAM_SIZE), *back = g_malloc0(NVRAM_SIZE);
    memset(bytes, 0x5a, NVRAM_SIZE);
    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++) {
        g_assert_true((nvram_store(nvram, ranges[i].offset, bytes, ranges[i].length) == 0) == ranges[i].ok);
        g_assert_true((nvram_fetch(nvram, ranges[i].offset, back, ranges[i].length) == 0) == ranges[i].ok);
    }
    g_assert_cmpint(nvram_store(nvram, 0x100, "somewhere", 9), ==, 0);
    g_assert_cmpint(nvram_fetch(nvram, 0xff, back, 11), ==, 0);
    g_assert_cmpmem(back, 11, "\x5asomewhere\x5a", 11);
    nvram_free(nvram);
    nvram_free(NULL);
}

// CHRP 8.4.1: a header of 16 bytes (signature, checksum, length / 16, name), wall to wall. The checksum is
// the sum of the other bytes, carries added back in.
static uint8_t checksum(const uint8_t *header)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 16; i++)
        if (i != 1) {
            sum += header[i];
            sum = (sum & 0xff) + (sum >> 8);
        }
    return (uint8_t)sum;
}

// SLOF's own check (and what costs thousands of calls when it fails): all partitions, and none but zeros for
// data in "common", where an empty byte ends the list of variables.
static void test_partitions(void)
{
    Nvram *nvram = nvram_new();
    g_autofree uint8_t *bytes = g_malloc(NVRAM_SIZE);
    g_assert_cmpint(nvram_fetch(nvram, 0, bytes, NVRAM_SIZE), ==, 0);
    unsigned logs = 0, common = 0, space = 0;
    uint32_t offset = 0;
    while (offset < NVRAM_SIZE) {
        const uint8_t *header = bytes + offset;
        uint32_t length = (uint32_t)(header[2] << 8 | header[3]) * 16;
        g_assert_cmphex(header[1], ==, checksum(header));
        g_assert_cmpuint(length, >, 16);
        g_assert_cmpuint(length, <=, NVRAM_SIZE - offset);
        logs += header[0] == 0x51 && strncmp((const char *)header + 4, "ibm,CPU", 7) == 0;
        space += header[0] == 0x7f;
        if (header[0] == 0x70) {
            common++;
            g_assert_cmpint(strncmp((const char *)header + 4, "common", 12), ==, 0);
            for (uint32_t i = 16; i < length; i++)
                g_assert_cmpuint(header[i], ==, 0);
        }
        offset += length;
    }
    g_assert_cmpuint(offset, ==, NVRAM_SIZE);
    g_assert_cmpuint(common, ==, 1);
    g_assert_cmpuint(logs, ==, 2);
    g_assert_cmpuint(space, ==, 1);
    nvram_free(nvram);
}

// Without #bytes SLOF stops: "No valid NVRAM" (guest-interface 1.3).
// What the first partition of the common kind says: all texts, with a | between.
static char *variables_of(Nvram *nvram)
{
    enum { COMMON = 0x4000 + 16 };
    char bytes[0x1000 - 16];
    GString *text = g_string_new(NULL);
    g_assert_cmpint(nvram_fetch(nvram, COMMON, bytes, sizeof bytes), ==, 0);
    for (const char *at = bytes; *at; at += strlen(at) + 1)
        g_string_append_printf(text, "%s%s", text->len ? "|" : "", at);
    return g_string_free(text, FALSE);
}

static bool set_variables(Nvram *nvram, GError **error, ...)
{
    g_autoptr(GPtrArray) variables = g_ptr_array_new();
    va_list arguments;
    va_start(arguments, error);
    for (char *one; (one = va_arg(arguments, char *));)
        g_ptr_array_add(variables, one);
    va_end(arguments);
    return nvram_set_variables(nvram, variables, error);
}

// -prom-env: in place of those of their names, with the rest as it was; all or an error.
static void test_variables(void)
{
    g_autoptr(GError) error = NULL;
    Nvram *nvram = nvram_new();
    g_assert_true(set_variables(nvram, &error, NULL));
    g_assert_true(set_variables(nvram, &error, "auto-boot?=false", "boot-file=a", "boot-file-2=x", NULL));
    g_autofree char *first = variables_of(nvram);
    g_assert_cmpstr(first, ==, "auto-boot?=false|boot-file=a|boot-file-2=x");
    g_assert_true(set_variables(nvram, &error, "boot-file=b c", NULL));
    g_autofree char *second = variables_of(nvram);
    g_assert_cmpstr(second, ==, "auto-boot?=false|boot-file-2=x|boot-file=b c");
    g_autofree char *large = g_strnfill(0x1000 - 16 - 46 - 2, 'y'),
                    *variable = g_strconcat("z=", large, NULL);
    g_assert_false(set_variables(nvram, &error, variable, NULL));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_assert_true(g_str_has_suffix(error->message, "NVRAM has 4080 bytes for all of them; give fewer"));
    variable[strlen(variable) - 1] = '\0'; // the last that fits, with the NULs
    g_assert_true(set_variables(nvram, NULL, variable, NULL));
    nvram_free(nvram);
}

// Whatever is in a file, nothing outside of it is looked at.
static void test_variables_nowhere(void)
{
    static const struct {
        uint8_t signature, high, low;
    } headers[] = { { 0x7f, 0, 0 }, { 0x70, 0xff, 0xff }, { 0x7f, 0x10, 0 }, { 0x7f, 0xff, 0xff },
        { 0x7f, 0, 1 } };
    for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree uint8_t *zeros = g_malloc0(NVRAM_SIZE);
        const uint8_t header[] = { headers[i].signature, 0, headers[i].high, headers[i].low };
        Nvram *nvram = nvram_new();
        nvram_store(nvram, 0, zeros, NVRAM_SIZE);
        nvram_store(nvram, 0, header, sizeof header);
        g_assert_false(set_variables(nvram, &error, "a=b", NULL));
        g_assert_cmpstr(error->message, ==,
            "-prom-env a=b: NVRAM has no partition for it; give an empty file of 64K, or none");
        nvram_free(nvram);
    }
}

static void test_node(void)
{
    Nvram *nvram = nvram_new();
    g_autoptr(Tree) tree = tree_new(0x1000);
    tree_begin(tree, "%s", "");
    nvram_describe(nvram, tree);
    tree_end(tree);
    size_t length;
    const void *blob = tree_finish(tree, 0, &length);
    int node = fdt_path_offset(blob, "/nvram@71000001");
    g_assert_cmpint(node, >, 0);
    g_assert_cmpstr(fdt_getprop(blob, node, "compatible", NULL), ==, "qemu,spapr-nvram");
    g_assert_cmphex(fdt32_ld(fdt_getprop(blob, node, "reg", NULL)), ==, 0x71000001);
    g_assert_cmphex(fdt32_ld(fdt_getprop(blob, node, "#bytes", NULL)), ==, 0x10000);
    nvram_free(nvram);
}

// --- In a file.

typedef struct Scratch {
    char *folder, *path;
} Scratch;

static void set_up(Scratch *scratch, gconstpointer data)
{
    g_autofree uint8_t *zeros = g_malloc0(NVRAM_SIZE);
    scratch->folder = g_dir_make_tmp("lparun-test-XXXXXX", NULL);
    g_assert_nonnull(scratch->folder);
    scratch->path = g_build_filename(scratch->folder, "nvram", NULL);
    g_assert_true(g_file_set_contents(scratch->path, (const char *)zeros, NVRAM_SIZE, NULL));
}

static unsigned files_in(const char *folder)
{
    unsigned count = 0;
    GDir *open = g_dir_open(folder, 0, NULL);
    while (g_dir_read_name(open))
        count++;
    g_dir_close(open);
    return count;
}

static void tear_down(Scratch *scratch, gconstpointer data)
{
    GDir *open = g_dir_open(scratch->folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(open))) {
        g_autofree char *path = g_build_filename(scratch->folder, name, NULL);
        g_unlink(path);
    }
    g_dir_close(open);
    g_assert_cmpint(g_rmdir(scratch->folder), ==, 0);
    g_free(scratch->folder);
    g_free(scratch->path);
}

static Nvram *open_right(const char *path, bool readonly)
{
    g_autoptr(GError) error = NULL;
    Nvram *nvram = nvram_open(path, readonly, BLOCK_CONTENT_RAW, &error);
    g_assert_no_error(error);
    return nvram;
}

static void assert_refused(const char *path, bool readonly, const char *rest)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *message = g_strdup_printf("-drive if=pflash,file=%s: %s", path, rest);
    g_assert_null(nvram_open(path, readonly, BLOCK_CONTENT_RAW, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_assert_cmpstr(error->message, ==, message);
}

static void resize(const char *path, off_t size)
{
    g_assert_cmpint(truncate(path, size), ==, 0);
}

// What was stored is there in the next run, in a file with the same mode, and nothing else is left.
static void test_kept(Scratch *scratch, gconstpointer data)
{
    static const uint32_t sizes[] = { NVRAM_SIZE_MIN, NVRAM_SIZE, 0x12340, NVRAM_SIZE_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        char back[8] = "";
        struct stat status;
        uint32_t end = sizes[i] - 8;
        resize(scratch->path, 0);
        resize(scratch->path, sizes[i]);
        g_assert_cmpint(chmod(scratch->path, 0640), ==, 0);
        Nvram *nvram = open_right(scratch->path, false);
        g_assert_cmpuint(nvram_size(nvram), ==, sizes[i]);
        g_assert_cmpint(nvram_store(nvram, end, "setenv!", 8), ==, 0);
        g_assert_cmpint(nvram_store(nvram, end + 1, "setenv!", 8), ==, -EINVAL);
        nvram_free(nvram);
        g_assert_cmpint(stat(scratch->path, &status), ==, 0);
        g_assert_cmpuint(status.st_mode & 07777, ==, 0640);
        g_assert_cmpuint((uint32_t)status.st_size, ==, sizes[i]);
        g_assert_cmpuint(files_in(scratch->folder), ==, 1);
        nvram = open_right(scratch->path, true);
        g_assert_cmpint(nvram_fetch(nvram, end, back, 8), ==, 0);
        g_assert_cmpstr(back, ==, "setenv!");
        g_assert_cmpint(nvram_fetch(nvram, 0, back, 1), ==, 0);
        g_assert_cmphex((uint8_t)back[0], ==, sizes[i] > 0x5000 ? 0x51 : 0); // formatted, where there is room
        nvram_free(nvram);
    }
}

static void test_readonly(Scratch *scratch, gconstpointer data)
{
    char back[4] = "";
    g_assert_cmpint(chmod(scratch->path, 0400), ==, 0);
    for (unsigned i = 0; i < 2; i++) {
        Nvram *nvram = open_right(scratch->path, true);
        g_assert_cmpint(nvram_fetch(nvram, 0x7000, back, 4), ==, 0);
        g_assert_cmpint(back[0], ==, 0);
        g_assert_cmpint(nvram_store(nvram, 0x7000, "abc", 4), ==, 0);
        g_assert_cmpint(nvram_fetch(nvram, 0x7000, back, 4), ==, 0);
        g_assert_cmpstr(back, ==, "abc");
        nvram_free(nvram);
    }
}

static void test_wrong_files(Scratch *scratch, gconstpointer data)
{
    static const char size[] =
        "NVRAM has 8 KiB to 1 MiB, a multiple of 16 bytes; make one with truncate -s 64K FILE";
    static const off_t sizes[] = { 0, NVRAM_SIZE_MIN - 16, NVRAM_SIZE + 1, NVRAM_SIZE_MAX + 16 };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        resize(scratch->path, sizes[i]);
        assert_refused(scratch->path, false, size);
        assert_refused(scratch->path, true, size);
    }
    assert_refused(scratch->folder, true, "no regular file; give one");
    assert_refused("/dev/null", false, "no regular file; give one");
    assert_refused("/nowhere/nvram", false, "no such file; make one with truncate -s 64K FILE");
}

// One guest writes, or several read. The lock goes with each new version.
static void test_locked(Scratch *scratch, gconstpointer data)
{
    static const char used[] = "another program uses it; give each guest its own";
    Nvram *nvram = open_right(scratch->path, false);
    for (unsigned i = 0; i < 20; i++) {
        assert_refused(scratch->path, false, used);
        assert_refused(scratch->path, true, used);
        g_assert_cmpint(nvram_store(nvram, 0x7000 + i, "x", 1), ==, 0);
        g_usleep(1000);
    }
    nvram_free(nvram);
    Nvram *one = open_right(scratch->path, true), *two = open_right(scratch->path, true);
    nvram_free(one);
    nvram_free(two);
}

// A symbolic link stays one.
static void test_link(Scratch *scratch, gconstpointer data)
{
    g_autofree char *link = g_build_filename(scratch->folder, "link", NULL);
    g_assert_cmpint(symlink("nvram", link), ==, 0);
    Nvram *nvram = open_right(link, false);
    g_assert_cmpint(nvram_store(nvram, 0x7000, "x", 1), ==, 0);
    nvram_free(nvram);
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_assert_cmpuint(files_in(scratch->folder), ==, 2);
    g_autofree char *contents = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(scratch->path, &contents, &length, NULL));
    g_assert_cmpint(contents[0x7000], ==, 'x');
}

// The file's byte at 0x7000.
static char saved(const Scratch *scratch)
{
    g_autofree char *contents = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(scratch->path, &contents, &length, NULL));
    g_assert_cmpuint(length, ==, NVRAM_SIZE);
    return contents[0x7000];
}

// What the host has no more of, and as much of it as there is until a save has to fail.
typedef struct Lack {
    int resource;
    rlim_t (*enough)(void);
} Lack;

static rlim_t half_a_file(void)
{
    return NVRAM_SIZE / 2;
}

// Whatever the thread holds at this moment, it gets no more.
static rlim_t open_descriptors(void)
{
    return STDERR_FILENO + 1;
}

static const Lack no_space = { RLIMIT_FSIZE, half_a_file };
G_GNUC_UNUSED static const Lack no_descriptor = { RLIMIT_NOFILE, open_descriptors };

static struct rlimit begin_lack(const Lack *lack)
{
    struct rlimit old, now;
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(getrlimit((__rlimit_resource_t)lack->resource, &old), ==, 0);
    now = (struct rlimit){ .rlim_cur = lack->enough(), .rlim_max = old.rlim_max };
    g_assert_cmpint(setrlimit((__rlimit_resource_t)lack->resource, &now), ==, 0);
    return old;
}

static void end_lack(const Lack *lack, const struct rlimit *old)
{
    g_assert_cmpint(setrlimit((__rlimit_resource_t)lack->resource, old), ==, 0);
}

// When the host refuses a save the guest is told, nothing is left behind, and the next store tries again.
static void test_failing(Scratch *scratch, gconstpointer lack)
{
    Nvram *nvram = open_right(scratch->path, false);
    struct rlimit old = begin_lack(lack);
    while (nvram_store(nvram, 0x7000, "x", 1) == 0)
        g_usleep(1000);
    end_lack(lack, &old);
    while (nvram_store(nvram, 0x7000, "y", 1) != 0)
        g_usleep(1000);
    g_assert_cmpuint(files_in(scratch->folder), <=, 2); // one may be in the making
    nvram_free(nvram);
    g_assert_cmpint(saved(scratch), ==, 'y');
    g_assert_cmpuint(files_in(scratch->folder), ==, 1);
}

// What could not be saved is, at the end, when it can be by then.
static void test_failing_before_end(Scratch *scratch, gconstpointer data)
{
    Nvram *nvram = open_right(scratch->path, false);
    struct rlimit old = begin_lack(&no_space);
    while (nvram_store(nvram, 0x7000, "x", 1) == 0)
        g_usleep(1000);
    nvram_store(nvram, 0x7000, "z", 1);
    end_lack(&no_space, &old);
    nvram_free(nvram);
    g_assert_cmpint(saved(scratch), ==, 'z');
}

// A folder that is moved takes its file along; another in its place is left alone.
static void test_folder_replaced(Scratch *scratch, gconstpointer data)
{
    g_autofree char *elsewhere = g_strconcat(scratch->folder, "-moved", NULL);
    Nvram *nvram = open_right(scratch->path, false);
    g_assert_cmpint(g_rename(scratch->folder, elsewhere), ==, 0);
    g_assert_cmpint(g_mkdir(scratch->folder, 0700), ==, 0);
    g_assert_cmpint(nvram_store(nvram, 0x7000, "x", 1), ==, 0);
    nvram_free(nvram);
    g_assert_cmpuint(files_in(scratch->folder), ==, 0);
    g_assert_cmpuint(files_in(elsewhere), ==, 1);
    g_assert_cmpint(g_rename(elsewhere, scratch->folder), ==, 0);
    g_assert_cmpint(saved(scratch), ==, 'x');
}

// What a killed run has left is removed at the next start.
static void test_left_behind(Scratch *scratch, gconstpointer data)
{
    g_autofree char *next = g_strconcat(scratch->path, ".lparun-next", NULL);
    g_assert_true(g_file_set_contents(next, "half", 4, NULL));
    nvram_free(open_right(scratch->path, true));
    g_assert_cmpuint(files_in(scratch->folder), ==, 2);
    nvram_free(open_right(scratch->path, false));
    g_assert_cmpuint(files_in(scratch->folder), ==, 1);
}

// However often the guest stores: one save at once, and one a second.
static void test_storm(Scratch *scratch, gconstpointer data)
{
    Nvram *nvram = open_right(scratch->path, false);
    struct stat status = { 0 };
    unsigned saves = 0;
    gint64 start = g_get_monotonic_time(), end = start + 3 * G_USEC_PER_SEC / 2;
    while (g_get_monotonic_time() < end) {
        ino_t before = status.st_ino;
        g_assert_cmpint(nvram_store(nvram, 0x7000, "x", 1), ==, 0);
        g_assert_cmpint(stat(scratch->path, &status), ==, 0);
        saves += status.st_ino != before;
    }
    gint64 seconds = (g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    g_assert_cmpuint(saves, >=, 1);
    g_assert_cmpuint(saves, <=, (unsigned)seconds + 2); // the file that was there is one of them
    nvram_free(nvram);
    g_assert_cmpint(saved(scratch), ==, 'x');
}

#define AREA 0xa000 // bytes that one store changes: many pages
#define FIRST 0x5020
#define KILLS 30

// Stores one number after the other, each over all of AREA and then once more behind it, until it is killed.
static G_GNUC_NORETURN void store_for_ever(const char *path)
{
    Nvram *nvram = nvram_open(path, false, BLOCK_CONTENT_RAW, NULL);
    static uint8_t bytes[AREA];
    nvram_fetch(nvram, FIRST, bytes, 1);
    nvram_store(nvram, FIRST + AREA, bytes, 1); // which the one before may not have come to
    for (uint8_t number = bytes[0] + 1; nvram; number++) {
        memset(bytes, number, sizeof bytes);
        nvram_store(nvram, FIRST, bytes, sizeof bytes);
        nvram_store(nvram, FIRST + AREA, &number, 1);
    }
    _exit(1);
}

// In nanoseconds.
static gint64 last_write(const char *path)
{
    struct stat status;
    g_assert_cmpint(stat(path, &status), ==, 0);
    return status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec;
}

// Killed in the middle, the file holds whole stores, in their order.
static void test_killed(Scratch *scratch, gconstpointer data)
{
    for (unsigned i = 0; i < KILLS; i++) {
        gint64 before =
            i % 2 ? 0 : last_write(scratch->path); // every other one may end before its first save
        pid_t child = fork();
        g_assert_cmpint(child, >=, 0);
        if (child == 0)
            store_for_ever(scratch->path);
        while (last_write(scratch->path) == before)
            g_usleep(1000);
        g_usleep((gulong)g_test_rand_int_range(0, 10000));
        g_assert_cmpint(kill(child, SIGKILL), ==, 0);
        int status;
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        g_assert_true(WIFSIGNALED(status));
        Nvram *nvram = open_right(scratch->path, true);
        static uint8_t bytes[AREA + 1];
        g_assert_cmpint(nvram_fetch(nvram, FIRST, bytes, sizeof bytes), ==, 0);
        for (unsigned at = 1; at < AREA; at++)
            g_assert_cmphex(bytes[at], ==, bytes[0]);
        g_assert_true(bytes[AREA] == bytes[0] || bytes[AREA] == (uint8_t)(bytes[0] - 1));
        nvram_free(nvram);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/nvram/ranges", test_ranges);
    g_test_add_func("/nvram/partitions", test_partitions);
    g_test_add_func("/nvram/node", test_node);
    g_test_add_func("/nvram/variables", test_variables);
    g_test_add_func("/nvram/variables-nowhere", test_variables_nowhere);
#define ADD(name, test) g_test_add("/nvram/file/" name, Scratch, NULL, set_up, test, tear_down)
    ADD("kept", test_kept);
    ADD("readonly", test_readonly);
    ADD("wrong", test_wrong_files);
    ADD("locked", test_locked);
    ADD("link", test_link);
    g_test_add("/nvram/file/failing/space", Scratch, &no_space, set_up, test_failing, tear_down);
#ifndef __powerpc__ // under qemu-user the limit is the emulator's as well, which then stands still
    g_test_add("/nvram/file/failing/descriptor", Scratch, &no_descriptor, set_up, test_failing, tear_down);
#endif
    ADD("failing-before-end", test_failing_before_end);
    ADD("folder-replaced", test_folder_replaced);
    ADD("left-behind", test_left_behind);
    ADD("storm", test_storm);
    ADD("killed", test_killed);
    return g_test_run();
}
