// json_module_read() without a module to load.
#include "../../launcher/qmp/json_values.h"

bool json_module_read(const char *text, JsonEach *each, void *data, GError **error)
{
    return json_values_read(text, each, data, error);
}
