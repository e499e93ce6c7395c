// query-stats and query-stats-schemas (qapi/stats.json): KVM's own counts (its API, 4.133, KVM_GET_STATS_FD).
#include "../command.h"
#include "qom_tree.h"
#include <linux/kvm.h>
#include <string.h>

// What KVM gave: a header, descriptions, and the data that they are of.
typedef struct Stats {
    const char *bytes;
    gsize length;
    struct kvm_stats_header header;
} Stats;

typedef struct Stat {
    struct kvm_stats_desc what;
    const char *name;
    const char *data; // `what.size` numbers of 64 bits
} Stat;

// False: there are none, or not of the form that is known.
static bool open_stats(Stats *stats, GBytes *bytes)
{
    *stats = (Stats){ 0 };
    stats->bytes = bytes ? g_bytes_get_data(bytes, &stats->length) : NULL;
    if (stats->length < sizeof stats->header)
        return false;
    memcpy(&stats->header, stats->bytes, sizeof stats->header);
    return stats->header.name_size > 0 && stats->header.name_size <= 256;
}

static bool take_stat(const Stats *stats, uint32_t index, Stat *stat)
{
    const struct kvm_stats_header *header = &stats->header;
    uint64_t size = sizeof stat->what + header->name_size, at = header->desc_offset + index * size;
    if (index >= header->num_desc || at + size > stats->length)
        return false;
    memcpy(&stat->what, stats->bytes + at, sizeof stat->what);
    stat->name = stats->bytes + at + sizeof stat->what;
    uint64_t data = (uint64_t)header->data_offset + stat->what.offset;
    stat->data = stats->bytes + data;
    return memchr(stat->name, '\0', header->name_size) && data + stat->what.size * 8ULL <= stats->length;
}

static gint64 number(const Stat *stat, unsigned index)
{
    gint64 value;
    memcpy(&value, stat->data + 8 * index, sizeof value);
    return value;
}

// --- Their values.

static GVariant *value_of(const Stat *stat)
{
    if (stat->what.size != 1) {
        GVariantBuilder *list = command_list();
        for (unsigned i = 0; i < stat->what.size; i++)
            command_append(list, g_variant_new_int64(number(stat, i)));
        return command_end(list);
    }
    return (stat->what.flags & KVM_STATS_UNIT_MASK) == KVM_STATS_UNIT_BOOLEAN
               ? g_variant_new_boolean(number(stat, 0) != 0)
               : g_variant_new_int64(number(stat, 0));
}

// The names in a list that is a member (g_hash_table_unref): as many as a client likes, and looked for once a
// count. NULL: there is no such member, which has all.
static GHashTable *take_names(GVariant *object, const char *member)
{
    g_autoptr(GVariant) list = g_variant_lookup_value(object, member, G_VARIANT_TYPE("av"));
    GHashTable *names = list ? g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) : NULL;
    for (gsize i = 0; list && i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) child = g_variant_get_child_value(list, i);
        g_autoptr(GVariant) name = g_variant_get_variant(child);
        g_hash_table_add(names, g_variant_dup_string(name, NULL));
    }
    return names;
}

static bool is_wanted(GHashTable *names, const char *name)
{
    return !names || g_hash_table_contains(names, name);
}

// `path` NULL: the machine's. Nothing where there are no counts, or none that is wanted.
static void add_result(GVariantBuilder *results, GBytes *bytes, const char *path, GHashTable *names)
{
    Stats stats;
    Stat stat;
    unsigned count = 0;
    if (!open_stats(&stats, bytes))
        return;
    GVariantBuilder *result = command_object(), *list = command_list();
    command_add_text(result, "provider", "kvm");
    command_add_text(result, "qom-path", path);
    for (uint32_t i = 0; take_stat(&stats, i, &stat); i++) {
        if (!is_wanted(names, stat.name))
            continue;
        GVariantBuilder *object = command_object();
        command_add_text(object, "name", stat.name);
        command_add(object, "value", value_of(&stat));
        command_append(list, command_end(object));
        count++;
    }
    command_add(result, "stats", command_end(list));
    g_autoptr(GVariant) value = g_variant_ref_sink(command_end(result));
    if (count > 0)
        command_append(results, value);
}

static GBytes **read_counts(const MonitorMachine *machine, bool of_vcpus, unsigned count)
{
    GBytes **counts = g_new0(GBytes *, count);
    machine->kvm_stats(machine->owner, of_vcpus, counts);
    return counts;
}

static void free_counts(GBytes **counts, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        g_bytes_unref(counts[i]);
    g_free(counts);
}

// Which names are asked for of KVM's; NULL: all. False: none of KVM's.
static bool take_providers(GVariant *arguments, GHashTable **names)
{
    g_autoptr(GVariant) providers = g_variant_lookup_value(arguments, "providers", G_VARIANT_TYPE("av"));
    *names = NULL;
    if (!providers)
        return true;
    if (g_variant_n_children(providers) == 0)
        return false;
    g_autoptr(GVariant) child = g_variant_get_child_value(providers, g_variant_n_children(providers) - 1);
    g_autoptr(GVariant) last = g_variant_get_variant(child);
    *names = take_names(last, "names");
    return true;
}

static GVariant *query_stats(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    bool of_vcpus = strcmp(command_text(arguments, "target"), "vcpu") == 0;
    unsigned count = of_vcpus ? machine->cpus(machine->owner) : 1;
    g_autoptr(GHashTable) vcpus = take_names(arguments, "vcpus"), names = NULL;
    GVariantBuilder *results = command_list();
    if (!take_providers(arguments, &names))
        return command_end(results);
    GBytes **counts = read_counts(machine, of_vcpus, count);
    for (unsigned i = 0; i < count; i++) {
        MonitorCpu cpu = machine->cpu(machine->owner, i);
        g_autofree char *path = of_vcpus ? qom_cpu_path(&cpu) : NULL;
        if (!path || is_wanted(vcpus, path))
            add_result(results, counts[i], path, names);
    }
    free_counts(counts, count);
    return command_end(results);
}

// --- What they are.

static const char *const types[] = { "cumulative", "instant", "peak", "linear-histogram", "log2-histogram" };
static const char *const units[] = { NULL, "bytes", "seconds", "cycles", "boolean" };

static void add_word(
    GVariantBuilder *object, const char *name, const char *const *words, unsigned count, unsigned word)
{
    command_add_text(object, name, word < count ? words[word] : NULL);
}

static GVariant *describe(const Stat *stat)
{
    uint32_t flags = stat->what.flags;
    GVariantBuilder *object = command_object();
    command_add_text(object, "name", stat->name);
    add_word(object, "type", types, G_N_ELEMENTS(types), flags >> KVM_STATS_TYPE_SHIFT & 0xf);
    add_word(object, "unit", units, G_N_ELEMENTS(units), flags >> KVM_STATS_UNIT_SHIFT & 0xf);
    if (stat->what.exponent)
        command_add_int(object, "base", (flags & KVM_STATS_BASE_MASK) == KVM_STATS_BASE_POW2 ? 2 : 10);
    command_add_int(object, "exponent", stat->what.exponent);
    if ((flags & KVM_STATS_TYPE_MASK) == KVM_STATS_TYPE_LINEAR_HIST)
        command_add_int(object, "bucket-size", stat->what.bucket_size);
    return command_end(object);
}

static void add_schema(GVariantBuilder *results, GBytes *bytes, const char *target)
{
    Stats stats;
    Stat stat;
    if (!open_stats(&stats, bytes))
        return;
    GVariantBuilder *result = command_object(), *list = command_list();
    command_add_text(result, "provider", "kvm");
    command_add_text(result, "target", target);
    for (uint32_t i = 0; take_stat(&stats, i, &stat); i++)
        if ((stat.what.flags & KVM_STATS_TYPE_MASK) >> KVM_STATS_TYPE_SHIFT < G_N_ELEMENTS(types))
            command_append(list, describe(&stat));
    command_add(result, "stats", command_end(list));
    command_append(results, command_end(result));
}

static GVariant *query_stats_schemas(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    unsigned cpus = machine->cpus(machine->owner);
    GVariantBuilder *results = command_list();
    GBytes **whole = read_counts(machine, false, 1), **each = read_counts(machine, true, cpus);
    add_schema(results, whole[0], "vm");
    add_schema(results, each[0], "vcpu");
    free_counts(whole, 1);
    free_counts(each, cpus);
    return command_end(results);
}

extern const Command stats_commands[];
const Command stats_commands[] = {
    { "query-stats", query_stats, "StatsFilter", "[StatsResult]" },
    { "query-stats-schemas", query_stats_schemas, "provider?:StatsProvider", "[StatsSchema]" },
    { 0 },
};

extern const CommandType stats_types[];
const CommandType stats_types[] = {
    { "StatsFilter", "target:StatsTarget providers?:[StatsRequest]", .tag = "target",
        .members_by = "vcpu:StatsVCPUFilter" },
    { "StatsProvider", .words = "kvm" },
    { "StatsRequest", "provider:StatsProvider names?:[str]" },
    { "StatsResult", "provider:StatsProvider qom-path?:str stats:[Stats]" },
    { "Stats", "name:str value:StatsValue" },
    { "StatsSchema", "provider:StatsProvider target:StatsTarget stats:[StatsSchemaValue]" },
    { "StatsSchemaValue", "name:str type:StatsType unit?:StatsUnit base?:int exponent:int bucket-size?:int" },
    { "StatsTarget", .words = "vm vcpu" },
    { "StatsType", .words = "cumulative instant peak linear-histogram log2-histogram" },
    { "StatsUnit", .words = "bytes seconds cycles boolean" },
    { "StatsValue", .either = "int bool [int]" },
    { "StatsVCPUFilter", "vcpus?:[str]" },
    { 0 },
};
