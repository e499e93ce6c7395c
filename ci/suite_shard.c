// A suite's part.
#include "suite_shard.h"
#include "results_json.h"
#include "shard.h"

static double *times_of(const Options *options, const Suite *suite, GError **error)
{
    g_autoptr(Results) earlier = options->times ? results_read(options->times, error) : NULL;
    if (!earlier)
        return NULL;
    g_autoptr(GHashTable) known = shard_times(earlier);
    double *times = g_new0(double, suite->boots->len);
    for (unsigned i = 0; i < suite->boots->len; i++) {
        const double *seconds = g_hash_table_lookup(known, ((const Boot *)suite->boots->pdata[i])->name);
        times[i] = seconds ? *seconds : 0;
    }
    return times;
}

bool suite_shard(const Options *options, Suite *suite, Results *results, GError **error)
{
    unsigned k, n = options->shards;
    GError *wrong = NULL;
    bool is_one =
        options->shard ? shard_parse(options->shard, &k, &n, &wrong) : shard_from_environment(&k, &n, &wrong);
    if (!is_one) {
        if (wrong)
            g_propagate_error(error, wrong);
        return !wrong;
    }
    g_autofree double *times = times_of(options, suite, &wrong);
    if (wrong) {
        g_propagate_error(error, wrong);
        return false;
    }
    g_autofree bool *mine = shard_pick((const char *const *)results->all, times, suite->boots->len, k, n);
    for (unsigned i = suite->boots->len; i-- > 0;)
        if (!mine[i])
            g_ptr_array_remove_index(suite->boots, i);
    results->shard = k;
    results->shards = n;
    return true;
}
