// query-qmp-schema: what commands take and give, made from their rows.
#pragma once
#include "../command.h"

typedef struct SchemaWriter SchemaWriter;

SchemaWriter *schema_writer_new(const CommandSchema *schema);
// The commands of a table.
void schema_writer_add(SchemaWriter *writer, const Command *table);
// The list of SchemaInfo: commands, events, then the types that they lead to. Frees the writer.
GVariant *schema_writer_finish(SchemaWriter *writer);
