// A client's descriptors.
#include "fds.h"
#include <unistd.h>

#define MOST 256 // whatever a client sends

struct Fds {
    GHashTable *named; // names to descriptors, plus 1
};

static void close_named(gpointer data)
{
    close(GPOINTER_TO_INT(data) - 1);
}

Fds *fds_new(void)
{
    Fds *fds = g_new0(Fds, 1);
    fds->named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_named);
    return fds;
}

void fds_free(Fds *fds)
{
    if (!fds)
        return;
    g_hash_table_unref(fds->named);
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
