// -machine, -accel, -cpu, -boot, -prom-env, -global and -overcommit: what QEMU's callers write, and the exact
// line that a wrong one gives.
#include "device_kinds.h"
#include "lparun/error.h"
#include "lparun/virtio_blk.h"
#include "options.h"
#include "overcommit.h"
#include <string.h>

#define WORDS 32

// '~' stands for a blank inside of an argument.
static OptionsResult parse(const char *text, Options *options, GError **error)
{
    g_autofree char *line = g_strconcat("lparun", *text ? " " : "", text, NULL);
    g_auto(GStrv) words = g_strsplit(line, " ", 0);
    for (unsigned i = 0; words[i]; i++)
        g_strdelimit(words[i], "~", ' ');
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

#define PROCESSORS "give host, or the newest of power8, power9, power10 and power11 that the host can be"

// What callers write, and there is nothing to do for.
static void test_taken(void)
{
    static const char *const lines[] = { "-M pseries-2.1", "-machine pseries-2.12-sxxm",
        "-machine type=pseries-10.0", "-accel kvm -accel hvf -accel tcg", "-accel tcg -accel kvm",
        "-machine accel=kvm:tcg", "-machine accel=tcg:kvm", "-accel tcg -enable-kvm",
        "-accel kvm,kernel-irqchip=on,dirty-ring-size=0 -accel tcg,thread=multi,tb-size=64", "-cpu max",
        "-cpu POWER8", "-cpu POWER9", "-cpu POWER10", "-cpu Power11_v2.0", "-cpu power9_v2.1",
        "-cpu POWER8NVL", "-cpu power8e_v2.1", "-cpu host,compat=POWER8",
        "-machine usb=off,graphics=off,nvdimm=no,cap-htm=off,cap-nested-hv=false,cap-nested-papr=off",
        "-machine kernel-irqchip=on,kernel-addr=0x400000,modern-hotplug-events=off,vfio-no-msix-emulation=on",
        "-machine suppress-vmdesc=on,aux-ram-share=off,phandle-start=0x1000",
        "-machine usb=off -machine usb=off -M pseries", "-boot c",
        "-boot dc,menu=on,splash-time=5000,reboot-timeout=-1,splash=a.bmp", "-boot strict=on",
        "-m size=1048576k,slots=4,maxmem=4G",
        "-smp 1,maxcpus=4,sockets=4,dies=1,clusters=1,drawers=1,books=1,modules=1",
        "-global kvm-pit.lost_tick_policy=discard",
        "-global driver=isa-fdc,property=driveA,value=", "-global PIIX4_PM.disable_s3=1",
        "-overcommit mem-lock=off,cpu-pm=off -realtime mlock=off" };
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        Options options;
        parse_right(lines[i], &options);
        options_clear(&options);
    }
}

static void test_processors(void)
{
    static const struct {
        const char *text, *level; // what the guest may have at most; NULL: the host's own
    } cases[] = {
        { "", NULL },
        { "-cpu host", NULL },
        { "-cpu max", NULL },
        { "-cpu POWER8", "power8" },
        { "-cpu power8nvl_v1.0", "power8" },
        { "-cpu Power10_v2.0", "power10" },
        { "-cpu host,compat=power9", "power9" },
        { "-cpu power9,compat=power8", "power8" },
        { "-cpu power9 -cpu host", NULL },
        { "-cpu power9 -machine max-cpu-compat=POWER8", "power8" },
        { "-cpu power8 -machine max-cpu-compat=power10", "power8" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Options options;
        parse_right(cases[i].text, &options);
        const CompatLevel *level = options_max_compat(&options);
        g_assert_cmpstr(level ? level->name : NULL, ==, cases[i].level);
        options_clear(&options);
    }
}

static void test_machine(void)
{
    Options options;
    parse_right(
        "-M pseries-7.2,accel=kvm -machine cap-cfpc=broken,cap-ibs=fixed-ccd,cap-ccf-assist=off -machine "
        "cap-large-decr=off,cap-hpt-max-page-size=64k,resize-hpt=disabled,kvm-type=hv,vsmt=8,host-model=none",
        &options);
    g_assert_cmpstr(options.machine, ==, "pseries-7.2");
    g_assert_cmpint(options.capabilities.mitigations.cache, ==, MITIGATION_BROKEN);
    g_assert_cmpint(options.capabilities.mitigations.barrier, ==, 0);
    g_assert_cmpint(options.capabilities.mitigations.branch, ==, MITIGATION_FIXED_CCD);
    g_assert_cmpint(options.capabilities.mitigations.assist, ==, MITIGATION_OFF);
    g_assert_cmpint(options.capabilities.large_decrementer, ==, CAPABILITY_OFF);
    g_assert_cmpuint(options.capabilities.hash_page, ==, 65536);
    g_assert_cmpint(options.capabilities.resize, ==, RESIZE_DISABLED);
    g_assert_cmpint(options.kvm_type, ==, KVM_HV);
    g_assert_cmpuint(options.vsmt, ==, 8);
    options_clear(&options);
    parse_right(
        "-machine x-vof=on,kernel=k,initrd=i,append=a,,b,smp.cpus=4,smp.threads=2,boot.order=dn,boot.menu=on",
        &options);
    g_assert_true(options_are_direct(&options));
    g_assert_cmpstr(options.kernel, ==, "k");
    g_assert_cmpstr(options.append, ==, "a,b");
    g_assert_cmpuint(options.cpus, ==, 4);
    g_assert_cmpuint(options.threads, ==, 2);
    g_assert_cmpstr(options.boot.order, ==, "dn");
    g_assert_true(options.boot.menu);
    options_clear(&options);
    parse_right("-accel kvm,device=/dev/fdset/1 -overcommit mem-lock=on-fault", &options);
    g_assert_cmpstr(options.accel.device, ==, "/dev/fdset/1");
    g_assert_cmpint(options.memory_options.lock, ==, MEMORY_LOCKED_ON_FAULT);
    options_clear(&options);
}

// QEMU's order is of the first start or of later ones.
static void test_boot(void)
{
    Options options;
    parse_right("-boot order=c,once=d,strict=on -prom-env a=1 -prom-env b=c=d", &options);
    g_assert_cmpstr(boot_options_order(&options.boot, true), ==, "d");
    g_assert_cmpstr(boot_options_order(&options.boot, false), ==, "c");
    g_assert_true(options.boot.strict);
    g_assert_cmpuint(options.boot.variables->len, ==, 2);
    g_assert_cmpstr(options.boot.variables->pdata[1], ==, "b=c=d");
    options_clear(&options);
    parse_right("-boot once=n", &options);
    g_assert_cmpstr(boot_options_order(&options.boot, true), ==, "n");
    g_assert_null(boot_options_order(&options.boot, false));
    options_clear(&options);
    parse_right("-boot n", &options);
    g_assert_cmpstr(boot_options_order(&options.boot, false), ==, "n");
    options_clear(&options);
}

static const DeviceOptions *device(const Options *options, unsigned index)
{
    g_assert_cmpuint(index, <, options->devices->len);
    return options->devices->pdata[index];
}

static const VirtioBlkValues *disk(const Options *options, unsigned index)
{
    return device(options, index)->values;
}

// Wherever it stands, for what was not given.
static void test_global(void)
{
    Options options;
    parse_right(
        "-drive file=a,if=none,id=a -drive file=b,if=none,id=b -drive file=c,if=virtio "
        "-device virtio-blk-pci,drive=a -device virtio-blk-pci,drive=b,serial=own "
        "-global virtio-blk-pci.serial=all,of~them -global driver=virtio-blk,property=bootindex,value=3",
        &options);
    g_assert_cmpstr(disk(&options, 0)->serial, ==, "all,of them");
    g_assert_cmpstr(disk(&options, 1)->serial, ==, "own");
    g_assert_cmpstr(disk(&options, 2)->serial, ==, "all,of them");
    g_assert_cmpint(device(&options, 0)->bootindex, ==, 3);
    options_clear(&options);
    parse_right("-global spapr-nvram.drive=n -drive file=nvram,if=none,id=n,format=raw", &options);
    g_assert_cmpstr(options.nvram->image.path, ==, "nvram");
    options_clear(&options);
    parse_right("-global spapr-nvram.reg=0x3000", &options);
    g_assert_cmphex(kinds_nvram_unit(&options), ==, 0x3000);
    g_assert_null(options.nvram);
    options_clear(&options);
}

// Probes read these on standard output: a line of words first, then a name a line.
static void test_help(void)
{
    static const struct {
        const char *text, *has;
    } cases[] = {
        { "-machine help", "\npseries              " },
        { "-M ?", "\npseries-2.12         " },
        { "-machine ?", "\npseries              pSeries logical partition (default)\n" },
        { "-machine pseries,?", "\n  cap-cfpc=broken|workaround|fixed " },
        { "-machine pseries,help", "\n  usb=off " },
        { "-cpu ?", "\n  power9 " },
        { "-accel help", "\nkvm\n" },
        { "-M none -cpu help", "\n  host " },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Options options;
        g_assert_cmpint(parse(cases[i].text, &options, &error), ==, OPTIONS_HELP_OF);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(options.help, cases[i].has));
        g_assert_null(strstr(options.help, "\n  dtb="));
        options_clear(&options);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machine/taken", test_taken);
    g_test_add_func("/machine/processors", test_processors);
    g_test_add_func("/machine/keys", test_machine);
    g_test_add_func("/machine/boot", test_boot);
    g_test_add_func("/machine/global", test_global);
    g_test_add_func("/machine/help", test_help);
    return g_test_run();
}
