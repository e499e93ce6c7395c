// Modules: found and loaded.
#include "module.h"
#include "json_module.h"
#include "lparun/error.h"
#include <dlfcn.h>
#include <string.h>

// Beside the program, as in a build folder, or where it was installed.
static void *load(const char *file)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    if (program) {
        g_autofree char *folder = g_path_get_dirname(program);
        g_autofree char *beside = g_build_filename(folder, file, NULL);
        if (g_file_test(beside, G_FILE_TEST_IS_REGULAR))
            return dlopen(beside, RTLD_NOW | RTLD_LOCAL);
    }
    g_autofree char *installed = g_build_filename(LPARUN_MODULES, file, NULL);
    return dlopen(installed, RTLD_NOW | RTLD_LOCAL);
}

// It stays loaded: types that json-glib has registered with GObject cannot be taken back.
const void *module_find(const char *file, const char *name, const char *option, GError **error)
{
    void *library = load(file);
    const Module *module = library ? dlsym(library, name) : NULL;
    if (!module)
        error_host(error, "%s: the module %s cannot be loaded: %s", option, file, dlerror());
    else if (strcmp(module->version, LPARUN_VERSION) != 0)
        error_host(error, "%s: the module %s is of version %s, lparun of %s", option, file, module->version,
            LPARUN_VERSION);
    else
        return module;
    return NULL;
}

const QmpModule *module_load(const char *option, GError **error)
{
    return module_find("lparun-qmp.so", "qmp_module", option, error);
}

bool json_module_read(const char *text, JsonEach *each, void *data, GError **error)
{
    const QmpModule *module = module_load("JSON", error);
    return module && module->read_json(text, each, data, error);
}
