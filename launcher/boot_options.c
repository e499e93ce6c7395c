// -boot and -prom-env.
#include "boot_options.h"
#include "lparun/boot.h"
#include "lparun/error.h"
#include "values.h"
#include <string.h>

void boot_options_init(BootOptions *boot)
{
    *boot = (BootOptions){
        .variables = g_ptr_array_new_with_free_func(g_free),
        .folders = g_ptr_array_new_with_free_func(g_free),
    };
}

void boot_options_clear(BootOptions *boot)
{
    g_clear_pointer(&boot->order, g_free);
    g_clear_pointer(&boot->once, g_free);
    g_clear_pointer(&boot->variables, g_ptr_array_unref);
    g_clear_pointer(&boot->folders, g_ptr_array_unref);
}

// QEMU's letters, of which firmware knows c, d and n.
static bool read_order(const char *text, void *to)
{
    for (const char *letter = text; *letter; letter++)
        if (*letter < 'a' || *letter > 'p' || strchr(letter + 1, *letter))
            return false;
    char **held = to;
    g_free(*held);
    *held = g_strdup(text);
    return true;
}

#define ORDER_MEND "give letters, each once: c a disk, d a CD-ROM, n the network"
static const Key keys[] = {
    { "order", KEY_READ, offsetof(BootOptions, order), .read = read_order, .value = "LETTERS",
        .mend = ORDER_MEND, .help = "what firmware starts from: c, d, n, in the order to be tried" },
    { "once", KEY_READ, offsetof(BootOptions, once), .read = read_order, .value = "LETTERS",
        .mend = ORDER_MEND, .help = "the same, until the guest is reset for the first time" },
    { "menu", KEY_SWITCH, offsetof(BootOptions, menu), .help = "firmware offers a choice (F12)" },
    { "strict", KEY_SWITCH, offsetof(BootOptions, strict), .help = "start from nothing without a bootindex" },
    { "splash", KEY_ONLY, .value = "FILE", .help = "there is no screen" },
    { "splash-time", KEY_ONLY, .value = "MS", .help = "there is no screen" },
    { "reboot-timeout", KEY_ONLY, .value = "MS", .help = "SLOF has none" },
    { 0 },
};

bool boot_options_parse(BootOptions *boot, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "order", error);
    return values && values_fill(values, keys, boot, error);
}

bool boot_options_parse_variable(BootOptions *boot, const char *option, const char *value, GError **error)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value)
        return error_user(error, "%s %s: not a variable of firmware's; give NAME=VALUE", option, value);
    g_ptr_array_add(boot->variables, g_strdup(value));
    return true;
}

// QEMU looks there for the default's name, too.
char *boot_options_bios(const BootOptions *boot, const char *bios)
{
    if (bios && g_file_test(bios, G_FILE_TEST_EXISTS))
        return NULL;
    const char *name = bios ? bios : "slof.bin";
    for (unsigned i = 0; i < boot->folders->len; i++) {
        g_autofree char *path = g_build_filename(boot->folders->pdata[i], name, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
    }
    return NULL;
}

char *boot_options_folders(void)
{
    GString *text = g_string_new(NULL);
    for (const char *const *place = boot_places; *place; place++) {
        g_autofree char *folder = g_path_get_dirname(*place);
        g_string_append_printf(text, "%s\n", folder);
    }
    return g_string_free(text, FALSE);
}

const char *boot_options_order(const BootOptions *boot, bool first)
{
    return first && boot->once ? boot->once : boot->order;
}
