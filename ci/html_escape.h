// Text in HTML: whatever it is, it stays text.
#pragma once
#include <glib.h>
#include <stdbool.h>

// A page gets no more of what can be left out when it is this long.
#define HTML_BYTES (16u << 20)
#define HTML_TEXT_LONGEST 4200u // bytes of one text, unless the markup says less

// Adds markup; what its %s stand for is text. %s, %.200s (at most so many bytes), %d, %u and %.3f (with a
// point in any locale) are understood. Of text, what plain_is_shown() does not have is left out, but for ends
// of lines and tabs; what is no UTF-8 becomes U+FFFD, and NULL is nothing.
void html_put(GString *page, const char *markup, ...) G_GNUC_PRINTF(2, 3);
bool html_has_room(const GString *page);

// "12,345" (g_free)
char *html_number(gint64 number);
// "3.21 s", "2 min 05 s"; 0 for what is no number (g_free)
char *html_seconds(double seconds);
