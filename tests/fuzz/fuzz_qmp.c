// A client's bytes to the monitor: whatever comes, each answer is one line of JSON in UTF-8, the same however
// the bytes were split, and an id comes back as it was sent.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with launcher/qmp/{session,commands,
// arguments,types,schema,frame,json_text}.c and tests/unit/fake_machine.c. Without it the program makes its
// own inputs, requests with some bytes changed, for a fixed number of rounds from a fixed start.
#include "fake_machine.h"
#include "qmp/frame.h"
#include "qmp/session.h"
#include <json-glib/json-glib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void keep(void *owner, const char *line, size_t length)
{
    g_assert_cmpuint(length, <, 8 * FRAME_BYTES);
    g_assert_cmpuint(strcspn(line, "\r\n"), ==, length - 2); // one line
    g_assert_true(g_utf8_validate_len(line, length, NULL));
    g_string_append_len(owner, line, (gssize)length);
}

// All that a session says to `bytes`, which come in pieces of at most `piece` bytes.
static GString *talk(const uint8_t *bytes, size_t size, size_t piece)
{
    FakeMachine machine;
    GString *said = g_string_new(NULL);
    fake_machine_init(&machine);
    static const SessionOps ops = { .write = keep };
    Session *session = session_new(fake_machine_tables, &machine.operations, &ops, said);
    for (size_t at = 0; at < size;)
        at += session_take(session, (const char *)bytes + at, MIN(piece, size - at));
    session_free(session);
    return said;
}

// json-glib cannot read half a surrogate pair, which an id may have.
static void assert_json(const char *line)
{
    g_assert_true(g_str_has_prefix(line, "{\"return\":") || g_str_has_prefix(line, "{\"error\":{"));
    if (strstr(line, "\\ud") || strstr(line, "\\uD"))
        return;
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = json_from_string(line, &error);
    g_assert_no_error(error);
    g_assert_true(JSON_NODE_HOLDS_OBJECT(node));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autoptr(GString) whole = talk(bytes, size, SIZE_MAX), split = talk(bytes, size, 1 + size % 7);
    g_assert_true(g_string_equal(whole, split));
    g_auto(GStrv) lines = g_strsplit(whole->str, "\r\n", 0);
    for (char **line = lines; *line && **line; line++)
        assert_json(*line);
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 10000
#define DEPTH 6

static const char *pick(GRand *rand, const char *const *words, unsigned count)
{
    return words[g_rand_int_range(rand, 0, (gint32)count)];
}

#define PICK(rand, words) pick(rand, words, G_N_ELEMENTS(words))

// Appends some JSON value.
static void add_value(GRand *rand, GString *text, unsigned depth)
{
    static const char *const scalars[] = { "1e999", "-0.0", "18446744073709551615", "-9223372036854775809",
        "1E+2", "true", "false", "null", "\"\"", "\"\\u0000abc\"", "\"\\ud800\"", "\"\\\"\\\\\"", "\"{[}]\"",
        "\"\303\251\"", "{}", "[]" };
    int kind = depth < DEPTH ? g_rand_int_range(rand, 0, 4) : 0;
    if (kind < 2) {
        g_string_append(text, PICK(rand, scalars));
        return;
    }
    g_string_append_c(text, kind == 2 ? '[' : '{');
    for (int left = g_rand_int_range(rand, 1, 4); left > 0; left--) {
        if (kind == 3)
            g_string_append_printf(text, "\"%s\":", left == 1 ? "id" : "a");
        add_value(rand, text, depth + 1);
        g_string_append(text, left > 1 ? "," : kind == 2 ? "]" : "}");
    }
}

// A request, with `id` where that is not NULL.
static void add_request(GRand *rand, GString *text, const char *id)
{
    static const char *const names[] = { "qmp_capabilities", "stop", "cont", "query-status",
        "query-cpus-fast", "none", "stop\\u0000", "query-commands" };
    static const char *const keys[] = { "execute", "execute", "execute", "arguments", "extra" };
    g_string_append(text, "{ ");
    if (id)
        g_string_append_printf(text, "\"%s\": %s,", g_rand_boolean(rand) ? "id" : "\\u0069d", id);
    g_string_append_printf(text, "\"%s\" : \"%s\"", PICK(rand, keys), PICK(rand, names));
    if (g_rand_int_range(rand, 0, 4) == 0) {
        g_string_append(text, ",\r\n\"arguments\":");
        add_value(rand, text, 0);
    }
    g_string_append(text, "}\n");
}

static void change(GRand *rand, GString *text)
{
    static const char marks[] = "{}[]\",:\\u0eE+-.\n\t \xff\x80\xed";
    for (int left = g_rand_int_range(rand, 0, 4); left > 0; left--) {
        char *at = text->str + g_rand_int_range(rand, 0, (gint32)text->len);
        *at = g_rand_boolean(rand) ? (char)g_rand_int(rand)
                                   : marks[g_rand_int_range(rand, 0, (gint32)sizeof marks)]; // with its 0
    }
}

static void check_id(GRand *rand)
{
    g_autoptr(GString) id = g_string_new(NULL), text = g_string_new(NULL);
    add_value(rand, id, 0);
    add_request(rand, text, id->str);
    g_autoptr(GString) said = talk((const uint8_t *)text->str, text->len, SIZE_MAX);
    g_autofree char *end = g_strdup_printf(",\"id\":%s}\r\n", id->str);
    if (!g_str_has_suffix(said->str, end))
        g_error("%s gave %s", text->str, said->str);
}

// Nesting, and messages of about the longest length, that no change of bytes would come upon.
static void check_large(GRand *rand, unsigned count)
{
    static const char *const openings[] = { "[", "{\"id\":", "[[{\"a\":", "\"", "\\", "1" };
    const char *opening = PICK(rand, openings);
    g_autoptr(GString) text = g_string_new("{\"execute\":\"qmp_capabilities\"}{\"id\":");
    for (unsigned i = 0; i < count; i++)
        g_string_append(text, opening);
    g_string_append(text, "}\n\xff");
    LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
}

int main(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autoptr(GString) text =
            g_string_new(g_rand_boolean(rand) ? "{\"execute\":\"qmp_capabilities\"}" : "\n");
        for (int left = g_rand_int_range(rand, 1, 4); left > 0; left--) {
            g_autoptr(GString) id = g_string_new(NULL);
            add_value(rand, id, 0);
            add_request(rand, text, g_rand_boolean(rand) ? id->str : NULL);
        }
        change(rand, text);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
        check_id(rand);
    }
    for (unsigned round = 0; round < 40; round++)
        check_large(
            rand, (unsigned)g_rand_int_range(rand, 1, round % 2 ? FRAME_BYTES + 100 : FRAME_DEPTH + 10));
    g_rand_free(rand);
    return 0;
}
#endif
