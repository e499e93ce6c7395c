// The keys of -device that every PCI function has, whatever it is.
#include "device_keys.h"
#include "options.h"
#include <string.h>

// "3", "0x3" or "3.0": QEMU's words.
static bool read_slot(const char *text, void *to)
{
    guint64 number;
    g_autofree char *digits = g_strdup(g_str_has_prefix(text, "0x") ? text + 2 : text);
    if (g_str_has_suffix(digits, ".0"))
        digits[strlen(digits) - 2] = '\0';
    if (!g_ascii_string_to_unsigned(digits, 16, 0, 31, &number, NULL))
        return false;
    *(int *)to = (int)number;
    return true;
}

static const Word buses[] = { { "pci.0" }, { "pci" }, { 0 } };
static const Word nothing[] = { { "" }, { 0 } };

#define ONLY(key, table, why, text)                                                                          \
    {                                                                                                        \
        .name = key, .type = KEY_ONLY, .words = table, .mend = why, .help = text                             \
    }
const Key device_function_keys[] = {
    { "id", KEY_TEXT, offsetof(DeviceOptions, id), .value = "NAME", .help = "its name" },
    { "addr", KEY_READ, offsetof(DeviceOptions, slot), .value = "SLOT", .read = read_slot,
        .mend = "not a PCI slot; give 0 to 1f, hexadecimal (its function is 0)",
        .help = "its PCI slot, hexadecimal (default: the first that is free)" },
    { "bootindex", KEY_NUMBER, offsetof(DeviceOptions, bootindex), .most = G_MAXINT, .value = "N",
        .help = "its place among what firmware starts from" },
    { "event_idx", KEY_SWITCH, offsetof(DeviceOptions, event_index),
        .help = "the driver may say when it wants to be told (default on)" },
    { "indirect_desc", KEY_SWITCH, offsetof(DeviceOptions, indirect),
        .help = "a request may be in a table of its own (default on)" },
    ONLY("bus", buses, "there is one PCI bus; give pci.0, or leave it out", "the one bus there is"),
    ONLY("multifunction", words_off, "a slot has one function; leave it out", "a slot has one function"),
    { .name = "romfile",
        .type = KEY_ONLY,
        .words = nothing,
        .empty = true,
        .help = "there is no ROM",
        .mend = "firmware starts from no ROM; leave it empty, or out" },
    ONLY("rombar", NULL, NULL, "there is no ROM"),
    ONLY("disable-modern", words_off, "lparun's virtio devices are modern (1.x) ones; leave it out",
        "they are modern"),
    ONLY("disable-legacy", words_on, "lparun's virtio devices are modern (1.x) ones; leave it out",
        "they are modern"),
    ONLY("iommu_platform", words_off, "the device reads the guest's memory without an IOMMU; leave it out",
        "there is no IOMMU for them"),
    ONLY("ats", words_off, "there is no IOMMU for the device; leave it out", "there is no IOMMU for them"),
    ONLY("packed", words_off, "rings are split ones; leave it out", "rings are split"),
    ONLY("in_order", words_off, "requests are answered as they are done; leave it out", "as they are done"),
    ONLY("page-per-vq", words_off, "doorbells are where the device says; leave it out",
        "where the device says"),
    ONLY("ioeventfd", words_on, "a doorbell always wakes an iothread; leave it out", "always so"),
    ONLY("any_layout", words_on, "a modern device takes any layout; leave it out", "always so"),
    { 0 },
};
