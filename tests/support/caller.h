/*
 * caller.h - a library with calls of the socket functions, as a database's network library has
 * them: for tests of slots. Built in several ways (caller.mk): lazily bound, bound at once with
 * read-only slots, through the table alone, fortified, and with a call that is not carried.
 */
#ifndef TESTS_CALLER_H
#define TESTS_CALLER_H

#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

struct caller {
    int (*socket)(int family, int type, int protocol);
    int (*connect)(int number, const struct sockaddr *address, socklen_t length);
    ssize_t (*send)(int number, const void *bytes, size_t size, int flags);
    ssize_t (*sendto)(int number, const void *bytes, size_t size, int flags,
                      const struct sockaddr *address, socklen_t length);
    ssize_t (*recv)(int number, void *bytes, size_t size, int flags);
    ssize_t (*recvfrom)(int number, void *bytes, size_t size, int flags);
    ssize_t (*read)(int number, void *bytes, size_t size);
    ssize_t (*write)(int number, const void *bytes, size_t size);
    int (*poll)(struct pollfd *polled, nfds_t count, int milliseconds);
    int (*shutdown)(int number, int how);
    int (*close)(int number);
    int (*count_readable)(int number); /* FIONREAD */
    int (*set_blocking)(int number, int is_blocking);
    int (*duplicate)(int number);                     /* F_DUPFD */
    int (*set_timeout)(int number, int milliseconds); /* SO_RCVTIMEO, SO_SNDTIMEO */
    int (*hold_back)(int number);                     /* TCP_CORK */
    ssize_t (**receiver)(int, void *, size_t, int);   /* a variable that the linker fills in */
};

/* The symbol "caller" of a library that was built so: NULL when it is not there. It stays
 * loaded. */
const struct caller *caller_load(const char *name, int mode);

#endif
