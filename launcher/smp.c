// -smp: QEMU's words for how many vCPUs there are and how they make cores and sockets.
#include "smp.h"
#include "key_values.h"
#include "lparun/error.h"

#define CPUS_MAX 1024

typedef struct Topology {
    guint64 cpus, maxcpus, sockets, cores, threads; // 0: not given
} Topology;

static bool take(KeyValues *values, const char *key, guint64 *number, GError **error)
{
    const char *text = key_values_take(values, key);
    if (!text || g_ascii_string_to_unsigned(text, 10, 1, CPUS_MAX, number, NULL))
        return true;
    return error_user(error, "-smp %s=%s: not a number that can be; give 1 to %u", key, text, CPUS_MAX);
}

static bool take_all(KeyValues *values, Topology *topology, GError **error)
{
    return take(values, "cpus", &topology->cpus, error) &&
           take(values, "maxcpus", &topology->maxcpus, error) &&
           take(values, "sockets", &topology->sockets, error) &&
           take(values, "cores", &topology->cores, error) &&
           take(values, "threads", &topology->threads, error) &&
           key_values_finish(values, "cpus=, maxcpus=, sockets=, cores= and threads=", error);
}

// What was left out follows from the rest as in QEMU: first the cores, else the sockets, else the threads.
static void complete(Topology *topology)
{
    guint64 all = topology->maxcpus ? topology->maxcpus : topology->cpus;
    guint64 sockets = MAX(topology->sockets, 1), cores = topology->cores, threads = topology->threads;
    if (!cores) {
        threads = MAX(threads, 1);
        cores = all / (sockets * threads);
    } else if (!topology->sockets) {
        threads = MAX(threads, 1);
        sockets = all / (cores * threads);
    } else if (!threads) {
        threads = all / (sockets * cores);
    }
    *topology =
        (Topology){ topology->cpus, topology->maxcpus, MAX(sockets, 1), MAX(cores, 1), MAX(threads, 1) };
    guint64 product = topology->sockets * topology->cores * topology->threads;
    if (!topology->maxcpus)
        topology->maxcpus = all ? all : product;
    if (!topology->cpus)
        topology->cpus = topology->maxcpus;
}

static bool check(const Topology *topology, GError **error)
{
    if (topology->maxcpus < topology->cpus)
        return error_user(error,
            "-smp maxcpus=%" G_GUINT64_FORMAT ": fewer than the %" G_GUINT64_FORMAT " vCPUs; leave it out",
            topology->maxcpus, topology->cpus);
    if (topology->maxcpus > topology->cpus)
        return error_user(error,
            "-smp maxcpus=%" G_GUINT64_FORMAT ": lparun cannot add vCPUs to a guest that runs; "
            "give cpus=%" G_GUINT64_FORMAT ", or leave it out",
            topology->maxcpus, topology->maxcpus);
    guint64 product = topology->sockets * topology->cores * topology->threads;
    if (product != topology->cpus)
        return error_user(error,
            "-smp: %" G_GUINT64_FORMAT " sockets of %" G_GUINT64_FORMAT " cores of %" G_GUINT64_FORMAT
            " threads are %" G_GUINT64_FORMAT " vCPUs, not %" G_GUINT64_FORMAT "; leave one of them out",
            topology->sockets, topology->cores, topology->threads, product, topology->cpus);
    if (topology->cpus > CPUS_MAX)
        return error_user(error, "-smp: %" G_GUINT64_FORMAT " vCPUs; give 1 to %u", topology->cpus, CPUS_MAX);
    if (topology->threads > 8 || topology->threads & (topology->threads - 1))
        return error_user(
            error, "-smp threads=%" G_GUINT64_FORMAT ": a core has 1, 2, 4 or 8 threads", topology->threads);
    return true;
}

bool smp_parse(const char *option, const char *value, unsigned *cpus, unsigned *threads, GError **error)
{
    g_autoptr(KeyValues) values = key_values_parse(option, value, "cpus", error);
    Topology topology = { 0 };
    if (!values || !take_all(values, &topology, error))
        return false;
    complete(&topology);
    if (!check(&topology, error))
        return false;
    *cpus = (unsigned)topology.cpus;
    *threads = (unsigned)topology.threads;
    return true;
}
