/*
 * tds_fixture.h - FreeTDS through odbcssl to the TDS server of the tests, with the certificates of
 * fixture.h.
 */
#ifndef TESTS_TDS_FIXTURE_H
#define TESTS_TDS_FIXTURE_H

#include "support/odbc.h"
#include "support/tds_peer.h"
#include "system/fixture.h"

struct tds_fixture {
    struct fixture base;
    struct tds_peer *peer; /* NULL: none runs */
    bool is_available;
};

/* fixture_open, with an environment in which FreeTDS has no settings; 0: good, as suites want. */
int tds_fixture_open(struct tds_fixture *fixture, const char *odbcinst_extra,
                     const char *odbc_extra);

/* The same, for a suite that is skipped whole where there is no server, or no FreeTDS. */
int tds_fixture_set_up(struct tds_fixture *fixture, const char *odbcinst_extra,
                       const char *odbc_extra);
void tds_fixture_close(struct tds_fixture *fixture);
int tds_fixture_tear_down(void); /* for SUITE: of the one that was opened last */

/* true, and the running case, or suite, is skipped: there is no server, or no FreeTDS. */
bool tds_fixture_is_skipped(const struct tds_fixture *fixture);

/* Another server, with the certificate NAME.pem and NAME.key. arguments: more of its options, ended
 * by NULL; may be NULL. */
bool tds_fixture_start(struct tds_fixture *fixture, const char *name, const char *encryption,
                       const char *const *arguments);

/* The same, with a client certificate of root.pem required. */
bool tds_fixture_start_mutual(struct tds_fixture *fixture, const char *name,
                              const char *encryption);

/* Connects to localhost with more settings (printf), its log begun anew. */
bool tds_fixture_connect(struct tds_fixture *fixture, struct odbc_session *session,
                         const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "SslRootCert=.../root.pem;" in a static buffer; name is a file of the fixture's folder. */
const char *tds_fixture_option(const struct tds_fixture *fixture, const char *keyword,
                               const char *name);

/* The session's one connection in the server's log: it ended, with as many TLS records as packets,
 * and no rule was broken. */
void tds_fixture_check_records(struct tds_fixture *fixture);

#endif
