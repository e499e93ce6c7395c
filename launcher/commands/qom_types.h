// Types of objects, by QEMU's names: those of the tables of kinds, and what they are a kind of.
#pragma once
#include "../command.h"
#include "lparun/keys.h"

#define QOM_CORE "host-spapr-cpu-core"
#define QOM_CPU "host-powerpc64-cpu"

typedef struct QomType {
    const char *name, *parent; // NULL: there is none
    bool is_abstract;
    const Key *keys, *more_keys; // its properties, or NULL
} QomType;

// All of them (g_array_unref); names live as long as the program, but for those of `names`.
GArray *qom_all_types(GStringChunk *names);
// Whether the type is one of that name or below it.
bool qom_type_is_a(const GArray *types, const QomType *type, const char *name);
const QomType *qom_type_find(const GArray *types, const char *name);
// QEMU's name for a key's type: "str", "bool", "uint32", "size".
const char *qom_key_type(const Key *key);
// The type of a key that has the id of another object; NULL: it is another key.
const char *qom_key_is_link(const Key *key);
