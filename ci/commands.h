// The commands of lparun-ci, each with the words after it, up to a NULL; they return its exit status.
#pragma once

int command_run(char **words);
int command_exec(char **words);
int command_list(char **words);
int command_check(char **words);
int command_merge(char **words);
int command_compare(char **words);
