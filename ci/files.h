// Programs and files that are put into an initial ramdisk, with what the programs need.
#pragma once
#include "elf_file.h"
#include "initrd.h"

typedef struct Files Files;

// `root` is the folder in which programs, interpreters and libraries are; `kind` is the kernel's.
Files *files_new(Initrd *initrd, const char *root, const ElfKind *kind);
void files_free(Files *files);

// A program: a name that is looked for in PROGRAM_PATH, a path in the root, or one with a slash that starts
// from the folder that this process is in, which is then put under its whole path. Gives its path in the
// guest (g_free). NULL and `error`: it, its interpreter or a library is not there, or it is for another
// machine.
char *files_add_program(Files *files, const char *name, GError **error);
// GUEST=PATH or PATH, a file of this machine or a folder with all that is in it; what a program needs is put
// in from the root. False and `error`: likewise; of programs in folders, what they need goes in as far as it
// is there.
bool files_add(Files *files, const char *text, GError **error);

#define PROGRAM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
