// What a guest starts from for exec: its order, its modules, what a kernel says, and wrong options.
#include "archive.h"
#include "channel.h"
#include "exec.h"
#include "modules.h"
#include "scratch_file.h"
#include <elf.h>
#include <sys/stat.h>

typedef struct Case {
    char *folder, *kernel, *init, *program;
    Exec *exec;
    ExecFiles *files;
    GError *error;
    GHashTable *entries;
} Case;

static void write_elf(const char *path, unsigned machine, bool big)
{
    Elf64_Ehdr head = { .e_ident = ELFMAG,
        .e_machine = (Elf64_Half)(big ? GUINT16_SWAP_LE_BE(machine) : machine) };
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = big ? ELFDATA2MSB : ELFDATA2LSB;
    g_assert_true(g_file_set_contents(path, (const char *)&head, sizeof head, NULL));
    g_assert_cmpint(chmod(path, 0755), ==, 0);
}

static void case_start(Case *it, bool big)
{
    *it = (Case){ .folder = scratch_folder(), .exec = exec_new() };
    it->kernel = g_build_filename(it->folder, "vmlinux", NULL);
    it->init = g_build_filename(it->folder, "init", NULL);
    it->program = g_build_filename(it->folder, "bin/test", NULL);
    g_autofree char *bin = g_build_filename(it->folder, "bin", NULL);
    g_mkdir(bin, 0755);
    write_elf(it->kernel, EM_PPC64, big);
    write_elf(it->init, EM_PPC64, big);
    write_elf(it->program, EM_PPC64, big);
    it->exec->root = g_strdup(it->folder);
    it->exec->init = g_strdup(it->init);
    it->exec->room = 1 << 20;
    it->exec->command = g_strsplit("test|-a|b c", "|", -1);
}

static void case_end(Case *it)
{
    if (it->entries)
        g_hash_table_unref(it->entries);
    exec_files_free(it->files);
    scratch_remove_folder(it->folder);
    exec_free(it->exec);
    g_clear_error(&it->error);
    g_free(it->kernel);
    g_free(it->init);
    g_free(it->program);
}

static void prepare(Case *it)
{
    it->files = exec_prepare(it->exec, it->kernel, NULL, it->folder, &it->error);
    g_assert_no_error(it->error);
    it->entries = archive_read(it->files->initrd, 0);
}

static void assert_refused(Case *it, const char *words)
{
    g_autofree char *initrd = g_build_filename(it->folder, "exec-initrd", NULL);
    it->files = exec_prepare(it->exec, it->kernel, NULL, it->folder, &it->error);
    g_assert_null(it->files);
    if (!strstr(it->error->message, words))
        g_error("%s: not about %s", it->error->message, words);
    g_assert_false(g_file_test(initrd, G_FILE_TEST_EXISTS));
    case_end(it);
}

static void assert_order(Case *it, const char *text)
{
    const Entry *entry = g_hash_table_lookup(it->entries, ".lparun-ci/order");
    gsize length;
    g_autofree char *order = g_strdup(""), *start = NULL;
    const char *bytes = g_bytes_get_data(entry->bytes, &length), *at = bytes;
    for (; at < bytes + length; at += strlen(at) + 1) {
        g_autofree char *before = order;
        order = g_strdup_printf("%s%s\n", before, at);
    }
    g_assert_cmpstr(order, ==, text);
}

static void test_order(void)
{
    Case it;
    case_start(&it, false);
    g_ptr_array_add(it.exec->variables, g_strdup("HOME=/root"));
    g_ptr_array_add(it.exec->collect, g_strdup("/out"));
    it.exec->directory = g_strdup("/tmp");
    prepare(&it);
    assert_order(&it,
        "p/bin/test\natest\na-a\nab c\nePATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        "eTERM=dumb\neHOME=/root\nc/out\n"
        "d/tmp\n");
    g_assert_nonnull(g_hash_table_lookup(it.entries, ".lparun-ci/init"));
    g_assert_nonnull(g_hash_table_lookup(it.entries, "bin/test"));
    g_assert_nonnull(g_hash_table_lookup(it.entries, "dev/console"));
    g_assert_cmpstr(it.files->append, ==, "rdinit=/.lparun-ci/init");
    case_end(&it);
}

static void test_files_go_with_it(void)
{
    Case it;
    struct stat status;
    case_start(&it, true);
    prepare(&it);
    g_autofree char *disk = g_strdup(it.files->disk), *initrd = g_strdup(it.files->initrd);
    g_assert_cmpint(stat(disk, &status), ==, 0);
    g_assert_cmpint(status.st_size, ==, 1 << 20);
    g_assert_cmpint(status.st_blocks, <, 64);
    exec_files_free(g_steal_pointer(&it.files));
    g_assert_false(g_file_test(disk, G_FILE_TEST_EXISTS) || g_file_test(initrd, G_FILE_TEST_EXISTS));
    case_end(&it);
}

// A command that is the initrd's own is not looked for.
static void test_initrd_of_the_users(void)
{
    Case it;
    case_start(&it, false);
    g_clear_pointer(&it.exec->root, g_free);
    g_strfreev(it.exec->command);
    it.exec->command = g_strsplit("made-by-the-user", "|", -1);
    it.files = exec_prepare(it.exec, it.kernel, it.program, it.folder, &it.error);
    g_assert_no_error(it.error);
    it.entries = archive_read(it.files->initrd, sizeof(Elf64_Ehdr));
    g_assert_false(g_hash_table_contains(it.entries, "bin"));
    case_end(&it);
}

static void test_comma_in_a_path(void)
{
    Case it;
    case_start(&it, false);
    g_autofree char *folder = g_build_filename(it.folder, "a,b", NULL);
    g_mkdir(folder, 0755);
    it.files = exec_prepare(it.exec, it.kernel, NULL, folder, &it.error);
    g_assert_no_error(it.error);
    g_assert_nonnull(strstr(it.files->options[1], "/a,,b/exec-disk,if=none"));
    case_end(&it);
}

// --- What is refused.

static void test_no_command(void)
{
    Case it;
    case_start(&it, false);
    g_clear_pointer(&it.exec->command, g_strfreev);
    assert_refused(&it, "give a command");
}

static void test_no_kernel(void)
{
    Case it;
    case_start(&it, false);
    write_elf(it.kernel, EM_X86_64, false);
    assert_refused(&it, "is no vmlinux");
    case_start(&it, false);
    g_assert_true(g_file_set_contents(it.kernel, "gzip", 4, NULL));
    assert_refused(&it, "is no vmlinux");
    case_start(&it, false);
    g_assert_cmpint(g_remove(it.kernel), ==, 0);
    assert_refused(&it, "there is no file");
    case_start(&it, false);
    g_clear_pointer(&it.kernel, g_free);
    assert_refused(&it, "give --kernel");
}

static void test_other_order(void)
{
    Case it;
    case_start(&it, false);
    write_elf(it.kernel, EM_PPC64, true);
    assert_refused(&it, "init is not for big-endian ppc64");
    case_start(&it, false);
    write_elf(it.program, EM_PPC64, true);
    assert_refused(&it, "test is a program for big-endian ppc64, the kernel is for little-endian ppc64");
}

static void test_no_init(void)
{
    Case it;
    case_start(&it, false);
    g_unlink(it.init);
    assert_refused(&it, "give --init FILE");
}

static void test_wrong_words(void)
{
    Case it;
    case_start(&it, false);
    g_ptr_array_add(it.exec->collect, g_strdup("relative"));
    assert_refused(&it, "--collect relative: a path in the guest starts with a slash");
    case_start(&it, false);
    g_ptr_array_add(it.exec->variables, g_strdup("NAME"));
    assert_refused(&it, "--env NAME: give NAME=VALUE");
    case_start(&it, false);
    g_ptr_array_add(it.exec->wanted, g_strdup("loop"));
    assert_refused(&it, "--module: give --modules FOLDER");
    case_start(&it, false);
    g_ptr_array_add(it.exec->variables, g_strnfill(2 << 20, '='));
    assert_refused(&it, "too many arguments or variables");
    case_start(&it, false);
    it.exec->room = 1000;
    assert_refused(&it, "1 MiB at least");
}

// --- Modules.

static void write_module(const Case *it, const char *name, const char *depends)
{
    GString *bytes = g_string_new("\177ELF some depends=not,this");
    g_string_append_len(bytes, "\0license=x\0depends=", 19);
    g_string_append(bytes, depends);
    g_string_append_len(bytes, "\0name=y", 8);
    g_autofree char *path = g_build_filename(it->folder, "m/kernel/drivers", name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, bytes->str, (gssize)bytes->len, NULL));
    g_string_free(bytes, TRUE);
}

static void pack(const Case *it, const char *name, const char *program)
{
    g_autofree char *path = g_build_filename(it->folder, "m/kernel/drivers", name, NULL);
    g_autofree char *command =
        g_strdup_printf("%s -f %s%s", program, strcmp(program, "zstd") == 0 ? "-q --rm " : "", path);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

static void modules_start(Case *it)
{
    case_start(it, false);
    it->exec->modules = g_build_filename(it->folder, "m", NULL);
    write_module(it, "virtio/virtio-pci.ko", "virtio,virtio_ring");
    write_module(it, "virtio/virtio.ko", "");
    write_module(it, "virtio/virtio_ring.ko", "virtio,built-in");
    write_module(it, "block/virtio_blk.ko", "virtio_ring,virtio");
    write_module(it, "a.ko", "b");
    write_module(it, "b.ko", "a"); // each needs the other
    g_autofree char *builtin = g_build_filename(it->folder, "m/modules.builtin", NULL);
    g_assert_true(g_file_set_contents(builtin, "kernel/lib/built_in.ko\n", -1, NULL));
}

static void assert_modules(Case *it, const char *names)
{
    const Entry *entry = g_hash_table_lookup(it->entries, ".lparun-ci/order");
    gsize length;
    g_autoptr(GString) found = g_string_new(NULL);
    const char *bytes = g_bytes_get_data(entry->bytes, &length);
    for (const char *at = bytes; at < bytes + length; at += strlen(at) + 1)
        if (*at == 'm') {
            g_autofree char *name = g_path_get_basename(at);
            g_autofree char *text = archive_text(it->entries, at + 2);
            g_assert_true(g_str_has_prefix(text, "\177ELF some"));
            g_string_append_printf(found, "%s ", name);
        }
    g_assert_cmpstr(found->str, ==, names);
}

static void test_modules(void)
{
    Case it;
    modules_start(&it);
    pack(&it, "virtio/virtio.ko", "xz");
    pack(&it, "block/virtio_blk.ko", "gzip");
    pack(&it, "virtio/virtio_ring.ko", "zstd");
    g_ptr_array_add(it.exec->wanted, g_strdup("a"));
    g_ptr_array_add(it.exec->wanted, g_strdup("built_in"));
    prepare(&it);
    assert_modules(&it, "virtio.ko virtio_ring.ko virtio_pci.ko virtio_blk.ko b.ko a.ko ");
    case_end(&it);
}

// The section has another name, the signature no end.
static void test_light_modules(void)
{
    static const char module[] = "\177ELF some\0.BTF\0.BTF_ids\0x.BTF\0\0.BTF\0~Module signature appended~\n";
    static const char light[] = "\177ELF some\0_BTF\0.BTF_ids\0x.BTF\0\0_BTF\0";
    for (int i = 0; i < 2; i++) {
        Case it;
        case_start(&it, false);
        it.exec->modules = g_build_filename(it.folder, "m", NULL);
        it.exec->light = i == 1;
        write_module(&it, "x.ko", "");
        g_autofree char *path = g_build_filename(it.folder, "m/kernel/drivers/x.ko", NULL);
        g_assert_true(g_file_set_contents(path, module, sizeof module - 1, NULL));
        g_ptr_array_add(it.exec->wanted, g_strdup("x"));
        prepare(&it);
        const Entry *entry = g_hash_table_lookup(it.entries, ".lparun-ci/modules/x.ko");
        g_autoptr(GBytes) wanted = i == 1 ? g_bytes_new_static(light, sizeof light - 1)
                                          : g_bytes_new_static(module, sizeof module - 1);
        g_assert_true(g_bytes_equal(entry->bytes, wanted));
        case_end(&it);
    }
}

static void test_modules_without_virtio(void)
{
    Case it;
    case_start(&it, false);
    it.exec->modules = g_build_filename(it.folder, "m", NULL);
    write_module(&it, "x.ko", "");
    prepare(&it);
    assert_modules(&it, "");
    case_end(&it);
}

static void test_wrong_modules(void)
{
    Case it;
    modules_start(&it);
    g_ptr_array_add(it.exec->wanted, g_strdup("none"));
    assert_refused(&it, "m has no module none");
    modules_start(&it);
    write_module(&it, "virtio/virtio_ring.ko", "lost");
    assert_refused(&it, "m has no module lost");
    modules_start(&it);
    write_module(&it, "c.ko.xz", "");
    g_ptr_array_add(it.exec->wanted, g_strdup("c"));
    assert_refused(&it, "c.ko.xz: xz cannot unpack it");
    case_start(&it, false);
    it.exec->modules = g_strdup("/none");
    assert_refused(&it, "/none");
}

// --- What the console says.

static void assert_fault(const char *line, const char *fault)
{
    g_autofree char *found = exec_fault_of(line);
    g_assert_cmpstr(found, ==, fault);
}

static void test_faults(void)
{
    assert_fault("lparun-ci: no disks: CONFIG_BLOCK", "no disks: CONFIG_BLOCK");
    assert_fault("lparun-ci: ", NULL);
    assert_fault("a lparun-ci: x", NULL);
    assert_fault("check access for rdinit=/.lparun-ci/init failed: -2, ignoring",
        "the kernel has no initial ramdisk: CONFIG_BLK_DEV_INITRD");
    assert_fault(
        "Failed to execute /.lparun-ci/init (error -8)", "the kernel runs no programs: CONFIG_BINFMT_ELF");
    assert_fault("Run /.lparun-ci/init as init process", NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/exec/order", test_order);
    g_test_add_func("/exec/files", test_files_go_with_it);
    g_test_add_func("/exec/initrd", test_initrd_of_the_users);
    g_test_add_func("/exec/comma", test_comma_in_a_path);
    g_test_add_func("/exec/no-command", test_no_command);
    g_test_add_func("/exec/no-kernel", test_no_kernel);
    g_test_add_func("/exec/other-order", test_other_order);
    g_test_add_func("/exec/no-init", test_no_init);
    g_test_add_func("/exec/wrong-words", test_wrong_words);
    g_test_add_func("/exec/modules", test_modules);
    g_test_add_func("/exec/light", test_light_modules);
    g_test_add_func("/exec/no-virtio", test_modules_without_virtio);
    g_test_add_func("/exec/wrong-modules", test_wrong_modules);
    g_test_add_func("/exec/faults", test_faults);
    return g_test_run();
}
