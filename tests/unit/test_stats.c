// -stats: one JSON object, whatever the ids in it are.
#include "device_kinds.h"
#include "devices.h"
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include "lparun/rtas.h"
#include "partition.h"
#include "scratch_file.h"
#include "stats.h"
#include "storage_options.h"
#include <string.h>

// --- JSON, as far as it is needed to say whether a text is some (RFC 8259).

static bool skip_value(const char **text);

static void skip_space(const char **text)
{
    *text += strspn(*text, " \t\r\n");
}

static bool skip_string(const char **text)
{
    if (*(*text)++ != '"')
        return false;
    for (; **text != '"'; ++*text) {
        if ((unsigned char)**text < 0x20)
            return false;
        if (**text == '\\' && !strchr("\"\\/bfnrtu", *++*text))
            return false;
    }
    ++*text;
    return true;
}

// Members or elements up to `close`; members have a name.
static bool skip_list(const char **text, char close)
{
    ++*text;
    skip_space(text);
    if (**text == close)
        return ++*text;
    for (;;) {
        skip_space(text);
        if (close == '}') {
            if (!skip_string(text))
                return false;
            skip_space(text);
            if (*(*text)++ != ':')
                return false;
        }
        if (!skip_value(text))
            return false;
        char next = *(*text)++;
        if (next != ',')
            return next == close;
    }
}

static bool skip_value(const char **text)
{
    skip_space(text);
    bool ok = **text == '{'   ? skip_list(text, '}')
              : **text == '[' ? skip_list(text, ']')
              : **text == '"' ? skip_string(text)
                              : g_ascii_isdigit(**text);
    *text += strspn(*text, "0123456789");
    skip_space(text);
    return ok;
}

static void assert_json(const char *text)
{
    const char *end = text;
    if (*text != '{' || !skip_value(&end) || *end)
        g_error("not JSON at '%s' of:\n%s", end, text);
}

// --- A machine with disks, and its statistics.

typedef struct Fixture {
    Partition partition;
    InterruptController *interrupts;
    PartList *parts;
    PciHost *pci;
    Devices *devices;
    Options options;
    VirtioContext context;
    GPtrArray *ops;
} Fixture;

// `slot` -1: the first free one.
static void add_disk(Fixture *fixture, const char *path, const char *id, int slot)
{
    unsigned number = fixture->options.drives->len;
    g_autofree char *drive = g_strdup_printf("file=%s,if=none,readonly=on,id=d%u", path, number);
    g_autofree char *device = g_strdup_printf("virtio-blk-pci,drive=d%u,id=%s", number, id);
    g_assert_true(options_parse_drive(&fixture->options, "-drive", drive, NULL));
    g_assert_true(options_parse_device(&fixture->options, "-device", device, NULL));
    DeviceOptions *options = fixture->options.devices->pdata[fixture->options.devices->len - 1];
    options->slot = slot;
}

static char *write_stats(Fixture *fixture)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);
    stats_write(file, fixture->parts);
    g_assert_cmpint(fclose(file), ==, 0);
    assert_json(text);
    return text;
}

// The fixture frees its parts itself.
static void add(Fixture *fixture, const PartOps *ops, void *part)
{
    PartOps *counts = g_new0(PartOps, 1);
    *counts = (PartOps){ .kind = ops->kind, .count = ops->count };
    part_list_add(fixture->parts, counts, part);
    g_ptr_array_add(fixture->ops, counts);
}

static void open_machine(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    Partition *partition = &fixture->partition;
    fixture->interrupts = interrupt_controller_new(partition->vm, NULL);
    fixture->pci = pci_host_new(NULL);
    fixture->context = (VirtioContext){ .vm = partition->vm,
        .bus = partition->bus,
        .memory = partition->memory,
        .interrupts = fixture->interrupts };
    fixture->devices = devices_new(&fixture->options, &fixture->context, fixture->pci, &error);
    g_assert_no_error(error);
    fixture->parts = part_list_new();
    add(fixture, &vcpu_set_part, partition->vcpus);
    add(fixture, &interrupt_controller_part, fixture->interrupts);
    add(fixture, &devices_part, fixture->devices);
    add(fixture, &hypercall_table_part, partition->hypercalls);
    add(fixture, &rtas_table_part, partition->rtas);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    partition_open(&fixture->partition, 2);
    fixture->ops = g_ptr_array_new_with_free_func(g_free);
    storage_options_init(&fixture->options);
    kinds_init(&fixture->options);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    part_list_free(fixture->parts);
    g_ptr_array_unref(fixture->ops);
    devices_free(fixture->devices);
    pci_host_free(fixture->pci);
    interrupt_controller_free(fixture->interrupts);
    partition_close(&fixture->partition);
    storage_options_clear(&fixture->options);
    kinds_clear(&fixture->options);
}

static void test_empty(Fixture *fixture, gconstpointer data)
{
    open_machine(fixture);
    free(write_stats(fixture));
}

static void test_counts(Fixture *fixture, gconstpointer data)
{
    static const char bytes[4096];
    char *path = scratch_file(bytes, sizeof bytes);
    add_disk(fixture, path, "disk \"one\" \\ \x01\n", -1);
    add_disk(fixture, path, "two", -1);
    open_machine(fixture);
    partition_call(&fixture->partition, 0x888, 0);
    partition_call(&fixture->partition, 0x88c, 0);
    uint32_t output[1];
    partition_rtas_at(&fixture->partition, 0x4000, 0x7777, 0, NULL, 1, output);
    interrupt_line_pulse(interrupt_line_new(fixture->interrupts, 0x1100, NULL));
    KvmVcpu *second = vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, 1));
    const FakeExit exit = { .reason = KVM_EXIT_PAPR_HCALL, .number = 0x888 };
    const VcpuEntry entry = { .pc = 0x100 };
    fake_vcpu_exit(second, &exit);
    vcpu_start(vcpu_set_at(fixture->partition.vcpus, 1), &entry);
    g_assert_true(fake_vcpu_wait(second, 1));
    vcpu_set_park_all(fixture->partition.vcpus);
    char *text = write_stats(fixture);
    g_assert_nonnull(strstr(text, "\"PAPR_HCALL\": 1"));
    g_assert_nonnull(strstr(text, "\"unknown\": 3"));       // hypercalls
    g_assert_nonnull(strstr(text, "\"KVMPPC_H_RTAS\": 1")); // and the RTAS call
    g_assert_nonnull(strstr(text, "\"unknown\": 1"));
    g_assert_nonnull(strstr(text, "\"disk \\\"one\\\" \\\\ \\u0001\\u000a\""));
    g_assert_nonnull(strstr(text, "\"two\", \"reads\": 0"));
    g_assert_nonnull(strstr(text, "{ \"source\": 4352, \"pulses\": 1 }"));
    g_assert_nonnull(strstr(text, "\"fired\": 0, \"rung\": 0"));
    free(text);
    scratch_remove(path);
}

static void assert_source(Fixture *fixture, unsigned slot)
{
    const PciDevice *device = pci_host_find(fixture->pci, PHB_BUID, slot << 11);
    const Msix *msix = pci_device_msix((PciDevice *)device);
    for (unsigned i = 0; i < msix_vectors(msix); i++)
        g_assert_cmphex(msix_source(msix, i), ==, 0x1300 + slot * 104 + i);
}

// A disk's interrupts are its slot's, whichever disks come before it.
static void test_sources(Fixture *fixture, gconstpointer data)
{
    static const char bytes[4096];
    char *path = scratch_file(bytes, sizeof bytes);
    static const int slots[] = { 31, -1, 2 };
    for (unsigned i = 0; i < G_N_ELEMENTS(slots); i++) {
        g_autofree char *id = g_strdup_printf("%u", i);
        add_disk(fixture, path, id, slots[i]);
    }
    open_machine(fixture);
    assert_source(fixture, 31);
    assert_source(fixture, 0);
    assert_source(fixture, 2);
    scratch_remove(path);
}

// Exits that have no name are one number.
static void test_others(Fixture *fixture, gconstpointer data)
{
    static const uint32_t reasons[] = { 1, 30 };
    open_machine(fixture);
    for (unsigned i = 0; i < 2; i++) {
        const FakeExit exit = { .reason = reasons[i] };
        const VcpuEntry entry = { .pc = 0x100 };
        fake_vcpu_exit(vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, i)), &exit);
        vcpu_start(vcpu_set_at(fixture->partition.vcpus, i), &entry);
        g_assert_true(fake_vcpu_wait(vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, i)), 1));
    }
    vcpu_set_park_all(fixture->partition.vcpus);
    char *text = write_stats(fixture);
    g_assert_nonnull(strstr(text, "\"OTHER\": 2"));
    free(text);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/stats/empty", Fixture, NULL, set_up, test_empty, tear_down);
    g_test_add("/stats/counts", Fixture, NULL, set_up, test_counts, tear_down);
    g_test_add("/stats/others", Fixture, NULL, set_up, test_others, tear_down);
    g_test_add("/stats/sources", Fixture, NULL, set_up, test_sources, tear_down);
    return g_test_run();
}
