// The device tree's processors: what the host's own are, and what KVM lets the guest have of them.
#include "lparun/bytes.h"
#include "lparun/cpus.h"
#include "lparun/error.h"
#include <stdlib.h>
#include <unistd.h>

// By the upper half of the PVR (arch/powerpc/kernel/cputable.c).
static const struct {
    uint32_t version;
    const char *name;
    unsigned isa;
} known[] = {
    { 0x004b, "PowerPC,POWER8", 207 },
    { 0x004c, "PowerPC,POWER8", 207 },
    { 0x004d, "PowerPC,POWER8", 207 },
    { 0x004e, "PowerPC,POWER9", 300 },
    { 0x0080, "PowerPC,POWER10", 310 },
    { 0x0082, "PowerPC,POWER11", 310 },
};

#define HOST_CPUS "/proc/device-tree/cpus"

// The directory of the host's first processor, or NULL.
static char *host_cpu_directory(void)
{
    g_autoptr(GDir) directory = g_dir_open(HOST_CPUS, 0, NULL);
    const char *name;
    while (directory && (name = g_dir_read_name(directory)))
        if (g_str_has_prefix(name, "PowerPC,"))
            return g_build_filename(HOST_CPUS, name, NULL);
    return NULL;
}

// A property of one or two cells, or `otherwise`.
static uint64_t host_number(const char *cpu, const char *property, uint64_t otherwise)
{
    g_autofree char *path = cpu ? g_build_filename(cpu, property, NULL) : NULL;
    g_autofree char *bytes = NULL;
    size_t length = 0;
    if (!path || !g_file_get_contents(path, &bytes, &length, NULL) || (length != 4 && length != 8))
        return otherwise;
    return bytes_reversed(le_bytes_get((const uint8_t *)bytes, (unsigned)length), (unsigned)length);
}

static bool name_cpu(Cpus *cpus, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i].version == cpus->pvr >> 16) {
            cpus->name = known[i].name;
            cpus->isa = known[i].isa;
            return true;
        }
    return error_host(error,
        "-cpu host: the host's processor (PVR 0x%08x) is not one that lparun knows (POWER8 to POWER11)",
        cpus->pvr);
}

// More than 32 bits where the host's processor has them and KVM lets a guest (the vCPU is left as it was).
static unsigned decrementer_bits(const char *host, Vcpu *boot)
{
    uint64_t bits = host_number(host, "ibm,dec-bits", 0), before, after;
    if (bits <= 32 || bits > 64 || kvm_vcpu_get_reg(vcpu_kvm(boot), KVM_PPC_LPCR, &before) < 0)
        return 0;
    bool taken = kvm_vcpu_set_reg(vcpu_kvm(boot), KVM_PPC_LPCR, before | LPCR_LD) == 0 &&
                 kvm_vcpu_get_reg(vcpu_kvm(boot), KVM_PPC_LPCR, &after) == 0 && after & LPCR_LD;
    kvm_vcpu_set_reg(vcpu_kvm(boot), KVM_PPC_LPCR, before);
    return taken ? (unsigned)bits : 0;
}

// Under KVM the guest's timebase is the host's: an invented frequency would make its clocks run wrong.
#define TIMEBASE_OF_POWER 512000000

bool cpus_read(Cpus *cpus, KvmVm *vm, Vcpu *boot, GError **error)
{
    *cpus = (Cpus){ .threads = 1 };
    int result = kvm_vcpu_pvr(vcpu_kvm(boot), &cpus->pvr);
    if (result < 0)
        return error_host(error, "KVM_GET_SREGS: %s", g_strerror(-result));
    if (!name_cpu(cpus, error))
        return false;
    g_autofree char *host = host_cpu_directory();
    cpus->timebase = (uint32_t)host_number(host, "timebase-frequency", TIMEBASE_OF_POWER);
    cpus->clock = (uint32_t)host_number(host, "clock-frequency", 1000000000);
    cpus->data_block = (uint32_t)host_number(host, "d-cache-block-size", 128);
    cpus->instruction_block = (uint32_t)host_number(host, "i-cache-block-size", 128);
    cpus->data_cache = (uint32_t)host_number(host, "d-cache-size", 32768);
    cpus->instruction_cache = (uint32_t)host_number(host, "i-cache-size", 32768);
    cpus->data_sets = (uint32_t)host_number(host, "d-cache-sets", 0);
    cpus->instruction_sets = (uint32_t)host_number(host, "i-cache-sets", 0);
    cpus->decrementer_bits = cpus->isa >= 300 ? decrementer_bits(host, boot) : 0;
    cpus->has_purr = !kvm_is_pr(vm);
    if (kvm_smmu_info(vm, &cpus->hash) < 0)
        cpus->hash = (struct kvm_ppc_smmu_info){ 0 };
    cpus->radix_encoding_count = MAX(kvm_radix_encodings(vm, cpus->radix_encodings), 0);
    return true;
}

// ibm,pa-features (LoPAR C.6.2): a length, a type 0, then attribute bytes. No transactional memory (byte 22):
// KVM has it not on all hosts. Bytes 24 to 63 are ISA 3.0's, of which byte 40 has radix. ISA 3.1's own
// (DEXCR, hash checks) are not here: KVM does not say that it has them.
static const uint8_t features_207[] = { 24, 0, 0xf6, 0x3f, 0xc7, 0xc0, 0x80, 0xf0, 0x80, 0, 0, 0, 0, 0, 0, 0,
    0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0, 0 };
static const uint8_t features_300[] = { 66, 0, 0xf6, 0x3f, 0xc7, 0xc0, 0x80, 0xf0, 0x80, 0, 0, 0, 0, 0, 0, 0,
    0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0xc0, 0, 0x80, 0,
    0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80, 0, 0x80,
    0, 0x80, 0, 0, 0 };

// Byte 1 has 64K pages for devices: not where a hashed guest's pages must fit into the host's smaller ones.
static bool has_large_device_pages(const Cpus *cpus)
{
    return !(cpus->hash.flags & KVM_PPC_PAGE_SIZES_REAL) || sysconf(_SC_PAGESIZE) >= 65536;
}

static void describe_features(const Cpus *cpus, unsigned isa, bool radix, Tree *tree)
{
    uint8_t features[sizeof features_300];
    size_t size = isa < 300 ? sizeof features_207 : sizeof features_300;
    memcpy(features, isa < 300 ? features_207 : features_300, size);
    if (!has_large_device_pages(cpus))
        features[2 + 1] &= 0xdf;
    if (isa >= 300 && !radix)
        features[2 + 40] &= 0x7f;
    if (isa >= 310 && cpus->has_dawr1)
        features[2 + 64] |= 0x80;
    tree_bytes(tree, "ibm,pa-features", features, size);
}

// KVM says whether pages must be no larger than what backs the guest's memory.
static uint32_t page_limit(const Cpus *cpus)
{
    bool real = cpus->hash.flags & KVM_PPC_PAGE_SIZES_REAL;
    uint32_t limit = real ? (uint32_t)g_bit_storage((gulong)sysconf(_SC_PAGESIZE)) - 1 : 63;
    return cpus->page_shift_most ? MIN(limit, cpus->page_shift_most) : limit;
}

unsigned cpus_largest_page(const Cpus *cpus)
{
    uint32_t largest = 0, limit = page_limit(cpus);
    for (unsigned i = 0; i < KVM_PPC_PAGE_SIZES_MAX_SZ; i++) {
        const struct kvm_ppc_one_seg_page_size *segment = &cpus->hash.sps[i];
        for (unsigned j = 0; segment->page_shift <= limit && j < KVM_PPC_PAGE_SIZES_MAX_SZ; j++)
            if (segment->enc[j].page_shift <= limit)
                largest = MAX(largest, segment->enc[j].page_shift);
    }
    return largest;
}

// ibm,segment-page-sizes: for each segment page size its shift, SLB encoding and the page sizes that fit into
// it.
static void describe_page_sizes(const Cpus *cpus, Tree *tree)
{
    const struct kvm_ppc_smmu_info *info = &cpus->hash;
    uint32_t largest = page_limit(cpus);
    uint32_t cells[KVM_PPC_PAGE_SIZES_MAX_SZ * (3 + 2 * KVM_PPC_PAGE_SIZES_MAX_SZ)];
    size_t count = 0;
    for (unsigned i = 0; i < KVM_PPC_PAGE_SIZES_MAX_SZ; i++) {
        const struct kvm_ppc_one_seg_page_size *segment = &info->sps[i];
        if (segment->page_shift == 0 || segment->page_shift > largest)
            continue;
        size_t head = count;
        cells[count++] = segment->page_shift;
        cells[count++] = segment->slb_enc;
        cells[count++] = 0;
        for (unsigned j = 0; j < KVM_PPC_PAGE_SIZES_MAX_SZ; j++) {
            if (segment->enc[j].page_shift == 0 || segment->enc[j].page_shift > largest)
                continue;
            cells[head + 2]++;
            cells[count++] = segment->enc[j].page_shift;
            cells[count++] = segment->enc[j].pte_enc;
        }
    }
    tree_cells_array(tree, "ibm,segment-page-sizes", cells, count);
}

static void describe_hash(const Cpus *cpus, unsigned hash_order, Tree *tree)
{
    describe_page_sizes(cpus, tree);
    tree_u32(tree, "ibm,slb-size", cpus->hash.slb_size ? cpus->hash.slb_size : 32);
    tree_cells(tree, "ibm,pft-size", 0, hash_order);
    if (cpus->hash.flags & KVM_PPC_1T_SEGMENTS)
        tree_cells(tree, "ibm,processor-segment-sizes", 28, 40, 0xffffffff, 0xffffffff);
    else
        tree_cells(tree, "ibm,processor-segment-sizes", 28, 0xffffffff, 0xffffffff, 0xffffffff);
}

static void describe_caches(const Cpus *cpus, Tree *tree)
{
    tree_u32(tree, "d-cache-block-size", cpus->data_block);
    tree_u32(tree, "d-cache-line-size", cpus->data_block);
    tree_u32(tree, "i-cache-block-size", cpus->instruction_block);
    tree_u32(tree, "i-cache-line-size", cpus->instruction_block);
    tree_u32(tree, "d-cache-size", cpus->data_cache);
    tree_u32(tree, "i-cache-size", cpus->instruction_cache);
    if (cpus->data_sets)
        tree_u32(tree, "d-cache-sets", cpus->data_sets);
    if (cpus->instruction_sets)
        tree_u32(tree, "i-cache-sets", cpus->instruction_sets);
}

// The interrupt servers of a core's threads; each is in the one global queue.
static void describe_threads(const VcpuSet *vcpus, unsigned first, unsigned threads, Tree *tree)
{
    uint32_t servers[CORE_THREADS_MAX], queues[2 * CORE_THREADS_MAX];
    for (unsigned i = 0; i < threads; i++) {
        servers[i] = queues[2 * i] = vcpu_id(vcpu_set_at(vcpus, first + i));
        queues[2 * i + 1] = 0;
    }
    tree_cells_array(tree, "ibm,ppc-interrupt-server#s", servers, threads);
    tree_cells_array(tree, "ibm,ppc-interrupt-gserver#s", queues, 2 * threads);
}

// In a compatibility mode cpu-version and the features are the older processor's; the name stays, or firmware
// would take it for another one.
static void describe_core(const Cpus *cpus, const VcpuSet *vcpus, unsigned first, const CompatLevel *compat,
    unsigned hash_order, const Numa *numa, Tree *tree)
{
    unsigned isa = compat ? compat->isa : cpus->isa;
    uint32_t id = vcpu_id(vcpu_set_at(vcpus, first));
    tree_begin(tree, "%s@%x", cpus->name, id);
    tree_string(tree, "device_type", "cpu");
    tree_u32(tree, "reg", id);
    tree_u32(tree, "cpu-version", compat ? compat->pvr : cpus->pvr);
    tree_u32(tree, "timebase-frequency", cpus->timebase);
    tree_u32(tree, "clock-frequency", cpus->clock);
    tree_string(tree, "status", "okay");
    tree_empty(tree, "64-bit");
    tree_u32(tree, "ibm,vmx", cpus->without_vsx ? 1 : 2); // VMX, and VSX
    if (!cpus->without_dfp)
        tree_u32(tree, "ibm,dfp", 1);
    describe_threads(vcpus, first, cpus->threads, tree);
    numa_describe_cpu(numa, first, id, tree);
    if (cpus->has_purr) {
        tree_u32(tree, "ibm,purr", 1);
        tree_u32(tree, "ibm,spurr", 1);
    }
    if (isa >= 300 && cpus->decrementer_bits)
        tree_u32(tree, "ibm,dec-bits", cpus->decrementer_bits);
    describe_caches(cpus, tree);
    describe_features(cpus, isa, hash_order == 0, tree);
    if (hash_order > 0)
        describe_hash(cpus, hash_order, tree);
    if (isa >= 300 && cpus->radix_encoding_count > 0)
        tree_cells_array(tree, "ibm,processor-radix-AP-encodings", cpus->radix_encodings,
            (size_t)cpus->radix_encoding_count);
    tree_end(tree);
}

void cpus_describe(const Cpus *cpus, const VcpuSet *vcpus, const CompatLevel *compat, unsigned hash_order,
    const Numa *numa, Tree *tree)
{
    tree_begin(tree, "cpus");
    tree_u32(tree, "#address-cells", 1);
    tree_u32(tree, "#size-cells", 0);
    for (unsigned i = 0; i < vcpu_set_count(vcpus); i += cpus->threads)
        describe_core(cpus, vcpus, i, compat, hash_order, numa, tree);
    tree_end(tree);
}
