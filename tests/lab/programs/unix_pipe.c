// Joins standard input and output with a Unix socket: unix_pipe PATH. Waits up to a minute for the socket to
// be there. Ends when the other side does.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    for (int tries = 0; tries < 600; tries++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
            return fd;
        close(fd);
        usleep(100000);
    }
    return -1;
}

// False at the end of what is read, or when it cannot be written.
static int copy(int from, int to)
{
    char bytes[65536];
    ssize_t length = read(from, bytes, sizeof bytes);
    for (ssize_t done = 0; done < length;) {
        ssize_t result = write(to, bytes + done, (size_t)(length - done));
        if (result < 0)
            return 0;
        done += result;
    }
    return length > 0;
}

int main(int argc, char **argv)
{
    int fd = argc == 2 ? connect_to(argv[1]) : -1;
    if (fd < 0) {
        fprintf(stderr, "unix_pipe: %s: %s\n", argc == 2 ? argv[1] : "no path", strerror(errno));
        return 1;
    }
    struct pollfd watched[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
    for (;;) {
        if (poll(watched, 2, -1) < 0)
            return 1;
        if (watched[1].revents && !copy(fd, STDOUT_FILENO))
            return 0;
        if (watched[0].revents && !copy(STDIN_FILENO, fd))
            watched[0].fd = -1; // no more to say, but there may be more to hear
    }
}
