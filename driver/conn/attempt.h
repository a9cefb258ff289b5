/*
 * attempt.h - one complete connect of the real driver through a transport of its own.
 */
#ifndef CONN_ATTEMPT_H
#define CONN_ATTEMPT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/report.h"
#include "conn/conn.h"
#include "proto/proto.h"
#include "relay/relay.h"

/* Some 45 KB: on the heap, for the stacks that some applications give their threads. */
struct attempt {
    SQLRETURN result;
    enum session_outcome outcome;
    struct error error; /* the relay's, or why the attempt could not be made */
    struct tls_report report;
    struct error_list warnings;
    char *out_text; /* the real driver's connection string, or what SQLBrowseConnect asks for */
};

/* connection has its link; attempt is all zeroes. Transport and real connection stay open, also
 * after a failure, so that the real driver's records can be read. */
void attempt_run(struct connection *connection, const struct connect_request *request,
                 enum proto_plan plan, struct attempt *attempt);

/* After a failed attempt: frees the real connection, closes the transport. */
void attempt_abandon(struct connection *connection);

/* Whether the real driver says so, and through a session of ours. */
bool attempt_is_connected(const struct attempt *attempt);

/* Wipes and frees what attempt_run left; attempt is then all zeroes. */
void attempt_free(struct attempt *attempt);

#endif
