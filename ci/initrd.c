// An initial ramdisk.
#include "initrd.h"
#include "refuse.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ALIGN 4
#define NAME_MOST 4095
#define SIZE_MOST 0xffffffffu // as the form has it
#define CHUNK 65536

struct Initrd {
    FILE *file;
    char *path;
    GHashTable *names;
    unsigned inode;
    guint64 written;
    GError *error; // the first one
};

typedef struct Head {
    unsigned mode, major, minor;
    size_t size;
} Head;

Initrd *initrd_new(const char *path, GError **error)
{
    FILE *file = fopen(path, "wbe");
    if (!file) {
        refuse(error, "%s cannot be written: %s", path, g_strerror(errno));
        return NULL;
    }
    Initrd *initrd = g_new0(Initrd, 1);
    initrd->file = file;
    initrd->path = g_strdup(path);
    initrd->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return initrd;
}

void initrd_free(Initrd *initrd)
{
    if (!initrd)
        return;
    fclose(initrd->file);
    g_hash_table_unref(initrd->names);
    g_clear_error(&initrd->error);
    g_free(initrd->path);
    g_free(initrd);
}

static void complain(Initrd *initrd, const char *what, int number)
{
    if (!initrd->error)
        refuse(&initrd->error, "%s: %s", what, g_strerror(number));
}

static void write_bytes(Initrd *initrd, const void *bytes, size_t length)
{
    if (fwrite(bytes, 1, length, initrd->file) != length)
        complain(initrd, initrd->path, errno);
    initrd->written += length;
}

static void align(Initrd *initrd)
{
    static const char zeros[ALIGN];
    write_bytes(initrd, zeros, (size_t)(-initrd->written % ALIGN));
}

static void write_head(Initrd *initrd, const char *name, const Head *head)
{
    // inode, mode, owner, group, links, time, size, device, device of the node, length of the name, sum
    char text[120];
    int length = snprintf(text, sizeof text, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
        ++initrd->inode, head->mode, 0, 0, 1, 0, (unsigned)head->size, 0, 0, head->major, head->minor,
        (unsigned)strlen(name) + 1, 0);
    write_bytes(initrd, text, (size_t)length);
    write_bytes(initrd, name, strlen(name) + 1);
    align(initrd);
}

bool initrd_has(const Initrd *initrd, const char *name)
{
    return g_hash_table_contains(initrd->names, name);
}

static void add_parents(Initrd *initrd, const char *name)
{
    const char *slash = strrchr(name, '/');
    if (!slash)
        return;
    g_autofree char *parent = g_strndup(name, (gsize)(slash - name));
    initrd_folder(initrd, parent);
}

// True: its head is there, and its bytes may follow.
static bool begin(Initrd *initrd, const char *name, const Head *head)
{
    if (*name == '\0' || initrd_has(initrd, name))
        return false;
    if (strlen(name) > NAME_MOST || head->size > SIZE_MOST) {
        complain(initrd, name, strlen(name) > NAME_MOST ? ENAMETOOLONG : EFBIG);
        return false;
    }
    g_hash_table_add(initrd->names, g_strdup(name));
    add_parents(initrd, name);
    write_head(initrd, name, head);
    return true;
}

void initrd_folder(Initrd *initrd, const char *name)
{
    begin(initrd, name, &(Head){ .mode = S_IFDIR | 0755 });
}

void initrd_character(Initrd *initrd, const char *name, unsigned major, unsigned minor)
{
    begin(initrd, name, &(Head){ .mode = S_IFCHR | 0600, .major = major, .minor = minor });
}

static void add_bytes(Initrd *initrd, const char *name, unsigned mode, const void *bytes, size_t length)
{
    if (!begin(initrd, name, &(Head){ .mode = mode, .size = length }))
        return;
    write_bytes(initrd, bytes, length);
    align(initrd);
}

void initrd_bytes(Initrd *initrd, const char *name, unsigned mode, const void *bytes, size_t length)
{
    add_bytes(initrd, name, S_IFREG | mode, bytes, length);
}

void initrd_link(Initrd *initrd, const char *name, const char *target)
{
    add_bytes(initrd, name, S_IFLNK | 0777, target, strlen(target));
}

// As many bytes as `length`, whatever becomes of the file meanwhile.
static void copy(Initrd *initrd, FILE *from, const char *path, size_t length)
{
    g_autofree char *chunk = g_malloc0(CHUNK);
    for (size_t done = 0; done < length;) {
        size_t want = MIN(length - done, CHUNK), got = fread(chunk, 1, want, from);
        if (got < want) {
            complain(initrd, path, ferror(from) ? errno : EIO);
            return;
        }
        write_bytes(initrd, chunk, got);
        done += got;
    }
}

// Without blocking: a pipe is no file.
static FILE *open_file(Initrd *initrd, const char *path, struct stat *status)
{
    struct stat before;
    FILE *from = stat(path, &before) == 0 && S_ISREG(before.st_mode) ? fopen(path, "rbe") : NULL;
    if (from && fstat(fileno(from), status) == 0)
        return from;
    complain(initrd, path, errno ? errno : EINVAL);
    if (from)
        fclose(from);
    return NULL;
}

void initrd_file(Initrd *initrd, const char *name, const char *path)
{
    struct stat status;
    if (initrd_has(initrd, name))
        return;
    errno = 0;
    FILE *from = open_file(initrd, path, &status);
    if (!from)
        return;
    Head head = { .mode = S_IFREG | (status.st_mode & 07777), .size = (size_t)status.st_size };
    if (begin(initrd, name, &head))
        copy(initrd, from, path, head.size);
    align(initrd);
    fclose(from);
}

void initrd_prepend(Initrd *initrd, const char *path)
{
    struct stat status;
    errno = 0;
    FILE *from = open_file(initrd, path, &status);
    if (!from)
        return;
    copy(initrd, from, path, (size_t)status.st_size);
    align(initrd);
    fclose(from);
}

bool initrd_finish(Initrd *initrd, GError **error)
{
    write_head(initrd, "TRAILER!!!", &(Head){ 0 });
    if (fflush(initrd->file) != 0)
        complain(initrd, initrd->path, errno);
    GError *found = g_steal_pointer(&initrd->error);
    initrd_free(initrd);
    if (found)
        g_propagate_error(error, found);
    return !found;
}
