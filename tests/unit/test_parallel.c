// Work in slices: each byte is some slice's, once; where slices begin; what a slice that fails leaves.
#include "lparun/parallel.h"
#include <glib.h>
#include <stdatomic.h>

#define LARGEST 1000

typedef struct Fixture {
    atomic_uint done[LARGEST];
    atomic_uint slices;
    uint64_t unit, least, fail_at; // fail_at: the byte whose slice fails
} Fixture;

static int count(void *owner, uint64_t from, uint64_t to)
{
    Fixture *fixture = owner;
    atomic_fetch_add(&fixture->slices, 1);
    g_assert_cmpuint(from % fixture->unit, ==, 0);
    for (uint64_t i = from; i < to; i++)
        atomic_fetch_add(&fixture->done[i], 1);
    return from <= fixture->fail_at && fixture->fail_at < to ? -5 : 0;
}

static void assert_all(uint64_t size, uint64_t unit, uint64_t least, uint64_t fail_at, int result)
{
    Fixture fixture = { .unit = unit, .least = least, .fail_at = fail_at };
    g_assert_cmpint(parallel_do(count, &fixture, size, unit, least), ==, result);
    for (uint64_t i = 0; i < LARGEST; i++)
        g_assert_cmpuint(atomic_load(&fixture.done[i]), ==, i < size);
    g_assert_cmpuint(atomic_load(&fixture.slices), <=, MAX(size / least, 1));
    g_assert_cmpuint(atomic_load(&fixture.slices), <=, 16);
}

static void test_slices(void)
{
    static const uint64_t sizes[] = { 0, 1, 9, 10, 11, 99, 100, 101, 999, LARGEST };
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        assert_all(sizes[i], 1, 1, UINT64_MAX, 0);
        assert_all(sizes[i], 10, 20, UINT64_MAX, 0);
        assert_all(sizes[i], 64, 50, UINT64_MAX, 0);
        assert_all(sizes[i], 2000, 10, UINT64_MAX, 0);
    }
}

static void test_failure(void)
{
    for (uint64_t at = 0; at < LARGEST; at += 37)
        assert_all(LARGEST, 10, 10, at, -5);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parallel/slices", test_slices);
    g_test_add_func("/parallel/failure", test_failure);
    return g_test_run();
}
