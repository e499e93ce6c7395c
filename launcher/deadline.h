// The end of a run takes no longer than this, whatever it waits for.
#pragma once

#define DEADLINE_SECONDS 2

// From now on the process has DEADLINE_SECONDS to end by itself. After that the terminal is restored and the
// process ends with `status`, in whatever its threads are. On the main thread, once.
void deadline_begin(int status);
