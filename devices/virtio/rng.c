// The virtio entropy device (virtio 1.2, 5.4): the host's random bytes, as many as it may have in a period.
#include "lparun/error.h"
#include "lparun/fd_set.h"
#include "lparun/kinds.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MOST 0x10000 // bytes of one request: more may come with the next one
#define RETRY 100    // milliseconds until a source that has nothing is asked again
#define PERIOD 65536 // milliseconds, QEMU's default
#define NO_LIMIT 0   // of max-bytes=

typedef struct Rng {
    char *name;
    int source; // -1: getrandom(2)
    uint64_t max_bytes;
    unsigned period;
    VirtioDevice *device;
    int timer; // never read: the watch waits for edges
    // The iothread's own.
    IothreadWatch *watch;
    Iothread *iothread;
    VirtioRequest *waiting, **waiting_end; // for the source, or the next period
    uint64_t left;                         // bytes of this period
    gint64 period_end;                     // microseconds of the monotonic clock
    // Written by the iothread alone.
    _Atomic uint64_t requests, bytes;
} Rng;

static void count_one(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(
        counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

static void begin_period(Rng *rng)
{
    gint64 now = g_get_monotonic_time();
    if (rng->max_bytes == NO_LIMIT || now < rng->period_end)
        return;
    rng->left = rng->max_bytes;
    rng->period_end = now + rng->period * 1000LL;
}

// Bytes, or less where there are no more now: 0 for none.
static size_t read_source(const Rng *rng, void *to, size_t length)
{
    ssize_t got = rng->source < 0 ? getrandom(to, length, GRND_NONBLOCK) : read(rng->source, to, length);
    return got > 0 ? (size_t)got : 0;
}

// Fills what the driver gave, as far as the period and the source have it.
static size_t fill(Rng *rng, VirtioChain *chain)
{
    uint64_t room = rng->max_bytes == NO_LIMIT ? MOST : MIN(MOST, rng->left);
    size_t done = 0;
    for (unsigned i = 0; i < chain->in_count && done < room; i++) {
        const struct iovec *iov = &chain->iov[chain->out_count + i];
        size_t wanted = MIN(iov->iov_len, room - done), got = read_source(rng, iov->iov_base, wanted);
        done += got;
        if (got < wanted)
            break;
    }
    if (rng->max_bytes != NO_LIMIT)
        rng->left -= done;
    return done;
}

// False: nothing is to be had now.
static bool answer(Rng *rng, VirtioRequest *request)
{
    begin_period(rng);
    size_t bytes = fill(rng, &request->chain);
    if (bytes == 0)
        return false;
    count_one(&rng->requests, 1);
    count_one(&rng->bytes, bytes);
    virtio_request_answer(request, bytes);
    return true;
}

static void wait_a_while(const Rng *rng)
{
    gint64 until_period = (rng->period_end - g_get_monotonic_time()) / 1000;
    gint64 wait = rng->max_bytes != NO_LIMIT && rng->left == 0 ? MAX(until_period, 1) : RETRY;
    const struct itimerspec time = { .it_value = { wait / 1000, wait % 1000 * 1000000 } };
    timerfd_settime(rng->timer, 0, &time, NULL);
}

static void serve_waiting(void *owner)
{
    Rng *rng = owner;
    while (rng->waiting && !virtio_device_is_held(rng->device)) {
        VirtioRequest *request = rng->waiting, *next = request->next;
        if (!answer(rng, request)) {
            wait_a_while(rng);
            return;
        }
        rng->waiting = next;
        if (!next)
            rng->waiting_end = &rng->waiting;
    }
}

static bool handle(void *owner, unsigned queue, VirtioRequest *request)
{
    Rng *rng = owner;
    if (request->chain.in_bytes == 0)
        return false;
    bool was_waiting = rng->waiting;
    request->next = NULL;
    *rng->waiting_end = request;
    rng->waiting_end = &request->next;
    if (!was_waiting)
        serve_waiting(rng);
    return true;
}

static void start(void *owner, uint64_t features)
{
    Rng *rng = owner;
    rng->watch = iothread_watch(rng->iothread, rng->timer, serve_waiting, rng);
    if (!rng->watch) // the host has no memory for it
        virtio_pci_needs_reset(virtio_device_pci(rng->device));
}

static void cancel(void *owner)
{
    Rng *rng = owner;
    iothread_unwatch(rng->watch);
    rng->watch = NULL;
    for (VirtioRequest *request = rng->waiting, *next; request; request = next) {
        next = request->next;
        virtio_request_drop(request);
    }
    rng->waiting = NULL;
    rng->waiting_end = &rng->waiting;
    virtio_device_quiet(rng->device);
}

static const VirtioDeviceType type = {
    .type = 4,
    .class_code = 0x00ff00,
    .handle = handle,
    .start = start,
    .release = serve_waiting,
    .cancel = cancel,
};

// --- Objects: where the bytes come from.

typedef struct RandomValues {
    char *filename;
} RandomValues;

static const Key random_keys[] = {
    { "filename", KEY_TEXT, offsetof(RandomValues, filename), .value = "PATH",
        .help = "a device with random bytes (default /dev/urandom)" },
    { 0 },
};

extern const Kind rng_random_kind, rng_builtin_kind;
const Kind rng_random_kind = { .name = "rng-random",
    .help = "random bytes of a device of the host's",
    .keys = random_keys,
    .size = sizeof(RandomValues) };

const Kind rng_builtin_kind = { .name = "rng-builtin", .help = "the kernel's random bytes, by getrandom(2)" };

static int open_source(const char *path, GError **error)
{
    struct stat status;
    int fd = fd_set_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISCHR(status.st_mode))
        return fd;
    error_user(error, "-object rng-random,filename=%s: %s", path,
        fd < 0 ? g_strerror(errno) : "not a character device; give /dev/urandom or /dev/hwrng");
    if (fd >= 0)
        close(fd);
    return -1;
}

// False and `error`; `*fd` is -1 for getrandom().
static bool find_source(const char *id, const DeviceMaking *making, int *fd, GError **error)
{
    const Object *object = id ? making->object(making, id, error) : NULL;
    *fd = -1;
    if (id && !object)
        return false;
    if (!object || object->kind == &rng_builtin_kind)
        return true;
    if (object->kind != &rng_random_kind)
        return error_user(
            error, "-device rng=%s: not a source of random bytes; add -object rng-builtin,id=ID", id);
    const RandomValues *values = object->values;
    *fd = open_source(values->filename ? values->filename : "/dev/urandom", error);
    return *fd >= 0;
}

// --- The kind.

typedef struct RngValues {
    char *rng; // or NULL
    uint64_t max_bytes;
    unsigned period; // 0: the default
} RngValues;

static void free_rng(void *device)
{
    Rng *rng = device;
    virtio_device_free(rng->device);
    if (rng->timer >= 0)
        close(rng->timer);
    if (rng->source >= 0)
        close(rng->source);
    g_free(rng->name);
    g_free(rng);
}

static bool open_rng(Rng *rng, const RngValues *values, const DeviceMaking *making, GError **error)
{
    if (!find_source(values->rng, making, &rng->source, error))
        return false;
    rng->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (rng->timer < 0)
        return error_host(error, "-device virtio-rng-pci: no file descriptor left; raise ulimit -n");
    rng->iothread = making->iothread(making, NULL, error);
    if (!rng->iothread)
        return false;
    rng->device = virtio_device_new(
        making->context, rng->name, &type, rng, rng->iothread, 0, 1, making->first_source, error);
    return rng->device;
}

static void *make(const void *of, const DeviceMaking *making, GError **error)
{
    const RngValues *values = of;
    Rng *rng = g_new0(Rng, 1);
    *rng = (Rng){ .name = g_strdup(making->name),
        .source = -1,
        .timer = -1,
        .max_bytes = values->max_bytes,
        .period = values->period ? values->period : PERIOD };
    rng->waiting_end = &rng->waiting;
    if (open_rng(rng, values, making, error))
        return rng;
    free_rng(rng);
    return NULL;
}

static VirtioDevice *virtio(const void *device)
{
    return ((const Rng *)device)->device;
}

static void count(const void *device, Counts *counts)
{
    const Rng *rng = device;
    counts_row(counts);
    counts_text(counts, "name", rng->name);
    counts_value(counts, "requests", atomic_load_explicit(&rng->requests, memory_order_relaxed));
    counts_value(counts, "bytes", atomic_load_explicit(&rng->bytes, memory_order_relaxed));
}

static const char *const other_names[] = { "virtio-rng", "virtio-rng-pci-non-transitional", NULL };

static const Key keys[] = {
    { "rng", KEY_TEXT, offsetof(RngValues, rng), .value = "ID",
        .help = "the -object that the bytes come from (default: one of rng-builtin)" },
    { "max-bytes", KEY_SIZE, offsetof(RngValues, max_bytes), .unit = 1,
        .help = "how many the guest gets in a period (default: no limit)" },
    { "period", KEY_NUMBER, offsetof(RngValues, period), .value = "MS", .least = 1, .most = INT32_MAX,
        .help = "milliseconds (default 65536)" },
    { 0 },
};

extern const DeviceKind virtio_rng_kind;
const DeviceKind virtio_rng_kind = {
    .kind = { .name = "virtio-rng-pci",
        .other_names = other_names,
        .help = "random bytes of the host's",
        .keys = keys,
        .size = sizeof(RngValues) },
    .prefix = "virtio-rng",
    .make = make,
    .virtio = virtio,
    .free = free_rng,
    .section = "rngs",
    .count = count,
};

// H_RANDOM, which every machine has (hcalls/cpu.c): what QEMU's device of it takes is taken.
typedef struct SpaprRngValues {
    char *rng;
    bool use_kvm;
} SpaprRngValues;

static const Key spapr_keys[] = {
    { "rng", KEY_TEXT, offsetof(SpaprRngValues, rng), .value = "ID", .help = "taken, and of no effect" },
    { "use-kvm", KEY_SWITCH, offsetof(SpaprRngValues, use_kvm), .help = "likewise" },
    { 0 },
};

extern const DeviceKind spapr_rng_kind;
const DeviceKind spapr_rng_kind = {
    .kind = { .name = "spapr-rng",
        .help = "H_RANDOM, which every machine has",
        .keys = spapr_keys,
        .size = sizeof(SpaprRngValues) },
    .is_fixed = true,
};
