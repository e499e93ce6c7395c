// check-exception and event-scan, and the power button that they tell of (hcalls/rtas/events.c).
#pragma once
#include "lparun/part.h"
#include "lparun/rtas.h"

typedef struct RtasEvents RtasEvents;
// `line`: pulsed when there is something to ask for (SOURCE_EPOW).
RtasEvents *rtas_events_new(GuestMemory *memory, InterruptLine *line);
void rtas_events_free(RtasEvents *events);
extern const PartOps rtas_events_part;
// Asks the guest to power off. Once more before it has heard changes nothing. Any thread.
void rtas_events_press_power_button(RtasEvents *events);
// Forgets what the guest has not heard.
void rtas_events_reset(RtasEvents *events);
