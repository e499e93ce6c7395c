// The monitor's module: found, loaded, and called.
#include "monitor.h"
#include "lparun/error.h"
#include <dlfcn.h>

#define MODULE "lparun-qmp.so"

static const MonitorModule *module;

// Beside the program, as in a build folder, or where it was installed.
static void *load(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    if (program) {
        g_autofree char *folder = g_path_get_dirname(program);
        g_autofree char *beside = g_build_filename(folder, MODULE, NULL);
        if (g_file_test(beside, G_FILE_TEST_IS_REGULAR))
            return dlopen(beside, RTLD_NOW | RTLD_LOCAL);
    }
    return dlopen(LPARUN_MODULES "/" MODULE, RTLD_NOW | RTLD_LOCAL);
}

// It stays loaded: types that json-glib has registered with GObject cannot be taken back.
static bool find_module(GError **error)
{
    void *library = load();
    module = library ? dlsym(library, "monitor_module") : NULL;
    if (!module)
        return error_host(error, "-qmp: the module %s cannot be loaded: %s", MODULE, dlerror());
    if (strcmp(module->version, LPARUN_VERSION) == 0)
        return true;
    return error_host(
        error, "-qmp: the module %s is of version %s, lparun of %s", MODULE, module->version, LPARUN_VERSION);
}

Monitor *monitor_open(const char *path, const MonitorMachine *machine, GError **error)
{
    return find_module(error) ? module->open(path, machine, error) : NULL;
}

void monitor_tell(Monitor *monitor, const MonitorEvent *event)
{
    module->tell(monitor, event);
}

void monitor_close(Monitor *monitor)
{
    if (monitor)
        module->close(monitor);
}
