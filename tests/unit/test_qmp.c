// QMP, a client's conversation: requests good and bad, in one piece and in many (QEMU's qmp-spec.rst).
#include "fake_machine.h"
#include "lparun/timeline.h"
#include "qmp/frame.h"
#include "qmp/session.h"
#include <json-glib/json-glib.h>

typedef struct Fixture {
    FakeMachine machine;
    Session *session;
    GPtrArray *lines;
    unsigned next;    // line that was not looked at yet
    unsigned went_on; // how often it may take bytes again
} Fixture;

static void keep(void *owner, const char *line, size_t length)
{
    Fixture *fixture = owner;
    g_assert_cmpuint(strlen(line), ==, length);
    g_assert_true(g_str_has_suffix(line, "\r\n"));
    g_assert_cmpuint(strcspn(line, "\r\n"), ==, length - 2); // one line
    g_ptr_array_add(fixture->lines, g_strndup(line, length - 2));
}

static void go_on(void *owner)
{
    ((Fixture *)owner)->went_on++;
}

static const SessionOps session_ops = { .write = keep, .go_on = go_on };

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->lines = g_ptr_array_new_with_free_func(g_free);
    fake_machine_init(&fixture->machine);
    fixture->session = session_new(fake_machine_tables, &fixture->machine.operations, &session_ops, fixture);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpuint(fixture->next, ==, fixture->lines->len); // nothing more was said
    session_free(fixture->session);
    g_ptr_array_unref(fixture->lines);
}

static void send_bytes(Fixture *fixture, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length && !session_waits(fixture->session);)
        at += session_take(fixture->session, bytes + at, length - at);
}

static void send(Fixture *fixture, const char *text)
{
    send_bytes(fixture, text, strlen(text));
}

static const char *next_line(Fixture *fixture)
{
    g_assert_cmpuint(fixture->next, <, fixture->lines->len);
    return fixture->lines->pdata[fixture->next++];
}

static void negotiate(Fixture *fixture)
{
    send(fixture, "{\"execute\":\"qmp_capabilities\"}\n");
    g_assert_cmpstr(next_line(fixture), ==, "{\"return\":{}}");
}

#define ERROR(class, desc) "{\"error\":{\"class\":\"" class "\",\"desc\":\"" desc "\"}}"
#define GENERIC(desc) ERROR("GenericError", desc)

static void assert_answer(Fixture *fixture, const char *request, const char *answer)
{
    send(fixture, request);
    g_assert_cmpstr(next_line(fixture), ==, answer);
}

// A message that is no JSON: the prefix is QEMU's. The session goes on.
static void assert_no_json(Fixture *fixture, const char *request)
{
    send(fixture, request);
    const char *line = next_line(fixture);
    if (!g_str_has_prefix(line, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"JSON parse error, "))
        g_error("'%s' gave %s", request, line);
    assert_answer(
        fixture, "{\"execute\":\"none\"}\n", ERROR("CommandNotFound", "The command none has not been found"));
}

#define VERSION "{\"qemu\":{\"major\":0,\"minor\":1,\"micro\":0},\"package\":\"lparun " LPARUN_VERSION "\"}"

static void test_greeting(Fixture *fixture, gconstpointer data)
{
    session_greet(fixture->session);
    g_assert_cmpstr(next_line(fixture), ==, "{\"QMP\":{\"version\":" VERSION ",\"capabilities\":[]}}");
    fixture->machine.operations.version = "10.0.0"; // in QEMU's place
    session_greet(fixture->session);
    g_assert_cmpstr(next_line(fixture), ==,
        "{\"QMP\":{\"version\":{\"qemu\":{\"major\":10,\"minor\":0,\"micro\":0},\"package\":"
        "\"lparun " LPARUN_VERSION "\"},\"capabilities\":[]}}");
}

static void test_negotiation(Fixture *fixture, gconstpointer data)
{
#define EXPECTING ERROR("CommandNotFound", "Expecting capabilities negotiation with 'qmp_capabilities'")
    assert_answer(fixture, "{\"execute\":\"query-version\"}\n", EXPECTING);
    assert_answer(fixture, "{\"execute\":\"quit\"}\n", EXPECTING);
    assert_answer(fixture, "{\"execute\":\"none\"}\n", EXPECTING);
    assert_answer(fixture, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}}\n",
        GENERIC("Capability oob not available"));
    assert_answer(fixture, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"warp\"]}}\n",
        GENERIC("Parameter 'enable[0]' does not accept value 'warp'"));
    assert_answer(fixture, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[1]}}\n",
        GENERIC("Invalid parameter type for 'enable[0]', expected: string"));
    assert_answer(fixture, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":{}}}\n",
        GENERIC("Invalid parameter type for 'enable', expected: array"));
    assert_answer(fixture, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"disable\":[]}}\n",
        GENERIC("Parameter 'disable' is unexpected"));
    assert_answer(fixture, "{\"execute\":\"query-version\"}\n", EXPECTING);
    assert_answer(
        fixture, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[]}}\n", "{\"return\":{}}");
    assert_answer(fixture, "{\"execute\":\"qmp_capabilities\"}\n",
        ERROR("CommandNotFound", "Capabilities negotiation is already complete, command ignored"));
    assert_answer(fixture, "{\"execute\":\"query-version\"}\n", "{\"return\":" VERSION "}");
    g_assert_cmpuint(fixture->machine.orders[ORDER_QUIT], ==, 0);
}

static void test_commands(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    assert_answer(fixture, "{\"execute\":\"query-status\"}\n",
        "{\"return\":{\"running\":true,\"status\":\"running\"}}");
    assert_answer(fixture, "{\"execute\":\"stop\"}\n", "{\"return\":{}}");
    assert_answer(fixture, "{\"execute\":\"query-status\"}\n",
        "{\"return\":{\"running\":false,\"status\":\"paused\"}}");
    assert_answer(fixture, "{\"execute\":\"cont\"}\n", "{\"return\":{}}");
    assert_answer(fixture, "{\"execute\":\"system_reset\"}\n", "{\"return\":{}}");
    assert_answer(fixture, "{\"execute\":\"system_powerdown\"}\n", "{\"return\":{}}");
    assert_answer(fixture, "{\"execute\":\"inject-nmi\"}\n", "{\"return\":{}}");
    assert_answer(fixture, "{\"execute\":\"quit\"}\n", "{\"return\":{}}");
    for (unsigned i = 0; i < MONITOR_ORDERS; i++)
        g_assert_cmpuint(fixture->machine.orders[i], ==, 1);
#define CPU(index, core, thread)                                                                             \
    "{\"cpu-index\":" index ",\"qom-path\":\"/machine/unattached/device[" core                               \
    "]/thread[0]\",\"thread-id\":" thread ",\"props\":{\"core-id\":" core "},\"target\":\"ppc64\"}"
    assert_answer(fixture, "{\"execute\":\"query-cpus-fast\"}\n",
        "{\"return\":[" CPU("0", "0", "1000") "," CPU("1", "8", "1001") "]}");
}

// Registers are text: not every reader of JSON has 64 bits.
static void test_vcpus(Fixture *fixture, gconstpointer data)
{
    static const char *const states[] = { "running", "ceded", "joined", "stopped", "held" };
    negotiate(fixture);
    fixture->machine.cpus = G_N_ELEMENTS(states);
    send(fixture, "{\"execute\":\"x-lparun-vcpus\"}\n");
    const char *line = next_line(fixture);
    g_assert_nonnull(
        strstr(line, "{\"cpu-index\":0,\"thread-id\":1000,\"state\":\"running\","
                     "\"nip\":\"0xc000000000001234\",\"msr\":\"0x8000000000001033\",\"lr\":\"0x10\","
                     "\"ctr\":\"0x0\",\"r1\":\"0x0\",\"r3\":\"0xffffffffffffffff\"},"));
    for (unsigned i = 1; i < G_N_ELEMENTS(states); i++) { // without registers, as they did not answer
        g_autofree char *vcpu =
            g_strdup_printf("{\"cpu-index\":%u,\"thread-id\":%u,\"state\":\"%s\"}", i, 1000 + i, states[i]);
        g_assert_nonnull(strstr(line, vcpu));
    }
}

// What the machine says as JSON comes as it is.
static void test_stats(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    assert_answer(fixture, "{\"execute\":\"x-lparun-stats\",\"id\":1}\n",
        "{\"return\":{\"exits\":{\"MMIO\":9007199254740993},\"rows\":[{}]},\"id\":1}");
}

static void test_timeline(Fixture *fixture, gconstpointer data)
{
    Timeline *timeline = timeline_new();
    TimelineDisk *disk = timeline_add_disk(timeline, "d\"0");
    fixture->machine.operations.timeline = timeline;
    session_free(fixture->session);
    fixture->session = session_new(fake_machine_tables, &fixture->machine.operations, &session_ops, fixture);
    negotiate(fixture);
    timeline_set(timeline, TIMELINE_PANIC, 30, "why\n");
    timeline_set(timeline, TIMELINE_START, 10, NULL);
    atomic_store(&disk->first.at, 20);
    send(fixture, "{\"execute\":\"x-lparun-timeline\"}\n");
    g_assert_nonnull(strstr(next_line(fixture),
        "\"marks\":[{\"name\":\"start\",\"at\":10},{\"name\":\"disk-read\",\"at\":20,\"disk\":\"d\\\"0\"},"
        "{\"name\":\"panic\",\"at\":30,\"reason\":\"why\\n\"}]}"));
    timeline_free(timeline);
}

static void test_watch(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    assert_answer(fixture, "{\"execute\":\"x-lparun-watch\"}\n", "{\"return\":{}}");
    g_assert_true(fixture->machine.watched);
    assert_answer(
        fixture, "{\"execute\":\"x-lparun-watch\",\"arguments\":{\"enable\":false}}\n", "{\"return\":{}}");
    g_assert_false(fixture->machine.watched);
}

// Everything that query-commands lists is there.
static void test_query_commands(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    send(fixture, "{\"execute\":\"query-commands\"}\n");
    g_autoptr(JsonNode) answer = json_from_string(next_line(fixture), NULL);
    JsonArray *list = json_object_get_array_member(json_node_get_object(answer), "return");
    g_assert_cmpuint(json_array_get_length(list), ==, 15);
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        const char *name = json_object_get_string_member(json_array_get_object_element(list, i), "name");
        g_autofree char *request = g_strdup_printf("{\"execute\":\"%s\"}\n", name);
        send(fixture, request);
        g_assert_true(g_str_has_prefix(next_line(fixture), "{\"return\":"));
    }
}

static void test_wrong_requests(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    assert_answer(fixture, "{}\n", GENERIC("QMP input lacks member 'execute'"));
    assert_answer(fixture, "[]\n", GENERIC("QMP input must be a JSON object"));
    assert_answer(fixture, "null\n", GENERIC("QMP input must be a JSON object"));
    assert_answer(fixture, "17 ", GENERIC("QMP input must be a JSON object"));
    assert_answer(fixture, "\"stop\"\n", GENERIC("QMP input must be a JSON object"));
    assert_answer(fixture, "{\"execute\":true}\n", GENERIC("QMP input member 'execute' must be a string"));
    assert_answer(fixture, "{\"execute\":null}\n", GENERIC("QMP input member 'execute' must be a string"));
    assert_answer(
        fixture, "{\"execute\":[\"stop\"]}\n", GENERIC("QMP input member 'execute' must be a string"));
    assert_answer(fixture, "{\"execute\":\"stop\",\"arguments\":[]}\n",
        GENERIC("QMP input member 'arguments' must be an object"));
    assert_answer(
        fixture, "{\"execute\":\"stop\",\"extra\":1}\n", GENERIC("QMP input member 'extra' is unexpected"));
    assert_answer(fixture, "{\"exec-oob\":\"stop\"}\n", GENERIC("QMP input member 'exec-oob' is unexpected"));
    assert_answer(fixture, "{\"execute\":\"stop\",\"arguments\":{\"force\":true}}\n",
        GENERIC("Parameter 'force' is unexpected"));
    assert_answer(fixture, "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"x\"}}\n",
        ERROR("CommandNotFound",
            "The command device_add has not been found: no device can be plugged in while the "
            "guest runs"));
    g_assert_cmpuint(fixture->machine.orders[ORDER_STOP], ==, 0);
    assert_answer(fixture, "{\"execute\":\"stop\",\"arguments\":{}}\n", "{\"return\":{}}");
}

// Whatever the client calls its request by comes back with the answer.
static void test_id(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    assert_answer(fixture, "{\"execute\":\"stop\",\"id\":\"cookie\"}\n", "{\"return\":{},\"id\":\"cookie\"}");
    assert_answer(fixture, "{\"id\":{\"a\":[1,null]},\"execute\":\"stop\"}\n",
        "{\"return\":{},\"id\":{\"a\":[1,null]}}");
    assert_answer(fixture, "{\"execute\":\"stop\",\"id\":null}\n", "{\"return\":{},\"id\":null}");
    assert_answer(fixture, "{\"execute\":\"none\",\"id\":2}\n",
        "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"The command none has not been "
        "found\"},\"id\":2}");
    assert_answer(fixture, "{\"id\":\"err\"}\n",
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"QMP input lacks member "
        "'execute'\"},\"id\":\"err\"}");
}

// As text: numbers of any size and form, strings with NUL, objects, in an error's answer too. The last of
// several counts; another object's is none; an answer stays one line of UTF-8.
static void test_id_verbatim(Fixture *fixture, gconstpointer data)
{
    static const char *const ids[] = { "1e999", "-1E-999", "1.0", "-0", "18446744073709551615",
        "123456789012345678901234567890", "\"\\u0000abc\"", "\"\\ud800\"", "\"\\u00e9\\/\"", "\"\303\251\"",
        "{\"b\":1e999,\"a\":[\"\\u0000\"],\"id\":{\"id\":2},\"b\":0.10}", "[1, 2.50,{}]", "false", "\"\"" };
    negotiate(fixture);
    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autofree char *good = g_strdup_printf("{\"execute\":\"stop\",\"id\": %s }\n", ids[i]);
        g_autofree char *answer = g_strdup_printf("{\"return\":{},\"id\":%s}", ids[i]);
        assert_answer(fixture, good, answer);
        g_autofree char *bad = g_strdup_printf("{\"\\u0069\\u0064\":%s}\n", ids[i]);
        g_autofree char *error =
            g_strdup_printf("{\"error\":{\"class\":\"GenericError\",\"desc\":\"QMP input lacks "
                            "member 'execute'\"},\"id\":%s}",
                ids[i]);
        assert_answer(fixture, bad, error);
    }
    assert_answer(fixture, "{\"id\":1,\"execute\":\"stop\",\"id\":1e999}\n", "{\"return\":{},\"id\":1e999}");
    assert_answer(fixture, "{\"execute\":\"stop\",\"id\":{\r\n\t\"a\" : 1\n}}\n",
        "{\"return\":{},\"id\":{   \"a\" : 1 }}");
    assert_answer(fixture, "{\"execute\":\"stop\",\"arguments\":{\"id\":1}}\n",
        GENERIC("Parameter 'id' is unexpected"));
}

// A name is all of its characters.
static void test_name_with_nul(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    assert_answer(fixture, "{\"execute\":\"stop\\u0000\"}\n",
        ERROR("CommandNotFound", "The command stop\357\277\275 has not been found"));
    assert_answer(fixture, "{\"execute\\u0000\":\"stop\"}\n",
        GENERIC("QMP input member 'execute\357\277\275' is unexpected"));
    assert_answer(fixture, "{\"execute\":\"\\ud83d\\ude00\\ud800\\u0041\\uDC00\"}\n",
        ERROR("CommandNotFound", "The command \360\237\230\200\357\277\275A\357\277\275 has not been found"));
    g_assert_cmpuint(fixture->machine.orders[ORDER_STOP], ==, 0);
}

static void test_no_json(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    assert_no_json(fixture, "{]\n");
    assert_no_json(fixture, "}\n");
    assert_no_json(fixture, "{\xff");
    assert_no_json(fixture, "{\x01");
    assert_no_json(fixture, "{\"bad \xff");
    assert_no_json(fixture, "{\"execute\": \"stop\", \"id\": \"\n");
    assert_no_json(fixture, "{\"a\" \"b\"}\n");
    assert_no_json(fixture, "{\"execute\":\"stop\",}\n");
    assert_no_json(fixture, "%%p\n");
    assert_no_json(fixture, "{\"bad \xc3\x28\":1}\n");
    assert_no_json(fixture, "{\"execute\":\"stop\x7f\xed\xa0\x80\"}\n");
    assert_no_json(fixture, "stop\n");
    assert_no_json(fixture, "{\"id\":01}\n");
    assert_no_json(fixture, "{\"id\":1.}\n");
    assert_no_json(fixture, "{\"id\":-}\n");
    assert_no_json(fixture, "{\"id\":1e}\n");
    assert_no_json(fixture, "{\"id\":}\n");
    assert_no_json(fixture, "{\"id\":tru}\n");
    assert_no_json(fixture, "{\"id\":\"\\u00g0\"}\n");
    assert_no_json(fixture, "{\"id\":[1 2]}\n");
    assert_no_json(fixture, "{\"id\":[1}\xff");
    assert_no_json(fixture, "{\"id\":1,\"id\":\"\\x\"}\n");
    assert_no_json(fixture, "var{\"execute\":\"stop\"}\n");
    send_bytes(fixture, "{\"a\0\"}", 6);
    g_assert_cmpstr(next_line(fixture), ==, GENERIC("JSON parse error, stray byte"));
    send(fixture, "\xff"); // what was left of it
    next_line(fixture);
    g_assert_cmpuint(fixture->machine.orders[ORDER_STOP], ==, 0);
}

// One byte at a time, over several lines, several in one piece: a message ends where its braces do.
static void test_pieces(Fixture *fixture, gconstpointer data)
{
    static const char pieces[] = "\r\n { \"execute\" :\r\n\t\"stop\", \"id\": \"}\\\"{[\" } \n\n";
    negotiate(fixture);
    for (size_t i = 0; i + 1 < sizeof pieces; i++) {
        g_assert_cmpuint(session_take(fixture->session, pieces + i, 1), ==, 1);
        if (i + 5 < sizeof pieces)
            g_assert_cmpuint(fixture->lines->len, ==, fixture->next);
    }
    g_assert_cmpstr(next_line(fixture), ==, "{\"return\":{},\"id\":\"}\\\"{[\"}");
    static const char many[] = "{\"execute\":\"stop\"}{\"execute\":\"cont\"} {\"execute\":\"stop\"}\n";
    size_t first = session_take(fixture->session, many, sizeof many - 1);
    g_assert_cmpuint(first, ==, 18); // the caller decides when the next one is answered
    g_assert_cmpuint(fixture->machine.orders[ORDER_RESUME], ==, 0);
    send(fixture, many + first);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpstr(next_line(fixture), ==, "{\"return\":{}}");
    g_assert_cmpuint(fixture->machine.orders[ORDER_STOP], ==, 3);
}

static void send_repeated(Fixture *fixture, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        send(fixture, text);
}

// The longest message is taken; a longer one is refused once, and forgotten up to the end of its line.
static void test_long(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
#define REST (FRAME_BYTES - strlen("{\"execute\":\"stop\",\"id\":\"\"}"))
    send(fixture, "{\"execute\":\"stop\",\"id\":\"");
    send_repeated(fixture, "x", REST);
    send(fixture, "\"}");
    g_assert_cmpuint(strlen(next_line(fixture)), ==, REST + strlen("{\"return\":{},\"id\":\"\"}"));
    send(fixture, "{\"execute\":\"stop\",\"id\":\"");
    send_repeated(fixture, "x", REST + 1);
    g_assert_cmpuint(fixture->lines->len, ==, fixture->next);
    send(fixture, "\"}");
    g_assert_cmpstr(next_line(fixture), ==, GENERIC("JSON token size limit exceeded"));
    send_repeated(fixture, "{\"execute\":\"quit\"}", 10 * FRAME_BYTES / 18);
    send(fixture, "\n");
    g_assert_cmpuint(fixture->machine.orders[ORDER_STOP], ==, 1);
    g_assert_cmpuint(fixture->machine.orders[ORDER_QUIT], ==, 0);
    assert_answer(fixture, "{\"execute\":\"stop\"}\n", "{\"return\":{}}");
}

// Deep nesting does not run lparun out of stack.
static void test_deep(Fixture *fixture, gconstpointer data)
{
    negotiate(fixture);
    send(fixture, "{\"execute\":\"stop\",\"id\":");
    send_repeated(fixture, "[", FRAME_DEPTH - 1);
    send_repeated(fixture, "]", FRAME_DEPTH - 1);
    send(fixture, "}");
    g_assert_true(g_str_has_prefix(next_line(fixture), "{\"return\":{},\"id\":[[["));
    send_repeated(fixture, "[", FRAME_DEPTH);
    g_assert_cmpuint(fixture->lines->len, ==, fixture->next);
    send(fixture, "[");
    g_assert_cmpstr(next_line(fixture), ==, GENERIC("JSON nesting depth limit exceeded"));
    assert_answer(fixture, "{\"execute\":\"stop\"}\n", "{\"return\":{}}");
}

// Strings with escapes: what comes out is UTF-8 whatever went in.
static void test_escapes(Fixture *fixture, gconstpointer data)
{
    static const char *const ids[] = { "\\u00e9\\n\\t\\\"", "\\ud83d\\ude00", "\\ud800", "\\udc00x",
        "\\u0000", "\\/", "\\u0001\\u001f", "\\" };
    negotiate(fixture);
    for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autofree char *request = g_strdup_printf("{\"execute\":\"stop\",\"id\":\"%s\"}\"}\n", ids[i]);
        send(fixture, request);
        send(fixture, "\xff");
        while (fixture->next < fixture->lines->len)
            g_assert_true(g_utf8_validate(next_line(fixture), -1, NULL));
    }
    assert_answer(fixture, "{\"execute\":\"stop\"}\n", "{\"return\":{}}");
}

static void assert_event(Fixture *fixture, const MonitorEvent *event, const char *rest)
{
    session_tell(fixture->session, event);
    const char *line = next_line(fixture);
    g_autoptr(JsonNode) node = json_from_string(line, NULL);
    JsonObject *time = json_object_get_object_member(json_node_get_object(node), "timestamp");
    gint64 age = g_get_real_time() - json_object_get_int_member(time, "seconds") * G_USEC_PER_SEC -
                 json_object_get_int_member(time, "microseconds");
    g_assert_cmpint(age, >=, 0);
    g_assert_cmpint(age, <, 5 * G_USEC_PER_SEC);
    g_assert_cmpstr(strstr(line, "\"event\""), ==, rest);
}

static void test_events(Fixture *fixture, gconstpointer data)
{
    const MonitorEvent stop = { .name = "STOP" };
    g_autoptr(GVariant) members =
        g_variant_ref_sink(g_variant_new_parsed("{'guest': <true>, 'reason': <'guest-reset'>}"));
    const MonitorEvent reset = { .name = "RESET", .data = members };
    session_tell(fixture->session, &stop); // not before the negotiation
    negotiate(fixture);
    assert_event(fixture, &stop, "\"event\":\"STOP\"}");
    assert_event(
        fixture, &reset, "\"event\":\"RESET\",\"data\":{\"guest\":true,\"reason\":\"guest-reset\"}}");
}

// --- Arguments, as a row says.

static GVariant *echo(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    const char *text;
    gint64 number = -1;
    gboolean on = FALSE;
    g_assert_true(g_variant_lookup(arguments, "text", "&s", &text));
    g_variant_lookup(arguments, "number", "x", &number);
    g_variant_lookup(arguments, "on", "b", &on);
    if (number == 13 && !command_refuse(error, "Not %s", text))
        return NULL;
    GVariantBuilder *said = command_object();
    command_add(said, "said", g_variant_new_string(text));
    command_add(said, "number", g_variant_new_int64(number));
    command_add(said, "on", g_variant_new_boolean(on));
    return command_end(said);
}

static const Command echo_commands[] = { { "x-echo", echo, "text:str number?:int on?:bool" }, { 0 } };

static void test_arguments(Fixture *fixture, gconstpointer data)
{
#define ECHO(arguments) "{\"execute\":\"x-echo\",\"arguments\":{" arguments "}}\n"
#define SAID(text, number, on) "{\"return\":{\"said\":\"" text "\",\"number\":" number ",\"on\":" on "}}"
    const Command *no_more = fake_machine_tables[2];
    fake_machine_tables[2] = echo_commands;
    negotiate(fixture);
    assert_answer(fixture, ECHO("\"text\":\"a\""), SAID("a", "-1", "false"));
    assert_answer(fixture, ECHO("\"on\":true,\"number\":9007199254740993,\"text\":\"\\u00e4\""),
        SAID("\303\244", "9007199254740993", "true"));
    assert_answer(fixture, ECHO("\"text\":\"x\",\"number\":13"), GENERIC("Not x"));
    assert_answer(fixture, "{\"execute\":\"x-echo\"}\n", GENERIC("Parameter 'text' is missing"));
    assert_answer(fixture, ECHO("\"number\":1"), GENERIC("Parameter 'text' is missing"));
    static const char *const texts[] = { "1", "true", "null", "[]", "{}" };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *request =
            g_strdup_printf("{\"execute\":\"x-echo\",\"arguments\":{\"text\":%s}}\n", texts[i]);
        assert_answer(fixture, request, GENERIC("Invalid parameter type for 'text', expected: string"));
    }
    assert_answer(fixture, ECHO("\"text\":\"a\",\"number\":\"1\""),
        GENERIC("Invalid parameter type for 'number', expected: integer"));
    assert_answer(fixture, ECHO("\"text\":\"a\",\"number\":1.5"),
        GENERIC("Invalid parameter type for 'number', expected: integer"));
    assert_answer(fixture, ECHO("\"text\":\"a\",\"on\":1"),
        GENERIC("Invalid parameter type for 'on', expected: boolean"));
    assert_answer(
        fixture, ECHO("\"text\":\"a\",\"more\":1,\"and\":2"), GENERIC("Parameter 'more' is unexpected"));
    fake_machine_tables[2] = no_more;
}

// Arguments of every kind that a row can say come back as they were taken.
static GVariant *mirror(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    return g_variant_ref(arguments);
}

static const Word colours[] = { { "red", 1 }, { "rot", 1, .unlisted = true }, { "blue", 2 }, { 0 } };
static const CommandType mirror_types[] = {
    { "Colour", .word_rows = colours },
    { "Point", "x:int y?:number" },
    { "Line", "from:Point to:[Point]" },
    { "Shape", "kind:Kind colour?:Colour", .tag = "kind", .members_by = "line:Line dot:Point more:Shape2" },
    { "Kind", .words = "line dot none more" },
    { "Shape2", "kind2:Kind", .tag = "kind2", .members_by = "dot:Point" },
    { "Ref", .either = "Shape str null [int]" },
    { 0 },
};
static const Command mirror_commands[] = {
    { "x-mirror", mirror, "ref?:Ref line?:Line any?:any size?:size null?:null list?:[[bool]]", "Ref" },
    { "x-shape", mirror, "Shape", "any", .features = "unstable deprecated" },
    { "x-more", mirror, "a:int", .takes_more = true },
    { 0 },
};

static void set_up_mirror(Fixture *fixture, gconstpointer data)
{
    static const CommandEvent events[] = { { "X_EVENT", "a:Colour" }, { 0 } };
    static const CommandType *const types[] = { mirror_types, NULL };
    static const CommandSchema schema = { types, events };
    static const Command *const tables[] = { mirror_commands, NULL };
    fixture->lines = g_ptr_array_new_with_free_func(g_free);
    fake_machine_init(&fixture->machine);
    fixture->machine.operations.schema = &schema;
    fixture->session = session_new(tables, &fixture->machine.operations, &session_ops, fixture);
    negotiate(fixture);
}

static void assert_taken(Fixture *fixture, const char *command, const char *arguments)
{
    g_autofree char *request =
        g_strdup_printf("{\"execute\":\"%s\",\"arguments\":{%s}}\n", command, arguments);
    send(fixture, request);
    g_autoptr(JsonNode) answer = json_from_string(next_line(fixture), NULL);
    g_autofree char *wanted = g_strdup_printf("{\"return\":{%s}}", arguments);
    g_autoptr(JsonNode) node = json_from_string(wanted, NULL);
    if (!json_node_equal(answer, node))
        g_error("%s gave %s", request, (char *)fixture->lines->pdata[fixture->next - 1]);
}

static void assert_not_taken(Fixture *fixture, const char *command, const char *arguments, const char *why)
{
    g_autofree char *request =
        g_strdup_printf("{\"execute\":\"%s\",\"arguments\":{%s}}\n", command, arguments);
    g_autofree char *answer =
        g_strdup_printf("{\"error\":{\"class\":\"GenericError\",\"desc\":\"%s\"}}", why);
    assert_answer(fixture, request, answer);
}

static void test_types(Fixture *fixture, gconstpointer data)
{
    static const char *const taken[] = { "", "'ref':'a'", "'ref':null", "'ref':[1,2]",
        "'ref':{'kind':'none'}", "'ref':{'kind':'dot','x':-1,'y':0.5,'colour':'red'}",
        "'line':{'from':{'x':1},'to':[{'x':2,'y':1.5},{'x':3}]}",
        "'ref':{'kind':'line','from':{'x':1},'to':[]}", "'any':{'a':[1,true,null,'b',1.5],'c':{}}", "'any':1",
        "'size':4096", "'null':null", "'list':[[true],[],[false,true]]",
        "'ref':{'kind':'more','kind2':'dot','x':1}" };
    for (unsigned i = 0; i < G_N_ELEMENTS(taken); i++) {
        g_autofree char *text = g_strdelimit(g_strdup(taken[i]), "'", '"');
        assert_taken(fixture, "x-mirror", text);
    }
    assert_taken(fixture, "x-shape", "\"kind\":\"dot\",\"x\":1");
    assert_taken(fixture, "x-more", "\"a\":1,\"b\":{\"c\":[]},\"d\":\"e\"");
}

static void test_types_wrong(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *command, *arguments, *why;
    } wrong[] = {
        { "x-mirror", "'ref':1", "Invalid parameter type for 'ref', expected: Ref" },
        { "x-mirror", "'ref':{'kind':'round'}", "Parameter 'ref.kind' does not accept value 'round'" },
        { "x-mirror", "'ref':{'kind':'dot'}", "Parameter 'ref.x' is missing" },
        { "x-mirror", "'ref':{'kind':'none','x':1}", "Parameter 'ref.x' is unexpected" },
        { "x-mirror", "'ref':{'kind':'dot','x':1,'colour':'rot'}",
            "Parameter 'ref.colour' does not accept value 'rot'" },
        { "x-mirror", "'ref':{'kind':'dot','x':1,'colour':1}",
            "Invalid parameter type for 'ref.colour', expected: string" },
        { "x-mirror", "'ref':['a']", "Invalid parameter type for 'ref[0]', expected: integer" },
        { "x-mirror", "'line':1", "Invalid parameter type for 'line', expected: object" },
        { "x-mirror", "'line':{'from':{'x':1},'to':{}}",
            "Invalid parameter type for 'line.to', expected: array" },
        { "x-mirror", "'line':{'from':{'x':1},'to':[{'x':1},{'x':'a'}]}",
            "Invalid parameter type for 'line.to[1].x', expected: integer" },
        { "x-mirror", "'line':{'from':{'x':1},'to':[{'x':1,'y':'a'}]}",
            "Invalid parameter type for 'line.to[0].y', expected: number" },
        { "x-mirror", "'line':{'from':{'x':1,'z':1},'to':[]}", "Parameter 'line.from.z' is unexpected" },
        { "x-mirror", "'size':1.5", "Invalid parameter type for 'size', expected: integer" },
        { "x-mirror", "'null':0", "Invalid parameter type for 'null', expected: null" },
        { "x-mirror", "'list':[[true],[1]]", "Invalid parameter type for 'list[1][0]', expected: boolean" },
        { "x-mirror", "'ref':{'kind':'more','kind2':'dot'}", "Parameter 'ref.x' is missing" },
        { "x-shape", "'kind':'dot'", "Parameter 'x' is missing" },
        { "x-shape", "'kind':'line','from':{},'to':[]", "Parameter 'from.x' is missing" },
        { "x-shape", "'kind':'none','more':1", "Parameter 'more' is unexpected" },
        { "x-more", "'b':1", "Parameter 'a' is missing" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strdelimit(g_strdup(wrong[i].arguments), "'", '"');
        assert_not_taken(fixture, wrong[i].command, text, wrong[i].why);
    }
}

// All that a row says stands in the schema.
static void test_schema(Fixture *fixture, gconstpointer data)
{
    static const char *const parts[] = {
        "{'name':'x-more','meta-type':'command','arg-type':'%','ret-type':'%'}",
        "'features':['unstable','deprecated']}",
        "{'name':'X_EVENT','meta-type':'event','arg-type':'%'}",
        "'meta-type':'object','members':[{'name':'x','type':'int'},{'name':'y','type':'number','default':"
        "null}]}",
        "'meta-type':'enum','members':[{'name':'red'},{'name':'blue'}],'values':['red','blue']}",
        "'tag':'kind','variants':[{'case':'line','type':'%'},{'case':'dot','type':'%'},{'case':'none','type':"
        "'%'},",
        "'meta-type':'alternate','members':[{'type':'%'},{'type':'str'},{'type':'null'},{'type':'[int]'}]}",
        "{'name':'[[bool]]','meta-type':'array','element-type':'[bool]'}",
        "{'name':'int','meta-type':'builtin','json-type':'int'}",
        "{'name':'any','meta-type':'builtin','json-type':'value'}",
        "{'name':'size','type':'int','default':null}",
    };
    send(fixture, "{\"execute\":\"query-qmp-schema\"}\n");
    const char *answer = next_line(fixture);
    g_autoptr(GRegex) number = g_regex_new("\"[0-9]+\"", 0, 0, NULL);
    g_autofree char *masked = g_regex_replace_literal(number, answer, -1, 0, "\"%\"", 0, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *part = g_strdelimit(g_strdup(parts[i]), "'", '"');
        if (!strstr(masked, part))
            g_error("%s is not in %s", part, masked);
    }
}

// --- Answers that come later.

static CommandLater *later; // that a command has taken

static bool begin(const MonitorMachine *machine, GVariant *arguments, CommandLater *taken, GError **error)
{
    gboolean on = FALSE;
    if (!g_variant_lookup(arguments, "on", "b", &on))
        return command_refuse(error, "Not so");
    later = taken;
    if (on) // at once
        taken->answer(taken, command_nothing(), NULL);
    return true;
}

static const Command begin_commands[] = { { "x-begin", .begin = begin, .arguments = "on?:bool" }, { 0 } };

static void set_up_later(Fixture *fixture, gconstpointer data)
{
    set_up(fixture, data);
    fake_machine_tables[2] = begin_commands;
    negotiate(fixture);
}

static void tear_down_later(Fixture *fixture, gconstpointer data)
{
    static const Command none[] = { { 0 } };
    fake_machine_tables[2] = none;
    tear_down(fixture, data);
}

#define BEGIN(arguments, id) "{\"execute\":\"x-begin\",\"arguments\":{" arguments "},\"id\":" id "}\n"

static void test_later(Fixture *fixture, gconstpointer data)
{
    static const char more[] = "{\"execute\":\"query-status\"}\n";
    send(fixture, BEGIN("\"on\":false", "7"));
    g_assert_true(session_waits(fixture->session));
    g_assert_cmpuint(session_take(fixture->session, more, strlen(more)), ==, 0);
    later->answer(later, command_nothing(), NULL);
    g_assert_cmpstr(next_line(fixture), ==, "{\"return\":{},\"id\":7}");
    g_assert_cmpuint(fixture->went_on, ==, 1);
    assert_answer(fixture, more, "{\"return\":{\"running\":true,\"status\":\"running\"}}");
    assert_answer(fixture, BEGIN("\"on\":true", "8"), "{\"return\":{},\"id\":8}");
    g_assert_false(session_waits(fixture->session));
}

static void test_later_error(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = g_error_new_literal(g_quark_from_static_string("test"), 0, "It failed");
    send(fixture, BEGIN("\"on\":false", "\"a\""));
    later->answer(later, NULL, error);
    g_assert_cmpstr(next_line(fixture), ==,
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"It failed\"},\"id\":\"a\"}");
    assert_answer(
        fixture, BEGIN("", "1"), "{\"error\":{\"class\":\"GenericError\",\"desc\":\"Not so\"},\"id\":1}");
    assert_answer(fixture, BEGIN("\"on\":1", "1"),
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"Invalid parameter type for 'on', expected: "
        "boolean\"},\"id\":1}");
    g_assert_false(session_waits(fixture->session));
}

// The client has left when the answer comes.
static void test_later_alone(Fixture *fixture, gconstpointer data)
{
    send(fixture, BEGIN("\"on\":false", "1"));
    g_clear_pointer(&fixture->session, session_free);
    later->answer(later, command_nothing(), NULL);
    g_assert_cmpuint(fixture->went_on, ==, 0);
}

// Each state by its name in QEMU's schema; what the machine refuses is the command's error.
static void test_states(Fixture *fixture, gconstpointer data)
{
    static const char *const names[MONITOR_STATES] = { "running", "paused", "prelaunch", "shutdown",
        "guest-panicked", "watchdog", "debug", "save-vm" };
    negotiate(fixture);
    for (unsigned i = 0; i < MONITOR_STATES; i++) {
        fixture->machine.state = (MonitorState)i;
        g_autofree char *answer = g_strdup_printf("{\"return\":{\"running\":%s,\"status\":\"%s\"}}",
            i == STATE_RUNNING ? "true" : "false", names[i]);
        assert_answer(fixture, "{\"execute\":\"query-status\"}\n", answer);
    }
    fixture->machine.refusal = "Resetting the Virtual Machine is required";
    assert_answer(fixture, "{\"execute\":\"cont\",\"id\":1}\n",
        "{\"error\":{\"class\":\"GenericError\",\"desc\":\"Resetting the Virtual Machine is required\"},"
        "\"id\":1}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/qmp/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("greeting", test_greeting);
    ADD("negotiation", test_negotiation);
    ADD("commands", test_commands);
    ADD("query-commands", test_query_commands);
    ADD("vcpus", test_vcpus);
    ADD("stats", test_stats);
    ADD("timeline", test_timeline);
    ADD("watch", test_watch);
    ADD("wrong-requests", test_wrong_requests);
    ADD("id", test_id);
    ADD("id-verbatim", test_id_verbatim);
    ADD("name-with-nul", test_name_with_nul);
    ADD("no-json", test_no_json);
    ADD("pieces", test_pieces);
    ADD("long", test_long);
    ADD("deep", test_deep);
    ADD("escapes", test_escapes);
    ADD("states", test_states);
    ADD("events", test_events);
    ADD("arguments", test_arguments);
    g_test_add("/qmp/types", Fixture, NULL, set_up_mirror, test_types, tear_down);
    g_test_add("/qmp/types-wrong", Fixture, NULL, set_up_mirror, test_types_wrong, tear_down);
    g_test_add("/qmp/schema", Fixture, NULL, set_up_mirror, test_schema, tear_down);
#define ADD_LATER(name, test) g_test_add("/qmp/" name, Fixture, NULL, set_up_later, test, tear_down_later)
    ADD_LATER("later", test_later);
    ADD_LATER("later-error", test_later_error);
    ADD_LATER("later-alone", test_later_alone);
    return g_test_run();
}
