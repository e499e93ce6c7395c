// What the guest is told of the processor's leaks and the ways around them (hcalls/mitigations.c):
// H_GET_CPU_CHARACTERISTICS, and QEMU's words for it.
#pragma once
#include "lparun/kvm.h"
#include "lparun/words.h"

// A level of each. 0: what the host has.
enum {
    MITIGATION_BROKEN = 1,
    MITIGATION_WORKAROUND,
    MITIGATION_FIXED,
    MITIGATION_FIXED_IBS = MITIGATION_FIXED,
    MITIGATION_FIXED_CCD,
    MITIGATION_FIXED_NA
};
enum { MITIGATION_OFF = 1, MITIGATION_ON };

typedef struct Mitigations {
    int cache;   // cap-cfpc: the level 1 data cache is flushed when the privilege changes
    int barrier; // cap-sbbc: bounds are checked before something is speculated on
    int branch;  // cap-ibs: where indirect branches are speculated to
    int assist;  // cap-ccf-assist: an instruction flushes the count cache
} Mitigations;
extern const Word mitigation_levels[], mitigation_branches[], mitigation_switch[];

// What H_GET_CPU_CHARACTERISTICS answers.
typedef struct MitigationAnswer {
    uint64_t character, behaviour;
} MitigationAnswer;
// The host's answer, held to what is `asked`: not more than the host has. `is_power8`: that processor's
// caches are each thread's own without saying so. False and `error`, the host's, a line for each that it has
// not.
bool mitigations_resolve(const KvmCpuCharacteristics *host, const Mitigations *asked, bool is_power8,
    MitigationAnswer *answer, GError **error);
