// What a part of the machine may ask of the whole: that the run ends or starts again.
#pragma once

typedef enum {
    MACHINE_POWER_OFF, // RTAS power-off
    MACHINE_REBOOT,    // RTAS system-reboot
    MACHINE_RESET,     // the same, by the monitor
    MACHINE_PANICKED,  // RTAS ibm,os-term
    MACHINE_FAILED,    // KVM cannot run a vCPU any longer
    // The user wants no more, and need not wait for what the guest began: at the terminal, by a signal, by
    // the monitor.
    MACHINE_QUIT,
    MACHINE_SIGNAL,
    MACHINE_MONITOR_QUIT,
} MachineEvent;

// Handed to the parts by launcher/pseries.c; made by launcher/requests.c.
typedef struct MachineControl {
    // Returns at once; the main thread serves what was asked for in order, MACHINE_QUIT and those after it
    // first. An event that waits already does not wait twice, a reset forgets those before MACHINE_QUIT.
    // MACHINE_PANICKED counts once until the next reset, and holds all vCPUs until it is decided what
    // follows. `text` says more (one line, copied) or is NULL. Any thread.
    void (*request)(void *owner, MachineEvent event, const char *text);
    void *owner;
} MachineControl;
