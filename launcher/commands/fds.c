// Commands about descriptors that a client sends with them (qapi/misc.json).
#include "../fds.h"
#include "../command.h"
#include "lparun/fd_set.h"
#include <unistd.h>

// The client's; -1 and `error` when it sent none.
static int take(const MonitorMachine *machine, GError **error)
{
    int fd = machine->take_descriptor(machine->descriptor_owner);
    if (fd < 0)
        command_refuse(error, "No file descriptor supplied via SCM_RIGHTS");
    return fd;
}

static GVariant *getfd(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = command_text(arguments, "fdname");
    int fd = take(machine, error);
    if (fd < 0)
        return NULL;
    if (g_ascii_isdigit(*name)) {
        close(fd);
        command_refuse(error, "Parameter 'fdname' expects a name not starting with a digit");
        return NULL;
    }
    if (fds_name(machine->fds, name, fd))
        return command_nothing();
    command_refuse(error, "Too many file descriptors");
    return NULL;
}

static GVariant *closefd(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = command_text(arguments, "fdname");
    int fd = fds_take(machine->fds, name);
    if (fd >= 0) {
        close(fd);
        return command_nothing();
    }
    command_refuse(error, "File descriptor named '%s' not found", name);
    return NULL;
}

static GVariant *add_fd(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    gint64 id = -1;
    bool given = g_variant_lookup(arguments, "fdset-id", "x", &id);
    int fd = take(machine, error);
    if (fd < 0)
        return NULL;
    if (given && id < 0) {
        close(fd);
        command_refuse(error, "Parameter 'fdset-id' expects a non-negative value");
        return NULL;
    }
    const FdSet *set = fd_set_add(id, fd, command_text(arguments, "opaque"));
    if (!set) {
        command_refuse(error, "Too many file descriptors");
        return NULL;
    }
    GVariantBuilder *result = command_object();
    command_add_int(result, "fdset-id", set->id);
    command_add_int(result, "fd", fd);
    return command_end(result);
}

static GVariant *remove_fd(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    gint64 id = command_number(arguments, "fdset-id", -1), fd = -1;
    bool given = g_variant_lookup(arguments, "fd", "x", &fd);
    if (!(given && (fd < 0 || fd > G_MAXINT)) && fd_set_remove(id, (int)fd))
        return command_nothing();
    g_autofree char *which = given ? g_strdup_printf(", fd:%" G_GINT64_FORMAT, fd) : g_strdup("");
    command_refuse(error, "File descriptor named 'fdset-id:%" G_GINT64_FORMAT "%s' not found", id, which);
    return NULL;
}

static GVariant *describe_set(const FdSet *set)
{
    GVariantBuilder *object = command_object(), *list = command_list();
    for (unsigned i = 0; i < set->fds->len; i++) {
        const FdInSet *one = &g_array_index(set->fds, FdInSet, i);
        GVariantBuilder *info = command_object();
        command_add_int(info, "fd", one->fd);
        command_add_text(info, "opaque", one->opaque);
        command_append(list, command_end(info));
    }
    command_add_int(object, "fdset-id", set->id);
    command_add(object, "fds", command_end(list));
    return command_end(object);
}

static GVariant *query_fdsets(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    GVariantBuilder *list = command_list();
    const FdSet *set;
    for (unsigned i = 0; (set = fd_set_at(i)); i++)
        command_append(list, describe_set(set));
    return command_end(list);
}

extern const Command fds_commands[];
const Command fds_commands[] = {
    { "add-fd", add_fd, "fdset-id?:int opaque?:str", "AddfdInfo" },
    { "closefd", closefd, "fdname:str" },
    { "getfd", getfd, "fdname:str" },
    { "query-fdsets", query_fdsets, NULL, "[FdsetInfo]" },
    { "remove-fd", remove_fd, "fdset-id:int fd?:int" },
    { 0 },
};

extern const CommandType fds_types[];
const CommandType fds_types[] = {
    { "AddfdInfo", "fdset-id:int fd:int" },
    { "FdsetInfo", "fdset-id:int fds:[FdsetFdInfo]" },
    { "FdsetFdInfo", "fd:int opaque?:str" },
    { 0 },
};
