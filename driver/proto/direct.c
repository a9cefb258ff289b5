/*
 * direct.c - any protocol without a switch to TLS: TLS from the first byte, or plaintext. Nothing
 * is understood, so a session counts as logged in from its start.
 */
#include "proto/proto.h"

static const char *direct_alpn(enum proto_plan plan, bool *is_required_out)
{
    (void)plan;
    *is_required_out = false;
    return NULL;
}

static enum tls_version direct_maximum_version(enum proto_plan plan)
{
    (void)plan;
    return TLS_VERSION_NONE;
}

static bool direct_open(struct proto_session *session)
{
    (void)session;
    return true;
}

static void direct_close(struct proto_session *session)
{
    (void)session;
}

static enum proto_verdict direct_start(struct proto_session *session)
{
    if (session->plan == PROTO_PLAN_TLS) {
        error_set(&session->error, ODBCSSL_ERROR_PROTOCOL,
                  "SslProtocol=none knows no way to switch to TLS; it needs SslNegotiation=direct");
        return PROTO_REFUSE;
    }
    session->kind = PROTO_SESSION_MAIN;
    session->coverage =
        session->plan == PROTO_PLAN_DIRECT ? PROTO_COVERAGE_ALL : PROTO_COVERAGE_NOTHING;
    session->is_driver_opaque = true;
    session->is_server_opaque = true;
    return PROTO_LOGGED_IN;
}

static enum proto_verdict direct_bytes(struct proto_session *session, struct buffer *input)
{
    (void)session;
    (void)input;
    return PROTO_CONTINUE;
}

static enum proto_verdict direct_tls_started(struct proto_session *session)
{
    (void)session;
    return PROTO_CONTINUE;
}

/* No message of an unknown protocol can be made: the end of the connection has to do. */
static void direct_fail(struct proto_session *session, const char *text)
{
    (void)session;
    (void)text;
}

const struct proto proto_direct = {
    .name = "none",
    .alpn = direct_alpn,
    .maximum_version = direct_maximum_version,
    .open = direct_open,
    .close = direct_close,
    .start = direct_start,
    .from_driver = direct_bytes,
    .from_server = direct_bytes,
    .tls_started = direct_tls_started,
    .fail = direct_fail,
};
