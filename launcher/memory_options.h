// The options that say where the guest's memory comes from, and how it and the vCPUs are laid out in nodes:
// -mem-path, -mem-prealloc, -object memory-backend-*, -machine memory-backend=, -numa.
#pragma once
#include "key_values.h"
#include "lparun/memory.h"
#include "lparun/numa.h"

typedef struct MemoryOptions {
    char *path;           // -mem-path
    bool prealloc;        // -mem-prealloc
    char *backend;        // -machine memory-backend=
    GPtrArray *backends;  // of -object
    GPtrArray *nodes;     // of -numa node
    GPtrArray *distances; // of -numa dist
    // What it all comes to.
    GArray *parts; // MemoryPart, from GPA 0 on
    Numa *numa;    // NULL: there are no nodes
} MemoryOptions;

void memory_options_init(MemoryOptions *options);
void memory_options_clear(MemoryOptions *options);
// One -numa.
bool memory_options_parse_numa(MemoryOptions *options, const char *option, const char *value, GError **error);
// One -object whose type is_backend() said yes to; `type` and `id` are taken out of `values`.
bool memory_options_is_backend(const char *type);
// Is there one with this id?
bool memory_options_has_backend(const MemoryOptions *options, const char *id);
bool memory_options_parse_backend(
    MemoryOptions *options, const char *type, const char *id, KeyValues *values, GError **error);
// Makes the parts and the nodes, once all is read. `*size`: bytes of -m, or its default, which a lone backend
// replaces unless `size_given`. `cpus`: vCPUs, `threads` a core. False and `error` when it does not fit
// together.
bool memory_options_resolve(
    MemoryOptions *options, uint64_t *size, bool size_given, unsigned cpus, unsigned threads, GError **error);
