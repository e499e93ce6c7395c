// Reads boot files.
#include "boot_file.h"
#include "refuse.h"
#include <string.h>

#define DEEPEST 8 // includes within includes

static void group_free(gpointer data)
{
    Group *group = data;
    g_free(group->title);
    g_ptr_array_unref(group->settings);
    g_free(group);
}

const Group *boot_file_group(const GPtrArray *groups, const char *title)
{
    for (unsigned i = 0; i < groups->len; i++)
        if (strcmp(((const Group *)groups->pdata[i])->title, title) == 0)
            return groups->pdata[i];
    return NULL;
}

const char *boot_file_value(const GPtrArray *groups, const char *title, const char *key)
{
    const Group *group = boot_file_group(groups, title);
    return group ? settings_value(group->settings, key) : NULL;
}

static const Group *group_for(GPtrArray *groups, const char *title)
{
    const Group *there = boot_file_group(groups, title);
    if (there)
        return there;
    Group *group = g_new0(Group, 1);
    *group = (Group){ g_strdup(title), settings_new() };
    g_ptr_array_add(groups, group);
    return group;
}

static void take_group(GPtrArray *groups, GKeyFile *file, const char *title, const char *base)
{
    const Group *group = group_for(groups, title);
    g_auto(GStrv) keys = g_key_file_get_keys(file, title, NULL, NULL);
    for (char **key = keys; key && *key; key++) {
        // As it stands: a backslash is the regular expression's.
        g_autofree char *value = g_key_file_get_value(file, title, *key, NULL);
        settings_add(group->settings, *key, value ? value : "", base);
    }
}

static bool take_file(GPtrArray *groups, const char *path, unsigned depth, GError **error);

// NULL: today's.
static char *folder_of(const char *path)
{
    char *folder = g_path_get_dirname(path);
    if (strcmp(folder, ".") == 0)
        g_clear_pointer(&folder, g_free);
    return folder;
}

static bool take_included(GPtrArray *groups, GKeyFile *file, const char *base, unsigned depth, GError **error)
{
    g_autofree char *list = g_key_file_get_value(file, "suite", "include", NULL);
    g_auto(GStrv) files = settings_list(list ? list : "");
    for (char **one = files; *one; one++) {
        g_autofree char *path =
            base && !g_path_is_absolute(*one) ? g_build_filename(base, *one, NULL) : g_strdup(*one);
        if (!take_file(groups, path, depth + 1, error))
            return false;
    }
    return true;
}

static bool take_file(GPtrArray *groups, const char *path, unsigned depth, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *base = folder_of(path);
    if (depth > DEEPEST)
        return refuse(error, "%s: included too deep", path);
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error)) {
        g_prefix_error(error, "%s: ", path);
        return false;
    }
    if (!take_included(groups, file, base, depth, error))
        return false;
    g_auto(GStrv) titles = g_key_file_get_groups(file, NULL);
    for (char **title = titles; *title; title++)
        take_group(groups, file, *title, base);
    return true;
}

GPtrArray *boot_file_read(const char *path, GError **error)
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(group_free);
    return take_file(groups, path, 0, error) ? g_steal_pointer(&groups) : NULL;
}
