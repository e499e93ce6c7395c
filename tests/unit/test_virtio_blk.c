// The virtio block device from the driver's side: SLOF's requests, Linux's, and hostile ones.
#include "../../vmm/iothread_wait.h"
#include "lparun/bytes.h"
#include "lparun/timeline.h"
#include "lparun/trace.h"
#include "lparun/virtio_blk.h"
#include "scratch_file.h"
#include "virtio_guest.h"
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECTORS 4096
#define IMAGE_SIZE (SECTORS * 512u)
#define FLUSH (1ULL << 9)
#define LINUX_FEATURES                                                                                       \
    (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | FLUSH | 1ULL << 6 | 1ULL << 2)
#define SLOF_FEATURES (VIRTIO_F_VERSION_1 | 1ULL << 6)

#define IN 0
#define OUT 1
#define FLUSH_REQUEST 4
#define GET_ID 8

#define OK 0
#define IOERR 1
#define UNSUPP 2

#define QUEUE 0x800000
#define HEADER 0x10000
#define STATUS 0x11000
#define DATA 0x20000

typedef struct Setup {
    bool readonly;
    BlockCache cache;
    BlockAio aio;
    bool no_ring; // as on a host without io_uring
} Setup;

typedef struct Fixture {
    Guest guest;
    GuestQueue queue;
    char *path;
    Iothread *iothread;
    Block *block;
    VirtioBlk *blk;
    Timeline *timeline; // or NULL
} Fixture;

static uint8_t expected(uint64_t at)
{
    return (uint8_t)(at / 512 * 7 + at % 512);
}

static void make_image(Fixture *fixture)
{
    g_autofree char *here = g_get_current_dir();
    fixture->path = g_build_filename(here, "virtio-blk-XXXXXX", NULL);
    int fd = g_mkstemp(fixture->path);
    g_assert_cmpint(fd, >=, 0);
    g_autofree uint8_t *bytes = g_malloc(IMAGE_SIZE);
    for (unsigned i = 0; i < IMAGE_SIZE; i++)
        bytes[i] = expected(i);
    g_assert_cmpint(write(fd, bytes, IMAGE_SIZE), ==, IMAGE_SIZE);
    close(fd);
}

static void plug_device(Fixture *fixture, gconstpointer data)
{
    static const Setup usual = { .cache = BLOCK_WRITEBACK };
    const Setup *setup = data ? data : &usual;
    guest_open(&fixture->guest);
    fixture->guest.context.timeline = fixture->timeline;
    GError *error = NULL;
    fixture->iothread = iothread_new_with("test", setup->no_ring ? &iothread_poll_ops : NULL, &error);
    g_assert_no_error(error);
    BlockOptions options = {
        .path = fixture->path, .readonly = setup->readonly, .cache = setup->cache, .aio = setup->aio
    };
    fixture->block = block_open(&options, &error);
    if (fixture->block)
        fixture->blk = virtio_blk_new(&fixture->guest.context, "virtio-blk0", "a serial of twenty bytes",
            fixture->block, fixture->iothread, GUEST_SOURCE, &error);
    if (fixture->blk) {
        guest_plug(&fixture->guest, virtio_pci_device(virtio_device_pci(virtio_blk_device(fixture->blk))));
        return;
    }
    // Only what the host lacks may be missing.
    g_assert_true(strstr(error->message, "aio=") || strstr(error->message, "direct I/O"));
    g_test_skip(error->message);
    g_error_free(error);
}

static void open_device(Fixture *fixture, gconstpointer data)
{
    make_image(fixture);
    plug_device(fixture, data);
}

static void unplug_device(Fixture *fixture)
{
    virtio_blk_free(fixture->blk);
    block_close(fixture->block);
    iothread_free(fixture->iothread);
    guest_close(&fixture->guest);
}

static void close_device(Fixture *fixture, gconstpointer data)
{
    unplug_device(fixture);
    timeline_free(fixture->timeline);
    g_unlink(fixture->path);
    g_free(fixture->path);
}

static void start(Fixture *fixture, uint64_t features, unsigned size)
{
    g_assert_true(guest_negotiate(&fixture->guest, features));
    guest_enable_msix(&fixture->guest);
    guest_set_common(&fixture->guest, 0x10, 2, 0);
    guest_queue_setup(&fixture->queue, &fixture->guest, 0, size, QUEUE, 1);
    guest_driver_ok(&fixture->guest);
    g_assert_cmphex(guest_status(&fixture->guest), ==, 0x0f);
}

static uint8_t *ram(Fixture *fixture, uint64_t gpa)
{
    return guest_memory_write_at(fixture->guest.memory, gpa, 1);
}

static void set_header(Fixture *fixture, uint64_t gpa, uint32_t type, uint64_t sector)
{
    le_bytes_put(ram(fixture, gpa), 4, type);
    le_bytes_put(ram(fixture, gpa + 4), 4, 1);
    le_bytes_put(ram(fixture, gpa + 8), 8, sector);
}

// One request of these buffers, after which the status byte at the end of the last one is returned.
static uint8_t run(
    Fixture *fixture, const GuestBuffer *buffers, unsigned count, bool indirect, uint32_t *written)
{
    const GuestBuffer *last = &buffers[count - 1];
    uint8_t *status = ram(fixture, last->gpa + last->length - 1);
    *status = 0xee;
    uint16_t head = guest_add(&fixture->queue, buffers, count, indirect);
    guest_kick(&fixture->queue);
    uint32_t used;
    g_assert_true(guest_wait_used(&fixture->queue, &used, written));
    g_assert_cmpuint(used, ==, head);
    return *status;
}

// The layout that SLOF and Linux use.
static uint8_t request(
    Fixture *fixture, uint32_t type, uint64_t sector, uint64_t gpa, uint32_t length, uint32_t *written)
{
    set_header(fixture, HEADER, type, sector);
    const GuestBuffer buffers[] = {
        { HEADER, 16, false },
        { gpa, length, (type & 0x7fffffff) != OUT },
        { STATUS, 1, true },
    };
    return run(fixture, buffers, 3, false, written);
}

static void check_data(Fixture *fixture, uint64_t gpa, uint64_t offset, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++)
        g_assert_cmpuint(*ram(fixture, gpa + i), ==, expected(offset + i));
}

static void test_registers(Fixture *fixture, gconstpointer data)
{
    Guest *guest = &fixture->guest;
    g_assert_cmphex(pci_device_read(guest->device, 0, 4), ==, 0x10421af4);
    g_assert_cmphex(pci_device_read(guest->device, 8, 4) >> 8, ==, 0x010000);
    g_assert_cmphex(guest_offered(guest), ==, LINUX_FEATURES);
    g_assert_cmpuint(guest_common(guest, 0x2000, 4), ==, SECTORS);
    g_assert_cmpuint(guest_common(guest, 0x2004, 4), ==, 0);
    g_assert_cmpuint(guest_common(guest, 0x200c, 4), ==, 254);
    g_assert_cmpuint(guest_common(guest, 0x2014, 4), ==, 512);
    g_assert_cmpuint(guest_common(guest, 0x12, 2), ==, 1);
    g_assert_cmpuint(virtio_device_queues(virtio_blk_device(fixture->blk)), ==, 1);
    g_assert_cmpstr(doorbell_name(virtio_pci_doorbell(virtio_device_pci(virtio_blk_device(fixture->blk)), 0)),
        ==, "virtio-blk0 queue 0");
}

static void test_slof(Fixture *fixture, gconstpointer data)
{
    // No MSI-X, NO_INTERRUPT, the old barrier bit, many resets.
    Guest *guest = &fixture->guest;
    uint32_t written;
    for (unsigned i = 0; i < 20; i++) {
        g_assert_true(guest_negotiate(guest, SLOF_FEATURES));
        guest_queue_setup(&fixture->queue, guest, 0, 256, QUEUE, VIRTIO_NO_VECTOR);
        guest_set_avail_flags(&fixture->queue, 1);
        guest_driver_ok(guest);
        g_assert_cmpuint(request(fixture, 0x80000000 | IN, i, DATA, 32768, &written), ==, OK);
        g_assert_cmpuint(written, ==, 32769);
        check_data(fixture, DATA, 512 * i, 32768);
        memset(ram(fixture, DATA), (int)i + 1, 512);
        g_assert_cmpuint(request(fixture, 0x80000000 | OUT, 1000 + i, DATA, 512, &written), ==, OK);
        g_assert_cmpuint(written, ==, 1);
        g_assert_cmpuint(request(fixture, IN, 1000 + i, DATA + 512, 512, NULL), ==, OK);
        g_assert_cmpint(memcmp(ram(fixture, DATA), ram(fixture, DATA + 512), 512), ==, 0);
        guest_set_common(guest, 0x14, 1, 0x80);
        guest_set_common(guest, 0x14, 1, 0);
        g_assert_cmpuint(guest_status(guest), ==, 0);
    }
    g_assert_cmpuint(
        doorbell_fired(virtio_pci_doorbell(virtio_device_pci(virtio_blk_device(fixture->blk)), 0)), ==, 60);
    g_assert_cmpuint(
        doorbell_rung(virtio_pci_doorbell(virtio_device_pci(virtio_blk_device(fixture->blk)), 0)), ==, 0);
}

// Reads are marked, and nothing else is.
static void test_timeline(Fixture *fixture, gconstpointer data)
{
    unplug_device(fixture);
    Timeline *timeline = timeline_new();
    timeline->direct = true;
    fixture->timeline = timeline;
    plug_device(fixture, data);
    start(fixture, LINUX_FEATURES, 256);
    const TimelineDisk *disk = timeline->disks->pdata[0];
    request(fixture, OUT, 0, DATA, 512, NULL);
    request(fixture, GET_ID, 0, DATA, 20, NULL);
    g_assert_cmpint(disk->kernel.at, ==, 0);
    request(fixture, IN, 0, DATA, 512, NULL);
    gint64 first = disk->kernel.at;
    g_assert_cmpint(first, >, 0);
    request(fixture, IN, 0, DATA, 512, NULL);
    g_assert_cmpint(disk->kernel.at, ==, first);
    g_assert_cmpstr(disk->name, ==, "virtio-blk0");
}

static void test_counters(Fixture *fixture, gconstpointer data)
{
    start(fixture, LINUX_FEATURES, 256);
    request(fixture, IN, 0, DATA, 1024, NULL);
    request(fixture, IN, SECTORS, DATA, 512, NULL);
    request(fixture, OUT, 5, DATA, 512, NULL);
    request(fixture, FLUSH_REQUEST, 0, DATA, 0, NULL);
    VirtioBlkCounters counters = virtio_blk_counters(fixture->blk);
    g_assert_cmpuint(counters.reads, ==, 1);
    g_assert_cmpuint(counters.bytes_read, ==, 1024);
    g_assert_cmpuint(counters.writes, ==, 1);
    g_assert_cmpuint(counters.bytes_written, ==, 512);
    g_assert_cmpuint(counters.flushes, ==, 1);
    g_assert_cmpuint(counters.errors, ==, 1);
}

static void test_errors(Fixture *fixture, gconstpointer data)
{
    start(fixture, LINUX_FEATURES, 256);
    uint32_t written;
    static const uint64_t sectors[] = { SECTORS, SECTORS - 1, SECTORS + 1, UINT64_MAX, UINT64_MAX / 512,
        1ULL << 55 };
    for (size_t i = 0; i < G_N_ELEMENTS(sectors); i++) {
        g_assert_cmpuint(request(fixture, IN, sectors[i], DATA, 1024, &written), ==, IOERR);
        g_assert_cmpuint(written, ==, 0);
        g_assert_cmpuint(request(fixture, OUT, sectors[i], DATA, 1024, &written), ==, IOERR);
        g_assert_cmpuint(written, ==, 1);
    }
    g_assert_cmpuint(request(fixture, IN, SECTORS - 2, DATA, 1024, NULL), ==, OK);
    g_assert_cmpuint(request(fixture, IN, 0, DATA, 511, NULL), ==, IOERR);
    g_assert_cmpuint(request(fixture, OUT, 0, DATA, 513, NULL), ==, IOERR);
    g_assert_cmpuint(request(fixture, IN, 0, DATA, 0, NULL), ==, OK);
    g_assert_cmpuint(request(fixture, 2, 0, DATA, 512, NULL), ==, UNSUPP);
    g_assert_cmpuint(request(fixture, 11, 0, DATA, 512, NULL), ==, UNSUPP);
    g_assert_cmpuint(request(fixture, 0x7fffffff, 0, DATA, 512, NULL), ==, UNSUPP);
    g_assert_cmphex(guest_status(&fixture->guest), ==, 0x0f);
}

static void test_readonly(Fixture *fixture, gconstpointer data)
{
    g_assert_cmphex(guest_offered(&fixture->guest), ==, LINUX_FEATURES | 1ULL << 5);
    start(fixture, LINUX_FEATURES, 256); // a driver that looks over it
    g_assert_cmpuint(request(fixture, OUT, 0, DATA, 512, NULL), ==, IOERR);
    g_assert_cmpuint(request(fixture, FLUSH_REQUEST, 0, DATA, 0, NULL), ==, OK);
    g_assert_cmpuint(request(fixture, IN, 0, DATA, 512, NULL), ==, OK);
    check_data(fixture, DATA, 0, 512);
}

static void test_id(Fixture *fixture, gconstpointer data)
{
    start(fixture, LINUX_FEATURES, 256);
    uint32_t written;
    memset(ram(fixture, DATA), 0xee, 64);
    g_assert_cmpuint(request(fixture, GET_ID, 0, DATA, 20, &written), ==, OK);
    g_assert_cmpuint(written, ==, 21);
    g_assert_cmpint(memcmp(ram(fixture, DATA), "a serial of twenty b\xee", 21), ==, 0);
    g_assert_cmpuint(request(fixture, GET_ID, 0, DATA + 64, 5, &written), ==, OK);
    g_assert_cmpint(memcmp(ram(fixture, DATA + 64), "a ser", 6), ==, 0);
    g_assert_cmpuint(request(fixture, GET_ID, 0, DATA, 64, &written), ==, OK);
    g_assert_cmpuint(written, ==, 20);
}

// 2.7.4: any layout of the same bytes.
static void test_layouts(Fixture *fixture, gconstpointer indirect)
{
    start(fixture, LINUX_FEATURES, 256);
    static const GuestBuffer reads[][6] = {
        { { HEADER, 16, false }, { DATA, 1025, true } }, // status behind the data
        { { HEADER, 1, false }, { HEADER + 1, 7, false }, { HEADER + 8, 8, false }, { DATA, 100, true },
            { DATA + 100, 924, true }, { STATUS, 1, true } },
        { { HEADER, 40, false }, { DATA, 1, true }, { DATA + 1, 1024, true } }, // more than the header
    };
    static const unsigned read_counts[] = { 2, 6, 3 };
    for (size_t i = 0; i < G_N_ELEMENTS(reads); i++) {
        set_header(fixture, HEADER, IN, 3 + i);
        memset(ram(fixture, DATA), 0, 2048);
        uint32_t written;
        g_assert_cmpuint(run(fixture, reads[i], read_counts[i], indirect, &written), ==, OK);
        g_assert_cmpuint(written, ==, 1025);
        check_data(fixture, DATA, (3 + i) * 512, 1024);
    }
    // Writes: header and data in one descriptor, and both in crumbs.
    static const GuestBuffer writes[][6] = {
        { { DATA, 16 + 512, false }, { STATUS, 1, true } },
        { { DATA, 10, false }, { DATA + 10, 206, false }, { DATA + 216, 312, false }, { STATUS, 1, true } },
    };
    static const unsigned write_counts[] = { 2, 4 };
    for (size_t i = 0; i < G_N_ELEMENTS(writes); i++) {
        set_header(fixture, DATA, OUT, 50 + i);
        memset(ram(fixture, DATA + 16), (int)(0x41 + i), 512);
        g_assert_cmpuint(run(fixture, writes[i], write_counts[i], indirect, NULL), ==, OK);
        g_assert_cmpuint(request(fixture, IN, 50 + i, DATA + 0x1000, 512, NULL), ==, OK);
        g_assert_cmpint(memcmp(ram(fixture, DATA + 0x1000), ram(fixture, DATA + 16), 512), ==, 0);
    }
}

static void test_largest(Fixture *fixture, gconstpointer data)
{
    // 254 segments in an indirect table, on a queue that is smaller than that.
    start(fixture, LINUX_FEATURES, 16);
    GuestBuffer buffers[256] = { { HEADER, 16, false } };
    for (unsigned i = 0; i < 254; i++)
        buffers[1 + i] = (GuestBuffer){ DATA + 4096 * (253 - i), 512, true };
    buffers[255] = (GuestBuffer){ STATUS, 1, true };
    set_header(fixture, HEADER, IN, 7);
    g_assert_cmpuint(run(fixture, buffers, 256, true, NULL), ==, OK);
    for (unsigned i = 0; i < 254; i++)
        check_data(fixture, DATA + 4096 * (253 - i), (7 + i) * 512, 512);
}

static void test_batch(Fixture *fixture, gconstpointer data)
{
    // A full ring with one kick: all come back, each once, and an interrupt with them.
    start(fixture, LINUX_FEATURES, 256);
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 256; i++) {
            set_header(fixture, HEADER + 16 * i, IN, i);
            *ram(fixture, 0x18000 + i) = 0xee;
            const GuestBuffer buffers[] = { { HEADER + 16 * i, 16, false }, { DATA + 512 * i, 512, true },
                { 0x18000 + i, 1, true } };
            guest_add(&fixture->queue, buffers, 3, true);
        }
        guest_set_used_event(&fixture->queue, (uint16_t)(fixture->queue.used_seen + 255));
        guest_kick(&fixture->queue);
        bool seen[256] = { 0 };
        for (unsigned i = 0; i < 256; i++) {
            uint32_t head;
            g_assert_true(guest_wait_used(&fixture->queue, &head, NULL));
            g_assert_true(head < 256 && !seen[head]);
            seen[head] = true;
        }
        g_assert_true(fake_kvm_wait_edge(fixture->guest.vm, GUEST_SOURCE + 1));
        for (unsigned i = 0; i < 256; i++)
            g_assert_cmpuint(*ram(fixture, 0x18000 + i), ==, OK);
        check_data(fixture, DATA, 0, 256 * 512);
    }
    // The bell was asked for again when the ring was empty.
    gint64 end = g_get_monotonic_time() + G_TIME_SPAN_SECOND;
    while (guest_avail_event(&fixture->queue) != 2560 && g_get_monotonic_time() < end)
        g_usleep(100);
    g_assert_cmpuint(guest_avail_event(&fixture->queue), ==, 2560);
}

static void test_masked(Fixture *fixture, gconstpointer data)
{
    start(fixture, VIRTIO_F_VERSION_1, 256);
    KvmVm *vm = fixture->guest.vm;
    request(fixture, IN, 0, DATA, 512, NULL);
    g_assert_true(fake_kvm_wait_edge(vm, GUEST_SOURCE + 1));
    guest_mask_vector(&fixture->guest, 1, true);
    request(fixture, IN, 0, DATA, 512, NULL);
    gint64 end = g_get_monotonic_time() + G_TIME_SPAN_SECOND;
    while (!guest_load(&fixture->guest, GUEST_BAR1 + 0x800, 4) && g_get_monotonic_time() < end)
        g_usleep(100);
    g_assert_cmphex(guest_load(&fixture->guest, GUEST_BAR1 + 0x800, 4), ==, 2);
    g_assert_cmpuint(fake_kvm_edges(vm, GUEST_SOURCE + 1), ==, 0);
    guest_mask_vector(&fixture->guest, 1, false);
    g_assert_cmpuint(fake_kvm_edges(vm, GUEST_SOURCE + 1), ==, 1);
    // The driver does not want interrupts at all.
    guest_set_avail_flags(&fixture->queue, 1);
    request(fixture, IN, 0, DATA, 512, NULL);
    g_usleep(20000);
    g_assert_cmpuint(fake_kvm_edges(vm, GUEST_SOURCE + 1), ==, 0);
}

static void test_mode(Fixture *fixture, gconstpointer data)
{
    if (!fixture->blk)
        return;
    start(fixture, LINUX_FEATURES, 256);
    for (unsigned i = 0; i < 64; i++)
        *ram(fixture, DATA + i) = (uint8_t)(i * 3);
    g_assert_cmpuint(request(fixture, OUT, 100, DATA, 65536, NULL), ==, OK);
    g_assert_cmpuint(request(fixture, FLUSH_REQUEST, 0, DATA, 0, NULL), ==, OK);
    // Buffers that direct I/O cannot take as they are.
    memcpy(ram(fixture, DATA + 65536 + 3), ram(fixture, DATA), 4096);
    g_assert_cmpuint(request(fixture, OUT, 300, DATA + 65536 + 3, 4096, NULL), ==, OK);
    g_assert_cmpuint(request(fixture, IN, 300, DATA + 3 * 65536 + 17, 4096, NULL), ==, OK);
    g_assert_cmpint(memcmp(ram(fixture, DATA + 3 * 65536 + 17), ram(fixture, DATA), 4096), ==, 0);
    g_assert_cmpuint(request(fixture, IN, 1000, DATA, 1 << 20, NULL), ==, OK);
    check_data(fixture, DATA, 512000, 1 << 20);
    // Without FLUSH, where each write has to be stable.
    start(fixture, SLOF_FEATURES, 256);
    g_assert_cmpuint(request(fixture, OUT, 10, DATA, 4096, NULL), ==, OK);
    g_assert_cmpuint(request(fixture, IN, 10, DATA + 65536, 4096, NULL), ==, OK);
    g_assert_cmpint(memcmp(ram(fixture, DATA), ram(fixture, DATA + 65536), 4096), ==, 0);
}

static void test_reset_in_flight(Fixture *fixture, gconstpointer data)
{
    if (!fixture->blk)
        return;
    const size_t bytes = 200 * 16384;
    g_autofree uint8_t *untouched = g_malloc(bytes);
    memset(untouched, 0x77, bytes);
    for (unsigned round = 0; round < 30; round++) {
        start(fixture, LINUX_FEATURES, 256);
        for (unsigned i = 0; i < 200; i++) {
            set_header(fixture, HEADER + 16 * i, i % 4 ? IN : FLUSH_REQUEST, i);
            const GuestBuffer buffers[] = { { HEADER + 16 * i, 16, false }, { DATA + 16384 * i, 16384, true },
                { STATUS + i, 1, true } };
            guest_add(&fixture->queue, buffers, 3, true);
        }
        guest_kick(&fixture->queue);
        if (round % 3)
            g_usleep(round * 20);
        if (round % 2)
            guest_reset(&fixture->guest);
        else {
            while (!pci_device_reset(fixture->guest.device))
                ;
            guest_place_bars(&fixture->guest, GUEST_BAR1, GUEST_BAR4);
        }
        // From here on the memory is the guest's alone.
        g_assert_cmpuint(guest_status(&fixture->guest), ==, 0);
        memset(ram(fixture, DATA), 0x77, bytes);
        uint16_t used = guest_used_index(&fixture->queue);
        g_usleep(500);
        g_assert_cmpint(memcmp(ram(fixture, DATA), untouched, bytes), ==, 0);
        g_assert_cmpuint(guest_used_index(&fixture->queue), ==, used);
    }
    // And it works afterwards.
    start(fixture, LINUX_FEATURES, 256);
    g_assert_cmpuint(request(fixture, IN, 1, DATA, 512, NULL), ==, OK);
}

#define PATIENCE 100000 // microseconds that a store to COMMAND waits for a device at most

// No bus for the device, or the whole machine stands still. False when it may not be there yet: this machine
// is too busy to say more.
static bool keep_still(Fixture *fixture, bool machine)
{
    gint64 begin = g_get_monotonic_time();
    if (!machine)
        pci_device_write(fixture->guest.device, 4, 2, 2);
    while (machine && !virtio_pci_hold(virtio_device_pci(virtio_blk_device(fixture->blk)))) {
        g_assert_cmpint(g_get_monotonic_time() - begin, <, 20 * G_USEC_PER_SEC);
        g_usleep(100);
    }
    return machine || g_get_monotonic_time() - begin < PATIENCE;
}

static void go_on(Fixture *fixture, bool machine)
{
    if (machine)
        virtio_pci_release(virtio_device_pci(virtio_blk_device(fixture->blk)));
    else
        pci_device_write(fixture->guest.device, 4, 2, 6);
}

// What waits for the bus or the machine, done by the host or not, neither touches memory nor is lost.
static void test_master(Fixture *fixture, gconstpointer data)
{
    if (!fixture->blk)
        return;
    start(fixture, LINUX_FEATURES, 256);
    for (unsigned i = 0; i < 200; i++) {
        set_header(fixture, HEADER + 16 * i, IN, i);
        const GuestBuffer buffers[] = { { HEADER + 16 * i, 16, false }, { DATA + 1024 * i, 1024, true },
            { STATUS + i, 1, true } };
        guest_add(&fixture->queue, buffers, 3, true);
    }
    for (unsigned round = 0; guest_used_index(&fixture->queue) < 200; round++) {
        guest_kick(&fixture->queue);
        g_usleep(20 * (round % 5));
        bool still = keep_still(fixture, round % 2);
        g_autofree uint8_t *before = g_memdup2(ram(fixture, DATA), 200 * 1024);
        uint16_t used = guest_used_index(&fixture->queue);
        g_usleep(500);
        g_assert_true(!still || memcmp(before, ram(fixture, DATA), 200 * 1024) == 0);
        g_assert_true(!still || guest_used_index(&fixture->queue) == used);
        go_on(fixture, round % 2);
        g_usleep(100);
    }
    for (unsigned i = 0; i < 200; i++)
        check_data(fixture, DATA + 1024 * i, 512 * i, 1024);
    // It takes both.
    keep_still(fixture, true);
    keep_still(fixture, false);
    guest_offer(&fixture->queue, 0);
    guest_kick(&fixture->queue);
    go_on(fixture, false);
    g_usleep(500);
    g_assert_cmpuint(guest_used_index(&fixture->queue), ==, 200);
    go_on(fixture, true);
    while (guest_used_index(&fixture->queue) < 201)
        g_usleep(100);
    // Forgotten by a reset while it waits.
    pci_device_write(fixture->guest.device, 4, 2, 2);
    guest_offer(&fixture->queue, 0);
    guest_kick(&fixture->queue);
    guest_reset(&fixture->guest);
    g_assert_cmpuint(guest_used_index(&fixture->queue), ==, 201);
}

// All heads at once, each naming all of memory in each of its buffers: a terabyte. A reset takes what the
// host has begun, and no more.
static void test_all_of_memory(Fixture *fixture, gconstpointer data)
{
    if (!fixture->blk)
        return;
#ifdef __SANITIZE_THREAD__
    g_test_skip("each of the reads is a race, of the guest's own making");
    return;
#endif
    g_assert_cmpint(truncate(fixture->path, 8ULL << 30), ==, 0);
    unplug_device(fixture);
    plug_device(fixture, data);
    for (unsigned round = 0; round < 3; round++) {
        start(fixture, LINUX_FEATURES, 256);
        set_header(fixture, HEADER, IN, 0);
        GuestBuffer buffers[255] = { { HEADER, 16, false } };
        for (unsigned i = 1; i < 255; i++)
            buffers[i] = (GuestBuffer){ DATA + 0x20000, (4 << 20) + (i == 254), true };
        uint16_t head = guest_add(&fixture->queue, buffers, 255, true);
        for (unsigned i = 1; i < 256; i++)
            guest_offer(&fixture->queue, head);
        guest_kick(&fixture->queue);
        g_usleep(5000 * round);
        guest_reset(&fixture->guest);
        g_assert_cmpuint(virtio_blk_counters(fixture->blk).reads, ==, 0);
    }
}

static void check_needs_reset(Fixture *fixture)
{
    g_assert_true(guest_wait_status(&fixture->guest, VIRTIO_STATUS_NEEDS_RESET));
    g_assert_true(fake_kvm_wait_edge(fixture->guest.vm, GUEST_SOURCE)); // the configuration's
    guest_kick(&fixture->queue);                                        // nobody minds
    start(fixture, LINUX_FEATURES, 256);
    g_assert_cmpuint(request(fixture, IN, 1, DATA, 512, NULL), ==, OK);
    check_data(fixture, DATA, 512, 512);
}

static void test_hostile_ring(Fixture *fixture, gconstpointer data)
{
    start(fixture, LINUX_FEATURES, 256);
    guest_set_descriptor(&fixture->queue, 0, DATA, 1, DESC_NEXT, 0);
    guest_offer(&fixture->queue, 0);
    guest_kick(&fixture->queue);
    check_needs_reset(fixture);
    start(fixture, LINUX_FEATURES, 256);
    guest_set_avail_index(&fixture->queue, 300);
    guest_kick(&fixture->queue);
    check_needs_reset(fixture);
}

static void read_one(Fixture *fixture, gconstpointer data)
{
    start(fixture, LINUX_FEATURES, 256);
    g_assert_cmpuint(request(fixture, IN, 1, DATA, 512, NULL), ==, OK);
}

// Runs `test` with these points on; what was traced (g_free).
static char *trace_of(Fixture *fixture, uint32_t points, void (*test)(Fixture *fixture, gconstpointer data))
{
    char *path = scratch_file("", 0), *text = NULL;
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    const TraceSetup setup = { .points = points, .events = fd, .log = fd };
    g_assert_true(trace_start(&setup, NULL));
    test(fixture, NULL);
    g_assert_true(trace_stop());
    close(fd);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    scratch_remove(path);
    return text;
}

static void test_traced_faults(Fixture *fixture, gconstpointer data)
{
    g_autofree char *text = trace_of(fixture, TRACE_BIT(GUEST_ERRORS), test_hostile_ring);
    g_assert_nonnull(strstr(text, "guest_errors: virtio-blk0 queue 0: a chain that leaves its table, or does "
                                  "not end; the device needs a reset\n"));
    g_assert_nonnull(
        strstr(text, "virtio-blk0 queue 0: more chains than the queue has room for; the device"));
}

static void test_traced_requests(Fixture *fixture, gconstpointer data)
{
    static const char *const lines[] = {
        "] virtio_write(virtio-blk0, device_status, size=1, value=0xf) "
        "(ACKNOWLEDGE|DRIVER|FEATURES_OK|DRIVER_OK)\n",
        "] virtio_write(virtio-blk0, device_status, size=1, value=0x0) (reset)\n",
        "] virtio_read(virtio-blk0, device_status, size=1, value=0x",
        "] virtio_queue(virtio-blk0, queue=0, size=256, descriptors=0x",
        "] virtio_request(virtio-blk0, queue=0, head=0, to_device=16, from_device=513, buffers=3)\n",
        "] virtio_answer(virtio-blk0, queue=0, head=0, written=513) <0.",
    };
    const uint32_t points = TRACE_BIT(VIRTIO_READ) | TRACE_BIT(VIRTIO_WRITE) | TRACE_BIT(VIRTIO_QUEUE) |
                            TRACE_BIT(VIRTIO_REQUEST) | TRACE_BIT(VIRTIO_ANSWER);
    g_autofree char *text = trace_of(fixture, points, read_one);
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++)
        if (!strstr(text, lines[i]))
            g_error("no '%s' in:\n%s", lines[i], text);
}

static void test_no_room(Fixture *fixture, gconstpointer data)
{
    // No way to answer: a short header, no status byte.
    static const GuestBuffer malformed[][2] = {
        { { HEADER, 15, false }, { STATUS, 1, true } },
        { { HEADER, 16, false }, { DATA, 512, false } },
        { { HEADER, 16, true }, { STATUS, 1, true } },
        { { HEADER, 16, false }, { STATUS, 0, true } },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
        start(fixture, LINUX_FEATURES, 256);
        guest_add(&fixture->queue, malformed[i], 2, false);
        guest_kick(&fixture->queue);
        check_needs_reset(fixture);
    }
}

// The same head again and again without waiting: requests run out, the VMM does not grow, and all are
// answered.
static void test_reused_head(Fixture *fixture, gconstpointer data)
{
    start(fixture, LINUX_FEATURES, 256);
    set_header(fixture, HEADER, IN, 0);
    const GuestBuffer buffers[] = { { HEADER, 16, false }, { DATA, 65536, true }, { STATUS, 1, true } };
    uint16_t head = guest_add(&fixture->queue, buffers, 3, true);
    unsigned offered = 1;
    for (; offered < 256; offered++)
        guest_offer(&fixture->queue, head);
    guest_kick(&fixture->queue);
    for (unsigned done = 0; done < 5000; done++) {
        g_assert_true(guest_wait_used(&fixture->queue, NULL, NULL));
        // Each answer is offered again, whatever is still in flight.
        guest_offer(&fixture->queue, head);
        guest_kick(&fixture->queue);
    }
    guest_reset(&fixture->guest);
}

static gpointer keep_offering(gpointer owner)
{
    Fixture *fixture = owner;
    gint64 end = g_get_monotonic_time() + G_TIME_SPAN_SECOND / 2;
    while (g_get_monotonic_time() < end) {
        uint16_t used = guest_used_index(&fixture->queue);
        // As many as the ring holds, of a kind that is answered at once.
        while ((uint16_t)(fixture->queue.avail_index - used) < 256)
            guest_offer(&fixture->queue, 0);
    }
    return NULL;
}

static void nothing(void *owner)
{
}

// A driver that always has more does not keep its iothread from others, and a reset gets through.
static void test_endless(Fixture *fixture, gconstpointer data)
{
    start(fixture, LINUX_FEATURES, 256);
    set_header(fixture, HEADER, 99, 0);
    guest_set_descriptor(&fixture->queue, 0, HEADER, 16, DESC_NEXT, 1);
    guest_set_descriptor(&fixture->queue, 1, STATUS, 1, DESC_WRITE, 0);
    guest_offer(&fixture->queue, 0);
    guest_kick(&fixture->queue);
    GThread *driver = g_thread_new(NULL, keep_offering, fixture);
    for (unsigned i = 0; i < 50; i++) {
        gint64 before = g_get_monotonic_time();
        iothread_call(fixture->iothread, nothing, NULL);
        g_assert_cmpint(g_get_monotonic_time() - before, <, 2 * G_TIME_SPAN_SECOND);
        g_usleep(2000);
    }
    guest_reset(&fixture->guest);
    g_thread_join(driver);
}

static void test_moved_bar(Fixture *fixture, gconstpointer data)
{
    start(fixture, LINUX_FEATURES, 256);
    // While the BAR lies elsewhere, its doorbell does too.
    guest_place_bars(&fixture->guest, GUEST_BAR1, GUEST_BAR4 + 0x100000);
    set_header(fixture, HEADER, IN, 0);
    const GuestBuffer buffers[] = { { HEADER, 16, false }, { DATA, 512, true }, { STATUS, 1, true } };
    guest_add(&fixture->queue, buffers, 3, false);
    g_assert_false(fake_kvm_store(fixture->guest.vm, GUEST_BAR4 + 0x3000, 2));
    g_assert_true(fake_kvm_store(fixture->guest.vm, GUEST_BAR4 + 0x103000, 2));
    g_assert_true(guest_wait_used(&fixture->queue, NULL, NULL));
    guest_place_bars(&fixture->guest, GUEST_BAR1, GUEST_BAR4);
    g_assert_cmpuint(request(fixture, IN, 1, DATA, 512, NULL), ==, OK);
}

#ifndef __powerpc__ // under qemu-user the limit is the emulator's as well, which then stands still
// Each descriptor that cannot be had is one line, and leaves nothing behind.
static void test_no_descriptor(Fixture *fixture, gconstpointer data)
{
    unplug_device(fixture);
    fixture->iothread = iothread_new("test", NULL);
    fixture->block = block_open(&(BlockOptions){ .path = fixture->path, .aio = BLOCK_AIO_THREADS }, NULL);
    fixture->blk = NULL;
    struct rlimit old;
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    int first = dup(STDIN_FILENO);
    close(first);
    for (rlim_t more = 0; !fixture->blk; more++) {
        g_autoptr(GError) error = NULL;
        const struct rlimit now = { .rlim_cur = (rlim_t)first + more, .rlim_max = old.rlim_max };
        guest_open(&fixture->guest);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
        fixture->blk = virtio_blk_new(&fixture->guest.context, "virtio-blk0", NULL, fixture->block,
            fixture->iothread, GUEST_SOURCE, &error);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
        g_assert_true(fixture->blk ? !error && more > 3 : error && more < 20);
        if (fixture->blk)
            break;
        guest_close(&fixture->guest);
        g_assert_cmpint(dup(STDIN_FILENO), ==, first);
        close(first);
    }
    guest_plug(&fixture->guest, virtio_pci_device(virtio_device_pci(virtio_blk_device(fixture->blk))));
}
#endif

static void add(const char *path, gconstpointer data, void (*test)(Fixture *, gconstpointer))
{
    g_test_add(path, Fixture, data, open_device, test, close_device);
}

// For tests whose data is not a Setup.
static void open_usual(Fixture *fixture, gconstpointer data)
{
    open_device(fixture, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const Setup readonly = { .readonly = true, .cache = BLOCK_WRITEBACK };
    static const Setup no_ring = { .cache = BLOCK_WRITEBACK, .no_ring = true };
    static const Setup modes[] = {
        { .cache = BLOCK_WRITEBACK, .aio = BLOCK_AIO_IO_URING },
        { .cache = BLOCK_NONE, .aio = BLOCK_AIO_IO_URING },
        { .cache = BLOCK_WRITETHROUGH, .aio = BLOCK_AIO_IO_URING },
        { .cache = BLOCK_DIRECTSYNC, .aio = BLOCK_AIO_IO_URING },
        { .cache = BLOCK_UNSAFE, .aio = BLOCK_AIO_IO_URING },
        { .cache = BLOCK_NONE, .aio = BLOCK_AIO_NATIVE },
        { .cache = BLOCK_DIRECTSYNC, .aio = BLOCK_AIO_NATIVE },
        { .cache = BLOCK_WRITEBACK, .aio = BLOCK_AIO_THREADS },
        { .cache = BLOCK_NONE, .aio = BLOCK_AIO_THREADS },
        { .cache = BLOCK_WRITETHROUGH, .aio = BLOCK_AIO_THREADS },
    };
    add("/virtio-blk/registers", NULL, test_registers);
    add("/virtio-blk/slof", NULL, test_slof);
    add("/virtio-blk/counters", NULL, test_counters);
    add("/virtio-blk/timeline", NULL, test_timeline);
    add("/virtio-blk/errors", NULL, test_errors);
    add("/virtio-blk/readonly", &readonly, test_readonly);
    add("/virtio-blk/id", NULL, test_id);
    g_test_add("/virtio-blk/layouts/direct", Fixture, NULL, open_usual, test_layouts, close_device);
    g_test_add("/virtio-blk/layouts/indirect", Fixture, "yes", open_usual, test_layouts, close_device);
    add("/virtio-blk/largest", NULL, test_largest);
    add("/virtio-blk/batch", NULL, test_batch);
    add("/virtio-blk/masked", NULL, test_masked);
    add("/virtio-blk/moved-bar", NULL, test_moved_bar);
    add("/virtio-blk/hostile/ring", NULL, test_hostile_ring);
    add("/virtio-blk/traced/faults", NULL, test_traced_faults);
    add("/virtio-blk/traced/requests", NULL, test_traced_requests);
    add("/virtio-blk/hostile/no-room", NULL, test_no_room);
    add("/virtio-blk/hostile/reused-head", NULL, test_reused_head);
    add("/virtio-blk/hostile/endless", NULL, test_endless);
    add("/virtio-blk/no-ring/mode", &no_ring, test_mode);
    add("/virtio-blk/no-ring/batch", &no_ring, test_batch);
    add("/virtio-blk/no-ring/reset", &no_ring, test_reset_in_flight);
#ifndef __powerpc__
    add("/virtio-blk/no-descriptor", NULL, test_no_descriptor);
#endif
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_autofree char *path =
            g_strdup_printf("/virtio-blk/mode/%s/%s", words_name(block_aio_words, (int)modes[i].aio),
                words_name(block_cache_words, (int)modes[i].cache));
        add(path, &modes[i], test_mode);
        g_autofree char *reset =
            g_strdup_printf("/virtio-blk/reset/%s/%s", words_name(block_aio_words, (int)modes[i].aio),
                words_name(block_cache_words, (int)modes[i].cache));
        add(reset, &modes[i], test_reset_in_flight);
        g_autofree char *master =
            g_strdup_printf("/virtio-blk/master/%s/%s", words_name(block_aio_words, (int)modes[i].aio),
                words_name(block_cache_words, (int)modes[i].cache));
        add(master, &modes[i], test_master);
        g_autofree char *all =
            g_strdup_printf("/virtio-blk/all-of-memory/%s/%s", words_name(block_aio_words, (int)modes[i].aio),
                words_name(block_cache_words, (int)modes[i].cache));
        add(all, &modes[i], test_all_of_memory);
    }
    return g_test_run();
}
