// A person, or a script, at the human monitor: bytes in, lines run, text out.
#include "session.h"
#include "../options.h"

#define AT_ONCE 4096 // bytes of a write
#define HISTORY 32   // lines that arrow keys bring back
#define PROMPT "(qemu) "

struct HmpSession {
    MonitorMachine machine;
    Hmp hmp;
    bool (*write)(void *owner, const uint8_t *bytes, size_t length);
    void *owner;
    GString *line, *out; // what is typed; what waits to be written
    GPtrArray *history;
    unsigned shown;  // which of them the line is; as many as there are: none
    unsigned escape; // how much of an arrow key's sequence has come
};

static void say(HmpSession *session, const char *text)
{
    g_string_append(session->out, text);
}

bool hmp_session_go_on(HmpSession *session)
{
    while (session->out->len > 0) {
        size_t length = MIN(session->out->len, AT_ONCE);
        if (!session->write(session->owner, (const uint8_t *)session->out->str, length))
            return false;
        g_string_erase(session->out, 0, (gssize)length);
    }
    return true;
}

HmpSession *hmp_session_new(const MonitorMachine *machine,
    bool (*write)(void *owner, const uint8_t *bytes, size_t length), void *owner)
{
    HmpSession *session = g_new0(HmpSession, 1);
    session->machine = *machine;
    session->hmp.machine = &session->machine;
    session->write = write;
    session->owner = owner;
    session->line = g_string_new(NULL);
    session->out = g_string_new(NULL);
    session->history = g_ptr_array_new_with_free_func(g_free);
    say(session, "QEMU " QEMU_VERSION " monitor - type 'help' for more information\r\n" PROMPT);
    hmp_session_go_on(session);
    return session;
}

void hmp_session_free(HmpSession *session)
{
    if (!session)
        return;
    g_string_free(session->line, TRUE);
    g_string_free(session->out, TRUE);
    g_ptr_array_unref(session->history);
    g_free(session);
}

// --- The line.

static void erase(HmpSession *session, size_t count)
{
    for (; count > 0 && session->line->len > 0; count--) {
        g_string_truncate(session->line, session->line->len - 1);
        say(session, "\b \b");
    }
}

static void erase_word(HmpSession *session)
{
    while (session->line->len > 0 && session->line->str[session->line->len - 1] == ' ')
        erase(session, 1);
    while (session->line->len > 0 && session->line->str[session->line->len - 1] != ' ')
        erase(session, 1);
}

static void type(HmpSession *session, char c)
{
    if (session->line->len == HMP_LINE)
        return;
    g_string_append_c(session->line, c);
    g_string_append_c(session->out, c);
}

// The line before, or behind, the one that is shown.
static void show_line(HmpSession *session, int step)
{
    unsigned count = session->history->len, next = session->shown + (unsigned)step;
    if (next > count) // below the first one, too
        return;
    session->shown = next;
    erase(session, session->line->len);
    for (const char *c = next < count ? session->history->pdata[next] : ""; *c; c++)
        type(session, *c);
}

static void keep_line(HmpSession *session)
{
    if (session->line->len > 0)
        g_ptr_array_add(session->history, g_strdup(session->line->str));
    if (session->history->len > HISTORY)
        g_ptr_array_remove_index(session->history, 0);
    session->shown = session->history->len;
}

static void run_line(HmpSession *session)
{
    say(session, "\r\n");
    keep_line(session);
    g_autofree char *line = g_strdup(session->line->str);
    g_string_truncate(session->line, 0);
    g_autofree char *answer = hmp_run(&session->hmp, line);
    say(session, answer);
    say(session, PROMPT);
}

// ESC [ A, and its like.
static bool take_escape(HmpSession *session, uint8_t byte)
{
    if (session->escape == 0 && byte != 0x1b)
        return false;
    if (session->escape == 2 && (byte == 'A' || byte == 'B'))
        show_line(session, byte == 'A' ? -1 : 1);
    bool more = session->escape == 0 || (session->escape == 1 && (byte == '[' || byte == 'O'));
    session->escape = more ? session->escape + 1 : 0;
    return true;
}

static void take_byte(HmpSession *session, uint8_t byte)
{
    enum { CTRL_U = 0x15, CTRL_W = 0x17, BACKSPACE = 0x08, DELETE = 0x7f };
    if (take_escape(session, byte))
        return;
    if (byte == '\r' || byte == '\n')
        run_line(session);
    else if (byte == BACKSPACE || byte == DELETE)
        erase(session, 1);
    else if (byte == CTRL_U)
        erase(session, session->line->len);
    else if (byte == CTRL_W)
        erase_word(session);
    else if (byte >= 0x20)
        type(session, (char)byte);
}

size_t hmp_session_take(HmpSession *session, const uint8_t *bytes, size_t length)
{
    size_t taken = 0;
    while (taken < length && hmp_session_go_on(session))
        take_byte(session, bytes[taken++]);
    hmp_session_go_on(session);
    return taken;
}
