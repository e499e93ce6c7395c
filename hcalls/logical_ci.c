// H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE: cache-inhibited accesses that a guest asks the hypervisor to
// make, and KVMPPC_H_LOGICAL_MEMOP, which SLOF uses beside them. docs/ci-hypercalls.md has the why and the
// pictures.
//
// In:  r3 number, r4 size, r5 guest physical address, r6 value to store.
// Out: r3 return code, r4 value loaded (LoPAR 14.5.4.4, "Debugger Support hcall()s").
//
// Enabled in the kernel (logical_ci_enable), a store that an ioeventfd matches signals it with no trip to
// userspace. All else comes here all the same: every load (nothing on the kernel's I/O bus of a pseries guest
// can be read), stores to registers, RAM and holes, odd sizes; and every call where the kernel refuses. So
// these handlers are whole, and ring doorbells too: each is a range on `bus` (vmm/doorbell.c).
#include "lparun/bytes.h"
#include "lparun/hypercall.h"
#include "lparun/logical_ci.h"
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

// KVM_CAP_PPC_ENABLE_HCALL (Linux 3.17) is older than the two handlers (Linux 4.1, commit 99342cf8), so only
// KVM_ENABLE_CAP tells: -EINVAL for a number that this KVM does not implement (kvm_vm_ioctl_enable_cap in
// arch/powerpc/kvm/powerpc.c). The store first: it is the one that rings.
bool logical_ci_enable(LogicalCi *ci, char **why)
{
    static const struct {
        uint64_t number;
        const char *name;
    } calls[] = { { H_LOGICAL_CI_STORE, "H_LOGICAL_CI_STORE" }, { H_LOGICAL_CI_LOAD, "H_LOGICAL_CI_LOAD" } };
    *why = NULL;
    if (kvm_check(ci->vm, KVM_CAP_PPC_ENABLE_HCALL) <= 0)
        *why = g_strdup("this kernel has no KVM_CAP_PPC_ENABLE_HCALL");
    for (unsigned i = 0; i < G_N_ELEMENTS(calls) && !*why; i++) {
        int result = kvm_enable(ci->vm, KVM_CAP_PPC_ENABLE_HCALL, calls[i].number, 1);
        if (result < 0)
            *why = g_strdup_printf("KVM_ENABLE_CAP %s: %s", calls[i].name, g_strerror(-result));
    }
    return !*why;
}

// LoPAR 14.5.4.4.1 and .2: sizes 1, 2, 4 and 8, the address a multiple of the size, else H_PARAMETER. These
// are ours to check: the kernel never answers H_PARAMETER here. It hands on sizes that it does not know and
// does not look at the alignment (kvmppc_h_logical_ci_load and _store in arch/powerpc/kvm/book3s.c).
//
// LoPAR also wants the address mapped cache-inhibited. How a guest maps its RAM is not ours to see, so RAM is
// served.
static bool is_valid(uint64_t size, uint64_t address)
{
    return (size == 1 || size == 2 || size == 4 || size == 8) && address % size == 0;
}

// One access to what lies at `address`: RAM, a device's register or a doorbell. False for a hole, for what
// reaches past the end of either, and for an address that wraps. Values are little-endian, as everywhere on
// the bus.
static bool load(LogicalCi *ci, uint64_t address, unsigned size, uint64_t *value)
{
    const uint8_t *ram = guest_memory_read_at(ci->memory, address, size);
    if (ram)
        *value = le_bytes_get(ram, size);
    return ram || bus_read(ci->bus, address, size, value);
}

static bool store(LogicalCi *ci, uint64_t address, unsigned size, uint64_t value)
{
    uint8_t *ram = guest_memory_write_at(ci->memory, address, size);
    if (ram)
        le_bytes_put(ram, size, value);
    return ram || bus_write(ci->bus, address, size, value);
}

// The register holds what a big-endian access would have, whatever MSR[LE] and the host are
// (kvmppc_h_logical_ci_store stores cpu_to_be16(r6)): a guest passes 0x0300 for the little-endian 3.
static int64_t logical_ci_load(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    uint64_t size = arguments[0], address = arguments[1], value;
    if (!is_valid(size, address) || !load(owner, address, (unsigned)size, &value))
        return H_PARAMETER;
    arguments[0] = bytes_reversed(value, (unsigned)size);
    return H_SUCCESS;
}

static int64_t logical_ci_store(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    uint64_t size = arguments[0], address = arguments[1], value = arguments[2];
    if (!is_valid(size, address))
        return H_PARAMETER;
    return store(owner, address, (unsigned)size, bytes_reversed(value, (unsigned)size)) ? H_SUCCESS
                                                                                        : H_PARAMETER;
}

// The most elements that one call moves: a screen of 32-bit pixels, and no more, so that a guest cannot keep
// its vCPU thread in here.
#define MEMOP_LIMIT (1u << 20)

// KVMPPC_H_LOGICAL_MEMOP is in no PAPR: QEMU and SLOF agreed on it for frame buffers (QEMU's
// docs/specs/ppc-spapr-hcalls.rst), and no kernel handles it. r4 destination, r5 source, r6 log2 of the
// element's size, r7 count, r8 operation: 0 copies, 1 inverts. A hole met half-way is H_PARAMETER; what was
// moved before stays moved.
static int64_t logical_memop(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    LogicalCi *ci = owner;
    uint64_t to = arguments[0], from = arguments[1], shift = arguments[2], count = arguments[3];
    uint64_t operation = arguments[4];
    if (shift > 3 || operation > 1 || count > MEMOP_LIMIT)
        return H_PARAMETER;
    unsigned size = 1u << shift;
    uint64_t length = count * size;
    if ((to | from) % size != 0 || to + length < to || from + length < from)
        return H_PARAMETER;
    bool backwards = from < to && to - from < length; // the end of the source would be overwritten first
    uint64_t invert = operation == 1 ? UINT64_MAX : 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t offset = (backwards ? count - 1 - i : i) * size, value;
        if (!load(ci, from + offset, size, &value) || !store(ci, to + offset, size, value ^ invert))
            return H_PARAMETER;
    }
    return H_SUCCESS;
}

void hypercall_logical_ci_register(HypercallTable *table, const HypercallParts *parts)
{
    LogicalCi *ci = parts->logical_ci;
    hypercall_register(table, H_LOGICAL_CI_LOAD, "H_LOGICAL_CI_LOAD", logical_ci_load, ci);
    hypercall_register(table, H_LOGICAL_CI_STORE, "H_LOGICAL_CI_STORE", logical_ci_store, ci);
    hypercall_register(table, KVMPPC_H_LOGICAL_MEMOP, "KVMPPC_H_LOGICAL_MEMOP", logical_memop, ci);
    hypercall_announce(table, "hcall-debug");
}

static void free_part(void *part)
{
    logical_ci_free(part);
}

const PartOps logical_ci_part = { .kind = "logical CI", .free = free_part };
