// What the process itself shall be: its name, its rights, whether it goes to the background.
#pragma once
#include "sandbox/sandbox.h"
#include <glib.h>
#include <stdbool.h>

typedef struct Options Options;

typedef struct ProcessOptions {
    char *guest_name;   // -name, or NULL
    char *process_name; // what ps shows, or NULL
    bool debug_threads; // threads always have names
    char *pid_file;     // or NULL
    bool daemonize;
    char *user, *chroot;       // or NULL
    bool timestamp, with_name; // -msg: what stands before a line on standard error
    SandboxOptions sandbox;
    int nothing; // where words go that change nothing
} ProcessOptions;

void process_options_clear(ProcessOptions *process);
bool options_parse_name(Options *options, const char *option, const char *value, GError **error);
bool options_parse_daemonize(Options *options, const char *option, const char *value, GError **error);
bool options_parse_run_with(Options *options, const char *option, const char *value, GError **error);
bool options_parse_msg(Options *options, const char *option, const char *value, GError **error);
bool options_parse_sandbox(Options *options, const char *option, const char *value, GError **error);
bool options_parse_add_fd(Options *options, const char *option, const char *value, GError **error);
