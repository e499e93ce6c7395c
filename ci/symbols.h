// Names of a kernel's functions, by address, from its ELF file.
#pragma once
#include <glib.h>

typedef struct Symbols Symbols;

// Reads the symbol table of a 64-bit ELF file of either byte order, and nothing else of it. NULL and `error`:
// it cannot be read, is none, is damaged, or has no symbols.
Symbols *symbols_read(const char *path, GError **error);
// NULL is none.
void symbols_free(Symbols *symbols);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Symbols, symbols_free)
// "do_fault+0x10", or "0xc000000000001234" where nothing of the file's is (g_free). NULL has no names.
char *symbols_name(const Symbols *symbols, guint64 address);
