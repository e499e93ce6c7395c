// What kvm.c and its POWER part share.
#pragma once
#include "lparun/kvm.h"
#include <errno.h>
#include <sys/ioctl.h>

struct KvmVm {
    int device; // /dev/kvm
    int fd;
    int run_size; // bytes of a vCPU's kvm_run mapping
};

struct KvmVcpu {
    int fd;
    int run_size;
    struct kvm_run *run;
};

// ioctl() with the result as lparun has it: >= 0 or -errno.
static inline int kvm_ioctl(int fd, unsigned long request, void *argument)
{
    int result = ioctl(fd, request, argument);
    return result < 0 ? -errno : result;
}
