// -blockdev: nodes of QEMU's graph, of which a device has the last.
#include "image_options.h"
#include "lparun/error.h"
#include "storage_options.h"
#include "values.h"
#include <string.h>

// With the file's own cache.direct= where it says none.
static bool take_inner(
    const char *option, char *text, const NodeOptions *top, BlockOptions *image, GError **error)
{
    g_autofree char *own = g_strconcat(option, " file", NULL);
    g_autoptr(Values) values = values_parse(own, text, NULL, error);
    NodeOptions file = NODE_UNSAID;
    image->cache |= top->direct > 0 ? BLOCK_DIRECT : 0;
    image->readonly = top->readonly > 0;
    bool done =
        values && values_fill(values, node_keys, &file, error) && image_take_file(own, &file, image, error);
    keys_clear(node_keys, &file);
    return done;
}

// The node that `top` names as its file, which is a part of it from then on.
static bool take_named(const Options *options, const NodeOptions *top, BlockOptions *image, GError **error)
{
    DriveOptions *file = top->file ? storage_options_find(options, top->file) : NULL;
    if (!top->file)
        return error_user(error, "-blockdev driver=raw: no file; give file=NAME, a node that came before");
    if (!file || !file->is_node)
        return error_user(
            error, "-blockdev file=%s: there is no such node; give it by a -blockdev before", top->file);
    if (file->is_part || file->image.content != BLOCK_CONTENT_UNSAID)
        return error_user(error, "-blockdev file=%s: %s", top->file,
            file->is_part ? "another node has it already; give each its own"
                          : "it is a raw node itself; give the one that it is in");
    *image = file->image;
    image->path = g_strdup(file->image.path);
    file->is_part = true;
    return true;
}

static bool take_raw(
    const Options *options, const NodeOptions *top, char *inner, DriveOptions *drive, GError **error)
{
    if (top->filename || top->aio || top->locking >= 0 || top->bytes)
        return error_user(error, "-blockdev driver=raw: filename=, aio=, locking= and size= are of the node "
                                 "that it is in; give them there, as file.filename=");
    if (inner && top->file)
        return error_user(error, "-blockdev: file=%s and file.KEY= are two nodes; give one", top->file);
    bool taken = inner ? take_inner("-blockdev", inner, top, &drive->image, error)
                       : take_named(options, top, &drive->image, error);
    return taken && image_take_raw("-blockdev", top, &drive->image, error);
}

static bool take_node(
    const Options *options, const NodeOptions *node, char *inner, DriveOptions *drive, GError **error)
{
    if (!node->name)
        return error_user(error, "-blockdev: no node-name; give node-name=NAME");
    if (!storage_options_check_name(options, "-blockdev", "node-name", node->name, error))
        return false;
    drive->id = g_strdup(node->name);
    drive->node = g_strdup(node->name);
    if (g_strcmp0(node->driver, "raw") == 0)
        return take_raw(options, node, inner, drive, error);
    if (inner)
        return error_user(
            error, "-blockdev driver=%s: it is in no other node; leave file.KEY= out", node->driver);
    return image_take_file("-blockdev", node, &drive->image, error);
}

bool options_parse_blockdev(Options *options, const char *option, const char *value, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "driver", error);
    if (!values)
        return false;
    if (values_ask_help(values)) {
        GString *text = g_string_new("keys:\n");
        keys_help(node_keys, text);
        options->help = g_string_free(text, FALSE);
        return true;
    }
    g_autofree char *inner = values_take_group(values, "file.");
    NodeOptions node = NODE_UNSAID;
    DriveOptions *drive = storage_options_new("-blockdev", DRIVE_NONE);
    drive->is_node = true;
    bool done = values_fill(values, node_keys, &node, error);
    if (done && !node.driver)
        done = error_user(error, "-blockdev: no driver; give driver=raw with file.filename=PATH");
    done = done && take_node(options, &node, inner, drive, error);
    keys_clear(node_keys, &node);
    return storage_options_add(options, drive, done);
}
