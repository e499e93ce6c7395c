// A file that is written from its beginning to its end, with holes for zeros.
#include "lparun/sparse_file.h"
#include "lparun/error.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (64 << 10)     // bytes that are a hole, or are not
#define PIECE (1 << 20)      // bytes of one write at most, so that it can be cancelled
#define PIPE_PIECE (4 << 10) // that a pipe which is ready takes without a wait (PIPE_BUF)
#define PATIENCE 100         // milliseconds of a wait for a reader, again and again

struct SparseFile {
    int fd;
    char *path;   // of a file that was made here; NULL: it is someone else's
    bool seeks;   // holes can be
    bool regular; // a write does not wait for a reader
    bool hole;    // ends with one
    gint cancelled;
};

// Where bytes are behind, or all are appended, a hole would be none.
static bool can_seek(int fd, const struct stat *file)
{
    int flags = fcntl(fd, F_GETFL);
    return S_ISREG(file->st_mode) && flags >= 0 && !(flags & O_APPEND) &&
           lseek(fd, 0, SEEK_CUR) >= file->st_size;
}

SparseFile *sparse_file_of(int fd)
{
    struct stat stat = { 0 };
    SparseFile *file = g_new0(SparseFile, 1);
    fstat(fd, &stat);
    file->fd = fd;
    file->regular = S_ISREG(stat.st_mode) || S_ISBLK(stat.st_mode);
    file->seeks = can_seek(fd, &stat);
    return file;
}

// O_NONBLOCK: a FIFO without a reader is an error at once.
SparseFile *sparse_file_create(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0) {
        error_user(error, "Could not create '%s': %s", path, g_strerror(errno));
        return NULL;
    }
    SparseFile *file = sparse_file_of(fd);
    file->path = g_strdup(path);
    return file;
}

void sparse_file_cancel(SparseFile *file)
{
    g_atomic_int_set(&file->cancelled, TRUE);
}

static bool is_cancelled(const SparseFile *file)
{
    return g_atomic_int_get(&file->cancelled);
}

static int await_reader(const SparseFile *file)
{
    struct pollfd ready = { .fd = file->fd, .events = POLLOUT };
    int result;
    do
        result = poll(&ready, 1, PATIENCE);
    while (!is_cancelled(file) && (result == 0 || (result < 0 && errno == EINTR)));
    return is_cancelled(file) ? -ECANCELED : result < 0 ? -errno : 0;
}

// Returns how many bytes were written, or -errno.
static ssize_t write_some(const SparseFile *file, const uint8_t *bytes, uint64_t size)
{
    int result = file->regular ? 0 : await_reader(file);
    if (result < 0)
        return result;
    ssize_t written = write(file->fd, bytes, MIN(size, file->regular ? PIECE : PIPE_PIECE));
    if (written < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    return written < 0 ? -errno : written;
}

static int write_data(SparseFile *file, const uint8_t *bytes, uint64_t size)
{
    file->hole = false;
    while (size > 0) {
        ssize_t written = is_cancelled(file) ? -ECANCELED : write_some(file, bytes, size);
        if (written < 0)
            return (int)written;
        bytes += written;
        size -= (uint64_t)written;
    }
    return 0;
}

static int skip(SparseFile *file, uint64_t size)
{
    file->hole = true;
    return is_cancelled(file) ? -ECANCELED : lseek(file->fd, (off_t)size, SEEK_CUR) < 0 ? -errno : 0;
}

static bool is_zero(const uint8_t *bytes, uint64_t size)
{
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

// How many of the bytes are like the first block, a hole or not.
static uint64_t run_of(const uint8_t *bytes, uint64_t size, bool hole)
{
    uint64_t length = 0;
    while (length < size && length < PIECE && is_zero(bytes + length, MIN(size - length, BLOCK)) == hole)
        length += MIN(size - length, BLOCK);
    return length;
}

int sparse_file_write(SparseFile *file, const void *from, uint64_t size)
{
    const uint8_t *bytes = from;
    int result = 0;
    while (size > 0 && result == 0) {
        bool hole = file->seeks && is_zero(bytes, MIN(size, BLOCK));
        uint64_t length = file->seeks ? MAX(run_of(bytes, size, hole), MIN(size, BLOCK)) : MIN(size, PIECE);
        result = hole ? skip(file, length) : write_data(file, bytes, length);
        bytes += length;
        size -= length;
    }
    return result;
}

int sparse_file_zeros(SparseFile *file, uint64_t size)
{
    static const uint8_t zeros[BLOCK];
    int result = 0;
    if (file->seeks)
        return skip(file, size);
    for (; size > 0 && result == 0; size -= MIN(size, BLOCK))
        result = write_data(file, zeros, MIN(size, BLOCK));
    return result;
}

// Not what has come in its place.
static void remove_file(const SparseFile *file)
{
    struct stat ours, there;
    if (file->path && fstat(file->fd, &ours) == 0 && S_ISREG(ours.st_mode) &&
        lstat(file->path, &there) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino)
        unlink(file->path);
}

// A hole at the end has to be made.
static int finish(const SparseFile *file)
{
    off_t size = file->hole ? lseek(file->fd, 0, SEEK_CUR) : 0;
    return size < 0 || (size > 0 && ftruncate(file->fd, size) < 0) ? -errno : 0;
}

int sparse_file_end(SparseFile *file, int result)
{
    if (result == 0)
        result = is_cancelled(file) ? -ECANCELED : finish(file);
    if (result < 0)
        remove_file(file);
    if (close(file->fd) < 0 && result == 0) { // a network's file system may say it only now
        result = -errno;
        if (file->path)
            unlink(file->path);
    }
    g_free(file->path);
    g_free(file);
    return result;
}
