// Progress on standard output.
#include "progress.h"
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW 250      // milliseconds
#define SHOWN 20u       // boots at once
#define CASES_SHOWN 40u // of a failure; reports have all

typedef struct Line {
    char *boot, *stage;
    gint64 began;
} Line;

struct Progress {
    FILE *to;
    unsigned total, ended;
    bool quiet, terminal, colour;
    GPtrArray *lines; // of Line: what runs
    unsigned drawn;   // lines on the screen that the next drawing goes over
    guint redraw;     // a source, or 0
};

static void line_free(gpointer data)
{
    Line *line = data;
    g_free(line->boot);
    g_free(line->stage);
    g_free(line);
}

static unsigned width(const Progress *progress)
{
    struct winsize size;
    return ioctl(fileno(progress->to), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col - 1u : 79;
}

// --- On a terminal.

static void wipe(Progress *progress)
{
    if (progress->drawn)
        fprintf(progress->to, "\033[%uA\033[J", progress->drawn);
    progress->drawn = 0;
}

static void draw_line(Progress *progress, const char *text)
{
    g_autofree char *cut = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), (glong)width(progress)));
    fprintf(progress->to, "%s\n", cut);
    progress->drawn++;
}

static void draw(Progress *progress)
{
    for (unsigned i = 0; i < progress->lines->len && i < SHOWN; i++) {
        const Line *line = progress->lines->pdata[i];
        double seconds = (double)(g_get_monotonic_time() - line->began) / G_USEC_PER_SEC;
        g_autofree char *text = g_strdup_printf("  %6.1f s  %-9s %s", seconds, line->stage, line->boot);
        draw_line(progress, text);
    }
    g_autofree char *sum =
        g_strdup_printf("%u of %u, %u running", progress->ended, progress->total, progress->lines->len);
    draw_line(progress, sum);
    fflush(progress->to);
}

static gboolean redraw(gpointer data)
{
    Progress *progress = data;
    wipe(progress);
    draw(progress);
    return G_SOURCE_CONTINUE;
}

Progress *progress_new(unsigned total, bool quiet, FILE *to)
{
    Progress *progress = g_new0(Progress, 1);
    const char *term = g_getenv("TERM");
    progress->to = to;
    progress->total = total;
    progress->quiet = quiet;
    bool moves = isatty(fileno(to)) && term && strcmp(term, "dumb") != 0;
    progress->terminal = moves && !quiet;
    progress->colour = moves && !g_getenv("NO_COLOR");
    progress->lines = g_ptr_array_new_with_free_func(line_free);
    if (progress->terminal)
        progress->redraw = g_timeout_add(REDRAW, redraw, progress);
    return progress;
}

void progress_free(Progress *progress)
{
    if (!progress)
        return;
    if (progress->redraw)
        g_source_remove(progress->redraw);
    g_ptr_array_unref(progress->lines);
    g_free(progress);
}

// --- What comes.

static unsigned find(const Progress *progress, const char *boot)
{
    unsigned i = 0;
    while (i < progress->lines->len && strcmp(((const Line *)progress->lines->pdata[i])->boot, boot) != 0)
        i++;
    return i;
}

void progress_began(Progress *progress, const char *boot)
{
    Line *line = g_new(Line, 1);
    *line = (Line){ g_strdup(boot), g_strdup("begins"), g_get_monotonic_time() };
    g_ptr_array_add(progress->lines, line);
}

void progress_stage(Progress *progress, const char *boot, const char *stage)
{
    unsigned i = find(progress, boot);
    if (i == progress->lines->len)
        return;
    Line *line = progress->lines->pdata[i];
    g_free(line->stage);
    line->stage = g_strdup(stage);
}

static const char *colour_of(const Progress *progress, Verdict verdict)
{
    if (!progress->colour)
        return "";
    int status = verdict_status(verdict);
    return status == 0 ? "\033[32m" : status == 1 ? "\033[31m" : "\033[33m";
}

static void print_result(const Progress *progress, const Result *result)
{
    const Outcome *outcome = result_outcome(result);
    fprintf(progress->to, "%s: %s%s%s in %.1f s, stage %s: %s\n", result->name,
        colour_of(progress, result->verdict), words_name(verdict_words, (int)result->verdict),
        progress->colour ? "\033[0m" : "", outcome->seconds, outcome->stage, result->reason);
}

void progress_ended(Progress *progress, const Result *result)
{
    unsigned i = find(progress, result->name);
    if (i < progress->lines->len)
        g_ptr_array_remove_index(progress->lines, i);
    progress->ended++;
    if (progress->quiet)
        return;
    wipe(progress);
    print_result(progress, result);
    if (progress->terminal)
        draw(progress);
    fflush(progress->to);
}

static void print_lines(const Progress *progress, const GPtrArray *lines)
{
    for (unsigned i = 0; i < lines->len; i++)
        fprintf(progress->to, "  %s\n", (const char *)lines->pdata[i]);
}

static void print_case(const Progress *progress, const Case *one)
{
    fprintf(progress->to, "  %s: %s%s%s\n", words_name(case_words, (int)one->result), one->name,
        one->text ? ": " : "", one->text ? one->text : "");
}

static void print_cases(const Progress *progress, const Outcome *outcome)
{
    unsigned bad = 0;
    for (unsigned i = 0; i < outcome->cases->len; i++)
        if (case_is_bad(outcome->cases->pdata[i]) && bad++ < CASES_SHOWN)
            print_case(progress, outcome->cases->pdata[i]);
    if (bad > CASES_SHOWN)
        fprintf(progress->to, "  and %u more\n", bad - CASES_SHOWN);
}

// A command that came to its end says by itself what is wrong.
static void print_console(const Progress *progress, const Outcome *outcome)
{
    if (outcome->exit_status < 0)
        print_lines(progress, outcome->last);
}

static void print_failure(const Progress *progress, const Result *result)
{
    const Outcome *outcome = result_outcome(result);
    fprintf(progress->to, "\n");
    print_result(progress, result);
    print_cases(progress, outcome);
    print_lines(progress, outcome->block);
    if (outcome->block->len == 0 || outcome->verdict == VERDICT_TIMED_OUT) // of a hang there are registers
        print_console(progress, outcome);
    if (outcome->signature)
        fprintf(progress->to, "%s: signature: %s\n", result->name, outcome->signature);
    if (result->again)
        fprintf(progress->to, "%s: again: %s\n", result->name, result->again);
}

static void print_failures(const Progress *progress, const Results *results)
{
    for (unsigned i = 0; i < results->results->len; i++) {
        const Result *result = results->results->pdata[i];
        if (!verdict_is_good(result->verdict))
            print_failure(progress, result);
    }
}

// A guest's line may look like a command to GitHub's runner, which takes none between these two.
static void print_failures_for_github(const Progress *progress, const Results *results)
{
    g_autofree char *word = g_uuid_string_random();
    fprintf(progress->to, "::stop-commands::%s\n", word);
    print_failures(progress, results);
    fprintf(progress->to, "::%s::\n", word);
}

void progress_finish(Progress *progress, const Results *results)
{
    unsigned counts[VERDICTS];
    wipe(progress);
    if (g_strcmp0(g_getenv("GITHUB_ACTIONS"), "true") == 0)
        print_failures_for_github(progress, results);
    else
        print_failures(progress, results);
    results_count(results, counts);
    if (progress->total > 1) {
        fprintf(progress->to, "\n%u boots in %.1f s", results->results->len, results->seconds);
        for (unsigned i = 0; i < VERDICTS; i++)
            if (counts[i])
                fprintf(progress->to, ", %u %s", counts[i], words_name(verdict_words, (int)i));
        fprintf(progress->to, "\n");
    }
    fflush(progress->to);
}
