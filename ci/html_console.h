// A boot's console in the HTML page.
#pragma once
#include "outcome.h"

typedef struct HtmlConsole HtmlConsole;

#define HTML_LINES 2000u // of a console, at most
#define HTML_STAGES 32u  // of a boot that are shown

// `number`: of the boot, which its lines' anchors are called by. `folder`: where results.json is; read from
// there where `outcome` does not have it. `share`: bytes of the page that it may take, about.
HtmlConsole *html_console_new(const Outcome *outcome, unsigned number, const char *folder, gsize share);
void html_console_free(HtmlConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HtmlConsole, html_console_free)

void html_console(GString *page, const HtmlConsole *console, const Outcome *outcome);
// The anchor of the line at which a stage began (g_free); NULL: it is not shown.
char *html_console_anchor(const HtmlConsole *console, double seconds);
// The seconds before a line, and where its text begins; -1: it has none.
double html_console_seconds(const char *line, const char **text);
// A line of a console that stands elsewhere, without an anchor.
void html_console_line(GString *page, const char *line);
// Links to a run's console.txt and console.raw, where it has a folder.
void html_console_links(GString *page, const Outcome *outcome);
