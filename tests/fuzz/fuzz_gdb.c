// A debugger's bytes: whatever comes, the answers are whole packets, the same however the bytes were split,
// and the machine's memory outside of what it has is never touched.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with
// launcher/gdb/{packet,text,session*}.c and tests/unit/fake_gdb_target.c. Without it the program makes its
// own inputs, packets with some bytes changed, for a fixed number of rounds from a fixed start.
#include "fake_gdb_target.h"
#include "gdb/packet.h"
#include "gdb/session.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void keep(void *owner, const char *bytes, size_t length)
{
    g_assert_cmpuint(length, <=, 2 * GDB_PACKET_MAX);
    g_string_append_len(owner, bytes, (gssize)length);
}

// All that a session says to `bytes`, which come in pieces of at most `piece` bytes.
static GString *talk(const uint8_t *bytes, size_t size, size_t piece)
{
    FakeGdbTarget fake;
    GString *said = g_string_new(NULL);
    fake_gdb_target_init(&fake);
    GdbSession *session = gdb_session_new(&fake.target, keep, said);
    for (size_t at = 0; at < size;)
        at += gdb_session_take(session, (const char *)bytes + at, MIN(piece, size - at));
    gdb_session_free(session);
    fake_gdb_target_clear(&fake);
    return said;
}

static void assert_packets(const GString *said)
{
    GdbReader reader;
    gdb_reader_init(&reader);
    for (size_t i = 0; i < said->len; i++) {
        GdbToken token = gdb_reader_take(&reader, (uint8_t)said->str[i]);
        g_assert_true(token != GDB_BROKEN && token != GDB_INTERRUPT && token != GDB_TOO_LONG);
    }
    g_assert_cmpint(reader.state, ==, READER_OUTSIDE);
    gdb_reader_clear(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autoptr(GString) whole = talk(bytes, size, SIZE_MAX), split = talk(bytes, size, 1 + size % 7);
    g_assert_true(g_string_equal(whole, split));
    assert_packets(whole);
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 20000

static void add_packet(GRand *rand, GString *text)
{
    static const char *const payloads[] = { "qSupported", "?", "g", "m", "mc000000000000000,40",
        "Mc000000000000ff0,20:", "Xc000000000000ff0,8:abcdefgh", "p1f", "P3=01020304", "G", "Hg1", "Hc-1",
        "c", "s", "vCont;s:1;c", "vCont?", "Z0,c000000000000100,4", "z0,c000000000000100,4", "D", "k", "T1",
        "qfThreadInfo", "qThreadExtraInfo,1", "qRcmd,68656c70", "qXfer:features:read:target.xml:0,fff",
        "Qqemu.PhyMemMode:1", "QStartNoAckMode", "m0,ffffffffffffffff", "mffffffffffffffff,2", "vKill;1",
        "C05;100" };
    static const char *const values[] = { "0", "ffffffffffffffff", ",", ":", ";", "=", "-", "}", "#",
        "1ffffffffffffffff" };
    g_autoptr(GString) payload = g_string_new(payloads[g_rand_int_range(rand, 0, G_N_ELEMENTS(payloads))]);
    for (int left = g_rand_int_range(rand, 0, 4); left > 0; left--) {
        gssize at = g_rand_int_range(rand, 0, (gint32)payload->len + 1);
        if (g_rand_boolean(rand))
            g_string_insert(payload, at, values[g_rand_int_range(rand, 0, G_N_ELEMENTS(values))]);
        else
            g_string_truncate(payload, (gsize)at);
    }
    g_autoptr(GString) packet = gdb_packet(payload->str, payload->len);
    g_string_append_len(text, packet->str, (gssize)packet->len);
}

static void change(GRand *rand, GString *text)
{
    static const char marks[] = "$#}+-\3*0fx\xff";
    for (int left = g_rand_int_range(rand, 0, 3); left > 0; left--) {
        char *at = text->str + g_rand_int_range(rand, 0, (gint32)text->len);
        *at = g_rand_boolean(rand) ? (char)g_rand_int(rand)
                                   : marks[g_rand_int_range(rand, 0, (gint32)sizeof marks)]; // with its 0
    }
}

int main(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int left = g_rand_int_range(rand, 1, 6); left > 0; left--)
            add_packet(rand, text);
        change(rand, text);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    g_rand_free(rand);
    return 0;
}
#endif
