// The escape character of terminals and of mux=on, with QEMU's keys, and lines with the time.
#include "private.h"
#include <stdio.h>
#include <string.h>

static void say(Chardev *chardev, const char *text)
{
    if (chardev->backend->say)
        chardev->backend->say(chardev->self, text);
    else
        chardev_put(
            chardev, (const uint8_t *)text, strlen(text)); // unread, it is lost: nobody waits for that
}

// With the carriage return that a raw terminal may need.
static void help(Chardev *chardev)
{
    uint8_t escape = chardev->mux.escape;
    g_autofree char *name =
        escape < 0x20 ? g_strdup_printf("Ctrl-%c", escape | 0x40) : g_strdup_printf("%c", escape);
    bool switches = chardev->count > 1 || chardev->late;
    g_autofree char *text = g_strdup_printf("\r\n"
                                            "%s x  end the guest\r\n%s h  this help\r\n"
                                            "%s t  time before each line, or not\r\n"
                                            "%s b  send a break\r\n%s%s"
                                            "%s %s  send %s\r\n",
        name, name, name, name, switches ? name : "", switches ? " c  go to the monitor, and back\r\n" : "",
        name, name, name);
    say(chardev, text);
}

static void toggle_stamps(Chardev *chardev)
{
    g_mutex_lock(&chardev->lock);
    chardev->mux.stamps = !chardev->mux.stamps;
    chardev->mux.start = g_get_monotonic_time();
    g_mutex_unlock(&chardev->lock);
}

// What the byte after the escape asks for. What is no key of it is nothing.
static void obey(Chardev *chardev, uint8_t key)
{
    const ChardevHost *host = &chardev->host;
    switch (key) {
    case 'x':
        if (host->quit)
            host->quit(host->owner);
        break;
    case 'h':
    case '?':
        help(chardev);
        break;
    case 't':
        toggle_stamps(chardev);
        break;
    case 'b':
        chardev_send_break(chardev);
        break;
    case 'c':
        chardev_move_focus(chardev);
        break;
    default:
        break;
    }
}

// What stands before an escape is for who has the input then.
size_t mux_take_escapes(Chardev *chardev, uint8_t *bytes, size_t length)
{
    Mux *mux = &chardev->mux;
    size_t kept = 0;
    for (size_t i = 0; i < length; i++) {
        if (!mux->escaped && bytes[i] == mux->escape) {
            mux->escaped = true;
            continue;
        }
        bool escaped = mux->escaped;
        mux->escaped = false;
        if (!escaped || bytes[i] == mux->escape) {
            bytes[kept++] = bytes[i];
            continue;
        }
        chardev_deliver(chardev, bytes, kept);
        kept = 0;
        obey(chardev, bytes[i]);
    }
    return kept;
}

uint8_t *mux_stamp(const Mux *mux, const uint8_t *bytes, size_t *length, bool *in_line)
{
    GString *text = g_string_new(NULL);
    unsigned milliseconds = (unsigned)((g_get_monotonic_time() - mux->start) / 1000);
    *in_line = mux->in_line;
    for (size_t i = 0; i < *length; i++) {
        if (!*in_line)
            g_string_append_printf(text, "[%02u:%02u:%02u.%03u] ", milliseconds / 3600000,
                milliseconds / 60000 % 60, milliseconds / 1000 % 60, milliseconds % 1000);
        g_string_append_c(text, (char)bytes[i]);
        *in_line = bytes[i] != '\n';
    }
    *length = text->len;
    return (uint8_t *)g_string_free(text, FALSE);
}
