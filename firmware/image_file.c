// Files that are loaded into guest memory.
#include "lparun/boot.h"
#include "lparun/error.h"
#include "lparun/fd_set.h"
#include "lparun/parallel.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

ImageFile *image_file_open(const char *option, const char *path, GError **error)
{
    struct stat status;
    int fd = fd_set_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0); // a FIFO is refused, not waited for
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        error_user(error, "%s %s: %s; give a file that can be read", option, path,
            fd < 0 ? g_strerror(errno) : "not a regular file");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    ImageFile *file = g_new0(ImageFile, 1);
    *file = (ImageFile){
        .option = g_strdup(option),
        .path = g_strdup(path),
        .fd = fd,
        .size = (uint64_t)status.st_size,
    };
    return file;
}

void image_file_close(ImageFile *file)
{
    if (!file)
        return;
    close(file->fd);
    g_free(file->option);
    g_free(file->path);
    g_free(file);
}

void boot_files_close(BootFiles *files)
{
    image_file_close(files->bios);
    image_file_close(files->kernel);
    image_file_close(files->initrd);
}

typedef struct Load {
    int fd;
    uint64_t offset; // in the file
    uint8_t *to;
} Load;

// 0 or -errno; ENODATA where the file is cut short.
static int read_slice(void *owner, uint64_t from, uint64_t to)
{
    const Load *load = owner;
    while (from < to) {
        ssize_t done = pread(load->fd, load->to + from, to - from, (off_t)(load->offset + from));
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -ENODATA;
        from += (uint64_t)done;
    }
    return 0;
}

#define UNIT (2ULL << 20) // a huge page, which one thread has to clear
#define WORTH_A_THREAD (4 * UNIT)

bool image_file_load(const ImageFile *file, uint64_t offset, uint64_t length, GuestMemory *memory,
    uint64_t gpa, GError **error)
{
    Load load = { .fd = file->fd, .offset = offset, .to = guest_memory_write_at(memory, gpa, length) };
    if (!load.to)
        return error_user(
            error, "%s %s: does not fit into guest memory; give more with -m", file->option, file->path);
    int result = parallel_do(read_slice, &load, length, UNIT, WORTH_A_THREAD);
    if (result == 0)
        return true;
    return error_user(error, "%s %s: %s", file->option, file->path,
        result == -ENODATA ? "the file is cut short" : g_strerror(-result));
}
