// One boot in the HTML page.
#include "html_parts.h"
#include <string.h>

void html_fact(GString *page, const char *what, const char *value)
{
    if (value && value[0])
        html_put(page, "<div><dt>%s</dt><dd>%.400s</dd></div>\n", what, value);
}

static char *tags_of(const Result *result)
{
    return result->tags ? g_strjoinv(", ", result->tags) : NULL;
}

static void add_facts(GString *page, const Result *result, const Outcome *outcome)
{
    g_autofree char *status = outcome->exit_status >= 0 ? g_strdup_printf("%d", outcome->exit_status) : NULL;
    g_autofree char *tags = tags_of(result);
    html_put(page, "<dl class=\"facts\">\n");
    html_fact(page, "Stage", outcome->stage);
    html_fact(page, "Signature", outcome->signature);
    html_fact(page, "Hang", outcome->hang);
    html_fact(page, "Exit status", status);
    html_fact(page, "Expected to fail", result->known);
    for (unsigned i = 0; i < MIN(result->axes->len, 12); i++)
        html_fact(page, ((const Axis *)result->axes->pdata[i])->name,
            ((const Axis *)result->axes->pdata[i])->value);
    html_fact(page, "Tags", tags);
    html_put(page, "</dl>\n");
}

static void add_block(GString *page, const Outcome *outcome, bool good)
{
    const GPtrArray *lines = outcome->block->len ? outcome->block : outcome->last;
    if (lines->len == 0 || (good && outcome->block->len == 0))
        return;
    html_put(page, "<h4>%s</h4>\n", outcome->block->len ? "The first failure" : "The last lines");
    html_put(
        page, "<pre class=\"log block\" tabindex=\"0\" role=\"group\" aria-label=\"Lines of the console\">");
    for (unsigned i = 0; i < MIN(lines->len, 200) && html_has_room(page); i++)
        html_console_line(page, lines->pdata[i]);
    html_put(page, "</pre>\n");
}

static void add_attempt(GString *page, const Outcome *outcome, unsigned number)
{
    g_autofree char *seconds = html_seconds(outcome->seconds);
    html_put(page, "<tr><th scope=\"row\">%u</th><td>", number);
    html_verdict(page, outcome->verdict);
    html_put(page, "</td><td class=\"number\">%s</td><td>%.80s</td><td>" HTML_REASON "</td><td>", seconds,
        outcome->stage, outcome->reason);
    html_console_links(page, outcome);
    html_put(page, "</td></tr>\n");
}

static void add_attempts(GString *page, const Result *result)
{
    if (result->outcomes->len < 2)
        return;
    html_put(page, "<h4>Attempts</h4>\n<div class=\"wide\" tabindex=\"0\" role=\"group\" "
                   "aria-label=\"Attempts\"><table><thead>"
                   "<tr><th scope=\"col\">#</th><th scope=\"col\">Verdict</th><th scope=\"col\" "
                   "class=\"number\">Time</th>"
                   "<th scope=\"col\">Stage</th><th scope=\"col\">Reason</th><th "
                   "scope=\"col\">Console</th></tr></thead><tbody>\n");
    for (unsigned i = 0; i < MIN(result->outcomes->len, 100) && html_has_room(page); i++)
        add_attempt(page, result->outcomes->pdata[i], i + 1);
    html_put(page, "</tbody></table></div>\n");
}

// Needs no quotes in a shell.
static bool is_plain(const char *word)
{
    return word[0] && strspn(word, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_./,:=@+%") == strlen(word);
}

static char *command_of(GStrv command)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; command[i] && i < 500; i++)
        g_ptr_array_add(words, is_plain(command[i]) ? g_strdup(command[i]) : g_shell_quote(command[i]));
    g_ptr_array_add(words, NULL);
    return g_strjoinv(" ", (char **)words->pdata);
}

static void add_input(GString *page, const Input *input)
{
    g_autofree char *size = input->sha256 ? html_number(input->size) : NULL;
    html_put(page,
        "<tr><th scope=\"row\">%.60s</th><td>%.400s</td><td>%.300s</td><td class=\"number\">%s</td>",
        input->what, input->path, input->version, size);
    html_put(
        page, "<td class=\"sum\">%.128s</td></tr>\n", input->sha256 ? input->sha256 : "it could not be read");
}

static void add_inputs(GString *page, const GPtrArray *inputs)
{
    if (inputs->len == 0)
        return;
    html_put(page,
        "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Inputs\"><table><thead><tr>"
        "<th scope=\"col\">Input</th><th scope=\"col\">File</th><th scope=\"col\">Version</th>"
        "<th scope=\"col\" class=\"number\">Bytes</th><th scope=\"col\">SHA-256</th></tr></thead><tbody>\n");
    for (unsigned i = 0; i < MIN(inputs->len, 100) && html_has_room(page); i++)
        add_input(page, inputs->pdata[i]);
    html_put(page, "</tbody></table></div>\n");
}

// One press takes all of it: user-select.
static void add_line(GString *page, const char *what, const char *line)
{
    html_put(page,
        "<pre class=\"line\" tabindex=\"0\" role=\"group\" aria-label=\"%s\"><code>%.16000s</code></pre>\n",
        what, line);
}

static void add_run(GString *page, const Result *result)
{
    html_put(page, "<h4>What was run</h4>\n");
    if (result->again)
        add_line(page, "This boot again", result->again);
    add_inputs(page, result->inputs);
    if (!result->command || !result->command[0])
        return;
    g_autofree char *command = command_of(result->command);
    html_put(page, "<details><summary>The command line of lparun</summary>\n");
    add_line(page, "The command line of lparun", command);
    html_put(page, "</details>\n");
}

static void add_body(GString *page, const Result *result, unsigned number, const char *folder, gsize share)
{
    const Outcome *outcome = result_outcome(result);
    g_autoptr(HtmlConsole) console = html_console_new(outcome, number, folder, share);
    add_facts(page, result, outcome);
    add_block(page, outcome, verdict_is_good(result->verdict));
    html_timeline(page, outcome, console);
    html_counts(page, outcome);
    html_cases(page, outcome);
    add_attempts(page, result);
    add_run(page, result);
    html_put(page, "<h4>Console</h4>\n");
    html_console(page, console, outcome);
}

static void add_head(GString *page, const Result *result)
{
    g_autofree char *seconds = html_seconds(result_outcome(result)->seconds);
    html_put(page, "<summary><h3>" HTML_NAME "</h3> ", result->name);
    html_verdict(page, result->verdict);
    html_put(page, " <span class=\"dim number\">%s</span></summary>\n", seconds);
}

// Browsers unfold what a link leads into, so the anchor is inside.
void html_boot(
    GString *page, const Result *result, unsigned number, bool open, const char *folder, gsize share)
{
    html_put(page, open ? "<details class=\"boot %s\" open>\n" : "<details class=\"boot %s\">\n",
        html_tone(result->verdict));
    add_head(page, result);
    html_put(page, "<div class=\"body\" id=\"b%u\"><p class=\"reason\">" HTML_REASON "</p>\n", number,
        result->reason);
    if (html_has_room(page))
        add_body(page, result, number, folder, share);
    else
        html_put(page, "<p>This page is full: results.json has the rest.</p>\n");
    html_put(page, "</div></details>\n");
}
