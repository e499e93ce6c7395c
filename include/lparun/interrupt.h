// The interrupt controller, which is one of KVM's two devices at a time, and interrupt lines into it.
//
// XICS is served by KVM, hypercalls and all. XIVE (its exploitation mode) is the hardware's own: the guest
// sees pages of it, takes and ends interrupts there without leaving, and asks by H_INT_* for the routing
// alone (lparun/xive.h). The guest chooses in CAS.
#pragma once
#include "lparun/part.h"
#include "lparun/kvm.h"
#include "lparun/tree.h"
#include <stdbool.h>

typedef struct InterruptController InterruptController;
typedef struct InterruptLine InterruptLine;
typedef struct Vcpu Vcpu;
typedef struct VcpuSet VcpuSet;

// -machine ic-mode=: what the guest may choose.
typedef enum { INTERRUPT_DUAL, INTERRUPT_XICS, INTERRUPT_XIVE } InterruptMode;

// A controller that is KVM's XICS (Documentation/virt/kvm/devices/xics.rst) and offers nothing else. NULL and
// `error` where KVM has none.
InterruptController *interrupt_controller_new(KvmVm *vm, GError **error);
void interrupt_controller_free(InterruptController *controller);
extern const PartOps interrupt_controller_part;

typedef struct InterruptOffer {
    InterruptMode mode; // what is wanted; DUAL is XICS where this KVM has no XIVE
    bool start_xive;    // DUAL: XIVE is what the guest finds, rather than what it may ask for
    unsigned servers;   // vCPU numbers are below
    uint64_t page_size; // the host's, bytes
} InterruptOffer;
// What the guest may choose; while the machine is built. interrupt_controller_reset() then makes it the
// device that the offer starts with. False and `error` when this host has not what is wanted.
bool interrupt_controller_offer(InterruptController *controller, const InterruptOffer *offer, GError **error);
InterruptMode interrupt_controller_offered(const InterruptController *controller);
bool interrupt_controller_is_xive(const InterruptController *controller);

// Connects a vCPU to the device as server `server`. On the vCPU's thread, or before it has one. 0 or -errno.
int interrupt_controller_connect(const InterruptController *controller, KvmVcpu *vcpu, uint32_t server);
// For CAS: the other device from here on, with all lines and vCPUs connected and nothing pending or routed.
// Only what was offered, and only when no vCPU is in the guest. `caller` as for vcpu_set_call(). 0 or -errno;
// after an error the device is the one before.
int interrupt_controller_switch(InterruptController *controller, bool xive, VcpuSet *vcpus, Vcpu *caller);

// Puts everything back to the state after power-on: the device that the offer starts with, every source
// masked and nothing pending (LoPAR 14.5: state after a reset). All vCPUs are parked. 0 or -errno.
int interrupt_controller_reset(InterruptController *controller, VcpuSet *vcpus);

// Its device tree node, for `servers` vCPUs numbered from 0, and what the root has to say of it.
void interrupt_controller_describe(const InterruptController *controller, unsigned servers, Tree *tree);
void interrupt_controller_describe_root(const InterruptController *controller, Tree *tree);

// Has KVM serve RTAS call `name` under `token` while the device is XICS (KVM_PPC_RTAS_DEFINE_TOKEN): such a
// call knows nothing of XIVE's routing. `name` lives as long as the controller. 0 or -errno.
#define INTERRUPT_RTAS_CALLS 4
int interrupt_controller_define_rtas(InterruptController *controller, const char *name, uint32_t token);

// A line with the source number `source` (16 to 0xfffff), each number once, which is an irqfd. Any
// thread but a vCPU's. NULL and `error` when KVM refuses it. The controller frees it with itself, or before
// that interrupt_line_free(): nobody pulses it any more. Its number can be a new line's then. NULL is no
// line.
InterruptLine *interrupt_line_new(InterruptController *controller, uint32_t source, GError **error);

void interrupt_line_free(InterruptLine *line);

uint32_t interrupt_line_source(const InterruptLine *line);

// Delivers one edge: one eventfd write, no lock. Any thread.
void interrupt_line_pulse(InterruptLine *line);

// Calls `each` for every line that was pulsed, with its source and how often it was.
void interrupt_controller_counts(const InterruptController *controller,
    void (*each)(uint32_t source, uint64_t pulses, void *data), void *data);
