// The command line, as values.
#pragma once
#include "accel_options.h"
#include "actions.h"
#include "boot_options.h"
#include "capabilities.h"
#include "char_options.h"
#include "cpu_options.h"
#include "lparun/cas.h"
#include "lparun/kinds.h"
#include "lparun/mmu.h"
#include "lparun/rtas_clock.h"
#include "memory_options.h"
#include "process_options.h"
#include "trace_options.h"
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

// What it is for. Behind DRIVE_DEFAULT: what QEMU has and lparun has not.
typedef enum {
    DRIVE_VIRTIO,
    DRIVE_NONE,
    DRIVE_PFLASH,
    DRIVE_DEFAULT, // nothing was said: a SCSI disk of QEMU's, and a virtio disk here
    DRIVE_SCSI,
    DRIVE_IDE,
    DRIVE_FLOPPY,
    DRIVE_SD,
    DRIVE_MTD,
    DRIVE_XEN,
} DriveInterface;

// A -drive, or a node of -blockdev, that a device may have.
typedef struct DriveOptions {
    const char *option; // that it came by, for messages: "-drive", "-hda"
    char *id;           // once all is read never NULL; of a node its name
    char *node;         // the node's name, or NULL
    char *serial;       // or NULL
    BlockOptions image; // its path is freed with this
    DriveInterface interface;
    int bus, unit; // no other of the interface has both
    bool is_cdrom;
    int snapshot; // -1: as -snapshot says
    bool is_node; // of -blockdev
    bool is_part; // a node that another one has
} DriveOptions;

// What is wrong with the drive that a -device names.
#define DRIVE_IS_MISSING "there is no such drive; add -drive file=PATH,if=none,id=ID"
#define DRIVE_IS_A_PART "that node is another's file; give the other"
#define DRIVE_IS_A_DISK "that drive is a disk already; add if=none to its -drive"

typedef struct DeviceOptions {
    const DeviceKind *kind;
    char *id;                   // or NULL
    int slot;                   // -1: the first free one
    int bootindex;              // -1: none
    bool implied;               // of a -drive with if=virtio
    bool event_index, indirect; // whether the driver is offered that
    void *values;               // of the kind's keys, behind this struct
    char **given;               // its keys that the command line has; or NULL
} DeviceOptions;

struct Options {
    uint64_t memory; // bytes
    bool memory_given;
    ProcessOptions process;
    CharOptions chars;
    MemoryOptions memory_options; // where it comes from, and its nodes
    uint64_t memory_most;         // bytes that -m maxmem= names; 0: none
    unsigned memory_slots;        // that -m slots= names
    unsigned cpus, threads;       // threads a core
    unsigned cpus_most;           // that -smp maxcpus= names, or `cpus`
    char *bios, *kernel, *initrd, *append, *stats, *uuid;
    char *dump_tree; // path of a file for the device tree, without a run; or NULL
    bool paused;     // -S: the guest does not start until it is let
    AccelOptions accel;
    CpuOptions cpu;
    BootOptions boot;
    char *machine; // -machine's type, or NULL
    int kvm_type;
    bool without_firmware; // -machine x-vof=
    unsigned vsmt;         // between the vCPU numbers of two cores; 0: as the host can
    Capabilities capabilities;
    char *host_model, *host_serial; // that the guest is told; or NULL
    MmuMode mmu;
    InterruptMode interrupts;      // -machine ic-mode=
    const CompatLevel *max_compat; // the newest that the guest may have, or NULL
    unsigned hash_order;           // 0: by the size of memory
    bool ci_in_kernel;
    bool ignore_display; // what needs a screen is left out with a warning
    bool qemu_name;      // called as qemu-system-ppc64, by what expects QEMU
    bool demo_stall;     // doorbells are on KVM's bus alone
    Actions actions;
    ClockSetup clock;
    GPtrArray *objects;  // Object
    GPtrArray *drives;   // DriveOptions
    bool snapshot;       // -snapshot
    GPtrArray *devices;  // DeviceOptions; drives with if=virtio are among them
    DriveOptions *nvram; // that NVRAM is kept in, or NULL
    GPtrArray *globals;  // of -global
    TraceOptions trace;
    int nothing; // where keys with one possible value go
    char *help;  // what was asked for by "help" as a value, or NULL
};

// What lparun says to be where it stands in QEMU's place.
#define QEMU_VERSION "10.0.0"

typedef enum {
    OPTIONS_RUN,
    OPTIONS_PROBE,
    OPTIONS_PROBE_JSON,
    OPTIONS_HELP,
    OPTIONS_HELP_QEMU, // the table beside QEMU's options
    OPTIONS_HELP_OF,   // `help` has it
    OPTIONS_VERSION,
    OPTIONS_WRONG
} OptionsResult;

// Reads the command line: `argv` ends with a NULL. OPTIONS_WRONG: `error` has a line for each thing that is
// wrong, in the order of the command line, which names option, value and mend.
OptionsResult options_parse(Options *options, int argc, char **argv, GError **error);
void options_clear(Options *options);
// The newest level that the guest may have, by all options that say so, if the host's processor is newer; or
// NULL.
const CompatLevel *options_max_compat(const Options *options);
// -bios none: the kernel starts without firmware.
bool options_are_direct(const Options *options);
// The size of memory, which an option or an object has set.
bool options_check_memory(const Options *options, const char *option, const char *value, GError **error);
