// Boots side by side.
#include "pool.h"
#include "conclude.h"
#include "machine.h"
#include <string.h>

typedef struct Job {
    Pool *pool;
    const Boot *boot;
    Result *result;
    Attempt *attempt; // NULL: it does not run
    Load load;
    bool ended;
} Job;

struct Pool {
    const PoolOps *ops;
    void *owner;
    char *folder;
    PoolLimits limits;
    Results *results;
    GPtrArray *jobs; // of Job, in the order of the suite
    Load has, used;
    unsigned running, number; // of attempts, for their folders
    bool stopped, done;
    guint idle;
};

static void go_on(Pool *pool);

static bool has_room(const Pool *pool, const Job *job)
{
    if (pool->running == 0)
        return true; // one that is too large for the machine says so by itself
    if (pool->limits.jobs)
        return pool->running < pool->limits.jobs;
    return pool->used.cpus + job->load.cpus <= pool->has.cpus &&
           pool->used.memory + job->load.memory <= pool->has.memory / 10 * 8;
}

static void on_stage(void *owner, const char *stage)
{
    Job *job = owner;
    job->pool->ops->stage(job->pool->owner, job->boot, stage);
}

static void on_output(void *owner, bool errors, const char *bytes, gsize length)
{
    Job *job = owner;
    job->pool->ops->output(job->pool->owner, job->boot, errors, bytes, length);
}

static void on_ended(void *owner, Outcome *outcome);

static void begin(Pool *pool, Job *job)
{
    static const AttemptOps ops = { .stage = on_stage, .output = on_output, .ended = on_ended };
    g_autofree char *folder = g_strdup_printf("%s/%u", pool->folder, pool->number++);
    if (job->result->outcomes->len == 0)
        pool->ops->began(pool->owner, job->boot);
    job->attempt = attempt_start(job->boot, folder, pool->limits.scale, &ops, job);
}

static void take(Pool *pool, Job *job)
{
    pool->running++;
    pool->used.cpus += job->load.cpus;
    pool->used.memory += job->load.memory;
    begin(pool, job);
}

static void end(Pool *pool, Job *job)
{
    job->ended = true;
    pool->running--;
    pool->used.cpus -= job->load.cpus;
    pool->used.memory -= job->load.memory;
    conclude(job->boot, job->result);
    pool->ops->ended(pool->owner, job->boot, job->result);
    if (pool->limits.stop_at_first && !verdict_is_good(job->result->verdict))
        pool_stop(pool);
}

static void on_ended(void *owner, Outcome *outcome)
{
    Job *job = owner;
    Pool *pool = job->pool;
    job->attempt = NULL;
    g_ptr_array_add(job->result->outcomes, outcome);
    if (!pool->stopped && conclude_runs_again(job->boot, job->result))
        begin(pool, job);
    else
        end(pool, job);
    go_on(pool);
}

// Those that never began have no result.
static void finish(Pool *pool)
{
    pool->done = true;
    for (unsigned i = 0; i < pool->jobs->len; i++) {
        Job *job = pool->jobs->pdata[i];
        if (job->ended)
            g_ptr_array_add(pool->results->results, g_steal_pointer(&job->result));
    }
    pool->ops->done(pool->owner);
}

static void begin_all(Pool *pool)
{
    for (unsigned i = 0; i < pool->jobs->len && !pool->stopped; i++) {
        Job *job = pool->jobs->pdata[i];
        if (!job->attempt && !job->ended && has_room(pool, job))
            take(pool, job);
    }
}

static gboolean go_on_idle(gpointer data)
{
    Pool *pool = data;
    pool->idle = 0;
    begin_all(pool);
    if (pool->running == 0 && !pool->done)
        finish(pool);
    return G_SOURCE_REMOVE;
}

static void go_on(Pool *pool)
{
    if (!pool->idle)
        pool->idle = g_idle_add(go_on_idle, pool);
}

static void job_free(gpointer data)
{
    Job *job = data;
    g_clear_pointer(&job->result, result_free);
    g_free(job);
}

static void add_job(Pool *pool, const Boot *boot)
{
    Job *job = g_new0(Job, 1);
    *job = (Job){ .pool = pool, .boot = boot, .result = result_new(boot->name), .load = machine_takes(boot) };
    g_ptr_array_unref(job->result->axes);
    job->result->axes = g_ptr_array_ref(boot->axes);
    job->result->tags = g_strdupv(boot->tags);
    job->result->known = boot->fails_expected ? g_strdup(boot->known ? boot->known : "") : NULL;
    g_ptr_array_add(pool->jobs, job);
}

Pool *pool_start(const Suite *suite, const char *folder, const PoolLimits *limits, Results *results,
    const PoolOps *ops, void *owner)
{
    Pool *pool = g_new0(Pool, 1);
    *pool = (Pool){
        .ops = ops, .owner = owner, .folder = g_strdup(folder), .limits = *limits, .results = results
    };
    pool->has = machine_has();
    pool->jobs = g_ptr_array_new_with_free_func(job_free);
    for (unsigned i = 0; i < suite->boots->len; i++)
        add_job(pool, suite->boots->pdata[i]);
    go_on(pool);
    return pool;
}

void pool_free(Pool *pool)
{
    if (!pool)
        return;
    if (pool->idle)
        g_source_remove(pool->idle);
    g_ptr_array_unref(pool->jobs);
    g_free(pool->folder);
    g_free(pool);
}

void pool_stop(Pool *pool)
{
    pool->stopped = true;
    for (unsigned i = 0; i < pool->jobs->len; i++) {
        Job *job = pool->jobs->pdata[i];
        if (job->attempt)
            attempt_stop(job->attempt);
    }
    go_on(pool);
}
