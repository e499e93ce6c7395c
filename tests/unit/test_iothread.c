// Iothreads on io_uring and on epoll: calls, watches, tasks, a full ring.
#include "../../vmm/iothread_wait.h"
#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct Fixture {
    Iothread *iothread;
} Fixture;

static void open_iothread(Fixture *fixture, gconstpointer ops)
{
    GError *error = NULL;
    fixture->iothread = iothread_new_with("test", ops, &error);
    if (!fixture->iothread)
        g_test_skip(error->message);
    g_clear_error(&error);
}

static void close_iothread(Fixture *fixture, gconstpointer ops)
{
    iothread_free(fixture->iothread);
}

static bool wait_for(const atomic_int *value, int least)
{
    gint64 end = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;
    while (atomic_load(value) < least && g_get_monotonic_time() < end)
        g_usleep(50);
    return atomic_load(value) >= least;
}

typedef struct Seen {
    pthread_t thread;
    char name[16];
    bool signals_blocked, current;
    Iothread *iothread;
} Seen;

static void look(void *owner)
{
    Seen *seen = owner;
    seen->thread = pthread_self();
    pthread_getname_np(seen->thread, seen->name, sizeof seen->name);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    seen->signals_blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGUSR1);
    seen->current = iothread_is_current(seen->iothread);
}

static void look_twice(void *owner)
{
    Seen *seen = owner;
    iothread_call(seen->iothread, look, seen); // from the thread itself
}

static void test_call(Fixture *fixture, gconstpointer ops)
{
    if (!fixture->iothread)
        return;
    Seen seen = { .iothread = fixture->iothread };
    iothread_call(fixture->iothread, look_twice, &seen);
    g_assert_false(pthread_equal(seen.thread, pthread_self()));
    g_assert_cmpstr(seen.name, ==, "test");
    g_assert_true(seen.signals_blocked);
    g_assert_true(seen.current);
    g_assert_false(iothread_is_current(fixture->iothread));
    g_assert_cmpstr(iothread_id(fixture->iothread), ==, "test");
    g_assert_true(iothread_has_ring(fixture->iothread) == (ops == &iothread_ring_ops));
}

typedef struct Caller {
    Iothread *iothread;
    int *sum; // the iothread's alone
} Caller;

static void add_one(void *owner)
{
    ++*((Caller *)owner)->sum;
}

static gpointer call_often(gpointer owner)
{
    Caller *caller = owner;
    for (int i = 0; i < 1000; i++)
        iothread_call(caller->iothread, add_one, caller);
    return NULL;
}

static void test_many_callers(Fixture *fixture, gconstpointer ops)
{
    if (!fixture->iothread)
        return;
    int sum = 0;
    Caller caller = { fixture->iothread, &sum };
    GThread *threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = g_thread_new(NULL, call_often, &caller);
    for (int i = 0; i < 4; i++)
        g_thread_join(threads[i]);
    g_assert_cmpint(sum, ==, 4000);
}

typedef struct Bell {
    Iothread *iothread;
    int eventfd;
    IothreadWatch *watch;
    atomic_int rings;
} Bell;

static void ring(void *owner)
{
    atomic_fetch_add(&((Bell *)owner)->rings, 1);
}

static void watch_bell(void *owner)
{
    Bell *bell = owner;
    bell->watch = iothread_watch(bell->iothread, bell->eventfd, ring, bell);
}

static void unwatch_bell(void *owner)
{
    iothread_unwatch(((Bell *)owner)->watch);
}

static void test_watch(Fixture *fixture, gconstpointer ops)
{
    if (!fixture->iothread)
        return;
    Bell bell = { .iothread = fixture->iothread, .eventfd = eventfd(1, EFD_NONBLOCK) };
    // Readable from the start.
    iothread_call(fixture->iothread, watch_bell, &bell);
    g_assert_true(wait_for(&bell.rings, 1));
    // Never read, and yet each edge counts.
    for (int i = 0; i < 100; i++) {
        int before = atomic_load(&bell.rings);
        eventfd_write(bell.eventfd, 1);
        g_assert_true(wait_for(&bell.rings, before + 1));
    }
    uint64_t count;
    g_assert_cmpint(read(bell.eventfd, &count, sizeof count), ==, sizeof count);
    g_assert_cmpuint(count, ==, 101);
    // No edge: no call.
    int before = atomic_load(&bell.rings);
    g_usleep(20000);
    g_assert_cmpint(atomic_load(&bell.rings), ==, before);

    iothread_call(fixture->iothread, unwatch_bell, &bell);
    eventfd_write(bell.eventfd, 1);
    g_usleep(20000);
    g_assert_cmpint(atomic_load(&bell.rings), ==, before);
    // Again, with the same descriptor.
    iothread_call(fixture->iothread, watch_bell, &bell);
    g_assert_true(wait_for(&bell.rings, before + 1));
    iothread_call(fixture->iothread, unwatch_bell, &bell);
    close(bell.eventfd);
}

#define BELLS 700 // more than the completion ring has room for

typedef struct Bells {
    Iothread *iothread;
    Bell bell[BELLS];
} Bells;

static void watch_bells(void *owner)
{
    Bells *bells = owner;
    for (int i = 0; i < BELLS; i++)
        watch_bell(&bells->bell[i]);
}

static void unwatch_bells(void *owner)
{
    Bells *bells = owner;
    for (int i = 0; i < BELLS; i++)
        unwatch_bell(&bells->bell[i]);
}

static void ring_all(void *owner)
{
    // On the iothread, so that it cannot take completions meanwhile.
    Bells *bells = owner;
    for (int i = 0; i < BELLS; i++)
        eventfd_write(bells->bell[i].eventfd, 1);
}

static void test_many_watches(Fixture *fixture, gconstpointer ops)
{
    if (!fixture->iothread)
        return;
    Bells *bells = g_new0(Bells, 1);
    bells->iothread = fixture->iothread;
    for (int i = 0; i < BELLS; i++)
        bells->bell[i] = (Bell){ .iothread = fixture->iothread, .eventfd = eventfd(0, EFD_NONBLOCK) };
    iothread_call(fixture->iothread, watch_bells, bells);
    for (int round = 1; round <= 20; round++) {
        int before[BELLS];
        for (int i = 0; i < BELLS; i++)
            before[i] = atomic_load(&bells->bell[i].rings);
        iothread_call(fixture->iothread, ring_all, bells);
        for (int i = 0; i < BELLS; i++)
            g_assert_true(wait_for(&bells->bell[i].rings, before[i] + 1));
    }
    iothread_call(fixture->iothread, unwatch_bells, bells);
    for (int i = 0; i < BELLS; i++)
        close(bells->bell[i].eventfd);
    g_free(bells);
}

typedef struct Unwatcher {
    Iothread *iothread;
    Bell *other;
    int eventfd;
    IothreadWatch *watch;
    atomic_int rings;
} Unwatcher;

static void unwatch_other(void *owner)
{
    Unwatcher *self = owner;
    if (self->other->watch)
        iothread_unwatch(self->other->watch);
    self->other->watch = NULL;
    atomic_fetch_add(&self->rings, 1);
}

static void watch_both(void *owner)
{
    Unwatcher *self = owner;
    self->watch = iothread_watch(self->iothread, self->eventfd, unwatch_other, self);
    watch_bell(self->other);
    // Both are ready in one round: the second must not be called after the first ended it.
    eventfd_write(self->eventfd, 1);
    eventfd_write(self->other->eventfd, 1);
}

static void unwatch_self(void *owner)
{
    iothread_unwatch(((Unwatcher *)owner)->watch);
}

static void test_unwatch_in_ready(Fixture *fixture, gconstpointer ops)
{
    if (!fixture->iothread)
        return;
    Bell bell = { .iothread = fixture->iothread, .eventfd = eventfd(0, EFD_NONBLOCK) };
    Unwatcher self = { .iothread = fixture->iothread, .other = &bell, .eventfd = eventfd(0, EFD_NONBLOCK) };
    iothread_call(fixture->iothread, watch_both, &self);
    g_assert_true(wait_for(&self.rings, 1));
    g_usleep(20000);
    g_assert_cmpint(atomic_load(&bell.rings), ==, 0);
    iothread_call(fixture->iothread, unwatch_self, &self);
    close(self.eventfd);
    close(bell.eventfd);
}

typedef struct Tasks {
    Iothread *iothread;
    IothreadTask task[3];
    GString *order;
    atomic_int again;
} Tasks;

static void run_a(void *owner)
{
    Tasks *tasks = owner;
    g_string_append_c(tasks->order, 'a');
    iothread_undefer(tasks->iothread, &tasks->task[1]);
}

static void run_b(void *owner)
{
    g_string_append_c(((Tasks *)owner)->order, 'b');
}

static void run_again(void *owner)
{
    Tasks *tasks = owner;
    atomic_fetch_add(&tasks->again, 1);
    iothread_defer(tasks->iothread, &tasks->task[2]);
}

static void defer_all(void *owner)
{
    Tasks *tasks = owner;
    iothread_defer(tasks->iothread, &tasks->task[0]);
    iothread_defer(tasks->iothread, &tasks->task[0]);
    iothread_defer(tasks->iothread, &tasks->task[1]);
    iothread_defer(tasks->iothread, &tasks->task[2]);
}

static void take_back(void *owner)
{
    Tasks *tasks = owner;
    iothread_undefer(tasks->iothread, &tasks->task[2]);
}

static void test_tasks(Fixture *fixture, gconstpointer ops)
{
    if (!fixture->iothread)
        return;
    Tasks tasks = { .iothread = fixture->iothread, .order = g_string_new(NULL) };
    tasks.task[0] = (IothreadTask){ .run = run_a, .owner = &tasks };
    tasks.task[1] = (IothreadTask){ .run = run_b, .owner = &tasks };
    tasks.task[2] = (IothreadTask){ .run = run_again, .owner = &tasks };
    iothread_call(fixture->iothread, defer_all, &tasks);
    // A task that always defers itself keeps nobody waiting: this call still comes through.
    g_assert_true(wait_for(&tasks.again, 100));
    iothread_call(fixture->iothread, take_back, &tasks);
    int after = atomic_load(&tasks.again);
    g_usleep(10000);
    g_assert_cmpint(atomic_load(&tasks.again), ==, after);
    g_assert_cmpstr(tasks.order->str, ==, "a"); // once, and it took b back
    g_string_free(tasks.order, TRUE);
}

#define OPERATIONS 5000

typedef struct Operation {
    IothreadIo io;
    atomic_int *done;
} Operation;

typedef struct Operations {
    Iothread *iothread;
    Operation operation[OPERATIONS];
} Operations;

static void prepare_nop(IothreadIo *io, struct io_uring_sqe *entry)
{
    io_uring_prep_nop(entry);
}

static void count_done(IothreadIo *io, int result, unsigned flags)
{
    g_assert_cmpint(result, ==, 0);
    atomic_fetch_add(((Operation *)io)->done, 1);
}

static void submit_all(void *owner)
{
    Operations *operations = owner;
    for (int i = 0; i < OPERATIONS; i++)
        iothread_submit(operations->iothread, &operations->operation[i].io);
}

static void test_full_ring(Fixture *fixture, gconstpointer ops)
{
    if (!fixture->iothread)
        return;
    atomic_int done = 0;
    Operations *operations = g_new0(Operations, 1);
    operations->iothread = fixture->iothread;
    for (int i = 0; i < OPERATIONS; i++)
        operations->operation[i] = (Operation){
            .io = { .prepare = prepare_nop, .complete = count_done },
            .done = &done,
        };
    iothread_call(fixture->iothread, submit_all, operations);
    g_assert_true(wait_for(&done, OPERATIONS));
    iothread_free(g_steal_pointer(&fixture->iothread));
    g_assert_cmpint(atomic_load(&done), ==, OPERATIONS);
    g_free(operations);
}

static void add(const char *name, const IothreadWaitOps *ops, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path =
        g_strdup_printf("/iothread/%s/%s", ops == &iothread_ring_ops ? "ring" : "poll", name);
    g_test_add(path, Fixture, ops, open_iothread, test, close_iothread);
}

// A host that refuses is told of, and all else goes on. epoll takes no regular file.
static void watch_file(void *owner)
{
    g_autofree char *name = NULL;
    int fd = g_file_open_tmp("lparun-test-XXXXXX", &name, NULL);
    g_assert_cmpint(fd, >=, 0);
    g_assert_null(iothread_watch(owner, fd, NULL, NULL));
    g_assert_cmpint(errno, ==, EPERM);
    unlink(name);
    close(fd);
}

static void test_refused(Fixture *fixture, gconstpointer ops)
{
    if (fixture->iothread)
        iothread_call(fixture->iothread, watch_file, fixture->iothread);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    const IothreadWaitOps *const both[] = { &iothread_ring_ops, &iothread_poll_ops };
    for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
        add("call", both[i], test_call);
        add("many-callers", both[i], test_many_callers);
        add("watch", both[i], test_watch);
        add("many-watches", both[i], test_many_watches);
        add("unwatch-in-ready", both[i], test_unwatch_in_ready);
        add("tasks", both[i], test_tasks);
    }
    add("refused", &iothread_poll_ops, test_refused);
    add("full-ring", &iothread_ring_ops, test_full_ring);
    return g_test_run();
}
