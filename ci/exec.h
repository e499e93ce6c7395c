// lparun-ci exec: a command in a guest, by an initial ramdisk and a disk of results of our own.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct Exec {
    GStrv command;        // a program and its arguments
    char *root;           // folder with programs and libraries; NULL: / or, with an initrd, what that has
    GPtrArray *files;     // of char *: GUEST=PATH, or PATH
    GPtrArray *programs;  // of char *: further ones, as the command's
    GPtrArray *collect;   // of char *: paths in the guest
    GPtrArray *variables; // of char *: NAME=VALUE, besides PATH, HOME and TERM
    GPtrArray *wanted;    // of char *: modules, besides those that the disk of results takes
    bool light;           // modules without type information and signature: modules.h
    char *modules;        // a kernel's lib/modules/VERSION, or NULL
    char *directory;      // in the guest, that the command starts in; NULL: /
    char *init;           // the program that is init; NULL: ours, for the kernel's byte order
    guint64 room;         // bytes that the disk of results takes
} Exec;

Exec *exec_new(void);
void exec_free(Exec *exec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Exec, exec_free)

// What one run of it starts from.
typedef struct ExecFiles {
    char *initrd;  // for -initrd
    char *disk;    // for channel_open()
    GStrv options; // of lparun, for the disk
    char *append;  // for the kernel's command line, before the user's
} ExecFiles;

// Makes both files in `folder`. `initrd` is the user's, or NULL. NULL and `error`: an option or a file is
// wrong, or there is no room; what was made is gone then.
ExecFiles *exec_prepare(
    const Exec *exec, const char *kernel, const char *initrd, const char *folder, GError **error);
// Removes the files, too.
void exec_files_free(ExecFiles *files);

// Why there can be no result, if this line of the console says so, with the configuration option that the
// kernel lacks (g_free); else NULL. The line is without the kernel's time stamp.
char *exec_fault_of(const char *line);
