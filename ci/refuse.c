// Errors with a text.
#include "refuse.h"
#include <errno.h>
#include <gio/gio.h>

bool refuse(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (error)
        *error = g_error_new_valist(G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, format, arguments);
    va_end(arguments);
    return false;
}

bool refuse_system(GError **error, const char *what)
{
    int code = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(code), "%s: %s", what, g_strerror(code));
    return false;
}
