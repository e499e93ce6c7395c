// Parts: all of the machine that outlives the function that made it.
//
// machine_new() makes them by hand, one after the other, and adds each to a list. Describing, holding,
// resetting, counting and freeing the machine are each one walk along that list, in the order in which the
// parts were made or back: what a part was made with is there before it, and outlives it. The order matters
// in three places. The interrupt controller and the vCPUs are reset before memory: XIVE writes its queues to
// it, and Linux has registered areas in it for KVM to write to (on `nested`, Linux 6.12, the firmware hung in
// a reboot the other way round). Memory is there before the MMU, whose hashed table is of its size. NVRAM,
// which is saved then, is freed before disks, whose I/O may have to be waited for. All of this is for the
// main thread.
#pragma once
#include "lparun/counts.h"
#include "lparun/tree.h"
#include <glib.h>
#include <stdbool.h>

// Where in the device tree a part is asked what it has to say.
typedef enum {
    TREE_ROOT,            // properties of the root
    TREE_RTAS,            // properties of /rtas
    TREE_NODES,           // nodes below the root
    TREE_VIRTUAL_DEVICES, // nodes below /vdevice
} TreePlace;

typedef struct Description {
    TreePlace place;
    bool functions; // PCI functions have nodes, because no firmware looks for them
} Description;

// What a part may have; NULL: it has none of that.
typedef struct PartOps {
    const char *kind; // "vty": for messages
    // Says what there is to say at `what->place`. On the thread that makes the tree: the main one, or the
    // vCPU that asked by CAS while no other is in the guest.
    void (*describe)(const void *part, const Description *what, Tree *tree);
    // Begins nothing more. False while something is under way: it is asked again, until it is held, and not
    // after that.
    bool (*hold)(void *part);
    // Goes on; also where it was not held.
    void (*release)(void *part);
    // As after power-on. All vCPUs are parked and all parts held. False and `error` ends the run.
    bool (*reset)(void *part, GError **error);
    // Says what it counted, in sections of its own. vCPUs and iothreads may run.
    void (*count)(const void *part, Counts *counts);
    void (*free)(void *part);
} PartOps;

typedef struct PartList PartList;

PartList *part_list_new(void);
// Frees all parts, the last one first. NULL is no list.
void part_list_free(PartList *list);
// `part` is the list's from here on; `ops` lives as long.
void part_list_add(PartList *list, const PartOps *ops, void *part);
// Forward.
void part_list_describe(const PartList *list, const Description *what, Tree *tree);
// Forward, each that is not held yet. True once all are.
bool part_list_hold(PartList *list);
// Backward.
void part_list_release(PartList *list);
// Forward, up to the first that fails. The error begins with its kind.
bool part_list_reset(PartList *list, GError **error);
// Forward.
void part_list_count(const PartList *list, Counts *counts);
