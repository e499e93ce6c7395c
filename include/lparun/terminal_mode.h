// The mode of the terminal that standard input is: raw while lparun has it, as it was otherwise.
#pragma once
#include <stdbool.h>

typedef enum {
    TERMINAL_NONE,       // standard input is no terminal, or not one that controls jobs
    TERMINAL_BACKGROUND, // another job has it
    TERMINAL_RAW,        // lparun has it, and it is raw now
} TerminalMode;

// Takes the terminal if lparun is in the foreground, from whatever mode it is in then. `with_signals`: Ctrl-C
// and Ctrl-Z stay signals. The main thread.
TerminalMode terminal_mode_take(bool with_signals);
// Gives it back as it was when it was taken. Any thread, a signal's handler too, more than once.
void terminal_mode_restore(void);
