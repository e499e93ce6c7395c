// Modules of a kernel that a guest loads before anything else.
#pragma once
#include "initrd.h"

typedef struct Modules Modules;

// `folder` is a kernel's lib/modules/VERSION. With `light` they come without type information (BTF) and
// signature: a kernel reads all of its own types when it loads the first module that has some, which takes it
// 0.2 s and more; it says of a module without signature that it is tainted by it. NULL and `error`: the
// folder cannot be read.
Modules *modules_new(const char *folder, Initrd *initrd, bool light, GError **error);
void modules_free(Modules *modules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Modules, modules_free)

// Puts a module into the initial ramdisk, unpacked, and before it what it needs. One that is built in is
// there already. False and `error`: there is none of that name, or it cannot be unpacked.
bool modules_add(Modules *modules, const char *name, GError **error);
// Whether there is such a module, or it is built in.
bool modules_know(Modules *modules, const char *name);
// Of char *: their paths in the guest, in the order in which they can be loaded.
const GPtrArray *modules_paths(const Modules *modules);
