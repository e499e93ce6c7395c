// What a console may show of KTAP, cut and mixed at random: a failure that stands whole on a line is never
// lost.
//
// For libFuzzer: clang -fsanitize=fuzzer,address,undefined -DLIBFUZZER with
// ci/{ktap*,prefix,outcome,verdict}.c and vmm/words.c. Without it the program makes its own inputs: lines of
// every kind in any order, with some bytes changed, for a fixed number of rounds from a fixed start.
#include "ktap.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define FAILURE "not ok 3 failure"
#define CASES_FOR_LINE 22 // a plan that is not kept makes as many

static unsigned well, wrong; // how often each came

static void check_cases(const Outcome *outcome, unsigned lines)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_assert_cmpuint(outcome->cases->len, <=, lines * CASES_FOR_LINE);
    for (unsigned i = 0; i < outcome->cases->len; i++) {
        const Case *one = outcome->cases->pdata[i];
        g_assert_true(g_utf8_validate(one->name, -1, NULL) && !strchr(one->name, '\n'));
        g_assert_true(g_hash_table_add(names, one->name));
        g_assert_true(!one->text || (*one->text && !strchr(one->text, '\n')));
        g_assert_true(!one->output || strlen(one->output) < 16384);
    }
}

static void check(Ktap *ktap, unsigned lines, bool fails)
{
    Outcome *outcome = outcome_new();
    ktap_report(ktap, outcome);
    check_cases(outcome, lines);
    g_autofree char *why = ktap_why(ktap);
    g_assert_true(why || outcome->cases->len > 0);
    g_assert_true(why || !fails);
    g_assert_true(!why || !strchr(why, '\n'));
    *(why ? &wrong : &well) += 1;
    outcome_free(outcome);
}

// The input is a console, as lines.h gives it.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_utf8_make_valid((const char *)bytes, (gssize)size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    Ktap *ktap = ktap_new();
    bool fails = false;
    for (char **line = lines; *line; line++) {
        ktap_line(ktap, *line);
        ktap_is_complete(ktap);
        fails |= strcmp(*line, FAILURE) == 0;
    }
    ktap_end(ktap);
    check(ktap, g_strv_length(lines) + 1, fails);
    ktap_free(ktap);
    return 0;
}

#ifndef LIBFUZZER
#define ROUNDS 30000

static const char *const margins[] = { "", "", "", "", "  ", "    ", "        ", "# ", "# # ", "#   ", " ",
    "\t" };
static const char *const starts[] = { "TAP version 13", "KTAP version 1", "1..2", "1..3", "1..0 # SKIP why",
    "ok 1 a", "ok 2 b # SKIP why", "not ok 3 c", "not ok 2 b # TODO later", "ok 3", "# Subtest: a",
    "# selftests: mm: a", "Bail out! why", "ok 2 # XFAIL b", "not ok 1 a # TIMEOUT 45 seconds", "  ---",
    "  ...", "text", "", "ok 999999999 d", "not ok - e", "not random: x" };
static const char *const ends[] = { "\n", "\n", "\n", "\n", "\n", "\n", "\n", "\n[    1.234567] ", "",
    "\n<4>[    1.2] ", "[   12.345678] random: crng init\n" };

#define ANY(rand, texts) ((texts)[g_rand_int_range((rand), 0, G_N_ELEMENTS(texts))])

static void add_line(GRand *rand, GString *text)
{
    const char *start = ANY(rand, starts);
    const char *end = ANY(rand, ends);
    g_string_append(text, ANY(rand, margins));
    if (g_rand_int_range(rand, 0, 4) == 0 && *start) { // cut in two
        gssize half = g_rand_int_range(rand, 0, (gint32)strlen(start) + 1);
        g_string_append_len(text, start, half);
        g_string_append(text, "[    9.876543] x\n");
        start += half;
    }
    g_string_append(text, start);
    g_string_append(text, end);
}

// A block as it should be, often enough for all to be well.
static void add_good(GRand *rand, GString *text)
{
    int tests = g_rand_int_range(rand, 1, 5);
    g_string_append_printf(text, "TAP version 13\n1..%d\n", tests);
    for (int i = 1; i <= tests; i++) {
        if (g_rand_boolean(rand))
            g_string_append(text, "    KTAP version 1\n    1..1\n    ok 1 b\n");
        g_string_append_printf(text, "ok %d a\n", i);
    }
}

static void change(GRand *rand, GString *text)
{
    static const char marks[] = "\n\n #[].:-0123456789ok\xff";
    for (int left = g_rand_int_range(rand, 0, 3); left > 0 && text->len > 0; left--)
        text->str[g_rand_int_range(rand, 0, (gint32)text->len)] = ANY(rand, marks);
}

// Where a line begins, at random.
static void add_failure(GRand *rand, GString *text)
{
    gssize at = g_rand_int_range(rand, 0, (gint32)text->len + 1);
    const char *end = memchr(text->str + at, '\n', text->len - (gsize)at);
    at = end ? end + 1 - text->str : 0;
    g_string_insert(text, at, FAILURE "\n");
}

int main(void)
{
    GRand *rand = g_rand_new_with_seed(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        g_autoptr(GString) text = g_string_new(NULL);
        bool good = g_rand_boolean(rand);
        for (int left = g_rand_int_range(rand, 1, good ? 3 : 16); left > 0; left--)
            (good ? add_good : add_line)(rand, text);
        if (g_rand_boolean(rand))
            change(rand, text);
        if (g_rand_boolean(rand))
            add_failure(rand, text);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    g_assert_cmpuint(well, >, ROUNDS / 20); // else the inputs are worth nothing
    g_assert_cmpuint(wrong, >, ROUNDS / 20);
    g_rand_free(rand);
    return 0;
}
#endif
