// The timeline: first times only, first reads of disks, and who is told of them.
#include "lparun/timeline.h"

typedef struct Fixture {
    Timeline *timeline;
    TimelineDisk *disk;
    unsigned calls; // of came()
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->timeline = timeline_new();
    fixture->disk = timeline_add_disk(fixture->timeline, "virtio-blk0");
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    timeline_free(fixture->timeline);
    g_assert_false(g_main_context_pending(NULL)); // no source was left behind
}

static void came(void *owner)
{
    ((Fixture *)owner)->calls++;
}

static void assert_entries(GArray *entries, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < entries->len; i++) {
        const TimelineEntry *entry = &g_array_index(entries, TimelineEntry, i);
        g_string_append_printf(text, "%s%s", i ? " " : "", entry->name);
        if (entry->disk)
            g_string_append_printf(text, "(%s)", entry->disk);
        if (entry->reason)
            g_string_append_printf(text, "(%s)", entry->reason);
        g_assert_cmpint(entry->at, >, 0);
    }
    g_assert_cmpstr(text->str, ==, expected);
    g_array_unref(entries);
}

static void run_until_idle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

// Until the clock shows another time.
static void tick(void)
{
    gint64 now = g_get_monotonic_time();
    while (g_get_monotonic_time() == now)
        continue;
}

static void test_first(Fixture *fixture, gconstpointer data)
{
    timeline_mark(fixture->timeline, TIMELINE_CONSOLE);
    gint64 at = fixture->timeline->marks[TIMELINE_CONSOLE].at;
    tick();
    timeline_mark(fixture->timeline, TIMELINE_CONSOLE);
    g_assert_cmpint(fixture->timeline->marks[TIMELINE_CONSOLE].at, ==, at);
    timeline_mark(NULL, TIMELINE_CONSOLE);
    timeline_set(NULL, TIMELINE_CONSOLE, 1, NULL);
    timeline_set(fixture->timeline, TIMELINE_REBOOT, 1, NULL); // before all others
    timeline_set(fixture->timeline, TIMELINE_PANIC, at + 1, "why");
    timeline_set(fixture->timeline, TIMELINE_PANIC, at + 2, "why else");
    assert_entries(timeline_entries(fixture->timeline), "reboot console panic(why else)");
    timeline_set(fixture->timeline, TIMELINE_PANIC, at + 3, ""); // it gave none
    assert_entries(timeline_entries(fixture->timeline), "reboot console panic");
    g_assert_true(timeline_part.reset(fixture->timeline, NULL));
    assert_entries(timeline_entries(fixture->timeline), "");
}

// The kernel's is the first after firmware has handed over.
static void test_disks(Fixture *fixture, gconstpointer data)
{
    static const TimelineMark ends[] = { TIMELINE_QUIESCE, TIMELINE_PROCESS_TABLE };
    timeline_read(NULL);
    g_assert_null(timeline_add_disk(NULL, "none"));
    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
        timeline_read(fixture->disk);
        timeline_read(fixture->disk);
        assert_entries(timeline_entries(fixture->timeline), "disk-read(virtio-blk0)");
        timeline_set(fixture->timeline, ends[i], 1, NULL);
        timeline_read(fixture->disk);
        g_assert_cmpint(fixture->disk->kernel.at, >=, fixture->disk->first.at);
        g_assert_true(timeline_part.reset(fixture->timeline, NULL));
        g_assert_cmpint(fixture->disk->first.at, ==, 0);
        g_assert_cmpint(fixture->disk->kernel.at, ==, 0);
    }
}

static void test_direct(Fixture *fixture, gconstpointer data)
{
    fixture->timeline->direct = true;
    timeline_read(fixture->disk);
    g_assert_cmpint(fixture->disk->kernel.at, >, 0);
}

// News are told once; who begins to watch hears of all that was.
static void test_watch(Fixture *fixture, gconstpointer data)
{
    Timeline *timeline = fixture->timeline;
    timeline_mark(timeline, TIMELINE_START);
    run_until_idle();
    timeline_watch(timeline, came, fixture);
    g_assert_cmpuint(fixture->calls, ==, 0); // from the main loop
    run_until_idle();
    g_assert_cmpuint(fixture->calls, ==, 1);
    assert_entries(timeline_news(timeline), "start");
    assert_entries(timeline_news(timeline), "");
    timeline_mark(timeline, TIMELINE_START);
    run_until_idle();
    g_assert_cmpuint(fixture->calls, ==, 1);
    tick();
    timeline_read(fixture->disk);
    tick();
    timeline_mark(timeline, TIMELINE_CAS);
    run_until_idle();
    g_assert_cmpuint(fixture->calls, ==, 2);
    timeline_set(timeline, TIMELINE_REBOOT, G_MAXINT64, NULL);
    assert_entries(timeline_news(timeline), "disk-read(virtio-blk0) cas reboot");
    timeline_watch(timeline, came, fixture);
    assert_entries(timeline_news(timeline), "start disk-read(virtio-blk0) cas reboot");
    run_until_idle();
    timeline_watch(timeline, NULL, NULL);
    timeline_mark(timeline, TIMELINE_QUIESCE);
    run_until_idle();
    g_assert_cmpuint(fixture->calls, ==, 3);
}

// The same mark of the next round is news.
static void test_rounds(Fixture *fixture, gconstpointer data)
{
    timeline_watch(fixture->timeline, came, fixture);
    timeline_set(fixture->timeline, TIMELINE_START, 1, NULL);
    assert_entries(timeline_news(fixture->timeline), "start");
    g_assert_true(timeline_part.reset(fixture->timeline, NULL));
    timeline_mark(fixture->timeline, TIMELINE_START);
    assert_entries(timeline_news(fixture->timeline), "start");
}

static gpointer mark_all(gpointer data)
{
    for (unsigned i = 0; i < TIMELINE_MARKS; i++)
        timeline_mark(data, i);
    return NULL;
}

// Marks come from other threads, of which each wakes the loop.
static void test_threads(Fixture *fixture, gconstpointer data)
{
    timeline_watch(fixture->timeline, came, fixture);
    GThread *threads[4];
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("mark", mark_all, fixture->timeline);
    for (unsigned count = 0; count < TIMELINE_MARKS;) {
        g_main_context_iteration(NULL, TRUE);
        GArray *news = timeline_news(fixture->timeline);
        count += news->len;
        g_assert_cmpuint(count, <=, TIMELINE_MARKS);
        g_array_unref(news);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/timeline/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("first", test_first);
    ADD("disks", test_disks);
    ADD("direct", test_direct);
    ADD("watch", test_watch);
    ADD("rounds", test_rounds);
    ADD("threads", test_threads);
    return g_test_run();
}
