// What the process itself shall be: its name, its rights, whether it goes to the background.
#include "process_options.h"
#include "lparun/error.h"
#include "lparun/fd_set.h"
#include "options.h"
#include "values.h"
#include <fcntl.h>

void process_options_clear(ProcessOptions *process)
{
    g_free(process->guest_name);
    g_free(process->process_name);
    g_free(process->pid_file);
    g_free(process->user);
    g_free(process->chroot);
}

static bool fill(Options *options, const char *option, const char *value, const char *first, const Key *keys,
    GError **error)
{
    g_autoptr(Values) values = values_parse(option, value, first, error);
    return values && values_fill(values, keys, &options->process, error);
}

#define AT(member) offsetof(ProcessOptions, member)

bool options_parse_name(Options *options, const char *option, const char *value, GError **error)
{
    static const Key keys[] = {
        { "guest", KEY_TEXT, AT(guest_name), .value = "NAME", .empty = true, .help = "the guest's, for QMP" },
        { "process", KEY_TEXT, AT(process_name), .value = "NAME", .help = "what ps shows, 15 bytes of it" },
        { "debug-threads", KEY_SWITCH, AT(debug_threads), .help = "taken: threads always have names" },
        { 0 },
    };
    return fill(options, option, value, "guest", keys, error);
}

bool options_parse_daemonize(Options *options, const char *option, const char *value, GError **error)
{
    options->process.daemonize = true;
    return true;
}

bool options_parse_run_with(Options *options, const char *option, const char *value, GError **error)
{
    static const Word off[] = { { "off" }, { "on" }, { 0 } };
    static const Key keys[] = {
        { "user", KEY_TEXT, AT(user), .value = "USER|UID:GID",
            .help = "whose the process is once the guest starts" },
        { "chroot", KEY_TEXT, AT(chroot), .value = "FOLDER", .help = "its root folder from then on" },
        { "async-teardown", KEY_WORD, AT(nothing), .words = off,
            .help = "taken: an end does not wait for memory anyhow" },
        { 0 },
    };
    return fill(options, option, value, NULL, keys, error);
}

bool options_parse_msg(Options *options, const char *option, const char *value, GError **error)
{
    static const Key keys[] = {
        { "timestamp", KEY_SWITCH, AT(timestamp), .help = "before each line on standard error" },
        { "guest-name", KEY_SWITCH, AT(with_name), .help = "the guest's name there" },
        { 0 },
    };
    return fill(options, option, value, NULL, keys, error);
}

bool options_parse_sandbox(Options *options, const char *option, const char *value, GError **error)
{
    static const Word allowing[] = { { "allow", true }, { "deny", false }, { 0 } };
    static const Word denying[] = { { "allow", false }, { "deny", true }, { 0 } };
    static const Word privileges[] = { { "allow", PRIVILEGES_ALLOW }, { "deny", PRIVILEGES_DENY },
        { "children", PRIVILEGES_OF_CHILDREN }, { 0 } };
    static const Key keys[] = {
        { "enable", KEY_SWITCH, AT(sandbox.on), .help = "whether there is one" },
        { "obsolete", KEY_WORD, AT(sandbox.obsolete), .words = allowing,
            .help = "calls that nobody should use" },
        { "elevateprivileges", KEY_WORD, AT(sandbox.privileges), .words = privileges,
            .help = "to become another user; children: only what is executed may not" },
        { "spawn", KEY_WORD, AT(sandbox.no_spawn), .words = denying,
            .help = "to make and execute processes" },
        { "resourcecontrol", KEY_WORD, AT(sandbox.no_resource_control), .words = denying,
            .help = "to change priorities and processors" },
        { 0 },
    };
    return fill(options, option, value, "enable", keys, error);
}

typedef struct AddFd {
    unsigned fd, set;
    char *opaque;
} AddFd;

bool options_parse_add_fd(Options *options, const char *option, const char *value, GError **error)
{
    static const Key keys[] = {
        { "fd", KEY_NUMBER, offsetof(AddFd, fd), .least = 3, .most = G_MAXINT, .needed = true,
            .mend = "not a descriptor that lparun was started with; give one from 3 on",
            .help = "a descriptor" },
        { "set", KEY_NUMBER, offsetof(AddFd, set), .most = G_MAXINT, .needed = true,
            .help = "its set: /dev/fdset/SET is a file's path then" },
        { "opaque", KEY_TEXT, offsetof(AddFd, opaque), .help = "what query-fdsets says of it" },
        { 0 },
    };
    AddFd add = { 0 };
    g_autoptr(Values) values = values_parse(option, value, NULL, error);
    bool right = values && values_fill(values, keys, &add, error);
    if (right && fcntl((int)add.fd, F_SETFD, FD_CLOEXEC) < 0)
        right = error_user(
            error, "%s fd=%u: lparun was not started with it; give one that is open", option, add.fd);
    else if (right && !fd_set_add(add.set, (int)add.fd, add.opaque))
        right = error_user(error, "%s fd=%u: too many descriptors; leave some out", option, add.fd);
    keys_clear(keys, &add);
    return right;
}
