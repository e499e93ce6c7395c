// A KVM for unit tests: no guest runs, but doorbells ring and interrupts are counted.
#include "fake_kvm.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define IOEVENTFDS 64
#define SOURCES 0x2000 // source numbers below

struct KvmVm {
    GMutex lock;
    struct {
        int eventfd;
        uint64_t gpa;
        uint32_t length;
    } ioeventfds[IOEVENTFDS];
    unsigned ioeventfd_count;
    bool refuse;
    uint64_t sink;
    int irqfds[SOURCES]; // 0 is none
    FakeKvmPower power;
};

// A device has no handle to the VM, so there is one of each.
static uint64_t source_states[SOURCES];
static FakeXive xive;
static int xive_fd = -1;

KvmVm *fake_kvm_new(void)
{
    KvmVm *vm = g_new0(KvmVm, 1);
    xive = (FakeXive){ 0 };
    g_mutex_init(&vm->lock);
    return vm;
}

KvmVm *kvm_vm_open(const char *path, KvmType type, GError **error)
{
    return fake_kvm_new();
}

void kvm_vm_close(KvmVm *vm)
{
    if (!vm)
        return;
    g_mutex_clear(&vm->lock);
    g_free(vm);
}

FakeKvmPower *fake_kvm_power(KvmVm *vm)
{
    return &vm->power;
}

GBytes *kvm_stats(const KvmVm *vm)
{
    return NULL;
}

int kvm_check(const KvmVm *vm, unsigned capability)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(vm->power.missing); i++)
        if (vm->power.missing[i] == capability)
            return 0;
    return capability == KVM_CAP_PPC_SMT ? vm->power.smt : 1;
}

int kvm_set_memory(KvmVm *vm, uint32_t slot, uint64_t gpa, void *host, uint64_t size)
{
    if (slot < KVM_SLOT_TIMA)
        return 0;
    if (xive.slot_result < 0 && size > 0)
        return xive.slot_result;
    g_assert_cmpuint(slot - KVM_SLOT_TIMA, <, G_N_ELEMENTS(xive.slots));
    FakeSlot *to = &xive.slots[slot - KVM_SLOT_TIMA];
    g_assert_cmpint(to->size > 0, ==, size == 0); // KVM has no slots that overlap
    *to = (FakeSlot){ .gpa = gpa, .host = host, .size = size };
    return 0;
}

int kvm_enable(KvmVm *vm, uint32_t capability, uint64_t argument0, uint64_t argument1)
{
    FakeKvmPower *power = &vm->power;
    g_assert_cmpuint(power->enabled_count, <, G_N_ELEMENTS(power->enabled));
    if (argument0 == power->refused_hypercall)
        return -EINVAL;
    if (power->enable == 0)
        power->enabled[power->enabled_count++] = (FakeKvmEnabled){ capability, argument0, argument1 };
    return power->enable;
}

static int find_ioeventfd(const KvmVm *vm, uint64_t gpa, uint32_t length)
{
    for (unsigned i = 0; i < vm->ioeventfd_count; i++)
        if (vm->ioeventfds[i].gpa == gpa && vm->ioeventfds[i].length == length)
            return (int)i;
    return -1;
}

int kvm_ioeventfd(KvmVm *vm, int eventfd, uint64_t gpa, uint32_t length, bool assign)
{
    g_mutex_lock(&vm->lock);
    int found = find_ioeventfd(vm, gpa, length), result = 0;
    if (assign && vm->refuse)
        result = -ENOSPC;
    else if (assign && found >= 0)
        result = -EEXIST;
    else if (!assign && (found < 0 || vm->ioeventfds[found].eventfd != eventfd))
        result = -ENOENT;
    else if (!assign)
        vm->ioeventfds[found] = vm->ioeventfds[--vm->ioeventfd_count];
    else if (vm->ioeventfd_count == IOEVENTFDS)
        result = -ENOSPC;
    else {
        unsigned at = vm->ioeventfd_count++;
        vm->ioeventfds[at].eventfd = eventfd;
        vm->ioeventfds[at].gpa = gpa;
        vm->ioeventfds[at].length = length;
    }
    g_mutex_unlock(&vm->lock);
    return result;
}

bool fake_kvm_store(KvmVm *vm, uint64_t gpa, uint32_t length)
{
    g_mutex_lock(&vm->lock);
    int found = find_ioeventfd(vm, gpa, length);
    if (found >= 0)
        eventfd_write(vm->ioeventfds[found].eventfd, 1);
    g_mutex_unlock(&vm->lock);
    return found >= 0;
}

// Stores that mean nothing: whether the kernel swallows them shows nowhere but in exits.
int kvm_ioeventfd_zero(KvmVm *vm, int eventfd, uint64_t gpa, uint32_t length, bool assign)
{
    g_mutex_lock(&vm->lock);
    int result = vm->refuse ? -ENOSPC : 0;
    if (result == 0)
        vm->sink = assign ? gpa : 0;
    g_mutex_unlock(&vm->lock);
    return result;
}

uint64_t fake_kvm_sink(KvmVm *vm)
{
    g_mutex_lock(&vm->lock);
    uint64_t gpa = vm->sink;
    g_mutex_unlock(&vm->lock);
    return gpa;
}

unsigned fake_kvm_ioeventfds(const KvmVm *vm)
{
    return vm->ioeventfd_count;
}

void fake_kvm_refuse_ioeventfds(KvmVm *vm, bool refuse)
{
    vm->refuse = refuse;
}

int kvm_irqfd(KvmVm *vm, int eventfd, uint32_t source, bool assign)
{
    if (assign && vm->power.irqfd < 0)
        return vm->power.irqfd;
    if (source >= SOURCES)
        return -EINVAL;
    vm->irqfds[source] = assign ? eventfd : 0;
    return 0;
}

bool fake_kvm_is_bound(const KvmVm *vm, uint32_t source)
{
    return vm->irqfds[source] != 0;
}

unsigned fake_kvm_edges(KvmVm *vm, uint32_t source)
{
    uint64_t edges = 0;
    int eventfd = vm->irqfds[source];
    return eventfd && read(eventfd, &edges, sizeof edges) == sizeof edges ? (unsigned)edges : 0;
}

bool fake_kvm_wait_edge(KvmVm *vm, uint32_t source)
{
    struct pollfd ready = { .fd = vm->irqfds[source], .events = POLLIN };
    return poll(&ready, 1, 1000) == 1 && fake_kvm_edges(vm, source) > 0;
}

int kvm_create_device(KvmVm *vm, uint32_t type)
{
    // KVM looks for the device when an irqfd fires, and may find one that goes.
    for (unsigned i = 0; i < SOURCES; i++)
        g_assert_cmpint(vm->irqfds[i], ==, 0);
    if (vm->power.device < 0)
        return vm->power.device;
    if (type == KVM_DEV_TYPE_XIVE && xive.create < 0)
        return xive.create;
    int fd = eventfd(0, EFD_CLOEXEC); // something to close
    vm->power.device_type = type;
    vm->power.device_fd = fd;
    xive_fd = type == KVM_DEV_TYPE_XIVE ? fd : -1;
    return fd;
}

static int xive_set(uint32_t group, uint64_t attribute, uint64_t value)
{
    g_assert_cmpuint(attribute, <, SOURCES);
    if (xive.result < 0)
        return xive.result;
    switch (group) {
    case KVM_XIVE_CONTROL:
        xive.resets += attribute == KVM_XIVE_RESET;
        return 0;
    case KVM_XIVE_SOURCE:
        xive.sources[attribute] = FAKE_XIVE_SOURCE | value;
        return 0;
    case KVM_XIVE_SOURCE_ROUTE:
        xive.route_source = (uint32_t)attribute;
        xive.route = value;
        return 0;
    case KVM_XIVE_SOURCE_FLUSH:
        xive.flushed = (uint32_t)attribute;
        return 0;
    default:
        return -ENXIO;
    }
}

int kvm_device_set(int device, uint32_t group, uint64_t attribute, uint64_t value)
{
    if (device == xive_fd)
        return xive_set(group, attribute, value);
    if (group != KVM_XICS_SOURCES || attribute < 16 || attribute >= SOURCES)
        return -ENOENT;
    source_states[attribute] = value;
    return 0;
}

int kvm_device_get(int device, uint32_t group, uint64_t attribute, uint64_t *value)
{
    if (group != KVM_XICS_SOURCES || attribute >= SOURCES)
        return -ENOENT;
    *value = source_states[attribute];
    return 0;
}

uint64_t fake_kvm_source_state(const KvmVm *vm, uint32_t source)
{
    return source_states[source];
}

FakeXive *fake_kvm_xive(void)
{
    return &xive;
}

void *kvm_device_map(int device, uint64_t page, uint64_t pages)
{
    size_t size = pages * (size_t)sysconf(_SC_PAGESIZE);
    void *mapping =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    g_assert_cmpint(device, ==, xive_fd);
    g_assert_true(mapping != MAP_FAILED);
    xive.mappings++;
    if (page == KVM_XIVE_ESB_PAGE)
        xive.esb = mapping;
    return mapping;
}

void kvm_device_unmap(void *mapping, uint64_t pages)
{
    munmap(mapping, pages * (size_t)sysconf(_SC_PAGESIZE));
    xive.mappings--;
}

int kvm_xive_servers(int device, uint32_t servers)
{
    xive.servers = servers;
    return 0;
}

int kvm_xive_queue_set(int device, uint32_t server, unsigned priority, const KvmXiveQueue *queue)
{
    if (xive.result < 0)
        return xive.result;
    xive.queue = *queue;
    xive.queue_server = server;
    xive.queue_priority = priority;
    return 0;
}

int kvm_xive_queue_get(int device, uint32_t server, unsigned priority, KvmXiveQueue *queue)
{
    *queue = xive.queue;
    xive.queue_server = server;
    xive.queue_priority = priority;
    return xive.result;
}

int kvm_rtas_define(KvmVm *vm, const char *name, uint64_t token)
{
    vm->power.rtas_token = token;
    vm->power.rtas_calls++;
    return vm->power.rtas;
}

int kvm_configure_mmu(KvmVm *vm, uint64_t flags, uint64_t process_table)
{
    vm->power.mmu_calls++;
    vm->power.mmu_flags = flags;
    vm->power.process_table = process_table;
    return vm->power.mmu;
}

int kvm_allocate_htab(KvmVm *vm, uint32_t order)
{
    vm->power.htab_calls++;
    vm->power.htab_order = order;
    if (vm->power.htab < 0)
        return vm->power.htab;
    return order >= 18 && order <= 46 ? 0 : -EINVAL;
}

int kvm_prepare_htab(KvmVm *vm, uint32_t order)
{
    vm->power.prepares++;
    vm->power.resize_order = order;
    return vm->power.prepare;
}

int kvm_commit_htab(KvmVm *vm, uint32_t order)
{
    vm->power.commits++;
    vm->power.resize_order = order;
    return vm->power.commit;
}

int kvm_cpu_characteristics(KvmVm *vm, KvmCpuCharacteristics *cpu)
{
    *cpu = (KvmCpuCharacteristics){
        .character = vm->power.character,
        .character_known = UINT64_MAX,
        .behaviour = vm->power.behaviour,
        .behaviour_known = UINT64_MAX,
    };
    return vm->power.characteristics;
}

bool kvm_is_pr(const KvmVm *vm)
{
    return vm->power.pr;
}

int kvm_hypercall_instructions(KvmVm *vm, uint32_t instructions[4])
{
    for (unsigned i = 0; i < 4; i++)
        instructions[i] = vm->power.pr ? 0x44000022 + i : 0;
    return vm->power.pr ? 0 : -ENOTTY;
}

int kvm_create_tce_table(KvmVm *vm, uint64_t liobn, uint32_t page_shift, uint64_t pages)
{
    return vm->power.tce_table;
}

int kvm_smmu_info(KvmVm *vm, struct kvm_ppc_smmu_info *info)
{
    *info = vm->power.hash;
    return vm->power.no_hash;
}

// There is no such table.
int kvm_hash_group(KvmVm *vm, uint64_t group, uint64_t entries[KVM_HASH_GROUP][2])
{
    return -EINVAL;
}

int kvm_radix_encodings(KvmVm *vm, uint32_t encodings[8])
{
    encodings[0] = 0x0000000c; // pages of 4 KiB
    return vm->power.no_radix < 0 ? vm->power.no_radix : 1;
}
