// SLOF's and GRUB's errors.
#include "firmware.h"
#include "prefix.h"
#include <string.h>

typedef enum {
    OTHER, // a kernel, or nothing yet
    FIRMWARE,
    LOADER,
} Phase;

struct Firmware {
    Phase phase;
    char *error; // what the last device or program failed with; NULL: none did
};

typedef struct Sign {
    const char *start;
    Phase phase;
} Sign;

static const Sign signs[] = {
    { "SLOF ****", FIRMWARE },
    { "Trying to load: ", FIRMWARE },
    { "Welcome to GRUB", LOADER },
    { "Booting `", LOADER },
    { "OF stdout device is: ", OTHER },
    { "Linux version ", OTHER },
};

// Of SLOF's handler of errors (slof/fs/exception.fs); all of them leave the rest of the boot list to be
// tried.
static const char *const errors[] = { "E3400: ", "E3401: ", "E3402: ", "E3403: ", "E3404: ", "E3405: ",
    "E3406: ", "E3407: ", "E3408: ", "E3409: ", "E3410: ", "E3420: ", "W3411: ", "boot attempt returned: " };

// GRUB goes on without a picture.
static const char *const no_errors[] = { "error: no suitable video mode found",
    "error: no video mode activated", "error: terminal `gfxterm'", "error: invalid video mode" };

Firmware *firmware_new(void)
{
    return g_new0(Firmware, 1);
}

void firmware_free(Firmware *firmware)
{
    if (!firmware)
        return;
    g_free(firmware->error);
    g_free(firmware);
}

static void set_error(Firmware *firmware, const char *error)
{
    g_free(firmware->error);
    firmware->error = g_strdup(error);
}

static bool starts_with_any(const char *text, const char *const *starts, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (g_str_has_prefix(text, starts[i]))
            return true;
    return false;
}

static void see_phase(Firmware *firmware, const char *text)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(signs); i++)
        if (g_str_has_prefix(text, signs[i].start))
            firmware->phase = signs[i].phase;
    if (firmware->phase == FIRMWARE && g_str_has_suffix(text, "  Successfully loaded")) {
        firmware->phase = LOADER;
        set_error(firmware, NULL);
    }
}

// A client that comes back ends the loader's phase.
static bool see_error(Firmware *firmware, const char *text)
{
    if (firmware->phase == OTHER || !starts_with_any(text, errors, G_N_ELEMENTS(errors)))
        return false;
    firmware->phase = FIRMWARE;
    set_error(firmware, text);
    return true;
}

static char *error_code(const char *error)
{
    const char *end = strchr(error, ':');
    bool coded = end == error + 5 && g_ascii_isdigit(error[1]);
    return g_strndup(error, coded ? 5 : strlen(error));
}

static Form *give_up(Firmware *firmware)
{
    if (!firmware->error)
        return NULL;
    g_autofree char *code = error_code(firmware->error);
    Form *form = form_new(FORM_FIRMWARE, true, firmware->error, code);
    set_error(firmware, NULL);
    return form;
}

// "error: ../../grub-core/fs/fshelp.c:257:file `/boot/vmlinux' not found."
static Form *loader_error(const char *text)
{
    const char *subject = text + strlen("error: ");
    gsize file = strcspn(subject, ": ");
    if (subject[file] == ':' && g_ascii_isdigit(subject[file + 1])) {
        const char *end = strchr(subject + file + 1, ':');
        subject = end ? end + 1 : subject;
    }
    return form_new(FORM_LOADER, false, text, subject);
}

Form *firmware_line(Firmware *firmware, const char *line)
{
    const char *text = prefix_read(line).text;
    see_phase(firmware, text);
    if (see_error(firmware, text))
        return NULL;
    if (firmware->phase == FIRMWARE && g_str_has_prefix(text, "Ready!"))
        return give_up(firmware);
    text += strspn(text, " ");
    bool failed = firmware->phase == LOADER && g_str_has_prefix(text, "error: ") &&
                  !starts_with_any(text, no_errors, G_N_ELEMENTS(no_errors));
    return failed ? loader_error(text) : NULL;
}

// "0 > ", with the depth of the stack.
static bool is_prompt(const char *text)
{
    gsize digits = strspn(text, "0123456789abcdef");
    return digits > 0 && strcmp(text + digits, " > ") == 0;
}

Form *firmware_partial(Firmware *firmware, const char *text)
{
    return firmware->phase == FIRMWARE && is_prompt(text) ? give_up(firmware) : NULL;
}
