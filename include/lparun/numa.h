// NUMA nodes: which memory and which vCPUs are in one (firmware/numa.c).
#pragma once
#include "lparun/cas.h"
#include "lparun/tree.h"
#include <stdint.h>

#define NUMA_NODES 128 // as many as QEMU's
#define NUMA_CPUS 1024
#define NUMA_LOCAL 10 // distances, as ACPI's SLIT has them: a node from itself, another one
#define NUMA_REMOTE 20
typedef struct Numa {
    unsigned count;                           // the nodes are 0, 1, ...
    uint64_t memory[NUMA_NODES];              // bytes; from GPA 0 on, in the nodes' order
    uint8_t distance[NUMA_NODES][NUMA_NODES]; // from, to
    uint8_t cpu_node[NUMA_CPUS];              // by a vCPU's index
} Numa;
// In what follows `numa` NULL is a machine without nodes, whose tree says nothing of them.
//
// Bytes from GPA 0 on that are all in one node; `memory_size` has them all.
uint64_t numa_first_range(const Numa *numa, uint64_t memory_size);
// Bytes of option vector 5 that name the forms of associativity that the tree has (LoPAR, "Option Vectors").
uint8_t numa_forms(const Numa *numa);
// Properties of a node of the tree: memory's, a processor's, and RTAS's.
void numa_describe_memory(const Numa *numa, unsigned node, Tree *tree);
void numa_describe_cpu(const Numa *numa, unsigned index, uint32_t id, Tree *tree);
void numa_describe_rtas(const Numa *numa, Tree *tree);
// The domains of the vCPU `index`, from the widest to itself, `id`: what its node in the tree says. `numa` is
// not NULL.
#define NUMA_CPU_DOMAINS 5
unsigned numa_cpu_domains(const Numa *numa, unsigned index, uint32_t id, uint32_t domains[NUMA_CPU_DOMAINS]);
