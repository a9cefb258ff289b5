/*
 * fault_library.h - a library for LD_PRELOAD that lets calls of libc fail, or do less than they
 * were asked for, when odbcssl's own code makes them, and that knows what odbcssl has allocated.
 *
 * Whose call it is, is seen by its return address: real drivers and the driver manager crash by
 * themselves when memory is out, and what they do is not judged here.
 */
#ifndef TESTS_FAULT_LIBRARY_H
#define TESTS_FAULT_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

enum fault_call {
    FAULT_ALLOCATION, /* malloc calloc realloc strdup strndup asprintf */
    FAULT_HELPER,     /* the same, of GnuTLS and what it needs */
    FAULT_SOCKET,
    FAULT_CONNECT,
    FAULT_POLL,
    FAULT_SEND,
    FAULT_RECV,
    FAULT_EVENTFD,
    FAULT_THREAD, /* pthread_create */
    FAULT_MPROTECT,
    FAULT_DUP3,
    FAULT_ACCEPT,
    FAULT_LISTEN,  /* bind listen getsockname */
    FAULT_SOCKETS, /* getsockopt setsockopt getpeername fcntl */
    FAULT_SHUTDOWN,
    FAULT_FILE,    /* open fopen fdopen opendir */
    FAULT_STATUS,  /* stat fstat lstat realpath */
    FAULT_READ,    /* of files */
    FAULT_LOAD,    /* dlopen */
    FAULT_RESOLVE, /* getaddrinfo getnameinfo */
    FAULT_RANDOM,  /* getrandom */
    FAULT_CALLS
};

enum fault_manner {
    FAULT_NONE,      /* calls are counted only */
    FAULT_FAIL,      /* the nth call fails */
    FAULT_FAIL_ON,   /* the nth call fails, and all after it */
    FAULT_INTERRUPT, /* EINTR at the nth call: poll, recv, send, read, connect, accept, dup3 */
    FAULT_AGAIN,     /* EAGAIN at the nth call: send, recv, accept */
    FAULT_SHORT      /* one byte only, the nth call and the 50 after it: send, recv, read */
};

struct fault_plan {
    enum fault_call call;
    enum fault_manner manner;
    unsigned nth; /* from 1 */
};

/* The interface of the preloaded library. */
struct fault_interface {
    /* Finds where odbcssl is in memory; once it is loaded. false: it is not. */
    bool (*find)(void);
    /* Counts from 0, and follows the plan until disarm. */
    void (*arm)(const struct fault_plan *plan);
    /* Returns how often the plan struck. */
    unsigned (*disarm)(void);
    unsigned (*count)(enum fault_call call);
    /* Whose call it struck first: "libodbcssl.so+0x1234", for addr2line. */
    void (*place)(char *out, size_t size);
    /* How many allocations of odbcssl, and of GnuTLS for it, live; since: only those made after
     * mark() returned since; 0: all. tell: is called for each, may be NULL. */
    unsigned long (*mark)(void);
    unsigned (*living)(unsigned long since, void (*tell)(const char *place, size_t size));
    bool (*is_full)(void); /* more live than can be followed */
    /* How often odbcssl gave memory back with the secret (of at most 100 bytes) in it, and where
     * first. */
    void (*guard)(const char *secret);
    unsigned (*spilled)(char *place, size_t size);
    /* For a handler of SIGSEGV and SIGABRT: memory was out for GnuTLS in the very call that
     * crashes. libtasn1 does not look whether it got any, and GnuTLS ends the process when a number
     * gets none. */
    bool (*is_helpers_own)(void);
};

/* Starts the program anew with the library, and returns its interface then. NULL: it cannot be
 * loaded. */
const struct fault_interface *fault_begin(char **argv);

#endif
