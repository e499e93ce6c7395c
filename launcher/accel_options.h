// -accel, and -machine's words of that kind: QEMU's choices of what runs the guest, of which lparun has KVM.
#pragma once
#include "lparun/words.h"

typedef struct AccelOptions {
    char *others; // what was asked for in place of KVM, with colons between; or NULL
    bool kvm;     // it is among what was asked for
    char *device; // its path, or NULL
} AccelOptions;

// Takes an -accel. For "help" `*help` is its answer (g_free). False and `error`: not an accelerator, or a key
// of KVM's that asks for what is not so.
bool accel_options_parse(
    AccelOptions *accel, const char *option, const char *value, char **help, GError **error);
// Names with colons between; false for one that QEMU has not. For -machine accel=.
bool accel_options_read(const char *text, void *to);
#define ACCEL_MEND "it takes kvm, also as one of several, such as kvm:tcg"
// Once all is read: KVM, where nothing else is asked for alone. False and `error`.
bool accel_options_check(const AccelOptions *accel, GError **error);
void accel_options_clear(AccelOptions *accel);
// KVM's own interrupt controller is the one that there is: what kernel-irqchip= may be.
extern const Word accel_irqchip[];
#define IRQCHIP_MEND "the guest's interrupt controller is always KVM's own; give on, or leave it out"
