// Samples of a guest that does not come on.
#include "examine.h"
#include <string.h>

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

static bool has_mark(JsonObject *timeline, const char *name)
{
    JsonNode *node = json_object_get_member(timeline, "marks");
    JsonArray *marks = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (unsigned i = 0; marks && i < json_array_get_length(marks); i++) {
        JsonNode *mark = json_array_get_element(marks, i);
        if (JSON_NODE_HOLDS_OBJECT(mark) &&
            strcmp(json_object_get_string_member_with_default(json_node_get_object(mark), "name", ""),
                name) == 0)
            return true;
    }
    return false;
}

static void take_timeline(void *owner, JsonNode *value, const char *error)
{
    if (value && JSON_NODE_HOLDS_OBJECT(value) && has_mark(json_node_get_object(value), "quiesce"))
        hang_left_firmware(owner);
}

static const char *text_of(JsonObject *object, const char *name)
{
    return json_object_get_string_member_with_default(object, name, "?");
}

static char *describe_vcpu(JsonObject *vcpu, const Symbols *symbols)
{
    g_autofree char *nip = symbols_name(symbols, g_ascii_strtoull(text_of(vcpu, "nip"), NULL, 0));
    g_autofree char *lr = symbols_name(symbols, g_ascii_strtoull(text_of(vcpu, "lr"), NULL, 0));
    return g_strdup_printf("vCPU %" G_GINT64_FORMAT " %s: nip %s (%s) lr %s (%s) msr %s ctr %s r1 %s r3 %s",
        json_object_get_int_member_with_default(vcpu, "cpu-index", 0), text_of(vcpu, "state"),
        text_of(vcpu, "nip"), nip, text_of(vcpu, "lr"), lr, text_of(vcpu, "msr"), text_of(vcpu, "ctr"),
        text_of(vcpu, "r1"), text_of(vcpu, "r3"));
}

static void describe(Examination *examination, const Symbols *symbols)
{
    JsonNode *answer = examination->vcpus;
    JsonObject *object = answer && JSON_NODE_HOLDS_OBJECT(answer) ? json_node_get_object(answer) : NULL;
    JsonNode *node = object ? json_object_get_member(object, "vcpus") : NULL;
    JsonArray *vcpus = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (unsigned i = 0; vcpus && i < json_array_get_length(vcpus) && i < VCPUS_SHOWN; i++) {
        JsonNode *vcpu = json_array_get_element(vcpus, i);
        if (JSON_NODE_HOLDS_OBJECT(vcpu))
            g_ptr_array_add(examination->registers, describe_vcpu(json_node_get_object(vcpu), symbols));
    }
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
