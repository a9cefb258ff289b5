/* test_relay.h - the suites of the relay's test program, and the server they share. */
#ifndef TESTS_RELAY_H
#define TESTS_RELAY_H

#include "relay_rig.h"
#include "support/postgres_server.h"
#include "support/suite.h"

int relay_server_set_up(void);
int relay_postgres_set_up(void); /* and skips the suite without PostgreSQL */
int relay_server_tear_down(void);

/* The real server, with TLS; NULL when PostgreSQL is not installed. */
extern struct postgres_server *relay_server;

/* How `test-relay exit PORT CA` ends with relays at work. */
int relay_exit_at_work(const char *port, const char *ca);

/* `test-relay leave FOLDER HOW`: opens an endpoint in the folder and ends; HOW: exit, or kill. */
int relay_leave(const char *folder, const char *how);

#endif
