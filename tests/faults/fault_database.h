/*
 * fault_database.h - the servers that are asked under faults, and what is said to each.
 */
#ifndef TESTS_FAULT_DATABASE_H
#define TESTS_FAULT_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "faults/fault_peer.h"
#include "faults/fault_visit.h"
#include "system/fixture.h"

struct fault_database {
    const char *name, *driver;
    const char
        *place; /* of a connection string: what the secret is in, and the keyword of the server */
    enum peer_protocol protocol;
    struct visit_words words;
    struct fault_login {
        const char *user, *password;
    } quick, slow;              /* slow: by SCRAM, where there is that */
    unsigned password_messages; /* of the client, at least, until it has sent its password */
    bool is_broken_by_signals;  /* the real driver takes a recv() of its own, EINTR, for the end */
    bool is_muted_by_version; /* in its messages the server's version stands, which must be UTF-8 */
    uint16_t (*start)(
        struct fixture *fixture); /* its port; 0: it did not start, or there is no driver */
};

enum { FAULT_POSTGRESQL, FAULT_MARIADB, FAULT_SQL_SERVER, FAULT_DATABASES };

extern const struct fault_database fault_databases[FAULT_DATABASES];

/* Those that stop with the fixture, and others. */
void fault_database_stop(void);

#endif
