// The kind of a hang.
#include "hang.h"
#include "json_read.h"
#include "threads.h"
#include <string.h>

#define SAMPLES_MAX 64u
#define VCPUS_MAX 4096u
#define DISKS_MAX 64u
#define KERNEL 0xc000000000000000ULL // where Linux maps memory from address 0 on
#define MSR_PROCESS 0x4000ULL        // PR
#define MSR_MAPPED 0x20ULL           // IR

#define DISK_STILL 0.2    // seconds in which a disk has done nothing of what it has to do
#define POLLS 50          // of the console, a second: firmware at a prompt has thousands, Linux a few
#define BUSY 0.5          // of the time that a vCPU could have run
#define STARVED 0.5       // of the time that all were to get
#define STARVED_WAIT 0.25 // of the time that went by

typedef enum { AT_SLEEP, AT_WORK, AT_STAND } Doing;

typedef struct Vcpu {
    Doing doing;
    bool known; // the registers are
    guint64 nip, msr;
    ThreadTimes times; // thread 0: not found
} Vcpu;

typedef struct Sample {
    gint64 at;     // microseconds
    GArray *vcpus; // of Vcpu
} Sample;

typedef struct Disk {
    char *name;
    gint64 outstanding, done;
    gint64 since; // of the clock: it has had something to do, and done nothing
} Disk;

typedef struct Console {
    gint64 at, polls, waiting;
} Console;

struct HangWatch {
    int pid;
    bool kernel; // real mode is its
    gint64 start;
    ThreadTimes before, now; // of all vCPUs
    unsigned cpus;           // that they may run on
    GPtrArray *samples;      // of Sample
    GArray *disks;           // of Disk
    gint64 disks_at;
    GArray *consoles; // of Console
};

static void sample_free(gpointer data)
{
    Sample *sample = data;
    g_array_unref(sample->vcpus);
    g_free(sample);
}

static void disk_clear(gpointer data)
{
    g_free(((Disk *)data)->name);
}

HangWatch *hang_new(int pid)
{
    HangWatch *watch = g_new0(HangWatch, 1);
    watch->pid = pid;
    watch->start = g_get_monotonic_time();
    watch->before = watch->now = threads_of(pid);
    watch->cpus = threads_cpus(pid);
    watch->samples = g_ptr_array_new_with_free_func(sample_free);
    watch->disks = g_array_new(FALSE, TRUE, sizeof(Disk));
    g_array_set_clear_func(watch->disks, disk_clear);
    watch->consoles = g_array_new(FALSE, FALSE, sizeof(Console));
    return watch;
}

void hang_free(HangWatch *watch)
{
    if (!watch)
        return;
    g_ptr_array_unref(watch->samples);
    g_array_unref(watch->disks);
    g_array_unref(watch->consoles);
    g_free(watch);
}

void hang_left_firmware(HangWatch *watch)
{
    watch->kernel = true;
}

// --- Answers, of which nothing is believed.

// Ours, where it says none.
static gint64 time_of(JsonObject *answer)
{
    gint64 now = json_read_integer(answer, "now");
    return now ? CLAMP(now, 0, G_MAXINT64 / 2) : g_get_monotonic_time();
}

static bool take_register(JsonObject *vcpu, const char *name, guint64 *value)
{
    const char *text = json_read_text(vcpu, name);
    return text && g_ascii_string_to_unsigned(
                       text + 2 * g_str_has_prefix(text, "0x"), 16, 0, G_MAXUINT64, value, NULL);
}

static Doing doing_of(const char *state)
{
    static const char *const stands[] = { "stopped", "held", NULL };
    if (g_strcmp0(state, "running") == 0)
        return AT_WORK;
    return state && g_strv_contains(stands, state) ? AT_STAND : AT_SLEEP;
}

static ThreadTimes times_of(const GArray *threads, gint64 thread)
{
    for (unsigned i = 0; i < threads->len; i++)
        if (g_array_index(threads, ThreadTimes, i).thread == thread)
            return g_array_index(threads, ThreadTimes, i);
    return (ThreadTimes){ 0 };
}

// What is taken of each vCPU.
typedef struct Taking {
    GArray *vcpus;
    const GArray *threads;
} Taking;

static void take_vcpu(JsonObject *vcpu, void *owner)
{
    Taking *taking = owner;
    Vcpu taken = { .doing = doing_of(json_read_text(vcpu, "state")) };
    taken.known = take_register(vcpu, "nip", &taken.nip) && take_register(vcpu, "msr", &taken.msr);
    taken.times = times_of(taking->threads, json_read_integer(vcpu, "thread-id"));
    g_array_append_val(taking->vcpus, taken);
}

void hang_take_vcpus(HangWatch *watch, JsonNode *node, const GArray *threads)
{
    JsonObject *answer = json_read_object(node);
    if (!answer)
        return;
    g_autoptr(GArray) own = threads ? NULL : threads_read(watch->pid);
    Taking taking = { g_array_new(FALSE, FALSE, sizeof(Vcpu)), threads ? threads : own };
    json_read_each(answer, "vcpus", VCPUS_MAX, take_vcpu, &taking);
    Sample *sample = g_new(Sample, 1);
    *sample = (Sample){ time_of(answer), taking.vcpus };
    watch->now = threads_sum(taking.threads);
    if (watch->samples->len == SAMPLES_MAX)
        g_ptr_array_remove_index(watch->samples, 0);
    g_ptr_array_add(watch->samples, sample);
}

static Disk *find_disk(HangWatch *watch, const char *name)
{
    for (unsigned i = 0; i < watch->disks->len; i++)
        if (strcmp(g_array_index(watch->disks, Disk, i).name, name) == 0)
            return &g_array_index(watch->disks, Disk, i);
    if (watch->disks->len == DISKS_MAX)
        return NULL;
    Disk disk = { .name = g_strndup(name, 128) };
    g_array_append_val(watch->disks, disk);
    return &g_array_index(watch->disks, Disk, watch->disks->len - 1);
}

static void take_disk(JsonObject *object, void *owner)
{
    HangWatch *watch = owner;
    const char *name = json_read_text(object, "qdev");
    Disk *disk = name ? find_disk(watch, name) : NULL;
    if (!disk)
        return;
    gint64 outstanding = json_read_integer(object, "outstanding"), done = json_read_integer(object, "done");
    if (disk->outstanding <= 0 || done != disk->done)
        disk->since = watch->disks_at;
    disk->outstanding = outstanding;
    disk->done = done;
}

static void take_console(HangWatch *watch, JsonObject *answer)
{
    JsonObject *object = json_read_member(answer, "console");
    if (!object)
        return;
    const Console console = {
        .at = time_of(answer),
        .polls = json_read_integer(object, "polls"),
        .waiting = json_read_integer(object, "waiting"),
    };
    if (watch->consoles->len == SAMPLES_MAX)
        g_array_remove_index(watch->consoles, 0);
    g_array_append_val(watch->consoles, console);
}

void hang_take_io(HangWatch *watch, JsonNode *node)
{
    JsonObject *answer = json_read_object(node);
    if (!answer)
        return;
    watch->disks_at = time_of(answer);
    json_read_each(answer, "disks", DISKS_MAX, take_disk, watch);
    take_console(watch, answer);
}

// --- What they say.

static double seconds(gint64 microseconds)
{
    return (double)microseconds / G_USEC_PER_SEC;
}

static const Sample *last(const HangWatch *watch)
{
    return watch->samples->pdata[watch->samples->len - 1];
}

// More vCPUs than CPUs wait for each other, which is nobody's fault.
static char *find_starved(const HangWatch *watch)
{
    double wall = seconds(last(watch)->at - watch->start);
    double run = watch->now.run - watch->before.run, delay = watch->now.delay - watch->before.delay;
    double due = MIN(run + delay, wall * watch->cpus);
    if (wall <= 0 || delay < STARVED_WAIT * wall || run >= STARVED * due)
        return NULL;
    return g_strdup_printf(
        "the host is starved: vCPUs waited for a CPU %.1f s of %.1f s", delay, run + delay);
}

static bool is_standing(const HangWatch *watch)
{
    const GArray *vcpus = last(watch)->vcpus;
    unsigned standing = 0;
    for (unsigned i = 0; i < vcpus->len; i++)
        standing += g_array_index(vcpus, Vcpu, i).doing == AT_STAND;
    return standing > 0 && standing == vcpus->len;
}

static char *find_disk_wait(const HangWatch *watch)
{
    const Disk *oldest = NULL;
    for (unsigned i = 0; i < watch->disks->len; i++) {
        const Disk *disk = &g_array_index(watch->disks, Disk, i);
        if (disk->outstanding > 0 && (!oldest || disk->since < oldest->since))
            oldest = disk;
    }
    double age = oldest ? seconds(watch->disks_at - oldest->since) : 0;
    if (age < DISK_STILL)
        return NULL;
    return oldest->outstanding == 1
               ? g_strdup_printf("a disk request is outstanding (%s, %.1f s)", oldest->name, age)
               : g_strdup_printf("%" G_GINT64_FORMAT " disk requests are outstanding (%s, %.1f s)",
                     oldest->outstanding, oldest->name, age);
}

// The console's samples may go further back than the vCPUs'.
static bool waits_for_input(const HangWatch *watch)
{
    if (watch->consoles->len < 2)
        return false;
    const Console *now = &g_array_index(watch->consoles, Console, watch->consoles->len - 1);
    const Console *before = now - 1;
    gint64 from = ((const Sample *)watch->samples->pdata[0])->at;
    while (before > (const Console *)watch->consoles->data && before->at > from)
        before--;
    double wall = seconds(now->at - before->at);
    return now->waiting == 0 && wall > 0 && ((double)now->polls - (double)before->polls) / wall >= POLLS;
}

// --- Which vCPU is busy, and where.

static const Vcpu *vcpu_at(const HangWatch *watch, unsigned sample, unsigned index)
{
    const GArray *vcpus = ((const Sample *)watch->samples->pdata[sample])->vcpus;
    return index < vcpus->len ? &g_array_index(vcpus, Vcpu, index) : NULL;
}

// How much of the samples a vCPU was found running in: where nothing is known of its thread.
static double share_seen(const HangWatch *watch, unsigned index)
{
    unsigned seen = 0;
    for (unsigned i = 0; i < watch->samples->len; i++)
        seen += vcpu_at(watch, i, index) && vcpu_at(watch, i, index)->doing == AT_WORK;
    return (double)seen / watch->samples->len;
}

// How much of the time that it could have run it did.
static double share_run(const HangWatch *watch, unsigned index)
{
    const Vcpu *first = vcpu_at(watch, 0, index), *now = vcpu_at(watch, watch->samples->len - 1, index);
    double wall = seconds(last(watch)->at - ((const Sample *)watch->samples->pdata[0])->at);
    if (!first || !now || !first->times.thread || !now->times.thread || wall <= 0)
        return share_seen(watch, index);
    double run = now->times.run - first->times.run, delay = now->times.delay - first->times.delay;
    return run / MAX(MAX(wall - delay, run), 1e-6);
}

static int find_busy(const HangWatch *watch)
{
    int busiest = -1;
    double most = BUSY;
    for (unsigned i = 0; i < last(watch)->vcpus->len; i++) {
        double share = share_run(watch, i);
        if (share < most || (busiest >= 0 && share < most + 0.1)) // the first of those that are as busy
            continue;
        most = share;
        busiest = (int)i;
    }
    return busiest;
}

// "at do_fault+0x10"; SLOF moves to the end of its memory, so no address is a sign of it. `place` is what is
// the same for all of one function (g_free).
static char *name_address(const HangWatch *watch, const Symbols *symbols, const Vcpu *vcpu, char **place)
{
    bool is_real = !(vcpu->msr & MSR_MAPPED), is_process = vcpu->msr & MSR_PROCESS;
    if (is_process || (is_real && !watch->kernel)) {
        const char *whose = is_process ? "a process" : "firmware";
        *place = g_strdup(whose);
        return g_strdup_printf("in %s at 0x%" G_GINT64_MODIFIER "x", whose, vcpu->nip);
    }
    bool moved = is_real && vcpu->nip < KERNEL;
    g_autofree char *name = symbols_name(symbols, moved ? vcpu->nip | KERNEL : vcpu->nip);
    const char *offset = strrchr(name, '+');
    *place = offset ? g_strndup(name, (gsize)(offset - name))
                    : g_strdup_printf("%" G_GINT64_MODIFIER "x", vcpu->nip >> 12);
    return offset ? g_strconcat("at ", name, NULL)
                  : g_strdup_printf("at 0x%" G_GINT64_MODIFIER "x", vcpu->nip);
}

typedef struct Places {
    GPtrArray *names, *places; // of each sample
} Places;

static Places find_places(const HangWatch *watch, const Symbols *symbols, unsigned index)
{
    Places places = { g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free) };
    for (unsigned i = 0; i < watch->samples->len; i++) {
        const Vcpu *vcpu = vcpu_at(watch, i, index);
        char *place;
        if (!vcpu || !vcpu->known)
            continue;
        g_ptr_array_add(places.names, name_address(watch, symbols, vcpu, &place));
        g_ptr_array_add(places.places, place);
    }
    return places;
}

static unsigned count_equal(const GPtrArray *texts, unsigned index)
{
    unsigned count = 0;
    for (unsigned i = 0; i < texts->len; i++)
        count += strcmp(texts->pdata[i], texts->pdata[index]) == 0;
    return count;
}

// The sample whose function comes most often, and of those whose address does.
static unsigned find_usual(const Places *places)
{
    unsigned usual = 0;
    for (unsigned i = 1; i < places->names->len; i++) {
        unsigned more = count_equal(places->places, i), before = count_equal(places->places, usual);
        bool oftener = count_equal(places->names, i) > count_equal(places->names, usual);
        if (more > before || (more == before && oftener))
            usual = i;
    }
    return usual;
}

// Half of the samples in one function: it goes round there. Otherwise it may come on, if slowly.
static char *describe_busy(const HangWatch *watch, const Symbols *symbols, unsigned index)
{
    Places places = find_places(watch, symbols, index);
    char *text;
    if (places.names->len == 0) {
        text = g_strdup_printf("spinning, and does not tell where (vCPU %u)", index);
    } else {
        unsigned usual = find_usual(&places);
        bool one = 2 * count_equal(places.places, usual) >= places.places->len;
        text = g_strdup_printf("%s %s (vCPU %u)", one ? "spinning" : "busy, last",
            (const char *)places.names->pdata[one ? usual : places.names->len - 1], index);
    }
    g_ptr_array_unref(places.names);
    g_ptr_array_unref(places.places);
    return text;
}

char *hang_kind(const HangWatch *watch, const Symbols *symbols, bool *starved)
{
    if (starved)
        *starved = false;
    if (watch->samples->len == 0 || last(watch)->vcpus->len == 0)
        return NULL;
    char *kind = find_starved(watch);
    if (starved)
        *starved = kind != NULL;
    if (!kind && is_standing(watch))
        kind = g_strdup("stopped");
    if (!kind)
        kind = find_disk_wait(watch);
    if (!kind && waits_for_input(watch))
        kind = g_strdup("waiting for input");
    int busy = kind ? -1 : find_busy(watch);
    if (!kind && busy >= 0)
        kind = describe_busy(watch, symbols, (unsigned)busy);
    return kind ? kind : g_strdup("all vCPUs asleep");
}
