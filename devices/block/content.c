// What a disk image begins with: other formats than raw are known by it, and are no disk as they are.
#include "lparun/block.h"
#include "lparun/error.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD 4096 // what direct I/O gives whatever the disk

typedef struct Mark {
    const char *name;
    const char *bytes;
    unsigned length, at;
    bool at_end; // in the last sector
} Mark;

// By the formats' own documents; as QEMU's tools name them where they differ.
#define MARK(name, place, text)                                                                              \
    {                                                                                                        \
        name, text, sizeof(text) - 1, place                                                                  \
    }
static const Mark marks[] = {
    MARK("qcow2", 0, "QFI\xfb"),
    MARK("qed", 0, "QED\0"),
    MARK("vmdk", 0, "KDMV"),
    MARK("vmdk", 0, "COWD"),
    MARK("vmdk", 0, "# Disk DescriptorFile"),
    MARK("vdi", 64, "\x7f\x10\xda\xbe"),
    MARK("vhd", 0, "conectix"),
    MARK("vhdx", 0, "vhdxfile"),
    MARK("parallels", 0, "WithoutFreeSpace"),
    MARK("parallels", 0, "WithouFreSpacExt"),
    MARK("bochs", 0, "Bochs Virtual HD Image"),
    MARK("cloop", 0, "#!/bin/sh\n#V2.0 Format"),
    { "vhd", "conectix", 8, 0, .at_end = true },
    { "dmg", "koly", 4, 0, .at_end = true },
};

static const Mark encrypted = MARK("luks", 0, "LUKS\xba\xbe");

static bool has(const uint8_t *bytes, size_t length, const Mark *mark)
{
    return mark->at + mark->length <= length && memcmp(bytes + mark->at, mark->bytes, mark->length) == 0;
}

static const char *find(const uint8_t *bytes, size_t length, bool at_end)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(marks); i++)
        if (marks[i].at_end == at_end && has(bytes, length, &marks[i]))
            return marks[i].name;
    return NULL;
}

// How many bytes there are; 0 where they cannot be read, which the guest will hear of.
static size_t read_at(int fd, uint8_t *bytes, size_t length, off_t at)
{
    ssize_t result = at < 0 ? 0 : pread(fd, bytes, length, at);
    return result < 0 ? 0 : (size_t)result;
}

static bool refuse(const char *path, const char *name, BlockContent content, GError **error)
{
    if (strcmp(name, encrypted.name) != 0)
        return error_user(error,
            "file=%s: is a %s image, which a guest would overwrite as a raw disk; convert it (qemu-img "
            "convert -O raw FILE NEW), or add force-raw=on if a guest itself wrote that",
            path, name);
    return content != BLOCK_CONTENT_UNSAID ||
           error_user(
               error, "file=%s: is encrypted (LUKS); add format=raw if the guest is to decrypt it", path);
}

bool block_content_check(int fd, const char *path, BlockContent content, GError **error)
{
    if (content == BLOCK_CONTENT_ANY)
        return true;
    uint8_t *bytes = aligned_alloc(HEAD, HEAD);
    if (!bytes)
        return error_host(error, "file=%s: no memory to look at it", path);
    size_t length = read_at(fd, bytes, HEAD, 0);
    const char *name = has(bytes, length, &encrypted) ? encrypted.name : find(bytes, length, false);
    if (!name) {
        off_t end = lseek(fd, 0, SEEK_END);
        name = find(bytes, read_at(fd, bytes, BLOCK_SECTOR, end - BLOCK_SECTOR), true);
    }
    free(bytes);
    return !name || refuse(path, name, content, error);
}
