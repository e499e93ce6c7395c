// What the process may not ask its kernel for any more: QEMU's -sandbox. Its code is in the module
// lparun-sandbox.so, as it needs libseccomp.
#pragma once
#include <glib.h>
#include <stdbool.h>

typedef enum { PRIVILEGES_ALLOW, PRIVILEGES_DENY, PRIVILEGES_OF_CHILDREN } SandboxPrivileges;

typedef struct SandboxOptions {
    bool on;
    int obsolete;                 // true: system calls that nobody should use are allowed
    SandboxPrivileges privileges; // to become another user; of children: only by what is executed
    int no_spawn;                 // true: no process can be made, and none executed
    int no_resource_control;      // true: no priority or processor can be changed
} SandboxOptions;

// What the module has under the name "sandbox_module".
typedef struct SandboxModule {
    const char *version; // as Module's
    // From here on, for all threads: the process ends by SIGSYS when it breaks a rule. False and `error` (the
    // host's): its kernel cannot.
    bool (*enter)(const SandboxOptions *options, GError **error);
} SandboxModule;
