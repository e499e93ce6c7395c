// Libraries that dynamic programs need.
#include "libraries.h"
#include "refuse.h"
#include <elf.h>
#include <glob.h>
#include <string.h>

#define CONFIGURATION "/etc/ld.so.conf"
#define CACHE "/etc/ld.so.cache"
#define DEEPEST 32 // of libraries that need libraries, and of configuration files
#define CONFIGURATION_MOST 65536

struct Libraries {
    Initrd *initrd;
    Root *root;
    ElfKind kind;
    GPtrArray *folders; // of char *: where all are looked for
};

// What needs one: itself and, by `above`, what needs it.
typedef struct Needer {
    const struct Needer *above;
    const char *what, *path;
    const ElfFile *elf;
    unsigned depth;
} Needer;

// --- The folders.

static void read_configuration(Libraries *libraries, const char *here, unsigned depth);

static void include(Libraries *libraries, const char *pattern, unsigned depth)
{
    glob_t found;
    g_autofree char *from = pattern[0] == '/' ? g_strdup(pattern) : g_build_filename("/etc", pattern, NULL);
    g_autofree char *here = root_here(libraries->root, from);
    if (glob(here, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            read_configuration(libraries, found.gl_pathv[i], depth + 1);
    globfree(&found);
}

static void take_line(Libraries *libraries, char *line, unsigned depth)
{
    line[strcspn(line, "#")] = '\0';
    g_strstrip(line);
    if (g_str_has_prefix(line, "include") && g_ascii_isspace(line[7]))
        include(libraries, g_strchug(line + 7), depth);
    else if (line[0] == '/')
        g_ptr_array_add(libraries->folders, g_strdup(line));
}

static void read_configuration(Libraries *libraries, const char *here, unsigned depth)
{
    g_autofree char *text = NULL;
    gsize length;
    if (depth > DEEPEST || libraries->folders->len > 1000 || !g_file_test(here, G_FILE_TEST_IS_REGULAR) ||
        !g_file_get_contents(here, &text, &length, NULL) || length > CONFIGURATION_MOST)
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        take_line(libraries, *line, depth);
}

static const char *machine_folder(const ElfKind *kind)
{
    if (kind->machine == EM_PPC64)
        return kind->little ? "powerpc64le-linux-gnu" : "powerpc64-linux-gnu";
    return kind->machine == EM_X86_64 ? "x86_64-linux-gnu" : "none";
}

static void add_defaults(Libraries *libraries)
{
    static const char *const defaults[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib" };
    static const char *const parents[] = { "/lib", "/usr/lib" };
    for (unsigned i = 0; i < G_N_ELEMENTS(parents); i++)
        g_ptr_array_add(
            libraries->folders, g_build_filename(parents[i], machine_folder(&libraries->kind), NULL));
    for (unsigned i = 0; i < G_N_ELEMENTS(defaults); i++)
        g_ptr_array_add(libraries->folders, g_strdup(defaults[i]));
}

Libraries *libraries_new(Initrd *initrd, Root *root, const ElfKind *kind)
{
    Libraries *libraries = g_new0(Libraries, 1);
    libraries->initrd = initrd;
    libraries->root = root;
    libraries->kind = *kind;
    libraries->folders = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *configuration = root_here(root, CONFIGURATION);
    read_configuration(libraries, configuration, 0);
    add_defaults(libraries);
    return libraries;
}

void libraries_free(Libraries *libraries)
{
    g_ptr_array_unref(libraries->folders);
    g_free(libraries);
}

// --- The search.

// The path if a library of the right kind is there, or something that was put in before.
static char *look(Libraries *libraries, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (initrd_has(libraries->initrd, path + 1))
        return g_steal_pointer(&path);
    g_autofree char *real = root_find(libraries->root, path);
    g_autofree char *here = real ? root_here(libraries->root, real) : NULL;
    g_autoptr(ElfFile) elf = here ? elf_file_read(here) : NULL;
    return elf && elf_kind_equal(&elf->kind, &libraries->kind) ? g_steal_pointer(&path) : NULL;
}

static char *expand(const char *folder, const char *of)
{
    g_autofree char *origin = g_path_get_dirname(of);
    GString *text = g_string_new(folder);
    g_string_replace(text, "${ORIGIN}", origin, 0);
    g_string_replace(text, "$ORIGIN", origin, 0);
    return g_string_free(text, FALSE);
}

static char *look_along(Libraries *libraries, const char *folders, const char *of, const char *name)
{
    char *found = NULL;
    g_auto(GStrv) each = g_strsplit(folders ? folders : "", ":", -1);
    for (char **folder = each; *folder && !found; folder++) {
        g_autofree char *expanded = expand(*folder, of);
        if (expanded[0] == '/' && !strchr(expanded, '$'))
            found = look(libraries, expanded, name);
    }
    return found;
}

// RPATH holds for all that is below it, and for nothing that has a RUNPATH; RUNPATH for itself alone.
static char *look_by_path(Libraries *libraries, const Needer *needer, const char *name)
{
    char *found = NULL;
    if (needer->elf->runpath)
        return look_along(libraries, needer->elf->runpath, needer->path, name);
    for (const Needer *by = needer; by && !found; by = by->above)
        if (!by->elf->runpath)
            found = look_along(libraries, by->elf->rpath, by->path, name);
    return found;
}

static char *find(Libraries *libraries, const Needer *needer, const char *name)
{
    if (strchr(name, '/'))
        return look(libraries, "/", name);
    char *found = look_by_path(libraries, needer, name);
    for (unsigned i = 0; i < libraries->folders->len && !found; i++)
        found = look(libraries, libraries->folders->pdata[i], name);
    return found;
}

// --- Putting in.

static bool add_all(Libraries *libraries, const Needer *needer, GError **error);

// What is there already has its libraries, too.
static bool put(Libraries *libraries, const Needer *needer, const char *path, GError **error)
{
    g_autofree char *real = root_put(libraries->root, libraries->initrd, path);
    if (!real && initrd_has(libraries->initrd, path + 1))
        return true;
    if (!real)
        return refuse(
            error, "%s needs %s, which is not in %s", needer->what, path, root_folder(libraries->root));
    if (initrd_has(libraries->initrd, real + 1))
        return true;
    g_autofree char *here = root_here(libraries->root, real);
    initrd_file(libraries->initrd, real + 1, here);
    g_autoptr(ElfFile) elf = elf_file_read(here);
    const Needer below = { needer, path, path, elf, needer->depth + 1 };
    return !elf || below.depth > DEEPEST || add_all(libraries, &below, error);
}

static bool add_library(Libraries *libraries, const Needer *needer, const char *name, GError **error)
{
    g_autofree char *path = find(libraries, needer, name);
    if (path)
        return put(libraries, needer, path, error);
    return refuse(error, "%s needs the library %s, which is not in %s", needer->what, name,
        root_folder(libraries->root));
}

static bool add_all(Libraries *libraries, const Needer *needer, GError **error)
{
    bool all = true;
    const ElfFile *elf = needer->elf;
    if (elf->interpreter)
        all = put(libraries, needer, elf->interpreter, error);
    for (unsigned i = 0; i < elf->needed->len; i++)
        all = add_library(libraries, needer, elf->needed->pdata[i], all ? error : NULL) && all;
    return all;
}

// The loader's own table, for folders that it knows by the configuration alone.
static void put_cache(Libraries *libraries)
{
    g_autofree char *real = root_put(libraries->root, libraries->initrd, CACHE);
    g_autofree char *here = real ? root_here(libraries->root, real) : NULL;
    if (here)
        initrd_file(libraries->initrd, real + 1, here);
}

bool libraries_add(
    Libraries *libraries, const char *what, const char *path, const ElfFile *elf, GError **error)
{
    const Needer needer = { NULL, what, path, elf, 0 };
    if (elf->interpreter)
        put_cache(libraries);
    return add_all(libraries, &needer, error);
}
