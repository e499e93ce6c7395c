// vCPU threads: the run loop, its exits, and work queued to it.
#include "lparun/vcpu.h"
#include "lparun/error.h"
#include "lparun/thread.h"
#include "vcpu_mmio.h"
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

// KVM_RUN_PPC_NMI_DISP_MASK and _FULLY_RECOV (arch/powerpc/include/uapi/asm/kvm.h), in kvm_run's flags.
#define NMI_DISPOSITION 3
#define NMI_RECOVERED 1

typedef enum { PARKED, RUNNING, ENDED } State;

// Work for several vCPUs, which its caller waits for. Under the set's lock.
typedef struct Call {
    void (*run)(Vcpu *vcpu, void *data);
    void *data;
    unsigned left; // how many are still to do it
    GCond *done;   // where its caller waits
} Call;

struct Vcpu {
    VcpuSet *set;
    KvmVcpu *kvm;
    struct kvm_run *run;
    uint32_t id;
    unsigned index;
    uint64_t first_lpcr; // after power-on
    bool online;         // as KVM was told; its thread's alone
    Thread *thread;
    pid_t thread_id; // 0 until the thread runs; under the set's lock
    GCond wake;      // where it sleeps: one alone is woken
    bool asleep;     // waits to be started; under the set's lock, as are the next seven
    State wanted;
    bool joined;    // runs, but waits for a prod
    bool prodded;   // when it did not wait: the next wait is none
    bool resetting; // a system reset interrupt is due
    bool entering;  // `entry` is to be loaded
    VcpuEntry entry;
    GQueue work;                               // of Call
    _Atomic uint64_t exits[VCPU_EXIT_REASONS]; // written by the vCPU's thread alone
};

struct VcpuSet {
    KvmVm *vm;
    Bus *bus;
    const VcpuOps *ops;
    void *owner;
    GPtrArray *vcpus;
    GMutex lock; // guards states and work queues; never taken on the way of an exit
    // Under the lock.
    bool held;      // none enters the guest, whatever is wanted of it
    Vcpu *only;     // nor any but this one; NULL: all may
    unsigned awake; // vCPUs that are not asleep
    GCond changed;  // none is awake, a call from outside is done, a thread has begun
};

// The signal that takes a vCPU out of the guest. Its handler does nothing: KVM_RUN returns.
static int kick_signal(void)
{
    return SIGRTMIN;
}

static void on_kick(int signal)
{
}

// immediate_exit makes the next KVM_RUN finish the exit before and return -EINTR, so that no kick is lost
// between the decision to enter the guest and the entry. Where it is set already a signal is on its way, or
// the vCPU on its way here: one more would only wait in the kernel, where a guest could pile them up. Under
// the set's lock.
static void kick(Vcpu *vcpu)
{
    if (!__atomic_exchange_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST) && vcpu->thread)
        thread_signal(vcpu->thread, kick_signal());
    g_cond_signal(&vcpu->wake);
}

static void do_work(Vcpu *vcpu)
{
    Call *call;
    while ((call = g_queue_pop_head(&vcpu->work))) {
        g_mutex_unlock(&vcpu->set->lock);
        call->run(vcpu, call->data);
        g_mutex_lock(&vcpu->set->lock);
        if (--call->left == 0)
            g_cond_broadcast(call->done);
    }
}

// Under the set's lock.
static void set_asleep(Vcpu *vcpu, bool asleep)
{
    VcpuSet *set = vcpu->set;
    if (vcpu->asleep == asleep)
        return;
    vcpu->asleep = asleep;
    set->awake += asleep ? -1u : 1u;
    if (!set->awake)
        g_cond_broadcast(&set->changed);
}

// KVM needs to know which threads of a core run, to share out its time (PURR) among them.
static void tell_online(Vcpu *vcpu)
{
    bool online = vcpu->wanted == RUNNING;
    if (online != vcpu->online)
        kvm_vcpu_set_reg(vcpu->kvm, KVM_PPC_ONLINE, online);
    vcpu->online = online;
}

// Under the set's lock.
static bool is_held(const Vcpu *vcpu)
{
    const VcpuSet *set = vcpu->set;
    return set->held || (set->only && set->only != vcpu);
}

// Under the set's lock, which it gives up for a while. A parked vCPU takes no interrupt, and one that is held
// takes it later.
static void take_system_reset(Vcpu *vcpu)
{
    const VcpuSet *set = vcpu->set;
    if (is_held(vcpu))
        return;
    bool takes = vcpu->resetting && vcpu->wanted == RUNNING;
    vcpu->resetting = false;
    if (!takes)
        return;
    vcpu->joined = false;
    g_mutex_unlock(&vcpu->set->lock);
    set->ops->system_reset(set->owner, vcpu);
    g_mutex_lock(&vcpu->set->lock);
}

// Does what was asked of this vCPU and sleeps while it is parked or held. False when the thread shall end.
static bool serve(Vcpu *vcpu)
{
    VcpuSet *set = vcpu->set;
    g_mutex_lock(&set->lock);
    __atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
    for (;;) {
        if (vcpu->entering) // before any work, which may read or change the registers
            kvm_vcpu_set_entry(vcpu->kvm, vcpu->entry.pc, vcpu->entry.r3, vcpu->entry.msr);
        vcpu->entering = false;
        tell_online(vcpu);
        take_system_reset(vcpu);
        do_work(vcpu);
        if (vcpu->entering || (vcpu->resetting && !is_held(vcpu)))
            continue;
        if (vcpu->wanted == ENDED || (vcpu->wanted == RUNNING && !vcpu->joined && !is_held(vcpu)))
            break;
        set_asleep(vcpu, true);
        g_cond_wait(&vcpu->wake, &set->lock);
        set_asleep(vcpu, false);
    }
    bool go_on = vcpu->wanted == RUNNING;
    g_mutex_unlock(&set->lock);
    return go_on;
}

static void handle_hypercall(Vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    uint64_t arguments[9];
    for (unsigned i = 0; i < 9; i++)
        arguments[i] = run->papr_hcall.args[i];
    run->papr_hcall.ret =
        (uint64_t)vcpu->set->ops->hypercall(vcpu->set->owner, vcpu, run->papr_hcall.nr, arguments);
    for (unsigned i = 0; i < 9; i++)
        run->papr_hcall.args[i] = arguments[i];
}

static void fail(Vcpu *vcpu, const char *what, uint64_t detail)
{
    KvmRegisters registers = { 0 };
    kvm_vcpu_registers(vcpu->kvm, &registers);
    g_autofree char *why =
        g_strdup_printf("vCPU %u: %s (0x%" G_GINT64_MODIFIER "x) at pc 0x%" G_GINT64_MODIFIER
                        "x, msr 0x%" G_GINT64_MODIFIER "x, lr 0x%" G_GINT64_MODIFIER "x",
            vcpu->id, what, detail, registers.pc, registers.msr, registers.lr);
    vcpu_park(vcpu);
    vcpu->set->ops->failed(vcpu->set->owner, vcpu, why);
}

static void machine_check(Vcpu *vcpu)
{
    const VcpuOps *ops = vcpu->set->ops;
    bool recovered = (vcpu->run->flags & NMI_DISPOSITION) == NMI_RECOVERED;
    if (ops->machine_check)
        ops->machine_check(vcpu->set->owner, vcpu, recovered);
    else
        fail(vcpu, "a machine check", vcpu->run->flags);
}

static void debug(Vcpu *vcpu)
{
    const VcpuOps *ops = vcpu->set->ops;
    if (!ops->debug || !ops->debug(vcpu->set->owner, vcpu))
        fail(vcpu, "a breakpoint that nobody has set", vcpu->run->exit_reason);
}

static void handle_exit(Vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    unsigned reason = MIN(run->exit_reason, VCPU_EXIT_REASONS - 1);
    // The one writer needs no atomic addition, only a store that a reader of statistics sees whole.
    atomic_store_explicit(&vcpu->exits[reason],
        atomic_load_explicit(&vcpu->exits[reason], memory_order_relaxed) + 1, memory_order_relaxed);
    switch (run->exit_reason) {
    case KVM_EXIT_PAPR_HCALL:
        handle_hypercall(vcpu);
        break;
    case KVM_EXIT_MMIO:
        vcpu_mmio(vcpu->set->bus, run);
        break;
    case KVM_EXIT_INTR:
        break;
    case KVM_EXIT_FAIL_ENTRY:
        fail(vcpu, "the hardware refused to enter the guest", run->fail_entry.hardware_entry_failure_reason);
        break;
    case KVM_EXIT_INTERNAL_ERROR:
        fail(vcpu, "internal error in KVM", run->internal.suberror);
        break;
    case KVM_EXIT_UNKNOWN:
        fail(vcpu, "unhandled exception in the guest", run->hw.hardware_exit_reason);
        break;
    case KVM_EXIT_NMI:
        machine_check(vcpu);
        break;
    case KVM_EXIT_DEBUG:
        debug(vcpu);
        break;
    default:
        fail(vcpu, "unexpected exit from KVM", run->exit_reason);
        break;
    }
}

static void vcpu_thread(void *owner)
{
    Vcpu *vcpu = owner;
    thread_let_in(kick_signal());
    g_mutex_lock(&vcpu->set->lock);
    vcpu->thread_id = gettid();
    g_cond_broadcast(&vcpu->set->changed);
    g_mutex_unlock(&vcpu->set->lock);
    bool go_on = serve(vcpu);
    while (go_on) {
        int result = kvm_vcpu_run(vcpu->kvm);
        if (result >= 0) {
            handle_exit(vcpu);
            continue;
        }
        if (result != -EINTR && result != -EAGAIN)
            fail(vcpu, "KVM_RUN failed with errno", (uint64_t)-result);
        go_on = serve(vcpu);
    }
}

VcpuSet *vcpu_set_new(KvmVm *vm, Bus *bus, const VcpuOps *ops, void *owner)
{
    VcpuSet *set = g_new0(VcpuSet, 1);
    set->vm = vm;
    set->bus = bus;
    set->ops = ops;
    set->owner = owner;
    set->vcpus = g_ptr_array_new();
    g_mutex_init(&set->lock);
    g_cond_init(&set->changed);
    struct sigaction action = { .sa_handler = on_kick };
    sigaction(kick_signal(), &action, NULL);
    return set;
}

static void vcpu_free(Vcpu *vcpu)
{
    kvm_vcpu_free(vcpu->kvm);
    g_cond_clear(&vcpu->wake);
    g_free(vcpu);
}

void vcpu_set_free(VcpuSet *set)
{
    if (!set)
        return;
    vcpu_set_park_all(set); // none of them is in vcpu_set_call(), which needs them all
    for (unsigned i = 0; i < set->vcpus->len; i++) {
        Vcpu *vcpu = set->vcpus->pdata[i];
        g_mutex_lock(&set->lock);
        vcpu->wanted = ENDED;
        kick(vcpu);
        g_mutex_unlock(&set->lock);
        thread_join(vcpu->thread);
        vcpu_free(vcpu);
    }
    g_ptr_array_unref(set->vcpus);
    g_mutex_clear(&set->lock);
    g_cond_clear(&set->changed);
    g_free(set);
}

static int connect_vcpu(Vcpu *vcpu, InterruptController *controller)
{
    int result = kvm_vcpu_enable(vcpu->kvm, KVM_CAP_PPC_PAPR, 0, 0);
    if (result == 0 && controller)
        result = interrupt_controller_connect(controller, vcpu->kvm, vcpu->id);
    kvm_vcpu_get_reg(vcpu->kvm, KVM_PPC_LPCR, &vcpu->first_lpcr);
    return result;
}

static bool start_thread(Vcpu *vcpu, GError **error)
{
    VcpuSet *set = vcpu->set;
    g_autofree char *name = g_strdup_printf("vcpu %u", vcpu->id);
    g_mutex_lock(&set->lock); // the thread is in nobody's way until `thread` is set
    vcpu->thread = thread_start(THREAD_VCPU, name, vcpu_thread, vcpu, error);
    set->awake += vcpu->thread != NULL;
    g_mutex_unlock(&set->lock);
    return vcpu->thread;
}

bool vcpu_set_add(VcpuSet *set, uint32_t id, InterruptController *controller, GError **error)
{
    KvmVcpu *kvm = kvm_vcpu_new(set->vm, id, error);
    if (!kvm)
        return false;
    Vcpu *vcpu = g_new0(Vcpu, 1);
    vcpu->set = set;
    vcpu->kvm = kvm;
    vcpu->run = kvm_vcpu_state(kvm);
    vcpu->id = id;
    vcpu->index = set->vcpus->len;
    g_cond_init(&vcpu->wake);
    int result = connect_vcpu(vcpu, controller);
    if (result < 0 ? !error_host(error, "vCPU %u: %s", id, g_strerror(-result))
                   : !start_thread(vcpu, error)) {
        vcpu_free(vcpu);
        return false;
    }
    g_ptr_array_add(set->vcpus, vcpu);
    return true;
}

unsigned vcpu_set_count(const VcpuSet *set)
{
    return set->vcpus->len;
}

Vcpu *vcpu_set_at(const VcpuSet *set, unsigned index)
{
    return set->vcpus->pdata[index];
}

Vcpu *vcpu_set_find(const VcpuSet *set, uint64_t id)
{
    for (unsigned i = 0; i < set->vcpus->len; i++)
        if (vcpu_set_at(set, i)->id == id)
            return vcpu_set_at(set, i);
    return NULL;
}

uint32_t vcpu_id(const Vcpu *vcpu)
{
    return vcpu->id;
}

unsigned vcpu_index(const Vcpu *vcpu)
{
    return vcpu->index;
}

KvmVcpu *vcpu_kvm(Vcpu *vcpu)
{
    return vcpu->kvm;
}

pid_t vcpu_thread_id(const Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    while (vcpu->thread_id == 0) // it has only just been made: its thread is about to tell
        g_cond_wait(&vcpu->set->changed, &vcpu->set->lock);
    pid_t id = vcpu->thread_id;
    g_mutex_unlock(&vcpu->set->lock);
    return id;
}

bool vcpu_start(Vcpu *vcpu, const VcpuEntry *entry)
{
    g_mutex_lock(&vcpu->set->lock);
    bool parked = vcpu->wanted == PARKED;
    if (parked) {
        vcpu->entry = *entry;
        vcpu->entering = true;
        vcpu->wanted = RUNNING;
        vcpu->joined = vcpu->prodded = vcpu->resetting = false;
        kick(vcpu);
    }
    g_mutex_unlock(&vcpu->set->lock);
    return parked;
}

void vcpu_park(Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    if (vcpu->wanted == RUNNING)
        vcpu->wanted = PARKED;
    __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&vcpu->set->lock);
}

bool vcpu_is_parked(const Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    bool parked = vcpu->wanted == PARKED;
    g_mutex_unlock(&vcpu->set->lock);
    return parked;
}

bool vcpu_has_stopped(const Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    bool stopped = vcpu->wanted == PARKED && vcpu->asleep;
    g_mutex_unlock(&vcpu->set->lock);
    return stopped;
}

VcpuStand vcpu_stand(const Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    VcpuStand stand = is_held(vcpu)             ? VCPU_HELD
                      : vcpu->wanted != RUNNING ? VCPU_STOPPED
                      : vcpu->joined            ? VCPU_JOINED
                                                : VCPU_RUNNING;
    g_mutex_unlock(&vcpu->set->lock);
    return stand;
}

// Is no other vCPU in the guest, or on its way there? Under the lock.
static bool is_last(const Vcpu *vcpu)
{
    for (unsigned i = 0; i < vcpu->set->vcpus->len; i++) {
        const Vcpu *other = vcpu->set->vcpus->pdata[i];
        if (other != vcpu && other->wanted == RUNNING && !other->joined)
            return false;
    }
    return true;
}

bool vcpu_join(Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    bool last = is_last(vcpu);
    if (!last && !vcpu->prodded) {
        vcpu->joined = vcpu->wanted == RUNNING;
        __atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
    }
    vcpu->prodded = false;
    g_mutex_unlock(&vcpu->set->lock);
    return !last;
}

void vcpu_prod(Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    if (!vcpu->joined)
        vcpu->prodded = true;
    vcpu->joined = false;
    kick(vcpu);
    g_mutex_unlock(&vcpu->set->lock);
}

void vcpu_system_reset(Vcpu *vcpu)
{
    g_mutex_lock(&vcpu->set->lock);
    vcpu->resetting = true;
    kick(vcpu);
    g_mutex_unlock(&vcpu->set->lock);
}

void vcpu_set_system_reset(VcpuSet *set, const Vcpu *except)
{
    for (unsigned i = 0; i < set->vcpus->len; i++)
        if (set->vcpus->pdata[i] != except)
            vcpu_system_reset(set->vcpus->pdata[i]);
}

// Under the lock.
static void queue_call(Vcpu *vcpu, Call *call)
{
    call->left++;
    g_queue_push_tail(&vcpu->work, call);
    kick(vcpu);
}

static void await_call(VcpuSet *set, Vcpu *caller, Call *call)
{
    g_mutex_lock(&set->lock);
    while (call->left > 0) {
        if (caller)
            do_work(caller);
        if (call->left > 0)
            g_cond_wait(call->done, &set->lock);
    }
    g_mutex_unlock(&set->lock);
}

void vcpu_set_call(VcpuSet *set, Vcpu *caller, void (*run)(Vcpu *vcpu, void *data), void *data)
{
    Call call = { .run = run, .data = data, .done = caller ? &caller->wake : &set->changed };
    g_mutex_lock(&set->lock);
    for (unsigned i = 0; i < set->vcpus->len; i++)
        if (set->vcpus->pdata[i] != caller)
            queue_call(set->vcpus->pdata[i], &call);
    g_mutex_unlock(&set->lock);
    if (caller)
        run(caller, data);
    await_call(set, caller, &call);
}

// Takes back what none has begun. Under the lock.
static void withdraw_call(VcpuSet *set, Call *call)
{
    for (unsigned i = 0; i < set->vcpus->len; i++)
        if (g_queue_remove(&vcpu_set_at(set, i)->work, call))
            call->left--;
}

bool vcpu_set_call_within(VcpuSet *set, void (*run)(Vcpu *vcpu, void *data), void *data, int64_t wait_us)
{
    Call call = { .run = run, .data = data, .done = &set->changed };
    gint64 end = g_get_monotonic_time() + wait_us;
    g_mutex_lock(&set->lock);
    for (unsigned i = 0; i < set->vcpus->len; i++)
        queue_call(set->vcpus->pdata[i], &call);
    while (call.left > 0 && g_cond_wait_until(&set->changed, &set->lock, end))
        continue;
    bool all = call.left == 0;
    withdraw_call(set, &call);
    while (call.left > 0) // one is at it
        g_cond_wait(&set->changed, &set->lock);
    g_mutex_unlock(&set->lock);
    return all;
}

static void nothing(Vcpu *vcpu, void *data)
{
}

void vcpu_set_settle(VcpuSet *set)
{
    vcpu_set_call(set, NULL, nothing, NULL);
}

static void kick_all(VcpuSet *set)
{
    for (unsigned i = 0; i < set->vcpus->len; i++)
        kick(vcpu_set_at(set, i));
}

// Under the lock, after what lets them sleep was set. Those that sleep look once more, too.
static void await_sleep(VcpuSet *set)
{
    for (unsigned i = 0; i < set->vcpus->len; i++)
        set_asleep(vcpu_set_at(set, i), false);
    kick_all(set);
    while (set->awake)
        g_cond_wait(&set->changed, &set->lock);
}

// Held first: a vCPU that is still in a hypercall finds none parked that it could start.
void vcpu_set_park_all(VcpuSet *set)
{
    g_mutex_lock(&set->lock);
    bool held = set->held;
    set->held = true;
    set->only = NULL;
    await_sleep(set);
    for (unsigned i = 0; i < set->vcpus->len; i++) {
        Vcpu *vcpu = vcpu_set_at(set, i);
        vcpu->wanted = PARKED;
        vcpu->joined = vcpu->prodded = vcpu->resetting = vcpu->entering = false;
    }
    set->held = held;
    await_sleep(set); // each tells KVM that it is off
    g_mutex_unlock(&set->lock);
}

void vcpu_set_hold(VcpuSet *set)
{
    g_mutex_lock(&set->lock);
    set->held = true;
    await_sleep(set);
    g_mutex_unlock(&set->lock);
}

void vcpu_set_begin_hold(VcpuSet *set)
{
    g_mutex_lock(&set->lock);
    set->held = true;
    kick_all(set);
    g_mutex_unlock(&set->lock);
}

void vcpu_set_only(VcpuSet *set, Vcpu *vcpu)
{
    g_mutex_lock(&set->lock);
    set->only = vcpu;
    g_mutex_unlock(&set->lock);
}

void vcpu_set_release(VcpuSet *set)
{
    g_mutex_lock(&set->lock);
    set->held = false;
    for (unsigned i = 0; i < set->vcpus->len; i++)
        g_cond_signal(&vcpu_set_at(set, i)->wake);
    g_mutex_unlock(&set->lock);
}

#define ICP_RESET 0x00000000ffff0000ULL // no interrupt, all masked, no IPI pending

// What a debugger in the guest sets by H_SET_MODE.
static const uint64_t breakpoints[] = { KVM_PPC_DAWRX0, KVM_PPC_DAWR0, KVM_PPC_DAWRX1, KVM_PPC_DAWR1,
    KVM_PPC_CIABR };

// Registers that a KVM does not have (PR) it refuses, and has nothing to reset in.
void vcpu_reset(Vcpu *vcpu, void *data)
{
    kvm_vcpu_set_reg_pair(
        vcpu->kvm, KVM_PPC_VPA_SLB_SHADOW, 0, 0); // these two before the area they belong to
    kvm_vcpu_set_reg_pair(vcpu->kvm, KVM_PPC_VPA_DISPATCH_LOG, 0, 0);
    kvm_vcpu_set_reg(vcpu->kvm, KVM_PPC_VPA_ADDRESS, 0);
    kvm_vcpu_set_reg(vcpu->kvm, KVM_PPC_LPCR, vcpu->first_lpcr);
    kvm_vcpu_set_reg(vcpu->kvm, KVM_PPC_ICP_STATE, ICP_RESET);
    for (unsigned i = 0; i < G_N_ELEMENTS(breakpoints); i++)
        kvm_vcpu_set_reg(vcpu->kvm, breakpoints[i], 0);
}

uint64_t vcpu_exits(const Vcpu *vcpu, unsigned reason)
{
    return atomic_load_explicit(&vcpu->exits[reason], memory_order_relaxed);
}

const char *vcpu_exit_name(unsigned reason)
{
    static const char *const names[VCPU_EXIT_REASONS] = {
        [KVM_EXIT_UNKNOWN] = "UNKNOWN",
        [KVM_EXIT_DEBUG] = "DEBUG",
        [KVM_EXIT_MMIO] = "MMIO",
        [KVM_EXIT_FAIL_ENTRY] = "FAIL_ENTRY",
        [KVM_EXIT_INTR] = "INTR",
        [KVM_EXIT_NMI] = "NMI",
        [KVM_EXIT_INTERNAL_ERROR] = "INTERNAL_ERROR",
        [KVM_EXIT_PAPR_HCALL] = "PAPR_HCALL",
    };
    return names[reason];
}
