// A boot's timeline in the HTML page: a picture (SVG), and the same in words below it.
#include "html_parts.h"
#include "plain.h"
#include <string.h>

#define MARKS 24u
#define FAILURE "first failure"
#define LANES 4u
#define WIDTH 520.0 // pixels that it has at least; more only spreads it

typedef struct Bar {
    const char *name;
    double from, to;
} Bar;

static double bounded(double seconds)
{
    return MAX(plain_number(seconds), 0);
}

static double last_of(const GArray *marks, double last)
{
    for (unsigned i = 0; i < marks->len; i++)
        last = MAX(last, bounded(g_array_index(marks, Mark, i).seconds));
    return last;
}

static double whole(const Outcome *outcome)
{
    return last_of(outcome->timeline, last_of(outcome->stages, bounded(outcome->seconds)));
}

static int by_time(gconstpointer a, gconstpointer b)
{
    double from = ((const Bar *)a)->from, to = ((const Bar *)b)->from;
    return (from > to) - (from < to);
}

// From each stage to the next, and the last to the end; before the first one it is lparun that starts.
static GArray *bars_of(const Outcome *outcome, double end)
{
    GArray *bars = g_array_new(FALSE, FALSE, sizeof(Bar));
    const Bar start = { "lparun", 0, end };
    g_array_append_val(bars, start);
    for (unsigned i = 0; i < MIN(outcome->stages->len, HTML_STAGES); i++) {
        const Mark *stage = &g_array_index(outcome->stages, Mark, i);
        const Bar bar = { stage->name, bounded(stage->seconds), end };
        g_array_append_val(bars, bar);
    }
    g_array_sort(bars, by_time);
    for (unsigned i = 0; i + 1 < bars->len; i++)
        g_array_index(bars, Bar, i).to = g_array_index(bars, Bar, i + 1).from;
    return bars;
}

static unsigned colour_of(const char *name, unsigned index)
{
    static const char *const known[] = { "lparun", "firmware", "loader", "kernel", "init", "login", "test" };
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i], name) == 0)
            return i;
    return 1 + index % (G_N_ELEMENTS(known) - 1);
}

// --- The picture. All of x is in percent, so that words keep their size.

static void add_bar(GString *page, const Bar *bar, unsigned index, double end)
{
    double width = (bar->to - bar->from) / end * 100;
    unsigned colour = colour_of(bar->name, index);
    g_autofree char *took = html_seconds(bar->to - bar->from);
    html_put(page, "<svg x=\"%.3f%%\" y=\"1\" width=\"%.3f%%\" height=\"26\" class=\"s%u\">",
        bar->from / end * 100, MAX(width, 0.15), colour);
    html_put(page, "<title>%.60s: %s</title><rect width=\"100%%\" height=\"26\"/>", bar->name, took);
    if (width >= 2 + 1.2 * (double)strnlen(bar->name, 60))
        html_put(page, "<text x=\"6\" y=\"17\">%.60s</text>", bar->name);
    html_put(page, "</svg>\n");
}

// 1, 2 or 5 times a power of ten, such that there are some five.
static double tick_step(double end)
{
    static const double times[] = { 2, 2.5, 2 };
    double step = 1e-6;
    for (unsigned i = 0; step * 5 < end; i++)
        step *= times[i % G_N_ELEMENTS(times)];
    return step;
}

static char *tick_text(double seconds, double step)
{
    char format[16], text[64];
    int digits = 0;
    for (; step < 0.999 && digits < 6; step *= 10)
        digits++;
    g_snprintf(format, sizeof(format), "%%.%df", digits);
    return g_strdup_printf(
        "%s%s", g_ascii_formatd(text, sizeof(text), format, seconds), seconds > 0 ? "" : " s");
}

static void add_ticks(GString *page, double end)
{
    double step = tick_step(end);
    for (unsigned i = 0; i <= 12 && i * step <= end * (1 + 1e-9); i++) {
        double x = i * step / end * 100;
        g_autofree char *text = tick_text(i * step, step);
        html_put(page, "<line class=\"tick\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"28\" y2=\"33\"/>", x, x);
        html_put(page, "<text class=\"tick\" x=\"%.3f%%\" y=\"46\" text-anchor=\"%s\">%s</text>\n", x,
            i == 0   ? "start"
            : x > 97 ? "end"
                     : "middle",
            text);
    }
}

typedef struct Lanes {
    double taken[LANES]; // up to here, in percent
    unsigned used;
} Lanes;

// The first lane in which a word has room; LANES: none.
static unsigned take_lane(Lanes *lanes, double from, double to)
{
    unsigned lane = 0;
    while (lane < LANES && lanes->taken[lane] > from)
        lane++;
    if (lane < LANES) {
        lanes->taken[lane] = to;
        lanes->used = MAX(lanes->used, lane + 1);
    }
    return lane;
}

static const char *mark_tone(const char *name)
{
    return strcmp(name, FAILURE) == 0 ? " bad" : "";
}

// A line down from the bars, and a name beside it: on the left where the right has no room.
static void add_mark(GString *lines, GString *page, Lanes *lanes, const Bar *mark, double end)
{
    const char *name = mark->name;
    double seconds = mark->from;
    double x = seconds / end * 100, width = (16 + 6.6 * (double)strnlen(name, 60)) / WIDTH * 100;
    bool left = x + width > 100;
    unsigned lane = take_lane(lanes, left ? x - width : x, left ? x + 1 : x + width);
    g_autofree char *at = html_seconds(seconds);
    double y = 64 + 17.0 * (lane < LANES ? lane : 0);
    html_put(lines, "<line class=\"mark\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"1\" y2=\"%.0f\"/>\n", x, x, y - 4);
    html_put(
        page, "<svg x=\"%.3f%%\" class=\"mark%s\"><title>%.60s: %s</title>", x, mark_tone(name), name, at);
    html_put(page, "<path d=\"M0 %.0fl4 4-4 4-4-4z\"/>", y - 8);
    if (lane < LANES)
        html_put(page, "<text x=\"%s\" y=\"%.0f\" text-anchor=\"%s\">%.60s</text>", left ? "-8" : "8", y,
            left ? "end" : "start", name);
    html_put(page, "</svg>\n");
}

// Where the first failure's block begins: its line has the seconds before it.
static void add_first_failure(GArray *marks, const Outcome *outcome)
{
    const char *line = outcome->block->len ? outcome->block->pdata[0] : "", *text;
    double seconds = html_console_seconds(line, &text);
    const Bar bar = { FAILURE, bounded(seconds), 0 };
    if (seconds >= 0 && bar.from <= whole(outcome))
        g_array_append_val(marks, bar);
}

static GArray *marks_of(const Outcome *outcome)
{
    GArray *marks = g_array_new(FALSE, FALSE, sizeof(Bar));
    add_first_failure(marks, outcome);
    for (unsigned i = 0; i < MIN(outcome->timeline->len, MARKS); i++) {
        const Mark *mark = &g_array_index(outcome->timeline, Mark, i);
        const Bar bar = { mark->name, bounded(mark->seconds), 0 };
        g_array_append_val(marks, bar);
    }
    g_array_sort(marks, by_time);
    return marks;
}

// Words come after all lines, which would cross them else.
static void add_picture(GString *page, const GArray *bars, const GArray *marks, double end)
{
    Lanes lanes = { 0 };
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(GString) words = g_string_new(NULL);
    for (unsigned i = 0; i < bars->len; i++)
        add_bar(lines, &g_array_index(bars, Bar, i), i, end);
    add_ticks(words, end);
    for (unsigned i = 0; i < marks->len; i++)
        add_mark(lines, words, &lanes, &g_array_index(marks, Bar, i), end);
    html_put(page, "<div class=\"picture\" tabindex=\"0\" role=\"group\" aria-label=\"Timeline\">\n");
    html_put(
        page, "<svg class=\"timeline\" width=\"100%%\" height=\"%u\" role=\"img\" ", 54 + 17 * lanes.used);
    html_put(page, "aria-label=\"Timeline: the lists below say the same\">\n");
    g_string_append(page, lines->str);
    g_string_append(page, words->str);
    html_put(page, "</svg></div>\n");
}

// --- The same in words.

static void add_stage(GString *page, const Bar *bar, unsigned index, const HtmlConsole *console)
{
    g_autofree char *from = html_seconds(bar->from);
    g_autofree char *took = html_seconds(bar->to - bar->from);
    g_autofree char *anchor = index > 0 ? html_console_anchor(console, bar->from) : NULL;
    html_put(page, "<li><span class=\"swatch s%u\"></span>", colour_of(bar->name, index));
    html_put(page, anchor ? "<a href=\"#%s\">%.60s</a>" : "%s%.60s", anchor, bar->name);
    html_put(page, " <b>%s</b> <span class=\"dim\">from %s</span></li>\n", took, from);
}

static void add_words(GString *page, const GArray *bars, const GArray *marks, const HtmlConsole *console)
{
    html_put(page, "<ul class=\"row\">\n");
    for (unsigned i = 0; i < bars->len; i++)
        add_stage(page, &g_array_index(bars, Bar, i), i, console);
    html_put(page, "</ul>\n");
    if (marks->len == 0)
        return;
    html_put(page, "<ul class=\"row\">\n");
    for (unsigned i = 0; i < marks->len; i++) {
        g_autofree char *at = html_seconds(g_array_index(marks, Bar, i).from);
        html_put(page, "<li><span class=\"diamond%s\"></span>%.60s <b>%s</b></li>\n",
            mark_tone(g_array_index(marks, Bar, i).name), g_array_index(marks, Bar, i).name, at);
    }
    html_put(page, "</ul>\n");
}

void html_timeline(GString *page, const Outcome *outcome, const HtmlConsole *console)
{
    double end = whole(outcome);
    if (end <= 0 || !html_has_room(page))
        return;
    g_autoptr(GArray) bars = bars_of(outcome, end);
    g_autoptr(GArray) marks = marks_of(outcome);
    html_put(page, "<h4>Timeline</h4>\n");
    add_picture(page, bars, marks, end);
    add_words(page, bars, marks, console);
}
