// An LD_PRELOAD that gives a program FEW_THREADS threads besides its first, and no more: pthread_create then
// fails as it does where a limit is reached.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*begin)(void *data), void *data)
{
    static int made;
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        dlsym(RTLD_NEXT, "pthread_create");
    const char *few = getenv("FEW_THREADS");
    if (few && __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED) >= atoi(few))
        return EAGAIN;
    return real(thread, attributes, begin, data);
}
