// Kinds.
#include "kind.h"
#include "plain.h"

#define WHY 500 // bytes of each part
#define NAME 300

Kind kind_of_verdict(Verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS:
    case VERDICT_FLAKY:
        return KIND_PASS;
    case VERDICT_KNOWN_FAILURE:
        return KIND_EXPECTED;
    case VERDICT_COULD_NOT_TEST:
    case VERDICT_WRONG:
        return KIND_ERROR;
    default:
        return KIND_FAIL;
    }
}

Kind kind_of_case(const Result *result, const Case *one)
{
    if (one->result == CASE_PASS)
        return KIND_PASS;
    if (one->result == CASE_SKIP || kind_of_verdict(result->verdict) == KIND_ERROR)
        return KIND_SKIP;
    if (one->result == CASE_EXPECTED_FAIL || verdict_is_good(result->verdict))
        return KIND_EXPECTED;
    return KIND_FAIL;
}

static char *with_signature(const char *reason, const char *signature)
{
    g_autofree char *why = plain_line(reason, WHY);
    g_autofree char *class = plain_line(signature, WHY / 2);
    return *class ? g_strdup_printf("%s [%s]", why, class) : g_steal_pointer(&why);
}

char *kind_why(const Result *result)
{
    return with_signature(result->reason, result_outcome(result)->signature);
}

char *kind_why_outcome(const Outcome *outcome)
{
    return with_signature(outcome->reason, outcome->signature);
}

char *kind_why_case(const Result *result, const Case *one)
{
    g_autofree char *why =
        plain_line(one->text && *one->text ? one->text : words_name(case_words, (int)one->result), WHY);
    Kind kind = kind_of_case(result, one);
    bool by_boot = one->result != CASE_SKIP && one->result != CASE_EXPECTED_FAIL;
    if (!by_boot || (kind != KIND_SKIP && kind != KIND_EXPECTED))
        return g_steal_pointer(&why);
    return g_strdup_printf("%s: %s", words_name(verdict_words, (int)result->verdict), why);
}

char *kind_name(const char *name)
{
    char *line = plain_line(name, NAME);
    if (*line)
        return line;
    g_free(line);
    return g_strdup("(no name)");
}
