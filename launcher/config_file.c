// -readconfig: options from a file.
#include "config_file.h"
#include "lparun/error.h"
#include "option_table.h"
#include <string.h>

// A section, which is an option once it is whole.
typedef struct Section {
    const OptionRow *row; // or NULL: none has begun
    unsigned line;        // where it began
    GString *value;       // "id=d0,file=disk.img"
} Section;

typedef struct ConfigFile {
    Options *options;
    const char *path;
    unsigned line;
    Section section;
} ConfigFile;

// Sections whose names are not those of their options.
static const struct {
    const char *section, *option;
} names[] = { { "memory", "m" }, { "smp-opts", "smp" }, { "boot-opts", "boot" } };

static const OptionRow *find_option(const char *section)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i].section, section) == 0)
            return option_find(names[i].option);
    return option_find(section);
}

static bool wrong(const ConfigFile *file, const char *what, GError **error)
{
    return error_user(error, "-readconfig %s: line %u: %s", file->path, file->line, what);
}

// The option that the lines so far have made.
static bool end_section(ConfigFile *file, GError **error)
{
    Section *section = &file->section;
    if (!section->row)
        return true;
    g_autoptr(GError) why = NULL;
    g_autofree char *option = g_strconcat("-", section->row->name, NULL);
    bool done = section->row->parse(file->options, option, section->value->str, &why);
    section->row = NULL;
    g_string_truncate(section->value, 0);
    if (!done)
        error_user(error, "-readconfig %s: line %u: %s", file->path, section->line, why->message);
    return done;
}

static void add(GString *value, const char *key, const char *text)
{
    g_autoptr(GString) doubled = g_string_new(text);
    g_string_replace(doubled, ",", ",,", 0);
    g_string_append_printf(value, "%s%s=%s", value->len > 0 ? "," : "", key, doubled->str);
}

// "[drive "d0"]" or "[machine]".
static bool begin_section(ConfigFile *file, char *line, GError **error)
{
    char *end = strrchr(line, ']');
    if (!end || end[1])
        return wrong(file, "a section is [NAME] or [NAME \"ID\"]", error);
    *end = '\0';
    char *name = g_strstrip(line + 1), *id = strchr(name, '"');
    if (id) {
        *id++ = '\0';
        char *last = strrchr(id, '"');
        if (!last || last[1])
            return wrong(file, "a section is [NAME] or [NAME \"ID\"]", error);
        *last = '\0';
    }
    file->section.line = file->line;
    file->section.row = find_option(g_strchomp(name));
    if (!file->section.row || !file->section.row->parse || !file->section.row->value)
        return wrong(file, "there is no such section; it takes the names of options that have keys", error);
    if (id)
        add(file->section.value, "id", id);
    return true;
}

// "file = "disk.img"".
static bool read_key(ConfigFile *file, char *line, GError **error)
{
    char *equals = strchr(line, '=');
    if (!file->section.row)
        return wrong(file, "it is in no section; begin one with [NAME]", error);
    if (!equals)
        return wrong(file, "not key = \"value\"", error);
    *equals = '\0';
    char *key = g_strstrip(line), *value = g_strstrip(equals + 1);
    size_t length = strlen(value);
    if (length < 2 || value[0] != '"' || value[length - 1] != '"')
        return wrong(file, "the value is not in quotes", error);
    value[length - 1] = '\0';
    add(file->section.value, key, value + 1);
    return true;
}

static bool read_line(ConfigFile *file, char *line, GError **error)
{
    g_strstrip(line);
    if (*line == '\0' || *line == '#')
        return true;
    if (*line != '[')
        return read_key(file, line, error);
    return end_section(file, error) && begin_section(file, line, error);
}

static bool read_lines(ConfigFile *file, char **lines, GError **error)
{
    bool right = true;
    for (; *lines && right; lines++) {
        file->line++;
        right = read_line(file, *lines, error);
    }
    return right && end_section(file, error);
}

bool options_parse_config_file(Options *options, const char *option, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    if (!g_file_get_contents(path, &text, NULL, &why))
        return error_user(error, "%s %s: %s", option, path, why->message);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    ConfigFile file = { .options = options, .path = path, .section.value = g_string_new(NULL) };
    bool right = read_lines(&file, lines, error);
    g_string_free(file.section.value, TRUE);
    return right;
}
