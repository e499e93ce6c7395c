// Programs and files that are put into an initial ramdisk.
#include "files.h"
#include "libraries.h"
#include "refuse.h"
#include "root.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT_LINE 256 // as far as Linux reads it
#define DEEPEST 64

struct Files {
    Initrd *initrd;
    Root *root;
    Libraries *libraries;
    ElfKind kind;
};

Files *files_new(Initrd *initrd, const char *root, const ElfKind *kind)
{
    Files *files = g_new0(Files, 1);
    files->initrd = initrd;
    files->root = root_new(root);
    files->libraries = libraries_new(initrd, files->root, kind);
    files->kind = *kind;
    return files;
}

void files_free(Files *files)
{
    if (!files)
        return;
    libraries_free(files->libraries);
    root_free(files->root);
    g_free(files);
}

// --- What a program needs. `what` is its name for messages, `path` where it is in the guest, `here` on this
// machine.

static bool add_from_root(Files *files, const char *what, const char *path, GError **error);

static char *first_line(const char *here)
{
    char line[SCRIPT_LINE + 1] = "";
    int file = open(here, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = file < 0 ? -1 : read(file, line, SCRIPT_LINE);
    if (file >= 0)
        close(file);
    line[MAX(length, 0)] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return g_strdup(line);
}

// `env NAME` needs that, too.
static bool add_interpreter(Files *files, const char *what, const char *line, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t", 3);
    if (!words[0] || words[0][0] != '/')
        return refuse(error, "%s: its first line names no interpreter", what);
    if (!add_from_root(files, what, words[0], error))
        return false;
    if (!g_str_has_suffix(words[0], "/env") || !words[1] || words[1][0] == '-')
        return true;
    g_autofree char *program = files_add_program(files, words[1], error);
    return program;
}

static bool add_needs(Files *files, const char *what, const char *path, const char *here, GError **error)
{
    g_autofree char *line = first_line(here);
    if (g_str_has_prefix(line, "#!"))
        return add_interpreter(files, what, g_strchug(line + 2), error);
    g_autoptr(ElfFile) elf = elf_file_read(here);
    if (!elf)
        return true;
    if (elf_kind_equal(&elf->kind, &files->kind))
        return libraries_add(files->libraries, what, path, elf, error);
    g_autofree char *its = elf_kind_words(&elf->kind), *kernels = elf_kind_words(&files->kind);
    return refuse(error, "%s is a program for %s, the kernel is for %s", what, its, kernels);
}

// What was put in before has its needs.
static bool add_from_root(Files *files, const char *what, const char *path, GError **error)
{
    g_autofree char *real = root_put(files->root, files->initrd, path);
    if (!real)
        return refuse(error, "%s: %s is not in %s", what, path, root_folder(files->root));
    if (initrd_has(files->initrd, real + 1))
        return true;
    g_autofree char *here = root_here(files->root, real);
    initrd_file(files->initrd, real + 1, here);
    return add_needs(files, path, real, here, error);
}

// --- Programs.

static char *find_in_path(Files *files, const char *name)
{
    g_auto(GStrv) folders = g_strsplit(PROGRAM_PATH, ":", -1);
    for (char **folder = folders; *folder; folder++) {
        g_autofree char *path = g_build_filename(*folder, name, NULL);
        g_autofree char *real = root_find(files->root, path);
        g_autofree char *here = real ? root_here(files->root, real) : NULL;
        if (here && access(here, X_OK) == 0)
            return g_steal_pointer(&path);
    }
    return NULL;
}

static bool add_here(Files *files, const char *path, const char *here, GError **error)
{
    initrd_file(files->initrd, path + 1, here);
    return add_needs(files, here, path, here, error);
}

// ./test is this machine's, whatever the root.
static char *add_relative(Files *files, const char *name, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(name, NULL);
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        refuse(error, "%s: there is no such program", name);
        return NULL;
    }
    return add_here(files, path, path, error) ? g_steal_pointer(&path) : NULL;
}

char *files_add_program(Files *files, const char *name, GError **error)
{
    bool has_slash = strchr(name, '/');
    if (has_slash && name[0] != '/')
        return add_relative(files, name, error);
    g_autofree char *path = has_slash ? g_strdup(name) : find_in_path(files, name);
    if (!path) {
        refuse(error, "%s: there is no such program in %s", name, root_folder(files->root));
        return NULL;
    }
    return add_from_root(files, name, path, error) ? g_steal_pointer(&path) : NULL;
}

// --- Files and folders of this machine.

static void add_tree(Files *files, const char *path, const char *here, int depth);

static void add_folder(Files *files, const char *path, const char *here, int depth)
{
    g_autoptr(GDir) folder = g_dir_open(here, 0, NULL);
    initrd_folder(files->initrd, path + 1);
    for (const char *name; folder && depth < DEEPEST && (name = g_dir_read_name(folder));) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        g_autofree char *inner_here = g_build_filename(here, name, NULL);
        add_tree(files, inner, inner_here, depth + 1);
    }
}

// Links stay links, so that no folder is walked twice; sockets, pipes and devices are left out.
static void add_tree(Files *files, const char *path, const char *here, int depth)
{
    struct stat status;
    g_autofree char *target = NULL;
    if (lstat(here, &status) < 0)
        return;
    if (S_ISDIR(status.st_mode))
        add_folder(files, path, here, depth);
    else if (S_ISLNK(status.st_mode) && (target = g_file_read_link(here, NULL)))
        initrd_link(files->initrd, path + 1, target);
    else if (S_ISREG(status.st_mode))
        add_here(files, path, here, NULL);
}

// A file that is not to be run may be for any machine.
static bool add_one(Files *files, const char *path, const char *here, GError **error)
{
    struct stat status;
    if (stat(here, &status) < 0)
        return refuse_system(error, here);
    if (S_ISDIR(status.st_mode))
        add_folder(files, path, here, 0);
    else if (S_ISREG(status.st_mode) && (status.st_mode & 0111))
        return add_here(files, path, here, error);
    else if (S_ISREG(status.st_mode))
        initrd_file(files->initrd, path + 1, here);
    else
        return refuse(error, "%s is neither a file nor a folder", here);
    return true;
}

bool files_add(Files *files, const char *text, GError **error)
{
    const char *equals = strchr(text, '=');
    g_autofree char *given =
        equals ? g_strndup(text, (gsize)(equals - text)) : g_canonicalize_filename(text, NULL);
    if (given[0] != '/')
        return refuse(error, "--file %s: where it is in the guest starts with a slash", text);
    g_autofree char *path = g_canonicalize_filename(given, "/");
    if (path[1] == '\0' && !equals)
        return refuse(error, "--file %s: that is all of this machine", text);
    return add_one(files, path, equals ? equals + 1 : text, error);
}
