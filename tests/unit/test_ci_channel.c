// The disk of results as lparun-ci reads it: frames as init writes them, broken ones, and what a guest may
// write instead. Files that are collected stay in their folder.
#include "channel.h"
#include "collect.h"
#include "scratch_file.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SIZE (1u << 20)

typedef struct Disk {
    char *path;
    int file;
    guint64 at;
    guint32 number;
    Channel *channel;
    GString *told; // what came, a line each
} Disk;

static void on_started(void *owner, const char *release, const char *version)
{
    g_string_append_printf(owner, "started %s|%s\n", release, version);
}

static void on_output(void *owner, bool errors, const char *bytes, gsize length, double seconds)
{
    g_string_append_printf(
        owner, "%s %.*s %.1f\n", errors ? "errors" : "output", (int)length, bytes, seconds);
}

static void on_file(void *owner, const char *path, unsigned mode)
{
    g_string_append_printf(owner, "file %o %s\n", mode, path);
}

static void on_data(void *owner, const char *bytes, gsize length)
{
    g_string_append_printf(owner, "data %.*s\n", (int)length, bytes);
}

static void on_left(void *owner, const char *path, int error)
{
    g_string_append_printf(owner, "left %d %s\n", error, path);
}

static void on_fault(void *owner, const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_string_append_printf(owner, "fault %s\n", text);
}

static void on_ended(void *owner, const ChannelEnd *end)
{
    g_string_append_printf(
        owner, "%s %u %" G_GUINT64_FORMAT "\n", end->killed ? "signal" : "status", end->value, end->lost);
}

static void disk_open(Disk *disk)
{
    static const ChannelOps ops = { on_started, on_output, on_file, on_data, on_left, on_fault, on_ended };
    g_autoptr(GError) error = NULL;
    *disk = (Disk){ .at = DISK_FRAMES_AT, .told = g_string_new(NULL) };
    disk->path = scratch_file("", 0);
    g_assert_true(channel_make(disk->path, SIZE, &error));
    disk->channel = channel_open(disk->path, &ops, disk->told, &error);
    g_assert_no_error(error);
    disk->file = open(disk->path, O_RDWR);
}

static void disk_close(Disk *disk)
{
    channel_free(disk->channel);
    close(disk->file);
    scratch_remove(disk->path);
    g_string_free(disk->told, TRUE);
}

static void put(guint8 *to, guint64 value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        to[i] = (guint8)(value >> 8 * (size - 1 - i));
}

static guint64 sum_of(const guint8 *frame, gsize length)
{
    guint64 sum = 0xcbf29ce484222325u;
    for (gsize i = 0; i < FRAME_HEAD + length; i++)
        if (i < FRAME_AT_SUM || i >= FRAME_HEAD)
            sum = (sum ^ frame[i]) * 0x100000001b3u;
    return sum;
}

// As init does it; its length in the file.
static gsize fill(Disk *disk, guint8 frame[FRAME_MOST], FrameKind kind, const void *bytes, gsize length)
{
    memset(frame, 0, FRAME_MOST);
    put(frame + FRAME_AT_MAGIC, FRAME_MAGIC, 4);
    put(frame + FRAME_AT_KIND, kind, 4);
    put(frame + FRAME_AT_NUMBER, disk->number, 4);
    put(frame + FRAME_AT_LENGTH, length, 4);
    put(frame + FRAME_AT_TIME, 2500000000u, 8);
    memcpy(frame + FRAME_HEAD, bytes, length);
    put(frame + FRAME_AT_SUM, sum_of(frame, length), 8);
    return (FRAME_HEAD + length + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
}

static void write_frame(Disk *disk, FrameKind kind, const void *bytes, gsize length)
{
    static guint8 frame[FRAME_MOST];
    gsize size = fill(disk, frame, kind, bytes, length);
    g_assert_cmpint(pwrite(disk->file, frame, size, (off_t)disk->at), ==, size);
    disk->at += size;
    disk->number++;
}

static void write_text(Disk *disk, FrameKind kind, const char *text)
{
    write_frame(disk, kind, text, strlen(text));
}

#define WRITE(disk, kind, text) write_frame(disk, kind, text, sizeof text - 1)

static void assert_told(Disk *disk, const char *text)
{
    channel_poll(disk->channel);
    g_assert_cmpstr(disk->told->str, ==, text);
    g_string_truncate(disk->told, 0);
}

// --- Frames.

static void test_all_kinds(void)
{
    Disk disk;
    disk_open(&disk);
    assert_told(&disk, "");
    WRITE(&disk, FRAME_START, "6.12\0#1 SMP\0");
    write_text(&disk, FRAME_OUTPUT, "hello");
    assert_told(&disk, "started 6.12|#1 SMP\noutput hello 2.5\n");
    assert_told(&disk, "");
    write_text(&disk, FRAME_ERRORS, "oh");
    WRITE(&disk, FRAME_FILE, "\0\0\1\244/etc/x");
    write_text(&disk, FRAME_DATA, "bytes");
    WRITE(&disk, FRAME_LEFT, "\0\0\0\2/none");
    assert_told(&disk, "errors oh 2.5\nfile 644 /etc/x\ndata bytes\nleft 2 /none\n");
    g_assert_false(channel_is_broken(disk.channel));
    WRITE(&disk, FRAME_END, "\0\0\0\0\0\0\0\7\0\0\0\0\0\0\1\0");
    assert_told(&disk, "status 7 256\n");
    disk_close(&disk);
}

static void test_signal_and_nothing_behind(void)
{
    Disk disk;
    disk_open(&disk);
    WRITE(&disk, FRAME_END, "\0\0\0\1\0\0\0\11\0\0\0\0\0\0\0\0");
    write_text(&disk, FRAME_OUTPUT, "late");
    assert_told(&disk, "signal 9 0\n");
    g_assert_false(channel_is_broken(disk.channel));
    disk_close(&disk);
}

static void test_fault_is_text(void)
{
    Disk disk;
    disk_open(&disk);
    write_text(&disk, FRAME_FAULT, "no \xff disk: CONFIG_X");
    assert_told(&disk, "fault no \357\277\275 disk: CONFIG_X\n");
    disk_close(&disk);
}

static void test_largest_and_empty(void)
{
    Disk disk;
    g_autofree char *most = g_strnfill(FRAME_MOST - FRAME_HEAD, 'x');
    g_autofree char *told = g_strdup_printf("output %s 2.5\noutput  2.5\n", most);
    disk_open(&disk);
    write_text(&disk, FRAME_OUTPUT, most);
    write_text(&disk, FRAME_OUTPUT, "");
    assert_told(&disk, told);
    disk_close(&disk);
}

static void test_unknown_kind_is_passed_over(void)
{
    Disk disk;
    disk_open(&disk);
    write_text(&disk, 77, "?");
    write_text(&disk, FRAME_OUTPUT, "on");
    assert_told(&disk, "output on 2.5\n");
    disk_close(&disk);
}

// lparun writes at this moment: the head is there, the rest is not yet.
static void test_half_a_frame(void)
{
    static guint8 frame[FRAME_MOST];
    Disk disk;
    disk_open(&disk);
    g_autofree char *text = g_strnfill(3000, 'y');
    g_autofree char *told = g_strdup_printf("output %s 2.5\n", text);
    gsize size = fill(&disk, frame, FRAME_OUTPUT, text, 3000);
    g_assert_cmpint(pwrite(disk.file, frame, 1024, (off_t)disk.at), ==, 1024);
    assert_told(&disk, "");
    g_assert_true(channel_is_broken(disk.channel));
    g_assert_cmpint(pwrite(disk.file, frame + 1024, size - 1024, (off_t)disk.at + 1024), ==, size - 1024);
    assert_told(&disk, told);
    g_assert_false(channel_is_broken(disk.channel));
    disk_close(&disk);
}

// Each is one that init would never write; what comes behind is not believed.
static void spoil_and_read(gsize at, guint64 value, unsigned size, bool with_sum)
{
    static guint8 frame[FRAME_MOST];
    Disk disk;
    disk_open(&disk);
    gsize length = fill(&disk, frame, FRAME_OUTPUT, "bad", 3);
    put(frame + at, value, size);
    if (with_sum)
        put(frame + FRAME_AT_SUM, sum_of(frame, 3), 8);
    g_assert_cmpint(pwrite(disk.file, frame, length, (off_t)disk.at), ==, length);
    disk.at += length;
    disk.number++;
    write_text(&disk, FRAME_OUTPUT, "behind");
    assert_told(&disk, "");
    g_assert_true(channel_is_broken(disk.channel));
    disk_close(&disk);
}

static void test_bad_frames(void)
{
    spoil_and_read(FRAME_AT_MAGIC, 1, 4, true);
    spoil_and_read(FRAME_AT_NUMBER, 5, 4, true);
    spoil_and_read(FRAME_AT_LENGTH, 0xffffffff, 4, true);
    spoil_and_read(FRAME_AT_LENGTH, FRAME_MOST - FRAME_HEAD + 1, 4, true);
    spoil_and_read(FRAME_HEAD, 'B', 1, false);
    spoil_and_read(FRAME_AT_TIME, 1, 8, false);
}

static void test_short_frames_of_numbers(void)
{
    Disk disk;
    disk_open(&disk);
    write_text(&disk, FRAME_FILE, "abc");
    write_text(&disk, FRAME_LEFT, "");
    write_text(&disk, FRAME_END, "short");
    write_text(&disk, FRAME_START, "x");
    write_text(&disk, FRAME_OUTPUT, "on");
    assert_told(&disk, "started x|\noutput on 2.5\n");
    disk_close(&disk);
}

static void test_end_of_the_disk(void)
{
    Disk disk;
    g_autofree char *most = g_strnfill(FRAME_MOST - FRAME_HEAD, 'x');
    disk_open(&disk);
    while (disk.at + FRAME_MOST <= SIZE)
        write_text(&disk, FRAME_OUTPUT, most);
    g_assert_cmpint(ftruncate(disk.file, (off_t)disk.at - 100), ==, 0);
    channel_poll(disk.channel);
    g_assert_cmpuint(disk.told->len, ==, (SIZE / FRAME_MOST - 2) * (FRAME_MOST - FRAME_HEAD + 12));
    disk_close(&disk);
}

static void change(GRand *rand, guint8 *frame, gsize size)
{
    for (int changes = g_rand_int_range(rand, 0, 4); changes > 0; changes--)
        frame[g_rand_int_range(rand, 0, (gint32)MIN(size, 128))] = (guint8)g_rand_int(rand);
}

// Most are changed at random, some with a sum that fits all the same.
static void test_random_frames(void)
{
    static guint8 frame[FRAME_MOST];
    static const guint8 bytes[300] = "/a/b";
    g_autoptr(GRand) rand = g_rand_new_with_seed(12);
    for (int round = 0; round < 1000; round++) {
        Disk disk;
        disk_open(&disk);
        for (int i = g_rand_int_range(rand, 1, 6); i > 0; i--) {
            gsize length = (gsize)g_rand_int_range(rand, 0, 300);
            gsize size = fill(&disk, frame, (FrameKind)g_rand_int_range(rand, 0, 10), bytes, length);
            change(rand, frame, size);
            if (g_rand_boolean(rand))
                put(frame + FRAME_AT_SUM, sum_of(frame, MIN(length, 300)), 8);
            g_assert_cmpint(pwrite(disk.file, frame, size, (off_t)disk.at), ==, size);
            disk.at += size;
            disk.number++;
        }
        channel_poll(disk.channel);
        channel_is_broken(disk.channel);
        disk_close(&disk);
    }
}

static void test_no_disk(void)
{
    g_autoptr(GError) error = NULL, other = NULL;
    g_assert_false(channel_make("/nowhere/disk", SIZE, &error));
    g_assert_nonnull(strstr(error->message, "/nowhere/disk cannot be written: "));
    g_assert_null(channel_open("/nowhere/disk", NULL, NULL, &other));
    g_assert_nonnull(other);
}

// --- Files.

typedef struct Folder {
    char *path, *outside;
    Collect *collect;
} Folder;

static void folder_open(Folder *folder)
{
    folder->path = scratch_folder();
    folder->outside = g_build_filename(folder->path, "outside", NULL);
    g_autofree char *inside = g_build_filename(folder->path, "inside", NULL);
    g_assert_true(g_file_set_contents(folder->outside, "mine", -1, NULL));
    folder->collect = collect_new(inside);
}

static void folder_close(Folder *folder)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(folder->outside, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "mine");
    collect_free(folder->collect);
    scratch_remove_folder(folder->path);
    g_free(folder->outside);
}

static void send(Folder *folder, const char *path, const char *text)
{
    collect_file(folder->collect, path, 0755);
    collect_data(folder->collect, text, strlen(text));
}

static void assert_file(const Folder *folder, const char *path, const char *text)
{
    g_autofree char *whole = g_build_filename(folder->path, "inside", path, NULL), *found = NULL;
    g_file_get_contents(whole, &found, NULL, NULL);
    g_assert_cmpstr(found, ==, text);
}

static void test_collect(void)
{
    Folder folder;
    folder_open(&folder);
    send(&folder, "/etc/deep//./x", "one");
    collect_data(folder.collect, "more", 4);
    send(&folder, "plain", "two");
    send(&folder, "/etc/deep/x", "again");
    assert_file(&folder, "etc/deep/x", "again");
    assert_file(&folder, "plain", "two");
    g_assert_cmpuint(collect_complaints(folder.collect)->len, ==, 0);
    g_assert_cmpuint(collect_count(folder.collect), ==, 3);
    folder_close(&folder);
}

static void test_collect_stays_inside(void)
{
    static const char *const paths[] = { "../outside", "/../outside", "a/../../outside", "..", "/", "", ".",
        "a/.." };
    Folder folder;
    folder_open(&folder);
    for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++)
        send(&folder, paths[i], "stolen");
    g_assert_cmpuint(collect_complaints(folder.collect)->len, ==, G_N_ELEMENTS(paths));
    g_assert_cmpuint(collect_count(folder.collect), ==, 0);
    folder_close(&folder);
}

// Links that were there before, in the place of the file and of a folder.
static void test_collect_follows_no_link(void)
{
    Folder folder;
    folder_open(&folder);
    send(&folder, "a", "first");
    g_autofree char *link = g_build_filename(folder.path, "inside/link", NULL);
    g_autofree char *up = g_build_filename(folder.path, "inside/up", NULL);
    g_assert_cmpint(symlink(folder.outside, link), ==, 0);
    g_assert_cmpint(symlink("..", up), ==, 0);
    send(&folder, "link", "new");
    send(&folder, "up/outside", "stolen");
    send(&folder, "a/b", "a is no folder");
    assert_file(&folder, "link", "new");
    g_assert_false(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_assert_cmpuint(collect_complaints(folder.collect)->len, ==, 2);
    folder_close(&folder);
}

static void test_collect_long_names(void)
{
    Folder folder;
    g_autofree char *name = g_strnfill(300, 'n');
    GString *path = g_string_new(NULL);
    for (int i = 0; i < 200; i++)
        g_string_append(path, "/d");
    folder_open(&folder);
    send(&folder, name, "x");
    send(&folder, path->str, "x");
    g_assert_cmpuint(collect_count(folder.collect), ==, 0);
    for (int i = 0; i < 1000; i++)
        collect_left(folder.collect, "/a\nb\033", ENOENT);
    g_assert_cmpuint(collect_complaints(folder.collect)->len, ==, 200);
    g_assert_cmpstr(
        collect_complaints(folder.collect)->pdata[2], ==, "/a\\nb\\033: No such file or directory");
    g_string_free(path, TRUE);
    folder_close(&folder);
}

// Of a write some bytes may go, and the error comes with the next.
static void test_collect_without_room(void)
{
    Folder folder;
    struct rlimit before;
    folder_open(&folder);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 3, before.rlim_max }), ==, 0);
    send(&folder, "full", "seven b");
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    collect_data(folder.collect, "more", 4);
    assert_file(&folder, "full", "sev");
    g_assert_cmpuint(collect_complaints(folder.collect)->len, ==, 1);
    g_assert_cmpstr(collect_complaints(folder.collect)->pdata[0], ==, "full: File too large");
    folder_close(&folder);
}

static void test_collect_permissions(void)
{
    Folder folder;
    struct stat status;
    folder_open(&folder);
    collect_file(folder.collect, "s", 0106755);
    g_autofree char *path = g_build_filename(folder.path, "inside/s", NULL);
    g_assert_cmpint(stat(path, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 06000, ==, 0);
    folder_close(&folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/all-kinds", test_all_kinds);
    g_test_add_func("/channel/signal", test_signal_and_nothing_behind);
    g_test_add_func("/channel/fault", test_fault_is_text);
    g_test_add_func("/channel/largest", test_largest_and_empty);
    g_test_add_func("/channel/unknown", test_unknown_kind_is_passed_over);
    g_test_add_func("/channel/half", test_half_a_frame);
    g_test_add_func("/channel/bad", test_bad_frames);
    g_test_add_func("/channel/short", test_short_frames_of_numbers);
    g_test_add_func("/channel/end-of-disk", test_end_of_the_disk);
    g_test_add_func("/channel/random", test_random_frames);
    g_test_add_func("/channel/no-disk", test_no_disk);
    g_test_add_func("/collect/all", test_collect);
    g_test_add_func("/collect/inside", test_collect_stays_inside);
    g_test_add_func("/collect/links", test_collect_follows_no_link);
    g_test_add_func("/collect/long", test_collect_long_names);
    g_test_add_func("/collect/no-room", test_collect_without_room);
    g_test_add_func("/collect/permissions", test_collect_permissions);
    return g_test_run();
}
