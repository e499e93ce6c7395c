// A client's descriptors.
#include "fds.h"
#include <string.h>
#include <unistd.h>

#define MOST 256 // of each sort, whatever a client sends

struct Fds {
    GHashTable *named; // names to descriptors, plus 1
    GPtrArray *sets;   // by their numbers
    unsigned count;    // in all sets
};

static void close_in_set(gpointer data)
{
    FdInSet *one = data;
    close(one->fd);
    g_free(one->opaque);
}

static void free_set(gpointer data)
{
    FdSet *set = data;
    g_array_unref(set->fds);
    g_free(set);
}

static void close_named(gpointer data)
{
    close(GPOINTER_TO_INT(data) - 1);
}

Fds *fds_new(void)
{
    Fds *fds = g_new0(Fds, 1);
    fds->named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_named);
    fds->sets = g_ptr_array_new_with_free_func(free_set);
    return fds;
}

void fds_free(Fds *fds)
{
    if (!fds)
        return;
    g_hash_table_unref(fds->named);
    g_ptr_array_unref(fds->sets);
    g_free(fds);
}

bool fds_name(Fds *fds, const char *name, int fd)
{
    if (g_hash_table_size(fds->named) >= MOST && !g_hash_table_contains(fds->named, name)) {
        close(fd);
        return false;
    }
    g_hash_table_replace(fds->named, g_strdup(name), GINT_TO_POINTER(fd + 1));
    return true;
}

int fds_take(Fds *fds, const char *name)
{
    gpointer key, value;
    if (!g_hash_table_steal_extended(fds->named, name, &key, &value))
        return -1;
    g_free(key);
    return GPOINTER_TO_INT(value) - 1;
}

// Where a set stands, or would.
static unsigned place(const Fds *fds, int64_t id)
{
    unsigned at = 0;
    while (at < fds->sets->len && ((const FdSet *)fds->sets->pdata[at])->id < id)
        at++;
    return at;
}

static FdSet *find(const Fds *fds, int64_t id)
{
    unsigned at = place(fds, id);
    FdSet *set = at < fds->sets->len ? fds->sets->pdata[at] : NULL;
    return set && set->id == id ? set : NULL;
}

static int64_t lowest_free(const Fds *fds)
{
    int64_t id = 0;
    while (find(fds, id))
        id++;
    return id;
}

static FdSet *make(Fds *fds, int64_t id)
{
    FdSet *set = g_new0(FdSet, 1);
    set->id = id;
    set->fds = g_array_new(FALSE, FALSE, sizeof(FdInSet));
    g_array_set_clear_func(set->fds, close_in_set);
    g_ptr_array_insert(fds->sets, (int)place(fds, id), set);
    return set;
}

const FdSet *fds_add(Fds *fds, int64_t id, int fd, const char *opaque)
{
    if (fds->count >= MOST) {
        close(fd);
        return NULL;
    }
    if (id < 0)
        id = lowest_free(fds);
    FdSet *set = find(fds, id);
    if (!set)
        set = make(fds, id);
    const FdInSet one = { .fd = fd, .opaque = g_strdup(opaque) };
    g_array_append_val(set->fds, one);
    fds->count++;
    return set;
}

bool fds_remove(Fds *fds, int64_t id, int fd)
{
    FdSet *set = find(fds, id);
    bool found = false;
    for (unsigned i = set ? set->fds->len : 0; i-- > 0;) {
        if (fd >= 0 && g_array_index(set->fds, FdInSet, i).fd != fd)
            continue;
        g_array_remove_index(set->fds, i);
        fds->count--;
        found = true;
    }
    if (set && set->fds->len == 0)
        g_ptr_array_remove(fds->sets, set);
    return found;
}

const FdSet *fds_at(const Fds *fds, unsigned index)
{
    return index < fds->sets->len ? fds->sets->pdata[index] : NULL;
}
