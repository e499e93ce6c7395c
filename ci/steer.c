// A client of QMP.
#include "steer.h"
#include "json_read.h"
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>

#define AGAIN 2 // milliseconds until the socket is looked for again, and twice as many each time
#define AGAIN_MOST 50

// A command that has no answer yet. Answers come in the order of the commands.
typedef struct Question {
    SteerAnswer answer;
    void *owner;
} Question;

struct Steer {
    const SteerOps *ops;
    void *owner;
    bool closed;
    GSocketAddress *address;
    GSocketClient *client;
    GSocketConnection *connection; // NULL: not yet
    GDataInputStream *lines;
    GCancellable *cancel;
    GQueue questions; // of Question
    GString *early;   // commands from before there was a connection
    guint again;      // a source, or 0
    guint wait;       // milliseconds
};

static gboolean try(gpointer data);

static void send(Steer *steer, const char *text)
{
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(steer->connection)), text,
        strlen(text), NULL, steer->cancel, NULL);
}

void steer_ask(Steer *steer, const char *command, const char *arguments, SteerAnswer answer, void *owner)
{
    Question *question = g_new(Question, 1);
    *question = (Question){ answer, owner };
    g_queue_push_tail(&steer->questions, question);
    g_autofree char *line = g_strdup_printf("{\"execute\":\"%s\"%s%s}\n", command,
        arguments ? ",\"arguments\":" : "", arguments ? arguments : "");
    if (steer->connection)
        send(steer, line);
    else
        g_string_append(steer->early, line);
}

// What the guest did before there was a client to be told.
static void take_status(void *owner, JsonNode *value, const char *error)
{
    Steer *steer = owner;
    const char *name = json_read_text(json_read_object(value), "status");
    if (g_strcmp0(name, "shutdown") == 0)
        steer->ops->event(steer->owner, "SHUTDOWN", "guest-shutdown");
    else if (g_strcmp0(name, "guest-panicked") == 0)
        steer->ops->event(steer->owner, "GUEST_PANICKED", NULL);
}

static void take_answer(Steer *steer, JsonNode *value, JsonObject *error)
{
    g_autofree Question *question = g_queue_pop_head(&steer->questions);
    const char *why = json_read_text(error, "desc");
    if (question && question->answer)
        question->answer(question->owner, value, value ? NULL : why ? why : "it was refused");
}

static void take(Steer *steer, const char *line)
{
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    JsonObject *message = json_read_object(node);
    const char *event = json_read_text(message, "event");
    if (!message)
        return;
    if (json_object_has_member(message, "return") || json_object_has_member(message, "error"))
        take_answer(steer, json_object_get_member(message, "return"), json_read_member(message, "error"));
    else if (event)
        steer->ops->event(steer->owner, event, json_read_text(json_read_member(message, "data"), "reason"));
}

static void on_line(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *line =
        g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(source), result, NULL, &error);
    if (error && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    Steer *steer = data;
    if (!line) {
        steer->closed = true;
        steer->ops->closed(steer->owner);
        return;
    }
    GCancellable *cancel = g_object_ref(steer->cancel); // the owner may free all of this meanwhile
    take(steer, line);
    if (!g_cancellable_is_cancelled(cancel))
        g_data_input_stream_read_line_async(steer->lines, G_PRIORITY_DEFAULT, steer->cancel, on_line, steer);
    g_object_unref(cancel);
}

static void begin(Steer *steer)
{
    g_autofree char *early = g_string_free(g_steal_pointer(&steer->early), FALSE);
    send(steer, early);
    g_data_input_stream_read_line_async(steer->lines, G_PRIORITY_DEFAULT, steer->cancel, on_line, steer);
}

static void on_connect(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) error = NULL;
    GSocketConnection *connection = g_socket_client_connect_finish(G_SOCKET_CLIENT(source), result, &error);
    if (error && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    Steer *steer = data;
    if (!connection) {
        steer->again = g_timeout_add(steer->wait, try, steer);
        steer->wait = MIN(2 * steer->wait, AGAIN_MOST);
        return;
    }
    steer->connection = connection;
    steer->lines = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    begin(steer);
}

static gboolean try(gpointer data)
{
    Steer *steer = data;
    steer->again = 0;
    g_socket_client_connect_async(
        steer->client, G_SOCKET_CONNECTABLE(steer->address), steer->cancel, on_connect, steer);
    return G_SOURCE_REMOVE;
}

bool steer_is_open(const Steer *steer)
{
    return steer->connection && !steer->closed;
}

Steer *steer_new(const char *path, const SteerOps *ops, void *owner)
{
    Steer *steer = g_new0(Steer, 1);
    steer->ops = ops;
    steer->owner = owner;
    steer->address = g_unix_socket_address_new(path);
    steer->client = g_socket_client_new();
    steer->cancel = g_cancellable_new();
    steer->early = g_string_new(NULL);
    steer->wait = AGAIN;
    g_queue_init(&steer->questions);
    steer_ask(steer, "qmp_capabilities", NULL, NULL, NULL);
    steer_ask(steer, "query-status", NULL, take_status, steer);
    try(steer);
    return steer;
}

void steer_free(Steer *steer)
{
    if (!steer)
        return;
    if (steer->again)
        g_source_remove(steer->again);
    g_cancellable_cancel(steer->cancel);
    g_clear_object(&steer->lines);
    g_clear_object(&steer->connection);
    g_object_unref(steer->client);
    g_object_unref(steer->address);
    g_object_unref(steer->cancel);
    g_queue_clear_full(&steer->questions, g_free);
    if (steer->early)
        g_string_free(steer->early, TRUE);
    g_free(steer);
}
