// Merges the results of shards.
#include "merge.h"
#include "refuse.h"
#include "results_json.h"
#include "shard.h"
#include <string.h>

// Of a boot that was missing when some of the parts were merged before.
#define LOST "its shard's results are missing"

// --- Do they belong together?

// Machines may have the suite in different folders.
static bool same_suite(const char *one, const char *other)
{
    if (!one || !other)
        return one == other;
    g_autofree char *name = g_path_get_basename(one);
    g_autofree char *other_name = g_path_get_basename(other);
    return strcmp(name, other_name) == 0;
}

static bool same_boots(GStrv one, GStrv other)
{
    if (!one || !other)
        return (!one || !*one) && (!other || !*other);
    return g_strv_equal((const char *const *)one, (const char *const *)other);
}

// A run of everything, or what was merged of all shards, has no number of them.
static bool same_shards(const Results *one, const Results *other)
{
    return one->shards == other->shards || !one->shards || !other->shards;
}

static bool belong_together(const GPtrArray *parts, const char *const *paths, GError **error)
{
    for (unsigned i = 1; i < parts->len; i++) {
        const Results *first = parts->pdata[0], *part = parts->pdata[i];
        if (!same_suite(first->suite, part->suite))
            return refuse(error, "%s is of the suite %s, %s of %s", paths[0],
                first->suite ? first->suite : "without a name", paths[i],
                part->suite ? part->suite : "without a name");
        if (!same_boots(first->all, part->all))
            return refuse(error, "%s and %s are of suites with different boots", paths[0], paths[i]);
        for (unsigned j = 0; j < i; j++)
            if (!same_shards(parts->pdata[j], part))
                return refuse(error, "%s is of %u shards, %s of %u", paths[j],
                    ((const Results *)parts->pdata[j])->shards, paths[i], part->shards);
    }
    return true;
}

// --- Folders.

// `path` as seen from the folder `from`; both are whole and without "..".
static char *relative(const char *path, const char *from)
{
    g_auto(GStrv) steps = g_strsplit(path, "/", -1);
    g_auto(GStrv) base = g_strsplit(from, "/", -1);
    g_autoptr(GString) text = g_string_new(NULL);
    unsigned same = 0;
    while (steps[same] && base[same] && strcmp(steps[same], base[same]) == 0)
        same++;
    for (char **step = base + same; *step; step++)
        g_string_append(text, **step ? "../" : "");
    g_autofree char *rest = g_strjoinv("/", steps + same);
    g_string_append(text, *rest ? rest : ".");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

// A console lies beside the file that tells of it.
static void move_folder(Outcome *outcome, const char *path, const char *to)
{
    if (!outcome->folder)
        return;
    g_autofree char *beside = g_path_get_dirname(path);
    g_autofree char *folder = g_build_filename(beside, outcome->folder, NULL);
    g_autofree char *whole = g_canonicalize_filename(folder, NULL);
    g_autofree char *target = g_canonicalize_filename(to, NULL);
    g_free(outcome->folder);
    outcome->folder = relative(whole, target);
}

static void move_folders(Result *result, const char *path, const char *to)
{
    for (unsigned i = 0; i < result->outcomes->len; i++)
        move_folder(result->outcomes->pdata[i], path, to);
}

// --- Boots.

// A boot on its way into the whole, and where it comes from.
typedef struct Found {
    Result *result;
    const char *path;
} Found;

static char *text_of(Result *result)
{
    g_autoptr(GPtrArray) alone = g_ptr_array_new();
    g_ptr_array_add(alone, result);
    g_autoptr(JsonNode) node = results_to_json(&(const Results){ .results = alone });
    return json_to_string(node, FALSE);
}

static bool same_result(Result *one, Result *other)
{
    g_autofree char *text = text_of(one);
    g_autofree char *other_text = text_of(other);
    return strcmp(text, other_text) == 0;
}

static bool is_lost(const Result *result)
{
    return result->verdict == VERDICT_COULD_NOT_TEST && g_strcmp0(result->reason, LOST) == 0;
}

static bool add_found(GHashTable *found, Result *result, const char *path, GError **error)
{
    Found *before = g_hash_table_lookup(found, result->name);
    if (before && !is_lost(before->result)) {
        if (is_lost(result) || same_result(before->result, result))
            return true;
        return refuse(error, "%s is in %s and in %s, with different results: give one of them", result->name,
            before->path, path);
    }
    Found *now = g_new0(Found, 1);
    *now = (Found){ result, path };
    g_hash_table_replace(found, result->name, now);
    return true;
}

// Name to Found.
static GHashTable *find_all(const GPtrArray *parts, const char *const *paths, GError **error)
{
    g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    for (unsigned i = 0; i < parts->len; i++) {
        const Results *part = parts->pdata[i];
        for (unsigned j = 0; j < part->results->len; j++)
            if (!add_found(found, part->results->pdata[j], paths[i], error))
                return NULL;
    }
    return g_steal_pointer(&found);
}

// Takes it out of `found`; nothing where it is not there (any more).
static void take(Results *merged, GHashTable *found, const char *name, const char *to)
{
    Found *now = g_hash_table_lookup(found, name);
    if (!now)
        return;
    Result *result = now->result;
    move_folders(result, now->path, to);
    g_hash_table_remove(found, name);
    g_ptr_array_add(merged->results, result);
}

// Those that the suite does not have come last.
static void take_all(Results *merged, GHashTable *found, const GPtrArray *parts, const char *to)
{
    for (char **name = merged->all; name && *name; name++)
        take(merged, found, *name, to);
    for (unsigned i = 0; i < parts->len; i++) {
        const Results *part = parts->pdata[i];
        for (unsigned j = 0; j < part->results->len; j++)
            take(merged, found, ((const Result *)part->results->pdata[j])->name, to);
    }
}

// What was taken has another owner now; what is there twice is let go.
static void empty(const GPtrArray *parts, const Results *merged)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < merged->results->len; i++)
        g_hash_table_add(taken, merged->results->pdata[i]);
    for (unsigned i = 0; i < parts->len; i++) {
        GPtrArray *results = ((const Results *)parts->pdata[i])->results;
        while (results->len > 0) {
            Result *result = g_ptr_array_steal_index(results, results->len - 1);
            if (!g_hash_table_contains(taken, result))
                result_free(result);
        }
    }
}

// --- All of it.

static bool has_shard(const GPtrArray *parts, unsigned shard)
{
    for (unsigned i = 0; i < parts->len; i++)
        if (((const Results *)parts->pdata[i])->shard == shard)
            return true;
    return false;
}

// Of the shards that they are of; 0: some part is not of one.
static unsigned shards_of(const GPtrArray *parts)
{
    return parts->len == 0 || has_shard(parts, 0) ? 0 : ((const Results *)parts->pdata[0])->shards;
}

// Each host once, in the order of the parts.
static char *hosts_of(const GPtrArray *parts)
{
    g_autoptr(GPtrArray) hosts = g_ptr_array_new();
    for (unsigned i = 0; i < parts->len; i++) {
        char *host = ((const Results *)parts->pdata[i])->host;
        if (host && !g_ptr_array_find_with_equal_func(hosts, host, g_str_equal, NULL))
            g_ptr_array_add(hosts, host);
    }
    return hosts->len ? words_join(hosts, "; ", "; ") : NULL;
}

static void describe(Results *merged, const GPtrArray *parts)
{
    const Results *first = parts->pdata[0];
    merged->suite = g_strdup(first->suite);
    merged->version = g_strdup(first->version);
    merged->all = g_strdupv(first->all);
    merged->host = hosts_of(parts);
    const char *started = first->started;
    for (unsigned i = 0; i < parts->len; i++) {
        const Results *part = parts->pdata[i];
        merged->seconds = MAX(merged->seconds, part->seconds);
        if (part->started && (!started || strcmp(part->started, started) < 0))
            started = part->started;
    }
    merged->started = g_strdup(started);
}

Results *results_merge(GPtrArray *parts, const char *const *paths, const char *to, GError **error)
{
    g_autoptr(Results) merged = results_new();
    if (!belong_together(parts, paths, error))
        return NULL;
    g_autoptr(GHashTable) found = find_all(parts, paths, error);
    if (!found)
        return NULL;
    if (parts->len > 0)
        describe(merged, parts);
    take_all(merged, found, parts, to);
    empty(parts, merged);
    return g_steal_pointer(&merged);
}

// --- What is missing.

static bool is_there(const Result *result)
{
    return !is_lost(result);
}

char *merge_missing(const Results *merged, const GPtrArray *parts)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) boots = results_missing(merged, is_there);
    unsigned shards = MIN(shards_of(parts), SHARDS_MOST);
    for (unsigned shard = 1; shard <= shards; shard++)
        if (!has_shard(parts, shard))
            g_string_append_printf(text, "shard %u of %u is missing\n", shard, shards);
    for (unsigned i = 0; i < boots->len; i++)
        g_string_append_printf(text, "%s is missing\n", (const char *)boots->pdata[i]);
    if (text->len == 0)
        return NULL;
    g_string_truncate(text, text->len - 1);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

// Place 0 is that of a boot which the suite does not have: after all others.
static int by_place(gconstpointer a, gconstpointer b, gpointer places)
{
    const Result *one = *(Result *const *)a, *other = *(Result *const *)b;
    unsigned place = GPOINTER_TO_UINT(g_hash_table_lookup(places, one->name)) - 1;
    unsigned other_place = GPOINTER_TO_UINT(g_hash_table_lookup(places, other->name)) - 1;
    return (place > other_place) - (place < other_place);
}

static Result *lost_result(const char *name)
{
    Result *result = result_new(name);
    Outcome *outcome = outcome_new();
    result->verdict = outcome->verdict = VERDICT_COULD_NOT_TEST;
    result->reason = g_strdup(LOST);
    outcome->reason = g_strdup(LOST);
    outcome->stage = g_strdup("nothing");
    g_ptr_array_add(result->outcomes, outcome);
    return result;
}

// All boots of `all` in their order, then the others.
void merge_add_missing(Results *merged)
{
    g_autoptr(GPtrArray) boots = results_missing(merged, NULL);
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < boots->len; i++)
        g_ptr_array_add(merged->results, lost_result(boots->pdata[i]));
    for (unsigned i = 0; merged->all && merged->all[i]; i++)
        g_hash_table_insert(places, merged->all[i], GUINT_TO_POINTER(i + 1));
    g_ptr_array_sort_with_data(merged->results, by_place, places);
}
