// Files that a guest hands over, put into a folder.
#include "collect.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MOST 100000u
#define COMPLAINTS_MOST 200u
#define NAMES_MOST 128u // of one path

struct Collect {
    char *folder;
    int file; // the one that is written, or -1
    char *path;
    unsigned count;
    GPtrArray *complaints;
};

Collect *collect_new(const char *folder)
{
    Collect *collect = g_new0(Collect, 1);
    collect->folder = g_strdup(folder);
    collect->file = -1;
    collect->complaints = g_ptr_array_new_with_free_func(g_free);
    return collect;
}

static void end_file(Collect *collect)
{
    if (collect->file >= 0)
        close(collect->file);
    collect->file = -1;
    g_clear_pointer(&collect->path, g_free);
}

void collect_free(Collect *collect)
{
    if (!collect)
        return;
    end_file(collect);
    g_ptr_array_unref(collect->complaints);
    g_free(collect->folder);
    g_free(collect);
}

const GPtrArray *collect_complaints(const Collect *collect)
{
    return collect->complaints;
}

unsigned collect_count(const Collect *collect)
{
    return collect->count;
}

// Fit for a terminal.
static void complain(Collect *collect, const char *path, const char *why)
{
    if (collect->complaints->len == COMPLAINTS_MOST)
        return;
    g_autofree char *escaped = g_strescape(path, NULL);
    g_ptr_array_add(collect->complaints, g_strdup_printf("%.200s: %s", escaped, why));
}

static bool is_sound(char **names)
{
    unsigned count = 0;
    for (char **name = names; *name; name++)
        if (strcmp(*name, "..") == 0 || strlen(*name) > NAME_MAX || ++count > NAMES_MOST)
            return false;
    return true;
}

static bool is_nothing(const char *name)
{
    return *name == '\0' || strcmp(name, ".") == 0;
}

// The folder inside `folder`, which is closed; -1 and errno if it cannot be. A link is none.
static int enter(int folder, const char *name)
{
    int inner = -1;
    if (mkdirat(folder, name, 0755) == 0 || errno == EEXIST)
        inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int number = errno;
    close(folder);
    errno = number;
    return inner;
}

// What was there is not written to: it may be a link, or another's.
static int create(int folder, const char *name, unsigned mode)
{
    unlinkat(folder, name, 0);
    return openat(
        folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0111 ? 0755 : 0644);
}

static int open_names(int folder, char **names, unsigned mode)
{
    char *last = NULL;
    for (char **name = names; *name && folder >= 0; name++) {
        if (is_nothing(*name))
            continue;
        folder = last ? enter(folder, last) : folder;
        last = *name;
    }
    if (folder < 0)
        return -1;
    errno = EINVAL;
    int file = last ? create(folder, last, mode) : -1, number = errno;
    close(folder);
    errno = number;
    return file;
}

void collect_file(Collect *collect, const char *path, unsigned mode)
{
    end_file(collect);
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    if (!is_sound(names)) {
        complain(collect, path, "not a path of a file");
        return;
    }
    if (collect->count == FILES_MOST) {
        complain(collect, path, "too many files");
        return;
    }
    errno = 0;
    int folder = g_mkdir_with_parents(collect->folder, 0755) == 0
                     ? open(collect->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                     : -1;
    collect->file = open_names(folder, names, mode);
    if (collect->file < 0) {
        complain(collect, path, g_strerror(errno));
        return;
    }
    collect->path = g_strdup(path);
    collect->count++;
}

void collect_data(Collect *collect, const char *bytes, gsize length)
{
    for (gsize done = 0; collect->file >= 0 && done < length;) {
        ssize_t now = write(collect->file, bytes + done, length - done);
        if (now > 0) {
            done += (gsize)now;
            continue;
        }
        complain(collect, collect->path, g_strerror(errno));
        end_file(collect);
    }
}

void collect_left(Collect *collect, const char *path, int error)
{
    if (error == ELOOP)
        complain(collect, path, "too deep, or a link in a circle");
    else if (error == ENODEV)
        complain(collect, path, "neither a file nor a folder");
    else if (error == ENOSPC)
        complain(collect, path, "no room for all of it on the disk of results");
    else
        complain(collect, path, g_strerror(error));
}
