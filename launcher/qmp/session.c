// QMP: requests are checked as QEMU's qmp_dispatch() checks them, with the same words, and answered.
#include "session.h"
#include "commands.h"
#include "frame.h"
#include "json_text.h"

// An answer that a command gives later.
typedef struct Later {
    CommandLater hook;
    Session *session; // NULL: it has ended meanwhile
    char *id;         // the request's, or NULL
} Later;

struct Session {
    CommandSet set;
    const SessionOps *ops;
    void *owner;
    Later *later; // that is waited for, or NULL
    Frame *frame;
    bool negotiated; // qmp_capabilities was called
    bool pretty;
};

Session *session_new(
    const Command *const *tables, const MonitorMachine *machine, const SessionOps *ops, void *owner)
{
    Session *session = g_new0(Session, 1);
    *session = (Session){ .set = { tables, machine }, .ops = ops, .owner = owner, .frame = frame_new() };
    return session;
}

void session_free(Session *session)
{
    if (!session)
        return;
    if (session->later)
        session->later->session = NULL;
    frame_free(session->frame);
    g_free(session);
}

// Takes `object`. `id` is the text of a last member, or NULL.
static void write_answer(Session *session, JsonObject *object, const char *id)
{
    g_autoptr(JsonNode) root = json_node_alloc();
    json_node_init_object(root, object);
    json_object_unref(object);
    g_autofree char *text = json_to_string(root, session->pretty);
    g_autoptr(GString) line = g_string_new(text);
    if (id) {
        g_string_truncate(line, line->len - (session->pretty ? 2 : 1)); // the brace
        g_string_append_printf(line, session->pretty ? ",\n  \"id\" : %s\n}" : ",\"id\":%s}", id);
    }
    g_string_append(line, "\r\n");
    session->ops->write(session->owner, line->str, line->len);
}

static void write_line(Session *session, JsonObject *object)
{
    write_answer(session, object, NULL);
}

void session_set_pretty(Session *session, bool pretty)
{
    session->pretty = pretty;
}

void session_greet(Session *session)
{
    JsonObject *greeting = json_object_new(), *inner = json_object_new();
    json_object_set_member(inner, "version", command_version(&session->set));
    json_object_set_array_member(inner, "capabilities", json_array_new());
    json_object_set_object_member(greeting, "QMP", inner);
    write_line(session, greeting);
}

static const char *class_of(const GError *error)
{
    static const char *const names[COMMAND_CLASSES] = {
        [CLASS_GENERIC] = "GenericError",
        [CLASS_COMMAND_NOT_FOUND] = "CommandNotFound",
        [CLASS_DEVICE_NOT_ACTIVE] = "DeviceNotActive",
        [CLASS_DEVICE_NOT_FOUND] = "DeviceNotFound",
    };
    return names[error->domain == COMMAND_ERROR ? error->code : CLASS_GENERIC];
}

// `id` is the request's own text, or NULL.
static void write_error(Session *session, const GError *error, const char *id)
{
    JsonObject *answer = json_object_new(), *inner = json_object_new();
    json_object_set_string_member(inner, "class", class_of(error));
    json_object_set_string_member(inner, "desc", error->message);
    json_object_set_object_member(answer, "error", inner);
    write_answer(session, answer, id);
}

static bool wrong_member(const char *name, const char *expected, GError **error)
{
    g_set_error(error, COMMAND_ERROR, CLASS_GENERIC, "QMP input member '%s' must be %s", name, expected);
    return false;
}

static bool check_member(const char *name, JsonNode *value, GError **error)
{
    if (strcmp(name, "id") == 0)
        return true;
    if (strcmp(name, "execute") == 0)
        return json_node_get_value_type(value) == G_TYPE_STRING || wrong_member(name, "a string", error);
    if (strcmp(name, "arguments") == 0)
        return JSON_NODE_HOLDS_OBJECT(value) || wrong_member(name, "an object", error);
    g_set_error(error, COMMAND_ERROR, CLASS_GENERIC, "QMP input member '%s' is unexpected", name);
    return false;
}

static bool check_request(JsonObject *request, GError **error)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    json_object_iter_init(&iter, request);
    while (json_object_iter_next(&iter, &name, &value))
        if (!check_member(name, value, error))
            return false;
    if (json_object_has_member(request, "execute"))
        return true;
    g_set_error_literal(error, COMMAND_ERROR, CLASS_GENERIC, "QMP input lacks member 'execute'");
    return false;
}

static void not_found(const Session *session, const char *name, GError **error)
{
    const CommandRefused *row = session->set.machine->schema->refused;
    while (row->name && strcmp(row->name, name) != 0)
        row++;
    command_refuse_as(CLASS_COMMAND_NOT_FOUND, error, "The command %s has not been found%s%s", name,
        row->name ? ": " : "", row->name ? row->why : "");
}

// Before qmp_capabilities there is only that, and afterwards all but that.
static const Command *find_command(const Session *session, const char *name, GError **error)
{
    const Command *command = command_find(&session->set, name);
    bool negotiates = command && command_negotiates(command);
    if (!session->negotiated && !negotiates)
        g_set_error_literal(error, COMMAND_ERROR, CLASS_COMMAND_NOT_FOUND,
            "Expecting capabilities negotiation with 'qmp_capabilities'");
    else if (session->negotiated && negotiates)
        g_set_error_literal(error, COMMAND_ERROR, CLASS_COMMAND_NOT_FOUND,
            "Capabilities negotiation is already complete, command ignored");
    else if (!command)
        not_found(session, name, error);
    else
        return command;
    return NULL;
}

// What came of a request: `result`, or NULL and `error`.
static void write_result(Session *session, JsonNode *result, const GError *error, const char *id)
{
    if (!result) {
        write_error(session, error, id);
        return;
    }
    JsonObject *reply = json_object_new();
    json_object_set_member(reply, "return", result);
    write_answer(session, reply, id);
}

// CommandLater.answer.
static void answer_later(CommandLater *hook, GVariant *value, const GError *error)
{
    Later *later = (Later *)hook;
    Session *session = later->session;
    JsonNode *result = value ? command_json(value) : NULL;
    if (session) {
        session->later = NULL;
        write_result(session, result, error, later->id);
        if (session->ops->go_on)
            session->ops->go_on(session->owner);
    } else if (result)
        json_node_unref(result);
    g_free(later->id);
    g_free(later);
}

static Later *make_later(Session *session, const char *id)
{
    Later *later = g_new(Later, 1);
    *later = (Later){ .hook = { answer_later }, .session = session, .id = g_strdup(id) };
    session->later = later;
    return later;
}

// A command that answers later, which may be before this returns.
static void begin(Session *session, const Command *command, JsonObject *arguments, const char *id)
{
    g_autoptr(GError) error = NULL;
    Later *later = make_later(session, id);
    if (!command_begin(&session->set, command, arguments, &later->hook, &error))
        answer_later(&later->hook, NULL, error);
}

static void execute(Session *session, const Command *command, JsonObject *arguments, const char *id)
{
    g_autoptr(GError) error = NULL;
    JsonNode *result = command_run(&session->set, command, arguments, &error);
    session->negotiated |= result != NULL; // now, or long since
    write_result(session, result, error, id);
}

static void answer(Session *session, JsonNode *message, const char *id)
{
    g_autoptr(GError) error = NULL;
    if (!message || !JSON_NODE_HOLDS_OBJECT(message)) {
        g_set_error_literal(&error, COMMAND_ERROR, CLASS_GENERIC, "QMP input must be a JSON object");
        write_error(session, error, NULL);
        return;
    }
    JsonObject *request = json_node_get_object(message);
    const Command *command = NULL;
    if (check_request(request, &error))
        command = find_command(session, json_object_get_string_member(request, "execute"), &error);
    JsonNode *node = json_object_get_member(request, "arguments");
    JsonObject *arguments = command && node ? json_node_get_object(node) : NULL;
    if (!command)
        write_error(session, error, id);
    else if (command->begin)
        begin(session, command, arguments, id);
    else
        execute(session, command, arguments, id);
}

bool session_waits(const Session *session)
{
    return session->later;
}

static void parse(Session *session, GString *text)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *id = NULL;
    if (json_text_take(text, &id, &error) &&
        json_parser_load_from_data(parser, text->str, (gssize)text->len, &error)) {
        answer(session, json_parser_get_root(parser), id);
        return;
    }
    g_prefix_error(&error, "JSON parse error, ");
    write_error(session, error, NULL);
}

size_t session_take(Session *session, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && !session->later; i++) {
        const char *why;
        switch (frame_take(session->frame, (uint8_t)bytes[i], &why)) {
        case FRAME_MORE:
            break;
        case FRAME_MESSAGE:
            parse(session, session->frame->text);
            frame_clear(session->frame);
            return i + 1;
        case FRAME_WRONG: {
            g_autoptr(GError) error = g_error_new_literal(COMMAND_ERROR, CLASS_GENERIC, why);
            write_error(session, error, NULL);
            return i + 1;
        }
        }
    }
    return session->later ? 0 : length;
}

void session_tell(Session *session, const MonitorEvent *event)
{
    if (!session->negotiated)
        return;
    JsonObject *line = json_object_new(), *timestamp = json_object_new();
    gint64 now = g_get_real_time();
    json_object_set_int_member(timestamp, "seconds", now / G_USEC_PER_SEC);
    json_object_set_int_member(timestamp, "microseconds", now % G_USEC_PER_SEC);
    json_object_set_object_member(line, "timestamp", timestamp);
    json_object_set_string_member(line, "event", event->name);
    if (event->data)
        json_object_set_member(line, "data", json_gvariant_serialize(event->data));
    write_line(session, line);
}
