// The command line: every option right and wrong, and the exact line that a wrong one gives.
#include "lparun/error.h"
#include "lparun/mmu.h"
#include "lparun/rtas_clock.h"
#include "lparun/virtio_blk.h"
#include "option_table.h"
#include <string.h>

#define WORDS 40

// The arguments are split at blanks; '~' stands for a blank inside of one, '^' for an empty one.
static OptionsResult parse(const char *text, Options *options, GError **error)
{
    g_autofree char *line = g_strconcat("lparun", *text ? " " : "", text, NULL);
    g_auto(GStrv) words = g_strsplit(line, " ", 0);
    for (unsigned i = 0; words[i]; i++) {
        g_strdelimit(words[i], "~", ' ');
        if (g_str_equal(words[i], "^"))
            *words[i] = '\0';
    }
    g_assert_cmpuint(g_strv_length(words), <, WORDS);
    return options_parse(options, (int)g_strv_length(words), words, error);
}

static void parse_right(const char *text, Options *options)
{
    g_autoptr(GError) error = NULL;
    OptionsResult result = parse(text, options, &error);
    if (error)
        g_error("'%s': %s", text, error->message);
    g_assert_cmpint(result, ==, OPTIONS_RUN);
}

// --- Right ones.

// The one console that there is.
static void assert_console(const Options *options, const ChardevKind *kind)
{
    g_assert_cmpuint(options->chars.serials->len, ==, 1);
    g_assert_cmpstr(options->chars.serials->pdata[0], ==, "serial0");
    const ChardevOptions *chardev = options->chars.chardevs->pdata[options->chars.chardevs->len - 1];
    g_assert_cmpstr(chardev->common.id, ==, "serial0");
    g_assert_true(chardev->kind == kind);
}

static void test_defaults(void)
{
    Options options;
    parse_right("", &options);
    g_assert_cmpuint(options.memory, ==, 512ULL << 20);
    g_assert_cmpuint(options.cpus, ==, 1);
    g_assert_true(options.ci_in_kernel);
    assert_console(&options, &stdio_chardev);
    g_assert_cmpint(actions_next(&options.actions, RUN_POWER_OFF), ==, NEXT_END);
    g_assert_cmpint(actions_next(&options.actions, RUN_REBOOT), ==, NEXT_RESET);
    g_assert_cmpint(actions_next(&options.actions, RUN_PANICKED), ==, NEXT_END);
    g_assert_cmpint(options.actions.watchdog, ==, WATCHDOG_AS_ASKED);
    g_assert_false(options.demo_stall);
    g_assert_cmpint(options.mmu, ==, MMU_AUTO);
    g_assert_cmpint(options.interrupts, ==, INTERRUPT_DUAL);
    g_assert_cmpuint(options.hash_order, ==, 0);
    g_assert_null(options.max_compat);
    g_assert_null(options.kernel);
    g_assert_null(options.uuid);
    const MonitorOptions *monitor = options.chars.monitors->pdata[0];
    g_assert_cmpuint(options.chars.monitors->len, ==, 1);
    g_assert_true(monitor->is_human && monitor->is_behind);
    g_assert_cmpstr(monitor->chardev, ==, "serial0");
    g_assert_cmpuint(options.drives->len + options.devices->len + options.objects->len, ==, 0);
    options_clear(&options);
}

static void test_memory_and_cpus(void)
{
    static const struct {
        const char *text;
        uint64_t memory;
        unsigned cpus;
    } cases[] = {
        { "-m 1024", 1ULL << 30, 1 },
        { "-m 256 -smp 1024", 256ULL << 20, 1024 },
        { "-m 4G -smp 4", 4ULL << 30, 4 },
        { "-m size=2048M -smp cpus=2", 2ULL << 30, 2 },
        { "-m 1T", 1ULL << 40, 1 },
        { "-m 32T", 1ULL << 45, 1 },
        { "-m 1048576K", 1ULL << 30, 1 },
        { "-m 1G -m 2G -smp 2 -smp 3", 2ULL << 30, 3 }, // the last one counts, as in QEMU
        { "--m=1G --smp=2", 1ULL << 30, 2 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Options options;
        parse_right(cases[i].text, &options);
        g_assert_cmpuint(options.memory, ==, cases[i].memory);
        g_assert_cmpuint(options.cpus, ==, cases[i].cpus);
        options_clear(&options);
    }
}

// QEMU's rules for what is left out (hw/core/machine-smp.c).
static void test_topology(void)
{
    static const struct {
        const char *text;
        unsigned cpus, threads;
    } cases[] = {
        { "-smp 4", 4, 1 }, { "-smp cpus=4,threads=2", 4, 2 }, { "-smp 4,threads=4,cores=1,sockets=1", 4, 4 },
        { "-smp 4,sockets=2,cores=2", 4, 1 }, { "-smp 8,sockets=1,cores=2", 8, 4 },
        { "-smp 4,cores=2", 4, 1 }, { "-smp 4,sockets=2,threads=2", 4, 2 }, { "-smp 4,maxcpus=4", 4, 1 },
        { "-smp maxcpus=4", 4, 1 }, { "-smp sockets=2,cores=3,threads=8", 48, 8 }, { "-smp threads=8", 8, 8 },
        { "-smp 4,threads=4 -smp 2", 2, 1 }, // the last one counts, all of it
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Options options;
        parse_right(cases[i].text, &options);
        g_assert_cmpuint(options.cpus, ==, cases[i].cpus);
        g_assert_cmpuint(options.threads, ==, cases[i].threads);
        options_clear(&options);
    }
}

// One dash or two, the value in the same word or the next.
static void test_forms(void)
{
    static const char *const forms[] = { "-kernel vmlinux -initrd cpio -append a~b=c,,d",
        "--kernel vmlinux --initrd cpio --append a~b=c,,d", "-kernel=vmlinux -initrd=cpio -append=a~b=c,,d",
        "--kernel=vmlinux --initrd=cpio --append=a~b=c,,d",
        "-initrd cpio -append a~b=c,,d -kernel old -kernel vmlinux" };
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        Options options;
        parse_right(forms[i], &options);
        g_assert_cmpstr(options.kernel, ==, "vmlinux");
        g_assert_cmpstr(options.initrd, ==, "cpio");
        g_assert_cmpstr(options.append, ==, "a b=c,,d"); // a text, not keys and values
        options_clear(&options);
    }
}

// What follows on a power-off, a reboot, the monitor's reset and a panic.
static void test_actions(void)
{
    static const RunEvent events[] = { RUN_POWER_OFF, RUN_REBOOT, RUN_RESET, RUN_PANICKED };
    static const struct {
        const char *text;
        Next next[G_N_ELEMENTS(events)];
    } cases[] = {
        { "-action reboot=reset,shutdown=poweroff,panic=shutdown",
            { NEXT_END, NEXT_RESET, NEXT_RESET, NEXT_END } },
        { "-action panic=exit-failure", { NEXT_END, NEXT_RESET, NEXT_RESET, NEXT_END } },
        { "-action reboot=shutdown", { NEXT_END, NEXT_END, NEXT_END, NEXT_END } },
        { "-no-shutdown", { NEXT_PAUSE, NEXT_RESET, NEXT_RESET, NEXT_PAUSE } },
        { "-no-shutdown -no-reboot", { NEXT_PAUSE, NEXT_PAUSE, NEXT_PAUSE, NEXT_PAUSE } },
        { "-no-shutdown -action panic=none", { NEXT_PAUSE, NEXT_RESET, NEXT_RESET, NEXT_GO_ON } },
        { "-action panic=pause", { NEXT_END, NEXT_RESET, NEXT_RESET, NEXT_PAUSE } },
        { "-no-reboot -action reboot=reset", { NEXT_END, NEXT_RESET, NEXT_RESET, NEXT_END } },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Options options;
        parse_right(cases[i].text, &options);
        for (unsigned event = 0; event < G_N_ELEMENTS(events); event++)
            g_assert_cmpint(actions_next(&options.actions, events[event]), ==, cases[i].next[event]);
        // The user's wish ends the run whatever was said of the guest's.
        g_assert_cmpint(actions_next(&options.actions, RUN_FAILED), ==, NEXT_END);
        g_assert_cmpint(actions_next(&options.actions, RUN_QUIT), ==, NEXT_END);
        g_assert_cmpint(actions_next(&options.actions, RUN_SIGNAL), ==, NEXT_END);
        g_assert_cmpint(actions_next(&options.actions, RUN_MONITOR_QUIT), ==, NEXT_END);
        options_clear(&options);
    }
}

static void test_rtc(void)
{
    static const struct {
        const char *text;
        ClockSetup setup;
    } cases[] = {
        { "", { 0 } },
        { "-rtc base=utc,clock=host", { 0 } },
        { "-rtc base=localtime", { .base = CLOCK_FROM_LOCAL } },
        { "-rtc clock=rt", { .source = CLOCK_STEADY } },
        { "-rtc base=2000-01-01,clock=vm",
            { .base = CLOCK_FROM_DATE, .source = CLOCK_OF_MACHINE, .date = 946684800 } },
        { "-rtc base=1999-12-31T23:59:58", { .base = CLOCK_FROM_DATE, .date = 946684798 } },
        { "-rtc base=1969-12-31", { .base = CLOCK_FROM_DATE, .date = -86400 } },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Options options;
        parse_right(cases[i].text, &options);
        g_assert_cmpint(options.clock.base, ==, cases[i].setup.base);
        g_assert_cmpint(options.clock.source, ==, cases[i].setup.source);
        g_assert_cmpint(options.clock.date, ==, cases[i].setup.date);
        options_clear(&options);
    }
}

static void test_nvram(void)
{
    static const char *const texts[] = { "-drive file=n,if=pflash,format=raw,readonly=on -drive file=d",
        "-device spapr-nvram,drive=x -drive file=d -drive file=n,if=none,id=x,readonly=on" };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        Options options;
        parse_right(texts[i], &options);
        g_assert_cmpstr(options.nvram->image.path, ==, "n");
        g_assert_true(options.nvram->image.readonly);
        g_assert_cmpuint(options.drives->len, ==, 1);
        g_assert_cmpstr(((const DriveOptions *)options.drives->pdata[0])->image.path, ==, "d");
        options_clear(&options);
    }
}

static void test_watchdog_actions(void)
{
    static const char *const words[] = { [WATCHDOG_RESET] = "reset",
        [WATCHDOG_SHUTDOWN] = "shutdown",
        [WATCHDOG_POWEROFF] = "poweroff",
        [WATCHDOG_INJECT_NMI] = "inject-nmi",
        [WATCHDOG_PAUSE] = "pause",
        [WATCHDOG_NONE] = "none" };
    for (unsigned i = WATCHDOG_RESET; i < G_N_ELEMENTS(words); i++) {
        Options options;
        g_autofree char *text = g_strconcat("-action watchdog=", words[i], NULL);
        parse_right(text, &options);
        g_assert_cmpint(options.actions.watchdog, ==, (int)i);
        options_clear(&options);
    }
}

static void test_simple(void)
{
    Options options;
    parse_right(
        "-bios slof.bin -stats s.json -uuid 01234567-89AB-cdef-0123-456789abcdef -no-reboot -nographic "
        "-nodefaults -enable-kvm",
        &options);
    g_assert_cmpstr(options.bios, ==, "slof.bin");
    g_assert_cmpstr(options.stats, ==, "s.json");
    g_assert_cmpstr(options.uuid, ==, "01234567-89AB-cdef-0123-456789abcdef");
    g_assert_true(options.actions.reboot);
    options_clear(&options);
    parse_right(
        "-M pseries,accel=kvm,mmu=hash -accel kvm -cpu host -display none -vga none -serial none", &options);
    g_assert_cmpint(options.mmu, ==, MMU_HASH);
    g_assert_cmpuint(options.chars.serials->len, ==, 0);
    options_clear(&options);
    parse_right("-machine mmu=radix,type=pseries -serial null -ci-hcalls user", &options);
    g_assert_cmpint(options.mmu, ==, MMU_RADIX);
    assert_console(&options, &null_chardev);
    g_assert_false(options.ci_in_kernel);
    options_clear(&options);
    parse_right(
        "-machine pseries,mmu=auto,hpt-order=26,max-cpu-compat=power9 -ci-hcalls user -ci-hcalls kernel",
        &options);
    g_assert_cmpint(options.mmu, ==, MMU_AUTO);
    g_assert_cmpuint(options.hash_order, ==, 26);
    g_assert_true(options.max_compat == compat_find("power9"));
    g_assert_true(options.ci_in_kernel);
    options_clear(&options);
    parse_right("-machine ic-mode=xive", &options);
    g_assert_cmpint(options.interrupts, ==, INTERRUPT_XIVE);
    options_clear(&options);
    parse_right("-machine ic-mode=xive -machine ic-mode=xics", &options);
    g_assert_cmpint(options.interrupts, ==, INTERRUPT_XICS);
    options_clear(&options);
    parse_right("-machine ic-mode=dual", &options);
    g_assert_cmpint(options.interrupts, ==, INTERRUPT_DUAL);
    options_clear(&options);
    parse_right("-M pseries,firmware=a.bin -machine mmu=auto", &options);
    g_assert_cmpstr(options.bios, ==, "a.bin");
    g_assert_false(options_are_direct(&options));
    options_clear(&options);
    parse_right("-x-demo-stall", &options);
    g_assert_true(options.demo_stall);
    g_assert_false(options.ci_in_kernel);
    options_clear(&options);
}

// Called by QEMU's name, and with all that there is nothing to do for.
static void test_process(void)
{
    Options options;
    parse_right(
        "-name guest=g,debug-threads=on -name process=p -pidfile f -daemonize -runas nobody -run-with "
        "chroot=/r,async-teardown=on -msg timestamp=on,guest-name=off -no-user-config -net none -nic none "
        "-audiodev {\"driver\":\"none\",\"id\":\"a\"} -sandbox "
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny -object secret,id=s,data=x "
        "-device "
        "vmcoreinfo "
        "-watchdog-action pause -compat deprecated-input=crash",
        &options);
    g_assert_cmpstr(options.process.guest_name, ==, "g");
    g_assert_cmpstr(options.process.process_name, ==, "p");
    g_assert_cmpstr(options.process.pid_file, ==, "f");
    g_assert_cmpstr(options.process.user, ==, "nobody");
    g_assert_cmpstr(options.process.chroot, ==, "/r");
    g_assert_true(options.process.daemonize && options.process.timestamp && !options.process.with_name);
    const SandboxOptions *sandbox = &options.process.sandbox;
    g_assert_true(sandbox->on && !sandbox->obsolete && sandbox->no_spawn && sandbox->no_resource_control);
    g_assert_cmpint(sandbox->privileges, ==, PRIVILEGES_DENY);
    g_assert_cmpint(options.actions.watchdog, ==, WATCHDOG_PAUSE);
    g_assert_false(options.qemu_name || options.ignore_display);
    g_assert_cmpuint(options.objects->len + options.devices->len, ==, 0);
    options_clear(&options);
}

static void test_qemu_name(void)
{
    char *words[] = { (char *)"/usr/bin/qemu-system-ppc64", (char *)"-vga", (char *)"std", (char *)"-device",
        (char *)"usb-kbd", (char *)"-k", (char *)"fr", NULL };
    g_autoptr(GError) error = NULL;
    Options options;
    g_assert_cmpint(options_parse(&options, 7, words, &error), ==, OPTIONS_RUN);
    g_assert_no_error(error);
    g_assert_true(options.qemu_name);
    options_clear(&options);
}

// Without firmware: two words for it, and the last one counts.
static void test_direct(void)
{
    static const char *const direct[] = { "-bios none -kernel k", "-kernel k -M pseries,firmware=none",
        "-machine firmware=none -kernel k", "-bios slof.bin -machine firmware=none -kernel k" };
    static const char *const firmware[] = { "-kernel k", "-bios ./none", "-bios none -bios slof.bin",
        "-machine firmware=none -bios slof.bin" };
    for (unsigned i = 0; i < G_N_ELEMENTS(direct) + G_N_ELEMENTS(firmware); i++) {
        bool wanted = i < G_N_ELEMENTS(direct);
        Options options;
        parse_right(wanted ? direct[i] : firmware[i - G_N_ELEMENTS(direct)], &options);
        g_assert_true(options_are_direct(&options) == wanted);
        options_clear(&options);
    }
}

static void test_drives(void)
{
    Options options;
    parse_right("-drive file=a,,b.img,if=none,id=d0,format=raw,readonly=on,cache=none,aio=native,serial=S1 "
                "-drive c.img -drive file=d.img,readonly,if=virtio",
        &options);
    g_assert_cmpuint(options.drives->len, ==, 3);
    const DriveOptions *drive = options.drives->pdata[0];
    g_assert_cmpstr(drive->image.path, ==, "a,b.img");
    g_assert_cmpstr(drive->id, ==, "d0");
    g_assert_cmpint(drive->image.cache, ==, BLOCK_NONE);
    g_assert_cmpint(drive->image.aio, ==, BLOCK_AIO_NATIVE);
    g_assert_cmpstr(drive->serial, ==, "S1");
    g_assert_true(drive->image.readonly);
    g_assert_cmpint(drive->interface, ==, DRIVE_NONE);
    drive = options.drives->pdata[1];
    g_assert_cmpstr(drive->image.path, ==, "c.img");
    g_assert_cmpint(drive->image.cache, ==, BLOCK_WRITEBACK);
    g_assert_false(drive->image.readonly);
    g_assert_cmpint(drive->interface, ==, DRIVE_DEFAULT);
    drive = options.drives->pdata[2];
    g_assert_true(drive->image.readonly);
    g_assert_cmpint(drive->interface, ==, DRIVE_VIRTIO);
    options_clear(&options);
}

static void test_devices(void)
{
    Options options;
    parse_right("-object iothread,id=t0 -object id=t1,qom-type=iothread "
                "-device virtio-blk-pci,drive=d0,iothread=t0,id=disk,serial=S,addr=0x1f,bootindex=7 "
                "-device drive=d1,driver=virtio-blk-pci,addr=0.0,bootindex=0",
        &options);
    g_assert_cmpuint(options.objects->len, ==, 2);
    g_assert_cmpstr(((Object *)options.objects->pdata[0])->id, ==, "t0");
    g_assert_cmpstr(((Object *)options.objects->pdata[1])->id, ==, "t1");
    g_assert_cmpuint(options.devices->len, ==, 2);
    const DeviceOptions *device = options.devices->pdata[0];
    const VirtioBlkValues *disk = device->values;
    g_assert_cmpstr(disk->drive, ==, "d0");
    g_assert_cmpstr(disk->iothread, ==, "t0");
    g_assert_cmpstr(device->id, ==, "disk");
    g_assert_cmpstr(disk->serial, ==, "S");
    g_assert_cmpint(device->slot, ==, 31);
    g_assert_cmpint(device->bootindex, ==, 7);
    device = options.devices->pdata[1];
    disk = device->values;
    g_assert_cmpstr(disk->drive, ==, "d1");
    g_assert_null(disk->iothread);
    g_assert_cmpint(device->slot, ==, 0);
    g_assert_cmpint(device->bootindex, ==, 0);
    options_clear(&options);
    parse_right("-device virtio-blk-pci,drive=d", &options);
    device = options.devices->pdata[0];
    g_assert_cmpint(device->slot, ==, -1);
    g_assert_cmpint(device->bootindex, ==, -1);
    options_clear(&options);
}

// QEMU's other names for it, and JSON for all of it.
static void test_other_ways(void)
{
    static const char *const ways[] = {
        "-device virtio-blk,drive=d0,id=a,addr=3,bootindex=1",
        "-device virtio-blk-pci-non-transitional,drive=d0,id=a,addr=3,bootindex=1",
        "-device {\"driver\":\"virtio-blk-pci\",\"drive\":\"d0\",\"id\":\"a\",\"addr\":\"3\",\"bootindex\":1}"
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        Options options;
        parse_right(ways[i], &options);
        const DeviceOptions *device = options.devices->pdata[0];
        g_assert_cmpstr(device->kind->kind.name, ==, "virtio-blk-pci");
        g_assert_cmpstr(((const VirtioBlkValues *)device->values)->drive, ==, "d0");
        g_assert_cmpstr(device->id, ==, "a");
        g_assert_cmpint(device->slot, ==, 3);
        g_assert_cmpint(device->bootindex, ==, 1);
        options_clear(&options);
    }
    Options options;
    parse_right(
        "-object {\"qom-type\":\"memory-backend-ram\",\"id\":\"m\",\"size\":536870912,\"prealloc\":true} "
        "-machine memory-backend=m",
        &options);
    g_assert_cmpuint(options.memory, ==, 512 << 20);
    options_clear(&options);
}

// "help" as a value: what there is, with nothing run.
static void test_help_of(void)
{
    static const struct {
        const char *text, *has;
    } cases[] = {
        { "-device help", "virtio-blk-pci" },
        { "-device ?", "spapr-nvram" },
        { "-device virtio-blk,help", "bootindex=" },
        { "-device spapr-nvram,help", "drive=ID" },
        { "-object help", "memory-backend-file" },
        { "-object memory-backend-ram,help", "prealloc=on|off" },
        { "-object iothread,help", "id=NAME" },
        { "-machine help", "pseries" },
        { "-machine pseries,help", "ic-mode=dual|xics|xive" },
        { "-M ?", "pseries-2.12" },
        { "-cpu help", "host" },
        { "-accel help", "kvm" },
        { "-drive help", "cache=writeback|none" },
        { "-m 1G -device help -foo", "virtio-blk-pci" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Options options;
        g_assert_cmpint(parse(cases[i].text, &options, &error), ==, OPTIONS_HELP_OF);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(options.help, cases[i].has));
        options_clear(&options);
    }
}

// After these there is nothing to run, whatever else is wrong.
static void test_other_results(void)
{
    static const struct {
        const char *text;
        OptionsResult result;
    } cases[] = {
        { "-help", OPTIONS_HELP },
        { "--help", OPTIONS_HELP },
        { "-h", OPTIONS_HELP },
        { "-m 1G -help -foo", OPTIONS_HELP },
        { "-version", OPTIONS_VERSION },
        { "--version", OPTIONS_VERSION },
        { "-probe", OPTIONS_PROBE },
        { "--probe json", OPTIONS_PROBE_JSON },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Options options;
        g_assert_cmpint(parse(cases[i].text, &options, &error), ==, cases[i].result);
        g_assert_no_error(error);
        options_clear(&options);
    }
}

// -help names every option that is tested here.
static void test_help(void)
{
    static const char *const names[] = { "m", "smp", "bios", "kernel", "initrd", "append", "drive", "object",
        "device", "serial", "machine", "accel", "cpu", "uuid", "qmp", "qmp-pretty", "mon", "monitor", "echr",
        "display", "vga", "nographic", "nodefaults", "rtc", "action", "no-reboot", "no-shutdown", "ci-hcalls",
        "stats", "probe", "version", "help" };
    g_autofree char *help = options_help();
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *line = g_strdup_printf("\n-%s ", names[i]);
        g_assert_nonnull(strstr(help, line));
    }
    g_assert_nonnull(strstr(help, "\n-chardev socket,id=ID[,mux=on|off]"));
    g_assert_true(g_str_has_suffix(help, "\n"));
}

// QEMU's words for a socket that is listened on, its older ones too.
static void test_qmp(void)
{
    static const char *const forms[] = { "-qmp unix:/run/a~b,,c,server=on,wait=off",
        "--qmp=unix:/run/a~b,,c,server,nowait", "-qmp unix:/run/a~b,,c,wait=no,server=yes" };
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        Options options;
        parse_right(forms[i], &options);
        const MonitorOptions *monitor = options.chars.monitors->pdata[0];
        const ChardevOptions *chardev = options.chars.chardevs->pdata[0];
        g_assert_cmpstr(monitor->chardev, ==, "compat_monitor0");
        g_assert_cmpstr(chardev->common.id, ==, "compat_monitor0");
        g_assert_cmpstr(*(char **)chardev->values, ==, "/run/a b,c");
        options_clear(&options);
    }
}

static const ChardevOptions *chardev_of(const Options *options, unsigned index)
{
    return options->chars.chardevs->pdata[index];
}

static void assert_short(const char *given, const char *kind, bool mux, const char *first)
{
    Options options;
    parse_right(given, &options);
    const ChardevOptions *chardev = chardev_of(&options, 0);
    g_assert_cmpstr(chardev->kind->kind.name, ==, kind);
    g_assert_cmpint(chardev->common.mux, ==, mux);
    if (first)
        g_assert_cmpstr(*(char **)chardev->values, ==, first);
    g_assert_cmpstr(options.chars.serials->pdata[0], ==, chardev->common.id);
    options_clear(&options);
}

// Each way to write a place.
static void test_short(void)
{
    assert_short("-serial stdio", "stdio", false, NULL);
    assert_short("-serial mon:stdio", "stdio", true, NULL);
    assert_short("-serial null", "null", false, NULL);
    assert_short("-serial pty", "pty", false, NULL);
    assert_short("-serial pty:/l", "pty", false, "/l");
    assert_short("-serial file:a,b=c", "file", false, "a,b=c");
    assert_short("-serial mon:pipe:p", "pipe", true, "p");
    assert_short("-serial unix:/p,server=on,wait=off", "socket", false, "/p");
    assert_short("-serial unix:path=/p,,q,server,nowait", "socket", false, "/p,q");
    assert_short("-serial /dev/ttyS0", "serial", false, "/dev/ttyS0");
    assert_short("-serial udp::5@h:6", "udp", false, "");
    assert_short("-chardev stdio,id=c,mux=on -serial chardev:c", "stdio", true, NULL);
}

// A debugger's socket listens without a word about it, and waits for none.
static void assert_gdb(const char *given, const char *kind, const char *first)
{
    Options options;
    parse_right(given, &options);
    const ChardevOptions *chardev = chardev_of(&options, 0);
    g_assert_cmpstr(options.chars.gdb, ==, chardev->common.id);
    g_assert_cmpstr(chardev->kind->kind.name, ==, kind);
    if (first)
        g_assert_cmpstr(*(char **)chardev->values, ==, first);
    options_clear(&options);
}

static void test_gdb(void)
{
    assert_gdb("-s", "socket", NULL);
    assert_gdb("-gdb tcp:127.0.0.1:1234", "socket", NULL);
    assert_gdb("-gdb tcp::1234,server=on,wait=off", "socket", NULL);
    assert_gdb("-gdb unix:/g", "socket", "/g");
    assert_gdb("-gdb unix:/g,server,nowait", "socket", "/g");
    assert_gdb("-gdb unix:/g,server=off", "socket", "/g"); // gdb listens
    assert_gdb("-chardev pty,id=p -gdb chardev:p", "pty", NULL);
    assert_gdb("-gdb stdio -serial none", "stdio", NULL);
    Options options;
    parse_right("-gdb none -S", &options);
    g_assert_null(options.chars.gdb);
    g_assert_true(options.paused);
    options_clear(&options);
}

static void assert_tcp(const char *given, const char *host, const char *port, bool telnet)
{
    Options options;
    parse_right(given, &options);
    const char *const *texts = chardev_of(&options, 0)->values; // path, host, port
    g_assert_null(texts[0]);
    g_assert_cmpstr(texts[1], ==, host);
    g_assert_cmpstr(texts[2], ==, port);
    options_clear(&options);
}

static void test_hosts(void)
{
    assert_tcp("-serial tcp:h:1,server=on", "h", "1", false);
    assert_tcp("-serial tcp::1,server,nowait", "", "1", false);
    assert_tcp("-serial tcp:[::1]:22", "::1", "22", false);
    assert_tcp("-qmp tcp:localhost:4444,server=on,wait=off", "localhost", "4444", false);
    assert_tcp("-serial mon:telnet:127.0.0.1:http,server=on", "127.0.0.1", "http", true);
}

// Who is at which console, and which monitor is where.
static void test_consoles(void)
{
    Options options;
    parse_right(
        "-chardev null,id=a -serial chardev:a -serial pty -serial none -serial null -mon a,mode=control "
        "-qmp pty -qmp-pretty chardev:a",
        &options);
    const CharOptions *chars = &options.chars;
    g_assert_cmpuint(chars->serials->len, ==, 3);
    g_assert_cmpstr(chars->serials->pdata[0], ==, "a");
    g_assert_cmpstr(chars->serials->pdata[1], ==, "serial1");
    g_assert_cmpstr(chars->serials->pdata[2], ==, "serial3");
    g_assert_cmpuint(chars->monitors->len, ==, 3);
    g_assert_cmpstr(((MonitorOptions *)chars->monitors->pdata[1])->chardev, ==, "compat_monitor0");
    g_assert_true(((MonitorOptions *)chars->monitors->pdata[2])->pretty);
    options_clear(&options);
    parse_right("-qmp stdio", &options); // where the console would be
    assert_console(&options, &null_chardev);
    g_assert_cmpuint(chars->monitors->len, ==, 1);
    options_clear(&options);
    parse_right("-monitor none", &options);
    assert_console(&options, &stdio_chardev);
    g_assert_cmpuint(chars->monitors->len, ==, 0);
    options_clear(&options);
    parse_right("-serial mon:stdio -monitor telnet::1,server,nowait", &options);
    g_assert_cmpuint(chars->monitors->len, ==, 2);
    const MonitorOptions *monitor = chars->monitors->pdata[0];
    g_assert_true(monitor->is_human && !monitor->is_behind);
    g_assert_cmpstr(monitor->chardev, ==, "serial0");
    options_clear(&options);
    parse_right("-chardev stdio,id=c,mux=on -mon chardev=c -serial chardev:c", &options);
    g_assert_true(((MonitorOptions *)chars->monitors->pdata[0])->is_human);
    options_clear(&options);
    parse_right("-chardev null,id=a -device spapr-vty,chardev=a,reg=0x30001000 -device spapr-vty,chardev=a",
        &options);
    g_assert_cmpuint(options.chars.serials->len, ==, 0);
    g_assert_cmphex(
        ((VtyValues *)((DeviceOptions *)options.devices->pdata[0])->values)->unit, ==, 0x30001000);
    options_clear(&options);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/options/qmp", test_qmp);
    g_test_add_func("/options/short", test_short);
    g_test_add_func("/options/gdb", test_gdb);
    g_test_add_func("/options/hosts", test_hosts);
    g_test_add_func("/options/consoles", test_consoles);
    g_test_add_func("/options/process", test_process);
    g_test_add_func("/options/qemu-name", test_qemu_name);
    g_test_add_func("/options/defaults", test_defaults);
    g_test_add_func("/options/memory-and-cpus", test_memory_and_cpus);
    g_test_add_func("/options/topology", test_topology);
    g_test_add_func("/options/forms", test_forms);
    g_test_add_func("/options/actions", test_actions);
    g_test_add_func("/options/watchdog-actions", test_watchdog_actions);
    g_test_add_func("/options/rtc", test_rtc);
    g_test_add_func("/options/nvram", test_nvram);
    g_test_add_func("/options/simple", test_simple);
    g_test_add_func("/options/direct", test_direct);
    g_test_add_func("/options/drives", test_drives);
    g_test_add_func("/options/devices", test_devices);
    g_test_add_func("/options/other-ways", test_other_ways);
    g_test_add_func("/options/help-of", test_help_of);
    g_test_add_func("/options/other-results", test_other_results);
    g_test_add_func("/options/help", test_help);
    return g_test_run();
}
