// The boots that failed, in the HTML page: those with the same signature together.
#include "html_parts.h"

#define NAMED 12u

static const char *key_of(const Result *result)
{
    const Outcome *outcome = result_outcome(result);
    const char *text = outcome->signature ? outcome->signature : result->reason;
    return text ? text : "";
}

// An array of boots for each signature.
static GPtrArray *groups_of(const Results *results, unsigned boots)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
    g_autoptr(GHashTable) by_key = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < boots; i++) {
        const Result *result = results->results->pdata[i];
        if (verdict_is_good(result->verdict))
            continue;
        GArray *group = g_hash_table_lookup(by_key, key_of(result));
        if (!group) {
            group = g_array_new(FALSE, FALSE, sizeof(unsigned));
            g_hash_table_insert(by_key, (char *)key_of(result), group);
            g_ptr_array_add(groups, group);
        }
        g_array_append_val(group, i);
    }
    return groups;
}

static int by_size(gconstpointer a, gconstpointer b)
{
    return (int)(*(GArray *const *)b)->len - (int)(*(GArray *const *)a)->len;
}

static void add_links(GString *page, const Results *results, const GArray *group, unsigned from, unsigned to)
{
    html_put(page, "<ul class=\"names\">\n");
    for (unsigned i = from; i < to; i++) {
        unsigned index = g_array_index(group, unsigned, i);
        const Result *result = results->results->pdata[index];
        html_put(page, "<li class=\"%s\">", html_tone(result->verdict));
        html_icon(page, result->verdict);
        html_put(page, "<a href=\"#b%u\">" HTML_NAME "</a></li>\n", index + 1, result->name);
    }
    html_put(page, "</ul>");
}

static void add_group(GString *page, const Results *results, const GArray *group)
{
    const Result *first = results->results->pdata[g_array_index(group, unsigned, 0)];
    const char *reason = first->reason ? first->reason : "", *key = key_of(first);
    html_put(page, "<li class=\"group %s\"><div>", html_tone(first->verdict));
    html_verdict(page, first->verdict);
    html_put(page, "</div>\n<div class=\"what\"><b>%.300s</b>", key);
    if (group->len > 1)
        html_put(page, " <span class=\"dim\">%u boots</span>", group->len);
    if (g_strcmp0(reason, key) != 0)
        html_put(page, "<p>" HTML_REASON "</p>\n", reason);
    html_put(page, "</div>\n<div>");
    add_links(page, results, group, 0, MIN(group->len, NAMED));
    if (group->len > NAMED) {
        html_put(page, "<details><summary>%u more</summary>\n", group->len - NAMED);
        add_links(page, results, group, NAMED, group->len);
        html_put(page, "</details>\n");
    }
    html_put(page, "</div></li>\n");
}

void html_failures(GString *page, const Results *results, unsigned boots)
{
    g_autoptr(GPtrArray) groups = groups_of(results, boots);
    if (groups->len == 0)
        return;
    g_ptr_array_sort(groups, by_size);
    html_put(page,
        "<section aria-labelledby=\"failures\">\n<h2 id=\"failures\">Failures</h2>\n<ul class=\"groups\">\n");
    for (unsigned i = 0; i < groups->len; i++)
        add_group(page, results, groups->pdata[i]);
    html_put(page, "</ul>\n</section>\n");
}
