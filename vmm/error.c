// Errors for a person to read.
#include "lparun/error.h"

// What a person typed may hold any byte, and an error is one line: control characters as C writes them.
static char *escape(const char *message)
{
    GString *line = g_string_new(NULL);
    for (const char *c = message; *c; c++) {
        if (*c == '\n')
            g_string_append(line, "\\n");
        else if (g_ascii_iscntrl(*c))
            g_string_append_printf(line, "\\x%02x", *c);
        else
            g_string_append_c(line, *c);
    }
    return g_string_free(line, FALSE);
}

void error_tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *line = escape(message);
    g_printerr("lparun: %s\n", line);
}

bool error_set(GError **error, LparunError code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error) {
        g_autofree char *message = g_strdup_vprintf(format, arguments);
        g_autofree char *line = escape(message);
        g_set_error_literal(error, LPARUN_ERROR, code, line);
    }
    va_end(arguments);
    return false;
}

bool error_more(GError **error, GError *more)
{
    if (!error || !*error) {
        g_propagate_error(error, more);
        return false;
    }
    char *both = g_strconcat((*error)->message, "\n", more->message, NULL);
    g_free((*error)->message);
    (*error)->message = both;
    g_error_free(more);
    return false;
}
