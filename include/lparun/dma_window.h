// The PCI host bridge's default DMA window (LoPAR 14.5.4.2, "Translation Control Entry Access"): 256 MiB at
// bus address 0, in pages of 4 KiB.
#pragma once
#include "lparun/part.h"
#include "lparun/kvm.h"
#include "lparun/tree.h"

typedef struct DmaWindow DmaWindow;

// KVM then serves H_PUT_TCE and H_GET_TCE for it. NULL and `error` when the host refuses the table. Only
// while the machine is built.
DmaWindow *dma_window_new(KvmVm *vm, GError **error);
void dma_window_free(DmaWindow *window);
extern const PartOps dma_window_part;
// Its properties, inside the bridge's node.
void dma_window_describe(const DmaWindow *window, Tree *tree);
