// The interrupt controller (KVM's XICS) and interrupt lines into it.
#pragma once
#include "lparun/kvm.h"
#include "lparun/tree.h"
#include <stdbool.h>

typedef struct InterruptController InterruptController;
typedef struct InterruptLine InterruptLine;

typedef enum {
    INTERRUPT_EDGE,  // MSIs and virtual devices
    INTERRUPT_LEVEL, // PCI INTx
} InterruptKind;

// The XICS device in the kernel (Documentation/virt/kvm/devices/xics.rst). NULL and `error` where KVM has
// none.
InterruptController *interrupt_controller_new(KvmVm *vm, GError **error);
void interrupt_controller_free(InterruptController *controller);
// For kvm_vcpu_connect_xics().
int interrupt_controller_fd(const InterruptController *controller);

// Its device tree node, for `servers` vCPUs numbered from 0.
void interrupt_controller_describe(const InterruptController *controller, unsigned servers, Tree *tree);

// Puts every source back: masked, priority 0xff, nothing pending (LoPAR 14.5: state after a reset). No vCPU
// may run.
void interrupt_controller_reset(InterruptController *controller);

// A line with the XICS source number `source` (16 to 0xfffff), each number once. Edge lines get an irqfd.
// Only while the machine is built. NULL and `error` when KVM refuses it. The controller owns the line.
InterruptLine *interrupt_line_new(
    InterruptController *controller, uint32_t source, InterruptKind kind, GError **error);

uint32_t interrupt_line_source(const InterruptLine *line);

// Delivers one edge: one eventfd write, no lock. Edge lines only; any thread.
void interrupt_line_pulse(InterruptLine *line);

// Sets the level; only changes reach KVM. Level lines only; any thread.
void interrupt_line_set(InterruptLine *line, bool asserted);
