// Errors for a person to read.
#include "lparun/error.h"

bool error_set(GError **error, LparunError code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error)
        *error = g_error_new_valist(LPARUN_ERROR, code, format, arguments);
    va_end(arguments);
    return false;
}
