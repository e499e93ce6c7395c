// results.json: docs/ci.md has its schema.
#pragma once
#include "outcome.h"
#include <json-glib/json-glib.h>

#define RESULTS_SCHEMA 2

JsonNode *results_to_json(const Results *results);
// False and `error`: the file cannot be written.
bool results_write(const Results *results, const char *path, GError **error);
// NULL and `error`: it cannot be read, or is no results.json of this schema.
Results *results_read(const char *path, GError **error);
