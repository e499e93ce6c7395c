// Devices and objects that QEMU has and lparun has not, and what to do instead.
#include "absent_kinds.h"
#include "lparun/error.h"
#include "screen_options.h"

// A reason for many: their names, which may have a * at the end.
typedef struct Group {
    const char *why; // NULL: only a screen needs them; "": there is nothing to do for them
    const char *const *names;
} Group;

#define NAMES(...)                                                                                           \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }
#define NO_NETWORK "lparun has no network yet; leave it out"
#define USE_VIRTIO_NET "lparun has no network yet, and will have virtio-net-pci; leave it out"
#define NO_SCSI "lparun has no SCSI yet; give the drive to virtio-blk-pci"
#define USE_BLK "give the drive to virtio-blk-pci"
#define NO_PASSING "a host's device cannot be passed through; leave it out"

static const Group devices[] = {
    { NULL, NAMES("VGA", "secondary-vga", "bochs-display", "cirrus-vga", "ati-vga", "qxl", "qxl-vga", "ramfb",
                "virtio-gpu*", "virtio-vga*", "vhost-user-gpu*", "vhost-user-vga", "virtio-keyboard*",
                "virtio-mouse*", "virtio-tablet*", "virtio-multitouch*", "virtio-input-host*",
                "vhost-user-input*", "usb-kbd", "usb-tablet", "usb-mouse", "usb-wacom-tablet", "usb-braille",
                "usb-audio", "usb-hub", "qemu-xhci", "nec-usb-xhci", "pci-ohci", "usb-ehci", "ich9-usb-*",
                "piix3-usb-uhci", "piix4-usb-uhci", "vt82c686b-usb-uhci", "intel-hda", "ich9-intel-hda",
                "hda-*", "AC97", "ES1370", "sb16", "virtio-sound*", "vhost-user-snd*") },
    { "", NAMES("vmcoreinfo") },
    { NO_NETWORK, NAMES("virtio-net*", "vhost-user-vsock*", "vhost-vsock*") },
    { USE_VIRTIO_NET, NAMES("e1000*", "rtl8139", "ne2k_pci", "pcnet", "i825*", "igb", "vmxnet3", "tulip",
                          "sungem", "spapr-vlan", "usb-net", "rocker") },
    { NO_SCSI, NAMES("spapr-vscsi", "virtio-scsi*", "vhost-scsi*", "vhost-user-scsi*", "scsi-*", "lsi*",
                   "megasas*", "mptsas1068", "pvscsi", "am53c974", "dc390") },
    { USE_BLK,
        NAMES("nvme*", "ide-*", "ich9-ahci", "ahci", "cmd646-ide", "piix3-ide", "piix4-ide", "via-ide",
            "usb-storage", "usb-bot", "usb-uas", "sdhci-pci", "sd-card", "floppy", "vhost-user-blk*") },
    { "lparun's virtio devices are modern (1.x) ones; give virtio-blk-pci",
        NAMES("virtio-blk-pci-transitional") },
    { NO_PASSING, NAMES("vfio-*", "spapr-pci-vfio-host-bridge", "usb-host", "usb-redir", "tpm-spapr",
                      "spapr-tpm-proxy", "usb-ccid", "ccid-card-*", "usb-mtp") },
    { "memory and processors cannot be added yet; give all by -m and -smp",
        NAMES("pc-dimm", "nvdimm", "spapr-nvdimm", "virtio-mem*", "virtio-pmem*", "host-spapr-cpu-core",
            "*-spapr-cpu-core") },
    { "lparun has one PCI host bridge and no bridges yet; leave it out, and bus= with it",
        NAMES("spapr-pci-host-bridge", "pci-bridge*", "i82801b11-bridge", "pcie-*", "ioh3420", "x3130-*",
            "xio3130-*") },
    { "lparun does not have it yet; leave it out",
        NAMES("virtio-serial*", "virtconsole", "virtserialport", "virtio-balloon*", "virtio-9p*",
            "vhost-user-fs*", "virtio-crypto*", "vhost-user-rng*", "vhost-user-gpio*", "vhost-user-i2c*",
            "pci-serial*", "usb-serial", "vhost-vdpa*") },
    { "a pseries guest has its own watchdog, H_WATCHDOG, which needs no device; leave it out",
        NAMES("i6300esb", "ib700") },
    { "it has no meaning in a pseries guest; leave it out",
        NAMES("loader", "guest-loader", "generic-sdhci", "edu", "ivshmem*", "pci-testdev", "pvpanic*",
            "tpm-*", "isa-*", "kvm-*", "ipmi-*", "smbus-*", "at24c-eeprom", "u2f-*", "vmgenid", "gpio*",
            "i2c-*") },
};

static const Group objects[] = {
    { "", NAMES("secret", "secret_keyring", "cryptodev-backend*", "qtest", "authz-*") },
    { "lparun has no network yet; leave it out", NAMES("filter-*", "colo-compare", "can-*") },
    { "lparun has no TLS; leave it out, and tls-creds= with it", NAMES("tls-*") },
    { "lparun does not limit a disk's speed yet; leave it out", NAMES("throttle-group") },
    { "lparun has no SCSI yet; leave it out", NAMES("pr-manager-helper") },
    { "give rng-random or rng-builtin", NAMES("rng-egd") },
    { "it has no meaning in a pseries guest; leave it out",
        NAMES("input-*", "dbus-*", "pef-guest", "sev-*", "s390-pv-guest", "tdx-guest", "x-remote-object",
            "x-vfio-user-server", "thread-context", "main-loop", "iommufd", "igvm-cfg", "acpi-*",
            "memory-backend-epc", "can-bus") },
};

static const char *find(const Group *groups, unsigned count, const char *name, bool *found)
{
    for (unsigned i = 0; i < count; i++)
        for (const char *const *pattern = groups[i].names; *pattern; pattern++)
            if ((*found = g_pattern_match_simple(*pattern, name)))
                return groups[i].why;
    return NULL;
}

static const struct {
    const char *option;
    const Group *groups;
    unsigned count;
} families[] = {
    [ABSENT_DEVICE] = { "-device", devices, G_N_ELEMENTS(devices) },
    [ABSENT_OBJECT] = { "-object", objects, G_N_ELEMENTS(objects) },
};

Absent absent_check(AbsentFamily family, const Options *options, const char *name, GError **error)
{
    bool found = false;
    const char *why = find(families[family].groups, families[family].count, name, &found);
    g_autofree char *what = g_strdup_printf("%s %s", families[family].option, name);
    if (!found)
        return ABSENT_UNKNOWN;
    if (!why)
        return screen_leave_out(options, what, error) ? ABSENT_LEFT_OUT : ABSENT_REFUSED;
    if (*why == '\0')
        return ABSENT_LEFT_OUT;
    error_user(error, "%s: %s", what, why);
    return ABSENT_REFUSED;
}
