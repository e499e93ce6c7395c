// Option values "first,key=value,...": commas, keys, what is left over. And sizes.
#include "key_values.h"
#include "lparun/error.h"

static KeyValues *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    KeyValues *values = key_values_parse("-opt", text, "first", &error);
    g_assert_no_error(error);
    g_assert_nonnull(values);
    return values;
}

static void assert_wrong(const char *text, const char *first_key, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(key_values_parse("-opt", text, first_key, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_assert_cmpstr(error->message, ==, message);
}

static void test_values(void)
{
    g_autoptr(KeyValues) values = parse("one,b=two,flag,c=x=y");
    g_assert_cmpstr(key_values_take(values, "first"), ==, "one");
    g_assert_cmpstr(key_values_take(values, "b"), ==, "two");
    g_assert_cmpstr(key_values_take(values, "flag"), ==, "on");
    g_assert_cmpstr(key_values_take(values, "c"), ==, "x=y");
    g_assert_null(key_values_take(values, "b")); // taken
    g_assert_null(key_values_take(values, "two"));
    g_assert_true(key_values_finish(values, "nothing", NULL));
}

static void test_first_by_name(void)
{
    g_autoptr(KeyValues) values = parse("b=two,first=one");
    g_assert_cmpstr(key_values_take(values, "first"), ==, "one");
    g_assert_cmpstr(key_values_take(values, "b"), ==, "two");
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
        g_autoptr(KeyValues) values = parse(cases[i].text);
        g_assert_cmpstr(key_values_take(values, "first"), ==, cases[i].first);
        g_assert_cmpstr(key_values_take(values, "b"), ==, cases[i].b);
        g_assert_true(key_values_finish(values, "", NULL));
    }
}

static void test_wrong(void)
{
    assert_wrong("a,b=1,b=2", "first", "-opt: 'b' is given twice; give it once");
    assert_wrong("a,first=b", "first", "-opt: 'first' is given twice; give it once");
    assert_wrong("a,flag,flag", "first", "-opt: 'flag' is given twice; give it once");
    assert_wrong("a,b=", "first", "-opt: 'b' has no value; give key=value");
    assert_wrong("a,=b", "first", "-opt: 'b' has no key; give key=value");
    assert_wrong("", "first", "-opt: 'first' has no value; give key=value");
    assert_wrong(",b=1", "first", "-opt: 'first' has no value; give key=value");
    g_autoptr(GError) error = NULL;
    g_assert_null(key_values_parse("-opt", "", NULL, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
}

static void test_left_over(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(KeyValues) values = parse("one,new=1");
    key_values_take(values, "first");
    g_assert_false(key_values_finish(values, "first= and b=", &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_assert_cmpstr(error->message, ==, "-opt: 'new' is not known; it takes first= and b=");
}

static void test_bools(void)
{
    static const struct {
        const char *text;
        bool otherwise, result;
    } cases[] = {
        { "a", false, false },
        { "a", true, true },
        { "a,b", false, true },
        { "a,b=on", false, true },
        { "a,b=off", true, false },
        { "a,b=yes", false, true },
        { "a,b=no", true, false },
        { "a,b=true", false, true },
        { "a,b=false", true, false },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(KeyValues) values = parse(cases[i].text);
        bool result = !cases[i].result;
        g_assert_true(key_values_take_bool(values, "b", cases[i].otherwise, &result, NULL));
        g_assert_true(result == cases[i].result);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(KeyValues) values = parse("a,b=1");
    bool result;
    g_assert_false(key_values_take_bool(values, "b", false, &result, &error));
    g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
    g_assert_cmpstr(error->message, ==, "-opt: b=1 is neither on nor off; give one of them");
}

static void test_sizes(void)
{
    static const struct {
        const char *text;
        uint64_t bytes; // UINT64_MAX: none
    } cases[] = {
        { "4096", 4096ULL << 20 },
        { "0", 0 },
        { "1b", 1 },
        { "3K", 3 << 10 },
        { "3k", 3 << 10 },
        { "512M", 512 << 20 },
        { "4G", 4ULL << 30 },
        { "2t", 2ULL << 40 },
        { "16777215T", 16777215ULL << 40 },
        { "16777216T", UINT64_MAX }, // 2^64
        { "18446744073709551615", UINT64_MAX },
        { "18446744073709551616", UINT64_MAX },
        { "99999999999999999999999", UINT64_MAX },
        { "", UINT64_MAX },
        { "M", UINT64_MAX },
        { "-1", UINT64_MAX },
        { "+1", UINT64_MAX },
        { " 1", UINT64_MAX },
        { "1 ", UINT64_MAX },
        { "1MB", UINT64_MAX },
        { "1x", UINT64_MAX },
        { "0x10", UINT64_MAX },
        { "1.5G", UINT64_MAX },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t bytes = 5;
        bool ok = cases[i].bytes != UINT64_MAX;
        g_assert_true(size_parse(cases[i].text, 1 << 20, &bytes) == ok);
        g_assert_true(!ok || bytes == cases[i].bytes);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key-values/values", test_values);
    g_test_add_func("/key-values/first-by-name", test_first_by_name);
    g_test_add_func("/key-values/commas", test_commas);
    g_test_add_func("/key-values/wrong", test_wrong);
    g_test_add_func("/key-values/left-over", test_left_over);
    g_test_add_func("/key-values/bools", test_bools);
    g_test_add_func("/key-values/sizes", test_sizes);
    return g_test_run();
}
