// The hypervisor virtual terminal: the guest's console behind H_PUT_TERM_CHAR and H_GET_TERM_CHAR.
#pragma once
#include "lparun/part.h"
#include "lparun/interrupt.h"
#include "lparun/tree.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Vty Vty;

// The vty's unit address; QEMU's, so that guests and scripts find it where they know it.
#define VTY_UNIT 0x71000000

typedef struct VtyHost {
    // Takes all of `length` bytes for the terminal, or none (then the guest is to come again), without
    // waiting; returns how many. On a vCPU's thread.
    size_t (*write)(void *owner, const uint8_t *bytes, size_t length);
    // The guest took input, there is room for more. On a vCPU's thread.
    void (*has_room)(void *owner);
    void *owner;
} VtyHost;

// `line`: pulsed when input comes; NULL without one.
Vty *vty_new(const VtyHost *host, InterruptLine *line);
void vty_free(Vty *vty);
extern const PartOps vty_part;
void vty_describe(const Vty *vty, Tree *tree);

// Input from the terminal. Returns how many of `length` bytes were taken; has_room() tells when to bring the
// rest.
size_t vty_input(Vty *vty, const uint8_t *bytes, size_t length);

// True for the unit address, and for 0, which firmware uses for the first terminal (SLOF before its console
// is open).
bool vty_answers(uint64_t unit);
// Output of the guest: how many of `length` bytes the terminal took, all or none. Any thread.
size_t vty_output(Vty *vty, const uint8_t *bytes, size_t length);
// Bytes of input that wait for the guest. Any thread.
size_t vty_waiting(Vty *vty);
// Takes up to `capacity` bytes of input. Any thread.
size_t vty_take(Vty *vty, uint8_t *bytes, size_t capacity);
