// Which shard this is, and which boots it has.
#include "shard.h"
#include "refuse.h"
#include "samples.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Digits alone: no sign, no space.
static bool read_number(const char *text, guint64 most, guint64 *value)
{
    return g_ascii_isdigit(*text) && g_ascii_string_to_unsigned(text, 10, 0, most, value, NULL);
}

bool shard_parse(const char *text, unsigned *k, unsigned *n, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 3);
    guint64 which, all;
    if (g_strv_length(parts) != 2 || !read_number(parts[0], SHARDS_MOST, &which) ||
        !read_number(parts[1], SHARDS_MOST, &all) || which < 1 || which > all)
        return refuse(error, "--shard %s: give K/N, the K-th of N, from 1 to %u", text, SHARDS_MOST);
    *k = (unsigned)which;
    *n = (unsigned)all;
    return true;
}

// --- From the environment.

typedef struct Place {
    guint64 k, n; // k from 1
} Place;

typedef struct Engine {
    const char *name;
    const char *variable; // it is this engine where this is set
    bool (*read)(guint64 asked, Place *place, GError **error);
} Engine;

static bool variable(const char *name, guint64 *value, GError **error)
{
    const char *text = g_getenv(name);
    if (!text)
        return refuse(error, "%s is not set: give --shard K/N", name);
    if (!read_number(text, G_MAXUINT32, value))
        return refuse(error, "%s is '%s', no number: give --shard K/N", name, text);
    return true;
}

// Any start and step. A list that is not regular cannot be told from its ends, and a part of an array that is
// run again has another count than the whole had.
static bool read_slurm(guint64 asked, Place *place, GError **error)
{
    guint64 id, min, max, step, count;
    if (!variable("SLURM_ARRAY_TASK_ID", &id, error) || !variable("SLURM_ARRAY_TASK_MIN", &min, error) ||
        !variable("SLURM_ARRAY_TASK_MAX", &max, error) || !variable("SLURM_ARRAY_TASK_STEP", &step, error) ||
        !variable("SLURM_ARRAY_TASK_COUNT", &count, error))
        return false;
    if (step < 1 || id < min || id > max || (id - min) % step || (max - min) / step + 1 != count)
        return refuse(error,
            "Slurm's array of %" G_GUINT64_FORMAT " tasks is no sequence with one step: give --shard K/N",
            count);
    *place = (Place){ (id - min) / step + 1, count };
    return true;
}

static bool read_kubernetes(guint64 asked, Place *place, GError **error)
{
    guint64 index;
    if (!variable("JOB_COMPLETION_INDEX", &index, error))
        return false;
    if (asked == 0)
        return refuse(error, "JOB_COMPLETION_INDEX is set, but Kubernetes does not say of how many: set "
                             "LPARUN_CI_SHARDS, or give "
                             "--shards N");
    *place = (Place){ index + 1, asked };
    return true;
}

static bool read_gitlab(guint64 asked, Place *place, GError **error)
{
    return variable("CI_NODE_INDEX", &place->k, error) && variable("CI_NODE_TOTAL", &place->n, error);
}

static bool read_circle(guint64 asked, Place *place, GError **error)
{
    guint64 index;
    if (!variable("CIRCLE_NODE_INDEX", &index, error) || !variable("CIRCLE_NODE_TOTAL", &place->n, error))
        return false;
    place->k = index + 1;
    return true;
}

static const Engine engines[] = {
    { "Slurm", "SLURM_ARRAY_TASK_ID", read_slurm },
    { "Kubernetes", "JOB_COMPLETION_INDEX", read_kubernetes },
    { "GitLab", "CI_NODE_INDEX", read_gitlab },
    { "CircleCI", "CIRCLE_NODE_INDEX", read_circle },
};

// NULL without an error: there is none.
static const Engine *find_engine(GError **error)
{
    const Engine *found = NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(engines); i++) {
        if (!g_getenv(engines[i].variable))
            continue;
        if (found) {
            refuse(error, "%s and %s are both set: give --shard K/N", found->variable, engines[i].variable);
            return NULL;
        }
        found = &engines[i];
    }
    return found;
}

static bool read_asked(unsigned given, guint64 *asked, GError **error)
{
    *asked = given;
    return given > 0 || !g_getenv("LPARUN_CI_SHARDS") || variable("LPARUN_CI_SHARDS", asked, error);
}

bool shard_from_environment(unsigned *k, unsigned *n, GError **error)
{
    guint64 asked;
    Place place;
    const Engine *engine = find_engine(error);
    if (!engine || !read_asked(*n, &asked, error) || !engine->read(asked, &place, error))
        return false;
    if (asked > 0 && asked != place.n)
        return refuse(error,
            "%s has %" G_GUINT64_FORMAT " tasks, and %" G_GUINT64_FORMAT
            " shards are asked for: give --shard K/N",
            engine->name, place.n, asked);
    if (place.k < 1 || place.k > place.n || place.n > SHARDS_MOST)
        return refuse(error,
            "%s says %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " (from 1, at most %u): give --shard K/N",
            engine->name, place.k, place.n, SHARDS_MOST);
    *k = (unsigned)place.k;
    *n = (unsigned)place.n;
    return true;
}

// --- Which boots.

typedef struct Item {
    const char *name;
    unsigned index;
    guint64 hash;
    double seconds;
} Item;

// For each byte: exclusive or, then times an odd number; at last the high half is folded in. It must never
// change: it decides what is where.
static guint64 hash_of(const char *name)
{
    guint64 hash = 0x6c706172756e2d63;
    for (; *name; name++)
        hash = (hash ^ (guint8)*name) * 0x9e3779b97f4a7c15;
    return hash ^ (hash >> 32);
}

static int by_name(const Item *one, const Item *other)
{
    int order = strcmp(one->name, other->name);
    return order ? order : (one->index > other->index) - (one->index < other->index);
}

static int by_hash(const void *a, const void *b)
{
    const Item *one = a, *other = b;
    return one->hash != other->hash ? (one->hash > other->hash ? 1 : -1) : by_name(one, other);
}

static int longest_first(const void *a, const void *b)
{
    const Item *one = a, *other = b;
    return one->seconds != other->seconds ? (one->seconds < other->seconds ? 1 : -1) : by_name(one, other);
}

// 0: no time is known.
static double median_time(const double *times, unsigned count)
{
    g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(double));
    for (unsigned i = 0; times && i < count; i++)
        if (isfinite(times[i]) && times[i] > 0)
            g_array_append_val(known, times[i]);
    return samples_median(known);
}

static Item *items_new(const char *const *names, const double *times, double otherwise, unsigned count)
{
    Item *items = g_new0(Item, count);
    for (unsigned i = 0; i < count; i++) {
        bool known = times && isfinite(times[i]) && times[i] > 0;
        items[i] = (Item){ names[i], i, hash_of(names[i]), known ? times[i] : otherwise };
    }
    return items;
}

static unsigned least(const double *loads, unsigned n)
{
    unsigned found = 0;
    for (unsigned i = 1; i < n; i++)
        if (loads[i] < loads[found])
            found = i;
    return found;
}

bool *shard_pick(const char *const *names, const double *times, unsigned count, unsigned k, unsigned n)
{
    double median = median_time(times, count);
    g_autofree Item *items = items_new(names, times, median, count);
    g_autofree double *loads = g_new0(double, n);
    bool *picked = g_new0(bool, count);
    if (count)
        qsort(items, count, sizeof(Item), median > 0 ? longest_first : by_hash);
    for (unsigned i = 0; i < count; i++) {
        unsigned shard = median > 0 ? least(loads, n) : i % n;
        loads[shard] += items[i].seconds;
        picked[items[i].index] = shard == k - 1;
    }
    return picked;
}

GHashTable *shard_times(const Results *results)
{
    GHashTable *times = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (unsigned i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        double seconds = result_seconds(result);
        if (verdict_status(result->verdict) < 2 && isfinite(seconds) && seconds > 0)
            g_hash_table_insert(times, g_strdup(result->name), g_memdup2(&seconds, sizeof seconds));
    }
    return times;
}
