// Memory objects.
#include "memory_backends.h"
#include "lparun/error.h"
#include "values.h"
#include <string.h>

#define MIB ((uint64_t)1 << 20)

static bool has_nodes(const MemoryBackend *backend)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(backend->host_nodes); i++)
        if (backend->host_nodes[i])
            return true;
    return false;
}

static bool check_backend(const void *values, GError **error)
{
    const MemoryBackend *backend = values;
    // Without a suffix it is bytes, as QEMU has it.
    if (backend->size == 0 || backend->size % MIB)
        return error_user(error, "size=: give a multiple of 1M, a number with M, G or T");
    if (backend->huge_page && !backend->huge)
        return error_user(error, "hugetlbsize=: there are no huge pages; add hugetlb=on");
    if (backend->place == PLACE_ANYWHERE && has_nodes(backend))
        return error_user(error, "host-nodes=: nothing says what for; add policy=bind, or another one");
    return backend->place == PLACE_ANYWHERE || has_nodes(backend) ||
           error_user(error, "policy=: there are no nodes for it; add host-nodes=");
}

// "0-1" or "3"; more than one may be given.
static bool read_nodes(const char *text, void *to)
{
    uint64_t *nodes = to;
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    guint64 first, last;
    if (!g_ascii_string_to_unsigned(ends[0], 10, 0, MEMORY_HOST_NODES - 1, &first, NULL) ||
        !g_ascii_string_to_unsigned(
            ends[1] ? ends[1] : ends[0], 10, first, MEMORY_HOST_NODES - 1, &last, NULL))
        return false;
    for (guint64 node = first; node <= last; node++)
        nodes[node / 64] |= 1ULL << node % 64;
    return true;
}

static bool read_huge_page(const char *text, void *to)
{
    uint64_t size;
    bool done = size_parse(text, 1, &size) && size >= MIB && (size & (size - 1)) == 0;
    if (done)
        *(uint64_t *)to = size;
    return done;
}

static const Word switches[] = { { "on", MEMORY_BACKEND_ON }, { "off", MEMORY_BACKEND_OFF },
    { "yes", MEMORY_BACKEND_ON, .unlisted = true }, { "no", MEMORY_BACKEND_OFF, .unlisted = true },
    { "true", MEMORY_BACKEND_ON, .unlisted = true }, { "false", MEMORY_BACKEND_OFF, .unlisted = true },
    { 0 } };
static const Word places[] = { { "default", PLACE_ANYWHERE }, { "preferred", PLACE_PREFERRED },
    { "bind", PLACE_BOUND }, { "interleave", PLACE_INTERLEAVED }, { 0 } };

#define AT(member) offsetof(MemoryBackend, member)
#define SIZE_KEY                                                                                             \
    {                                                                                                        \
        "size", KEY_SIZE, AT(size), .value = "SIZE", .unit = 1, .mend = "give a number with M, G or T",      \
                                    .needed = true, .help = "bytes, or with M, G, T"                         \
    }
#define NODES_KEY(name, is_item)                                                                             \
    {                                                                                                        \
        name, KEY_READ, AT(host_nodes), .read = read_nodes, .value = "N[-M]", .list = true,                  \
                                        .mend = "not nodes of a host; give N or N-M out of 0 to 127",        \
                                        .help = "nodes of the host's, for policy=", .unlisted = is_item      \
    }
// What all have; of JSON's list of nodes as many as some host has had.
#define COMMON_KEYS                                                                                          \
    { "prealloc", KEY_SWITCH, AT(prealloc), .help = "have the host's pages from the start on" },             \
        { "dump", KEY_WORD, AT(dump), .words = switches, .help = "default: -machine dump-guest-core=" },     \
        { "merge", KEY_WORD, AT(merge), .words = switches, .help = "default: -machine mem-merge=" },         \
        { "reserve", KEY_SWITCH, AT(reserve), .help = "have swap for all of it from the start on" },         \
        { "policy", KEY_WORD, AT(place), .words = places, .help = "what host-nodes= are for" },              \
        NODES_KEY("host-nodes", false), NODES_KEY("host-nodes.0", true), NODES_KEY("host-nodes.1", true),    \
        NODES_KEY("host-nodes.2", true), NODES_KEY("host-nodes.3", true), NODES_KEY("host-nodes.4", true),   \
        NODES_KEY("host-nodes.5", true), NODES_KEY("host-nodes.6", true), NODES_KEY("host-nodes.7", true),   \
        { "prealloc-threads", KEY_ONLY, .value = "N", .help = "taken: as many as pay" },                     \
        { "x-use-canonical-path-for-ramblock-id", KEY_ONLY, .words = words_switch,                           \
            .help = "taken: nothing migrates" },                                                             \
    {                                                                                                        \
        0                                                                                                    \
    }

static const Key ram_keys[] = {
    SIZE_KEY,
    { "share", KEY_WORD, AT(share), .words = switches, .help = "others that get the file see the memory" },
    COMMON_KEYS,
};

static const Key file_keys[] = {
    SIZE_KEY,
    { "mem-path", KEY_TEXT, AT(path), .value = "PATH", .needed = true,
        .help = "a file, or a folder for a nameless one" },
    { "share", KEY_WORD, AT(share), .words = switches, .help = "others that map the file see the memory" },
    { "discard-data", KEY_ONLY, .words = words_switch, .help = "taken: nobody waits for the file's data" },
    COMMON_KEYS,
};

static const Key memfd_keys[] = {
    SIZE_KEY,
    { "share", KEY_WORD, AT(share), .words = switches, .help = "others see the memory (default on)" },
    { "hugetlb", KEY_SWITCH, AT(huge), .help = "huge pages" },
    { "hugetlbsize", KEY_READ, AT(huge_page), .read = read_huge_page, .value = "SIZE",
        .mend = "not the size of a page; give a power of two, such as 2M", .help = "of such a size" },
    { "seal", KEY_WORD, AT(seal), .words = switches, .help = "its size is fixed (default on)" },
    COMMON_KEYS,
};

#define KIND(kind, text)                                                                                     \
    {                                                                                                        \
        .name = "memory-backend-" #kind, .help = text, .keys = kind##_keys, .size = sizeof(MemoryBackend),   \
        .check = check_backend                                                                               \
    }
const Kind memory_backend_ram_kind = KIND(ram, "memory for -numa node,memdev= or -machine memory-backend=");
const Kind memory_backend_file_kind = KIND(file, "the same from a file or folder");
const Kind memory_backend_memfd_kind = KIND(memfd, "the same from a file that has no name");

bool memory_backend_is(const Object *object)
{
    return object->kind == &memory_backend_ram_kind || object->kind == &memory_backend_file_kind ||
           object->kind == &memory_backend_memfd_kind;
}

MemoryPart memory_backend_part(const Object *object)
{
    const MemoryBackend *backend = object->values;
    bool is_memfd = object->kind == &memory_backend_memfd_kind;
    bool share = backend->share == MEMORY_BACKEND_ON || (is_memfd && backend->share == 0);
    MemoryPart part = {
        .size = backend->size,
        .path = backend->path,
        .share = share,
        .prealloc = backend->prealloc,
        .nameless = is_memfd || (share && !backend->path),
        .huge = backend->huge,
        .huge_page = backend->huge_page,
        .sealed = is_memfd && backend->seal != MEMORY_BACKEND_OFF,
        .dump = backend->dump == MEMORY_BACKEND_ON,
        .merge = backend->merge == MEMORY_BACKEND_ON,
        .reserve = backend->reserve,
        .place = (MemoryPlace)backend->place,
    };
    memcpy(part.host_nodes, backend->host_nodes, sizeof part.host_nodes);
    return part;
}
