// The console's way to standard output: a buffer, and a thread that may wait for who reads it.
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TERMINAL_OUTPUT 16384 // bytes that wait for a reader

typedef struct TerminalOutput TerminalOutput;

// Starts the thread. NULL and `error` (the host's) when it cannot be had. `fd` stays the caller's, and its
// flags as they are: they belong to the shell as well.
TerminalOutput *terminal_output_new(int fd, GError **error);
// Takes all of `bytes` and returns true, or none of them: come again. Once nobody can read any more, all is
// taken and goes nowhere. Does not wait. Any thread.
bool terminal_output_put(TerminalOutput *output, const uint8_t *bytes, size_t length);
// Waits until all is written: as long as a reader takes some every second, and a second and a half at most.
void terminal_output_drain(TerminalOutput *output);
// Nobody may be in terminal_output_put(). What is not written yet is lost; a thread that waits for a reader
// is left to the process's end, with its buffer.
void terminal_output_free(TerminalOutput *output);
