// Firmware's variables: texts "NAME=VALUE", each with a NUL behind it, from the start of the data of a
// partition of the common kind (CHRP 8.4.1, "NVRAM format"); an empty one ends them.
#include "nvram_variables.h"
#include "lparun/error.h"
#include <string.h>

#define UNIT 16 // bytes, of which partitions are made, and of a partition's header
#define SIGNATURE_COMMON 0x70

// The data of a partition.
typedef struct Area {
    char *start;
    uint32_t size;
} Area;

// What is in a file may be anything.
static bool find_common(uint8_t *bytes, uint32_t size, Area *area)
{
    for (uint32_t offset = 0; size - offset >= UNIT;) {
        uint32_t length = (uint32_t)(bytes[offset + 2] << 8 | bytes[offset + 3]) * UNIT;
        if (length == 0 || length > size - offset)
            return false;
        *area = (Area){ (char *)bytes + offset + UNIT, length - UNIT };
        if (bytes[offset] == SIGNATURE_COMMON)
            return true;
        offset += length;
    }
    return false;
}

// The variables, each as it stands.
static GPtrArray *read_all(const Area *area)
{
    GPtrArray *variables = g_ptr_array_new_with_free_func(g_free);
    const char *at = area->start, *end = area->start + area->size;
    while (at < end && *at) {
        size_t length = strnlen(at, (size_t)(end - at));
        g_ptr_array_add(variables, g_strndup(at, length));
        at += length + 1;
    }
    return variables;
}

static void put(GPtrArray *variables, const char *variable)
{
    size_t name = (size_t)(strchr(variable, '=') - variable) + 1;
    for (unsigned i = 0; i < variables->len; i++)
        if (strncmp(variables->pdata[i], variable, name) == 0)
            g_ptr_array_remove_index(variables, i--);
    g_ptr_array_add(variables, g_strdup(variable));
}

// False, and nothing written, where they do not fit with the NUL behind them.
static bool write_all(const Area *area, const GPtrArray *variables)
{
    size_t sum = 1;
    for (unsigned i = 0; i < variables->len; i++)
        sum += strlen(variables->pdata[i]) + 1;
    if (sum > area->size)
        return false;
    memset(area->start, 0, area->size);
    char *at = area->start;
    for (unsigned i = 0; i < variables->len; i++)
        at = g_stpcpy(at, variables->pdata[i]) + 1;
    return true;
}

bool nvram_variables_set(uint8_t *bytes, uint32_t size, const char *variable, GError **error)
{
    Area area;
    if (!find_common(bytes, size, &area))
        return error_user(error,
            "-prom-env %s: NVRAM has no partition for it; give an empty file of 64K, or none", variable);
    g_autoptr(GPtrArray) variables = read_all(&area);
    put(variables, variable);
    return write_all(&area, variables) ||
           error_user(
               error, "-prom-env %s: NVRAM has %u bytes for all of them; give fewer", variable, area.size);
}
