// -global.
#include "globals.h"
#include "device_kinds.h"
#include "lparun/error.h"
#include "values.h"
#include <string.h>

typedef struct Global {
    char *driver, *property, *value;
} Global;

static const Key keys[] = {
    { "driver", KEY_TEXT, offsetof(Global, driver), .needed = true, .value = "NAME", .help = "the kind" },
    { "property", KEY_TEXT, offsetof(Global, property), .needed = true, .value = "KEY", .help = "its key" },
    { "value", KEY_TEXT, offsetof(Global, value), .needed = true, .empty = true, .help = "its value" },
    { 0 },
};

static void global_free(gpointer data)
{
    keys_clear(keys, data);
    g_free(data);
}

void globals_init(Options *options)
{
    options->globals = g_ptr_array_new_with_free_func(global_free);
}

void globals_clear(Options *options)
{
    g_clear_pointer(&options->globals, g_ptr_array_unref);
}

// The first dot of a short form; or NULL.
static bool read_short(Global *global, const char *text)
{
    const char *equals = strchr(text, '='), *dot = memchr(text, '.', equals ? (size_t)(equals - text) : 0);
    if (!dot || dot == text || dot + 1 == equals)
        return false;
    global->driver = g_strndup(text, (size_t)(dot - text));
    global->property = g_strndup(dot + 1, (size_t)(equals - dot - 1));
    global->value = g_strdup(equals + 1);
    return true;
}

static bool read_long(Global *global, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, NULL, error);
    return values && values_fill(values, keys, global, error);
}

bool options_parse_global(Options *options, const char *option, const char *value, GError **error)
{
    Global *global = g_new0(Global, 1);
    bool is_long = g_str_has_prefix(value, "driver=") || g_str_has_prefix(value, "property=") ||
                   g_str_has_prefix(value, "value=") || *value == '{';
    bool done = is_long ? read_long(global, option, value, error) : read_short(global, value);
    if (!done && !is_long)
        error_user(error, "%s %s: give DRIVER.KEY=VALUE", option, value);
    if (done)
        g_ptr_array_add(options->globals, global);
    else
        global_free(global);
    return done;
}

bool globals_apply(Options *options, const char *driver, GError **error)
{
    bool right = true;
    for (unsigned i = 0; i < options->globals->len; i++) {
        const Global *global = options->globals->pdata[i];
        g_autoptr(GError) why = NULL;
        if (driver && strcmp(driver, global->driver) != 0)
            continue;
        if (!kinds_is_device(global->driver))
            error_tell("warning: -global %s.%s: there is no such device, and nothing to do", global->driver,
                global->property);
        else if (!kinds_set_default(options, global->driver, global->property, global->value, &why))
            right = error_more(error, g_steal_pointer(&why));
    }
    return right;
}
