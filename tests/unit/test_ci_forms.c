// Failure forms: each in old and new wordings, with its class and subject; and what only looks like one.
#include "ci_boot_log.h"
#include "firmware.h"
#include "forms.h"
#include "lines.h"
#include "prefix.h"
#include <string.h>

typedef struct Positive {
    const char *line;
    FormClass class;
    bool at_once;
    const char *subject;
} Positive;

static const Positive positives[] = {
    { "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)", FORM_PANIC, true,
        "VFS: Unable to mount root fs on unknown-block(0,0)" },
    { "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009", FORM_PANIC, true,
        "Attempted to kill init! exitcode=0x00000009" },
    { "Kernel panic - not syncing: softlockup: hung tasks", FORM_PANIC, true, "softlockup: hung tasks" },
    { "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: do_it+0x3a4/0x3b0 [bad]",
        FORM_PANIC, true, "stack-protector: Kernel stack is corrupted in: do_it" },
    { "Kernel panic - not syncing: tracer hit stop condition on CPU 3", FORM_PANIC, true,
        "tracer hit stop condition on CPU N" },
    { "Kernel panic - not syncing: hit at c000000000123456 by pid 77", FORM_PANIC, true,
        "hit at ADDRESS by pid N" },
    { "Kernel panic - not syncing: No working init found.  Try passing init= option to kernel.", FORM_PANIC,
        true, "No working init found.  Try passing init= option to kernel." },
    { "debian login: [  100.123456] Kernel panic - not syncing: sysrq", FORM_PANIC, true, "sysrq" },
    { "debian login: Kernel panic - not syncing: sysrq", FORM_PANIC, true, "sysrq" },
    { "[    1.000000] BUG: KASAN: use-af[    2.000000] Kernel panic - not syncing: sysrq", FORM_PANIC, true,
        "sysrq" },
    { "#1 SMP Debian 6.[    0.724317] Kernel panic - not syncing: sysrq", FORM_PANIC, true, "sysrq" },
    { "# [  100.123456][    C3] Kernel panic - not syncing: sysrq", FORM_PANIC, true, "sysrq" },

    { "BUG: Kernel NULL pointer dereference on read at 0x00000000", FORM_OOPS, true,
        "NULL pointer dereference" },
    { "BUG: Kernel NULL pointer dereference at 0x00000010", FORM_OOPS, true, "NULL pointer dereference" },
    { "BUG: Unable to handle kernel data access on write at 0xc00a000000000000", FORM_OOPS, true,
        "data access" },
    { "BUG: Unable to handle kernel data access at 0x10", FORM_OOPS, true, "data access" },
    { "BUG: Unable to handle kernel instruction fetch (NULL pointer?)", FORM_OOPS, true,
        "instruction fetch" },
    { "BUG: Unable to handle kernel instruction fetch", FORM_OOPS, true, "instruction fetch" },
    { "BUG: Unable to handle kernel unaligned access at 0xc000000000123457", FORM_OOPS, true,
        "unaligned access" },
    { "BUG: Unable to handle unknown paging fault at 0x00000000", FORM_OOPS, true, "unknown paging fault" },
    { "Unable to handle kernel paging request for data at address 0xdeadbeef", FORM_OOPS, true,
        "paging request" },
    { "Unable to handle kernel paging request for instruction fetch", FORM_OOPS, true, "paging request" },
    { "Kernel attempted to read user page (0) - exploit attempt? (uid: 0)", FORM_OOPS, true,
        "user page access" },
    { "kernel tried to execute exec-protected page (c008000000b80000) - exploit attempt? (uid: 0)", FORM_OOPS,
        true, "forbidden execution" },
    { "kernel tried to execute user page (7fff9c7d0000) - exploit attempt? (uid: 0)", FORM_OOPS, true,
        "forbidden execution" },
    { "Oops: Kernel access of bad area, sig: 11 [#1]", FORM_OOPS, true, "Kernel access of bad area" },
    { "Oops: Exception in kernel mode, sig: 5 [#2]", FORM_OOPS, true, "Exception in kernel mode" },
    { "Bad kernel stack pointer 7fffd2ba6a40 at c00000000000c9a4", FORM_OOPS, true,
        "Bad kernel stack pointer" },
    { "Unrecoverable exception 4100 at c0000000000123 (msr=1000)", FORM_OOPS, true,
        "Unrecoverable exception" },
    { "Unrecoverable FP Unavailable Exception 800 at c000000000012345", FORM_OOPS, true,
        "Unrecoverable FP Unavailable Exception" },
    { "Facility 'DSCR' unavailable (2) exception in kernel mode at c000000000012345", FORM_OOPS, true,
        "Facility DSCR" },
    { "Kernel stack overflow in process init[1], r1=c00000000007c000", FORM_OOPS, true,
        "Kernel stack overflow" },
    { "kernel BUG at /build/linux-6.1/mm/slub.c:4567!", FORM_OOPS, true, "kernel BUG slub.c" },
    { "kernel BUG at slub.c:4!", FORM_OOPS, true, "kernel BUG slub.c" },
    { "cpu 0x1: Vector: 300 (Data Access) at [c00000003fff7b00]", FORM_OOPS, true, "Data Access" },
    { "Vector: 700 (Program Check) at [c00000003fff7b00]", FORM_OOPS, true, "Program Check" },
    { "MCE: CPU0: machine check (Severe)  Host SLB Load/Store DAR: 00007fff [Not recovered]", FORM_OOPS, true,
        "Machine check" },
    { "Severe Machine check interrupt [Not recovered]", FORM_OOPS, true, "Machine check" },
    { "Machine check in kernel mode.", FORM_OOPS, true, "Machine check" },
    { "Fixing recursive fault but reboot is needed!", FORM_OOPS, true, "recursive fault" },

    { "watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [insmod:77]", FORM_LOCKUP, true, "soft lockup" },
    { "NMI watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [insmod:77]", FORM_LOCKUP, true, "soft lockup" },
    { "BUG: soft lockup - CPU#3 stuck for 67s! [insmod:77]", FORM_LOCKUP, true, "soft lockup" },
    { "watchdog: CPU 1 self-detected hard LOCKUP @ spin+0x10/0x20", FORM_LOCKUP, true, "hard lockup" },
    { "watchdog: CPU 1 detected hard LOCKUP on other CPUs 0,2-3", FORM_LOCKUP, true, "hard lockup" },
    { "watchdog: CPU 0 Hard LOCKUP", FORM_LOCKUP, true, "hard lockup" },
    { "Watchdog CPU:0 Hard LOCKUP", FORM_LOCKUP, true, "hard lockup" },
    { "Watchdog CPU:0 detected Hard LOCKUP other CPUS:1", FORM_LOCKUP, true, "hard lockup" },
    { "watchdog: Watchdog detected hard LOCKUP on cpu 5", FORM_LOCKUP, true, "hard lockup" },
    { "watchdog: CPU5: Watchdog detected hard LOCKUP on cpu 5", FORM_LOCKUP, true, "hard lockup" },
    { "BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!", FORM_LOCKUP, true,
        "workqueue lockup" },

    { "WARNING: CPU: 0 PID: 1 at kernel/a.c:7 do_it+0x1/0x2", FORM_WARNING, false, "do_it" },
    { "WARNING: CPU: 0 PID: 1 at kernel/a.c:7 .do_it.isra.0+0x1/0x2 [mod]", FORM_WARNING, false, "do_it" },
    { "WARNING: CPU: 3 PID: 1 at do_it+0x1/0x2", FORM_WARNING, false, "do_it" },
    { "WARNING: CPU: 3 PID: 1 at /build/kernel/a.c:7 0xc000000000123456", FORM_WARNING, false, "a.c" },
    { "WARNING: at kernel/a.c:7", FORM_WARNING, false, "a.c" },
    { "WARNING: kernel/a.c:7 at do_it+0x1/0x2, CPU#1: insmod/77", FORM_WARNING, false, "do_it" },
    { "WARNING: 0x0 at do_it+0x1/0x2, CPU#1: insmod/77", FORM_WARNING, false, "do_it" },
    { "[    1.000000] BUG: mempool element poison mismatch", FORM_WARNING, false,
        "BUG: mempool element poison mismatch" },

    { "rcu: INFO: rcu_sched self-detected stall on CPU", FORM_RCU, false, "rcu_sched stall" },
    { "INFO: rcu_sched detected stalls on CPUs/tasks:", FORM_RCU, false, "rcu_sched stall" },
    { "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: {", FORM_RCU, false,
        "rcu_preempt expedited stall" },
    { "INFO: rcu_tasks detected stalls on tasks:", FORM_RCU, false, "rcu_tasks stall" },
    { "rcu: rcu_sched kthread starved for 5000 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5)", FORM_RCU, false,
        "rcu_sched kthread starved" },

    { "INFO: task mount:77 blocked for more than 120 seconds.", FORM_HUNG, false, "mount" },
    { "INFO: task a b:c:77 blocked in I/O wait for more than 120 seconds.", FORM_HUNG, false, "a b:c" },
    { "INFO: task kworker/u8:2:77 blocked for more than 120 seconds.", FORM_HUNG, false, "kworker" },
    { "INFO: task mount:77 can't die for more than 143 seconds.", FORM_HUNG, false, "mount" },

    { "BUG: KASAN: slab-out-of-bounds in do_it.part.0+0x10/0x20", FORM_CHECKER, false,
        "KASAN slab-out-of-bounds in do_it" },
    { "BUG: KASAN: use-after-free in do_it+0x10/0x20 at addr c000000012345678", FORM_CHECKER, false,
        "KASAN use-after-free in do_it" },
    { "BUG: KCSAN: data-race in one / two", FORM_CHECKER, false, "KCSAN data-race in one / two" },
    { "BUG: KMSAN: uninit-value in do_it+0x10/0x20", FORM_CHECKER, false, "KMSAN uninit-value in do_it" },
    { "BUG: KFENCE: out-of-bounds read in do_it+0x10/0x20", FORM_CHECKER, false,
        "KFENCE out-of-bounds read in do_it" },
    { "UBSAN: shift-out-of-bounds in ../lib/a.c:12:3", FORM_CHECKER, false,
        "UBSAN shift-out-of-bounds in a.c" },
    { "UBSAN: Undefined behaviour in /build/lib/a.c:12:3", FORM_CHECKER, false,
        "UBSAN Undefined behaviour in a.c" },

    { "WARNING: possible circular locking dependency detected", FORM_LOCKING, false,
        "possible circular locking dependency detected" },
    { "[ INFO: possible circular locking dependency detected ]", FORM_LOCKING, false,
        "possible circular locking dependency detected" },
    { "WARNING: possible recursive locking detected", FORM_LOCKING, false,
        "possible recursive locking detected" },
    { "WARNING: possible irq lock inversion dependency detected", FORM_LOCKING, false,
        "possible irq lock inversion dependency detected" },
    { "WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected", FORM_LOCKING, false,
        "SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected" },
    { "WARNING: inconsistent lock state", FORM_LOCKING, false, "inconsistent lock state" },
    { "[ INFO: suspicious RCU usage. ]", FORM_LOCKING, false, "suspicious RCU usage" },
    { "WARNING: suspicious RCU usage", FORM_LOCKING, false, "suspicious RCU usage" },
    { "WARNING: bad unlock balance detected!", FORM_LOCKING, false, "bad unlock balance detected" },
    { "[ BUG: bad unlock balance detected! ]", FORM_LOCKING, false, "bad unlock balance detected" },
    { "WARNING: held lock freed!", FORM_LOCKING, false, "held lock freed" },
    { "WARNING: insmod/77 still has locks held!", FORM_LOCKING, false, "locks still held" },
    { "INFO: trying to register non-static key.", FORM_LOCKING, false, "non-static key" },
    { "[ BUG: Invalid wait context ]", FORM_LOCKING, false, "Invalid wait context" },
    { "BUG: scheduling while atomic: insmod/77/0x00000002", FORM_LOCKING, false, "scheduling while atomic" },
    { "BUG: sleeping function called from invalid context at mm/a.c:12", FORM_LOCKING, false,
        "sleeping function called from invalid context" },
    { "BUG: using smp_processor_id() in preemptible [00000000] code: init/1", FORM_LOCKING, false,
        "using smp_processor_id() in preemptible" },
    { "BUG: spinlock bad magic on CPU#0, insmod/77", FORM_LOCKING, false, "spinlock bad magic" },

    { "BUG: Bad page state in process init  pfn:12345", FORM_MEMORY, false, "Bad page state" },
    { "BUG: Bad page map in process init  pte:80 pmd:00", FORM_MEMORY, false, "Bad page map" },
    { "BUG: Bad rss-counter state mm:c0000000 type:MM_FILEPAGES val:1", FORM_MEMORY, false,
        "Bad rss-counter state" },
    { "BUG kmalloc-64 (Not tainted): Poison overwritten", FORM_MEMORY, false,
        "slab kmalloc-64: Poison overwritten" },
    { "BUG dentry (Tainted: G    B   W         ): Object already free", FORM_MEMORY, false,
        "slab dentry: Object already free" },
    { "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)", FORM_MEMORY, false, "leak" },
    { "Out of memory: Killed process 77 (a) total-vm:1kB", FORM_MEMORY, false, "out of memory" },
    { "Out of memory: Kill process 77 (a) score 9 or sacrifice child", FORM_MEMORY, false, "out of memory" },
    { "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null)", FORM_MEMORY, false, "out of memory" },
    { "[    9.000000] init invoked oom-killer: gfp_mask=0xcc0, order=0", FORM_MEMORY, false,
        "out of memory" },

    { "[FAILED] Failed to start a.service - The A.", FORM_SERVICE, false, "a.service" },
    { "[FAILED] Failed to start The A.", FORM_SERVICE, false, "The A" },
    { "[DEPEND] Dependency failed for local-fs.target - Local File Systems.", FORM_SERVICE, false,
        "local-fs.target" },
    { "[ TIME ] Timed out waiting for device /dev/disk/by-label/x.", FORM_SERVICE, false,
        "device /dev/disk/by-label/x" },

    { "( 700 ) Program Exception [ 1234 ]", FORM_FIRMWARE, true, "Program" },
    { "( 300 ) Data Storage Exception [ 0 ]", FORM_FIRMWARE, true, "Data Storage" },
    { " Exception [ -e ] triggered by boot firmware.", FORM_FIRMWARE, true, "Exception" },
    { "C08E0C08E8( 700 ) Program Exception [ 1234 ]", FORM_FIRMWARE, true, "Program" },
    { "C08B0claim failed!", FORM_FIRMWARE, true, "claim failed!" },
    { " exception 700 ", FORM_FIRMWARE, true, "early exception" },
    { "ERROR: Flatten device tree not available!", FORM_FIRMWARE, true,
        "Flatten device tree not available!" },
    { "ERROR: Not enough memory for Open Firmware", FORM_FIRMWARE, true,
        "Not enough memory for Open Firmware" },
    { "ERROR: Assertion 'rc < cfgsize' failed!", FORM_FIRMWARE, true, "Assertion 'rc < cfgsize' failed!" },
    { "Cannot find romfs file xvect", FORM_FIRMWARE, true, "Cannot find romfs file" },
    { "claim failed!", FORM_FIRMWARE, true, "claim failed!" },

    { "Entering emergency mode. Exit the shell to continue.", FORM_PROMPT, true, "emergency mode" },
    { "Generating \"/run/initramfs/rdsosreport.txt\"", FORM_PROMPT, true, "emergency mode" },
    { "[    3.000000] dracut: FATAL: No or empty root= argument", FORM_PROMPT, true,
        "dracut: No or empty root= argument" },
    { "dracut: Refusing to continue", FORM_PROMPT, true, "dracut: Refusing to continue" },
    { "You are in emergency mode. After logging in, type", FORM_PROMPT, true, "emergency mode" },
    { "Give root password for maintenance", FORM_PROMPT, true, "maintenance" },
    { "Cannot open access to console, the root account is locked.", FORM_PROMPT, true, "root is locked" },
    { "ALERT!  UUID=1-2 does not exist.  Dropping to a shell!", FORM_PROMPT, true, "Dropping to a shell!" },
    { "ALERT! /dev/vda1 does not exist. Dropping to a shell!", FORM_PROMPT, true, "Dropping to a shell!" },
    { "Entering rescue mode...", FORM_PROMPT, true, "Entering rescue mode" },
    { "(initramfs) [    5.123456] random: crng init done", FORM_PROMPT, true, "initramfs" },
};

static void check(const char *line, const Positive *want)
{
    g_autoptr(Form) form = forms_find(line);
    if (!form)
        g_error("'%s' is no form", line);
    g_assert_cmpstr(forms_class_name(form->class), ==, forms_class_name(want->class));
    g_assert_cmpstr(form->subject, ==, want->subject);
    g_assert_cmpint(form->at_once, ==, want->at_once);
}

// Whatever stands before it: a prefix of any kind.
static void test_positives(void)
{
    static const char *const prefixes[] = { "", "[    1.234567] ", "<4>[12345.234567] ",
        "[    1.234567][    T1] ", "[    1.234567][   C12] ",
        "** 12 printk messages dropped ** [    1.234567] " };
    for (unsigned i = 0; i < G_N_ELEMENTS(positives); i++) {
        check(positives[i].line, &positives[i]);
        bool has_prefix = prefix_next(positives[i].line) || prefix_read(positives[i].line).time;
        for (unsigned j = 0; j < G_N_ELEMENTS(prefixes) && !has_prefix; j++) {
            g_autofree char *line = g_strconcat(prefixes[j], positives[i].line, NULL);
            check(line, &positives[i]);
        }
    }
}

static const char *const harmless[] = { "", "[", "[    1.000000]", "[    1.000000] ",
    "INFO: lockdep is turned off.", "DEBUG: Kernel panic",
    "INFO: NMI handler (ghes_notify_nmi) took too long to run: 1.004 msecs",
    "perf: interrupt took too long (2506 > 2500), lowering", "rcu: INFO: Stall ended before state dump start",
    "INFO: recovery required on readonly filesystem", "EXT4-fs (vda): INFO: recovery required",
    "EXT4-fs (vda): WARNING: mounting fs with errors, running e2fsck is recommended",
    "EXT4-fs (vda2): re-mounted. Opts: errors=remount-ro", "XFS (vda): WARNING: Reset corrupted AGFL",
    "WARNING: Unprivileged eBPF is enabled with eIBRS on", "WARNING: mand mount option deprecated",
    "=======================================================",
    "WARNING: The mand mount option has been deprecated and", "fbcon: Taking over console",
    "warning: `iwconfig' uses wireless extensions which will stop working for Wi-Fi 7 hardware",
    "warning: `ping' uses deprecated v2 capabilities in a way that may be insecure", "workqueue: CPU hotplug",
    "workqueue: unbound cpumask 0-3",
    "WARNING: See https://www.kernel.org/doc/html/latest/admin-guide/hw-vuln/spectre.html",
    "Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on", "no BUG: here",
    "a login: Kernel panics", "No NVRAM common partition, re-initializing...", "evm: overlay: error", "Oops",
    "Oops: I did it again", "rcu: Hierarchical RCU implementation.",
    "rcu: \tRCU restricting CPUs from NR_CPUS=2048 to nr_cpu_ids=4.", "rcu_tasks_trace: Setting shift to 2",
    "INFO: rcu_tasks_trace detected stalls? (Late IPI?)", "watchdog: CPU 3 became unstuck TB:123",
    "watchdog: Delayed init of the lockup detector failed: -19", "watchdog: software watchdog: initialized",
    "watchdog: watchdog0: watchdog did not stop!", "BUG: Bad page state: 5 messages suppressed",
    "[    1.000000] BUG: Bad page map: 5 messages suppressed",
    "[    1.000000] BUG: MAX_LOCKDEP_ENTRIES too low!", "BUG: a program said so",
    "IPv6: BUG: Address fe80::1 on device eth0 is missing its host route.",
    "Unable to handle hardware breakpoint. Breakpoint at 0x10 will be disabled.",
    "Unable to handle swap header version 3", "EEH: Unrecoverable slot failure on PHB#0-PE#0",
    "sd 0:0:0:0: Unrecovered read error", "ODEBUG: selftest passed", "UBSAN: enabled",
    "kasan: KernelAddressSanitizer initialized (generic)", "kfence: initialized - using 33554432 bytes",
    "kmemleak: Kernel memory leak detector initialized (mem pool available: 15671)", "KCSAN: enabled early",
    "Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar",
    "---[ end Kernel panic - not syncing: x ]---", "echo 'Kernel panic - not syncing: x'",
    "Jan 01 00:00:00 host kernel: Kernel panic - not syncing: x", "Kernel panic - not syncing",
    "# WARNING: CPU: 0 PID: 1 at kernel/a.c:7 do_it+0x1/0x2",
    "# [    1.000000] WARNING: CPU: 0 PID: 1 at kernel/a.c:7 do_it+0x1/0x2",
    "ok 1 - WARNING: CPU: 0 PID: 1 at kernel/a.c:7",
    "MCE: CPU0: machine check (Warning)  Host SLB [Recovered]", "Severe Machine check interrupt [Recovered]",
    "cpu 0x0: Vector: 100 (System Reset) at [c00000003fff7b00]", "CPU 0 is up", "CPU features: 0x0",
    "WARNING: CPU is slow", "WARNING: at least one", "INFO: task list",
    "[  OK  ] Started a.service - Failed to start.", "[FAILED] Failed unmounting boot.mount - /boot.",
    "systemd[1]: Failed to start a", "( a ) Exception", "an exception 700", " exception handling done",
    "E3404: Not a bootable device!", "error: file `/x' not found.", "You are in a maze",
    "Memory: 1000K/2000K available", "Out of memory is near", "the oom-killer: idle",
    "Welcome to Debian GNU/Linux!", "Entering the rescue", "dracut: Mounted root filesystem /dev/vda2",
    "dracut-initqueue: Warning: timeout", "Not all disks have been found.", "grub> ", "(initramfs) ",
    "random: crng init done", "kernel BUG at the office", "Facility 'x' available", "\xff\xfe\x80 \xc3",
    "BUG", "BUG: ", "Bad kernel" };

static void test_harmless(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(harmless); i++) {
        g_autoptr(Form) form = forms_find(harmless[i]);
        if (form)
            g_error("'%s' is a %s", harmless[i], forms_class_name(form->class));
    }
}

static const char *const prompt_texts[][2] = { { "dracut:/# ", "dracut" },
    { "switch_root:/root# ", "dracut" }, { "(initramfs) ", "initramfs" }, { "grub rescue> ", "grub rescue" },
    { "grub> ", "grub" }, { "mon> ", "xmon" }, { "0:mon> ", "xmon" }, { "1f:mon> ", "xmon" },
    { "kdb> ", "kdb" }, { "[3]kdb> ", "kdb" }, { "Give root password for maintenance", "maintenance" },
    { "(or press Control-D to continue): ", "maintenance" } };

// Not before it is all there, and not once something is typed at it.
static void test_prompts(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(prompt_texts); i++) {
        const char *text = prompt_texts[i][0];
        g_autoptr(Form) form = forms_find_prompt(text);
        g_assert_nonnull(form);
        g_assert_cmpint(form->class, ==, FORM_PROMPT);
        g_assert_true(form->at_once);
        g_assert_cmpstr(form->subject, ==, prompt_texts[i][1]);
        for (gsize length = 0; length < strlen(text); length++) {
            g_autofree char *half = g_strndup(text, length);
            g_autoptr(Form) none = forms_find_prompt(half);
            if (none && strcmp(half, "(or press Control-D to continue):") != 0)
                g_error("'%s' is a prompt", half);
        }
        g_autofree char *typed = g_strconcat(text, "x", NULL);
        g_autoptr(Form) none = strstr(text, "maintenance") ? NULL : forms_find_prompt(typed);
        g_assert_null(none);
    }
}

static void test_no_prompts(void)
{
    static const char *const texts[] = { "", "# ", "$ ", "> ", "0 > ", "root@debian:~# ",
        "debian login: ", "Password: ", "foo(initramfs) ", "gdb:mon> ", "sbcl> ", "a grub> ", "mon>  ", "mon",
        "[    1.000000] " };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Form) form = forms_find_prompt(texts[i]);
        if (form)
            g_error("'%s' is a prompt", texts[i]);
    }
}

static bool is_wanted(const char *prompt, const char *expected)
{
    g_autoptr(GRegex) regex = g_regex_new(expected, 0, 0, NULL);
    return forms_is_wanted(prompt, regex);
}

static void test_wanted(void)
{
    g_assert_true(is_wanted(FIRMWARE_PROMPT, "0 > $"));
    g_assert_true(is_wanted("(initramfs) ", "\\(initramfs\\)"));
    g_assert_true(is_wanted("grub> ", "grub>"));
    g_assert_false(is_wanted(FIRMWARE_PROMPT, "7  ok"));
    g_assert_false(is_wanted("dracut:/# ", "[#$>] $")); // a shell's is waited for, not this one
    g_assert_false(is_wanted("grub> ", "."));
    g_assert_false(is_wanted("grub> ", ""));
}

// --- SLOF and GRUB.

typedef struct Play {
    const char *lines; // the last is partial
    const char *subject;
    FormClass class;
} Play;

#define BANNER "SLOF *****\n  Welcome to Open Firmware\n\n"
#define TRY "Trying to load:  from: /pci@800000020000000/scsi@0 ... \n"

static const Play plays[] = {
    { BANNER "Ready! \n0 > ", NULL, 0 },
    { BANNER TRY "E3404: Not a bootable device!\n" TRY "  Successfully loaded\nReady! \n0 > ", NULL, 0 },
    { BANNER TRY
        "E3404: Not a bootable device!\nE3407: Load failed\n  Type 'boot' and press return\n\nReady! \n0 > ",
        "E3407", FORM_FIRMWARE },
    { BANNER TRY "E3404: Not a bootable device!\nE3407: Load failed\n\n0 > ", "E3407", FORM_FIRMWARE },
    { BANNER TRY "E3407: Load failed\n\n0 ", NULL, 0 },
    { BANNER TRY "E3407: Load failed\n\n0 > b", NULL, 0 },
    { BANNER "Trying to load:  from: disk ...   Successfully loaded\nW3411: Client application returned.\n"
             "E3406: Client application returned an error.\nReady! \n",
        "E3406", FORM_FIRMWARE },
    { BANNER "boot attempt returned: No boot device!\nReady! \n", "boot attempt returned: No boot device!",
        FORM_FIRMWARE },
    { BANNER TRY "  Successfully loaded\nWelcome to GRUB!\n\nerror: file `/x' not found.\n",
        "file `/x' not found.", FORM_LOADER },
    { BANNER TRY
        "  Successfully loaded\nWelcome to GRUB!\n\n  error: ../../grub-core/fs/fshelp.c:257:file `/x' not "
        "found.\n",
        "file `/x' not found.", FORM_LOADER },
    { BANNER TRY "  Successfully loaded\nWelcome to GRUB!\n\nerror: no suitable video mode found.\n", NULL,
        0 },
    { BANNER TRY
        "  Successfully loaded\nWelcome to GRUB!\nOF stdout device is: /vdevice\nerror: x\nE3407: x\n0 > ",
        NULL, 0 },
    { "error: x\nE3407: Load failed\nReady!\n0 > ", NULL, 0 },
};

static Form *play(const char *text)
{
    Firmware *firmware = firmware_new();
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    Form *form = NULL;
    for (char **line = lines; *line && !form; line++)
        form = line[1] ? firmware_line(firmware, *line) : firmware_partial(firmware, *line);
    firmware_free(firmware);
    return form;
}

static void test_firmware(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(plays); i++) {
        g_autoptr(Form) form = play(plays[i].lines);
        g_assert_cmpstr(form ? form->subject : NULL, ==, plays[i].subject);
        if (!form)
            continue;
        g_assert_cmpint(form->class, ==, plays[i].class);
        g_assert_cmpint(form->at_once, ==, form->class == FORM_FIRMWARE);
    }
}

static void none_in(Form *form)
{
    if (form)
        g_error("'%s' is a %s", form->text, forms_class_name(form->class));
}

static void none_in_line(void *owner, const char *line, gint64 at)
{
    (void)at;
    none_in(firmware_line(owner, line));
    none_in(forms_find(line));
}

static void test_boot_log(void)
{
    Firmware *firmware = firmware_new();
    Lines *lines = lines_new(none_in_line, firmware);
    for (const char *byte = boot_log; *byte; byte++) {
        lines_take(lines, byte, 1, 0);
        none_in(firmware_partial(firmware, lines_partial(lines)));
        none_in(forms_find_prompt(lines_partial(lines)));
    }
    lines_end(lines);
    lines_free(lines);
    firmware_free(firmware);
}

// Told of once: a boot that wants the prompt takes the first for none.
static void test_firmware_once(void)
{
    Firmware *firmware = firmware_new();
    firmware_line(firmware, "SLOF ****");
    firmware_line(firmware, "E3407: Load failed");
    form_free(firmware_line(firmware, "Ready! "));
    g_assert_null(firmware_partial(firmware, "0 > "));
    firmware_line(firmware, "E3405: No such device"); // of a boot that was typed
    g_autoptr(Form) form = firmware_partial(firmware, "0 > ");
    g_assert_nonnull(form);
    firmware_free(firmware);
}

static void test_prefix(void)
{
    Prefix prefix =
        prefix_read("** 99999999999999999999 printk messages dropped ** <6>[   12.500000][   C4] x");
    g_assert_cmpstr(prefix.text, ==, "x");
    g_assert_cmpstr(prefix.caller, ==, "C4");
    g_assert_cmpfloat(prefix_seconds(&prefix), ==, 12.5);
    g_assert_cmpuint(prefix.lost, ==, G_MAXINT);
    static const char *const none[] = { "[FAILED] x", "[ 12]", "<>[", "** x", "[.5] x", "[  T1] x",
        "** 1 printk" };
    for (unsigned i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_true(prefix_read(none[i]).text == none[i]);
    g_assert_cmpstr(prefix_read("[ 1.0][T123456789012345] x").text, ==, "x");
    g_assert_cmpstr(prefix_next("[ 1.000000] a [ 2.5] [ 2.000000] b"), ==, "[ 2.000000] b");
    g_assert_null(prefix_next(""));
}

static void test_functions(void)
{
    static const char *const names[][2] = { { "do_it+0x8/0x90 [m]", "do_it" },
        { ".do_it.isra.0+0x8", "do_it" }, { "do_it.cold", "do_it" }, { "0xc000", NULL }, { "", NULL },
        { "a.c", NULL }, { "-x", NULL } };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = forms_function(names[i][0]);
        g_assert_cmpstr(name, ==, names[i][1]);
    }
}

// Lines of the longest kind that no expression may go back and forth on: with PCRE's own limit each would
// take seconds, and a form behind them would be lost.
static void test_pathological(void)
{
    static const char *const starts[] = { "", "Kernel panic - not syncing: ", "WARNING: CPU: 1 PID: 1 at ",
        "BUG: KASAN: ", "INFO: task ", "[FAILED] Failed to start ",
        "BUG x (Tainted: ", "WARNING: ", "ALERT! ", "UBSAN: ", "Oops: ", "( 700 ) ", "[    1.000000] ",
        "dracut:", "Unrecoverable " };
    static const char *const fills[] = { "a", " ", "a ", "[", "[ 1.000000]", "/a", "a:1", "x/", "\xff", "." };
    for (unsigned i = 0; i < G_N_ELEMENTS(starts); i++)
        for (unsigned j = 0; j < G_N_ELEMENTS(fills); j++) {
            g_autoptr(GString) line = g_string_new(starts[i]);
            while (line->len < 4096)
                g_string_append(line, fills[j]);
            g_autoptr(Form) form = forms_find(line->str);
            g_autoptr(Form) prompt = forms_find_prompt(line->str);
            g_assert_cmpint(form != NULL && form->class == FORM_PANIC, ==, i == 1);
            g_string_append(line, "[    9.000000] Kernel panic - not syncing: x");
            g_autoptr(Form) panic = forms_find(line->str);
            g_assert_nonnull(panic);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci-forms/positives", test_positives);
    g_test_add_func("/ci-forms/harmless", test_harmless);
    g_test_add_func("/ci-forms/prompts", test_prompts);
    g_test_add_func("/ci-forms/no-prompts", test_no_prompts);
    g_test_add_func("/ci-forms/wanted", test_wanted);
    g_test_add_func("/ci-forms/firmware", test_firmware);
    g_test_add_func("/ci-forms/firmware-once", test_firmware_once);
    g_test_add_func("/ci-forms/boot-log", test_boot_log);
    g_test_add_func("/ci-forms/prefix", test_prefix);
    g_test_add_func("/ci-forms/functions", test_functions);
    g_test_add_func("/ci-forms/pathological", test_pathological);
    return g_test_run();
}
