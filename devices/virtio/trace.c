// Virtio in lines of tracing: registers by their names, queues, requests.
#include "trace.h"

static const struct {
    unsigned offset;
    const char *name;
} names[] = {
    { DEVICE_FEATURE_SELECT, "device_feature_select" },
    { DEVICE_FEATURE, "device_feature" },
    { DRIVER_FEATURE_SELECT, "driver_feature_select" },
    { DRIVER_FEATURE, "driver_feature" },
    { CONFIG_VECTOR, "config_msix_vector" },
    { NUM_QUEUES, "num_queues" },
    { DEVICE_STATUS, "device_status" },
    { CONFIG_GENERATION, "config_generation" },
    { QUEUE_SELECT, "queue_select" },
    { QUEUE_SIZE, "queue_size" },
    { QUEUE_VECTOR, "queue_msix_vector" },
    { QUEUE_ENABLE, "queue_enable" },
    { QUEUE_NOTIFY_OFFSET, "queue_notify_off" },
    { QUEUE_DESCRIPTOR, "queue_desc" },
    { QUEUE_DESCRIPTOR + 4, "queue_desc_high" },
    { QUEUE_DRIVER, "queue_driver" },
    { QUEUE_DRIVER + 4, "queue_driver_high" },
    { QUEUE_DEVICE, "queue_device" },
    { QUEUE_DEVICE + 4, "queue_device_high" },
    { REGION_ISR, "isr" },
};

static void add_register(TraceLine *line, unsigned offset)
{
    if (offset >= REGION_DEVICE) {
        trace_line_add(line, "config+0x%x", offset - REGION_DEVICE);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i].offset == offset) {
            trace_line_add(line, "%s", names[i].name);
            return;
        }
    trace_line_add(line, "common+0x%x", offset);
}

// 2.1
static void add_status(TraceLine *line, uint64_t status)
{
    static const struct {
        unsigned bit;
        const char *name;
    } bits[] = {
        { VIRTIO_STATUS_ACKNOWLEDGE, "ACKNOWLEDGE" },
        { VIRTIO_STATUS_DRIVER, "DRIVER" },
        { VIRTIO_STATUS_FEATURES_OK, "FEATURES_OK" },
        { VIRTIO_STATUS_DRIVER_OK, "DRIVER_OK" },
        { VIRTIO_STATUS_NEEDS_RESET, "DEVICE_NEEDS_RESET" },
        { VIRTIO_STATUS_FAILED, "FAILED" },
    };
    const char *between = " (";
    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++)
        if (status & bits[i].bit) {
            trace_line_add(line, "%s%s", between, bits[i].name);
            between = "|";
        }
    trace_line_add(line, "%s", status == 0 ? " (reset)" : *between == '|' ? ")" : "");
}

void virtio_trace_register(const VirtioPci *pci, bool store, unsigned offset, unsigned size, uint64_t value)
{
    TraceLine line;
    trace_line_begin(&line);
    trace_line_add(&line, "%s(%s, ", store ? "virtio_write" : "virtio_read", pci->name);
    add_register(&line, offset);
    trace_line_add(&line, ", size=%u, value=0x%" G_GINT64_MODIFIER "x)", size, value);
    if (offset == DEVICE_STATUS)
        add_status(&line, value);
    trace_line_end(&line);
}

void virtio_trace_queue(const VirtioPci *pci, unsigned index)
{
    const VirtioQueue *queue = &pci->queue[index];
    TraceLine line;
    trace_line_begin(&line);
    trace_line_add(&line,
        "virtio_queue(%s, queue=%u, size=%u, descriptors=0x%" G_GINT64_MODIFIER
        "x, driver=0x%" G_GINT64_MODIFIER "x, device=0x%" G_GINT64_MODIFIER
        "x, features=0x%" G_GINT64_MODIFIER "x)",
        pci->name, index, queue->size, queue->descriptor_area, queue->driver_area, queue->device_area,
        pci->accepted);
    trace_line_end(&line);
}

int64_t virtio_trace_request(const VirtioTraced *what, const VirtioChain *chain)
{
    TraceLine line;
    trace_line_begin(&line);
    trace_line_add(&line,
        "virtio_request(%s, queue=%u, head=%u, to_device=%" G_GUINT64_FORMAT
        ", from_device=%" G_GUINT64_FORMAT ", buffers=%u)",
        what->device, what->queue, what->head, chain->out_bytes, chain->in_bytes,
        chain->out_count + chain->in_count);
    if (trace_wants(TRACE_BIT(VIRTIO_REQUEST)))
        trace_line_end(&line);
    return line.begun;
}

void virtio_trace_answer(const VirtioTraced *what, int64_t taken, uint64_t written)
{
    TraceLine line;
    trace_line_begin(&line);
    trace_line_add(&line, "virtio_answer(%s, queue=%u, head=%u, written=%" G_GUINT64_FORMAT ")", what->device,
        what->queue, what->head, written);
    if (taken > 0)
        trace_line_took(&line, taken);
    trace_line_end(&line);
}
