// The options about chardevs: -chardev, -serial, and which monitors are on them.
#include "char_options.h"
#include "device_kinds.h"
#include "lparun/error.h"
#include "lparun/vty.h"
#include "options.h"
#include "values.h"
#include <stdlib.h>
#include <string.h>

static void free_chardev(gpointer data)
{
    ChardevOptions *chardev = data;
    keys_clear(chardev->kind->kind.keys, chardev->values);
    g_free(chardev->common.id);
    g_free(chardev->common.log);
    g_free(chardev->option);
    g_free(chardev);
}

static void free_monitor(gpointer data)
{
    MonitorOptions *monitor = data;
    g_free(monitor->chardev);
    g_free(monitor->option);
    g_free(monitor);
}

void char_options_init(CharOptions *chars)
{
    chars->chardevs = g_ptr_array_new_with_free_func(free_chardev);
    chars->serials = g_ptr_array_new_with_free_func(g_free);
    chars->monitors = g_ptr_array_new_with_free_func(free_monitor);
}

void char_options_clear(CharOptions *chars)
{
    g_clear_pointer(&chars->chardevs, g_ptr_array_unref);
    g_clear_pointer(&chars->serials, g_ptr_array_unref);
    g_clear_pointer(&chars->monitors, g_ptr_array_unref);
    g_clear_pointer(&chars->gdb, g_free);
}

static ChardevOptions *find(const CharOptions *chars, const char *id)
{
    for (unsigned i = 0; i < chars->chardevs->len; i++) {
        ChardevOptions *chardev = chars->chardevs->pdata[i];
        if (g_strcmp0(chardev->common.id, id) == 0)
            return chardev;
    }
    return NULL;
}

// --- Kinds.

#define COMMON(member) (offsetof(ChardevOptions, common) + offsetof(ChardevCommon, member))

static const Key common_keys[] = {
    { "id", KEY_TEXT, COMMON(id), .value = "ID", .needed = true, .help = "its name" },
    { "mux", KEY_SWITCH, COMMON(mux), .help = "several may use it: Ctrl-A c goes from one to the next" },
    { "logfile", KEY_TEXT, COMMON(log), .value = "FILE", .help = "a file that gets all output, too" },
    { "logappend", KEY_SWITCH, COMMON(log_append), .help = "what is in that file stays (default off)" },
    { 0 },
};

static const ChardevKind *find_kind(const char *name)
{
    for (unsigned i = 0; name && chardev_kinds[i]; i++)
        if (strcmp(chardev_kinds[i]->kind.name, name) == 0)
            return chardev_kinds[i];
    return NULL;
}

static char *names(void)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (unsigned i = 0; chardev_kinds[i]; i++)
        if (chardev_kinds[i]->open)
            g_ptr_array_add(names, (char *)chardev_kinds[i]->kind.name);
    return words_join(names, ", ", " or ");
}

static char *help_of(const ChardevKind *kind)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; !kind && chardev_kinds[i]; i++)
        if (chardev_kinds[i]->open)
            g_string_append_printf(
                text, "  %-24s %s\n", chardev_kinds[i]->kind.name, chardev_kinds[i]->kind.help);
    if (!kind)
        return g_string_free(g_string_prepend(text, "Available chardev backend types:\n"), FALSE);
    g_string_append_printf(text, "%s: %s\n", kind->kind.name, kind->kind.help);
    keys_help(kind->kind.keys, text);
    keys_help(common_keys, text);
    return g_string_free(text, FALSE);
}

static bool refuse_kind(const char *option, const char *name, const ChardevKind *kind, GError **error)
{
    g_autofree char *list = names();
    return kind ? error_user(error, "%s %s: %s", option, name, kind->refused)
                : error_user(error, "%s %s: there is no such chardev; it takes %s", option, name, list);
}

// Fills what the keys say. `id` is what it is called where no key says so, or NULL.
static bool fill(CharOptions *chars, ChardevOptions *chardev, Values *values, const char *id, GError **error)
{
    const Kind *kind = &chardev->kind->kind;
    g_autofree Key *keys = kinds_join_keys(kind->keys, sizeof *chardev, id ? common_keys + 1 : common_keys);
    if (!values_fill(values, keys, chardev, error))
        return false;
    if (id)
        chardev->common.id = g_strdup(id);
    if (find(chars, chardev->common.id))
        return error_user(error, "%s,id=%s: that id is given twice; give each chardev its own",
            values_option(values), chardev->common.id);
    if (kind->check && !kind->check(chardev->values, error)) {
        g_prefix_error(error, "%s: ", values_option(values));
        return false;
    }
    return true;
}

static ChardevOptions *make(const ChardevKind *kind, const char *option)
{
    ChardevOptions *chardev = g_malloc0(sizeof *chardev + kind->kind.size);
    chardev->kind = kind;
    chardev->option = g_strdup(option);
    chardev->values = chardev + 1;
    if (kind->defaults)
        memcpy(chardev->values, kind->defaults, kind->kind.size);
    return chardev;
}

// The chardev of one option's value; or NULL, with `error`, or where help was asked for.
static ChardevOptions *add(
    Options *options, const char *option, const char *value, const char *id, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "backend", error);
    if (!values)
        return NULL;
    const char *name = values_take(values, "backend");
    const ChardevKind *kind = find_kind(name);
    if (values_ask_help(values) && (!name || (kind && kind->open))) {
        options->help = help_of(kind);
        return NULL;
    }
    if (!kind || !kind->open) {
        refuse_kind(option, name ? name : value, kind, error);
        return NULL;
    }
    g_autofree char *both = g_strdup_printf("%s %s", option, name);
    values_rename(values, both);
    ChardevOptions *chardev = make(kind, option);
    if (fill(&options->chars, chardev, values, id, error)) {
        g_ptr_array_add(options->chars.chardevs, chardev);
        return chardev;
    }
    free_chardev(chardev);
    return NULL;
}

bool options_parse_chardev(Options *options, const char *option, const char *value, GError **error)
{
    return add(options, option, value, NULL, error) || options->help;
}

static MonitorOptions *add_monitor(
    Options *options, const char *option, const char *chardev, bool is_human, bool pretty)
{
    MonitorOptions *monitor = g_new0(MonitorOptions, 1);
    monitor->chardev = g_strdup(chardev);
    monitor->option = g_strdup(option);
    monitor->is_human = is_human;
    monitor->pretty = pretty;
    options->chars.no_human |= is_human;
    g_ptr_array_add(options->chars.monitors, monitor);
    return monitor;
}

// --- -serial.

// The id of the chardev that a short form names or makes, with `id` then (g_free); or NULL and `error`.
static char *read_short(
    Options *options, const char *option, const char *value, const char *id, GError **error)
{
    bool mux;
    if (g_str_has_prefix(value, "chardev:"))
        return g_strdup(value + strlen("chardev:"));
    g_autofree char *text = char_short_read(option, value, &mux, error);
    ChardevOptions *chardev = text ? add(options, option, text, id, error) : NULL;
    if (!chardev)
        return NULL;
    chardev->common.mux |= mux;
    if (mux)
        add_monitor(options, option, id, true, false);
    if (chardev->kind == &stdio_chardev)
        *(StdioValues *)chardev->values = (StdioValues){ .escapes = true };
    return g_strdup(chardev->common.id);
}

bool options_parse_serial(Options *options, const char *option, const char *value, GError **error)
{
    CharOptions *chars = &options->chars;
    g_autofree char *id = g_strdup_printf("serial%u", chars->count++);
    chars->has_serials = true;
    if (strcmp(value, "none") == 0)
        return true;
    if (chars->serials->len == VTY_SERIALS)
        return error_user(error,
            "%s %s: a pseries guest has three of them; give more as -device spapr-vty,chardev=ID", option,
            value);
    char *chardev = read_short(options, option, value, id, error);
    if (chardev)
        g_ptr_array_add(chars->serials, chardev);
    return chardev;
}

bool options_parse_no_port(Options *options, const char *option, const char *value, GError **error)
{
    return strcmp(value, "none") == 0 || strcmp(value, "null") == 0 ||
           error_user(
               error, "%s %s: a pseries guest has no such port; give none, or leave it out", option, value);
}

// --- Monitors.

// QEMU's names for the chardevs of monitors.
static char *monitor_id(const CharOptions *chars)
{
    for (unsigned i = 0;; i++) {
        g_autofree char *id = g_strdup_printf("compat_monitor%u", i);
        if (!find(chars, id))
            return g_steal_pointer(&id);
    }
}

static bool read_monitor(
    Options *options, const char *option, const char *value, bool is_human, bool pretty, GError **error)
{
    if (strcmp(value, "none") == 0)
        return true;
    g_autofree char *id = monitor_id(&options->chars);
    g_autofree char *chardev = read_short(options, option, value, id, error);
    if (chardev)
        add_monitor(options, option, chardev, is_human, pretty);
    return chardev;
}

bool options_parse_qmp(Options *options, const char *option, const char *value, GError **error)
{
    return read_monitor(options, option, value, false, strcmp(option, "-qmp-pretty") == 0, error);
}

bool options_parse_monitor(Options *options, const char *option, const char *value, GError **error)
{
    options->chars.no_human = true;
    return read_monitor(options, option, value, true, false, error);
}

// What QEMU adds to a debugger's socket, where it is not said.
static char *gdb_place(const char *value)
{
    bool is_socket = g_str_has_prefix(value, "tcp:") || g_str_has_prefix(value, "unix:");
    const char *server = is_socket && !strstr(value, ",server") ? ",server=on" : "";
    const char *wait = is_socket && !strstr(value, ",wait") && !strstr(value, ",nowait") ? ",wait=off" : "";
    return g_strconcat(value, server, wait, NULL);
}

bool options_parse_gdb(Options *options, const char *option, const char *value, GError **error)
{
    g_autofree char *place = gdb_place(value ? value : "tcp::1234");
    if (strcmp(place, "none") == 0)
        return true;
    if (options->chars.gdb)
        return error_user(error, "%s: there is one debugger; give -gdb or -s once", option);
    options->chars.gdb = read_short(options, option, place, "gdb", error);
    ChardevOptions *chardev = find(&options->chars, options->chars.gdb);
    if (chardev && chardev->kind == &stdio_chardev)
        ((StdioValues *)chardev->values)->escapes = false; // its bytes are no user's
    return options->chars.gdb;
}

typedef enum { MODE_READLINE, MODE_CONTROL } Mode;

typedef struct Mon {
    char *chardev, *id;
    int mode;
    bool pretty;
} Mon;

bool options_parse_mon(Options *options, const char *option, const char *value, GError **error)
{
    static const Word modes[] = { { "readline", MODE_READLINE }, { "control", MODE_CONTROL }, { 0 } };
    static const Key keys[] = {
        { "chardev", KEY_TEXT, offsetof(Mon, chardev), .value = "ID", .needed = true, .help = "where it is" },
        { "mode", KEY_WORD, offsetof(Mon, mode), .words = modes, .help = "control: QMP (default readline)" },
        { "pretty", KEY_SWITCH, offsetof(Mon, pretty), .help = "JSON in lines (default off)" },
        { "id", KEY_TEXT, offsetof(Mon, id), .value = "ID", .help = "its name" },
        { 0 },
    };
    Mon mon = { 0 };
    g_autoptr(Values) values = values_parse(option, value, "chardev", error);
    bool done = values && values_fill(values, keys, &mon, error);
    if (done)
        add_monitor(options, option, mon.chardev, mon.mode == MODE_READLINE, mon.pretty);
    keys_clear(keys, &mon);
    return done;
}

bool options_parse_echr(Options *options, const char *option, const char *value, GError **error)
{
    char *end;
    unsigned long number = strtoul(value, &end, 0);
    if (!g_ascii_isdigit(*value) || *end || number < 1 || number > 255)
        return error_user(error, "%s %s: not a character's number; give 1 (Ctrl-A) to 255", option, value);
    options->chars.escape = (uint8_t)number;
    return true;
}

// --- All together.

static bool is_there(const CharOptions *chars, const char *option, const char *id, GError **error)
{
    return find(chars, id) ||
           error_user(error, "%s: there is no chardev %s; add -chardev KIND,id=%s", option, id, id);
}

static bool has_stdio(const CharOptions *chars)
{
    for (unsigned i = 0; i < chars->chardevs->len; i++)
        if (((const ChardevOptions *)chars->chardevs->pdata[i])->kind == &stdio_chardev)
            return true;
    return false;
}

static const VtyValues *vty_of(const Options *options, unsigned index)
{
    const DeviceOptions *device = options->devices->pdata[index];
    return device->kind == &spapr_vty_kind ? device->values : NULL;
}

static bool has_vty(const Options *options)
{
    for (unsigned i = 0; i < options->devices->len; i++)
        if (vty_of(options, i))
            return true;
    return false;
}

// Without a word about it the guest's console is here, unless somebody else is.
static void add_console(Options *options)
{
    CharOptions *chars = &options->chars;
    if (chars->has_serials || has_vty(options))
        return;
    ChardevOptions *chardev = make(has_stdio(chars) ? &null_chardev : &stdio_chardev, "-serial");
    chardev->common.id = g_strdup("serial0");
    if (chardev->kind == &stdio_chardev)
        *(StdioValues *)chardev->values = (StdioValues){ .escapes = true };
    g_ptr_array_add(chars->chardevs, chardev);
    g_ptr_array_add(chars->serials, g_strdup("serial0"));
    if (!chars->no_human && chardev->kind == &stdio_chardev)
        add_monitor(options, "-serial", "serial0", true, false)->is_behind = true;
}

static bool check_named(const Options *options, GError **error)
{
    const CharOptions *chars = &options->chars;
    for (unsigned i = 0; i < chars->serials->len; i++)
        if (!is_there(chars, "-serial", chars->serials->pdata[i], error))
            return false;
    for (unsigned i = 0; i < chars->monitors->len; i++) {
        const MonitorOptions *monitor = chars->monitors->pdata[i];
        if (!is_there(chars, monitor->option, monitor->chardev, error))
            return false;
    }
    if (chars->gdb && !is_there(chars, "-gdb", chars->gdb, error))
        return false;
    for (unsigned i = 0; i < options->devices->len; i++)
        if (vty_of(options, i) && !is_there(chars, "-device spapr-vty", vty_of(options, i)->chardev, error))
            return false;
    return true;
}

bool char_options_resolve(Options *options, GError **error)
{
    CharOptions *chars = &options->chars;
    add_console(options);
    for (unsigned i = 0; i < chars->chardevs->len; i++)
        ((ChardevOptions *)chars->chardevs->pdata[i])->common.escape = chars->escape;
    return check_named(options, error);
}

void char_options_list(GString *text)
{
    for (unsigned i = 0; chardev_kinds[i]; i++) {
        const Kind *kind = &chardev_kinds[i]->kind;
        if (!chardev_kinds[i]->open)
            continue;
        g_string_append_printf(text, "-chardev %s", kind->name);
        kinds_list_keys(common_keys, text);
        kinds_list_keys(kind->keys, text);
        g_string_append_printf(text, "\n        %s\n", kind->help);
    }
}
