// POWER's part of the KVM layer (arch/powerpc/include/uapi/asm/kvm.h).
#include "kvm_internal.h"
#include "lparun/error.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

G_STATIC_ASSERT(KVM_HV == KVM_VM_PPC_HV && KVM_PR == KVM_VM_PPC_PR);
G_STATIC_ASSERT(KVM_PPC_LPCR == KVM_REG_PPC_LPCR_64);
G_STATIC_ASSERT(KVM_PPC_COMPAT == KVM_REG_PPC_ARCH_COMPAT);
G_STATIC_ASSERT(KVM_PPC_VPA_ADDRESS == KVM_REG_PPC_VPA_ADDR);
G_STATIC_ASSERT(KVM_PPC_VPA_SLB_SHADOW == KVM_REG_PPC_VPA_SLB);
G_STATIC_ASSERT(KVM_PPC_VPA_DISPATCH_LOG == KVM_REG_PPC_VPA_DTL);
G_STATIC_ASSERT(KVM_PPC_TB_OFFSET == KVM_REG_PPC_TB_OFFSET);
G_STATIC_ASSERT(KVM_PPC_ICP_STATE == KVM_REG_PPC_ICP_STATE);
G_STATIC_ASSERT(KVM_PPC_DAWR0 == KVM_REG_PPC_DAWR);
G_STATIC_ASSERT(KVM_PPC_DAWRX0 == KVM_REG_PPC_DAWRX);
G_STATIC_ASSERT(KVM_PPC_CIABR == KVM_REG_PPC_CIABR);
G_STATIC_ASSERT(KVM_PPC_DAWR1 == KVM_REG_PPC_DAWR1);
G_STATIC_ASSERT(KVM_PPC_DAWRX1 == KVM_REG_PPC_DAWRX1);
G_STATIC_ASSERT(KVM_PPC_ONLINE == KVM_REG_PPC_ONLINE);
G_STATIC_ASSERT(KVM_PPC_HIOR == KVM_REG_PPC_HIOR);
G_STATIC_ASSERT(KVM_PPC_DAR == KVM_REG_PPC_DAR);
G_STATIC_ASSERT(KVM_PPC_DSISR == KVM_REG_PPC_DSISR);
G_STATIC_ASSERT(KVM_PPC_VR(1) == KVM_REG_PPC_VR(1));
G_STATIC_ASSERT(KVM_PPC_VSR(1) == KVM_REG_PPC_VSR(1));
G_STATIC_ASSERT(KVM_PPC_FPSCR == KVM_REG_PPC_FPSCR);
G_STATIC_ASSERT(KVM_PPC_VSCR == KVM_REG_PPC_VSCR);
G_STATIC_ASSERT(KVM_PPC_VRSAVE == KVM_REG_PPC_VRSAVE);
G_STATIC_ASSERT(KVM_XICS_SOURCES == KVM_DEV_XICS_GRP_SOURCES);
G_STATIC_ASSERT(KVM_XICS_IS_MASKED == KVM_XICS_MASKED);
G_STATIC_ASSERT(KVM_XIVE_CONTROL == KVM_DEV_XIVE_GRP_CTRL);
G_STATIC_ASSERT(KVM_XIVE_RESET == KVM_DEV_XIVE_RESET);
G_STATIC_ASSERT(KVM_XIVE_SOURCE == KVM_DEV_XIVE_GRP_SOURCE);
G_STATIC_ASSERT(KVM_XIVE_SOURCE_ROUTE == KVM_DEV_XIVE_GRP_SOURCE_CONFIG);
G_STATIC_ASSERT(KVM_XIVE_SERVER_SHIFT == KVM_XIVE_SOURCE_SERVER_SHIFT);
G_STATIC_ASSERT(KVM_XIVE_MASKED == KVM_XIVE_SOURCE_MASKED_MASK);
G_STATIC_ASSERT(KVM_XIVE_EISN_SHIFT == KVM_XIVE_SOURCE_EISN_SHIFT);
G_STATIC_ASSERT(KVM_XIVE_SOURCE_FLUSH == KVM_DEV_XIVE_GRP_SOURCE_SYNC);
G_STATIC_ASSERT(KVM_XIVE_TIMA_PAGE == KVM_XIVE_TIMA_PAGE_OFFSET);
G_STATIC_ASSERT(KVM_XIVE_ESB_PAGE == KVM_XIVE_ESB_PAGE_OFFSET);

int kvm_rtas_define(KvmVm *vm, const char *name, uint64_t token)
{
    struct kvm_rtas_token_args args = { .token = token };
    snprintf(args.name, sizeof args.name, "%s", name);
    return kvm_ioctl(vm->fd, KVM_PPC_RTAS_DEFINE_TOKEN, &args);
}

int kvm_configure_mmu(KvmVm *vm, uint64_t flags, uint64_t process_table)
{
    struct kvm_ppc_mmuv3_cfg config = { .flags = flags, .process_table = process_table };
    return kvm_ioctl(vm->fd, KVM_PPC_CONFIGURE_V3_MMU, &config);
}

int kvm_allocate_htab(KvmVm *vm, uint32_t order)
{
    uint32_t answer = order;
    return kvm_ioctl(vm->fd, KVM_PPC_ALLOCATE_HTAB, &answer);
}

int kvm_prepare_htab(KvmVm *vm, uint32_t order)
{
    struct kvm_ppc_resize_hpt resize = { .shift = order };
    return kvm_ioctl(vm->fd, KVM_PPC_RESIZE_HPT_PREPARE, &resize);
}

int kvm_commit_htab(KvmVm *vm, uint32_t order)
{
    struct kvm_ppc_resize_hpt resize = { .shift = order };
    return kvm_ioctl(vm->fd, KVM_PPC_RESIZE_HPT_COMMIT, &resize);
}

int kvm_cpu_characteristics(KvmVm *vm, KvmCpuCharacteristics *cpu)
{
    struct kvm_ppc_cpu_char host;
    *cpu = (KvmCpuCharacteristics){ 0 };
    int result = kvm_ioctl(vm->fd, KVM_PPC_GET_CPU_CHAR, &host);
    if (result < 0)
        return result;
    *cpu = (KvmCpuCharacteristics){
        .character = host.character & host.character_mask,
        .character_known = host.character_mask,
        .behaviour = host.behaviour & host.behaviour_mask,
        .behaviour_known = host.behaviour_mask,
    };
    return 0;
}

bool kvm_is_pr(const KvmVm *vm)
{
    return kvm_check(vm, KVM_CAP_PPC_GET_PVINFO) > 0;
}

int kvm_hypercall_instructions(KvmVm *vm, uint32_t instructions[4])
{
    struct kvm_ppc_pvinfo info;
    int result = kvm_ioctl(vm->fd, KVM_PPC_GET_PVINFO, &info);
    for (unsigned i = 0; i < 4 && result >= 0; i++)
        instructions[i] = GUINT32_FROM_BE(info.hcall[i]); // as they go into a device tree
    return result;
}

int kvm_create_tce_table(KvmVm *vm, uint64_t liobn, uint32_t page_shift, uint64_t pages)
{
    struct kvm_create_spapr_tce_64 table = { .liobn = liobn, .page_shift = page_shift, .size = pages };
    return kvm_ioctl(vm->fd, KVM_CREATE_SPAPR_TCE_64, &table);
}

int kvm_xive_servers(int device, uint32_t servers)
{
    struct kvm_device_attr attr = {
        .group = KVM_DEV_XIVE_GRP_CTRL, .attr = KVM_DEV_XIVE_NR_SERVERS, .addr = (uintptr_t)&servers
    };
    return kvm_ioctl(device, KVM_SET_DEVICE_ATTR, &attr);
}

static int queue_access(
    int device, unsigned long request, uint32_t server, unsigned priority, struct kvm_ppc_xive_eq *queue)
{
    struct kvm_device_attr attr = {
        .group = KVM_DEV_XIVE_GRP_EQ_CONFIG,
        .attr = (uint64_t)server << KVM_XIVE_EQ_SERVER_SHIFT | priority,
        .addr = (uintptr_t)queue,
    };
    return kvm_ioctl(device, request, &attr);
}

// A new queue starts at entry 0 with generation 1.
int kvm_xive_queue_set(int device, uint32_t server, unsigned priority, const KvmXiveQueue *queue)
{
    struct kvm_ppc_xive_eq eq = {
        .flags = KVM_XIVE_EQ_ALWAYS_NOTIFY, .qshift = queue->shift, .qaddr = queue->address, .qtoggle = 1
    };
    return queue_access(device, KVM_SET_DEVICE_ATTR, server, priority, &eq);
}

int kvm_xive_queue_get(int device, uint32_t server, unsigned priority, KvmXiveQueue *queue)
{
    struct kvm_ppc_xive_eq eq = { 0 }; // KVM writes nothing where there is no queue
    int result = queue_access(device, KVM_GET_DEVICE_ATTR, server, priority, &eq);
    *queue = (KvmXiveQueue){
        .address = eq.qaddr,
        .shift = eq.qshift,
        .always_notify = eq.flags & KVM_XIVE_EQ_ALWAYS_NOTIFY,
        .index = eq.qindex,
        .generation = eq.qtoggle,
    };
    return result;
}

int kvm_smmu_info(KvmVm *vm, struct kvm_ppc_smmu_info *info)
{
    return kvm_ioctl(vm->fd, KVM_PPC_GET_SMMU_INFO, info);
}

int kvm_radix_encodings(KvmVm *vm, uint32_t encodings[8])
{
    struct kvm_ppc_rmmu_info info;
    int result = kvm_ioctl(vm->fd, KVM_PPC_GET_RMMU_INFO, &info);
    if (result < 0)
        return result;
    int count = 0;
    for (; count < 8 && info.ap_encodings[count]; count++)
        encodings[count] = info.ap_encodings[count];
    return count;
}

KvmVcpu *kvm_vcpu_new(KvmVm *vm, uint32_t id, GError **error)
{
    int fd = kvm_ioctl(vm->fd, KVM_CREATE_VCPU, (void *)(uintptr_t)id);
    if (fd < 0) {
        error_host(error, "KVM_CREATE_VCPU %u: %s", id, g_strerror(-fd));
        return NULL;
    }
    void *run = mmap(NULL, (size_t)vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (run == MAP_FAILED) {
        error_host(error, "vCPU %u: mapping kvm_run: %s", id, g_strerror(errno));
        close(fd);
        return NULL;
    }
    KvmVcpu *vcpu = g_new0(KvmVcpu, 1);
    *vcpu = (KvmVcpu){ .fd = fd, .run_size = vm->run_size, .run = run };
    return vcpu;
}

void kvm_vcpu_free(KvmVcpu *vcpu)
{
    if (!vcpu)
        return;
    munmap(vcpu->run, (size_t)vcpu->run_size);
    close(vcpu->fd);
    g_free(vcpu);
}

struct kvm_run *kvm_vcpu_state(KvmVcpu *vcpu)
{
    return vcpu->run;
}

int kvm_vcpu_run(KvmVcpu *vcpu)
{
    return kvm_ioctl(vcpu->fd, KVM_RUN, NULL);
}

int kvm_vcpu_enable(KvmVcpu *vcpu, uint32_t capability, uint64_t argument0, uint64_t argument1)
{
    struct kvm_enable_cap cap = { .cap = capability, .args = { argument0, argument1 } };
    return kvm_ioctl(vcpu->fd, KVM_ENABLE_CAP, &cap);
}

int kvm_vcpu_set_entry(KvmVcpu *vcpu, uint64_t pc, uint64_t r3, uint64_t msr)
{
    struct kvm_regs regs = { .pc = pc, .msr = msr };
    regs.gpr[3] = r3;
    return kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs);
}

int kvm_vcpu_interrupt(KvmVcpu *vcpu, uint64_t vector, uint64_t msr, uint64_t cleared)
{
    struct kvm_regs regs;
    int result = kvm_ioctl(vcpu->fd, KVM_GET_REGS, &regs);
    if (result < 0)
        return result;
    regs.srr0 = regs.pc;
    regs.srr1 = regs.msr & ~cleared;
    regs.pc = vector;
    regs.msr = msr;
    return kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs);
}

int kvm_vcpu_set_r3(KvmVcpu *vcpu, uint64_t r3)
{
    struct kvm_regs regs;
    int result = kvm_ioctl(vcpu->fd, KVM_GET_REGS, &regs);
    if (result < 0)
        return result;
    regs.gpr[3] = r3;
    return kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs);
}

int kvm_vcpu_set_sprg0(KvmVcpu *vcpu, uint64_t value, uint64_t *before)
{
    struct kvm_regs regs;
    int result = kvm_ioctl(vcpu->fd, KVM_GET_REGS, &regs);
    if (result < 0)
        return result;
    *before = regs.sprg0;
    regs.sprg0 = value;
    return kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs);
}

int kvm_vcpu_registers(KvmVcpu *vcpu, KvmRegisters *registers)
{
    struct kvm_regs regs;
    int result = kvm_ioctl(vcpu->fd, KVM_GET_REGS, &regs);
    if (result < 0)
        return result;
    *registers = (KvmRegisters){
        .pc = regs.pc,
        .msr = regs.msr,
        .cr = regs.cr,
        .lr = regs.lr,
        .ctr = regs.ctr,
        .xer = regs.xer,
        .srr0 = regs.srr0,
        .srr1 = regs.srr1,
        .pid = regs.pid,
        .sprg = { regs.sprg0, regs.sprg1, regs.sprg2, regs.sprg3, regs.sprg4, regs.sprg5, regs.sprg6,
            regs.sprg7 },
    };
    G_STATIC_ASSERT(sizeof registers->gpr == sizeof regs.gpr);
    memcpy(registers->gpr, regs.gpr, sizeof regs.gpr);
    return 0;
}

int kvm_vcpu_pvr(KvmVcpu *vcpu, uint32_t *pvr)
{
    struct kvm_sregs sregs;
    int result = kvm_ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
    if (result >= 0)
        *pvr = sregs.pvr;
    return result;
}

// SDR1 carries the table's order - 18 in its low bits (kvmppc_set_sregs in arch/powerpc/kvm/book3s_pr.c).
int kvm_vcpu_set_hash_table(KvmVcpu *vcpu, void *table, unsigned order)
{
    struct kvm_sregs sregs;
    int result = kvm_ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
    if (result < 0)
        return result;
    sregs.u.s.sdr1 = (uintptr_t)table | (order - 18);
    return kvm_ioctl(vcpu->fd, KVM_SET_SREGS, &sregs);
}

static int one_reg(KvmVcpu *vcpu, unsigned long request, uint64_t id, void *value)
{
    struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };
    return kvm_ioctl(vcpu->fd, request, &reg);
}

static bool is_32_bit(uint64_t id)
{
    return (id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U32;
}

int kvm_vcpu_get_reg(KvmVcpu *vcpu, uint64_t id, uint64_t *value)
{
    if (!is_32_bit(id))
        return one_reg(vcpu, KVM_GET_ONE_REG, id, value);
    uint32_t narrow = 0;
    int result = one_reg(vcpu, KVM_GET_ONE_REG, id, &narrow);
    *value = narrow;
    return result;
}

int kvm_vcpu_set_reg(KvmVcpu *vcpu, uint64_t id, uint64_t value)
{
    uint32_t narrow = (uint32_t)value;
    return one_reg(vcpu, KVM_SET_ONE_REG, id, is_32_bit(id) ? (void *)&narrow : &value);
}

int kvm_vcpu_set_reg_pair(KvmVcpu *vcpu, uint64_t id, uint64_t address, uint64_t length)
{
    uint64_t pair[2] = { address, length };
    return one_reg(vcpu, KVM_SET_ONE_REG, id, pair);
}
