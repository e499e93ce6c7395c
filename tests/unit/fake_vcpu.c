// A vCPU for unit tests.
#include "fake_vcpu.h"
#include "fake_kvm.h"
#include "lparun/error.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define REGISTERS 256
#define PATIENCE (5 * G_USEC_PER_SEC)

typedef struct Register {
    uint64_t id, high, value; // `high`: of the wide ones
    unsigned sets;
} Register;

struct KvmVcpu {
    struct kvm_run state;
    KvmVm *vm;
    atomic_bool inside; // in KVM_RUN
    int wake;           // an eventfd: there are new exits
    GMutex lock;        // guards what follows
    GCond changed;
    GQueue script;   // FakeExit, to come
    bool unfinished; // an exit was returned and its answer not taken yet
    bool idle;
    unsigned finished;
    FakeAnswer answer;
    FakeEntry entry;
    FakeInterrupt interrupt;
    uint64_t r3;
    uint64_t msr;
    Register registers[REGISTERS];
    uint64_t sprg0;
    KvmRegisters general; // but for the MSR, r3 and SPRG0 above
    bool refuse_regs, lack_regs, breakpoints, steps;
    void *hash_table;
    unsigned hash_order;
    struct {
        uint32_t capability;
        uint64_t arguments[2];
    } enabled[4];
    unsigned enabled_count;
};

KvmVcpu *kvm_vcpu_new(KvmVm *vm, uint32_t id, GError **error)
{
    if (fake_kvm_power(vm)->vcpu < 0) {
        g_set_error(error, LPARUN_ERROR, LPARUN_ERROR_HOST, "KVM_CREATE_VCPU %u: refused", id);
        return NULL;
    }
    KvmVcpu *vcpu = g_new0(KvmVcpu, 1);
    vcpu->vm = vm;
    vcpu->msr = 0x8000000000001000;
    vcpu->general = (KvmRegisters){ .pc = 0x1234, .lr = 0x5678 };
    vcpu->r3 = FAKE_VCPU_R3;
    vcpu->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g_assert_cmpint(vcpu->wake, >=, 0);
    g_mutex_init(&vcpu->lock);
    g_cond_init(&vcpu->changed);
    g_queue_init(&vcpu->script);
    return vcpu;
}

void kvm_vcpu_free(KvmVcpu *vcpu)
{
    if (!vcpu)
        return;
    g_assert_false(atomic_load(&vcpu->inside));
    g_queue_clear_full(&vcpu->script, g_free);
    g_mutex_clear(&vcpu->lock);
    g_cond_clear(&vcpu->changed);
    close(vcpu->wake);
    g_free(vcpu);
}

struct kvm_run *kvm_vcpu_state(KvmVcpu *vcpu)
{
    return &vcpu->state;
}

void fake_vcpu_exit(KvmVcpu *vcpu, const FakeExit *exit)
{
    g_mutex_lock(&vcpu->lock);
    g_queue_push_tail(&vcpu->script, g_memdup2(exit, sizeof *exit));
    vcpu->idle = false;
    g_mutex_unlock(&vcpu->lock);
    eventfd_write(vcpu->wake, 1);
}

// The next KVM_RUN is when KVM takes the answer, with immediate_exit too.
static void finish(KvmVcpu *vcpu)
{
    if (!vcpu->unfinished)
        return;
    const struct kvm_run *run = &vcpu->state;
    FakeAnswer *answer = &vcpu->answer;
    *answer = (FakeAnswer){ 0 };
    if (run->exit_reason == KVM_EXIT_PAPR_HCALL) {
        vcpu->r3 = answer->result = run->papr_hcall.ret;
        for (unsigned i = 0; i < 9; i++)
            answer->arguments[i] = run->papr_hcall.args[i];
    }
    if (run->exit_reason == KVM_EXIT_MMIO)
        memcpy(answer->data, run->mmio.data, sizeof answer->data);
    vcpu->unfinished = false;
    vcpu->finished++;
    g_cond_broadcast(&vcpu->changed);
}

static void fill(struct kvm_run *run, const FakeExit *exit)
{
    run->exit_reason = exit->reason;
    switch (exit->reason) {
    case KVM_EXIT_PAPR_HCALL:
        run->papr_hcall.nr = exit->number;
        run->papr_hcall.ret = 0;
        for (unsigned i = 0; i < 9; i++)
            run->papr_hcall.args[i] = exit->arguments[i];
        break;
    case KVM_EXIT_MMIO:
        run->mmio.phys_addr = exit->address;
        run->mmio.len = exit->length;
        run->mmio.is_write = exit->is_write;
        memcpy(run->mmio.data, exit->data, sizeof run->mmio.data);
        break;
    case KVM_EXIT_NMI:
        run->flags = exit->flags;
        break;
    case KVM_EXIT_INTERNAL_ERROR:
        run->internal.suberror = (uint32_t)exit->detail;
        break;
    case KVM_EXIT_FAIL_ENTRY:
        run->fail_entry.hardware_entry_failure_reason = exit->detail;
        break;
    default:
        run->hw.hardware_exit_reason = exit->detail;
        break;
    }
}

// Returns the next exit, or 1 when there is none.
static int next_exit(KvmVcpu *vcpu)
{
    g_autofree FakeExit *exit = g_queue_pop_head(&vcpu->script);
    if (!exit)
        return 1;
    // KVM has nothing to finish after an error.
    vcpu->unfinished = exit->result == 0;
    if (exit->result == 0)
        fill(&vcpu->state, exit);
    else
        vcpu->finished++;
    return exit->result;
}

// In the guest until there is an exit. Signals are blocked but for the wait itself, so that none is lost
// between the look at immediate_exit and the wait: in KVM a pending signal keeps a vCPU out of the guest.
static int run_until_exit(KvmVcpu *vcpu, const sigset_t *outside)
{
    for (;;) {
        uint64_t wakes;
        ssize_t ignored = read(vcpu->wake, &wakes, sizeof wakes);
        (void)ignored;
        if (__atomic_load_n(&vcpu->state.immediate_exit, __ATOMIC_SEQ_CST))
            return -EINTR;
        g_mutex_lock(&vcpu->lock);
        int result = next_exit(vcpu);
        vcpu->idle = result > 0;
        g_cond_broadcast(&vcpu->changed);
        g_mutex_unlock(&vcpu->lock);
        if (result <= 0)
            return result;
        struct pollfd wake = { .fd = vcpu->wake, .events = POLLIN };
        if (ppoll(&wake, 1, NULL, outside) < 0)
            return -EINTR;
    }
}

int kvm_vcpu_run(KvmVcpu *vcpu)
{
    sigset_t all, before;
    g_assert_false(atomic_exchange(&vcpu->inside, true));
    g_mutex_lock(&vcpu->lock);
    finish(vcpu);
    g_mutex_unlock(&vcpu->lock);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = run_until_exit(vcpu, &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    g_mutex_lock(&vcpu->lock);
    vcpu->idle = false;
    g_mutex_unlock(&vcpu->lock);
    atomic_store(&vcpu->inside, false);
    return result;
}

static bool wait_for(KvmVcpu *vcpu, bool (*is_so)(const KvmVcpu *vcpu, unsigned count), unsigned count)
{
    gint64 end = g_get_monotonic_time() + PATIENCE;
    bool in_time = true;
    g_mutex_lock(&vcpu->lock);
    while (in_time && !is_so(vcpu, count))
        in_time = g_cond_wait_until(&vcpu->changed, &vcpu->lock, end);
    g_mutex_unlock(&vcpu->lock);
    return in_time;
}

static bool has_finished(const KvmVcpu *vcpu, unsigned count)
{
    return vcpu->finished >= count;
}

static bool is_idle(const KvmVcpu *vcpu, unsigned count)
{
    return vcpu->idle;
}

bool fake_vcpu_wait(KvmVcpu *vcpu, unsigned count)
{
    return wait_for(vcpu, has_finished, count);
}

bool fake_vcpu_wait_idle(KvmVcpu *vcpu)
{
    return wait_for(vcpu, is_idle, 0);
}

FakeAnswer fake_vcpu_answer(KvmVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    FakeAnswer answer = vcpu->answer;
    g_mutex_unlock(&vcpu->lock);
    return answer;
}

// --- Calls that KVM makes wait while the vCPU is in the guest.

static void enter(KvmVcpu *vcpu)
{
    g_assert_false(atomic_load(&vcpu->inside));
    g_mutex_lock(&vcpu->lock);
}

static void leave(KvmVcpu *vcpu)
{
    g_mutex_unlock(&vcpu->lock);
}

int kvm_vcpu_enable(KvmVcpu *vcpu, uint32_t capability, uint64_t argument0, uint64_t argument1)
{
    enter(vcpu);
    unsigned at = 0;
    while (at < vcpu->enabled_count && vcpu->enabled[at].capability != capability)
        at++;
    g_assert_cmpuint(at, <, G_N_ELEMENTS(vcpu->enabled));
    vcpu->enabled_count = MAX(vcpu->enabled_count, at + 1);
    vcpu->enabled[at].capability = capability;
    vcpu->enabled[at].arguments[0] = argument0;
    vcpu->enabled[at].arguments[1] = argument1;
    leave(vcpu);
    return fake_kvm_power(vcpu->vm)->vcpu_enable;
}

bool fake_vcpu_enabled(KvmVcpu *vcpu, uint32_t capability, uint64_t arguments[2])
{
    for (unsigned i = 0; i < vcpu->enabled_count; i++)
        if (vcpu->enabled[i].capability == capability) {
            memcpy(arguments, vcpu->enabled[i].arguments, sizeof vcpu->enabled[i].arguments);
            return true;
        }
    return false;
}

int kvm_vcpu_set_entry(KvmVcpu *vcpu, uint64_t pc, uint64_t r3, uint64_t msr)
{
    enter(vcpu);
    vcpu->entry = (FakeEntry){ pc, r3, msr, vcpu->entry.count + 1 };
    leave(vcpu);
    return 0;
}

FakeEntry fake_vcpu_entry(KvmVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    FakeEntry entry = vcpu->entry;
    g_mutex_unlock(&vcpu->lock);
    return entry;
}

int kvm_vcpu_interrupt(KvmVcpu *vcpu, uint64_t vector, uint64_t msr, uint64_t cleared)
{
    enter(vcpu);
    vcpu->interrupt = (FakeInterrupt){ vector, msr, cleared, vcpu->interrupt.count + 1 };
    leave(vcpu);
    return 0;
}

FakeInterrupt fake_vcpu_interrupt(KvmVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    FakeInterrupt interrupt = vcpu->interrupt;
    g_mutex_unlock(&vcpu->lock);
    return interrupt;
}

int kvm_vcpu_set_r3(KvmVcpu *vcpu, uint64_t r3)
{
    enter(vcpu);
    vcpu->r3 = r3;
    leave(vcpu);
    return 0;
}

uint64_t fake_vcpu_r3(KvmVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    uint64_t r3 = vcpu->r3;
    g_mutex_unlock(&vcpu->lock);
    return r3;
}

int kvm_vcpu_set_sprg0(KvmVcpu *vcpu, uint64_t value, uint64_t *before)
{
    enter(vcpu);
    *before = vcpu->sprg0;
    vcpu->sprg0 = value;
    leave(vcpu);
    return 0;
}

// A byte: that it is asked on its thread is what counts.
GBytes *kvm_vcpu_stats(KvmVcpu *vcpu)
{
    enter(vcpu);
    leave(vcpu);
    return g_bytes_new_static("", 1);
}

int kvm_vcpu_registers(KvmVcpu *vcpu, KvmRegisters *registers)
{
    enter(vcpu);
    *registers = vcpu->general;
    registers->msr = vcpu->msr;
    registers->gpr[3] = vcpu->r3;
    leave(vcpu);
    return 0;
}

// The register, made when it is not there yet. Under the lock.
static Register *find(KvmVcpu *vcpu, uint64_t id)
{
    for (unsigned i = 0; i < REGISTERS; i++) {
        Register *reg = &vcpu->registers[i];
        if (reg->id == 0)
            reg->id = id;
        if (reg->id == id)
            return reg;
    }
    g_assert_not_reached();
}

int kvm_vcpu_set_registers(KvmVcpu *vcpu, const KvmRegisters *registers)
{
    enter(vcpu);
    vcpu->general = *registers;
    vcpu->msr = registers->msr;
    vcpu->r3 = registers->gpr[3];
    leave(vcpu);
    return 0;
}

int kvm_vcpu_get_wide(KvmVcpu *vcpu, uint64_t id, uint64_t value[2])
{
    enter(vcpu);
    value[0] = find(vcpu, id)->high;
    value[1] = find(vcpu, id)->value;
    leave(vcpu);
    return 0;
}

int kvm_vcpu_set_wide(KvmVcpu *vcpu, uint64_t id, const uint64_t value[2])
{
    enter(vcpu);
    find(vcpu, id)->high = value[0];
    find(vcpu, id)->value = value[1];
    leave(vcpu);
    return 0;
}

// A guest with radix has none.
int kvm_vcpu_slb(KvmVcpu *vcpu, KvmSlbEntry entries[KVM_SLB_ENTRIES])
{
    memset(entries, 0, KVM_SLB_ENTRIES * sizeof *entries);
    return 0;
}

int kvm_vcpu_debug(KvmVcpu *vcpu, bool breakpoints, bool step)
{
    enter(vcpu);
    vcpu->breakpoints = breakpoints;
    vcpu->steps = step;
    leave(vcpu);
    return 0;
}

void fake_vcpu_debug(KvmVcpu *vcpu, bool *breakpoints, bool *step)
{
    g_mutex_lock(&vcpu->lock);
    *breakpoints = vcpu->breakpoints;
    *step = vcpu->steps;
    g_mutex_unlock(&vcpu->lock);
}

void kvm_code_changed(const void *host, size_t length)
{
}

void fake_vcpu_set_msr(KvmVcpu *vcpu, uint64_t msr)
{
    g_mutex_lock(&vcpu->lock);
    vcpu->msr = msr;
    g_mutex_unlock(&vcpu->lock);
}

int kvm_vcpu_pvr(KvmVcpu *vcpu, uint32_t *pvr)
{
    const FakeKvmPower *power = fake_kvm_power(vcpu->vm);
    *pvr = power->pvr ? power->pvr : 0x004e1203; // POWER9
    return power->pvr_result;
}

uint64_t fake_vcpu_reg(KvmVcpu *vcpu, uint64_t id)
{
    g_mutex_lock(&vcpu->lock);
    uint64_t value = find(vcpu, id)->value;
    g_mutex_unlock(&vcpu->lock);
    return value;
}

void fake_vcpu_set_reg(KvmVcpu *vcpu, uint64_t id, uint64_t value)
{
    g_mutex_lock(&vcpu->lock);
    find(vcpu, id)->value = value;
    g_mutex_unlock(&vcpu->lock);
}

unsigned fake_vcpu_reg_sets(KvmVcpu *vcpu, uint64_t id)
{
    g_mutex_lock(&vcpu->lock);
    unsigned sets = find(vcpu, id)->sets;
    g_mutex_unlock(&vcpu->lock);
    return sets;
}

void fake_vcpu_refuse_regs(KvmVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    vcpu->refuse_regs = true;
    g_mutex_unlock(&vcpu->lock);
}

void fake_vcpu_lack_regs(KvmVcpu *vcpu)
{
    g_mutex_lock(&vcpu->lock);
    vcpu->lack_regs = true;
    g_mutex_unlock(&vcpu->lock);
}

int kvm_vcpu_get_reg(KvmVcpu *vcpu, uint64_t id, uint64_t *value)
{
    enter(vcpu);
    *value = find(vcpu, id)->value;
    bool lacks = vcpu->lack_regs;
    leave(vcpu);
    return lacks ? -EINVAL : 0;
}

int kvm_vcpu_set_reg(KvmVcpu *vcpu, uint64_t id, uint64_t value)
{
    enter(vcpu);
    uint32_t newest = fake_kvm_power(vcpu->vm)->newest_compat;
    bool refused = vcpu->refuse_regs || (id == KVM_PPC_COMPAT && newest && value > newest);
    if (!refused) {
        find(vcpu, id)->value = value;
        find(vcpu, id)->sets++;
    }
    leave(vcpu);
    return refused ? -EINVAL : 0;
}

int kvm_vcpu_set_hash_table(KvmVcpu *vcpu, void *table, unsigned order)
{
    enter(vcpu);
    vcpu->hash_table = table;
    vcpu->hash_order = order;
    leave(vcpu);
    return 0;
}

void *fake_vcpu_hash_table(KvmVcpu *vcpu, unsigned *order)
{
    g_mutex_lock(&vcpu->lock);
    void *table = vcpu->hash_table;
    *order = vcpu->hash_order;
    g_mutex_unlock(&vcpu->lock);
    return table;
}

int kvm_vcpu_set_reg_pair(KvmVcpu *vcpu, uint64_t id, uint64_t address, uint64_t length)
{
    return kvm_vcpu_set_reg(vcpu, id, address);
}
