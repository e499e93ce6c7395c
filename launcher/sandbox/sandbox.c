// -sandbox: filters of the kernel's (seccomp), made by libseccomp.
#include "sandbox.h"
#include "lparun/error.h"
#include <errno.h>
#include <seccomp.h>
#include <sched.h>
#include <sys/prctl.h>

#define CALL(name) SCMP_SYS(name)
// libseccomp has a negative number for a call that this machine has not: a rule of it says nothing.

// For the whole machine, or long gone.
static const int obsolete[] = { CALL(_sysctl), CALL(acct), CALL(add_key), CALL(afs_syscall), CALL(bdflush),
    CALL(bpf), CALL(create_module), CALL(delete_module), CALL(finit_module), CALL(get_kernel_syms),
    CALL(getpmsg), CALL(init_module), CALL(kexec_file_load), CALL(kexec_load), CALL(keyctl),
    CALL(lookup_dcookie), CALL(mount), CALL(move_mount), CALL(nfsservctl), CALL(open_tree),
    CALL(perf_event_open), CALL(pivot_root), CALL(putpmsg), CALL(query_module), CALL(quotactl), CALL(readdir),
    CALL(reboot), CALL(request_key), CALL(security), CALL(setdomainname), CALL(sethostname),
    CALL(settimeofday), CALL(sgetmask), CALL(ssetmask), CALL(stime), CALL(swapoff), CALL(swapon), CALL(sysfs),
    CALL(syslog), CALL(tuxcall), CALL(umount), CALL(umount2), CALL(uselib), CALL(ustat), CALL(vserver) };

static const int privileges[] = { CALL(setfsgid), CALL(setfsuid), CALL(setgid), CALL(setgroups),
    CALL(setpgid), CALL(setregid), CALL(setresgid), CALL(setresuid), CALL(setreuid), CALL(setsid),
    CALL(setuid) };

static const int spawning[] = { CALL(execve), CALL(execveat), CALL(fork), CALL(vfork) };

static const int resources[] = { CALL(ioprio_set), CALL(sched_setaffinity), CALL(sched_setattr),
    CALL(sched_setparam), CALL(sched_setscheduler), CALL(setpriority) };

static int deny(scmp_filter_ctx context, const int *calls, unsigned count)
{
    int result = 0;
    for (unsigned i = 0; result == 0 && i < count; i++)
        result = seccomp_rule_add(context, SCMP_ACT_KILL_PROCESS, calls[i], 0);
    return result;
}
#define DENY(context, calls) deny(context, calls, G_N_ELEMENTS(calls))

// Threads are born still. clone3() has its flags in memory, where no filter can see them: the C library takes
// clone() where there is none.
static int deny_processes(scmp_filter_ctx context)
{
    int result = DENY(context, spawning);
    if (result == 0)
        result = seccomp_rule_add(
            context, SCMP_ACT_KILL_PROCESS, CALL(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    return result == 0 ? seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0) : result;
}

static int add_rules(scmp_filter_ctx context, const SandboxOptions *options)
{
    int result = options->obsolete ? 0 : DENY(context, obsolete);
    if (result == 0 && options->privileges == PRIVILEGES_DENY)
        result = DENY(context, privileges);
    if (result == 0 && options->no_spawn)
        result = deny_processes(context);
    if (result == 0 && options->no_resource_control)
        result = DENY(context, resources);
    return result;
}

// For all threads that there are, and those that will be.
static int load(const SandboxOptions *options)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
    if (!context)
        return -ENOMEM;
    int result = seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = add_rules(context, options);
    if (result == 0)
        result = seccomp_load(context);
    seccomp_release(context);
    return result;
}

static bool enter(const SandboxOptions *options, GError **error)
{
    if (options->privileges != PRIVILEGES_ALLOW && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_host(error, "-sandbox elevateprivileges: %s", g_strerror(errno));
    int result = load(options);
    return result == 0 || error_host(error, "-sandbox on: the host's kernel refuses it: %s; leave it out",
                              g_strerror(-result));
}

extern const SandboxModule sandbox_module;
const SandboxModule sandbox_module = { .version = LPARUN_VERSION, .enter = enter };
