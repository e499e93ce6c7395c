// Samples of a guest that does not come on.
#include "examine.h"
#include "json_read.h"

#define SAMPLES 10u
#define BETWEEN 50 // milliseconds
#define VCPUS_SHOWN 64u

struct Examination {
    Steer *steer;
    HangWatch *watch;
    const Boot *boot;
    void (*done)(void *owner, const char *kind, bool starved);
    void *owner;
    JsonNode *vcpus; // the last answer; or NULL
    GPtrArray *registers;
    unsigned samples;
    guint timer;
};

static void take_vcpus(void *owner, JsonNode *value, const char *error)
{
    Examination *examination = owner;
    hang_take_vcpus(examination->watch, value, NULL);
    if (!value)
        return;
    g_clear_pointer(&examination->vcpus, json_node_unref);
    examination->vcpus = json_node_copy(value);
}

static void take_io(void *owner, JsonNode *value, const char *error)
{
    hang_take_io(owner, value);
}

static void see_mark(JsonObject *mark, void *owner)
{
    if (g_strcmp0(json_read_text(mark, "name"), "quiesce") == 0)
        hang_left_firmware(owner);
}

static void take_timeline(void *owner, JsonNode *value, const char *error)
{
    json_read_each(json_read_object(value), "marks", G_MAXUINT, see_mark, owner);
}

// --- Registers.

typedef struct Describing {
    GPtrArray *lines;
    const Symbols *symbols;
} Describing;

static const char *text_of(JsonObject *object, const char *name)
{
    const char *text = json_read_text(object, name);
    return text ? text : "?";
}

static void describe_vcpu(JsonObject *vcpu, void *owner)
{
    const Describing *describing = owner;
    const char *nip = text_of(vcpu, "nip"), *lr = text_of(vcpu, "lr");
    g_autofree char *at = symbols_name(describing->symbols, g_ascii_strtoull(nip, NULL, 0));
    g_autofree char *from = symbols_name(describing->symbols, g_ascii_strtoull(lr, NULL, 0));
    g_ptr_array_add(describing->lines,
        g_strdup_printf("vCPU %" G_GINT64_FORMAT " %s: nip %s (%s) lr %s (%s) msr %s ctr %s r1 %s r3 %s",
            json_read_integer(vcpu, "cpu-index"), text_of(vcpu, "state"), nip, at, lr, from,
            text_of(vcpu, "msr"), text_of(vcpu, "ctr"), text_of(vcpu, "r1"), text_of(vcpu, "r3")));
}

static void describe(Examination *examination, const Symbols *symbols)
{
    Describing describing = { examination->registers, symbols };
    json_read_each(json_read_object(examination->vcpus), "vcpus", VCPUS_SHOWN, describe_vcpu, &describing);
}

const GPtrArray *examine_registers(const Examination *examination)
{
    return examination->registers;
}

static void finish(Examination *examination)
{
    const char *kernel = examination->boot->kernel;
    g_autoptr(Symbols) symbols = kernel ? symbols_read(kernel, NULL) : NULL;
    bool starved;
    describe(examination, symbols);
    g_autofree char *kind = hang_kind(examination->watch, symbols, &starved);
    examination->done(examination->owner, kind, starved);
}

static gboolean sample(gpointer data)
{
    Examination *examination = data;
    if (examination->samples++ == SAMPLES) {
        examination->timer = 0;
        finish(examination);
        return G_SOURCE_REMOVE;
    }
    steer_ask(examination->steer, "x-lparun-vcpus", NULL, take_vcpus, examination);
    steer_ask(examination->steer, "x-lparun-io", NULL, take_io, examination->watch);
    return G_SOURCE_CONTINUE;
}

Examination *examine_start(Steer *steer, HangWatch *watch, const Boot *boot,
    void (*done)(void *owner, const char *kind, bool starved), void *owner)
{
    Examination *examination = g_new0(Examination, 1);
    *examination =
        (Examination){ .steer = steer, .watch = watch, .boot = boot, .done = done, .owner = owner };
    examination->registers = g_ptr_array_new_with_free_func(g_free);
    if (g_strcmp0(boot->bios, "none") == 0)
        hang_left_firmware(watch);
    steer_ask(steer, "x-lparun-timeline", NULL, take_timeline, watch);
    examination->timer = g_timeout_add(BETWEEN, sample, examination);
    return examination;
}

void examine_free(Examination *examination)
{
    if (!examination)
        return;
    if (examination->timer)
        g_source_remove(examination->timer);
    g_clear_pointer(&examination->vcpus, json_node_unref);
    g_ptr_array_unref(examination->registers);
    g_free(examination);
}
