// QEMU's capabilities of a pseries (-machine cap-...=), and what a guest gets of them on this host.
#pragma once
#include "lparun/cpus.h"
#include "lparun/mitigations.h"
#include "lparun/mmu.h"
#include <stddef.h>

// Of a switch: 0 where it was not given: what this host has.
enum { CAPABILITY_OFF = MITIGATION_OFF, CAPABILITY_ON = MITIGATION_ON };
typedef enum { RESIZE_ANY, RESIZE_DISABLED, RESIZE_ENABLED } ResizeHpt;

typedef struct Capabilities {
    Mitigations mitigations;
    int htm, vsx, dfp, large_decrementer, ail_3, fwnmi, rpt_invalidate, dawr1;
    uint64_t hash_page; // bytes of the largest page of a hashed page table; 0: not given
    int resize;         // resize-hpt=
} Capabilities;

// Makes `cpus` as it was asked for.
// False and `error`, the host's, with a line for each that the guest would not get.
bool capabilities_cpus(const Capabilities *asked, KvmVm *vm, Cpus *cpus, GError **error);
// The same for H_GET_CPU_CHARACTERISTICS. `*held`: whether the answer is not simply the host's.
bool capabilities_mitigations(const Capabilities *asked, KvmVm *vm, const Cpus *cpus,
    MitigationAnswer *answer, bool *held, GError **error);
// The same for what the hypercalls have registered, once they are.
bool capabilities_mmu(const Capabilities *asked, const Mmu *mmu, GError **error);
