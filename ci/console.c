// What a guest writes to its console.
#include "console.h"

struct Console {
    void (*each)(void *owner, const char *line, gint64 at);
    void *owner;
    gint64 start;
    Lines *lines;
    GPtrArray *kept; // of char *
    GByteArray *raw;
    bool flooded;
};

static void on_line(void *owner, const char *line, gint64 at)
{
    Console *console = owner;
    if (console->kept->len == CONSOLE_LINES) {
        console->flooded = true;
        g_ptr_array_remove_range(console->kept, 0, CONSOLE_LINES / 2);
    }
    double seconds = (double)(at - console->start) / G_USEC_PER_SEC;
    g_ptr_array_add(console->kept, g_strdup_printf("%10.3f %s", seconds, line));
    console->each(console->owner, line, at);
}

Console *console_new(void (*each)(void *owner, const char *line, gint64 at), void *owner)
{
    Console *console = g_new0(Console, 1);
    console->each = each;
    console->owner = owner;
    console->lines = lines_new(on_line, console);
    console->kept = g_ptr_array_new_with_free_func(g_free);
    console->raw = g_byte_array_new();
    return console;
}

void console_free(Console *console)
{
    lines_free(console->lines);
    g_clear_pointer(&console->kept, g_ptr_array_unref);
    g_clear_pointer(&console->raw, g_byte_array_unref);
    g_free(console);
}

void console_begin(Console *console, gint64 start)
{
    console->start = start;
}

void console_take(Console *console, const char *bytes, gsize length)
{
    gsize room = CONSOLE_BYTES - console->raw->len;
    g_byte_array_append(console->raw, (const guint8 *)bytes, (guint)MIN(length, room));
    console->flooded |= length > room;
    lines_take(console->lines, bytes, length, g_get_monotonic_time());
}

const char *console_partial(const Console *console)
{
    return lines_partial(console->lines);
}

void console_end(Console *console)
{
    lines_end(console->lines);
}

void console_fill(Console *console, Outcome *outcome)
{
    const GPtrArray *kept = console->kept;
    for (unsigned i = kept->len > LAST_LINES ? kept->len - LAST_LINES : 0; i < kept->len; i++)
        g_ptr_array_add(outcome->last, g_strdup(kept->pdata[i]));
    outcome->flooded = console->flooded;
    outcome->console = g_steal_pointer(&console->kept);
    outcome->raw = g_steal_pointer(&console->raw);
}
