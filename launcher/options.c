// The command line: QEMU's names and meanings, and a few of lparun's own.
#include "options.h"
#include "key_values.h"
#include "lparun/block.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include "rtc.h"
#include "smp.h"
#include <getopt.h>
#include <string.h>

#define DEFAULT_MEMORY (512ULL << 20) // QEMU's for pseries
#define MEMORY_MINIMUM (256ULL << 20) // SLOF and a kernel find no room in less
#define MEMORY_STEP (16ULL << 20) // Linux's sections (SECTION_SIZE_BITS): 6.1 does not start with less of one

typedef bool (*Parse)(Options *options, const char *option, const char *value, GError **error);

static bool wrong(const char *option, const char *value, const char *mend, GError **error)
{
    return error_user(error, "%s %s: %s", option, value, mend);
}

static bool check_memory(const Options *options, const char *option, const char *value, GError **error)
{
    if (options->memory < MEMORY_MINIMUM)
        return wrong(option, value, "too little memory; give at least 256M", error);
    if (options->memory % MEMORY_STEP)
        return wrong(
            option, value, "Linux takes memory in sections of 16 MiB; give a multiple of 16M", error);
    if (options->memory > PCI_WINDOWS)
        return wrong(option, value, "it would reach into the PCI windows; give at most 32T", error);
    return true;
}

static bool parse_memory(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(KeyValues) values = key_values_parse(option, value, "size", error);
    if (!values)
        return false;
    const char *size = key_values_take(values, "size");
    if (!key_values_finish(values, "size=", error))
        return false;
    if (!size || !size_parse(size, 1 << 20, &options->memory))
        return wrong(option, value, "not a size; give MiB, or a number with K, M, G or T", error);
    options->memory_given = true;
    return check_memory(options, option, value, error);
}

static bool parse_smp(Options *options, const char *option, const char *value, GError **error)
{
    return smp_parse(option, value, &options->cpus, &options->threads, error);
}

static void set(char **to, const char *value)
{
    g_free(*to);
    *to = g_strdup(value);
}

static bool parse_mem_path(Options *options, const char *option, const char *value, GError **error)
{
    set(&options->memory_options.path, value);
    return true;
}

static bool parse_mem_prealloc(Options *options, const char *option, const char *value, GError **error)
{
    options->memory_options.prealloc = true;
    return true;
}

static bool parse_numa(Options *options, const char *option, const char *value, GError **error)
{
    return memory_options_parse_numa(&options->memory_options, option, value, error);
}

static bool parse_bios(Options *options, const char *option, const char *value, GError **error)
{
    set(&options->bios, value);
    return true;
}

static bool parse_kernel(Options *options, const char *option, const char *value, GError **error)
{
    set(&options->kernel, value);
    return true;
}

static bool parse_initrd(Options *options, const char *option, const char *value, GError **error)
{
    set(&options->initrd, value);
    return true;
}

static bool parse_append(Options *options, const char *option, const char *value, GError **error)
{
    set(&options->append, value);
    return true;
}

static bool parse_stats(Options *options, const char *option, const char *value, GError **error)
{
    set(&options->stats, value);
    return true;
}

static bool parse_uuid(Options *options, const char *option, const char *value, GError **error)
{
    if (!g_uuid_string_is_valid(value))
        return wrong(option, value, "not a UUID; give one as uuidgen prints it", error);
    set(&options->uuid, value);
    return true;
}

// For the options that have one value, or a few that mean the same here.
static bool parse_one_of(const char *option, const char *value, const char *const *words, GError **error)
{
    if (g_strv_contains(words, value))
        return true;
    g_autofree char *list = g_strjoinv(" or ", (char **)words);
    g_autofree char *mend = g_strdup_printf("lparun has not that one; give %s", list);
    return wrong(option, value, mend, error);
}

static bool parse_hash_order(const char *text, unsigned *order)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, MMU_HASH_ORDER_MIN, MMU_HASH_ORDER_MAX, &number, NULL))
        return false;
    *order = (unsigned)number;
    return true;
}

static bool parse_machine(Options *options, const char *option, const char *value, GError **error)
{
    static const char *const types[] = { "pseries", NULL }, *const accelerators[] = { "kvm", NULL };
    static const char *const mmus[] = { "auto", "radix", "hash", NULL };
    static const char *const modes[] = { "dual", "xics", "xive", NULL };
    g_autoptr(KeyValues) values = key_values_parse(option, value, "type", error);
    if (!values)
        return false;
    const char *type = key_values_take(values, "type"), *accelerator = key_values_take(values, "accel");
    const char *mmu = key_values_take(values, "mmu"), *order = key_values_take(values, "hpt-order");
    const char *compat = key_values_take(values, "max-cpu-compat"),
               *mode = key_values_take(values, "ic-mode");
    const char *firmware = key_values_take(values, "firmware");
    const char *backend = key_values_take(values, "memory-backend");
    const char *dump = key_values_take(values, "dumpdtb");
    if ((type && !parse_one_of("-machine type", type, types, error)) ||
        (accelerator && !parse_one_of("-machine accel", accelerator, accelerators, error)) ||
        (mmu && !parse_one_of("-machine mmu", mmu, mmus, error)) ||
        (mode && !parse_one_of("-machine ic-mode", mode, modes, error)))
        return false;
    if (mode)
        options->interrupts = strcmp(mode, "xive") == 0   ? INTERRUPT_XIVE
                              : strcmp(mode, "xics") == 0 ? INTERRUPT_XICS
                                                          : INTERRUPT_DUAL;
    if (mmu)
        options->mmu = strcmp(mmu, "radix") == 0 ? MMU_RADIX : strcmp(mmu, "hash") == 0 ? MMU_HASH : MMU_AUTO;
    if (order && !parse_hash_order(order, &options->hash_order))
        return wrong(
            "-machine hpt-order", order, "not the log2 of a hashed page table's bytes; give 18 to 46", error);
    if (compat && !(options->max_compat = compat_find(compat)))
        return wrong("-machine max-cpu-compat", compat, "give one of " COMPAT_WORDS, error);
    if (firmware) // -bios is QEMU's short word for the same
        set(&options->bios, firmware);
    if (backend)
        set(&options->memory_options.backend, backend);
    if (dump)
        set(&options->dump_tree, dump);
    return key_values_finish(values,
        "type=, accel=, ic-mode=, mmu=, hpt-order=, max-cpu-compat=, memory-backend=, firmware= and dumpdtb=",
        error);
}

static bool parse_accel(Options *options, const char *option, const char *value, GError **error)
{
    return parse_one_of(option, value, (const char *const[]){ "kvm", NULL }, error);
}

static bool parse_cpu(Options *options, const char *option, const char *value, GError **error)
{
    return parse_one_of(option, value, (const char *const[]){ "host", NULL }, error);
}

static bool parse_display(Options *options, const char *option, const char *value, GError **error)
{
    return parse_one_of(option, value, (const char *const[]){ "none", NULL }, error);
}

static bool parse_serial(Options *options, const char *option, const char *value, GError **error)
{
    if (!parse_one_of(option, value, (const char *const[]){ "stdio", "none", "null", NULL }, error))
        return false;
    options->console = strcmp(value, "stdio") == 0;
    return true;
}

// QEMU's words for a socket; "nowait" is its older way to say wait=off.
static bool parse_qmp(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(KeyValues) values = key_values_parse(option, value, "address", error);
    if (!values)
        return false;
    const char *address = key_values_take(values, "address");
    bool server, wait, nowait;
    if (!key_values_take_bool(values, "server", false, &server, error) ||
        !key_values_take_bool(values, "wait", true, &wait, error) ||
        !key_values_take_bool(values, "nowait", false, &nowait, error) ||
        !key_values_finish(values, "unix:PATH, server= and wait=", error))
        return false;
    if (!address || !g_str_has_prefix(address, "unix:") || address[strlen("unix:")] == '\0')
        return wrong(option, value, "not a Unix socket; give unix:PATH,server=on,wait=off", error);
    if (!server)
        return wrong(option, value, "lparun is the one that listens; give server=on", error);
    if (wait && !nowait)
        return wrong(
            option, value, "lparun does not wait for a client before it starts; give wait=off", error);
    if (options->qmp)
        return wrong(option, value, "there is one monitor; give -qmp once", error);
    options->qmp = g_strdup(address + strlen("unix:"));
    return true;
}

static bool parse_ci(Options *options, const char *option, const char *value, GError **error)
{
    if (!parse_one_of(option, value, (const char *const[]){ "kernel", "user", NULL }, error))
        return false;
    options->ci_in_kernel = strcmp(value, "kernel") == 0;
    return true;
}

static bool parse_action(Options *options, const char *option, const char *value, GError **error)
{
    return actions_parse(&options->actions, option, value, error);
}

static bool parse_rtc(Options *options, const char *option, const char *value, GError **error)
{
    return rtc_parse(&options->clock, option, value, error);
}

static bool parse_no_reboot(Options *options, const char *option, const char *value, GError **error)
{
    return actions_parse(&options->actions, option, "reboot=shutdown", error);
}

static bool parse_no_shutdown(Options *options, const char *option, const char *value, GError **error)
{
    return actions_parse(&options->actions, option, "shutdown=pause", error);
}

static bool parse_demo_stall(Options *options, const char *option, const char *value, GError **error)
{
    options->demo_stall = true;
    options->ci_in_kernel = false;
    return true;
}

static bool parse_nothing(Options *options, const char *option, const char *value, GError **error)
{
    return true; // there is nothing that it could switch off or on: no display, no default devices
}

static void drive_free(gpointer data)
{
    DriveOptions *drive = data;
    g_free(drive->id);
    g_free(drive->file);
    g_free(drive->cache);
    g_free(drive->aio);
    g_free(drive->serial);
    g_free(drive);
}

static bool check_drive(
    const DriveOptions *drive, const char *option, const char *format, const char *interface, GError **error)
{
    BlockCache cache;
    BlockAio aio;
    if (!drive->file)
        return wrong(option, "file=", "no file; give file=PATH", error);
    if (format && strcmp(format, "raw") != 0)
        return wrong("-drive format", format, "lparun has raw images only; convert it with qemu-img", error);
    static const char *const interfaces[] = { "virtio", "none", "pflash", NULL };
    if (interface && !g_strv_contains(interfaces, interface))
        return wrong("-drive if", interface, "give virtio, pflash for NVRAM, or none with a -device", error);
    if (g_strcmp0(interface, "none") == 0 && !drive->id)
        return wrong(option, "if=none", "no id, so no -device can name it; give id=NAME or if=virtio", error);
    if (!block_cache_parse(drive->cache, &cache))
        return wrong("-drive cache", drive->cache, "give one of " BLOCK_CACHE_WORDS, error);
    if (!block_aio_parse(drive->aio, &aio))
        return wrong("-drive aio", drive->aio, "give one of " BLOCK_AIO_WORDS, error);
    return true;
}

// One of `drives` is the one that NVRAM is kept in.
static bool use_for_nvram(Options *options, unsigned index, GError **error)
{
    if (options->nvram)
        return wrong("-drive", "if=pflash", "there is one NVRAM; give it once", error);
    options->nvram = g_ptr_array_steal_index(options->drives, index);
    return true;
}

static bool parse_drive(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(KeyValues) values = key_values_parse(option, value, "file", error);
    if (!values)
        return false;
    DriveOptions *drive = g_new0(DriveOptions, 1);
    g_ptr_array_add(options->drives, drive);
    drive->id = g_strdup(key_values_take(values, "id"));
    drive->file = g_strdup(key_values_take(values, "file"));
    drive->cache = g_strdup(key_values_take(values, "cache"));
    drive->aio = g_strdup(key_values_take(values, "aio"));
    drive->serial = g_strdup(key_values_take(values, "serial"));
    const char *interface = key_values_take(values, "if"), *format = key_values_take(values, "format");
    drive->virtio = !interface || strcmp(interface, "virtio") == 0;
    for (unsigned i = 0; drive->id && i + 1 < options->drives->len; i++) {
        const DriveOptions *other = options->drives->pdata[i];
        if (other->id && strcmp(other->id, drive->id) == 0)
            return wrong("-drive id", drive->id, "that id is given twice; give each drive its own", error);
    }
    return key_values_take_bool(values, "readonly", false, &drive->readonly, error) &&
           key_values_finish(
               values, "file=, if=, id=, format=, readonly=, cache=, aio= and serial=", error) &&
           check_drive(drive, option, format, interface, error) &&
           (g_strcmp0(interface, "pflash") != 0 || use_for_nvram(options, options->drives->len - 1, error));
}

// -device spapr-nvram: its drive may come later.
static bool parse_nvram(Options *options, const char *option, KeyValues *values, GError **error)
{
    const char *drive = key_values_take(values, "drive");
    if (!key_values_finish(values, "drive=", error))
        return false;
    if (!drive)
        return wrong(option, "spapr-nvram", "no drive; give drive=ID of a -drive", error);
    if (options->nvram_drive)
        return wrong(option, "spapr-nvram", "there is one NVRAM; give it once", error);
    options->nvram_drive = g_strdup(drive);
    return true;
}

static bool find_nvram(Options *options, GError **error)
{
    for (unsigned i = 0; options->nvram_drive && i < options->drives->len; i++) {
        const DriveOptions *drive = options->drives->pdata[i];
        if (g_strcmp0(drive->id, options->nvram_drive) != 0)
            continue;
        return !drive->virtio
                   ? use_for_nvram(options, i, error)
                   : wrong("-device spapr-nvram,drive", options->nvram_drive, DRIVE_IS_A_DISK, error);
    }
    return !options->nvram_drive || wrong("-device spapr-nvram,drive", options->nvram_drive,
                                        "there is no such drive; add -drive file=PATH,if=none,id=ID", error);
}

static void disk_free(gpointer data)
{
    DiskOptions *disk = data;
    g_free(disk->id);
    g_free(disk->drive);
    g_free(disk->iothread);
    g_free(disk->serial);
    g_free(disk);
}

// "3", "0x3" or "3.0": QEMU's words.
static bool parse_slot(const char *text, int *slot)
{
    guint64 number;
    g_autofree char *digits = g_strdup(g_str_has_prefix(text, "0x") ? text + 2 : text);
    if (g_str_has_suffix(digits, ".0"))
        digits[strlen(digits) - 2] = '\0';
    if (!g_ascii_string_to_unsigned(digits, 16, 0, 31, &number, NULL))
        return false;
    *slot = (int)number;
    return true;
}

// What two devices may not share.
static bool check_device(const Options *options, const DiskOptions *disk, GError **error)
{
    for (unsigned i = 0; i < options->disks->len; i++) {
        const DiskOptions *other = options->disks->pdata[i];
        if (other == disk)
            continue;
        if (disk->id && g_strcmp0(other->id, disk->id) == 0)
            return wrong("-device id", disk->id, "that id is given twice; give each device its own", error);
        if (disk->bootindex >= 0 && other->bootindex == disk->bootindex)
            return error_user(
                error, "-device bootindex %d: two devices have it; give each its own", disk->bootindex);
    }
    return true;
}

static bool parse_device(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(KeyValues) values = key_values_parse(option, value, "driver", error);
    if (!values)
        return false;
    const char *driver = key_values_take(values, "driver");
    if (g_strcmp0(driver, "spapr-nvram") == 0)
        return parse_nvram(options, option, values, error);
    if (!driver || strcmp(driver, "virtio-blk-pci") != 0)
        return wrong(option, driver ? driver : value,
            "lparun has not that device; it has virtio-blk-pci and spapr-nvram", error);
    DiskOptions *disk = g_new0(DiskOptions, 1);
    g_ptr_array_add(options->disks, disk);
    *disk = (DiskOptions){ .slot = -1, .bootindex = -1 };
    disk->id = g_strdup(key_values_take(values, "id"));
    disk->drive = g_strdup(key_values_take(values, "drive"));
    disk->iothread = g_strdup(key_values_take(values, "iothread"));
    disk->serial = g_strdup(key_values_take(values, "serial"));
    const char *slot = key_values_take(values, "addr"), *bootindex = key_values_take(values, "bootindex");
    guint64 boot;
    if (!key_values_finish(values, "drive=, iothread=, id=, serial=, addr= and bootindex=", error))
        return false;
    if (!disk->drive)
        return wrong(option, value, "no drive; give drive=ID of a -drive", error);
    if (slot && !parse_slot(slot, &disk->slot))
        return wrong(
            "-device addr", slot, "not a PCI slot; give 0 to 1f, hexadecimal (its function is 0)", error);
    if (bootindex && !g_ascii_string_to_unsigned(bootindex, 10, 0, G_MAXINT, &boot, NULL))
        return wrong("-device bootindex", bootindex, "not a number from 0 on", error);
    if (bootindex)
        disk->bootindex = (int)boot;
    return check_device(options, disk, error);
}

static bool is_object(const Options *options, const char *id)
{
    for (unsigned i = 0; i < options->iothreads->len; i++)
        if (strcmp(options->iothreads->pdata[i], id) == 0)
            return true;
    return memory_options_has_backend(&options->memory_options, id);
}

static bool parse_object(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(KeyValues) values = key_values_parse(option, value, "type", error);
    if (!values)
        return false;
    const char *type = key_values_take(values, "type"), *id = key_values_take(values, "id");
    if (id && is_object(options, id))
        return wrong(option, value, "that id is given twice; give each object its own", error);
    if (type && memory_options_is_backend(type))
        return id ? memory_options_parse_backend(&options->memory_options, type, id, values, error)
                  : wrong(option, value, "no id; give id=NAME", error);
    if (!type || strcmp(type, "iothread") != 0)
        return wrong(option, type ? type : value,
            "lparun has not that object; it has iothread, memory-backend-ram and memory-backend-file", error);
    if (!key_values_finish(values, "id=", error))
        return false;
    if (!id)
        return wrong(option, value, "no id; give id=NAME", error);
    g_ptr_array_add(options->iothreads, g_strdup(id));
    return true;
}

// Every option: what -help says is what the parser takes.
static const struct {
    const char *name, *value, *help; // value NULL: none
    Parse parse;
} table[] = {
    { "m", "SIZE", "guest memory: MiB, or with K, M, G, T (default 512M; a multiple of 16M)", parse_memory },
    { "smp", "N[,sockets=S][,cores=C][,threads=T][,maxcpus=N]",
        "vCPUs (default 1) and how they make cores: 1, 2, 4 or 8 threads each (default 1)\n"
        "sockets and cores are only checked against N; maxcpus: no more than N, since none can be added",
        parse_smp },
    { "mem-path", "PATH", "guest memory from a file, or from a nameless one in a folder, such as hugetlbfs's",
        parse_mem_path },
    { "mem-prealloc", NULL, "have the host's pages for guest memory from the start on", parse_mem_prealloc },
    { "numa", "node[,nodeid=N][,cpus=A[-B]][,mem=SIZE|memdev=I]",
        "a node of memory and vCPUs; without cpus= or mem= on all nodes they are shared out", parse_numa },
    { "numa", "dist,src=N,dst=N,val=D", "how far a node is from another (default 20)", parse_numa },
    { "bios", "FILE|none",
        "SLOF's image (default: slof.bin of lparun or QEMU); none: no firmware, -kernel starts at once",
        parse_bios },
    { "kernel", "FILE", "kernel that starts from memory (64-bit ELF vmlinux)", parse_kernel },
    { "initrd", "FILE", "initial ramdisk for -kernel", parse_initrd },
    { "append", "TEXT", "command line for -kernel", parse_append },
    { "drive",
        "file=F[,if=virtio|none|pflash][,id=I][,format=raw][,readonly=on|off][,cache=C][,aio=A][,serial=S]",
        "a disk image; if=virtio (the default) makes a disk with an iothread of its own\n"
        "if=pflash: the file of 8K to 1M that NVRAM is kept in\n"
        "cache: " BLOCK_CACHE_WORDS "\naio: " BLOCK_AIO_WORDS,
        parse_drive },
    { "object", "iothread,id=I", "a thread that serves disks", parse_object },
    { "object", "memory-backend-ram,id=I,size=SIZE[,prealloc=on|off]",
        "memory for -numa node,memdev= or -machine memory-backend=", parse_object },
    { "object", "memory-backend-file,id=I,size=SIZE,mem-path=PATH[,share=on|off][,prealloc=on|off]",
        "the same from a file or folder; share: others that map the file see the guest's memory",
        parse_object },
    { "device", "virtio-blk-pci,drive=I[,iothread=I][,id=I][,serial=S][,addr=SLOT][,bootindex=N]",
        "a disk for a -drive with if=none; without iothread= it gets one of its own", parse_device },
    { "device", "spapr-nvram,drive=I", "NVRAM is kept in that -drive's file, as with if=pflash",
        parse_device },
    { "serial", "stdio|none|null", "the guest's console (default stdio; Ctrl-A h there helps)",
        parse_serial },
    { "machine",
        "pseries[,accel=kvm][,ic-mode=dual|xics|xive][,mmu=auto|radix|hash][,hpt-order=N]"
        "[,max-cpu-compat=C][,memory-backend=I][,firmware=FILE|none][,dumpdtb=FILE]",
        "the one machine there is; ic-mode: which interrupt controller the guest may choose (default "
        "dual: all that KVM has)\n"
        "mmu: what the guest may choose (default auto: all that KVM has)\n"
        "hpt-order: log2 of the bytes of a hashed page table (default: 1/128 of memory)\n"
        "max-cpu-compat: the newest processor that the guest sees (default: the host's): " COMPAT_WORDS
        "\nmemory-backend: the -object that all of memory is\nfirmware: as -bios\n"
        "dumpdtb: write the device tree that the guest would start with, and end",
        parse_machine },
    { "M", "...", "the same", parse_machine },
    { "accel", "kvm", "the one accelerator there is", parse_accel },
    { "enable-kvm", NULL, "the same", parse_nothing },
    { "cpu", "host", "the one processor there is", parse_cpu },
    { "uuid", "UUID", "the machine's UUID (default: random)", parse_uuid },
    { "display", "none", "there is no display", parse_display },
    { "vga", "none", "nor a graphics card", parse_display },
    { "nographic", NULL, "always so", parse_nothing },
    { "nodefaults", NULL, "always so", parse_nothing },
    { "rtc", "[base=utc|localtime|DATE][,clock=host|rt|vm]",
        "where the guest's time of day starts (default utc; DATE: 2026-11-22 or 2026-11-22T16:01:21), and "
        "what\n"
        "drives it: the host's clock (default), the time that passes, or without what passes while stopped",
        parse_rtc },
    { "action",
        "reboot=reset|shutdown,shutdown=poweroff|pause,panic=shutdown|exit-failure|pause|none,\n"
        "        watchdog=reset|shutdown|poweroff|inject-nmi|pause|none",
        "what follows when the guest reboots, powers off or panics (default: the first of each), or when "
        "its\n"
        "watchdog expires (default: what the guest asked for)\n"
        "exit-failure is the same as shutdown: a panic has an exit status of its own",
        parse_action },
    { "no-reboot", NULL, "the same as -action reboot=shutdown", parse_no_reboot },
    { "no-shutdown", NULL, "the same as -action shutdown=pause", parse_no_shutdown },
    { "qmp", "unix:PATH,server=on,wait=off",
        "let a program watch and steer the guest by QMP, QEMU's protocol", parse_qmp },
    { "ci-hcalls", "kernel|user", "who serves H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE (default kernel)",
        parse_ci },
    { "x-demo-stall", NULL,
        "for a demonstration only (./lab stall): as -ci-hcalls user, but doorbells are left to the kernel;\n"
        "no disk read of SLOF's is ever answered",
        parse_demo_stall },
    { "stats", "FILE",
        "write counts of exits, hypercalls, RTAS calls, doorbells and disks at the end, as JSON",
        parse_stats },
    { "probe", NULL,
        "say what this host's KVM is and whether the two hypercalls work in its kernel; \"-probe json\" for "
        "scripts\n"
        "exit status 0 it works, 3 it does not",
        NULL },
    { "version", NULL, "print the version", NULL },
    { "help", NULL, "print this", NULL },
    { "h", NULL, "the same", NULL },
};

#define TABLE_SIZE G_N_ELEMENTS(table)

char *options_help(void)
{
    g_autoptr(GString) text =
        g_string_new("usage: lparun OPTION...\n"
                     "Runs a pseries guest under KVM on a POWER host. -OPTION and --OPTION are "
                     "the same.\n\n");
    for (unsigned i = 0; i < TABLE_SIZE; i++) {
        g_string_append_printf(text, "-%s %s\n", table[i].name, table[i].value ? table[i].value : "");
        g_auto(GStrv) lines = g_strsplit(table[i].help, "\n", 0);
        for (unsigned line = 0; lines[line]; line++)
            g_string_append_printf(text, "        %s\n", lines[line]);
    }
    g_string_append(text,
        "\nExit status: 0 the guest powered off (or rebooted with reboot=shutdown, or you "
        "or the monitor ended it), 1 the host\n"
        "cannot run it, 2 an option is wrong, 3 -probe: the hypercalls do not work, 4 the guest "
        "panicked or\ncannot go on, 128+N ended by signal N.\n");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void options_clear(Options *options)
{
    g_free(options->bios);
    g_free(options->kernel);
    g_free(options->initrd);
    g_free(options->append);
    g_free(options->stats);
    g_free(options->uuid);
    g_free(options->qmp);
    g_free(options->dump_tree);
    memory_options_clear(&options->memory_options);
    g_free(options->nvram_drive);
    g_clear_pointer(&options->nvram, drive_free);
    g_clear_pointer(&options->iothreads, g_ptr_array_unref);
    g_clear_pointer(&options->drives, g_ptr_array_unref);
    g_clear_pointer(&options->disks, g_ptr_array_unref);
}

bool options_are_direct(const Options *options)
{
    return g_strcmp0(options->bios, "none") == 0;
}

static bool check_together(Options *options, GError **error)
{
    if (!memory_options_resolve(&options->memory_options, &options->memory, options->memory_given,
            options->cpus, options->threads, error) ||
        !check_memory(options, "-machine memory-backend", options->memory_options.backend, error))
        return false;
    if (options_are_direct(options) && !options->kernel)
        return wrong("-bios", "none", "without firmware there is nothing to start; give -kernel too", error);
    if (options->initrd && !options->kernel)
        return wrong("-initrd", options->initrd, "there is no kernel for it; give -kernel too", error);
    if (options->append && !options->kernel)
        return wrong("-append", options->append, "there is no kernel for it; give -kernel too", error);
    if (options->max_compat && options->max_compat->isa < 300 && options->mmu == MMU_RADIX)
        return wrong("-machine max-cpu-compat", options->max_compat->name,
            "that processor has no radix MMU; leave mmu=radix out", error);
    if (options->max_compat && options->max_compat->isa < 300 && options->interrupts == INTERRUPT_XIVE)
        return wrong("-machine max-cpu-compat", options->max_compat->name,
            "that processor has no XIVE; leave ic-mode=xive out", error);
    return true;
}

// getopt's own messages name no mend, so it is kept quiet and these say what is wrong.
static void explain(const char *word, GError **error)
{
    const char *name = word + strspn(word, "-");
    for (unsigned i = 0; i < TABLE_SIZE; i++) {
        if (!g_str_has_prefix(name, table[i].name) ||
            (name[strlen(table[i].name)] != '\0' && name[strlen(table[i].name)] != '='))
            continue;
        error_user(error, "-%s: %s; see lparun -help", table[i].name,
            table[i].value ? "needs a value" : "takes no value");
        return;
    }
    error_user(error, "%s: unknown option; see lparun -help", word);
}

// The word on the command line that getopt has just read.
static const char *option_word(char **argv)
{
    return argv[optind - (optarg && optarg == argv[optind - 1] ? 2 : 1)];
}

static bool is_whole(char **argv, const char *name)
{
    const char *word = option_word(argv) + strspn(option_word(argv), "-");
    return strncmp(word, name, strlen(name)) == 0 &&
           (word[strlen(name)] == '\0' || word[strlen(name)] == '=');
}

// The options after which there is nothing to run. -probe may be followed by a word.
static OptionsResult parse_other(const char *name, int argc, char **argv, GError **error)
{
    if (strcmp(name, "probe") != 0)
        return strcmp(name, "version") == 0 ? OPTIONS_VERSION : OPTIONS_HELP;
    if (optind == argc)
        return OPTIONS_PROBE;
    if (optind + 1 == argc && strcmp(argv[optind], "json") == 0)
        return OPTIONS_PROBE_JSON;
    wrong("-probe", argv[optind], "give json, or nothing", error);
    return OPTIONS_WRONG;
}

static OptionsResult parse_all(Options *options, int argc, char **argv, GError **error)
{
    struct option known[TABLE_SIZE + 1] = { 0 };
    for (unsigned i = 0; i < TABLE_SIZE; i++)
        known[i] =
            (struct option){ table[i].name, table[i].value ? required_argument : no_argument, NULL, (int)i };
    opterr = 0;
    optind = 0; // from the start, in tests a second time too
    for (;;) {
        int result = getopt_long_only(argc, argv, "+:", known, NULL);
        if (result < 0)
            break;
        G_STATIC_ASSERT(TABLE_SIZE < ':'); // what getopt returns for a mistake
        if (result == '?' || result == ':' || result >= (int)TABLE_SIZE) {
            explain(argv[optind - 1], error);
            return OPTIONS_WRONG;
        }
        const char *name = table[result].name;
        if (!is_whole(argv, name)) { // getopt takes "-ker" too, until there is a second option that starts so
            explain(option_word(argv), error);
            return OPTIONS_WRONG;
        }
        g_autofree char *option = g_strdup_printf("-%s", name);
        if (!table[result].parse)
            return parse_other(name, argc, argv, error);
        if (!table[result].parse(options, option, optarg, error))
            return OPTIONS_WRONG;
    }
    if (optind < argc) {
        error_user(error, "%s: not an option; give a disk as -drive file=%s,if=virtio,format=raw",
            argv[optind], argv[optind]);
        return OPTIONS_WRONG;
    }
    return find_nvram(options, error) && check_together(options, error) ? OPTIONS_RUN : OPTIONS_WRONG;
}

OptionsResult options_parse(Options *options, int argc, char **argv, GError **error)
{
    *options = (Options){
        .memory = DEFAULT_MEMORY,
        .cpus = 1,
        .threads = 1,
        .ci_in_kernel = true,
        .console = true,
        .iothreads = g_ptr_array_new_with_free_func(g_free),
        .drives = g_ptr_array_new_with_free_func(drive_free),
        .disks = g_ptr_array_new_with_free_func(disk_free),
    };
    memory_options_init(&options->memory_options);
    return parse_all(options, argc, argv, error);
}
