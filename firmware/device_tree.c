// The device tree that the machine starts with, and that it answers CAS with: the root, memory, /chosen, and
// the order of what the parts say.
#include "lparun/device_tree.h"
#include "lparun/error.h"
#include "lparun/rtas_nmi.h"

static void describe_parts(const TreeSources *sources, TreePlace place, Tree *tree)
{
    const Description what = { .place = place, .functions = sources->boot->functions };
    part_list_describe(sources->parts, &what, tree);
}

// What a pseries VMM tells of itself (Linux looks for these names: arch/powerpc/platforms/pseries/setup.c).
static void describe_root(const TreeSources *sources, Tree *tree)
{
    tree_u32(tree, "#address-cells", 2);
    tree_u32(tree, "#size-cells", 2);
    tree_string(tree, "device_type", "chrp");
    tree_string(tree, "model", sources->model ? sources->model : "lparun pseries");
    tree_string(tree, "compatible", "qemu,pseries");
    tree_string(tree, "vm,uuid", sources->uuid);
    tree_string(tree, "system-id", sources->uuid);
    if (sources->host_model)
        tree_string(tree, "host-model", sources->host_model);
    if (sources->host_serial)
        tree_string(tree, "host-serial", sources->host_serial);
    describe_parts(sources, TREE_ROOT, tree);
}

// ibm,arch-vec-5-platform-support: pairs of a byte of vector 5 and what the guest may choose there.
static void describe_support(const TreeSources *sources, Tree *tree)
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
    MmuMode offer = mmu_offer(sources->mmu);
    const uint8_t support[] = { VECTOR5_INTERRUPTS,
        controllers[interrupt_controller_offered(sources->interrupts)], VECTOR5_MMU, mmus[offer],
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
static void describe_boot(const TreeSources *sources, Tree *tree)
{
    g_autofree char *path = g_strdup_printf("/vdevice/vty@%x", sources->console);
    if (sources->console)
        tree_string(tree, "stdout-path", path);
    tree_string(tree, "bootargs", sources->command_line ? sources->command_line : "");
    if (sources->boot_list)
        tree_string(tree, "qemu,boot-list", sources->boot_list);
    if (sources->boot_device)
        tree_string(tree, "qemu,boot-device", sources->boot_device);
    if (sources->boot_menu)
        tree_u32(tree, "qemu,boot-menu", 1);
    describe_support(sources, tree);
    describe_images(sources->boot, tree);
}

static void describe_chosen(const TreeSources *sources, bool is_answer, Tree *tree)
{
    tree_begin(tree, "chosen");
    tree_bytes(
        tree, "ibm,architecture-vec-5", sources->negotiated->vector5, sizeof sources->negotiated->vector5);
    if (!is_answer)
        describe_boot(sources, tree);
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

uint64_t machine_real_mode_area(const TreeSources *sources)
{
    uint64_t size = guest_memory_size(sources->memory);
    return MIN(mmu_real_mode_area(sources->mmu, size), numa_first_range(sources->numa, size));
}

// The first node is the real mode area: firmware and early kernels stay inside it.
static void describe_memory(const TreeSources *sources, Tree *tree)
{
    uint64_t size = guest_memory_size(sources->memory), real = machine_real_mode_area(sources), start = 0;
    for (unsigned i = 0; i < (sources->numa ? sources->numa->count : 1); i++) {
        uint64_t end = start + (sources->numa ? sources->numa->memory[i] : size);
        describe_range(sources->numa, i, start, MIN(MAX(start, real), end), tree);
        describe_blocks(sources->numa, i, MIN(MAX(start, real), end), end, tree);
        start = end;
    }
}

static void describe_rtas(const TreeSources *sources, Tree *tree)
{
    tree_begin(tree, "rtas");
    tree_u32(tree, "rtas-size", MAX(0x1000, rtas_nmi_room(vcpu_set_count(sources->vcpus))));
    tree_empty(tree, "ibm,change-msix-capable");
    tree_empty(tree, "ibm,extended-os-term");
    if (sources->boot->rtas) { // what Linux writes itself when firmware gives it RTAS
        tree_u32(tree, "linux,rtas-base", (uint32_t)sources->boot->rtas);
        tree_u32(tree, "linux,rtas-entry", (uint32_t)sources->boot->rtas);
    }
    tree_u32(tree, "rtas-error-log-max", 2048);
    tree_u32(tree, "rtas-event-scan-rate", 1); // calls of event-scan a minute
    numa_describe_rtas(sources->numa, tree);
    describe_parts(sources, TREE_RTAS, tree);
    tree_end(tree);
}

static void describe_virtual_devices(const TreeSources *sources, Tree *tree)
{
    tree_begin(tree, "vdevice");
    tree_string(tree, "device_type", "vdevice");
    tree_string(tree, "compatible", "IBM,vdevice");
    tree_u32(tree, "#address-cells", 1);
    tree_u32(tree, "#size-cells", 0);
    tree_u32(tree, "#interrupt-cells", 2);
    tree_empty(tree, "interrupt-controller");
    describe_parts(sources, TREE_VIRTUAL_DEVICES, tree);
    tree_end(tree);
}

// Under PR `sc 1` goes to the wrong hypervisor, so firmware and kernel are told what to use instead.
static void describe_hypervisor(const TreeSources *sources, Tree *tree)
{
    uint32_t instructions[4];
    tree_begin(tree, "hypervisor");
    tree_string(tree, "compatible", "linux,kvm");
    if (kvm_is_pr(sources->vm) && kvm_hypercall_instructions(sources->vm, instructions) == 0)
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

static void describe_machine(const TreeSources *sources, bool is_answer, Tree *tree)
{
    if (!is_answer)
        reserve_images(sources->boot, tree);
    tree_begin(tree, "%s", "");
    describe_root(sources, tree);
    describe_chosen(sources, is_answer, tree);
    describe_memory(sources, tree);
    cpus_describe(sources->cpus, sources->vcpus, sources->negotiated->compat, mmu_hash_order(sources->mmu),
        sources->numa, tree);
    describe_rtas(sources, tree);
    describe_hypervisor(sources, tree);
    describe_random(tree);
    describe_virtual_devices(sources, tree);
    describe_parts(sources, TREE_NODES, tree);
    tree_end(tree);
}

bool device_tree_place(const TreeSources *sources, bool is_answer, GuestMemory *memory, uint64_t address,
    uint64_t room, GError **error)
{
    g_autoptr(Tree) tree = tree_new(room);
    describe_machine(sources, is_answer, tree);
    size_t length;
    const void *blob = tree_finish(tree, vcpu_id(vcpu_set_at(sources->vcpus, 0)), &length);
    if (blob && guest_memory_write(memory, address, blob, length))
        return true;
    return error_user(
        error, "-append, -smp: the device tree is larger than %" G_GUINT64_FORMAT " KiB", room >> 10);
}
