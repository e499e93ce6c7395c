// Threads of a process in /proc.
#include "threads.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "(vcpu " // as vmm/vcpu.c names them, in stat
#define THREADS_MAX 4096u

// The n-th field from `text` on, counted from 0; NULL: there are fewer.
static const char *field(const char *text, unsigned n)
{
    for (; text && n; n--) {
        text = strchr(text, ' ');
        text = text ? text + 1 : NULL;
    }
    return text;
}

bool threads_parse(const char *stat, const char *schedstat, ThreadTimes *times)
{
    const char *name = stat ? strchr(stat, '(') : NULL;
    const char *rest = name ? strrchr(name, ')') : NULL;
    if (!rest || rest[1] != ' ' || strncmp(name, NAME, strlen(NAME)) != 0)
        return false;
    *times = (ThreadTimes){ .thread = atoi(stat) };
    const char *own = field(rest + 2, 11); // utime, which has the guest's time, and stime
    const char *system = field(own, 1);
    const char *delay = field(schedstat, 1);
    if (delay) {
        times->run = (double)strtoull(schedstat, NULL, 10) / 1e9;
        times->delay = (double)strtoull(delay, NULL, 10) / 1e9;
    } else if (system) {
        times->run =
            (double)(strtoull(own, NULL, 10) + strtoull(system, NULL, 10)) / (double)sysconf(_SC_CLK_TCK);
    }
    return true;
}

// NULL: the thread is gone, or the host's kernel has no such file.
static char *read_text(const char *folder, const char *thread, const char *name)
{
    char *text = NULL;
    g_autofree char *path = g_build_filename(folder, thread, name, NULL);
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

GArray *threads_read(int pid)
{
    GArray *threads = g_array_new(FALSE, FALSE, sizeof(ThreadTimes));
    g_autofree char *folder = g_strdup_printf("/proc/%d/task", pid);
    g_autoptr(GDir) list = g_dir_open(folder, 0, NULL);
    const char *name;
    while (list && threads->len < THREADS_MAX && (name = g_dir_read_name(list))) {
        g_autofree char *stat = read_text(folder, name, "stat");
        g_autofree char *schedstat = read_text(folder, name, "schedstat");
        ThreadTimes times;
        if (threads_parse(stat, schedstat, &times))
            g_array_append_val(threads, times);
    }
    return threads;
}

ThreadTimes threads_sum(const GArray *threads)
{
    ThreadTimes sum = { 0 };
    for (unsigned i = 0; i < threads->len; i++) {
        const ThreadTimes *times = &g_array_index(threads, ThreadTimes, i);
        sum.run += times->run;
        sum.delay += times->delay;
    }
    return sum;
}

ThreadTimes threads_of(int pid)
{
    g_autoptr(GArray) threads = threads_read(pid);
    return threads_sum(threads);
}

unsigned threads_cpus(int pid)
{
    cpu_set_t set;
    int count = sched_getaffinity(pid, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return (unsigned)MAX(count, 1);
}
