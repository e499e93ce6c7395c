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

static const struct {
    const char *text, *message;
} wrong[] = {
    { "-mem-path", "-mem-path: needs a value; see lparun -help" },
    { "-mem-prealloc=on", "-mem-prealloc: takes no value; see lparun -help" },
    // -object
    { "-object memory-backend-memfd,id=a,size=1G,hugetlbsize=2M -M memory-backend=a",
        "-object memory-backend-memfd hugetlbsize=: there are no huge pages; add hugetlb=on" },
    { "-object memory-backend-memfd,id=a,size=1G,hugetlb=on,hugetlbsize=3M",
        "-object memory-backend-memfd hugetlbsize=3M: not the size of a page; give a power of two, such as "
        "2M" },
    { "-object memory-backend-ram,id=a,size=1G,policy=bind",
        "-object memory-backend-ram policy=: there are no nodes for it; add host-nodes=" },
    { "-object memory-backend-ram,id=a,size=1G,host-nodes=0",
        "-object memory-backend-ram host-nodes=: nothing says what for; add policy=bind, or another one" },
    { "-object memory-backend-ram,id=a,size=1G,policy=bind,host-nodes=3-1",
        "-object memory-backend-ram host-nodes=3-1: not nodes of a host; give N or N-M out of 0 to 127" },
    { "-object memory-backend-ram,id=a,size=1G,policy=here",
        "-object memory-backend-ram policy=here: it takes default, preferred, bind or interleave" },
    { "-object memory-backend-ram,size=1G", "-object memory-backend-ram: no id; give id=NAME" },
    { "-object memory-backend-ram,id=a", "-object memory-backend-ram: no size; give size=SIZE" },
    { "-object memory-backend-ram,id=a,size=much",
        "-object memory-backend-ram size=much: give a number with M, G or T" },
    { "-object memory-backend-ram,id=a,size=512",
        "-object memory-backend-ram size=: give a multiple of 1M, a number with M, G or T" },
    { "-object memory-backend-ram,id=a,size=0",
        "-object memory-backend-ram size=: give a multiple of 1M, a number with M, G or T" },
    { "-object memory-backend-ram,id=a,size=1G,mem-path=/x",
        "-object memory-backend-ram: 'mem-path' is not known; it takes size=, share=, prealloc=, dump=, "
        "merge=, "
        "reserve=, policy=, host-nodes= and id=" },
    { "-object memory-backend-file,id=a,size=1G",
        "-object memory-backend-file: no mem-path; give mem-path=PATH" },
    { "-object memory-backend-file,id=a,size=1G,mem-path=/x,share=some",
        "-object memory-backend-file share=some: it takes on or off" },
    { RAM("a", "1G") RAM("a", "1G"),
        "-object memory-backend-ram,id=a: that id is given twice; give each object its own" },
    { RAM("a", "1G"), "-object memory-backend-ram,id=a: nothing uses it; name it by -machine memory-backend= "
                      "or -numa node,memdev=" },
    { "-machine memory-backend=a", "-machine memory-backend=a: there is no such memory; add -object "
                                   "memory-backend-ram,id=ID,size=SIZE" },
    { RAM("a", "1G") "-m 2G -machine memory-backend=a",
        "-m: 2048 MiB, and -machine memory-backend= has 1024 MiB; leave -m out" },
    { RAM("a", "128M") "-machine memory-backend=a",
        "-machine memory-backend a: too little memory; give at least 256M" },
    { RAM("a", "33T") "-machine memory-backend=a",
        "-machine memory-backend a: it would reach into the PCI windows; give at most 32T" },
    { RAM("a", "1G") "-machine memory-backend=a -mem-path /x",
        "-mem-path: that memory comes from -object; leave one of them out" },
    // -numa
    { "-numa cpu,node-id=0", "-numa cpu: no core-id; give core-id=N" },
    { "-numa node,initiator=0", "-numa node initiator=0: a pseries tells no guest that; leave it out" },
    { "-numa hmat-lb,initiator=0", "-numa hmat-lb: that is for another machine; leave it out" },
    { "-numa foo", "-numa foo: give node, dist or cpu first" },
    { "-numa cpu,node-id=0,core-id=0", "-numa cpu: there are no nodes; add -numa node" },
    { "-numa cpu,node-id=0,core-id=0,thread-id=0",
        "-numa cpu thread-id=0: a pseries has cores; give core-id= alone" },
    { "-m 1G -numa node -numa cpu,node-id=1,core-id=0",
        "-numa cpu,node-id=1: there is no such node; add -numa node" },
    { "-m 1G -smp 4,threads=2 -numa node -numa cpu,node-id=0,core-id=1",
        "-numa cpu,core-id=1: no core begins there; give a multiple of 2" },
    { "-numa node,nodeid=128", "-numa node nodeid=128: not a number from 0 to 127" },
    { "-numa node,nodeid=1",
        "-numa node,nodeid=1: there is a gap in the nodes before it; number them from 0 on" },
    { "-numa node -numa node,nodeid=0",
        "-numa node,nodeid=0: that node is given twice; number them from 0 on" },
    { "-numa node,mem=x", "-numa node mem=x: not a size; give MiB, or a number with K, M, G or T" },
    { "-numa node,mem=1G,memdev=a", "-numa node: a node's memory is mem= or memdev=; leave one of them out" },
    { "-numa node,memdev=a",
        "-numa node,memdev=a: there is no such memory; add -object memory-backend-ram,id=ID,size=SIZE" },
    { "-m 1G -numa node,mem=512M -numa node",
        "-numa node: some have mem= or memdev= and some not; give it to all or none" },
    { "-m 1G " RAM("a", "512M") "-numa node,mem=512M -numa node,memdev=a",
        "-numa node: some have mem= and some memdev=; give all of them the same" },
    { "-m 1G " RAM("a", "512M") "-numa node,memdev=a -numa node,memdev=a",
        "-numa node,memdev=a: that memory is used twice; give each its own" },
    { "-m 1G -numa node,mem=256M -numa node,mem=512M",
        "-numa node: the nodes have 768 MiB, and -m has 1024 MiB; give the same" },
    { "-m 1G -numa node,mem=16777215T -numa node,mem=2T",
        "-numa node: there is not so much memory; give less" },
    { "-m 1G -numa node,mem=500M -numa node,mem=524M",
        "-numa node,nodeid=0: its memory ends in the middle of a block; give a multiple of 256M" },
    { "-m 256M -numa node -numa node", "-m: 256 MiB are too little for 2 nodes of at least 256 MiB" },
    { "-m 1G -numa node,cpus=1", "-numa node,cpus=1: no such vCPUs; give A or A-B out of 0 to 0" },
    { "-m 1G -smp 4 -numa node,cpus=3-1", "-numa node,cpus=3-1: no such vCPUs; give A or A-B out of 0 to 3" },
    { "-m 1G -smp 4 -numa node,cpus=-1", "-numa node,cpus=-1: no such vCPUs; give A or A-B out of 0 to 3" },
    { "-m 1G -smp 4 -numa node,cpus=0-2,cpus=2-3",
        "-numa node,cpus=2-3: vCPU 2 is in two nodes; give it to one" },
    { "-m 1G -smp 4 -numa node,cpus=0-1 -numa node,cpus=3",
        "-numa node: vCPU 2 is in no node; give it to one by cpus=" },
    { "-m 1G -smp 4,threads=2 -numa node,cpus=0-2 -numa node,cpus=3",
        "-numa node: vCPUs 2 and 3 are threads of one core, but in two nodes; give them to one" },
    { "-m 1G -numa node,cpus=0,mem=1G -numa node,mem=0",
        "-numa node,nodeid=1: it has neither memory nor vCPUs; give it some" },
    { "-m 1G " RAM("a", "1G") "-numa node -machine memory-backend=a",
        "-numa node: -machine memory-backend= is for a machine without nodes; give memdev=" },
    { "-numa dist,src=0,dst=1,val=20", "-numa dist: there are no nodes; add -numa node" },
    { "-numa node -numa dist,src=0,val=20", "-numa dist: no dst; give dst=NODE" },
    { "-m 1G -numa node -numa dist,src=0,dst=1,val=20",
        "-numa dist,src=0,dst=1: there is no such node; add -numa node" },
    { "-m 1G -numa node -numa node -numa dist,src=0,dst=1,val=10",
        "-numa dist val=10: not such a distance; a node is 10 from itself, 11 to 254 from others" },
    { "-m 1G -numa node -numa dist,src=0,dst=0,val=11",
        "-numa dist val=11: not such a distance; a node is 10 from itself, 11 to 254 from others" },
    { "-m 1G -numa node -numa node -numa node -numa dist,src=0,dst=1,val=20 -numa dist,src=0,dst=2,val=20",
        "-numa dist: the distance between nodes 1 and 2 is missing; add it" },
};

static void test_wrong(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        Options options;
        g_autofree char *text = g_strchomp(g_strdup(wrong[i].text));
        g_test_message("%s", text);
        g_assert_cmpint(parse(text, &options, &error), ==, OPTIONS_WRONG);
        g_assert_error(error, LPARUN_ERROR, LPARUN_ERROR_USER);
        g_assert_cmpstr(error->message, ==, wrong[i].message);
        options_clear(&options);
    }
}

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
    g_test_add_func("/memory-options/wrong", test_wrong);
    g_test_add_func("/memory-options/parts", test_parts);
    g_test_add_func("/memory-options/nodes", test_nodes);
    g_test_add_func("/memory-options/distances", test_distances);
    return g_test_run();
}
