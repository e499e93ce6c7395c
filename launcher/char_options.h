// The options about chardevs: -chardev, -serial, and which monitors are on them.
#pragma once
#include "lparun/chardev.h"

typedef struct Options Options;

typedef struct ChardevOptions {
    const ChardevKind *kind;
    ChardevCommon common;
    char *option; // that asked for it: "-chardev", for messages
    void *values; // of the kind's keys, behind this struct
} ChardevOptions;

typedef struct MonitorOptions {
    char *chardev, *option;
    bool is_human;
    bool is_behind; // the console, whose terminal needs no mux=on for it
    bool pretty;    // its JSON has lines and indents
} MonitorOptions;

// The ids of chardevs that are the guest's first consoles.
typedef struct CharOptions {
    GPtrArray *chardevs; // ChardevOptions
    GPtrArray *serials;  // char *, an id each
    GPtrArray *monitors; // MonitorOptions
    bool no_human;       // where nobody asked for one
    char *gdb;           // id of the chardev that a debugger is on, or NULL
    bool has_serials;    // -serial was given, if only to say that there is none
    unsigned count;      // of -serial, for the names of what they make
    uint8_t escape;      // of terminals and mux=on
} CharOptions;

void char_options_init(CharOptions *chars);
void char_options_clear(CharOptions *chars);
bool options_parse_chardev(Options *options, const char *option, const char *value, GError **error);
bool options_parse_serial(Options *options, const char *option, const char *value, GError **error);
// -parallel, -debugcon: of what a pseries guest has none.
bool options_parse_no_port(Options *options, const char *option, const char *value, GError **error);
bool options_parse_mon(Options *options, const char *option, const char *value, GError **error);
// -qmp and -qmp-pretty.
bool options_parse_qmp(Options *options, const char *option, const char *value, GError **error);
// -gdb and -s.
bool options_parse_gdb(Options *options, const char *option, const char *value, GError **error);
bool options_parse_monitor(Options *options, const char *option, const char *value, GError **error);
bool options_parse_echr(Options *options, const char *option, const char *value, GError **error);
// Once all is read: the console that there is without -serial, and that all are there that are named. False
// and `error`.
bool char_options_resolve(Options *options, GError **error);
// For -help: what -chardev takes.
void char_options_list(GString *text);

// --- The short forms of -serial and its like (char_short.c).

// "unix:PATH,server=on" as the value of -chardev without its id: "socket,path=PATH,server=on" (g_free).
// `*mux`: it begins with "mon:". NULL and `error`, which says what is wrong with `text`.
char *char_short_read(const char *option, const char *text, bool *mux, GError **error);
