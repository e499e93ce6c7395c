// A failure's report.
#include "block.h"
#include "prefix.h"
#include "report_function.h"
#include <string.h>

#define BEFORE 5u          // lines that are kept from before the failure
#define LONGEST 120u       // lines of the one who reports; and as many of all others
#define PAUSE 3.0          // seconds of the guest's: a report is said at once
#define PAUSE_UNTIMED 10.0 // seconds of ours
#define UNTIMED "-"        // who says lines without time: programs, firmware

typedef struct Row {
    double seconds;
    char *line;
    char *who; // caller, "" unknown, UNTIMED
    bool own;  // of the one who reports, or from before
} Row;

struct Block {
    GPtrArray *before; // of Row, the last ones, always
    GPtrArray *rows;   // of Row, with those before the failure first
    unsigned own, others;
    Form *form;
    char *who;
    bool whole, incomplete;
    double last;          // the report's last line, in the guest's seconds or ours
    unsigned lost;        // of all
    unsigned lost_before; // lines since the last note; within BEFORE it concerns the failure
    ReportFunction function, others_function;
};

static Row *row_new(const char *line, const char *who, double seconds, bool own)
{
    Row *row = g_new(Row, 1);
    *row = (Row){ seconds, g_strdup(line), g_strdup(who), own };
    return row;
}

static void row_free(gpointer data)
{
    Row *row = data;
    g_free(row->line);
    g_free(row->who);
    g_free(row);
}

Block *block_new(void)
{
    Block *block = g_new0(Block, 1);
    block->before = g_ptr_array_new_with_free_func(row_free);
    block->rows = g_ptr_array_new_with_free_func(row_free);
    block->lost_before = BEFORE + 1;
    return block;
}

void block_free(Block *block)
{
    if (!block)
        return;
    g_ptr_array_unref(block->before);
    g_ptr_array_unref(block->rows);
    form_free(block->form);
    g_free(block->who);
    report_function_clear(&block->function);
    report_function_clear(&block->others_function);
    g_free(block);
}

// Where the kernel's text begins within a line, its prefix is that one.
static Prefix prefix_of(const char *line)
{
    Prefix prefix = prefix_read(line);
    const char *within = prefix.time ? NULL : prefix_next(line);
    return within ? prefix_read(within) : prefix;
}

static const char *who_says(const Prefix *prefix)
{
    return prefix->time ? prefix->caller : UNTIMED;
}

// By the guest's clock, or by ours.
static double now_of(const Prefix *prefix, double seconds)
{
    return prefix->time ? prefix_seconds(prefix) : seconds;
}

static void keep_before(Block *block, const char *line, double seconds)
{
    if (block->before->len == BEFORE)
        g_ptr_array_remove_index(block->before, 0);
    g_ptr_array_add(block->before, row_new(line, "", seconds, true));
}

// "** 12 printk messages dropped **", "Lost 3 message(s)!"
static void see_lost(Block *block, const Prefix *prefix)
{
    unsigned lost = prefix->lost;
    if (g_str_has_prefix(prefix->text, "Lost ") && strstr(prefix->text, " message(s)"))
        lost += (unsigned)MIN(g_ascii_strtoull(prefix->text + 5, NULL, 10), G_MAXINT);
    if (lost == 0)
        return;
    block->lost = (unsigned)MIN((guint64)block->lost + lost, G_MAXINT);
    block->lost_before = 0;
    block->incomplete |= block->form && !block->whole;
}

// Panics whose cause was reported just before.
static bool follows(const Form *form)
{
    static const char *const reasons[] = { "panic_on_warn set", "system warned too often",
        "softlockup: hung tasks", "hung_task: blocked tasks", "Hard LOCKUP", "RCU Stall", "kasan.fault=panic",
        "kmsan.panic set", "Fatal exception", "Fatal hardware error", "Oopsed too often",
        "panic_on_oom is enabled", "System is deadlocked on memory", "workqueue stall",
        "Aiee, killing interrupt handler" };
    for (unsigned i = 0; form->class == FORM_PANIC && i < G_N_ELEMENTS(reasons); i++)
        if (strstr(form->text, reasons[i]))
            return true;
    return false;
}

static bool begins(const Block *block, const Form *form)
{
    if (!block->form || block->form->at_once)
        return !block->form;
    return form->at_once && !follows(form);
}

static void begin(Block *block, const Form *form, const Prefix *prefix)
{
    form_free(block->form);
    g_free(block->who);
    g_ptr_array_set_size(block->rows, 0);
    report_function_clear(&block->function);
    report_function_clear(&block->others_function);
    block->form = form_new(form->class, form->at_once, form->text, form->subject);
    block->who = g_strdup(who_says(prefix));
    for (unsigned i = 0; i < block->before->len; i++) {
        const Row *row = block->before->pdata[i];
        g_ptr_array_add(block->rows, row_new(row->line, "", row->seconds, true));
    }
    block->own = block->others = 0;
    block->whole = false;
    block->incomplete = block->lost_before <= BEFORE;
}

// A panic that follows goes on with the report, by whomever it is said.
static void reopen(Block *block, const Prefix *prefix, double seconds)
{
    g_free(block->who);
    block->who = g_strdup(who_says(prefix));
    block->whole = false;
    block->last = now_of(prefix, seconds);
    block->own = MIN(block->own, LONGEST / 2); // the panic has room
}

static bool is_rule(const char *text)
{
    return strspn(text, "=") > 20 && text[strspn(text, "=")] == '\0';
}

static bool ends(const Block *block, const char *text)
{
    if (strstr(text, "---[ end ") || g_str_has_prefix(text, "Rebooting in "))
        return true;
    if (block->form->class == FORM_CHECKER)
        return block->own > 3 && is_rule(text);
    return *text == '\0' && block->function.traced;
}

static bool is_late(const Block *block, const Prefix *prefix, double seconds)
{
    if (block->own == 0)
        return false;
    return now_of(prefix, seconds) - block->last > (prefix->time ? PAUSE : PAUSE_UNTIMED);
}

static void add_own(Block *block, const char *line, const Prefix *prefix, double seconds)
{
    if (is_late(block, prefix, seconds)) {
        block->whole = true;
        return;
    }
    block->last = now_of(prefix, seconds);
    g_ptr_array_add(block->rows, row_new(line, block->who, seconds, true));
    report_function_line(&block->function, prefix->text);
    block->whole = ends(block, prefix->text) || ++block->own == LONGEST;
}

static void add_other(Block *block, const char *line, const Prefix *prefix, double seconds)
{
    report_function_line(&block->others_function, prefix->text);
    if (block->others++ < LONGEST)
        g_ptr_array_add(block->rows, row_new(line, who_says(prefix), seconds, false));
}

static void add(Block *block, const char *line, const Prefix *prefix, double seconds)
{
    if (strcmp(block->who, who_says(prefix)) == 0)
        add_own(block, line, prefix, seconds);
    else
        add_other(block, line, prefix, seconds);
}

void block_line(Block *block, const char *line, const Form *form, double seconds)
{
    Prefix prefix = prefix_of(line);
    see_lost(block, &prefix);
    if (form && begins(block, form))
        begin(block, form, &prefix);
    else if (form && follows(form))
        reopen(block, &prefix, seconds);
    if (block->form && !block->whole)
        add(block, line, &prefix, seconds);
    if (!block->form || !block->form->at_once)
        keep_before(block, line, seconds);
    block->lost_before += block->lost_before <= BEFORE;
}

const Form *block_form(const Block *block)
{
    return block->form;
}

// Some CPUs report what others do; xmon's lines have no time.
static const char *function_of(const Block *block)
{
    const char *own = report_function_name(&block->function);
    return own ? own : report_function_name(&block->others_function);
}

// A warning's own line has the function, but not always one that says anything.
static bool says_enough(const Form *form)
{
    g_autofree char *function = forms_function(form->subject);
    return function && !report_function_is_messenger(function);
}

char *block_signature(const Block *block)
{
    const Form *form = block->form;
    if (!form)
        return NULL;
    const char *name = forms_class_name(form->class), *function = function_of(block);
    switch (form->class) {
    case FORM_WARNING:
        if (says_enough(form))
            break;
        // fall through
    case FORM_OOPS:
        if (function)
            return g_strdup_printf("%s: %s", name, function);
        break;
    case FORM_LOCKUP:
    case FORM_LOCKING:
        if (function)
            return g_strdup_printf("%s: %s in %s", name, form->subject, function);
        break;
    default:
        break;
    }
    return g_strdup_printf("%s: %s", name, form->subject);
}

static void copy(const Row *row, GPtrArray *into)
{
    g_ptr_array_add(into, g_strdup_printf("%10.3f %s", row->seconds, row->line));
}

// Those that `who` said meanwhile; each is taken once.
static void copy_others(const Block *block, const char *who, bool *taken, GPtrArray *into)
{
    for (unsigned i = 0; i < block->rows->len; i++) {
        const Row *row = block->rows->pdata[i];
        if (taken[i] || strcmp(row->who, who) != 0)
            continue;
        taken[i] = true;
        copy(row, into);
    }
}

void block_lines(const Block *block, GPtrArray *into)
{
    g_autofree bool *taken = g_new0(bool, block->rows->len);
    for (unsigned i = 0; i < block->rows->len; i++) {
        const Row *row = block->rows->pdata[i];
        taken[i] = row->own;
        if (row->own)
            copy(row, into);
    }
    for (unsigned i = 0; i < block->rows->len; i++) {
        const Row *row = block->rows->pdata[i];
        if (!taken[i])
            copy_others(block, row->who, taken, into);
    }
}

bool block_is_whole(const Block *block)
{
    return block->whole;
}

bool block_is_incomplete(const Block *block)
{
    return block->incomplete;
}

unsigned block_lost(const Block *block)
{
    return block->lost;
}
