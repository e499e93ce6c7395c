// Reports of failures: which lines they have, and signatures that are the same in any build.
#include "block.h"
#include <string.h>

// Feeds lines, a tenth of a second apart.
static Block *feed(const char *text)
{
    Block *block = block_new();
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (unsigned i = 0; lines[i] && (*lines[i] || lines[i + 1]); i++) {
        g_autoptr(Form) form = forms_find(lines[i]);
        block_line(block, lines[i], form, i / 10.0);
    }
    return block;
}

static void check_signature(const char *text, const char *want)
{
    Block *block = feed(text);
    g_autofree char *signature = block_signature(block);
    g_assert_cmpstr(signature, ==, want);
    block_free(block);
}

// "\n" and each line, without the seconds.
static char *lines_of(const Block *block)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    block_lines(block, lines);
    GString *text = g_string_new("\n");
    for (unsigned i = 0; i < lines->len; i++)
        g_string_append_printf(text, "%s\n", (char *)lines->pdata[i] + 11);
    return g_string_free(text, FALSE);
}

#define T "[    2.000000] "
#define OOPS_HEAD                                                                                            \
    T "BUG: Kernel NULL pointer dereference on read at 0x00000000\n" T                                       \
      "Faulting instruction address: 0xc008000000da0010\n" T                                                 \
      "Oops: Kernel access of bad area, sig: 11 [#1]\n" T "LE PAGE_SIZE=4K MMU=Radix SMP NR_CPUS=2048\n" T   \
      "CPU: 1 PID: 77 Comm: insmod Not tainted 6.12\n" T                                                     \
      "NIP:  c008000000da0010 LR: c000000000012345 CTR: 0000000000000000\n"
#define OOPS_TAIL                                                                                            \
    T "LR [c000000000012345] do_one_initcall+0x60/0x2c0\n" T "Call Trace:\n" T                               \
      "[c000000003e1f8c0] [c000000000f2a1b4] load_module+0x74/0xa8 (unreliable)\n" T                         \
      "---[ end trace 0000000000000000 ]---\n"
#define OOPS OOPS_HEAD T "NIP [c008000000da0010] do_fault+0x10/0x20 [faulty]\n" OOPS_TAIL

static void test_signatures(void)
{
    static const char *const cases[][2] = {
        { OOPS, "oops: do_fault" },
        // Another build: other addresses, offsets, endings, wording.
        { T "Unable to handle kernel paging request for data at address 0x00000000\n" T
            "Oops: Kernel access of bad area, sig: 11 [#3]\n" T
            "NIP [d000000000da0010] .do_fault.isra.0+0x98/0x120 [faulty]\n",
            "oops: do_fault" },
        // A helper at fault: who called it counts.
        { OOPS_HEAD T "NIP [c000000000090010] memcpy_power7+0x10/0x20\n" OOPS_TAIL, "oops: do_one_initcall" },
        { OOPS_HEAD T "NIP [0000000000000000] 0x0\n" OOPS_TAIL, "oops: do_one_initcall" },
        { OOPS_HEAD, "oops: NULL pointer dereference" },
        { T "kernel BUG at mm/a.c:12!\n" T "Oops: Exception in kernel mode, sig: 5 [#1]\n" T
            "NIP [c000000000090010] do_it+0x10/0x20\n",
            "oops: do_it" },
        { "cpu 0x0: Vector: 300 (Data Access) at [c000000003e1f7b0]\n"
          "    pc: c008000000da0010: do_fault+0x10/0x20 [faulty]\n    lr: c000000000012345: f+0x6/0x8\n",
            "oops: do_fault" },
        { T "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n" T
            "Call Trace:\n" T "[c000000003e1f8c0] [c000000000f2a1b4] mount_root+0x74/0xa8\n",
            "panic: VFS: Unable to mount root fs on unknown-block(0,0)" },
        { T "WARNING: CPU: 0 PID: 1 at kernel/a.c:7 do_it+0x1/0x2\n" T
            "NIP [c000000000090010] other+0x10/0x20\n",
            "warning: do_it" },
        { T "WARNING: lib/refcount.c:28 at refcount_warn_saturate+0x1/0x2, CPU#1: a/7\n" T
            "NIP [c000000000090010] refcount_warn_saturate+0x1/0x2\n" T
            "LR [c000000000090010] put_it+0x1/0x2\n",
            "warning: put_it" },
        { T "WARNING: at kernel/a.c:7\n" T "NIP [c000000000090010] .do_it+0x10/0x20\n", "warning: do_it" },
        { T "WARNING: at kernel/a.c:7\n", "warning: a.c" },
        { T "rcu: INFO: rcu_sched self-detected stall on CPU\n" T "NIP [c000000000090010] do_it+0x10/0x20\n",
            "rcu: rcu_sched stall" },
        { T "watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [insmod:77]\n" T
            "NIP [c000000000090010] spin_it+0x10/0x20\n",
            "lockup: soft lockup in spin_it" },
        { T "BUG: KASAN: use-after-free in do_it+0x1/0x2\n" T "Call Trace:\n" T
            "[c000000003e1f8c0] [c000000000f2a1b4] other+0x74/0xa8\n",
            "checker: KASAN use-after-free in do_it" },
        { T "BUG: sleeping function called from invalid context at mm/a.c:12\n" T "Call Trace:\n" T
            "[c000000003e1f8c0] [c000000000f2a1b4] dump_stack_lvl+0x74/0xa8 (unreliable)\n" T
            "[c000000003e1f8c0] [c000000000f2a1b4] __might_resched+0x74/0xa8\n" T
            "[c000000003e1f8c0] [c000000000f2a1b4] do_it+0x74/0xa8\n",
            "locking: sleeping function called from invalid context in do_it" },
        { T "INFO: task mount:77 blocked for more than 120 seconds.\n", "hung task: mount" },
        { "[FAILED] Failed to start a.service - The A.\n", "service: a.service" },
        { "hello\n", NULL },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
        check_signature(cases[i][0], cases[i][1]);
}

static void test_lines(void)
{
    Block *block = feed("1\n2\n3\n4\n5\n6\n" OOPS "after\n");
    g_autofree char *lines = lines_of(block);
    g_assert_true(g_str_has_prefix(lines, "\n2\n3\n4\n5\n6\n" T "BUG: "));
    g_assert_true(g_str_has_suffix(lines, "[ end trace 0000000000000000 ]---\n"));
    g_assert_true(block_is_whole(block));
    g_assert_false(block_is_incomplete(block));
    g_assert_cmpint(block_form(block)->class, ==, FORM_OOPS);
    block_free(block);
}

#define C1(time) "[    2.00000" #time "][    C1] "
#define T7(time) "[    2.00000" #time "][   T77] "

// Two CPUs and a program speak at once.
static void test_interleaved(void)
{
    Block *block = feed(T7(0) "BUG: Kernel NULL pointer dereference on read at 0x0\n" C1(
        1) "usb 1-1: one\n" T7(2) "Oops: Kernel access of bad area, sig: 11 [#1]\nStarting "
                                  "it\n" C1(3) "NIP [c000000000090010] not_it+0x10/0x20\n[    "
                                               "2.000004][    T5] five\n" C1(5) "\n" T7(
                                                   6) "NIP "
                                                      "[c008"
                                                      "00000"
                                                      "0da00"
                                                      "10] "
                                                      "do_"
                                                      "fault"
                                                      "+0x10"
                                                      "/0x20"
                                                      "\n" C1(7) "---[ end trace 0 ]---\n" T7(
                                                          8) "---[ end trace 0 ]---\n" C1(9) "late\n");
    g_autofree char *lines = lines_of(block), *signature = block_signature(block);
    g_assert_cmpstr(signature, ==, "oops: do_fault");
    g_assert_cmpstr(lines, ==,
        "\n" T7(0) "BUG: Kernel NULL pointer dereference on read at 0x0\n" T7(
            2) "Oops: Kernel access of bad "
               "area, sig: 11 [#1]\n" T7(6) "NIP [c008000000da0010] do_fault+0x10/0x20\n" T7(
                   8) "---[ end trace 0 "
                      "]---\n" C1(
                          1) "usb "
                             "1-1: "
                             "one"
                             "\n" C1(3) "NIP [c000000000090010] not_it+0x10/0x20\n" C1(5) "\n" C1(
                                 7) "---[ end trace 0 ]---\nStarting it\n[    2.000004][    T5] five\n");
    block_free(block);
}

// A CPU tells of another one's lockup, which has the registers.
static void test_other_cpu(void)
{
    check_signature(
        C1(0) "watchdog: CPU 1 detected hard LOCKUP on other CPUs 0\n[    2.000001][    C0] watchdog: "
              "CPU 0 Hard LOCKUP\n[    2.000002][    C0] NIP [c000000000090010] spin_it+0x10/0x20\n",
        "lockup: hard lockup in spin_it");
}

static void test_first_counts(void)
{
    check_signature(OOPS T "BUG: Unable to handle kernel data access on read at 0x1\n" T
                           "NIP [c008000000da0010] second+0x10/0x20\n",
        "oops: do_fault");
    check_signature(T "WARNING: CPU: 0 PID: 1 at a.c:7 one+0x1/0x2\n" T
                      "WARNING: CPU: 0 PID: 1 at a.c:7 two+0x1/0x2\n",
        "warning: one");
    check_signature(T "WARNING: CPU: 0 PID: 1 at a.c:7 one+0x1/0x2\n" OOPS, "oops: do_fault");
    check_signature(T "WARNING: CPU: 0 PID: 1 at a.c:7 one+0x1/0x2\n" T "Kernel panic - not syncing: other\n",
        "panic: other");
}

// A panic that only follows has the signature of what it follows from, and is in its report.
static void test_panics_that_follow(void)
{
    static const char *const cases[][2] = {
        { T "WARNING: CPU: 0 PID: 1 at a.c:7 one+0x1/0x2\n" T
            "Kernel panic - not syncing: kernel: panic_on_warn set ...\n",
            "warning: one" },
        { T "INFO: task mount:77 blocked for more than 120 seconds.\n[   99.000000] Kernel panic - not "
            "syncing: "
            "hung_task: blocked tasks\n",
            "hung task: mount" },
        { OOPS "[   99.000000] Kernel panic - not syncing: Fatal exception\n", "oops: do_fault" },
        { T "Kernel panic - not syncing: Fatal exception\n", "panic: Fatal exception" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Block *block = feed(cases[i][0]);
        g_autofree char *lines = lines_of(block), *signature = block_signature(block);
        g_assert_cmpstr(signature, ==, cases[i][1]);
        g_assert_nonnull(strstr(lines, "Kernel panic"));
        block_free(block);
    }
}

// The end of the console is the end of a report, too.
static void test_cut(void)
{
    g_autofree char *whole = g_strdup(OOPS);
    for (gsize length = strlen(T "BUG: Kernel NULL pointer dereference"); length < strlen(whole); length++) {
        g_autofree char *part = g_strndup(whole, length);
        Block *block = feed(part);
        g_autofree char *signature = block_signature(block);
        g_assert_true(g_str_has_prefix(signature, "oops: "));
        block_free(block);
    }
}

static void test_lost(void)
{
    static const struct {
        const char *text;
        bool incomplete;
        unsigned lost;
    } cases[] = {
        { OOPS, false, 0 },
        { "** 12 printk messages dropped **\n" OOPS, true, 12 },
        { "** 12 printk messages dropped ** " OOPS, true, 12 },
        { "** 12 printk messages dropped **\n1\n2\n3\n4\n" OOPS, true, 12 },
        { "** 12 printk messages dropped **\n1\n2\n3\n4\n5\n6\n" OOPS, false, 12 },
        { OOPS_HEAD "** 12 printk messages dropped **\n" OOPS_TAIL, true, 12 },
        { OOPS_HEAD T "Lost 3 message(s)!\n" OOPS_TAIL "** 1 printk messages dropped **\n", true, 4 },
        { OOPS "** 12 printk messages dropped **\n", false, 12 },
        { "** 5 printk messages dropped **\n** 99999999999 printk messages dropped **\n", false, G_MAXINT },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Block *block = feed(cases[i].text);
        g_assert_cmpint(block_is_incomplete(block), ==, cases[i].incomplete);
        g_assert_cmpuint(block_lost(block), ==, cases[i].lost);
        block_free(block);
    }
}

static unsigned count_lines(const Block *block)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    block_lines(block, lines);
    return lines->len;
}

static void test_bounded(void)
{
    g_autoptr(GString) text =
        g_string_new("1\n2\n3\n4\n5\n" C1(0) "WARNING: CPU: 0 PID: 1 at a.c:7 one+0x1/0x2\n");
    for (unsigned i = 0; i < 1000; i++)
        g_string_append_printf(text, "other\n%s%u\n", i % 8 ? "more\n" : C1(1), i);
    Block *block = feed(text->str);
    g_assert_cmpuint(count_lines(block), ==, 5 + 120 + 120);
    block_free(block);
}

// What comes seconds later is not of the report.
static void test_pause(void)
{
    Block *block =
        feed(T "INFO: task mount:77 blocked for more than 120 seconds.\n[    2.500000] more\n[    9.000000] "
               "late\n");
    g_assert_true(block_is_whole(block));
    g_assert_cmpuint(count_lines(block), ==, 2);
    block_free(block);
}

static void test_ends(void)
{
    static const char *const rule = "==================================================================\n";
    g_autofree char *kasan = g_strconcat(T, rule,
        T "BUG: KASAN: use-after-free in do_it+0x1/0x2\n" T "Call Trace:\n" T
          "[c000000003e1f8c0] [c000000000f2a1b4] other+0x74/0xa8\n" T "\n" T "Allocated by task 1:\n" T,
        rule, T "after\n", NULL);
    Block *block = feed(kasan);
    g_assert_cmpuint(count_lines(block), ==, 7);
    block_free(block);
    block = feed(T "WARNING: CPU: 0 PID: 1 at a.c:7 one+0x1/0x2\n" T "\n" T
                   "NIP [c000000000090010] one+0x1/0x2\n" T "\n" T "after\n");
    g_assert_cmpuint(count_lines(block), ==, 4);
    block_free(block);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ci-block/signatures", test_signatures);
    g_test_add_func("/ci-block/lines", test_lines);
    g_test_add_func("/ci-block/interleaved", test_interleaved);
    g_test_add_func("/ci-block/other-cpu", test_other_cpu);
    g_test_add_func("/ci-block/first-counts", test_first_counts);
    g_test_add_func("/ci-block/panics-that-follow", test_panics_that_follow);
    g_test_add_func("/ci-block/cut", test_cut);
    g_test_add_func("/ci-block/lost", test_lost);
    g_test_add_func("/ci-block/bounded", test_bounded);
    g_test_add_func("/ci-block/pause", test_pause);
    g_test_add_func("/ci-block/ends", test_ends);
    return g_test_run();
}
