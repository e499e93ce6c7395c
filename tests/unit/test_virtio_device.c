// What serves a device's queues, by a device of the test's own: no driver has the thread for itself, and the
// bus is left alone while it is held.
#include "lparun/virtio_device.h"
#include "virtio_guest.h"
#include <stdatomic.h>

#define QUEUE 0x800000
#define DATA 0x20000
#define SIZE 8
#define MOST (4 * SIZE) // requests, then the driver has enough

typedef struct Fixture {
    Guest guest;
    GuestQueue queue;
    Iothread *iothread;
    VirtioDevice *device;
    VirtioRequest *request;
    unsigned handled;
    atomic_uint seen; // of `handled`, when the task had its turn
    IothreadTask task, mark;
    atomic_bool done, marked;
} Fixture;

static void wait_until(atomic_bool *done)
{
    gint64 until = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
    while (!*done && g_get_monotonic_time() < until)
        g_thread_yield();
    g_assert_true(*done);
}

static void set_marked(void *owner)
{
    ((Fixture *)owner)->marked = true;
}

static void defer_mark(void *owner)
{
    Fixture *fixture = owner;
    iothread_defer(fixture->iothread, &fixture->mark);
}

// All that the iothread had deferred is done.
static void settle(Fixture *fixture)
{
    fixture->marked = false;
    iothread_call(fixture->iothread, defer_mark, fixture);
    wait_until(&fixture->marked);
}

// --- A driver that has a new request with each that is taken.

static bool take_one_of_many(void *owner, unsigned queue, VirtioRequest *request)
{
    Fixture *fixture = owner;
    if (fixture->handled++ == 0)
        iothread_defer(fixture->iothread, &fixture->task);
    uint16_t head = request->chain.head;
    virtio_request_answer(request, 0);
    if (fixture->handled < MOST)
        guest_offer(&fixture->queue, head);
    return true;
}

static void see(void *owner)
{
    Fixture *fixture = owner;
    fixture->seen = fixture->handled;
    fixture->done = true;
}

static const VirtioDeviceType flooded = { .type = 4, .class_code = 0x00ff00, .handle = take_one_of_many };

// --- A request that is answered just before the bus is held.

static bool keep(void *owner, unsigned queue, VirtioRequest *request)
{
    Fixture *fixture = owner;
    fixture->request = request;
    iothread_defer(fixture->iothread, &fixture->task);
    return true;
}

static void answer_and_hold(void *owner)
{
    Fixture *fixture = owner;
    virtio_request_answer(fixture->request, 0);
    virtio_pci_hold(virtio_device_pci(fixture->device));
    fixture->done = true;
}

static const VirtioDeviceType keeping = { .type = 4, .class_code = 0x00ff00, .handle = keep };

// --- The tests.

static void set_up(Fixture *fixture, const VirtioDeviceType *type, void (*run)(void *owner))
{
    const GuestBuffer buffer = { DATA, 16, true };
    guest_open(&fixture->guest);
    fixture->iothread = iothread_new("test", NULL);
    fixture->task = (IothreadTask){ .run = run, .owner = fixture };
    fixture->mark = (IothreadTask){ .run = set_marked, .owner = fixture };
    fixture->device = virtio_device_new(
        &fixture->guest.context, "test", type, fixture, fixture->iothread, 0, 1, GUEST_SOURCE, NULL);
    guest_plug(&fixture->guest, virtio_pci_device(virtio_device_pci(fixture->device)));
    g_assert_true(guest_negotiate(&fixture->guest, VIRTIO_F_VERSION_1));
    guest_queue_setup(&fixture->queue, &fixture->guest, 0, SIZE, QUEUE, 1);
    guest_driver_ok(&fixture->guest);
    guest_add(&fixture->queue, &buffer, 1, false);
    guest_kick(&fixture->queue);
    wait_until(&fixture->done);
}

static void tear_down(Fixture *fixture)
{
    virtio_device_free(fixture->device);
    iothread_free(fixture->iothread);
    guest_close(&fixture->guest);
}

static void test_others_have_their_turn(void)
{
    Fixture fixture = { 0 };
    set_up(&fixture, &flooded, see);
    g_assert_cmpuint(fixture.seen, ==, SIZE);
    while (guest_used_index(&fixture.queue) < MOST) // and none is lost
        settle(&fixture);
    tear_down(&fixture);
}

static void test_held_is_not_published(void)
{
    Fixture fixture = { 0 };
    uint32_t head, length;
    set_up(&fixture, &keeping, answer_and_hold);
    VirtioPci *pci = virtio_device_pci(fixture.device);
    while (!virtio_pci_hold(pci))
        ;
    settle(&fixture);
    g_assert_cmpuint(guest_used_index(&fixture.queue), ==, 0);
    virtio_pci_release(pci);
    g_assert_true(guest_wait_used(&fixture.queue, &head, &length));
    tear_down(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/virtio-device/others-have-their-turn", test_others_have_their_turn);
    g_test_add_func("/virtio-device/held-is-not-published", test_held_is_not_published);
    return g_test_run();
}
