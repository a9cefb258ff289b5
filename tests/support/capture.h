/*
 * capture.h - what a process really does with its sockets: a library for LD_PRELOAD that notes
 * where connect() goes and what is sent first, whichever library calls.
 */
#ifndef TESTS_CAPTURE_H
#define TESTS_CAPTURE_H

#include <dlfcn.h>
#include <sql.h>
#include <stdbool.h>
#include <stddef.h>

#define CAPTURE_CONNECTIONS 16
#define CAPTURE_BYTES 131072

struct captured_connection {
    int descriptor;
    char address[128]; /* "127.0.0.1:5432", or the path of a Unix socket */
    bool is_inner;     /* this process listens there: the relay's endpoint */
    char options[256]; /* of TCP and keepalive, set before connecting: "6/4=300 " */
    size_t length;     /* of bytes, all that were sent at first */
    unsigned char bytes[CAPTURE_BYTES];
};

struct capture {
    size_t count; /* may be more than there is room for */
    struct captured_connection connections[CAPTURE_CONNECTIONS];
};

/* The main of a test program that captures: starts it anew with the library. */
int capture_main(int argc, char **argv);

/* Forgets what was captured. */
void capture_reset(void);

/* What was captured since; valid until capture_reset. */
const struct capture *capture_get(void);

/* A driver, called without a driver manager. */
struct library {
    const char *name;
    void *handle;
    SQLHENV environment;
};

#define CALL(library, function) ((__typeof__(&function))dlsym((library)->handle, #function))

bool capture_load(struct library *library, const char *path);

#endif
