// Modules of a kernel that a guest loads before anything else.
#include "modules.h"
#include "guest/frame.h"
#include "refuse.h"
#include <gio/gio.h>
#include <string.h>

#define DEEPEST 32 // folders in folders
#define MODULE_MOST (64u << 20)
#define DEPENDS "depends="
#define TYPES "\0.BTF" // the section's name
#define SIGNED "~Module signature appended~\n"

struct Modules {
    Initrd *initrd;
    char *folder;
    bool light, walked;
    GHashTable *files;   // name -> path on this machine
    GHashTable *builtin; // likewise, but there is no such file
    GHashTable *done;    // names
    GPtrArray *paths;
};

// What says how a file is packed, and what unpacks it to its standard output.
static const struct {
    const char *ending, *program;
} packings[] = { { ".ko", NULL }, { ".ko.xz", "xz" }, { ".ko.zst", "zstd" }, { ".ko.gz", "gzip" } };

// Of a path's last part, with - and _ the same; NULL: it is no module's.
static char *name_of(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    for (unsigned i = 0; i < G_N_ELEMENTS(packings); i++)
        if (g_str_has_suffix(base, packings[i].ending)) {
            base[strlen(base) - strlen(packings[i].ending)] = '\0';
            return g_strdelimit(g_steal_pointer(&base), "-", '_');
        }
    return NULL;
}

static void find_files(Modules *modules, const char *folder, int depth)
{
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
    for (const char *entry; entries && (entry = g_dir_read_name(entries));) {
        char *path = g_build_filename(folder, entry, NULL), *name = name_of(entry);
        if (name) {
            g_hash_table_insert(modules->files, name, path);
            continue;
        }
        if (depth < DEEPEST && g_file_test(path, G_FILE_TEST_IS_DIR) &&
            !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            find_files(modules, path, depth + 1);
        g_free(path);
    }
}

// The paths that one of the kernel's lists has, where they are. Names end with .ko there, packed or not.
static void read_list(const Modules *modules, const char *list, GHashTable *paths)
{
    g_autofree char *path = g_build_filename(modules->folder, list, NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *name = name_of(*line);
        if (name)
            g_hash_table_insert(paths, name, g_build_filename(modules->folder, *line, NULL));
    }
}

// Its file, packed or not (g_free); NULL: it is not there.
static char *file_of(const char *path)
{
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(g_strrstr(path, ".ko")));
    for (unsigned i = 0; i < G_N_ELEMENTS(packings); i++) {
        char *file = g_strconcat(stem, packings[i].ending, NULL);
        if (g_file_test(file, G_FILE_TEST_IS_REGULAR))
            return file;
        g_free(file);
    }
    return NULL;
}

static char *look_up(Modules *modules, const char *name)
{
    const char *path = g_hash_table_lookup(modules->files, name);
    return path ? file_of(path) : NULL;
}

// Where modules.order does not have it, it may lie elsewhere in the folder.
static char *find_file(Modules *modules, const char *name)
{
    char *file = look_up(modules, name);
    if (file || modules->walked)
        return file;
    modules->walked = true;
    find_files(modules, modules->folder, 0);
    return look_up(modules, name);
}

Modules *modules_new(const char *folder, Initrd *initrd, bool light, GError **error)
{
    g_autoptr(GDir) there = g_dir_open(folder, 0, error);
    if (!there)
        return NULL;
    Modules *modules = g_new0(Modules, 1);
    modules->initrd = initrd;
    modules->folder = g_strdup(folder);
    modules->light = light;
    modules->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    modules->builtin = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    modules->done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    modules->paths = g_ptr_array_new_with_free_func(g_free);
    read_list(modules, "modules.order", modules->files); // a walk through thousands of files takes its time
    read_list(modules, "modules.builtin", modules->builtin);
    return modules;
}

void modules_free(Modules *modules)
{
    if (!modules)
        return;
    g_hash_table_unref(modules->files);
    g_hash_table_unref(modules->builtin);
    g_hash_table_unref(modules->done);
    g_ptr_array_unref(modules->paths);
    g_free(modules->folder);
    g_free(modules);
}

static char *plain(const char *name)
{
    return g_strdelimit(g_strdup(name), "-", '_');
}

bool modules_know(Modules *modules, const char *name)
{
    g_autofree char *key = plain(name);
    if (g_hash_table_contains(modules->builtin, key))
        return true;
    g_autofree char *file = find_file(modules, key);
    return file;
}

const GPtrArray *modules_paths(const Modules *modules)
{
    return modules->paths;
}

// --- A module's bytes.

static GBytes *run_unpacker(const char *program, const char *path, GError **error)
{
    GBytes *bytes = NULL;
    g_autoptr(GSubprocess) process =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, error, program,
            "-dc", "--", path, NULL);
    if (!process || !g_subprocess_communicate(process, NULL, NULL, &bytes, NULL, error))
        return NULL;
    if (g_subprocess_get_successful(process))
        return bytes;
    g_bytes_unref(bytes);
    refuse(error, "%s: %s cannot unpack it", path, program);
    return NULL;
}

static const char *unpacker_of(const char *path)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(packings); i++)
        if (g_str_has_suffix(path, packings[i].ending))
            return packings[i].program;
    return NULL;
}

static GBytes *read_module(const char *path, GError **error)
{
    const char *program = unpacker_of(path);
    char *text;
    gsize length;
    if (program)
        return run_unpacker(program, path, error);
    return g_file_get_contents(path, &text, &length, error) ? g_bytes_new_take(text, length) : NULL;
}

// Names with commas between them, as the module's own information has it (g_free).
static char *depends_of(GBytes *bytes)
{
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length), *end = data + length;
    for (const char *at = data;
         at && at < end && (at = memmem(at, (gsize)(end - at), DEPENDS, strlen(DEPENDS))); at++) {
        const char *value = at + strlen(DEPENDS);
        const char *last = memchr(value, '\0', (gsize)(end - value));
        if (last && at > data && at[-1] == '\0')
            return g_strndup(value, (gsize)(last - value));
    }
    return g_strdup("");
}

// Under another name the section is none that a kernel knows; without its last words a signature is none.
static GBytes *lighten(GBytes *bytes)
{
    gsize length;
    const char *whole = g_bytes_get_data(bytes, &length);
    char *copy = g_memdup2(whole, length), *at = copy;
    while (at && (at = memmem(at, length - (gsize)(at - copy), TYPES, sizeof TYPES)))
        at[1] = '_';
    gsize last = strlen(SIGNED);
    if (length > last && memcmp(copy + length - last, SIGNED, last) == 0)
        length -= last;
    return g_bytes_new_take(copy, length);
}

// --- Putting in.

static bool add_needs(Modules *modules, GBytes *bytes, GError **error)
{
    g_autofree char *depends = depends_of(bytes);
    g_auto(GStrv) names = g_strsplit(depends, ",", -1);
    for (char **name = names; *name; name++)
        if (**name != '\0' && !modules_add(modules, *name, error))
            return false;
    return true;
}

static bool add_file(Modules *modules, const char *name, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = read_module(path, error);
    if (!bytes)
        return false;
    if (g_bytes_get_size(bytes) > MODULE_MOST)
        return refuse(error, "%s: too large for a module", path);
    if (!add_needs(modules, bytes, error))
        return false;
    g_autoptr(GBytes) put = modules->light ? lighten(bytes) : g_bytes_ref(bytes);
    char *there = g_strdup_printf("/" ORDER_FOLDER "/modules/%s.ko", name);
    initrd_bytes(modules->initrd, there + 1, 0644, g_bytes_get_data(put, NULL), g_bytes_get_size(put));
    g_ptr_array_add(modules->paths, there);
    return true;
}

// Marked as done before its needs: broken modules may need each other.
bool modules_add(Modules *modules, const char *name, GError **error)
{
    g_autofree char *key = plain(name);
    if (g_hash_table_contains(modules->builtin, key) || g_hash_table_contains(modules->done, key))
        return true;
    g_autofree char *path = find_file(modules, key);
    if (!path)
        return refuse(error, "%s has no module %s", modules->folder, name);
    g_hash_table_add(modules->done, g_strdup(key));
    return add_file(modules, key, path, error);
}
