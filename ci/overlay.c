// Copies of images.
#include "overlay.h"
#include "refuse.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((gsize)1 << 20)

// Where the kernel does not copy by itself: from one file system to another, say.
static bool copy_by_hand(int from, int to, off_t begin, off_t end)
{
    g_autofree char *buffer = g_malloc(CHUNK);
    while (begin < end) {
        ssize_t done = pread(from, buffer, MIN((gsize)(end - begin), CHUNK), begin);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done == 0;                          // the image became shorter
        done = pwrite(to, buffer, (gsize)done, begin); // may be less: the next one says why
        if (done < 0)
            return false;
        begin += done;
    }
    return true;
}

static bool copy_range(int from, int to, off_t begin, off_t end)
{
    off_t in = begin, out = begin;
    while (in < end) {
        ssize_t done = copy_file_range(from, &in, to, &out, (size_t)(end - in), 0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return copy_by_hand(from, to, in, end);
        if (done == 0)
            return true;
    }
    return true;
}

static bool copy_data(int from, int to, off_t size)
{
    off_t end;
    for (off_t begin = 0; begin < size; begin = end) {
        begin = lseek(from, begin, SEEK_DATA);
        if (begin < 0)
            return errno == ENXIO; // only a hole is left
        end = lseek(from, begin, SEEK_HOLE);
        if (end < 0 || !copy_range(from, to, begin, end))
            return false;
    }
    return true;
}

static bool copy(int from, int to)
{
    struct stat status;
    if (fstat(from, &status) != 0)
        return false;
    if (S_ISREG(status.st_mode) && ioctl(to, FICLONE, from) == 0)
        return true;
    off_t size = lseek(from, 0, SEEK_END); // of a block device, too
    return size >= 0 && ftruncate(to, size) == 0 && copy_data(from, to, size);
}

bool overlay_copy(const char *image, const char *to, GError **error)
{
    int source = open(image, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return refuse_system(error, image);
    int target = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = target >= 0 && copy(source, target);
    if (!good)
        refuse_system(error, target < 0 ? to : image);
    if (target >= 0)
        close(target);
    close(source);
    return good;
}
