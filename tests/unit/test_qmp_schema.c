// The schema that all commands and events have, beside QEMU's: qmp_schema.txt, made by
// tests/lab/qmp_schema.py.
//
// A line is a member, a word or a type: "block_resize(size) int", "query-status.status=paused". Of QEMU's
// schema the file has what lparun has, and what QEMU's answers have always.
#include "command.h"
#include "qmp/session.h"
#include <json-glib/json-glib.h>
#include <string.h>

typedef struct Walk {
    GHashTable *infos; // SchemaInfo by name
    GPtrArray *lines;
    GPtrArray *inside; // names of types that are on the way to this one
} Walk;

static void walk_type(Walk *walk, const char *path, const char *name);

static void add_line(Walk *walk, const char *path, const char *between, const char *text)
{
    g_ptr_array_add(walk->lines, g_strconcat(path, between, text, NULL));
}

static void walk_members(Walk *walk, const char *path, JsonArray *members)
{
    for (unsigned i = 0; i < json_array_get_length(members); i++) {
        JsonObject *member = json_array_get_object_element(members, i);
        bool optional = json_object_has_member(member, "default");
        g_autofree char *inner = g_strdup_printf(
            "%s.%s%s", path, json_object_get_string_member(member, "name"), optional ? "?" : "");
        walk_type(walk, inner, json_object_get_string_member(member, "type"));
    }
}

static void walk_variants(Walk *walk, const char *path, JsonObject *info)
{
    JsonArray *variants = json_object_get_array_member(info, "variants");
    add_line(walk, path, " by ", json_object_get_string_member(info, "tag"));
    for (unsigned i = 0; i < json_array_get_length(variants); i++) {
        JsonObject *variant = json_array_get_object_element(variants, i);
        g_autofree char *inner =
            g_strdup_printf("%s{%s}", path, json_object_get_string_member(variant, "case"));
        walk_type(walk, inner, json_object_get_string_member(variant, "type"));
    }
}

static void walk_inside(Walk *walk, const char *path, JsonObject *info)
{
    const char *meta = json_object_get_string_member(info, "meta-type");
    JsonArray *members =
        json_object_has_member(info, "members") ? json_object_get_array_member(info, "members") : NULL;
    add_line(
        walk, path, " ", strcmp(meta, "builtin") == 0 ? json_object_get_string_member(info, "name") : meta);
    if (strcmp(meta, "array") == 0) {
        g_autofree char *inner = g_strconcat(path, "[]", NULL);
        walk_type(walk, inner, json_object_get_string_member(info, "element-type"));
    } else if (strcmp(meta, "enum") == 0) {
        for (unsigned i = 0; i < json_array_get_length(members); i++)
            add_line(walk, path, "=",
                json_object_get_string_member(json_array_get_object_element(members, i), "name"));
    } else if (strcmp(meta, "alternate") == 0) {
        for (unsigned i = 0; i < json_array_get_length(members); i++)
            walk_type(
                walk, path, json_object_get_string_member(json_array_get_object_element(members, i), "type"));
    } else if (strcmp(meta, "object") == 0) {
        walk_members(walk, path, members);
        if (json_object_has_member(info, "variants"))
            walk_variants(walk, path, info);
    }
}

// A type inside of itself is not walked again.
static void walk_type(Walk *walk, const char *path, const char *name)
{
    for (unsigned i = 0; i < walk->inside->len; i++)
        if (strcmp(walk->inside->pdata[i], name) == 0)
            return;
    JsonObject *info = g_hash_table_lookup(walk->infos, name);
    if (!info)
        g_error("%s: the type %s is not described", path, name);
    g_ptr_array_add(walk->inside, (char *)name);
    walk_inside(walk, path, info);
    g_ptr_array_set_size(walk->inside, (int)walk->inside->len - 1);
}

static void walk_entry(Walk *walk, JsonObject *info)
{
    const char *name = json_object_get_string_member(info, "name"),
               *meta = json_object_get_string_member(info, "meta-type");
    bool is_command = strcmp(meta, "command") == 0;
    if ((!is_command && strcmp(meta, "event") != 0) || g_ascii_strncasecmp(name, "x-lparun", 8) == 0 ||
        g_str_has_prefix(name, "X_LPARUN"))
        return;
    g_autofree char *arguments = g_strconcat(name, "()", NULL);
    walk_type(walk, arguments, json_object_get_string_member(info, "arg-type"));
    if (is_command)
        walk_type(walk, name, json_object_get_string_member(info, "ret-type"));
}

// --- lparun's own, through a session.

static void keep(void *owner, const char *line, size_t length)
{
    g_string_truncate(owner, 0);
    g_string_append_len(owner, line, (gssize)length);
}

static const SessionOps session_ops = { .write = keep };

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Each info's name; twice: an error.
static GHashTable *by_names(JsonArray *list)
{
    GHashTable *infos = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        JsonObject *info = json_array_get_object_element(list, i);
        const char *name = json_object_get_string_member(info, "name");
        if (!g_hash_table_insert(infos, (char *)name, info))
            g_error("%s is there twice", name);
    }
    return infos;
}

static GPtrArray *lines_of(JsonArray *list)
{
    g_autoptr(GHashTable) infos = by_names(list);
    g_autoptr(GPtrArray) inside = g_ptr_array_new();
    Walk walk = { infos, g_ptr_array_new_with_free_func(g_free), inside };
    for (unsigned i = 0; i < json_array_get_length(list); i++)
        walk_entry(&walk, json_array_get_object_element(list, i));
    g_ptr_array_sort(walk.lines, by_name);
    return walk.lines;
}

static JsonNode *ask(void)
{
    static const char request[] = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-qmp-schema\"}";
    const MonitorMachine machine = { .schema = &command_schema };
    g_autoptr(GString) answer = g_string_new(NULL);
    Session *session = session_new(command_tables, &machine, &session_ops, answer);
    for (size_t at = 0; at < strlen(request);)
        at += session_take(session, request + at, strlen(request) - at);
    session_free(session);
    JsonNode *node = json_from_string(answer->str, NULL);
    g_assert_nonnull(node);
    return node;
}

static GPtrArray *our_lines(void)
{
    g_autoptr(JsonNode) answer = ask();
    return lines_of(json_object_get_array_member(json_node_get_object(answer), "return"));
}

// Both ways.
static void test_as_qemu(void)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(QMP_SCHEMA, &text, NULL, NULL));
    g_auto(GStrv) known = g_strsplit(g_strchomp(text), "\n", -1);
    g_autoptr(GPtrArray) lines = our_lines();
    for (unsigned i = 0; i < lines->len; i++)
        if (!g_strv_contains((const char *const *)known, lines->pdata[i]))
            g_error("not in QEMU's schema: %s", (char *)lines->pdata[i]);
    for (char **line = known; *line; line++)
        if (!g_ptr_array_find_with_equal_func(lines, *line, g_str_equal, NULL))
            g_error("lparun lacks: %s", *line);
}

// For the script that makes the file.
static int print_lines(void)
{
    g_autoptr(GPtrArray) lines = our_lines();
    for (unsigned i = 0; i < lines->len; i++)
        g_print("%s\n", (char *)lines->pdata[i]);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "lines") == 0)
        return print_lines();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp-schema/as-qemu", test_as_qemu);
    return g_test_run();
}
