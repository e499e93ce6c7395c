// What a client of gdb's protocol gets to what it says. The machine is the tests' own.
#include "fake_gdb_target.h"
#include "gdb/packet.h"
#include "gdb/session.h"
#include <string.h>

typedef struct Fixture {
    FakeGdbTarget fake;
    GdbSession *session;
    GString *said; // what came since it was looked at
} Fixture;

static void keep(void *owner, const char *bytes, size_t length)
{
    g_string_append_len(((Fixture *)owner)->said, bytes, (gssize)length);
}

static void on_held(void *owner)
{
    Fixture *fixture = owner;
    if (fixture->session)
        gdb_session_stopped(fixture->session);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    fake_gdb_target_init(&fixture->fake);
    fixture->fake.runs = true;
    fixture->fake.held = on_held;
    fixture->fake.owner = fixture;
    fixture->said = g_string_new(NULL);
    fixture->session = gdb_session_new(&fixture->fake.target, keep, fixture);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    gdb_session_free(fixture->session);
    fake_gdb_target_clear(&fixture->fake);
    g_string_free(fixture->said, TRUE);
}

static void send_bytes(Fixture *fixture, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;)
        at += gdb_session_take(fixture->session, bytes + at, length - at);
}

static void send_packet(Fixture *fixture, const char *payload)
{
    g_autoptr(GString) packet = gdb_packet(payload, strlen(payload));
    send_bytes(fixture, packet->str, packet->len);
}

// What was said is `expected`: of a packet what is in it, with its acknowledgement.
static void assert_said(Fixture *fixture, const char *expected)
{
    g_assert_cmpstr(fixture->said->str, ==, expected);
    g_string_truncate(fixture->said, 0);
}

static void assert_reply(Fixture *fixture, const char *payload, const char *reply)
{
    g_autoptr(GString) expected = gdb_packet(reply, strlen(reply));
    g_string_prepend_c(expected, '+');
    send_packet(fixture, payload);
    assert_said(fixture, expected->str);
}

static void assert_packet(Fixture *fixture, const char *payload)
{
    g_autoptr(GString) expected = gdb_packet(payload, strlen(payload));
    assert_said(fixture, expected->str);
}

static void test_replies(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *packet, *reply;
    } table[] = {
        { "qSupported:multiprocess+;swbreak+",
            "PacketSize=4000;qXfer:features:read+;QStartNoAckMode+;vContSupported+" },
        { "?", "T05thread:1;" },
        { "vMustReplyEmpty", "" },
        { "qTStatus", "" },
        { "qCRC:0,10", "" }, // is not qC
        { "qC", "QC1" },
        { "qAttached", "1" },
        { "qAttached:1", "1" },
        { "qSymbol::", "OK" },
        { "qfThreadInfo", "m1,2" },
        { "qsThreadInfo", "l" },
        { "qThreadExtraInfo,2", "7643505520"
                                "31" },
        { "qThreadExtraInfo,3", "E16" },
        { "T2", "OK" },
        { "T3", "E16" },
        { "T0", "E16" },
        { "Hg2", "OK" },
        { "qC", "QC2" },
        { "Hg0", "OK" },
        { "Hg-1", "OK" },
        { "qC", "QC2" },
        { "Hg3", "E16" },
        { "Hg", "E16" },
        { "Hx1", "E16" },
        { "Hc-1", "OK" },
        { "H", "E16" },
        { "vAttach;1", "T05thread:1;" },
        { "vCont?", "vCont;c;C;s;S" },
        { "qXfer:features:read:target.xml:0,9", "m<target/>" },
        { "qXfer:features:read:target.xml:9,9", "l #$}*" },
        { "qXfer:features:read:target.xml:e,9", "l" },
        { "qXfer:features:read:target.xml:f,9", "E16" },
        { "qXfer:features:read:other.xml:0,9", "" },
        { "qXfer:features:read:target.xml:0", "E16" },
        { "qRcmd,696e666f", "O796f75207361696420696e666f0d0a" },
        { "qRcmd,6", "O796f7520736169642"
                     "00d0a" },
        { "qRcmd,6x", "E16" },
        { "qqemu.Supported", "PhyMemMode" },
        { "qqemu.PhyMemMode", "0" },
        { "", "" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GString) expected = gdb_packet(table[i].reply, strlen(table[i].reply));
        g_string_prepend_c(expected, '+');
        if (table[i].reply[0] == 'O' && table[i].reply[1] != 'K')
            g_string_append(expected, "$OK#9a");
        send_packet(fixture, table[i].packet);
        assert_said(fixture, expected->str);
    }
}

static void test_memory(Fixture *fixture, gconstpointer data)
{
    memcpy(fixture->fake.memory + 0xff0, "0123456789abcdef", 16);
    assert_reply(fixture, "mc000000000000ff0,4", "30313233");
    assert_reply(fixture, "mc000000000000ffc,8", "63646566"); // as many as there are
    assert_reply(fixture, "mc000000000001000,1", "E0e");
    assert_reply(fixture, "m0,1", "E0e");
    assert_reply(fixture, "m0,0", "");
    assert_reply(fixture, "mc000000000000000", "E16");
    assert_reply(fixture, "m1c000000000000000,1", "E16"); // more than 64 bits
    assert_reply(fixture, "m,1", "E16");
    assert_reply(fixture, "Mc000000000000010,2:beef", "OK");
    g_assert_cmpmem(fixture->fake.memory + 0x10, 2, "\xbe\xef", 2);
    assert_reply(fixture, "Mc000000000000010,2:be", "E16");
    assert_reply(fixture, "Mc000000000000010,1:beef", "E16");
    assert_reply(fixture, "Mc000000000000010,1:b", "E16");
    assert_reply(fixture, "Mc000000000000010,ffffffffffffffff:00", "E16");
    assert_reply(fixture, "Mc000000000000fff,2:0102", "E0e");
    assert_reply(fixture, "Xc000000000000020,0:", "OK");
    assert_reply(fixture, "Xc000000000000020,4:a#$}", "OK"); // escaped on the way
    g_assert_cmpmem(fixture->fake.memory + 0x20, 4, "a#$}", 4);
    assert_reply(fixture, "Xc000000000000020,3:a#$}", "E16");
}

static void test_memory_is_read_in_packets(Fixture *fixture, gconstpointer data)
{
    send_packet(fixture, "mc000000000000000,ffffffffffffffff");
    g_assert_cmpuint(fixture->said->len, ==, 1 + 1 + 2 * FAKE_MEMORY + 3);
}

static void test_physical_memory(Fixture *fixture, gconstpointer data)
{
    fixture->fake.memory[0x100] = 0x48;
    assert_reply(fixture, "m100,1", "E0e");
    assert_reply(fixture, "Qqemu.PhyMemMode:1", "OK");
    assert_reply(fixture, "qqemu.PhyMemMode", "1");
    assert_reply(fixture, "m100,1", "48");
    assert_reply(fixture, "M101,1:ff", "OK");
    g_assert_cmphex(fixture->fake.memory[0x101], ==, 0xff);
    assert_reply(fixture, "Qqemu.PhyMemMode:x", "E16");
    assert_reply(fixture, "Qqemu.PhyMemMode:0", "OK");
    assert_reply(fixture, "m100,1", "E0e");
}

static void test_registers(Fixture *fixture, gconstpointer data)
{
    memset(fixture->fake.registers[0], 0x11, sizeof fixture->fake.registers[0]);
    memset(fixture->fake.registers[1], 0x22, sizeof fixture->fake.registers[1]);
    assert_reply(fixture, "g", "11111111111111111111111111111111111111111111111111111111");
    assert_reply(fixture, "p3", "11111111");
    assert_reply(fixture, "p4", "11111111111111111111111111111111");
    assert_reply(fixture, "p5", "xxxxxxxx");
    assert_reply(fixture, "p6", "E16");
    assert_reply(fixture, "p", "E16");
    assert_reply(fixture, "Hg2", "OK");
    assert_reply(fixture, "p3", "22222222");
    assert_reply(fixture, "P3=01020304", "OK");
    g_assert_cmpmem(fixture->fake.registers[1][3], 4, "\1\2\3\4", 4);
    assert_reply(fixture, "P3=010203", "E16");
    assert_reply(fixture, "P5=01020304", "E16");
    assert_reply(fixture, "P6=01020304", "E16");
    assert_reply(fixture, "P3", "E16");
    assert_reply(fixture, "G33333333333333334444444444444444555555555555555566666666", "OK");
    g_assert_cmphex(fixture->fake.registers[1][0][7], ==, 0x33);
    g_assert_cmphex(fixture->fake.registers[1][3][0], ==, 0x66);
    assert_reply(fixture, "G3333333333333333", "E16");
}

static void test_breakpoints(Fixture *fixture, gconstpointer data)
{
    assert_reply(fixture, "Z0,100,4", "OK");
    assert_reply(fixture, "Z1,200,4", "OK");
    assert_reply(fixture, "z0,100,4", "OK");
    assert_reply(fixture, "Z0,0,4", "E0e");
    assert_reply(fixture, "Z4,100,4", "");
    assert_reply(fixture, "Z5,100,4", "");
    assert_reply(fixture, "z5,100,4", "");
    assert_reply(fixture, "Z0,100", "E16");
    assert_reply(fixture, "z", "E16");
    g_assert_cmpstr(fixture->fake.breakpoints->str, ==, "Z0,100 Z1,200 z0,100 Z0,0 ");
    assert_reply(fixture, "?", "T05thread:1;"); // what another has left
    g_assert_true(g_str_has_suffix(fixture->fake.breakpoints->str, "- "));
}

// A client that goes takes its breakpoints along.
static void test_end_of_session(Fixture *fixture, gconstpointer data)
{
    gdb_session_free(g_steal_pointer(&fixture->session));
    g_assert_cmpstr(fixture->fake.breakpoints->str, ==, "- ");
}

static void test_continue(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *packet;
        GdbRun how;
        unsigned cpu;
    } table[] = {
        { "c", GDB_RUN_ALL, 0 },
        { "C05", GDB_RUN_ALL, 0 },
        { "s", GDB_RUN_STEP, 0 },
        { "S05", GDB_RUN_STEP, 0 },
        { "vCont;c", GDB_RUN_ALL, 0 },
        { "vCont;C05", GDB_RUN_ALL, 0 },
        { "vCont;c:-1", GDB_RUN_ALL, 0 },
        { "vCont;s:2;c", GDB_RUN_STEP, 1 },
        { "vCont;S05:2;c:1", GDB_RUN_STEP, 1 },
        { "vCont;s", GDB_RUN_STEP, 0 },
        { "vCont;c:2", GDB_RUN_ALONE, 1 },
        { "vCont;c:0", GDB_RUN_ALONE, 0 },
        { "vCont;c:2;c", GDB_RUN_ALL, 1 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        fixture->fake.cpu = 9;
        send_packet(fixture, table[i].packet);
        assert_said(fixture, "+"); // and no reply until it stands still
        g_assert_true(fixture->fake.runs);
        g_assert_cmpint(fixture->fake.how, ==, table[i].how);
        g_assert_cmpuint(fixture->fake.cpu, ==, table[i].cpu);
        fixture->fake.runs = false;
        gdb_session_stopped(fixture->session);
        assert_packet(fixture, "T05thread:1;");
    }
}

static void test_continue_at(Fixture *fixture, gconstpointer data)
{
    send_packet(fixture, "c100");
    assert_said(fixture, "+");
    g_assert_cmphex(fixture->fake.pc, ==, 0x100);
    send_packet(fixture, "S05;200");
    assert_said(fixture, "+$T05thread:1;#d7"); // as it ran, and was held
    g_assert_cmphex(fixture->fake.pc, ==, 0x200);
    g_assert_cmpint(fixture->fake.how, ==, GDB_RUN_STEP);
}

static void test_wrong_continues(Fixture *fixture, gconstpointer data)
{
    static const char *const packets[] = { "cx", "vCont;", "vCont;t", "vCont;c:3", "vCont;c:", "vContc",
        "vCont;C", "vCont" };
    for (unsigned i = 0; i < G_N_ELEMENTS(packets); i++) {
        assert_reply(fixture, packets[i], strcmp(packets[i], "vContc") ? "E16" : "");
        g_assert_false(fixture->fake.runs);
    }
    fixture->fake.refuses = true;
    assert_reply(fixture, "c", "E01");
    assert_reply(fixture, "vCont;s:1", "E01");
    gdb_session_stopped(fixture->session); // and it waits for nothing
    assert_said(fixture, "");
}

// Packet Hc: one vCPU alone.
static void test_chosen_to_go_on(Fixture *fixture, gconstpointer data)
{
    assert_reply(fixture, "Hc2", "OK");
    send_packet(fixture, "c");
    g_assert_cmpint(fixture->fake.how, ==, GDB_RUN_ALONE);
    g_assert_cmpuint(fixture->fake.cpu, ==, 1);
}

static void test_stops(Fixture *fixture, gconstpointer data)
{
    gdb_session_stopped(fixture->session); // nobody waits
    assert_said(fixture, "");
    send_packet(fixture, "c");
    g_string_truncate(fixture->said, 0);
    fixture->fake.stop = (GdbStop){ .signal = GDB_SIGNAL_INT, .cpu = 1 };
    send_bytes(fixture, "\3", 1);
    assert_packet(fixture, "T02thread:2;");
    assert_reply(fixture, "qC", "QC2"); // who stopped is meant from now on
    send_bytes(fixture, "\3", 1);       // it stands
    assert_said(fixture, "");
    send_packet(fixture, "c");
    g_string_truncate(fixture->said, 0);
    fixture->fake.stop = (GdbStop){ .signal = GDB_SIGNAL_TRAP, .what = "watch", .address = 0xc000 };
    gdb_session_stopped(fixture->session);
    assert_packet(fixture, "T05thread:1;watch:c000;");
}

// By the monitor's cont, say: to look at it is to stop it.
static void test_look_stops_it(Fixture *fixture, gconstpointer data)
{
    fixture->fake.runs = true;
    unsigned before = fixture->fake.holds;
    assert_reply(fixture, "qC", "QC1");
    g_assert_cmpuint(fixture->fake.holds, ==, before + 1);
}

static void test_leave(Fixture *fixture, gconstpointer data)
{
    assert_reply(fixture, "D", "OK");
    g_assert_true(fixture->fake.runs);
    g_assert_cmpint(fixture->fake.how, ==, GDB_RUN_ALL);
    g_assert_cmpstr(fixture->fake.breakpoints->str, ==, "- ");
    gdb_session_stopped(fixture->session);
    assert_said(fixture, "");
    send_packet(fixture, "k");
    assert_said(fixture, "+");
    assert_reply(fixture, "vKill;1", "OK");
    g_assert_cmpuint(fixture->fake.quits, ==, 2);
}

static void test_end_of_machine(Fixture *fixture, gconstpointer data)
{
    gdb_session_ended(fixture->session); // nobody waits
    assert_said(fixture, "");
    send_packet(fixture, "c");
    g_string_truncate(fixture->said, 0);
    gdb_session_ended(fixture->session);
    assert_packet(fixture, "W00");
}

static void test_acknowledgements(Fixture *fixture, gconstpointer data)
{
    send_bytes(fixture, "$qC#b5", 6); // by one too much
    assert_said(fixture, "-");
    assert_reply(fixture, "qC", "QC1");
    send_bytes(fixture, "-", 1);
    assert_packet(fixture, "QC1");
    send_bytes(fixture, "+", 1);
    assert_said(fixture, "");
    assert_reply(fixture, "QStartNoAckMode", "OK");
    send_bytes(fixture, "-", 1); // the last that may be lost
    assert_packet(fixture, "OK");
    send_packet(fixture, "qC");
    assert_packet(fixture, "QC1");
    send_bytes(fixture, "-", 1);
    assert_said(fixture, "");
    send_bytes(fixture, "$qC#00", 6);
    assert_said(fixture, "");
}

static void test_too_long(Fixture *fixture, gconstpointer data)
{
    g_autofree char *payload = g_strnfill(GDB_PACKET_MAX + 1, 'm');
    assert_reply(fixture, payload, "E07");
    assert_reply(fixture, "qC", "QC1");
}

// Not one packet more is answered than the caller has asked for.
static void test_one_at_a_time(Fixture *fixture, gconstpointer data)
{
    static const char two[] = "+$qC#b4$qC#b4";
    g_assert_cmpuint(gdb_session_take(fixture->session, two, sizeof two - 1), ==, 7);
    assert_said(fixture, "+$QC1#c5");
}

static void test_no_monitor(Fixture *fixture, gconstpointer data)
{
    fixture->fake.target.monitor = NULL;
    assert_reply(fixture, "qRcmd,696e666f", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, function) g_test_add("/gdb/" path, Fixture, NULL, set_up, function, tear_down)
    ADD("replies", test_replies);
    ADD("memory", test_memory);
    ADD("memory-in-packets", test_memory_is_read_in_packets);
    ADD("physical-memory", test_physical_memory);
    ADD("registers", test_registers);
    ADD("breakpoints", test_breakpoints);
    ADD("end-of-session", test_end_of_session);
    ADD("continue", test_continue);
    ADD("continue-at", test_continue_at);
    ADD("wrong-continues", test_wrong_continues);
    ADD("chosen-to-go-on", test_chosen_to_go_on);
    ADD("stops", test_stops);
    ADD("look-stops-it", test_look_stops_it);
    ADD("leave", test_leave);
    ADD("end-of-machine", test_end_of_machine);
    ADD("acknowledgements", test_acknowledgements);
    ADD("too-long", test_too_long);
    ADD("one-at-a-time", test_one_at_a_time);
    ADD("no-monitor", test_no_monitor);
    return g_test_run();
}
