// What verdicts look like in the HTML page: a shape, a word and a colour each.
#include "html_parts.h"

typedef struct Look {
    const char *tone;
    const char *icon;
} Look;

static const Look looks[VERDICTS] = {
    [VERDICT_NO_RESULT] = { "bad", "none" },
    [VERDICT_PASS] = { "good", "pass" },
    [VERDICT_FAIL] = { "bad", "fail" },
    [VERDICT_PANICKED] = { "bad", "crash" },
    [VERDICT_OOPSED] = { "bad", "crash" },
    [VERDICT_LOCKED_UP] = { "bad", "crash" },
    [VERDICT_FIRMWARE_ERROR] = { "bad", "crash" },
    [VERDICT_STUCK_AT_PROMPT] = { "time", "prompt" },
    [VERDICT_REBOOTED] = { "bad", "again" },
    [VERDICT_TIMED_OUT] = { "time", "clock" },
    [VERDICT_FLAKY] = { "soft", "wave" },
    [VERDICT_KNOWN_FAILURE] = { "soft", "known" },
    [VERDICT_UNEXPECTED_PASS] = { "bad", "odd" },
    [VERDICT_COULD_NOT_TEST] = { "host", "host" },
    [VERDICT_WRONG] = { "host", "odd" },
};

const Verdict html_order[VERDICTS] = {
    VERDICT_FAIL,
    VERDICT_PANICKED,
    VERDICT_OOPSED,
    VERDICT_LOCKED_UP,
    VERDICT_FIRMWARE_ERROR,
    VERDICT_REBOOTED,
    VERDICT_TIMED_OUT,
    VERDICT_STUCK_AT_PROMPT,
    VERDICT_NO_RESULT,
    VERDICT_UNEXPECTED_PASS,
    VERDICT_WRONG,
    VERDICT_COULD_NOT_TEST,
    VERDICT_FLAKY,
    VERDICT_KNOWN_FAILURE,
    VERDICT_PASS,
};

// 16 by 16; filled with the colour of the text around, lines cut out of it.
static const char icons[] =
    "<svg width=\"0\" height=\"0\" class=\"icons\" aria-hidden=\"true\" focusable=\"false\">"
    "<symbol id=\"i-pass\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"7.5\"/>"
    "<path class=\"cut\" d=\"M4.5 8.3l2.4 2.4 4.6-5\"/></symbol>"
    "<symbol id=\"i-fail\" viewBox=\"0 0 16 16\"><rect x=\"1\" y=\"1\" width=\"14\" height=\"14\" "
    "rx=\"2.5\"/>"
    "<path class=\"cut\" d=\"M5 5l6 6M11 5l-6 6\"/></symbol>"
    "<symbol id=\"i-crash\" viewBox=\"0 0 16 16\"><path d=\"M5 .6h6L15.4 5v6L11 15.4H5L.6 11V5z\"/>"
    "<path class=\"cut\" d=\"M8 4v4.6M8 11.2v.8\"/></symbol>"
    "<symbol id=\"i-clock\" viewBox=\"0 0 16 16\"><circle cx=\"8\" cy=\"8\" r=\"7.5\"/>"
    "<path class=\"cut\" d=\"M8 3.8V8l3 2.2\"/></symbol>"
    "<symbol id=\"i-prompt\" viewBox=\"0 0 16 16\"><rect x=\".5\" y=\"2\" width=\"15\" height=\"12\" "
    "rx=\"2.5\"/>"
    "<path class=\"cut\" d=\"M4 5.5L6.5 8 4 10.5M8.5 11h4\"/></symbol>"
    "<symbol id=\"i-again\" viewBox=\"0 0 16 16\"><rect x=\"1\" y=\"1\" width=\"14\" height=\"14\" "
    "rx=\"2.5\"/>"
    "<path class=\"cut\" d=\"M11.6 8a3.6 3.6 0 1 1-1.2-2.7M11.6 3.2v2.6H9\"/></symbol>"
    "<symbol id=\"i-wave\" viewBox=\"0 0 16 16\"><path d=\"M8 .5L15.5 8 8 15.5.5 8z\"/>"
    "<path class=\"cut\" d=\"M4.6 9c1.1-2 2.2-2 3.4-1s2.3 1 3.4-1\"/></symbol>"
    "<symbol id=\"i-known\" viewBox=\"0 0 16 16\"><rect x=\"1\" y=\"1\" width=\"14\" height=\"14\" "
    "rx=\"2.5\"/>"
    "<path class=\"cut\" d=\"M4.5 8h7\"/></symbol>"
    "<symbol id=\"i-odd\" viewBox=\"0 0 16 16\"><path d=\"M8 .8L15.6 14.8H.4z\"/>"
    "<path class=\"cut\" d=\"M8 5.5v4.2M8 12v.6\"/></symbol>"
    "<symbol id=\"i-host\" viewBox=\"0 0 16 16\"><path d=\"M8 .5L15.5 8 8 15.5.5 8z\"/>"
    "<path class=\"cut\" d=\"M6.2 6.2c.2-2.2 3.6-2 3.5 0 0 1.3-1.7 1.4-1.7 2.8M8 11.2v.6\"/></symbol>"
    "<symbol id=\"i-none\" viewBox=\"0 0 16 16\"><path fill-rule=\"evenodd\" d=\"M8 .5a7.5 7.5 0 1 1 0 15 "
    "7.5 "
    "7.5 0 0 1 0-15zm0 2a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z\"/></symbol></svg>\n";

void html_icons(GString *page)
{
    g_string_append(page, icons);
}

static const Look *look_of(Verdict verdict)
{
    return &looks[verdict < VERDICTS ? verdict : VERDICT_NO_RESULT];
}

const char *html_tone(Verdict verdict)
{
    return look_of(verdict)->tone;
}

const char *html_verdict_word(Verdict verdict)
{
    return words_name(verdict_words, (int)verdict);
}

void html_icon(GString *page, Verdict verdict)
{
    html_put(
        page, "<svg class=\"i\" aria-hidden=\"true\"><use href=\"#i-%s\"/></svg>", look_of(verdict)->icon);
}

void html_verdict(GString *page, Verdict verdict)
{
    html_put(page, "<span class=\"verdict %s\">", html_tone(verdict));
    html_icon(page, verdict);
    html_put(page, "%s</span>", html_verdict_word(verdict));
}
