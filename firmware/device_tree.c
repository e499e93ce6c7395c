// The device tree that the machine starts with, and that it answers CAS with: the root, memory, /chosen, and
// the order of what the parts say.
#include "lparun/device_tree.h"
#include "lparun/error.h"
#include "lparun/rtas_nmi.h"

// What a pseries VMM tells of itself (Linux looks for these names: arch/powerpc/platforms/pseries/setup.c).
static void describe_root(const MachineParts *parts, Tree *tree)
{
    tree_u32(tree, "#address-cells", 2);
    tree_u32(tree, "#size-cells", 2);
    tree_string(tree, "device_type", "chrp");
    tree_string(tree, "model", "lparun pseries");
    tree_string(tree, "compatible", "qemu,pseries");
    tree_string(tree, "vm,uuid", parts->uuid);
    tree_string(tree, "system-id", parts->uuid);
    interrupt_controller_describe_root(parts->interrupts, tree);
}

// ibm,arch-vec-5-platform-support: pairs of a byte of vector 5 and what the guest may choose there.
static void describe_support(const MachineParts *parts, Tree *tree)
{
    static const uint8_t controllers[] = {
        [INTERRUPT_DUAL] = VECTOR5_INTERRUPTS_EITHER,
        [INTERRUPT_XICS] = VECTOR5_XICS,
        [INTERRUPT_XIVE] = VECTOR5_XIVE,
    };
    static const uint8_t mmus[] = {
        [MMU_AUTO] = VECTOR5_MMU_EITHER,
        [MMU_RADIX] = VECTOR5_MMU_RADIX,
        [MMU_HASH] = VECTOR5_MMU_HASH,
    };
    MmuMode offer = mmu_offer(parts->mmu);
    const uint8_t support[] = { VECTOR5_INTERRUPTS,
        controllers[interrupt_controller_offered(parts->interrupts)], VECTOR5_MMU, mmus[offer],
        VECTOR5_HASH_EXTENSIONS, 0, VECTOR5_RADIX_EXTENSIONS, offer == MMU_HASH ? 0 : VECTOR5_GTSE };
    tree_bytes(tree, "ibm,arch-vec-5-platform-support", support, sizeof support);
}

static void describe_images(const BootImages *boot, Tree *tree)
{
    if (boot->functions)
        tree_u32(tree, "linux,pci-probe-only", 0); // nobody gave the BARs an address: Linux shall
    if (boot->kernel.size > 0) {
        uint64_t entry = boot->kernel.entry, size = boot->kernel.size;
        tree_cells(tree, "qemu,boot-kernel", (uint32_t)(entry >> 32), (uint32_t)entry, (uint32_t)(size >> 32),
            (uint32_t)size);
    }
    if (boot->initrd_size > 0) {
        tree_u32(tree, "linux,initrd-start", (uint32_t)boot->initrd);
        tree_u32(tree, "linux,initrd-end", (uint32_t)(boot->initrd + boot->initrd_size));
    }
}

// What firmware starts from. It has made its own of that by the time of CAS: GRUB's bootargs are its
// kernel's.
static void describe_boot(const MachineParts *parts, Tree *tree)
{
    g_autofree char *path = g_strdup_printf("/vdevice/vty@%x", VTY_UNIT);
    tree_string(tree, "stdout-path", path);
    tree_string(tree, "bootargs", parts->command_line ? parts->command_line : "");
    if (parts->boot_list)
        tree_string(tree, "qemu,boot-list", parts->boot_list);
    describe_support(parts, tree);
    describe_images(parts->boot, tree);
}

static void describe_chosen(const MachineParts *parts, Tree *tree)
{
    tree_begin(tree, "chosen");
    tree_bytes(tree, "ibm,architecture-vec-5", parts->negotiated->vector5, sizeof parts->negotiated->vector5);
    if (!parts->is_answer)
        describe_boot(parts, tree);
    tree_end(tree);
}

static void describe_range(const Numa *numa, unsigned node, uint64_t start, uint64_t end, Tree *tree)
{
    if (start == end)
        return;
    uint64_t size = end - start;
    tree_begin(tree, "memory@%" G_GINT64_MODIFIER "x", start);
    tree_string(tree, "device_type", "memory");
    tree_cells(tree, "reg", (uint32_t)(start >> 32), (uint32_t)start, (uint32_t)(size >> 32), (uint32_t)size);
    numa_describe_memory(numa, node, tree);
    tree_end(tree);
}

// In powers of two at multiples of themselves. Linux before 6.6 takes the second node of them all for the
// size of a block of memory, and does not start if that is something else
// (arch/powerpc/platforms/pseries/hotplug-memory.c, pseries_memory_block_size).
static void describe_blocks(const Numa *numa, unsigned node, uint64_t start, uint64_t end, Tree *tree)
{
    while (start < end) {
        uint64_t size = 1ULL << g_bit_nth_msf(end - start, -1);
        if (start > 0)
            size = MIN(size, start & -start);
        describe_range(numa, node, start, start + size, tree);
        start += size;
    }
}

uint64_t machine_real_mode_area(const MachineParts *parts)
{
    uint64_t size = guest_memory_size(parts->memory);
    return MIN(mmu_real_mode_area(parts->mmu, size), numa_first_range(parts->numa, size));
}

// The first node is the real mode area: firmware and early kernels stay inside it.
static void describe_memory(const MachineParts *parts, Tree *tree)
{
    uint64_t size = guest_memory_size(parts->memory), real = machine_real_mode_area(parts), start = 0;
    for (unsigned i = 0; i < (parts->numa ? parts->numa->count : 1); i++) {
        uint64_t end = start + (parts->numa ? parts->numa->memory[i] : size);
        describe_range(parts->numa, i, start, MIN(MAX(start, real), end), tree);
        describe_blocks(parts->numa, i, MIN(MAX(start, real), end), end, tree);
        start = end;
    }
}

// Only what the machine has: Linux calls what is named here.
static void describe_hypercalls(const MachineParts *parts, Tree *tree)
{
    const char *names[20] = { "hcall-term", "hcall-dabr", "hcall-interrupt", "hcall-set-mode", "hcall-copy",
        "hcall-debug", "hcall-tce", "hcall-watchdog", "hcall-join", "hcall-sprg0" };
    unsigned count = 10;
    if (parts->numa)
        names[count++] = "hcall-vphn";
    if (!kvm_is_pr(parts->vm)) // PR has no H_REGISTER_VPA, H_PROD and H_CONFER
        names[count++] = "hcall-splpar";
    if (!mmu_is_radix(parts->mmu)) {
        names[count++] = "hcall-pft";
        names[count++] = "hcall-bulk";
    }
    if (mmu_can_resize(parts->mmu))
        names[count++] = "hcall-hpt-resize";
    if (parts->multi_tce)
        names[count++] = "hcall-multi-tce";
    if (mmu_has_rpt_invalidate(parts->mmu))
        names[count++] = "hcall-rpt-invalidate";
    g_assert(count < G_N_ELEMENTS(names)); // the last is NULL
    tree_strings(tree, "ibm,hypertas-functions", names);
}

static void describe_rtas(const MachineParts *parts, Tree *tree)
{
    tree_begin(tree, "rtas");
    tree_u32(tree, "rtas-size", MAX(0x1000, rtas_nmi_room(vcpu_set_count(parts->vcpus))));
    describe_hypercalls(parts, tree);
    tree_empty(tree, "ibm,change-msix-capable");
    tree_empty(tree, "ibm,extended-os-term");
    if (parts->boot->rtas) { // what Linux writes itself when firmware gives it RTAS
        tree_u32(tree, "linux,rtas-base", (uint32_t)parts->boot->rtas);
        tree_u32(tree, "linux,rtas-entry", (uint32_t)parts->boot->rtas);
    }
    tree_u32(tree, "rtas-error-log-max", 2048);
    tree_u32(tree, "rtas-event-scan-rate", 1); // calls of event-scan a minute
    numa_describe_rtas(parts->numa, tree);
    rtas_table_describe(parts->rtas, tree);
    tree_end(tree);
}

static void describe_virtual_devices(const MachineParts *parts, Tree *tree)
{
    tree_begin(tree, "vdevice");
    tree_string(tree, "device_type", "vdevice");
    tree_string(tree, "compatible", "IBM,vdevice");
    tree_u32(tree, "#address-cells", 1);
    tree_u32(tree, "#size-cells", 0);
    tree_u32(tree, "#interrupt-cells", 2);
    tree_empty(tree, "interrupt-controller");
    vty_describe(parts->vty, tree);
    nvram_describe(parts->nvram, tree);
    tree_end(tree);
}

// Under PR `sc 1` goes to the wrong hypervisor, so firmware and kernel are told what to use instead.
static void describe_hypervisor(const MachineParts *parts, Tree *tree)
{
    uint32_t instructions[4];
    tree_begin(tree, "hypervisor");
    tree_string(tree, "compatible", "linux,kvm");
    if (kvm_is_pr(parts->vm) && kvm_hypercall_instructions(parts->vm, instructions) == 0)
        tree_cells_array(tree, "hcall-instructions", instructions, 4);
    tree_end(tree);
}

// H_RANDOM, which Linux looks for here (arch/powerpc/platforms/pseries/rng.c).
static void describe_random(Tree *tree)
{
    tree_begin(tree, "ibm,platform-facilities");
    tree_string(tree, "device_type", "ibm,platform-facilities");
    tree_u32(tree, "#address-cells", 1);
    tree_u32(tree, "#size-cells", 0);
    tree_begin(tree, "ibm,random-v1");
    tree_string(tree, "compatible", "ibm,random");
    tree_end(tree);
    tree_end(tree);
}

static void reserve_images(const BootImages *boot, Tree *tree)
{
    if (boot->kernel.size > 0)
        tree_reserve(tree, boot->kernel.address, boot->kernel.size);
    if (boot->initrd_size > 0)
        tree_reserve(tree, boot->initrd, boot->initrd_size);
    if (boot->rtas)
        tree_reserve(tree, boot->rtas, RTAS_ROOM);
}

static void describe_machine(const MachineParts *parts, Tree *tree)
{
    if (!parts->is_answer)
        reserve_images(parts->boot, tree);
    tree_begin(tree, "%s", "");
    describe_root(parts, tree);
    describe_chosen(parts, tree);
    describe_memory(parts, tree);
    cpus_describe(
        parts->cpus, parts->vcpus, parts->negotiated->compat, mmu_hash_order(parts->mmu), parts->numa, tree);
    describe_rtas(parts, tree);
    const Vcpu *last = vcpu_set_at(parts->vcpus, vcpu_set_count(parts->vcpus) - 1);
    interrupt_controller_describe(parts->interrupts, vcpu_id(last) + 1, tree);
    rtas_events_describe(parts->events, tree);
    describe_hypervisor(parts, tree);
    describe_random(tree);
    describe_virtual_devices(parts, tree);
    pci_host_describe(parts->pci, parts->boot->functions, tree);
    tree_end(tree);
}

bool device_tree_place(
    const MachineParts *parts, GuestMemory *memory, uint64_t address, uint64_t room, GError **error)
{
    g_autoptr(Tree) tree = tree_new(room);
    describe_machine(parts, tree);
    size_t length;
    const void *blob = tree_finish(tree, vcpu_id(vcpu_set_at(parts->vcpus, 0)), &length);
    if (blob && guest_memory_write(memory, address, blob, length))
        return true;
    return error_user(
        error, "-append, -smp: the device tree is larger than %" G_GUINT64_FORMAT " KiB", room >> 10);
}
