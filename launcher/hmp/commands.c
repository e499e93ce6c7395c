// The human monitor's commands.
#include "hmp.h"
#include "../values.h"
#include <string.h>

static void order(Hmp *hmp, const char *command)
{
    g_autoptr(GVariant) result = hmp_ask(hmp, command, NULL);
}

#define ORDER(name, command)                                                                                 \
    static void name(Hmp *hmp, char **words)                                                                 \
    {                                                                                                        \
        order(hmp, command);                                                                                 \
    }
ORDER(go_on, "cont")
ORDER(nmi, "inject-nmi")
ORDER(power_down, "system_powerdown")
ORDER(quit, "quit")
ORDER(reset, "system_reset")
ORDER(stop, "stop")

static void choose_cpu(Hmp *hmp, char **words)
{
    guint64 index;
    if (!words[0] || !g_ascii_string_to_unsigned(
                         words[0], 10, 0, hmp->machine->cpus(hmp->machine->owner) - 1, &index, NULL))
        hmp_say(hmp, "Error: Parameter 'index' expects a CPU number\n");
    else
        hmp->cpu = (unsigned)index;
}

// /x and its like; only how the number is shown.
static void print(Hmp *hmp, char **words)
{
    bool has_format = words[0] && words[0][0] == '/';
    char format = has_format ? words[0][strlen(words[0]) - 1] : 'd';
    g_autofree char *text = g_strjoinv(" ", words + has_format);
    uint64_t value;
    if (!hmp_number(hmp, text, &value))
        return;
    if (format == 'x')
        hmp_say(hmp, "0x%" G_GINT64_MODIFIER "x\n", value);
    else if (format == 'o')
        hmp_say(hmp, "0%" G_GINT64_MODIFIER "o\n", value);
    else if (format == 'u')
        hmp_say(hmp, "%" G_GUINT64_FORMAT "\n", value);
    else
        hmp_say(hmp, "%" G_GINT64_FORMAT "\n", (gint64)value);
}

static void resize(Hmp *hmp, char **words)
{
    uint64_t size;
    if (!words[0] || !words[1] || !size_parse(words[1], 1 << 20, &size) || size > G_MAXINT64) {
        hmp_say(hmp, "Error: block_resize takes a device and a size\n");
        return;
    }
    GVariantBuilder *arguments = command_object();
    command_add(arguments, "device", g_variant_new_string(words[0]));
    command_add(arguments, "size", g_variant_new_int64((gint64)size));
    g_autoptr(GVariant) result = hmp_ask(hmp, "block_resize", command_end(arguments));
}

#define NO_MOVING "a guest of lparun's cannot be saved or moved"
#define NO_SCREEN "lparun has no screen, keyboard or mouse"
#define NO_REMOVABLE "no device of lparun's has a medium that can be changed"

const HmpRow hmp_commands[] = {
    { "block_resize", NULL, "device size", "make a disk larger; the size is in MiB, or with K, M, G, T",
        resize },
    { "change", NULL, "", "", NULL, NO_REMOVABLE },
    { "cont", "c", "", "let the guest go on", go_on },
    { "cpu", NULL, "index", "the vCPU that is looked at", choose_cpu },
    { "eject", NULL, "", "", NULL, NO_REMOVABLE },
    { "help", "?", "[command]", "this list", hmp_help },
    { "info", NULL, "[subject]", "what there is", hmp_show },
    { "loadvm", NULL, "", "", NULL, NO_MOVING },
    { "migrate", NULL, "", "", NULL, NO_MOVING },
    { "mouse_move", NULL, "", "", NULL, NO_SCREEN },
    { "nmi", NULL, "", "a system reset interrupt, on all vCPUs", nmi },
    { "print", "p", "/fmt expression", "a number: /d /u /x /o", print },
    { "quit", "q", "", "end the guest", quit },
    { "savevm", NULL, "", "", NULL, NO_MOVING },
    { "screendump", NULL, "", "", NULL, NO_SCREEN },
    { "sendkey", NULL, "", "", NULL, NO_SCREEN },
    { "stop", "s", "", "stop the guest", stop },
    { "system_powerdown", NULL, "", "press the power button", power_down },
    { "system_reset", NULL, "", "reset the machine", reset },
    { "x", NULL, "/fmt addr", "memory: a count, x d u o c or s, and b h w or g (1 to 8 bytes)",
        hmp_show_virtual },
    { "xp", NULL, "/fmt addr", "physical memory, the same", hmp_show_physical },
    { 0 },
};
