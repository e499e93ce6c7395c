// The folder in which a guest's programs and libraries are looked for.
#include "root.h"
#include <string.h>
#include <sys/stat.h>

#define LINKS_MOST 40
#define PATH_MOST 4096

struct Root {
    char *folder;
};

// A way that is being walked.
typedef struct Walk {
    Root *root;
    Initrd *initrd; // or NULL
    GString *done;  // without links
    GString *rest;
    unsigned links;
} Walk;

Root *root_new(const char *folder)
{
    Root *root = g_new0(Root, 1);
    root->folder = g_strdup(folder);
    return root;
}

void root_free(Root *root)
{
    g_free(root->folder);
    g_free(root);
}

const char *root_folder(const Root *root)
{
    return root->folder;
}

char *root_here(const Root *root, const char *real)
{
    return g_build_filename(root->folder, real, NULL);
}

// The next name of the rest, or NULL.
static char *next_name(Walk *walk)
{
    gsize slashes = strspn(walk->rest->str, "/");
    gsize length = strcspn(walk->rest->str + slashes, "/");
    char *name = length > 0 ? g_strndup(walk->rest->str + slashes, length) : NULL;
    g_string_erase(walk->rest, 0, (gssize)(slashes + length));
    return name;
}

static void go_up(Walk *walk)
{
    char *slash = strrchr(walk->done->str, '/');
    g_string_truncate(walk->done, slash ? (gsize)(slash - walk->done->str) : 0);
}

// What it points to comes before the rest.
static bool follow_link(Walk *walk, const char *here)
{
    g_autofree char *target = g_file_read_link(here, NULL);
    if (!target || ++walk->links > LINKS_MOST || strlen(target) + walk->rest->len > PATH_MOST)
        return false;
    if (walk->initrd)
        initrd_link(walk->initrd, walk->done->str + 1, target);
    go_up(walk);
    if (target[0] == '/')
        g_string_truncate(walk->done, 0);
    g_string_prepend(walk->rest, target);
    return true;
}

static bool enter(Walk *walk, const char *name)
{
    struct stat status;
    if (strcmp(name, ".") == 0)
        return true;
    if (strcmp(name, "..") == 0) {
        go_up(walk);
        return true;
    }
    g_string_append_printf(walk->done, "/%s", name);
    g_autofree char *here = root_here(walk->root, walk->done->str);
    if (lstat(here, &status) < 0)
        return false;
    if (S_ISLNK(status.st_mode))
        return follow_link(walk, here);
    if (S_ISDIR(status.st_mode) && walk->initrd)
        initrd_folder(walk->initrd, walk->done->str + 1);
    return S_ISDIR(status.st_mode) || (S_ISREG(status.st_mode) && walk->rest->len == 0);
}

static bool is_file(const Walk *walk)
{
    g_autofree char *here = root_here(walk->root, walk->done->str);
    return walk->done->len > 0 && g_file_test(here, G_FILE_TEST_IS_REGULAR);
}

static char *go(Root *root, Initrd *initrd, const char *path)
{
    Walk walk = { root, initrd, g_string_new(NULL), g_string_new(path), 0 };
    bool found = true;
    for (char *name; found && (name = next_name(&walk)); g_free(name))
        found = enter(&walk, name);
    found = found && is_file(&walk);
    g_string_free(walk.rest, TRUE);
    char *real = g_string_free(walk.done, !found);
    return found ? real : NULL;
}

char *root_find(Root *root, const char *path)
{
    return go(root, NULL, path);
}

// Nothing is put in for a way that leads nowhere.
char *root_put(Root *root, Initrd *initrd, const char *path)
{
    g_autofree char *found = root_find(root, path);
    return found ? go(root, initrd, path) : NULL;
}
