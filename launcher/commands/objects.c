// object-add, object-del and query-iothreads (qapi/qom.json, qapi/misc.json).
#include "../command.h"
#include "../devices.h"
#include <unistd.h>

#define MOST 256 // that a client can have made, with those of the command line

static bool check_id(const MonitorMachine *machine, const char *id, GError **error)
{
    if (!command_is_id(id))
        return command_refuse(error, "Parameter 'id' expects an identifier");
    if (machine->options->objects->len >= MOST)
        return command_refuse(error, "Too many objects");
    return !devices_object(machine->devices, id) ||
           command_refuse(error, "attempt to add duplicate property '%s' to object (type 'container')", id);
}

static bool check_file(const char *filename, GError **error)
{
    return !filename || access(filename, R_OK) == 0 ||
           command_refuse(error, "Could not open '%s': %s", filename, g_strerror(errno));
}

// As -object has it.
static char *object_text(GVariant *arguments)
{
    static const char *const keys[] = { "id", "filename" };
    GString *text = g_string_new(command_text(arguments, "qom-type"));
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *value = command_text(arguments, keys[i]);
        if (!value)
            continue;
        g_auto(GStrv) pieces = g_strsplit(value, ",", -1);
        g_autofree char *doubled = g_strjoinv(",,", pieces);
        g_string_append_printf(text, ",%s=%s", keys[i], doubled);
    }
    return g_string_free(text, FALSE);
}

static GVariant *object_add(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    g_autofree char *text = object_text(arguments);
    if (check_id(machine, command_text(arguments, "id"), error) &&
        check_file(command_text(arguments, "filename"), error) &&
        devices_add_object(machine->devices, text, error))
        return command_nothing();
    return NULL;
}

static GVariant *object_del(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *id = command_text(arguments, "id");
    if (!devices_object(machine->devices, id))
        command_refuse(error, "object '%s' not found", id);
    else if (!devices_remove_object(machine->devices, id))
        command_refuse(error, "object '%s' is in use, can not be deleted", id);
    else
        return command_nothing();
    return NULL;
}

// They wait for events and do not poll.
static GVariant *describe_iothread(const Iothread *iothread)
{
    static const char *const zeros[] = { "poll-max-ns", "poll-grow", "poll-shrink", "aio-max-batch" };
    GVariantBuilder *object = command_object();
    command_add_text(object, "id", iothread_id(iothread));
    command_add_int(object, "thread-id", iothread_thread_id(iothread));
    for (unsigned i = 0; i < G_N_ELEMENTS(zeros); i++)
        command_add_int(object, zeros[i], 0);
    return command_end(object);
}

static GVariant *query_iothreads(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *list = command_list();
    const Iothread *iothread;
    for (unsigned i = 0; (iothread = devices_iothread(machine->devices, i)); i++)
        command_append(list, describe_iothread(iothread));
    return command_end(list);
}

extern const Command objects_commands[];
const Command objects_commands[] = {
    { "object-add", object_add, "ObjectOptions" },
    { "object-del", object_del, "id:str" },
    { "query-iothreads", query_iothreads, NULL, "[IOThreadInfo]" },
    { 0 },
};

extern const CommandType objects_types[];
const CommandType objects_types[] = {
    { "IOThreadInfo",
        "id:str thread-id:int poll-max-ns:int poll-grow:int poll-shrink:int aio-max-batch:int" },
    { "ObjectOptions", "qom-type:ObjectType id:str", .tag = "qom-type",
        .members_by = "rng-random:RngRandomProperties" },
    { "ObjectType", .words = "iothread rng-builtin rng-random" },
    { "RngRandomProperties", "filename?:str" },
    { 0 },
};
