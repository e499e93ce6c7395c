// Framing of gdb's packets.
#include "gdb/packet.h"
#include <string.h>

// What comes of `bytes`: a letter for each token, and the text of the last packet in `text`.
static char *read_all(const char *bytes, size_t length, char *text)
{
    static const char letters[] = { [GDB_MORE] = '.',
        [GDB_PACKET] = 'P',
        [GDB_TOO_LONG] = 'L',
        [GDB_BROKEN] = 'B',
        [GDB_ACK] = 'a',
        [GDB_NACK] = 'n',
        [GDB_INTERRUPT] = 'I' };
    GString *tokens = g_string_new(NULL);
    GdbReader reader;
    gdb_reader_init(&reader);
    for (size_t i = 0; i < length; i++) {
        GdbToken token = gdb_reader_take(&reader, (uint8_t)bytes[i]);
        if (token == GDB_PACKET)
            g_strlcpy(text, reader.text->str, 32);
        if (token != GDB_MORE)
            g_string_append_c(tokens, letters[token]);
    }
    gdb_reader_clear(&reader);
    return g_string_free(tokens, FALSE);
}

static void test_tokens(void)
{
    static const struct {
        const char *bytes, *tokens, *text;
    } table[] = {
        { "$qC#b4", "P", "qC" },
        { "$#00", "P", "" },
        { "+$qC#b4", "aP", "qC" },
        { "-+", "na", "" },
        { "\3", "I", "" },
        { "junk$qC#b4junk", "P", "qC" },
        { "$qC#B4", "P", "qC" },
        { "$qC#b5", "B", "" },
        { "$qC#x4$qC#b4", "BP", "qC" },
        { "$qC#bx$qC#b4", "BP", "qC" },
        { "$m100$qC#b4", "P", "qC" }, // cut short
        { "$}\3}\4#02", "B", "" },    // 7d 03 7d 04: 0x101
        { "$}\3}\4#01", "P", "#$" },
        { "$}]#da", "P", "}" },
        { "$}}#fa", "P", "]" },      // what is escaped is no escape
        { "$a\3b#c6", "P", "a\3b" }, // no interrupt within a packet
        { "$a+b-c#7e", "P", "a+b-c" },
        { "$a}#de", "P", "a" }, // nothing behind an escape
        { "$qC#b", "", "" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        char text[32] = "";
        g_autofree char *tokens = read_all(table[i].bytes, strlen(table[i].bytes), text);
        g_assert_cmpstr(tokens, ==, table[i].tokens);
        g_assert_cmpstr(text, ==, table[i].text);
    }
}

static void test_length(void)
{
    for (int more = 0; more < 2; more++) {
        g_autofree char *text = g_strnfill(GDB_PACKET_MAX + (unsigned)more, 'x');
        g_autoptr(GString) packet = gdb_packet(text, strlen(text));
        g_string_append(packet, "$qC#b4");
        char last[32];
        g_autofree char *tokens = read_all(packet->str, packet->len, last);
        g_assert_cmpstr(tokens, ==, more ? "LP" : "PP");
    }
}

static void test_packet(void)
{
    static const char bytes[] = "a#$}*\0z";
    g_autoptr(GString) packet = gdb_packet(bytes, sizeof bytes - 1);
    static const char expected[] = "$a}\3}\4}]}\n\0z#3d";
    g_assert_cmpuint(packet->len, ==, sizeof expected - 1);
    g_assert_true(memcmp(packet->str, expected, packet->len) == 0);
}

// Whatever is written is read again.
static void test_there_and_back(void)
{
    char bytes[256];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    g_autoptr(GString) packet = gdb_packet(bytes, sizeof bytes);
    GdbReader reader;
    GdbToken token = GDB_MORE;
    gdb_reader_init(&reader);
    for (size_t i = 0; i < packet->len; i++) {
        g_assert_cmpint(token, ==, GDB_MORE);
        token = gdb_reader_take(&reader, (uint8_t)packet->str[i]);
    }
    g_assert_cmpint(token, ==, GDB_PACKET);
    g_assert_cmpuint(reader.text->len, ==, sizeof bytes);
    g_assert_true(memcmp(reader.text->str, bytes, sizeof bytes) == 0);
    gdb_reader_clear(&reader);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gdb-packet/tokens", test_tokens);
    g_test_add_func("/gdb-packet/length", test_length);
    g_test_add_func("/gdb-packet/packet", test_packet);
    g_test_add_func("/gdb-packet/there-and-back", test_there_and_back);
    return g_test_run();
}
