// Hypercalls by number.
#include "lparun/hypercall.h"
#include "lparun/papr.h"
#include "lparun/usdt.h"
#include "trace.h"
#include <stdatomic.h>
#include <string.h>

#define PAPR_SLOTS (H_LAST / 4 + 1)
#define SLOTS (PAPR_SLOTS + (KVMPPC_H_LAST - KVMPPC_H_RTAS + 1) + 1)
#define UNKNOWN_SLOT (SLOTS - 1)

typedef struct Entry {
    const char *name;
    Hypercall call;
    void *owner;
    Timeline *timeline; // NULL: its first call is no mark
    TimelineMark mark;
} Entry;

// A word of ibm,hypertas-functions.
typedef struct Function {
    const char *name;
    bool (*is_there)(const void *owner); // NULL: always
    const void *owner;
} Function;

struct HypercallTable {
    Entry entries[SLOTS];
    GPtrArray *owned;  // the families' state
    GArray *functions; // of Function
    unsigned vcpus;
    _Atomic uint64_t (*counts)[SLOTS]; // a row a vCPU, written by its thread alone
};

HypercallTable *hypercall_table_new(unsigned vcpus)
{
    HypercallTable *table = g_new0(HypercallTable, 1);
    table->vcpus = vcpus;
    table->owned = g_ptr_array_new_with_free_func(g_free);
    table->functions = g_array_new(FALSE, FALSE, sizeof(Function));
    table->counts = g_malloc0(vcpus * sizeof *table->counts);
    return table;
}

void hypercall_table_free(HypercallTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->owned);
    g_array_unref(table->functions);
    g_free(table->counts);
    g_free(table);
}

void *hypercall_own(HypercallTable *table, void *state)
{
    g_ptr_array_add(table->owned, state);
    return state;
}

static unsigned slot_of(uint64_t number)
{
    if (number <= H_LAST && number % 4 == 0)
        return (unsigned)number / 4;
    if (number >= KVMPPC_H_RTAS && number <= KVMPPC_H_LAST)
        return PAPR_SLOTS + (unsigned)(number - KVMPPC_H_RTAS);
    return UNKNOWN_SLOT;
}

void hypercall_register(HypercallTable *table, uint64_t number, const char *name, Hypercall call, void *owner)
{
    Entry *entry = &table->entries[slot_of(number)];
    g_assert(slot_of(number) != UNKNOWN_SLOT && !entry->call);
    *entry = (Entry){ .name = name, .call = call, .owner = owner };
}

void hypercall_mark(HypercallTable *table, uint64_t number, Timeline *timeline, TimelineMark mark)
{
    Entry *entry = &table->entries[slot_of(number)];
    entry->timeline = timeline;
    entry->mark = mark;
}

void hypercall_announce_if(
    HypercallTable *table, const char *function, bool (*is_there)(const void *owner), const void *owner)
{
    const Function added = { .name = function, .is_there = is_there, .owner = owner };
    for (unsigned i = 0; i < table->functions->len; i++)
        if (strcmp(g_array_index(table->functions, Function, i).name, function) == 0)
            return;
    g_array_append_val(table->functions, added);
}

void hypercall_announce(HypercallTable *table, const char *function)
{
    hypercall_announce_if(table, function, NULL, NULL);
}

void hypercall_register_families(HypercallTable *table, const HypercallParts *parts)
{
#define REGISTER(family) hypercall_##family##_register(table, parts);
    HYPERCALL_FAMILIES(REGISTER)
}

static int64_t call(const Entry *entry, Vcpu *vcpu, uint64_t arguments[9])
{
    return entry->call ? entry->call(entry->owner, vcpu, arguments) : H_FUNCTION;
}

#define TRACED (TRACE_BIT(HCALL) | TRACE_BIT(GUEST_ERRORS) | TRACE_BIT(UNIMP))

// The same, seen from outside.
static int64_t traced_call(const Entry *entry, Vcpu *vcpu, uint64_t number, uint64_t arguments[9])
{
    TraceLine line;
    trace_line_begin(&line);
    trace_hypercall(&line, number, entry->name, arguments);
    int64_t result = call(entry, vcpu, arguments);
    trace_hypercall_result(&line, number, result, arguments);
    if (!entry->call)
        trace_fault(TRACE_FAULT_HCALL_UNKNOWN, "%s", line.text);
    else if (trace_result_is_refusal(result))
        trace_fault(TRACE_FAULT_HCALL_REFUSED, "%s", line.text);
    if (trace_wants(TRACE_BIT(HCALL))) {
        trace_line_took(&line, line.begun);
        trace_line_end(&line);
    }
    return result;
}

int64_t hypercall_dispatch(HypercallTable *table, Vcpu *vcpu, uint64_t number, uint64_t arguments[9])
{
    unsigned slot = slot_of(number), index = vcpu_index(vcpu);
    const Entry *entry = &table->entries[slot];
    if (!entry->call)
        slot = UNKNOWN_SLOT;
    _Atomic uint64_t *count = &table->counts[index][slot];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1, memory_order_relaxed);
    timeline_mark(entry->timeline, entry->mark);
    USDT3(hcall_entry, index, number, arguments);
    int64_t result =
        trace_wants(TRACED) ? traced_call(entry, vcpu, number, arguments) : call(entry, vcpu, arguments);
    USDT3(hcall_return, index, number, result);
    return result;
}

static uint64_t count_slot(const HypercallTable *table, unsigned slot)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < table->vcpus; i++)
        count += atomic_load_explicit(&table->counts[i][slot], memory_order_relaxed);
    return count;
}

uint64_t hypercall_count(const HypercallTable *table, uint64_t number)
{
    return count_slot(table, slot_of(number));
}

void hypercall_counts(
    const HypercallTable *table, void (*each)(const char *name, uint64_t count, void *data), void *data)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        uint64_t count = count_slot(table, slot);
        if (count > 0)
            each(slot == UNKNOWN_SLOT ? "unknown" : table->entries[slot].name, count, data);
    }
}

// Only what the machine has: Linux calls what is named here.
static void describe_part(const void *part, const Description *what, Tree *tree)
{
    const HypercallTable *table = part;
    if (what->place != TREE_RTAS)
        return;
    g_autoptr(GPtrArray) names = g_ptr_array_new_null_terminated(table->functions->len, NULL, TRUE);
    for (unsigned i = 0; i < table->functions->len; i++) {
        const Function *function = &g_array_index(table->functions, Function, i);
        if (!function->is_there || function->is_there(function->owner))
            g_ptr_array_add(names, (gpointer)function->name);
    }
    tree_strings(tree, "ibm,hypertas-functions", (const char *const *)names->pdata);
}

static void count_part(const void *part, Counts *counts)
{
    counts_section(counts, "hypercalls", COUNTS_BY_NAME);
    hypercall_counts(part, counts_each, counts);
}

static void free_part(void *part)
{
    hypercall_table_free(part);
}

const PartOps hypercall_table_part = {
    .kind = "hypercalls", .describe = describe_part, .count = count_part, .free = free_part
};
