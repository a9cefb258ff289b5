/*
 * fault_calls.c - the C library's functions, as fault_library.h lets them fail.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults/fault_library_internal.h"

#define REAL(name)                                                                                 \
    ({                                                                                             \
        static __typeof__(&name) real_function;                                                    \
        if (real_function == NULL)                                                                 \
            *(void **)&real_function = dlsym(RTLD_NEXT, #name);                                    \
        real_function;                                                                             \
    })

#define CALLER __builtin_return_address(0)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

/* These are what other libraries are to find. */
#pragma GCC visibility push(default)

void *malloc(size_t size)
{
    void *memory = fails(FAULT_ALLOCATION, CALLER, ENOMEM) ? NULL : __libc_malloc(size);
    cover_remains(memory, 0, CALLER);
    return note(memory, size, CALLER);
}

void *calloc(size_t items, size_t size)
{
    return fails(FAULT_ALLOCATION, CALLER, ENOMEM)
               ? NULL
               : note(__libc_calloc(items, size), items * size, CALLER);
}

static void *change_size(void *memory, size_t size, const void *caller)
{
    if (fails(FAULT_ALLOCATION, caller, ENOMEM))
        return NULL;
    look_for_secrets(memory, caller);
    forget(memory);
    size_t kept = memory != NULL ? malloc_usable_size(memory) : 0;
    void *changed = __libc_realloc(memory, size);
    cover_remains(changed, kept, caller);
    if (changed == NULL && size > 0)
        note(memory, size, caller);
    return note(changed, size, caller);
}

void *realloc(void *memory, size_t size)
{
    return change_size(memory, size, CALLER);
}

void *reallocarray(void *memory, size_t items, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(items, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    return change_size(memory, whole, CALLER);
}

void free(void *memory)
{
    look_for_secrets(memory, CALLER);
    forget(memory);
    __libc_free(memory);
}

static char *copy(const char *text, size_t length, const void *caller)
{
    char *out = fails(FAULT_ALLOCATION, caller, ENOMEM)
                    ? NULL
                    : note(__libc_malloc(length + 1), length + 1, caller);
    if (out != NULL) {
        memcpy(out, text, length);
        out[length] = '\0';
    }
    return out;
}

char *strdup(const char *text)
{
    return copy(text, strlen(text), CALLER);
}

char *strndup(const char *text, size_t limit)
{
    return copy(text, strnlen(text, limit), CALLER);
}

static int print(char **out, const char *format, va_list arguments, const void *caller)
{
    if (fails(FAULT_ALLOCATION, caller, ENOMEM))
        return -1;
    int length = vasprintf(out, format, arguments);
    if (length >= 0)
        note(*out, (size_t)length + 1, caller);
    return length;
}

int asprintf(char **out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = print(out, format, arguments, CALLER);
    va_end(arguments);
    return length;
}

int __asprintf_chk(char **out, int flag, const char *format, ...);
int __asprintf_chk(char **out, int flag, const char *format, ...)
{
    va_list arguments;
    (void)flag;
    va_start(arguments, format);
    int length = print(out, format, arguments, CALLER);
    va_end(arguments);
    return length;
}

int socket(int family, int type, int protocol)
{
    return fails(FAULT_SOCKET, CALLER, EMFILE) ? -1 : REAL(socket)(family, type, protocol);
}

/* An interrupted one goes on in the background. */
int connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    enum fault_manner manner = judge(FAULT_CONNECT, CALLER);
    if (manner == FAULT_NONE)
        return REAL(connect)(descriptor, address, length);
    if (manner == FAULT_INTERRUPT)
        REAL(connect)(descriptor, address, length);
    errno = manner == FAULT_INTERRUPT ? EINTR : ECONNREFUSED;
    return -1;
}

int poll(struct pollfd *polled, nfds_t items, int milliseconds)
{
    return fails(FAULT_POLL, CALLER, ENOMEM) ? -1 : REAL(poll)(polled, items, milliseconds);
}

/* How many bytes a call that carries some may ask for; 0: it fails, with errno. */
static size_t allow(enum fault_call call, const void *caller, size_t size, int reason)
{
    enum fault_manner manner = judge(call, caller);
    if (manner == FAULT_NONE || size == 0)
        return size;
    if (manner == FAULT_SHORT)
        return 1;
    errno = manner == FAULT_AGAIN ? EAGAIN : manner == FAULT_INTERRUPT ? EINTR : reason;
    return 0;
}

ssize_t send(int descriptor, const void *bytes, size_t size, int flags)
{
    size_t allowed = allow(FAULT_SEND, CALLER, size, ECONNRESET);
    return allowed == 0 && size > 0 ? -1 : REAL(send)(descriptor, bytes, allowed, flags);
}

ssize_t recv(int descriptor, void *bytes, size_t size, int flags)
{
    size_t allowed = allow(FAULT_RECV, CALLER, size, ECONNRESET);
    return allowed == 0 && size > 0 ? -1 : REAL(recv)(descriptor, bytes, allowed, flags);
}

ssize_t read(int descriptor, void *bytes, size_t size)
{
    size_t allowed = allow(FAULT_READ, CALLER, size, EIO);
    return allowed == 0 && size > 0 ? -1 : REAL(read)(descriptor, bytes, allowed);
}

int eventfd(unsigned initial, int flags)
{
    return fails(FAULT_EVENTFD, CALLER, EMFILE) ? -1 : REAL(eventfd)(initial, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    return fails(FAULT_THREAD, CALLER, EAGAIN)
               ? EAGAIN
               : REAL(pthread_create)(thread, attributes, run, argument);
}

int mprotect(void *memory, size_t size, int protection)
{
    return fails(FAULT_MPROTECT, CALLER, EACCES) ? -1 : REAL(mprotect)(memory, size, protection);
}

int dup3(int from, int to, int flags)
{
    return fails(FAULT_DUP3, CALLER, EMFILE) ? -1 : REAL(dup3)(from, to, flags);
}

int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags)
{
    return fails(FAULT_ACCEPT, CALLER, EMFILE) ? -1
                                               : REAL(accept4)(listener, address, length, flags);
}

int bind(int descriptor, const struct sockaddr *address, socklen_t length)
{
    return fails(FAULT_LISTEN, CALLER, EADDRNOTAVAIL) ? -1
                                                      : REAL(bind)(descriptor, address, length);
}

int listen(int descriptor, int backlog)
{
    return fails(FAULT_LISTEN, CALLER, EADDRINUSE) ? -1 : REAL(listen)(descriptor, backlog);
}

int getsockname(int descriptor, struct sockaddr *address, socklen_t *length)
{
    return fails(FAULT_LISTEN, CALLER, ENOBUFS) ? -1
                                                : REAL(getsockname)(descriptor, address, length);
}

int getpeername(int descriptor, struct sockaddr *address, socklen_t *length)
{
    return fails(FAULT_SOCKETS, CALLER, ENOTCONN) ? -1
                                                  : REAL(getpeername)(descriptor, address, length);
}

int getsockopt(int descriptor, int level, int name, void *value, socklen_t *length)
{
    return fails(FAULT_SOCKETS, CALLER, ENOBUFS)
               ? -1
               : REAL(getsockopt)(descriptor, level, name, value, length);
}

int setsockopt(int descriptor, int level, int name, const void *value, socklen_t length)
{
    return fails(FAULT_SOCKETS, CALLER, ENOBUFS)
               ? -1
               : REAL(setsockopt)(descriptor, level, name, value, length);
}

int shutdown(int descriptor, int how)
{
    return fails(FAULT_SHUTDOWN, CALLER, ENOTCONN) ? -1 : REAL(shutdown)(descriptor, how);
}

/* Its third argument is a number or an address, and both travel alike. */
static int control(int descriptor, int command, void *argument, const void *caller)
{
    return fails(FAULT_SOCKETS, caller, EMFILE) ? -1 : REAL(fcntl)(descriptor, command, argument);
}

int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return control(descriptor, command, argument, CALLER);
}

int fcntl64(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return control(descriptor, command, argument, CALLER);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails(FAULT_FILE, CALLER, EMFILE) ? -1 : REAL(open)(path, flags, mode);
}

FILE *fopen(const char *path, const char *way)
{
    return fails(FAULT_FILE, CALLER, EMFILE) ? NULL : REAL(fopen)(path, way);
}

FILE *fdopen(int descriptor, const char *way)
{
    return fails(FAULT_FILE, CALLER, ENOMEM) ? NULL : REAL(fdopen)(descriptor, way);
}

DIR *opendir(const char *path)
{
    return fails(FAULT_FILE, CALLER, EMFILE) ? NULL : REAL(opendir)(path);
}

int stat(const char *path, struct stat *status)
{
    return fails(FAULT_STATUS, CALLER, EACCES) ? -1 : REAL(stat)(path, status);
}

int lstat(const char *path, struct stat *status)
{
    return fails(FAULT_STATUS, CALLER, EACCES) ? -1 : REAL(lstat)(path, status);
}

int fstat(int descriptor, struct stat *status)
{
    return fails(FAULT_STATUS, CALLER, EIO) ? -1 : REAL(fstat)(descriptor, status);
}

char *realpath(const char *path, char *resolved)
{
    return fails(FAULT_STATUS, CALLER, EACCES) ? NULL : REAL(realpath)(path, resolved);
}

/* A path that is not there, so that dlerror() has a reason too. */
void *dlopen(const char *path, int flags)
{
    return REAL(dlopen)(fails(FAULT_LOAD, CALLER, ENOMEM) ? "/dev/null/absent" : path, flags);
}

ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    return fails(FAULT_RANDOM, CALLER, ENOSYS) ? -1 : REAL(getrandom)(bytes, size, flags);
}

int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
                char *service, socklen_t service_size, int flags)
{
    return fails(FAULT_RESOLVE, CALLER, ENOMEM)
               ? EAI_MEMORY
               : REAL(getnameinfo)(address, length, host, host_size, service, service_size, flags);
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    return fails(FAULT_RESOLVE, CALLER, ENOMEM) ? EAI_MEMORY
                                                : REAL(getaddrinfo)(name, service, hints, found);
}

#pragma GCC visibility pop
