// The bridge's default DMA window: a table of TCEs that lives in the kernel.
//
// lparun's devices offer no VIRTIO_F_ACCESS_PLATFORM, so nothing is ever translated; but Linux wants a window
// on every PHB, and clears it at boot, 2 MiB in a hypercall. With the table in the kernel that costs no exit
// to userspace; and the window is no larger than it need be.
#include "lparun/dma_window.h"
#include "lparun/error.h"
#include "lparun/papr.h"
#include <unistd.h>

#define LIOBN 0x80000000 // QEMU's number for PHB 0's first window
#define PAGE_SHIFT 12
#define WINDOW_SIZE 0x10000000ULL

struct DmaWindow {
    int fd; // the table lives as long as it is open
};

DmaWindow *dma_window_new(KvmVm *vm, GError **error)
{
    int fd = kvm_create_tce_table(vm, LIOBN, PAGE_SHIFT, WINDOW_SIZE >> PAGE_SHIFT);
    if (fd < 0) {
        error_host(error,
            "KVM_CREATE_SPAPR_TCE_64: %s; if it is about memory, raise the limit of locked memory by 1 MiB "
            "(ulimit -l)",
            g_strerror(-fd));
        return NULL;
    }
    DmaWindow *window = g_new0(DmaWindow, 1);
    window->fd = fd;
    return window;
}

void dma_window_free(DmaWindow *window)
{
    if (!window)
        return;
    close(window->fd);
    g_free(window);
}

void dma_window_describe(const DmaWindow *window, Tree *tree)
{
    tree_u32(tree, "ibm,#dma-address-cells", 2);
    tree_u32(tree, "ibm,#dma-size-cells", 2);
    tree_cells(tree, "ibm,dma-window", LIOBN, 0, 0, (uint32_t)(WINDOW_SIZE >> 32), (uint32_t)WINDOW_SIZE);
}

static void free_part(void *part)
{
    dma_window_free(part);
}

const PartOps dma_window_part = { .kind = "DMA window", .free = free_part };
