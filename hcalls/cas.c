// KVMPPC_H_CAS and KVMPPC_H_UPDATE_DT: what SLOF hands on of ibm,client-architecture-support and of its own
// tree.
//
// The device tree that the machine starts with already says what this machine gives (ibm,architecture-vec-5),
// so the answer to CAS is that nothing changes. The guest's own wishes are not read yet.
#include "lparun/bytes.h"
#include "lparun/hypercall.h"
#include "lparun/papr.h"

// The answer starts with this word; 0 says that no tree follows.
#define CAS_NO_UPDATE 0

// r4 the guest's vectors, r5 a buffer for the answer, r6 its size in bytes.
static int64_t client_architecture_support(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    GuestMemory *memory = owner;
    uint64_t answer = arguments[1], size = arguments[2];
    be32 version = be32_make(CAS_NO_UPDATE);
    if (size < sizeof version || !guest_memory_write(memory, answer, &version, sizeof version))
        return H_PARAMETER;
    return H_SUCCESS;
}

// r4 the tree as the firmware leaves it to the operating system. Nothing here needs it.
static int64_t update_device_tree(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    return H_SUCCESS;
}

void cas_register(HypercallTable *table, GuestMemory *memory)
{
    hypercall_register(table, KVMPPC_H_CAS, "KVMPPC_H_CAS", client_architecture_support, memory);
    hypercall_register(table, KVMPPC_H_UPDATE_DT, "KVMPPC_H_UPDATE_DT", update_device_tree, NULL);
}
