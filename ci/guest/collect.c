// Files that are wanted of the guest.
#include "collect.h"
#include "bytes.h"
#include "calls.h"
#include "folder.h"
#include "order.h"
#include "stream.h"

#define DEEPEST 64

static char path[PATH_ROOM];

static bool send_path(FrameKind kind, uint32_t number)
{
    size_t length = text_length(path);
    put32(stream_bytes(), number);
    memcpy(stream_bytes() + 4, path, length);
    return stream_send(kind, 4 + length);
}

static void leave(int error)
{
    (void)send_path(FRAME_LEFT, (uint32_t)-error);
}

// Until its end and not its size: files of the kernel's say 0.
static long send_bytes(int file)
{
    long length;
    while ((length = sys_read(file, stream_bytes(), FRAME_MOST - FRAME_HEAD)) > 0)
        if (!stream_send(FRAME_DATA, (size_t)length))
            return -ENOSPC;
    return length;
}

static void send_file(const struct stat *stat)
{
    int file = sys_open(path, O_RDONLY | O_NONBLOCK);
    if (file < 0) {
        leave(file);
        return;
    }
    long error = send_path(FRAME_FILE, (uint32_t)stat->st_mode) ? send_bytes(file) : -ENOSPC;
    if (error < 0)
        leave((int)error);
    sys_close(file);
}

static void take(int depth, int flags);

// The path grows by each name, and shrinks again.
static void take_folder(int depth)
{
    char entries[FOLDER_ROOM] __attribute__((aligned(8)));
    size_t length = text_length(path);
    int folder = sys_open(path, O_RDONLY | O_DIRECTORY);
    if (folder < 0 || depth == DEEPEST)
        leave(folder < 0 ? folder : -ELOOP);
    for (const Entry *entry = NULL; depth < DEEPEST && (entry = folder_next(folder, entries, entry));) {
        if (path_join(path, path, entry->name))
            take(depth + 1, AT_SYMLINK_NOFOLLOW);
        path[length] = '\0';
    }
    if (folder >= 0)
        sys_close(folder);
}

// Devices, sockets and links in folders are left out; what was asked for by name is not, without a word.
static void take(int depth, int flags)
{
    struct stat stat;
    int error = sys_stat(path, &stat, flags);
    unsigned type = error == 0 ? stat.st_mode & 0170000 : 0;
    if (type == 0040000)
        take_folder(depth);
    else if (type == 0100000)
        send_file(&stat);
    else if (error < 0 || depth == 0)
        leave(error < 0 ? error : -ENODEV);
}

void collect_all(void)
{
    for (const char *wanted = order_next(ORDER_COLLECT, NULL); wanted;
         wanted = order_next(ORDER_COLLECT, wanted)) {
        size_t length = text_length(wanted);
        if (length >= PATH_ROOM)
            continue;
        memcpy(path, wanted, length + 1);
        take(0, 0);
    }
}
