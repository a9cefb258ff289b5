/*
 * attempt.h - one complete connect of the real driver through a transport of its own.
 */
#ifndef CONN_ATTEMPT_H
#define CONN_ATTEMPT_H

#include "base/error.h"
#include "base/report.h"
#include "conn/conn.h"
#include "proto/proto.h"
#include "relay/relay.h"

/* Some 45 KB: on the heap, for the stacks that some applications give their threads. */
struct attempt {
    SQLRETURN result; /* the real driver's; of success only through a session of ours */
    enum session_outcome outcome;
    struct error error; /* the relay's, or why the attempt could not be made */
    struct tls_report report;
    struct error_list warnings;
    char *out_text; /* the real driver's connection string, or what SQLBrowseConnect asks for; free
                     * with text_free_secret */
};

/* connection has its link; attempt is all zeroes. Transport and real connection stay open, also
 * after a failure, so that the real driver's records can be read. */
void attempt_run(struct connection *connection, const struct connect_request *request,
                 enum proto_plan plan, struct attempt *attempt);

#endif
