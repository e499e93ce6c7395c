// A console's bytes as lines: nothing that stands around a line takes it away.
#include "lines.h"
#include <string.h>

static void append(void *owner, const char *line, gint64 at)
{
    (void)at;
    g_assert_cmpuint(strlen(line), <=, 3 * LINES_LONGEST); // each invalid byte becomes three
    g_string_append_printf(owner, "%s|", line);
}

// The lines, each with a '|' behind it.
static char *lines_from(const char *bytes, gsize length)
{
    GString *text = g_string_new(NULL);
    Lines *lines = lines_new(append, text);
    lines_take(lines, bytes, length, 0);
    lines_end(lines);
    lines_free(lines);
    return g_string_free(text, FALSE);
}

static void test_sequences(void)
{
    static const char *const cases[][2] = {
        { "a\r\nb\n", "a|b|" },
        { "\x1b[1;31mred\x1b[0m\n", "red|" },
        { "\x1b]0;title\x07text\n", "text|" },
        { "\x1b]0;title\x1b\\text\n", "text|" },
        { "\x1bP+q54\x1b\\text\x1b_x\x1b\\\n", "text|" },
        { "\x1b(Btext\x1b"
          "7\n",
            "text|" },
        { "\x1b\x1b[0mtext\n", "text|" },
        { "ab\bc\n", "ac|" },
        { "\b\bc\n", "c|" },
        // What has no end is text, or ends with the line.
        { "\x1b]0;title\nKernel\n", "0;title|Kernel|" },
        { "\x1b]0;ti\x1b]0;title\nKernel\n", "0;title|Kernel|" },
        { "\x1b]0;end", "0;end|" },
        { "\x1b[1\nKernel\n", "|Kernel|" },
        { "\x1b\nKernel\n", "|Kernel|" },
        { "\x1b(\nKernel\n", "|Kernel|" },
        { "\x1b[[    1.000000] Kernel\n", "[    1.000000] Kernel|" },
        { "\xc3[    1.000000] Kernel\n", "\xef\xbf\xbd[    1.000000] Kernel|" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = lines_from(cases[i][0], strlen(cases[i][0]));
        g_assert_cmpstr(text, ==, cases[i][1]);
    }
}

// A kernel's line behind text of any length stays whole.
static void test_long(void)
{
    for (unsigned before = LINES_LONGEST - 60; before < LINES_LONGEST + 5; before++) {
        g_autoptr(GString) bytes = g_string_new(NULL);
        for (unsigned i = 0; i < before; i++)
            g_string_append_c(bytes, 'a');
        g_string_append(bytes, "[    1.000000] Kernel panic - not syncing: x\n");
        g_autofree char *text = lines_from(bytes->str, bytes->len);
        g_assert_nonnull(strstr(text, "[    1.000000] Kernel panic - not syncing: x|"));
    }
}

static void test_endless(void)
{
    static const char *const parts[] = { "[", "\x1b]", "\x1b[", "a[", "\xff", "\x1b]a" };
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autoptr(GString) bytes = g_string_new(NULL);
        while (bytes->len < 20 * LINES_LONGEST)
            g_string_append(bytes, parts[i]);
        g_string_append(bytes, "\nend\n");
        g_autofree char *text = lines_from(bytes->str, bytes->len);
        g_assert_true(g_str_has_suffix(text, "|end|"));
    }
}

static void test_partial(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    Lines *lines = lines_new(append, text);
    lines_take(lines, "a\n(initramfs) \xc3", 15, 0);
    g_assert_cmpstr(lines_partial(lines), ==, "(initramfs) \xef\xbf\xbd");
    lines_take(lines, "\xa9", 1, 0);
    g_assert_cmpstr(lines_partial(lines), ==, "(initramfs) \xc3\xa9");
    lines_free(lines);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci-lines/sequences", test_sequences);
    g_test_add_func("/ci-lines/long", test_long);
    g_test_add_func("/ci-lines/endless", test_endless);
    g_test_add_func("/ci-lines/partial", test_partial);
    return g_test_run();
}
