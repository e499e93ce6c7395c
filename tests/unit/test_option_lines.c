// Command lines that are wrong, and the exact messages: pairs of files in tests/options/.
//
// NAME.lines has a command line a line: words with blanks between, '~' for a blank inside of one, '^' for an
// empty one. NAME.says has what is said of each, in the same order, with an empty line behind each message.
#include "lparun/error.h"
#include "options.h"
#include <string.h>

#define WORDS_MAX 64

static OptionsResult parse(const char *text, Options *options, GError **error)
{
    g_autofree char *line = g_strconcat("lparun ", text, NULL);
    g_auto(GStrv) words = g_strsplit(line, " ", 0);
    for (char **word = words; *word; word++) {
        g_strdelimit(*word, "~", ' ');
        if (g_str_equal(*word, "^"))
            **word = '\0';
    }
    g_assert_cmpuint(g_strv_length(words), <, WORDS_MAX);
    return options_parse(options, (int)g_strv_length(words), words, error);
}

static char **read_file(const char *name, const char *end, const char *between)
{
    g_autofree char *file = g_strconcat(OPTION_LINES, "/", name, end, NULL), *text = NULL;
    g_autoptr(GError) error = NULL;
    if (!g_file_get_contents(file, &text, NULL, &error))
        g_error("%s", error->message);
    g_assert_true(g_str_has_suffix(text, between));
    text[strlen(text) - strlen(between)] = '\0';
    return g_strsplit(text, between, 0);
}

static void check_line(const char *name, unsigned number, const char *line, const char *message)
{
    g_autoptr(GError) error = NULL;
    Options options;
    g_test_message("%s %u: %s", name, number, line);
    OptionsResult result = parse(line, &options, &error);
    g_assert_cmpint(result, ==, OPTIONS_WRONG);
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_assert_cmpstr(error->message, ==, message);
    g_assert_cmphex(options.trace.points, ==, 0); // of -trace, none of it counts
    options_clear(&options);
}

static void test_pair(gconstpointer data)
{
    const char *name = data;
    g_auto(GStrv) lines = read_file(name, ".lines", "\n"), messages = read_file(name, ".says", "\n\n");
    g_assert_cmpuint(g_strv_length(lines), ==, g_strv_length(messages));
    for (unsigned i = 0; lines[i]; i++)
        check_line(name, i + 1, lines[i], messages[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GDir) folder = g_dir_open(OPTION_LINES, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *file;
    g_assert_nonnull(folder);
    while ((file = g_dir_read_name(folder)))
        if (g_str_has_suffix(file, ".lines"))
            g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(".lines")));
    g_assert_cmpuint(names->len, >=, 5);
    for (unsigned i = 0; i < names->len; i++) {
        g_autofree char *path = g_strconcat("/option-lines/", names->pdata[i], NULL);
        g_test_add_data_func(path, names->pdata[i], test_pair);
    }
    return g_test_run();
}
