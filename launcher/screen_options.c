// What needs a screen, a keyboard or a loudspeaker, of which lparun has none.
#include "screen_options.h"
#include "lparun/error.h"
#include "values.h"
#include <string.h>

bool screen_leave_out(const Options *options, const char *what, GError **error)
{
    if (!options->ignore_display)
        return error_user(error,
            "%s: lparun has no screen, keyboard or sound; leave it out, or add -compat ignore=display", what);
    error_tell("warning: %s is left out: there is no screen, keyboard or sound", what);
    return true;
}

// What is none in a word: "none" itself, or with keys behind it.
static bool is_none(const char *value)
{
    return strcmp(value, "none") == 0 || g_str_has_prefix(value, "none,") ||
           strcmp(value, "driver=none") == 0 || g_str_has_prefix(value, "driver=none,");
}

static bool is_help(const char *value)
{
    return strcmp(value, "help") == 0 || strcmp(value, "?") == 0;
}

bool options_parse_screen(Options *options, const char *option, const char *value, GError **error)
{
    if (value && is_help(value)) {
        options->help = g_strdup("none\n");
        return true;
    }
    if (value && is_none(value))
        return true;
    g_autofree char *what = g_strconcat(option, value ? " " : NULL, value, NULL);
    return screen_leave_out(options, what, error);
}

// In JSON or words; only who drives it matters.
static bool is_silent(const char *option, const char *value, bool *silent, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "driver", error);
    if (values)
        *silent = g_strcmp0(values_take(values, "driver"), "none") == 0;
    return values;
}

bool options_parse_audio(Options *options, const char *option, const char *value, GError **error)
{
    bool silent = is_help(value);
    if (silent)
        options->help = g_strdup("Available audio drivers:\nnone\n");
    else if (!is_silent(option, value, &silent, error))
        return false;
    g_autofree char *what = g_strdup_printf("%s %s", option, value);
    return silent || screen_leave_out(options, what, error);
}

bool options_parse_usb_device(Options *options, const char *option, const char *value, GError **error)
{
    static const char *const kinds[] = { "keyboard", "mouse", "tablet", "wacom-tablet", "braille", NULL };
    g_autofree char *what = g_strdup_printf("%s %s", option, value);
    if (g_strv_contains(kinds, value))
        return screen_leave_out(options, what, error);
    return error_user(error, "%s: lparun has no USB; give a virtio device instead", what);
}

// --- -compat.

static bool read_ignored(const char *text, void *to)
{
    return strcmp(text, "display") == 0 && (*(bool *)to = true);
}

static const Word input_words[] = { { "accept" }, { "reject" }, { "crash" }, { 0 } };
static const Word output_words[] = { { "accept" }, { "hide" }, { 0 } };

#define KEY(key, table, text)                                                                                \
    {                                                                                                        \
        .name = key, .type = KEY_WORD, .at = offsetof(Options, nothing), .words = table, .help = text        \
    }
static const Key keys[] = {
    { "ignore", KEY_READ, offsetof(Options, ignore_display), .read = read_ignored, .value = "display",
        .mend = "it takes display", .help = "leave out what needs a screen, with a warning" },
    KEY("deprecated-input", input_words, "of QMP; lparun has nothing deprecated"),
    KEY("deprecated-output", output_words, "of QMP; lparun has nothing deprecated"),
    KEY("unstable-input", input_words, "of QMP; taken, x-lparun- commands stay"),
    KEY("unstable-output", output_words, "of QMP; taken, x-lparun- events stay"),
    { 0 },
};

bool options_parse_compat(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, NULL, error);
    return values && values_fill(values, keys, options, error);
}

void screen_init(Options *options, char **words)
{
    options->ignore_display = options->qemu_name;
    for (; *words && words[1]; words++)
        if (strcmp(*words + strspn(*words, "-"), "compat") == 0 && strstr(words[1], "ignore=display"))
            options->ignore_display = true;
}
