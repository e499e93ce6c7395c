// Walks along the steps of a boot: sees what the console shows, does what is to be done.
#pragma once
#include "boot.h"

typedef struct Script Script;

// Does a step that is no pattern. True: it is done at once; false: script_go_on() comes when it is.
typedef bool (*ScriptDo)(void *owner, const Step *step);

// The boot stays the caller's. All on the main context.
Script *script_new(const Boot *boot, ScriptDo act, void *owner);
void script_free(Script *script);
// Does the steps before the first pattern.
void script_begin(Script *script);
// A whole line; what there is of the next one. What was seen of a line counts once.
void script_line(Script *script, const char *line);
void script_partial(Script *script, const char *text);
// What the last step began is done; `partial`: as of script_partial().
void script_go_on(Script *script, const char *partial);
// Nothing more is done; patterns are still seen, as the guest's last words may come after its end.
void script_stop(Script *script);
bool script_is_done(const Script *script);
// The step that is next; NULL: all are done.
const Step *script_next(const Script *script);
