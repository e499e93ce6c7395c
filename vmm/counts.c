// Counts as JSON text, section by section: parts of one kind add to the same one in turn.
#include "lparun/counts.h"
#include <string.h>

typedef struct Section {
    char *name;
    CountsKind kind;
    bool in_row, more; // something stands before in the same object
    GString *text;
} Section;

struct Counts {
    GPtrArray *sections;
    Section *section; // that is written to
};

static void section_free(gpointer data)
{
    Section *section = data;
    g_free(section->name);
    g_string_free(section->text, TRUE);
    g_free(section);
}

Counts *counts_new(void)
{
    Counts *counts = g_new0(Counts, 1);
    counts->sections = g_ptr_array_new_with_free_func(section_free);
    return counts;
}

void counts_free(Counts *counts)
{
    g_ptr_array_unref(counts->sections);
    g_free(counts);
}

static Section *find(const Counts *counts, const char *name)
{
    for (unsigned i = 0; i < counts->sections->len; i++) {
        Section *section = counts->sections->pdata[i];
        if (strcmp(section->name, name) == 0)
            return section;
    }
    return NULL;
}

void counts_section(Counts *counts, const char *name, CountsKind kind)
{
    counts->section = find(counts, name);
    if (!counts->section) {
        Section *section = g_new0(Section, 1);
        *section = (Section){ .name = g_strdup(name), .kind = kind, .text = g_string_new(NULL) };
        g_ptr_array_add(counts->sections, section);
        counts->section = section;
    }
    g_assert(counts->section->kind == kind);
}

static void end_row(Section *section)
{
    if (section->in_row)
        g_string_append(section->text, " }");
    section->in_row = false;
}

void counts_row(Counts *counts)
{
    Section *section = counts->section;
    g_assert(section->kind == COUNTS_ROWS);
    end_row(section);
    g_string_append(section->text, section->text->len ? ",\n    {" : "\n    {");
    section->in_row = true;
    section->more = false;
}

static void put_string(GString *to, const char *text)
{
    g_string_append_c(to, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_printf(to, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            g_string_append_printf(to, "\\u%04x", (unsigned)*text);
        else
            g_string_append_c(to, *text);
    }
    g_string_append_c(to, '"');
}

// What comes before a member's value.
static GString *begin_member(Counts *counts, const char *name)
{
    Section *section = counts->section;
    g_assert(section->in_row == (section->kind == COUNTS_ROWS));
    if (section->more)
        g_string_append_c(section->text, ',');
    g_string_append(section->text, section->in_row ? " " : "\n    ");
    section->more = true;
    put_string(section->text, name);
    g_string_append(section->text, ": ");
    return section->text;
}

void counts_value(Counts *counts, const char *name, uint64_t value)
{
    g_string_append_printf(begin_member(counts, name), "%" G_GUINT64_FORMAT, value);
}

void counts_text(Counts *counts, const char *name, const char *text)
{
    put_string(begin_member(counts, name), text);
}

void counts_switch(Counts *counts, const char *name, bool on)
{
    g_string_append(begin_member(counts, name), on ? "true" : "false");
}

void counts_each(const char *name, uint64_t value, void *data)
{
    counts_value(data, name, value);
}

char *counts_finish(Counts *counts)
{
    GString *all = g_string_new("{");
    for (unsigned i = 0; i < counts->sections->len; i++) {
        Section *section = counts->sections->pdata[i];
        bool rows = section->kind == COUNTS_ROWS;
        end_row(section);
        if (*section->name == '\0') {
            g_string_append(all, section->text->str);
            continue;
        }
        g_string_append_printf(all, "%s\n  ", i ? "," : "");
        put_string(all, section->name);
        g_string_append_printf(all, ": %c%s\n  %c", rows ? '[' : '{', section->text->str, rows ? ']' : '}');
    }
    g_string_append(all, "\n}\n");
    return g_string_free(all, FALSE);
}
