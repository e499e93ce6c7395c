// What a part of the machine may ask of the whole: that the run ends or starts again.
#pragma once

typedef enum {
    RUN_POWER_OFF, // RTAS power-off
    RUN_REBOOT,    // RTAS system-reboot
    RUN_RESET,     // the same, by the monitor
    RUN_PANICKED,  // RTAS ibm,os-term
    RUN_DEBUG,     // a vCPU came to a debugger's breakpoint; it has begun a hold itself
    RUN_FAILED,    // KVM cannot run a vCPU any longer
    // The user wants no more, and need not wait for what the guest began: at the terminal, by a signal, by
    // the monitor.
    RUN_QUIT,
    RUN_SIGNAL,
    RUN_MONITOR_QUIT,
} RunEvent;

// Handed to the parts by launcher/pseries.c; made by launcher/run_queue.c.
typedef struct RunAsk {
    // Returns at once; the main thread serves what was asked for in order, RUN_QUIT and those after it
    // first. An event that waits already does not wait twice, a reset forgets those before RUN_QUIT.
    // RUN_PANICKED counts once until the next reset, and holds all vCPUs until it is decided what
    // follows. `text` says more (one line, copied) or is NULL. Any thread.
    void (*ask)(void *owner, RunEvent event, const char *text);
    void *owner;
} RunAsk;
