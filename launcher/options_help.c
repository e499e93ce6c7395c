// What -help says.
#include "option_table.h"

static void list_row(const OptionRow *row, GString *text)
{
    g_string_append_printf(text, "-%s %s\n", row->name, row->value ? row->value : "");
    g_auto(GStrv) lines = g_strsplit(row->help, "\n", 0);
    for (unsigned line = 0; lines[line]; line++)
        g_string_append_printf(text, "        %s\n", lines[line]);
}

char *options_help(void)
{
    g_autoptr(GString) text =
        g_string_new("usage: lparun OPTION...\n"
                     "Runs a pseries guest under KVM on a POWER host. -OPTION and --OPTION are "
                     "the same.\n\n");
    for (unsigned i = 0; i < option_count(); i++) {
        if (option_table[i].list)
            option_table[i].list(text);
        else if (option_table[i].help)
            list_row(&option_table[i], text);
    }
    g_string_append(text,
        "\nExit status: 0 the guest powered off (or rebooted with reboot=shutdown, or you "
        "or the monitor ended it), 1 the host\n"
        "cannot run it, 2 an option is wrong, 3 -probe: the hypercalls do not work, 4 the guest "
        "panicked or\ncannot go on, 128+N ended by signal N.\n");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

// A line a name: the option, how it stands beside QEMU's, and what is different.
char *options_help_qemu(void)
{
    static const char *const places[] = {
        [QEMU_SAME] = "same", [QEMU_PART] = "part", [QEMU_REFUSED] = "refused", [QEMU_NONE] = "lparun's own"
    };
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < option_count(); i++) {
        const OptionRow *row = &option_table[i];
        if (option_find(row->name) == row)
            g_string_append_printf(
                text, "-%s\t%s\t%s\n", row->name, places[row->qemu], row->note ? row->note : "");
    }
    return g_string_free(text, FALSE);
}
