// Doorbells: rung by the kernel and by userspace, moved, refused by KVM.
#include "fake_kvm.h"
#include "lparun/doorbell.h"
#include <poll.h>
#include <stdatomic.h>

#define PLACE 0x210000003000ULL
#define OTHER 0x210000008004ULL

typedef struct Fixture {
    KvmVm *vm;
    Bus *bus;
    Doorbell *bell;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->vm = fake_kvm_new();
    fixture->bus = bus_new();
    fixture->bell = doorbell_new(fixture->vm, fixture->bus, "virtio-blk0 queue 0", NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    doorbell_free(fixture->bell);
    bus_free(fixture->bus);
    g_assert_cmpuint(fake_kvm_ioeventfds(fixture->vm), ==, 0);
    kvm_vm_close(fixture->vm);
}

static bool is_ready(const Doorbell *bell)
{
    struct pollfd ready = { .fd = doorbell_fd(bell), .events = POLLIN };
    return poll(&ready, 1, 0) == 1;
}

static void test_kernel_and_userspace(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpstr(doorbell_name(fixture->bell), ==, "virtio-blk0 queue 0");
    g_assert_false(fake_kvm_store(fixture->vm, PLACE, 2)); // nowhere yet
    g_assert_false(bus_write(fixture->bus, PLACE, 2, 0));
    doorbell_place(fixture->bell, PLACE);
    g_assert_cmpuint(fake_kvm_ioeventfds(fixture->vm), ==, 1);
    g_assert_false(is_ready(fixture->bell));
    g_assert_true(fake_kvm_store(fixture->vm, PLACE, 2));
    g_assert_true(is_ready(fixture->bell));
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 1);
    g_assert_cmpuint(doorbell_rung(fixture->bell), ==, 0);
    g_assert_true(is_ready(fixture->bell)); // who waits for it finds it as it was
    // A store of another size is not the kernel's (exact address and length), but rings all the same.
    g_assert_false(fake_kvm_store(fixture->vm, PLACE, 4));
    g_assert_true(bus_write(fixture->bus, PLACE, 4, 0));
    g_assert_true(bus_write(fixture->bus, PLACE + 2, 1, 0));
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 3);
    g_assert_cmpuint(doorbell_rung(fixture->bell), ==, 2);
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 3); // counted once
    // It takes DOORBELL_SIZE bytes and no more, and reads as zeros.
    uint64_t value = 5;
    g_assert_false(bus_write(fixture->bus, PLACE + DOORBELL_SIZE, 1, 0));
    g_assert_false(bus_write(fixture->bus, PLACE, 8, 0));
    g_assert_true(bus_read(fixture->bus, PLACE, 2, &value));
    g_assert_cmpuint(value, ==, 0);
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 3);
}

static void test_moves(Fixture *fixture, gconstpointer data)
{
    doorbell_place(fixture->bell, PLACE);
    doorbell_place(fixture->bell, OTHER);
    g_assert_cmpuint(fake_kvm_ioeventfds(fixture->vm), ==, 1);
    g_assert_false(fake_kvm_store(fixture->vm, PLACE, 2));
    g_assert_false(bus_write(fixture->bus, PLACE, 4, 0));
    g_assert_true(fake_kvm_store(fixture->vm, OTHER, 2));
    g_assert_true(bus_write(fixture->bus, OTHER, 4, 0));
    doorbell_place(fixture->bell, OTHER); // again
    g_assert_cmpuint(fake_kvm_ioeventfds(fixture->vm), ==, 1);
    doorbell_remove(fixture->bell);
    doorbell_remove(fixture->bell);
    g_assert_cmpuint(fake_kvm_ioeventfds(fixture->vm), ==, 0);
    g_assert_false(fake_kvm_store(fixture->vm, OTHER, 2));
    g_assert_false(bus_write(fixture->bus, OTHER, 2, 0));
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 2); // the count stays
    doorbell_place(fixture->bell, PLACE);
    g_assert_true(fake_kvm_store(fixture->vm, PLACE, 2));
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 3);
    g_assert_cmpuint(doorbell_rung(fixture->bell), ==, 1);
}

static void test_refused_by_kvm(Fixture *fixture, gconstpointer data)
{
    fake_kvm_refuse_ioeventfds(fixture->vm, true);
    doorbell_place(fixture->bell, PLACE);
    g_assert_false(fake_kvm_store(fixture->vm, PLACE, 2));
    g_assert_true(bus_write(fixture->bus, PLACE, 2, 0));
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 1);
    g_assert_cmpuint(doorbell_rung(fixture->bell), ==, 1);
    // It goes off the bus, and into the kernel when KVM takes it again.
    doorbell_remove(fixture->bell);
    g_assert_false(bus_write(fixture->bus, PLACE, 2, 0));
    fake_kvm_refuse_ioeventfds(fixture->vm, false);
    doorbell_place(fixture->bell, PLACE);
    g_assert_true(fake_kvm_store(fixture->vm, PLACE, 2));
    g_assert_cmpuint(doorbell_rung(fixture->bell), ==, 1);
}

// Two bells at one address, as a guest with two BARs there makes them: the first is the kernel's (-EEXIST for
// the second), and taking one away must not take the other's.
static void test_same_address(Fixture *fixture, gconstpointer data)
{
    Doorbell *second = doorbell_new(fixture->vm, fixture->bus, "second", NULL);
    doorbell_place(fixture->bell, PLACE);
    doorbell_place(second, PLACE);
    g_assert_cmpuint(fake_kvm_ioeventfds(fixture->vm), ==, 1);
    doorbell_free(second);
    g_assert_cmpuint(fake_kvm_ioeventfds(fixture->vm), ==, 1);
    g_assert_true(fake_kvm_store(fixture->vm, PLACE, 2));
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, 1);
}

// KVM's bus alone, to show what it leads to: a store that reaches userspace finds nobody.
static void test_without_bus(Fixture *fixture, gconstpointer data)
{
    Doorbell *bell = doorbell_new(fixture->vm, NULL, "lone", NULL);
    doorbell_place(bell, PLACE);
    g_assert_true(fake_kvm_store(fixture->vm, PLACE, 2));
    g_assert_false(bus_write(fixture->bus, PLACE, 2, 0));
    doorbell_place(bell, OTHER);
    g_assert_true(fake_kvm_store(fixture->vm, OTHER, 2));
    g_assert_cmpuint(doorbell_fired(bell), ==, 2);
    doorbell_free(bell);
}

// --- vCPUs store while another moves the BAR.

typedef struct Storm {
    Fixture *fixture;
    atomic_uint taken;
    atomic_bool ended;
} Storm;

static void *store(void *data)
{
    Storm *storm = data;
    while (!atomic_load(&storm->ended)) {
        bool taken =
            fake_kvm_store(storm->fixture->vm, PLACE, 2) || bus_write(storm->fixture->bus, PLACE, 2, 0);
        if (taken)
            atomic_fetch_add(&storm->taken, 1);
    }
    return NULL;
}

static void test_stores_while_moving(Fixture *fixture, gconstpointer data)
{
    Storm storm = { .fixture = fixture };
    GThread *threads[2];
    for (unsigned i = 0; i < 2; i++)
        threads[i] = g_thread_new("store", store, &storm);
    for (unsigned i = 0; i < 2000 || atomic_load(&storm.taken) == 0; i++) {
        doorbell_place(fixture->bell, i % 2 ? OTHER : PLACE);
        if (i % 5 == 0)
            doorbell_remove(fixture->bell);
    }
    atomic_store(&storm.ended, true);
    for (unsigned i = 0; i < 2; i++)
        g_thread_join(threads[i]);
    g_assert_cmpuint(doorbell_fired(fixture->bell), ==, storm.taken); // no store was lost or rang twice
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/doorbell/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("kernel-and-userspace", test_kernel_and_userspace);
    ADD("moves", test_moves);
    ADD("refused-by-kvm", test_refused_by_kvm);
    ADD("same-address", test_same_address);
    ADD("without-bus", test_without_bus);
    ADD("stores-while-moving", test_stores_while_moving);
    return g_test_run();
}
