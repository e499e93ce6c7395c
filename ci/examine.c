// Samples of a guest that does not come on.
#include "examine.h"
#include <string.h>

#define SAMPLES 10u
#define BETWEEN 50 // milliseconds

struct Examination {
    Steer *steer;
    HangWatch *watch;
    const Boot *boot;
    void (*done)(void *owner, const char *kind, bool starved);
    void *owner;
    unsigned samples;
    guint timer;
};

static void take_vcpus(void *owner, JsonNode *value, const char *error)
{
    hang_take_vcpus(owner, value, NULL);
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

static void finish(Examination *examination)
{
    const char *kernel = examination->boot->kernel;
    g_autoptr(Symbols) symbols = kernel ? symbols_read(kernel, NULL) : NULL;
    bool starved;
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
    steer_ask(examination->steer, "x-lparun-vcpus", NULL, take_vcpus, examination->watch);
    steer_ask(examination->steer, "x-lparun-io", NULL, take_io, examination->watch);
    return G_SOURCE_CONTINUE;
}

Examination *examine_start(Steer *steer, HangWatch *watch, const Boot *boot,
    void (*done)(void *owner, const char *kind, bool starved), void *owner)
{
    Examination *examination = g_new0(Examination, 1);
    *examination =
        (Examination){ .steer = steer, .watch = watch, .boot = boot, .done = done, .owner = owner };
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
    g_free(examination);
}
