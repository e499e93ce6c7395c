// listen_on FD PATH COMMAND...: runs the command with a descriptor that listens on a Unix socket, as managers
// do.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (argc < 4)
        return 2;
    int wanted = atoi(argv[1]), fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strncpy(address.sun_path, argv[2], sizeof address.sun_path - 1);
    unlink(argv[2]);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0) {
        perror(argv[2]);
        return 1;
    }
    if (fd != wanted) {
        dup2(fd, wanted);
        close(fd);
    }
    execvp(argv[3], argv + 3);
    perror(argv[3]);
    return 1;
}
