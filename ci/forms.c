// Finds failure forms.
//
// A flood's lines come through here as well: what can be none is told without a regular expression.
#include "form_table.h"
#include "prefix.h"
#include <string.h>

#define TEXT_LONGEST 1024    // of what is matched: the kernel's lines are shorter
#define SUBJECT_LONGEST 160u // bytes

typedef struct Prompt {
    const char *text; // a regular expression for the whole partial line
    const char *subject;
} Prompt;

static const Prompt prompts[] = {
    { "(?:dracut|initqueue|cmdline|pre-[a-z]+|mount|cleanup|switch_root|emergency):\\S*# $", "dracut" },
    { "\\(initramfs\\) $", "initramfs" },
    { "grub rescue> $", "grub rescue" },
    { "grub> $", "grub" },
    { "(?:[0-9a-f]+:)?mon> $", "xmon" },
    { "(?:\\[\\d+\\])?kdb> $", "kdb" },
    { "\\(or (?:press|type) Control-D to continue\\): ?$", "maintenance" },
};

static GRegex **compiled; // of form_table
static gsize *lengths;    // of its starts
static GRegex *prompt_patterns[G_N_ELEMENTS(prompts)];
static bool may_start[256];

// Bytes, not characters: a guest may send any. Made when it is needed first: a boot that is well needs few of
// them, and all of them would take a third of the time that lparun-ci takes.
static GRegex *need(GRegex **regex, const char *text, GRegexCompileFlags flags)
{
    GError *error = NULL;
    if (!*regex)
        *regex = g_regex_new(text, G_REGEX_OPTIMIZE | G_REGEX_RAW | flags, 0, &error);
    if (!*regex)
        g_error("%s", error->message);
    return *regex;
}

static void prepare(void)
{
    if (compiled)
        return;
    compiled = g_new0(GRegex *, form_table_length);
    lengths = g_new(gsize, form_table_length);
    for (unsigned i = 0; i < form_table_length; i++) {
        may_start[(unsigned char)*form_table[i].start] = true;
        lengths[i] = strlen(form_table[i].start);
    }
}

static bool is_file(const char *name)
{
    return g_str_has_suffix(name, ".c") || g_str_has_suffix(name, ".h") || g_str_has_suffix(name, ".S") ||
           g_str_has_suffix(name, ".rs");
}

char *forms_function(const char *symbol)
{
    symbol += *symbol == '.'; // the entry points of ELFv1
    gsize length = strspn(symbol, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$");
    if (length == 0 || g_ascii_isdigit(*symbol) || is_file(symbol))
        return NULL;
    return g_strndup(symbol, MIN(length, SUBJECT_LONGEST));
}

static char *replace(char *text, GRegex *regex, const char *with)
{
    char *new = g_regex_replace(regex, text, -1, 0, with, 0, NULL);
    if (!new)
        return text;
    g_free(text);
    return new;
}

#define ENDINGS                                                                                              \
    "\\.(?:isra|part|constprop|cold|llvm|lto_priv)\\b[\\w.]*|"                                               \
    "\\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?(?: \\[\\w+\\])?"

// Without what differs from build to build and from run to run.
static char *make_subject(const char *text)
{
    static GRegex *endings, *addresses, *numbers;
    char *subject = g_strndup(text, SUBJECT_LONGEST);
    subject = replace(subject, need(&endings, ENDINGS, 0), "");
    subject = replace(subject, need(&addresses, "\\b(?:0x)?[0-9a-fA-F]{9,}\\b", 0), "ADDRESS");
    subject = replace(subject, need(&numbers, "\\b((?:CPU|PID)s?[#:= ]{0,2})\\d+", G_REGEX_CASELESS), "\\1N");
    g_strstrip(subject);
    char *valid = g_utf8_make_valid(subject, -1);
    g_free(subject);
    return valid;
}

Form *form_new(FormClass class, bool at_once, const char *text, const char *subject)
{
    prepare();
    Form *form = g_new(Form, 1);
    *form = (Form){ class, at_once, g_utf8_make_valid(text, -1), make_subject(subject) };
    return form;
}

void form_free(Form *form)
{
    if (!form)
        return;
    g_free(form->text);
    g_free(form->subject);
    g_free(form);
}

// The next group that matched something; NULL: there is no more.
static char *next_group(const GMatchInfo *match, int *group)
{
    while (match && ++*group < g_match_info_get_match_count(match)) {
        char *text = g_match_info_fetch(match, *group);
        if (text && *text)
            return text;
        g_free(text);
    }
    return NULL;
}

// A function is said rather than its file: it comes behind that.
static char *only_group(const GMatchInfo *match)
{
    int group = 0;
    char *text = next_group(match, &group), *more;
    while ((more = next_group(match, &group))) {
        g_free(text);
        text = more;
    }
    return text;
}

static char *fill(const char *subject, const GMatchInfo *match)
{
    GString *text = g_string_new(NULL);
    int group = 0;
    for (; *subject; subject++) {
        g_autofree char *part = *subject == '*' ? next_group(match, &group) : NULL;
        if (part)
            g_string_append(text, part);
        else if (*subject != '*')
            g_string_append_c(text, *subject);
    }
    return g_string_free(text, FALSE);
}

static Form *make_form(const Pattern *pattern, const GMatchInfo *match, const char *text)
{
    g_autofree char *subject = pattern->subject ? fill(pattern->subject, match) : only_group(match);
    g_autofree char *function = subject && pattern->class == FORM_WARNING ? forms_function(subject) : NULL;
    return form_new(pattern->class, pattern->at_once, text,
        function  ? function
        : subject ? subject
                  : pattern->start);
}

static Form *try(unsigned number, const char *text)
{
    const Pattern *pattern = &form_table[number];
    gsize length = lengths[number];
    if (*text != *pattern->start || strncmp(text, pattern->start, length) != 0)
        return NULL;
    if (!pattern->rest)
        return make_form(pattern, NULL, text);
    g_autoptr(GMatchInfo) match = NULL;
    gssize rest = (gssize)strnlen(text + length, TEXT_LONGEST);
    GRegex *regex = need(&compiled[number], pattern->rest, G_REGEX_ANCHORED);
    if (!g_regex_match_full(regex, text + length, rest, 0, 0, &match, NULL))
        return NULL;
    return make_form(pattern, match, text);
}

// SLOF's "C08E0C08E8".
static const char *skip_checkpoints(const char *text)
{
    while (*text == 'C' && strspn(text + 1, "0123456789ABCDEF") >= 4)
        text += 5;
    return text;
}

// What stands before a form in some versions and not in others.
static const char *skip_tag(const char *text)
{
    text = skip_checkpoints(text);
    static const char *const tags[] = { "watchdog: ", "NMI watchdog: ", "rcu: " };
    for (unsigned i = 0; i < G_N_ELEMENTS(tags); i++)
        if (g_str_has_prefix(text, tags[i]))
            return text + strlen(tags[i]);
    bool boxed = g_str_has_prefix(text, "[ INFO: ") || g_str_has_prefix(text, "[ BUG: ");
    return boxed ? text + 2 : text;
}

// A kernel's BUG that the table does not know; a program's own text has no time before it. Limits of lockdep
// are none.
static Form *find_other_bug(const Prefix *prefix, const char *text)
{
    if (!prefix->time || !g_str_has_prefix(text, "BUG: ") || g_str_has_prefix(text, "BUG: MAX_") ||
        strstr(text, " messages suppressed"))
        return NULL;
    return form_new(FORM_WARNING, false, text, text);
}

static Form *find_at(const char *line)
{
    Prefix prefix = prefix_read(line);
    const char *text = skip_tag(prefix.text);
    if (!may_start[(unsigned char)*text])
        return NULL;
    Form *form = NULL;
    for (unsigned i = 0; i < form_table_length && !form; i++)
        form = try(i, text);
    return form ? form : find_other_bug(&prefix, text);
}

static int weight(const Form *form)
{
    return form->class == FORM_PANIC ? 2 : form->at_once;
}

// Of two in one line, the worse one, and the first of equals.
static void prefer(Form **best, Form *other)
{
    if (!other || (*best && weight(*best) >= weight(other))) {
        form_free(other);
        return;
    }
    form_free(*best);
    *best = other;
}

// From `at` on, behind something that had begun the line. A test's diagnostics may quote what a kernel said.
static Form *find_within(const char *line, const char *at)
{
    bool quoted = g_str_has_prefix(line, "# ");
    Form *best = NULL;
    for (; at; at = prefix_next(at)) {
        g_autoptr(Form) form = find_at(at);
        if (form && (form->class == FORM_PANIC || !quoted))
            prefer(&best, g_steal_pointer(&form));
    }
    return best;
}

// What stood before the kernel's text: the prompt is still there, and waits.
static Form *find_prompt_before(const char *line, const char *kernel)
{
    g_autofree char *before = g_strndup(line, (gsize)(kernel - line));
    return forms_find_prompt(before);
}

// A panic that has no time before it, and these that begin with a name. Text in quotes, the panic's own last
// line and logs of an earlier boot are none.
static Form *find_anywhere(const char *line)
{
    static const char panic[] = "Kernel panic - not syncing: ", oom[] = " invoked oom-killer: ";
    const char *at = strstr(line, panic);
    if (at && (at == line || !strchr("'\"`", at[-1]))) {
        g_autofree char *before = g_strndup(line, (gsize)(at - line));
        if (!g_str_has_suffix(before, "---[ end ") && !g_str_has_suffix(before, "kernel: "))
            return find_at(at);
    }
    at = strstr(line, oom);
    return at ? form_new(FORM_MEMORY, false, prefix_read(line).text, "out of memory") : NULL;
}

Form *forms_find(const char *line)
{
    prepare();
    Form *form = find_at(line);
    const char *within = prefix_next(line);
    if (within) {
        prefer(&form, find_within(line, within));
        prefer(&form, find_prompt_before(line, within));
    }
    prefer(&form, find_anywhere(line));
    return form;
}

Form *forms_find_prompt(const char *partial)
{
    prepare();
    const char *text = prefix_read(partial).text;
    size_t length = strnlen(text, TEXT_LONGEST);
    if (length == 0 || length == TEXT_LONGEST)
        return NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(prompts); i++)
        if (g_regex_match_full(need(&prompt_patterns[i], prompts[i].text, G_REGEX_ANCHORED), text,
                (gssize)length, 0, 0, NULL, NULL))
            return form_new(FORM_PROMPT, true, text, prompts[i].subject);
    return g_str_has_prefix(text, "Give root password for maintenance") ? find_at(text) : NULL;
}

static bool matches_any_prompt(const GRegex *regex)
{
    static const char *const any[] = { "# ", "$ ", "> ", "x:/# ", "x:~$ ", "x> ", "x: ", "(x) ", "x > " };
    for (unsigned i = 0; i < G_N_ELEMENTS(any); i++)
        if (g_regex_match(regex, any[i], 0, NULL))
            return true;
    return false;
}

bool forms_is_wanted(const char *prompt, const GRegex *expected)
{
    return g_regex_match(expected, prompt, 0, NULL) && !matches_any_prompt(expected);
}

const char *forms_class_name(FormClass class)
{
    static const char *const names[FORM_CLASSES] = {
        [FORM_PANIC] = "panic",
        [FORM_OOPS] = "oops",
        [FORM_LOCKUP] = "lockup",
        [FORM_WARNING] = "warning",
        [FORM_RCU] = "rcu",
        [FORM_HUNG] = "hung task",
        [FORM_CHECKER] = "checker",
        [FORM_LOCKING] = "locking",
        [FORM_MEMORY] = "memory",
        [FORM_LOADER] = "loader error",
        [FORM_SERVICE] = "service",
        [FORM_FIRMWARE] = "firmware error",
        [FORM_PROMPT] = "prompt",
    };
    return names[class];
}
