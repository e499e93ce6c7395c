// RTAS calls by token, behind KVMPPC_H_RTAS.
#include "lparun/bytes.h"
#include "lparun/papr.h"
#include "lparun/rtas.h"
#include <stdatomic.h>
#include <string.h>

// Tokens are a free choice; QEMU's first one, so that traces look alike.
#define FIRST_TOKEN 0x2000

typedef struct Entry {
    const char *name;
    unsigned inputs, outputs;
    RtasHandler handler; // NULL: the kernel serves it
    void *owner;
    _Atomic uint64_t count; // calls that reached userspace
} Entry;

struct RtasTable {
    GuestMemory *memory;
    GPtrArray *entries; // by token - FIRST_TOKEN
    GPtrArray *owned;   // the families' state
    _Atomic uint64_t unknown;
};

RtasTable *rtas_table_new(GuestMemory *memory)
{
    RtasTable *table = g_new0(RtasTable, 1);
    table->memory = memory;
    table->entries = g_ptr_array_new_with_free_func(g_free);
    table->owned = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void rtas_table_free(RtasTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->entries);
    g_ptr_array_unref(table->owned);
    g_free(table);
}

uint32_t rtas_register(
    RtasTable *table, const char *name, unsigned inputs, unsigned outputs, RtasHandler handler, void *owner)
{
    Entry *entry = g_new0(Entry, 1);
    *entry =
        (Entry){ .name = name, .inputs = inputs, .outputs = outputs, .handler = handler, .owner = owner };
    g_ptr_array_add(table->entries, entry);
    return FIRST_TOKEN + table->entries->len - 1;
}

void *rtas_own(RtasTable *table, void *state)
{
    g_ptr_array_add(table->owned, state);
    return state;
}

int rtas_register_in_kernel(RtasTable *table, InterruptController *controller, const char *name)
{
    uint32_t token = rtas_register(table, name, 0, 0, NULL, NULL);
    return interrupt_controller_define_rtas(controller, name, token);
}

void rtas_table_describe(const RtasTable *table, Tree *tree)
{
    for (unsigned i = 0; i < table->entries->len; i++) {
        const Entry *entry = table->entries->pdata[i];
        tree_u32(tree, entry->name, FIRST_TOKEN + i);
    }
}

void rtas_counts(
    const RtasTable *table, void (*each)(const char *name, uint64_t count, void *data), void *data)
{
    for (unsigned i = 0; i < table->entries->len; i++) {
        const Entry *entry = table->entries->pdata[i];
        if (entry->count > 0)
            each(entry->name, entry->count, data);
    }
    if (table->unknown > 0)
        each("unknown", table->unknown, data);
}

static Entry *find(const RtasTable *table, uint32_t token)
{
    uint32_t index = token - FIRST_TOKEN;
    Entry *entry = index < table->entries->len ? table->entries->pdata[index] : NULL;
    return entry && entry->handler ? entry : NULL;
}

// The status of one call; `entry` is NULL for a token that nobody has.
static int32_t dispatch(RtasTable *table, Entry *entry, Vcpu *vcpu, RtasCall *call)
{
    atomic_fetch_add_explicit(entry ? &entry->count : &table->unknown, 1, memory_order_relaxed);
    if (!entry || call->inputs < entry->inputs || call->outputs < entry->outputs)
        return RTAS_PARAMETER_ERROR;
    return entry->handler(entry->owner, vcpu, call);
}

// r4: address of {token, number of inputs, number of outputs, inputs, outputs}, big-endian cells
// (LoPAR 7.2.7).
static int64_t rtas(void *owner, Vcpu *vcpu, uint64_t arguments[9])
{
    RtasTable *table = owner;
    uint64_t block = papr_real_address(arguments[0]);
    be32 head[3], cells[RTAS_CELLS];
    if (!guest_memory_read(table->memory, block, head, sizeof head))
        return H_PARAMETER;
    RtasCall call = { .inputs = be32_get(head[1]), .outputs = be32_get(head[2]) };
    if (call.inputs > RTAS_CELLS || call.outputs > RTAS_CELLS - call.inputs)
        return H_PARAMETER;
    // Guest memory has no empty ranges, and a block may end with RAM.
    if (call.inputs > 0 &&
        !guest_memory_read(table->memory, block + sizeof head, cells, call.inputs * sizeof(be32)))
        return H_PARAMETER;
    for (unsigned i = 0; i < call.inputs; i++)
        call.input[i] = be32_get(cells[i]);
    Entry *entry = find(table, be32_get(head[0]));
    call.output[0] = (uint32_t)dispatch(table, entry, vcpu, &call);
    for (unsigned i = 0; i < call.outputs; i++)
        cells[i] = be32_make(call.output[i]);
    uint64_t results = block + sizeof head + call.inputs * sizeof(be32);
    if (call.outputs > 0 && !guest_memory_write(table->memory, results, cells, call.outputs * sizeof(be32)))
        return H_PARAMETER;
    return entry ? H_SUCCESS : H_PARAMETER; // as QEMU answers an unknown token
}

void rtas_table_register(RtasTable *table, HypercallTable *hypercalls)
{
    hypercall_register(hypercalls, KVMPPC_H_RTAS, "KVMPPC_H_RTAS", rtas, table);
}

static void describe_part(const void *part, const Description *what, Tree *tree)
{
    if (what->place == TREE_RTAS)
        rtas_table_describe(part, tree);
}

static void count_part(const void *part, Counts *counts)
{
    counts_section(counts, "rtas", COUNTS_BY_NAME);
    rtas_counts(part, counts_each, counts);
}

static void free_part(void *part)
{
    rtas_table_free(part);
}

const PartOps rtas_table_part = {
    .kind = "RTAS", .describe = describe_part, .count = count_part, .free = free_part
};
