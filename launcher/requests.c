// One request of each event waits at a time, so that a guest cannot pile them up.
#include "requests.h"
#include <glib.h>

#define REPEAT_MS 1

struct Requests {
    VcpuSet *vcpus;
    GMutex lock;    // guards the next two
    GQueue waiting; // of Request
    bool panicked;  // since the last reset
    // The main thread's own.
    Request *current, *repeated; // or NULL
    guint repeat;                // a source, or 0
};

static void request_free(Request *request)
{
    if (!request)
        return;
    g_free(request->text);
    g_free(request);
}

static Request *request_new(MachineEvent event, const char *text)
{
    Request *request = g_new(Request, 1);
    *request = (Request){ .event = event, .text = g_strdup(text) };
    return request;
}

// Under the lock.
static GList *find(Requests *requests, MachineEvent event)
{
    for (GList *link = requests->waiting.head; link; link = link->next)
        if (((const Request *)link->data)->event == event)
            return link;
    return NULL;
}

// The hold begins before the main thread can know of the panic, and so before a release that it decides on.
// Under the lock.
static bool begin_panic(Requests *requests)
{
    if (requests->panicked)
        return false;
    requests->panicked = true;
    vcpu_set_begin_hold(requests->vcpus);
    return true;
}

static void request(void *owner, MachineEvent event, const char *text)
{
    Requests *requests = owner;
    g_mutex_lock(&requests->lock);
    if (!find(requests, event) && (event != MACHINE_PANICKED || begin_panic(requests)))
        g_queue_push_nth(&requests->waiting, request_new(event, text), event >= MACHINE_QUIT ? 0 : -1);
    g_mutex_unlock(&requests->lock);
    g_main_context_wakeup(NULL);
}

static gboolean ask_again(gpointer data)
{
    Requests *requests = data;
    Request *repeated = g_steal_pointer(&requests->repeated);
    requests->repeat = 0;
    g_mutex_lock(&requests->lock);
    if (find(requests, repeated->event))
        request_free(repeated);
    else
        g_queue_push_tail(&requests->waiting, repeated);
    g_mutex_unlock(&requests->lock);
    return G_SOURCE_REMOVE;
}

void requests_repeat(Requests *requests)
{
    if (requests->repeat)
        return; // one of them is enough: each leads to the same
    requests->repeated = g_steal_pointer(&requests->current);
    requests->repeat = g_timeout_add(REPEAT_MS, ask_again, requests);
}

static void forget_repeat(Requests *requests)
{
    if (requests->repeat)
        g_source_remove(requests->repeat);
    requests->repeat = 0;
    g_clear_pointer(&requests->repeated, request_free);
}

static Request *take(Requests *requests)
{
    g_mutex_lock(&requests->lock);
    Request *first = g_queue_pop_head(&requests->waiting);
    g_mutex_unlock(&requests->lock);
    return first;
}

Requests *requests_new(VcpuSet *vcpus)
{
    Requests *requests = g_new0(Requests, 1);
    requests->vcpus = vcpus;
    g_mutex_init(&requests->lock);
    return requests;
}

void requests_free(Requests *requests)
{
    if (!requests)
        return;
    forget_repeat(requests);
    request_free(requests->current);
    g_queue_clear_full(&requests->waiting, (GDestroyNotify)request_free);
    g_mutex_clear(&requests->lock);
    g_free(requests);
}

MachineControl requests_control(Requests *requests)
{
    return (MachineControl){ .request = request, .owner = requests };
}

// Once in any case: a guest that asks again and again does not keep the monitor from being heard.
const Request *requests_await(Requests *requests)
{
    request_free(requests->current);
    g_main_context_iteration(NULL, FALSE);
    while (!(requests->current = take(requests)))
        g_main_context_iteration(NULL, TRUE);
    return requests->current;
}

void requests_drop(Requests *requests, MachineEvent event)
{
    g_mutex_lock(&requests->lock);
    GList *link = find(requests, event);
    if (link) {
        request_free(link->data);
        g_queue_delete_link(&requests->waiting, link);
    }
    g_mutex_unlock(&requests->lock);
}

void requests_reset(Requests *requests)
{
    forget_repeat(requests);
    for (MachineEvent event = 0; event < MACHINE_QUIT; event++)
        requests_drop(requests, event);
    g_mutex_lock(&requests->lock);
    requests->panicked = false;
    g_mutex_unlock(&requests->lock);
}
