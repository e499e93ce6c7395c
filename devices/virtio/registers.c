// The registers of a virtio PCI function: features, status, queues (virtio 1.2, 4.1.4.3 to 4.1.4.6 and 3.1).
#include "pci.h"
#include "lparun/bytes.h"
#include "trace.h"

// What a vCPU waits at most, in microseconds, for a device to stop: enough for one that has no I/O under way,
// and for drivers that do not look whether a reset is over.
#define PATIENCE 100000
// What the main thread waits for a device to be held, before it looks again from time to time.
#define HOLD_PATIENCE 10000

void virtio_registers_place_sink(VirtioPci *pci)
{
    if (!pci->select_sink)
        return; // taken apart before it was whole
    if (pci->queue_select == 0 && pci->registers_at != PCI_UNMAPPED)
        sink_place(pci->select_sink, pci->registers_at + REGION_COMMON + QUEUE_SELECT, 2);
    else
        sink_remove(pci->select_sink);
}

static void select_queue(VirtioPci *pci, uint16_t queue)
{
    pci->queue_select = queue;
    virtio_registers_place_sink(pci);
}

static VirtioQueue *selected_queue(VirtioPci *pci)
{
    return pci->queue_select < pci->queues ? &pci->queue[pci->queue_select] : NULL;
}

static uint32_t feature_word(uint64_t features, uint32_t select)
{
    return select > 1 ? 0 : (uint32_t)(features >> (32 * select));
}

static void read_queue(VirtioPci *pci, uint8_t *common)
{
    VirtioQueue *queue = selected_queue(pci);
    if (!queue)
        return; // 4.1.4.3.1: size 0 says that there is no such queue
    le_bytes_put(common + QUEUE_SIZE, 2, queue->size);
    le_bytes_put(common + QUEUE_VECTOR, 2, queue->vector);
    le_bytes_put(common + QUEUE_ENABLE, 2, queue->enabled);
    le_bytes_put(common + QUEUE_NOTIFY_OFFSET, 2, pci->queue_select); // a doorbell each
    le_bytes_put(common + QUEUE_DESCRIPTOR, 8, queue->descriptor_area);
    le_bytes_put(common + QUEUE_DRIVER, 8, queue->driver_area);
    le_bytes_put(common + QUEUE_DEVICE, 8, queue->device_area);
}

static uint64_t read_common(VirtioPci *pci, unsigned offset, unsigned size)
{
    // One picture of all, so that an access of any size and place is right.
    uint8_t common[COMMON_SIZE + 8] = { 0 };
    if (offset >= COMMON_SIZE)
        return 0;
    le_bytes_put(common + DEVICE_FEATURE_SELECT, 4, pci->device_feature_select);
    le_bytes_put(common + DEVICE_FEATURE, 4, feature_word(pci->offered, pci->device_feature_select));
    le_bytes_put(common + DRIVER_FEATURE_SELECT, 4, pci->driver_feature_select);
    le_bytes_put(common + DRIVER_FEATURE, 4, feature_word(pci->accepted, pci->driver_feature_select));
    le_bytes_put(common + CONFIG_VECTOR, 2, pci->config_vector);
    le_bytes_put(common + NUM_QUEUES, 2, pci->queues);
    le_bytes_put(common + DEVICE_STATUS, 1, pci->status);
    le_bytes_put(common + CONFIG_GENERATION, 1, pci->generation);
    le_bytes_put(common + QUEUE_SELECT, 2, pci->queue_select);
    read_queue(pci, common);
    return le_bytes_get(common + offset, size);
}

static uint64_t read_config(VirtioPci *pci, unsigned offset, unsigned size)
{
    if (offset >= pci->type->config_size || size > pci->type->config_size - offset)
        return 0;
    return le_bytes_get(pci->config + offset, size);
}

static void update(VirtioPci *pci)
{
    bool may_serve = pci->master && !pci->held;
    VirtioState wanted = !pci->running ? VIRTIO_STOPPED : may_serve ? VIRTIO_SERVING : VIRTIO_HELD;
    virtio_run_want(pci, wanted, pci->accepted);
}

static void forget(VirtioPci *pci)
{
    pci->resetting = false;
    pci->started = false;
    pci->device_feature_select = pci->driver_feature_select = 0;
    pci->accepted = 0;
    select_queue(pci, 0);
    for (unsigned i = 0; i < pci->queues; i++) {
        VirtioQueue *queue = &pci->queue[i];
        queue->size = VIRTIO_QUEUE_SIZE;
        queue->enabled = false;
        queue->descriptor_area = queue->driver_area = queue->device_area = 0;
        queue->vector = VIRTIO_NO_VECTOR;
    }
    pci->config_vector = VIRTIO_NO_VECTOR;
    pci->isr = 0;
    pci->status = 0; // last, as the driver waits for it
}

// An index of a ring's area: 16 bits behind the flags (2.7.6, 2.7.8).
static bool read_index(const VirtioPci *pci, uint64_t area, uint16_t *index)
{
    le16 value;
    bool is_there = guest_memory_read(pci->context.memory, area + 2, &value, sizeof value);
    *index = is_there ? le16_get(value) : 0;
    return is_there;
}

unsigned virtio_pci_waiting(VirtioPci *pci, unsigned index)
{
    const VirtioQueue *queue = &pci->queue[index];
    uint16_t given, back;
    g_mutex_lock(&pci->lock);
    bool works = pci->running && queue->enabled && read_index(pci, queue->device_area, &back) &&
                 read_index(pci, queue->driver_area, &given);
    unsigned waiting = works ? MIN((uint16_t)(given - back), queue->size) : 0;
    g_mutex_unlock(&pci->lock);
    return waiting;
}

// Ends a reset whose device has stopped meanwhile.
static bool end_reset(VirtioPci *pci, int64_t wait_us)
{
    if (pci->resetting && virtio_run_is_quiet(pci, wait_us))
        forget(pci);
    return !pci->resetting;
}

static bool reset(VirtioPci *pci, int64_t wait_us)
{
    pci->running = false;
    pci->resetting = true;
    update(pci);
    return end_reset(pci, wait_us);
}

static uint64_t read_register(VirtioPci *pci, unsigned offset, unsigned size)
{
    if (offset == REGION_ISR)
        return atomic_exchange(&pci->isr, 0); // 4.1.4.5: reading clears it
    g_mutex_lock(&pci->lock);
    end_reset(pci, 0);
    uint64_t value = 0;
    if (offset < REGION_ISR)
        value = read_common(pci, offset, size);
    else if (offset >= REGION_DEVICE)
        value = read_config(pci, offset - REGION_DEVICE, size);
    g_mutex_unlock(&pci->lock);
    return value;
}

uint64_t virtio_registers_read(VirtioPci *pci, unsigned offset, unsigned size)
{
    uint64_t value = read_register(pci, offset, size);
    if (trace_wants(TRACE_BIT(VIRTIO_READ)))
        virtio_trace_register(pci, false, offset, size, value);
    return value;
}

bool virtio_registers_reset(VirtioPci *pci)
{
    g_mutex_lock(&pci->lock);
    bool done = reset(pci, 0);
    g_mutex_unlock(&pci->lock);
    return done;
}

void virtio_registers_set_master(VirtioPci *pci, bool master)
{
    g_mutex_lock(&pci->lock);
    pci->master = master;
    update(pci);
    if (!master && pci->running)
        virtio_run_is_quiet(pci, PATIENCE);
    g_mutex_unlock(&pci->lock);
}

bool virtio_pci_hold(VirtioPci *pci)
{
    g_mutex_lock(&pci->lock);
    int64_t patience = pci->held ? 0 : HOLD_PATIENCE;
    pci->held = true;
    update(pci);
    bool quiet = virtio_run_is_quiet(pci, patience);
    g_mutex_unlock(&pci->lock);
    return quiet;
}

void virtio_pci_release(VirtioPci *pci)
{
    g_mutex_lock(&pci->lock);
    pci->held = false;
    update(pci);
    g_mutex_unlock(&pci->lock);
}

static void start(VirtioPci *pci)
{
    if (pci->started) // what an abandoned device did to the rings is not known any more
        return;
    pci->started = true;
    for (unsigned i = 0; i < pci->queues; i++) {
        VirtioQueue *queue = &pci->queue[i];
        if (!queue->enabled)
            continue;
        if (trace_wants(TRACE_BIT(VIRTIO_QUEUE)))
            virtio_trace_queue(pci, i);
        if (!virtio_ring_start(&queue->ring, pci->context.memory, queue->size, queue->descriptor_area,
                queue->driver_area, queue->device_area, pci->accepted)) {
            trace_fault(TRACE_FAULT_VIRTIO,
                "%s queue %u: its areas are not in memory, or not aligned; the "
                "device needs a reset",
                pci->name, i);
            virtio_pci_needs_reset(pci);
            return;
        }
    }
    pci->running = true;
    update(pci);
}

// 2.2.2 and 6.1: only what was offered, and never without VERSION_1.
static bool features_fit(const VirtioPci *pci)
{
    return !(pci->accepted & ~pci->offered) && pci->accepted & VIRTIO_F_VERSION_1;
}

static void write_status(VirtioPci *pci, uint8_t value)
{
    if (!value) {
        reset(pci, PATIENCE);
        return;
    }
    uint8_t before = pci->status;
    if (value & VIRTIO_STATUS_FEATURES_OK && !(before & VIRTIO_STATUS_FEATURES_OK) && !features_fit(pci)) {
        value &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK; // 3.1.1: the driver reads it back
        trace_fault(TRACE_FAULT_VIRTIO,
            "%s: features 0x%" G_GINT64_MODIFIER "x, of which 0x%" G_GINT64_MODIFIER
            "x are offered, and VERSION_1 is needed",
            pci->name, pci->accepted, pci->offered);
    }
    if (!(value & VIRTIO_STATUS_FEATURES_OK))
        value &= (uint8_t)~VIRTIO_STATUS_DRIVER_OK;
    // The iothread may set NEEDS_RESET at any time; only a reset takes it away.
    value &= (uint8_t)~VIRTIO_STATUS_NEEDS_RESET;
    atomic_fetch_and(&pci->status, value | VIRTIO_STATUS_NEEDS_RESET);
    atomic_fetch_or(&pci->status, value);
    if (!(value & VIRTIO_STATUS_DRIVER_OK)) {
        pci->running = false;
        update(pci);
    } else if (!(before & VIRTIO_STATUS_DRIVER_OK)) {
        start(pci);
    }
}

static void write_half(uint64_t *field, unsigned offset, unsigned size, uint64_t value)
{
    if (size == 8 && offset % 8 == 0)
        *field = value;
    else if (size == 4 && offset % 8 == 0)
        *field = (*field & ~0xffffffffULL) | value;
    else if (size == 4)
        *field = (*field & 0xffffffffULL) | value << 32;
}

// Addresses and size stay as they are once the queue is enabled (4.1.4.3.2); the vector may change.
static void write_queue(VirtioPci *pci, unsigned offset, unsigned size, uint64_t value)
{
    VirtioQueue *queue = selected_queue(pci);
    if (!queue)
        return;
    if (offset == QUEUE_VECTOR && size == 2) {
        queue->vector = value < msix_vectors(pci->msix) ? (uint16_t)value : VIRTIO_NO_VECTOR;
        return;
    }
    if (queue->enabled || pci->started)
        return;
    switch (offset) {
    case QUEUE_SIZE:
        if (size == 2 && value && value <= VIRTIO_QUEUE_SIZE && !(value & (value - 1)))
            queue->size = (uint16_t)value;
        break;
    case QUEUE_ENABLE:
        queue->enabled = size == 2 && value == 1;
        break;
    case QUEUE_DESCRIPTOR:
    case QUEUE_DESCRIPTOR + 4:
        write_half(&queue->descriptor_area, offset, size, value);
        break;
    case QUEUE_DRIVER:
    case QUEUE_DRIVER + 4:
        write_half(&queue->driver_area, offset, size, value);
        break;
    case QUEUE_DEVICE:
    case QUEUE_DEVICE + 4:
        write_half(&queue->device_area, offset, size, value);
        break;
    }
}

static void write_driver_feature(VirtioPci *pci, uint32_t value)
{
    if (pci->status & VIRTIO_STATUS_FEATURES_OK || pci->driver_feature_select > 1)
        return;
    unsigned shift = 32 * pci->driver_feature_select;
    pci->accepted = (pci->accepted & ~(0xffffffffULL << shift)) | (uint64_t)value << shift;
}

static void write_common(VirtioPci *pci, unsigned offset, unsigned size, uint64_t value)
{
    if (offset == DEVICE_STATUS && size == 1)
        write_status(pci, (uint8_t)value);
    else if (offset == DEVICE_FEATURE_SELECT && size == 4)
        pci->device_feature_select = (uint32_t)value;
    else if (offset == DRIVER_FEATURE_SELECT && size == 4)
        pci->driver_feature_select = (uint32_t)value;
    else if (offset == DRIVER_FEATURE && size == 4)
        write_driver_feature(pci, (uint32_t)value);
    else if (offset == CONFIG_VECTOR && size == 2)
        pci->config_vector = value < msix_vectors(pci->msix) ? (uint16_t)value : VIRTIO_NO_VECTOR;
    else if (offset == QUEUE_SELECT && size == 2)
        select_queue(pci, (uint16_t)value);
    else
        write_queue(pci, offset, size, value);
}

void virtio_registers_write(VirtioPci *pci, unsigned offset, unsigned size, uint64_t value)
{
    if (size < 8)
        value &= (1ULL << (8 * size)) - 1;
    if (trace_wants(TRACE_BIT(VIRTIO_WRITE)))
        virtio_trace_register(pci, true, offset, size, value);
    g_mutex_lock(&pci->lock);
    if (!end_reset(pci, 0)) {
        // 4.1.4.3.2: the driver waits until the status reads 0.
    } else if (offset < REGION_ISR) {
        write_common(pci, offset, size, value);
    } else if (offset >= REGION_DEVICE && pci->type->ops->config_write) {
        unsigned at = offset - REGION_DEVICE;
        if (at < pci->type->config_size && size <= pci->type->config_size - at)
            pci->type->ops->config_write(pci->owner, at, size, value);
    }
    g_mutex_unlock(&pci->lock);
}
