// Reading a flattened device tree back.
#pragma once
#include <glib.h>
#include <libfdt.h>

// The property has exactly these cells.
static inline void assert_node_cells(
    const void *blob, int node, const char *name, const uint32_t *cells, int count)
{
    int size;
    const fdt32_t *value = fdt_getprop(blob, node, name, &size);
    g_assert_nonnull(value);
    g_assert_cmpint(size, ==, 4 * count);
    for (int i = 0; i < count; i++)
        g_assert_cmphex(fdt32_ld(value + i), ==, cells[i]);
}
