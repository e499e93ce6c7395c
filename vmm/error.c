// Errors for a person to read.
#include "lparun/error.h"

static void set(GError **error, LparunError code, const char *format, va_list arguments)
{
    if (error)
        *error = g_error_new_valist(LPARUN_ERROR, code, format, arguments);
}

bool error_host(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(error, LPARUN_ERROR_HOST, format, arguments);
    va_end(arguments);
    return false;
}

bool error_user(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(error, LPARUN_ERROR_USER, format, arguments);
    va_end(arguments);
    return false;
}
