// Commands about chardevs (qapi/char.json).
#include "lparun/chardev.h"
#include "../char_options.h"
#include "../command.h"
#include "../options.h"
#include <string.h>

#define MOST 64 // that a client can have made, with those of the command line

static GVariant *describe(const Chardev *chardev)
{
    g_autofree char *text = chardev_describe(chardev);
    GVariantBuilder *object = command_object();
    command_add_text(object, "label", chardev_id(chardev));
    command_add_text(object, "filename", text);
    command_add_bool(object, "frontend-open", chardev_is_used(chardev));
    return command_end(object);
}

static GVariant *query_chardev(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *list = command_list();
    const Chardev *chardev;
    for (unsigned i = 0; (chardev = chardevs_at(machine->chardevs, i)); i++)
        command_append(list, describe(chardev));
    return command_end(list);
}

static const char backends[] = "file null pipe pty ringbuf socket stdio";

static GVariant *query_chardev_backends(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    g_auto(GStrv) names = g_strsplit(backends, " ", -1);
    GVariantBuilder *list = command_list();
    for (char **name = names; *name; name++) {
        GVariantBuilder *object = command_object();
        command_add_text(object, "name", *name);
        command_append(list, command_end(object));
    }
    return command_end(list);
}

// --- A backend of the schema, as -chardev has it.

static const char *key_of(const char *member)
{
    static const char *const names[][2] = { { "out", "path" }, { "in", "input-path" }, { "device", "path" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i][0], member) == 0)
            return names[i][1];
    return member;
}

static void add_members(GString *text, GVariant *object);

static void add_member(GString *text, const char *name, GVariant *value)
{
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_VARDICT)) {
        add_members(text, value);
    } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN)) {
        g_string_append_printf(text, ",%s=%s", key_of(name), g_variant_get_boolean(value) ? "on" : "off");
    } else if (g_variant_is_of_type(value, G_VARIANT_TYPE_INT64)) {
        g_string_append_printf(text, ",%s=%" G_GINT64_FORMAT, key_of(name), g_variant_get_int64(value));
    } else {
        g_auto(GStrv) pieces = g_strsplit(g_variant_get_string(value, NULL), ",", -1);
        g_autofree char *doubled = g_strjoinv(",,", pieces);
        g_string_append_printf(text, ",%s=%s", key_of(name), doubled);
    }
}

// But for the words that say which object it is.
static void add_members(GString *text, GVariant *object)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;
    g_variant_iter_init(&iter, object);
    while (g_variant_iter_loop(&iter, "{&sv}", &name, &value))
        if (strcmp(name, "type") != 0)
            add_member(text, name, value);
}

static Chardev *open_one(const MonitorMachine *machine, const char *text, GError **error)
{
    Options *options = g_new0(Options, 1);
    Chardev *chardev = NULL;
    char_options_init(&options->chars);
    if (options_parse_chardev(options, "chardev-add", text, error)) {
        const ChardevOptions *one = options->chars.chardevs->pdata[0];
        chardev = chardevs_add(machine->chardevs, one->kind, &one->common, one->values, error);
    }
    char_options_clear(&options->chars);
    g_free(options);
    return chardev;
}

static bool check_new(const MonitorMachine *machine, const char *id, GError **error)
{
    if (!command_is_id(id))
        return command_refuse(error, "Parameter 'id' expects an identifier");
    if (chardevs_find(machine->chardevs, id))
        return command_refuse(error, "Chardev with id '%s' already exists", id);
    return !chardevs_at(machine->chardevs, MOST - 1) || command_refuse(error, "Too many chardevs");
}

static GVariant *chardev_add(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *id = command_text(arguments, "id");
    g_autoptr(GVariant) backend = g_variant_lookup_value(arguments, "backend", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GString) text = g_string_new(command_text(backend, "type"));
    if (!check_new(machine, id, error))
        return NULL;
    g_string_append_printf(text, ",id=%s", id);
    add_members(text, backend);
    Chardev *chardev = open_one(machine, text->str, error);
    if (!chardev)
        return NULL;
    g_autofree char *place = chardev_describe(chardev);
    GVariantBuilder *result = command_object();
    if (g_str_has_prefix(place, "pty:"))
        command_add_text(result, "pty", place + strlen("pty:"));
    return command_end(result);
}

static GVariant *chardev_remove(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return chardevs_remove(machine->chardevs, command_text(arguments, "id"), error) ? command_nothing()
                                                                                    : NULL;
}

// --- What a ringbuf keeps.

static bool is_base64(GVariant *arguments)
{
    return g_strcmp0(command_text(arguments, "format"), "base64") == 0;
}

// What a guest wrote is no UTF-8 for sure.
static char *as_text(GBytes *bytes, bool base64)
{
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    if (base64)
        return g_base64_encode((const guchar *)data, length);
    g_autofree char *text = g_strndup(data ? data : "", length); // up to a NUL
    return g_utf8_make_valid(text, -1);
}

static GVariant *ringbuf_read(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = command_text(arguments, "device");
    Chardev *chardev = chardevs_find(machine->chardevs, name);
    gint64 size = command_number(arguments, "size", 0);
    g_autoptr(GBytes) bytes = chardev && size > 0 ? chardev_ring_read(chardev, (gsize)size) : NULL;
    if (!chardev)
        command_refuse(error, "Device '%s' not found", name);
    else if (size <= 0)
        command_refuse(error, "size must be greater than zero");
    else if (!bytes)
        command_refuse(error, "%s is not a ringbuf device", name);
    g_autofree char *text = bytes ? as_text(bytes, is_base64(arguments)) : NULL;
    return text ? g_variant_new_string(text) : NULL;
}

extern const Command chardev_commands[];
const Command chardev_commands[] = {
    { "chardev-add", chardev_add, "id:str backend:ChardevBackend", "ChardevReturn" },
    { "chardev-remove", chardev_remove, "id:str" },
    { "query-chardev", query_chardev, NULL, "[ChardevInfo]" },
    { "query-chardev-backends", query_chardev_backends, NULL, "[ChardevBackendInfo]" },
    { "ringbuf-read", ringbuf_read, "device:str size:int format?:DataFormat", "str" },
    { 0 },
};

extern const CommandType chardev_types[];
const CommandType chardev_types[] = {
    { "ChardevInfo", "label:str filename:str frontend-open:bool" },
    { "ChardevBackendInfo", "name:str" },
    { "ChardevReturn", "pty?:str" },
    { "DataFormat", .words = "utf8 base64" },
    { "ChardevBackend", "type:ChardevBackendKind", .tag = "type",
        .members_by = "file:ChardevFileWrapper null:ChardevCommonWrapper pipe:ChardevHostdevWrapper "
                      "pty:ChardevPtyWrapper ringbuf:ChardevRingbufWrapper socket:ChardevSocketWrapper "
                      "stdio:ChardevStdioWrapper" },
    { "ChardevBackendKind", .words = backends },
    { "ChardevCommonWrapper", "data:ChardevCommon" },
    { "ChardevFileWrapper", "data:ChardevFile" },
    { "ChardevHostdevWrapper", "data:ChardevHostdev" },
    { "ChardevPtyWrapper", "data:ChardevCommon" },
    { "ChardevRingbufWrapper", "data:ChardevRingbuf" },
    { "ChardevSocketWrapper", "data:ChardevSocket" },
    { "ChardevStdioWrapper", "data:ChardevStdio" },
#define COMMON " logfile?:str logappend?:bool"
    { "ChardevCommon", COMMON },
    { "ChardevFile", "in?:str out:str append?:bool" COMMON },
    { "ChardevHostdev", "device:str" COMMON },
    { "ChardevRingbuf", "size?:int" COMMON },
    { "ChardevStdio", "signal?:bool" COMMON },
    { "ChardevSocket",
        "addr:SocketAddressLegacy server?:bool wait?:bool nodelay?:bool telnet?:bool reconnect?:int "
        "reconnect-ms?:int" COMMON },
    { "SocketAddressLegacy", "type:SocketAddressType", .tag = "type",
        .members_by = "inet:InetSocketAddressWrapper unix:UnixSocketAddressWrapper" },
    { "SocketAddressType", .words = "inet unix" },
    { "InetSocketAddressWrapper", "data:InetSocketAddress" },
    { "InetSocketAddress", "host:str port:str to?:int ipv4?:bool ipv6?:bool" },
    { "UnixSocketAddressWrapper", "data:UnixSocketAddress" },
    { "UnixSocketAddress", "path:str abstract?:bool tight?:bool" },
    { 0 },
};
