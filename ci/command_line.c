// Command lines of lparun.
#include "command_line.h"
#include <glib/gstdio.h>
#include <string.h>

Place *place_new(const char *folder, const Boot *boot)
{
    Place *place = g_new0(Place, 1);
    place->folder = g_strdup(folder);
    place->socket = g_build_filename(folder, "qmp", NULL);
    place->stats = g_build_filename(folder, "stats", NULL);
    place->disks = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < boot->disks->len; i++)
        g_ptr_array_add(place->disks, g_strdup_printf("%s/disk%u", folder, i));
    return place;
}

void place_free(Place *place)
{
    for (unsigned i = 0; i < place->disks->len; i++)
        g_unlink(place->disks->pdata[i]);
    exec_files_free(place->exec);
    g_unlink(place->socket);
    g_unlink(place->stats);
    g_rmdir(place->folder);
    g_ptr_array_unref(place->disks);
    g_free(place->folder);
    g_free(place->socket);
    g_free(place->stats);
    g_free(place);
}

static void add(GPtrArray *words, const char *option, char *value)
{
    g_ptr_array_add(words, g_strdup(option));
    g_ptr_array_add(words, value);
}

static void add_text(GPtrArray *words, const char *option, const char *value)
{
    if (value)
        add(words, option, g_strdup(value));
}

char *command_line_value(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", 0);
    return g_strjoinv(",,", parts);
}

static void add_disks(GPtrArray *words, const Place *place)
{
    for (unsigned i = 0; i < place->disks->len; i++) {
        g_autofree char *path = command_line_value(place->disks->pdata[i]);
        add(words, "-drive", g_strdup_printf("file=%s,if=virtio,format=raw,cache=unsafe", path));
    }
}

// The same in each run of a boot, so that runs are alike.
static char *uuid_of(const char *name)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
    return g_strdup_printf("%.8s-%.4s-5%.3s-8%.3s-%.12s", sum, sum + 8, sum + 13, sum + 17, sum + 20);
}

// A command's guest starts at once, by its own ramdisk; the rest is as the boot has it.
static void add_start(GPtrArray *words, const Boot *boot, const ExecFiles *exec)
{
    g_autofree char *append =
        exec ? g_strconcat(exec->append, " ", boot->append ? boot->append : "console=hvc0", NULL)
             : g_strdup(boot->append);
    add_text(words, "-bios", boot->bios || !exec ? boot->bios : "none");
    add_text(words, "-kernel", boot->kernel);
    add_text(words, "-initrd", exec ? exec->initrd : boot->initrd);
    add_text(words, "-append", append);
    for (char **word = exec ? exec->options : NULL; word && *word; word++)
        g_ptr_array_add(words, g_strdup(*word));
}

GStrv command_line(const Boot *boot, const Place *place)
{
    GPtrArray *words = g_ptr_array_new();
    g_autofree char *socket = command_line_value(place->socket);
    g_ptr_array_add(words, g_strdup(boot->lparun));
    add(words, "-qmp", g_strdup_printf("unix:%s,server=on,wait=off", socket));
    add(words, "-action",
        g_strdup_printf("reboot=%s,shutdown=pause,panic=pause", boot->reboots ? "reset" : "shutdown"));
    add_text(words, "-stats", place->stats);
    add(words, "-uuid", uuid_of(boot->name));
    add_start(words, boot, place->exec);
    add_text(words, "-m", boot->memory);
    add_text(words, "-smp", boot->smp);
    add_text(words, "-machine", boot->machine);
    add_disks(words, place);
    for (char **word = boot->more; word && *word; word++)
        g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_free(words, FALSE);
}
