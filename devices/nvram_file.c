// NVRAM's file. It is never written in place: a new one is made beside it, brought to the disk, and renamed,
// which a crash of the program or the host cannot tear. Whoever has the file's newest version locked is its
// user: the lock is taken on each new one before it gets the name.
#include "nvram_file.h"
#include "lparun/error.h"
#include "lparun/nvram.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct NvramFile {
    char *path; // as given
    char *real; // without symbolic links: they stay
    char *name; // in its folder
    char *next; // beside it, the new version in the making
    int folder; // -1 when it is only read. One that is moved takes its file along
    int fd;     // locked; -1 when it is only read
};

#define refuse(error, path, format, ...)                                                                     \
    error_user(error, "-drive if=pflash,file=%s: " format, path, ##__VA_ARGS__)

static bool check(const char *path, const struct stat *status, GError **error)
{
    if (!S_ISREG(status->st_mode))
        return refuse(error, path, "no regular file; give one");
    if (status->st_size < NVRAM_SIZE_MIN || status->st_size > NVRAM_SIZE_MAX || status->st_size % 16)
        return refuse(error, path,
            "NVRAM has 8 KiB to 1 MiB, a multiple of 16 bytes; make one with truncate -s 64K FILE");
    return true;
}

// Opens and locks the file that has the name: another lparun may have replaced it between the two.
static bool open_locked(NvramFile *file, bool readonly, GError **error)
{
    for (;;) {
        struct stat opened, named;
        file->fd = open(file->real, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (file->fd < 0)
            return refuse(error, file->path, "%s; %s", g_strerror(errno),
                readonly ? "give a file that can be read" : "use readonly=on, or change that");
        if (flock(file->fd, (readonly ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0)
            return refuse(error, file->path, "another program uses it; give each guest its own");
        if (fstat(file->fd, &opened) == 0 && stat(file->real, &named) == 0 && opened.st_ino == named.st_ino &&
            opened.st_dev == named.st_dev)
            return check(file->path, &opened, error);
        close(file->fd);
    }
}

static bool read_all(int fd, uint8_t *bytes, uint32_t length)
{
    for (uint32_t done = 0; done < length;) {
        ssize_t result = pread(fd, bytes + done, length - done, done);
        if (result == 0 || (result < 0 && errno != EINTR))
            return false;
        done += result > 0 ? (uint32_t)result : 0;
    }
    return true;
}

static int write_all(int fd, const uint8_t *bytes, uint32_t length)
{
    for (uint32_t done = 0; done < length;) {
        ssize_t result = pwrite(fd, bytes + done, length - done, done);
        if (result < 0 && errno != EINTR)
            return -errno;
        done += result > 0 ? (uint32_t)result : 0;
    }
    return 0;
}

// The new version, with the old one's owner, as far as may be, and mode.
static int make_next(const NvramFile *file)
{
    struct stat status;
    if (fstat(file->fd, &status) != 0)
        return -errno;
    unlinkat(file->folder, file->next, 0); // a crash has left it
    int fd = openat(file->folder, file->next, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (fchown(fd, status.st_uid, status.st_gid) != 0)
        (void)0; // only root may: then it is this user's
    if (fchmod(fd, status.st_mode & 07777) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int result = -errno;
    unlinkat(file->folder, file->next, 0);
    close(fd);
    return result;
}

// The new name itself has to reach the disk, too.
static int sync_folder(const NvramFile *file)
{
    return fsync(file->folder) == 0 || errno == EINVAL ? 0 : -errno; // EINVAL: this file system cannot
}

int nvram_file_save(NvramFile *file, const uint8_t *bytes, uint32_t length)
{
    int fd = make_next(file);
    if (fd < 0)
        return fd;
    int result = write_all(fd, bytes, length);
    if (result == 0 && fsync(fd) != 0)
        result = -errno;
    if (result == 0 && renameat(file->folder, file->next, file->folder, file->name) != 0)
        result = -errno;
    if (result < 0) {
        unlinkat(file->folder, file->next, 0);
        close(fd);
        return result;
    }
    close(file->fd);
    file->fd = fd;
    return sync_folder(file);
}

// What a save needs, tried before there is something to lose.
static bool check_folder(NvramFile *file, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(file->real);
    file->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = file->folder < 0 ? -errno : make_next(file);
    if (fd < 0)
        return refuse(error, file->path,
            "no new version can be made in its folder: %s; use readonly=on, or "
            "change that",
            g_strerror(-fd));
    unlinkat(file->folder, file->next, 0);
    close(fd);
    return true;
}

static bool find_names(NvramFile *file, const char *path, GError **error)
{
    file->path = g_strdup(path);
    char *real = realpath(path, NULL);
    if (!real && errno == ENOENT)
        return refuse(error, path, "no such file; make one with truncate -s 64K FILE");
    if (!real)
        return refuse(error, path, "%s", g_strerror(errno));
    file->real = g_strdup(real);
    free(real);
    file->name = g_path_get_basename(file->real);
    file->next = g_strconcat(file->name, ".lparun-next", NULL);
    struct stat status; // before open(), which a device may not like
    if (stat(file->real, &status) != 0)
        return refuse(error, path, "%s", g_strerror(errno));
    return check(path, &status, error);
}

// No other kind of file: it would be replaced.
static bool check_content(const NvramFile *file, BlockContent content, GError **error)
{
    if (block_content_check(file->fd, file->path, content, error))
        return true;
    g_prefix_error(error, "-drive if=pflash,");
    return false;
}

NvramFile *nvram_file_open(
    const char *path, bool readonly, BlockContent content, uint8_t **bytes, uint32_t *length, GError **error)
{
    NvramFile *file = g_new0(NvramFile, 1);
    file->folder = file->fd = -1;
    struct stat status;
    if (!find_names(file, path, error) || !open_locked(file, readonly, error) ||
        !check_content(file, content, error) || (!readonly && !check_folder(file, error)))
        goto fail;
    if (fstat(file->fd, &status) != 0) {
        refuse(error, path, "%s", g_strerror(errno));
        goto fail;
    }
    *length = (uint32_t)status.st_size;
    *bytes = g_malloc(*length);
    if (read_all(file->fd, *bytes, *length)) {
        if (readonly) {
            close(file->fd);
            file->fd = -1;
        }
        return file;
    }
    g_clear_pointer(bytes, g_free);
    refuse(error, path, "it cannot be read: %s", g_strerror(errno));
fail:
    nvram_file_close(file);
    return NULL;
}

const char *nvram_file_path(const NvramFile *file)
{
    return file->path;
}

void nvram_file_close(NvramFile *file)
{
    if (!file)
        return;
    if (file->fd >= 0)
        close(file->fd);
    if (file->folder >= 0)
        close(file->folder);
    g_free(file->path);
    g_free(file->real);
    g_free(file->name);
    g_free(file->next);
    g_free(file);
}
