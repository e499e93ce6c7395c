// KTAP on a console: lines that kernel's messages cut in two, and what all of it comes to.
#include "ktap.h"
#include "ktap_blocks.h"
#include "ktap_test.h"
#include "prefix.h"

#define HELD_LONGEST 4096u // bytes of a line that was cut
#define NAMES_TOLD 3u      // in one line of why

struct Ktap {
    KtapBlocks *blocks;
    GString *held; // a line whose rest has not come; empty: none
};

Ktap *ktap_new(void)
{
    Ktap *ktap = g_new0(Ktap, 1);
    *ktap = (Ktap){ ktap_blocks_new(), g_string_new(NULL) };
    return ktap;
}

void ktap_free(Ktap *ktap)
{
    if (!ktap)
        return;
    ktap_blocks_free(ktap->blocks);
    g_string_free(ktap->held, TRUE);
    g_free(ktap);
}

// --- Lines

static void take_held(Ktap *ktap)
{
    if (ktap->held->len > 0)
        ktap_blocks_take(ktap->blocks, ktap->held->str);
    g_string_truncate(ktap->held, 0);
}

// What comes next of the guest's own is the rest, unless both say something alone, or the rest alone does.
static void join(Ktap *ktap, const char *rest)
{
    bool alone = ktap_blocks_counts(ktap->blocks, rest);
    g_autofree char *joined = g_strconcat(ktap->held->str, rest, NULL);
    if (alone &&
        (ktap_blocks_counts(ktap->blocks, ktap->held->str) || !ktap_blocks_counts(ktap->blocks, joined)))
        take_held(ktap);
    g_string_append(ktap->held, rest);
}

static void take_own(Ktap *ktap, const char *text, bool is_cut)
{
    if (ktap->held->len > 0)
        join(ktap, text);
    else
        g_string_assign(ktap->held, text);
    if (!is_cut || ktap->held->len > HELD_LONGEST)
        take_held(ktap);
}

void ktap_line(Ktap *ktap, const char *line)
{
    const char *message = prefix_read(line).text;
    if (message == line) { // it is the guest's own, at least in its beginning
        const char *stamp = prefix_next(line);
        g_autofree char *own = stamp ? g_strndup(line, (gsize)(stamp - line)) : g_strdup(line);
        take_own(ktap, own, stamp);
        message = stamp ? prefix_read(stamp).text : NULL;
    }
    if (message)
        ktap_blocks_take(ktap->blocks, message);
}

void ktap_end(Ktap *ktap)
{
    take_held(ktap);
    ktap_blocks_end(ktap->blocks);
}

// --- What it comes to

bool ktap_is_there(const Ktap *ktap)
{
    return ktap_blocks_are_there(ktap->blocks);
}

bool ktap_is_complete(const Ktap *ktap)
{
    return !ktap_blocks_counts(ktap->blocks, ktap->held->str) && ktap_blocks_are_complete(ktap->blocks);
}

void ktap_report(const Ktap *ktap, Outcome *outcome)
{
    if (ktap_is_there(ktap))
        ktap_tests_report(ktap_blocks_tests(ktap->blocks), outcome);
}

static void tell_names(GString *why, const GPtrArray *cases, bool (*is)(CaseResult result))
{
    unsigned told = 0;
    for (unsigned i = 0; i < cases->len; i++) {
        const Case *one = cases->pdata[i];
        if (!is(one->result))
            continue;
        if (told == NAMES_TOLD) {
            g_string_append(why, ", ...");
            return;
        }
        g_string_append_printf(why, "%s%s", told++ ? ", " : ": ", one->name);
    }
}

static bool has_failed(CaseResult result)
{
    return result == CASE_FAIL || result == CASE_TIMEOUT;
}

static bool has_no_result(CaseResult result)
{
    return result == CASE_ERROR;
}

static void tell(GString *why, const GPtrArray *cases, bool (*is)(CaseResult result), const char *what)
{
    unsigned count = 0;
    for (unsigned i = 0; i < cases->len; i++)
        count += is(((const Case *)cases->pdata[i])->result);
    if (count == 0)
        return;
    g_string_append_printf(why, "%s%u of %u tests %s", why->len ? "; " : "", count, cases->len, what);
    tell_names(why, cases, is);
}

// Failures first, then what else is wrong.
static char *tell_all(const Ktap *ktap, const GPtrArray *cases)
{
    GString *why = g_string_new(NULL);
    const char *problem = ktap_blocks_problem(ktap->blocks);
    tell(why, cases, has_failed, "failed");
    if (problem)
        g_string_append_printf(why, "%s%s", why->len ? "; " : "", problem);
    tell(why, cases, has_no_result, "in error");
    if (ktap_blocks_are_over(ktap->blocks))
        g_string_append_printf(why, "%smore than %u tests came", why->len ? "; " : "", KTAP_CASES);
    if (why->len == 0 && cases->len == 0)
        g_string_append(why, "no test ran");
    return g_string_free(why, why->len == 0);
}

char *ktap_why(const Ktap *ktap)
{
    if (!ktap_is_there(ktap))
        return g_strdup("there are no tests on the console");
    Outcome *outcome = outcome_new();
    ktap_report(ktap, outcome);
    char *why = tell_all(ktap, outcome->cases);
    outcome_free(outcome);
    return why;
}
