// What a debugger does to the real machine. All vCPUs are held whenever something is read or written here,
// but for gdb_machine_debug().
#include "machine.h"
#include "../hmp/hmp.h"
#include "breakpoints.h"
#include "lparun/bytes.h"
#include "lparun/cpu_interrupt.h"
#include "lparun/error.h"
#include "lparun/mmu_walk.h"
#include "registers.h"
#include "step.h"
#include <stdatomic.h>

#define PIECE 0x1000u // bytes for which one translation is good

struct GdbMachine {
    GdbMachineParts parts;
    GdbListener listener;
    GdbTarget target;
    GdbRegisters *registers;
    GdbBreakpoints *breakpoints;
    uint32_t instruction; // that KVM stops at
    bool has_step;        // KVM steps by itself
    Vcpu *stepping;       // or NULL; not changed while it runs
    bool letting_go;      // a stop that is told of meanwhile is one that is over
    Hmp hmp;
    atomic_bool *hits; // of each vCPU: it has come to a breakpoint since the machine was let go
};

static Vcpu *vcpu_at(const GdbMachine *machine, unsigned cpu)
{
    return vcpu_set_at(machine->parts.vcpus, cpu);
}

static KvmVcpu *kvm_at(const GdbMachine *machine, unsigned cpu)
{
    return vcpu_kvm(vcpu_at(machine, cpu));
}

static unsigned cpus(void *owner)
{
    const GdbMachine *machine = owner;
    return vcpu_set_count(machine->parts.vcpus);
}

static char *describe_cpu(void *owner, unsigned cpu)
{
    const Vcpu *vcpu = vcpu_at(owner, cpu);
    return g_strdup_printf("vCPU %u [%s]", vcpu_id(vcpu), vcpu_is_parked(vcpu) ? "stopped" : "running");
}

// --- Memory.

static bool view(const GdbMachine *machine, unsigned cpu, MmuView *to)
{
    return mmu_view(to, machine->parts.mmu, machine->parts.memory, kvm_at(machine, cpu)) >= 0;
}

// How many bytes at `address` are one piece of RAM, `gpa` being the first of them; 0: none.
static size_t find_piece(
    const GdbMachine *machine, const MmuView *by, uint64_t address, size_t length, uint64_t *gpa)
{
    size_t piece = MIN(length, PIECE - address % PIECE);
    *gpa = address;
    if (by && !mmu_walk(by, address, gpa))
        return 0;
    return guest_memory_has(machine->parts.memory, *gpa, piece) ? piece : 0;
}

// Reads to `out`, or writes what is at `in`.
static size_t move_memory(GdbMachine *machine, unsigned cpu, bool physical, uint64_t address, uint8_t *out,
    const uint8_t *in, size_t length)
{
    MmuView by;
    uint64_t gpa;
    size_t done = 0, piece;
    if (!physical && !view(machine, cpu, &by))
        return 0;
    for (; done < length; done += piece) {
        piece = find_piece(machine, physical ? NULL : &by, address + done, length - done, &gpa);
        if (!piece)
            break;
        if (out)
            gdb_breakpoints_read(machine->breakpoints, gpa, out + done, piece);
        else
            gdb_breakpoints_write(machine->breakpoints, gpa, in + done, piece);
    }
    return done;
}

static size_t read_memory(
    void *owner, unsigned cpu, bool physical, uint64_t address, uint8_t *bytes, size_t length)
{
    return move_memory(owner, cpu, physical, address, bytes, NULL, length);
}

static size_t write_memory(
    void *owner, unsigned cpu, bool physical, uint64_t address, const uint8_t *bytes, size_t length)
{
    return move_memory(owner, cpu, physical, address, NULL, bytes, length);
}

// --- Registers.

static unsigned register_size(void *owner, unsigned number)
{
    const GdbMachine *machine = owner;
    return gdb_register_size(machine->registers, number);
}

static bool register_get(void *owner, unsigned cpu, unsigned number, uint8_t bytes[GDB_REGISTER_BYTES])
{
    const GdbMachine *machine = owner;
    return gdb_register_get(machine->registers, kvm_at(machine, cpu), number, bytes);
}

static bool register_set(void *owner, unsigned cpu, unsigned number, const uint8_t *bytes)
{
    const GdbMachine *machine = owner;
    return gdb_register_set(machine->registers, kvm_at(machine, cpu), number, bytes);
}

static bool set_pc(void *owner, unsigned cpu, uint64_t address)
{
    KvmRegisters registers;
    KvmVcpu *kvm = kvm_at(owner, cpu);
    if (kvm_vcpu_registers(kvm, &registers) < 0)
        return false;
    registers.pc = address;
    return kvm_vcpu_set_registers(kvm, &registers) >= 0;
}

// --- Breakpoints.

// KVM for POWER has none of the processor's for this, and no watchpoints.
static GdbResult insert(void *owner, unsigned cpu, GdbBreak kind, uint64_t address, uint64_t length)
{
    GdbMachine *machine = owner;
    MmuView by;
    uint64_t gpa;
    if (kind != GDB_BREAK_SOFTWARE)
        return GDB_UNSUPPORTED;
    bool done = view(machine, cpu, &by) && mmu_walk(&by, address, &gpa) &&
                gdb_breakpoints_insert(machine->breakpoints, address, gpa);
    return done ? GDB_DONE : GDB_FAILED;
}

// One that a reset has removed is removed.
static GdbResult take_away(void *owner, GdbBreak kind, uint64_t address, uint64_t length)
{
    GdbMachine *machine = owner;
    if (kind != GDB_BREAK_SOFTWARE)
        return GDB_UNSUPPORTED;
    gdb_breakpoints_remove(machine->breakpoints, address);
    return GDB_DONE;
}

static void remove_all(void *owner)
{
    GdbMachine *machine = owner;
    gdb_breakpoints_clear(machine->breakpoints);
}

// Where the vCPU is.
static bool find_pc(const GdbMachine *machine, const Vcpu *vcpu, uint64_t *gpa)
{
    MmuView by;
    KvmRegisters registers;
    return view(machine, vcpu_index(vcpu), &by) &&
           kvm_vcpu_registers(kvm_at(machine, vcpu_index(vcpu)), &registers) >= 0 &&
           mmu_walk(&by, registers.pc, gpa);
}

// Is the instruction that KVM stopped at still there? The breakpoint may have been removed meanwhile.
static bool is_there(const GdbMachine *machine, uint64_t gpa)
{
    be32 now;
    return guest_memory_read(machine->parts.memory, gpa, &now, sizeof now) &&
           be32_get(now) == machine->instruction;
}

bool gdb_machine_debug(GdbMachine *machine, Vcpu *vcpu)
{
    uint64_t gpa;
    bool known = find_pc(machine, vcpu, &gpa);
    bool is_ours = (machine->has_step && machine->stepping == vcpu) ||
                   (known && gdb_breakpoints_has(machine->breakpoints, gpa));
    if (is_ours) {
        atomic_store(&machine->hits[vcpu_index(vcpu)], true);
        vcpu_set_begin_hold(machine->parts.vcpus);
        machine->parts.ask.ask(machine->parts.ask.owner, RUN_DEBUG, NULL);
        return true;
    }
    // The guest's own, which is none of its processor's instructions.
    return (known && !is_there(machine, gpa)) || cpu_illegal_instruction(vcpu) == 0;
}

// --- Going on.

static bool runs(void *owner)
{
    const GdbMachine *machine = owner;
    return run_held(machine->parts.run) == 0;
}

static void hold(void *owner)
{
    const GdbMachine *machine = owner;
    run_hold(machine->parts.run, HELD_MONITOR);
}

static void quit(void *owner)
{
    const GdbMachine *machine = owner;
    machine->parts.ask.ask(machine->parts.ask.owner, RUN_QUIT, NULL);
}

static GdbStop why(void *owner)
{
    static const int signals[MONITOR_STATES] = {
        [STATE_PAUSED] = GDB_SIGNAL_INT,
        [STATE_SHUTDOWN] = GDB_SIGNAL_QUIT,
        [STATE_PANICKED] = GDB_SIGNAL_ABRT,
        [STATE_WATCHDOG] = GDB_SIGNAL_ALRM,
    };
    const GdbMachine *machine = owner;
    GdbStop stop = { .signal = signals[run_state(machine->parts.run)] };
    if (!stop.signal)
        stop.signal = GDB_SIGNAL_TRAP;
    while (stop.cpu < cpus(owner) && !atomic_load(&machine->hits[stop.cpu]))
        stop.cpu++;
    if (stop.cpu == cpus(owner))
        stop.cpu = 0;
    return stop;
}

// Without KVM's help: by a breakpoint where the instruction leads to.
static bool prepare_breakpoint(GdbMachine *machine, unsigned cpu)
{
    MmuView by;
    KvmRegisters registers;
    uint64_t now, then, tar = 0;
    uint8_t bytes[4];
    if (!view(machine, cpu, &by) || kvm_vcpu_registers(kvm_at(machine, cpu), &registers) < 0 ||
        !mmu_walk(&by, registers.pc, &now) ||
        read_memory(machine, cpu, false, registers.pc, bytes, sizeof bytes) != sizeof bytes)
        return false;
    kvm_vcpu_get_reg(kvm_at(machine, cpu), KVM_PPC_TAR, &tar);
    uint32_t instruction = (uint32_t)le_bytes_get(bytes, sizeof bytes);
    if (!(registers.msr & MSR_LE))
        instruction = GUINT32_SWAP_LE_BE(instruction);
    GdbNext next = gdb_step_next(instruction, &registers, tar);
    by.msr = next.msr;
    if (!mmu_walk(&by, next.pc, &then) || !gdb_breakpoints_begin_step(machine->breakpoints, now, then))
        return false;
    if (next.pc != registers.pc)
        return true;
    registers.ctr = next.ctr; // a branch to itself, which is done
    return kvm_vcpu_set_registers(kvm_at(machine, cpu), &registers) >= 0;
}

static bool prepare_step(GdbMachine *machine, unsigned cpu)
{
    bool done = machine->has_step ? kvm_vcpu_debug(kvm_at(machine, cpu), true, true) >= 0
                                  : prepare_breakpoint(machine, cpu);
    if (done)
        machine->stepping = vcpu_at(machine, cpu);
    return done;
}

static void end_step(GdbMachine *machine)
{
    gdb_breakpoints_end_step(machine->breakpoints);
    if (machine->stepping && machine->has_step)
        kvm_vcpu_debug(vcpu_kvm(machine->stepping), true, false);
    machine->stepping = NULL;
    vcpu_set_only(machine->parts.vcpus, NULL);
}

static bool go_on(void *owner, GdbRun how, unsigned cpu)
{
    GdbMachine *machine = owner;
    end_step(machine); // if the stop was not told of yet
    if (how == GDB_RUN_STEP && (vcpu_is_parked(vcpu_at(machine, cpu)) || !prepare_step(machine, cpu)))
        return false;
    for (unsigned i = 0; i < cpus(owner); i++)
        atomic_store(&machine->hits[i], false);
    vcpu_set_only(machine->parts.vcpus, how == GDB_RUN_ALL ? NULL : vcpu_at(machine, cpu));
    machine->letting_go = true;
    bool done = run_go_on(machine->parts.run);
    machine->letting_go = false;
    if (!done)
        end_step(machine);
    return done;
}

// --- What the run tells.

static void heard(void *owner, const char *event)
{
    GdbMachine *machine = owner;
    if (strcmp(event, "STOP") == 0 && !machine->letting_go) {
        end_step(machine);
        machine->listener.stopped(machine->listener.owner);
    } else if (strcmp(event, "SHUTDOWN") == 0 && !(run_held(machine->parts.run) & HELD_SHUTDOWN))
        machine->listener.ended(machine->listener.owner);
}

void gdb_machine_reset(GdbMachine *machine)
{
    gdb_breakpoints_forget(machine->breakpoints);
    end_step(machine);
}

static char *monitor(void *owner, const char *line)
{
    GdbMachine *machine = owner;
    return hmp_run(&machine->hmp, line);
}

static GdbTarget make_target(GdbMachine *machine)
{
    return (GdbTarget){
        .cpus = cpus,
        .describe_cpu = describe_cpu,
        .runs = runs,
        .hold = hold,
        .why = why,
        .go_on = go_on,
        .quit = quit,
        .description = gdb_registers_description(machine->registers),
        .registers = gdb_registers_count(machine->registers),
        .general = gdb_registers_general(machine->registers),
        .register_size = register_size,
        .register_get = register_get,
        .register_set = register_set,
        .set_pc = set_pc,
        .read = read_memory,
        .write = write_memory,
        .insert = insert,
        .remove = take_away,
        .remove_all = remove_all,
        .monitor = monitor,
        .owner = machine,
    };
}

static int stop_at_breakpoints(GdbMachine *machine)
{
    uint64_t instruction = 0;
    int result = kvm_vcpu_get_reg(kvm_at(machine, 0), KVM_PPC_DEBUG_INST, &instruction);
    machine->instruction = (uint32_t)instruction;
    for (unsigned i = 0; i < vcpu_set_count(machine->parts.vcpus) && result >= 0; i++)
        result = kvm_vcpu_debug(kvm_at(machine, i), true, false);
    return result;
}

GdbMachine *gdb_machine_new(const GdbMachineParts *parts, const GdbListener *listener, GError **error)
{
    GdbMachine *machine = g_new0(GdbMachine, 1);
    machine->parts = *parts;
    machine->listener = *listener;
    int result = stop_at_breakpoints(machine);
    if (result < 0) {
        error_host(error, "-gdb: this kernel's KVM cannot stop a guest at a breakpoint (%s); leave it out",
            g_strerror(-result));
        g_free(machine);
        return NULL;
    }
    machine->has_step = kvm_check(parts->vm, KVM_CAP_PPC_GUEST_DEBUG_SSTEP) > 0;
    machine->hits = g_new0(atomic_bool, vcpu_set_count(parts->vcpus));
    machine->registers = gdb_registers_new(kvm_at(machine, 0));
    machine->breakpoints = gdb_breakpoints_new(parts->memory, machine->instruction);
    machine->target = make_target(machine);
    machine->hmp.machine = run_machine(parts->run);
    run_listen(parts->run, heard, machine);
    return machine;
}

void gdb_machine_free(GdbMachine *machine)
{
    if (!machine)
        return;
    run_listen(machine->parts.run, NULL, NULL);
    gdb_breakpoints_free(machine->breakpoints);
    gdb_registers_free(machine->registers);
    g_free(machine->hits);
    g_free(machine);
}

const GdbTarget *gdb_machine_target(const GdbMachine *machine)
{
    return &machine->target;
}
