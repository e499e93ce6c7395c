// Where the guest's memory comes from, and its nodes: QEMU's options.
#include "memory_options.h"
#include "lparun/error.h"
#include "memory_backends.h"
#include "values.h"
#include <string.h>

#define MIB ((uint64_t)1 << 20)
// Linux takes memory in blocks of this size on and off line, and a block is in one node (QEMU:
// SPAPR_MEMORY_BLOCK_SIZE).
#define BLOCK (256 * MIB)

typedef struct Node {
    int id;          // -1: the next one
    char *memdev;    // or NULL
    char *cpus;      // "0-1,4", or NULL
    uint64_t memory; // NOT_GIVEN: none was
} Node;

#define NOT_GIVEN UINT64_MAX

typedef struct Core {     // -numa cpu
    unsigned node, first; // vCPU
} Core;

typedef struct Distance {
    unsigned source, destination, value;
} Distance;

static bool wrong(const char *option, const char *what, GError **error)
{
    return error_user(error, "%s: %s", option, what);
}

static void node_free(gpointer data)
{
    Node *node = data;
    g_free(node->memdev);
    g_free(node->cpus);
    g_free(node);
}

void memory_options_init(MemoryOptions *options)
{
    *options = (MemoryOptions){
        .names = g_ptr_array_new_with_free_func(g_free),
        .used = g_ptr_array_new(),
        .nodes = g_ptr_array_new_with_free_func(node_free),
        .distances = g_ptr_array_new_with_free_func(g_free),
        .cores = g_array_new(FALSE, FALSE, sizeof(Core)),
        .parts = g_array_new(FALSE, TRUE, sizeof(MemoryPart)),
    };
}

void memory_options_clear(MemoryOptions *options)
{
    g_free(options->path);
    g_free(options->backend);
    g_free(options->numa);
    g_clear_pointer(&options->names, g_ptr_array_unref);
    g_clear_pointer(&options->used, g_ptr_array_unref);
    g_clear_pointer(&options->nodes, g_ptr_array_unref);
    g_clear_pointer(&options->distances, g_ptr_array_unref);
    g_clear_pointer(&options->cores, g_array_unref);
    g_clear_pointer(&options->parts, g_array_unref);
}

// --- Reading.

static const Key node_keys[] = {
    { "nodeid", KEY_NUMBER, offsetof(Node, id), .most = NUMA_NODES - 1, .help = "default: the next one" },
    { "cpus", KEY_TEXT, offsetof(Node, cpus), .value = "A[-B]", .list = true, .help = "vCPUs" },
    { "mem", KEY_SIZE, offsetof(Node, memory), .unit = MIB, .help = "MiB, or with K, M, G, T" },
    { "memdev", KEY_TEXT, offsetof(Node, memdev), .value = "ID", .help = "the -object that its memory is" },
    { "initiator", KEY_REFUSED, .mend = "a pseries tells no guest that; leave it out" },
    { 0 },
};

static bool parse_node(MemoryOptions *options, const char *option, Values *values, GError **error)
{
    Node *node = g_new0(Node, 1);
    *node = (Node){ .id = -1, .memory = NOT_GIVEN };
    g_ptr_array_add(options->nodes, node);
    if (!values_fill(values, node_keys, node, error))
        return false;
    if (node->memory != NOT_GIVEN && node->memdev)
        return wrong(option, "a node's memory is mem= or memdev=; leave one of them out", error);
    return true;
}

#define DISTANCE_KEY(key, member)                                                                            \
    {                                                                                                        \
        .name = key, .type = KEY_NUMBER, .at = offsetof(Distance, member), .most = NUMA_NODES - 1,           \
        .value = "NODE", .needed = true, .help = "a node"                                                    \
    }
static const Key distance_keys[] = {
    DISTANCE_KEY("src", source),
    DISTANCE_KEY("dst", destination),
    { "val", KEY_NUMBER, offsetof(Distance, value), .least = NUMA_LOCAL, .most = 254, .value = "N",
        .needed = true, .help = "how far: 10 to itself, 11 to 254 to others" },
    { 0 },
};

static bool parse_distance(MemoryOptions *options, const char *option, Values *values, GError **error)
{
    Distance *distance = g_new0(Distance, 1);
    g_ptr_array_add(options->distances, distance);
    if (!values_fill(values, distance_keys, distance, error))
        return false;
    if ((distance->source == distance->destination) != (distance->value == NUMA_LOCAL))
        return error_user(error,
            "%s val=%u: not such a distance; a node is %u from itself, 11 to 254 from others", option,
            distance->value, NUMA_LOCAL);
    return true;
}

static bool parse_core(MemoryOptions *options, Values *values, GError **error)
{
    static const Key keys[] = {
        { "node-id", KEY_NUMBER, offsetof(Core, node), .most = NUMA_NODES - 1, .value = "NODE",
            .needed = true, .help = "a node" },
        { "core-id", KEY_NUMBER, offsetof(Core, first), .most = NUMA_CPUS - 1, .value = "N", .needed = true,
            .help = "a core, by its first vCPU" },
        { "socket-id", KEY_REFUSED, .mend = "a pseries has cores; give core-id= alone" },
        { "thread-id", KEY_REFUSED, .mend = "a pseries has cores; give core-id= alone" },
        { 0 },
    };
    Core core = { 0 };
    bool done = values_fill(values, keys, &core, error);
    if (done)
        g_array_append_val(options->cores, core);
    return done;
}

bool memory_options_parse_numa(MemoryOptions *options, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "type", error);
    if (!values)
        return false;
    const char *type = values_take(values, "type");
    g_autofree char *name = g_strdup_printf("%s %s", option, type);
    values_rename(values, name);
    if (g_strcmp0(type, "node") == 0)
        return parse_node(options, name, values, error);
    if (g_strcmp0(type, "dist") == 0)
        return parse_distance(options, name, values, error);
    if (g_strcmp0(type, "cpu") == 0)
        return parse_core(options, values, error);
    if (type && g_str_has_prefix(type, "hmat-"))
        return wrong(name, "that is for another machine; leave it out", error);
    return error_user(error, "%s %s: give node, dist or cpu first", option, value);
}

// --- What it comes to: memory.

static void add_part(MemoryOptions *options, const MemoryPart *part)
{
    MemoryPart whole = *part;
    whole.prealloc |= options->prealloc;
    g_array_append_val(options->parts, whole);
}

static const Object *find_backend(const MemoryOptions *options, const char *id)
{
    for (unsigned i = 0; i < options->objects->len; i++) {
        const Object *object = options->objects->pdata[i];
        if (memory_backend_is(object) && strcmp(object->id, id) == 0)
            return object;
    }
    return NULL;
}

static char *backend_name(const Object *object)
{
    return g_strdup_printf("-object %s,id=%s", object->kind->name, object->id);
}

static const MemoryBackend *use_backend(
    MemoryOptions *options, const char *key, const char *id, GError **error)
{
    const Object *object = find_backend(options, id);
    if (!object || g_ptr_array_find(options->used, object, NULL)) {
        error_user(error, "%s=%s: %s", key, id,
            object ? "that memory is used twice; give each its own"
                   : "there is no such memory; add -object memory-backend-ram,id=ID,size=SIZE");
        return NULL;
    }
    const MemoryBackend *backend = object->values;
    g_ptr_array_add(options->used, (gpointer)object);
    g_ptr_array_add(options->names, backend_name(object));
    MemoryPart part = memory_backend_part(object);
    part.option = options->names->pdata[options->names->len - 1];
    if (backend->dump == 0)
        part.dump = options->dump;
    if (backend->merge == 0)
        part.merge = options->merge;
    add_part(options, &part);
    return backend;
}

// Without a backend: one part, of -mem-path's file or anonymous.
static bool add_plain(MemoryOptions *options, uint64_t size)
{
    const MemoryPart part = {
        .option = options->path ? "-mem-path" : "-m",
        .size = size,
        .path = options->path,
        .dump = options->dump,
        .merge = options->merge,
    };
    add_part(options, &part);
    return true;
}

static bool check_backends(const MemoryOptions *options, GError **error)
{
    for (unsigned i = 0; i < options->objects->len; i++) {
        const Object *object = options->objects->pdata[i];
        if (!memory_backend_is(object) || g_ptr_array_find(options->used, object, NULL))
            continue;
        g_autofree char *name = backend_name(object);
        return wrong(
            name, "nothing uses it; name it by -machine memory-backend= or -numa node,memdev=", error);
    }
    if (options->path && options->used->len > 0)
        return wrong("-mem-path", "that memory comes from -object; leave one of them out", error);
    return true;
}

static bool resolve_lone(MemoryOptions *options, uint64_t *size, bool size_given, GError **error)
{
    const MemoryBackend *backend = use_backend(options, "-machine memory-backend", options->backend, error);
    if (!backend)
        return false;
    if (size_given && *size != backend->size)
        return error_user(error,
            "-m: %" G_GUINT64_FORMAT " MiB, and -machine memory-backend= has %" G_GUINT64_FORMAT
            " MiB; leave -m out",
            *size / MIB, backend->size / MIB);
    *size = backend->size;
    return true;
}

// --- What it comes to: nodes.

// Puts the nodes in their order. QEMU wants them without gaps, too.
static bool order_nodes(MemoryOptions *options, GError **error)
{
    unsigned count = options->nodes->len;
    if (count > NUMA_NODES)
        return error_user(error, "-numa node: more than %u nodes; give fewer", NUMA_NODES);
    g_autofree Node **ordered = g_new0(Node *, count);
    for (unsigned i = 0; i < count; i++) {
        Node *node = options->nodes->pdata[i];
        unsigned id = node->id < 0 ? i : (unsigned)node->id;
        if (id >= count || ordered[id])
            return error_user(error, "-numa node,nodeid=%u: %s; number them from 0 on", id,
                id >= count ? "there is a gap in the nodes before it" : "that node is given twice");
        ordered[id] = node;
    }
    memcpy(options->nodes->pdata, ordered, count * sizeof *ordered);
    return true;
}

static unsigned nodes_with_memory(const MemoryOptions *options)
{
    unsigned count = 0;
    for (unsigned i = 0; i < options->nodes->len; i++) {
        const Node *node = options->nodes->pdata[i];
        count += node->memdev || node->memory != NOT_GIVEN;
    }
    return count;
}

// Nobody said how: in equal shares, of whole blocks.
static bool share_memory(MemoryOptions *options, uint64_t size, GError **error)
{
    unsigned count = options->nodes->len;
    if (size < count * BLOCK)
        return error_user(error,
            "-m: %" G_GUINT64_FORMAT " MiB are too little for %u nodes of at least 256 MiB", size / MIB,
            count);
    uint64_t each = size / count / BLOCK * BLOCK;
    for (unsigned i = 0; i < count; i++)
        options->numa->memory[i] = i + 1 < count ? each : size - each * i;
    return add_plain(options, size);
}

static bool take_memory(MemoryOptions *options, uint64_t *sum, GError **error)
{
    unsigned devices = 0;
    *sum = 0;
    for (unsigned i = 0; i < options->nodes->len; i++) {
        Node *node = options->nodes->pdata[i];
        if (node->memdev) {
            const MemoryBackend *backend = use_backend(options, "-numa node,memdev", node->memdev, error);
            if (!backend)
                return false;
            node->memory = backend->size;
            devices++;
        }
        options->numa->memory[i] = node->memory;
        if (__builtin_add_overflow(*sum, node->memory, sum))
            return wrong("-numa node", "there is not so much memory; give less", error);
    }
    if (devices > 0 && devices < nodes_with_memory(options))
        return wrong("-numa node", "some have mem= and some memdev=; give all of them the same", error);
    return devices > 0 || add_plain(options, *sum);
}

static bool split_memory(MemoryOptions *options, uint64_t size, GError **error)
{
    unsigned given = nodes_with_memory(options);
    uint64_t sum;
    if (given == 0)
        return share_memory(options, size, error);
    if (given < options->nodes->len)
        return wrong("-numa node", "some have mem= or memdev= and some not; give it to all or none", error);
    if (!take_memory(options, &sum, error))
        return false;
    if (sum != size)
        return error_user(error,
            "-numa node: the nodes have %" G_GUINT64_FORMAT " MiB, and -m has %" G_GUINT64_FORMAT
            " MiB; give the same",
            sum / MIB, size / MIB);
    for (unsigned i = 0; i < options->nodes->len; i++) {
        sum -= options->numa->memory[i];
        if (sum > 0 && options->numa->memory[i] % BLOCK)
            return error_user(error,
                "-numa node,nodeid=%u: its memory ends in the middle of a block; give a "
                "multiple of 256M",
                i);
    }
    return true;
}

// "A-B" or "A".
static bool parse_range(char *range, unsigned cpus, guint64 *first, guint64 *last)
{
    char *dash = strchr(range, '-');
    if (dash)
        *dash = '\0';
    return g_ascii_string_to_unsigned(range, 10, 0, cpus - 1, first, NULL) &&
           g_ascii_string_to_unsigned(dash ? dash + 1 : range, 10, *first, cpus - 1, last, NULL);
}

static bool assign_cpus(
    Numa *numa, unsigned node, const char *list, bool *taken, unsigned cpus, GError **error)
{
    g_auto(GStrv) ranges = g_strsplit(list, ",", 0);
    for (unsigned i = 0; ranges[i]; i++) {
        g_autofree char *range = g_strdup(ranges[i]);
        guint64 first, last;
        if (!parse_range(range, cpus, &first, &last))
            return error_user(error, "-numa node,cpus=%s: no such vCPUs; give A or A-B out of 0 to %u",
                ranges[i], cpus - 1);
        for (guint64 cpu = first; cpu <= last; cpu++) {
            if (taken[cpu])
                return error_user(error,
                    "-numa node,cpus=%s: vCPU %" G_GUINT64_FORMAT " is in two nodes; give it "
                    "to one",
                    ranges[i], cpu);
            taken[cpu] = true;
            numa->cpu_node[cpu] = (uint8_t)node;
        }
    }
    return true;
}

// Shares cores out evenly.
static void share_cpus(Numa *numa, unsigned cpus, unsigned threads)
{
    unsigned cores = (cpus + threads - 1) / threads;
    for (unsigned cpu = 0; cpu < cpus; cpu++)
        numa->cpu_node[cpu] = (uint8_t)(cpu / threads * numa->count / cores);
}

static bool check_cpus(const Numa *numa, const bool *taken, unsigned cpus, unsigned threads, GError **error)
{
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        unsigned first = cpu / threads * threads; // of its core, which the device tree has as one
        if (!taken[cpu])
            return error_user(error, "-numa node: vCPU %u is in no node; give it to one by cpus=", cpu);
        if (numa->cpu_node[cpu] != numa->cpu_node[first])
            return error_user(error,
                "-numa node: vCPUs %u and %u are threads of one core, but in two nodes; give them to one",
                first, cpu);
    }
    return true;
}

static bool assign_cores(MemoryOptions *options, bool *taken, unsigned cpus, unsigned threads, GError **error)
{
    for (unsigned i = 0; i < options->cores->len; i++) {
        const Core *core = &g_array_index(options->cores, Core, i);
        if (core->node >= options->numa->count)
            return error_user(
                error, "-numa cpu,node-id=%u: there is no such node; add -numa node", core->node);
        if (core->first % threads)
            return error_user(error, "-numa cpu,core-id=%u: no core begins there; give a multiple of %u",
                core->first, threads);
        g_autofree char *range = g_strdup_printf("%u-%u", core->first, core->first + threads - 1);
        if (!assign_cpus(options->numa, core->node, range, taken, cpus, error))
            return false;
    }
    return true;
}

static bool split_cpus(MemoryOptions *options, unsigned cpus, unsigned threads, GError **error)
{
    Numa *numa = options->numa;
    g_autofree bool *taken = g_new0(bool, cpus);
    bool any = options->cores->len > 0;
    if (!assign_cores(options, taken, cpus, threads, error))
        return false;
    for (unsigned i = 0; i < numa->count; i++) {
        const Node *node = options->nodes->pdata[i];
        any |= node->cpus != NULL;
        if (node->cpus && !assign_cpus(numa, i, node->cpus, taken, cpus, error))
            return false;
    }
    if (any)
        return check_cpus(numa, taken, cpus, threads, error);
    share_cpus(numa, cpus, threads);
    return true;
}

// A node with neither memory nor vCPUs is none.
static bool check_nodes(const Numa *numa, unsigned cpus, GError **error)
{
    for (unsigned i = 0; i < numa->count; i++) {
        bool used = numa->memory[i] > 0;
        for (unsigned cpu = 0; cpu < cpus && !used; cpu++)
            used = numa->cpu_node[cpu] == i;
        if (!used)
            return error_user(
                error, "-numa node,nodeid=%u: it has neither memory nor vCPUs; give it some", i);
    }
    return true;
}

// One way is enough; the other is then the same.
static bool take_distances(MemoryOptions *options, GError **error)
{
    Numa *numa = options->numa;
    for (unsigned i = 0; i < options->distances->len; i++) {
        const Distance *distance = options->distances->pdata[i];
        if (MAX(distance->source, distance->destination) >= numa->count)
            return error_user(error, "-numa dist,src=%u,dst=%u: there is no such node; add -numa node",
                distance->source, distance->destination);
        numa->distance[distance->source][distance->destination] = (uint8_t)distance->value;
    }
    for (unsigned i = 0; i < numa->count; i++)
        for (unsigned j = 0; j < numa->count; j++) {
            uint8_t other = numa->distance[j][i], *distance = &numa->distance[i][j];
            if (*distance == 0)
                *distance = i == j ? NUMA_LOCAL : options->distances->len == 0 ? NUMA_REMOTE : other;
            if (*distance == 0)
                return error_user(
                    error, "-numa dist: the distance between nodes %u and %u is missing; add it", i, j);
        }
    return true;
}

static bool resolve_nodes(
    MemoryOptions *options, uint64_t size, unsigned cpus, unsigned threads, GError **error)
{
    if (options->backend)
        return wrong(
            "-numa node", "-machine memory-backend= is for a machine without nodes; give memdev=", error);
    options->numa = g_new0(Numa, 1);
    options->numa->count = options->nodes->len;
    return order_nodes(options, error) && split_memory(options, size, error) &&
           split_cpus(options, cpus, threads, error) && check_nodes(options->numa, cpus, error) &&
           take_distances(options, error);
}

bool memory_options_resolve(MemoryOptions *options, const GPtrArray *objects, uint64_t *size, bool size_given,
    unsigned cpus, unsigned threads, GError **error)
{
    bool done;
    options->objects = objects;
    if (options->nodes->len > 0)
        done = resolve_nodes(options, *size, cpus, threads, error);
    else if (options->distances->len > 0 || options->cores->len > 0)
        return wrong(options->cores->len > 0 ? "-numa cpu" : "-numa dist",
            "there are no nodes; add -numa node", error);
    else if (options->backend)
        done = resolve_lone(options, size, size_given, error);
    else
        done = add_plain(options, *size);
    return done && check_backends(options, error);
}
