// What a part of the machine may ask of the whole: that the run ends or starts again.
#pragma once

typedef enum {
    MACHINE_POWER_OFF, // RTAS power-off
    MACHINE_REBOOT,    // RTAS system-reboot
    MACHINE_PANICKED,  // RTAS ibm,os-term
    MACHINE_FAILED,    // KVM cannot run a vCPU any longer
    MACHINE_QUIT,      // the user
} MachineEvent;

// Handed to the parts by launcher/pseries.c.
typedef struct MachineControl {
    // Returns at once; the first request counts. `text` says more (one line, copied) or is NULL. Any thread.
    void (*request)(void *owner, MachineEvent event, const char *text);
    void *owner;
} MachineControl;
