// What init says on the console, and how it ends.
#pragma once

void say_open(void);
// Why there is no result; `option` is the kernel's configuration option that would help, or NULL. Powers off.
_Noreturn void fault(const char *what, const char *why, const char *option);
// What an error means in words.
const char *error_words(int error);
_Noreturn void power_off(void);
