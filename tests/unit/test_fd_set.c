// Descriptors in sets, and the paths of their files.
#include "lparun/fd_set.h"
#include "scratch_file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

typedef struct Fixture {
    char *path;
    int reads, writes; // the file, open for one of them
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->path = scratch_file("text", 4);
    fixture->reads = open(fixture->path, O_RDONLY | O_CLOEXEC);
    fixture->writes = open(fixture->path, O_RDWR | O_CLOEXEC);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    fd_set_clear();
    scratch_remove(fixture->path);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int access_of(const char *path, int flags)
{
    int fd = fd_set_open(path, flags | O_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    close(fd);
    return mode;
}

static void test_open(Fixture *fixture, gconstpointer data)
{
    struct stat status;
    g_assert_cmpint(access_of("/dev/fdset/7", O_RDONLY), ==, -ENOENT);
    fd_set_add(7, fixture->reads, NULL);
    g_assert_cmpint(access_of("/dev/fdset/7", O_RDONLY), ==, O_RDONLY);
    g_assert_cmpint(access_of("/dev/fdset/7", O_RDWR), ==, -EACCES);
    fd_set_add(7, fixture->writes, NULL);
    g_assert_cmpint(access_of("/dev/fdset/7", O_RDWR), ==, O_RDWR);
    g_assert_cmpint(access_of("/dev/fdset/7", O_RDONLY), ==, O_RDONLY);
    g_assert_cmpint(access_of("/dev/fdset/8", O_RDONLY), ==, -ENOENT);
    g_assert_cmpint(access_of("/dev/fdset/", O_RDONLY), ==, -ENOENT);
    g_assert_cmpint(access_of("/dev/fdset/7x", O_RDONLY), ==, -ENOENT);
    g_assert_cmpint(access_of("/dev/fdset/99999999999999999999", O_RDONLY), ==, -ENOENT);
    g_assert_cmpint(fd_set_stat("/dev/fdset/7", &status), ==, 0);
    g_assert_cmpint(status.st_size, ==, 4);
    g_assert_cmpint(fd_set_stat("/dev/fdset/8", &status), ==, -1);
    // Any other path is one.
    g_assert_cmpint(access_of(fixture->path, O_RDWR), ==, O_RDWR);
    g_assert_cmpint(fd_set_stat(fixture->path, &status), ==, 0);
    g_assert_cmpint(access_of("/dev/fdsets/7", O_RDONLY), ==, -ENOENT);
}

static void test_sets(Fixture *fixture, gconstpointer data)
{
    g_assert_cmpint(fd_set_add(2, fixture->reads, "a")->id, ==, 2);
    g_assert_cmpint(fd_set_add(-1, fixture->writes, NULL)->id, ==, 0); // the lowest that is free
    g_assert_cmpint(fd_set_at(0)->id, ==, 0);
    g_assert_cmpint(fd_set_at(1)->id, ==, 2);
    g_assert_null(fd_set_at(2));
    g_assert_cmpstr(g_array_index(fd_set_at(1)->fds, FdInSet, 0).opaque, ==, "a");
    g_assert_false(fd_set_remove(3, -1));
    g_assert_false(fd_set_remove(2, fixture->writes));
    g_assert_true(fd_set_remove(2, fixture->reads));
    g_assert_false(is_open(fixture->reads));
    g_assert_true(fd_set_remove(0, -1));
    g_assert_false(is_open(fixture->writes));
    g_assert_null(fd_set_at(0));
}

// What a client sends is bounded.
static void test_many(Fixture *fixture, gconstpointer data)
{
    unsigned count = 0;
    while (fd_set_add(count % 8, fcntl(fixture->reads, F_DUPFD_CLOEXEC, 0), NULL))
        count++;
    g_assert_cmpuint(count, ==, 256);
    close(fixture->reads);
    close(fixture->writes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/fd-set/" name, Fixture, NULL, set_up, test, tear_down)
    ADD("open", test_open);
    ADD("sets", test_sets);
    ADD("many", test_many);
    return g_test_run();
}
