// System calls of a program without a C library. Each gives what the kernel gives: an error is -errno.
#pragma once
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned long Word;

#define call(number, ...) CALL_FILLED(number, __VA_ARGS__, 0, 0, 0, 0, 0)
#define CALL_FILLED(number, a, b, c, d, e, ...)                                                              \
    call_five(number, (Word)(a), (Word)(b), (Word)(c), (Word)(d), (Word)(e))

#ifdef __powerpc64__
static inline long call_five(long number, Word a, Word b, Word c, Word d, Word e)
{
    register long r0 __asm__("r0") = number;
    register Word r3 __asm__("r3") = a;
    register Word r4 __asm__("r4") = b;
    register Word r5 __asm__("r5") = c;
    register Word r6 __asm__("r6") = d;
    register Word r7 __asm__("r7") = e;
    // The summary overflow bit tells an error, whose number is in r3.
    __asm__ volatile("sc\n\tbns+ 1f\n\tneg 3,3\n1:"
                     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
                     :
                     : "memory", "cr0", "ctr", "xer", "r8", "r9", "r10", "r11", "r12");
    return (long)r3;
}
#else // a test's, on the machine that builds
static inline long call_five(long number, Word a, Word b, Word c, Word d, Word e)
{
    register Word r10 __asm__("r10") = d;
    register Word r8 __asm__("r8") = e;
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "memory", "rcx", "r11");
    return result;
}
#endif

static inline int sys_open(const char *path, int flags)
{
    return (int)call(__NR_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

static inline void sys_close(int file)
{
    (void)call(__NR_close, file);
}

static inline long sys_read(int file, void *to, Word length)
{
    return call(__NR_read, file, to, length);
}

static inline long sys_write(int file, const void *from, Word length)
{
    return call(__NR_write, file, from, length);
}

static inline int sys_mkdir(const char *path)
{
    return (int)call(__NR_mkdirat, AT_FDCWD, path, 0755);
}

static inline int sys_mount(const char *what, const char *where)
{
    return (int)call(__NR_mount, what, where, what, 0, 0);
}

// `flags`: AT_SYMLINK_NOFOLLOW, or 0.
static inline int sys_stat(const char *path, struct stat *stat, int flags)
{
    return (int)call(__NR_newfstatat, AT_FDCWD, path, stat, flags);
}

static inline bool sys_exists(const char *path)
{
    struct stat stat;
    return sys_stat(path, &stat, 0) == 0;
}

static inline uint64_t sys_nanoseconds(void)
{
    long now[2] = { 0, 0 };
    (void)call(__NR_clock_gettime, 1, now); // CLOCK_MONOTONIC
    return (uint64_t)now[0] * 1000000000u + (uint64_t)now[1];
}

static inline void sys_sleep(long milliseconds)
{
    long pause[2] = { 0, milliseconds * 1000000 };
    (void)call(__NR_nanosleep, pause, 0);
}
