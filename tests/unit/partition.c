// A machine with vCPUs and RAM, and no more.
#include "partition.h"
#include "lparun/bytes.h"
#include "lparun/cpu_interrupt.h"
#include "lparun/papr.h"
#include "lparun/rtas_nmi.h"
#include <libfdt.h>

static int64_t dispatch(void *owner, Vcpu *vcpu, uint64_t number, uint64_t arguments[9])
{
    return hypercall_dispatch(((Partition *)owner)->hypercalls, vcpu, number, arguments);
}

static void failed(void *owner, Vcpu *vcpu, const char *why)
{
    ((Partition *)owner)->failures++;
}

static void machine_check(void *owner, Vcpu *vcpu, bool recovered)
{
    rtas_nmi_machine_check(((Partition *)owner)->nmi, vcpu, recovered);
}

static void system_reset(void *owner, Vcpu *vcpu)
{
    RtasNmi *nmi = ((Partition *)owner)->nmi;
    if (nmi)
        rtas_nmi_system_reset(nmi, vcpu);
    else
        cpu_system_reset(vcpu, SYSTEM_RESET_VECTOR);
}

void partition_open(Partition *partition, unsigned vcpus)
{
    static const VcpuOps ops = {
        .hypercall = dispatch, .failed = failed, .machine_check = machine_check, .system_reset = system_reset
    };
    *partition = (Partition){ 0 };
    partition->vm = fake_kvm_new();
    partition->bus = bus_new();
    partition->memory = guest_memory_new(PARTITION_RAM, NULL);
    partition->vcpus = vcpu_set_new(partition->vm, partition->bus, &ops, partition);
    for (unsigned i = 0; i < vcpus; i++)
        g_assert_true(vcpu_set_add(partition->vcpus, 8 + i, NULL, NULL));
    partition->hypercalls = hypercall_table_new(vcpus);
    partition->rtas = rtas_table_new(partition->memory);
    hypercall_rtas_register(partition->hypercalls, &(HypercallParts){ .rtas = partition->rtas });
}

void partition_close(Partition *partition)
{
    vcpu_set_free(partition->vcpus);
    rtas_table_free(partition->rtas);
    hypercall_table_free(partition->hypercalls);
    guest_memory_free(partition->memory);
    bus_free(partition->bus);
    kvm_vm_close(partition->vm);
}

static void nothing(Vcpu *vcpu, void *data)
{
}

void partition_await_resets(Partition *partition)
{
    vcpu_set_call(partition->vcpus, NULL, nothing, NULL); // a vCPU takes it before it works
}

void partition_system_reset(Partition *partition)
{
    vcpu_set_system_reset(partition->vcpus, NULL);
    partition_await_resets(partition);
}

int64_t partition_hypercall(Partition *partition, uint64_t number, const uint64_t arguments[9])
{
    memcpy(partition->arguments, arguments, sizeof partition->arguments);
    return hypercall_dispatch(
        partition->hypercalls, vcpu_set_at(partition->vcpus, 0), number, partition->arguments);
}

int64_t partition_rtas_at(Partition *partition, uint64_t gpa, uint32_t token, uint32_t inputs,
    const uint32_t *input, uint32_t outputs, uint32_t *output)
{
    be32 head[] = { be32_make(token), be32_make(inputs), be32_make(outputs) };
    g_assert_true(guest_memory_write(partition->memory, gpa, head, sizeof head));
    gpa += sizeof head;
    for (uint32_t i = 0; i < inputs; i++, gpa += sizeof(be32)) {
        be32 cell = be32_make(input[i]);
        g_assert_true(guest_memory_write(partition->memory, gpa, &cell, sizeof cell));
    }
    int64_t result = partition_call(partition, KVMPPC_H_RTAS, gpa - sizeof head - inputs * sizeof(be32));
    for (uint32_t i = 0; i < outputs; i++, gpa += sizeof(be32)) {
        be32 cell;
        g_assert_true(guest_memory_read(partition->memory, gpa, &cell, sizeof cell));
        output[i] = be32_get(cell);
    }
    return result;
}

uint32_t partition_token(const Partition *partition, const char *name)
{
    g_autoptr(Tree) tree = tree_new(0x4000);
    tree_begin(tree, "%s", "");
    rtas_table_describe(partition->rtas, tree);
    tree_end(tree);
    size_t length;
    const void *blob = tree_finish(tree, 0, &length);
    g_assert_nonnull(blob);
    int size;
    const void *token = fdt_getprop(blob, 0, name, &size);
    g_assert_nonnull(token);
    g_assert_cmpint(size, ==, 4);
    return fdt32_ld(token);
}

#define BLOCK 0x8000

int32_t partition_rtas_call(Partition *partition, const char *name, uint32_t outputs, uint32_t *output,
    const uint32_t *input, size_t inputs)
{
    uint32_t token = partition_token(partition, name);
    int64_t result = partition_rtas_at(partition, BLOCK, token, (uint32_t)inputs, input, outputs, output);
    g_assert_cmpint(result, ==, H_SUCCESS);
    return (int32_t)output[0];
}
