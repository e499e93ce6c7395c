// Option values: words and JSON, by tables of keys; and sizes.
#include "lparun/error.h"
#include "values.h"

typedef struct Sample {
    char *first, *text, *list;
    bool on;
    unsigned number;
    uint64_t size;
    int word;
    int half; // by a function of its own
} Sample;

static bool read_half(const char *text, void *to)
{
    guint64 number;
    bool done = g_ascii_string_to_unsigned(text, 10, 0, 100, &number, NULL) && number % 2 == 0;
    if (done)
        *(int *)to = (int)number / 2;
    return done;
}

static const Word colours[] = { { "red", 3 }, { "green", 4, .help = "as grass" }, { "blue", 5 },
    { "azure", 5, .unlisted = true }, { 0 } };

static const Key keys[] = {
    { "first", KEY_TEXT, offsetof(Sample, first), .help = "the first" },
    { "b", KEY_TEXT, offsetof(Sample, text), .value = "TEXT", .help = "a text" },
    { "list", KEY_TEXT, offsetof(Sample, list), .list = true, .help = "texts" },
    { "on", KEY_SWITCH, offsetof(Sample, on), .help = "a switch" },
    { "number", KEY_NUMBER, offsetof(Sample, number), .least = 1, .most = 9, .help = "a number" },
    { "size", KEY_SIZE, offsetof(Sample, size), .unit = 1 << 20, .help = "a size" },
    { "word", KEY_WORD, offsetof(Sample, word), .words = colours, .help = "a colour" },
    { "half", KEY_READ, offsetof(Sample, half), .read = read_half, .mend = "not even", .help = "even" },
    { "a.b", KEY_NUMBER, offsetof(Sample, number), .most = 9, .help = "inside" },
    { "a.c.1", KEY_TEXT, offsetof(Sample, text), .help = "inside of that" },
    { 0 },
};

static Sample fill(const char *text)
{
    Sample sample = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(Values) values = values_parse("-opt", text, "first", &error);
    g_assert_no_error(error);
    g_assert_true(values_fill(values, keys, &sample, &error));
    return sample;
}

static void test_types(void)
{
    Sample sample = fill("one,b=x=y,list=1,on,number=9,list=2-3,size=2,word=azure,half=8");
    g_assert_cmpstr(sample.first, ==, "one");
    g_assert_cmpstr(sample.text, ==, "x=y");
    g_assert_cmpstr(sample.list, ==, "1,2-3");
    g_assert_true(sample.on);
    g_assert_cmpuint(sample.number, ==, 9);
    g_assert_cmpuint(sample.size, ==, 2 << 20);
    g_assert_cmpint(sample.word, ==, 5);
    g_assert_cmpint(sample.half, ==, 4);
    keys_clear(keys, &sample);
    sample = fill("b=two,first=one,on=no");
    g_assert_cmpstr(sample.first, ==, "one");
    g_assert_false(sample.on);
    keys_clear(keys, &sample);
}

// ",," is a comma, in values and in the first word alike.
static void test_commas(void)
{
    static const struct {
        const char *text, *first, *b;
    } cases[] = {
        { "a,,b,b=c", "a,b", "c" },
        { "a,,,b=c", "a,", "c" },
        { ",,", ",", NULL },
        { ",,,,a", ",,a", NULL },
        { "a,b=,,", "a", "," },
        { "a,b=1,,2,,3", "a", "1,2,3" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Sample sample = fill(cases[i].text);
        g_assert_cmpstr(sample.first, ==, cases[i].first);
        g_assert_cmpstr(sample.text, ==, cases[i].b);
        keys_clear(keys, &sample);
    }
}

// The same keys and types; members of members have names with dots.
static void test_json(void)
{
    Sample sample =
        fill("{ \"first\": \"one, \\u00e4\", \"on\": true, \"a\": { \"b\": 7, \"c\": { \"1\": \"y\" } }, "
             "\"word\": \"red\", \"size\": \"1G\" }");
    g_assert_cmpstr(sample.first, ==, "one, \u00e4");
    g_assert_cmpstr(sample.text, ==, "y");
    g_assert_true(sample.on);
    g_assert_cmpuint(sample.number, ==, 7);
    g_assert_cmpint(sample.word, ==, 3);
    g_assert_cmpuint(sample.size, ==, 1 << 30);
    keys_clear(keys, &sample);
}

static void test_wrong(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "a,b=1,b=2", "-opt: 'b' is given twice; give it once" },
        { "a,first=b", "-opt: 'first' is given twice; give it once" },
        { "a,on,on", "-opt: 'on' is given twice; give it once" },
        { "a,b=", "-opt: 'b' has no value; give key=value" },
        { "a,=b", "-opt: 'b' has no key; give key=value" },
        { "", "-opt: 'first' has no value; give key=value" },
        { ",b=1", "-opt: 'first' has no value; give key=value" },
        { "a,on=maybe", "-opt on=maybe: it takes on or off" },
        { "a,number=0", "-opt number=0: not a number from 1 to 9" },
        { "a,number=-1", "-opt number=-1: not a number from 1 to 9" },
        { "a,size=1.5G", "-opt size=1.5G: not a size; give MiB, or a number with K, M, G or T" },
        { "a,word=grey", "-opt word=grey: it takes red, green or blue" },
        { "a,half=3", "-opt half=3: not even" },
        { "a,new=1,b=2", "-opt: 'new' is not known; it takes first=, b=, list=, on=, number=, size=, word=, "
                         "half=, a.b= and a.c.1=" },
        { "a,z,on=maybe,y=1,x,z=2", "-opt: 'z', 'y' and 'x' are not known; it takes first=, b=, list=, on=, "
                                    "number=, size=, word=, half=, a.b= and a.c.1=\n"
                                    "-opt on=maybe: it takes on or off" },
        { "{ \"number\": -1 }", "-opt number=-1: not a number from 1 to 9" },
        { "{ \"on\": null }", "-opt on=null: it takes on or off" },
        { "{ \"new\": { \"in\": 1 } }",
            "-opt: 'new.in' is not known; it takes first=, b=, list=, on=, number=, "
            "size=, word=, half=, a.b= and a.c.1=" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        Sample sample = { 0 };
        Values *values = values_parse("-opt", cases[i].text, "first", &error);
        bool filled = values && values_fill(values, keys, &sample, &error);
        g_assert_false(filled);
        g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
        g_assert_cmpstr(error->message, ==, cases[i].message);
        keys_clear(keys, &sample);
        values_free(values);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(values_parse("-opt", "", NULL, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
}

static void test_no_json(void)
{
    static const char *const texts[] = { "{", "{ \"a\": }", "{} x", "{ 'a': 1 }" };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(values_parse("-opt", texts[i], "first", &error));
        g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
        g_assert_true(g_str_has_prefix(error->message, "-opt {"));
    }
}

static void test_needed(void)
{
    static const Key needed[] = {
        { "first", KEY_TEXT, offsetof(Sample, first), .help = "the first" },
        { "b", KEY_TEXT, offsetof(Sample, text), .value = "ID of a -drive", .needed = true,
            .help = "a text" },
        { 0 },
    };
    g_autoptr(GError) error = NULL;
    Sample sample = { 0 };
    g_autoptr(Values) values = values_parse("-opt", "x,y=1", "first", NULL);
    g_assert_cmpstr(values_take(values, "first"), ==, "x");
    g_assert_null(values_take(values, "first"));
    g_assert_cmpstr(values_take(values, "y"), ==, "1");
    values_rename(values, "-opt x");
    g_assert_false(values_fill(values, needed, &sample, &error));
    g_assert_cmpstr(error->message, ==, "-opt x: no b; give b=ID of a -drive");
    const Key none[] = { { 0 } };
    g_assert_true(values_fill(values, none, NULL, NULL));
}

static void test_help(void)
{
    static const struct {
        const char *text;
        bool help;
    } cases[] = { { "help", true }, { "?", true }, { "x,help", true }, { "x,?,b=1", true },
        { "x,help=1", false }, { "first=help", false }, { "helpme", false } };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Values) values = values_parse("-opt", cases[i].text, "first", NULL);
        g_assert_cmpint(values_ask_help(values), ==, cases[i].help);
    }
    g_autoptr(GString) text = g_string_new(NULL);
    keys_help(keys, text);
    g_assert_nonnull(strstr(text->str, "  word=red|green|blue "));
    g_assert_nonnull(strstr(text->str, "  on=on|off "));
    g_assert_nonnull(strstr(text->str, "  b=TEXT "));
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        uint64_t bytes; // 0: none
    } cases[] = { { "1", 1 << 20 }, { "1b", 1 }, { "2K", 2 << 10 }, { "3m", 3 << 20 }, { "1T", 1ULL << 40 },
        { "16777215T", 16777215ULL << 40 }, { "16777216T", 0 }, { "-1", 0 }, { "", 0 }, { "K", 0 },
        { "1KB", 0 }, { " 1", 0 }, { "99999999999999999999", 0 } };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t bytes = 0;
        g_assert_cmpint(size_parse(cases[i].text, 1 << 20, &bytes), ==, cases[i].bytes > 0);
        g_assert_cmpuint(bytes, ==, cases[i].bytes);
    }
}

// What only says what is so, and what is refused with its reason: neither is told among what changes
// something.
static void test_only_and_refused(void)
{
    static const Word off[] = { { "off" }, { "no", .unlisted = true }, { 0 } };
    static const Key some[] = {
        { "b", KEY_TEXT, offsetof(Sample, text), .help = "a text" },
        { "usb", KEY_ONLY, .words = off, .mend = "there is none; give off", .help = "none" },
        { "any", KEY_ONLY, .help = "whatever" },
        { "old", KEY_REFUSED, .mend = "too old; leave it out" },
        { "b.0", KEY_TEXT, offsetof(Sample, text), .unlisted = true, .help = "a part of it" },
        { 0 },
    };
    Sample sample = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(Values) right = values_parse("-opt", "usb=no,any=thing,b=x", NULL, &error);
    g_assert_true(values_fill(right, some, &sample, &error));
    keys_clear(some, &sample);
    g_autoptr(Values) wrong = values_parse("-opt", "usb=on,old=1,c=2", NULL, &error);
    g_assert_false(values_fill(wrong, some, &sample, &error));
    g_assert_cmpstr(error->message, ==,
        "-opt usb=on: there is none; give off\n-opt old=1: too old; leave it out\n-opt: 'c' is not known; it "
        "takes b=");
    GString *text = g_string_new(NULL);
    keys_help(some, text);
    g_assert_cmpstr(text->str, ==,
        "  b=TEXT                   a text\n  usb=off                  none\n  any=VALUE                "
        "whatever\n");
    g_string_free(text, TRUE);
}

// "smp.cpus=2": another option's keys, as its text.
static void test_groups(void)
{
    g_autoptr(Values) values = values_parse("-opt", "a=1,smp.cpus=2,b=3,smp.x=,,y", NULL, NULL);
    g_autofree char *smp = values_take_group(values, "smp."), *none = values_take_group(values, "boot.");
    g_auto(GStrv) rest = values_names(values);
    g_autofree char *names = g_strjoinv(",", rest);
    g_assert_cmpstr(smp, ==, "cpus=2,x=,,y");
    g_assert_null(none);
    g_assert_cmpstr(names, ==, "a,b");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/values/types", test_types);
    g_test_add_func("/values/commas", test_commas);
    g_test_add_func("/values/json", test_json);
    g_test_add_func("/values/wrong", test_wrong);
    g_test_add_func("/values/no-json", test_no_json);
    g_test_add_func("/values/needed", test_needed);
    g_test_add_func("/values/help", test_help);
    g_test_add_func("/values/sizes", test_sizes);
    g_test_add_func("/values/only-and-refused", test_only_and_refused);
    g_test_add_func("/values/groups", test_groups);
    return g_test_run();
}
