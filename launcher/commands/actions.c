// set-action and watchdog-set-action (qapi/run-state.json): -action on the running machine.
#include "../actions.h"
#include "../command.h"

// A word that was checked against the table, and what it stands for; others stay.
static void take(GVariant *arguments, const char *name, const Word *words, int *to)
{
    const char *word = command_text(arguments, name);
    if (word)
        words_find(words, word, to);
}

static void take_watchdog(const MonitorMachine *machine, GVariant *arguments, const char *name)
{
    int watchdog = (int)machine->actions->watchdog;
    take(arguments, name, actions_watchdog_words, &watchdog);
    machine->actions->watchdog = (WatchdogAction)watchdog;
}

static GVariant *set_action(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    Actions *actions = machine->actions;
    int panic = (int)actions->panic;
    take(arguments, "reboot", actions_reboot_words, &actions->reboot);
    take(arguments, "shutdown", actions_shutdown_words, &actions->shutdown);
    take(arguments, "panic", actions_panic_words, &panic);
    actions->panic = (PanicAction)panic;
    take_watchdog(machine, arguments, "watchdog");
    return command_nothing();
}

static GVariant *watchdog_set_action(const MonitorMachine *machine, GVariant *arguments, GError **error)
{
    take_watchdog(machine, arguments, "action");
    return command_nothing();
}

extern const Command actions_commands[];
const Command actions_commands[] = {
    { "set-action", set_action,
        "reboot?:RebootAction shutdown?:ShutdownAction panic?:PanicAction watchdog?:WatchdogAction" },
    { "watchdog-set-action", watchdog_set_action, "action:WatchdogAction" },
    { 0 },
};

extern const CommandType actions_types[];
const CommandType actions_types[] = {
    { "RebootAction", .word_rows = actions_reboot_words },
    { "ShutdownAction", .word_rows = actions_shutdown_words },
    { "PanicAction", .word_rows = actions_panic_words },
    { 0 },
};
