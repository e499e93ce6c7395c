// What a guest needs before a program can run: file systems, devices, modules, the disk of results.
#pragma once

// Each of them ends the guest with a line that says which option of the kernel is missing.
void system_mount(void);
void system_load_modules(void);
void system_find_disk(void);
