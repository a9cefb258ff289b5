/*
 * mysql_relay.h - a blocking relay for one session, around the state machine alone: so that real
 * programs can prove it against a real server.
 */
#ifndef TESTS_MYSQL_RELAY_H
#define TESTS_MYSQL_RELAY_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/proto.h"

struct mysql_relay_options {
    enum proto_plan plan;
    uint16_t server_port;
    gnutls_certificate_credentials_t credentials; /* the server is verified against them */
};

/* What came of the session. */
struct mysql_relay_result {
    enum proto_verdict verdict; /* the last one that is not PROTO_CONTINUE */
    bool is_credentials_asked;
    struct error error;
};

struct mysql_relay;

/* Listens on a Unix socket in a new private folder; NULL on failure. */
struct mysql_relay *mysql_relay_start(const struct mysql_relay_options *options);
const char *mysql_relay_socket(const struct mysql_relay *relay);

/* Waits for the session to end, and frees. */
void mysql_relay_finish(struct mysql_relay **relay, struct mysql_relay_result *result_out);

#endif
