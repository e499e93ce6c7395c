// Writing a flattened device tree by libfdt's sequential writer.
#include "lparun/tree.h"
#include <libfdt.h>
#include <stdarg.h>
#include <stdbool.h>

struct Tree {
    void *blob;
    int error;      // the first one; libfdt's, negative
    bool reserving; // the reserve map is still open
    unsigned open;  // nodes that are not ended yet; libfdt does not count them
};

static void note(Tree *tree, int result)
{
    if (tree->error == 0 && result < 0)
        tree->error = result;
}

Tree *tree_new(size_t capacity)
{
    Tree *tree = g_new0(Tree, 1);
    tree->blob = g_malloc0(capacity);
    tree->reserving = true;
    note(tree, fdt_create(tree->blob, (int)capacity));
    return tree;
}

void tree_free(Tree *tree)
{
    if (!tree)
        return;
    g_free(tree->blob);
    g_free(tree);
}

void tree_reserve(Tree *tree, uint64_t address, uint64_t size)
{
    g_assert(tree->reserving);
    if (!tree->error)
        note(tree, fdt_add_reservemap_entry(tree->blob, address, size));
}

static void close_reserve_map(Tree *tree)
{
    if (tree->reserving && !tree->error)
        note(tree, fdt_finish_reservemap(tree->blob));
    tree->reserving = false;
}

void tree_begin(Tree *tree, const char *format, ...)
{
    close_reserve_map(tree);
    if (tree->error)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *name = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    note(tree, fdt_begin_node(tree->blob, name));
    tree->open++;
}

void tree_end(Tree *tree)
{
    if (tree->error)
        return;
    note(tree, fdt_end_node(tree->blob));
    tree->open--;
}

void tree_bytes(Tree *tree, const char *property, const void *bytes, size_t length)
{
    if (!tree->error)
        note(tree, fdt_property(tree->blob, property, bytes, (int)length));
}

void tree_empty(Tree *tree, const char *property)
{
    tree_bytes(tree, property, NULL, 0);
}

void tree_u32(Tree *tree, const char *property, uint32_t cell)
{
    tree_cells_array(tree, property, &cell, 1);
}

void tree_u64(Tree *tree, const char *property, uint64_t two_cells)
{
    tree_cells(tree, property, (uint32_t)(two_cells >> 32), (uint32_t)two_cells);
}

void tree_string(Tree *tree, const char *property, const char *string)
{
    tree_bytes(tree, property, string, strlen(string) + 1);
}

void tree_strings(Tree *tree, const char *property, const char *const *strings)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (; *strings; strings++)
        g_string_append_len(list, *strings, (gssize)strlen(*strings) + 1);
    tree_bytes(tree, property, list->str, list->len);
}

void tree_cells_array(Tree *tree, const char *property, const uint32_t *cells, size_t count)
{
    g_autofree fdt32_t *stored = g_new(fdt32_t, count);
    for (size_t i = 0; i < count; i++)
        stored[i] = cpu_to_fdt32(cells[i]);
    tree_bytes(tree, property, stored, count * sizeof *stored);
}

const void *tree_finish(Tree *tree, uint32_t boot_cpu, size_t *length)
{
    if (tree->error || tree->open > 0)
        return NULL;
    note(tree, fdt_finish(tree->blob));
    if (tree->error)
        return NULL;
    fdt_set_boot_cpuid_phys(tree->blob, boot_cpu);
    *length = fdt_totalsize(tree->blob);
    return tree->blob;
}
