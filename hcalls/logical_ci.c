// H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE: cache-inhibited accesses that a guest asks the hypervisor to
// make, and KVMPPC_H_LOGICAL_MEMOP, which SLOF uses beside them.
//
// Firmware in real mode cannot reach devices with loads and stores on every MMU mode, so SLOF makes each
// device access by these calls. When the kernel serves them (logical_ci_enable), a store to a doorbell
// signals its eventfd with no trip to userspace. What nobody on the kernel's bus claims still comes here, and
// all of it where the kernel cannot.
#include "lparun/bytes.h"
#include "lparun/hypercall.h"
#include "lparun/papr.h"

struct LogicalCi {
    KvmVm *vm;
    Bus *bus;
    GuestMemory *memory;
};

LogicalCi *logical_ci_new(KvmVm *vm, Bus *bus, GuestMemory *memory)
{
    LogicalCi *ci = g_new0(LogicalCi, 1);
    *ci = (LogicalCi){ .vm = vm, .bus = bus, .memory = memory };
    return ci;
}

void logical_ci_free(LogicalCi *ci)
{
    g_free(ci);
}

// Both numbers are implemented in the kernel since Linux 4.1 but off until they are asked for
// (kvm_vm_ioctl_enable_cap in arch/powerpc/kvm/powerpc.c). A kernel without them answers -EINVAL.
bool logical_ci_enable(LogicalCi *ci, char **why)
{
    *why = NULL;
    if (kvm_check(ci->vm, KVM_CAP_PPC_ENABLE_HCALL) <= 0) {
        *why = g_strdup("this kernel has no KVM_CAP_PPC_ENABLE_HCALL");
        return false;
    }
    int store = kvm_enable(ci->vm, KVM_CAP_PPC_ENABLE_HCALL, H_LOGICAL_CI_STORE, 1);
    int load = kvm_enable(ci->vm, KVM_CAP_PPC_ENABLE_HCALL, H_LOGICAL_CI_LOAD, 1);
    if (store == 0 && load == 0)
        return true;
    *why = g_strdup_printf("KVM_ENABLE_CAP: %s", g_strerror(store ? -store : -load));
    return false;
}

// PAPR+ 14.5.4.2.3: sizes 1, 2, 4 and 8, and a logical address that is a multiple of the size. The kernel
// checks neither (kvmppc_h_logical_ci_load in arch/powerpc/kvm/book3s.c passes what it does not know on to
// here).
static bool is_valid(uint64_t size, uint64_t address)
{
    return (size == 1 || size == 2 || size == 4 || size == 8) && address % size == 0;
}

// Registers hold the value as a big-endian access has it, whatever MSR[LE] says; the bus has little-endian
// values.
static int64_t logical_ci_load(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    LogicalCi *ci = owner;
    uint64_t size = arguments[0], address = arguments[1], value;
    if (!is_valid(size, address))
        return H_PARAMETER;
    const uint8_t *ram = guest_memory_at(ci->memory, address, size);
    if (ram)
        value = le_bytes_get(ram, (unsigned)size);
    else if (!bus_read(ci->bus, address, (unsigned)size, &value))
        return H_PARAMETER;
    arguments[0] = bytes_reversed(value, (unsigned)size);
    return H_SUCCESS;
}

static int64_t logical_ci_store(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    LogicalCi *ci = owner;
    uint64_t size = arguments[0], address = arguments[1];
    if (!is_valid(size, address))
        return H_PARAMETER;
    uint64_t value = bytes_reversed(arguments[2], (unsigned)size);
    uint8_t *ram = guest_memory_at(ci->memory, address, size);
    if (ram)
        le_bytes_put(ram, (unsigned)size, value);
    else if (!bus_write(ci->bus, address, (unsigned)size, value))
        return H_PARAMETER;
    return H_SUCCESS;
}

// One element of a memory operation: RAM or device. False when there is neither.
static bool element_load(LogicalCi *ci, uint64_t address, unsigned size, uint64_t *value)
{
    const uint8_t *ram = guest_memory_at(ci->memory, address, size);
    if (ram)
        *value = le_bytes_get(ram, size);
    return ram || bus_read(ci->bus, address, size, value);
}

static bool element_store(LogicalCi *ci, uint64_t address, unsigned size, uint64_t value)
{
    uint8_t *ram = guest_memory_at(ci->memory, address, size);
    if (ram)
        le_bytes_put(ram, size, value);
    return ram || bus_write(ci->bus, address, size, value);
}

// The most elements that one call moves: a screen of 32-bit pixels, and no more, so that a guest cannot keep
// its vCPU thread in here.
#define MEMOP_LIMIT (1u << 20)

// r4 destination, r5 source, r6 log2 of the element size, r7 count, r8 operation: 0 copies, 1 inverts.
static int64_t logical_memop(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    LogicalCi *ci = owner;
    uint64_t to = arguments[0], from = arguments[1], shift = arguments[2], count = arguments[3];
    uint64_t operation = arguments[4];
    if (shift > 3 || operation > 1 || count > MEMOP_LIMIT)
        return H_PARAMETER;
    unsigned size = 1u << shift;
    if ((to | from) % size != 0)
        return H_PARAMETER;
    bool backwards =
        from < to && to - from < count * size; // the end of the source would be overwritten first
    uint64_t invert = operation == 1 ? UINT64_MAX : 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t offset = (backwards ? count - 1 - i : i) * size, value;
        if (!element_load(ci, from + offset, size, &value) ||
            !element_store(ci, to + offset, size, value ^ invert))
            return H_PARAMETER;
    }
    return H_SUCCESS;
}

void logical_ci_register(LogicalCi *ci, HypercallTable *table)
{
    hypercall_register(table, H_LOGICAL_CI_LOAD, "H_LOGICAL_CI_LOAD", logical_ci_load, ci);
    hypercall_register(table, H_LOGICAL_CI_STORE, "H_LOGICAL_CI_STORE", logical_ci_store, ci);
    hypercall_register(table, KVMPPC_H_LOGICAL_MEMOP, "KVMPPC_H_LOGICAL_MEMOP", logical_memop, ci);
}
