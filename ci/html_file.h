// The console.txt of a run, for the HTML page.
#pragma once
#include <glib.h>
#include <stdbool.h>

// Where it is comes from a results.json that another machine may have written. A merged report's consoles are
// beside it, so that ".." is right; absolute is not.
bool html_file_is_beside(const char *folder);
// Its lines; `report` is where results.json is, and `folder` as seen from there. NULL: it is not there, too
// long, or no file: links and pipes are not read.
GPtrArray *html_file_lines(const char *report, const char *folder);
