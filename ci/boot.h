// A boot: what starts, what is done with it, and what shall come of it.
#pragma once
#include "exec.h"
#include <glib.h>
#include <stdbool.h>

typedef enum {
    STEP_EXPECT, // the console shows a pattern
    STEP_PROMPT, // likewise; a newline is typed when it keeps silent, as a message may have come into it
    STEP_SEND,   // a line is typed
    STEP_TYPE,   // text is typed, without a line's end
    STEP_QMP,    // a command to lparun: its name, or JSON
    STEP_PAUSE,  // seconds in which the guest is held
    STEP_WAIT,   // seconds
    STEP_RESET,  // as a person presses the button
    STEP_NMI,
    STEP_POWERDOWN, // the power button
} StepKind;

typedef struct Step {
    char *name; // of the boot file, or its number
    StepKind kind;
    char *text;     // a regular expression, what is typed, a command
    GRegex *regex;  // EXPECT, PROMPT
    double seconds; // PAUSE, WAIT
} Step;

// A part of the guest's way.
typedef struct Stage {
    char *name;
    GRegex *regex; // a line of the console that tells of it
    double limit;  // seconds that it may take; 0: only the whole boot's count
} Stage;

// A line that is no failure.
typedef struct Allow {
    char *name;
    GRegex *regex;
    unsigned count; // so many of them; 0: any number
    char *stage;    // only in this one; or NULL
} Allow;

// A line that is one.
typedef struct Fail {
    char *name;
    GRegex *regex;
} Fail;

typedef struct Boot {
    char *name;
    GPtrArray *axes; // of Axis
    char *lparun;    // the program
    char *bios, *kernel, *initrd, *append, *memory, *smp, *machine;
    GPtrArray *disks;  // of char *: images, which no run changes
    char **more;       // further arguments of lparun's; or NULL
    Exec *exec;        // a command in the guest; or NULL
    char *files_to;    // where what it hands over goes; or NULL
    GPtrArray *steps;  // of Step, in their order
    GPtrArray *stages; // of Stage, in the order of a boot
    GPtrArray *allow;  // of Allow
    GPtrArray *fails;  // of Fail
    // Passes when all of these hold; by default the steps are done, or without steps the power-off.
    bool pass_power_off, pass_ktap;
    char *pass_stage;
    unsigned reboots; // so many, no more and no fewer
    // Seconds; 0: no limit but timeout's.
    double timeout, silence, run_time;
    unsigned flood;   // MiB of console that are too many
    unsigned retries; // after a fault of the host's, or with retry_failures of the guest's
    bool retry_failures;
    unsigned repeat; // runs, each of which counts
    GStrv tags;
    bool fails_expected;
    char *known; // why it is expected to fail; or NULL
} Boot;

// One with defaults: the usual stages, a minute.
Boot *boot_new(const char *name);
void boot_free(Boot *boot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Boot, boot_free)
// NULL: there is none of this name.
Stage *boot_stage(const Boot *boot, const char *name);
// Must something be seen on the console?
bool boot_expects(const Boot *boot);
