// Files, FIFOs, pseudo-terminals, devices and memory behind a chardev, and logs beside it.
#include "char_here.h"
#include "lparun/error.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Fixture {
    Chardevs *chardevs;
    char *folder, *path;
} Fixture;

typedef struct FileValues {
    const char *path, *input;
    bool append;
} FileValues;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->chardevs = chardevs_new();
    fixture->folder = g_dir_make_tmp("lparun-char-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "file", NULL);
    const ChardevHost host = { 0 };
    chardevs_start(fixture->chardevs, &host);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    if (fixture->chardevs)
        chardevs_free(fixture->chardevs);
    g_unlink(fixture->path);
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->folder);
    g_free(fixture->path);
    g_assert_false(g_main_context_pending(NULL));
}

static void put(Chardev *chardev, const char *text)
{
    g_assert_true(chardev_put(chardev, (const uint8_t *)text, strlen(text)));
}

// All is written by then.
static void end(Fixture *fixture)
{
    chardevs_stop(fixture->chardevs);
    g_clear_pointer(&fixture->chardevs, chardevs_free);
}

static void assert_content(const char *path, const char *text)
{
    g_autofree char *content = NULL;
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, text);
}

static void assert_refused(
    Fixture *fixture, const char *kind, const char *log, const void *values, const char *message)
{
    g_autoptr(GError) error = NULL;
    const ChardevCommon common = { .id = (char *)"refused", .log = (char *)log };
    g_assert_null(chardevs_add(fixture->chardevs, char_kind(kind), &common, values, &error));
    if (!strstr(error->message, message))
        g_error("'%s' does not say '%s'", error->message, message);
}

// What is in a file goes, or stays.
static void test_file(Fixture *fixture, gconstpointer append)
{
    g_assert_true(g_file_set_contents(fixture->path, "before ", -1, NULL));
    const FileValues values = { .path = fixture->path, .append = append };
    Chardev *chardev = char_add(fixture->chardevs, "file", "a", &values);
    put(chardev, "one ");
    put(chardev, "two");
    end(fixture);
    assert_content(fixture->path, append ? "before one two" : "one two");
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
    while (g_dir_read_name(folder))
        count++;
    return count;
}

static void test_file_input(Fixture *fixture, gconstpointer data)
{
    g_autofree char *input = g_build_filename(fixture->folder, "input", NULL);
    g_assert_true(g_file_set_contents(input, "typed", -1, NULL));
    const FileValues values = { .path = fixture->path, .input = input };
    char_run_loop(); // which has one of its own
    unsigned before = count_descriptors();
    Chardev *chardev = char_add(fixture->chardevs, "file", "a", &values);
    CharUser user;
    char_user_attach(&user, chardev, false);
    CHAR_AWAIT(user.got->len == 5);
    g_assert_cmpstr(user.got->str, ==, "typed");
    char_run_loop();
    g_assert_cmpuint(count_descriptors(), ==, before + 1); // its end was seen, and it is closed
    g_unlink(input);
    char_user_free(&user);
}

static void test_refused(Fixture *fixture, gconstpointer data)
{
    g_autofree char *none = g_build_filename(fixture->folder, "none", "file", NULL);
    g_autofree char *fifo = g_build_filename(fixture->folder, "fifo", NULL);
    const FileValues values = { .path = none }, unread = { .path = fifo };
    const FileValues no_input = { .path = fixture->path, .input = none };
    const char *file = fixture->path;
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    assert_refused(
        fixture, "file", NULL, &values, "No such file or directory; give a file that can be written");
    assert_refused(
        fixture, "file", NULL, &unread, "No such device or address"); // nobody reads it: not waited for
    assert_refused(fixture, "file", NULL, &no_input, "input-path=");
    assert_refused(fixture, "null", none, NULL, "logfile=");
    assert_refused(fixture, "null", fifo, NULL, "No such device or address"); // nor here
    assert_refused(fixture, "pipe", NULL, &none, "; make the FIFOs ");
    assert_refused(fixture, "serial", NULL, &none, "No such file or directory");
    assert_refused(fixture, "serial", NULL, &file, "no terminal; give a terminal's device");
    assert_refused(fixture, "pty", NULL, &file, "File exists; give a path where a link can be made");
    assert_refused(fixture, "vc", NULL, &none, "it needs a display");
    assert_refused(fixture, "ringbuf", NULL, &(uint64_t){ 3000 }, "not a power of two");
    g_unlink(fifo);
}

// All that a chardev says is in its log, and all or nothing of it.
static void test_log(Fixture *fixture, gconstpointer append)
{
    g_assert_true(g_file_set_contents(fixture->path, "before ", -1, NULL));
    const ChardevCommon common = { .id = (char *)"a", .log = fixture->path, .log_append = append };
    Chardev *chardev = chardevs_add(fixture->chardevs, char_kind("null"), &common, NULL, NULL);
    put(chardev, "said");
    end(fixture);
    assert_content(fixture->path, append ? "before said" : "said");
}

// All that is in it, in pieces; returns how much.
static size_t read_away(Chardev *chardev)
{
    size_t all = 0, length;
    do {
        g_autoptr(GBytes) bytes = chardev_ring_read(chardev, SIZE_MAX);
        length = g_bytes_get_size(bytes);
        g_assert_cmpuint(length, <=, CHARDEV_RING_READ);
        all += length;
    } while (length > 0);
    return all;
}

static void test_log_unread(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
    int reader = open(fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const ChardevCommon common = { .id = (char *)"a", .log = fixture->path };
    Chardev *chardev =
        chardevs_add(fixture->chardevs, char_kind("ringbuf"), &common, &(uint64_t){ 1 << 20 }, NULL);
    static uint8_t line[1000];
    size_t taken = 0;
    for (unsigned refused = 0; refused < 50; g_usleep(1000)) {
        bool done = chardev_put(chardev, line, sizeof line);
        taken += done ? sizeof line : 0;
        refused = done ? 0 : refused + 1;
    }
    g_assert_cmpuint(read_away(chardev), ==, taken);
    close(reader); // it goes on without one
    for (unsigned left = 10000; !chardev_put(chardev, line, sizeof line); left--, g_usleep(100))
        g_assert_cmpuint(left, >, 0);
}

static void test_pipe(Fixture *fixture, gconstpointer data)
{
    g_autofree char *in = g_strconcat(fixture->path, ".in", NULL),
                    *out = g_strconcat(fixture->path, ".out", NULL);
    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    Chardev *chardev = char_add(fixture->chardevs, "pipe", "a", &fixture->path);
    CharUser user;
    char_user_attach(&user, chardev, false);
    for (unsigned i = 0; i < 2; i++) { // a writer that goes is not the last
        int writer = open(in, O_WRONLY | O_CLOEXEC);
        g_assert_cmpint(write(writer, "typed", 5), ==, 5);
        close(writer);
        CHAR_AWAIT(user.got->len == 5 * (i + 1));
    }
    put(chardev, "said");
    char text[16];
    int reader = open(out, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    g_assert_cmpint(read(reader, text, sizeof text), ==, 4);
    close(reader);
    g_unlink(in);
    g_unlink(out);
    char_user_free(&user);
}

// Without the line that names it, which would be one of the test's.
static Chardev *add_pty(Fixture *fixture, const char *link)
{
    int before = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    fflush(stdout);
    dup2(nowhere, STDOUT_FILENO);
    Chardev *chardev = char_add(fixture->chardevs, "pty", "a", &link);
    dup2(before, STDOUT_FILENO);
    close(before);
    close(nowhere);
    return chardev;
}

// Output is for who has it open; input and mode stay right from one to the next.
static void test_pty(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_pty(fixture, fixture->path);
    g_autofree char *name = chardev_describe(chardev), *target = g_file_read_link(fixture->path, NULL);
    g_assert_true(g_str_has_prefix(name, "pty:/dev/pts/"));
    g_assert_cmpstr(name + strlen("pty:"), ==, target);
    CharUser user;
    char_user_attach(&user, chardev, true);
    for (unsigned i = 1; i <= 3; i++) {
        put(chardev, "nobody hears");
        int other = open(target, O_RDWR | O_NOCTTY | O_CLOEXEC);
        CHAR_AWAIT(user.peers == i);
        put(chardev, "hello\n");
        char text[64];
        g_assert_cmpint(read(other, text, sizeof text), ==, 6); // raw: no carriage return
        g_assert_cmpint(write(other, "hi\003", 3), ==, 3);
        CHAR_AWAIT(user.got->len == 3 * i);
        close(other);
        CHAR_AWAIT(user.leaves == i);
    }
    char_user_free(&user);
    g_assert_cmpint(g_access(fixture->path, F_OK), ==, 0);
    end(fixture);
    g_assert_null(g_file_read_link(fixture->path, NULL));
}

// A guest that does not read hears of it nevertheless when the other end goes, and is never kept waiting.
static void test_pty_unread(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = add_pty(fixture, NULL);
    g_autofree char *name = chardev_describe(chardev);
    CharUser user;
    char_user_attach(&user, chardev, true);
    user.room = 1;
    int other = open(name + strlen("pty:"), O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHAR_AWAIT(user.peers == 1);
    g_assert_cmpint(write(other, "abc", 3), ==, 3);
    CHAR_AWAIT(user.got->len == 1);
    static uint8_t line[1000];
    while (chardev_put(chardev, line, sizeof line)) // nor does anybody there
        continue;
    close(other);
    CHAR_AWAIT(user.leaves == 1);
    for (unsigned i = 0; i < 100; i++)
        g_assert_true(chardev_put(chardev, line, sizeof line));
    char_user_free(&user);
}

static void test_device(Fixture *fixture, gconstpointer data)
{
    int other = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    g_assert_true(other >= 0 && grantpt(other) == 0 && unlockpt(other) == 0);
    const char *path = ptsname(other);
    Chardev *chardev = char_add(fixture->chardevs, "serial", "a", &path);
    CharUser user;
    char text[64];
    char_user_attach(&user, chardev, false);
    put(chardev, "out\n");
    g_assert_cmpint(read(other, text, sizeof text), ==, 4);
    g_assert_cmpint(write(other, "in\r", 3), ==, 3);
    CHAR_AWAIT(user.got->len == 3);
    g_assert_cmpstr(user.got->str, ==, "in\r");
    close(other); // hung up: the guest goes on
    char_run_loop();
    for (unsigned i = 0; i < 100000; i++)
        chardev_put(chardev, (uint8_t *)text, 16);
    char_user_free(&user);
}

static void assert_ring(Chardev *chardev, size_t most, const char *text)
{
    g_autoptr(GBytes) bytes = chardev_ring_read(chardev, most);
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    g_assert_cmpuint(length, ==, strlen(text));
    g_assert_true(length == 0 || memcmp(data, text, length) == 0);
}

// The last of what was said, once.
static void test_ring(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = char_add(fixture->chardevs, "ringbuf", "a", &(uint64_t){ 8 });
    put(chardev, "abc");
    put(chardev, "defghijkl");
    assert_ring(chardev, 3, "efg");
    assert_ring(chardev, 100, "hijkl");
    assert_ring(chardev, 100, "");
    g_assert_null(chardev_ring_read(char_add(fixture->chardevs, "null", "b", NULL), 1));
}

// However much is in it, what is read at once fits into an answer.
static void test_large_ring(Fixture *fixture, gconstpointer data)
{
    Chardev *chardev = char_add(fixture->chardevs, "ringbuf", "a", &(uint64_t){ 1 << 20 });
    static const uint8_t bytes[CHARDEV_PUT];
    for (unsigned i = 0; i < 300; i++)
        g_assert_true(chardev_put(chardev, bytes, sizeof bytes));
    g_assert_cmpuint(read_away(chardev), ==, 1 << 20);
}

// Datagrams both ways, and nobody there at first.
static void test_udp(Fixture *fixture, gconstpointer data)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof address;
    int peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(peer, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(getsockname(peer, (struct sockaddr *)&address, &length), ==, 0);
    g_autofree char *port = g_strdup_printf("%u", ntohs(address.sin_port));
    const struct {
        const char *host, *port, *local_host, *local_port;
        bool ipv4, ipv6;
    } values = { "127.0.0.1", port, "127.0.0.1", NULL, false, false };
    close(peer);
    Chardev *chardev = char_add(fixture->chardevs, "udp", "a", &values);
    CharUser user;
    char text[16];
    char_user_attach(&user, chardev, false);
    for (unsigned i = 0; i < 3; i++) {
        put(chardev, "nobody");
        char_run_loop();
    }
    peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(peer, (struct sockaddr *)&address, sizeof address), ==, 0);
    put(chardev, "said");
    length = sizeof address;
    g_assert_cmpint(recvfrom(peer, text, sizeof text, 0, (struct sockaddr *)&address, &length), ==, 4);
    g_assert_cmpint(sendto(peer, "heard", 5, 0, (struct sockaddr *)&address, length), ==, 5);
    CHAR_AWAIT(user.got->len == 5);
    close(peer);
    char_user_free(&user);
}

// By their ids: one of each, taken away when nobody has it.
static void test_set(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    Chardev *chardev = char_add(fixture->chardevs, "null", "a", NULL);
    const ChardevCommon again = { .id = (char *)"a" };
    g_assert_null(chardevs_add(fixture->chardevs, &null_chardev, &again, NULL, NULL));
    g_assert_true(chardevs_find(fixture->chardevs, "a") == chardev);
    g_assert_true(chardevs_at(fixture->chardevs, 0) == chardev);
    g_assert_null(chardevs_at(fixture->chardevs, 1));
    CharUser user;
    char_user_attach(&user, chardev, false);
    g_assert_true(chardev_is_used(chardev));
    g_assert_false(chardevs_remove(fixture->chardevs, "a", &error));
    g_assert_cmpstr(error->message, ==, "Chardev 'a' is busy");
    chardev_more(chardev);
    chardev_detach(chardev, &user);
    g_assert_true(chardevs_remove(fixture->chardevs, "a", NULL)); // with news for its users under way
    g_assert_false(chardevs_remove(fixture->chardevs, "a", NULL));
    char_user_free(&user);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, data, test) g_test_add("/char-files/" name, Fixture, data, set_up, test, tear_down)
    ADD("file", NULL, test_file);
    ADD("file-append", "append", test_file);
    ADD("file-input", NULL, test_file_input);
    ADD("refused", NULL, test_refused);
    ADD("log", NULL, test_log);
    ADD("log-append", "append", test_log);
    ADD("log-unread", NULL, test_log_unread);
    ADD("pipe", NULL, test_pipe);
    ADD("pty", NULL, test_pty);
    ADD("pty-unread", NULL, test_pty_unread);
    ADD("device", NULL, test_device);
    ADD("ring", NULL, test_ring);
    ADD("large-ring", NULL, test_large_ring);
    ADD("udp", NULL, test_udp);
    ADD("set", NULL, test_set);
    return g_test_run();
}
