// What debuggers need of KVM on POWER: all of a vCPU's registers, its way to memory, and breakpoints.
#include "kvm_internal.h"
#include <string.h>
#include <unistd.h>

G_STATIC_ASSERT(KVM_PPC_PID == KVM_REG_PPC_PID);
G_STATIC_ASSERT(KVM_PPC_TAR == KVM_REG_PPC_TAR);
G_STATIC_ASSERT(KVM_PPC_DEBUG_INST == KVM_REG_PPC_DEBUG_INST);

int kvm_vcpu_set_registers(KvmVcpu *vcpu, const KvmRegisters *registers)
{
    struct kvm_regs regs = {
        .pc = registers->pc,
        .msr = registers->msr,
        .cr = registers->cr,
        .lr = registers->lr,
        .ctr = registers->ctr,
        .xer = registers->xer,
        .srr0 = registers->srr0,
        .srr1 = registers->srr1,
        .pid = registers->pid,
    };
    memcpy(&regs.sprg0, registers->sprg, sizeof registers->sprg);
    memcpy(regs.gpr, registers->gpr, sizeof regs.gpr);
    return kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs);
}

// KVM has them in the host's byte order.
int kvm_vcpu_get_wide(KvmVcpu *vcpu, uint64_t id, uint64_t value[2])
{
    unsigned __int128 wide = 0;
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&wide };
    int result = kvm_ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg);
    value[0] = (uint64_t)(wide >> 64);
    value[1] = (uint64_t)wide;
    return result;
}

int kvm_vcpu_set_wide(KvmVcpu *vcpu, uint64_t id, const uint64_t value[2])
{
    unsigned __int128 wide = (unsigned __int128)value[0] << 64 | value[1];
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&wide };
    return kvm_ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg);
}

int kvm_vcpu_slb(KvmVcpu *vcpu, KvmSlbEntry entries[KVM_SLB_ENTRIES])
{
    struct kvm_sregs sregs;
    int result = kvm_ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
    for (unsigned i = 0; i < KVM_SLB_ENTRIES && result >= 0; i++)
        entries[i] = (KvmSlbEntry){ sregs.u.s.ppc64.slb[i].slbe, sregs.u.s.ppc64.slb[i].slbv };
    return result;
}

int kvm_vcpu_debug(KvmVcpu *vcpu, bool breakpoints, bool step)
{
    struct kvm_guest_debug debug = { 0 };
    if (breakpoints)
        debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP;
    if (step)
        debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
    return kvm_ioctl(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
}

// The stream is of runs: a head, then its valid entries, big-endian; those that are not are left out.
static void take_runs(
    const uint8_t *bytes, size_t length, uint64_t first, uint64_t entries[KVM_HASH_GROUP][2])
{
    struct kvm_get_htab_header head;
    for (size_t at = 0; at + sizeof head <= length;) {
        memcpy(&head, bytes + at, sizeof head);
        at += sizeof head;
        for (unsigned i = 0; i < head.n_valid && at + 16 <= length; i++, at += 16) {
            uint64_t index = head.index + i - first, entry[2];
            memcpy(entry, bytes + at, sizeof entry);
            if (index >= KVM_HASH_GROUP)
                return;
            entries[index][0] = GUINT64_FROM_BE(entry[0]);
            entries[index][1] = GUINT64_FROM_BE(entry[1]);
        }
    }
}

int kvm_hash_group(KvmVm *vm, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2])
{
    // Room for a group whose entries are valid by turns.
    uint8_t bytes[KVM_HASH_GROUP * (sizeof(struct kvm_get_htab_header) + 16)];
    struct kvm_get_htab_fd where = { .start_index = group * KVM_HASH_GROUP };
    memset(entries, 0, KVM_HASH_GROUP * sizeof entries[0]);
    int fd = kvm_ioctl(vm->fd, KVM_PPC_GET_HTAB_FD, &where);
    if (fd < 0)
        return fd;
    ssize_t length = read(fd, bytes, sizeof bytes);
    int result = length < 0 ? -errno : 0;
    close(fd);
    if (result == 0)
        take_runs(bytes, (size_t)length, where.start_index, entries);
    return result;
}

// Power ISA 3.1, book II, 1.9: caches of instructions and data are not kept alike by the processor.
void kvm_code_changed(const void *host, size_t length)
{
    enum { LINE = 32 }; // no cache of theirs has shorter ones
    const char *end = (const char *)host + length;
    for (const char *at = host; at < end; at += LINE)
        __asm__ volatile("dcbst 0,%0; sync; icbi 0,%0" : : "r"(at) : "memory");
    __asm__ volatile("sync; isync" : : : "memory");
}
