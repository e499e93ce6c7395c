// The human monitor: a line is a command, as in QEMU's, and what it says is text.
//
// Most of it shows what commands of launcher/commands/ return, in QEMU's words, which scripts read. All of it
// is called on the main thread.
#pragma once
#include "../command.h"

typedef struct Hmp {
    const MonitorMachine *machine;
    unsigned cpu;  // that registers and memory are looked at through
    uint64_t next; // where x and xp go on
    GString *out;  // what the command under way says
} Hmp;

// Runs a line. Returns what it says, lines ending with CR LF as QEMU's do (g_free).
char *hmp_run(Hmp *hmp, const char *line);

// For rows.

typedef struct HmpRow {
    const char *name, *short_name; // the latter may be NULL
    const char *arguments;         // as help shows them; "" for none
    const char *help;
    // `words`: what stands behind the name, up to a NULL.
    void (*run)(Hmp *hmp, char **words);
    const char *refused; // in place of `run`: why there is no such thing
} HmpRow;                // a table ends with a name of NULL

extern const HmpRow hmp_commands[], hmp_info[];

void hmp_say(Hmp *hmp, const char *format, ...) G_GNUC_PRINTF(2, 3);
// What the QMP command `name` returns (g_variant_unref), or NULL, and why has been said. Takes `arguments`,
// an object, or NULL for none.
GVariant *hmp_ask(Hmp *hmp, const char *name, GVariant *arguments);
// A number: decimal, 0x, a register ($pc, $r3, $nip, $lr, $ctr, $msr), and + - * / & | ( ) between them.
// False, and why has been said.
bool hmp_number(Hmp *hmp, const char *text, uint64_t *number);
// "help" and "info", which are about the tables.
void hmp_help(Hmp *hmp, char **words);
void hmp_show(Hmp *hmp, char **words);

// In memory.c.
void hmp_show_physical(Hmp *hmp, char **words);
void hmp_show_virtual(Hmp *hmp, char **words);
// In machine.c.
void hmp_show_registers(Hmp *hmp, char **words);
void hmp_show_devices(Hmp *hmp, char **words);
void hmp_show_address_space(Hmp *hmp, char **words);
