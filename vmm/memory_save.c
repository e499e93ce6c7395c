// Guest memory goes to a file.
#include "lparun/memory_save.h"
#include "lparun/thread.h"
#include <errno.h>
#include <stdatomic.h>

#define STEP (1 << 20) // bytes after which progress is told

struct MemorySave {
    SaveSource source;
    SparseFile *file; // until it is ended
    void (*done)(void *owner, int result);
    void *owner;
    Thread *thread;
    GSource *idle; // tells the main thread
    GMutex lock;   // guards `file` against its end
    int result;
    _Atomic uint64_t written;
};

static bool is_gpa(void *owner, uint64_t address, uint64_t *gpa, uint64_t *length)
{
    *gpa = address;
    return true;
}

// Returns how many bytes from `done` on were written, STEP at most but for those that are nowhere in the
// host's memory, or -errno.
static int64_t write_some(const MemorySave *save, uint64_t done)
{
    const SaveSource *source = &save->source;
    uint64_t gpa, length = MIN(source->length - done, STEP);
    if (!(source->find ? source->find : is_gpa)(source->owner, source->address + done, &gpa, &length))
        return -EFAULT;
    const void *bytes = guest_memory_read_at(source->memory, gpa, length);
    uint64_t hole = bytes ? guest_memory_hole(source->memory, gpa) : 0;
    if (!source->find && hole > 0)
        length = MIN(hole, source->length - done);
    int result = !bytes           ? -EFAULT
                 : hole >= length ? sparse_file_zeros(save->file, length)
                                  : sparse_file_write(save->file, bytes, length);
    return result < 0 ? result : (int64_t)length;
}

static int write_memory(MemorySave *save)
{
    for (uint64_t done = 0; done < save->source.length;) {
        int64_t written = write_some(save, done);
        if (written < 0)
            return (int)written;
        done += (uint64_t)written;
        atomic_store_explicit(&save->written, done, memory_order_relaxed);
    }
    return 0;
}

static void end_file(MemorySave *save, int result)
{
    g_mutex_lock(&save->lock);
    SparseFile *file = g_steal_pointer(&save->file);
    g_mutex_unlock(&save->lock);
    save->result = sparse_file_end(file, result);
}

static void save_thread(void *owner)
{
    MemorySave *save = owner;
    const GByteArray *head = save->source.head;
    int result = head ? sparse_file_write(save->file, head->data, head->len) : 0;
    end_file(save, result < 0 ? result : write_memory(save));
    g_source_attach(save->idle, NULL);
}

static gboolean on_done(gpointer data)
{
    MemorySave *save = data;
    save->done(save->owner, save->result); // which may free it
    return G_SOURCE_REMOVE;
}

MemorySave *memory_save_start(const SaveSource *source, SparseFile *file,
    void (*done)(void *owner, int result), void *owner, GError **error)
{
    MemorySave *save = g_new0(MemorySave, 1);
    save->source = *source;
    save->file = file;
    save->done = done;
    save->owner = owner;
    g_mutex_init(&save->lock);
    save->idle = g_idle_source_new();
    g_source_set_priority(save->idle, G_PRIORITY_DEFAULT);
    g_source_set_callback(save->idle, on_done, save, NULL);
    save->thread = thread_start(THREAD_SAVE, "save", save_thread, save, error);
    if (save->thread)
        return save;
    end_file(save, -EAGAIN);
    memory_save_free(save);
    return NULL;
}

uint64_t memory_save_written(const MemorySave *save)
{
    return atomic_load_explicit(&save->written, memory_order_relaxed);
}

void memory_save_free(MemorySave *save)
{
    if (!save)
        return;
    g_mutex_lock(&save->lock);
    if (save->file)
        sparse_file_cancel(save->file);
    g_mutex_unlock(&save->lock);
    thread_join(save->thread);
    g_source_destroy(save->idle);
    g_source_unref(save->idle);
    g_clear_pointer(&save->source.head, g_byte_array_unref);
    g_mutex_clear(&save->lock);
    g_free(save);
}
