// The device tree that the machine starts with, and that it answers CAS with (firmware/device_tree.c).
#pragma once
#include "lparun/boot.h"
#include "lparun/cpus.h"
#include "lparun/mmu.h"
#include "lparun/nvram.h"
#include "lparun/rtas_events.h"

typedef struct TreeSources {
    const PartList *parts; // each says its own
    KvmVm *vm;
    const GuestMemory *memory;
    const Cpus *cpus;
    const VcpuSet *vcpus;
    const Mmu *mmu;
    const InterruptController *interrupts;
    const Negotiated *negotiated;
    const BootImages *boot;
    const Numa *numa;                     // NULL: no nodes
    const char *command_line;             // the kernel's, or NULL
    uint32_t console;                     // the first vty's unit address, or 0
    const char *boot_list;                // Open Firmware paths, space-separated, or NULL
    const char *boot_device;              // or letters that firmware takes for such (c, d, n), or NULL
    bool boot_menu;                       // firmware offers a choice
    const char *model;                    // of the machine; NULL: lparun's own name
    const char *host_model, *host_serial; // or NULL
    const char *uuid;
} TreeSources;
// Bytes of memory from GPA 0 on that are the tree's first memory node: firmware takes no others, and what the
// guest starts from is there.
uint64_t machine_real_mode_area(const TreeSources *sources);
// The machine's tree, written to `address`. As an answer to CAS it is without what firmware boots by, and may
// have changed since. False and `error` when it does not fit.
bool device_tree_place(const TreeSources *sources, bool is_answer, GuestMemory *memory, uint64_t address,
    uint64_t room, GError **error);
