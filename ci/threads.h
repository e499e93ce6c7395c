// The vCPUs' threads of an lparun, as the host sees them.
#pragma once
#include <glib.h>
#include <stdbool.h>

// Seconds since the thread was made.
typedef struct ThreadTimes {
    int thread;   // the host's number
    double run;   // on a CPU, in the guest or for it
    double delay; // ready to run and without a CPU: 0 where the host's kernel does not count that
} ThreadTimes;

// Of each thread of process `pid` that is a vCPU's: of ThreadTimes (g_array_unref). Empty where there is no
// such process.
GArray *threads_read(int pid);
// All of them together, with `thread` 0.
ThreadTimes threads_sum(const GArray *threads);
// What threads_sum(threads_read()) has, at once.
ThreadTimes threads_of(int pid);
// CPUs that process `pid` may run on, at least 1.
unsigned threads_cpus(int pid);

// One thread, of the text of its stat and schedstat (proc(5)), which may be NULL or cut off. False where it
// is no vCPU's.
bool threads_parse(const char *stat, const char *schedstat, ThreadTimes *times);
