// The parts of the HTML page: each adds itself to it.
#pragma once
#include "html_console.h"
#include "html_escape.h"
#include "outcome.h"

#define HTML_NAME "%.160s"   // of a boot, wherever it stands
#define HTML_REASON "%.600s" // and why

// A verdict's icon and word. Colours come by the class html_tone() of something around it.
void html_verdict(GString *page, Verdict verdict);
void html_icon(GString *page, Verdict verdict);
// "good", "soft", "bad", "time", "host": what it looks like.
const char *html_tone(Verdict verdict);
const char *html_verdict_word(Verdict verdict);
// In the order in which counts are told: what is bad comes first.
extern const Verdict html_order[VERDICTS];
// The icons that others use; once, before them.
void html_icons(GString *page);

// A row of a list of facts; nothing where `value` is NULL or "".
void html_fact(GString *page, const char *what, const char *value);

// Boots that are called alike.
typedef struct HtmlGroup {
    char *name;
    GArray *boots; // of unsigned: places in the results
} HtmlGroup;
// Of HtmlGroup, in the order in which they came (g_ptr_array_unref). A boot that `name_of` has NULL for is in
// none; what it returns is freed.
GPtrArray *html_groups(const Results *results, unsigned boots, char *(*name_of)(const Result *result));

// The boots that failed, those with the same signature together. Boots are called b1, b2, ... in their order.
void html_failures(GString *page, const Results *results, unsigned boots);
// All boots: as tables of two axes, and a plain one.
void html_matrix(GString *page, const Results *results, unsigned boots);

// What is known of one boot, unfolded where it is `open`. `share`: bytes that its console may take.
void html_boot(
    GString *page, const Result *result, unsigned number, bool open, const char *folder, gsize share);
void html_timeline(GString *page, const Outcome *outcome, const HtmlConsole *console);
void html_counts(GString *page, const Outcome *outcome);
void html_cases(GString *page, const Outcome *outcome);
