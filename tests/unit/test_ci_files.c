// Programs with what they need: this machine's own, with ldd as the judge, and roots made by hand.
#include "archive.h"
#include "files.h"
#include "scratch_file.h"
#include <elf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

typedef struct Put {
    char *path, *root;
    Initrd *initrd;
    Files *files;
    GError *error;
    GHashTable *entries; // once it is finished
} Put;

static const ElfKind power = { EM_PPC64, true, true };

static void put_start(Put *put, const char *root, const ElfKind *kind)
{
    *put = (Put){ .path = scratch_file("", 0), .root = g_strdup(root) };
    put->initrd = initrd_new(put->path, NULL);
    put->files = files_new(put->initrd, root, kind);
}

static void put_finish(Put *put)
{
    g_assert_true(initrd_finish(g_steal_pointer(&put->initrd), NULL));
    put->entries = archive_read(put->path, 0);
}

static void put_end(Put *put)
{
    initrd_free(put->initrd);
    files_free(put->files);
    if (put->entries)
        g_hash_table_unref(put->entries);
    g_clear_error(&put->error);
    scratch_remove(put->path);
    g_free(put->root);
}

static void assert_program(Put *put, const char *name, const char *path)
{
    g_autofree char *found = files_add_program(put->files, name, &put->error);
    g_assert_no_error(put->error);
    g_assert_cmpstr(found, ==, path);
}

static void assert_no_program(Put *put, const char *name, const char *words)
{
    g_assert_null(files_add_program(put->files, name, &put->error));
    g_assert_nonnull(put->error);
    if (!strstr(put->error->message, words))
        g_error("%s: not about %s", put->error->message, words);
    g_clear_error(&put->error);
}

// --- This machine's.

static void own_kind(ElfKind *kind)
{
    g_autoptr(ElfFile) elf = elf_file_read("/proc/self/exe");
    g_assert_nonnull(elf);
    *kind = elf->kind;
}

// An emulator may run this program among those of another machine.
static bool is_at_home(void)
{
    ElfKind kind;
    g_autoptr(ElfFile) elf = elf_file_read("/bin/ls");
    own_kind(&kind);
    return elf && elf_kind_equal(&elf->kind, &kind);
}

// Each file that ldd names is there, byte for byte, where its links lead to.
static void assert_like_ldd(Put *put, const char *program)
{
    g_autofree char *command = g_strdup_printf("ldd %s", program), *listed = NULL;
    g_assert_true(g_spawn_command_line_sync(command, &listed, NULL, NULL, NULL));
    g_auto(GStrv) words = g_strsplit_set(listed, " \t\n", -1);
    for (char **word = words; *word; word++) {
        if (**word != '/')
            continue;
        char *real = realpath(*word, NULL);
        const Entry *entry = g_hash_table_lookup(put->entries, real + 1);
        char *bytes;
        gsize length;
        g_assert_nonnull(entry);
        g_assert_true(g_file_get_contents(real, &bytes, &length, NULL));
        g_autoptr(GBytes) all = g_bytes_new_take(bytes, length);
        g_assert_true(g_bytes_equal(all, entry->bytes));
        free(real);
    }
}

static void test_like_ldd(void)
{
    static const char *const programs[] = { "/bin/ls", "/usr/bin/python3", "/usr/bin/git", "/usr/bin/gcc",
        "/bin/tar", "/usr/bin/openssl", "/bin/mount" };
    unsigned tried = 0;
    ElfKind kind;
    own_kind(&kind);
    if (!is_at_home()) {
        g_test_skip("the programs here are another machine's");
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++) {
        Put put;
        if (!g_file_test(programs[i], G_FILE_TEST_IS_EXECUTABLE))
            continue;
        put_start(&put, "/", &kind);
        assert_program(&put, programs[i], programs[i]);
        put_finish(&put);
        assert_like_ldd(&put, programs[i]);
        put_end(&put);
        tried++;
    }
    g_assert_cmpuint(tried, >, 1);
}

static void test_name_in_path(void)
{
    Put put;
    ElfKind kind;
    own_kind(&kind);
    if (!is_at_home()) {
        g_test_skip("the programs here are another machine's");
        return;
    }
    put_start(&put, "/", &kind);
    g_autofree char *path = files_add_program(put.files, "ls", &put.error);
    g_assert_no_error(put.error);
    g_assert_true(g_str_has_suffix(path, "/ls"));
    assert_no_program(&put, "there-is-no-such-program", "there is no such program in /");
    put_end(&put);
}

// --- Roots made by hand.

static void write_file(const char *root, const char *name, const void *bytes, gsize length, int mode)
{
    g_autofree char *path = g_build_filename(root, name, NULL), *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    g_assert_cmpint(chmod(path, (mode_t)mode), ==, 0);
}

static void write_link(const char *root, const char *name, const char *target)
{
    g_autofree char *path = g_build_filename(root, name, NULL), *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

#define WRITE(root, name, text) write_file(root, name, text, strlen(text), 0755)

// A program or library of a few hundred bytes: head, three segments, the dynamic section, its strings.
typedef struct Built {
    Elf64_Ehdr head;
    Elf64_Phdr segments[3];
    Elf64_Dyn tags[8];
    char strings[256], interpreter[64];
} Built;

static guint64 add_string(Built *built, unsigned *at, const char *text)
{
    unsigned start = *at;
    strcpy(built->strings + start, text);
    *at += (unsigned)strlen(text) + 1;
    return start;
}

// `needed` has commas between the names. The byte order is this machine's, little-endian, as `power` is.
static void write_elf(const char *root, const char *name, const char *interpreter, const char *needed,
    gint64 tag, const char *folders)
{
    Built built = { .head = { .e_ident = ELFMAG,
                        .e_machine = EM_PPC64,
                        .e_phnum = 3,
                        .e_phoff = offsetof(Built, segments) } };
    built.head.e_ident[EI_CLASS] = ELFCLASS64;
    built.head.e_ident[EI_DATA] = ELFDATA2LSB;
    built.segments[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = sizeof built };
    built.segments[1] = (Elf64_Phdr){
        .p_type = PT_DYNAMIC, .p_offset = offsetof(Built, tags), .p_filesz = sizeof built.tags
    };
    if (interpreter)
        built.segments[2] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = offsetof(Built, interpreter) };
    g_strlcpy(built.interpreter, interpreter ? interpreter : "", sizeof built.interpreter);
    unsigned strings = 1, tags = 0;
    g_auto(GStrv) each = g_strsplit(needed, ",", -1);
    for (char **library = each; *library; library++)
        built.tags[tags++] = (Elf64_Dyn){ DT_NEEDED, { add_string(&built, &strings, *library) } };
    if (tag)
        built.tags[tags++] = (Elf64_Dyn){ tag, { add_string(&built, &strings, folders) } };
    built.tags[tags++] = (Elf64_Dyn){ DT_STRTAB, { 0x10000 + offsetof(Built, strings) } };
    write_file(root, name, &built, sizeof built, 0755);
}

static int compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// The names that are in it, sorted, without folders.
static void assert_names(Put *put, const char *names)
{
    GPtrArray *found = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name, entry;
    g_hash_table_iter_init(&iter, put->entries);
    while (g_hash_table_iter_next(&iter, &name, &entry))
        if (!S_ISDIR(((Entry *)entry)->mode))
            g_ptr_array_add(found, name);
    g_ptr_array_sort(found, compare);
    g_ptr_array_add(found, NULL);
    g_autofree char *joined = g_strjoinv(" ", (char **)found->pdata);
    g_assert_cmpstr(joined, ==, names);
    g_ptr_array_unref(found);
}

static void assert_puts(const char *root, const char *name, const char *names)
{
    Put put;
    put_start(&put, root, &power);
    g_autofree char *path = files_add_program(put.files, name, &put.error);
    g_assert_no_error(put.error);
    put_finish(&put);
    assert_names(&put, names);
    put_end(&put);
}

static void assert_misses(const char *root, const char *name, const char *words)
{
    Put put;
    put_start(&put, root, &power);
    assert_no_program(&put, name, words);
    put_end(&put);
}

static void test_libraries_of_libraries(void)
{
    char *root = scratch_folder();
    write_elf(root, "usr/bin/a", "/lib64/ld.so", "libb.so.1", 0, NULL);
    write_elf(root, "usr/lib/powerpc64le-linux-gnu/libb.so.1.2", NULL, "libc.so.6,libb.so.1", 0, NULL);
    write_link(root, "usr/lib/powerpc64le-linux-gnu/libb.so.1", "libb.so.1.2");
    write_elf(root, "usr/lib64/libc.so.6", NULL, "libb.so.1", 0, NULL); // each needs the other
    write_elf(root, "usr/lib64/ld.so", NULL, "", 0, NULL);
    write_link(root, "lib64", "usr/lib64");
    assert_puts(root, "a",
        "lib64 usr/bin/a usr/lib/powerpc64le-linux-gnu/libb.so.1 usr/lib/powerpc64le-linux-gnu/libb.so.1.2 "
        "usr/lib64/ld.so usr/lib64/libc.so.6");
    scratch_remove_folder(root);
}

static void test_runpath_and_rpath(void)
{
    char *root = scratch_folder();
    write_elf(root, "opt/bin/run", NULL, "libx.so", DT_RUNPATH, "/none:$ORIGIN/../x");
    write_elf(root, "opt/x/libx.so", NULL, "liby.so", 0, NULL);
    write_elf(root, "opt/x/liby.so", NULL, "", 0, NULL);
    assert_misses(root, "/opt/bin/run", "needs the library liby.so"); // RUNPATH is for itself alone
    write_elf(root, "opt/bin/old", NULL, "libx.so", DT_RPATH, "${ORIGIN}/../x");
    assert_puts(root, "/opt/bin/old", "opt/bin/old opt/x/libx.so opt/x/liby.so");
    scratch_remove_folder(root);
}

static void test_configuration(void)
{
    char *root = scratch_folder();
    WRITE(root, "etc/ld.so.conf", "# none\ninclude ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf\n");
    WRITE(root, "etc/ld.so.conf.d/a.conf", " /opt/lib # here\nrelative\n");
    write_elf(root, "bin/a", NULL, "libz.so", 0, NULL);
    write_elf(root, "opt/lib/libz.so", NULL, "", 0, NULL);
    assert_puts(root, "a", "bin/a opt/lib/libz.so");
    scratch_remove_folder(root);
}

// The first one of that name is for another machine, or none at all.
static void test_wrong_libraries_are_passed_over(void)
{
    ElfKind kind;
    own_kind(&kind);
    if (kind.machine == EM_PPC64) {
        g_test_skip("this program is for POWER itself, and so no wrong one");
        return;
    }
    char *root = scratch_folder();
    g_autofree char *own = NULL;
    gsize length;
    g_assert_true(g_file_get_contents("/proc/self/exe", &own, &length, NULL));
    write_elf(root, "bin/a", NULL, "libz.so", 0, NULL);
    write_file(root, "lib/powerpc64le-linux-gnu/libz.so", own, MIN(length, 4096), 0644);
    WRITE(root, "lib64/libz.so", "INPUT(x)");
    assert_misses(root, "a", "a needs the library libz.so, which is not in");
    write_elf(root, "lib/libz.so", NULL, "", 0, NULL);
    assert_puts(root, "a", "bin/a lib/libz.so");
    scratch_remove_folder(root);
}

static void test_links(void)
{
    char *root = scratch_folder();
    WRITE(root, "usr/bin/busybox", "x");
    write_link(root, "bin", "/usr/bin");
    write_link(root, "usr/bin/sh", "../../bin/busybox");
    write_link(root, "usr/bin/loop", "loop");
    write_link(root, "usr/bin/out", "../../../../../../../../usr/bin/sh"); // up ends at the root
    WRITE(root, "usr/sbin/file/inner", "x");
    assert_puts(root, "/bin/sh", "bin usr/bin/busybox usr/bin/sh");
    assert_puts(root, "/usr/bin/out", "bin usr/bin/busybox usr/bin/out usr/bin/sh");
    assert_misses(root, "/bin/loop", "/bin/loop is not in");
    assert_misses(root, "loop", "there is no such program");
    assert_misses(root, "/usr/sbin/file", "/usr/sbin/file is not in");
    assert_misses(root, "/usr/bin/sh/x", "is not in");
    scratch_remove_folder(root);
}

static void test_scripts(void)
{
    char *root = scratch_folder();
    WRITE(root, "bin/sh", "x");
    WRITE(root, "usr/bin/env", "x");
    WRITE(root, "usr/bin/python3", "x");
    WRITE(root, "bin/a", "#! /bin/sh -e\nexit");
    WRITE(root, "bin/b", "#!/usr/bin/env python3");
    WRITE(root, "bin/c", "#!/none/sh\n");
    WRITE(root, "bin/d", "#!\n");
    WRITE(root, "bin/e", "#!/bin/e\n"); // itself
    assert_puts(root, "a", "bin/a bin/sh");
    assert_puts(root, "b", "bin/b usr/bin/env usr/bin/python3");
    assert_puts(root, "e", "bin/e");
    assert_misses(root, "c", "/none/sh is not in");
    assert_misses(root, "d", "names no interpreter");
    scratch_remove_folder(root);
}

static void test_wrong_machine(void)
{
    ElfKind kind;
    char *root = scratch_folder();
    g_autofree char *own = NULL, *words = NULL;
    gsize length;
    own_kind(&kind);
    words = elf_kind_words(&kind);
    g_assert_true(g_file_get_contents("/proc/self/exe", &own, &length, NULL));
    write_file(root, "bin/a", own, length, 0755);
    if (kind.machine != EM_PPC64)
        assert_misses(root, "a", words);
    write_elf(root, "bin/b", NULL, "", 0, NULL);
    Put put;
    put_start(&put, root, &(ElfKind){ EM_PPC64, true, false });
    assert_no_program(
        &put, "b", "b is a program for little-endian ppc64, the kernel is for big-endian ppc64");
    put_end(&put);
    scratch_remove_folder(root);
}

// --- Files of this machine.

static void test_files_and_folders(void)
{
    char *root = scratch_folder(), *here = scratch_folder();
    Put put;
    WRITE(root, "bin/sh", "x");
    WRITE(here, "tests/run", "#!/bin/sh\n");
    WRITE(here, "tests/deep/data", "y");
    WRITE(here, "tests/broken", "#!/none/sh\n"); // not looked at closely, in a folder
    write_link(here, "tests/link", "run");
    write_link(here, "tests/round", "..");
    g_autofree char *fifo = g_build_filename(here, "tests/pipe", NULL);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_autofree char *tests = g_strdup_printf("/opt/t/=%s/tests", here),
                    *one = g_strdup_printf("%s/tests/run", here);
    put_start(&put, root, &power);
    g_assert_true(files_add(put.files, tests, &put.error));
    g_assert_true(files_add(put.files, one, &put.error));
    put_finish(&put);
    g_autofree char *names =
        g_strdup_printf("bin/sh opt/t/broken opt/t/deep/data opt/t/link opt/t/round opt/t/run %s", one + 1);
    assert_names(&put, names);
    put_end(&put);
    scratch_remove_folder(root);
    scratch_remove_folder(here);
}

static void assert_file_refused(const char *text, const char *words)
{
    Put put;
    put_start(&put, "/", &power);
    g_assert_false(files_add(put.files, text, &put.error));
    g_assert_nonnull(strstr(put.error->message, words));
    put_end(&put);
}

static void test_wrong_files(void)
{
    assert_file_refused("relative=/etc/passwd", "starts with a slash");
    assert_file_refused("/x=/none/file", "/none/file: No such file");
    assert_file_refused("/x=/dev/null", "/dev/null is neither a file nor a folder");
    assert_file_refused("/", "that is all of this machine");
    ElfKind kind;
    own_kind(&kind);
    if (kind.machine != EM_PPC64)
        assert_file_refused("/x=/proc/self/exe", "/proc/self/exe is a program for");
}

static void test_relative_program_and_its_library(void)
{
    char *root = scratch_folder(), *here = scratch_folder();
    Put put;
    write_elf(here, "test", NULL, "libown.so", DT_RUNPATH, "$ORIGIN");
    write_elf(here, "libown.so", NULL, "", 0, NULL);
    g_autofree char *library = g_build_filename(here, "libown.so", NULL),
                    *program = g_build_filename(here, "test", NULL);
    g_autofree char *before = g_get_current_dir();
    g_assert_cmpint(chdir(here), ==, 0);
    put_start(&put, root, &power);
    assert_no_program(&put, "./test", "needs the library libown.so");
    put_end(&put);
    put_start(&put, root, &power);
    g_assert_true(files_add(put.files, library, &put.error));
    assert_program(&put, "./test", program);
    assert_no_program(&put, "./none", "there is no such program");
    put_end(&put);
    g_assert_cmpint(chdir(before), ==, 0);
    scratch_remove_folder(root);
    scratch_remove_folder(here);
}

// --- Files that are anything.

static void test_random_elf(void)
{
    char *root = scratch_folder();
    g_autofree char *path = g_build_filename(root, "a", NULL);
    g_autofree char *bytes = NULL;
    gsize length;
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    int memory = memfd_create("elf", 0);
    g_autofree char *in_memory = g_strdup_printf("/proc/self/fd/%d", memory);
    write_elf(root, "a", "/lib64/ld.so", "libb.so.1,libc.so", DT_RPATH, "/x:$ORIGIN");
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    for (int round = 0; round < 5000; round++) {
        g_autofree char *changed = g_memdup2(bytes, length);
        for (int i = g_rand_int_range(rand, 1, 6); i > 0; i--)
            changed[g_rand_int_range(rand, 4, (gint32)length)] =
                (char)(g_rand_boolean(rand) ? 0xff : g_rand_int(rand));
        gsize kept = g_rand_boolean(rand) ? length : (gsize)g_rand_int_range(rand, 0, (gint32)length);
        g_assert_cmpint(pwrite(memory, changed, kept, 0), ==, kept);
        g_assert_cmpint(ftruncate(memory, (off_t)kept), ==, 0);
        elf_file_free(elf_file_read(in_memory));
    }
    close(memory);
    scratch_remove_folder(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/files/ldd", test_like_ldd);
    g_test_add_func("/files/path", test_name_in_path);
    g_test_add_func("/files/libraries", test_libraries_of_libraries);
    g_test_add_func("/files/runpath", test_runpath_and_rpath);
    g_test_add_func("/files/configuration", test_configuration);
    g_test_add_func("/files/passed-over", test_wrong_libraries_are_passed_over);
    g_test_add_func("/files/links", test_links);
    g_test_add_func("/files/scripts", test_scripts);
    g_test_add_func("/files/machine", test_wrong_machine);
    g_test_add_func("/files/folders", test_files_and_folders);
    g_test_add_func("/files/wrong", test_wrong_files);
    g_test_add_func("/files/relative", test_relative_program_and_its_library);
    g_test_add_func("/files/random", test_random_elf);
    return g_test_run();
}
