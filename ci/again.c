// The line of a shell that runs a boot again.
#include "again.h"
#include <stdbool.h>
#include <string.h>

// Options that say which boots of a file are run, each with a value.
static const char *const choices[] = { "--boot", "--tag", "--shard", "--shards", "--times", NULL };

static void add(GString *line, const char *word)
{
    bool is_plain = *word && !strpbrk(word, " \t\n'\"\\$`*?[]{}()<>|&;#~!");
    g_autofree char *quoted = is_plain ? g_strdup(word) : g_shell_quote(word);
    g_string_append_printf(line, " %s", quoted);
}

// How many words are the choice that `words` start with.
static unsigned choice(char **words)
{
    g_autofree char *name = g_strndup(words[0], strcspn(words[0], "="));
    if (!g_strv_contains(choices, name))
        return 0;
    return strchr(words[0], '=') || !words[1] ? 1 : 2;
}

char *again_line(const char *command, char **words, const char *boot)
{
    g_autoptr(GString) line = g_string_new("lparun-ci ");
    g_string_append(line, command);
    while (*words && strcmp(*words, "--") != 0) {
        unsigned skipped = boot ? choice(words) : 0;
        if (!skipped)
            add(line, *words);
        words += MAX(skipped, 1);
    }
    if (boot) {
        add(line, "--boot");
        add(line, boot);
    }
    for (; *words; words++)
        add(line, *words);
    return g_string_free(g_steal_pointer(&line), FALSE);
}
