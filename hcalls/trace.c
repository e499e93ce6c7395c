// Hypercalls in lines of tracing: the names of their arguments and of their results.
#include "trace.h"
#include "lparun/bytes.h"
#include "lparun/papr.h"
#include <string.h>

// --- Values by forms.

#define NAMELESS "r4 r5 r6 r7"
#define TEXT_BYTES 16

static void add_byte(TraceLine *line, char byte)
{
    if (byte == '\n' || byte == '\r')
        trace_line_add(line, byte == '\n' ? "\\n" : "\\r");
    else if (g_ascii_isprint(byte) && byte != '"' && byte != '\\')
        trace_line_add(line, "%c", byte);
    else
        trace_line_add(line, "\\x%02x", (unsigned char)byte);
}

static void add_text(TraceLine *line, const uint64_t *registers, uint64_t length)
{
    be64 held[2] = { be64_make(registers[0]), be64_make(registers[1]) };
    char bytes[TEXT_BYTES];
    memcpy(bytes, held, sizeof bytes);
    trace_line_add(line, "\"");
    for (uint64_t i = 0; i < MIN(length, TEXT_BYTES); i++)
        add_byte(line, bytes[i]);
    trace_line_add(line, "\"");
}

// Returns how many values it took. At least one is left.
static unsigned add_value(TraceLine *line, char kind, const uint64_t *values, unsigned at, unsigned count)
{
    bool pair = at + 1 < count;
    if (kind == 'd')
        trace_line_add(line, "%" G_GUINT64_FORMAT, values[at]);
    else if (kind == 'i')
        trace_line_add(line, "%" G_GINT64_FORMAT, (int64_t)values[at]);
    else if (kind == 'q' && pair)
        trace_line_add(line, "0x%" G_GINT64_MODIFIER "x", values[at] << 32 | values[at + 1]);
    else if (kind == 't' && pair && at > 0)
        add_text(line, values + at, values[at - 1]);
    else
        trace_line_add(line, "0x%" G_GINT64_MODIFIER "x", values[at]);
    return (kind == 'q' || kind == 't') && pair ? 2 : 1;
}

// "flags=0x1, size=4" for the words of `form` up to its end or "=".
static void add_values(TraceLine *line, const char *form, const uint64_t *values, unsigned count)
{
    for (unsigned at = 0; at < count; form += strcspn(form, " ")) {
        form += strspn(form, " ");
        size_t name = strcspn(form, ": ");
        if (name == 0 || *form == '=')
            break;
        trace_line_add(line, "%s%.*s=", at > 0 ? ", " : "", (int)name, form);
        at += add_value(line, form[name] == ':' ? form[name + 1] : 'x', values, at, count);
    }
}

void trace_values_in(TraceLine *line, const char *form, const uint64_t *values, unsigned count)
{
    add_values(line, form ? form : NAMELESS, values, count);
}

void trace_values_out(TraceLine *line, const char *form, const uint64_t *values, unsigned count)
{
    const char *out = form ? strchr(form, '=') : NULL;
    if (!out || count == 0)
        return;
    trace_line_add(line, " (");
    add_values(line, out + 1, values, count);
    trace_line_add(line, ")");
}

// --- Hypercalls.

// LoPAR 14.5.4 has the arguments; KVM's own are in arch/powerpc/include/uapi and SLOF's sources.
static const struct {
    uint64_t number;
    const char *form;
} forms[] = {
    { H_READ, "flags index = pte0_v pte0_r pte1_v pte1_r" },
    { H_SET_SPRG0, "value" },
    { H_SET_DABR, "dabr" },
    { H_PAGE_INIT, "flags destination source" },
    { H_LOGICAL_CI_LOAD, "size:d address = value" },
    { H_LOGICAL_CI_STORE, "size:d address value" },
    { H_LOGICAL_ICBI, "address" },
    { H_LOGICAL_DCBF, "address" },
    { H_GET_TERM_CHAR, "unit = length:d text:t" },
    { H_PUT_TERM_CHAR, "unit length:d text:t" },
    { H_CONFER, "processor:i dispatch" },
    { H_PROD, "processor:d" },
    { H_SET_XDABR, "dabr flags" },
    { H_GET_CPU_CHARACTERISTICS, "= character behaviour" },
    { H_JOIN, "" },
    { H_HOME_NODE_ASSOCIATIVITY, "flags processor = r4 r5 r6 r7 r8 r9" },
    { H_RANDOM, "= value" },
    { H_SET_MODE, "mode resource:d value1 value2" },
    { H_RESIZE_HPT_PREPARE, "flags shift:d" },
    { H_RESIZE_HPT_COMMIT, "flags shift:d" },
    { H_REGISTER_PROC_TBL, "flags base page_size table_size" },
    { H_SIGNAL_SYS_RESET, "processor:i" },
    { H_INT_GET_SOURCE_INFO, "flags source = flags management trigger shift:d" },
    { H_INT_SET_SOURCE_CONFIG, "flags source server:d priority:d entry" },
    { H_INT_GET_SOURCE_CONFIG, "flags source = server:d priority:d entry" },
    { H_INT_GET_QUEUE_INFO, "flags server:d priority:d = page shift:d" },
    { H_INT_SET_QUEUE_CONFIG, "flags server:d priority:d address shift:d" },
    { H_INT_GET_QUEUE_CONFIG, "flags server:d priority:d = flags address shift:d next" },
    { H_INT_SET_OS_REPORTING_LINE, "flags server:d address" },
    { H_INT_GET_OS_REPORTING_LINE, "flags server:d" },
    { H_INT_ESB, "flags source offset data = data" },
    { H_INT_SYNC, "flags source" },
    { H_INT_RESET, "flags" },
    { H_WATCHDOG, "flags number:d milliseconds:d = r4" },
    { KVMPPC_H_RTAS, "arguments" },
    { KVMPPC_H_LOGICAL_MEMOP, "to from shift:d count:d operation:d" },
    { KVMPPC_H_CAS, "vectors answer size:d" },
    { KVMPPC_H_UPDATE_DT, "tree" },
};

static const char *form_of(uint64_t number)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(forms); i++)
        if (forms[i].number == number)
            return forms[i].form;
    return NULL;
}

void trace_hypercall(TraceLine *line, uint64_t number, const char *name, const uint64_t arguments[9])
{
    if (name)
        trace_line_add(line, "%s(", name);
    else
        trace_line_add(line, "hypercall 0x%" G_GINT64_MODIFIER "x(", number);
    trace_values_in(line, form_of(number), arguments, 9);
    trace_line_add(line, ")");
}

static const struct {
    int64_t result;
    const char *name;
    bool refusal;
} results[] = {
#define RESULT(result)                                                                                       \
    {                                                                                                        \
        result, #result, false                                                                               \
    }
#define REFUSAL(result)                                                                                      \
    {                                                                                                        \
        result, #result, true                                                                                \
    }
    RESULT(H_SUCCESS),
    RESULT(H_BUSY),
    RESULT(H_CLOSED),
    RESULT(H_NOT_AVAILABLE),
    RESULT(H_CONTINUE),
    RESULT(H_HARDWARE),
    RESULT(H_FUNCTION),
    REFUSAL(H_PRIVILEGE),
    REFUSAL(H_PARAMETER),
    REFUSAL(H_BAD_MODE),
    RESULT(H_PTEG_FULL),
    RESULT(H_NO_MEM),
    RESULT(H_RESOURCE),
    REFUSAL(H_P2),
    REFUSAL(H_P3),
    REFUSAL(H_P4),
    REFUSAL(H_P5),
    RESULT(H_NOOP),
    REFUSAL(H_UNSUPPORTED_FLAG),
    RESULT(H_MULTI_THREADS_ACTIVE),
#undef RESULT
#undef REFUSAL
};

static void add_result(TraceLine *line, int64_t result)
{
    trace_line_add(line, " = ");
    for (unsigned i = 0; i < G_N_ELEMENTS(results); i++)
        if (results[i].result == result) {
            trace_line_add(line, "%s", results[i].name);
            return;
        }
    trace_line_add(line, "%" G_GINT64_FORMAT, result);
}

void trace_hypercall_result(TraceLine *line, uint64_t number, int64_t result, const uint64_t arguments[9])
{
    add_result(line, result);
    if (result == H_SUCCESS)
        trace_values_out(line, form_of(number), arguments, 9);
}

bool trace_result_is_refusal(int64_t result)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(results); i++)
        if (results[i].result == result)
            return results[i].refusal;
    return false;
}
