// The module lparun-qmp.so: found and loaded.
#include "module.h"
#include "json_module.h"
#include "lparun/error.h"
#include <dlfcn.h>
#include <string.h>

#define MODULE "lparun-qmp.so"

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
const QmpModule *module_load(const char *option, GError **error)
{
    void *library = load();
    const QmpModule *module = library ? dlsym(library, "qmp_module") : NULL;
    if (!module)
        error_host(error, "%s: the module %s cannot be loaded: %s", option, MODULE, dlerror());
    else if (strcmp(module->version, LPARUN_VERSION) != 0)
        error_host(error, "%s: the module %s is of version %s, lparun of %s", option, MODULE, module->version,
            LPARUN_VERSION);
    else
        return module;
    return NULL;
}

bool json_module_read(const char *text, JsonEach *each, void *data, GError **error)
{
    const QmpModule *module = module_load("JSON", error);
    return module && module->read_json(text, each, data, error);
}
