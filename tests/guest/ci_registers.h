// Fields of a virtio function by the hypercalls, each by its own width: here the byte order has a meaning.
#pragma once
#include "virtio_pci.h"

#define CI_REGISTERS_LINES 6 // of TAP

void ci_registers(const char *mode, const VirtioPci *virtio);
