/* side.c - the two tables of side.h, and the switch from one to the other. */
#include "session/side.h"

#include <stdio.h>
#include <string.h>

#include "session/session_internal.h"

/* Encrypted bytes that wait for the network, before the real driver has to wait. */
#define UNSENT_LIMIT ((size_t)128 * 1024)

/* --- plain --- */

static struct buffer *wire_input(struct session *session)
{
    return &session->wire_in;
}

static struct buffer *wire_output(struct session *session)
{
    return &session->wire_out;
}

static enum tls_progress read_plain(struct session *session, void *out, size_t size,
                                    size_t *got_out, struct error *error)
{
    size_t length = buffer_length(&session->wire_in);
    (void)error;
    *got_out = length < size ? length : size;
    memcpy(out, buffer_content(&session->wire_in), *got_out);
    buffer_take(&session->wire_in, *got_out);
    return TLS_PROGRESS_DONE;
}

static bool write_plain(struct session *session, const void *bytes, size_t size,
                        struct error *error)
{
    if (session->proto.plan == PROTO_PLAN_PLAINTEXT)
        return buffer_append(&session->wire_out, bytes, size) || error_set_memory(error);
    return error_set(
        error, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
        "the real driver's bytes would have gone to the server unencrypted; they were not sent");
}

static bool is_plain_pending(struct session *session)
{
    return buffer_length(&session->wire_in) > 0;
}

static void close_plain(struct session *session)
{
    (void)session;
}

const struct side side_plain = {"plain",     wire_input,       wire_output, read_plain,
                                write_plain, is_plain_pending, close_plain};

const struct side side_after_login = {
    "plain after the login", wire_input, wire_output, read_plain, write_plain,
    is_plain_pending,        close_plain};

/* --- the handshake in packets of the protocol --- */

static bool is_never_pending(struct session *session)
{
    (void)session;
    return false;
}

const struct side side_framed = {"framed handshake", wire_input,       wire_output, read_plain,
                                 write_plain,        is_never_pending, close_plain};

/* --- TLS --- */

static struct buffer *tls_input(struct session *session)
{
    return tls_session_input(session->tls);
}

static struct buffer *tls_output(struct session *session)
{
    return tls_session_output(session->tls);
}

static enum tls_progress read_tls(struct session *session, void *out, size_t size, size_t *got_out,
                                  struct error *error)
{
    return tls_session_read(session->tls, out, size, got_out, error);
}

static bool write_tls(struct session *session, const void *bytes, size_t size, struct error *error)
{
    return tls_session_write(session->tls, bytes, size, error) == TLS_PROGRESS_DONE;
}

static bool is_tls_pending(struct session *session)
{
    return tls_session_is_pending(session->tls);
}

static void close_tls(struct session *session)
{
    tls_session_close(session->tls);
}

const struct side side_tls = {"TLS",     tls_input,      tls_output, read_tls,
                              write_tls, is_tls_pending, close_tls};

/* --- the switch --- */

static bool is_to_cancel(const struct session *session)
{
    return session->proto.kind == PROTO_SESSION_CANCEL ||
           (session->proto.kind == PROTO_SESSION_UNKNOWN && session->options->proto->has_cancel &&
            !session_is_main(session));
}

/* The options' credentials are as old as the connection: a real driver that logs in again by itself
 * gets what the files hold now. What was open when they changed can be cancelled all the same. NULL
 * with error set: they cannot be used any more. */
static const struct credentials *choose_credentials(struct session *session, struct error *error)
{
    const struct session_options *options = session->options;
    struct error reason = {0};
    if (record_has_fresh_credentials(session->record))
        return options->credentials;
    if (is_to_cancel(session)) {
        session->credentials = record_hold_credentials(session->record);
        return session->credentials != NULL ? session->credentials : options->credentials;
    }
    session->credentials = credentials_get(options->tls, options->user, &reason);
    if (session->credentials != NULL)
        record_keep_credentials(session->record, session->credentials);
    else
        error_set(error, reason.code,
                  "the real driver may not log in to %s, as the files are now: %s",
                  session->server_name, reason.text);
    return session->credentials;
}

bool side_start_tls(struct session *session, struct error *error)
{
    const struct session_options *options = session->options;
    struct tls_peer peer = {.host = options->target->host};
    size_t early = buffer_length(&session->from_server) + buffer_length(&session->wire_in);
    if (early > 0)
        return error_set(error, ODBCSSL_ERROR_EARLY_PLAINTEXT,
                         "%zu unencrypted bytes of %s came where TLS should have begun", early,
                         options->target->host);
    if (options->credentials == NULL)
        return error_set(error, ODBCSSL_ERROR_SEQUENCE, "TLS without credentials");
    const struct credentials *credentials = choose_credentials(session, error);
    if (credentials == NULL)
        return false;
    if (options->proto->alpn != NULL)
        peer.alpn = options->proto->alpn(options->plan, &peer.is_alpn_required);
    if (options->proto->maximum_version != NULL)
        peer.maximum_version = options->proto->maximum_version(options->plan);
    session->tls = tls_session_open(credentials, options->tls, &peer, options->log, error);
    if (session->tls == NULL)
        return false;
    bool is_framed = options->plan != PROTO_PLAN_DIRECT && options->proto->unwrap != NULL;
    session->side = is_framed ? &side_framed : &side_tls;
    return true;
}

enum tls_progress side_handshake(struct session *session, struct error *error)
{
    struct proto_session *proto = &session->proto;
    struct buffer *input = tls_session_input(session->tls);
    struct buffer *output = tls_session_output(session->tls);
    bool is_framed = session->side == &side_framed;
    if (is_framed && !proto->proto->unwrap(proto, &session->wire_in, input)) {
        error_copy(error, &proto->error);
        return TLS_PROGRESS_FAILED;
    }
    enum tls_progress progress = tls_session_handshake(session->tls, error);
    if (is_framed && buffer_length(output) > 0 &&
        !proto->proto->wrap(proto, output, &session->wire_out)) {
        error_copy(error, &proto->error);
        return TLS_PROGRESS_FAILED;
    }
    if (is_framed && progress == TLS_PROGRESS_DONE) {
        session_move(session, &session->wire_in, input);
        session->side = &side_tls;
    }
    return progress;
}

bool side_end_tls(struct session *session, struct error *error)
{
    if (session->side != &side_tls || !session->proto.is_login_only_allowed)
        return error_set(error, ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
                         "the server encrypts only the login, which this SslMode does not allow");
    session_move(session, tls_session_output(session->tls), &session->wire_out);
    session_move(session, tls_session_input(session->tls), &session->wire_in);
    tls_session_free(&session->tls);
    session->side = &side_after_login;
    return true;
}

/* --- bytes --- */

/* How many bytes make the next record; 0: wait for more. */
static size_t next_record(struct session *session, const unsigned char *bytes, size_t size,
                          struct error *error)
{
    struct proto_session *proto = &session->proto;
    if (proto->proto->record_length == NULL || session->side != &side_tls)
        return size < TLS_RECORD_SIZE ? size : TLS_RECORD_SIZE;
    size_t record = proto->proto->record_length(proto, bytes, size);
    if (record > TLS_RECORD_SIZE) {
        error_set(error, ODBCSSL_ERROR_PROTOCOL,
                  "the real driver sent a packet of %zu bytes, and one TLS record holds %d: set a "
                  "smaller packet size",
                  record, TLS_RECORD_SIZE);
        return 0;
    }
    return record <= size ? record : 0;
}

size_t side_write_records(struct session *session, const unsigned char *bytes, size_t size,
                          struct error *error)
{
    size_t taken = 0;
    while (taken < size && side_unsent(session) < UNSENT_LIMIT) {
        size_t record = next_record(session, bytes + taken, size - taken, error);
        if (record == 0 || !session->side->write(session, bytes + taken, record, error))
            break;
        taken += record;
        session->progress++;
    }
    return taken;
}

size_t side_read(struct session *session, void *out, size_t size, struct error *error)
{
    enum tls_progress progress = TLS_PROGRESS_DONE;
    size_t total = 0;
    if (session->down != SESSION_STREAM_OPEN && session->end == SESSION_END_CLOSE_NOTIFY)
        return 0;
    while (total < size && progress == TLS_PROGRESS_DONE && session->side->is_pending(session)) {
        size_t got = 0;
        progress =
            session->side->read(session, (unsigned char *)out + total, size - total, &got, error);
        total += got;
    }
    if (progress == TLS_PROGRESS_CLOSED) {
        session->down = SESSION_STREAM_ENDING;
        session->end = SESSION_END_CLOSE_NOTIFY;
    }
    session->progress += total > 0 || progress == TLS_PROGRESS_CLOSED;
    return total;
}

size_t side_unsent(struct session *session)
{
    struct buffer *output = session->side->output(session);
    size_t length = buffer_length(&session->wire_out);
    return output != &session->wire_out ? length + buffer_length(output) : length;
}

const char *side_explain(const struct session *session, char *out, size_t size)
{
    const struct proto *proto = session->proto.proto;
    const char *text = proto->explain_end != NULL ? proto->explain_end(&session->proto) : NULL;
    snprintf(out, size, "%s%s", text != NULL ? "; " : "", text != NULL ? text : "");
    return out;
}

void side_describe_end(struct session *session, struct error *error)
{
    const char *name = session->server_name;
    bool is_handshake = session->phase == SESSION_HANDSHAKE;
    enum odbcssl_error code = is_handshake ? ODBCSSL_ERROR_HANDSHAKE : ODBCSSL_ERROR_LINK_LOST;
    char hint[SIDE_HINT_SIZE], when[80] = "during the TLS handshake";
    if (!is_handshake)
        snprintf(when, sizeof when, "while %s", session_doing(session));
    side_explain(session, hint, sizeof hint);
    if (session->end > 0)
        error_set_system(error, code, session->end, "the connection to %s broke %s%s", name, when,
                         hint);
    else if (session->tls != NULL && session->end != SESSION_END_CLOSE_NOTIFY && !is_handshake)
        error_set(error, ODBCSSL_ERROR_TRUNCATED,
                  "%s ended the connection without a TLS close_notify %s: data may be missing",
                  name, when);
    else
        error_set(error, code, "%s closed the connection %s%s", name, when, hint);
}
