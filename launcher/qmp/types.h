// Types of arguments and results, as the rows of commands write them (command.h).
#pragma once
#include "../command.h"

#define TYPE_NAME_MAX 64

// One of "name:type name?:type"; where a text is a list of words, `type` is empty.
typedef struct TypeMember {
    char name[TYPE_NAME_MAX], type[TYPE_NAME_MAX];
    bool optional;
} TypeMember;

// Takes the next one from `text`. False at its end.
bool type_next(const char **text, TypeMember *member);
// What JSON has for it in QEMU's schema: "string", "int", ...; NULL: it is not one of those that are known
// without a row.
const char *type_builtin(const char *type);
// "[TYPE]": TYPE is copied to `element`.
bool type_is_list(const char *type, char element[TYPE_NAME_MAX]);
// The row of a type, in the tables and in that of the conversation's own commands. NULL: there is none.
const CommandType *type_find(const CommandSchema *schema, const char *name);
// Whether `word` is one of the enumeration's.
bool type_has_word(const CommandType *type, const char *word);
// What `members_by` has for a word; false: nothing.
bool type_members_by(const CommandType *type, const char *word, char name[TYPE_NAME_MAX]);
// The conversation's own.
extern const CommandType qmp_types[];
