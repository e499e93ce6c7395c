// The timeline of a guest.
#include "lparun/timeline.h"
#include "lparun/words.h"

static const Word names[] = {
    { "start", TIMELINE_START },
    { "console", TIMELINE_CONSOLE },
    { "quiesce", TIMELINE_QUIESCE },
    { "cas", TIMELINE_CAS },
    { "process-table", TIMELINE_PROCESS_TABLE },
    { "start-cpu", TIMELINE_START_CPU },
    { "watchdog", TIMELINE_WATCHDOG },
    { "panic", TIMELINE_PANIC },
    { "power-off", TIMELINE_POWER_OFF },
    { "reboot", TIMELINE_REBOOT },
    { "reset", TIMELINE_RESET },
    { 0 },
};

static void disk_free(gpointer data)
{
    TimelineDisk *disk = data;
    g_free(disk->name);
    g_free(disk);
}

Timeline *timeline_new(void)
{
    Timeline *timeline = g_new0(Timeline, 1);
    timeline->disks = g_ptr_array_new_with_free_func(disk_free);
    return timeline;
}

void timeline_free(Timeline *timeline)
{
    if (!timeline)
        return;
    if (timeline->source) {
        g_source_destroy(timeline->source);
        g_source_unref(timeline->source);
    }
    g_ptr_array_unref(timeline->disks);
    g_free(timeline->reason);
    g_free(timeline);
}

const char *timeline_name(TimelineMark mark)
{
    return words_name(names, (int)mark);
}

TimelineDisk *timeline_add_disk(Timeline *timeline, const char *name)
{
    if (!timeline)
        return NULL;
    TimelineDisk *disk = g_new0(TimelineDisk, 1);
    disk->timeline = timeline;
    disk->name = g_strdup(name);
    g_ptr_array_add(timeline->disks, disk);
    return disk;
}

static void each_slot(Timeline *timeline, void (*change)(TimelineSlot *slot))
{
    for (unsigned i = 0; i < TIMELINE_MARKS; i++)
        change(&timeline->marks[i]);
    for (unsigned i = 0; i < timeline->disks->len; i++) {
        TimelineDisk *disk = timeline->disks->pdata[i];
        change(&disk->first);
        change(&disk->kernel);
    }
}

// --- Marking.

void timeline_tell(Timeline *timeline)
{
    if (atomic_load(&timeline->watched))
        g_source_set_ready_time(timeline->source, 0);
}

void timeline_set(Timeline *timeline, TimelineMark mark, gint64 at, const char *reason)
{
    if (!timeline)
        return;
    atomic_store(&timeline->marks[mark].at, at);
    if (mark == TIMELINE_PANIC) {
        g_free(timeline->reason);
        timeline->reason = reason && *reason ? g_strdup(reason) : NULL;
    }
    timeline_tell(timeline);
}

static bool has_come(const Timeline *timeline, TimelineMark mark)
{
    return atomic_load_explicit(&timeline->marks[mark].at, memory_order_relaxed);
}

void timeline_first_read(TimelineDisk *disk)
{
    Timeline *timeline = disk->timeline;
    bool kernel = timeline->direct || has_come(timeline, TIMELINE_QUIESCE) ||
                  has_come(timeline, TIMELINE_PROCESS_TABLE);
    bool news = timeline_slot_mark(&disk->first);
    if (kernel)
        news |= timeline_slot_mark(&disk->kernel);
    if (news)
        timeline_tell(timeline);
}

// --- Asking.

static int by_time(gconstpointer a, gconstpointer b)
{
    const TimelineEntry *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

// `entry` lacks its time.
static void add(GArray *entries, TimelineSlot *slot, TimelineEntry entry, bool only_news)
{
    entry.at = atomic_load(&slot->at);
    bool wanted = entry.at && !(only_news && entry.at == slot->told);
    if (only_news)
        slot->told = entry.at;
    if (wanted)
        g_array_append_val(entries, entry);
}

static GArray *list(Timeline *timeline, bool only_news)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(TimelineEntry));
    for (unsigned i = 0; i < TIMELINE_MARKS; i++) {
        const char *reason = i == TIMELINE_PANIC ? timeline->reason : NULL;
        const TimelineEntry entry = { .name = timeline_name(i), .reason = reason };
        add(entries, &timeline->marks[i], entry, only_news);
    }
    for (unsigned i = 0; i < timeline->disks->len; i++) {
        TimelineDisk *disk = timeline->disks->pdata[i];
        add(entries, &disk->first, (TimelineEntry){ .name = "disk-read", .disk = disk->name }, only_news);
        add(entries, &disk->kernel, (TimelineEntry){ .name = "disk-read-kernel", .disk = disk->name },
            only_news);
    }
    g_array_sort(entries, by_time);
    return entries;
}

GArray *timeline_entries(Timeline *timeline)
{
    return list(timeline, false);
}

GArray *timeline_news(Timeline *timeline)
{
    return list(timeline, true);
}

// --- Watching.

typedef struct Source {
    GSource source;
    Timeline *timeline;
} Source;

void timeline_flush(Timeline *timeline)
{
    if (timeline && timeline->came)
        timeline->came(timeline->owner);
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    g_source_set_ready_time(source, -1); // before the look: what comes from here on calls again
    timeline_flush(((Source *)source)->timeline);
    return G_SOURCE_CONTINUE;
}

static GSource *make_source(Timeline *timeline)
{
    static GSourceFuncs functions = { .dispatch = dispatch };
    GSource *source = g_source_new(&functions, sizeof(Source));
    ((Source *)source)->timeline = timeline;
    g_source_attach(source, NULL);
    return source;
}

static void forget_told(TimelineSlot *slot)
{
    slot->told = 0;
}

// Marks come from many threads, so the source stays until none is left.
void timeline_watch(Timeline *timeline, void (*came)(void *owner), void *owner)
{
    if (!timeline)
        return;
    atomic_store(&timeline->watched, false);
    timeline->came = came;
    timeline->owner = owner;
    if (!came)
        return;
    if (!timeline->source)
        timeline->source = make_source(timeline);
    each_slot(timeline, forget_told);
    atomic_store(&timeline->watched, true);
    timeline_tell(timeline);
}

// --- As a part.

static void clear(TimelineSlot *slot)
{
    atomic_store(&slot->at, 0);
}

static bool reset_part(void *part, GError **error)
{
    Timeline *timeline = part;
    each_slot(timeline, clear);
    g_clear_pointer(&timeline->reason, g_free);
    return true;
}

static void free_part(void *part)
{
    timeline_free(part);
}

const PartOps timeline_part = { .kind = "timeline", .reset = reset_part, .free = free_part };
