// RTAS ibm,nmi-register and ibm,nmi-interlock (LoPAR 7.3.14, firmware-assisted non-maskable interrupts):
// system resets and machine checks go to addresses of the guest's choice, with what it needs to know in RTAS'
// own memory, where r3 points to. How that memory is divided is agreed between Linux and VMMs
// (arch/powerpc/platforms/pseries/ras.c): r3's old value comes first, at 0x30 with an error log behind it for
// machine checks, and from 2048 on 16 bytes for each vCPU's system resets.
#include "error_log.h"
#include "lparun/bytes.h"
#include "lparun/cpu_interrupt.h"
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include "lparun/rtas.h"
#include "lparun/rtas_nmi.h"

#define LOG_AT 0x30
#define LOG_ROOM 2048
#define SAVE_SIZE 16
#define ADDRESS_LIMIT (32ULL << 20)
#define MACHINE_CHECK_VECTOR 0x200
#define NOBODY UINT32_MAX

struct RtasNmi {
    NmiParts parts;
    RunAsk ask;
    GMutex lock;   // guards what follows
    uint64_t rtas; // GPA of RTAS' memory; 0: not registered
    uint64_t system_reset, machine_check;
    uint32_t handler; // number of the vCPU that is handling a machine check, or NOBODY
};

uint32_t rtas_nmi_room(unsigned vcpus)
{
    return LOG_ROOM + vcpus * SAVE_SIZE;
}

static bool is_address(const RtasNmi *nmi, uint64_t address)
{
    return address < ADDRESS_LIMIT && address % 4 == 0 && guest_memory_has(nmi->parts.memory, address, 4);
}

// Inputs: where system resets and machine checks shall go.
static int32_t nmi_register(void *owner, Vcpu *vcpu, RtasCall *call)
{
    RtasNmi *nmi = owner;
    uint64_t rtas = nmi->parts.find_rtas(nmi->parts.owner);
    uint32_t room = rtas_nmi_room(vcpu_set_count(nmi->parts.vcpus));
    if (!rtas || !guest_memory_has(nmi->parts.memory, rtas, room))
        return RTAS_HARDWARE_ERROR; // firmware has not said where RTAS is
    if (!is_address(nmi, call->input[0]) || !is_address(nmi, call->input[1]))
        return RTAS_PARAMETER_ERROR;
    // PR does not have that capability, nor machine checks for its guests.
    kvm_vcpu_enable(vcpu_kvm(vcpu), KVM_CAP_PPC_FWNMI, 0, 0);
    g_mutex_lock(&nmi->lock);
    nmi->rtas = rtas;
    nmi->system_reset = call->input[0];
    nmi->machine_check = call->input[1];
    nmi->handler = NOBODY;
    g_mutex_unlock(&nmi->lock);
    return RTAS_SUCCESS;
}

// The guest has read the log of its machine check, and the next one may come.
static int32_t nmi_interlock(void *owner, Vcpu *vcpu, RtasCall *call)
{
    RtasNmi *nmi = owner;
    g_mutex_lock(&nmi->lock);
    bool was_handling = nmi->rtas && nmi->handler == vcpu_id(vcpu);
    if (was_handling)
        nmi->handler = NOBODY;
    g_mutex_unlock(&nmi->lock);
    return was_handling ? RTAS_SUCCESS : RTAS_PARAMETER_ERROR;
}

void rtas_nmi_system_reset(RtasNmi *nmi, Vcpu *vcpu)
{
    KvmRegisters registers;
    if (kvm_vcpu_registers(vcpu_kvm(vcpu), &registers) < 0)
        return;
    g_mutex_lock(&nmi->lock);
    uint64_t rtas = nmi->rtas, target = nmi->system_reset;
    g_mutex_unlock(&nmi->lock);
    const be64 save[] = { be64_make(registers.gpr[3]), be64_make(0) };
    uint64_t area = rtas + LOG_ROOM + (uint64_t)vcpu_index(vcpu) * SAVE_SIZE;
    bool assisted = rtas && guest_memory_write(nmi->parts.memory, area, save, sizeof save);
    if (cpu_system_reset(vcpu, assisted ? target : SYSTEM_RESET_VECTOR) == 0 && assisted)
        kvm_vcpu_set_r3(vcpu_kvm(vcpu), area);
}

// --- Machine checks.

// What KVM tells of one is whether it was mended; what it was stays unknown.
static void write_log(ErrorLog *log, bool recovered, uint32_t vcpu)
{
    enum { TYPE_MACHINE_CHECK = 0, SECTION = 40, KIND_UNKNOWN = 3 };
    error_log_put_headers(log, recovered ? SEVERITY_ERROR : SEVERITY_SYNC,
        recovered ? FULLY_RECOVERED : NOT_RECOVERED, TYPE_MACHINE_CHECK, SECTION);
    error_log_put_section(log, "MC", SECTION, 0);
    error_log_put(log, 4, 0); // no part to be replaced
    error_log_put(log, 4, vcpu);
    error_log_put(log, 1, KIND_UNKNOWN);
    error_log_put_zeros(log, 1 + 6 + 8 + 8); // and no addresses
}

// Takes the one log for this vCPU. False: another one has it, or this one has not given it back.
static bool claim(RtasNmi *nmi, Vcpu *vcpu)
{
    g_mutex_lock(&nmi->lock);
    bool is_free = nmi->handler == NOBODY;
    if (is_free)
        nmi->handler = vcpu_id(vcpu);
    g_mutex_unlock(&nmi->lock);
    return is_free;
}

static void panic(RtasNmi *nmi, Vcpu *vcpu, const char *why)
{
    vcpu_park(vcpu);
    nmi->ask.ask(nmi->ask.owner, RUN_PANICKED, why);
}

void rtas_nmi_machine_check(RtasNmi *nmi, Vcpu *vcpu, bool recovered)
{
    KvmRegisters registers;
    if (kvm_vcpu_registers(vcpu_kvm(vcpu), &registers) < 0)
        return;
    g_mutex_lock(&nmi->lock);
    uint64_t rtas = nmi->rtas, target = nmi->machine_check;
    g_mutex_unlock(&nmi->lock);
    if (!rtas) { // a guest that has not asked for more: as the processor would
        cpu_interrupt(vcpu, MACHINE_CHECK_VECTOR, 0, 0);
        return;
    }
    if (!claim(nmi, vcpu)) {
        panic(nmi, vcpu, "a machine check while another one was handled");
        return;
    }
    ErrorLog log = { .length = 0 };
    be64 r3 = be64_make(registers.gpr[3]);
    write_log(&log, recovered, vcpu_id(vcpu));
    if (!guest_memory_write(nmi->parts.memory, rtas + LOG_AT, &r3, sizeof r3) ||
        !guest_memory_write(nmi->parts.memory, rtas + LOG_AT + sizeof r3, log.bytes, log.length)) {
        panic(nmi, vcpu, "a machine check without memory for its log"); // not reached: it was there
        return;
    }
    cpu_interrupt(vcpu, target, MSR_ME, 0);
    kvm_vcpu_set_r3(vcpu_kvm(vcpu), rtas + LOG_AT);
}

void rtas_nmi_reset(RtasNmi *nmi)
{
    g_mutex_lock(&nmi->lock);
    nmi->rtas = 0;
    nmi->handler = NOBODY;
    g_mutex_unlock(&nmi->lock);
}

RtasNmi *rtas_nmi_new(const NmiParts *parts, const RunAsk *ask)
{
    RtasNmi *nmi = g_new0(RtasNmi, 1);
    *nmi = (RtasNmi){ .parts = *parts, .ask = *ask, .handler = NOBODY };
    g_mutex_init(&nmi->lock);
    return nmi;
}

void rtas_nmi_free(RtasNmi *nmi)
{
    if (!nmi)
        return;
    g_mutex_clear(&nmi->lock);
    g_free(nmi);
}

void rtas_nmi_register(RtasTable *table, const RtasParts *parts)
{
    RtasNmi *nmi = parts->nmi;
    if (parts->without_nmi)
        return;
    rtas_register(table, 0x201f, "ibm,nmi-register", 2, 1, nmi_register, nmi);
    rtas_register(table, 0x2020, "ibm,nmi-interlock", 0, 1, nmi_interlock, nmi);
}

// --- The part.

static bool reset_part(void *part, GError **error)
{
    rtas_nmi_reset(part);
    return true;
}

static void free_part(void *part)
{
    rtas_nmi_free(part);
}

const PartOps rtas_nmi_part = { .kind = "NMI", .reset = reset_part, .free = free_part };
