// What was counted, or found, collected as JSON: one object of sections, each an object of members or a list
// of rows. One thread at a time.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Counts Counts;

typedef enum {
    COUNTS_BY_NAME, // { "name": value, ... }
    COUNTS_ROWS,    // [ { "name": value, ... }, ... ]
} CountsKind;

Counts *counts_new(void);
void counts_free(Counts *counts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Counts, counts_free)

// What follows goes to section `name`, which is there from now on, empty at first; "": members of the
// outermost object, before all sections. A section keeps its kind.
void counts_section(Counts *counts, const char *name, CountsKind kind);
// What follows is another row; in a section of rows.
void counts_row(Counts *counts);
// One member. Any text: it is escaped.
void counts_value(Counts *counts, const char *name, uint64_t value);
void counts_text(Counts *counts, const char *name, const char *text);
void counts_switch(Counts *counts, const char *name, bool on);
// counts_value(), as hypercall_counts() and its like call it; `data` is the Counts.
void counts_each(const char *name, uint64_t value, void *data);

// All of it, as one JSON object and a newline (g_free). Nothing may be added after that.
char *counts_finish(Counts *counts);
