// The commands of QMP that lparun has.
#include "commands.h"
#include <stdio.h>

// Takes `object`.
static JsonNode *object_node(JsonObject *object)
{
    JsonNode *node = json_node_init_object(json_node_alloc(), object);
    json_object_unref(object);
    return node;
}

// Takes `array`.
static JsonNode *array_node(JsonArray *array)
{
    JsonNode *node = json_node_init_array(json_node_alloc(), array);
    json_array_unref(array);
    return node;
}

static JsonNode *command_nothing(void)
{
    return object_node(json_object_new());
}

// The schema calls the triple "qemu"; the number is lparun's own, as the package says.
JsonNode *command_version(void)
{
    unsigned number[3] = { 0 };
    sscanf(LPARUN_VERSION, "%u.%u.%u", &number[0], &number[1], &number[2]);
    JsonObject *version = json_object_new(), *triple = json_object_new();
    json_object_set_int_member(triple, "major", number[0]);
    json_object_set_int_member(triple, "minor", number[1]);
    json_object_set_int_member(triple, "micro", number[2]);
    json_object_set_object_member(version, "qemu", triple);
    json_object_set_string_member(version, "package", "lparun " LPARUN_VERSION);
    return object_node(version);
}

static JsonNode *query_version(const MonitorMachine *machine)
{
    return command_version();
}

static JsonNode *query_status(const MonitorMachine *machine)
{
    static const char *const names[MONITOR_STATES] = {
        [STATE_RUNNING] = "running",
        [STATE_PAUSED] = "paused",
        [STATE_PRELAUNCH] = "prelaunch",
        [STATE_SHUTDOWN] = "shutdown",
        [STATE_PANICKED] = "guest-panicked",
        [STATE_WATCHDOG] = "watchdog",
    };
    MonitorState state = machine->state(machine->owner);
    JsonObject *status = json_object_new();
    json_object_set_boolean_member(status, "running", state == STATE_RUNNING);
    json_object_set_string_member(status, "status", names[state]);
    return object_node(status);
}

static JsonNode *query_cpus_fast(const MonitorMachine *machine)
{
    JsonArray *cpus = json_array_new();
    for (unsigned i = 0; i < machine->cpus(machine->owner); i++) {
        MonitorCpu cpu = machine->cpu(machine->owner, i);
        JsonObject *object = json_object_new(), *properties = json_object_new();
        g_autofree char *path = g_strdup_printf("/machine/unattached/device[%u]", cpu.index);
        json_object_set_int_member(object, "cpu-index", cpu.index);
        json_object_set_string_member(
            object, "qom-path", path); // the schema wants one; there are no such objects
        json_object_set_int_member(object, "thread-id", cpu.thread_id);
        json_object_set_int_member(properties, "core-id", cpu.core);
        json_object_set_object_member(object, "props", properties);
        json_object_set_string_member(object, "target", "ppc64");
        json_array_add_object_element(cpus, object);
    }
    return array_node(cpus);
}

static JsonNode *query_commands(const MonitorMachine *machine);

#define ORDER(order) NULL, true, order

static const Command commands[] = {
    { "cont", ORDER(ORDER_RESUME) },
    { "inject-nmi", ORDER(ORDER_INJECT_NMI) },
    { "qmp_capabilities" },
    { "query-commands", query_commands },
    { "query-cpus-fast", query_cpus_fast },
    { "query-status", query_status },
    { "query-version", query_version },
    { "quit", ORDER(ORDER_QUIT) },
    { "stop", ORDER(ORDER_STOP) },
    { "system_powerdown", ORDER(ORDER_POWER_DOWN) },
    { "system_reset", ORDER(ORDER_RESET) },
};

// All but qmp_capabilities, which is over when this can be asked.
static JsonNode *query_commands(const MonitorMachine *machine)
{
    JsonArray *list = json_array_new();
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (command_negotiates(&commands[i]))
            continue;
        JsonObject *command = json_object_new();
        json_object_set_string_member(command, "name", commands[i].name);
        json_array_add_object_element(list, command);
    }
    return array_node(list);
}

const Command *command_find(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

bool command_negotiates(const Command *command)
{
    return !command->query && !command->is_order;
}

JsonNode *command_run(const Command *command, const MonitorMachine *machine, GError **error)
{
    if (command->query)
        return command->query(machine);
    const char *why = command->is_order ? machine->obey(machine->owner, command->order) : NULL;
    if (!why)
        return command_nothing();
    g_set_error_literal(error, QMP_ERROR, QMP_GENERIC, why);
    return NULL;
}

// qmp_capabilities' one argument: a list of QMPCapability, of which lparun offers none.
static bool check_enable(JsonNode *value, GError **error)
{
    if (!JSON_NODE_HOLDS_ARRAY(value)) {
        g_set_error_literal(
            error, QMP_ERROR, QMP_GENERIC, "Invalid parameter type for 'enable', expected: array");
        return false;
    }
    JsonArray *list = json_node_get_array(value);
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        JsonNode *element = json_array_get_element(list, i);
        const char *name =
            json_node_get_value_type(element) == G_TYPE_STRING ? json_node_get_string(element) : NULL;
        if (!name)
            g_set_error(error, QMP_ERROR, QMP_GENERIC,
                "Invalid parameter type for 'enable[%u]', expected: string", i);
        else if (strcmp(name, "oob") == 0)
            g_set_error(error, QMP_ERROR, QMP_GENERIC, "Capability %s not available", name);
        else
            g_set_error(
                error, QMP_ERROR, QMP_GENERIC, "Parameter 'enable[%u]' does not accept value '%s'", i, name);
        return false;
    }
    return true;
}

bool command_check(const Command *command, JsonObject *arguments, GError **error)
{
    JsonObjectIter iter;
    const char *name;
    JsonNode *value;
    if (!arguments)
        return true;
    json_object_iter_init(&iter, arguments);
    while (json_object_iter_next(&iter, &name, &value)) {
        if (command_negotiates(command) && strcmp(name, "enable") == 0) {
            if (!check_enable(value, error))
                return false;
            continue;
        }
        g_set_error(error, QMP_ERROR, QMP_GENERIC, "Parameter '%s' is unexpected", name);
        return false;
    }
    return true;
}
