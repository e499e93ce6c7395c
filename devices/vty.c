// The hypervisor virtual terminal: a byte queue towards the guest, the host's terminal behind it.
#include "lparun/vty.h"
#include "lparun/papr.h"

#define VTY_INPUT 256 // bytes typed ahead; more waits in the host's terminal

struct Vty {
    VtyHost host;
    InterruptLine *line;
    GMutex lock; // guards the queue below
    uint8_t input[VTY_INPUT];
    unsigned first, count;
};

Vty *vty_new(const VtyHost *host, InterruptLine *line)
{
    Vty *vty = g_new0(Vty, 1);
    vty->host = *host;
    vty->line = line;
    g_mutex_init(&vty->lock);
    return vty;
}

void vty_free(Vty *vty)
{
    if (!vty)
        return;
    g_mutex_clear(&vty->lock);
    g_free(vty);
}

void vty_describe(const Vty *vty, Tree *tree)
{
    tree_begin(tree, "vty@%x", VTY_UNIT);
    tree_string(tree, "device_type", "serial");
    tree_string(tree, "compatible", "hvterm1");
    tree_u32(tree, "reg", VTY_UNIT);
    if (vty->line)
        tree_cells(tree, "interrupts", interrupt_line_source(vty->line), 0);
    tree_end(tree);
}

size_t vty_input(Vty *vty, const uint8_t *bytes, size_t length)
{
    g_mutex_lock(&vty->lock);
    bool was_empty = vty->count == 0;
    size_t taken = MIN(length, VTY_INPUT - vty->count);
    for (size_t i = 0; i < taken; i++)
        vty->input[(vty->first + vty->count++) % VTY_INPUT] = bytes[i];
    g_mutex_unlock(&vty->lock);
    if (taken > 0 && was_empty && vty->line)
        interrupt_line_pulse(vty->line);
    return taken;
}

bool vty_answers(uint64_t unit)
{
    return unit == VTY_UNIT || unit == 0;
}

size_t vty_output(Vty *vty, const uint8_t *bytes, size_t length)
{
    return vty->host.write(vty->host.owner, bytes, length);
}

size_t vty_waiting(Vty *vty)
{
    g_mutex_lock(&vty->lock);
    size_t waiting = vty->count;
    g_mutex_unlock(&vty->lock);
    return waiting;
}

size_t vty_take(Vty *vty, uint8_t *bytes, size_t capacity)
{
    g_mutex_lock(&vty->lock);
    bool was_full = vty->count == VTY_INPUT;
    size_t taken = MIN(capacity, vty->count);
    for (size_t i = 0; i < taken; i++) {
        bytes[i] = vty->input[vty->first];
        vty->first = (vty->first + 1) % VTY_INPUT;
    }
    vty->count -= (unsigned)taken;
    g_mutex_unlock(&vty->lock);
    if (was_full && taken > 0)
        vty->host.has_room(vty->host.owner);
    return taken;
}

static void describe_part(const void *part, const Description *what, Tree *tree)
{
    if (what->place == TREE_VIRTUAL_DEVICES)
        vty_describe(part, tree);
}

static void free_part(void *part)
{
    vty_free(part);
}

const PartOps vty_part = { .kind = "vty", .describe = describe_part, .free = free_part };
