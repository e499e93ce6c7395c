// "info": what QMP's queries return, in QEMU's words.
#include "hmp.h"
#include "../options.h"
#include <string.h>

// --- Looking into what a query returned.

static const char *text_of(GVariant *object, const char *name)
{
    const char *text = "";
    g_variant_lookup(object, name, "&s", &text);
    return text;
}

static gint64 number_of(GVariant *object, const char *name)
{
    gint64 number = 0;
    g_variant_lookup(object, name, "x", &number);
    return number;
}

static bool switch_of(GVariant *object, const char *name)
{
    gboolean value = FALSE;
    g_variant_lookup(object, name, "b", &value);
    return value;
}

// A member that is an object or a list (g_variant_unref); NULL: it is not there.
static GVariant *inner(GVariant *object, const char *name)
{
    return g_variant_lookup_value(object, name, NULL);
}

typedef void Show(Hmp *hmp, GVariant *element);

static void each(Hmp *hmp, GVariant *list, Show *show)
{
    for (gsize i = 0; list && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) boxed = g_variant_get_child_value(list, i);
        g_autoptr(GVariant) element = g_variant_get_variant(boxed);
        show(hmp, element);
    }
}

// Each element of the list that `query` returns.
static void show_each(Hmp *hmp, const char *query, Show *show)
{
    g_autoptr(GVariant) list = hmp_ask(hmp, query, NULL);
    each(hmp, list, show);
}

// --- The machine.

static void show_status(Hmp *hmp, char **words)
{
    g_autoptr(GVariant) status = hmp_ask(hmp, "query-status", NULL);
    const char *word = text_of(status, "status");
    bool plain = strcmp(word, "running") == 0 || strcmp(word, "paused") == 0;
    hmp_say(hmp, "VM status: %s%s%s%s\n", switch_of(status, "running") ? "running" : "paused",
        plain ? "" : " (", plain ? "" : word, plain ? "" : ")");
}

static void show_version(Hmp *hmp, char **words)
{
    hmp_say(hmp, QEMU_VERSION " (lparun " LPARUN_VERSION ")\n");
}

static void show_name(Hmp *hmp, char **words)
{
    g_autoptr(GVariant) name = hmp_ask(hmp, "query-name", NULL);
    const char *text = name ? text_of(name, "name") : "";
    if (*text)
        hmp_say(hmp, "%s\n", text);
}

static void show_uuid(Hmp *hmp, char **words)
{
    g_autoptr(GVariant) uuid = hmp_ask(hmp, "query-uuid", NULL);
    if (uuid)
        hmp_say(hmp, "%s\n", text_of(uuid, "UUID"));
}

static void show_kvm(Hmp *hmp, char **words)
{
    g_autoptr(GVariant) kvm = hmp_ask(hmp, "query-kvm", NULL);
    if (kvm)
        hmp_say(hmp, "kvm support: %s\n", switch_of(kvm, "enabled") ? "enabled" : "disabled");
}

static void show_cpu(Hmp *hmp, GVariant *cpu)
{
    gint64 index = number_of(cpu, "cpu-index");
    hmp_say(hmp, "%c CPU #%" G_GINT64_FORMAT ": thread_id=%" G_GINT64_FORMAT "\n",
        index == hmp->cpu ? '*' : ' ', index, number_of(cpu, "thread-id"));
}

static void show_cpus(Hmp *hmp, char **words)
{
    show_each(hmp, "query-cpus-fast", show_cpu);
}

static void show_iothread(Hmp *hmp, GVariant *iothread)
{
    hmp_say(hmp, "%s:\n  thread_id=%" G_GINT64_FORMAT "\n", text_of(iothread, "id"),
        number_of(iothread, "thread-id"));
}

static void show_iothreads(Hmp *hmp, char **words)
{
    show_each(hmp, "query-iothreads", show_iothread);
}

static void show_memory_size(Hmp *hmp, char **words)
{
    g_autoptr(GVariant) summary = hmp_ask(hmp, "query-memory-size-summary", NULL);
    if (summary)
        hmp_say(hmp, "base memory: %" G_GINT64_FORMAT "\n", number_of(summary, "base-memory"));
}

static void show_memory_device(Hmp *hmp, GVariant *device)
{
    hmp_say(hmp, "Memory device [%s]\n", text_of(device, "type"));
}

static void show_memory_devices(Hmp *hmp, char **words)
{
    show_each(hmp, "query-memory-devices", show_memory_device);
}

static void show_backend(Hmp *hmp, GVariant *backend)
{
    hmp_say(hmp, "memory backend: %s\n  size:  %" G_GINT64_FORMAT "\n  prealloc: %s\n  share: %s\n",
        text_of(backend, "id"), number_of(backend, "size"), switch_of(backend, "prealloc") ? "true" : "false",
        switch_of(backend, "share") ? "true" : "false");
}

static void show_backends(Hmp *hmp, char **words)
{
    show_each(hmp, "query-memdev", show_backend);
}

// --- Devices.

static void show_chardev(Hmp *hmp, GVariant *chardev)
{
    hmp_say(hmp, "%s: filename=%s\n", text_of(chardev, "label"), text_of(chardev, "filename"));
}

static void show_chardevs(Hmp *hmp, char **words)
{
    show_each(hmp, "query-chardev", show_chardev);
}

static const char *cache_word(GVariant *cache)
{
    return switch_of(cache, "no-flush")    ? "unsafe"
           : switch_of(cache, "direct")    ? (switch_of(cache, "writeback") ? "none" : "directsync")
           : switch_of(cache, "writeback") ? "writeback"
                                           : "writethrough";
}

static void show_inserted(Hmp *hmp, GVariant *disk, GVariant *inserted)
{
    g_autoptr(GVariant) cache = inner(inserted, "cache");
    hmp_say(hmp, ": %s (%s%s)\n    Attached to:      %s\n    Cache mode:       %s\n",
        text_of(inserted, "file"), text_of(inserted, "drv"), switch_of(inserted, "ro") ? ", read-only" : "",
        text_of(disk, "qdev"), cache ? cache_word(cache) : "");
}

static void show_disk(Hmp *hmp, GVariant *disk)
{
    g_autoptr(GVariant) inserted = inner(disk, "inserted");
    const char *name = text_of(disk, "device");
    hmp_say(hmp, "%s", *name ? name : text_of(disk, "qdev"));
    if (inserted)
        show_inserted(hmp, disk, inserted);
    else
        hmp_say(hmp, ": [not inserted]\n");
}

static void show_disks(Hmp *hmp, char **words)
{
    show_each(hmp, "query-block", show_disk);
}

static void show_disk_counts(Hmp *hmp, GVariant *disk)
{
    static const char *const names[] = { "rd_bytes", "wr_bytes", "rd_operations", "wr_operations",
        "flush_operations" };
    g_autoptr(GVariant) stats = inner(disk, "stats");
    hmp_say(hmp, "%s:", text_of(disk, "device"));
    for (unsigned i = 0; stats && i < G_N_ELEMENTS(names); i++)
        hmp_say(hmp, " %s=%" G_GINT64_FORMAT, names[i], number_of(stats, names[i]));
    hmp_say(hmp, "\n");
}

static void show_disks_counts(Hmp *hmp, char **words)
{
    show_each(hmp, "query-blockstats", show_disk_counts);
}

static void show_region(Hmp *hmp, GVariant *region)
{
    gint64 address = number_of(region, "address"), size = number_of(region, "size");
    hmp_say(hmp,
        "      BAR%" G_GINT64_FORMAT ": %u bit%s memory at 0x%08" G_GINT64_MODIFIER
        "x [0x%08" G_GINT64_MODIFIER "x].\n",
        number_of(region, "bar"), switch_of(region, "mem_type_64") ? 64 : 32,
        switch_of(region, "prefetch") ? " prefetchable" : "", address, address + size - 1);
}

static void show_function(Hmp *hmp, GVariant *device)
{
    g_autoptr(GVariant) class = inner(device, "class_info"), id = inner(device, "id");
    g_autoptr(GVariant) regions = inner(device, "regions");
    hmp_say(hmp,
        "  Bus %2" G_GINT64_FORMAT ", device %3" G_GINT64_FORMAT ", function %" G_GINT64_FORMAT ":\n",
        number_of(device, "bus"), number_of(device, "slot"), number_of(device, "function"));
    const char *what = class ? text_of(class, "desc") : "";
    hmp_say(hmp, "    %s: PCI device %04x:%04x\n", *what ? what : "Class",
        id ? (unsigned)number_of(id, "vendor") : 0, id ? (unsigned)number_of(id, "device") : 0);
    each(hmp, regions, show_region);
    hmp_say(hmp, "      id \"%s\"\n", text_of(device, "qdev_id"));
}

static void show_bus(Hmp *hmp, GVariant *bus)
{
    g_autoptr(GVariant) devices = inner(bus, "devices");
    each(hmp, devices, show_function);
}

static void show_pci(Hmp *hmp, char **words)
{
    show_each(hmp, "query-pci", show_bus);
}

static void show_nothing(Hmp *hmp, char **words)
{
}

const HmpRow hmp_info[] = {
    { "balloon", NULL, "", "the balloon", NULL, "no balloon device has been activated" },
    { "block", NULL, "", "disks", show_disks },
    { "blockstats", NULL, "", "disks' counts", show_disks_counts },
    { "chardev", NULL, "", "chardevs", show_chardevs },
    { "cpus", NULL, "", "vCPUs and their threads", show_cpus },
    { "iothreads", NULL, "", "threads that serve devices", show_iothreads },
    { "kvm", NULL, "", "whether KVM runs the guest", show_kvm },
    { "memdev", NULL, "", "memory objects", show_backends },
    { "memory-devices", NULL, "", "memory that was added", show_memory_devices },
    { "memory_size_summary", NULL, "", "how much memory there is", show_memory_size },
    { "mtree", NULL, "", "what lies where in the guest's address space", hmp_show_address_space },
    { "name", NULL, "", "the guest's name", show_name },
    { "network", NULL, "", "networks, of which there is none", show_nothing },
    { "pci", NULL, "", "PCI functions", show_pci },
    { "qtree", NULL, "", "devices and what they are on", hmp_show_devices },
    { "registers", NULL, "[-a]", "the vCPU's registers; -a: all vCPUs'", hmp_show_registers },
    { "status", NULL, "", "whether the guest runs", show_status },
    { "usb", NULL, "", "USB devices, of which there is none", show_nothing },
    { "uuid", NULL, "", "the machine's UUID", show_uuid },
    { "version", NULL, "", "the version", show_version },
    { 0 },
};
