/*
 * Starts a program and tells how long it takes to write its first byte on standard output.
 *
 * usage: first_byte MATCH PROGRAM [ARGUMENT...]
 *
 * Prints "byte MICROSECONDS" at the first byte and, if MATCH is not empty, "match MICROSECONDS" when
 * the output has held MATCH; then the program is killed. Time starts before fork, so that exec and
 * the loading of libraries count.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 1 << 16, LIMIT_SECONDS = 60 };

static long microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static pid_t start(char **argv, int *out)
{
    int ends[2];
    pid_t child;

    if (pipe(ends) < 0)
        return -1;
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    return child;
}

int main(int argc, char **argv)
{
    static char kept[KEPT];
    size_t used = 0;
    int out, matched = 0;
    long began;
    pid_t child;

    if (argc < 3) {
        fprintf(stderr, "usage: first_byte MATCH PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    began = microseconds();
    child = start(argv + 2, &out);
    if (child < 0) {
        perror("first_byte");
        return 1;
    }
    alarm(LIMIT_SECONDS); /* ends us; the child goes with its job */
    while (!matched && used < KEPT - 1) {
        ssize_t got = read(out, kept + used, KEPT - 1 - used);

        if (got <= 0)
            break;
        if (used == 0)
            printf("byte %ld\n", microseconds() - began);
        used += (size_t)got;
        matched = memmem(kept, used, argv[1], strlen(argv[1])) != NULL;
    }
    if (matched)
        printf("match %ld\n", microseconds() - began);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return matched ? 0 : 1;
}
