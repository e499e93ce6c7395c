// dump-guest-memory, pmemsave and query-dump, on a machine whose parts are the test's own.
#include "command.h"
#include "dumper.h"
#include "fds.h"
#include "lparun/bytes.h"
#include "lparun/core_file.h"
#include "lparun/papr.h"
#include "partition.h"
#include "scratch_file.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

extern const Command dump_commands[];

typedef struct Fixture {
    Partition partition;
    Mmu *mmu;
    MonitorMachine machine;
    char *folder, *path;
    GString *said; // what happened: words
    bool still;
    // The answer that came.
    CommandLater later;
    bool answered;
    char *error; // or NULL
} Fixture;

// Whose answer it is.
static Fixture *current;

static void hold(void *owner)
{
    g_string_append(((Fixture *)owner)->said, "hold ");
}

static bool is_still(void *owner)
{
    return ((Fixture *)owner)->still;
}

static void release(void *owner)
{
    g_string_append(((Fixture *)owner)->said, "release ");
}

static void tell(void *owner, const char *name, GVariant *data)
{
    Fixture *fixture = owner;
    g_autoptr(GVariant) held = g_variant_ref_sink(data);
    g_autoptr(GVariant) result = g_variant_lookup_value(held, "result", NULL);
    const char *status, *error = "";
    g_assert_true(g_variant_lookup(result, "status", "&s", &status));
    g_variant_lookup(held, "error", "&s", &error);
    g_string_append_printf(fixture->said, "%s:%s%s%s ", name, status, *error ? ":" : "", error);
}

static void on_answer(CommandLater *later, GVariant *value, const GError *error)
{
    g_assert_true(later == &current->later);
    g_assert_false(current->answered);
    current->answered = true;
    current->error = error ? g_strdup(error->message) : NULL;
    if (value)
        g_variant_unref(g_variant_ref_sink(value));
    g_assert_true(!value == !!error);
    g_string_append(current->said, "answer ");
}

static unsigned cpus(void *owner)
{
    return 2;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    current = fixture;
    partition_open(&fixture->partition, 2);
    fixture->folder = scratch_folder();
    fixture->path = g_build_filename(fixture->folder, "core", NULL);
    fixture->said = g_string_new(NULL);
    fixture->still = true;
    fixture->later.answer = on_answer;
    fixture->mmu = mmu_new(fixture->partition.vm, MMU_RADIX, 0, PARTITION_RAM, NULL);
    fixture->machine.cpus = cpus;
    fixture->machine.fds = fds_new();
    const DumperParts parts = { .mmu = fixture->mmu,
        .memory = fixture->partition.memory,
        .vcpus = fixture->partition.vcpus,
        .hold = hold,
        .is_still = is_still,
        .release = release,
        .tell = tell,
        .owner = fixture };
    fixture->machine.dumper = dumper_new(&parts);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    dumper_free(fixture->machine.dumper);
    g_assert_false(g_main_context_pending(NULL));
    fds_free(fixture->machine.fds);
    mmu_free(fixture->mmu);
    partition_close(&fixture->partition);
    scratch_remove_folder(fixture->folder);
    g_free(fixture->path);
    g_free(fixture->error);
    g_string_free(fixture->said, TRUE);
}

static const Command *find(const char *name)
{
    const Command *command = dump_commands;
    while (strcmp(command->name, name))
        command++;
    return command;
}

// `arguments` in GVariant's text, PATH being the core's.
static bool begin(Fixture *fixture, const char *name, const char *arguments, GError **error)
{
    g_autoptr(GString) text = g_string_new(arguments);
    g_string_replace(text, "PATH", fixture->path, 0);
    g_autoptr(GVariant) parsed = g_variant_ref_sink(g_variant_new_parsed(text->str));
    fixture->answered = false;
    g_clear_pointer(&fixture->error, g_free);
    return find(name)->begin(&fixture->machine, parsed, &fixture->later, error);
}

static void run_until_idle(Fixture *fixture)
{
    while (dumper_is_busy(fixture->machine.dumper))
        g_main_context_iteration(NULL, TRUE);
}

static void assert_query(Fixture *fixture, const char *wanted)
{
    g_autoptr(GVariant) result = g_variant_ref_sink(find("query-dump")->run(&fixture->machine, NULL, NULL));
    g_autofree char *text = g_variant_print(result, FALSE);
    g_assert_cmpstr(text, ==, wanted);
}

#define COMPLETED "hold DUMP_COMPLETED:completed release "

static char *content(Fixture *fixture, gsize *length)
{
    char *bytes = NULL;
    g_assert_true(g_file_get_contents(fixture->path, &bytes, length, NULL));
    return bytes;
}

static uint64_t big(const char *bytes, size_t at)
{
    be64 value;
    memcpy(&value, bytes + at, sizeof value);
    return be64_get(value);
}

static void test_whole(Fixture *fixture, gconstpointer data)
{
    gsize length;
    assert_query(fixture, "{'total': <int64 0>, 'status': <'none'>, 'completed': <int64 0>}");
    g_assert_true(guest_memory_write(fixture->partition.memory, PARTITION_RAM - 4, "last", 4));
    g_assert_true(
        begin(fixture, "dump-guest-memory", "{'paging': <false>, 'protocol': <'file:PATH'>}", NULL));
    assert_query(fixture, "{'total': <int64 1048576>, 'status': <'active'>, 'completed': <int64 0>}");
    g_assert_false(fixture->answered);
    run_until_idle(fixture);
    g_assert_cmpstr(fixture->said->str, ==, COMPLETED "answer ");
    g_assert_null(fixture->error);
    assert_query(
        fixture, "{'total': <int64 1048576>, 'status': <'completed'>, 'completed': <int64 1048576>}");
    g_autofree char *bytes = content(fixture, &length);
    uint64_t at = big(bytes, 120 + offsetof(Elf64_Phdr, p_offset));
    g_assert_cmpuint(length, ==, at + PARTITION_RAM);
    g_assert_true(memcmp(bytes + length - 4, "last", 4) == 0);
    g_assert_cmpuint(big(bytes, 120 + offsetof(Elf64_Phdr, p_vaddr)), ==, 0);
}

// For gdb, of a part of memory, and more than there is.
static void test_range(Fixture *fixture, gconstpointer data)
{
    gsize length;
    g_assert_true(begin(fixture, "dump-guest-memory",
        "{'paging': <true>, 'protocol': <'file:PATH'>, 'begin': <int64 4096>, 'length': "
        "<int64 0x7fffffffffffffff>, 'format': <'elf'>}",
        NULL));
    run_until_idle(fixture);
    g_autofree char *bytes = content(fixture, &length);
    g_assert_cmpuint(big(bytes, 120 + offsetof(Elf64_Phdr, p_paddr)), ==, 4096);
    g_assert_cmpuint(big(bytes, 120 + offsetof(Elf64_Phdr, p_vaddr)), ==, 0xc000000000001000);
    g_assert_cmpuint(big(bytes, 120 + offsetof(Elf64_Phdr, p_filesz)), ==, PARTITION_RAM - 4096);
}

// To a descriptor that the client has given, which stays its own file when it goes wrong.
static void test_descriptor(Fixture *fixture, gconstpointer data)
{
    gsize length;
    g_assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
    fds_name(fixture->machine.fds, "core", open(fixture->path, O_WRONLY | O_CLOEXEC));
    g_assert_true(begin(fixture, "dump-guest-memory", "{'paging': <false>, 'protocol': <'fd:core'>}", NULL));
    run_until_idle(fixture);
    g_autofree char *bytes = content(fixture, &length);
    g_assert_cmpuint(length, >, PARTITION_RAM);
    fds_name(fixture->machine.fds, "core", open(fixture->path, O_RDONLY | O_CLOEXEC));
    g_assert_true(begin(fixture, "dump-guest-memory", "{'paging': <false>, 'protocol': <'fd:core'>}", NULL));
    run_until_idle(fixture);
    g_assert_cmpstr(fixture->error, ==, "dump: failed to save memory: Bad file descriptor");
    g_assert_cmpint(g_access(fixture->path, F_OK), ==, 0);
}

// Nothing is written while a vCPU or a disk could still write to memory.
static void test_not_still(Fixture *fixture, gconstpointer data)
{
    gsize length;
    fixture->still = false;
    g_assert_true(begin(fixture, "dump-guest-memory",
        "{'paging': <false>, 'protocol': <'file:PATH'>, 'detach': <true>}", NULL));
    g_assert_cmpstr(fixture->said->str, ==, "hold answer ");
    for (unsigned i = 0; i < 3; i++)
        g_main_context_iteration(NULL, TRUE);
    g_free(content(fixture, &length));
    g_assert_cmpuint(length, ==, 0);
    fixture->still = true;
    run_until_idle(fixture);
    g_assert_cmpstr(fixture->said->str, ==, "hold answer DUMP_COMPLETED:completed release ");
}

static void test_full(Fixture *fixture, gconstpointer data)
{
    g_assert_true(
        begin(fixture, "dump-guest-memory", "{'paging': <false>, 'protocol': <'file:/dev/full'>}", NULL));
    run_until_idle(fixture);
    g_assert_cmpstr(fixture->error, ==, "dump: failed to save memory: No space left on device");
    g_assert_cmpstr(fixture->said->str, ==,
        "hold DUMP_COMPLETED:failed:dump: failed to save memory: No space left on device release answer ");
    assert_query(fixture, "{'total': <int64 1048576>, 'status': <'failed'>, 'completed': <int64 0>}");
}

// One at a time; the file of the one that comes second is not made.
static void test_busy(Fixture *fixture, gconstpointer data)
{
    static const char *const others[][2] = {
        { "dump-guest-memory", "{'paging': <false>, 'protocol': <'file:PATH2'>}" },
        { "pmemsave", "{'val': <int64 0>, 'size': <int64 8>, 'filename': <'PATH2'>}" },
    };
    fixture->still = false;
    g_assert_true(
        begin(fixture, "dump-guest-memory", "{'paging': <false>, 'protocol': <'file:PATH'>}", NULL));
    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(begin(fixture, others[i][0], others[i][1], &error));
        g_assert_cmpstr(error->message, ==, "There is a dump in process, please wait.");
    }
    g_autofree char *second = g_strconcat(fixture->path, "2", NULL);
    g_assert_cmpint(g_access(second, F_OK), <, 0);
    fixture->still = true;
    run_until_idle(fixture);
    g_assert_true(fixture->answered);
}

// The end of the machine: whoever waits is told, and no part of a file is left.
static void test_end_before_it_began(Fixture *fixture, gconstpointer data)
{
    fixture->still = false;
    g_assert_true(
        begin(fixture, "dump-guest-memory", "{'paging': <false>, 'protocol': <'file:PATH'>}", NULL));
    dumper_free(g_steal_pointer(&fixture->machine.dumper));
    g_assert_cmpstr(fixture->error, ==, "the machine ends");
    g_assert_cmpint(g_access(fixture->path, F_OK), <, 0);
}

static void test_end_meanwhile(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
    int reader = open(fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_assert_true(
        begin(fixture, "dump-guest-memory", "{'paging': <false>, 'protocol': <'file:PATH'>}", NULL));
    char byte;
    while (read(reader, &byte, 1) != 1)
        g_main_context_iteration(NULL, FALSE);
    dumper_free(g_steal_pointer(&fixture->machine.dumper));
    g_assert_cmpstr(fixture->error, ==, "the machine ends");
    close(reader);
}

static void test_pmemsave(Fixture *fixture, gconstpointer data)
{
    gsize length;
    g_assert_true(guest_memory_write(fixture->partition.memory, 0x1234, "some bytes", 10));
    g_assert_true(begin(
        fixture, "pmemsave", "{'val': <int64 0x1234>, 'size': <int64 10>, 'filename': <'PATH'>}", NULL));
    run_until_idle(fixture);
    g_autofree char *bytes = content(fixture, &length);
    g_assert_cmpuint(length, ==, 10);
    g_assert_cmpstr(bytes, ==, "some bytes");
    g_assert_cmpstr(fixture->said->str, ==, "answer "); // the guest runs on
    assert_query(fixture, "{'total': <int64 0>, 'status': <'none'>, 'completed': <int64 0>}");
    g_assert_true(
        begin(fixture, "pmemsave", "{'val': <int64 5>, 'size': <int64 0>, 'filename': <'PATH'>}", NULL));
    run_until_idle(fixture);
    g_free(content(fixture, &length));
    g_assert_cmpuint(length, ==, 0);
}

#define MSR_DR (1ULL << 4)

// The first vCPU is in real mode, where an address is a physical one but for its first bits; the second has
// its MMU on, and no page table.
static void test_memsave(Fixture *fixture, gconstpointer data)
{
    gsize length;
    Vcpu *second = vcpu_set_at(fixture->partition.vcpus, 1);
    fake_vcpu_set_msr(vcpu_kvm(second), MSR_SF | MSR_ME | MSR_DR);
    g_assert_true(guest_memory_write(fixture->partition.memory, 0x1ffc, "two pages", 9));
    g_assert_true(begin(fixture, "memsave",
        "{'val': <int64 -0x3fffffffffffe004>, 'size': <int64 9>, 'filename': <'PATH'>}", NULL));
    run_until_idle(fixture);
    g_assert_cmpstr(fixture->error, ==, NULL);
    g_autofree char *bytes = content(fixture, &length);
    g_assert_cmpuint(length, ==, 9);
    g_assert_cmpstr(bytes, ==, "two pages");
    g_assert_true(begin(fixture, "memsave",
        "{'val': <int64 0x1ffc>, 'size': <int64 9>, 'filename': <'PATH'>, 'cpu-index': <int64 1>}", NULL));
    run_until_idle(fixture);
    g_assert_cmpstr(fixture->error, ==, "Invalid addr 0x0000000000001ffc/size 9 specified");
    g_assert_cmpint(g_access(fixture->path, F_OK), <, 0);
    g_assert_true(
        begin(fixture, "memsave", "{'val': <int64 0xffffa>, 'size': <int64 7>, 'filename': <'PATH'>}", NULL));
    run_until_idle(fixture);
    g_assert_cmpstr(fixture->error, ==, "Invalid addr 0x00000000000ffffa/size 7 specified");
}

static void put(Fixture *fixture, uint64_t gpa, uint64_t value)
{
    be64 raw = be64_make(value);
    g_assert_true(guest_memory_write(fixture->partition.memory, gpa, &raw, sizeof raw));
}

// Two pages of 4 KiB that lie the other way round, at the end of a kernel's tree of tables (Power ISA 3.1,
// book III, 6.7.10).
static void map_two_pages(Fixture *fixture)
{
    const uint64_t valid = 1ULL << 63, leaf = 1ULL << 62;
    const HypercallParts parts = {
        .vm = fixture->partition.vm, .vcpus = fixture->partition.vcpus, .mmu = fixture->mmu
    };
    hypercall_mmu_register(fixture->partition.hypercalls, &parts);
    put(fixture, 0x10000, 1ULL << 62 | 5ULL << 5 | 0x20000 | 13);
    put(fixture, 0x20000, valid | 0x30000 | 9);
    put(fixture, 0x30000, valid | 0x31000 | 9);
    put(fixture, 0x31000, valid | 0x32000 | 9);
    put(fixture, 0x32000, valid | leaf | 0x51187);
    put(fixture, 0x32008, valid | leaf | 0x50187);
    // FLAG_MODIFY, FLAG_REGISTER, FLAG_RADIX
    g_assert_cmpint(partition_call(&fixture->partition, H_REGISTER_PROC_TBL, 0x1c, 0x10000, 0, 0), ==, 0);
    fake_vcpu_set_msr(vcpu_kvm(vcpu_set_at(fixture->partition.vcpus, 1)), MSR_SF | MSR_ME | MSR_DR);
}

static void test_memsave_pages(Fixture *fixture, gconstpointer data)
{
    map_two_pages(fixture);
    g_assert_true(guest_memory_write(fixture->partition.memory, 0x51ffc, "one,", 4));
    g_assert_true(guest_memory_write(fixture->partition.memory, 0x50000, "two.", 5));
    g_assert_true(begin(fixture, "memsave",
        "{'val': <int64 -0x3ffffffffffff004>, 'size': <int64 9>, 'filename': <'PATH'>, 'cpu-index': <int64 "
        "1>}",
        NULL));
    run_until_idle(fixture);
    g_assert_cmpstr(fixture->error, ==, NULL);
    gsize length;
    g_autofree char *bytes = content(fixture, &length);
    g_assert_cmpstr(bytes, ==, "one,two.");
}

// In QEMU's words (10.0), but for what says more.
static void test_refusals(Fixture *fixture, gconstpointer data)
{
#define DUMP "dump-guest-memory", "{'paging': <false>, 'protocol': "
#define CORE DUMP "<'file:PATH'>, "
    static const char *const cases[][3] = {
        { DUMP "<'PATH'>}", "parameter 'protocol' must start with 'file:' or 'fd:'" },
        { DUMP "<'fd:a'>}", "File descriptor named 'a' has not been found" },
        { DUMP "<'file:/nonexistent/a'>}", "Could not create '/nonexistent/a': No such file or directory" },
        { CORE "'begin': <int64 0>}", "Parameter 'length' is missing" },
        { CORE "'length': <int64 0>}", "Parameter 'begin' is missing" },
        { CORE "'begin': <int64 0>, 'length': <int64 0>}", "parameter 'length' expects a non-zero size" },
        { CORE "'begin': <int64 1048576>, 'length': <int64 5>}", "dump: no guest memory to dump" },
        { CORE "'begin': <int64 -1>, 'length': <int64 5>}", "dump: no guest memory to dump" },
        { CORE "'format': <'kdump-zlib'>}", "kdump-zlib is not available now; use elf" },
        { CORE "'format': <'kdump-raw-snappy'>}", "kdump-raw-snappy is not available now; use elf" },
        { CORE "'format': <'win-dmp'>}", "Windows dump is only available for x86-64" },
        { "pmemsave", "{'val': <int64 1048570>, 'size': <int64 7>, 'filename': <'PATH'>}",
            "Invalid addr 0x00000000000ffffa/size 7 specified" },
        { "pmemsave", "{'val': <int64 0>, 'size': <int64 -1>, 'filename': <'PATH'>}",
            "Invalid addr 0x0000000000000000/size 18446744073709551615 specified" },
        { "memsave", "{'val': <int64 -1>, 'size': <int64 2>, 'filename': <'PATH'>}",
            "Invalid addr 0xffffffffffffffff/size 2 specified" },
        { "memsave", "{'val': <int64 0>, 'size': <int64 2>, 'filename': <'PATH'>, 'cpu-index': <int64 2>}",
            "Parameter 'cpu-index' expects a CPU number" },
        { "memsave", "{'val': <int64 0>, 'size': <int64 2>, 'filename': <'PATH'>, 'cpu-index': <int64 -1>}",
            "Parameter 'cpu-index' expects a CPU number" },
        { "pmemsave", "{'val': <int64 0>, 'size': <int64 1>, 'filename': <'/nonexistent/a'>}",
            "Could not create '/nonexistent/a': No such file or directory" },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(begin(fixture, cases[i][0], cases[i][1], &error));
        g_assert_cmpstr(error->message, ==, cases[i][2]);
        g_assert_cmpint(g_access(fixture->path, F_OK), <, 0);
    }
    g_assert_cmpstr(fixture->said->str, ==, "");
}

static void test_capability(Fixture *fixture, gconstpointer data)
{
    const Command *command = find("query-dump-guest-memory-capability");
    g_autoptr(GVariant) result = g_variant_ref_sink(command->run(&fixture->machine, NULL, NULL));
    g_autofree char *text = g_variant_print(result, FALSE);
    g_assert_cmpstr(text, ==, "{'formats': <[<'elf'>]>}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/dumper/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("whole", test_whole);
    ADD("range", test_range);
    ADD("descriptor", test_descriptor);
    ADD("not-still", test_not_still);
    ADD("full", test_full);
    ADD("busy", test_busy);
    ADD("end-before-it-began", test_end_before_it_began);
    ADD("end-meanwhile", test_end_meanwhile);
    ADD("pmemsave", test_pmemsave);
    ADD("memsave", test_memsave);
    ADD("memsave-pages", test_memsave_pages);
    ADD("refusals", test_refusals);
    ADD("capability", test_capability);
    return g_test_run();
}
