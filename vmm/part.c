// The list of the machine's parts, and the walks along it.
#include "lparun/part.h"

typedef struct Part {
    const PartOps *ops;
    void *part;
    bool held;
} Part;

struct PartList {
    GArray *parts;
};

PartList *part_list_new(void)
{
    PartList *list = g_new(PartList, 1);
    list->parts = g_array_new(FALSE, FALSE, sizeof(Part));
    return list;
}

static Part *at(const PartList *list, unsigned index)
{
    return &g_array_index(list->parts, Part, index);
}

void part_list_free(PartList *list)
{
    if (!list)
        return;
    for (unsigned i = list->parts->len; i-- > 0;)
        if (at(list, i)->ops->free)
            at(list, i)->ops->free(at(list, i)->part);
    g_array_unref(list->parts);
    g_free(list);
}

void part_list_add(PartList *list, const PartOps *ops, void *part)
{
    const Part added = { .ops = ops, .part = part };
    g_array_append_val(list->parts, added);
}

void part_list_describe(const PartList *list, const Description *what, Tree *tree)
{
    for (unsigned i = 0; i < list->parts->len; i++)
        if (at(list, i)->ops->describe)
            at(list, i)->ops->describe(at(list, i)->part, what, tree);
}

bool part_list_hold(PartList *list)
{
    bool held = true;
    for (unsigned i = 0; i < list->parts->len; i++) {
        Part *part = at(list, i);
        if (!part->held)
            part->held = !part->ops->hold || part->ops->hold(part->part);
        held &= part->held;
    }
    return held;
}

void part_list_release(PartList *list)
{
    for (unsigned i = list->parts->len; i-- > 0;) {
        Part *part = at(list, i);
        part->held = false;
        if (part->ops->release)
            part->ops->release(part->part);
    }
}

bool part_list_reset(PartList *list, GError **error)
{
    for (unsigned i = 0; i < list->parts->len; i++) {
        const Part *part = at(list, i);
        if (!part->ops->reset || part->ops->reset(part->part, error))
            continue;
        g_prefix_error(error, "%s: ", part->ops->kind);
        return false;
    }
    return true;
}

void part_list_count(const PartList *list, Counts *counts)
{
    for (unsigned i = 0; i < list->parts->len; i++)
        if (at(list, i)->ops->count)
            at(list, i)->ops->count(at(list, i)->part, counts);
}
