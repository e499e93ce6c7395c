// What a peer may send to a chardev: telnet's commands and escapes, in whatever pieces. What the users get is
// the same as if all had come at once, and nothing more than was sent.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with devices/char/*.c and
// vmm/{error,thread, words}.c. Without it the program makes its own inputs, for a fixed number of rounds from
// a fixed start.
#include "../../devices/char/backend.h"
#include "../../devices/char/telnet.h"
#include "../unit/char_here.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define USERS 2
#define MOST 512 // bytes of an input

static unsigned quits, breaks, escapes; // how often each came

static void on_quit(void *owner)
{
    quits++;
}

typedef struct Feed {
    Chardevs *chardevs;
    CharUser users[USERS];
    TelnetState telnet;
} Feed;

static void open_feed(Feed *feed)
{
    const ChardevCommon common = { .id = (char *)"m", .mux = true };
    const ChardevHost host = { .quit = on_quit };
    *feed = (Feed){ .chardevs = chardevs_new() };
    Chardev *chardev = chardevs_add(feed->chardevs, &null_chardev, &common, NULL, NULL);
    for (unsigned i = 0; i < USERS; i++)
        char_user_attach(&feed->users[i], chardev, false);
    chardevs_start(feed->chardevs, &host);
}

static void close_feed(Feed *feed)
{
    chardevs_free(feed->chardevs);
    for (unsigned i = 0; i < USERS; i++)
        char_user_free(&feed->users[i]);
}

static void take(Feed *feed, const uint8_t *bytes, size_t length)
{
    bool is_break;
    uint8_t copy[MOST];
    memcpy(copy, bytes, length);
    size_t left = telnet_filter(&feed->telnet, copy, length, &is_break);
    g_assert_cmpuint(left, <=, length);
    breaks += is_break;
    chardev_input(chardevs_at(feed->chardevs, 0), copy, left);
}

static void check_output(const uint8_t *bytes, size_t size)
{
    TelnetState state = TELNET_DATA;
    bool is_break;
    size_t length = size;
    g_autofree uint8_t *escaped = telnet_escape(bytes, &length);
    g_assert_cmpuint(telnet_filter(&state, escaped, length, &is_break), ==, size);
    g_assert_true(state == TELNET_DATA && !is_break && (size == 0 || memcmp(escaped, bytes, size) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    Feed whole, pieces;
    size_t got = 0;
    size = MIN(size, MOST);
    open_feed(&whole);
    open_feed(&pieces);
    take(&whole, bytes, size);
    for (size_t at = 0, length; at < size; at += length)
        take(&pieces, bytes + at, length = MIN(1u + bytes[at] % 5, size - at));
    for (unsigned i = 0; i < USERS; i++) {
        g_assert_true(g_string_equal(whole.users[i].got, pieces.users[i].got));
        g_assert_cmpuint(whole.users[i].breaks, ==, pieces.users[i].breaks);
        got += whole.users[i].got->len;
    }
    g_assert_cmpuint(got, <=, size);
    escapes += got < size;
    check_output(bytes, size);
    close_feed(&whole);
    close_feed(&pieces);
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 20000

int main(void)
{
    static const uint8_t marks[] = "\377\377\372\360\363\375\001\001cxbth\001ab";
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t bytes[64];
        size_t length = (size_t)g_rand_int_range(rand, 0, sizeof bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = marks[g_rand_int_range(rand, 0, sizeof marks)];
        LLVMFuzzerTestOneInput(bytes, length);
    }
    g_assert_cmpuint(quits, >, ROUNDS / 100); // else the inputs are worth nothing
    g_assert_cmpuint(breaks, >, ROUNDS / 100);
    g_assert_cmpuint(escapes, >, ROUNDS / 10);
    g_rand_free(rand);
    return 0;
}
#endif
