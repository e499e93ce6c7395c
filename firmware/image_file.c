// Files that are loaded into guest memory.
#include "lparun/error.h"
#include "lparun/firmware.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

ImageFile *image_file_open(const char *option, const char *path, GError **error)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO is refused, not waited for
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

bool image_file_load(const ImageFile *file, uint64_t offset, uint64_t length, GuestMemory *memory,
    uint64_t gpa, GError **error)
{
    uint8_t *to = guest_memory_at(memory, gpa, length);
    if (!to)
        return error_user(
            error, "%s %s: does not fit into guest memory; give more with -m", file->option, file->path);
    while (length > 0) {
        ssize_t done = pread(file->fd, to, length, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return error_user(error, "%s %s: %s", file->option, file->path,
                done < 0 ? g_strerror(errno) : "the file is cut short");
        to += done;
        offset += (uint64_t)done;
        length -= (uint64_t)done;
    }
    return true;
}
