// Statistics at the end of a run, as JSON.
#include "stats.h"
#include <inttypes.h>

typedef struct Writer {
    FILE *file;
    bool more; // something stands before in the same object or array
} Writer;

static void separate(Writer *writer)
{
    fputs(writer->more ? ",\n    " : "\n    ", writer->file);
    writer->more = true;
}

// JSON's escapes for what a user may put into an id.
static void put_string(Writer *writer, const char *text)
{
    fputc('"', writer->file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(writer->file, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            fprintf(writer->file, "\\u%04x", (unsigned)*text);
        else
            fputc(*text, writer->file);
    }
    fputc('"', writer->file);
}

static void open_part(Writer *writer, const char *name, char bracket, bool first)
{
    fprintf(writer->file, "%s\n  \"%s\": %c", first ? "" : ",", name, bracket);
    writer->more = false;
}

static void close_part(Writer *writer, char bracket)
{
    fprintf(writer->file, "\n  %c", bracket);
}

static void put_count(const char *name, uint64_t count, void *data)
{
    Writer *writer = data;
    separate(writer);
    put_string(writer, name);
    fprintf(writer->file, ": %" PRIu64, count);
}

static void put_exits(Writer *writer, const VcpuSet *vcpus)
{
    uint64_t others = 0;
    for (unsigned reason = 0; reason < VCPU_EXIT_REASONS; reason++) {
        const char *name = vcpu_exit_name(reason);
        uint64_t count = 0;
        for (unsigned i = 0; i < vcpu_set_count(vcpus); i++)
            count += vcpu_exits(vcpu_set_at(vcpus, i), reason);
        if (!name)
            others += count;
        else if (count > 0)
            put_count(name, count, writer);
    }
    if (others > 0)
        put_count("OTHER", others, writer);
}

// Where each vCPU stands: for a guest that hangs.
static void put_vcpu(Writer *writer, Vcpu *vcpu)
{
    KvmRegisters registers = { 0 };
    kvm_vcpu_registers(vcpu_kvm(vcpu), &registers);
    separate(writer);
    fprintf(writer->file,
        "{ \"id\": %u, \"pc\": \"0x%" PRIx64 "\", \"msr\": \"0x%" PRIx64 "\", \"lr\": \"0x%" PRIx64 "\" }",
        vcpu_id(vcpu), registers.pc, registers.msr, registers.lr);
}

static void put_interrupt(uint32_t source, uint64_t pulses, void *data)
{
    Writer *writer = data;
    separate(writer);
    fprintf(writer->file, "{ \"source\": %u, \"pulses\": %" PRIu64 " }", source, pulses);
}

static void put_doorbells(Writer *writer, VirtioBlk *blk)
{
    for (unsigned i = 0; i < virtio_blk_doorbell_count(blk); i++) {
        Doorbell *bell = virtio_blk_doorbell(blk, i);
        separate(writer);
        fputs("{ \"name\": ", writer->file);
        put_string(writer, doorbell_name(bell));
        fprintf(writer->file, ", \"fired\": %" PRIu64 ", \"rung\": %" PRIu64 " }", doorbell_fired(bell),
            doorbell_rung(bell));
    }
}

static void put_disk(Writer *writer, const char *name, VirtioBlk *blk)
{
    VirtioBlkCounters counters = virtio_blk_counters(blk);
    separate(writer);
    fputs("{ \"name\": ", writer->file);
    put_string(writer, name);
    fprintf(writer->file,
        ", \"reads\": %" PRIu64 ", \"writes\": %" PRIu64 ", \"flushes\": %" PRIu64
        ", \"bytes_read\": %" PRIu64 ", \"bytes_written\": %" PRIu64 ", \"errors\": %" PRIu64 " }",
        counters.reads, counters.writes, counters.flushes, counters.bytes_read, counters.bytes_written,
        counters.errors);
}

void stats_write(FILE *file, const VcpuSet *vcpus, const HypercallTable *hypercalls, const RtasTable *rtas,
    const InterruptController *interrupts, const Disks *disks)
{
    Writer writer = { .file = file };
    fputc('{', file);
    open_part(&writer, "exits", '{', true);
    put_exits(&writer, vcpus);
    close_part(&writer, '}');
    open_part(&writer, "vcpus", '[', false);
    for (unsigned i = 0; i < vcpu_set_count(vcpus); i++)
        put_vcpu(&writer, vcpu_set_at(vcpus, i));
    close_part(&writer, ']');
    open_part(&writer, "hypercalls", '{', false);
    hypercall_counts(hypercalls, put_count, &writer);
    close_part(&writer, '}');
    open_part(&writer, "rtas", '{', false);
    rtas_counts(rtas, put_count, &writer);
    close_part(&writer, '}');
    open_part(&writer, "interrupts", '[', false);
    interrupt_controller_counts(interrupts, put_interrupt, &writer);
    close_part(&writer, ']');
    open_part(&writer, "doorbells", '[', false);
    for (unsigned i = 0; i < disks_count(disks); i++)
        put_doorbells(&writer, disks_at(disks, i));
    close_part(&writer, ']');
    open_part(&writer, "disks", '[', false);
    for (unsigned i = 0; i < disks_count(disks); i++)
        put_disk(&writer, disks_name(disks, i), disks_at(disks, i));
    close_part(&writer, ']');
    fputs("\n}\n", file);
}
