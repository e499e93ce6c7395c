// The part of the KVM layer that every architecture has.
#include "kvm_internal.h"
#include "lparun/error.h"
#include "lparun/fd_set.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define STATS_MAX 65536 // bytes of KVM's counts

// What a pseries machine cannot do without (linux/kvm.h names).
static const struct {
    unsigned capability;
    const char *name;
} needed[] = {
    { KVM_CAP_PPC_PAPR, "KVM_CAP_PPC_PAPR" },
    { KVM_CAP_ONE_REG, "KVM_CAP_ONE_REG" },
    { KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD" },
    { KVM_CAP_IRQFD, "KVM_CAP_IRQFD" },
    { KVM_CAP_IRQ_XICS, "KVM_CAP_IRQ_XICS" },
    { KVM_CAP_PPC_RTAS, "KVM_CAP_PPC_RTAS" },
    { KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
};

static int open_device(const char *path, GError **error)
{
    int fd = fd_set_open(path, O_RDWR | O_CLOEXEC, 0);
    if (fd >= 0)
        return fd;
    const char *mend = errno == ENOENT   ? "load the kvm-hv module, or run on a POWER machine that has KVM"
                       : errno == EACCES ? "join the group that owns it, or run as root"
                                         : "see the host's kernel log";
    error_host(error, "%s: %s; %s", path, g_strerror(errno), mend);
    return -1;
}

static bool check_device(int device, const char *path, GError **error)
{
    int version = kvm_ioctl(device, KVM_GET_API_VERSION, NULL);
    if (version != KVM_API_VERSION)
        return error_host(
            error, "%s: not a KVM device (API version %d, not %d)", path, version, KVM_API_VERSION);
    if (kvm_ioctl(device, KVM_CHECK_EXTENSION, (void *)KVM_CAP_PPC_PAPR) <= 0)
        return error_host(error,
            "%s: this is not a POWER machine's KVM (no KVM_CAP_PPC_PAPR); run lparun on a POWER host", path);
    return true;
}

static bool check_vm(KvmVm *vm, const char *path, GError **error)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (kvm_check(vm, needed[i].capability) > 0)
            continue;
        return error_host(error, "%s: this kernel's KVM has no %s; use a newer one", path, needed[i].name);
    }
    return true;
}

// A type of its own is refused where its module is not loaded.
static bool create(KvmVm *vm, const char *path, KvmType type, GError **error)
{
    vm->fd = kvm_ioctl(vm->device, KVM_CREATE_VM, (void *)(uintptr_t)type);
    if (vm->fd >= 0)
        return true;
    if (vm->fd != -EINVAL || type == KVM_ANY)
        return error_host(error, "%s: KVM_CREATE_VM: %s", path, g_strerror(-vm->fd));
    const char *name = type == KVM_HV ? "HV" : "PR";
    return error_host(error, "-machine kvm-type=%s: this host's KVM has no %s (module kvm-%s); leave it out",
        name, name, type == KVM_HV ? "hv" : "pr");
}

KvmVm *kvm_vm_open(const char *path, KvmType type, GError **error)
{
    int device = open_device(path, error);
    if (device < 0)
        return NULL;
    KvmVm *vm = g_new0(KvmVm, 1);
    vm->device = device;
    vm->fd = -1;
    if (!check_device(device, path, error) || !create(vm, path, type, error))
        goto fail;
    vm->run_size = kvm_ioctl(device, KVM_GET_VCPU_MMAP_SIZE, NULL);
    if (check_vm(vm, path, error))
        return vm;
fail:
    kvm_vm_close(vm);
    return NULL;
}

void kvm_vm_close(KvmVm *vm)
{
    if (!vm)
        return;
    if (vm->fd >= 0)
        close(vm->fd);
    close(vm->device);
    g_free(vm);
}

int kvm_check(const KvmVm *vm, unsigned capability)
{
    return MAX(kvm_ioctl(vm->fd, KVM_CHECK_EXTENSION, (void *)(uintptr_t)capability), 0);
}

// All that the descriptor has: KVM ends it where its numbers end.
static GBytes *read_stats(int fd)
{
    if (fd < 0)
        return NULL;
    g_autoptr(GByteArray) all = g_byte_array_new();
    guint8 piece[4096];
    for (ssize_t got; all->len < STATS_MAX && (got = read(fd, piece, sizeof piece)) > 0;)
        g_byte_array_append(all, piece, (guint)got);
    close(fd);
    return g_byte_array_free_to_bytes(g_steal_pointer(&all));
}

GBytes *kvm_stats(const KvmVm *vm)
{
    return read_stats(kvm_ioctl(vm->fd, KVM_GET_STATS_FD, NULL));
}

GBytes *kvm_vcpu_stats(KvmVcpu *vcpu)
{
    return read_stats(kvm_ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL));
}

int kvm_set_memory(KvmVm *vm, uint32_t slot, uint64_t gpa, void *host, uint64_t size)
{
    struct kvm_userspace_memory_region region = {
        .slot = slot,
        .guest_phys_addr = gpa,
        .memory_size = size,
        .userspace_addr = (uintptr_t)host,
    };
    return kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

int kvm_enable(KvmVm *vm, uint32_t capability, uint64_t argument0, uint64_t argument1)
{
    struct kvm_enable_cap cap = { .cap = capability, .args = { argument0, argument1 } };
    return kvm_ioctl(vm->fd, KVM_ENABLE_CAP, &cap);
}

static int ioeventfd(KvmVm *vm, int eventfd, uint64_t gpa, uint32_t length, bool assign, uint32_t flags)
{
    struct kvm_ioeventfd event = {
        .addr = gpa,
        .len = length,
        .fd = eventfd,
        .flags = flags | (assign ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN),
    };
    return kvm_ioctl(vm->fd, KVM_IOEVENTFD, &event);
}

int kvm_ioeventfd(KvmVm *vm, int eventfd, uint64_t gpa, uint32_t length, bool assign)
{
    return ioeventfd(vm, eventfd, gpa, length, assign, 0);
}

int kvm_ioeventfd_zero(KvmVm *vm, int eventfd, uint64_t gpa, uint32_t length, bool assign)
{
    return ioeventfd(vm, eventfd, gpa, length, assign, KVM_IOEVENTFD_FLAG_DATAMATCH);
}

int kvm_irqfd(KvmVm *vm, int eventfd, uint32_t source, bool assign)
{
    struct kvm_irqfd irq = {
        .fd = (uint32_t)eventfd,
        .gsi = source,
        .flags = assign ? 0 : KVM_IRQFD_FLAG_DEASSIGN,
    };
    return kvm_ioctl(vm->fd, KVM_IRQFD, &irq);
}

int kvm_create_device(KvmVm *vm, uint32_t type)
{
    struct kvm_create_device device = { .type = type };
    int result = kvm_ioctl(vm->fd, KVM_CREATE_DEVICE, &device);
    return result < 0 ? result : (int)device.fd;
}

int kvm_device_set(int device, uint32_t group, uint64_t attribute, uint64_t value)
{
    struct kvm_device_attr attr = { .group = group, .attr = attribute, .addr = (uintptr_t)&value };
    return kvm_ioctl(device, KVM_SET_DEVICE_ATTR, &attr);
}

int kvm_device_get(int device, uint32_t group, uint64_t attribute, uint64_t *value)
{
    struct kvm_device_attr attr = { .group = group, .attr = attribute, .addr = (uintptr_t)value };
    return kvm_ioctl(device, KVM_GET_DEVICE_ATTR, &attr);
}

void *kvm_device_map(int device, uint64_t page, uint64_t pages)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *mapping =
        mmap(NULL, pages * size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)(page * size));
    return mapping == MAP_FAILED ? NULL : mapping;
}

void kvm_device_unmap(void *mapping, uint64_t pages)
{
    munmap(mapping, pages * (size_t)sysconf(_SC_PAGESIZE));
}

static void free_part(void *part)
{
    kvm_vm_close(part);
}

const PartOps kvm_vm_part = { .kind = "VM", .free = free_part };
