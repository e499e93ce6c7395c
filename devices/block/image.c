// Disk images: opening them, and saying in one line why one cannot be used.
#include "image.h"
#include "lparun/error.h"
#include "lparun/fd_set.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const Word block_cache_words[] = {
    { "writeback", BLOCK_WRITEBACK },
    { "none", BLOCK_NONE },
    { "writethrough", BLOCK_WRITETHROUGH },
    { "directsync", BLOCK_DIRECTSYNC },
    { "unsafe", BLOCK_UNSAFE },
    { 0 },
};

const Word block_aio_words[] = {
    { "io_uring", BLOCK_AIO_IO_URING },
    { "native", BLOCK_AIO_NATIVE },
    { "threads", BLOCK_AIO_THREADS },
    { 0 },
};

#define refuse(error, path, format, ...) error_user(error, "file=%s: " format, path, ##__VA_ARGS__)

static bool check_kind(const char *path, BlockFile file, GError **error)
{
    // Before open(), which waits for a writer when it is a FIFO.
    struct stat status;
    if (fd_set_stat(path, &status)) {
        if (errno == ENOENT)
            return refuse(error, path, "no such file; make one first (truncate -s 8G FILE)");
        return refuse(error, path, "%s", g_strerror(errno));
    }
    if (S_ISDIR(status.st_mode))
        return refuse(error, path, "is a folder; give a raw disk image or a block device");
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return refuse(error, path, "is no disk; give a raw disk image or a block device");
    if (file == BLOCK_REGULAR_FILE && !S_ISREG(status.st_mode))
        return refuse(error, path, "is a device; give driver=host_device");
    if (file == BLOCK_DEVICE_FILE && !S_ISBLK(status.st_mode))
        return refuse(error, path, "is no device; give driver=file");
    return true;
}

static bool is_forbidden(int number)
{
    return number == EACCES || number == EPERM || number == EROFS;
}

static int open_path(const BlockImage *image)
{
    int access = image->readonly ? O_RDONLY : O_RDWR;
    return fd_set_open(image->path, O_CLOEXEC | access | (image->direct ? O_DIRECT : 0), 0);
}

static bool open_file(BlockImage *image, bool auto_readonly, GError **error)
{
    image->fd = open_path(image);
    if (image->fd < 0 && auto_readonly && !image->readonly && is_forbidden(errno)) {
        image->readonly = true;
        image->fd = open_path(image);
    }
    if (image->fd >= 0)
        return true;
    int number = errno;
    const char *why = g_strerror(number);
    if (number == EINVAL && image->direct)
        return refuse(error, image->path, "its file system has no direct I/O; use cache=writeback");
    if (image->readonly)
        return refuse(error, image->path, "cannot be opened to read: %s", why);
    if (is_forbidden(number))
        return refuse(
            error, image->path, "cannot be opened to write: %s; use readonly=on, or change that", why);
    return refuse(error, image->path, "cannot be opened: %s", why);
}

static bool find_size(BlockImage *image, GError **error)
{
    struct stat status;
    uint64_t bytes = 0;
    if (fstat(image->fd, &status) || (S_ISBLK(status.st_mode) && ioctl(image->fd, BLKGETSIZE64, &bytes)))
        return refuse(error, image->path, "its size cannot be read: %s", g_strerror(errno));
    if (!S_ISBLK(status.st_mode))
        bytes = (uint64_t)status.st_size;
    image->bytes = bytes;
    image->size = (bytes + BLOCK_SECTOR - 1) / BLOCK_SECTOR * BLOCK_SECTOR;
    if (!image->size)
        return refuse(error, image->path, "is empty; make it larger (truncate -s 8G FILE)");
    return true;
}

static bool lock(const BlockImage *image, BlockLock wish, GError **error)
{
    bool shared = image->readonly || wish == BLOCK_LOCK_SHARED;
    struct flock whole = { .l_type = shared ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };
    if (wish == BLOCK_LOCK_NONE || !fcntl(image->fd, F_OFD_SETLK, &whole))
        return true;
    if (errno == EAGAIN || errno == EACCES)
        return refuse(error, image->path, "is in use by another process; end that one, or %s",
            image->readonly ? "open it readonly=on there too" : "use a copy");
    return true; // a file system without locks: nothing to be had
}

static bool read_works(int fd, uint8_t *buffer)
{
    return pread(fd, buffer, BLOCK_SECTOR, 0) >= 0;
}

// What direct I/O asks of a buffer for one sector; 0 when sectors of 512 bytes do not work at all.
static unsigned probe_memory_alignment(int fd)
{
    uint8_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return 0;
    unsigned alignment = read_works(fd, page + 512) ? 512 : read_works(fd, page) ? 4096 : 0;
    munmap(page, 4096);
    return alignment;
}

static bool find_alignment(BlockImage *image, GError **error)
{
    if (!image->direct)
        return true;
    unsigned offset_alignment = BLOCK_SECTOR;
    bool known = false;
#ifdef STATX_DIOALIGN
    struct statx status;
    if (!statx(image->fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) && status.stx_mask & STATX_DIOALIGN) {
        known = true;
        image->memory_alignment = status.stx_dio_mem_align;
        offset_alignment = status.stx_dio_offset_align;
    }
#endif
    if (!known) {
        image->memory_alignment = probe_memory_alignment(image->fd);
        offset_alignment = image->memory_alignment ? BLOCK_SECTOR : 4096;
    } else if (!image->memory_alignment) {
        return refuse(error, image->path, "its file system has no direct I/O; use cache=writeback");
    }
    if (offset_alignment > BLOCK_SECTOR)
        return refuse(error, image->path,
            "its disk has sectors of %u bytes, direct I/O of 512 is not to be had; use cache=writeback",
            offset_alignment);
    return true;
}

static bool open_image(BlockImage *image, const BlockOptions *options, GError **error)
{
    return check_kind(image->path, options->file, error) && open_file(image, options->auto_readonly, error) &&
           lock(image, options->lock, error) && find_size(image, error) && find_alignment(image, error) &&
           block_content_check(image->fd, image->path, options->content, error);
}

// The kernel's own zeros, which have no page cache and no medium.
static bool open_zeros(BlockImage *image, uint64_t bytes, GError **error)
{
    image->is_zeros = true;
    image->direct = false;
    image->cache |= BLOCK_NO_FLUSH;
    image->bytes = bytes;
    image->size = bytes / BLOCK_SECTOR * BLOCK_SECTOR;
    image->fd = open("/dev/zero", O_CLOEXEC | (image->readonly ? O_RDONLY : O_RDWR));
    if (image->fd < 0)
        return error_host(error, "/dev/zero: %s", g_strerror(errno));
    return image->size > 0 || error_user(error, "size: less than a sector of 512 bytes; give more");
}

bool block_image_open(BlockImage *image, const BlockOptions *options, GError **error)
{
    *image = (BlockImage){
        .path = g_strdup(options->path ? options->path : "null-co://"),
        .fd = -1,
        .readonly = options->readonly,
        .cache = options->cache,
        .direct = options->cache & BLOCK_DIRECT,
    };
    if (options->file == BLOCK_ZEROS ? open_zeros(image, options->bytes, error)
                                     : open_image(image, options, error))
        return true;
    block_image_close(image);
    return false;
}

void block_image_close(BlockImage *image)
{
    if (image->fd >= 0)
        close(image->fd);
    g_free(image->path);
}

// A device is as large as it is.
bool block_image_grow(const BlockImage *image, uint64_t bytes, GError **error)
{
    uint64_t size = 0;
    if (bytes < image->size)
        return error_user(
            error, "it has %" G_GUINT64_FORMAT " bytes, and lparun makes no image shorter", image->size);
    if (image->readonly)
        return error_user(error, "it is read-only");
    if (image->is_zeros)
        return error_user(error, "it is no file");
    if (ioctl(image->fd, BLKGETSIZE64, &size) == 0)
        return bytes <= size || error_user(error, "Cannot grow device files");
    return ftruncate(image->fd, (off_t)bytes) == 0 || error_user(error, "%s", g_strerror(errno));
}
