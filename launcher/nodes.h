// Block nodes that a client of the monitor adds (blockdev-add): files that are open, and raw nodes over them.
#pragma once
#include "lparun/block.h"

typedef struct Nodes Nodes;

typedef struct Node {
    char *name;
    const char *driver; // "file", "host_device", "raw"
    bool readonly;
    Block *block;      // a raw node's is that of its file
    struct Node *file; // of a raw node
    bool is_unnamed;   // it goes with the node over it
    unsigned users;    // nodes over it
} Node;

// On the main thread, as all of this.
Nodes *nodes_new(void);
void nodes_free(Nodes *nodes);
// By number, in the order in which they were added; NULL behind the last.
const Node *nodes_at(const Nodes *nodes, unsigned index);
Node *nodes_find(const Nodes *nodes, const char *name);
// `name` NULL: one is made up. NULL and `error`, one line for the client: the file cannot be opened.
Node *nodes_add_file(
    Nodes *nodes, const char *name, const char *driver, const BlockOptions *options, GError **error);
Node *nodes_add_raw(Nodes *nodes, const char *name, Node *file, bool readonly);
// With the file that it alone has, if that was not named, and so on. Not one that has users.
void nodes_remove(Nodes *nodes, Node *node);
