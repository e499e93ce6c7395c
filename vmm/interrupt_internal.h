// What the interrupt controller and its two devices share.
#pragma once
#include "lparun/interrupt.h"
#include <stdatomic.h>

// One of KVM's devices. Functions return 0 or -errno.
typedef struct InterruptDevice {
    uint32_t type;       // KVM_CREATE_DEVICE's
    uint32_t capability; // that connects a vCPU
    bool rtas;           // KVM serves RTAS calls about its sources
    // After the device is there and before a vCPU is connected; NULL: nothing to do.
    int (*open)(InterruptController *controller);
    // Makes the line's source, or puts it back: masked, nothing pending.
    int (*add)(InterruptController *controller, const InterruptLine *line);
    // The line goes; its source stays, masked, for one that comes later.
    void (*remove)(InterruptController *controller, const InterruptLine *line);
    // After the last source; NULL: nothing to do.
    int (*finish)(InterruptController *controller);
    // Before the device goes; NULL: nothing to do. After any of the above has failed, too.
    void (*close)(InterruptController *controller);
    void (*describe)(const InterruptController *controller, unsigned servers, Tree *tree);
} InterruptDevice;
extern const InterruptDevice interrupt_xics; // vmm/interrupt_xics.c
extern const InterruptDevice interrupt_xive; // vmm/interrupt_xive.c

struct InterruptController {
    KvmVm *vm;
    InterruptOffer offer;
    const InterruptDevice *device;
    int fd;      // the device's, or -1 when there is none
    GMutex lock; // guards the next one, and the device against a line that comes or goes
    GPtrArray *lines;
    struct XiveState *xive; // while the device is XIVE
    struct {
        const char *name; // NULL: none
        uint32_t token;
    } rtas[INTERRUPT_RTAS_CALLS];
};

struct InterruptLine {
    InterruptController *controller;
    uint32_t source;
    int eventfd; // bound to the source by irqfd
    _Atomic uint64_t pulses;
};
