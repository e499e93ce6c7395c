// What an ELF file says of itself: machine, interpreter, libraries.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef struct ElfKind {
    unsigned machine; // EM_*
    bool is_64, little;
} ElfKind;

typedef struct ElfFile {
    ElfKind kind;
    char *interpreter; // or NULL
    GPtrArray *needed; // of char *: libraries
    char *rpath;       // folders with colons between them, or NULL
    char *runpath;     // likewise
} ElfFile;

// NULL: it is none, is broken or cannot be read. It may be anything: no more is read than an ELF file has.
ElfFile *elf_file_read(const char *path);
void elf_file_free(ElfFile *elf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ElfFile, elf_file_free)

bool elf_kind_equal(const ElfKind *a, const ElfKind *b);
// "little-endian ppc64" (g_free).
char *elf_kind_words(const ElfKind *kind);

// For others that read such files: all of the bytes, or false; and a number of up to 8 bytes.
bool elf_read_at(int file, guint64 offset, void *to, size_t length);
guint64 elf_number(const guint8 *bytes, unsigned size, bool little);
