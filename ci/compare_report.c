// What is different, for people and for programs.
#include "compare.h"
#include "json_write.h"

// Lines of a kind; the rest is counted.
#define LINES_MOST 40u

static const char *const titles[CHANGES] = {
    [CHANGE_BROKE] = "New failures",
    [CHANGE_OTHERWISE] = "Fail in another way",
    [CHANGE_RATE] = "Pass more or less often",
    [CHANGE_GREW] = "Grew by more than the noise",
    [CHANGE_UNTESTED] = "Could not be tested",
    [CHANGE_MENDED] = "Pass again",
    [CHANGE_SHRANK] = "Shrank by more than the noise",
    [CHANGE_NEW] = "New boots",
    [CHANGE_GONE] = "Boots that are gone",
};

static const Word kind_words[] = {
    { "broke", CHANGE_BROKE },
    { "otherwise", CHANGE_OTHERWISE },
    { "rate", CHANGE_RATE },
    { "grew", CHANGE_GREW },
    { "untested", CHANGE_UNTESTED },
    { "mended", CHANGE_MENDED },
    { "shrank", CHANGE_SHRANK },
    { "new", CHANGE_NEW },
    { "gone", CHANGE_GONE },
    { 0 },
};

static bool is_worse(const GArray *changes)
{
    for (unsigned i = 0; i < changes->len; i++)
        if (g_array_index(changes, Change, i).worse)
            return true;
    return false;
}

// --- Text. A file may be another's: nothing in it moves a terminal's cursor.

static void add_line(GString *text, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add_line(GString *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    for (char *c = line; *c; c++)
        if (g_ascii_iscntrl(*c))
            *c = '?';
    g_string_append_printf(text, "%s\n", line);
}

static const char *verdict_of(const Result *result)
{
    return words_name(verdict_words, (int)result->verdict);
}

static char *rate_of(const Result *result)
{
    return g_strdup_printf("%u of %u", compare_passes(result), compare_runs(result));
}

static char *number_of(const Change *change, double value)
{
    return change->is_time ? g_strdup_printf("%.2f s", value) : g_strdup_printf("%.0f", value);
}

static char *growth_of(const Change *change)
{
    double part = change->before > 0 ? (change->after / change->before - 1) * 100 : 0;
    return change->before > 0 ? g_strdup_printf(" (%+.0f %%)", part) : g_strdup("");
}

static void add_measure(GString *text, const Change *change)
{
    g_autofree char *before = number_of(change, change->before);
    g_autofree char *after = number_of(change, change->after);
    g_autofree char *growth = growth_of(change);
    add_line(text, "  %s: %s: %s before, %s now%s", change->boot, change->measure, before, after, growth);
}

static void add_rate(GString *text, const Change *change)
{
    g_autofree char *before = rate_of(change->old);
    g_autofree char *now = rate_of(change->new);
    add_line(text, "  %s: passed %s before, %s now%s", change->boot, before, now,
        change->worse ? "" : ", which may be chance");
}

static void add_verdict(GString *text, const Change *change, const char *indent)
{
    const char *reason = change->new->reason;
    add_line(text, "%s%s: %s before, %s now%s%s", indent, change->boot,
        change->old ? verdict_of(change->old) : "not there", verdict_of(change->new), reason ? ": " : "",
        reason ? reason : "");
}

static void add_change(GString *text, const Change *change)
{
    switch (change->kind) {
    case CHANGE_RATE:
        return add_rate(text, change);
    case CHANGE_GREW:
    case CHANGE_SHRANK:
        return add_measure(text, change);
    case CHANGE_NEW:
        return add_line(text, "  %s: %s", change->boot, verdict_of(change->new));
    case CHANGE_GONE:
        return add_line(text, "  %s: %s before", change->boot, verdict_of(change->old));
    case CHANGE_BROKE:
        return add_verdict(text, change, "    ");
    case CHANGE_OTHERWISE:
        add_verdict(text, change, "  ");
        return add_line(
            text, "    %s before, %s now", compare_signature(change->old), compare_signature(change->new));
    default:
        return add_verdict(text, change, "  ");
    }
}

// Failures stand below their signature.
static void add_heading(GString *text, const Change *change, const Change *before)
{
    if (change->kind != CHANGE_BROKE)
        return;
    const char *signature = compare_signature(change->new);
    if (!before || !g_str_equal(compare_signature(before->new), signature))
        add_line(text, "  %s", signature);
}

// Those of one kind, from `first`. Returns the first of the next kind.
static unsigned add_kind(GString *text, const GArray *changes, unsigned first)
{
    ChangeKind kind = g_array_index(changes, Change, first).kind;
    unsigned i = first;
    add_line(text, "%s:", titles[kind]);
    for (; i < changes->len && g_array_index(changes, Change, i).kind == kind; i++) {
        const Change *change = &g_array_index(changes, Change, i);
        if (i - first >= LINES_MOST)
            continue;
        add_heading(text, change, i > first ? change - 1 : NULL);
        add_change(text, change);
    }
    if (i - first > LINES_MOST)
        add_line(text, "  and %u more", i - first - LINES_MOST);
    return i;
}

char *compare_text(const Results *old, const Results *new, double noise, bool *worse)
{
    g_autoptr(GArray) changes = compare_results(old, new, noise);
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < changes->len;)
        i = add_kind(text, changes, i);
    *worse = is_worse(changes);
    add_line(text, "%u boots before, %u now: %s", old->results->len, new->results->len,
        *worse             ? "worse"
        : changes->len > 0 ? "not worse"
                           : "nothing has changed");
    g_string_truncate(text, text->len - 1);
    return g_string_free(text, FALSE);
}

// --- JSON.

// NULL: a boot that is not there.
static void add_side(JsonBuilder *builder, const char *name, const Result *result)
{
    json_builder_set_member_name(builder, name);
    if (!result) {
        json_builder_add_null_value(builder);
        return;
    }
    json_builder_begin_object(builder);
    json_write_text(builder, "verdict", verdict_of(result));
    json_write_text(builder, "reason", result->reason);
    json_write_text(builder, "signature", result_outcome(result)->signature);
    json_write_integer(builder, "passed", compare_passes(result));
    json_write_integer(builder, "runs", compare_runs(result));
    json_builder_end_object(builder);
}

static void add_member(JsonBuilder *builder, const Change *change)
{
    json_builder_begin_object(builder);
    json_write_text(builder, "kind", words_name(kind_words, (int)change->kind));
    json_write_text(builder, "boot", change->boot);
    json_write_truth(builder, "worse", change->worse);
    add_side(builder, "old", change->old);
    add_side(builder, "new", change->new);
    if (change->kind == CHANGE_RATE)
        json_write_number(builder, "chance", change->chance);
    if (change->measure) {
        json_write_text(builder, "measure", change->measure);
        json_write_text(builder, "unit", change->is_time ? "seconds" : "count");
        json_write_number(builder, "before", change->before);
        json_write_number(builder, "after", change->after);
    }
    json_builder_end_object(builder);
}

JsonNode *compare_json(const Results *old, const Results *new, double noise, bool *worse)
{
    g_autoptr(GArray) changes = compare_results(old, new, noise);
    g_autoptr(JsonBuilder) builder = json_builder_new();
    *worse = is_worse(changes);
    json_builder_begin_object(builder);
    json_write_integer(builder, "schema", 1);
    json_write_truth(builder, "worse", *worse);
    json_write_number(builder, "noise", noise);
    json_write_array(builder, "changes");
    for (unsigned i = 0; i < changes->len; i++)
        add_member(builder, &g_array_index(changes, Change, i));
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}
