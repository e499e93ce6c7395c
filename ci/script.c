// The steps of a boot.
#include "script.h"
#include <string.h>

#define LATER 1000u

struct Script {
    const Boot *boot;
    ScriptDo act;
    void *owner;
    unsigned next;
    gsize from;       // bytes of the line that have been used up
    bool waits;       // for script_go_on()
    GPtrArray *later; // of char *: lines that came meanwhile
    bool stopped;
};

Script *script_new(const Boot *boot, ScriptDo act, void *owner)
{
    Script *script = g_new0(Script, 1);
    *script = (Script){ .boot = boot, .act = act, .owner = owner };
    script->later = g_ptr_array_new_with_free_func(g_free);
    return script;
}

void script_free(Script *script)
{
    g_ptr_array_unref(script->later);
    g_free(script);
}

const Step *script_next(const Script *script)
{
    return script->next < script->boot->steps->len ? script->boot->steps->pdata[script->next] : NULL;
}

bool script_is_done(const Script *script)
{
    return !script_next(script);
}

void script_stop(Script *script)
{
    script->stopped = true;
}

static void run(Script *script)
{
    const Step *step;
    while (!script->waits && !script->stopped && (step = script_next(script)) && !step->regex) {
        script->waits = !script->act(script->owner, step);
        if (!script->waits)
            script->next++;
    }
}

void script_begin(Script *script)
{
    run(script);
}

// The end of the first place where the pattern fits what is left of the line, or -1.
static int find(const Script *script, const Step *step, const char *text, gsize length)
{
    g_autoptr(GMatchInfo) match = NULL;
    int end = -1;
    if (script->from <= length &&
        g_regex_match_full(step->regex, text, (gssize)length, (int)script->from, 0, &match, NULL))
        g_match_info_fetch_pos(match, 0, NULL, &end);
    return end;
}

static void see(Script *script, const char *text)
{
    const Step *step;
    gsize length = strlen(text);
    while (!script->waits && (step = script_next(script)) && step->regex) {
        int end = find(script, step, text, length);
        if (end < 0)
            return;
        script->from = (gsize)end;
        script->next++;
        run(script);
    }
}

static void see_line(Script *script, const char *line)
{
    see(script, line);
    script->from = 0;
}

void script_line(Script *script, const char *line)
{
    if (!script->waits) {
        see_line(script, line);
        return;
    }
    if (script->later->len == LATER)
        g_ptr_array_remove_index(script->later, 0);
    g_ptr_array_add(script->later, g_strdup(line));
}

void script_partial(Script *script, const char *text)
{
    if (*text)
        see(script, text);
}

// Lines from while it waited are seen by the step that is next then.
void script_go_on(Script *script, const char *partial)
{
    if (!script->waits)
        return;
    script->waits = false;
    script->next++;
    run(script);
    while (!script->waits && script->later->len) {
        g_autofree char *line = g_ptr_array_steal_index(script->later, 0);
        see_line(script, line);
    }
    script_partial(script, partial);
}
