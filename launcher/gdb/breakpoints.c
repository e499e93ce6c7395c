// Instructions in a guest's memory that stop it.
#include "breakpoints.h"
#include "lparun/bytes.h"
#include "lparun/kvm.h"

#define SIZE 4         // bytes of an instruction
#define MAXIMUM 0x1000 // that a client may have

typedef struct Breakpoint {
    uint64_t address, gpa;
    uint8_t original[SIZE]; // the guest's own
    bool lifted;            // the guest's own is there for the moment
} Breakpoint;

struct GdbBreakpoints {
    const GuestMemory *memory;
    uint8_t instruction[SIZE];
    GMutex lock;     // guards what follows; vCPUs take it at a breakpoint
    GArray *all;     // Breakpoint
    Breakpoint step; // where a step ends
    bool stepping;
};

GdbBreakpoints *gdb_breakpoints_new(const GuestMemory *memory, uint32_t instruction)
{
    GdbBreakpoints *breakpoints = g_new0(GdbBreakpoints, 1);
    be32 bytes = be32_make(instruction);
    breakpoints->memory = memory;
    memcpy(breakpoints->instruction, &bytes, SIZE);
    breakpoints->all = g_array_new(FALSE, FALSE, sizeof(Breakpoint));
    g_mutex_init(&breakpoints->lock);
    return breakpoints;
}

void gdb_breakpoints_free(GdbBreakpoints *breakpoints)
{
    if (!breakpoints)
        return;
    g_array_unref(breakpoints->all);
    g_mutex_clear(&breakpoints->lock);
    g_free(breakpoints);
}

// --- What follows is under the lock.

static Breakpoint *at(const GdbBreakpoints *breakpoints, unsigned index)
{
    return &g_array_index(breakpoints->all, Breakpoint, index);
}

static Breakpoint *find_address(const GdbBreakpoints *breakpoints, uint64_t address)
{
    for (unsigned i = 0; i < breakpoints->all->len; i++)
        if (at(breakpoints, i)->address == address)
            return at(breakpoints, i);
    return NULL;
}

// Another one at the same place, under whatever address, or a step's.
static const Breakpoint *find_place(const GdbBreakpoints *breakpoints, uint64_t gpa, const Breakpoint *except)
{
    const Breakpoint *step = &breakpoints->step;
    for (unsigned i = 0; i < breakpoints->all->len; i++)
        if (at(breakpoints, i)->gpa == gpa && at(breakpoints, i) != except)
            return at(breakpoints, i);
    return breakpoints->stepping && step->gpa == gpa && step != except ? step : NULL;
}

// Whole, so that a vCPU that runs there finds one or the other.
static void put(const GdbBreakpoints *breakpoints, uint64_t gpa, const uint8_t bytes[SIZE])
{
    uint32_t *place = guest_memory_write_at(breakpoints->memory, gpa, SIZE), value;
    memcpy(&value, bytes, SIZE);
    __atomic_store_n(place, value, __ATOMIC_RELAXED);
    kvm_code_changed(place, SIZE);
}

// A guest that has written there since has its own way.
static void restore(const GdbBreakpoints *breakpoints, const Breakpoint *breakpoint)
{
    uint8_t now[SIZE];
    if (guest_memory_read(breakpoints->memory, breakpoint->gpa, now, SIZE) &&
        memcmp(now, breakpoints->instruction, SIZE) == 0)
        put(breakpoints, breakpoint->gpa, breakpoint->original);
}

static bool insert(GdbBreakpoints *breakpoints, uint64_t address, uint64_t gpa)
{
    Breakpoint breakpoint = { .address = address, .gpa = gpa };
    if (find_address(breakpoints, address))
        return true;
    if (address % SIZE || breakpoints->all->len >= MAXIMUM ||
        !guest_memory_read(breakpoints->memory, gpa, breakpoint.original, SIZE))
        return false;
    const Breakpoint *other = find_place(breakpoints, gpa, NULL);
    if (other)
        memcpy(breakpoint.original, other->original, SIZE);
    g_array_append_val(breakpoints->all, breakpoint);
    put(breakpoints, gpa, breakpoints->instruction);
    return true;
}

static void take_away(GdbBreakpoints *breakpoints, Breakpoint *breakpoint)
{
    if (!find_place(breakpoints, breakpoint->gpa, breakpoint))
        restore(breakpoints, breakpoint);
    g_array_remove_index_fast(breakpoints->all, (unsigned)(breakpoint - at(breakpoints, 0)));
}

static void end_step(GdbBreakpoints *breakpoints)
{
    if (breakpoints->stepping && !find_place(breakpoints, breakpoints->step.gpa, &breakpoints->step))
        restore(breakpoints, &breakpoints->step);
    breakpoints->stepping = false;
    for (unsigned i = 0; i < breakpoints->all->len; i++)
        if (at(breakpoints, i)->lifted) {
            put(breakpoints, at(breakpoints, i)->gpa, breakpoints->instruction);
            at(breakpoints, i)->lifted = false;
        }
}

static bool begin_step(GdbBreakpoints *breakpoints, uint64_t now, uint64_t next)
{
    const Breakpoint *there = find_place(breakpoints, next, NULL);
    breakpoints->step = (Breakpoint){ .gpa = next };
    if (next % SIZE || !guest_memory_read(breakpoints->memory, next, breakpoints->step.original, SIZE))
        return false;
    breakpoints->stepping = true;
    if (there)
        memcpy(breakpoints->step.original, there->original, SIZE);
    put(breakpoints, next, breakpoints->instruction);
    for (unsigned i = 0; i < breakpoints->all->len && now != next; i++)
        if (at(breakpoints, i)->gpa == now) {
            put(breakpoints, now, at(breakpoints, i)->original);
            at(breakpoints, i)->lifted = true;
        }
    return true;
}

// The guest's own bytes, of `length` at `gpa` those that are this breakpoint's: into `out`, or out of `in`.
static void overlay(Breakpoint *breakpoint, uint64_t gpa, uint8_t *out, const uint8_t *in, size_t length)
{
    for (unsigned i = 0; i < SIZE; i++) {
        uint64_t where = breakpoint->gpa + i - gpa;
        if (where >= length)
            continue;
        if (out)
            out[where] = breakpoint->original[i];
        else
            breakpoint->original[i] = in[where];
    }
}

// What was written there is the guest's own from now on, and the instruction is where it was.
static void write_under(const GdbBreakpoints *breakpoints, Breakpoint *breakpoint, uint64_t gpa,
    const uint8_t *bytes, size_t length)
{
    overlay(breakpoint, gpa, NULL, bytes, length);
    if (!breakpoint->lifted && breakpoint->gpa + SIZE > gpa && breakpoint->gpa < gpa + length)
        put(breakpoints, breakpoint->gpa, breakpoints->instruction);
}

// --- And this takes it.

bool gdb_breakpoints_insert(GdbBreakpoints *breakpoints, uint64_t address, uint64_t gpa)
{
    g_mutex_lock(&breakpoints->lock);
    bool done = insert(breakpoints, address, gpa);
    g_mutex_unlock(&breakpoints->lock);
    return done;
}

bool gdb_breakpoints_remove(GdbBreakpoints *breakpoints, uint64_t address)
{
    g_mutex_lock(&breakpoints->lock);
    Breakpoint *breakpoint = find_address(breakpoints, address);
    if (breakpoint)
        take_away(breakpoints, breakpoint);
    g_mutex_unlock(&breakpoints->lock);
    return breakpoint;
}

void gdb_breakpoints_clear(GdbBreakpoints *breakpoints)
{
    g_mutex_lock(&breakpoints->lock);
    end_step(breakpoints);
    while (breakpoints->all->len > 0)
        take_away(breakpoints, at(breakpoints, 0));
    g_mutex_unlock(&breakpoints->lock);
}

void gdb_breakpoints_forget(GdbBreakpoints *breakpoints)
{
    g_mutex_lock(&breakpoints->lock);
    g_array_set_size(breakpoints->all, 0);
    breakpoints->stepping = false;
    g_mutex_unlock(&breakpoints->lock);
}

bool gdb_breakpoints_has(GdbBreakpoints *breakpoints, uint64_t gpa)
{
    g_mutex_lock(&breakpoints->lock);
    const Breakpoint *there = find_place(breakpoints, gpa, NULL);
    bool has = there && !there->lifted;
    g_mutex_unlock(&breakpoints->lock);
    return has;
}

bool gdb_breakpoints_begin_step(GdbBreakpoints *breakpoints, uint64_t now, uint64_t next)
{
    g_mutex_lock(&breakpoints->lock);
    bool done = begin_step(breakpoints, now, next);
    g_mutex_unlock(&breakpoints->lock);
    return done;
}

void gdb_breakpoints_end_step(GdbBreakpoints *breakpoints)
{
    g_mutex_lock(&breakpoints->lock);
    end_step(breakpoints);
    g_mutex_unlock(&breakpoints->lock);
}

void gdb_breakpoints_read(GdbBreakpoints *breakpoints, uint64_t gpa, uint8_t *bytes, size_t length)
{
    g_mutex_lock(&breakpoints->lock);
    guest_memory_read(breakpoints->memory, gpa, bytes, length);
    for (unsigned i = 0; i < breakpoints->all->len; i++)
        overlay(at(breakpoints, i), gpa, bytes, NULL, length);
    if (breakpoints->stepping)
        overlay(&breakpoints->step, gpa, bytes, NULL, length);
    g_mutex_unlock(&breakpoints->lock);
}

void gdb_breakpoints_write(GdbBreakpoints *breakpoints, uint64_t gpa, const uint8_t *bytes, size_t length)
{
    g_mutex_lock(&breakpoints->lock);
    void *place = guest_memory_write_at(breakpoints->memory, gpa, length);
    memcpy(place, bytes, length);
    kvm_code_changed(place, length);
    for (unsigned i = 0; i < breakpoints->all->len; i++)
        write_under(breakpoints, at(breakpoints, i), gpa, bytes, length);
    if (breakpoints->stepping)
        write_under(breakpoints, &breakpoints->step, gpa, bytes, length);
    g_mutex_unlock(&breakpoints->lock);
}
