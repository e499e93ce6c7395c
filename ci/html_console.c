// A console in the HTML page: its first and last lines, with stages and failures marked.
#include "forms.h"
#include "html_file.h"
#include "html_parts.h"
#include <string.h>

#define LINE_COST 90u // bytes of the page around a line
#define FAILURES 40u  // that are linked

struct HtmlConsole {
    GPtrArray *lines;    // of char *, seconds before each
    unsigned head, tail; // lines before, and from there on, are shown
    unsigned number;
    const char *none; // why there are no lines
};

// --- The lines.

static void load(HtmlConsole *console, const Outcome *outcome, const char *folder)
{
    if (outcome->console) {
        console->lines = g_ptr_array_ref(outcome->console);
        return;
    }
    if (!folder || !outcome->folder || !html_file_is_beside(outcome->folder)) {
        console->none = "It was not kept beside this report.";
        return;
    }
    console->lines = html_file_lines(folder, outcome->folder);
    if (!console->lines)
        console->none = "It is not there, or too long to be shown here.";
}

// How many lines, from `from` on in steps of `step`, take up to `share` bytes.
static unsigned fitting(const GPtrArray *lines, unsigned from, int step, unsigned most, gsize share)
{
    gsize used = 0;
    unsigned count = 0;
    for (; count < most; count++) {
        const char *line = lines->pdata[from + (unsigned)((int)count * step)];
        used += strnlen(line, HTML_TEXT_LONGEST) + LINE_COST;
        if (used > share)
            break;
    }
    return count;
}

// The end says most: it gets three of four lines.
static void choose(HtmlConsole *console, gsize share)
{
    unsigned count = console->lines->len;
    if (count == 0)
        return;
    unsigned last = fitting(console->lines, count - 1, -1, MIN(count, HTML_LINES * 3 / 4), share / 4 * 3);
    unsigned left = MIN(count - last, HTML_LINES - HTML_LINES * 3 / 4);
    console->head = fitting(console->lines, 0, 1, left, share / 4);
    console->tail = count - last;
}

HtmlConsole *html_console_new(const Outcome *outcome, unsigned number, const char *folder, gsize share)
{
    HtmlConsole *console = g_new0(HtmlConsole, 1);
    console->number = number;
    load(console, outcome, folder);
    if (!console->lines)
        console->lines = g_ptr_array_new();
    else if (console->lines->len == 0)
        console->none = "It said nothing.";
    choose(console, share);
    return console;
}

void html_console_free(HtmlConsole *console)
{
    g_ptr_array_unref(console->lines);
    g_free(console);
}

static bool is_shown(const HtmlConsole *console, unsigned line)
{
    return line < console->head || (line >= console->tail && line < console->lines->len);
}

double html_console_seconds(const char *line, const char **text)
{
    char *end;
    double seconds = g_ascii_strtod(line, &end);
    bool has = end > line && *end == ' ' && seconds >= 0;
    *text = has ? end + 1 : line;
    return has ? seconds : -1;
}

// The first line at `seconds` or later. Times in lines are rounded to a thousandth.
static unsigned line_at(const HtmlConsole *console, double seconds)
{
    const char *text;
    unsigned from = 0, to = console->lines->len;
    while (from < to) {
        unsigned middle = from + (to - from) / 2;
        if (html_console_seconds(console->lines->pdata[middle], &text) < seconds - 0.0006)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

char *html_console_anchor(const HtmlConsole *console, double seconds)
{
    unsigned line = line_at(console, seconds);
    return is_shown(console, line) ? g_strdup_printf("b%u-%u", console->number, line + 1) : NULL;
}

// --- The page.

static const char *plural(unsigned count)
{
    return count == 1 ? "" : "s";
}

void html_console_links(GString *page, const Outcome *outcome)
{
    if (!outcome->folder || !html_file_is_beside(outcome->folder))
        return;
    g_autofree char *valid = g_utf8_make_valid(outcome->folder, -1);
    g_autofree char *path = g_uri_escape_string(valid, "/", FALSE);
    html_put(page,
        "<a href=\"./%s/console.txt\">console.txt</a> <a href=\"./%s/console.raw\">console.raw</a>", path,
        path);
}

void html_console_line(GString *page, const char *line)
{
    const char *text;
    double seconds = html_console_seconds(line, &text);
    if (seconds >= 0)
        html_put(page, "<span><i>%.3f</i> %s\n</span>", seconds, text);
    else
        html_put(page, "<span><i></i> %s\n</span>", text);
}

// What is made of the lines that are shown.
typedef struct Marks {
    const HtmlConsole *console;
    const GArray *stages;
    GString *links, *lines;
    gsize room; // bytes that the lines may take
    unsigned failures;
} Marks;

static void add_link(Marks *marks, unsigned line, const char *kind, const char *name)
{
    html_put(marks->links, "<li class=\"%s\"><a href=\"#b%u-%u\">", kind, marks->console->number, line + 1);
    html_put(marks->links, "%.120s</a></li>\n", name);
}

static void add_stages(Marks *marks, unsigned line)
{
    for (unsigned i = 0; i < MIN(marks->stages->len, HTML_STAGES); i++) {
        const Mark *stage = &g_array_index(marks->stages, Mark, i);
        if (line_at(marks->console, stage->seconds) != line)
            continue;
        html_put(marks->lines, "<span class=\"stage\">%.60s</span>", stage->name);
        add_link(marks, line, "stage", stage->name);
    }
}

static bool add_failure(Marks *marks, unsigned line, const char *text)
{
    Form *form = forms_find(text);
    bool is = form;
    if (form && marks->failures++ < FAILURES)
        add_link(marks, line, "failure", form->text);
    form_free(form);
    return is;
}

static void add_line(Marks *marks, unsigned line)
{
    unsigned number = marks->console->number;
    const char *text;
    double seconds = html_console_seconds(marks->console->lines->pdata[line], &text);
    bool fails = add_failure(marks, line, text);
    html_put(marks->lines, fails ? "<span id=\"b%u-%u\" class=\"failure\">" : "<span id=\"b%u-%u\">", number,
        line + 1);
    html_put(marks->lines, "<a href=\"#b%u-%u\" tabindex=\"-1\">", number, line + 1);
    if (seconds >= 0)
        html_put(marks->lines, "%.3f</a> ", seconds);
    else
        html_put(marks->lines, "line %u</a> ", line + 1);
    html_put(marks->lines, fails ? "<mark>%s</mark>\n</span>" : "%s\n</span>", text);
}

// Which lines stages begin with is looked up once: most begin none.
static GHashTable *stage_lines(const Marks *marks)
{
    GHashTable *lines = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < MIN(marks->stages->len, HTML_STAGES); i++)
        g_hash_table_add(
            lines, GUINT_TO_POINTER(line_at(marks->console, g_array_index(marks->stages, Mark, i).seconds)));
    return lines;
}

static void add_lines(Marks *marks, unsigned from, unsigned to)
{
    g_autoptr(GHashTable) stages = stage_lines(marks);
    for (unsigned line = from; line < to && marks->lines->len < marks->room; line++) {
        if (g_hash_table_contains(stages, GUINT_TO_POINTER(line)))
            add_stages(marks, line);
        add_line(marks, line);
    }
}

static void add_gap(Marks *marks)
{
    unsigned count = marks->console->tail - marks->console->head;
    g_autofree char *number = html_number(count);
    if (count > 0)
        html_put(marks->lines, "<span class=\"gap\">%s line%s left out here</span>", number, plural(count));
}

static void add_all(GString *page, Marks *marks)
{
    const HtmlConsole *console = marks->console;
    add_lines(marks, 0, console->head);
    add_gap(marks);
    add_lines(marks, console->tail, console->lines->len);
    if (marks->links->len)
        html_put(page, "<ul class=\"jumps\">\n");
    g_string_append(page, marks->links->str);
    html_put(page, marks->links->len ? "</ul>\n" : "");
    html_put(page, "<pre class=\"log\" tabindex=\"0\" role=\"group\" aria-label=\"Console\">");
    g_string_append(page, marks->lines->str);
    html_put(page, "</pre>\n");
}

static void add_notes(GString *page, const HtmlConsole *console, const Outcome *outcome)
{
    g_autofree char *number = html_number(console->lines->len);
    html_put(page, "<p class=\"dim\">");
    if (console->none)
        html_put(page, "%s ", console->none);
    else
        html_put(page, "%s line%s, seconds since the start of lparun before each. ", number,
            plural(console->lines->len));
    if (outcome->flooded)
        html_put(page, "There was more than is kept. ");
    if (outcome->incomplete)
        html_put(page, "The guest says that it lost lines. ");
    html_console_links(page, outcome);
    html_put(page, "</p>\n");
}

void html_console(GString *page, const HtmlConsole *console, const Outcome *outcome)
{
    add_notes(page, console, outcome);
    if (console->lines->len == 0 || !html_has_room(page))
        return;
    g_autoptr(GString) links = g_string_new(NULL);
    g_autoptr(GString) lines = g_string_new(NULL);
    Marks marks = { console, outcome->stages, links, lines, HTML_BYTES - page->len, 0 };
    add_all(page, &marks);
}
