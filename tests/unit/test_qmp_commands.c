// Commands of all files, through a session: what they answer is of the type that the schema says.
#include "device_kinds.h"
#include "devices.h"
#include "dumper.h"
#include "fake_machine.h"
#include "fds.h"
#include "lparun/fd_set.h"
#include "lparun/chardev.h"
#include "lparun/cpus.h"
#include "nodes.h"
#include "options.h"
#include "qmp/session.h"
#include "scratch_file.h"
#include "virtio_guest.h"
#include <fcntl.h>
#include <linux/kvm.h>
#include <json-glib/json-glib.h>
#include <unistd.h>

typedef struct Fixture {
    Guest guest;
    Options options;
    FakeMachine fake;
    Cpus processors;
    PciHost *host;
    MonitorMachine machine;
    Session *session;
    GString *answer;
    int handed; // a descriptor of the client's, or -1
    JsonNode *schema;
    GHashTable *infos, *commands; // SchemaInfo by name
    char *path;
} Fixture;

static void keep(void *owner, const char *line, size_t length)
{
    GString *answer = owner;
    g_string_truncate(answer, 0);
    g_string_append_len(answer, line, (gssize)length - 2);
}

static const SessionOps session_ops = { .write = keep };

static void send(Fixture *fixture, const char *text)
{
    for (size_t at = 0, length = strlen(text); at < length;)
        at += session_take(fixture->session, text + at, length - at);
}

static void parse_options(Fixture *fixture)
{
    static const char bytes[8192];
    fixture->path = scratch_file(bytes, sizeof bytes);
    g_autofree char *drive = g_strdup_printf("file=%s,if=none,id=d0", fixture->path);
    char *argv[] = { (char *)"lparun", (char *)"-name", (char *)"guest=one", (char *)"-m", (char *)"1G",
        (char *)"-smp", (char *)"4,threads=2", (char *)"-kernel", (char *)"/kernel", (char *)"-object",
        (char *)"iothread,id=io0", (char *)"-object", (char *)"rng-builtin,id=rng0", (char *)"-drive", drive,
        (char *)"-device", (char *)"virtio-blk-pci,drive=d0,id=disk,iothread=io0,bootindex=1",
        (char *)"-device", (char *)"virtio-rng-pci,rng=rng0", NULL };
    g_autoptr(GError) error = NULL;
    if (options_parse(&fixture->options, G_N_ELEMENTS(argv) - 1, argv, &error) != OPTIONS_RUN)
        g_error("%s", error->message);
}

static MonitorCpu cpu(void *owner, unsigned index)
{
    return (MonitorCpu){ .index = index, .core = index & ~1u, .thread = index & 1, .thread_id = 1 };
}

// As KVM_GET_STATS_FD has it: names of 16 bytes, four counts, then their numbers.
static GBytes *make_counts(int64_t first)
{
    struct Description {
        struct kvm_stats_desc what;
        char name[16];
    };
    struct {
        struct kvm_stats_header header;
        struct Description descriptions[4];
        int64_t numbers[6];
    } all = {
        .header = { .name_size = 16, .num_desc = 4 },
        .descriptions = {
            { { .flags = KVM_STATS_UNIT_NONE, .size = 1, .offset = 0 }, "exits" },
            { { .flags = KVM_STATS_TYPE_INSTANT | KVM_STATS_UNIT_BOOLEAN, .size = 1, .offset = 8 }, "blocking" },
            { { .flags = KVM_STATS_TYPE_LINEAR_HIST | KVM_STATS_UNIT_BYTES, .size = 3, .bucket_size = 7,
                  .offset = 16 }, "sizes" },
            { { .flags = KVM_STATS_UNIT_SECONDS, .exponent = -9, .size = 1, .offset = 40 }, "wait_ns" },
        },
        .numbers = { first, 1, 3, 4, 5, 6 },
    };
    all.header.desc_offset = offsetof(typeof(all), descriptions);
    all.header.data_offset = offsetof(typeof(all), numbers);
    return g_bytes_new(&all, sizeof all);
}

// The third vCPU does not tell, and what the fourth tells is cut short.
static void kvm_stats_of(void *owner, bool of_vcpus, GBytes **counts)
{
    counts[0] = make_counts(of_vcpus ? 10 : 1);
    if (!of_vcpus)
        return;
    counts[1] = make_counts(11);
    g_autoptr(GBytes) whole = make_counts(13);
    counts[3] = g_bytes_new_from_bytes(whole, 0, g_bytes_get_size(whole) - 8);
}

static int take_descriptor(void *owner)
{
    Fixture *fixture = owner;
    int fd = fixture->handed;
    fixture->handed = -1;
    return fd;
}

static void read_schema(Fixture *fixture)
{
    send(fixture, "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-qmp-schema\"}");
    fixture->schema = json_from_string(fixture->answer->str, NULL);
    fixture->infos = g_hash_table_new(g_str_hash, g_str_equal);
    fixture->commands = g_hash_table_new(g_str_hash, g_str_equal);
    JsonArray *list = json_object_get_array_member(json_node_get_object(fixture->schema), "return");
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        JsonObject *info = json_array_get_object_element(list, i);
        bool is_command = strcmp(json_object_get_string_member(info, "meta-type"), "command") == 0;
        g_hash_table_insert(is_command ? fixture->commands : fixture->infos,
            (char *)json_object_get_string_member(info, "name"), info);
    }
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guest_open(&fixture->guest);
    parse_options(fixture);
    fixture->host = pci_host_new(NULL);
    fixture->processors = (Cpus){ .name = "PowerPC,POWER9", .isa = 300 };
    fake_machine_init(&fixture->fake);
    fixture->fake.cpus = 4;
    MonitorMachine *machine = &fixture->machine;
    *machine = fixture->fake.operations;
    machine->cpu = cpu;
    machine->schema = &command_schema;
    machine->options = &fixture->options;
    machine->actions = &fixture->options.actions;
    machine->nodes = nodes_new();
    machine->fds = fds_new();
    machine->dumper = dumper_new(&(DumperParts){ .memory = NULL });
    machine->processors = &fixture->processors;
    machine->kvm_stats = kvm_stats_of;
    machine->take_descriptor = take_descriptor;
    machine->descriptor_owner = fixture;
    fixture->handed = -1;
    machine->chardevs = chardevs_new();
    machine->uuid = "12345678-9abc-def0-1234-56789abcdef0";
    machine->devices = devices_new(&fixture->options, &fixture->guest.context, fixture->host, &error);
    if (error)
        g_error("%s", error->message);
    fixture->answer = g_string_new(NULL);
    fixture->session = session_new(command_tables, machine, &session_ops, fixture->answer);
    read_schema(fixture);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    session_free(fixture->session);
    g_string_free(fixture->answer, TRUE);
    g_hash_table_unref(fixture->infos);
    g_hash_table_unref(fixture->commands);
    json_node_unref(fixture->schema);
    nodes_free(fixture->machine.nodes);
    fds_free(fixture->machine.fds);
    fd_set_clear();
    dumper_free(fixture->machine.dumper);
    chardevs_free(fixture->machine.chardevs);
    devices_free(fixture->machine.devices);
    pci_host_free(fixture->host);
    fixture->guest.device = NULL;
    guest_close(&fixture->guest);
    options_clear(&fixture->options);
    scratch_remove(fixture->path);
}

// --- An answer against the schema.

static bool fits(const Fixture *fixture, const char *type, JsonNode *node);

static bool fits_builtin(const char *json, JsonNode *node)
{
    GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
    return strcmp(json, "value") == 0 || (strcmp(json, "string") == 0 && type == G_TYPE_STRING) ||
           (strcmp(json, "int") == 0 && type == G_TYPE_INT64) ||
           (strcmp(json, "boolean") == 0 && type == G_TYPE_BOOLEAN);
}

static bool fits_word(JsonObject *info, JsonNode *node)
{
    JsonArray *values = json_object_get_array_member(info, "values");
    for (unsigned i = 0; json_node_get_value_type(node) == G_TYPE_STRING && i < json_array_get_length(values);
         i++)
        if (strcmp(json_array_get_string_element(values, i), json_node_get_string(node)) == 0)
            return true;
    return false;
}

static bool fits_members(const Fixture *fixture, JsonObject *info, JsonObject *object)
{
    JsonArray *members = json_object_get_array_member(info, "members");
    unsigned known = 0;
    for (unsigned i = 0; i < json_array_get_length(members); i++) {
        JsonObject *member = json_array_get_object_element(members, i);
        const char *name = json_object_get_string_member(member, "name");
        JsonNode *value = json_object_get_member(object, name);
        if (!value && !json_object_has_member(member, "default"))
            return false;
        known += value != NULL;
        if (value && !fits(fixture, json_object_get_string_member(member, "type"), value)) {
            g_test_message("%s", name);
            return false;
        }
    }
    return json_object_has_member(info, "tag") || known == json_object_get_size(object);
}

static bool fits_list(const Fixture *fixture, const char *element, JsonArray *array)
{
    for (unsigned i = 0; i < json_array_get_length(array); i++)
        if (!fits(fixture, element, json_array_get_element(array, i)))
            return false;
    return true;
}

static bool fits(const Fixture *fixture, const char *type, JsonNode *node)
{
    JsonObject *info = g_hash_table_lookup(fixture->infos, type);
    const char *meta = json_object_get_string_member(info, "meta-type");
    if (strcmp(meta, "builtin") == 0)
        return fits_builtin(json_object_get_string_member(info, "json-type"), node);
    if (strcmp(meta, "enum") == 0)
        return fits_word(info, node);
    if (strcmp(meta, "array") == 0)
        return JSON_NODE_HOLDS_ARRAY(node) &&
               fits_list(
                   fixture, json_object_get_string_member(info, "element-type"), json_node_get_array(node));
    return strcmp(meta, "alternate") == 0 ||
           (JSON_NODE_HOLDS_OBJECT(node) && fits_members(fixture, info, json_node_get_object(node)));
}

// --- Asking.

// Sends a command with arguments in single quotes. What it returns as text, which fits the schema (g_free);
// or the error.
static char *ask(Fixture *fixture, const char *command, const char *arguments)
{
    g_autofree char *quoted = g_strdelimit(g_strdup(arguments), "'", '"');
    g_autofree char *request = g_strdup_printf("{\"execute\":\"%s\",\"arguments\":{%s}}\n", command, quoted);
    send(fixture, request);
    g_autoptr(JsonNode) node = json_from_string(fixture->answer->str, NULL);
    JsonObject *answer = json_node_get_object(node);
    if (!json_object_has_member(answer, "return"))
        return g_strdelimit(g_strdup(fixture->answer->str), "\"", '\'');
    JsonObject *info = g_hash_table_lookup(fixture->commands, command);
    if (!fits(fixture, json_object_get_string_member(info, "ret-type"),
            json_object_get_member(answer, "return")))
        g_error("%s: %s", command, fixture->answer->str);
    g_autofree char *result = json_to_string(json_object_get_member(answer, "return"), FALSE);
    return g_strdelimit(g_strdup(result), "\"", '\'');
}

typedef struct Case {
    const char *command, *arguments, *answer;
} Case;

#define REFUSED(class, desc) "{'error':{'class':'" class "','desc':'" desc "'}}"
// In an answer quotes are all single, the client's own too.
#define GENERIC(desc) REFUSED("GenericError", desc)
#define NOT_FOUND(desc) REFUSED("DeviceNotFound", desc)

static void assert_cases(Fixture *fixture, const Case *cases, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *answer = ask(fixture, cases[i].command, cases[i].arguments);
        if (strcmp(answer, cases[i].answer) != 0)
            g_error("%s %s gave %s", cases[i].command, cases[i].arguments, answer);
    }
}

// One of the parts is in the answer.
static void assert_parts(Fixture *fixture, const Case *cases, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        g_autofree char *answer = ask(fixture, cases[i].command, cases[i].arguments);
        if (!strstr(answer, cases[i].answer))
            g_error("%s %s gave %s", cases[i].command, cases[i].arguments, answer);
    }
}

#define ASSERT_CASES(cases) assert_cases(fixture, cases, G_N_ELEMENTS(cases))
#define ASSERT_PARTS(cases) assert_parts(fixture, cases, G_N_ELEMENTS(cases))

// Every command that takes no arguments can be asked, and its answer fits.
static void test_all(Fixture *fixture, gconstpointer data)
{
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, fixture->commands);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_autofree char *answer = ask(fixture, name, "");
        g_assert_cmpstr(answer, !=, "");
    }
    g_assert_cmpuint(g_hash_table_size(fixture->commands), >, 60);
}

static void test_about(Fixture *fixture, gconstpointer data)
{
    static const Case cases[] = {
        { "query-kvm", "", "{'enabled':true,'present':true}" },
        { "query-name", "", "{'name':'one'}" },
        { "query-target", "", "{'arch':'ppc64'}" },
        { "query-uuid", "", "{'UUID':'12345678-9abc-def0-1234-56789abcdef0'}" },
        { "query-memory-size-summary", "", "{'base-memory':1073741824,'plugged-memory':0}" },
        { "query-current-machine", "", "{'wakeup-suspend-support':false}" },
        { "query-hotpluggable-cpus", "", "[]" },
        { "query-balloon", "", REFUSED("DeviceNotActive", "No balloon device has been activated") },
        { "query-rx-filter", "'name':'n'", GENERIC("invalid net client name: n") },
        { "query-acpi-ospm-status", "", GENERIC("command is not supported, missing ACPI device") },
        { "migrate-set-capabilities", "'capabilities':[]", "{}" },
        { "migrate-set-capabilities", "'capabilities':[{'capability':'events','state':true}]",
            GENERIC("Parameter 'capabilities[0].capability' does not accept value 'events'") },
        { "query-command-line-options", "'option':'nix'", GENERIC("invalid option name: nix") },
        { "screendump", "'filename':'x'",
            REFUSED("CommandNotFound",
                "The command screendump has not been found: there is no display; the console is text") },
    };
    static const Case parts[] = {
        { "query-machines", "",
            "[{'name':'pseries-10.0','alias':'pseries','is-default':true,'cpu-max':1024," },
        { "query-cpu-definitions", "",
            "'name':'power9','typename':'power9-powerpc64-cpu',"
            "'static':false,'deprecated':false}]" },
        { "query-memdev", "", "[{'id':'ppc_spapr.ram','size':1073741824," },
        { "query-cpus-fast", "", "'qom-path':'/machine/unattached/device[2]/thread[1]'" },
        { "query-command-line-options", "'option':'smp'", "{'name':'sockets','type':'string'}" },
        { "query-pci", "",
            "'slot':0,'function':0,'class_info':{'desc':'SCSI controller','class':256},"
            "'id':{'device':4162,'vendor':6900,'subsystem':" },
        { "query-pci", "",
            "{'bar':4,'type':'memory','address':-1,'size':16384,'prefetch':true,'mem_type_64':true}" },
        { "query-pci", "", "'qdev_id':'disk'" },
    };
    ASSERT_CASES(cases);
    ASSERT_PARTS(parts);
}

static void test_qom(Fixture *fixture, gconstpointer data)
{
    static const Case cases[] = {
        { "qom-list", "'path':'/machine/peripheral'",
            "[{'name':'type','type':'string'},{'name':'disk','type':'child<virtio-blk-pci>'}]" },
        { "qom-list", "'path':'/machine/peripheral-anon/'",
            "[{'name':'type','type':'string'},{'name':'device[0]','type':'child<virtio-rng-pci>'}]" },
        { "qom-list", "'path':'/nix'", NOT_FOUND("Device '/nix' not found") },
        { "qom-list", "'path':''", GENERIC("Path '' is ambiguous") },
        { "qom-list", "'path':'device[0]'", GENERIC("Path 'device[0]' is ambiguous") },
        { "qom-get", "'path':'/machine','property':'type'", "'pseries-10.0-machine'" },
        { "qom-get", "'path':'/machine','property':'memory'", "{'size':1073741824}" },
        { "qom-get", "'path':'/machine','property':'kernel'", "'/kernel'" },
        { "qom-get", "'path':'/machine','property':'append'", "''" },
        { "qom-get", "'path':'/machine','property':'ic-mode'", "'dual'" },
        { "qom-get", "'path':'/machine','property':'nix'",
            GENERIC("Property 'pseries-10.0-machine.nix' not found") },
        { "qom-get", "'path':'/machine/peripheral','property':'disk'", "'/machine/peripheral/disk'" },
        { "qom-get", "'path':'/machine/peripheral/disk','property':'drive'", "'d0'" },
        { "qom-get", "'path':'/machine/peripheral/disk','property':'iothread'", "'/objects/io0'" },
        { "qom-get", "'path':'/machine/peripheral/disk','property':'bootindex'", "1" },
        { "qom-get", "'path':'disk','property':'realized'", "true" },
        { "qom-get", "'path':'peripheral-anon/device[0]','property':'addr'", "8" },
        { "qom-get", "'path':'peripheral-anon/device[0]','property':'legacy-addr'", "'01.0'" },
        { "qom-get", "'path':'/machine/unattached/device[2]/thread[1]','property':'type'",
            "'host-powerpc64-cpu'" },
        { "qom-get", "'path':'/machine/unattached/device[2]','property':'core-id'", "2" },
        { "qom-get", "'path':'/objects/io0','property':'type'", "'iothread'" },
        { "qom-set", "'path':'/machine','property':'nix','value':1",
            GENERIC("Property 'pseries-10.0-machine.nix' not found") },
        { "qom-set", "'path':'/machine','property':'type','value':'a'",
            GENERIC("Property 'pseries-10.0-machine.type' is not writable") },
        { "qom-set", "'path':'disk','property':'drive','value':'a'",
            GENERIC("Attempt to set property 'drive' on device 'disk' (type 'virtio-blk-pci') after it was "
                    "realized") },
        { "qom-set", "'path':'/machine/nix','property':'drive','value':'a'",
            NOT_FOUND("Device '/machine/nix' not found") },

        { "qom-list-types", "'implements':'rng-backend','abstract':true",
            "[{'name':'rng-backend','abstract':true,'parent':'object'},{'name':'rng-random','parent':'rng-"
            "backend'},"
            "{'name':'rng-builtin','parent':'rng-backend'}]" },
        { "qom-list-types", "'implements':'nix'", "[]" },
        { "device-list-properties", "'typename':'nix'", NOT_FOUND("Device 'nix' not found") },
        { "device-list-properties", "'typename':'iothread'",
            GENERIC("Parameter 'typename' expects a non-abstract device type") },
        { "device-list-properties", "'typename':'pci-device'",
            GENERIC("Parameter 'typename' expects a non-abstract device type") },
        { "qom-list-properties", "'typename':'nix'", NOT_FOUND("Class 'nix' not found") },
        { "qom-list-properties", "'typename':'iothread'", "[{'name':'type','type':'string'}]" },
    };
    static const Case parts[] = {
        { "device-list-properties", "'typename':'virtio-blk-pci'",
            "{'name':'iothread','type':'link<iothread>'," },
        { "device-list-properties", "'typename':'virtio-blk-pci'", "{'name':'addr','type':'str'," },
        { "qom-list-properties", "'typename':'pseries-10.0-machine'", "{'name':'ic-mode','type':'str'," },
        { "qom-list", "'path':'/'", "{'name':'objects','type':'child<container>'}" },
        { "qom-list", "'path':'/machine/peripheral/disk'", "{'name':'drive','type':'str'}" },
    };
    ASSERT_CASES(cases);
    ASSERT_PARTS(parts);
}

static void test_objects(Fixture *fixture, gconstpointer data)
{
    static const Case cases[] = {
        { "object-add", "'qom-type':'iothread','id':'io1'", "{}" },
        { "object-add", "'qom-type':'iothread','id':'io1'",
            GENERIC("attempt to add duplicate property 'io1' to object (type 'container')") },
        { "object-add", "'qom-type':'iothread','id':'0io'", GENERIC("Parameter 'id' expects an identifier") },
        { "object-add", "'qom-type':'nix','id':'a'",
            GENERIC("Parameter 'qom-type' does not accept value 'nix'") },
        { "object-add", "'qom-type':'iothread','id':'a','filename':'b'",
            GENERIC("Parameter 'filename' is unexpected") },
        { "object-add", "'qom-type':'rng-random','id':'r','filename':'/nix,help'",
            GENERIC("Could not open '/nix,help': No such file or directory") },
        { "object-add", "'qom-type':'rng-random','id':'r','filename':'/dev/null'", "{}" },
        { "qom-get", "'path':'/objects/r','property':'filename'", "'/dev/null'" },
        { "object-del", "'id':'io0'", GENERIC("object 'io0' is in use, can not be deleted") },
        { "object-del", "'id':'rng0'", GENERIC("object 'rng0' is in use, can not be deleted") },
        { "object-del", "'id':'nix'", GENERIC("object 'nix' not found") },
        { "object-del", "'id':'r'", "{}" },
    };
    ASSERT_CASES(cases);
    g_autofree char *two = ask(fixture, "query-iothreads", "");
    g_assert_nonnull(strstr(two, "'id':'io0'"));
    g_assert_nonnull(strstr(two, "'id':'io1'"));
    g_assert_null(strstr(two, "'thread-id':0"));
    g_autofree char *gone = ask(fixture, "object-del", "'id':'io1'");
    g_assert_cmpstr(gone, ==, "{}");
    g_autofree char *one = ask(fixture, "query-iothreads", "");
    g_assert_null(strstr(one, "'id':'io1'"));
}

// Asks, with a number between the two, until it is refused. How often it was not.
static unsigned ask_often(
    Fixture *fixture, const char *command, const char *before, const char *after, const char *refusal)
{
    for (unsigned i = 0; i < 1000; i++) {
        g_autofree char *arguments = g_strdup_printf("%s%u%s", before, i, after);
        g_autofree char *answer = ask(fixture, command, arguments);
        if (strcmp(answer, "{}") == 0)
            continue;
        g_assert_cmpstr(answer, ==, refusal);
        return i;
    }
    g_assert_not_reached();
}

// A client cannot make lparun grow without end.
static void test_many(Fixture *fixture, gconstpointer data)
{
    unsigned objects = ask_often(
        fixture, "object-add", "'qom-type':'rng-builtin','id':'r", "'", GENERIC("Too many objects"));
    unsigned chardevs = ask_often(fixture, "chardev-add", "'id':'c", "','backend':{'type':'null','data':{}}",
        GENERIC("Too many chardevs"));
    static const char bytes[8192];
    char *image = scratch_file(bytes, sizeof bytes);
    g_autofree char *rest = g_strdup_printf("','driver':'file','read-only':true,'filename':'%s'", image);
    unsigned nodes =
        ask_often(fixture, "blockdev-add", "'node-name':'n", rest, GENERIC("Too many block nodes"));
    scratch_remove(image);
    g_assert_cmpuint(objects, ==, 254); // two were there
    g_assert_cmpuint(chardevs, ==, 64);
    g_assert_cmpuint(nodes, ==, 256);
}

static void test_nodes(Fixture *fixture, gconstpointer data)
{
    static const char bytes[8192];
    char *other = scratch_file(bytes, sizeof bytes);
#define FILE_OF(rest) g_strdup_printf("'driver':'file','filename':'%s'," rest, other)
    g_autofree char *plain = FILE_OF("'node-name':'f','cache':{'no-flush':true},'aio':'threads'");
    g_autofree char *both = FILE_OF("'node-name':'g','cache':{'no-flush':true,'direct':true}");
    g_autofree char *anonymous = FILE_OF("'read-only':true");
    g_autofree char *inner =
        g_strdup_printf("'driver':'raw','node-name':'r2','read-only':true,'file':{%s}", anonymous);
    g_autofree char *written = g_strdup_printf("'driver':'raw','node-name':'r2','file':{%s}", anonymous);
    const Case cases[] = {
        { "blockdev-add", anonymous, GENERIC("'node-name' must be specified for the root node") },
        { "blockdev-add", both,
            GENERIC("Parameter 'cache.no-flush' expects to be off where cache.direct is on") },
        { "blockdev-add", plain, "{}" },
        { "blockdev-add", plain, GENERIC("Duplicate nodes with node-name='f'") },
        { "blockdev-add", "'driver':'raw','node-name':'d0','file':'f'",
            GENERIC("node-name=d0 is conflicting with a device id") },
        { "blockdev-add", "'driver':'raw','node-name':'0','file':'f'", GENERIC("Invalid node-name: '0'") },
        { "blockdev-add", "'driver':'raw','node-name':'r','file':'x'",
            GENERIC("Cannot find device='x' nor node-name='x'") },
        { "blockdev-add", "'driver':'raw','node-name':'r','file':1",
            GENERIC("Invalid parameter type for 'file', expected: BlockdevRef") },
        { "blockdev-add", "'driver':'raw','node-name':'r','file':{'driver':'file'}",
            GENERIC("Parameter 'file.filename' is missing") },
        { "blockdev-add", "'driver':'qcow2','node-name':'r','file':'f'",
            GENERIC("Parameter 'driver' does not accept value 'qcow2'") },
        { "blockdev-add", "'driver':'raw','node-name':'r','file':'f'", "{}" },
        { "blockdev-del", "'node-name':'f'", GENERIC("Block device f is in use") },
        { "blockdev-del", "'node-name':'nix'", GENERIC("Failed to find node with node-name='nix'") },
        { "blockdev-del", "'node-name':'r'", "{}" },
        { "blockdev-del", "'node-name':'f'", "{}" },
        { "blockdev-add", written, GENERIC("Block node is read-only") },
        { "blockdev-add", inner, "{}" },
    };
    ASSERT_CASES(cases);
    g_autofree char *nodes = ask(fixture, "query-named-block-nodes", "'flat':true");
    g_assert_nonnull(strstr(nodes, "'node-name':'d0'"));
    g_assert_nonnull(strstr(nodes, "'node-name':'r2','ro':true,'drv':'raw'"));
    g_assert_nonnull(strstr(nodes, "'node-name':'#block001','ro':true,'drv':'file'"));
    g_autofree char *gone = ask(fixture, "blockdev-del", "'node-name':'r2'");
    g_assert_cmpstr(gone, ==, "{}");
    g_autofree char *left = ask(fixture, "query-named-block-nodes", "");
    g_assert_null(strstr(left, "block001"));
    scratch_remove(other);
}

// "r", and `depth` nodes below it, none with a name; `more` are members of the lowest.
static char *make_chain(const char *file, const char *more, unsigned depth)
{
    GString *text = g_string_new("'node-name':'r',");
    for (unsigned i = 0; i < depth; i++)
        g_string_append(text, "'driver':'raw','read-only':true,'file':{");
    g_string_append_printf(text, "'driver':'file','read-only':true,'filename':'%s'%s", file, more);
    for (unsigned i = 0; i < depth; i++)
        g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

// What has no name goes with what is over it, and of what is refused nothing is left.
static void test_chains(Fixture *fixture, gconstpointer data)
{
    static const char bytes[8192];
    char *image = scratch_file(bytes, sizeof bytes);
    g_autofree char *before = ask(fixture, "query-named-block-nodes", "");
    g_autofree char *longest = make_chain(image, "", 32);
    g_autofree char *duplicate = make_chain(image, ",'node-name':'r'", 1);
    g_autofree char *inner = make_chain(image, ",'node-name':'f'", 1);
    g_autofree char *refused = g_strdup_printf("%s,'node-name':'0'", inner);
    const Case cases[] = {
        { "blockdev-add", longest, "{}" },
        { "blockdev-del", "'node-name':'r'", "{}" },
        { "blockdev-add", duplicate, GENERIC("Duplicate nodes with node-name='r'") },
        { "blockdev-add", refused, GENERIC("Invalid node-name: '0'") },
    };
    ASSERT_CASES(cases);
    g_autofree char *after = ask(fixture, "query-named-block-nodes", "");
    g_assert_cmpstr(after, ==, before);
    scratch_remove(image);
}

// Deeper than GLib looks into what the arguments become.
static void test_depth(Fixture *fixture, gconstpointer data)
{
    static const unsigned depths[] = { 33, 256 };
    g_autoptr(GString) path = g_string_new("file");
    for (unsigned i = 1; i < 33; i++)
        g_string_append(path, ".file");
    g_autofree char *wanted = g_strdup_printf(GENERIC("Parameter '%s' is too deep inside others"), path->str);
    for (unsigned i = 0; i < G_N_ELEMENTS(depths); i++) {
        g_autofree char *chain = make_chain("/nowhere", "", depths[i]);
        g_autofree char *answer = ask(fixture, "blockdev-add", chain);
        g_assert_cmpstr(answer, ==, wanted);
    }
    g_autofree char *open = g_strnfill(1000, '['), *close = g_strnfill(1000, ']');
    g_autofree char *any = g_strdup_printf("'path':'/machine','property':'usb','value':%s%s", open, close);
    g_autofree char *read = ask(fixture, "qom-set", any); // of any depth, as nothing looks into it
    g_assert_nonnull(strstr(read, ".usb' is not writable"));
}

// A descriptor that came with the message.
static int pass(Fixture *fixture)
{
    return fixture->handed = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void test_fds(Fixture *fixture, gconstpointer data)
{
    static const Case none[] = {
        { "getfd", "'fdname':'a'", GENERIC("No file descriptor supplied via SCM_RIGHTS") },
        { "add-fd", "", GENERIC("No file descriptor supplied via SCM_RIGHTS") },
        { "closefd", "'fdname':'a'", GENERIC("File descriptor named 'a' not found") },
        { "remove-fd", "'fdset-id':1", GENERIC("File descriptor named 'fdset-id:1' not found") },
        { "remove-fd", "'fdset-id':1,'fd':2", GENERIC("File descriptor named 'fdset-id:1, fd:2' not found") },
        { "query-fdsets", "", "[]" },
    };
    ASSERT_CASES(none);
    int named = pass(fixture);
    assert_cases(fixture, &(Case){ "getfd", "'fdname':'a'", "{}" }, 1);
    assert_cases(fixture, &none[0], 1); // taken
    assert_cases(fixture, &(Case){ "closefd", "'fdname':'a'", "{}" }, 1);
    g_assert_false(is_open(named));
    int set = pass(fixture);
    g_autofree char *added = ask(fixture, "add-fd", "'fdset-id':3,'opaque':'o'");
    g_autofree char *expected = g_strdup_printf("{'fdset-id':3,'fd':%d}", set);
    g_assert_cmpstr(added, ==, expected);
    pass(fixture);
    g_autofree char *first = ask(fixture, "add-fd", "");
    g_assert_true(g_str_has_prefix(first, "{'fdset-id':0,"));
    g_autofree char *sets = ask(fixture, "query-fdsets", "");
    g_assert_true(g_str_has_prefix(sets, "[{'fdset-id':0,"));
    g_assert_nonnull(strstr(sets, "'opaque':'o'"));
    assert_cases(fixture, &(Case){ "remove-fd", "'fdset-id':3", "{}" }, 1);
    g_assert_false(is_open(set));
}

// A client cannot make lparun run out of descriptors.
static void test_fds_many(Fixture *fixture, gconstpointer data)
{
    g_autofree char *answer = NULL;
    unsigned count = 0;
    do {
        g_free(answer);
        pass(fixture);
        answer = ask(fixture, "add-fd", "'fdset-id':1");
    } while (strstr(answer, "'fd'") && ++count < 1000);
    g_assert_cmpuint(count, ==, 256);
    g_assert_cmpstr(answer, ==, GENERIC("Too many file descriptors"));
    assert_cases(fixture, &(Case){ "remove-fd", "'fdset-id':1", "{}" }, 1);
}

static void test_chardevs(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_dir_make_tmp("lparun-XXXXXX", NULL);
    g_autofree char *socket =
        g_strdup_printf("'id':'s','backend':{'type':'socket','data':{'addr':{'type':'unix',"
                        "'data':{'path':'%s/a,b'}},'server':true,'wait':false}}",
            folder);
    const Case cases[] = {
        { "query-chardev", "", "[]" },
        { "chardev-add", "'id':'n','backend':{'type':'null','data':{}}", "{}" },
        { "chardev-add", "'id':'n','backend':{'type':'null','data':{}}",
            GENERIC("Chardev with id 'n' already exists") },
        { "chardev-add", "'id':'0','backend':{'type':'null','data':{}}",
            GENERIC("Parameter 'id' expects an identifier") },
        { "chardev-add", "'id':'x','backend':{'type':'file','data':{}}",
            GENERIC("Parameter 'backend.data.out' is missing") },
        { "chardev-add", "'id':'x','backend':{'type':'vc','data':{}}",
            GENERIC("Parameter 'backend.type' does not accept value 'vc'") },
        { "chardev-add", "'id':'r','backend':{'type':'ringbuf','data':{'size':4096}}", "{}" },
        { "chardev-add", socket, "{}" },
        { "ringbuf-read", "'device':'r','size':10", "''" },
        { "ringbuf-read", "'device':'r','size':0", GENERIC("size must be greater than zero") },
        { "ringbuf-read", "'device':'n','size':10", GENERIC("n is not a ringbuf device") },
        { "ringbuf-read", "'device':'nix','size':10", GENERIC("Device 'nix' not found") },
        { "chardev-remove", "'id':'nix'", GENERIC("Chardev 'nix' not found") },
        { "chardev-remove", "'id':'r'", "{}" },
    };
    ASSERT_CASES(cases);
    g_autofree char *all = ask(fixture, "query-chardev", "");
    g_assert_nonnull(strstr(all, "{'label':'n','filename':'null','frontend-open':false}"));
    g_assert_nonnull(strstr(all, "/a,b,server=on"));
    fputs("# ", stdout); // as a comment of TAP's, for a line about the terminal follows
    fflush(stdout);
    g_autofree char *pty = ask(fixture, "chardev-add", "'id':'p','backend':{'type':'pty','data':{}}");
    g_assert_true(g_str_has_prefix(pty, "{'pty':'/dev/pts/"));
    g_autofree char *gone = ask(fixture, "chardev-remove", "'id':'s'");
    g_assert_cmpstr(gone, ==, "{}");
    rmdir(folder);
}

// A ringbuf's bytes, some of which are no UTF-8.
static void test_ringbuf(Fixture *fixture, gconstpointer data)
{
    static const Case add = { "chardev-add", "'id':'r','backend':{'type':'ringbuf','data':{'size':4096}}",
        "{}" };
    assert_cases(fixture, &add, 1);
    Chardev *chardev = chardevs_find(fixture->machine.chardevs, "r");
    g_assert_true(chardev_put(chardev,
        (const uint8_t *)"ab\xff"
                         "abc",
        6));
    assert_cases(fixture, &(Case){ "ringbuf-read", "'device':'r','size':3", "'ab\357\277\275'" }, 1);
    assert_cases(fixture, &(Case){ "ringbuf-read", "'device':'r','size':9,'format':'base64'", "'YWJj'" }, 1);
}

static void test_human(Fixture *fixture, gconstpointer data)
{
    static const Case cases[] = {
        { "human-monitor-command", "'command-line':'nix'", "'unknown command: 'nix'\\r\\n'" },
        { "human-monitor-command", "'command-line':'stop'", "''" },
        { "human-monitor-command", "'command-line':'stop','cpu-index':4",
            GENERIC("Parameter 'cpu-index' expects a CPU number") },
    };
    ASSERT_CASES(cases);
    g_assert_cmpuint(fixture->fake.orders[ORDER_STOP], ==, 1);
}

static void test_stats(Fixture *fixture, gconstpointer data)
{
#define STATS(first)                                                                                         \
    "'stats':[{'name':'exits','value':" first "},{'name':'blocking','value':true},"                          \
    "{'name':'sizes','value':[3,4,5]},{'name':'wait_ns','value':6}]}"
#define EXITS(path, number)                                                                                  \
    "{'provider':'kvm','qom-path':'/machine/unattached/" path "','stats':[{'name':'exits','value':" number   \
    "}]}"
#define ONLY_EXITS ",'providers':[{'provider':'kvm','names':['exits']}]"
#define KINDS                                                                                                \
    "'stats':[{'name':'exits','type':'cumulative','exponent':0},"                                            \
    "{'name':'blocking','type':'instant','unit':'boolean','exponent':0},"                                    \
    "{'name':'sizes','type':'linear-histogram','unit':'bytes','exponent':0,'bucket-size':7},"                \
    "{'name':'wait_ns','type':'cumulative','unit':'seconds','base':10,'exponent':-9}]}"
    static const Case cases[] = {
        { "query-stats", "'target':'vm'", "[{'provider':'kvm'," STATS("1") "]" },
        { "query-stats", "'target':'vm','providers':[]", "[]" },
        { "query-stats", "'target':'vm','vcpus':[]", GENERIC("Parameter 'vcpus' is unexpected") },
        { "query-stats", "'target':'vm','providers':[{'provider':'kvm','names':['nix']}]", "[]" },
        { "query-stats", "'target':'vcpu'" ONLY_EXITS,
            "[" EXITS("device[0]/thread[0]", "10") "," EXITS("device[0]/thread[1]", "11") "," EXITS(
                "device[2]/thread[1]", "13") "]" },
        { "query-stats", "'target':'vcpu','vcpus':['/machine/unattached/device[0]/thread[1]']" ONLY_EXITS,
            "[" EXITS("device[0]/thread[1]", "11") "]" },
        { "query-stats",
            "'target':'vcpu','providers':[{'provider':'kvm','names':['wait_ns']}],"
            "'vcpus':['/machine/unattached/device[2]/thread[1]']",
            "[]" },
        { "query-stats-schemas", "'provider':'kvm'",
            "[{'provider':'kvm','target':'vm'," KINDS ",{'provider':'kvm','target':'vcpu'," KINDS "]" },
        { "query-stats-schemas", "'provider':'cryptodev'",
            GENERIC("Parameter 'provider' does not accept value 'cryptodev'") },
    };
    ASSERT_CASES(cases);
}

static void test_actions(Fixture *fixture, gconstpointer data)
{
    static const Case cases[] = {
        { "set-action", "'reboot':'shutdown','panic':'pause'", "{}" },
        { "set-action", "'shutdown':'pause'", "{}" },
        { "set-action", "'reboot':'nix'", GENERIC("Parameter 'reboot' does not accept value 'nix'") },
        { "watchdog-set-action", "'action':'pause'", "{}" },
        { "watchdog-set-action", "", GENERIC("Parameter 'action' is missing") },
    };
    ASSERT_CASES(cases);
    const Actions *actions = &fixture->options.actions;
    g_assert_true(actions->reboot && actions->shutdown);
    g_assert_cmpint(actions->panic, ==, PANIC_PAUSE);
    g_assert_cmpint(actions->watchdog, ==, WATCHDOG_PAUSE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/qmp-commands/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("all", test_all);
    ADD("about", test_about);
    ADD("qom", test_qom);
    ADD("objects", test_objects);
    ADD("nodes", test_nodes);
    ADD("chains", test_chains);
    ADD("depth", test_depth);
    ADD("fds", test_fds);
    ADD("fds-many", test_fds_many);
    ADD("many", test_many);
    ADD("stats", test_stats);
    ADD("actions", test_actions);
    ADD("chardevs", test_chardevs);
    ADD("ringbuf", test_ringbuf);
    ADD("human", test_human);
    return g_test_run();
}
