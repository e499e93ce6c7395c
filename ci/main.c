// lparun-ci: boots guests and says what came of each.
#include "commands.h"
#include <stdio.h>
#include <string.h>

typedef struct CiCommand {
    const char *name;
    int (*run)(char **words);
    const char *help;
} CiCommand;

static const CiCommand commands[] = {
    { "run", command_run, "boot, and say what came of it" },
    { "exec", command_exec, "run a command in a guest around a kernel" },
    { "list", command_list, "the names of a boot file's boots" },
    { "check", command_check, "what is wrong with a boot file" },
    { "merge", command_merge, "one report of several shards" },
    { "compare", command_compare, "what is different between two runs" },
};

int command_refuse(const GError *error, Verdict verdict)
{
    fprintf(stderr, "lparun-ci: %s\n", error->message);
    return verdict_status(verdict);
}

static void help(FILE *to)
{
    fputs("usage: lparun-ci COMMAND [...]\n\n", to);
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].help);
    fputs("\nlparun-ci COMMAND --help says more.\n", to);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("lparun-ci " LPARUN_VERSION);
        return 0;
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        help(stdout);
        return 0;
    }
    for (unsigned i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argv + 2);
    fprintf(stderr, argc > 1 ? "lparun-ci: no command '%s'\n" : "lparun-ci: give a command\n", argv[1]);
    help(stderr);
    return verdict_status(VERDICT_WRONG);
}
