// A boot: what starts, what is done with it, and what shall come of it.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef enum { STEP_EXPECT, STEP_SEND } StepKind;

typedef struct Step {
    StepKind kind;
    char *text;     // a regular expression, or what is typed
    GRegex *regex;  // EXPECT
    unsigned after; // how many expectations come before it
} Step;

typedef struct Boot {
    char *name;
    char *lparun; // the program
    char *bios, *kernel, *initrd, *append, *memory;
    char **more;       // further arguments of lparun's, up to a NULL; or NULL
    GPtrArray *steps;  // of Step, in their order
    GPtrArray *expect; // of GRegex, the steps'
    GPtrArray *allow;  // of GRegex
    double timeout;    // seconds
} Boot;

Boot *boot_new(void);
void boot_free(Boot *boot);
// Adds a step, or a line that is no failure. False and `error`: no regular expression.
bool boot_add_step(Boot *boot, StepKind kind, const char *text, GError **error);
bool boot_add_allowed(Boot *boot, const char *text, GError **error);
// lparun's command line, with a monitor at `socket`.
GStrv boot_command(const Boot *boot, const char *socket);
