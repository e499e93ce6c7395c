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
    TIMELINE_MARKS
} TimelineMark;

typedef struct Timeline {
    _Atomic gint64 at[TIMELINE_MARKS]; // microseconds of the monotonic clock; 0: not yet
} Timeline;

Timeline *timeline_new(void);
void timeline_free(Timeline *timeline);
// A reset of the machine begins anew.
extern const PartOps timeline_part;
// "cas"
const char *timeline_name(TimelineMark mark);

// It came to `mark`; only the first time counts. NULL is no timeline. Any thread; costs a load afterwards.
static inline void timeline_mark(Timeline *timeline, TimelineMark mark)
{
    gint64 none = 0;
    if (timeline && atomic_load_explicit(&timeline->at[mark], memory_order_relaxed) == 0)
        atomic_compare_exchange_strong(&timeline->at[mark], &none, g_get_monotonic_time());
}
