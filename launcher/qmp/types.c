// The texts of types are read.
#include "types.h"
#include <string.h>

static void copy(char to[TYPE_NAME_MAX], const char *from, size_t length)
{
    g_assert(length < TYPE_NAME_MAX);
    memcpy(to, from, length);
    to[length] = '\0';
}

bool type_next(const char **text, TypeMember *member)
{
    const char *start = *text + strspn(*text, " ");
    size_t length = strcspn(start, " "), name = strcspn(start, " :");
    *text = start + length;
    if (length == 0)
        return false;
    member->optional = start[name - 1] == '?';
    copy(member->name, start, name - member->optional);
    copy(member->type, start + name + (name < length), length - name - (name < length));
    return true;
}

const char *type_builtin(const char *type)
{
    static const struct {
        const char *name, *json;
    } types[] = { { "str", "string" }, { "int", "int" }, { "size", "int" }, { "number", "number" },
        { "bool", "boolean" }, { "null", "null" }, { "any", "value" } };
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++)
        if (strcmp(types[i].name, type) == 0)
            return types[i].json;
    return NULL;
}

bool type_is_list(const char *type, char element[TYPE_NAME_MAX])
{
    if (*type != '[')
        return false;
    copy(element, type + 1, strlen(type) - 2);
    return true;
}

static const CommandType *find_in(const CommandType *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

const CommandType *type_find(const CommandSchema *schema, const char *name)
{
    const CommandType *found = find_in(qmp_types, name);
    for (unsigned i = 0; schema->types[i] && !found; i++)
        found = find_in(schema->types[i], name);
    return found;
}

bool type_has_word(const CommandType *type, const char *word)
{
    TypeMember one;
    for (const char *rest = type->words; rest && type_next(&rest, &one);)
        if (strcmp(one.name, word) == 0)
            return true;
    for (const Word *row = type->word_rows; row && row->word; row++)
        if (!row->unlisted && strcmp(row->word, word) == 0)
            return true;
    return false;
}

bool type_members_by(const CommandType *type, const char *word, char name[TYPE_NAME_MAX])
{
    TypeMember one;
    for (const char *rest = type->members_by; rest && type_next(&rest, &one);)
        if (strcmp(one.name, word) == 0) {
            g_strlcpy(name, one.type, TYPE_NAME_MAX);
            return true;
        }
    return false;
}

const CommandType qmp_types[] = {
    { "QMPCapability", .words = "oob" },
    { "VersionTriple", "major:int minor:int micro:int" },
    { "VersionInfo", "qemu:VersionTriple package:str" },
    { "CommandInfo", "name:str" },
    { "SchemaMetaType", .words = "builtin enum array object alternate command event" },
    { "JSONType", .words = "string number int boolean null object array value" },
    { "SchemaInfo", "name:str meta-type:SchemaMetaType features?:[str]", .tag = "meta-type",
        .members_by = "builtin:SchemaInfoBuiltin enum:SchemaInfoEnum array:SchemaInfoArray "
                      "object:SchemaInfoObject alternate:SchemaInfoAlternate command:SchemaInfoCommand "
                      "event:SchemaInfoEvent" },
    { "SchemaInfoBuiltin", "json-type:JSONType" },
    { "SchemaInfoEnum", "members:[SchemaInfoEnumMember] values:[str]" },
    { "SchemaInfoEnumMember", "name:str features?:[str]" },
    { "SchemaInfoArray", "element-type:str" },
    { "SchemaInfoObject", "members:[SchemaInfoObjectMember] tag?:str variants?:[SchemaInfoObjectVariant]" },
    { "SchemaInfoObjectMember", "name:str type:str default?:any features?:[str]" },
    { "SchemaInfoObjectVariant", "case:str type:str" },
    { "SchemaInfoAlternate", "members:[SchemaInfoAlternateMember]" },
    { "SchemaInfoAlternateMember", "type:str" },
    { "SchemaInfoCommand", "arg-type:str ret-type:str allow-oob?:bool" },
    { "SchemaInfoEvent", "arg-type:str" },
    { 0 },
};
