// Functions in reports of powerpc kernels, and of xmon.
#include "report_function.h"
#include "forms.h"
#include <string.h>

// Beginnings of names. Faults of many kinds come up in these; who called them is what is of interest.
static const char *const messengers[] = { "__asan_", "__dump_stack", "__kasan_", "__list_add_valid",
    "__list_del_entry_valid", "__lock_acquire", "__memcpy", "__might_", "___might_", "__mutex_", "__raw_",
    "__schedule", "__ubsan_", "__warn", "_raw_", "arch_local_irq_restore", "bad_page", "check_noncircular",
    "check_preemption_disabled", "check_prev", "debug_smp_processor_id", "do_raw_", "down_read", "down_write",
    "dump_", "kasan_", "kcsan_", "lock_acquire", "lock_release", "lockdep_", "mark_lock", "mark_usage",
    "memcmp", "memcpy", "memmove", "memset", "mutex_lock", "nmi_panic", "panic", "plpar_hcall", "print_",
    "queued_spin_", "refcount_warn_saturate", "register_lock_class", "report_bug", "rwsem_", "schedule",
    "show_", "spin_bug", "spin_dump", "strcmp", "strcpy", "strlen", "strncmp", "ubsan_", "validate_chain",
    "warn_slowpath", "workqueue_softirq" };

bool report_function_is_messenger(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(messengers); i++)
        if (g_str_has_prefix(name, messengers[i]))
            return true;
    return false;
}

// What is behind "[c000000000123456] ", or NULL.
static const char *skip_address(const char *at)
{
    if (*at != '[')
        return NULL;
    gsize digits = strspn(at + 1, "0123456789abcdefx");
    return digits > 0 && g_str_has_prefix(at + 1 + digits, "] ") ? at + digits + 3 : NULL;
}

// A register with a symbol: "NIP [c000000000123456] do_it+0x10/0x20".
static const char *in_register(const char *text)
{
    if (g_str_has_prefix(text, "NIP ["))
        return skip_address(text + 4);
    if (g_str_has_prefix(text, "LR ["))
        return skip_address(text + 3);
    return NULL;
}

// "    pc: c000000000123456: do_it+0x10/0x20", of xmon.
static const char *in_xmon(const char *text)
{
    text += strspn(text, " ");
    if (!g_str_has_prefix(text, "pc: ") && !g_str_has_prefix(text, "lr: "))
        return NULL;
    const char *symbol = strstr(text + 4, ": ");
    return symbol ? symbol + 2 : NULL;
}

// "[c000000003e1f8c0] [c000000000f2a1b4] do_it+0x74/0xa8 (unreliable)"; in xmon's "[c000000003e1f8c0]
// c0000000 00f2a1b4 do_it+0x74/0xa8".
static const char *in_trace(const char *text)
{
    text += strspn(text, " ");
    const char *second = skip_address(text), *symbol = second ? skip_address(second) : NULL;
    if (second && !symbol && strchr(second, ' '))
        symbol = strchr(second, ' ') + 1;
    return symbol ? symbol : text;
}

static void take(ReportFunction *function, const char *symbol)
{
    g_autofree char *name = forms_function(symbol);
    if (!name || !strstr(symbol, "+0x") || memchr(symbol, ' ', (gsize)(strstr(symbol, "+0x") - symbol)))
        return;
    char **place = report_function_is_messenger(name) ? &function->messenger : &function->best;
    if (!*place)
        *place = g_steal_pointer(&name);
}

void report_function_line(ReportFunction *function, const char *text)
{
    const char *symbol = in_register(text);
    if (!symbol)
        symbol = in_xmon(text);
    if (!symbol && function->in_trace)
        symbol = in_trace(text);
    if (strcmp(text, "Call Trace:") == 0)
        function->in_trace = true;
    function->traced |= symbol || function->in_trace;
    if (symbol)
        take(function, symbol);
}

const char *report_function_name(const ReportFunction *function)
{
    return function->best ? function->best : function->messenger;
}

void report_function_clear(ReportFunction *function)
{
    g_clear_pointer(&function->best, g_free);
    g_clear_pointer(&function->messenger, g_free);
    *function = (ReportFunction){ 0 };
}
