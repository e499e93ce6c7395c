// The report of a run as one page of HTML: by itself, without scripts.
#pragma once
#include "outcome.h"

// `folder`: where results.json is (and this page will be): consoles that are not in memory are read from the
// outcomes' folders in it; NULL: they are not. Never NULL, some 20 MB at most (g_free).
char *html_text(const Results *results, const char *folder);
