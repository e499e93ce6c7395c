// Test Anything Protocol: one line a group of cases.
#pragma once
#include <stdbool.h>
#include <stdint.h>

void tap_plan(unsigned groups);

// A group's cases follow. Each failure counts; the first few of a group are told.
void tap_begin(void);
void tap_equal(const char *what, uint64_t where, int64_t got, int64_t expected);
// Ends the group with its line: mode, then the rest.
void tap_end(const char *format, ...) __attribute__((format(printf, 1, 2)));
