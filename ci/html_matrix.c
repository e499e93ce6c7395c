// All boots in the HTML page: for the cells of a boot of the suite, tables whose rows and columns are its two
// largest axes, one for each choice of the others; and a plain table of those that have no two axes.
#include "html_parts.h"
#include <string.h>

typedef struct AxisValues {
    const char *name;
    GPtrArray *values; // of const char *, in the order in which they came
} AxisValues;

// A boot's place.
typedef struct Place {
    unsigned boot, table, row, column;
} Place;

// The cells of one boot of the suite.
typedef struct Matrix {
    const Results *results;
    const GArray *boots; // of unsigned
    GArray *axes;        // of AxisValues, the largest first
    GPtrArray *tables;   // of char *: what the other axes are, "mmu = hash, vcpus = 4"
    GArray *places;      // of Place, by table, row, column
    GArray *others;      // of unsigned: boots that are in no table
} Matrix;

#define AXES 8u

// --- Axes.

static const char *value_of(const Result *result, const char *axis)
{
    for (unsigned i = 0; i < result->axes->len; i++) {
        const Axis *one = result->axes->pdata[i];
        if (g_strcmp0(one->name, axis) == 0)
            return one->value ? one->value : "";
    }
    return NULL;
}

static AxisValues *axis_of(GArray *axes, const char *name)
{
    for (unsigned i = 0; i < axes->len; i++)
        if (g_strcmp0(g_array_index(axes, AxisValues, i).name, name) == 0)
            return &g_array_index(axes, AxisValues, i);
    if (axes->len == AXES)
        return NULL;
    const AxisValues axis = { name, g_ptr_array_new() };
    g_array_append_val(axes, axis);
    return &g_array_index(axes, AxisValues, axes->len - 1);
}

static unsigned index_of(const GPtrArray *texts, const char *text)
{
    unsigned index = 0;
    while (index < texts->len && g_strcmp0(texts->pdata[index], text) != 0)
        index++;
    return index;
}

static void add_values(GArray *axes, const Result *result)
{
    for (unsigned i = 0; i < result->axes->len; i++) {
        const Axis *one = result->axes->pdata[i];
        AxisValues *axis = axis_of(axes, one->name);
        char *value = one->value ? one->value : "";
        if (axis && index_of(axis->values, value) == axis->values->len)
            g_ptr_array_add(axis->values, value);
    }
}

static int by_size(gconstpointer a, gconstpointer b)
{
    return (int)((const AxisValues *)b)->values->len - (int)((const AxisValues *)a)->values->len;
}

static void clear_axis(gpointer data)
{
    g_ptr_array_unref(((AxisValues *)data)->values);
}

static GArray *axes_of(const Results *results, const GArray *boots)
{
    GArray *axes = g_array_new(FALSE, FALSE, sizeof(AxisValues));
    g_array_set_clear_func(axes, clear_axis);
    for (unsigned i = 0; i < boots->len; i++)
        add_values(axes, results->results->pdata[g_array_index(boots, unsigned, i)]);
    g_array_sort(axes, by_size);
    return axes;
}

static const AxisValues *axis_at(const Matrix *matrix, unsigned index)
{
    return &g_array_index(matrix->axes, AxisValues, index);
}

// --- Places.

static char *table_of(const Matrix *matrix, const Result *result)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 2; i < matrix->axes->len; i++) {
        const char *name = axis_at(matrix, i)->name, *value = value_of(result, name);
        if (value && axis_at(matrix, i)->values->len > 1)
            g_string_append_printf(text, "%s%s = %s", text->len ? ", " : "", name, value);
    }
    return g_string_free(text, FALSE);
}

static void place(Matrix *matrix, unsigned boot)
{
    const Result *result = matrix->results->results->pdata[boot];
    const char *row = value_of(result, axis_at(matrix, 0)->name);
    const char *column = value_of(result, axis_at(matrix, 1)->name);
    if (!row || !column) {
        g_array_append_val(matrix->others, boot);
        return;
    }
    g_autofree char *table = table_of(matrix, result);
    const Place at = { boot, index_of(matrix->tables, table), index_of(axis_at(matrix, 0)->values, row),
        index_of(axis_at(matrix, 1)->values, column) };
    if (at.table == matrix->tables->len)
        g_ptr_array_add(matrix->tables, g_steal_pointer(&table));
    g_array_append_val(matrix->places, at);
}

static int by_place(gconstpointer a, gconstpointer b)
{
    const Place *one = a, *two = b;
    if (one->table != two->table)
        return one->table < two->table ? -1 : 1;
    if (one->row != two->row)
        return one->row < two->row ? -1 : 1;
    if (one->column != two->column)
        return one->column < two->column ? -1 : 1;
    return one->boot < two->boot ? -1 : 1;
}

// --- Tables.

// A pass says its time, all else its verdict.
static void add_cell_boot(GString *page, const Matrix *matrix, unsigned boot, bool named)
{
    const Result *result = matrix->results->results->pdata[boot];
    g_autofree char *seconds = html_seconds(result_outcome(result)->seconds);
    html_put(page, "<a class=\"cell %s\" href=\"#b%u\" title=\"" HTML_NAME "\">", html_tone(result->verdict),
        boot + 1, result->name);
    html_icon(page, result->verdict);
    if (named)
        html_put(page, HTML_NAME " ", result->name);
    if (result->verdict == VERDICT_PASS)
        html_put(page, "<span class=\"hidden\">pass</span> <small>%s</small></a>", seconds);
    else
        html_put(page, "%s</a>", html_verdict_word(result->verdict));
}

// The boots at a place; where the next ones begin.
static unsigned add_cell(GString *page, const Matrix *matrix, unsigned from, const Place *wanted)
{
    unsigned to = from;
    for (; to < matrix->places->len; to++) {
        const Place *at = &g_array_index(matrix->places, Place, to);
        if (at->table != wanted->table || at->row != wanted->row || at->column != wanted->column)
            break;
    }
    html_put(page, from == to ? "<td class=\"empty\"><span class=\"hidden\">no boot</span>" : "<td>");
    for (unsigned i = from; i < to; i++)
        add_cell_boot(page, matrix, g_array_index(matrix->places, Place, i).boot, to - from > 1);
    html_put(page, "</td>");
    return to;
}

static void add_columns(GString *page, const Matrix *matrix)
{
    const AxisValues *rows = axis_at(matrix, 0), *columns = axis_at(matrix, 1);
    html_put(page, "<thead><tr><th scope=\"col\"><span class=\"dim\">%.80s \\ %.80s</span></th>", rows->name,
        columns->name);
    for (unsigned i = 0; i < columns->values->len; i++)
        html_put(page, "<th scope=\"col\">%.80s</th>", (const char *)columns->values->pdata[i]);
    html_put(page, "</tr></thead>\n");
}

static unsigned add_row(GString *page, const Matrix *matrix, unsigned from, unsigned table, unsigned row)
{
    html_put(page, "<tr><th scope=\"row\">%.80s</th>", (const char *)axis_at(matrix, 0)->values->pdata[row]);
    for (unsigned column = 0; column < axis_at(matrix, 1)->values->len; column++) {
        const Place wanted = { .table = table, .row = row, .column = column };
        from = add_cell(page, matrix, from, &wanted);
    }
    html_put(page, "</tr>\n");
    return from;
}

static unsigned add_table(
    GString *page, const Matrix *matrix, unsigned from, unsigned table, const char *name)
{
    const char *choice = matrix->tables->pdata[table];
    html_put(page, "<table class=\"matrix\"><caption>%.160s%s%.400s</caption>", name,
        name[0] && choice[0] ? ": " : "",
        name[0] || choice[0]      ? choice
        : matrix->tables->len > 1 ? "others"
                                  : "all boots");
    add_columns(page, matrix);
    html_put(page, "<tbody>\n");
    for (unsigned row = 0; row < axis_at(matrix, 0)->values->len; row++)
        from = add_row(page, matrix, from, table, row);
    html_put(page, "</tbody></table>\n");
    return from;
}

static void add_table_row(GString *page, const Result *result, unsigned boot)
{
    g_autofree char *seconds = html_seconds(result_outcome(result)->seconds);
    html_put(
        page, "<tr><th scope=\"row\"><a href=\"#b%u\">" HTML_NAME "</a></th><td>", boot + 1, result->name);
    html_verdict(page, result->verdict);
    html_put(page, "</td><td class=\"number\">%s</td><td>%.80s</td><td>%.300s</td></tr>\n", seconds,
        result_outcome(result)->stage, result->reason);
}

static void add_list(GString *page, const Results *results, const GArray *indexes)
{
    html_put(page, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Boots\"><table "
                   "class=\"list\"><thead><tr>"
                   "<th scope=\"col\">Boot</th><th scope=\"col\">Verdict</th><th scope=\"col\" "
                   "class=\"number\">Time</th>"
                   "<th scope=\"col\">Stage</th><th scope=\"col\">Reason</th></tr></thead><tbody>\n");
    for (unsigned i = 0; i < indexes->len; i++) {
        unsigned boot = g_array_index(indexes, unsigned, i);
        add_table_row(page, results->results->pdata[boot], boot);
    }
    html_put(page, "</tbody></table></div>\n");
}

// Two axes with a choice each, and tables that are not nearly empty: they say less than a list.
static bool is_dense(const Matrix *matrix, unsigned tables)
{
    if (matrix->axes->len < 2 || axis_at(matrix, 1)->values->len < 2)
        return false;
    guint64 cells = (guint64)axis_at(matrix, 0)->values->len * axis_at(matrix, 1)->values->len;
    return cells * tables <= 4ull * matrix->boots->len + 16;
}

static void fill(Matrix *matrix)
{
    unsigned before = matrix->others->len;
    bool dense = is_dense(matrix, 1);
    for (unsigned i = 0; dense && i < matrix->boots->len; i++)
        place(matrix, g_array_index(matrix->boots, unsigned, i));
    if (dense && is_dense(matrix, matrix->tables->len)) {
        g_array_sort(matrix->places, by_place);
        return;
    }
    g_ptr_array_set_size(matrix->tables, 0);
    g_array_set_size(matrix->others, before);
    g_array_append_vals(matrix->others, matrix->boots->data, matrix->boots->len);
}

// Adds the tables of a boot's cells; those that are in none are added to `others`.
static void add_cells(
    GString *page, const Results *results, const GArray *boots, const char *name, GArray *others)
{
    g_autoptr(GArray) axes = axes_of(results, boots);
    g_autoptr(GPtrArray) tables = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
    Matrix matrix = { results, boots, axes, tables, places, others };
    fill(&matrix);
    unsigned from = 0;
    for (unsigned table = 0; table < tables->len; table++)
        from = add_table(page, &matrix, from, table, name);
}

// --- The suite's boots.

// "slof" for "slof[mmu=hash,vcpus=4]"
static char *name_of(const Result *result)
{
    return g_strndup(result->name, strcspn(result->name, "["));
}

void html_matrix(GString *page, const Results *results, unsigned boots)
{
    g_autoptr(GPtrArray) groups = html_groups(results, boots, name_of);
    g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(unsigned));
    g_autoptr(GString) tables = g_string_new(NULL);
    for (unsigned i = 0; i < groups->len; i++) {
        const HtmlGroup *group = groups->pdata[i];
        add_cells(tables, results, group->boots, groups->len > 1 ? group->name : "", others);
    }
    html_put(page, "<section aria-labelledby=\"matrix\">\n<h2 id=\"matrix\">%s</h2>\n",
        tables->len ? "Matrix" : "All boots");
    if (tables->len) {
        html_put(page,
            "<div class=\"wide tables\" tabindex=\"0\" role=\"group\" aria-label=\"Matrix of boots\">\n");
        g_string_append(page, tables->str);
        html_put(page, others->len ? "</div>\n<h3>Others</h3>\n" : "</div>\n");
    }
    if (others->len)
        add_list(page, results, others);
    html_put(page, "</section>\n");
}
