// First program of a big-endian guest, for whose byte order Debian has no userspace: it needs no C library.
// It says what guest-init.sh says, does lab.job of the kernel's command line and powers off. Freestanding.
//   answer    (by default) the nonce on /dev/vda; places in MiB by NONCE_AT and ANSWER_AT
//   watchdog  starts /dev/watchdog, keeps it alive for a while, and then no more

typedef unsigned long Word;

enum {
    SYS_READ = 3,
    SYS_WRITE = 4,
    SYS_OPEN = 5,
    SYS_MKDIR = 39,
    SYS_REBOOT = 88,
    SYS_MOUNT = 21,
    SYS_IOCTL = 54,
    SYS_FSYNC = 118,
    SYS_UNAME = 122,
    SYS_NANOSLEEP = 162,
    SYS_PREAD = 179,
    SYS_PWRITE = 180,
    SYS_SCHED_GETAFFINITY = 223,
};

#define MIB (1UL << 20)
#define RDWR 2
#define NAME_SIZE 65 // of a field of struct utsname
#define POWER_OFF 0x4321fedcUL
#define WDIOC_KEEPALIVE 0x40045705UL // powerpc's _IOR('W', 5, int) and _IOWR('W', 6, int)
#define WDIOC_SETTIMEOUT 0xc0045706UL
#define TIMEOUT 2 // seconds

static char block[MIB];

static long call(long number, Word a, Word b, Word c, Word d, Word e)
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

static Word length(const char *text)
{
    Word count = 0;

    while (text[count] != '\0') {
        count++;
    }
    return count;
}

static void say(const char *text)
{
    (void)call(SYS_WRITE, 1, (Word)text, length(text), 0, 0);
}

static void say_number(Word number)
{
    char digits[24];
    Word at = sizeof digits - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    say(digits + at);
}

static Word processors(void)
{
    static Word set[16];
    Word count = 0;

    (void)call(SYS_SCHED_GETAFFINITY, 0, sizeof set, (Word)set, 0, 0);
    for (Word at = 0; at < 16; at++) {
        count += (Word)__builtin_popcountl(set[at]);
    }
    return count;
}

// Less than a second.
static void sleep_for(long milliseconds)
{
    long pause[2] = { 0, milliseconds * 1000000 };

    (void)call(SYS_NANOSLEEP, (Word)pause, 0, 0, 0, 0);
}

// One read gives a page at most, less than the block.
static void read_file(const char *path)
{
    long file = call(SYS_OPEN, (Word)path, 0, 0, 0, 0), count;
    Word at = 0;

    for (; (count = call(SYS_READ, (Word)file, (Word)(block + at), 4096, 0, 0)) > 0; at += (Word)count)
        ;
    block[at] = '\0';
}

static int is_asked(const char *word)
{
    read_file("/proc/cmdline");
    for (const char *start = block; *start != '\0'; start++) {
        Word same = 0;

        while (word[same] != '\0' && word[same] == start[same]) {
            same++;
        }
        if (word[same] == '\0') {
            return 1;
        }
    }
    return 0;
}

// The value of the first line of /proc/cpuinfo, which is in block, that starts with key.
static void say_value(const char *key)
{
    for (const char *line = block; *line != '\0';) {
        Word same = 0;

        while (key[same] != '\0' && key[same] == line[same]) {
            same++;
        }
        const char *end = line;
        while (*end != '\n' && *end != '\0') {
            end++;
        }
        if (key[same] == '\0') {
            while (line < end && *line != ':') {
                line++;
            }
            (void)call(SYS_WRITE, 1, (Word)(line + 2), (Word)(end - line - 2), 0, 0);
            return;
        }
        line = *end == '\n' ? end + 1 : end;
    }
}

static void say_cpu(void)
{
    read_file("/proc/cpuinfo");
    say("guest: cpu ");
    say_value("cpu\t");
    say(", MMU ");
    say_value("MMU");
    say("\n");
}

static long open_disk(void)
{
    long file = -1;

    for (int tries = 0; file < 0 && tries < 100; tries++) {
        file = call(SYS_OPEN, (Word) "/dev/vda", RDWR, 0, 0, 0);
        if (file < 0) {
            sleep_for(100);
        }
    }
    return file;
}

static void answer(void)
{
    static const char words[] = "guest answers ";
    long disk = open_disk();

    // The nonce is the 32 digits at the start of its block.
    if (call(SYS_PREAD, (Word)disk, (Word)(block + sizeof words - 1), 32, NONCE_AT * MIB, 0) != 32) {
        say("guest: read failed\n");
        return;
    }
    for (Word at = 0; at < sizeof words - 1; at++) {
        block[at] = words[at];
    }
    block[sizeof words - 1 + 32] = '\n';
    block[sizeof words + 32] = '\0';
    long written = call(SYS_PWRITE, (Word)disk, (Word)block, MIB, ANSWER_AT * MIB, 0);
    if (written != (long)MIB || call(SYS_FSYNC, (Word)disk, 0, 0, 0, 0) != 0) {
        say("guest: write failed\n");
        return;
    }
    say(block);
}

// Three times as long as the watchdog waits it is kept alive; then the machine is to be reset.
static void neglect(void)
{
    long file = call(SYS_OPEN, (Word) "/dev/watchdog", RDWR, 0, 0, 0);
    int timeout = TIMEOUT;

    if (file < 0 || call(SYS_IOCTL, (Word)file, WDIOC_SETTIMEOUT, (Word)&timeout, 0, 0) != 0) {
        say("guest: no watchdog\n");
        return;
    }
    say("guest: the watchdog waits ");
    say_number((Word)timeout);
    say(" s\n");
    for (int i = 0; i < 3 * 2 * TIMEOUT; i++) {
        sleep_for(500);
        (void)call(SYS_IOCTL, (Word)file, WDIOC_KEEPALIVE, 0, 0, 0);
    }
    say("guest: neglects the watchdog\n");
    for (int i = 0; i < 10 * 2 * TIMEOUT; i++) {
        sleep_for(500);
    }
    say("guest: nothing happened\n");
}

__attribute__((used)) static void first(void)
{
    static char names[6 * NAME_SIZE];
    int watchdog;

    (void)call(SYS_MKDIR, (Word) "/proc", 0755, 0, 0, 0);
    (void)call(SYS_MOUNT, (Word) "proc", (Word) "/proc", (Word) "proc", 0, 0);
    (void)call(SYS_MOUNT, (Word) "dev", (Word) "/dev", (Word) "devtmpfs", 0, 0);
    (void)call(SYS_UNAME, (Word)names, 0, 0, 0, 0);
    watchdog = is_asked("lab.job=watchdog");
    say("guest: userspace is up, job ");
    say(watchdog ? "watchdog, " : "answer, ");
    say_number(processors());
    say(" cpus, ");
    say(names + 2 * NAME_SIZE);
    say(" ");
    say(names + 4 * NAME_SIZE);
    say("\n");
    say_cpu();
    if (watchdog) {
        neglect();
    } else {
        answer();
    }
    say("guest: powering off\n");
    (void)call(SYS_REBOOT, 0xfee1dead, 0x28121969, POWER_OFF, 0, 0);
    for (;;) {
    }
}

// The kernel enters with r12 at the entry, as the ABI has it for a call from outside.
__asm__(".globl _start\n_start:\n"
        "0: addis 2,12,.TOC.-0b@ha\n  addi 2,2,.TOC.-0b@l\n  b first\n");
