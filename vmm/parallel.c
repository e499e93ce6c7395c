// Work on a range in slices. Where the host has to clear pages first, one processor does not fill the
// memory's bandwidth.
#include "lparun/parallel.h"
#include "lparun/thread.h"

enum { WORKERS = 16 };

typedef struct Slice {
    int (*work)(void *owner, uint64_t from, uint64_t to);
    void *owner;
    uint64_t from, to;
    int result;
} Slice;

static void work_on(void *owner)
{
    Slice *slice = owner;
    slice->result = slice->work(slice->owner, slice->from, slice->to);
}

int parallel_do(int (*work)(void *owner, uint64_t from, uint64_t to), void *owner, uint64_t size,
    uint64_t unit, uint64_t least)
{
    uint64_t count = MIN((uint64_t)g_get_num_processors(), MAX(size / least, 1));
    count = MIN(count, WORKERS);
    uint64_t units = (size + unit - 1) / unit;
    Slice slices[WORKERS];
    Thread *threads[WORKERS] = { NULL };
    for (uint64_t i = 0; i < count; i++) {
        uint64_t to = MIN(units * (i + 1) / count * unit, size);
        slices[i] = (Slice){ .work = work, .owner = owner, .from = units * i / count * unit, .to = to };
        if (i > 0) // the first is this thread's
            threads[i] = thread_start(THREAD_HELPER, "parallel", work_on, &slices[i], NULL);
    }
    int result = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (threads[i])
            thread_join(threads[i]);
        else
            work_on(&slices[i]);
        result = result ? result : slices[i].result;
    }
    return result;
}
