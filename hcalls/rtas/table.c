// RTAS calls by token, behind KVMPPC_H_RTAS.
#include "lparun/bytes.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include "lparun/rtas.h"
#include "lparun/usdt.h"
#include "trace.h"
#include <stdatomic.h>
#include <string.h>

typedef struct Entry {
    const char *name;
    unsigned inputs, outputs;
    RtasHandler handler; // NULL: the kernel serves it
    void *owner;
    _Atomic uint64_t count; // calls that reached userspace
    Timeline *timeline;     // NULL: its first call is no mark
    TimelineMark mark;
} Entry;

struct RtasTable {
    GuestMemory *memory;
    Entry entries[RTAS_TOKENS];
    GPtrArray *owned; // the families' state
    _Atomic uint64_t unknown;
};

RtasTable *rtas_table_new(GuestMemory *memory)
{
    RtasTable *table = g_new0(RtasTable, 1);
    table->memory = memory;
    table->owned = g_ptr_array_new_with_free_func(g_free);
    return table;
}

void rtas_table_free(RtasTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->owned);
    g_free(table);
}

// Tokens are a free choice, kept for ever: a guest holds on to them.
void rtas_register(RtasTable *table, uint32_t token, const char *name, unsigned inputs, unsigned outputs,
    RtasHandler handler, void *owner)
{
    uint32_t index = token - RTAS_TOKEN_FIRST;
    g_assert(index < RTAS_TOKENS && !table->entries[index].name);
    table->entries[index] =
        (Entry){ .name = name, .inputs = inputs, .outputs = outputs, .handler = handler, .owner = owner };
}

void rtas_mark(RtasTable *table, const char *name, Timeline *timeline, TimelineMark mark)
{
    for (unsigned i = 0; i < RTAS_TOKENS; i++)
        if (g_strcmp0(table->entries[i].name, name) == 0) {
            table->entries[i].timeline = timeline;
            table->entries[i].mark = mark;
        }
}

void rtas_register_families(RtasTable *table, const RtasParts *parts)
{
#define REGISTER(family) rtas_##family##_register(table, parts);
    RTAS_FAMILIES(REGISTER)
}

void *rtas_own(RtasTable *table, void *state)
{
    g_ptr_array_add(table->owned, state);
    return state;
}

bool rtas_register_in_kernel(RtasTable *table, InterruptController *controller, GError **error)
{
    static const struct {
        uint32_t token;
        const char *name;
    } calls[INTERRUPT_RTAS_CALLS] = {
        { 0x2021, "ibm,set-xive" },
        { 0x2022, "ibm,get-xive" },
        { 0x2023, "ibm,int-off" },
        { 0x2024, "ibm,int-on" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++) {
        rtas_register(table, calls[i].token, calls[i].name, 0, 0, NULL, NULL);
        int result = interrupt_controller_define_rtas(controller, calls[i].name, calls[i].token);
        if (result < 0)
            return error_host(error, "KVM_PPC_RTAS_DEFINE_TOKEN %s: %s", calls[i].name, g_strerror(-result));
    }
    return true;
}

void rtas_table_describe(const RtasTable *table, Tree *tree)
{
    for (unsigned i = 0; i < RTAS_TOKENS; i++)
        if (table->entries[i].name)
            tree_u32(tree, table->entries[i].name, RTAS_TOKEN_FIRST + i);
}

void rtas_counts(
    const RtasTable *table, void (*each)(const char *name, uint64_t count, void *data), void *data)
{
    for (unsigned i = 0; i < RTAS_TOKENS; i++)
        if (table->entries[i].count > 0)
            each(table->entries[i].name, table->entries[i].count, data);
    if (table->unknown > 0)
        each("unknown", table->unknown, data);
}

static Entry *find(RtasTable *table, uint32_t token)
{
    uint32_t index = token - RTAS_TOKEN_FIRST;
    return index < RTAS_TOKENS && table->entries[index].handler ? &table->entries[index] : NULL;
}

// The status of one call; `entry` is NULL for a token that nobody has.
static int32_t serve(Entry *entry, Vcpu *vcpu, RtasCall *call)
{
    if (!entry || call->inputs < entry->inputs || call->outputs < entry->outputs)
        return RTAS_PARAMETER_ERROR;
    timeline_mark(entry->timeline, entry->mark);
    return entry->handler(entry->owner, vcpu, call);
}

#define TRACED (TRACE_BIT(RTAS) | TRACE_BIT(GUEST_ERRORS) | TRACE_BIT(UNIMP))

// The same, seen from outside.
static int32_t traced_serve(Entry *entry, Vcpu *vcpu, uint32_t token, RtasCall *call)
{
    TraceLine line;
    trace_line_begin(&line);
    trace_rtas(&line, token, entry ? entry->name : NULL, call);
    int32_t status = serve(entry, vcpu, call);
    trace_rtas_result(&line, entry ? entry->name : NULL, status, call);
    if (!entry)
        trace_fault(TRACE_FAULT_RTAS_UNKNOWN, "%s", line.text);
    else if (status == RTAS_PARAMETER_ERROR)
        trace_fault(TRACE_FAULT_RTAS_REFUSED, "%s", line.text);
    if (trace_wants(TRACE_BIT(RTAS))) {
        trace_line_took(&line, line.begun);
        trace_line_end(&line);
    }
    return status;
}

static int32_t dispatch(RtasTable *table, Vcpu *vcpu, uint32_t token, RtasCall *call)
{
    Entry *entry = find(table, token);
    atomic_fetch_add_explicit(entry ? &entry->count : &table->unknown, 1, memory_order_relaxed);
    USDT3(rtas_entry, token, call->inputs, call->input);
    int32_t status = trace_wants(TRACED) ? traced_serve(entry, vcpu, token, call) : serve(entry, vcpu, call);
    USDT3(rtas_return, token, status, call->output);
    return status;
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
    uint32_t token = be32_get(head[0]);
    call.output[0] = (uint32_t)dispatch(table, vcpu, token, &call);
    for (unsigned i = 0; i < call.outputs; i++)
        cells[i] = be32_make(call.output[i]);
    uint64_t results = block + sizeof head + call.inputs * sizeof(be32);
    if (call.outputs > 0 && !guest_memory_write(table->memory, results, cells, call.outputs * sizeof(be32)))
        return H_PARAMETER;
    return find(table, token) ? H_SUCCESS : H_PARAMETER; // as QEMU answers an unknown token
}

void hypercall_rtas_register(HypercallTable *table, const HypercallParts *parts)
{
    hypercall_register(table, KVMPPC_H_RTAS, "KVMPPC_H_RTAS", rtas, parts->rtas);
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
