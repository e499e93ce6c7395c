// The hypervisor virtual terminals: the guest's consoles behind H_PUT_TERM_CHAR and H_GET_TERM_CHAR.
#pragma once
#include "lparun/chardev.h"
#include "lparun/interrupt.h"
#include "lparun/part.h"
#include "lparun/tree.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Vty Vty;
typedef struct Vtys Vtys; // all of a machine

// The first unit address of virtual devices, as QEMU gives them out: guests and scripts find a console where
// they know it. libvirt chooses others.
#define VTY_UNIT 0x71000000
#define VTY_UNIT_LIBVIRT 0x30000000 // and 1000h more for each
#define VTY_SERIALS 3               // -serial at most

// --- All of them.

Vtys *vtys_new(void);
void vtys_free(Vtys *vtys);
extern const PartOps vtys_part;
// `vty` is theirs from then on. False, and it is not: another has its unit address.
bool vtys_add(Vtys *vtys, Vty *vty);
// The one with this unit address; 0 is the first, for firmware that has not looked for one yet. NULL: there
// is none. Any thread, as the next two.
Vty *vtys_find(const Vtys *vtys, uint64_t unit);
// The one with the lowest address, which firmware and kernels take first, or NULL.
Vty *vtys_first(const Vtys *vtys);
// Bytes of input that wait for the guest.
size_t vtys_waiting(const Vtys *vtys);

// --- One.

typedef struct VtyHost {
    // Takes all of `length` bytes and returns true, or none (then the guest is to come again), without
    // waiting. On a vCPU's thread.
    bool (*put)(void *owner, const uint8_t *bytes, size_t length);
    // The guest took input, there is room for more. On a vCPU's thread.
    void (*has_room)(void *owner);
    void *owner;
} VtyHost;

// At this unit address. `line`: pulsed when input comes; NULL without one.
Vty *vty_new(uint32_t unit, const VtyHost *host, InterruptLine *line);
void vty_free(Vty *vty);
// One on a chardev, which outlives it. NULL and `error`: somebody else has the chardev.
Vty *vty_new_on(uint32_t unit, Chardev *chardev, InterruptLine *line, GError **error);
uint32_t vty_unit(const Vty *vty);
void vty_describe(const Vty *vty, Tree *tree);

// Input from the host. Returns how many of `length` bytes were taken; has_room() tells when to bring the
// rest.
size_t vty_input(Vty *vty, const uint8_t *bytes, size_t length);

// Output of the guest: true if the host took all of it, and false if none. Any thread.
bool vty_output(Vty *vty, const uint8_t *bytes, size_t length);
// Bytes of input that wait for the guest. Any thread.
size_t vty_waiting(Vty *vty);
// Takes up to `capacity` bytes of input. Any thread.
size_t vty_take(Vty *vty, uint8_t *bytes, size_t capacity);

// -device spapr-vty.
typedef struct VtyValues {
    char *chardev;
    uint32_t unit; // 0: the next free one
} VtyValues;
extern const DeviceKind spapr_vty_kind;
// The interrupt source of a unit address, as QEMU's pseries gives it out; 0: not an address of a vty.
uint32_t vty_source(uint32_t unit);
