// lparun-ci exec: a command in a guest.
#include "exec.h"
#include "channel.h"
#include "command_line.h"
#include "files.h"
#include "modules.h"
#include "refuse.h"
#include <elf.h>
#include <glib/gstdio.h>
#include <string.h>

#define ROOM (256u << 20)
#define ROOM_LEAST (1u << 20)
#define WORDS_BYTES (1u << 20) // what a kernel takes of arguments and variables, with some reserve

// All that goes into an initial ramdisk.
typedef struct Work {
    const Exec *exec;
    Initrd *initrd;
    Files *files;
    GString *order;
} Work;

Exec *exec_new(void)
{
    Exec *exec = g_new0(Exec, 1);
    exec->files = g_ptr_array_new_with_free_func(g_free);
    exec->programs = g_ptr_array_new_with_free_func(g_free);
    exec->collect = g_ptr_array_new_with_free_func(g_free);
    exec->variables = g_ptr_array_new_with_free_func(g_free);
    exec->wanted = g_ptr_array_new_with_free_func(g_free);
    exec->room = ROOM;
    return exec;
}

void exec_free(Exec *exec)
{
    if (!exec)
        return;
    g_strfreev(exec->command);
    g_ptr_array_unref(exec->files);
    g_ptr_array_unref(exec->programs);
    g_ptr_array_unref(exec->collect);
    g_ptr_array_unref(exec->variables);
    g_ptr_array_unref(exec->wanted);
    g_free(exec->root);
    g_free(exec->modules);
    g_free(exec->directory);
    g_free(exec->init);
    g_free(exec);
}

// --- The order for init.

static void add_record(Work *work, char letter, const char *text)
{
    g_string_append_c(work->order, letter);
    g_string_append_len(work->order, text, (gssize)strlen(text) + 1);
}

static void add_records(Work *work, char letter, const GPtrArray *texts)
{
    for (unsigned i = 0; i < texts->len; i++)
        add_record(work, letter, texts->pdata[i]);
}

static bool has_variable(const Exec *exec, const char *start)
{
    for (unsigned i = 0; i < exec->variables->len; i++)
        if (g_str_has_prefix(exec->variables->pdata[i], start))
            return true;
    return false;
}

static void add_variables(Work *work)
{
    static const char *const usual[][2] = { { "PATH=", "PATH=" PROGRAM_PATH }, { "HOME=", "HOME=/" },
        { "TERM=", "TERM=dumb" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(usual); i++)
        if (!has_variable(work->exec, usual[i][0]))
            add_record(work, ORDER_VARIABLE, usual[i][1]);
    add_records(work, ORDER_VARIABLE, work->exec->variables);
}

static bool finish_order(Work *work, GError **error)
{
    for (char **word = work->exec->command; *word; word++)
        add_record(work, ORDER_ARGUMENT, *word);
    add_variables(work);
    add_records(work, ORDER_COLLECT, work->exec->collect);
    if (work->exec->directory)
        add_record(work, ORDER_DIRECTORY, work->exec->directory);
    if (work->order->len > WORDS_BYTES || g_strv_length(work->exec->command) > ORDER_WORDS ||
        work->exec->variables->len + 3 > ORDER_WORDS)
        return refuse(error, "the command has too many arguments or variables");
    initrd_bytes(work->initrd, ORDER_FILE, 0644, work->order->str, work->order->len);
    return true;
}

// --- What is put in.

static bool add_files(Work *work, GError **error)
{
    const Exec *exec = work->exec;
    for (unsigned i = 0; i < exec->files->len; i++)
        if (!files_add(work->files, exec->files->pdata[i], error))
            return false;
    for (unsigned i = 0; i < exec->programs->len; i++) {
        g_autofree char *path = files_add_program(work->files, exec->programs->pdata[i], error);
        if (!path)
            return false;
    }
    return true;
}

// A command that the user put in, or that is in an initrd, is not looked for in a root.
static bool add_command(Work *work, bool has_initrd, GError **error)
{
    const char *name = work->exec->command[0];
    bool is_there =
        (name[0] == '/' && initrd_has(work->initrd, name + 1)) || (has_initrd && !work->exec->root);
    g_autofree char *path = is_there ? g_strdup(name) : files_add_program(work->files, name, error);
    if (path)
        add_record(work, ORDER_PROGRAM, path);
    return path;
}

static bool add_module(Modules *modules, const char *name, bool needed, GError **error)
{
    return (!needed && !modules_know(modules, name)) || modules_add(modules, name, error);
}

// What the disk needs is a module, built in, or missing: init says that.
static bool add_modules(Work *work, GError **error)
{
    const Exec *exec = work->exec;
    if (!exec->modules)
        return exec->wanted->len == 0 || refuse(error, "--module: give --modules FOLDER, where they are");
    g_autoptr(Modules) modules = modules_new(exec->modules, work->initrd, exec->light, error);
    bool good = modules && add_module(modules, "virtio_pci", false, error) &&
                add_module(modules, "virtio_blk", false, error);
    for (unsigned i = 0; good && i < exec->wanted->len; i++)
        good = add_module(modules, exec->wanted->pdata[i], true, error);
    if (good)
        add_records(work, ORDER_MODULE, modules_paths(modules));
    return good;
}

// --- Init.

static char *find_init(const char *name)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = program ? g_path_get_dirname(program) : g_strdup(".");
    char *beside = g_build_filename(folder, name, NULL);
    if (g_file_test(beside, G_FILE_TEST_IS_REGULAR))
        return beside;
    g_free(beside);
    return g_build_filename(LPARUN_MODULES, name, NULL);
}

static bool add_init(Work *work, const ElfKind *kernel, GError **error)
{
    g_autofree char *path = work->exec->init
                                ? g_strdup(work->exec->init)
                                : find_init(kernel->little ? "lparun-init-little" : "lparun-init-big");
    g_autofree char *words = elf_kind_words(kernel);
    g_autoptr(ElfFile) elf = elf_file_read(path);
    if (!elf)
        return refuse(error,
            "exec: there is no %s, the guest's first program for %s: lparun was built without it; "
            "give --init FILE",
            path, words);
    if (!elf_kind_equal(&elf->kind, kernel))
        return refuse(error, "exec: %s is not for %s, as the kernel is", path, words);
    initrd_file(work->initrd, ORDER_INIT, path);
    return true;
}

// --- All of it.

static bool fill(Work *work, const ElfKind *kernel, bool has_initrd, GError **error)
{
    initrd_character(work->initrd, "dev/console", 5, 1);
    return add_init(work, kernel, error) && add_files(work, error) && add_command(work, has_initrd, error) &&
           add_modules(work, error) && finish_order(work, error);
}

static bool make_initrd(
    const Exec *exec, const ElfKind *kernel, const char *initrd, const char *path, GError **error)
{
    Work work = { .exec = exec, .initrd = initrd_new(path, error) };
    if (!work.initrd)
        return false;
    if (initrd)
        initrd_prepend(work.initrd, initrd);
    work.files = files_new(work.initrd, exec->root ? exec->root : "/", kernel);
    work.order = g_string_new(NULL);
    bool good = fill(&work, kernel, initrd, error);
    files_free(work.files);
    g_string_free(work.order, TRUE);
    if (good)
        return initrd_finish(work.initrd, error);
    initrd_free(work.initrd);
    return false;
}

static bool read_kernel(const char *kernel, ElfKind *kind, GError **error)
{
    g_autoptr(ElfFile) elf = kernel ? elf_file_read(kernel) : NULL;
    if (!kernel)
        return refuse(error, "exec: give --kernel FILE");
    if (!g_file_test(kernel, G_FILE_TEST_EXISTS))
        return refuse(error, "exec: there is no file %s", kernel);
    if (!elf || elf->kind.machine != EM_PPC64 || !elf->kind.is_64)
        return refuse(error,
            "exec: %s is no vmlinux: the kernel's ELF file for ppc64 is what tells its byte order", kernel);
    *kind = elf->kind;
    return true;
}

static bool check(const Exec *exec, GError **error)
{
    if (!exec->command || !exec->command[0] || exec->command[0][0] == '\0')
        return refuse(error, "exec: give a command: exec --kernel FILE -- COMMAND ARGUMENTS");
    for (unsigned i = 0; i < exec->collect->len; i++)
        if (((char *)exec->collect->pdata[i])[0] != '/')
            return refuse(error, "--collect %s: a path in the guest starts with a slash",
                (char *)exec->collect->pdata[i]);
    for (unsigned i = 0; i < exec->variables->len; i++)
        if (!strchr(exec->variables->pdata[i], '='))
            return refuse(error, "--env %s: give NAME=VALUE", (char *)exec->variables->pdata[i]);
    return exec->room >= ROOM_LEAST || refuse(error, "exec: the disk of results takes 1 MiB at least");
}

static GStrv disk_options(const char *disk)
{
    g_autofree char *value = command_line_value(disk);
    g_autofree char *drive = g_strdup_printf("file=%s,if=none,id=lparun-ci,format=raw,cache=unsafe", value);
    const char *const options[] = { "-drive", drive, "-device",
        "virtio-blk-pci,drive=lparun-ci,serial=" DISK_SERIAL, NULL };
    return g_strdupv((GStrv)options);
}

ExecFiles *exec_prepare(
    const Exec *exec, const char *kernel, const char *initrd, const char *folder, GError **error)
{
    ElfKind kind;
    if (!check(exec, error) || !read_kernel(kernel, &kind, error))
        return NULL;
    ExecFiles *files = g_new0(ExecFiles, 1);
    files->initrd = g_build_filename(folder, "exec-initrd", NULL);
    files->disk = g_build_filename(folder, "exec-disk", NULL);
    files->options = disk_options(files->disk);
    files->append = g_strdup("rdinit=/" ORDER_INIT);
    if (make_initrd(exec, &kind, initrd, files->initrd, error) &&
        channel_make(files->disk, exec->room, error))
        return files;
    exec_files_free(files);
    return NULL;
}

void exec_files_free(ExecFiles *files)
{
    if (!files)
        return;
    g_unlink(files->initrd);
    g_unlink(files->disk);
    g_free(files->initrd);
    g_free(files->disk);
    g_strfreev(files->options);
    g_free(files->append);
    g_free(files);
}

// --- What the console says.

// A kernel that does not come to init says other things.
static const struct {
    const char *start, *fault;
} kernels_words[] = {
    { "check access for rdinit=/" ORDER_INIT " failed",
        "the kernel has no initial ramdisk: CONFIG_BLK_DEV_INITRD" },
    { "Kernel panic - not syncing: VFS: Unable to mount root fs",
        "the kernel has no initial ramdisk, or cannot unpack it: CONFIG_BLK_DEV_INITRD" },
    { "Failed to execute /" ORDER_INIT " (error -8)", "the kernel runs no programs: CONFIG_BINFMT_ELF" },
    { "Failed to execute /" ORDER_INIT, "the kernel cannot run the first program" },
    { "Initramfs unpacking failed", "the kernel cannot unpack the initial ramdisk: too little memory, or its "
                                    "--initrd is packed in a way that it does not know (CONFIG_RD_...)" },
};

char *exec_fault_of(const char *line)
{
    if (g_str_has_prefix(line, FAULT_PREFIX) && line[strlen(FAULT_PREFIX)] != '\0')
        return g_strdup(line + strlen(FAULT_PREFIX));
    for (unsigned i = 0; i < G_N_ELEMENTS(kernels_words); i++)
        if (g_str_has_prefix(line, kernels_words[i].start))
            return g_strdup(kernels_words[i].fault);
    return NULL;
}
