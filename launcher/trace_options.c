// -trace, -d and -D: patterns of events, and QEMU's log items.
#include "trace_options.h"
#include "lparun/error.h"
#include "lparun/trace.h"
#include "options.h"
#include "values.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVENTS_FILE (64 << 10) // bytes that a file of patterns may have

static const struct {
    const char *name, *help;
} events[] = {
#define EVENT(number, its_name, its_help) { its_name, its_help },
    TRACE_EVENTS(EVENT)
#undef EVENT
};

static char *events_help(void)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(events); i++)
        g_string_append_printf(text, "%-16s %s\n", events[i].name, events[i].help);
    return g_string_free(text, FALSE);
}

// --- Patterns.

// "virtio" is all that begins with "virtio_".
static bool matches(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);
    return g_pattern_match_simple(pattern, name) ||
           (length > 0 && strncmp(pattern, name, length) == 0 && name[length] == '_');
}

// Switches on what `pattern` matches, or with a "-" before it off. False: there is no such event.
static bool apply(const char *pattern, uint32_t *points)
{
    bool off = *pattern == '-', some = false;
    for (unsigned i = 0; i < G_N_ELEMENTS(events); i++) {
        if (!matches(pattern + off, events[i].name))
            continue;
        some = true;
        *points = off ? *points & ~(1u << i) : *points | 1u << i;
    }
    return some;
}

// The next thing that is wrong, behind what `error` says already. False.
static bool wrong(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool wrong(GError **error, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    g_autofree char *text = g_strdup_vprintf(format, values);
    va_end(values);
    GError *more = NULL;
    error_user(&more, "%s", text);
    return error_more(error, more);
}

static bool apply_named(
    const char *option, const char *key, const char *pattern, uint32_t *points, GError **error)
{
    return apply(pattern, points) ||
           wrong(error, "%s %s%s: no event has that name; see lparun -trace help", option, key, pattern);
}

static bool apply_list(const char *option, const char *patterns, uint32_t *points, GError **error)
{
    bool done = true;
    g_auto(GStrv) words = g_strsplit(patterns, ",", 0);
    for (unsigned i = 0; words[i]; i++)
        done = apply_named(option, "", words[i], points, error) && done;
    return done;
}

#define WRONG_LINES 10 // that are told of a file: it may be no list at all

// A pattern a line; "#" begins a comment.
static bool apply_lines(const char *option, const char *path, char *text, uint32_t *points, GError **error)
{
    unsigned failed = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (unsigned i = 0; lines[i] && failed < WRONG_LINES; i++) {
        const char *line = g_strstrip(lines[i]);
        if (*line == '\0' || *line == '#' || apply(line, points))
            continue;
        wrong(error, "%s events=%s: line %u: '%s' is no event; see lparun -trace help", option, path, i + 1,
            line);
        failed++;
    }
    return failed == 0;
}

static bool apply_file(const char *option, const char *path, uint32_t *points, GError **error)
{
    g_autofree char *text = g_malloc(EVENTS_FILE + 1);
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(text, 1, EVENTS_FILE + 1, file) : 0;
    bool read = file && !ferror(file);
    int why = errno;
    if (file)
        fclose(file);
    if (!read)
        return error_user(
            error, "%s events=%s: %s; give a file with a pattern a line", option, path, g_strerror(why));
    if (length > EVENTS_FILE)
        return error_user(
            error, "%s events=%s: it is no list of events; give a pattern a line", option, path);
    text[length] = '\0';
    return apply_lines(option, path, text, points, error);
}

// --- -trace

typedef struct Trace {
    char *enable, *events, *file;
} Trace;

// How long the word is up to the next comma that is not doubled.
static size_t word_length(const char *text)
{
    size_t length = 0;
    while (text[length] && (text[length] != ',' || text[length + 1] == ','))
        length += text[length] == ',' ? 2 : 1;
    return length;
}

static bool is_help(const char *word, size_t length)
{
    return (length == 4 && memcmp(word, "help", 4) == 0) || (length == 1 && *word == '?');
}

// With "enable=" before each word that has no key: what -trace takes more than one of.
static char *with_keys(const char *text)
{
    GString *whole = g_string_new(NULL);
    for (size_t length; *text; text += length + (text[length] == ',')) {
        length = word_length(text);
        bool named = memchr(text, '=', length) || is_help(text, length);
        g_string_append(whole, whole->len ? "," : "");
        g_string_append(whole, named ? "" : "enable=");
        g_string_append_len(whole, text, (gssize)length);
    }
    return g_string_free(whole, FALSE);
}

static bool apply_trace(TraceOptions *options, const char *option, Trace *trace, GError **error)
{
    uint32_t points = options->points;
    bool done = !trace->enable || apply_list(option, trace->enable, &points, error);
    if ((trace->events && !apply_file(option, trace->events, &points, error)) || !done)
        return false;
    options->points = points;
    if (trace->file) {
        g_free(options->file);
        options->file = g_steal_pointer(&trace->file);
    }
    return true;
}

bool options_parse_trace(Options *options, const char *option, const char *value, GError **error)
{
    static const Key keys[] = {
        { "enable", KEY_TEXT, offsetof(Trace, enable), .value = "PATTERN", .list = true },
        { "events", KEY_TEXT, offsetof(Trace, events), .value = "FILE" },
        { "file", KEY_TEXT, offsetof(Trace, file), .value = "FILE" },
        { 0 },
    };
    g_autofree char *text = *value == '{' ? g_strdup(value) : with_keys(value);
    g_autoptr(Values) values = values_parse(option, text, NULL, error);
    if (!values)
        return false;
    if (values_ask_help(values)) {
        options->help = events_help();
        return true;
    }
    Trace trace = { 0 };
    bool done =
        values_fill(values, keys, &trace, error) && apply_trace(&options->trace, option, &trace, error);
    keys_clear(keys, &trace);
    return done;
}

// --- -d

#define OF_TCG "it is of TCG, which translates a guest's instructions; here the processor runs them"
#define OF_PROGRAMS "it is of qemu-user, which runs single programs"

// QEMU's items, with its words where lparun has them.
static const struct {
    const char *name;
    uint32_t points;  // 0: there is none
    const char *text; // what it does, or why not
} items[] = {
    { "guest_errors", TRACE_BIT(GUEST_ERRORS),
        "what the guest does wrong: calls with bad arguments, broken rings" },
    { "unimp", TRACE_BIT(UNIMP), "calls that nobody serves" },
    { "invalid_mem", TRACE_BIT(INVALID_MEM), "accesses to addresses where nothing is" },
    { "all", TRACE_BIT(GUEST_ERRORS) | TRACE_BIT(UNIMP) | TRACE_BIT(INVALID_MEM), "all of these" },
    { "out_asm", 0, OF_TCG },
    { "in_asm", 0, OF_TCG },
    { "op", 0, OF_TCG },
    { "op_opt", 0, OF_TCG },
    { "op_ind", 0, OF_TCG },
    { "op_plugin", 0, OF_TCG },
    { "int", 0, OF_TCG },
    { "exec", 0, OF_TCG },
    { "cpu", 0, OF_TCG },
    { "fpu", 0, OF_TCG },
    { "vpu", 0, OF_TCG },
    { "mmu", 0, OF_TCG },
    { "nochain", 0, OF_TCG },
    { "plugin", 0, OF_TCG },
    { "pcall", 0, "it is of x86" },
    { "cpu_reset", 0, "x-lparun-vcpus of the monitor tells registers" },
    { "page", 0, OF_PROGRAMS },
    { "strace", 0, OF_PROGRAMS },
    { "tid", 0, "one thread writes all lines, which name theirs" },
};

static char *items_help(void)
{
    GString *text = g_string_new("Log items (comma separated):\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(items); i++)
        if (items[i].points)
            g_string_append_printf(text, "%-16s %s\n", items[i].name, items[i].text);
    g_string_append_printf(text, "%-16s %s\n", "trace:PATTERN", "as -trace PATTERN");
    return g_string_free(text, FALSE);
}

static bool apply_item(const char *option, const char *word, uint32_t *points, GError **error)
{
    if (g_str_has_prefix(word, "trace:"))
        return apply_named(option, "trace:", word + strlen("trace:"), points, error);
    for (unsigned i = 0; i < G_N_ELEMENTS(items); i++) {
        if (strcmp(items[i].name, word) != 0)
            continue;
        *points |= items[i].points;
        return items[i].points || wrong(error, "%s %s: %s; leave it out", option, word, items[i].text);
    }
    return wrong(error, "%s %s: it is no log item; see lparun -d help", option, word);
}

// What is asked for among the words (g_free), or NULL.
static char *log_help(char **words)
{
    for (; *words; words++)
        if (strcmp(*words, "trace:help") == 0)
            return events_help();
        else if (is_help(*words, strlen(*words)))
            return items_help();
    return NULL;
}

bool options_parse_log_items(Options *options, const char *option, const char *value, GError **error)
{
    uint32_t points = options->trace.points;
    bool done = true;
    g_auto(GStrv) words = g_strsplit(value, ",", 0);
    char *help = log_help(words);
    if (help) {
        g_free(options->help);
        options->help = help;
        return true;
    }
    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], "none") != 0)
            done = apply_item(option, words[i], &points, error) && done;
    if (done)
        options->trace.points = points;
    return done;
}

// --- -D

bool options_parse_log_file(Options *options, const char *option, const char *value, GError **error)
{
    const char *number = strstr(value, "%d");
    if (*value == '\0')
        return wrong(error, "%s: it has no path; give one", option);
    if (strchr(value, '%') != number || (number && strchr(number + 1, '%')))
        return wrong(
            error, "%s %s: '%%' may be there once, as '%%d' for the process; give a path", option, value);
    g_free(options->trace.log);
    options->trace.log = g_strdup(value);
    return true;
}

void trace_options_clear(TraceOptions *options)
{
    g_free(options->file);
    g_free(options->log);
}
