/*
 * guest.h - what tests of odbcssl as a guest share: this program again as another process, a server
 * that says nothing, and what PostgreSQL knows of its clients.
 */
#ifndef TESTS_GUEST_H
#define TESTS_GUEST_H

#include <stddef.h>
#include <sys/types.h>

#include <stdint.h>

#include "support/odbc.h"
#include "system/fixture.h"

/* A child that hangs is ended after this long, by SIGALRM. */
#define GUEST_SECONDS 40

/* Puts the fixture's server into the environment: the programs that are run from here find it,
 * too. */
bool guest_publish(const struct fixture *fixture);

/* For that server, SslMode=verify-full; of two equal keywords the first one counts, so extra stands
 * in front. */
const char *guest_connection_string(const char *driver, const char *extra);

/* Connects with it and ODBC_POSTGRESQL, and asks for 42. */
bool guest_connect(struct odbc_session *session, const char *extra);
bool guest_works(struct odbc_session *session);

/* Whether the suite runs over the relay (ODBCSSL_TEST_TRANSPORT=relay). */
bool guest_is_relayed(void);

/* fork(), with all output flushed and, in the child, the alarm set. */
pid_t guest_fork(void);

/* The child's exit status; 1000 and the signal that ended it. */
int guest_wait(pid_t child);

/* Listens on 127.0.0.1, takes a connection when asked to, and never answers. */
struct silent_server {
    int listener, client;
    uint16_t port;
};

bool silent_open(struct silent_server *server);
bool silent_wait(struct silent_server *server); /* until somebody has connected and sent a byte */
void silent_close(struct silent_server *server);

/* Waits until the server has so many clients. */
bool guest_wait_for_clients(const struct fixture *fixture, unsigned wanted);

/* Waits, by a connection of its own, until a client is in "select pg_sleep". */
bool guest_wait_for_sleeper(void);

#endif
