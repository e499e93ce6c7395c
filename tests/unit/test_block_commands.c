// block_resize, query-block and query-blockstats, on disks of a machine without a CPU.
#include "command.h"
#include "device_kinds.h"
#include "devices.h"
#include "lparun/error.h"
#include "lparun/virtio_blk.h"
#include "scratch_file.h"
#include "storage_options.h"
#include "virtio_guest.h"
#include <glib/gstdio.h>

extern const Command block_commands[];

typedef struct Fixture {
    Guest guest;
    Options options;
    PciHost *host;
    MonitorMachine machine;
    char *path;
} Fixture;

static MonitorConsole console(void *owner)
{
    return (MonitorConsole){ .polls = 5, .waiting = 2 };
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    static const char bytes[8192];
    fixture->path = scratch_file(bytes, sizeof bytes);
    g_autofree char *first = g_strdup_printf("file=%s,if=none,id=d0,node-name=n0", fixture->path);
    g_autofree char *below = g_strdup_printf("file,filename=%s,node-name=f0", fixture->path);
    guest_open(&fixture->guest);
    storage_options_init(&fixture->options);
    kinds_init(&fixture->options);
    if (data) {
        g_assert_true(options_parse_blockdev(&fixture->options, "-blockdev", below, NULL));
        g_assert_true(
            options_parse_blockdev(&fixture->options, "-blockdev", "raw,file=f0,node-name=d0", NULL));
    } else {
        g_assert_true(options_parse_drive(&fixture->options, "-drive", first, NULL));
    }
    g_assert_true(
        options_parse_device(&fixture->options, "-device", "virtio-blk-pci,drive=d0,id=disk", NULL));
    g_assert_true(options_parse_device(&fixture->options, "-device", "virtio-rng-pci", NULL));
    g_assert_true(storage_options_resolve(&fixture->options, NULL));
    fixture->host = pci_host_new(NULL);
    g_autoptr(GError) error = NULL;
    fixture->machine.console = console;
    fixture->machine.devices = devices_new(&fixture->options, &fixture->guest.context, fixture->host, &error);
    if (error) // no direct I/O on this file system
        g_error("%s", error->message);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    devices_free(fixture->machine.devices);
    pci_host_free(fixture->host);
    fixture->guest.device = NULL;
    guest_close(&fixture->guest);
    kinds_clear(&fixture->options);
    storage_options_clear(&fixture->options);
    scratch_remove(fixture->path);
}

static GVariant *run(Fixture *fixture, const char *name, const char *arguments, GError **error)
{
    const Command *command = block_commands;
    while (strcmp(command->name, name))
        command++;
    g_autoptr(GVariant) parsed = g_variant_ref_sink(g_variant_new_parsed(arguments));
    GVariant *result = command->run(&fixture->machine, parsed, error);
    return result ? g_variant_ref_sink(result) : NULL;
}

static VirtioBlk *disk(const Fixture *fixture)
{
    return virtio_blk_of(devices_at(fixture->machine.devices, 0)->device);
}

// The guest's view of the capacity, in sectors.
static uint64_t capacity(Fixture *fixture)
{
    return guest_load(&fixture->guest, GUEST_BAR4 + 0x2000, 8);
}

static void test_resize(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    VirtioPci *pci = virtio_device_pci(virtio_blk_device(disk(fixture)));
    guest_plug(&fixture->guest, virtio_pci_device(pci));
    g_assert_true(guest_negotiate(&fixture->guest, VIRTIO_F_VERSION_1));
    guest_enable_msix(&fixture->guest);
    guest_set_common(&fixture->guest, 0x10, 2, 0);
    guest_driver_ok(&fixture->guest);
    g_assert_cmpuint(capacity(fixture), ==, 16);
    uint32_t source = msix_source(pci_device_msix(fixture->guest.device), 0);
    g_autoptr(GVariant) done =
        run(fixture, "block_resize", "{'device': <'d0'>, 'size': <int64 1048576>}", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(capacity(fixture), ==, 2048);
    g_assert_cmpuint(fake_kvm_edges(fixture->guest.vm, source), ==, 1); // the configuration has changed
    GStatBuf status;
    g_assert_cmpint(g_stat(fixture->path, &status), ==, 0);
    g_assert_cmpint(status.st_size, ==, 1 << 20);
    g_assert_cmpuint(block_size(virtio_blk_block(disk(fixture))), ==, 1 << 20);
    g_autoptr(GVariant) same =
        run(fixture, "block_resize", "{'device': <'disk'>, 'size': <int64 1048576>}", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(fake_kvm_edges(fixture->guest.vm, source), ==, 0); // as it was
}

static void test_resize_wrong(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *arguments, *message;
    } cases[] = {
        { "{'device': <'d1'>, 'size': <int64 1048576>}", "Cannot find device='d1' nor node-name=''" },
        { "{'node-name': <'n'>, 'size': <int64 1048576>}", "Cannot find device='' nor node-name='n'" },
        { "{'device': <'d0'>, 'size': <int64 -1>}", "Parameter 'size' expects a >0 size, a multiple of 512" },
        { "{'device': <'d0'>, 'size': <int64 1000>}",
            "Parameter 'size' expects a >0 size, a multiple of 512" },
        { "{'device': <'d0'>, 'size': <int64 4096>}",
            "Cannot resize 'd0': it has 8192 bytes, and lparun makes no image shorter" },
        { "{'device': <'d0'>, 'size': <int64 9223372036854775296>}", "Cannot resize 'd0': " },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(run(fixture, "block_resize", cases[i].arguments, &error));
        g_assert_true(g_str_has_prefix(error->message, cases[i].message));
        g_assert_cmpuint(block_size(virtio_blk_block(disk(fixture))), ==, 8192);
    }
}

static void test_resize_by_node(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GVariant) done =
        run(fixture, "block_resize", "{'node-name': <'n0'>, 'size': <int64 16384>}", NULL);
    g_assert_nonnull(done);
    g_assert_cmpuint(block_size(virtio_blk_block(disk(fixture))), ==, 16384);
}

static GVariant *only(GVariant *list)
{
    g_assert_cmpuint(g_variant_n_children(list), ==, 1);
    g_autoptr(GVariant) boxed = g_variant_get_child_value(list, 0);
    return g_variant_get_variant(boxed);
}

static void test_queries(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GVariant) blocks = run(fixture, "query-block", "@a{sv} {}", NULL), one = only(blocks);
    const char *text;
    gboolean direct;
    gint64 number;
    g_assert_true(g_variant_lookup(one, "device", "&s", &text));
    g_assert_cmpstr(text, ==, data ? "" : "d0"); // a node is no drive
    g_assert_true(g_variant_lookup(one, "qdev", "&s", &text));
    g_assert_cmpstr(text, ==, "disk");
    g_autoptr(GVariant) inserted = g_variant_lookup_value(one, "inserted", NULL);
    g_assert_true(g_variant_lookup(inserted, "file", "&s", &text));
    g_assert_cmpstr(text, ==, fixture->path);
    g_assert_true(g_variant_lookup(inserted, "node-name", "&s", &text));
    g_assert_cmpstr(text, ==, data ? "d0" : "n0");
    g_assert_true(g_variant_lookup(inserted, "drv", "&s", &text));
    g_assert_cmpstr(text, ==, "raw");
    g_autoptr(GVariant) cache = g_variant_lookup_value(inserted, "cache", NULL);
    g_assert_true(g_variant_lookup(cache, "direct", "b", &direct) && !direct);
    g_autoptr(GVariant) image = g_variant_lookup_value(inserted, "image", NULL);
    g_assert_true(g_variant_lookup(image, "virtual-size", "x", &number));
    g_assert_cmpint(number, ==, 8192);
    g_autoptr(GVariant) stats = run(fixture, "query-blockstats", "@a{sv} {}", NULL), counted = only(stats);
    g_autoptr(GVariant) numbers = g_variant_lookup_value(counted, "stats", NULL);
    g_assert_true(g_variant_lookup(numbers, "rd_operations", "x", &number));
    g_assert_cmpint(number, ==, 0);
}

static gint64 outstanding(Fixture *fixture)
{
    g_autoptr(GVariant) io = run(fixture, "x-lparun-io", "@a{sv} {}", NULL);
    g_autoptr(GVariant) disks = g_variant_lookup_value(io, "disks", NULL), one = only(disks);
    const char *text;
    gint64 number;
    g_assert_true(g_variant_lookup(one, "device", "&s", &text));
    g_assert_cmpstr(text, ==, "d0");
    g_assert_true(g_variant_lookup(one, "qdev", "&s", &text));
    g_assert_cmpstr(text, ==, "disk");
    g_assert_true(g_variant_lookup(one, "done", "x", &number));
    g_assert_cmpint(number, ==, 0);
    g_assert_true(g_variant_lookup(one, "outstanding", "x", &number));
    return number;
}

// What the driver gave and did not get back, whatever else it writes into its ring.
static void test_io(Fixture *fixture, gconstpointer data)
{
    VirtioPci *pci = virtio_device_pci(virtio_blk_device(disk(fixture)));
    GuestQueue queue;
    guest_plug(&fixture->guest, virtio_pci_device(pci));
    g_assert_true(guest_negotiate(&fixture->guest, VIRTIO_F_VERSION_1));
    guest_queue_setup(&queue, &fixture->guest, 0, 8, 0x800000, 1);
    g_assert_true(virtio_pci_hold(pci)); // nothing is taken from here on
    guest_set_avail_index(&queue, 3);
    g_assert_cmpint(outstanding(fixture), ==, 0); // there is no driver yet
    guest_driver_ok(&fixture->guest);
    g_assert_cmpint(outstanding(fixture), ==, 3);
    guest_set_avail_index(&queue, 60000);
    g_assert_cmpint(outstanding(fixture), ==, 8);
    guest_reset(&fixture->guest);
    g_assert_cmpint(outstanding(fixture), ==, 0);
}

static void test_console(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GVariant) io = run(fixture, "x-lparun-io", "@a{sv} {}", NULL);
    g_autoptr(GVariant) side = g_variant_lookup_value(io, "console", NULL);
    gint64 number;
    g_assert_true(g_variant_lookup(side, "polls", "x", &number) && number == 5);
    g_assert_true(g_variant_lookup(side, "waiting", "x", &number) && number == 2);
    g_assert_true(g_variant_lookup(io, "now", "x", &number) && number > 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/block-commands/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("resize", test_resize);
    ADD("resize-wrong", test_resize_wrong);
    ADD("queries", test_queries);
    g_test_add("/block-commands/queries-of-a-node", Fixture, "node", set_up, test_queries, tear_down);
    ADD("resize-by-node", test_resize_by_node);
    ADD("io", test_io);
    ADD("console", test_console);
    return g_test_run();
}
