// -trace, -d and -D: what they switch on, and the exact line for each mistake.
#include "lparun/error.h"
#include "lparun/trace.h"
#include "options.h"
#include "scratch_file.h"
#include <string.h>

static OptionsResult parse(const char *text, Options *options, GError **error)
{
    g_autofree char *line = g_strconcat("lparun ", text, NULL);
    g_auto(GStrv) words = g_strsplit(line, " ", 0);
    return options_parse(options, (int)g_strv_length(words), words, error);
}

#define ALL_VIRTIO                                                                                           \
    (TRACE_BIT(VIRTIO_READ) | TRACE_BIT(VIRTIO_WRITE) | TRACE_BIT(VIRTIO_QUEUE) |                            \
        TRACE_BIT(VIRTIO_REQUEST) | TRACE_BIT(VIRTIO_ANSWER))

static const struct {
    const char *text;
    uint32_t points;
    const char *file, *log;
} right[] = {
    { "-m 1G", 0 },
    { "-trace hcall", TRACE_BIT(HCALL) },
    { "-trace enable=hcall", TRACE_BIT(HCALL) },
    { "-trace hcall,rtas,virtio,irq,mmio,file=/a,,b",
        ALL_VIRTIO | TRACE_BIT(HCALL) | TRACE_BIT(RTAS) | TRACE_BIT(IRQ_PULSE) | TRACE_BIT(IRQ_SWITCH) |
            TRACE_BIT(MMIO_READ) | TRACE_BIT(MMIO_WRITE),
        "/a,b" },
    { "-trace hcall -trace file=/x -trace enable=rtas,enable=irq_pulse -trace file=/y",
        TRACE_BIT(HCALL) | TRACE_BIT(RTAS) | TRACE_BIT(IRQ_PULSE), "/y" },
    { "-trace virtio_*,-virtio_read,-*_write",
        ALL_VIRTIO & ~(TRACE_BIT(VIRTIO_READ) | TRACE_BIT(VIRTIO_WRITE)) },
    { "-trace mmio_????", TRACE_BIT(MMIO_READ) },
    { "-trace {\"enable\":\"hcall,rtas\",\"file\":\"f\"}", TRACE_BIT(HCALL) | TRACE_BIT(RTAS), "f" },
    { "-d guest_errors", TRACE_BIT(GUEST_ERRORS) },
    { "-d unimp,trace:rtas -d invalid_mem -D /l", TRACE_BIT(UNIMP) | TRACE_BIT(INVALID_MEM) | TRACE_BIT(RTAS),
        NULL, "/l" },
    { "-d all,none -D /l%d.txt", TRACE_BIT(GUEST_ERRORS) | TRACE_BIT(UNIMP) | TRACE_BIT(INVALID_MEM), NULL,
        "/l%d.txt" },
};

static void test_right(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(right); i++) {
        g_test_message("%s", right[i].text);
        Options options;
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(parse(right[i].text, &options, &error), ==, OPTIONS_RUN);
        g_assert_no_error(error);
        g_assert_cmphex(options.trace.points, ==, right[i].points);
        g_assert_cmpstr(options.trace.file, ==, right[i].file);
        g_assert_cmpstr(options.trace.log, ==, right[i].log);
        options_clear(&options);
    }
}

#define TCG                                                                                                  \
    "it is of TCG, which translates a guest's instructions; here the processor runs them; leave it out"

static void with_events(const char *text, uint32_t points, const char *message)
{
    char *path = scratch_file(text, strlen(text));
    g_autofree char *option = g_strconcat("-trace events=", path, NULL);
    Options options;
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(parse(option, &options, &error), ==, message ? OPTIONS_WRONG : OPTIONS_RUN);
    g_assert_cmphex(options.trace.points, ==, points);
    g_assert_true(!message || strstr(error->message, message));
    options_clear(&options);
    scratch_remove(path);
}

static void test_events(void)
{
    with_events(
        "# all calls\nhcall\n\n  rtas \nvirtio\n-virtio_*\n", TRACE_BIT(HCALL) | TRACE_BIT(RTAS), NULL);
    with_events("rtas", TRACE_BIT(RTAS), NULL);
    with_events("", 0, NULL);
    with_events("hcall\nfoo bar\n", 0, ": line 2: 'foo bar' is no event; see lparun -trace help");
    with_events("foo\x1b[2J\n", 0, "foo\\x1b[2J");
    g_autofree char *long_one = g_strnfill(70000, '\n');
    with_events(long_one, 0, ": it is no list of events; give a pattern a line");
}

static void test_help(void)
{
    static const struct {
        const char *text, *line;
    } asked[] = {
        { "-trace help", "virtio_answer " },
        { "-trace ?", "hcall " },
        { "-trace hcall,help", "rtas " },
        { "-d help", "guest_errors " },
        { "-d ?", "trace:PATTERN " },
        { "-d unimp,trace:help", "mmio_read " },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(asked); i++) {
        Options options;
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(parse(asked[i].text, &options, &error), ==, OPTIONS_HELP_OF);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(options.help, asked[i].line));
        options_clear(&options);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace-options/right", test_right);
    g_test_add_func("/trace-options/events", test_events);
    g_test_add_func("/trace-options/help", test_help);
    return g_test_run();
}
