// An LD_PRELOAD that gives a program another architecture's /dev/kvm on a machine that has none: the API
// version is KVM's, and the capabilities of POWER are missing, as on x86.
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int device = -1;

// Under the names that a program has it by, with 64-bit file offsets and without.
int open64(const char *path, int flags, ...);

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = va_arg(arguments, int);
    va_end(arguments);
    if (strcmp(path, "/dev/kvm") == 0)
        return device = (int)syscall(SYS_openat, AT_FDCWD, "/dev/null", flags, 0);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...) __attribute__((alias("open64")));

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (fd != device)
        return (int)syscall(SYS_ioctl, fd, request, argument);
    if (request == KVM_GET_API_VERSION)
        return KVM_API_VERSION;
    if (request == KVM_CHECK_EXTENSION)
        return 0;
    errno = EINVAL;
    return -1;
}
