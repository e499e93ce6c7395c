// The options that say where the guest's memory comes from, and how it and the vCPUs are laid out in nodes:
// -mem-path, -mem-prealloc, -machine memory-backend=, -numa.
#pragma once
#include "lparun/kinds.h"
#include "lparun/memory.h"
#include "lparun/numa.h"

typedef struct MemoryOptions {
    char *path;           // -mem-path
    bool prealloc;        // -mem-prealloc
    char *backend;        // -machine memory-backend=
    bool dump, merge;     // -machine dump-guest-core= and mem-merge=
    int lock;             // -overcommit mem-lock=, a MemoryLock
    GPtrArray *nodes;     // of -numa node
    GPtrArray *distances; // of -numa dist
    GArray *cores;        // of -numa cpu
    // What it all comes to.
    const GPtrArray *objects; // that memory may be from
    GPtrArray *used, *names;  // those of them that are, and what messages call them
    GArray *parts;            // MemoryPart, from GPA 0 on
    Numa *numa;               // NULL: there are no nodes
} MemoryOptions;

void memory_options_init(MemoryOptions *options);
void memory_options_clear(MemoryOptions *options);
// One -numa.
bool memory_options_parse_numa(MemoryOptions *options, const char *option, const char *value, GError **error);
// Makes the parts and the nodes, once all is read. `*size`: bytes of -m, or its default, which a lone backend
// replaces unless `size_given`. `cpus`: vCPUs, `threads` a core. False and `error` when it does not fit
// together. `objects`: all of -object.
bool memory_options_resolve(MemoryOptions *options, const GPtrArray *objects, uint64_t *size, bool size_given,
    unsigned cpus, unsigned threads, GError **error);
