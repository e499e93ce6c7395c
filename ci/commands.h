// The commands of lparun-ci, each with the words after it, up to a NULL; they return its exit status.
#pragma once
#include "verdict.h"
#include <glib.h>

int command_run(char **words);
int command_exec(char **words);
int command_list(char **words);
int command_check(char **words);
int command_merge(char **words);
int command_compare(char **words);

// Says on standard error what is wrong; the exit status of that verdict.
int command_refuse(const GError *error, Verdict verdict);
