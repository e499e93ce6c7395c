// The command line: words read by the rows of a table, and what they say together.
#include "options.h"
#include "device_kinds.h"
#include "globals.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include "machine_options.h"
#include "option_table.h"
#include "screen_options.h"
#include "storage_options.h"
#include <string.h>

#define DEFAULT_MEMORY (512ULL << 20) // QEMU's for pseries
#define MEMORY_MINIMUM (256ULL << 20) // SLOF and a kernel find no room in less
#define MEMORY_STEP (16ULL << 20) // Linux's sections (SECTION_SIZE_BITS): 6.1 does not start with less of one

static bool wrong(const char *option, const char *value, const char *mend, GError **error)
{
    return error_user(error, "%s %s: %s", option, value, mend);
}

bool options_check_memory(const Options *options, const char *option, const char *value, GError **error)
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

void options_clear(Options *options)
{
    g_free(options->bios);
    g_free(options->kernel);
    g_free(options->initrd);
    g_free(options->append);
    g_free(options->stats);
    g_free(options->uuid);
    g_free(options->dump_tree);
    process_options_clear(&options->process);
    g_free(options->machine);
    g_free(options->host_model);
    g_free(options->host_serial);
    accel_options_clear(&options->accel);
    cpu_options_clear(&options->cpu);
    boot_options_clear(&options->boot);
    globals_clear(options);
    actions_clear(&options->actions);
    memory_options_clear(&options->memory_options);
    trace_options_clear(&options->trace);
    g_free(options->help);
    storage_options_clear(options);
    char_options_clear(&options->chars);
    kinds_clear(options);
}

bool options_are_direct(const Options *options)
{
    return options->without_firmware || g_strcmp0(options->bios, "none") == 0;
}

const CompatLevel *options_max_compat(const Options *options)
{
    return compat_older(compat_older(options->max_compat, options->cpu.compat), options->cpu.level);
}

// --- What options say together.

static bool needs_kernel(const char *option, const char *value, const Options *options, GError **error)
{
    return !value || options->kernel ||
           wrong(option, value, "there is no kernel for it; give -kernel too", error);
}

static bool check_start(const Options *options, GError **error)
{
    if (options->without_firmware && options->bios && strcmp(options->bios, "none") != 0)
        return wrong("-machine", "x-vof=on", "it starts without firmware; leave it or -bios out", error);
    if (options_are_direct(options) && !options->kernel)
        return wrong(options->bios ? "-bios" : "-machine", options->bios ? "none" : "x-vof=on",
            "without firmware there is nothing to start; give -kernel too", error);
    return needs_kernel("-initrd", options->initrd, options, error) &&
           needs_kernel("-append", options->append, options, error);
}

static bool check_processor(const Options *options, GError **error)
{
    const CompatLevel *level = options_max_compat(options);
    if (!level || level->isa >= 300)
        return true;
    const char *option = level == options->max_compat ? "-machine max-cpu-compat" : "-cpu";
    if (options->mmu == MMU_RADIX)
        return wrong(option, level->name, "that processor has no radix MMU; leave mmu=radix out", error);
    return options->interrupts != INTERRUPT_XIVE ||
           wrong(option, level->name, "that processor has no XIVE; leave ic-mode=xive out", error);
}

static bool check_machine(const Options *options, GError **error)
{
    if (g_strcmp0(options->machine, MACHINE_NONE) == 0)
        return wrong(
            "-machine", MACHINE_NONE, "it is for questions such as -device help; give pseries to run", error);
    if (options->vsmt && options->vsmt < options->threads)
        return error_user(error, "-machine vsmt=%u: a core has %u threads; give that, or leave it out",
            options->vsmt, options->threads);
    return accel_options_check(&options->accel, error);
}

// What is taken, and comes to something else than it says.
static bool note_differences(Options *options, GError **error)
{
    if (options->machine && g_str_has_prefix(options->machine, "pseries-"))
        error_tell(
            "warning: -machine %s: lparun has one pseries, for all versions of QEMU's", options->machine);
    if (options->cpus_most > options->cpus)
        error_tell("warning: -smp maxcpus=%u: no vCPU can be added yet to the %u that there are",
            options->cpus_most, options->cpus);
    if (options->memory_most > options->memory)
        error_tell("warning: -m maxmem=: no memory can be added yet to the %" G_GUINT64_FORMAT
                   " MiB that there are",
            options->memory >> 20);
    return true;
}

static bool check_memory(Options *options, GError **error)
{
    return memory_options_resolve(&options->memory_options, options->objects, &options->memory,
               options->memory_given, options->cpus, options->threads, error) &&
           options_check_memory(options, "-machine memory-backend", options->memory_options.backend, error);
}

static bool check_devices(Options *options, GError **error)
{
    return globals_apply(options, "spapr-nvram", error) && storage_options_resolve(options, error) &&
           globals_apply(options, NULL, error);
}

static bool check_together(Options *options, GError **error)
{
    typedef bool Check(Options * options, GError * *error);
    static Check *const checks[] = { (Check *)check_machine, check_devices, char_options_resolve,
        check_memory, (Check *)check_start, (Check *)check_processor, note_differences };
    for (unsigned i = 0; i < G_N_ELEMENTS(checks); i++) {
        g_autoptr(GError) why = NULL;
        if (!checks[i](options, &why))
            error_more(error, g_steal_pointer(&why));
    }
    return !*error;
}

// --- The words.

// The command line, and how far it is read.
typedef struct Line {
    char **words; // up to a NULL
    Options *options;
    OptionsResult result;
    GError *error; // all that is wrong so far, a line each
} Line;

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

// "-name", "--name", "-name=value": the row, and where its value begins in the same word, or NULL.
static const OptionRow *find_row(const char *word, const char **value)
{
    const char *name = word + (g_str_has_prefix(word, "--") ? 2 : 1);
    const char *equals = strchr(name, '=');
    g_autofree char *alone = g_strndup(name, equals ? (size_t)(equals - name) : strlen(name));
    *value = equals ? equals + 1 : NULL;
    return option_find(alone);
}

static bool set_text(Options *options, const OptionRow *row, const char *value)
{
    char **text = (char **)((char *)options + row->text);
    g_free(*text);
    *text = g_strdup(value);
    return true;
}

// The options after which there is nothing to run. -probe and -help may be followed by a word.
static bool read_last(Line *line, const OptionRow *row, GError **error)
{
    const char *word = *line->words;
    if (strcmp(row->name, "version") == 0)
        line->result = OPTIONS_VERSION;
    else if (strcmp(row->name, "probe") != 0)
        line->result = g_strcmp0(word, "qemu") == 0 ? OPTIONS_HELP_QEMU : OPTIONS_HELP;
    else if (!word)
        line->result = OPTIONS_PROBE;
    else if (strcmp(word, "json") == 0 && !line->words[1])
        line->result = OPTIONS_PROBE_JSON;
    else
        line->result = OPTIONS_WRONG;
    return line->result != OPTIONS_WRONG || wrong("-probe", word, "give json, or nothing", error);
}

static bool obey(Line *line, const OptionRow *row, const char *option, const char *value, GError **error)
{
    if (row->qemu == QEMU_REFUSED)
        return error_user(error, "%s%s%s: %s", option, value ? " " : "", value ? value : "", row->note);
    if (row->parse)
        return row->parse(line->options, option, value, error);
    return row->text ? set_text(line->options, row, value) : read_last(line, row, error);
}

// Reads an option and its value.
static bool read_option(Line *line, GError **error)
{
    const char *word = *line->words++, *value;
    const OptionRow *row = find_row(word, &value);
    if (!row) {
        if (*line->words && !is_option(*line->words)) // its value, likely
            line->words++;
        return error_user(error, "%s: unknown option; see lparun -help", word);
    }
    g_autofree char *option = g_strconcat("-", row->name, NULL);
    if (value && !row->value)
        return error_user(error, "%s: takes no value; see lparun -help", option);
    if (!value && row->value && !(value = *line->words++)) {
        line->words--;
        return error_user(error, "%s: needs a value; see lparun -help", option);
    }
    return obey(line, row, option, value, error);
}

static bool read_disk(Line *line, GError **error)
{
    const char *word = *line->words++;
    return options_parse_hard_disk(line->options, "disk image", word, error);
}

static void read_words(Line *line)
{
    bool only_disks = false;
    while (*line->words && line->result == OPTIONS_RUN) {
        g_autoptr(GError) why = NULL;
        if (strcmp(*line->words, "--") == 0) {
            only_disks = true;
            line->words++;
        } else if (is_option(*line->words) && !only_disks) {
            read_option(line, &why);
        } else {
            read_disk(line, &why);
        }
        if (why)
            error_more(&line->error, g_steal_pointer(&why));
        if (line->options->help)
            line->result = OPTIONS_HELP_OF;
    }
}

// QEMU's name for lparun, where it is installed or linked so.
static bool is_qemu_name(const char *program)
{
    g_autofree char *name = program ? g_path_get_basename(program) : g_strdup("");
    return g_str_has_prefix(name, "qemu-system-ppc64");
}

OptionsResult options_parse(Options *options, int argc, char **argv, GError **error)
{
    *options = (Options){
        .memory = DEFAULT_MEMORY,
        .cpus = 1,
        .threads = 1,
        .ci_in_kernel = true,
        .qemu_name = is_qemu_name(argv[0]),
    };
    storage_options_init(options);
    kinds_init(options);
    globals_init(options);
    boot_options_init(&options->boot);
    memory_options_init(&options->memory_options);
    char_options_init(&options->chars);
    Line line = { .words = argv + MIN(argc, 1), .options = options, .result = OPTIONS_RUN };
    screen_init(options, line.words);
    read_words(&line);
    if (line.result == OPTIONS_RUN && !line.error)
        check_together(options, &line.error);
    if (!line.error)
        return line.result;
    g_propagate_error(error, line.error);
    return OPTIONS_WRONG;
}
