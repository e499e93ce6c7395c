// The short forms of -serial, -qmp and their like: "tcp:HOST:PORT,server=on" as what -chardev takes.
#include "char_options.h"
#include "lparun/error.h"
#include <string.h>

// A text in which a comma is none that separates.
static char *double_commas(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 0);
    return g_strjoinv(",,", parts);
}

static char *read_plain(const char *kind, const char *rest)
{
    return g_strdup(kind);
}

// All of the rest is a path.
static char *read_path(const char *kind, const char *rest)
{
    g_autofree char *path = double_commas(rest);
    return g_strdup_printf("%s,path=%s", kind, path);
}

// A path and keys, or keys alone: "fd=3".
static char *read_unix(const char *kind, const char *rest)
{
    size_t first = strcspn(rest, ",");
    return g_strdup_printf("%s,%s%s", kind, memchr(rest, '=', first) ? "" : "path=", rest);
}

// "HOST:PORT" up to `end`, where HOST may be empty or in brackets. NULL: it is not that.
static char *read_host(const char *host_key, const char *port_key, const char *text, size_t length)
{
    g_autofree char *place = g_strndup(text, length);
    char *colon = strrchr(place, ':');
    if (!colon || strchr(colon, ']'))
        return NULL;
    *colon = '\0';
    char *host = place;
    size_t last = strlen(host);
    if (last > 1 && host[0] == '[' && host[last - 1] == ']') {
        host[last - 1] = '\0';
        host++;
    }
    return g_strdup_printf("%s=%s,%s=%s", host_key, host, port_key, colon + 1);
}

static char *read_tcp(const char *kind, const char *rest)
{
    size_t length = strcspn(rest, ",");
    g_autofree char *place = read_host("host", "port", rest, length);
    return place ? g_strdup_printf("%s,%s%s", kind, place, rest + length) : NULL;
}

static char *read_telnet(const char *kind, const char *rest)
{
    g_autofree char *tcp = read_tcp(kind, rest);
    return tcp ? g_strconcat(tcp, ",telnet=on", NULL) : NULL;
}

static char *read_websocket(const char *kind, const char *rest)
{
    g_autofree char *tcp = read_tcp(kind, rest);
    return tcp ? g_strconcat(tcp, ",websocket=on", NULL) : NULL;
}

// "[HOST]:PORT[@[HOST]:PORT]", theirs and ours.
static char *read_udp(const char *kind, const char *rest)
{
    size_t length = strcspn(rest, "@");
    g_autofree char *theirs = read_host("host", "port", rest, length);
    g_autofree char *ours =
        rest[length] ? read_host("localaddr", "localport", rest + length + 1, strlen(rest + length + 1))
                     : NULL;
    if (!theirs || (rest[length] && !ours))
        return NULL;
    return g_strdup_printf("%s,%s%s%s", kind, theirs, ours ? "," : "", ours ? ours : "");
}

// A form ends with a colon, and is all that stands before the rest; or it is the whole word.
static const struct {
    const char *form, *kind;
    char *(*read)(const char *kind, const char *rest);
    const char *looks; // for messages
} forms[] = {
    { "stdio", "stdio", read_plain, "stdio" },
    { "null", "null", read_plain, "null" },
    { "pty", "pty", read_plain, "pty" },
    { "pty:", "pty", read_path, NULL },
    { "file:", "file", read_path, "file:PATH" },
    { "pipe:", "pipe", read_path, "pipe:PATH" },
    { "unix:", "socket", read_unix, "unix:PATH" },
    { "tcp:", "socket", read_tcp, "tcp:HOST:PORT" },
    { "telnet:", "socket", read_telnet, "telnet:HOST:PORT" },
    { "websocket:", "socket", read_websocket, NULL },
    { "udp:", "udp", read_udp, "udp:HOST:PORT" },
    { "vc", "vc", read_plain, NULL },
    { "vc:", "vc", read_plain, NULL },
    { "msmouse", "msmouse", read_plain, NULL },
    { "wctablet", "wctablet", read_plain, NULL },
    { "braille", "braille", read_plain, NULL },
    { "testdev", "testdev", read_plain, NULL },
    { "ringbuf", "ringbuf", read_plain, "ringbuf" },
};

static bool refuse_form(const char *option, const char *text, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++)
        if (forms[i].looks)
            g_ptr_array_add(known, (char *)forms[i].looks);
    g_ptr_array_add(known, "/dev/ttyS0");
    g_autofree char *list = words_join(known, ", ", " or ");
    return error_user(error, "%s %s: there is no such place; give chardev:ID, %s", option, text, list);
}

char *char_short_read(const char *option, const char *text, bool *mux, GError **error)
{
    const char *word = text;
    if ((*mux = g_str_has_prefix(text, "mon:")))
        word += strlen("mon:");
    if (g_str_has_prefix(word, "/dev/"))
        return read_path(g_str_has_prefix(word, "/dev/parport") ? "parallel" : "serial", word);
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++) {
        size_t length = strlen(forms[i].form);
        bool is_whole = forms[i].form[length - 1] != ':';
        if (is_whole ? strcmp(word, forms[i].form) != 0 : strncmp(word, forms[i].form, length) != 0)
            continue;
        char *made = forms[i].read(forms[i].kind, word + length);
        if (!made)
            error_user(error, "%s %s: not a place; give %s", option, text,
                forms[i].looks ? forms[i].looks : "HOST:PORT");
        return made;
    }
    refuse_form(option, text, error);
    return NULL;
}
