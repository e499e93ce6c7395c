// The HTML page: its head, and the order of its parts.
#include "html.h"
#include "html_parts.h"
#include "html_style.h"
#include "plain.h"

#define BOOTS 5000u
#define CONSOLES (14u << 20) // bytes for all of them
#define CONSOLE_MOST (512u << 10)

typedef struct Tally {
    unsigned boots, bad, host, passed;
    unsigned counts[VERDICTS];
} Tally;

static Tally tally_of(const Results *results)
{
    Tally tally = { .boots = results->results->len };
    results_count(results, tally.counts);
    for (unsigned verdict = 0; verdict < VERDICTS; verdict++)
        if (!verdict_is_good((Verdict)verdict))
            tally.bad += tally.counts[verdict];
    tally.host = tally.counts[VERDICT_COULD_NOT_TEST] + tally.counts[VERDICT_WRONG];
    tally.bad -= tally.host;
    tally.passed = tally.counts[VERDICT_PASS];
    return tally;
}

static const char *noun(unsigned count)
{
    return count == 1 ? "boot" : "boots";
}

// "2 of 12 boots failed"; one boot is called by its name.
static char *headline(const Results *results, const Tally *tally)
{
    const char *word = tally->bad ? "failed" : tally->host ? "not tested" : "passed";
    if (tally->boots == 0)
        return g_strdup("No boot was run");
    if (tally->boots == 1) {
        const Result *only = results->results->pdata[0];
        return g_strdup_printf("%.160s: %s", only->name, html_verdict_word(only->verdict));
    }
    if (tally->bad || tally->host)
        return g_strdup_printf(
            "%u of %u boots %s", tally->bad ? tally->bad : tally->host, tally->boots, word);
    if (tally->passed == tally->boots)
        return g_strdup_printf("All %u boots passed", tally->boots);
    return g_strdup_printf("%u boots, none failed", tally->boots);
}

// What stands for all of it.
static Verdict worst(const Results *results, const Tally *tally)
{
    if (tally->boots == 1)
        return ((const Result *)results->results->pdata[0])->verdict;
    return tally->bad ? VERDICT_FAIL : tally->host ? VERDICT_COULD_NOT_TEST : VERDICT_PASS;
}

static void add_head(GString *page, const Results *results, const char *title, Verdict verdict)
{
    static const char *const colours[] = { "1a7f37", "b3261e", "777777", "6e4bb0" }; // by exit status
    const char *colour = colours[verdict_status(verdict)];
    html_put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                   "'unsafe-inline'; "
                   "img-src data:\">\n<meta name=\"color-scheme\" content=\"light dark\">\n");
    html_put(page, "<title>%s%s%.200s</title>\n", title, results->suite ? ": " : "", results->suite);
    html_put(page,
        "<link rel=\"icon\" href=\"data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 "
        "0 16 "
        "16'%%3E%%3Crect width='16' height='16' rx='4' fill='%%23%s'/%%3E%%3C/svg%%3E\">\n",
        colour);
    g_string_append(page, "<style>\n");
    g_string_append(page, html_style);
    g_string_append(page, "</style>\n</head>\n");
}

static void add_facts(GString *page, const Results *results)
{
    g_autofree char *time = plain_time(results->started, "%F %T UTC");
    g_autofree char *seconds = html_seconds(results->seconds);
    g_autofree char *shard =
        results->shards ? g_strdup_printf("%u of %u", results->shard, results->shards) : NULL;
    html_put(page, "<dl class=\"facts\">\n");
    html_fact(page, "Suite", results->suite);
    html_fact(page, "Shard", shard);
    html_fact(page, "Host", results->host);
    html_fact(page, "Started", time ? time : results->started);
    html_fact(page, "Took", seconds);
    html_fact(page, "lparun-ci", results->version);
    html_put(page, "</dl>\n");
}

static void add_counts(GString *page, const Tally *tally)
{
    html_put(page, "<ul class=\"tally\">\n");
    for (unsigned i = 0; i < VERDICTS; i++) {
        Verdict verdict = html_order[i];
        if (tally->counts[verdict] == 0)
            continue;
        html_put(page, "<li class=\"%s\">", html_tone(verdict));
        html_icon(page, verdict);
        html_put(page, "<b>%u</b> %s</li>\n", tally->counts[verdict], html_verdict_word(verdict));
    }
    html_put(page, "</ul>\n");
}

// The share of each verdict, as a bar: the list below says it in words.
static void add_share(GString *page, const Tally *tally)
{
    double x = 0;
    html_put(page, "<svg class=\"share\" width=\"100%%\" height=\"8\" aria-hidden=\"true\">");
    for (unsigned i = 0; i < VERDICTS; i++) {
        double width = 100.0 * tally->counts[html_order[i]] / MAX(tally->boots, 1);
        if (width > 0)
            html_put(page, "<rect class=\"%s\" x=\"%.3f%%\" width=\"%.3f%%\" height=\"8\"/>",
                html_tone(html_order[i]), x, width);
        x += width;
    }
    html_put(page, "</svg>\n");
}

// A shard has its own boots only; all the others are missing in a whole.
static void add_missing(GString *page, const Results *results)
{
    g_autoptr(GPtrArray) missing = results_missing(results, NULL);
    if (missing->len == 0)
        return;
    if (results->shards > 0) {
        html_put(page, "<p class=\"dim\">%u %s of the suite are other shards'.</p>\n", missing->len,
            noun(missing->len));
        return;
    }
    html_put(page,
        "<section class=\"note\" aria-labelledby=\"missing\">\n<h2 id=\"missing\">%u %s missing</h2>\n",
        missing->len, missing->len == 1 ? "boot is" : "boots are");
    html_put(page, "<p>They are in the suite, and have no result here.</p>\n<ul class=\"names\">\n");
    for (unsigned i = 0; i < MIN(missing->len, 500); i++)
        html_put(page, "<li>" HTML_NAME "</li>\n", (const char *)missing->pdata[i]);
    html_put(page, "</ul>\n%s</section>\n", missing->len > 500 ? "and more" : "");
}

static void add_top(GString *page, const Results *results, const Tally *tally, const char *title)
{
    html_put(page, "<header class=\"top %s\">\n<h1>", html_tone(worst(results, tally)));
    html_icon(page, worst(results, tally));
    html_put(page, "%s</h1>\n", title);
    if (tally->boots > 1) {
        add_share(page, tally);
        add_counts(page, tally);
    }
    add_facts(page, results);
    html_put(page, "</header>\n");
}

// Failures get as much of the page as all the others.
static gsize share_of(const Result *result, const Tally *tally)
{
    unsigned bad = tally->bad + tally->host, good = tally->boots - bad;
    unsigned among = verdict_is_good(result->verdict) ? good : bad;
    return MIN(CONSOLE_MOST, CONSOLES / (bad && good ? 2 : 1) / MAX(among, 1));
}

static void add_boots(
    GString *page, const Results *results, const Tally *tally, unsigned boots, const char *folder)
{
    bool mixed = boots > 8 && tally->bad + tally->host > 0 && tally->passed > 0;
    html_put(page, "<section aria-labelledby=\"boots\">\n<h2 id=\"boots\">%s</h2>\n",
        boots == 1 ? "The boot" : "Each boot");
    if (mixed)
        html_put(page, "<label class=\"filter\"><input type=\"checkbox\" id=\"unwell\"> without those that "
                       "passed</label>\n");
    for (unsigned i = 0; i < boots; i++) {
        const Result *result = results->results->pdata[i];
        bool open = boots == 1 || !verdict_is_good(result->verdict);
        html_boot(page, result, i + 1, open, folder, share_of(result, tally));
    }
    if (boots < tally->boots)
        html_put(page, "<p>%u more are in results.json.</p>\n", tally->boots - boots);
    html_put(page, "</section>\n");
}

static void add_parts(GString *page, const Results *results, const Tally *tally, const char *folder)
{
    unsigned boots = MIN(tally->boots, BOOTS);
    add_missing(page, results);
    if (boots > 1) {
        html_failures(page, results, boots);
        html_matrix(page, results, boots);
    }
    if (boots > 0)
        add_boots(page, results, tally, boots, folder);
}

char *html_text(const Results *results, const char *folder)
{
    GString *page = g_string_new(NULL);
    const Tally tally = tally_of(results);
    g_autofree char *title = headline(results, &tally);
    add_head(page, results, title, worst(results, &tally));
    html_put(page, "<body>\n<a class=\"skip\" href=\"#main\">To the results</a>\n");
    html_icons(page);
    add_top(page, results, &tally, title);
    html_put(page, "<main id=\"main\" tabindex=\"-1\">\n");
    add_parts(page, results, &tally, folder);
    html_put(page,
        "</main>\n<footer class=\"dim\">lparun-ci %.80s: the same is in "
        "results.json.</footer>\n</body>\n</html>\n",
        results->version);
    return g_string_free(page, FALSE);
}
