/*
 * interpose_rig.h - a library whose calls are led to sessions, and a server that obeys: TLS from
 * the first byte, and then every request of nine bytes is a letter and a number.
 */
#ifndef TESTS_INTERPOSE_RIG_H
#define TESTS_INTERPOSE_RIG_H

#include <semaphore.h>
#include <stdatomic.h>

#include "interpose/interpose.h"
#include "support/caller.h"
#include "support/peer.h"
#include "support/pki.h"
#include "tls/credentials.h"

#if defined(__SANITIZE_ADDRESS__)
#define RIG_IS_ADDRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RIG_IS_ADDRESS_SANITIZED 1
#endif
#endif
#ifndef RIG_IS_ADDRESS_SANITIZED
#define RIG_IS_ADDRESS_SANITIZED 0
#endif

enum request {
    REQUEST_ECHO = 'e',   /* the next number bytes come back */
    REQUEST_SEND = 's',   /* number bytes of the pattern */
    REQUEST_TAKE = 't',   /* takes number bytes, and answers with their sum */
    REQUEST_STALL = 'w',  /* reads nothing until rig_resume() */
    REQUEST_CUT = 'c',    /* a record of number bytes of the pattern: cut bytes of it, and the rest
                             after rig_resume() */
    REQUEST_TICKET = 'k', /* a session ticket, which is nothing for the real driver */
    REQUEST_REST = 'h',   /* number bytes when the client has ended its side, then a clean end */
    REQUEST_END = 'x',    /* close_notify, and the end */
    REQUEST_TRUNCATE = 'y', /* the end alone */
    REQUEST_RESET = 'z'     /* a TCP reset */
};

struct rig {
    const struct caller *caller;
    struct pki_certificate *ca, *server;
    char *folder, *ca_file;
    struct peer *peer;
    atomic_uint connections, clean_ends, bytes;
    atomic_bool is_silent; /* the server accepts, and says nothing */
    /* To whoever has closed meanwhile GnuTLS, unlike OpenSSL, cannot send tickets, and fails. */
    atomic_bool gives_no_tickets;
    size_t cut; /* of REQUEST_CUT */
    sem_t go;

    struct tls_options tls;
    struct dial_target target;
    const struct credentials *credentials;
    struct session_options options;
    struct interposition *interposition;
    struct guard guard;
};

extern struct rig rig;

/* Once per program. name: of a library (caller.mk). 0: good. */
int rig_make(const char *name);
int rig_remove(void);

/* A new interposition; the thread is in its connection's call from here to rig_close. */
void rig_open(enum interposition_kind kind);
void rig_close(void);

/* A socket that is connected to the server by the library; -1: refused, with errno. */
int rig_connect(bool is_blocking);

/* The same with an open session, for tests of one descriptor; rig_end closes both. */
int rig_start(bool is_blocking);
void rig_end(int number);

bool rig_request(int number, enum request request, uint64_t count);
void rig_resume(void);

/* Receives size bytes with the library's recv and poll and compares them with the pattern that
 * begins at offset. */
bool rig_receive_pattern(int number, size_t size, size_t offset);
unsigned char rig_pattern(size_t offset);

/* Waits until *counter is at least wanted. false: a minute passed. */
bool rig_wait(const atomic_uint *counter, unsigned wanted);

/* Until it is known, without any call of the driver's, that the main session is over. */
bool rig_notices_end(void);

/* Whether the thread is in poll() or recv(), where calls that wait do so. */
bool rig_is_waiting(pid_t thread);

/* fork(), under the address sanitizer when no other thread is at work: its allocator does not give
 * its locks back in a child. */
pid_t rig_fork(void);

#endif
