// What lparun counted of a boot, in the HTML page: what is large first, all of it folded.
#include "html_parts.h"
#include <string.h>

#define SHOWN 8u
#define ALL 400u

static int by_value(gconstpointer a, gconstpointer b)
{
    gint64 left = ((const Count *)a)->value, right = ((const Count *)b)->value;
    return (left < right) - (left > right);
}

static gsize group_length(const char *name)
{
    return strcspn(name, ".");
}

static bool is_in(const Count *count, const char *group)
{
    gsize length = group_length(count->name);
    return strlen(group) == length && strncmp(count->name, group, length) == 0;
}

// "hypercalls: H_CEDE"
static void add_name(GString *page, const char *name)
{
    gsize length = group_length(name);
    g_autofree char *group = g_strndup(name, MIN(length, 80));
    if (name[length])
        html_put(page, "<span class=\"dim\">%.80s</span> %.120s", group, name + length + 1);
    else
        html_put(page, "%.80s", group);
}

static bool is_bytes(const char *name)
{
    const char *last = strrchr(name, '.');
    return g_str_has_prefix(last ? last + 1 : name, "bytes");
}

static char *value_text(const Count *count)
{
    if (is_bytes(count->name) && count->value >= 1024)
        return g_format_size_full((guint64)count->value, G_FORMAT_SIZE_IEC_UNITS);
    return html_number(count->value);
}

static void add_count(GString *page, const Count *count)
{
    g_autofree char *value = value_text(count);
    html_put(page, "<li>");
    add_name(page, count->name);
    html_put(page, " <b>%s</b></li>\n", value);
}

static bool is_io(const Count *count)
{
    const char *name = count->name;
    return count->value > 0 && (is_bytes(name) || g_str_has_suffix(name, "reads") ||
                                   g_str_has_suffix(name, "writes") || g_str_has_suffix(name, ".errors"));
}

static bool is_way_out(const Count *count)
{
    return count->value > 0 && (is_in(count, "exits") || is_in(count, "hypercalls") || is_in(count, "rtas"));
}

// Only what is counted in one unit can be added up.
static void add_sum(GString *page, const GArray *counts, const char *group, const char *name)
{
    gint64 sum = 0;
    for (unsigned i = 0; i < counts->len; i++) {
        const Count *count = &g_array_index(counts, Count, i);
        if (is_in(count, group) && count->value > 0 && sum < G_MAXINT64 - count->value)
            sum += count->value;
    }
    g_autofree char *number = sum > 0 ? html_number(sum) : NULL;
    html_fact(page, name, number);
}

// "disks.0.bytes_read" as "disks 0 bytes read"
static void add_io(GString *page, const Count *count)
{
    g_autofree char *value = value_text(count);
    g_autofree char *name = g_strdelimit(g_strdup(count->name), "._", ' ');
    html_put(page, "<div><dt>%.100s</dt><dd>%s</dd></div>\n", name, value);
}

static void add_totals(GString *page, const GArray *counts)
{
    html_put(page, "<dl class=\"facts\">\n");
    add_sum(page, counts, "exits", "Exits");
    add_sum(page, counts, "hypercalls", "Hypercalls");
    add_sum(page, counts, "rtas", "RTAS calls");
    for (unsigned i = 0, shown = 0; i < counts->len && shown < SHOWN; i++)
        if (is_io(&g_array_index(counts, Count, i))) {
            add_io(page, &g_array_index(counts, Count, i));
            shown++;
        }
    html_put(page, "</dl>\n");
}

static void add_largest(GString *page, const GArray *counts)
{
    html_put(page, "<ul class=\"row\">\n");
    for (unsigned i = 0, shown = 0; i < counts->len && shown < SHOWN; i++)
        if (is_way_out(&g_array_index(counts, Count, i))) {
            add_count(page, &g_array_index(counts, Count, i));
            shown++;
        }
    html_put(page, "</ul>\n");
}

static GArray *sorted(const GArray *counts)
{
    GArray *copy = g_array_sized_new(FALSE, FALSE, sizeof(Count), counts->len);
    g_array_append_vals(copy, counts->data, counts->len);
    g_array_sort(copy, by_value);
    return copy;
}

static void add_all(GString *page, const GArray *counts)
{
    html_put(page, "<details><summary>All %u counts</summary>\n<ul class=\"row columns\">\n", counts->len);
    for (unsigned i = 0; i < MIN(counts->len, ALL) && html_has_room(page); i++)
        add_count(page, &g_array_index(counts, Count, i));
    html_put(page, "</ul></details>\n");
}

static bool has(const GArray *counts, bool (*wanted)(const Count *count))
{
    for (unsigned i = 0; i < counts->len; i++)
        if (wanted(&g_array_index(counts, Count, i)))
            return true;
    return false;
}

void html_counts(GString *page, const Outcome *outcome)
{
    if (outcome->counts->len == 0 || !html_has_room(page))
        return;
    g_autoptr(GArray) counts = sorted(outcome->counts);
    html_put(page, "<h4>Exits and I/O</h4>\n");
    if (has(counts, is_way_out) || has(counts, is_io))
        add_totals(page, counts);
    if (has(counts, is_way_out))
        add_largest(page, counts);
    add_all(page, counts);
}
