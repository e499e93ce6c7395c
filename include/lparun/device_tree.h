// The device tree that the machine starts with, and that it answers CAS with (firmware/device_tree.c).
#pragma once
#include "lparun/boot.h"
#include "lparun/cpus.h"
#include "lparun/mmu.h"
#include "lparun/nvram.h"
#include "lparun/rtas_events.h"

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
