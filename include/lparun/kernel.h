// Kernels: ELF files in guest memory (firmware/elf.c).
#pragma once
#include "lparun/image_file.h"

typedef struct Kernel {
    uint64_t address, size, entry; // GPA of the first byte, bytes in memory with bss, GPA of the entry
} Kernel;
// Loads a 64-bit POWER ELF executable of either byte order, its lowest segment at `address`. False and
// `error` for anything else, or when it does not fit.
bool elf_load(const ImageFile *file, GuestMemory *memory, uint64_t address, Kernel *kernel, GError **error);
// The same, and false also when it reaches beyond `limit`, which is above `address`.
bool kernel_load(const ImageFile *file, GuestMemory *memory, uint64_t address, uint64_t limit, Kernel *kernel,
    GError **error);
