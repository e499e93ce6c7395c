// Text that becomes HTML.
#include "html_escape.h"
#include "plain.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void add_character(GString *page, gunichar c)
{
    switch (c) {
    case '<':
        g_string_append(page, "&lt;");
        break;
    case '>':
        g_string_append(page, "&gt;");
        break;
    case '&':
        g_string_append(page, "&amp;");
        break;
    case '"':
        g_string_append(page, "&quot;");
        break;
    case '\'':
        g_string_append(page, "&#39;");
        break;
    default:
        g_string_append_unichar(page, c);
    }
}

static void add_text(GString *page, const char *text, gsize longest)
{
    const char *at = text;
    while (*at && (gsize)(at - text) < longest) {
        gunichar c = plain_next(&at);
        if (c == '\n' || c == '\t' || plain_is_shown(c))
            add_character(page, c);
    }
    if (*at)
        g_string_append(page, "…");
}

static void add_double(GString *page, double number, int digits)
{
    char format[16], text[64];
    g_snprintf(format, sizeof(format), "%%.%df", CLAMP(digits, 0, 9));
    double near = isfinite(number) ? CLAMP(number, -1e15, 1e15) : 0;
    g_string_append(page, g_ascii_formatd(text, sizeof(text), format, near));
}

// One conversion, at what is behind its %; where the markup goes on.
static const char *convert(GString *page, const char *at, va_list *arguments)
{
    char *end = (char *)at;
    int precision = *at == '.' ? (int)strtol(at + 1, &end, 10) : -1;
    const char *text;
    switch (*end) {
    case 's':
        text = va_arg(*arguments, const char *);
        add_text(page, text ? text : "", precision >= 0 ? (gsize)precision : HTML_TEXT_LONGEST);
        break;
    case 'd':
    case 'u':
        g_string_append_printf(page, *end == 'd' ? "%d" : "%u", va_arg(*arguments, unsigned));
        break;
    case 'f':
        add_double(page, va_arg(*arguments, double), precision);
        break;
    case '%':
        g_string_append_c(page, '%');
        break;
    default:
        g_assert_not_reached();
    }
    return end + 1;
}

void html_put(GString *page, const char *markup, ...)
{
    va_list arguments;
    va_start(arguments, markup);
    for (const char *percent; (percent = strchr(markup, '%'));) {
        g_string_append_len(page, markup, percent - markup);
        markup = convert(page, percent + 1, &arguments);
    }
    g_string_append(page, markup);
    va_end(arguments);
}

bool html_has_room(const GString *page)
{
    return page->len < HTML_BYTES;
}

char *html_number(gint64 number)
{
    GString *text = g_string_new(NULL);
    g_string_printf(text, "%" G_GINT64_FORMAT, number);
    for (gssize at = (gssize)text->len - 3; at > (number < 0 ? 1 : 0); at -= 3)
        g_string_insert_c(text, at, ',');
    return g_string_free(text, FALSE);
}

char *html_seconds(double seconds)
{
    char text[64];
    if (!(seconds > 0))
        return g_strdup("0 s");
    if (seconds >= 60) {
        gint64 whole = (gint64)MIN(seconds + 0.5, 1e9);
        return g_strdup_printf("%" G_GINT64_FORMAT " min %02d s", whole / 60, (int)(whole % 60));
    }
    return g_strdup_printf(
        "%s s", g_ascii_formatd(text, sizeof(text), seconds < 10 ? "%.2f" : "%.1f", seconds));
}
