// -readconfig: files right and wrong.
#include "lparun/error.h"
#include "options.h"
#include "scratch_file.h"
#include <string.h>

static OptionsResult parse(const char *text, Options *options, char **path, GError **error)
{
    *path = scratch_file(text, strlen(text));
    char *words[] = { (char *)"lparun", (char *)"-m", (char *)"2G", (char *)"-readconfig", *path, NULL };
    return options_parse(options, 5, words, error);
}

static void test_right(void)
{
    g_autoptr(GError) error = NULL;
    Options options;
    char *path;
    OptionsResult result =
        parse("# a guest\n\n[drive \"d0\"]\n  file = \"a,b = c.img\"\n\tif=\"none\"\r\n"
              "[device \"disk\"]\ndriver = \"virtio-blk-pci\"\ndrive = \"d0\"\n"
              "[ memory ]\nsize = \"1G\"\n[smp-opts]\ncpus = \"2\"\n[machine]\ntype = \"pseries\"",
            &options, &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(result, ==, OPTIONS_RUN);
    const DriveOptions *drive = options.drives->pdata[0];
    const DeviceOptions *device = options.devices->pdata[0];
    g_assert_cmpstr(drive->id, ==, "d0");
    g_assert_cmpstr(drive->image.path, ==, "a,b = c.img");
    g_assert_cmpstr(device->id, ==, "disk");
    g_assert_cmpuint(options.memory, ==, 1 << 30); // where it stands on the command line
    g_assert_cmpuint(options.cpus, ==, 2);
    options_clear(&options);
    scratch_remove(path);
}

static const struct {
    const char *text, *message; // after the file's name
} wrong[] = {
    { "file = \"x\"", ": line 1: it is in no section; begin one with [NAME]" },
    { "[drive", ": line 1: a section is [NAME] or [NAME \"ID\"]" },
    { "[drive \"d0]", ": line 1: a section is [NAME] or [NAME \"ID\"]" },
    { "[drive] x", ": line 1: a section is [NAME] or [NAME \"ID\"]" },
    { "[frobnicate]", ": line 1: there is no such section; it takes the names of options that have keys" },
    { "[help]", ": line 1: there is no such section; it takes the names of options that have keys" },
    { "[kernel]", ": line 1: there is no such section; it takes the names of options that have keys" },
    { "[drive]\n\nfile", ": line 3: not key = \"value\"" },
    { "[drive]\nfile = x", ": line 2: the value is not in quotes" },
    { "[drive]\nfile = \"", ": line 2: the value is not in quotes" },
    { "\n[smp-opts]\ncpus = \"0\"\n[machine]", ": line 2: -smp cpus=0: not a number from 1 to 1024" },
    { "[memory]\nsize = \"x\"", ": line 1: -m size=x: not a size; give MiB, or a number with K, M, G or T" },
};

static void test_wrong(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        Options options;
        char *path;
        g_assert_cmpint(parse(wrong[i].text, &options, &path, &error), ==, OPTIONS_WRONG);
        g_autofree char *message = g_strdup_printf("-readconfig %s%s", path, wrong[i].message);
        g_assert_cmpstr(error->message, ==, message);
        options_clear(&options);
        scratch_remove(path);
    }
}

static void test_no_file(void)
{
    char *words[] = { (char *)"lparun", (char *)"-readconfig", (char *)"/none/x", NULL };
    g_autoptr(GError) error = NULL;
    Options options;
    g_assert_cmpint(options_parse(&options, 3, words, &error), ==, OPTIONS_WRONG);
    g_assert_true(g_str_has_prefix(error->message, "-readconfig /none/x: "));
    options_clear(&options);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/config-file/right", test_right);
    g_test_add_func("/config-file/wrong", test_wrong);
    g_test_add_func("/config-file/no-file", test_no_file);
    return g_test_run();
}
