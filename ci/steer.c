// A client of QMP.
#include "steer.h"
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <json-glib/json-glib.h>
#include <string.h>

#define AGAIN 5 // milliseconds until the socket is looked for again

struct Steer {
    const SteerOps *ops;
    void *owner;
    bool closed;
    GSocketAddress *address;
    GSocketClient *client;
    GSocketConnection *connection; // NULL: not yet
    GDataInputStream *lines;
    GCancellable *cancel;
    guint again; // a source, or 0
};

static gboolean try(gpointer data);

// Its answer has the command's name as id.
static void command(Steer *steer, const char *name)
{
    g_autofree char *line = g_strdup_printf("{\"execute\":\"%s\",\"id\":\"%s\"}\n", name, name);
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(steer->connection)), line,
        strlen(line), NULL, steer->cancel, NULL);
}

static void take_timeline(Steer *steer, JsonObject *timeline)
{
    JsonArray *marks =
        json_object_has_member(timeline, "marks") ? json_object_get_array_member(timeline, "marks") : NULL;
    for (unsigned i = 0; marks && i < json_array_get_length(marks); i++) {
        JsonObject *mark = json_array_get_object_element(marks, i);
        steer->ops->mark(steer->owner, json_object_get_string_member(mark, "name"),
            json_object_get_int_member(mark, "at"));
    }
}

// What the guest did before there was a client to be told.
static void take_status(Steer *steer, JsonObject *status)
{
    const char *name = json_object_get_string_member_with_default(status, "status", "");
    if (strcmp(name, "shutdown") == 0)
        steer->ops->event(steer->owner, "SHUTDOWN", "guest-shutdown");
    else if (strcmp(name, "guest-panicked") == 0)
        steer->ops->event(steer->owner, "GUEST_PANICKED", NULL);
}

static void take_answer(Steer *steer, JsonObject *message)
{
    JsonNode *value = json_object_get_member(message, "return");
    const char *id = json_object_get_string_member_with_default(message, "id", "");
    if (!JSON_NODE_HOLDS_OBJECT(value))
        return;
    if (strcmp(id, "x-lparun-timeline") == 0)
        take_timeline(steer, json_node_get_object(value));
    else if (strcmp(id, "query-status") == 0)
        take_status(steer, json_node_get_object(value));
}

static void take(Steer *steer, const char *line)
{
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    if (!node || !JSON_NODE_HOLDS_OBJECT(node))
        return;
    JsonObject *message = json_node_get_object(node);
    if (json_object_has_member(message, "return"))
        take_answer(steer, message);
    if (!json_object_has_member(message, "event"))
        return;
    JsonObject *data =
        json_object_has_member(message, "data") ? json_object_get_object_member(message, "data") : NULL;
    steer->ops->event(steer->owner, json_object_get_string_member(message, "event"),
        data ? json_object_get_string_member_with_default(data, "reason", NULL) : NULL);
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
    take(steer, line);
    if (!g_cancellable_is_cancelled(steer->cancel))
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
        steer->again = g_timeout_add(AGAIN, try, steer);
        return;
    }
    steer->connection = connection;
    steer->lines = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    command(steer, "qmp_capabilities");
    command(steer, "query-status");
    g_data_input_stream_read_line_async(steer->lines, G_PRIORITY_DEFAULT, steer->cancel, on_line, steer);
}

static gboolean try(gpointer data)
{
    Steer *steer = data;
    steer->again = 0;
    g_socket_client_connect_async(
        steer->client, G_SOCKET_CONNECTABLE(steer->address), steer->cancel, on_connect, steer);
    return G_SOURCE_REMOVE;
}

void steer_quit(Steer *steer)
{
    if (!steer->connection)
        return;
    command(steer, "x-lparun-timeline");
    command(steer, "quit");
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
    g_free(steer);
}
