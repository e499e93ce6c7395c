// All chardevs of a machine.
#include "private.h"
#include "lparun/error.h"
#include <string.h>

// Less than the deadline of an end: the rest of it has to come.
#define PATIENCE (3 * G_TIME_SPAN_SECOND / 2)

struct Chardevs {
    GPtrArray *list; // of Chardev
    ChardevHost host;
    bool started;
};

static void free_chardev(gpointer data)
{
    chardev_free(data);
}

Chardevs *chardevs_new(void)
{
    Chardevs *chardevs = g_new0(Chardevs, 1);
    chardevs->list = g_ptr_array_new_with_free_func(free_chardev);
    return chardevs;
}

void chardevs_free(Chardevs *chardevs)
{
    if (!chardevs)
        return;
    g_ptr_array_unref(chardevs->list);
    g_free(chardevs);
}

static void free_part(void *part)
{
    chardevs_free(part);
}

const PartOps chardevs_part = { .kind = "chardevs", .free = free_part };

Chardev *chardevs_at(const Chardevs *chardevs, unsigned index)
{
    return index < chardevs->list->len ? chardevs->list->pdata[index] : NULL;
}

Chardev *chardevs_find(const Chardevs *chardevs, const char *id)
{
    Chardev *chardev;
    for (unsigned i = 0; (chardev = chardevs_at(chardevs, i)); i++)
        if (g_strcmp0(chardev->id, id) == 0)
            return chardev;
    return NULL;
}

Chardev *chardevs_add(Chardevs *chardevs, const ChardevKind *kind, const ChardevCommon *common,
    const void *values, GError **error)
{
    if (chardevs_find(chardevs, common->id)) {
        error_user(error, "id=%s: there is a chardev of that id; give another", common->id);
        return NULL;
    }
    if (!kind->open) {
        error_user(error, "%s", kind->refused);
        return NULL;
    }
    Chardev *chardev = chardev_open(kind, common, values, error);
    if (!chardev)
        return NULL;
    g_ptr_array_add(chardevs->list, chardev);
    if (chardevs->started)
        chardev_start(chardev, &chardevs->host);
    return chardev;
}

bool chardevs_remove(Chardevs *chardevs, const char *id, GError **error)
{
    Chardev *chardev = chardevs_find(chardevs, id);
    if (!chardev)
        return error_user(error, "Chardev '%s' not found", id);
    if (chardev_is_used(chardev))
        return error_user(error, "Chardev '%s' is busy", id);
    return g_ptr_array_remove(chardevs->list, chardev);
}

void chardevs_start(Chardevs *chardevs, const ChardevHost *host)
{
    chardevs->host = *host;
    chardevs->started = true;
    for (unsigned i = 0; i < chardevs->list->len; i++)
        chardev_start(chardevs->list->pdata[i], host);
}

bool chardevs_are_ready(const Chardevs *chardevs)
{
    const Chardev *chardev;
    for (unsigned i = 0; (chardev = chardevs_at(chardevs, i)); i++)
        if (chardev->backend->is_ready && !chardev->backend->is_ready(chardev->self))
            return false;
    return true;
}

void chardevs_stop(Chardevs *chardevs)
{
    gint64 end = g_get_monotonic_time() + PATIENCE;
    Chardev *chardev;
    for (unsigned i = 0; (chardev = chardevs_at(chardevs, i)); i++)
        if (chardev->backend->stop)
            chardev->backend->stop(chardev->self);
    for (unsigned i = 0; (chardev = chardevs_at(chardevs, i)); i++) {
        if (chardev->backend->drain)
            chardev->backend->drain(chardev->self, end);
        if (chardev->log)
            output_drain(chardev->log, end);
    }
}
