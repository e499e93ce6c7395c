// What a guest writes to a disk whose image stays as it is: a sparse file without a name, as large as the
// disk, and a map of the sectors that it has. Whole sectors are written, so none is ever copied.
#include "overlay.h"
#include "lparun/error.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

struct BlockOverlay {
    int fd;
    uint64_t *map; // a bit a sector; costs what is touched
    size_t map_bytes;
};

static const char *folder(void)
{
    const char *given = g_getenv("TMPDIR");
    return given && *given ? given : "/var/tmp"; // as QEMU: /tmp may be memory
}

static int open_nameless(void)
{
    int fd = open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL))
        return fd;
    g_autofree char *path = g_build_filename(folder(), "lparun-XXXXXX", NULL);
    fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(path);
    return fd;
}

BlockOverlay *block_overlay_new(uint64_t bytes, GError **error)
{
    BlockOverlay *overlay = g_new0(BlockOverlay, 1);
    overlay->map_bytes = bytes / BLOCK_SECTOR / 8 + sizeof(uint64_t);
    overlay->map = mmap(
        NULL, overlay->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    overlay->fd = overlay->map == MAP_FAILED ? -1 : open_nameless();
    if (overlay->fd >= 0 && ftruncate(overlay->fd, (off_t)bytes) == 0)
        return overlay;
    error_host(error, "snapshot=on: no temporary file in %s: %s; set TMPDIR to a folder that has room",
        folder(), g_strerror(errno));
    block_overlay_free(overlay);
    return NULL;
}

void block_overlay_free(BlockOverlay *overlay)
{
    if (!overlay)
        return;
    if (overlay->fd >= 0)
        close(overlay->fd);
    if (overlay->map != MAP_FAILED)
        munmap(overlay->map, overlay->map_bytes);
    g_free(overlay);
}

int block_overlay_fd(const BlockOverlay *overlay)
{
    return overlay->fd;
}

static bool has(const BlockOverlay *overlay, uint64_t sector)
{
    return overlay->map[sector / 64] >> sector % 64 & 1;
}

bool block_overlay_find(const BlockOverlay *overlay, uint64_t offset, uint64_t *bytes)
{
    uint64_t sector = offset / BLOCK_SECTOR, end = (offset + *bytes + BLOCK_SECTOR - 1) / BLOCK_SECTOR;
    bool there = has(overlay, sector);
    while (++sector < end && has(overlay, sector) == there)
        ;
    *bytes = MIN(*bytes, sector * BLOCK_SECTOR - offset);
    return there;
}

void block_overlay_add(BlockOverlay *overlay, uint64_t offset, uint64_t bytes)
{
    // A sector that is not whole yet comes with the rest of its request.
    uint64_t end = (offset + bytes) / BLOCK_SECTOR;
    for (uint64_t sector = offset / BLOCK_SECTOR; sector < end; sector++)
        overlay->map[sector / 64] |= 1ULL << sector % 64;
}
