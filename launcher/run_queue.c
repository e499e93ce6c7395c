// One request of each event waits at a time, so that a guest cannot pile them up.
#include "run_queue.h"
#include <glib.h>

#define REPEAT_MS 1

struct RunQueue {
    VcpuSet *vcpus;
    GMutex lock;    // guards the next two
    GQueue waiting; // of RunRequest
    bool panicked;  // since the last reset
    // The main thread's own.
    RunRequest *current, *repeated; // or NULL
    guint repeat;                   // a source, or 0
};

static void request_free(RunRequest *request)
{
    if (!request)
        return;
    g_free(request->text);
    g_free(request);
}

static RunRequest *request_new(RunEvent event, const char *text)
{
    RunRequest *request = g_new(RunRequest, 1);
    *request = (RunRequest){ .event = event, .text = g_strdup(text), .at = g_get_monotonic_time() };
    return request;
}

// Under the lock.
static GList *find(RunQueue *queue, RunEvent event)
{
    for (GList *link = queue->waiting.head; link; link = link->next)
        if (((const RunRequest *)link->data)->event == event)
            return link;
    return NULL;
}

// The hold begins before the main thread can know of the panic, and so before a release that it decides on.
// Under the lock.
static bool begin_panic(RunQueue *queue)
{
    if (queue->panicked)
        return false;
    queue->panicked = true;
    vcpu_set_begin_hold(queue->vcpus);
    return true;
}

static void ask(void *owner, RunEvent event, const char *text)
{
    RunQueue *queue = owner;
    g_mutex_lock(&queue->lock);
    if (!find(queue, event) && (event != RUN_PANICKED || begin_panic(queue)))
        g_queue_push_nth(&queue->waiting, request_new(event, text), event >= RUN_QUIT ? 0 : -1);
    g_mutex_unlock(&queue->lock);
    g_main_context_wakeup(NULL);
}

static gboolean ask_again(gpointer data)
{
    RunQueue *queue = data;
    RunRequest *repeated = g_steal_pointer(&queue->repeated);
    queue->repeat = 0;
    g_mutex_lock(&queue->lock);
    if (find(queue, repeated->event))
        request_free(repeated);
    else
        g_queue_push_tail(&queue->waiting, repeated);
    g_mutex_unlock(&queue->lock);
    return G_SOURCE_REMOVE;
}

void run_queue_repeat(RunQueue *queue)
{
    if (queue->repeat)
        return; // one of them is enough: each leads to the same
    queue->repeated = g_steal_pointer(&queue->current);
    queue->repeat = g_timeout_add(REPEAT_MS, ask_again, queue);
}

static void forget_repeat(RunQueue *queue)
{
    if (queue->repeat)
        g_source_remove(queue->repeat);
    queue->repeat = 0;
    g_clear_pointer(&queue->repeated, request_free);
}

static RunRequest *take(RunQueue *queue)
{
    g_mutex_lock(&queue->lock);
    RunRequest *first = g_queue_pop_head(&queue->waiting);
    g_mutex_unlock(&queue->lock);
    return first;
}

RunQueue *run_queue_new(VcpuSet *vcpus)
{
    RunQueue *queue = g_new0(RunQueue, 1);
    queue->vcpus = vcpus;
    g_mutex_init(&queue->lock);
    return queue;
}

void run_queue_free(RunQueue *queue)
{
    if (!queue)
        return;
    forget_repeat(queue);
    request_free(queue->current);
    g_queue_clear_full(&queue->waiting, (GDestroyNotify)request_free);
    g_mutex_clear(&queue->lock);
    g_free(queue);
}

RunAsk run_queue_ask(RunQueue *queue)
{
    return (RunAsk){ .ask = ask, .owner = queue };
}

bool run_queue_has(RunQueue *queue)
{
    g_mutex_lock(&queue->lock);
    bool has = !g_queue_is_empty(&queue->waiting);
    g_mutex_unlock(&queue->lock);
    return has;
}

// Once in any case: a guest that asks again and again does not keep the monitor from being heard.
const RunRequest *run_queue_await(RunQueue *queue)
{
    request_free(queue->current);
    g_main_context_iteration(NULL, FALSE);
    while (!(queue->current = take(queue)))
        g_main_context_iteration(NULL, TRUE);
    return queue->current;
}

void run_queue_drop(RunQueue *queue, RunEvent event)
{
    g_mutex_lock(&queue->lock);
    GList *link = find(queue, event);
    if (link) {
        request_free(link->data);
        g_queue_delete_link(&queue->waiting, link);
    }
    g_mutex_unlock(&queue->lock);
}

void run_queue_reset(RunQueue *queue)
{
    forget_repeat(queue);
    for (RunEvent event = 0; event < RUN_QUIT; event++)
        run_queue_drop(queue, event);
    g_mutex_lock(&queue->lock);
    queue->panicked = false;
    g_mutex_unlock(&queue->lock);
}
