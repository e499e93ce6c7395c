// When a guest came to what can be seen of it from outside: the first time of each, on one clock.
#pragma once
#include "lparun/part.h"
#include <stdatomic.h>

typedef enum {
    TIMELINE_START,         // the first vCPU is told to enter the guest
    TIMELINE_CONSOLE,       // the first byte of output (H_PUT_TERM_CHAR, display-character)
    TIMELINE_QUIESCE,       // RTAS quiesce: firmware hands over
    TIMELINE_CAS,           // ibm,client-architecture-support
    TIMELINE_PROCESS_TABLE, // H_REGISTER_PROC_TBL: the kernel has its own address space
    TIMELINE_START_CPU,     // RTAS start-cpu: the second CPU
    TIMELINE_WATCHDOG,      // a watchdog of the guest's has expired
    TIMELINE_PANIC,         // ibm,os-term
    TIMELINE_POWER_OFF,     // the guest's wish, as the next
    TIMELINE_REBOOT,        // began this round, as the next
    TIMELINE_RESET,         // by the monitor
    TIMELINE_MARKS
} TimelineMark;

typedef struct TimelineSlot {
    _Atomic gint64 at; // microseconds of the monotonic clock; 0: not yet
    gint64 told;       // the `at` that timeline_news() had; the main thread's
} TimelineSlot;

// A disk's first reads: "disk-read" and "disk-read-kernel".
typedef struct TimelineDisk {
    struct Timeline *timeline;
    char *name;
    TimelineSlot first, kernel;
} TimelineDisk;

typedef struct Timeline {
    TimelineSlot marks[TIMELINE_MARKS];
    bool direct;      // there is no firmware: all is the kernel's
    GPtrArray *disks; // of TimelineDisk; the main thread's
    char *reason;     // of the panic, or NULL; the main thread's
    GSource *source;  // made by the first timeline_watch(), and there to the end
    atomic_bool watched;
    void (*came)(void *owner); // the main thread's, as the next
    void *owner;
} Timeline;

Timeline *timeline_new(void);
// Nobody marks anything any more.
void timeline_free(Timeline *timeline);
// A reset of the machine begins anew.
extern const PartOps timeline_part;
// "cas"
const char *timeline_name(TimelineMark mark);

// A disk whose reads are told of by timeline_read(); it is the timeline's. NULL is no timeline. On the main
// thread, as all up to timeline_watch().
TimelineDisk *timeline_add_disk(Timeline *timeline, const char *name);
// It came to `mark` at that time, the first or not; `reason` (may be NULL) says more. NULL is no timeline.
void timeline_set(Timeline *timeline, TimelineMark mark, gint64 at, const char *reason);

typedef struct TimelineEntry {
    const char *name, *disk, *reason; // the last two may be NULL
    gint64 at;
} TimelineEntry;
// All that it came to, or what no call of timeline_news() had, by their times: of TimelineEntry, whose texts
// are the timeline's (g_array_unref).
GArray *timeline_entries(Timeline *timeline);
GArray *timeline_news(Timeline *timeline);
// Has `came` called from the main loop after each new mark, once for several in quick succession; all marks
// are news again. NULL ends that. A NULL timeline is none, as for the next.
void timeline_watch(Timeline *timeline, void (*came)(void *owner), void *owner);
// Calls `came` now, where somebody watches.
void timeline_flush(Timeline *timeline);

// Tells the one who watches. Any thread.
void timeline_tell(Timeline *timeline);
void timeline_first_read(TimelineDisk *disk);

// Whether this was the first time; costs a load afterwards.
static inline bool timeline_slot_mark(TimelineSlot *slot)
{
    gint64 none = 0;
    return atomic_load_explicit(&slot->at, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong(&slot->at, &none, g_get_monotonic_time());
}

// It came to `mark`; only the first time counts. NULL is no timeline. Any thread.
static inline void timeline_mark(Timeline *timeline, TimelineMark mark)
{
    if (timeline && timeline_slot_mark(&timeline->marks[mark]))
        timeline_tell(timeline);
}

// The disk is read. NULL is none. Any thread; costs a load once the kernel has.
static inline void timeline_read(TimelineDisk *disk)
{
    if (disk && atomic_load_explicit(&disk->kernel.at, memory_order_relaxed) == 0)
        timeline_first_read(disk);
}
