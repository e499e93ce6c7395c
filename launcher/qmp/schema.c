// The schema as QEMU tells it (qapi/introspect.json): types that are not JSON's own have numbers for names.
#include "schema.h"
#include "types.h"
#include <string.h>

struct SchemaWriter {
    const CommandSchema *schema;
    GVariantBuilder *list;
    GPtrArray *types;    // texts of types and members, each by its number
    GHashTable *numbers; // of these texts, plus 1
};

SchemaWriter *schema_writer_new(const CommandSchema *schema)
{
    SchemaWriter *writer = g_new0(SchemaWriter, 1);
    writer->schema = schema;
    writer->list = command_list();
    writer->types = g_ptr_array_new_with_free_func(g_free);
    writer->numbers = g_hash_table_new(g_str_hash, g_str_equal);
    return writer;
}

// The type's name in the schema (g_free). What has none yet is described later.
static char *name_of(SchemaWriter *writer, const char *type)
{
    char element[TYPE_NAME_MAX];
    if (type_builtin(type) && strcmp(type, "size") == 0)
        return g_strdup("int");
    bool is_list = type_is_list(type, element);
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(writer->numbers, type));
    if (number == 0) {
        g_ptr_array_add(writer->types, g_strdup(type));
        number = writer->types->len;
        g_hash_table_insert(writer->numbers, writer->types->pdata[number - 1], GUINT_TO_POINTER(number));
    }
    if (type_builtin(type))
        return g_strdup(type);
    if (!is_list)
        return g_strdup_printf("%u", number - 1);
    g_autofree char *inner = name_of(writer, element);
    return g_strdup_printf("[%s]", inner);
}

static void add_name(GVariantBuilder *object, SchemaWriter *writer, const char *key, const char *type)
{
    g_autofree char *name = name_of(writer, type ? type : "");
    command_add_text(object, key, name);
}

static GVariantBuilder *begin(const char *name, const char *meta)
{
    GVariantBuilder *info = command_object();
    command_add_text(info, "name", name);
    command_add_text(info, "meta-type", meta);
    return info;
}

// A list of texts, or nothing where there are none.
static void add_features(GVariantBuilder *info, const char *features)
{
    TypeMember one;
    if (!features)
        return;
    GVariantBuilder *list = command_list();
    while (type_next(&features, &one))
        command_append(list, g_variant_new_string(one.name));
    command_add(info, "features", command_end(list));
}

static void end(SchemaWriter *writer, GVariantBuilder *info)
{
    command_append(writer->list, command_end(info));
}

void schema_writer_add(SchemaWriter *writer, const Command *table)
{
    for (; table->name; table++) {
        GVariantBuilder *info = begin(table->name, "command");
        add_name(info, writer, "arg-type", table->arguments);
        add_name(info, writer, "ret-type", table->result);
        add_features(info, table->features);
        end(writer, info);
    }
}

static void add_events(SchemaWriter *writer)
{
    for (const CommandEvent *event = writer->schema->events; event->name; event++) {
        GVariantBuilder *info = begin(event->name, "event");
        add_name(info, writer, "arg-type", event->data);
        end(writer, info);
    }
}

// --- Types.

static GVariant *describe_members(SchemaWriter *writer, const char *members)
{
    TypeMember member;
    GVariantBuilder *list = command_list();
    while (type_next(&members, &member)) {
        GVariantBuilder *object = command_object();
        command_add_text(object, "name", member.name);
        add_name(object, writer, "type", member.type);
        if (member.optional)
            command_add(object, "default", g_variant_new_maybe(G_VARIANT_TYPE_VARIANT, NULL));
        command_append(list, command_end(object));
    }
    return command_end(list);
}

// The words of an enumeration, one after the other, from the text and then the rows.
static const char *next_word(const char **text, const Word **rows, TypeMember *one)
{
    if (*text && type_next(text, one))
        return one->name;
    while (*rows && (*rows)->word && (*rows)->unlisted)
        (*rows)++;
    return *rows && (*rows)->word ? (*rows)++->word : NULL;
}

static GVariant *describe_words(const CommandType *type, bool as_objects)
{
    TypeMember one;
    const char *text = type->words, *word;
    const Word *rows = type->word_rows;
    GVariantBuilder *list = command_list();
    while ((word = next_word(&text, &rows, &one))) {
        if (as_objects) {
            GVariantBuilder *object = command_object();
            command_add_text(object, "name", word);
            command_append(list, command_end(object));
        } else {
            command_append(list, g_variant_new_string(word));
        }
    }
    return command_end(list);
}

// The type that the members of an object say their member `name` has.
static const CommandType *type_of_member(
    const SchemaWriter *writer, const CommandType *type, const char *name)
{
    TypeMember member;
    for (const char *rest = type->members; type_next(&rest, &member);)
        if (strcmp(member.name, name) == 0)
            return type_find(writer->schema, member.type);
    g_assert_not_reached();
}

// Each word that the tag can be; one that brings nothing has an object without members.
static GVariant *describe_variants(SchemaWriter *writer, const CommandType *type)
{
    TypeMember one;
    const CommandType *tag = type_of_member(writer, type, type->tag);
    const char *text = tag->words, *word;
    const Word *rows = tag->word_rows;
    GVariantBuilder *list = command_list();
    while ((word = next_word(&text, &rows, &one))) {
        char name[TYPE_NAME_MAX];
        GVariantBuilder *variant = command_object();
        command_add_text(variant, "case", word);
        add_name(variant, writer, "type", type_members_by(type, word, name) ? name : NULL);
        command_append(list, command_end(variant));
    }
    return command_end(list);
}

static void describe_object(SchemaWriter *writer, const char *name, const CommandType *type)
{
    GVariantBuilder *info = begin(name, "object");
    command_add(info, "members", describe_members(writer, type->members));
    if (type->tag) {
        command_add_text(info, "tag", type->tag);
        command_add(info, "variants", describe_variants(writer, type));
    }
    add_features(info, type->features);
    end(writer, info);
}

static void describe_enumeration(SchemaWriter *writer, const char *name, const CommandType *type)
{
    GVariantBuilder *info = begin(name, "enum");
    command_add(info, "members", describe_words(type, true));
    command_add(info, "values", describe_words(type, false));
    add_features(info, type->features);
    end(writer, info);
}

static void describe_alternate(SchemaWriter *writer, const char *name, const CommandType *type)
{
    TypeMember one;
    GVariantBuilder *info = begin(name, "alternate"), *list = command_list();
    for (const char *rest = type->either; type_next(&rest, &one);) {
        GVariantBuilder *object = command_object();
        add_name(object, writer, "type", one.name);
        command_append(list, command_end(object));
    }
    command_add(info, "members", command_end(list));
    add_features(info, type->features);
    end(writer, info);
}

static void describe_unnamed(SchemaWriter *writer, const char *name, const char *type)
{
    char element[TYPE_NAME_MAX];
    if (type_builtin(type)) {
        GVariantBuilder *info = begin(name, "builtin");
        command_add_text(info, "json-type", type_builtin(type));
        end(writer, info);
    } else if (type_is_list(type, element)) {
        GVariantBuilder *info = begin(name, "array");
        add_name(info, writer, "element-type", element);
        end(writer, info);
    } else {
        const CommandType members = { .members = type };
        describe_object(writer, name, &members);
    }
}

static void describe(SchemaWriter *writer, const char *type)
{
    g_autofree char *name = name_of(writer, type);
    const CommandType *row = *type && !strpbrk(type, " :[") ? type_find(writer->schema, type) : NULL;
    if (!row)
        describe_unnamed(writer, name, type);
    else if (row->members)
        describe_object(writer, name, row);
    else if (row->either)
        describe_alternate(writer, name, row);
    else
        describe_enumeration(writer, name, row);
}

GVariant *schema_writer_finish(SchemaWriter *writer)
{
    add_events(writer);
    for (guint i = 0; i < writer->types->len; i++) // each may lead to more
        describe(writer, writer->types->pdata[i]);
    g_ptr_array_unref(writer->types);
    g_hash_table_unref(writer->numbers);
    GVariant *list = command_end(writer->list);
    g_free(writer);
    return list;
}
