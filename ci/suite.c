// The boots of a suite.
#include "suite.h"
#include "boot_file.h"
#include "matrix.h"
#include "refuse.h"
#include "outcome.h"
#include <string.h>

// Keys of [boot NAME] that say which boots there are, not what they are.
static const char *const matrix_keys[] = { "axes", "exclude", "include", NULL };

typedef struct Reader {
    const GPtrArray *groups;
    const GPtrArray *more;
    GHashTable *names; // of the command line
    const char *base;  // the file's folder
    const Selection *wanted;
    Suite *suite;
    bool has_boots; // wanted or not
    GString *wrong; // lines
} Reader;

static void axis_values_free(gpointer data)
{
    MatrixAxis *axis = data;
    g_free(axis->name);
    g_strfreev(axis->values);
    g_free(axis);
}

static void note(Reader *reader, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(Reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (reader->wrong->len)
        g_string_append_c(reader->wrong, '\n');
    g_string_append_vprintf(reader->wrong, format, arguments);
    va_end(arguments);
}

static void note_error(Reader *reader, GError *error)
{
    note(reader, "%s", error->message);
    g_error_free(error);
}

// A list that says which boots there are, ${NAME} filled in (g_strfreev).
static GStrv list_of(Reader *reader, const char *title, const char *key)
{
    const char *text = boot_file_value(reader->groups, title, key);
    GError *error = NULL;
    g_autofree char *filled = text ? settings_fill(text, reader->names, &error) : NULL;
    if (error) {
        g_prefix_error(&error, "[%s]: %s: ", title, key);
        note_error(reader, error);
    }
    return settings_list(filled ? filled : "");
}

// The axes that a boot names, with the values of [axes]; NULL: one has none.
static GPtrArray *axes_of(Reader *reader, const char *title)
{
    g_autoptr(GPtrArray) axes = g_ptr_array_new_with_free_func(axis_values_free);
    g_auto(GStrv) names = list_of(reader, title, "axes");
    for (char **name = names; *name; name++) {
        MatrixAxis *axis = g_new0(MatrixAxis, 1);
        *axis = (MatrixAxis){ g_strdup(*name), list_of(reader, "axes", *name) };
        g_ptr_array_add(axes, axis);
        if (axis->values[0])
            continue;
        note(reader, "[%s]: axes: [axes] has no values of %s", title, *name);
        return NULL;
    }
    return g_steal_pointer(&axes);
}

static GPtrArray *cells_of(Reader *reader, const char *title, const GPtrArray *axes)
{
    g_auto(GStrv) excluded = list_of(reader, title, "exclude");
    g_auto(GStrv) included = list_of(reader, title, "include");
    GError *error = NULL;
    GPtrArray *cells = matrix_cells(axes, excluded, included, &error);
    if (!cells) {
        g_prefix_error(&error, "[%s]: ", title);
        note_error(reader, error);
    }
    return cells;
}

static void extend_without_matrix(GPtrArray *settings, const Group *group)
{
    for (unsigned i = 0; group && i < group->settings->len; i++) {
        const Setting *setting = group->settings->pdata[i];
        if (!g_strv_contains(matrix_keys, setting->key))
            settings_add(settings, setting->key, setting->value, setting->base);
    }
}

// [defaults], [value AXIS=VALUE] of the cell's, the boot's own, the command line's.
static GPtrArray *settings_of(Reader *reader, const Group *group, const GPtrArray *cell)
{
    GPtrArray *settings = settings_new();
    extend_without_matrix(settings, boot_file_group(reader->groups, "defaults"));
    for (unsigned i = 0; i < cell->len; i++) {
        const Axis *axis = cell->pdata[i];
        g_autofree char *title = g_strdup_printf("value %s=%s", axis->name, axis->value);
        extend_without_matrix(settings, boot_file_group(reader->groups, title));
    }
    extend_without_matrix(settings, group);
    settings_extend(settings, reader->more);
    return settings;
}

static GHashTable *names_of(Reader *reader, const GPtrArray *cell)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_insert(names, g_strdup("here"), g_strdup(reader->base));
    g_hash_table_iter_init(&iter, reader->names);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(names, g_strdup(name), g_strdup(value));
    for (unsigned i = 0; i < cell->len; i++) {
        const Axis *axis = cell->pdata[i];
        g_hash_table_insert(names, g_strdup(axis->name), g_strdup(axis->value));
    }
    return names;
}

static bool any_fits(GStrv patterns, const char *name)
{
    for (char **pattern = patterns; *pattern; pattern++)
        if (g_pattern_match_simple(*pattern, name))
            return true;
    return false;
}

static bool has_tag(const GPtrArray *settings, GHashTable *names, GStrv wanted)
{
    const char *text = settings_value(settings, "tags");
    g_autofree char *filled = text ? settings_fill(text, names, NULL) : NULL;
    g_auto(GStrv) tags = settings_list(filled ? filled : "");
    for (char **tag = wanted; *tag; tag++)
        if (g_strv_contains((const char *const *)tags, *tag))
            return true;
    return false;
}

static bool is_wanted(Reader *reader, const char *name, const GPtrArray *settings, GHashTable *names)
{
    const Selection *wanted = reader->wanted;
    reader->has_boots = true;
    return (!wanted->patterns || any_fits(wanted->patterns, name)) &&
           (!wanted->tags || has_tag(settings, names, wanted->tags));
}

static void add_boot(Reader *reader, const char *boot_name, const Group *group, GPtrArray *cell)
{
    GError *error = NULL;
    g_autofree char *name = matrix_name(boot_name, cell);
    g_autoptr(GPtrArray) settings = settings_of(reader, group, cell);
    g_autoptr(GHashTable) names = names_of(reader, cell);
    if (!is_wanted(reader, name, settings, names))
        return;
    Boot *boot = settings_boot(name, settings, names, &error);
    if (!boot) {
        note_error(reader, error);
        return;
    }
    g_ptr_array_unref(boot->axes);
    boot->axes = g_ptr_array_ref(cell);
    g_ptr_array_add(reader->suite->boots, boot);
}

static void read_boot(Reader *reader, const Group *group)
{
    const char *name = group->title + strlen("boot ");
    g_autoptr(GPtrArray) axes = axes_of(reader, group->title);
    g_autoptr(GPtrArray) cells = axes ? cells_of(reader, group->title, axes) : NULL;
    for (unsigned i = 0; cells && i < cells->len; i++)
        add_boot(reader, name, group, cells->pdata[i]);
}

static void read_group(Reader *reader, const Group *group)
{
    static const char *const known[] = { "suite", "defaults", "axes", NULL };
    if (g_str_has_prefix(group->title, "boot ") && group->title[strlen("boot ")])
        read_boot(reader, group);
    else if (!g_strv_contains(known, group->title) && !g_str_has_prefix(group->title, "value "))
        note(reader, "[%s]: give [suite], [defaults], [axes], [value AXIS=VALUE] or [boot NAME]",
            group->title);
}

static void read_file(Reader *reader)
{
    static const char *const known[] = { "include", "name", NULL };
    const Group *suite = boot_file_group(reader->groups, "suite");
    for (unsigned i = 0; suite && i < suite->settings->len; i++) {
        const Setting *setting = suite->settings->pdata[i];
        if (!g_strv_contains(known, setting->key))
            note(reader, "[suite]: %s: no such key", setting->key);
    }
    for (unsigned i = 0; i < reader->groups->len; i++)
        read_group(reader, reader->groups->pdata[i]);
    if (!reader->wrong->len && !reader->has_boots)
        note(reader, "there is no boot in it: give [boot NAME]");
}

static void free_boot(gpointer data)
{
    boot_free(data);
}

static Suite *finish(Reader *reader, const char *path, GError **error)
{
    if (!reader->wrong->len)
        return reader->suite;
    suite_free(reader->suite);
    refuse(error, "%s%s%s", path ? path : "", path ? ": " : "", reader->wrong->str);
    return NULL;
}

// Paths that begin with ${here} are whole: no folder comes before them again.
static char *folder_of(const char *path)
{
    g_autofree char *whole = g_canonicalize_filename(path, NULL);
    return g_path_get_dirname(whole);
}

Suite *suite_read(const char *path, const char *name, const GPtrArray *more, GHashTable *names,
    const Selection *wanted, GError **error)
{
    g_autoptr(GPtrArray) groups = path ? boot_file_read(path, error) : g_ptr_array_new();
    g_autoptr(GString) wrong = g_string_new(NULL);
    if (!groups)
        return NULL;
    Suite *suite = g_new0(Suite, 1);
    suite->boots = g_ptr_array_new_with_free_func(free_boot);
    suite->name = path ? g_path_get_basename(path) : NULL;
    g_autofree char *base = path ? folder_of(path) : g_get_current_dir();
    Reader reader = { .groups = groups,
        .more = more,
        .names = names,
        .base = base,
        .wanted = wanted,
        .suite = suite,
        .wrong = wrong };
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    if (path)
        read_file(&reader);
    else
        add_boot(&reader, name, NULL, none);
    return finish(&reader, path, error);
}

void suite_free(Suite *suite)
{
    g_free(suite->name);
    g_ptr_array_unref(suite->boots);
    g_free(suite);
}
