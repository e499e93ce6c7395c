// The cells that axes multiply to.
#pragma once
#include <glib.h>
#include <stdbool.h>

// What matrices are made of: an axis is its name and its values; a pattern names some axes' values
// ("mmu=hash,cpus=4").
typedef struct MatrixAxis {
    char *name;
    GStrv values;
} MatrixAxis;

#define MATRIX_CELLS 100000u // more than that are a mistake

// Cells, each an array of Axis in the order of `axes`: all products without those that fit a pattern of
// `exclude`, and with those of `include` that are not there. NULL and `error`: a pattern names what there is
// not, or there are too many.
GPtrArray *matrix_cells(const GPtrArray *axes, GStrv exclude, GStrv include, GError **error);
// "linux[mmu=hash,cpus=4]"; "linux" for no axes (g_free).
char *matrix_name(const char *boot, const GPtrArray *cell);
