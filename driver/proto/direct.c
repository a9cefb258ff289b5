/*
 * direct.c - any protocol without a switch to TLS: TLS from the first byte, or plaintext. Nothing
 * is understood, so a session counts as logged in from its start.
 */
#include "proto/proto.h"

static enum proto_verdict direct_start(struct proto_session *session)
{
    if (session->plan == PROTO_PLAN_TLS)
        return proto_refuse(
            session, ODBCSSL_ERROR_PROTOCOL,
            "SslProtocol=none knows no way to switch to TLS; it needs SslNegotiation=direct");
    session->kind = PROTO_SESSION_MAIN;
    session->coverage =
        session->plan == PROTO_PLAN_DIRECT ? PROTO_COVERAGE_ALL : PROTO_COVERAGE_NOTHING;
    session->is_driver_opaque = true;
    session->is_server_opaque = true;
    return PROTO_LOGGED_IN;
}

const struct proto proto_direct = {
    .name = "none",
    .start = direct_start,
};
