// The human monitor: lines, by tables of commands.
#include "hmp.h"
#include <stdarg.h>
#include <string.h>

void hmp_say(Hmp *hmp, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(hmp->out, format, arguments);
    va_end(arguments);
}

static const Command *find_command(const char *name)
{
    for (const Command *const *table = command_tables; *table; table++)
        for (const Command *command = *table; command->name; command++)
            if (strcmp(command->name, name) == 0)
                return command;
    return NULL;
}

GVariant *hmp_ask(Hmp *hmp, const char *name, GVariant *arguments)
{
    g_autoptr(GVariant) held = g_variant_ref_sink(arguments ? arguments : command_nothing());
    g_autoptr(GError) why = NULL;
    const Command *command = find_command(name);
    GVariant *result = command ? command->run(hmp->machine, held, &why) : NULL;
    if (!result)
        hmp_say(hmp, "Error: %s\n", why ? why->message : "lparun has no such command");
    return result ? g_variant_take_ref(result) : NULL;
}

static bool has_name(const HmpRow *row, const char *name)
{
    return strcmp(row->name, name) == 0 || g_strcmp0(row->short_name, name) == 0;
}

static const HmpRow *find_row(const HmpRow *table, const char *name)
{
    for (; table->name; table++)
        if (has_name(table, name))
            return table;
    return NULL;
}

// Quotes keep blanks together, as in a shell. Control characters, which a client sends, are as if not there.
static char **split(const char *line)
{
    char **words = NULL;
    g_autofree char *text = g_strdup(line);
    for (char *c = text; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return g_shell_parse_argv(text, NULL, &words, NULL) ? words : g_strsplit_set(g_strstrip(text), " ", 0);
}

// "x/4xw 0" is "x" and "/4xw".
static char **separate_format(char **words)
{
    char *slash = words[0] ? strchr(words[0], '/') : NULL;
    if (!slash || slash == words[0])
        return words;
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    g_autofree char *name = g_strndup(words[0], (size_t)(slash - words[0]));
    g_strv_builder_add(builder, name);
    g_strv_builder_add(builder, slash);
    g_strv_builder_addv(builder, (const char **)words + 1);
    g_strfreev(words);
    return g_strv_builder_end(builder);
}

static void run_row(Hmp *hmp, const HmpRow *row, char **words)
{
    if (row->refused)
        hmp_say(hmp, "Error: %s\n", row->refused);
    else if (*row->arguments == '\0' && words[0])
        hmp_say(
            hmp, "%s: extraneous parameter\nTry \"help %s\" for more information\n", row->name, row->name);
    else
        row->run(hmp, words);
}

static void run_words(Hmp *hmp, char **words)
{
    if (!words[0] || !*words[0])
        return;
    const HmpRow *row = find_row(hmp_commands, words[0]);
    if (row)
        run_row(hmp, row, words + 1);
    else
        hmp_say(hmp, "unknown command: '%s'\n", words[0]);
}

static char *with_carriage_returns(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    return g_strjoinv("\r\n", lines);
}

char *hmp_run(Hmp *hmp, const char *line)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) words = separate_format(split(line));
    hmp->out = out;
    run_words(hmp, words);
    hmp->out = NULL;
    return with_carriage_returns(out->str);
}

// --- help and info, which are about the tables.

static void list(Hmp *hmp, const HmpRow *table, const char *before, const char *only)
{
    for (const HmpRow *row = table; row->name; row++)
        if (!row->refused && (!only || has_name(row, only)))
            hmp_say(hmp, "%s%s%s%s%s%s -- %s\n", before, row->name, row->short_name ? "|" : "",
                row->short_name ? row->short_name : "", *row->arguments ? " " : "", row->arguments,
                row->help);
}

void hmp_help(Hmp *hmp, char **words)
{
    if (g_strcmp0(words[0], "info") == 0)
        list(hmp, hmp_info, "info ", words[1]);
    else
        list(hmp, hmp_commands, "", words[0]);
}

void hmp_show(Hmp *hmp, char **words)
{
    const HmpRow *row = words[0] ? find_row(hmp_info, words[0]) : NULL;
    if (row)
        run_row(hmp, row, words + 1);
    else
        list(hmp, hmp_info, "info ", NULL);
}
