// -smp: QEMU's words for how many vCPUs there are and how they make cores and sockets.
#include "smp.h"
#include "values.h"
#include "lparun/error.h"

typedef struct Topology {
    unsigned cpus, maxcpus, sockets, cores, threads; // 0: not given
} Topology;

#define KEY(key, text)                                                                                       \
    {                                                                                                        \
        .name = #key, .type = KEY_NUMBER, .at = offsetof(Topology, key), .least = 1, .most = SMP_CPUS_MAX,   \
        .help = text                                                                                         \
    }
// What a pseries has one of.
#define ONE(key)                                                                                             \
    {                                                                                                        \
        .name = key, .type = KEY_ONLY, .words = one, .help = "1",                                            \
        .mend = "a pseries has sockets, cores and threads; give 1, or leave it out"                          \
    }
static const Word one[] = { { "1" }, { 0 } };
static const Key keys[] = {
    KEY(cpus, "vCPUs"),
    KEY(maxcpus, "taken: none can be added yet"),
    KEY(sockets, "only checked against maxcpus"),
    KEY(cores, "in a socket; only checked against maxcpus"),
    KEY(threads, "in a core: 1, 2, 4 or 8"),
    ONE("drawers"),
    ONE("books"),
    ONE("dies"),
    ONE("clusters"),
    ONE("modules"),
    { 0 },
};

// What was left out follows from the rest as in QEMU: first the cores, else the sockets, else the threads.
static void complete(Topology *topology)
{
    unsigned all = topology->maxcpus ? topology->maxcpus : topology->cpus;
    unsigned sockets = MAX(topology->sockets, 1), cores = topology->cores, threads = topology->threads;
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
    unsigned product = topology->sockets * topology->cores * topology->threads;
    if (!topology->maxcpus)
        topology->maxcpus = all ? all : product;
    if (!topology->cpus)
        topology->cpus = topology->maxcpus;
}

static bool check(const Topology *topology, GError **error)
{
    if (topology->maxcpus < topology->cpus)
        return error_user(error, "-smp maxcpus=%u: fewer than the %u vCPUs; leave it out", topology->maxcpus,
            topology->cpus);
    unsigned product = topology->sockets * topology->cores * topology->threads;
    if (product != topology->maxcpus)
        return error_user(error,
            "-smp: %u sockets of %u cores of %u threads are %u vCPUs, not %u; leave one of them out",
            topology->sockets, topology->cores, topology->threads, product, topology->maxcpus);
    if (topology->cpus > SMP_CPUS_MAX)
        return error_user(error, "-smp: %u vCPUs; give 1 to %u", topology->cpus, SMP_CPUS_MAX);
    if (topology->cpus % topology->threads)
        return error_user(error, "-smp: %u vCPUs are not whole cores of %u threads; give a multiple",
            topology->cpus, topology->threads);
    if (topology->threads > 8 || topology->threads & (topology->threads - 1))
        return error_user(error, "-smp threads=%u: a core has 1, 2, 4 or 8 threads", topology->threads);
    return true;
}

bool smp_parse(
    const char *option, const char *value, unsigned *cpus, unsigned *threads, unsigned *most, GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, "cpus", error);
    Topology topology = { 0 };
    if (!values || !values_fill(values, keys, &topology, error))
        return false;
    complete(&topology);
    if (!check(&topology, error))
        return false;
    *cpus = topology.cpus;
    *threads = topology.threads;
    *most = topology.maxcpus;
    return true;
}
