// Boots that are called alike, for parts of the HTML page.
#include "html_parts.h"

static void group_free(gpointer data)
{
    HtmlGroup *group = data;
    g_free(group->name);
    g_array_unref(group->boots);
    g_free(group);
}

static HtmlGroup *group_new(char *name)
{
    HtmlGroup *group = g_new(HtmlGroup, 1);
    *group = (HtmlGroup){ name, g_array_new(FALSE, FALSE, sizeof(unsigned)) };
    return group;
}

GPtrArray *html_groups(const Results *results, unsigned boots, char *(*name_of)(const Result *result))
{
    GPtrArray *groups = g_ptr_array_new_with_free_func(group_free);
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < boots; i++) {
        g_autofree char *name = name_of(results->results->pdata[i]);
        if (!name)
            continue;
        HtmlGroup *group = g_hash_table_lookup(by_name, name);
        if (!group) {
            group = group_new(g_steal_pointer(&name));
            g_hash_table_insert(by_name, group->name, group);
            g_ptr_array_add(groups, group);
        }
        g_array_append_val(group->boots, i);
    }
    return groups;
}
