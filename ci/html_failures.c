// The boots that failed, in the HTML page: those with the same signature together.
#include "html_parts.h"
#include <string.h>

#define NAMED 12u

// What it is told by: its signature, or else its reason. NULL: it did not fail.
static char *key_of(const Result *result)
{
    const Outcome *outcome = result_outcome(result);
    const char *text = outcome->signature ? outcome->signature : result->reason;
    return verdict_is_good(result->verdict) ? NULL : g_strdup(text ? text : "");
}

static int by_size(gconstpointer a, gconstpointer b)
{
    const HtmlGroup *one = *(HtmlGroup *const *)a, *other = *(HtmlGroup *const *)b;
    return (int)other->boots->len - (int)one->boots->len;
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

static void add_group(GString *page, const Results *results, const HtmlGroup *group)
{
    const GArray *boots = group->boots;
    const Result *first = results->results->pdata[g_array_index(boots, unsigned, 0)];
    const char *reason = first->reason ? first->reason : "";
    html_put(page, "<li class=\"group %s\"><div>", html_tone(first->verdict));
    html_verdict(page, first->verdict);
    html_put(page, "</div>\n<div class=\"what\"><b>%.300s</b>", group->name);
    if (boots->len > 1)
        html_put(page, " <span class=\"dim\">%u boots</span>", boots->len);
    if (strcmp(reason, group->name) != 0)
        html_put(page, "<p>" HTML_REASON "</p>\n", reason);
    html_put(page, "</div>\n<div>");
    add_links(page, results, boots, 0, MIN(boots->len, NAMED));
    if (boots->len > NAMED) {
        html_put(page, "<details><summary>%u more</summary>\n", boots->len - NAMED);
        add_links(page, results, boots, NAMED, boots->len);
        html_put(page, "</details>\n");
    }
    html_put(page, "</div></li>\n");
}

void html_failures(GString *page, const Results *results, unsigned boots)
{
    g_autoptr(GPtrArray) groups = html_groups(results, boots, key_of);
    if (groups->len == 0)
        return;
    g_ptr_array_sort(groups, by_size);
    html_put(page,
        "<section aria-labelledby=\"failures\">\n<h2 id=\"failures\">Failures</h2>\n<ul class=\"groups\">\n");
    for (unsigned i = 0; i < groups->len; i++)
        add_group(page, results, groups->pdata[i]);
    html_put(page, "</ul>\n</section>\n");
}
