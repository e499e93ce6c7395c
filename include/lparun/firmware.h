// What the guest starts from: SLOF, a kernel and initrd in memory, and the device tree.
#pragma once
#include "lparun/hypercall.h"
#include "lparun/interrupt.h"
#include "lparun/memory.h"
#include "lparun/nvram.h"
#include "lparun/pci.h"
#include "lparun/rtas.h"
#include "lparun/vcpu.h"
#include "lparun/vty.h"

// A file that is loaded into guest memory at every reset. It is opened once, so a run goes on with the file
// it started with; nothing of it stays in lparun's own memory.
typedef struct ImageFile {
    char *option; // "-kernel", for messages
    char *path;
    int fd;
    uint64_t size;
} ImageFile;

// NULL and `error` when `path` cannot be read or is no regular file.
ImageFile *image_file_open(const char *option, const char *path, GError **error);
void image_file_close(ImageFile *file);
// Reads [offset, offset + length) of the file to `gpa`. False and `error` when it does not fit or the read
// fails.
bool image_file_load(const ImageFile *file, uint64_t offset, uint64_t length, GuestMemory *memory,
    uint64_t gpa, GError **error);

// firmware/slof.c: SLOF, a flat image for address 0.
#define SLOF_ENTRY 0x100
// What SLOF takes below its tree, bytes (QEMU's FW_OVERHEAD).
#define SLOF_OVERHEAD (40ULL << 20)
// False and `error` when the file is not a whole SLOF image.
bool slof_check(const ImageFile *file, GError **error);
bool slof_load(const ImageFile *file, GuestMemory *memory, GError **error);
// Where the device tree goes: the end of what SLOF may use of `memory_size` bytes (of the real mode area).
uint64_t slof_tree_address(uint64_t memory_size);
#define SLOF_TREE_ROOM 0x200000

// firmware/elf.c: a kernel.
typedef struct Kernel {
    uint64_t address, size, entry; // GPA of the first byte, bytes in memory with bss, GPA of the entry
} Kernel;
// Loads a 64-bit POWER ELF executable of either byte order, its lowest segment at `address`. False and
// `error` for anything else, or when it does not fit.
bool elf_load(const ImageFile *file, GuestMemory *memory, uint64_t address, Kernel *kernel, GError **error);

// What was placed in memory for SLOF to start; sizes 0 where there is none.
#define KERNEL_ADDRESS 0x400000
typedef struct BootImages {
    Kernel kernel;
    uint64_t initrd, initrd_size;
} BootImages;
// Places the initrd after the kernel, below `limit`. False and `error` when it does not fit.
bool initrd_load(
    const ImageFile *file, GuestMemory *memory, uint64_t limit, BootImages *boot, GError **error);

// firmware/cpus.c: what the guest learns of its processors.
typedef struct Cpus {
    const char *name; // "PowerPC,POWER9"
    uint32_t pvr;
    uint32_t timebase, clock;                                              // Hz
    uint32_t data_block, data_cache, instruction_block, instruction_cache; // bytes
    unsigned isa;                                                          // 207, 300, 310
    uint32_t radix_encodings[8];
    int radix_encoding_count;
    struct kvm_ppc_smmu_info hash; // page sizes, for hashed guests
} Cpus;
// Reads the host's own processors and what KVM says of them. False and `error` when the host has none that
// lparun knows.
bool cpus_read(Cpus *cpus, KvmVm *vm, Vcpu *boot, GError **error);
// `hash_order` 0: radix.
void cpus_describe(const Cpus *cpus, const VcpuSet *vcpus, unsigned hash_order, Tree *tree);

// firmware/device_tree.c.
typedef struct MachineParts {
    KvmVm *vm;
    const GuestMemory *memory;
    const Cpus *cpus;
    const VcpuSet *vcpus;
    const Mmu *mmu;
    const InterruptController *interrupts;
    const RtasTable *rtas;
    const PciHost *pci;
    const Vty *vty;
    const Nvram *nvram;
    const BootImages *boot;
    bool multi_tce;           // the kernel serves H_PUT_TCE_INDIRECT and H_STUFF_TCE
    const char *command_line; // the kernel's, or NULL
    const char *boot_list;    // Open Firmware paths, space-separated, or NULL
    const char *uuid;
} MachineParts;
// The tree that the machine starts with, written to `address`. False and `error` when it does not fit.
bool device_tree_place(
    const MachineParts *parts, GuestMemory *memory, uint64_t address, uint64_t room, GError **error);
