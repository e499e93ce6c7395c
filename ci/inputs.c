// Files that boots start from.
#include "inputs.h"
#include "conclude.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (1u << 20)
#define LARGEST (4ll << 30) // of a file that is read; a larger one has no checksum
#define BANNER "Linux version "
#define BANNER_LONGEST 256u

struct Inputs {
    GHashTable *known; // of Input by path, `what` unset
    bool sums;
    GThread *thread;
};

static void known_free(gpointer data)
{
    Input *input = data;
    g_free(input->path);
    g_free(input->sha256);
    g_free(input->version);
    g_free(input);
}

// "Linux version 6.12.9 (...", in what is at hand; it may be cut by the end of a chunk, and is then found by
// the next look, as chunks overlap.
// "Linux version %s (%s)" is a format, and no version.
static char *find_version(const char *bytes, gsize length)
{
    const char *end = bytes + length, *at = bytes;
    while (
        (at = memmem(at, (gsize)(end - at), BANNER, strlen(BANNER))) && end - at >= (gssize)BANNER_LONGEST) {
        gsize size = 0;
        while (size < BANNER_LONGEST && at[size] >= ' ' && at[size] < 127)
            size++;
        at += strlen(BANNER);
        if (g_ascii_isdigit(*at))
            return g_strndup(at - strlen(BANNER), size);
    }
    return NULL;
}

// All of it, or as far as the version is.
static void read_file(int file, Input *input, bool sums)
{
    g_autofree char *buffer = g_malloc0(CHUNK + BANNER_LONGEST);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize kept = 0;
    ssize_t done = 0;
    while ((sums || !input->version) && (done = read(file, buffer + kept, CHUNK - kept)) > 0) {
        if (sums)
            g_checksum_update(sum, (const guchar *)buffer + kept, done);
        gsize length = kept + (gsize)done;
        if (!input->version)
            input->version = find_version(buffer, length);
        kept = MIN(length, BANNER_LONGEST + strlen(BANNER));
        memmove(buffer, buffer + length - kept, kept);
    }
    if (sums && done == 0)
        input->sha256 = g_strdup(g_checksum_get_string(sum));
}

static void look_at(Input *input, bool sums)
{
    struct stat status;
    int file = open(input->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        input->size = status.st_size;
        if (status.st_size <= LARGEST)
            read_file(file, input, sums);
    }
    close(file);
}

static gpointer look_at_all(gpointer data)
{
    const Inputs *inputs = data;
    GHashTableIter iter;
    gpointer input;
    g_hash_table_iter_init(&iter, inputs->known);
    while (g_hash_table_iter_next(&iter, NULL, &input))
        look_at(input, inputs->sums);
    return NULL;
}

typedef void (*EachInput)(const char *what, const char *path, void *owner);

static void each_input(const Boot *boot, EachInput each, void *owner)
{
    if (boot->bios && strcmp(boot->bios, "none") != 0)
        each("firmware", boot->bios, owner);
    if (boot->kernel)
        each("kernel", boot->kernel, owner);
    if (boot->initrd)
        each("initrd", boot->initrd, owner);
    for (unsigned i = 0; i < boot->disks->len; i++)
        each("disk", boot->disks->pdata[i], owner);
}

static void know(const char *what, const char *path, void *owner)
{
    GHashTable *known = owner;
    if (g_hash_table_contains(known, path))
        return;
    Input *input = g_new0(Input, 1);
    input->path = g_strdup(path);
    g_hash_table_insert(known, input->path, input);
}

Inputs *inputs_start(const Suite *suite, bool sums)
{
    Inputs *inputs = g_new0(Inputs, 1);
    inputs->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, known_free);
    inputs->sums = sums;
    for (unsigned i = 0; i < suite->boots->len; i++) {
        const Boot *boot = suite->boots->pdata[i];
        if (sums)
            each_input(boot, know, inputs->known);
        else if (boot->kernel)
            know("kernel", boot->kernel, inputs->known);
    }
    inputs->thread = g_thread_new("ci-inputs", look_at_all, inputs);
    return inputs;
}

// --- Filling in.

typedef struct Filling {
    const Inputs *inputs;
    Result *result;
} Filling;

static void fill_one(const char *what, const char *path, void *owner)
{
    const Filling *filling = owner;
    const Input *known = g_hash_table_lookup(filling->inputs->known, path);
    if (!known)
        return;
    Input *input = g_new0(Input, 1);
    *input = (Input){ g_strdup(what), g_strdup(path), g_strdup(known->sha256), g_strdup(known->version),
        known->size };
    g_ptr_array_add(filling->result->inputs, input);
}

static const Boot *boot_of(const Suite *suite, const char *name)
{
    for (unsigned i = 0; i < suite->boots->len; i++)
        if (strcmp(((const Boot *)suite->boots->pdata[i])->name, name) == 0)
            return suite->boots->pdata[i];
    return NULL;
}

// The third word of the banner: "6.12.9".
static char *release_of(const char *banner)
{
    const char *at = banner ? strstr(banner, BANNER) : NULL;
    return at ? g_strndup(at + strlen(BANNER), strcspn(at + strlen(BANNER), " \n")) : NULL;
}

static char *release_that_ran(const Outcome *outcome)
{
    for (unsigned i = 0; outcome->console && i < outcome->console->len; i++) {
        char *release = release_of(outcome->console->pdata[i]);
        if (release)
            return release;
    }
    return NULL;
}

// True: it was another one.
static bool check_kernel(Outcome *outcome, const char *wanted)
{
    g_autofree char *ran = outcome->verdict == VERDICT_PASS ? release_that_ran(outcome) : NULL;
    if (!ran || strcmp(wanted, ran) == 0)
        return false;
    g_free(outcome->reason);
    outcome->verdict = VERDICT_FAIL;
    outcome->reason = g_strdup_printf("Linux %s ran, and Linux %s was given", ran, wanted);
    return true;
}

static void check_kernels(const Boot *boot, Result *result, const char *banner)
{
    g_autofree char *wanted = release_of(banner);
    bool wrong = false;
    for (unsigned i = 0; wanted && i < result->outcomes->len; i++)
        wrong |= check_kernel(result->outcomes->pdata[i], wanted);
    if (wrong)
        conclude(boot, result);
}

void inputs_fill(Inputs *inputs, const Suite *suite, Results *results)
{
    g_clear_pointer(&inputs->thread, g_thread_join);
    for (unsigned i = 0; i < results->results->len; i++) {
        Result *result = results->results->pdata[i];
        const Boot *boot = boot_of(suite, result->name);
        const Filling filling = { inputs, result };
        each_input(boot, fill_one, (void *)&filling);
        const Input *kernel = boot->kernel ? g_hash_table_lookup(inputs->known, boot->kernel) : NULL;
        if (kernel)
            check_kernels(boot, result, kernel->version);
    }
}

void inputs_free(Inputs *inputs)
{
    if (!inputs)
        return;
    g_clear_pointer(&inputs->thread, g_thread_join);
    g_hash_table_unref(inputs->known);
    g_free(inputs);
}
