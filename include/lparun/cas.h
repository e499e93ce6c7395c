// ibm,client-architecture-support (CAS): what guest and machine agree on before the operating system runs.
//
// SLOF hands the guest's wishes on by KVMPPC_H_CAS: a list of processors that the guest knows, and option
// vectors. The answer is a whole device tree, which says what was agreed. (LoPAR, "ibm,client-architecture-
// support" and its table of option vectors.)
#pragma once
#include "lparun/part.h"
#include "lparun/words.h"
#include "lparun/mmu.h"

// A level of the architecture that KVM can hold a newer processor to.
typedef struct CompatLevel {
    const char *name; // of -machine max-cpu-compat=
    uint32_t pvr;     // the logical PVR that stands for the level
    unsigned isa;     // 207, 300, 310
} CompatLevel;

// hcalls/compat.c. The level with this name, whatever its case, or NULL. `compat_words` has all names, to be
// listed.
const CompatLevel *compat_find(const char *name);
extern const Word compat_words[];
// The older of two, of which NULL is the newest.
const CompatLevel *compat_older(const CompatLevel *a, const CompatLevel *b);
// The levels that this KVM takes, a bit each. Sets `vcpu`'s, and leaves it raw; while no vCPU runs.
unsigned compat_accepted(Vcpu *vcpu);
// "power8 and power9" (g_free); "" for none.
char *compat_names(unsigned accepted);
// The best level of `accepted` that is no newer than `max` (NULL: any) and that `is_known` says yes to
// (NULL: to all); NULL: none.
const CompatLevel *compat_best(unsigned accepted, const CompatLevel *max,
    bool (*is_known)(uint32_t pvr, const void *data), const void *data);
// Sets the level of all vCPUs; NULL: raw, the processor as it is. The large decrementer, if there is one, is
// on unless the level is from before ISA 3.0. 0, or the worst of their -errno.
int compat_set(VcpuSet *vcpus, Vcpu *caller, const CompatLevel *level, bool large_decrementer);

// What has been agreed on; until there is a CAS, what the machine gives anyone. The MMU's mode is Mmu's.
#define VECTOR5_LAST 26
typedef struct Negotiated {
    const CompatLevel *compat;         // NULL: raw
    uint8_t vector5[VECTOR5_LAST + 1]; // ibm,architecture-vec-5: byte 0 is the length, then bytes 1, 2, ...
} Negotiated;
// Fills in what follows from these; `gtse`: a radix guest may use tlbie itself.
Negotiated negotiated_make(const CompatLevel *compat, bool radix, bool gtse, bool xive);

// Bytes of option vector 5 that this machine has something to say in, and their values (asm/prom.h).
#define VECTOR5_AFFINITY 5 // forms of ibm,associativity
#define VECTOR5_FORM1 0x80
#define VECTOR5_FORM2 0x20
#define VECTOR5_INTERRUPTS 23
#define VECTOR5_INTERRUPTS_MASK 0xc0
#define VECTOR5_XICS 0x00
#define VECTOR5_XIVE 0x40
#define VECTOR5_INTERRUPTS_EITHER 0x80
#define VECTOR5_MMU 24
#define VECTOR5_MMU_MASK 0xc0
#define VECTOR5_MMU_HASH 0x00
#define VECTOR5_MMU_RADIX 0x40
#define VECTOR5_MMU_EITHER 0x80
#define VECTOR5_HASH_EXTENSIONS 25
#define VECTOR5_RADIX_EXTENSIONS 26
#define VECTOR5_GTSE 0x40

// hcalls/cas_vectors.c: what the guest sent.
#define CAS_PROCESSORS 512 // the longest list; Linux has some 16
#define CAS_VECTORS 5      // kept; vectors behind are only measured
typedef struct CasRequest {
    unsigned processors;
    struct {
        uint32_t mask, value;
    } processor[CAS_PROCESSORS];
    struct {
        unsigned length; // 0: not sent, or sent to be ignored
        uint8_t bytes[256];
    } vector[CAS_VECTORS + 1]; // by number; [0] is unused
} CasRequest;
// Reads the structure at `gpa`, each byte once. False when it is not all in RAM, or its list of processors
// does not end.
bool cas_request_read(CasRequest *request, const GuestMemory *memory, uint64_t gpa);
// Does the guest know the processor with this PVR, real or logical?
bool cas_request_knows(const CasRequest *request, uint32_t pvr);
// Byte `number` (1, 2, ...) of vector `vector`, or -1 where it ends before.
int cas_request_byte(const CasRequest *request, unsigned vector, unsigned number);

// hcalls/cas.c: KVMPPC_H_CAS and KVMPPC_H_UPDATE_DT.
typedef struct Cas Cas;
typedef struct CasOps {
    // Writes the device tree as the machine is now to `address`, in at most `room` bytes. False when it does
    // not fit. On the vCPU's thread that asks.
    bool (*place_tree)(void *owner, uint64_t address, uint64_t room);
} CasOps;
typedef struct CasParts {
    GuestMemory *memory;
    VcpuSet *vcpus;
    Mmu *mmu;
    InterruptController *interrupts;
    uint8_t affinity;       // VECTOR5_FORM1 and _FORM2 that the tree has; 0: no nodes
    bool large_decrementer; // the processor has one
} CasParts;
// `max`: the newest level that the guest may have, or NULL for the processor as it is. NULL and `error` when
// this KVM has no such levels.
Cas *cas_new(const CasParts *parts, const CompatLevel *max, const CasOps *ops, void *owner, GError **error);
void cas_free(Cas *cas);
extern const PartOps cas_part;
// Forgets what was agreed, as after power-on; after mmu_reset() and interrupt_controller_reset(), while all
// vCPUs are parked. False and `error` when KVM refuses.
bool cas_reset(Cas *cas, GError **error);
const Negotiated *cas_negotiated(const Cas *cas);
// Where RTAS is, by the tree that firmware last handed over (KVMPPC_H_UPDATE_DT: /rtas, linux,rtas-base); 0
// where it said none, or handed over no tree since the reset. Takes no lock. Any thread.
uint64_t cas_rtas_base(Cas *cas);
