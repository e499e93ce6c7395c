// blockdev-add and blockdev-del (qapi/block-core.json): raw images in files, on the running machine.
#include "../nodes.h"
#include "../command.h"
#include "../devices.h"
#include "block.h"
#include <string.h>

#define MOST 256 // that a client can have made

static bool is_on(GVariant *options, const char *name)
{
    return command_switch(options, name, false);
}

static bool check_name(const MonitorMachine *machine, const char *name, GError **error)
{
    const Device *device;
    if (!command_is_id(name) || strlen(name) > 31)
        return command_refuse(error, "Invalid node-name: '%s'", name);
    if (nodes_find(machine->nodes, name))
        return command_refuse(error, "Duplicate nodes with node-name='%s'", name);
    for (unsigned i = 0; machine->devices && (device = devices_at(machine->devices, i)); i++)
        if (device->drive &&
            (strcmp(device->drive->id, name) == 0 || g_strcmp0(device->drive->node, name) == 0))
            return command_refuse(error, "node-name=%s is conflicting with a device id", name);
    return true;
}

// Once all below it is there, which counts, and may have taken the name. `name` NULL: it has none.
static bool check_new(const MonitorMachine *machine, const char *name, GError **error)
{
    if (nodes_at(machine->nodes, MOST - 1))
        return command_refuse(error, "Too many block nodes");
    return !name || check_name(machine, name, error);
}

// What "cache" comes to.
static bool take_cache(GVariant *options, BlockCache *cache, GError **error)
{
    g_autoptr(GVariant) given = g_variant_lookup_value(options, "cache", G_VARIANT_TYPE_VARDICT);
    bool direct = given && is_on(given, "direct"), unsafe = given && is_on(given, "no-flush");
    *cache = direct ? BLOCK_NONE : unsafe ? BLOCK_UNSAFE : BLOCK_WRITEBACK;
    return !(direct && unsafe) ||
           command_refuse(error, "Parameter 'cache.no-flush' expects to be off where cache.direct is on");
}

static Node *add(const MonitorMachine *machine, GVariant *options, GError **error);

static Node *add_file(const MonitorMachine *machine, GVariant *options, GError **error)
{
    const char *aio = command_text(options, "aio"), *driver = command_text(options, "driver");
    const char *name = command_text(options, "node-name");
    int engine = BLOCK_AIO_DEFAULT;
    BlockOptions image = { .path = command_text(options, "filename"),
        .readonly = is_on(options, "read-only") };
    if (!check_new(machine, name, error) || !take_cache(options, &image.cache, error))
        return NULL;
    if (aio)
        words_find(block_aio_words, aio, &engine);
    image.aio = (BlockAio)engine;
    return nodes_add_file(
        machine->nodes, name, strcmp(driver, "file") == 0 ? "file" : "host_device", &image, error);
}

// The node that "file" refers to, or that it describes.
static Node *take_file(const MonitorMachine *machine, GVariant *options, GError **error)
{
    const char *name = command_text(options, "file");
    if (!name) {
        g_autoptr(GVariant) inner = g_variant_lookup_value(options, "file", G_VARIANT_TYPE_VARDICT);
        return add(machine, inner, error);
    }
    Node *file = nodes_find(machine->nodes, name);
    if (!file)
        command_refuse(error, "Cannot find device='%s' nor node-name='%s'", name, name);
    return file;
}

static bool check_access(const Node *file, GVariant *options, GError **error)
{
    return !file->readonly || is_on(options, "read-only") || is_on(options, "auto-read-only") ||
           command_refuse(error, "Block node is read-only");
}

static Node *add_raw(const MonitorMachine *machine, GVariant *options, GError **error)
{
    const char *name = command_text(options, "node-name");
    Node *file = take_file(machine, options, error);
    if (!file)
        return NULL;
    if (check_new(machine, name, error) && check_access(file, options, error))
        return nodes_add_raw(machine->nodes, name, file, is_on(options, "read-only") || file->readonly);
    if (!command_text(options, "file")) // it was added for this one
        nodes_remove(machine->nodes, file);
    return NULL;
}

static Node *add(const MonitorMachine *machine, GVariant *options, GError **error)
{
    return strcmp(command_text(options, "driver"), "raw") == 0 ? add_raw(machine, options, error)
                                                               : add_file(machine, options, error);
}

static GVariant *blockdev_add(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    if (command_text(arguments, "node-name"))
        return add(machine, arguments, error) ? command_nothing() : NULL;
    command_refuse(error, "'node-name' must be specified for the root node");
    return NULL;
}

static GVariant *blockdev_del(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *name = command_text(arguments, "node-name");
    Node *node = nodes_find(machine->nodes, name);
    if (!node)
        command_refuse(error, "Failed to find node with node-name='%s'", name);
    else if (node->users > 0)
        command_refuse(error, "Block device %s is in use", name);
    else {
        nodes_remove(machine->nodes, node);
        return command_nothing();
    }
    return NULL;
}

extern const Command nodes_commands[];
const Command nodes_commands[] = {
    { "blockdev-add", blockdev_add, "BlockdevOptions" },
    { "blockdev-del", blockdev_del, "node-name:str" },
    { 0 },
};

extern const CommandType nodes_types[];
const CommandType nodes_types[] = {
    { "BlockdevOptions",
        "driver:BlockdevDriver node-name?:str discard?:BlockdevDiscardOptions cache?:BlockdevCacheOptions "
        "read-only?:bool auto-read-only?:bool detect-zeroes?:BlockdevDetectZeroesOptions",
        .tag = "driver",
        .members_by = "file:BlockdevOptionsFile host_device:BlockdevOptionsFile raw:BlockdevOptionsRaw" },
    { "BlockdevDriver", .words = "file host_device raw" },
    { "BlockdevDiscardOptions", .words = "ignore unmap" },
    { "BlockdevCacheOptions", "direct?:bool no-flush?:bool" },
    { "BlockdevOptionsFile", "filename:str aio?:BlockdevAioOptions locking?:OnOffAuto" },
    { "BlockdevAioOptions", .word_rows = block_aio_words },
    { "OnOffAuto", .words = "auto on" }, // an image is locked
    { "BlockdevOptionsRaw", "file:BlockdevRef" },
    { "BlockdevRef", .either = "BlockdevOptions str" },
    { 0 },
};
