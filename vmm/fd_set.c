// Descriptors that were handed over in numbered sets.
#include "lparun/fd_set.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MOST 256 // in all sets, whatever a client sends
#define FOLDER "/dev/fdset/"

static GPtrArray *sets; // by their numbers; NULL: none yet

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

const FdSet *fd_set_at(unsigned index)
{
    return sets && index < sets->len ? sets->pdata[index] : NULL;
}

static FdSet *find(int64_t id)
{
    const FdSet *set;
    for (unsigned i = 0; (set = fd_set_at(i)); i++)
        if (set->id == id)
            return (FdSet *)set;
    return NULL;
}

static unsigned count_all(void)
{
    unsigned count = 0;
    const FdSet *set;
    for (unsigned i = 0; (set = fd_set_at(i)); i++)
        count += set->fds->len;
    return count;
}

static int64_t lowest_free(void)
{
    int64_t id = 0;
    while (find(id))
        id++;
    return id;
}

static FdSet *make(int64_t id)
{
    unsigned at = 0;
    FdSet *set = g_new0(FdSet, 1);
    set->id = id;
    set->fds = g_array_new(FALSE, FALSE, sizeof(FdInSet));
    g_array_set_clear_func(set->fds, close_in_set);
    if (!sets)
        sets = g_ptr_array_new_with_free_func(free_set);
    while (fd_set_at(at) && fd_set_at(at)->id < id)
        at++;
    g_ptr_array_insert(sets, (int)at, set);
    return set;
}

const FdSet *fd_set_add(int64_t id, int fd, const char *opaque)
{
    if (count_all() >= MOST) {
        close(fd);
        return NULL;
    }
    if (id < 0)
        id = lowest_free();
    FdSet *set = find(id);
    if (!set)
        set = make(id);
    const FdInSet one = { .fd = fd, .opaque = g_strdup(opaque) };
    g_array_append_val(set->fds, one);
    return set;
}

bool fd_set_remove(int64_t id, int fd)
{
    FdSet *set = find(id);
    bool found = false;
    for (unsigned i = set ? set->fds->len : 0; i-- > 0;) {
        if (fd >= 0 && g_array_index(set->fds, FdInSet, i).fd != fd)
            continue;
        g_array_remove_index(set->fds, i);
        found = true;
    }
    if (set && set->fds->len == 0)
        g_ptr_array_remove(sets, set);
    return found;
}

void fd_set_clear(void)
{
    g_clear_pointer(&sets, g_ptr_array_unref);
}

// --- Paths.

static bool is_of_a_set(const char *path)
{
    return g_str_has_prefix(path, FOLDER);
}

// NULL and errno.
static const FdSet *find_by_path(const char *path)
{
    guint64 id;
    const FdSet *set = NULL;
    if (g_ascii_string_to_unsigned(path + strlen(FOLDER), 10, 0, G_MAXINT64, &id, NULL))
        set = find((int64_t)id);
    errno = ENOENT;
    return set;
}

static bool may(int fd, int flags)
{
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    return mode == O_RDWR || mode == (flags & O_ACCMODE);
}

int fd_set_open(const char *path, int flags, mode_t mode)
{
    if (!is_of_a_set(path))
        return open(path, flags, mode);
    const FdSet *set = find_by_path(path);
    if (!set)
        return -1;
    for (unsigned i = 0; i < set->fds->len; i++)
        if (may(g_array_index(set->fds, FdInSet, i).fd, flags))
            return fcntl(g_array_index(set->fds, FdInSet, i).fd, F_DUPFD_CLOEXEC, 0);
    errno = EACCES;
    return -1;
}

int fd_set_stat(const char *path, struct stat *status)
{
    if (!is_of_a_set(path))
        return stat(path, status);
    const FdSet *set = find_by_path(path);
    return set ? fstat(g_array_index(set->fds, FdInSet, 0).fd, status) : -1;
}
