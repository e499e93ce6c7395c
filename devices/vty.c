// A hypervisor virtual terminal: a byte queue towards the guest, a chardev behind it.
#include "lparun/vty.h"
#include "lparun/papr.h"

#define VTY_INPUT 256 // bytes typed ahead; more waits in the chardev

struct Vty {
    uint32_t unit;
    VtyHost host;
    Chardev *chardev; // or NULL
    InterruptLine *line;
    GMutex lock; // guards the queue below
    uint8_t input[VTY_INPUT];
    unsigned first, count;
};

Vty *vty_new(uint32_t unit, const VtyHost *host, InterruptLine *line)
{
    Vty *vty = g_new0(Vty, 1);
    vty->unit = unit;
    vty->host = *host;
    vty->line = line;
    g_mutex_init(&vty->lock);
    return vty;
}

void vty_free(Vty *vty)
{
    if (!vty)
        return;
    if (vty->chardev)
        chardev_detach(vty->chardev, vty);
    g_mutex_clear(&vty->lock);
    g_free(vty);
}

static bool put(void *owner, const uint8_t *bytes, size_t length)
{
    return chardev_put(owner, bytes, length);
}

static void has_room(void *owner)
{
    chardev_more(owner);
}

static size_t take(void *owner, const uint8_t *bytes, size_t length)
{
    return vty_input(owner, bytes, length);
}

Vty *vty_new_on(uint32_t unit, Chardev *chardev, InterruptLine *line, GError **error)
{
    const VtyHost host = { .put = put, .has_room = has_room, .owner = chardev };
    Vty *vty = vty_new(unit, &host, line);
    const ChardevUser user = { .take = take, .owner = vty, .priority = G_PRIORITY_DEFAULT };
    if (chardev_attach(chardev, &user, error)) {
        vty->chardev = chardev;
        return vty;
    }
    vty_free(vty);
    return NULL;
}

uint32_t vty_unit(const Vty *vty)
{
    return vty->unit;
}

void vty_describe(const Vty *vty, Tree *tree)
{
    tree_begin(tree, "vty@%x", vty->unit);
    tree_string(tree, "device_type", "serial");
    tree_string(tree, "compatible", "hvterm1");
    tree_u32(tree, "reg", vty->unit);
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

bool vty_output(Vty *vty, const uint8_t *bytes, size_t length)
{
    return vty->host.put(vty->host.owner, bytes, length);
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

// --- All of a machine, by their addresses. Only added to while the machine is built.

struct Vtys {
    GPtrArray *list;
};

static void free_vty(gpointer data)
{
    vty_free(data);
}

Vtys *vtys_new(void)
{
    Vtys *vtys = g_new0(Vtys, 1);
    vtys->list = g_ptr_array_new_with_free_func(free_vty);
    return vtys;
}

void vtys_free(Vtys *vtys)
{
    if (!vtys)
        return;
    g_ptr_array_unref(vtys->list);
    g_free(vtys);
}

static Vty *at(const Vtys *vtys, unsigned index)
{
    return vtys->list->pdata[index];
}

bool vtys_add(Vtys *vtys, Vty *vty)
{
    unsigned place = 0;
    while (place < vtys->list->len && at(vtys, place)->unit < vty->unit)
        place++;
    if (place < vtys->list->len && at(vtys, place)->unit == vty->unit)
        return false;
    g_ptr_array_insert(vtys->list, (gint)place, vty);
    return true;
}

Vty *vtys_first(const Vtys *vtys)
{
    return vtys->list->len ? at(vtys, 0) : NULL;
}

Vty *vtys_find(const Vtys *vtys, uint64_t unit)
{
    if (unit == 0)
        return vtys_first(vtys);
    for (unsigned i = 0; i < vtys->list->len; i++)
        if (at(vtys, i)->unit == unit)
            return at(vtys, i);
    return NULL;
}

size_t vtys_waiting(const Vtys *vtys)
{
    size_t waiting = 0;
    for (unsigned i = 0; i < vtys->list->len; i++)
        waiting += vty_waiting(at(vtys, i));
    return waiting;
}

static void describe_part(const void *part, const Description *what, Tree *tree)
{
    const Vtys *vtys = part;
    for (unsigned i = 0; what->place == TREE_VIRTUAL_DEVICES && i < vtys->list->len; i++)
        vty_describe(at(vtys, i), tree);
}

static void free_part(void *part)
{
    vtys_free(part);
}

const PartOps vtys_part = { .kind = "vtys", .describe = describe_part, .free = free_part };

// --- -device spapr-vty.

uint32_t vty_source(uint32_t unit)
{
    const uint32_t ours = 0xf0; // as many addresses of our own; behind them are the sources of libvirt's
    if (unit >= VTY_UNIT && unit < VTY_UNIT + ours)
        return SOURCE_VTY + (unit - VTY_UNIT);
    uint32_t number = (unit - VTY_UNIT_LIBVIRT) >> 12;
    return unit >= VTY_UNIT_LIBVIRT && number < 16 && !(unit & 0xfff) ? SOURCE_VTY + ours + number : 0;
}

static bool read_unit(const char *text, void *to)
{
    guint64 number;
    bool is_hex = g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X");
    if (!g_ascii_string_to_unsigned(is_hex ? text + 2 : text, is_hex ? 16 : 10, 1, UINT32_MAX, &number, NULL))
        return false;
    *(uint32_t *)to = (uint32_t)number;
    return vty_source((uint32_t)number) != 0;
}

static const Key keys[] = {
    { "chardev", KEY_TEXT, offsetof(VtyValues, chardev), .value = "ID", .needed = true,
        .help = "the -chardev that is its other end" },
    { "reg", KEY_READ, offsetof(VtyValues, unit), .value = "ADDRESS", .read = read_unit,
        .mend = "not a vty's address; give 0x71000000 to 0x710000ef, or 0x30000000, 0x30001000 and so on to "
                "0x3000f000",
        .help = "its unit address (default: the next free one from 0x71000000 on)" },
    { 0 },
};

const DeviceKind spapr_vty_kind = {
    .kind = { .name = "spapr-vty",
        .help = "a console of the guest's, besides those of -serial",
        .keys = keys,
        .size = sizeof(VtyValues) },
    .is_fixed = true,
    .is_many = true,
};
