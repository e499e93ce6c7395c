// The command line: QEMU's names and meanings, and a few of lparun's own.
#include "options.h"
#include "device_kinds.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include "rtc.h"
#include "machine_options.h"
#include "smp.h"
#include "storage_options.h"
#include "values.h"
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
    static const Key keys[] = {
        { "size", KEY_SIZE, offsetof(Options, memory), .unit = 1 << 20, .help = "guest memory" },
        { 0 },
    };
    g_autoptr(Values) values = values_parse(option, value, "size", error);
    if (!values || !values_fill(values, keys, options, error))
        return false;
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
    static const Word words[] = { { "kvm" }, { 0 } };
    return parse_word(options, option, value, words, &options->nothing, error);
}

static bool parse_cpu(Options *options, const char *option, const char *value, GError **error)
{
    static const Word words[] = { { "host" }, { 0 } };
    return parse_word(options, option, value, words, &options->nothing, error);
}

static bool parse_display(Options *options, const char *option, const char *value, GError **error)
{
    static const Word words[] = { { "none" }, { 0 } };
    return parse_word(options, option, value, words, &options->nothing, error);
}

static bool parse_serial(Options *options, const char *option, const char *value, GError **error)
{
    static const Word words[] = { { "stdio", true }, { "none", false }, { "null", false }, { 0 } };
    return parse_switch(options, option, value, words, &options->console, error);
}

// QEMU's words for a socket; "nowait" is its older way to say wait=off.
typedef struct Qmp {
    char *address;
    bool server, wait, nowait;
} Qmp;

static bool check_qmp(
    const Qmp *qmp, const Options *options, const char *option, const char *value, GError **error)
{
    if (!qmp->address || !g_str_has_prefix(qmp->address, "unix:") || qmp->address[strlen("unix:")] == '\0')
        return wrong(option, value, "not a Unix socket; give unix:PATH,server=on,wait=off", error);
    if (!qmp->server)
        return wrong(option, value, "lparun is the one that listens; give server=on", error);
    if (qmp->wait && !qmp->nowait)
        return wrong(
            option, value, "lparun does not wait for a client before it starts; give wait=off", error);
    return !options->qmp || wrong(option, value, "there is one monitor; give -qmp once", error);
}

static bool parse_qmp(Options *options, const char *option, const char *value, GError **error)
{
    static const Key keys[] = {
        { "address", KEY_TEXT, offsetof(Qmp, address), .value = "unix:PATH", .help = "the socket" },
        { "server", KEY_SWITCH, offsetof(Qmp, server), .help = "on: lparun listens" },
        { "wait", KEY_SWITCH, offsetof(Qmp, wait), .help = "off: it does not wait for a client" },
        { "nowait", KEY_SWITCH, offsetof(Qmp, nowait), .help = "the same as wait=off" },
        { 0 },
    };
    Qmp qmp = { .wait = true };
    g_autoptr(Values) values = values_parse(option, value, "address", error);
    bool done =
        values && values_fill(values, keys, &qmp, error) && check_qmp(&qmp, options, option, value, error);
    if (done)
        options->qmp = g_strdup(qmp.address + strlen("unix:"));
    keys_clear(keys, &qmp);
    return done;
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

// Every option: what -help says is what the parser takes.
static const struct {
    const char *name, *value, *help; // value NULL: none
    Parse parse;
    void (*list)(GString *text); // in place of `help`: it has a kind for each line
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
        "cache: writeback (default), none, writethrough, directsync, unsafe\naio: io_uring, native, threads",
        options_parse_drive },
    { "object", "KIND,id=ID[,KEY=VALUE...]", NULL, options_parse_object, kinds_list_objects },
    { "device", "KIND[,KEY=VALUE...]", NULL, options_parse_device, kinds_list_devices },
    { "serial", "stdio|none|null", "the guest's console (default stdio; Ctrl-A h there helps)",
        parse_serial },
    { "machine",
        "pseries[,accel=kvm][,ic-mode=dual|xics|xive][,mmu=auto|radix|hash][,hpt-order=N]"
        "[,max-cpu-compat=C][,memory-backend=I][,firmware=FILE|none][,dumpdtb=FILE]",
        "the one machine there is; ic-mode: which interrupt controller the guest may choose (default "
        "dual: all that KVM has)\n"
        "mmu: what the guest may choose (default auto: all that KVM has)\n"
        "hpt-order: log2 of the bytes of a hashed page table (default: 1/128 of memory)\n"
        "max-cpu-compat: the newest processor that the guest sees (default: the host's): power8, power9, "
        "power10, power11"
        "\nmemory-backend: the -object that all of memory is\nfirmware: as -bios\n"
        "dumpdtb: write the device tree that the guest would start with, and end",
        options_parse_machine },
    { "M", "...", "the same", options_parse_machine },
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
        if (table[i].list) {
            table[i].list(text);
            continue;
        }
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
    g_free(options->help);
    storage_options_clear(options);
    kinds_clear(options);
}

bool options_are_direct(const Options *options)
{
    return g_strcmp0(options->bios, "none") == 0;
}

static bool check_together(Options *options, GError **error)
{
    if (!memory_options_resolve(&options->memory_options, options->objects, &options->memory,
            options->memory_given, options->cpus, options->threads, error) ||
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
        if (options->help)
            return OPTIONS_HELP_OF;
    }
    if (optind < argc) {
        error_user(error, "%s: not an option; give a disk as -drive file=%s,if=virtio,format=raw",
            argv[optind], argv[optind]);
        return OPTIONS_WRONG;
    }
    return storage_options_resolve(options, error) && check_together(options, error) ? OPTIONS_RUN
                                                                                     : OPTIONS_WRONG;
}

OptionsResult options_parse(Options *options, int argc, char **argv, GError **error)
{
    *options = (Options){
        .memory = DEFAULT_MEMORY,
        .cpus = 1,
        .threads = 1,
        .ci_in_kernel = true,
        .console = true,
    };
    storage_options_init(options);
    kinds_init(options);
    memory_options_init(&options->memory_options);
    return parse_all(options, argc, argv, error);
}
