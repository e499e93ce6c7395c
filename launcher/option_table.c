// Every option that lparun knows: what -help says is what the parser takes.
#include "option_table.h"
#include "char_options.h"
#include "config_file.h"
#include "device_kinds.h"
#include "globals.h"
#include "lparun/error.h"
#include "machine_options.h"
#include "overcommit.h"
#include "rtc.h"
#include "screen_options.h"
#include "smp.h"
#include "storage_options.h"
#include "values.h"
#include <string.h>

static bool wrong(const char *option, const char *value, const char *mend, GError **error)
{
    return error_user(error, "%s %s: %s", option, value, mend);
}

// As QEMU has them, so that a line means the same there.
static bool check_maximum(const Options *options, const char *option, GError **error)
{
    if (options->memory_slots && !options->memory_most)
        return error_user(
            error, "%s slots=%u: no maxmem=; give it too, or leave both out", option, options->memory_slots);
    return !options->memory_most || options->memory_most >= options->memory ||
           error_user(
               error, "%s maxmem=: less than the memory that there is; give more, or leave it out", option);
}

static bool parse_memory(Options *options, const char *option, const char *value, GError **error)
{
    static const Key keys[] = {
        { "size", KEY_SIZE, offsetof(Options, memory), .unit = 1 << 20, .help = "guest memory" },
        { "slots", KEY_NUMBER, offsetof(Options, memory_slots), .most = 256,
            .help = "taken: nothing can be plugged yet" },
        { "maxmem", KEY_SIZE, offsetof(Options, memory_most), .unit = 1,
            .help = "taken: nothing can be plugged yet" },
        { 0 },
    };
    options->memory_most = options->memory_slots = 0;
    g_autoptr(Values) values = values_parse(option, value, "size", error);
    if (!values || !values_fill(values, keys, options, error))
        return false;
    options->memory_given = true;
    return options_check_memory(options, option, value, error) && check_maximum(options, option, error);
}

static bool parse_smp(Options *options, const char *option, const char *value, GError **error)
{
    return smp_parse(option, value, &options->cpus, &options->threads, &options->cpus_most, error);
}

static void set(char **to, const char *value)
{
    g_free(*to);
    *to = g_strdup(value);
}

static bool parse_mem_prealloc(Options *options, const char *option, const char *value, GError **error)
{
    options->memory_options.prealloc = true;
    return true;
}

static bool parse_overcommit(Options *options, const char *option, const char *value, GError **error)
{
    return overcommit_parse(&options->memory_options.lock, option, value, error);
}

static bool parse_realtime(Options *options, const char *option, const char *value, GError **error)
{
    return realtime_parse(&options->memory_options.lock, option, value, error);
}

static bool parse_numa(Options *options, const char *option, const char *value, GError **error)
{
    return memory_options_parse_numa(&options->memory_options, option, value, error);
}

static bool parse_uuid(Options *options, const char *option, const char *value, GError **error)
{
    if (!g_uuid_string_is_valid(value))
        return wrong(option, value, "not a UUID; give one as uuidgen prints it", error);
    set(&options->uuid, value);
    return true;
}

// For the options that are one word.
static bool parse_word(
    Options *options, const char *option, const char *value, const Word *words, int *to, GError **error)
{
    if (strcmp(value, "help") == 0 || strcmp(value, "?") == 0) {
        GString *help = g_string_new(NULL);
        for (const Word *word = words; word->word; word++)
            g_string_append_printf(help, "%s\n", word->word);
        options->help = g_string_free(help, FALSE);
        return true;
    }
    if (words_find(words, value, to))
        return true;
    g_autofree char *list = words_list(words, ", ", " or ");
    return error_user(error, "%s %s: it takes %s", option, value, list);
}

static bool parse_switch(
    Options *options, const char *option, const char *value, const Word *words, bool *to, GError **error)
{
    int word = *to;
    bool done = parse_word(options, option, value, words, &word, error);
    *to = word;
    return done;
}

static bool parse_accel(Options *options, const char *option, const char *value, GError **error)
{
    return accel_options_parse(&options->accel, option, value, &options->help, error);
}

static bool parse_cpu(Options *options, const char *option, const char *value, GError **error)
{
    return cpu_options_parse(&options->cpu, option, value, &options->help, error);
}

static bool parse_enable_kvm(Options *options, const char *option, const char *value, GError **error)
{
    return accel_options_read("kvm", &options->accel);
}

static bool parse_boot(Options *options, const char *option, const char *value, GError **error)
{
    return boot_options_parse(&options->boot, option, value, error);
}

static bool parse_folder(Options *options, const char *option, const char *value, GError **error)
{
    if (strcmp(value, "help") == 0 || strcmp(value, "?") == 0)
        options->help = boot_options_folders();
    else
        g_ptr_array_add(options->boot.folders, g_strdup(value));
    return true;
}

static bool parse_prom_env(Options *options, const char *option, const char *value, GError **error)
{
    return boot_options_parse_variable(&options->boot, option, value, error);
}

static bool parse_ci(Options *options, const char *option, const char *value, GError **error)
{
    static const Word words[] = { { "kernel", true }, { "user", false }, { 0 } };
    return parse_switch(options, option, value, words, &options->ci_in_kernel, error);
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

static bool parse_watchdog_action(Options *options, const char *option, const char *value, GError **error)
{
    g_autofree char *action = g_strconcat("watchdog=", value, NULL);
    return actions_parse(&options->actions, option, action, error);
}

#define NETWORK "lparun has no network yet; leave it out"

static bool parse_netdev(Options *options, const char *option, const char *value, GError **error)
{
    if (strcmp(value, "help") != 0 && strcmp(value, "?") != 0)
        return wrong(option, value, NETWORK, error);
    options->help = g_strdup("Available netdev backend types:\n");
    return true;
}

static bool parse_network(Options *options, const char *option, const char *value, GError **error)
{
    return strcmp(value, "none") == 0 ||
           wrong(option, value, "lparun has no network yet; give none, or leave it out", error);
}

static bool parse_demo_stall(Options *options, const char *option, const char *value, GError **error)
{
    options->demo_stall = true;
    options->ci_in_kernel = false;
    return true;
}

static bool parse_paused(Options *options, const char *option, const char *value, GError **error)
{
    options->paused = true;
    return true;
}

static bool parse_nothing(Options *options, const char *option, const char *value, GError **error)
{
    return true; // there is nothing that it could switch off or on: no display, no default devices
}

#define SCREEN                                                                                               \
    "what needs a screen, keyboard or sound is refused, or left out with a warning (-compat ignore=display)"
#define MACHINE "pseries and none; what a key asks for is so, or it is refused by name"
#define VIRTIO_DISK "a virtio disk, as there is no SCSI yet"
#define REFUSED(name, value, why)                                                                            \
    {                                                                                                        \
        name, value, .qemu = QEMU_REFUSED, .note = why                                                       \
    }

// The table, in -help's order.
const OptionRow option_table[] = {
    { "m", "[size=]SIZE[,slots=N,maxmem=SIZE]",
        "guest memory: MiB, or with K, M, G, T (default 512M; a multiple of 16M)\n"
        "slots, maxmem: taken with a warning, since none can be added yet",
        parse_memory },
    { "smp", "N[,sockets=S][,cores=C][,threads=T][,maxcpus=N]",
        "vCPUs (default 1) and how they make cores: 1, 2, 4 or 8 threads each (default 1)\n"
        "sockets and cores are only checked against maxcpus; more than N: taken with a warning, since none "
        "can be added yet",
        parse_smp },
    { "mem-path", "PATH", "guest memory from a file, or from a nameless one in a folder, such as hugetlbfs's",
        .text = offsetof(Options, memory_options.path) },
    { "mem-prealloc", NULL, "have the host's pages for guest memory from the start on", parse_mem_prealloc },
    { "overcommit", "[mem-lock=off|on|on-fault][,cpu-pm=off]", "lock all memory of the process",
        parse_overcommit },
    { "realtime", "mlock=on|off", "the same by an older name", parse_realtime },
    { "numa", "node[,nodeid=N][,cpus=A[-B]][,mem=SIZE|memdev=I]",
        "a node of memory and vCPUs; without cpus= or mem= on all nodes they are shared out", parse_numa },
    { "numa", "dist,src=N,dst=N,val=D", "how far a node is from another (default 20)", parse_numa },
    { "numa", "cpu,node-id=N,core-id=C", "a core, by its first vCPU, is in a node", parse_numa },
    { "bios", "FILE|none",
        "SLOF's image (default: slof.bin of lparun or QEMU); none: no firmware, -kernel starts at once",
        .text = offsetof(Options, bios) },
    { "kernel", "FILE", "kernel that starts from memory (64-bit ELF vmlinux)",
        .text = offsetof(Options, kernel) },
    { "initrd", "FILE", "initial ramdisk for -kernel", .text = offsetof(Options, initrd) },
    { "append", "TEXT", "command line for -kernel", .text = offsetof(Options, append) },
    { "drive",
        "file=F[,if=virtio|none|pflash][,id=I][,format=raw][,readonly=on|off][,cache=C][,aio=A][,serial=S]"
        "[,media=disk|cdrom][,index=N][,...]",
        "a disk image; if=virtio (the default, with a warning) makes a disk with an iothread of its own\n"
        "if=pflash: the file of 8K to 1M that NVRAM is kept in\n"
        "cache: writeback (default), none, writethrough, directsync, unsafe\naio: io_uring, native, threads\n"
        "media=cdrom: only read; index: its place; -drive help has more",
        options_parse_drive, .qemu = QEMU_PART,
        .note = "raw images; without if= a virtio disk, as there is no SCSI yet; no limits of speed, and "
                "errors go "
                "to the guest" },
    { "blockdev", "DRIVER,node-name=N[,file=NODE][,filename=PATH][,...]",
        "a disk image for a -device, as a node or two: raw in file or host_device; or null-co, zeros",
        options_parse_blockdev, .qemu = QEMU_PART, .note = "raw, file, host_device, null-co and null-aio" },
    { "hda", "FILE", "a disk; QEMU's are SCSI disks, lparun's virtio disks (with a warning)",
        options_parse_hard_disk, .qemu = QEMU_PART, .note = VIRTIO_DISK },
    { "hdb", "FILE", "the same", options_parse_hard_disk, .qemu = QEMU_PART, .note = VIRTIO_DISK },
    { "hdc", "FILE", "the same", options_parse_hard_disk, .qemu = QEMU_PART, .note = VIRTIO_DISK },
    { "hdd", "FILE", "the same", options_parse_hard_disk, .qemu = QEMU_PART, .note = VIRTIO_DISK },
    { "cdrom", "FILE", "the same, and only read; in the place of -hdc", options_parse_hard_disk,
        .qemu = QEMU_PART, .note = VIRTIO_DISK },
    { "snapshot", NULL, "what a guest writes to any -drive is gone at the end: -drive snapshot=on",
        options_parse_snapshot },
    { "pflash", "FILE", "the same as -drive if=pflash,file=FILE", options_parse_pflash },
    { "object", "KIND,id=ID[,KEY=VALUE...]", NULL, options_parse_object, .list = kinds_list_objects },
    { "device", "KIND[,KEY=VALUE...]", NULL, options_parse_device, .list = kinds_list_devices },
    { "chardev", "KIND,id=ID[,KEY=VALUE...]", NULL, options_parse_chardev, .list = char_options_list },
    { "serial", "PLACE",
        "a console of the guest's: up to three (default: one, stdio; Ctrl-A h there helps)\n"
        "PLACE: stdio, null, pty[:LINK], file:PATH, pipe:PATH, unix:PATH[,server=on][,wait=off],\n"
        "tcp:HOST:PORT[,server=on][,wait=off], telnet:HOST:PORT,server=on, udp:HOST:PORT, /dev/ttyS0, "
        "chardev:ID,\n"
        "or mon: before one of them for mux=on; none: there is no console",
        options_parse_serial },
    { "machine",
        "pseries[,accel=kvm][,ic-mode=dual|xics|xive][,mmu=auto|radix|hash][,hpt-order=N]"
        "[,max-cpu-compat=C][,memory-backend=I][,firmware=FILE|none][,dumpdtb=FILE][,KEY=VALUE...]",
        "the machine, in all versions of QEMU's; -machine pseries,help has all keys\n"
        "ic-mode: which interrupt controller the guest may choose (default dual: all that KVM has)\n"
        "mmu: what the guest may choose (default auto: all that KVM has)\n"
        "hpt-order: log2 of the bytes of a hashed page table (default: 1/128 of memory)\n"
        "max-cpu-compat: the newest processor that the guest sees (default: the host's): power8, power9, "
        "power10, power11"
        "\nmemory-backend: the -object that all of memory is\nfirmware: as -bios\n"
        "dumpdtb: write the device tree that the guest would start with, and end",
        options_parse_machine, .qemu = QEMU_PART, .note = MACHINE },
    { "M", "...", "the same", options_parse_machine, .qemu = QEMU_PART, .note = MACHINE },
    { "accel", "kvm[,device=PATH]",
        "the one accelerator there is; others may be asked for beside it. device: KVM's (default /dev/kvm)",
        parse_accel, .qemu = QEMU_PART, .note = "KVM must be among what is asked for" },
    { "enable-kvm", NULL, "the same", parse_enable_kvm },
    { "cpu", "host|max|power8|power9|power10|power11[,compat=C]",
        "the processor that the guest sees: the host's own (default), or an older one that KVM makes of it",
        parse_cpu, .qemu = QEMU_PART,
        .note = "POWER8 to POWER11, as far as the host's KVM makes that of its processor" },
    { "boot", "[order=cdn][,once=cdn][,menu=on|off][,strict=on|off]",
        "what firmware starts from: c a disk, d a CD-ROM, n the network; once: on the first start only\n"
        "menu: it offers a choice; strict: only what has a bootindex. splash=, splash-time= and "
        "reboot-timeout= are taken",
        parse_boot },
    { "prom-env", "NAME=VALUE", "a variable of firmware's, in NVRAM", parse_prom_env },
    { "global", "DRIVER.KEY=VALUE", "a default for the devices of a kind", options_parse_global },
    { "L", "FOLDER", "where slof.bin and the file of -bios are looked for first", parse_folder },
    { "uuid", "UUID", "the machine's UUID (default: random)", parse_uuid },
    { "rtc", "[base=utc|localtime|DATE][,clock=host|rt|vm]",
        "where the guest's time of day starts (default utc; DATE: 2026-11-22 or 2026-11-22T16:01:21), and "
        "what\n"
        "drives it: the host's clock (default), the time that passes, or without what passes while stopped",
        parse_rtc },
    { "action",
        "reboot=reset|shutdown,shutdown=poweroff|pause,panic=shutdown|exit-failure|pause|none,"
        "watchdog=reset|shutdown|poweroff|inject-nmi|pause|none,dump=FILE",
        "what follows when the guest reboots, powers off or panics (default: the first of each), or when "
        "its\n"
        "watchdog expires (default: what the guest asked for); dump: an ELF core, at the first panic\n"
        "exit-failure is the same as shutdown: a panic has an exit status of its own",
        parse_action },
    { "no-reboot", NULL, "the same as -action reboot=shutdown", parse_no_reboot },
    { "no-shutdown", NULL, "the same as -action shutdown=pause", parse_no_shutdown },
    { "qmp", "PLACE", "let a program watch and steer the guest by QMP, QEMU's protocol; PLACE as in -serial",
        options_parse_qmp },
    { "qmp-pretty", "PLACE", "the same, with lines and indents", options_parse_qmp },
    { "monitor", "PLACE",
        "the human monitor, for people and scripts (default: behind Ctrl-A c at the console on stdio); none",
        options_parse_monitor },
    { "mon", "[chardev=]ID[,mode=readline|control][,pretty=on|off][,id=ID]",
        "a monitor on a chardev: readline, the human one (default), or control, QMP", options_parse_mon },
    { "echr", "NUMBER", "the escape at terminals and of mux=on (default 1, Ctrl-A)", options_parse_echr },
    { "parallel", "none", "there is no parallel port", options_parse_no_port, .qemu = QEMU_PART,
        .note = "only none and null" },
    { "debugcon", "none", "nor a debug console", options_parse_no_port, .qemu = QEMU_PART,
        .note = "only none and null" },
    { "readconfig", "FILE",
        "options from a file: sections [drive \"d0\"] or [machine], with lines key = \"value\"",
        options_parse_config_file },
    { "add-fd", "fd=N,set=N[,opaque=TEXT]",
        "a descriptor that lparun was started with; /dev/fdset/N is the path of a file then",
        options_parse_add_fd },
    { "name", "[guest=]NAME[,process=NAME][,debug-threads=on|off]",
        "the guest's name, which the monitor tells, and the process's", options_parse_name },
    { "pidfile", "FILE", "write the process's number there, and remove the file at the end",
        .text = offsetof(Options, process.pid_file) },
    { "daemonize", NULL, "go to the background when the guest is about to start", options_parse_daemonize },
    { "run-with", "[user=USER|UID:GID][,chroot=FOLDER][,async-teardown=on|off]",
        "the rights that are left when the guest is about to start", options_parse_run_with },
    { "runas", "USER|UID:GID", "the same as -run-with user=", .text = offsetof(Options, process.user) },
    { "chroot", "FOLDER", "the same as -run-with chroot=", .text = offsetof(Options, process.chroot) },
    { "sandbox", "on|off[,obsolete=P][,elevateprivileges=P][,spawn=P][,resourcecontrol=P]",
        "what the process may not ask its kernel for any more; P: allow or deny, or children of "
        "elevateprivileges",
        options_parse_sandbox },
    { "msg", "[timestamp=on|off][,guest-name=on|off]", "what begins a line on standard error",
        options_parse_msg },
    { "watchdog-action", "ACTION", "the same as -action watchdog=", parse_watchdog_action },
    { "compat",
        "[ignore=display][,deprecated-input=P][,deprecated-output=P][,unstable-input=P][,unstable-output=P]",
        "ignore=display: leave out what needs a screen, keyboard or sound, with a warning; so it is when "
        "lparun\n"
        "is called as qemu-system-ppc64. The rest is taken: nothing that lparun has is deprecated",
        options_parse_compat, .qemu = QEMU_PART, .note = "ignore= is lparun's own; the rest is taken" },
    // What there is nothing to do for, or only "none" of.
    { "display", "none", "there is no display", options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "vga", "none", "nor a graphics card", options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "nographic", NULL, "always so", parse_nothing },
    { "nodefaults", NULL, "always so", parse_nothing },
    { "net", "none", "there is no network", parse_network, .qemu = QEMU_PART, .note = NETWORK },
    { "nic", "none", "the same", parse_network, .qemu = QEMU_PART, .note = NETWORK },
    { "audio", "none", "there is no sound", options_parse_audio, .qemu = QEMU_PART, .note = SCREEN },
    { "audiodev", "none,id=ID", "the same", options_parse_audio, .qemu = QEMU_PART, .note = SCREEN },
    { "no-user-config", NULL, "no file of the user's is ever read", parse_nothing },
    { "no-fd-bootchk", NULL, "taken: it is about a PC's floppy disks", parse_nothing, .qemu = QEMU_NONE },
    { "gdb", "PLACE", "let gdb debug the guest; PLACE as in -serial", options_parse_gdb },
    { "s", NULL, "the same as -gdb tcp::1234", options_parse_gdb },
    { "S", NULL, "the guest does not start until the monitor's cont, or gdb's continue", parse_paused },
    { "ci-hcalls", "kernel|user", "who serves H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE (default kernel)",
        parse_ci, .qemu = QEMU_NONE },
    { "x-demo-stall", NULL,
        "for a demonstration only (./lab stall): as -ci-hcalls user, but doorbells are left to the kernel;\n"
        "no disk read of SLOF's is ever answered",
        parse_demo_stall, .qemu = QEMU_NONE },
    { "stats", "FILE",
        "write counts of exits, hypercalls, RTAS calls, doorbells and disks at the end, as JSON",
        .text = offsetof(Options, stats), .qemu = QEMU_NONE },
    { "trace", "[enable=]PATTERN,...[,events=FILE][,file=FILE]",
        "write a line for each hypercall, RTAS call, access, interrupt or request (-trace help)",
        options_parse_trace, .qemu = QEMU_PART, .note = "the events are lparun's own: docs/tracing.md" },
    { "d", "ITEM,...", "write a line for what the guest does wrong (-d help)", options_parse_log_items,
        .qemu = QEMU_PART,
        .note = "guest_errors, unimp, invalid_mem and trace:PATTERN; the others are TCG's or of programs" },
    { "D", "FILE", "where such lines go (default: standard error)", options_parse_log_file },
    { "probe", NULL,
        "say what this host's KVM is and whether the two hypercalls work in its kernel; \"-probe json\" for "
        "scripts\n"
        "exit status 0 it works, 3 it does not",
        NULL, .qemu = QEMU_NONE },
    { "version", NULL, "print the version", NULL },
    { "help", NULL, "print this", NULL },
    { "h", NULL, "the same", NULL },
    // What only a screen needs.
    { "vnc", "DISPLAY", NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "spice", "...", NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "full-screen", NULL, NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "g", "WxH[xDEPTH]", NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "k", "LAYOUT", NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "usb", NULL, NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "usbdevice", "DEVICE", NULL, options_parse_usb_device, .qemu = QEMU_PART, .note = SCREEN },
    // The same of QEMU's older versions.
    { "soundhw", "CARD", NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "sdl", NULL, NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "curses", NULL, NULL, options_parse_screen, .qemu = QEMU_PART, .note = SCREEN },
    { "nodefconfig", NULL, NULL, parse_nothing },
    REFUSED("no-kvm", NULL, "lparun runs guests under KVM alone; leave it out"),
    REFUSED("balloon", "KIND", "lparun has no balloon yet; leave it out"),
    REFUSED("writeconfig", "FILE", "write the file by hand; -readconfig says how"),
    // What QEMU has and lparun has not.
    REFUSED(
        "fda", "FILE", "a pseries machine has no floppy disk; give -drive file=FILE,if=virtio,format=raw"),
    REFUSED(
        "fdb", "FILE", "a pseries machine has no floppy disk; give -drive file=FILE,if=virtio,format=raw"),
    REFUSED("sd", "FILE", "a pseries machine has no SD card; give -drive file=FILE,if=virtio,format=raw"),
    REFUSED("mtdblock", "FILE", "a pseries machine has no flash but NVRAM; give -pflash FILE for that"),
    REFUSED("iscsi", "...",
        "lparun opens files and devices; attach the disk (iscsiadm --login) and give the "
        "device"),
    { "netdev", "KIND,...", NULL, parse_netdev, .qemu = QEMU_PART, .note = NETWORK },
    REFUSED("virtfs", "KIND,...", "lparun shares no folders yet; put the files on a disk"),
    REFUSED("fsdev", "KIND,...", "lparun shares no folders yet; put the files on a disk"),
    REFUSED("tpmdev", "KIND,...", "lparun has no TPM; leave it out"),
    REFUSED("icount", "...", "instructions are counted by an emulator, and KVM is none; leave it out"),
    REFUSED("plugin", "...", "plugins see an emulator's code, and KVM has none; use -trace, or perf kvm"),
    REFUSED("dfilter", "RANGE", "it is about an emulator's code, and KVM has none; leave it out"),
    REFUSED("perfmap", NULL, "it is of an emulator's code, and KVM has none; use perf kvm"),
    REFUSED("jitdump", NULL, "it is of an emulator's code, and KVM has none; use perf kvm"),
    REFUSED("enable-sync-profile", NULL, "lparun has no big lock to profile; use perf lock"),
    REFUSED("dtb", "FILE", "lparun makes the device tree itself; leave it out (-machine dumpdtb= writes it)"),
    REFUSED("shim", "FILE", "that is for another machine; leave it out"),
    REFUSED("option-rom", "FILE", "firmware has drivers of its own; leave it out"),
    REFUSED("fw_cfg", "...", "a pseries has no such interface; use -prom-env for firmware's variables"),
    REFUSED("seed", "NUMBER", "the guest's random numbers are the host's kernel's; leave it out"),
    REFUSED("incoming", "...", "a guest cannot be moved to lparun; start it here"),
    REFUSED("loadvm", "NAME", "lparun has no snapshots; start the guest anew"),
    REFUSED("only-migratable", NULL, "no guest of lparun's can be moved; leave it out"),
    REFUSED("dump-vmstate", "FILE", "no guest of lparun's can be moved; leave it out"),
    REFUSED(
        "preconfig", NULL, "the machine is made of the command line alone; use -S to stop before it runs"),
    REFUSED("set", "GROUP.ID.KEY=VALUE", "give the key in the option that has the id"),
};

unsigned option_count(void)
{
    return G_N_ELEMENTS(option_table);
}

const OptionRow *option_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(option_table); i++)
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}
