// The human monitor: lines, what they say, and how they are typed.
#include "dumper.h"
#include "fake_machine.h"
#include "hmp/session.h"
#include <string.h>

extern const Command run_commands[], machine_commands[], canned_commands[];
const Command *const command_tables[] = { run_commands, machine_commands, canned_commands, NULL };

// What queries return that need a whole machine.
static GVariant *answer(const char *text, GError **error)
{
    GVariant *value = g_variant_parse(NULL, text, NULL, NULL, error);
    g_assert_nonnull(value);
    return value;
}

#define CANNED(name, text)                                                                                   \
    static GVariant *name(const MonitorMachine *machine, GVariant *arguments, GError **error)                \
    {                                                                                                        \
        return answer(text, error);                                                                          \
    }
CANNED(query_name, "{'name': <'guest one'>}")
CANNED(query_uuid, "{'UUID': <'1ccfd97d-5eb4-478a-bbe6-88d254c16db7'>}")
CANNED(query_kvm, "{'enabled': <true>, 'present': <true>}")
CANNED(query_chardev, "[<{'label': <'serial0'>, 'filename': <'stdio'>, 'frontend-open': <true>}>]")
CANNED(query_iothreads, "[<{'id': <'io0'>, 'thread-id': <int64 7>}>]")
CANNED(query_memory, "{'base-memory': <int64 536870912>}")
CANNED(query_memdev, "[<{'id': <'m0'>, 'size': <int64 1048576>, 'prealloc': <false>, 'share': <true>}>]")
CANNED(query_block,
    "[<{'device': <'d0'>, 'qdev': <'disk'>, 'inserted': <{'file': <'/a b.img'>, 'drv': <'raw'>, 'ro': <true>,"
    " 'cache': <{'writeback': <true>, 'direct': <true>, 'no-flush': <false>}>}>}>,"
    " <{'device': <''>, 'qdev': <'empty'>}>]")
CANNED(query_blockstats, "[<{'device': <'d0'>, 'stats': <{'rd_bytes': <int64 512>, 'wr_bytes': <int64 1024>, "
                         "'rd_operations': <int64 1>,"
                         " 'wr_operations': <int64 2>, 'flush_operations': <int64 3>}>}>]")
CANNED(query_pci,
    "[<{'bus': <int64 0>, 'devices': <[<{'bus': <int64 0>, 'slot': <int64 1>, 'function': <int64 0>, "
    "'qdev_id': <'disk'>,"
    " 'class_info': <{'class': <int64 256>, 'desc': <'SCSI controller'>}>, 'id': <{'vendor': <int64 0x1af4>,"
    " 'device': <int64 0x1042>}>, 'regions': <[<{'bar': <int64 1>, 'type': <'memory'>, 'size': <int64 4096>,"
    " 'address': <int64 0x80000000>, 'prefetch': <false>, 'mem_type_64': <false>}>]>}>]>}>]")

const Command canned_commands[] = {
    { "query-name", query_name },
    { "query-uuid", query_uuid },
    { "query-kvm", query_kvm },
    { "query-chardev", query_chardev },
    { "query-iothreads", query_iothreads },
    { "query-memory-size-summary", query_memory },
    { "query-memdev", query_memdev },
    { "query-block", query_block },
    { "query-blockstats", query_blockstats },
    { "query-pci", query_pci },
    { 0 },
};

// --- Lines.

static const struct {
    const char *line, *text;
} lines[] = {
    { "", "" },
    { "   ", "" },
    { "frobnicate", "unknown command: 'frobnicate'\r\n" },
    { "info status", "VM status: running\r\n" },
    { "stop", "" },
    { " info  status ", "VM status: paused\r\n" },
    { "c", "" },
    { "info status now", "status: extraneous parameter\r\nTry \"help status\" for more information\r\n" },
    { "info name", "guest one\r\n" },
    { "info uuid", "1ccfd97d-5eb4-478a-bbe6-88d254c16db7\r\n" },
    { "info version", "10.0.0 (lparun " LPARUN_VERSION ")\r\n" },
    { "info kvm", "kvm support: enabled\r\n" },
    { "info cpus", "* CPU #0: thread_id=1000\r\n  CPU #1: thread_id=1001\r\n" },
    { "info chardev", "serial0: filename=stdio\r\n" },
    { "info iothreads", "io0:\r\n  thread_id=7\r\n" },
    { "info memory_size_summary", "base memory: 536870912\r\n" },
    { "info memdev", "memory backend: m0\r\n  size:  1048576\r\n  prealloc: false\r\n  share: true\r\n" },
    { "info network", "" },
    { "info block", "d0: /a b.img (raw, read-only)\r\n    Attached to:      disk\r\n"
                    "    Cache mode:       none\r\nempty: [not inserted]\r\n" },
    { "info blockstats",
        "d0: rd_bytes=512 wr_bytes=1024 rd_operations=1 wr_operations=2 flush_operations=3\r\n" },
    { "info pci", "  Bus  0, device   1, function 0:\r\n    SCSI controller: PCI device 1af4:1042\r\n"
                  "      BAR1: 32 bit memory at 0x80000000 [0x80000fff].\r\n      id \"disk\"\r\n" },
    { "info mtree", "address-space: memory\r\n  0000000000000000-000000001fffffff (ram)\r\n" },
    { "info balloon", "Error: no balloon device has been activated\r\n" },
    { "p 10", "10\r\n" },
    { "p/x 10+2*(3-1)", "0xe\r\n" },
    { "print /x $pc & 0xffff", "0x1234\r\n" },
    { "p $r3", "-1\r\n" },
    { "p/u $r3", "18446744073709551615\r\n" },
    { "p/o 8", "010\r\n" },
    { "p 1/0", "1/0: division by zero\r\n" },
    { "p $r32", "$r32: unknown register\r\n" },
    { "p (1", "(1: ')' expected\r\n" },
    { "p 1x", "1x: unexpected characters behind it\r\n" },
    { "p 99999999999999999999", "99999999999999999999: invalid number\r\n" },
    { "cpu 2", "Error: Parameter 'index' expects a CPU number\r\n" },
    { "cpu 1", "" },
    { "info cpus", "  CPU #0: thread_id=1000\r\n* CPU #1: thread_id=1001\r\n" },
    { "info registers", "CPU#1\r\nit does not tell its registers\r\n" },
    { "p $pc", "$pc: the vCPU does not tell its registers\r\n" },
    { "cpu 0", "" },
    { "info registers -b", "registers: unsupported option -b\r\nTry \"help info\" for more information\r\n" },
    { "savevm a", "Error: a guest of lparun's cannot be saved or moved\r\n" },
    { "sendkey ret", "Error: lparun has no screen, keyboard or mouse\r\n" },
    { "block_resize d0", "Error: block_resize takes a device and a size\r\n" },
    { "block_resize d0 1G", "Error: lparun has no such command\r\n" },
    { "help cont", "cont|c -- let the guest go on\r\n" },
    { "help info name", "info name -- the guest's name\r\n" },
};

static void test_lines(void)
{
    FakeMachine machine;
    fake_machine_init(&machine);
    Hmp hmp = { .machine = &machine.operations };
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *text = hmp_run(&hmp, lines[i].line);
        g_test_message("%s", lines[i].line);
        g_assert_cmpstr(text, ==, lines[i].text);
    }
    g_assert_cmpuint(machine.orders[ORDER_STOP], ==, 1);
    g_assert_cmpuint(machine.orders[ORDER_RESUME], ==, 1);
}

static void test_orders(void)
{
    static const struct {
        const char *line;
        MonitorOrder order;
    } orders[] = { { "q", ORDER_QUIT }, { "system_reset", ORDER_RESET },
        { "system_powerdown", ORDER_POWER_DOWN }, { "nmi", ORDER_INJECT_NMI } };
    FakeMachine machine;
    fake_machine_init(&machine);
    Hmp hmp = { .machine = &machine.operations };
    for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autofree char *text = hmp_run(&hmp, orders[i].line);
        g_assert_cmpstr(text, ==, "");
        g_assert_cmpuint(machine.orders[orders[i].order], ==, 1);
    }
    machine.refusal = "not now";
    g_autofree char *text = hmp_run(&hmp, "cont");
    g_assert_cmpstr(text, ==, "Error: not now\r\n");
}

static void test_registers(void)
{
    FakeMachine machine;
    fake_machine_init(&machine);
    Hmp hmp = { .machine = &machine.operations };
    g_autofree char *text = hmp_run(&hmp, "info registers -a");
    g_assert_nonnull(
        strstr(text, "CPU#0\r\nNIP c000000000001234   LR 0000000000000010 CTR 0000000000000000\r\n"
                     "MSR 8000000000001033\r\n"
                     "GPR00 0000000000000000 0000000000000000 0000000000000000 ffffffffffffffff\r\n"
                     "GPR04 "));
    g_assert_nonnull(strstr(text, "CPU#1\r\n"));
}

static unsigned looks_taken;

static void count_look(void *owner, VcpuLook *looks)
{
    looks_taken++;
    looks[0].known = true;
    looks[0].registers.lr = 3;
}

// Another vCPU may keep each look waiting: a line takes one, however many registers it names.
static void test_look_once(void)
{
    FakeMachine machine;
    fake_machine_init(&machine);
    machine.operations.look = count_look;
    Hmp hmp = { .machine = &machine.operations };
    g_autofree char *text = hmp_run(&hmp, "p $lr+$lr*$lr-$lr");
    g_assert_cmpstr(text, ==, "9\r\n");
    g_assert_cmpuint(looks_taken, ==, 1);
}

// Each command of the lists is one, and has its help.
static void test_help(void)
{
    FakeMachine machine;
    fake_machine_init(&machine);
    Hmp hmp = { .machine = &machine.operations };
    g_autofree char *all = hmp_run(&hmp, "?"), *info = hmp_run(&hmp, "info");
    g_assert_nonnull(strstr(all, "system_reset -- "));
    g_assert_null(strstr(all, "savevm"));
    g_assert_nonnull(strstr(info, "info registers [-a] -- "));
}

// --- Memory: what QEMU 10.0 shows of the same bytes, but for texts, which it does not.

static const struct {
    const char *line, *text;
} memory_lines[] = {
    { "xp /4xw 0x100", "0000000000000100: 0xe8602ff0 0x7c6903a6 0x38000100 0x4e800420\n" },
    { "xp /2xg 0x100", "0000000000000100: 0xe8602ff07c6903a6 0x380001004e800420\n" },
    { "xp /20xb 0x101", "0000000000000101: 0x60 0x2f 0xf0 0x7c 0x69 0x03 0xa6 0x38\n"
                        "0000000000000109: 0x00 0x01 0x00 0x4e 0x80 0x04 0x20 0x00\n"
                        "0000000000000111: 0x00 0x00 0x00 0x00\n" },
    { "xp /3dh 0x100", "0000000000000100: 59488 12272 31849\n" },
    { "xp /5uw 0x100", "0000000000000100: 3898617840 2087256998  939524352 1317012512\n"
                       "0000000000000110:          0\n" },
    { "xp /5ow 0x100", "0000000000000100: 035030027760 017432201646 07000000400 011640002040\n"
                       "0000000000000110:           0\n" },
    { "xp /2og 0x100", "0000000000000100: 01641401377017432201646 0340000020011640002040\n" },
    { "xp /2ob 0x100", "0000000000000100: 0350 0140\n" },
    { "xp /4db 0x100", "0000000000000100: 232  96  47 240\n" },
    { "xp /5dg 0x100", "0000000000000100: -1702307949220133978  4035226366952604704\n"
                       "0000000000000110:                    0                    0\n"
                       "0000000000000120:                    0\n" },
    { "xp /4cw 0x100",
        "0000000000000100: '\\xe8' '`' '/' '\\xf0' '|' 'i' '\\x03' '\\xa6' '8' '\\x00' '\\x01' "
        "'\\x00' 'N' '\\x80' '\\x04' ' '\n" },
    { "xp/x 0x100", "0000000000000100: 0xe8602ff0\n" },
    { "xp /x 256+0x4", "0000000000000104: 0x7c6903a6\n" },
    { "xp /0x 1", "" },
    { "xp /3xw 0xffff8", "00000000000ffff8: Cannot access memory\n" },
    { "xp /8xw 0xffff0", "00000000000ffff0: 0x00000000 0x00000000 0x00000000 0x00000000\n"
                         "0000000000100000: Cannot access memory\n" },
    { "xp /w 0xfffffffffffffffc", "fffffffffffffffc: Cannot access memory\n" },
    { "xp /2w 0x100", "0000000000000100: 0xe8602ff0 0x7c6903a6\n" },
    { "xp", "0000000000000108: 0x38000100\n" },
    { "xp /2s 0x200", "0000000000000200: \"a \\\"b\\\"\\n\"\n0000000000000207: \"c\"\n" },
    { "xp /s 0xfffff", "00000000000fffff: \"\"\n" },
    { "xp /s 0x100000", "0000000000100000: Cannot access memory\n" },
    { "xp /xq 1", "invalid char in format: 'q'\nTry \"help xp\" for more information\n" },
    { "xp /-3x 0", "invalid char in format: '-'\nTry \"help xp\" for more information\n" },
    { "xp /x3 0", "invalid char in format: '3'\nTry \"help xp\" for more information\n" },
    { "xp /3i 0", "invalid char in format: 'i' (lparun has no disassembler)\nTry \"help xp\" for more "
                  "information\n" },
    { "xp /1000000x 0", "Error: at most 65536 bytes are shown at once\n" },
    { "xp /99999999999999999999999 0", "Error: at most 65536 bytes are shown at once\n" },
};

static void test_memory(void)
{
    static const uint8_t code[] = { 0xe8, 0x60, 0x2f, 0xf0, 0x7c, 0x69, 0x03, 0xa6, 0x38, 0x00, 0x01, 0x00,
        0x4e, 0x80, 0x04, 0x20 };
    FakeMachine machine;
    fake_machine_init(&machine);
    GuestMemory *memory = guest_memory_new(0x100000, NULL);
    guest_memory_write(memory, 0x100, code, sizeof code);
    guest_memory_write(memory, 0x200, "a \"b\"\n\0c", 9);
    machine.operations.dumper = dumper_new(&(DumperParts){ .memory = memory });
    Hmp hmp = { .machine = &machine.operations };
    for (unsigned i = 0; i < G_N_ELEMENTS(memory_lines); i++) {
        g_autofree char *text = hmp_run(&hmp, memory_lines[i].line);
        g_auto(GStrv) parts = g_strsplit(text, "\r\n", 0);
        g_autofree char *joined = g_strjoinv("\n", parts);
        g_assert_cmpstr(joined, ==, memory_lines[i].text);
    }
    dumper_free(machine.operations.dumper);
    guest_memory_free(memory);
}

// A text without an end, and the longest that is shown: one answer of QMP's holds them.
static void test_much_memory(void)
{
    FakeMachine machine;
    fake_machine_init(&machine);
    GuestMemory *memory = guest_memory_new(0x100000, NULL);
    memset(guest_memory_write_at(memory, 0, 0x100000), 0xff, 0x100000);
    machine.operations.dumper = dumper_new(&(DumperParts){ .memory = memory });
    Hmp hmp = { .machine = &machine.operations };
    static const char *const most[] = { "xp /65536cb 0", "xp /65536xb 0", "xp /65536ob 0", "xp /256s 0" };
    for (unsigned i = 0; i < G_N_ELEMENTS(most); i++) {
        g_autofree char *text = hmp_run(&hmp, most[i]);
        g_assert_cmpuint(strlen(text), >, 60000);
        g_assert_cmpuint(strlen(text), <, 800000);
    }
    dumper_free(machine.operations.dumper);
    guest_memory_free(memory);
}

// --- Typing.

typedef struct Terminal {
    GString *text;
    unsigned room; // bytes that it takes yet
} Terminal;

static bool put(void *owner, const uint8_t *bytes, size_t length)
{
    Terminal *terminal = owner;
    if (length > terminal->room)
        return false;
    terminal->room -= (unsigned)length;
    g_string_append_len(terminal->text, (const char *)bytes, (gssize)length);
    return true;
}

static size_t type(HmpSession *session, const char *text)
{
    return hmp_session_take(session, (const uint8_t *)text, strlen(text));
}

#define GREETING "QEMU 10.0.0 monitor - type 'help' for more information\r\n(qemu) "

static void test_typing(void)
{
    static const struct {
        const char *typed, *seen;
    } cases[] = {
        { "info status\n", "info status\r\nVM status: running\r\n(qemu) " },
        { "p 12\b3\x7f\x7f\x34\r", "p 12\b \b3\b \b\b \b4\r\n4\r\n(qemu) " },
        { "p 9 9\x17\x17\x15p 7\n", "p 9 9\b \b\b \b\b \b\b \b\b \bp 7\r\n7\r\n(qemu) " },
        { "\x01\x02\t\n", "\r\n(qemu) " },
        { "\x1b[A\n", "p 7\r\n7\r\n(qemu) " },
        { "\x1b[A\x1b[A\x1b[A\x1b[B\n",
            "p 7\b \b\b \b\b \bp 7\b \b\b \b\b \bp 4\b \b\b \b\b \bp 7\r\n7\r\n(qemu) " },
        { "\x1b[B\x1bOA\x1b[C\x1bx\n", "p 7\r\n7\r\n(qemu) " },
    };
    FakeMachine machine;
    fake_machine_init(&machine);
    Terminal terminal = { .text = g_string_new(NULL), .room = 1 << 20 };
    HmpSession *session = hmp_session_new(&machine.operations, put, &terminal);
    g_assert_cmpstr(terminal.text->str, ==, GREETING);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_string_truncate(terminal.text, 0);
        g_assert_cmpuint(type(session, cases[i].typed), ==, strlen(cases[i].typed));
        g_assert_cmpstr(terminal.text->str, ==, cases[i].seen);
    }
    hmp_session_free(session);
    g_string_free(terminal.text, TRUE);
}

// Who does not read gets no further answers, and nothing grows.
static void test_no_reader(void)
{
    FakeMachine machine;
    fake_machine_init(&machine);
    Terminal terminal = { .text = g_string_new(NULL), .room = strlen(GREETING) };
    HmpSession *session = hmp_session_new(&machine.operations, put, &terminal);
    g_assert_cmpuint(type(session, "stop\nstop\n"), ==, 1);
    g_assert_cmpuint(type(session, "top\n"), ==, 0);
    g_assert_cmpuint(machine.orders[ORDER_STOP], ==, 0);
    terminal.room = 1000;
    g_assert_true(hmp_session_go_on(session));
    g_assert_cmpuint(type(session, "top\n"), ==, 4);
    g_assert_cmpuint(machine.orders[ORDER_STOP], ==, 1);
    hmp_session_free(session);
    g_string_free(terminal.text, TRUE);
}

static void test_long_line(void)
{
    FakeMachine machine;
    fake_machine_init(&machine);
    Terminal terminal = { .text = g_string_new(NULL), .room = 1 << 20 };
    HmpSession *session = hmp_session_new(&machine.operations, put, &terminal);
    g_autofree char *line = g_strnfill(3 * HMP_LINE, '(');
    type(session, "p ");
    type(session, line);
    type(session, "\n");
    g_assert_cmpuint(terminal.text->len, <, 3 * HMP_LINE + 1000);
    g_assert_nonnull(strstr(terminal.text->str, "unknown command") ?: strstr(terminal.text->str, "expected"));
    hmp_session_free(session);
    g_string_free(terminal.text, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hmp/lines", test_lines);
    g_test_add_func("/hmp/orders", test_orders);
    g_test_add_func("/hmp/registers", test_registers);
    g_test_add_func("/hmp/look-once", test_look_once);
    g_test_add_func("/hmp/memory", test_memory);
    g_test_add_func("/hmp/much-memory", test_much_memory);
    g_test_add_func("/hmp/help", test_help);
    g_test_add_func("/hmp/typing", test_typing);
    g_test_add_func("/hmp/no-reader", test_no_reader);
    g_test_add_func("/hmp/long-line", test_long_line);
    return g_test_run();
}
