/*
 * check.h - what the files of `odbcssl check` share.
 *
 *      check.c           arguments, the order of the steps, the verdict
 *      check_files.c     the real driver, and the files of settings: what is in them, who may read
 * them check_server.c    the server's addresses, TCP, the switch to TLS, the handshake
 *      check_verify.c    the server's certificates: chain, revocation, name, pin
 */
#ifndef COMMAND_CHECK_H
#define COMMAND_CHECK_H

#include <stdbool.h>

#include "conn/link.h"
#include "session/probe.h"
#include "command/facts.h"

struct check {
    struct json *json; /* NULL: for people */
    struct link *link;
    struct tls_options tls; /* the link's, in a mode that has TLS; the link owns its texts */
    const struct credentials *credentials; /* that a connection would have; NULL: they failed */
    const struct credentials *strict;      /* the same for verify-full, with trust anchors */
    struct error strict_error;             /* why there are none */
    struct probe *probe;
    struct error error; /* the first reason why a connection would fail */
};

/* How a failed step counts: as FACT_FAIL, and error is why a connection would fail; as FACT_WARNING
 * when a connection in this mode would not come to it. */
enum fact_result check_fail(struct check *check, bool is_needed, const struct error *error);

/* Whether a connection in this mode has to load files, and whether it begins with TLS. */
bool check_needs_files(const struct check *check);
bool check_needs_tls(const struct check *check);

/* Whether the database may encrypt the login alone, and this mode would take that. */
bool check_may_be_login_only(const struct check *check);

void check_files(struct check *check);
void check_server(struct check *check);
void check_verify(struct check *check);

#endif
