// The human monitor on a chardev: a session (hmp/session.h) for whoever is there.
#pragma once
#include "lparun/chardev.h"
#include "monitor.h"

typedef struct Human Human;

// `machine` is copied. NULL and `error`: the chardev has a user. On the main thread, as all of this.
Human *human_open(Chardev *chardev, const MonitorMachine *machine, GError **error);
void human_close(Human *human);
