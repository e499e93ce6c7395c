// The entropy device from the driver's side: bytes come, in bounds, and wait for their period.
#include "fake_kvm.h"
#include "lparun/error.h"
#include "lparun/kinds.h"
#include "virtio_guest.h"

#define QUEUE 0x800000
#define DATA 0x20000

extern const DeviceKind virtio_rng_kind;
extern const Kind rng_random_kind;

typedef struct Fixture {
    Guest guest;
    GuestQueue queue;
    Iothread *iothread;
    void *rng;
    Object object;
    char *path;
} Fixture;

static Iothread *iothread_of(const DeviceMaking *making, const char *id, GError **error)
{
    return ((Fixture *)making->owner)->iothread;
}

static const Object *object_of(const DeviceMaking *making, const char *id, GError **error)
{
    return &((Fixture *)making->owner)->object;
}

// The struct that the kind's keys fill: here by their tables, as the parser does.
static void set(const Key *keys, const char *name, void *values, uint64_t value)
{
    for (; g_strcmp0(keys->name, name); keys++)
        ;
    void *to = (char *)values + keys->at;
    if (keys->type == KEY_SIZE)
        *(uint64_t *)to = value;
    else if (keys->type == KEY_NUMBER)
        *(unsigned *)to = (unsigned)value;
    else
        *(const void **)to = (const void *)(uintptr_t)value;
}

static void *make(Fixture *fixture, const char *path, uint64_t max_bytes, unsigned period, GError **error)
{
    const DeviceMaking making = { .context = &fixture->guest.context,
        .name = "virtio-rng0",
        .first_source = GUEST_SOURCE,
        .owner = fixture,
        .iothread = iothread_of,
        .object = object_of };
    g_autofree void *values = g_malloc0(virtio_rng_kind.kind.size);
    fixture->path = g_strdup(path);
    fixture->object = (Object){ .kind = &rng_random_kind, .values = &fixture->path };
    set(virtio_rng_kind.kind.keys, "max-bytes", values, max_bytes);
    set(virtio_rng_kind.kind.keys, "period", values, period);
    set(virtio_rng_kind.kind.keys, "rng", values, path ? (uintptr_t) "r" : 0);
    return virtio_rng_kind.make(values, &making, error);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    guest_open(&fixture->guest);
    fixture->iothread = iothread_new("test", NULL);
}

static void plug(Fixture *fixture, const char *path, uint64_t max_bytes, unsigned period)
{
    g_autoptr(GError) error = NULL;
    fixture->rng = make(fixture, path, max_bytes, period, &error);
    g_assert_no_error(error);
    Guest *guest = &fixture->guest;
    guest_plug(guest, virtio_pci_device(virtio_device_pci(virtio_rng_kind.virtio(fixture->rng))));
    g_assert_true(guest_negotiate(guest, VIRTIO_F_VERSION_1));
    guest_enable_msix(guest);
    guest_queue_setup(&fixture->queue, guest, 0, 8, QUEUE, 1);
    guest_driver_ok(guest);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    if (fixture->rng)
        virtio_rng_kind.free(fixture->rng);
    iothread_free(fixture->iothread);
    guest_close(&fixture->guest);
    g_free(fixture->path);
}

static void ask(Fixture *fixture, uint32_t length)
{
    const GuestBuffer buffers[] = { { DATA, length / 2, true },
        { DATA + length, length - length / 2, true } };
    memset(guest_memory_write_at(fixture->guest.memory, DATA, 2 * length), 0, 2 * length);
    guest_add(&fixture->queue, buffers, 2, false);
    guest_kick(&fixture->queue);
}

static uint32_t get(Fixture *fixture)
{
    uint32_t head, length;
    g_assert_true(guest_wait_used(&fixture->queue, &head, &length));
    return length;
}

static bool is_random(Fixture *fixture, uint64_t gpa, unsigned length)
{
    const uint8_t *bytes = guest_memory_write_at(fixture->guest.memory, gpa, length);
    unsigned zeros = 0;
    for (unsigned i = 0; i < length; i++)
        zeros += bytes[i] == 0;
    return zeros < length / 8;
}

static void test_bytes(Fixture *fixture, gconstpointer path)
{
    plug(fixture, path, 0, 0);
    g_assert_cmphex(pci_device_read(fixture->guest.device, 0x00, 4), ==, 0x10441af4);
    for (unsigned i = 0; i < 3; i++) {
        ask(fixture, 512);
        g_assert_cmpuint(get(fixture), ==, 512);
        g_assert_true(is_random(fixture, DATA, 256) && is_random(fixture, DATA + 512, 256));
        g_assert_cmpuint(*(uint8_t *)guest_memory_write_at(fixture->guest.memory, DATA + 256, 1), ==, 0);
    }
    g_assert_cmpuint(fake_kvm_edges(fixture->guest.vm, GUEST_SOURCE + 1), ==, 3);
}

// No request keeps the thread for long.
static void test_most(Fixture *fixture, gconstpointer data)
{
    plug(fixture, NULL, 0, 0);
    ask(fixture, 1 << 20);
    g_assert_cmpuint(get(fixture), ==, 0x10000);
}

static void test_limit(Fixture *fixture, gconstpointer data)
{
    gint64 start = g_get_monotonic_time();
    plug(fixture, NULL, 100, 50);
    unsigned got = 0;
    while (got < 250) {
        ask(fixture, 64);
        got += get(fixture);
    }
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 2 * 50 * 1000 - 1000);
}

// One that waits for its period is forgotten with a reset, and held back while the bus is not to be used.
static void test_waiting(Fixture *fixture, gconstpointer data)
{
    plug(fixture, NULL, 100, 60);
    VirtioPci *pci = virtio_device_pci(virtio_rng_kind.virtio(fixture->rng));
    ask(fixture, 100);
    g_assert_cmpuint(get(fixture), ==, 100);
    ask(fixture, 100);
    while (!virtio_pci_hold(pci))
        ;
    g_usleep(80 * 1000); // the period is over
    g_assert_cmpuint(guest_used_index(&fixture->queue), ==, 1);
    virtio_pci_release(pci);
    g_assert_cmpuint(get(fixture), ==, 100);
    ask(fixture, 100);
    guest_reset(&fixture->guest);
    g_assert_cmpuint(guest_used_index(&fixture->queue), ==, 2);
}

// A chain with nothing to write to cannot be answered.
static void test_no_room(Fixture *fixture, gconstpointer data)
{
    plug(fixture, NULL, 0, 0);
    const GuestBuffer out = { DATA, 16, false };
    guest_add(&fixture->queue, &out, 1, false);
    guest_kick(&fixture->queue);
    g_assert_true(guest_wait_status(&fixture->guest, VIRTIO_STATUS_NEEDS_RESET));
}

static void test_wrong_source(Fixture *fixture, gconstpointer data)
{
    static const char *const paths[] = { "/none/there", "/etc/passwd", "/" };
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(make(fixture, paths[i], 0, 0, &error));
        g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
        g_assert_true(g_str_has_prefix(error->message, "-object rng-random,filename=/"));
        g_clear_pointer(&fixture->path, g_free);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, path, test) g_test_add("/virtio-rng/" name, Fixture, path, set_up, test, tear_down)
    ADD("builtin", NULL, test_bytes);
    ADD("random", "/dev/urandom", test_bytes);
    ADD("most", NULL, test_most);
    ADD("limit", NULL, test_limit);
    ADD("waiting", NULL, test_waiting);
    ADD("no-room", NULL, test_no_room);
    ADD("wrong-source", NULL, test_wrong_source);
    return g_test_run();
}
