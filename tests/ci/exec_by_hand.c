// The parts of lparun-ci exec by hand: makes what a guest starts from, and shows what it left.
//   exec_by_hand make FOLDER KERNEL [OPTION=VALUE ...] -- COMMAND ...    lparun's options, one a line
//   exec_by_hand show FOLDER [COLLECT]                                   what is on the disk, one thing a
//   line
#include "channel.h"
#include "collect.h"
#include "exec.h"
#include <stdio.h>
#include <string.h>

static GPtrArray *list_of(Exec *exec, const char *option)
{
    const struct {
        const char *option;
        GPtrArray *list;
    } lists[] = { { "file", exec->files }, { "program", exec->programs }, { "collect", exec->collect },
        { "env", exec->variables }, { "module", exec->wanted } };
    for (unsigned i = 0; i < G_N_ELEMENTS(lists); i++)
        if (strcmp(lists[i].option, option) == 0)
            return lists[i].list;
    return NULL;
}

static char **text_of(Exec *exec, char **initrd, const char *option)
{
    if (strcmp(option, "initrd") == 0)
        return initrd;
    if (strcmp(option, "root") == 0)
        return &exec->root;
    if (strcmp(option, "modules") == 0)
        return &exec->modules;
    return strcmp(option, "init") == 0 ? &exec->init : &exec->directory;
}

static void take(Exec *exec, char **initrd, const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, "=", 2);
    GPtrArray *list = list_of(exec, parts[0]);
    if (strcmp(parts[0], "room") == 0)
        exec->room = g_ascii_strtoull(parts[1], NULL, 10);
    else if (strcmp(parts[0], "light") == 0)
        exec->light = true;
    else if (list)
        g_ptr_array_add(list, g_strdup(parts[1]));
    else
        *text_of(exec, initrd, parts[0]) = g_strdup(parts[1]);
}

// What was made stays.
static void forget(ExecFiles *files)
{
    g_free(files->initrd);
    g_free(files->disk);
    files->initrd = g_strdup("");
    files->disk = g_strdup("");
    exec_files_free(files);
}

static int make(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Exec) exec = exec_new();
    g_autofree char *initrd = NULL;
    char **word = words + 2;
    for (; *word && strcmp(*word, "--") != 0; word++)
        take(exec, &initrd, *word);
    exec->command = g_strdupv(*word ? word + 1 : word);
    ExecFiles *files = exec_prepare(exec, words[1], initrd, words[0], &error);
    if (!files) {
        fprintf(stderr, "%s\n", error->message);
        return 2;
    }
    printf("-initrd\n%s\n-append\n%s\n", files->initrd, files->append);
    for (char **option = files->options; *option; option++)
        puts(*option);
    forget(files);
    return 0;
}

static void print_bytes(const char *what, const char *bytes, gsize length)
{
    g_autofree char *text = g_strndup(bytes, length), *escaped = g_strescape(text, NULL);
    printf("%s %s\n", what, escaped);
}

static void on_started(void *owner, const char *release, const char *version)
{
    printf("kernel %s\n", release);
}

static void on_output(void *owner, bool errors, const char *bytes, gsize length, double seconds)
{
    print_bytes(errors ? "errors" : "output", bytes, length);
}

static void on_file(void *owner, const char *path, unsigned mode)
{
    printf("file %o %s\n", mode, path);
    collect_file(owner, path, mode);
}

static void on_data(void *owner, const char *bytes, gsize length)
{
    collect_data(owner, bytes, length);
}

static void on_left(void *owner, const char *path, int error)
{
    collect_left(owner, path, error);
}

static void on_fault(void *owner, const char *text)
{
    printf("fault %s\n", text);
}

static void on_ended(void *owner, const ChannelEnd *end)
{
    printf("%s %u, lost %" G_GUINT64_FORMAT "\n", end->killed ? "signal" : "status", end->value, end->lost);
}

static int show(char **words)
{
    static const ChannelOps ops = { on_started, on_output, on_file, on_data, on_left, on_fault, on_ended };
    g_autoptr(GError) error = NULL;
    g_autofree char *disk = g_build_filename(words[0], "exec-disk", NULL);
    Collect *collect = collect_new(words[1] ? words[1] : "/nowhere/at/all");
    Channel *channel = channel_open(disk, &ops, collect, &error);
    if (channel)
        channel_poll(channel);
    if (channel && channel_is_broken(channel))
        puts("broken");
    for (unsigned i = 0; i < collect_complaints(collect)->len; i++)
        printf("left %s\n", (char *)collect_complaints(collect)->pdata[i]);
    channel_free(channel);
    collect_free(collect);
    return channel ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "make") == 0)
        return make(argv + 2);
    return argc > 2 && strcmp(argv[1], "show") == 0 ? show(argv + 2) : 2;
}
