// Libraries that dynamic programs need, found as the dynamic loader finds them.
#pragma once
#include "elf_file.h"
#include "root.h"

typedef struct Libraries Libraries;

Libraries *libraries_new(Initrd *initrd, Root *root, const ElfKind *kind);
void libraries_free(Libraries *libraries);
// The interpreter and all libraries of a program, and theirs; `what` is its name in messages, `path` where it
// is in the guest. False and `error`: one is not there; the others are put in all the same.
bool libraries_add(
    Libraries *libraries, const char *what, const char *path, const ElfFile *elf, GError **error);
