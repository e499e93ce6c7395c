// A small POWER kernel (64-bit ELF) in the making, of either byte order.
#pragma once
#include "lparun/bytes.h"
#include <elf.h>
#include <stdbool.h>
#include <string.h>

#define LINK 0xc000000000000000ULL // where Linux is linked to
#define FILE_SIZE 0x4000

// An ELF file in the making.
typedef struct Image {
    bool big_endian;
    uint8_t bytes[FILE_SIZE];
    size_t size;
} Image;

static inline void put(Image *image, size_t offset, unsigned size, uint64_t value)
{
    le_bytes_put(image->bytes + offset, size, image->big_endian ? bytes_reversed(value, size) : value);
}

#define PUT_HEADER(image, member, value)                                                                     \
    put(image, G_STRUCT_OFFSET(Elf64_Ehdr, member), sizeof(((Elf64_Ehdr *)NULL)->member), value)
#define PUT_SEGMENT(image, index, member, value)                                                             \
    put(image, sizeof(Elf64_Ehdr) + (index) * sizeof(Elf64_Phdr) + G_STRUCT_OFFSET(Elf64_Phdr, member),      \
        sizeof(((Elf64_Phdr *)NULL)->member), value)

static inline void put_segment(
    Image *image, unsigned index, uint64_t offset, uint64_t address, uint64_t file_size, uint64_t memory_size)
{
    PUT_SEGMENT(image, index, p_type, PT_LOAD);
    PUT_SEGMENT(image, index, p_offset, offset);
    PUT_SEGMENT(image, index, p_vaddr, address);
    PUT_SEGMENT(image, index, p_paddr, address & 0xffffff);
    PUT_SEGMENT(image, index, p_filesz, file_size);
    PUT_SEGMENT(image, index, p_memsz, memory_size);
}

// A kernel with text, data with bss, and a note in between that is not loaded.
static inline void make_kernel(Image *image, bool big_endian)
{
    *image = (Image){ .big_endian = big_endian, .size = 0x3000 };
    memcpy(image->bytes, ELFMAG, SELFMAG);
    image->bytes[EI_CLASS] = ELFCLASS64;
    image->bytes[EI_DATA] = big_endian ? ELFDATA2MSB : ELFDATA2LSB;
    image->bytes[EI_VERSION] = EV_CURRENT;
    PUT_HEADER(image, e_type, ET_EXEC);
    PUT_HEADER(image, e_machine, EM_PPC64);
    PUT_HEADER(image, e_version, EV_CURRENT);
    PUT_HEADER(image, e_entry, LINK + 0x10);
    PUT_HEADER(image, e_phoff, sizeof(Elf64_Ehdr));
    PUT_HEADER(image, e_ehsize, sizeof(Elf64_Ehdr));
    PUT_HEADER(image, e_phentsize, sizeof(Elf64_Phdr));
    PUT_HEADER(image, e_phnum, 3);
    put_segment(image, 0, 0x1000, LINK, 0x800, 0x800);
    put_segment(image, 1, 0x1000, 0, 0x100, 0x100);
    PUT_SEGMENT(image, 1, p_type, PT_NOTE);
    put_segment(image, 2, 0x2000, LINK + 0x10000, 0x900, 0x20000);
    memset(image->bytes + 0x1000, 0x11, 0x800);
    memset(image->bytes + 0x2000, 0x22, 0x900);
}
