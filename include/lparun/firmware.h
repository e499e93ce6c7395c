// What the guest starts from: SLOF or nothing at all, a kernel and initrd in memory, and the device tree.
#pragma once
#include "lparun/cas.h"
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

// Files that a way into the guest starts from; NULL where none is given.
typedef struct BootFiles {
    ImageFile *bios, *kernel, *initrd;
} BootFiles;
void boot_files_close(BootFiles *files);

// firmware/elf.c: a kernel.
typedef struct Kernel {
    uint64_t address, size, entry; // GPA of the first byte, bytes in memory with bss, GPA of the entry
} Kernel;
// Loads a 64-bit POWER ELF executable of either byte order, its lowest segment at `address`. False and
// `error` for anything else, or when it does not fit.
bool elf_load(const ImageFile *file, GuestMemory *memory, uint64_t address, Kernel *kernel, GError **error);
// The same, and false also when it reaches beyond `limit`, which is above `address`.
bool kernel_load(const ImageFile *file, GuestMemory *memory, uint64_t address, uint64_t limit, Kernel *kernel,
    GError **error);

// What was placed in memory, and what the device tree has to say of it.
typedef struct BootImages {
    uint64_t entry;               // GPA of the guest's first instruction; r3 is `tree` there
    uint64_t tree, tree_room;     // GPA of the device tree and the bytes that are free for it
    Kernel kernel;                // for firmware to start; size 0: there is none
    uint64_t initrd, initrd_size; // size 0: there is none
    uint64_t rtas;                // GPA of RTAS_ROOM bytes for RTAS; 0: firmware brings it
    bool functions;               // the tree lists PCI functions, because no firmware will
} BootImages;
#define RTAS_ROOM 0x10000 // a page of any guest's
// Linux takes memory for itself below this GPA, before it knows better (prom_init.c: alloc_top, and
// RTAS_INSTANTIATE_MAX): of an initrd that begins above it does not care.
#define LINUX_LOW_LIMIT 0x30000000ULL
typedef struct Room {
    uint64_t start, end; // GPA
} Room;
// Places the initrd at the start of a room, or a little above: the first of the two that takes it. False and
// `error` when neither does, which says how many bytes would fit.
bool initrd_load(
    const ImageFile *file, GuestMemory *memory, const Room rooms[2], BootImages *boot, GError **error);

// A way into the guest, chosen once for a machine. Everything that differs is here and in BootImages.
typedef struct BootWay {
    // Opens the firmware; `bios` is -bios's value or NULL. NULL: this way has none.
    ImageFile *(*open)(const char *bios, GError **error);
    // Fills memory that is all zeros, but for the tree. `real_mode_area`: bytes of memory that the guest
    // reaches in real mode. False and `error` when something does not fit or cannot be read.
    bool (*load)(const BootFiles *files, GuestMemory *memory, uint64_t real_mode_area, BootImages *boot,
        GError **error);
} BootWay;
// firmware/slof.c: SLOF, which finds a kernel itself or starts the one in memory, or another flat image of less
// than 4 MiB: at address 0, entered at 0x100 with the tree's address in r3. -kernel's ELF file is at 4 MiB, and
// /chosen/qemu,boot-kernel says so.
extern const BootWay boot_slof;
#define SLOF_ENTRY 0x100
// firmware/direct.c: the kernel is the first that runs.
extern const BootWay boot_direct;

// firmware/numa.c: the nodes that memory and vCPUs are in.
#define NUMA_NODES 128 // as many as QEMU's
#define NUMA_CPUS 1024
#define NUMA_LOCAL 10 // distances, as ACPI's SLIT has them: a node from itself, another one
#define NUMA_REMOTE 20
typedef struct Numa {
    unsigned count;                           // the nodes are 0, 1, ...
    uint64_t memory[NUMA_NODES];              // bytes; from GPA 0 on, in the nodes' order
    uint8_t distance[NUMA_NODES][NUMA_NODES]; // from, to
    uint8_t cpu_node[NUMA_CPUS];              // by a vCPU's index
} Numa;
// In what follows `numa` NULL is a machine without nodes, whose tree says nothing of them.
//
// Bytes from GPA 0 on that are all in one node; `memory_size` has them all.
uint64_t numa_first_range(const Numa *numa, uint64_t memory_size);
// Bytes of option vector 5 that name the forms of associativity that the tree has (LoPAR, "Option Vectors").
uint8_t numa_forms(const Numa *numa);
// Properties of a node of the tree: memory's, a processor's, and RTAS's.
void numa_describe_memory(const Numa *numa, unsigned node, Tree *tree);
void numa_describe_cpu(const Numa *numa, unsigned index, uint32_t id, Tree *tree);
void numa_describe_rtas(const Numa *numa, Tree *tree);
// The domains of the vCPU `index`, from the widest to itself, `id`: what its node in the tree says. `numa` is
// not NULL.
#define NUMA_CPU_DOMAINS 5
unsigned numa_cpu_domains(const Numa *numa, unsigned index, uint32_t id, uint32_t domains[NUMA_CPU_DOMAINS]);

// firmware/cpus.c: what the guest learns of its processors.
typedef struct Cpus {
    const char *name; // "PowerPC,POWER9"
    unsigned threads; // a core; the device tree has a node a core
    uint32_t pvr;
    uint32_t timebase, clock;                                              // Hz
    uint32_t data_block, data_cache, instruction_block, instruction_cache; // bytes
    uint32_t data_sets, instruction_sets;                                  // 0: the host does not say
    unsigned isa;                                                          // 207, 300, 310
    uint32_t radix_encodings[8];
    int radix_encoding_count;
    unsigned decrementer_bits;     // of the large decrementer (LPCR_LD); 0: there is none
    bool has_purr;                 // and SPURR
    struct kvm_ppc_smmu_info hash; // page sizes, for hashed guests
} Cpus;
// Reads the host's own processors and what KVM says of them. False and `error` when the host has none that
// lparun knows, or KVM does not answer. While no vCPU runs: `boot`'s LPCR is changed to try what it takes,
// and put back.
bool cpus_read(Cpus *cpus, KvmVm *vm, Vcpu *boot, GError **error);
// `compat` NULL: raw. `hash_order` 0: radix.
void cpus_describe(const Cpus *cpus, const VcpuSet *vcpus, const CompatLevel *compat, unsigned hash_order,
    const Numa *numa, Tree *tree);

// firmware/device_tree.c.
typedef struct MachineParts {
    KvmVm *vm;
    const GuestMemory *memory;
    const Cpus *cpus;
    const VcpuSet *vcpus;
    const Mmu *mmu;
    const InterruptController *interrupts;
    const RtasTable *rtas;
    const RtasEvents *events;
    const PciHost *pci;
    const Vty *vty;
    const Nvram *nvram;
    const Negotiated *negotiated;
    const BootImages *boot;
    const Numa *numa;         // NULL: no nodes
    bool is_answer;           // to CAS: without what firmware boots by, and may have changed since
    bool multi_tce;           // the kernel serves H_PUT_TCE_INDIRECT and H_STUFF_TCE
    const char *command_line; // the kernel's, or NULL
    const char *boot_list;    // Open Firmware paths, space-separated, or NULL
    const char *uuid;
} MachineParts;
// Bytes of memory from GPA 0 on that are the tree's first memory node: firmware takes no others, and what the
// guest starts from is there.
uint64_t machine_real_mode_area(const MachineParts *parts);
// The machine's tree, written to `address`. False and `error` when it does not fit.
bool device_tree_place(
    const MachineParts *parts, GuestMemory *memory, uint64_t address, uint64_t room, GError **error);
