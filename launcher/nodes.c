// A client's block nodes. Nothing uses them yet: a device that could is plugged before the start.
#include "nodes.h"
#include <string.h>

struct Nodes {
    GPtrArray *list;
    unsigned unnamed; // names that were made up
};

static void node_free(gpointer data)
{
    Node *node = data;
    if (!node->file)
        block_close(node->block);
    g_free(node->name);
    g_free(node);
}

Nodes *nodes_new(void)
{
    Nodes *nodes = g_new0(Nodes, 1);
    nodes->list = g_ptr_array_new_with_free_func(node_free);
    return nodes;
}

void nodes_free(Nodes *nodes)
{
    if (!nodes)
        return;
    g_ptr_array_unref(nodes->list);
    g_free(nodes);
}

const Node *nodes_at(const Nodes *nodes, unsigned index)
{
    return index < nodes->list->len ? nodes->list->pdata[index] : NULL;
}

Node *nodes_find(const Nodes *nodes, const char *name)
{
    for (unsigned i = 0; i < nodes->list->len; i++)
        if (strcmp(((const Node *)nodes->list->pdata[i])->name, name) == 0)
            return nodes->list->pdata[i];
    return NULL;
}

static Node *add(Nodes *nodes, const Node *what)
{
    Node *node = g_memdup2(what, sizeof *what);
    node->is_unnamed = !what->name;
    node->name = what->name ? g_strdup(what->name) : g_strdup_printf("#block%03u", nodes->unnamed++);
    g_ptr_array_add(nodes->list, node);
    return node;
}

Node *nodes_add_file(
    Nodes *nodes, const char *name, const char *driver, const BlockOptions *options, GError **error)
{
    Block *block = block_open(options, error);
    if (!block)
        return NULL;
    const Node node = {
        .name = (char *)name, .driver = driver, .readonly = options->readonly, .block = block
    };
    return add(nodes, &node);
}

Node *nodes_add_raw(Nodes *nodes, const char *name, Node *file, bool readonly)
{
    const Node node = {
        .name = (char *)name, .driver = "raw", .readonly = readonly, .block = file->block, .file = file
    };
    file->users++;
    return add(nodes, &node);
}

void nodes_remove(Nodes *nodes, Node *node)
{
    Node *file = node->file;
    g_ptr_array_remove(nodes->list, node);
    if (file && --file->users == 0 && file->is_unnamed)
        nodes_remove(nodes, file);
}
