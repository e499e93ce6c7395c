// The first program of a guest that runs a command for lparun-ci exec. It has no C library, so that it is the
// same for either byte order; what it is told is in the initrd, and all that comes of it goes to a disk
// (frame.h).
#include "bytes.h"
#include "calls.h"
#include "collect.h"
#include "command.h"
#include "order.h"
#include "say.h"
#include "stream.h"
#include "system.h"

static void send_start(void)
{
    static char names[6 * 65]; // struct utsname: fields of 65 bytes, the third and fourth are wanted
    char *bytes = stream_bytes();
    (void)call(__NR_uname, names);
    size_t release = text_length(names + 2 * 65) + 1, version = text_length(names + 3 * 65) + 1;
    memcpy(bytes, names + 2 * 65, release);
    memcpy(bytes + release, names + 3 * 65, version);
    (void)stream_send(FRAME_START, release + version);
}

static void send_end(const CommandEnd *end)
{
    put32(stream_bytes(), end->killed);
    put32(stream_bytes() + 4, end->value);
    put64(stream_bytes() + 8, end->lost);
    (void)stream_send(FRAME_END, 16);
}

__attribute__((used)) _Noreturn void first(void)
{
    Order order;
    (void)sys_mkdir("/dev");
    say_open();
    order_read(&order);
    system_mount();
    system_load_modules();
    system_find_disk();
    send_start();
    CommandEnd end = command_run(&order);
    collect_all();
    send_end(&end);
    power_off();
}

#ifdef __powerpc64__
// The kernel enters with r12 at the entry, as the ABI has it for a call from outside.
__asm__(".globl _start\n_start:\n"
        "0: addis 2,12,.TOC.-0b@ha\n  addi 2,2,.TOC.-0b@l\n  b first\n");
#else
__asm__(".globl _start\n_start:\n  and $-16,%rsp\n  call first\n");
#endif
