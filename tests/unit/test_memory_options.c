// The options of memory and its nodes: what is wrong and its message, and what right ones come to.
#include "lparun/error.h"
#include "lparun/numa.h"
#include "options.h"
#include <string.h>

static OptionsResult parse(const char *text, Options *options, GError **error)
{
    g_autofree char *line = g_strconcat("lparun ", text, NULL);
    g_auto(GStrv) words = g_strsplit(line, " ", 0);
    return options_parse(options, (int)g_strv_length(words), words, error);
}

static void parse_right(const char *text, Options *options)
{
    g_autoptr(GError) error = NULL;
    OptionsResult result = parse(text, options, &error);
    if (error)
        g_error("'%s': %s", text, error->message);
    g_assert_cmpint(result, ==, OPTIONS_RUN);
}

#define RAM(id, size) "-object memory-backend-ram,id=" id ",size=" size " "

static const MemoryPart *part(const Options *options, unsigned i)
{
    g_assert_cmpuint(i, <, options->memory_options.parts->len);
    return &g_array_index(options->memory_options.parts, MemoryPart, i);
}

static void test_parts(void)
{
    Options options;
    parse_right("-m 1G", &options);
    g_assert_cmpuint(options.memory_options.parts->len, ==, 1);
    g_assert_cmpuint(part(&options, 0)->size, ==, 1ULL << 30);
    g_assert_null(part(&options, 0)->path);
    g_assert_false(part(&options, 0)->prealloc);
    g_assert_null(options.memory_options.numa);
    options_clear(&options);
    parse_right("-mem-path /dev/hugepages -mem-prealloc", &options);
    g_assert_cmpuint(part(&options, 0)->size, ==, 512ULL << 20);
    g_assert_cmpstr(part(&options, 0)->path, ==, "/dev/hugepages");
    g_assert_true(part(&options, 0)->prealloc);
    g_assert_false(part(&options, 0)->share);
    options_clear(&options);
    parse_right("-M pseries,memory-backend=a -object memory-backend-file,id=a,size=2G,mem-path=/x,share=on",
        &options);
    g_assert_cmpuint(options.memory, ==, 2ULL << 30);
    g_assert_true(part(&options, 0)->share);
    g_assert_false(part(&options, 0)->prealloc);
    g_assert_cmpstr(part(&options, 0)->path, ==, "/x");
    options_clear(&options);
    parse_right(
        "-M memory-backend=a,mem-merge=on -object memory-backend-memfd,id=a,size=1G,seal=off,hugetlb=on",
        &options);
    g_assert_true(part(&options, 0)->nameless && part(&options, 0)->share && part(&options, 0)->huge);
    g_assert_false(part(&options, 0)->sealed || part(&options, 0)->dump);
    g_assert_true(part(&options, 0)->merge);
    options_clear(&options);
    parse_right("-M memory-backend=a,dump-guest-core=on,mem-merge=on -object memory-backend-ram,id=a,size=1G,"
                "merge=off,share=yes,reserve=on,policy=bind,host-nodes=0-1,host-nodes=64,prealloc-threads=4",
        &options);
    g_assert_true(part(&options, 0)->nameless && part(&options, 0)->share && part(&options, 0)->reserve);
    g_assert_true(part(&options, 0)->dump);
    g_assert_false(part(&options, 0)->merge || part(&options, 0)->sealed);
    g_assert_cmpint(part(&options, 0)->place, ==, PLACE_BOUND);
    g_assert_cmphex(part(&options, 0)->host_nodes[0], ==, 3);
    g_assert_cmphex(part(&options, 0)->host_nodes[1], ==, 1);
    options_clear(&options);
    parse_right(
        "-object {\"qom-type\":\"memory-backend-ram\",\"id\":\"m\",\"size\":536870912,\"host-nodes\":[0,2],"
        "\"policy\":\"interleave\"} -M memory-backend=m -m size=524288k",
        &options);
    g_assert_cmphex(part(&options, 0)->host_nodes[0], ==, 5);
    options_clear(&options);
    // Each node's own memory, in the nodes' order.
    parse_right("-m 1G " RAM("b", "768M")
                    RAM("a", "268435456") "-numa node,nodeid=1,memdev=b -numa node,nodeid=0,memdev=a",
        &options);
    g_assert_cmpuint(options.memory_options.parts->len, ==, 2);
    g_assert_cmpuint(part(&options, 0)->size, ==, 256ULL << 20);
    g_assert_cmpstr(part(&options, 1)->option, ==, "-object memory-backend-ram,id=b");
    options_clear(&options);
}

// vCPUs and MiB of each node.
static void test_nodes(void)
{
    static const struct {
        const char *text;
        unsigned count, mib[3], nodes_of_cpus[4];
    } cases[] = {
        { "-m 1G -smp 4 -numa node", 1, { 1024 }, { 0, 0, 0, 0 } },
        { "-m 1G -smp 4 -numa node -numa node", 2, { 512, 512 }, { 0, 0, 1, 1 } },
        { "-m 1G -smp 4,threads=4 -numa node -numa node", 2, { 512, 512 }, { 0, 0, 0, 0 } },
        { "-m 1G -smp 4,threads=2 -numa node -numa node", 2, { 512, 512 }, { 0, 0, 1, 1 } },
        { "-m 1G -smp 4,threads=2 -numa node,cpus=2-3 -numa node,cpus=0-1", 2, { 512, 512 }, { 1, 1, 0, 0 } },
        { "-m 1G -smp 4,threads=2 -numa node -numa node -numa cpu,node-id=1,core-id=0 -numa "
          "cpu,node-id=0,core-id=2",
            2, { 512, 512 }, { 1, 1, 0, 0 } },
        { "-m 1040 -smp 4 -numa node -numa node -numa node", 3, { 256, 256, 528 }, { 0, 0, 1, 2 } },
        { "-m 1G -smp 4 -numa node,nodeid=1,cpus=0,cpus=2-3,mem=256M -numa node,nodeid=0,cpus=1,mem=768", 2,
            { 768, 256 }, { 1, 0, 1, 1 } },
        { "-m 1G -smp 4 -numa node,mem=0,cpus=0-3 -numa node,mem=1G", 2, { 0, 1024 }, { 0, 0, 0, 0 } },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Options options;
        parse_right(cases[i].text, &options);
        const Numa *numa = options.memory_options.numa;
        g_assert_cmpuint(numa->count, ==, cases[i].count);
        for (unsigned node = 0; node < numa->count; node++)
            g_assert_cmpuint(numa->memory[node] >> 20, ==, cases[i].mib[node]);
        for (unsigned cpu = 0; cpu < 4; cpu++)
            g_assert_cmpuint(numa->cpu_node[cpu], ==, cases[i].nodes_of_cpus[cpu]);
        options_clear(&options);
    }
}

static void test_distances(void)
{
    Options options;
    parse_right("-m 1G -numa node -numa node", &options);
    const Numa *numa = options.memory_options.numa;
    g_assert_cmpuint(numa->distance[0][0], ==, 10);
    g_assert_cmpuint(numa->distance[0][1], ==, 20);
    g_assert_cmpuint(numa->distance[1][0], ==, 20);
    options_clear(&options);
    parse_right("-m 1G -numa node -numa node -numa dist,src=1,dst=0,val=33", &options);
    numa = options.memory_options.numa;
    g_assert_cmpuint(numa->distance[0][1], ==, 33);
    g_assert_cmpuint(numa->distance[1][0], ==, 33);
    options_clear(&options);
    parse_right("-m 1G -numa node -numa node -numa dist,src=1,dst=0,val=33 -numa dist,src=0,dst=1,val=254 "
                "-numa dist,src=1,dst=1,val=10",
        &options);
    numa = options.memory_options.numa;
    g_assert_cmpuint(numa->distance[0][1], ==, 254);
    g_assert_cmpuint(numa->distance[1][0], ==, 33);
    g_assert_cmpuint(numa->distance[1][1], ==, 10);
    options_clear(&options);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory-options/parts", test_parts);
    g_test_add_func("/memory-options/nodes", test_nodes);
    g_test_add_func("/memory-options/distances", test_distances);
    return g_test_run();
}
