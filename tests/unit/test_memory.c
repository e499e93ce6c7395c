// Guest memory: what is RAM and what is not, down to the last byte and around the end of the address space.
#include "lparun/error.h"
#include "lparun/memory.h"
#include <string.h>

#define SIZE 0x20000ULL

static void test_ranges(void)
{
    g_autoptr(GuestMemory) memory = guest_memory_new(SIZE, NULL);
    static const struct {
        uint64_t gpa, length;
        bool is_ram;
    } ranges[] = {
        { 0, 1, true },
        { 0, SIZE, true },
        { SIZE - 1, 1, true },
        { 0x1000, SIZE - 0x1000, true },
        { 0, SIZE + 1, false },
        { SIZE, 1, false },
        { SIZE - 1, 2, false },
        { 0x1000, UINT64_MAX, false },         // wraps
        { 0x1000, UINT64_MAX - 0xfff, false }, // ends at 0
        { UINT64_MAX, 1, false },
        { UINT64_MAX, 2, false },
        { UINT64_MAX - 7, 8, false },
        { 1ULL << 60, 8, false },
        { 0, UINT64_MAX, false },
        // Nothing is answered as if it were a byte.
        { 0, 0, true },
        { SIZE - 1, 0, true },
        { SIZE, 0, false },
    };
    const uint8_t *host = guest_memory_at(memory, 0, SIZE);
    g_assert_nonnull(host);
    g_assert_cmpuint(guest_memory_size(memory), ==, SIZE);
    for (unsigned i = 0; i < G_N_ELEMENTS(ranges); i++) {
        const uint8_t *at = guest_memory_at(memory, ranges[i].gpa, ranges[i].length);
        g_assert_true(at == (ranges[i].is_ram ? host + ranges[i].gpa : NULL));
    }
}

static void test_all_or_nothing(void)
{
    g_autoptr(GuestMemory) memory = guest_memory_new(SIZE, NULL);
    char bytes[16] = "fifteen letters", back[16] = "untouched";
    g_assert_true(guest_memory_write(memory, SIZE - 16, bytes, 16));
    g_assert_false(guest_memory_write(memory, SIZE - 15, "XXXXXXXXXXXXXXX", 16));
    g_assert_false(guest_memory_read(memory, SIZE - 15, back, 16));
    g_assert_cmpstr(back, ==, "untouched");
    g_assert_true(guest_memory_read(memory, SIZE - 16, back, 16));
    g_assert_cmpstr(back, ==, "fifteen letters");
}

static void test_clear(void)
{
    g_autoptr(GuestMemory) memory = guest_memory_new(SIZE, NULL);
    uint8_t *host = guest_memory_at(memory, 0, SIZE);
    for (uint64_t i = 0; i < SIZE; i++)
        g_assert_cmpuint(host[i], ==, 0);
    memset(host, 0xa5, SIZE);
    guest_memory_clear(memory);
    g_assert_true(guest_memory_at(memory, 0, SIZE) == host);
    for (uint64_t i = 0; i < SIZE; i++)
        g_assert_cmpuint(host[i], ==, 0);
}

static void test_no_room(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(guest_memory_new(1ULL << 62, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST);
    g_assert_true(g_str_has_prefix(error->message, "-m: 4398046511104 MiB of guest memory: "));
    g_assert_true(g_str_has_suffix(error->message, "; ask for less"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory/ranges", test_ranges);
    g_test_add_func("/memory/all-or-nothing", test_all_or_nothing);
    g_test_add_func("/memory/clear", test_clear);
    g_test_add_func("/memory/no-room", test_no_room);
    return g_test_run();
}
