// The core of a guest that panics, and what the run has to do with cores.
#include "run_internal.h"
#include "lparun/error.h"

static void hold_for_dump(void *owner)
{
    run_hold(owner, HELD_DUMP);
}

static bool is_still(void *owner)
{
    return !((const Run *)owner)->holding;
}

static void release_after_dump(void *owner)
{
    Run *run = owner;
    if (!run->panic_waits)
        run_end_hold(run, HELD_DUMP);
}

static void tell_from_dump(void *owner, const char *name, GVariant *data)
{
    run_tell(owner, name, data);
}

Dumper *run_make_dumper(Run *run)
{
    const DumperParts parts = { .memory = run->parts.memory,
        .mmu = run->parts.mmu,
        .vcpus = run->parts.vcpus,
        .hold = hold_for_dump,
        .is_still = is_still,
        .release = release_after_dump,
        .tell = tell_from_dump,
        .owner = run };
    return dumper_new(&parts);
}

static void on_panic_dumped(void *owner, const GError *error)
{
    const Run *run = owner;
    if (error)
        error_tell("-action dump=%s: %s", run->actions.dump, error->message);
}

// Once a run: a guest that panics and reboots again and again does not keep a disk busy.
static void begin_panic_dump(Run *run)
{
    const char *path = run->actions.dump;
    g_autoptr(GError) error = NULL;
    run->has_dumped = true;
    const DumpRequest request = {
        .file = sparse_file_create(path, &error), .linear = true, .done = on_panic_dumped, .owner = run
    };
    if (!request.file || !dumper_begin(run->dumper, &request, &error))
        on_panic_dumped(run, error);
}

bool run_must_wait(Run *run, const RunRequest *request, Next next)
{
    if (request->event >= RUN_QUIT)
        return false;
    if (request->event == RUN_PANICKED && !run->panic_waits) {
        run->panic_waits = true;
        run_mark(run, request);
        run_tell_panic(run, next);
    }
    bool wanted = run->panic_waits && run->actions.dump && !run->has_dumped;
    if (wanted && !dumper_is_busy(run->dumper))
        begin_panic_dump(run);
    return dumper_dumps(run->dumper) || (wanted && !run->has_dumped);
}
