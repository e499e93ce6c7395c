// Cells of a matrix.
#include "matrix.h"
#include "refuse.h"
#include "outcome.h"
#include <string.h>

static const MatrixAxis *find(const GPtrArray *axes, const char *name)
{
    for (unsigned i = 0; i < axes->len; i++)
        if (strcmp(((const MatrixAxis *)axes->pdata[i])->name, name) == 0)
            return axes->pdata[i];
    return NULL;
}

// A pattern as names and values.
static GHashTable *parse(const GPtrArray *axes, const char *pattern, GError **error)
{
    g_autoptr(GHashTable) pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) words = g_strsplit(pattern, ",", 0);
    for (char **word = words; *word; word++) {
        g_auto(GStrv) pair = g_strsplit(g_strstrip(*word), "=", 2);
        if (!pair[0] || !pair[1] || !find(axes, pair[0])) {
            refuse(error, "'%s' names no axis of this boot: give AXIS=VALUE,...", pattern);
            return NULL;
        }
        g_hash_table_insert(pairs, g_strdup(pair[0]), g_strdup(pair[1]));
    }
    return g_steal_pointer(&pairs);
}

static bool fits(const GPtrArray *cell, GHashTable *pairs)
{
    for (unsigned i = 0; i < cell->len; i++) {
        const Axis *axis = cell->pdata[i];
        const char *value = g_hash_table_lookup(pairs, axis->name);
        if (value && strcmp(value, axis->value) != 0)
            return false;
    }
    return true;
}

static bool remove_fitting(GPtrArray *cells, GHashTable *pairs)
{
    bool any = false;
    for (unsigned i = cells->len; i-- > 0;)
        if (fits(cells->pdata[i], pairs)) {
            g_ptr_array_remove_index(cells, i);
            any = true;
        }
    return any;
}

static void free_cell(gpointer data)
{
    g_ptr_array_unref(data);
}

static GPtrArray *cell_new(void)
{
    return g_ptr_array_new_with_free_func(axis_free);
}

// The cell whose number is written in the axes' sizes, the last axis fastest.
static GPtrArray *cell_at(const GPtrArray *axes, guint64 number)
{
    GPtrArray *cell = cell_new();
    for (unsigned i = axes->len; i-- > 0;) {
        const MatrixAxis *axis = axes->pdata[i];
        unsigned count = g_strv_length(axis->values);
        g_ptr_array_insert(cell, 0, axis_new(axis->name, axis->values[number % count]));
        number /= count;
    }
    return cell;
}

static guint64 size_of(const GPtrArray *axes)
{
    guint64 size = 1;
    for (unsigned i = 0; i < axes->len && size <= MATRIX_CELLS; i++)
        size *= g_strv_length(((const MatrixAxis *)axes->pdata[i])->values);
    return size;
}

static bool exclude_all(GPtrArray *cells, const GPtrArray *axes, GStrv patterns, GError **error)
{
    for (char **pattern = patterns; pattern && *pattern; pattern++) {
        g_autoptr(GHashTable) pairs = parse(axes, *pattern, error);
        if (!pairs)
            return false;
        if (!remove_fitting(cells, pairs))
            return refuse(error, "'%s' excludes nothing", *pattern);
    }
    return true;
}

static bool include_all(GPtrArray *cells, const GPtrArray *axes, GStrv patterns, GError **error)
{
    for (char **pattern = patterns; pattern && *pattern; pattern++) {
        g_autoptr(GHashTable) pairs = parse(axes, *pattern, error);
        if (!pairs)
            return false;
        if (g_hash_table_size(pairs) != axes->len)
            return refuse(error, "'%s' includes a cell only if it names all axes", *pattern);
        remove_fitting(cells, pairs);
        GPtrArray *cell = cell_new();
        for (unsigned i = 0; i < axes->len; i++) {
            const char *name = ((const MatrixAxis *)axes->pdata[i])->name;
            g_ptr_array_add(cell, axis_new(name, g_hash_table_lookup(pairs, name)));
        }
        g_ptr_array_add(cells, cell);
    }
    return true;
}

GPtrArray *matrix_cells(const GPtrArray *axes, GStrv exclude, GStrv include, GError **error)
{
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(free_cell);
    guint64 size = size_of(axes);
    if (size > MATRIX_CELLS) {
        refuse(error, "its axes make more than %u boots", MATRIX_CELLS);
        return NULL;
    }
    for (guint64 i = 0; i < size; i++)
        g_ptr_array_add(cells, cell_at(axes, i));
    bool good = exclude_all(cells, axes, exclude, error) && include_all(cells, axes, include, error);
    return good ? g_steal_pointer(&cells) : NULL;
}

char *matrix_name(const char *boot, const GPtrArray *cell)
{
    if (cell->len == 0)
        return g_strdup(boot);
    g_autoptr(GString) name = g_string_new(boot);
    for (unsigned i = 0; i < cell->len; i++) {
        const Axis *axis = cell->pdata[i];
        g_string_append_printf(name, "%c%s=%s", i ? ',' : '[', axis->name, axis->value);
    }
    g_string_append_c(name, ']');
    return g_string_free(g_steal_pointer(&name), FALSE);
}
