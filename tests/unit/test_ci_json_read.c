// JSON of a peer: whatever it has in place of what is looked for reads as nothing.
#include "json_read.h"

static void count(JsonObject *element, void *owner)
{
    g_assert_nonnull(element);
    ++*(unsigned *)owner;
}

static unsigned elements(JsonObject *object, const char *name, unsigned most)
{
    unsigned counted = 0;
    json_read_each(object, name, most, count, &counted);
    return counted;
}

static void test_values(void)
{
    g_autoptr(JsonNode) node = json_from_string(
        "{\"t\":\"x\",\"i\":7,\"n\":1.5,\"b\":true,\"o\":{\"t\":\"y\"},\"a\":[{},1,{},{}]}", NULL);
    JsonObject *object = json_read_object(node);
    g_assert_cmpstr(json_read_text(object, "t"), ==, "x");
    g_assert_cmpint(json_read_integer(object, "i"), ==, 7);
    g_assert_cmpfloat(json_read_number(object, "n"), ==, 1.5);
    g_assert_true(json_read_truth(object, "b"));
    g_assert_cmpstr(json_read_text(json_read_member(object, "o"), "t"), ==, "y");
    g_assert_cmpuint(elements(object, "a", 10), ==, 3);
    g_assert_cmpuint(elements(object, "a", 3), ==, 2);
}

static void test_other_types(void)
{
    static const char *const texts[] = { "{}", "{\"x\":null}", "{\"x\":{}}", "{\"x\":[]}",
        "{\"x\":[[],\"y\"]}", "[]", "1", "null", "\"x\"" };
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(JsonNode) node = json_from_string(texts[i], NULL);
        JsonObject *object = json_read_object(node);
        g_assert_null(json_read_text(object, "x"));
        g_assert_cmpint(json_read_integer(object, "x"), ==, 0);
        g_assert_cmpfloat(json_read_number(object, "x"), ==, 0);
        g_assert_false(json_read_truth(object, "x"));
        g_assert_null(json_read_text(json_read_member(object, "x"), "x"));
        g_assert_cmpuint(elements(object, "x", 10), ==, 0);
    }
    g_autoptr(JsonNode) number = json_from_string("{\"x\":7}", NULL);
    g_autoptr(JsonNode) large = json_from_string("{\"x\":1e300}", NULL);
    g_assert_cmpint(json_read_integer(json_read_object(large), "x"), ==, 0);
    g_autoptr(JsonNode) text = json_from_string("{\"x\":\"7\"}", NULL);
    g_assert_null(json_read_text(json_read_object(number), "x"));
    g_assert_cmpint(json_read_integer(json_read_object(text), "x"), ==, 0);
    g_assert_null(json_read_object(NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json-read/values", test_values);
    g_test_add_func("/json-read/other-types", test_other_types);
    return g_test_run();
}
