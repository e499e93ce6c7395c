// Text to the hypervisor's console.
#pragma once
#include <stdarg.h>
#include <stdint.h>

// Of printf: %s, %c, %u, %d, %x, and the last three with l. A line goes out when it ends.
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_list(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
