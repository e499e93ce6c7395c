// Failure forms of Linux on pseries, SLOF and what comes between them; old and new wordings.
#include "form_table.h"

#define END "(?:\\+0x|$)"
// The last part of a file's path: builds differ in what is before it.
#define FILE_LINE "(?:\\S{0,200}/)?([^/\\s:]{1,80}):\\d+"
#define UNIT "(?:(\\S{1,120}\\.\\w+) - |(.{1,400}?)\\.?$)"
#define LOCKS                                                                                                \
    "(possible (?:circular locking|recursive locking|irq lock inversion)[\\w ]{0,40}? detected|"             \
    "\\w+-safe -> \\w+-unsafe lock order detected|inconsistent lock state|suspicious RCU usage|"             \
    "bad (?:unlock balance|contention) detected|held lock freed|Nested lock was not taken|"                  \
    "lock held (?:when returning to user space|at task exit time)|chain_key collision)"
#define ATOMIC                                                                                               \
    "(scheduling while atomic|scheduling in a non-blocking section|Invalid wait context|"                    \
    "sleeping function called from invalid context|assuming (?:atomic|non migratable) context|"              \
    "using \\w+(?:\\(\\))? in preemptible|(?:spinlock|rwlock) [\\w ]{1,40}?(?= on CPU)|"                     \
    "workqueue leaked [\\w, ]{1,40})"

const Pattern form_table[] = {
    { FORM_PANIC, true, "Kernel panic - not syncing: ", "(.*)", NULL },

    { FORM_OOPS, true, "BUG: Kernel NULL pointer dereference", NULL, "NULL pointer dereference" },
    { FORM_OOPS, true, "BUG: Unable to handle kernel ", "([A-Za-z ]{1,60}?)(?: (?:on|at|for)\\b| \\(| *$)",
        NULL },
    { FORM_OOPS, true, "BUG: Unable to handle unknown paging fault", NULL, "unknown paging fault" },
    { FORM_OOPS, true, "BUG: unable to handle ",
        "(?:kernel )?(page fault|paging request|NULL pointer dereference)", NULL },
    { FORM_OOPS, true, "Unable to handle kernel ", "([A-Za-z ]{1,60}?) (?:for|at|from)\\b", NULL },
    { FORM_OOPS, true, "Kernel attempted to ", "(?:read|write|execute|access) user page",
        "user page access" },
    { FORM_OOPS, true, "kernel tried to execute ", "[\\w-]{1,30} page \\(", "forbidden execution" },
    { FORM_OOPS, true, "Oops: ", "(?:(.{1,120}?), sig: \\d+|(.{1,120}?) \\[#\\d+\\])", NULL },
    { FORM_OOPS, true, "Bad kernel stack pointer ", NULL, "Bad kernel stack pointer" },
    { FORM_OOPS, true, "Kernel stack overflow in process ", NULL, "Kernel stack overflow" },
    { FORM_OOPS, true, "Unrecoverable ", "((?:\\S{1,40} ){0,3}?[Ee]xception)\\b", "Unrecoverable *" },
    { FORM_OOPS, true, "Facility '", "([\\w -]{1,20})' unavailable .{0,40}in kernel mode", "Facility *" },
    { FORM_OOPS, true, "kernel BUG at ", "(?:" FILE_LINE "|[\\w.+/]{1,200})!", "kernel BUG *" },
    { FORM_OOPS, true, "cpu 0x", "[0-9a-f]+: Vector: (?!0 |100 )[0-9a-f]+ \\(([^)]{1,40})\\)", NULL },
    { FORM_OOPS, true, "Vector: ", "(?!0 |100 )[0-9a-f]+ \\(([^)]{1,40})\\) at \\[", NULL },
    { FORM_OOPS, true, "Machine check in kernel mode.", NULL, "Machine check" },
    { FORM_OOPS, true, "Severe Machine check interrupt [Not recovered]", NULL, "Machine check" },
    { FORM_OOPS, true, "MCE: CPU", "\\d+: machine check \\((?:Severe|Fatal)\\).{0,200}\\[Not recovered\\]",
        "Machine check" },
    { FORM_OOPS, true, "Fixing recursive fault but reboot is needed!", NULL, "recursive fault" },

    { FORM_LOCKUP, true, "BUG: soft lockup - CPU#", NULL, "soft lockup" },
    { FORM_LOCKUP, true, "CPU ", "\\d+ (?:self-detected hard|detected hard|Hard) LOCKUP\\b", "hard lockup" },
    { FORM_LOCKUP, true, "CPU", "\\d+: Watchdog detected hard LOCKUP\\b", "hard lockup" },
    { FORM_LOCKUP, true, "Watchdog CPU:", "\\d+ (?:detected )?Hard LOCKUP\\b", "hard lockup" },
    { FORM_LOCKUP, true, "Watchdog detected hard LOCKUP on cpu", NULL, "hard lockup" },
    { FORM_LOCKUP, true, "BUG: workqueue lockup", NULL, "workqueue lockup" },

    { FORM_WARNING, false, "WARNING: CPU: ",
        "\\d+ PID: \\d+ at (?:" FILE_LINE "(?: +|$))?(?:0x[0-9a-f]+|([\\w.]{0,120}))", NULL },
    { FORM_WARNING, false, "WARNING: at ", FILE_LINE "(?: ([\\w.]{1,120}))?", NULL },
    { FORM_WARNING, false,
        "WARNING: ", "(?:" FILE_LINE "|0x[0-9a-f]+) at (?:([\\w.]{1,120})\\+0x|0x[0-9a-f]{9,})", NULL },
    { FORM_LOCKING, false, "WARNING: ", LOCKS, NULL },
    { FORM_LOCKING, false, "WARNING: ", ".{1,20}/\\d+ still has locks held!", "locks still held" },
    { FORM_LOCKING, false, "INFO: ", LOCKS, NULL },
    { FORM_LOCKING, false, "INFO: trying to register non-static key", NULL, "non-static key" },
    { FORM_LOCKING, false, "BUG: ", LOCKS, NULL },
    { FORM_LOCKING, false, "BUG: ", ATOMIC, NULL },

    { FORM_RCU, false, "INFO: rcu", "(\\w{0,40}) detected expedited stall", "rcu* expedited stall" },
    { FORM_RCU, false, "INFO: rcu", "(\\w{0,40}) (?:self-)?detected stalls?(?!\\?)\\b", "rcu* stall" },
    { FORM_RCU, false, "rcu_", "(\\w{1,40}) kthread starved for", "rcu_* kthread starved" },
    { FORM_RCU, false, "rcu_", "(\\w{1,40}) kthread timer wakeup didn't happen", "rcu_* kthread not woken" },

    { FORM_HUNG, false, "INFO: task ",
        "(?:(kworker)/|(.{1,40}?):\\d+ ).{0,40}?(?:blocked (?:in I/O wait )?for more than|can't die)", NULL },

    { FORM_CHECKER, false, "BUG: KASAN: ", "(.{1,120}?)" END, "KASAN *" },
    { FORM_CHECKER, false, "BUG: KCSAN: ", "(.{1,120}?)" END, "KCSAN *" },
    { FORM_CHECKER, false, "BUG: KMSAN: ", "(.{1,120}?)" END, "KMSAN *" },
    { FORM_CHECKER, false, "BUG: KFENCE: ", "(.{1,120}?)" END, "KFENCE *" },
    { FORM_CHECKER, false, "UBSAN: ", "(.{1,60}?) in " FILE_LINE, "UBSAN * in *" },

    { FORM_MEMORY, false, "BUG: Bad page ", "(state|map|cache)\\b(?!:)", "Bad page *" },
    { FORM_MEMORY, false, "BUG: Bad rss-counter state", NULL, "Bad rss-counter state" },
    { FORM_MEMORY, false, "BUG: non-zero pgtables_bytes on freeing mm", NULL, "page tables left" },
    { FORM_MEMORY, false, "BUG ", "([\\w-]{1,60}) \\((?:Not t|T)ainted[^)]{0,200}\\): (.{1,120})",
        "slab *: *" },
    { FORM_MEMORY, false, "BUG kmalloc-", "(\\S{1,40})", "slab kmalloc-*" },
    { FORM_MEMORY, false, "kmemleak: ", "\\d+ new suspected memory leaks", "leak" },
    { FORM_MEMORY, false, "Out of memory: Kill", NULL, "out of memory" },
    { FORM_MEMORY, false, "Memory cgroup out of memory: Kill", NULL, "out of memory" },
    { FORM_MEMORY, false, "oom-kill:", NULL, "out of memory" },

    { FORM_SERVICE, false, "[FAILED] Failed to start ", UNIT, NULL },
    { FORM_SERVICE, false, "[DEPEND] Dependency failed for ", UNIT, NULL },
    { FORM_SERVICE, false, "[ TIME ] Timed out waiting for ", UNIT, NULL },

    { FORM_FIRMWARE, true, "( ", "[0-9a-f]+ \\) ([\\w-]+(?: [\\w-]+){0,3}) +Exception \\[", NULL },
    { FORM_FIRMWARE, true, "Exception [ ", "-?[0-9a-f]+ \\] triggered by boot firmware", "Exception" },
    { FORM_FIRMWARE, true, " Exception [ ", "-?[0-9a-f]+ \\] triggered by boot firmware", "Exception" },
    { FORM_FIRMWARE, true, " exception ", "[0-9a-f]+ ?$", "early exception" },
    { FORM_FIRMWARE, true, "ERROR: ",
        "(Flatten device tree not available!|Not enough memory for Open Firmware|"
        "Assertion .{1,200} failed!|stack overflow in engine)",
        NULL },
    { FORM_FIRMWARE, true, "Cannot find romfs file", NULL, "Cannot find romfs file" },
    { FORM_FIRMWARE, true, "claim failed!", NULL, "claim failed!" },
    { FORM_FIRMWARE, true, "E1001 - Boot ROM CRC failure", NULL, "E1001" },
    { FORM_FIRMWARE, true, "E1004 - Unspecified Internal Firmware Error", NULL, "E1004" },

    { FORM_PROMPT, true, "Entering emergency mode. Exit the shell", NULL, "emergency mode" },
    { FORM_PROMPT, true, "Generating \"/run/initramfs/rdsosreport.txt\"", NULL, "emergency mode" },
    { FORM_PROMPT, true, "dracut: FATAL: ", "(.{1,120})", "dracut: *" },
    { FORM_PROMPT, true, "dracut: Refusing to continue", NULL, "dracut: Refusing to continue" },
    { FORM_PROMPT, true, "You are in ", "((?:emergency|rescue) mode)", NULL },
    { FORM_PROMPT, true, "Give root password for maintenance", NULL, "maintenance" },
    { FORM_PROMPT, true, "Press Enter for maintenance", NULL, "maintenance" },
    { FORM_PROMPT, true, "Cannot open access to console, the root account is locked", NULL,
        "root is locked" },
    { FORM_PROMPT, true, "ALERT! ", ".{1,400} does not exist\\. +Dropping to a shell!",
        "Dropping to a shell!" },
    { FORM_PROMPT, true, "Entering rescue mode...", NULL, "Entering rescue mode" },
};

const unsigned form_table_length = G_N_ELEMENTS(form_table);
