#include "relay/transport.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

void transport_free(struct transport *transport)
{
    int descriptor = transport->descriptor;
    transport->descriptor = -1; /* first: a child forked now must not close a stranger */
    if (descriptor >= 0)
        close(descriptor);
    tls_session_free(&transport->tls);
    buffer_free(&transport->wire_in);
    buffer_free(&transport->wire_out);
}

static bool is_framed(const struct transport *transport)
{
    return transport->stage == TRANSPORT_HANDSHAKE && transport->proto->plan != PROTO_PLAN_DIRECT &&
           transport->proto->proto->unwrap != NULL;
}

static struct buffer *receive_buffer(struct transport *transport)
{
    bool is_tls = transport->stage == TRANSPORT_HANDSHAKE || transport->stage == TRANSPORT_TLS;
    if (is_tls && !is_framed(transport))
        return tls_session_input(transport->tls);
    return &transport->wire_in;
}

static bool move_bytes(struct buffer *from, struct buffer *to, struct error *error)
{
    if (buffer_length(from) == 0)
        return true;
    if (!buffer_append(to, buffer_content(from), buffer_length(from))) {
        error_set_memory(error);
        return false;
    }
    buffer_clear(from);
    return true;
}

static struct tls_session *open_session(const struct relay_options *options, struct error *error)
{
    struct tls_peer peer = {.host = options->target->host};
    peer.alpn = options->proto->alpn(options->plan, &peer.is_alpn_required);
    peer.maximum_version = options->proto->maximum_version(options->plan);
    if (options->credentials != NULL)
        return tls_session_open(options->credentials, options->tls, &peer, options->log, error);
    error_set(error, ODBCSSL_ERROR_SEQUENCE, "TLS without credentials");
    return NULL;
}

bool transport_start_tls(struct transport *transport, const struct relay_options *options,
                         const struct buffer *unread, struct error *error)
{
    size_t early = buffer_length(unread) + buffer_length(&transport->wire_in);
    if (early > 0) {
        error_set(error, ODBCSSL_ERROR_EARLY_PLAINTEXT,
                  "%zu unencrypted bytes of %s came where TLS should have begun", early,
                  options->target->host);
        return false;
    }
    transport->tls = open_session(options, error);
    if (transport->tls == NULL)
        return false;
    transport->stage = TRANSPORT_HANDSHAKE;
    return true;
}

static bool unwrap(struct transport *transport, struct error *error)
{
    struct proto_session *proto = transport->proto;
    if (!is_framed(transport) ||
        proto->proto->unwrap(proto, &transport->wire_in, tls_session_input(transport->tls)))
        return true;
    error_copy(error, &proto->error);
    error_set(error, ODBCSSL_ERROR_PROTOCOL, "the server broke the framing of the TLS handshake");
    return false;
}

static bool wrap(struct transport *transport, struct error *error)
{
    struct proto_session *proto = transport->proto;
    struct buffer *output = tls_session_output(transport->tls);
    if (!is_framed(transport) || buffer_length(output) == 0 ||
        proto->proto->wrap(proto, output, &transport->wire_out))
        return true;
    error_copy(error, &proto->error);
    error_set_memory(error);
    return false;
}

enum tls_progress transport_handshake(struct transport *transport, struct error *error)
{
    if (!unwrap(transport, error))
        return TLS_PROGRESS_FAILED;
    enum tls_progress progress = tls_session_handshake(transport->tls, error);
    if (!wrap(transport, error))
        return TLS_PROGRESS_FAILED;
    if (progress != TLS_PROGRESS_DONE)
        return progress;
    transport->stage = TRANSPORT_TLS;
    if (!move_bytes(&transport->wire_in, tls_session_input(transport->tls), error))
        return TLS_PROGRESS_FAILED;
    return TLS_PROGRESS_DONE;
}

bool transport_end_tls(struct transport *transport, struct error *error)
{
    if (transport->stage != TRANSPORT_TLS || !transport->proto->is_login_only_allowed) {
        error_set(error, ODBCSSL_ERROR_SERVER_WITHOUT_TLS,
                  "the server encrypts only the login, which this SslMode does not allow");
        return false;
    }
    if (!move_bytes(tls_session_output(transport->tls), &transport->wire_out, error) ||
        !move_bytes(tls_session_input(transport->tls), &transport->wire_in, error))
        return false;
    tls_session_free(&transport->tls);
    transport->stage = TRANSPORT_LOGIN_DONE;
    return true;
}

bool transport_has_room(struct transport *transport)
{
    return !transport->has_ended && !transport->is_closed &&
           buffer_length(receive_buffer(transport)) < TRANSPORT_READ_AHEAD;
}

void transport_receive(struct transport *transport)
{
    struct buffer *buffer = receive_buffer(transport);
    size_t size = TRANSPORT_READ_AHEAD - buffer_length(buffer);
    unsigned char *room = buffer_reserve(buffer, size);
    if (room == NULL) {
        transport->has_ended = true;
        transport->end_reason = ENOMEM;
        return;
    }
    ssize_t got = recv(transport->descriptor, room, size, 0);
    if (got > 0) {
        buffer_added(buffer, (size_t)got);
    } else if (got == 0) {
        transport->has_ended = true;
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        transport->has_ended = true;
        transport->end_reason = errno;
    }
}

static enum tls_progress read_plain(struct transport *transport, struct buffer *out, size_t limit,
                                    struct error *error)
{
    size_t length = buffer_length(&transport->wire_in);
    size_t room = limit > buffer_length(out) ? limit - buffer_length(out) : 0;
    if (length > room)
        length = room;
    if (length == 0)
        return TLS_PROGRESS_WANT_READ;
    if (!buffer_append(out, buffer_content(&transport->wire_in), length)) {
        error_set_memory(error);
        return TLS_PROGRESS_FAILED;
    }
    buffer_take(&transport->wire_in, length);
    return TLS_PROGRESS_DONE;
}

static enum tls_progress read_tls(struct transport *transport, struct buffer *out, size_t limit,
                                  struct error *error)
{
    enum tls_progress progress = TLS_PROGRESS_DONE;
    while (progress == TLS_PROGRESS_DONE && buffer_length(out) < limit) {
        size_t got = 0;
        unsigned char *room = buffer_reserve(out, TLS_RECORD_SIZE);
        if (room == NULL) {
            error_set_memory(error);
            return TLS_PROGRESS_FAILED;
        }
        progress = tls_session_read(transport->tls, room, TLS_RECORD_SIZE, &got, error);
        buffer_added(out, got);
    }
    transport->is_closed = transport->is_closed || progress == TLS_PROGRESS_CLOSED;
    return progress;
}

enum tls_progress transport_read(struct transport *transport, struct buffer *out, size_t limit,
                                 struct error *error)
{
    if (transport->is_closed)
        return TLS_PROGRESS_CLOSED;
    if (transport->stage == TRANSPORT_TLS)
        return read_tls(transport, out, limit, error);
    return read_plain(transport, out, limit, error);
}

bool transport_is_pending(const struct transport *transport)
{
    if (transport->is_closed)
        return false;
    if (transport->stage == TRANSPORT_TLS)
        return tls_session_is_pending(transport->tls);
    return transport->stage != TRANSPORT_HANDSHAKE && buffer_length(&transport->wire_in) > 0;
}

/* How many bytes make the next record; 0: wait for more. */
static size_t next_record(const struct transport *transport, const struct buffer *bytes,
                          struct error *error)
{
    struct proto_session *proto = transport->proto;
    size_t length = buffer_length(bytes);
    if (proto->proto->record_length == NULL)
        return length < TLS_RECORD_SIZE ? length : TLS_RECORD_SIZE;
    size_t record = proto->proto->record_length(proto, buffer_content(bytes), length);
    if (record > TLS_RECORD_SIZE)
        error_set(error, ODBCSSL_ERROR_PROTOCOL,
                  "the real driver sent a packet of %zu bytes, and one TLS record holds %d: set a "
                  "smaller packet size",
                  record, TLS_RECORD_SIZE);
    return record <= length ? record : 0;
}

static bool write_tls(struct transport *transport, struct buffer *bytes, struct error *error)
{
    while (buffer_length(bytes) > 0) {
        struct error reason = {0};
        size_t size = next_record(transport, bytes, &reason);
        error_copy(error, &reason);
        if (error_is_set(&reason))
            return false;
        if (size == 0)
            return true;
        if (tls_session_write(transport->tls, buffer_content(bytes), size, error) !=
            TLS_PROGRESS_DONE)
            return false;
        buffer_take(bytes, size);
    }
    return true;
}

bool transport_write(struct transport *transport, struct buffer *bytes, struct error *error)
{
    if (transport->stage == TRANSPORT_TLS)
        return write_tls(transport, bytes, error);
    bool is_plaintext_allowed =
        transport->stage == TRANSPORT_LOGIN_DONE ||
        (transport->stage == TRANSPORT_PLAIN && transport->proto->plan == PROTO_PLAN_PLAINTEXT);
    if (is_plaintext_allowed)
        return move_bytes(bytes, &transport->wire_out, error);
    error_set(
        error, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
        "the real driver's bytes would have gone to the server unencrypted; they were not sent");
    return false;
}

bool transport_write_negotiation(struct transport *transport, struct buffer *bytes,
                                 struct error *error)
{
    if (transport->stage != TRANSPORT_PLAIN)
        return transport_write(transport, bytes, error);
    return move_bytes(bytes, &transport->wire_out, error);
}

size_t transport_unsent(const struct transport *transport)
{
    size_t length = buffer_length(&transport->wire_out);
    if (transport->tls != NULL && !is_framed(transport))
        length += buffer_length(tls_session_output(transport->tls));
    return length;
}

/* true: all of it was sent. */
static bool send_buffer(struct transport *transport, struct buffer *buffer)
{
    while (buffer_length(buffer) > 0) {
        ssize_t sent = send(transport->descriptor, buffer_content(buffer), buffer_length(buffer),
                            MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            transport->is_write_dead = true;
        if (sent < 0)
            return false;
        buffer_take(buffer, (size_t)sent);
    }
    return true;
}

void transport_flush(struct transport *transport)
{
    bool is_sent = send_buffer(transport, &transport->wire_out);
    if (is_sent && transport->tls != NULL && !is_framed(transport))
        is_sent = send_buffer(transport, tls_session_output(transport->tls));
    if (transport->is_write_dead) {
        buffer_clear(&transport->wire_out);
        if (transport->tls != NULL)
            buffer_clear(tls_session_output(transport->tls));
    }
    if (is_sent && transport->is_ending && !transport->is_shut_down) {
        shutdown(transport->descriptor, SHUT_WR);
        transport->is_shut_down = true;
    }
}

const char *transport_explain(const struct transport *transport, char *out, size_t size)
{
    const struct proto *proto = transport->proto->proto;
    const char *text = proto->explain_end != NULL ? proto->explain_end(transport->proto) : NULL;
    snprintf(out, size, "%s%s", text != NULL ? "; " : "", text != NULL ? text : "");
    return out;
}

void transport_describe_end(const struct transport *transport, const char *server_name,
                            const char *doing, struct error *error)
{
    char hint[TRANSPORT_HINT_SIZE];
    if (transport->stage == TRANSPORT_HANDSHAKE && transport->end_reason != 0)
        error_set_system(error, ODBCSSL_ERROR_HANDSHAKE, transport->end_reason,
                         "the connection to %s broke during the TLS handshake%s", server_name,
                         transport_explain(transport, hint, sizeof hint));
    else if (transport->end_reason != 0)
        error_set_system(error, ODBCSSL_ERROR_LINK_LOST, transport->end_reason,
                         "the connection to %s broke while %s%s", server_name, doing,
                         transport_explain(transport, hint, sizeof hint));
    else if (transport->stage == TRANSPORT_HANDSHAKE)
        error_set(error, ODBCSSL_ERROR_HANDSHAKE,
                  "%s closed the connection during the TLS handshake%s", server_name,
                  transport_explain(transport, hint, sizeof hint));
    else if (transport->tls != NULL && !transport->is_closed)
        error_set(
            error, ODBCSSL_ERROR_TRUNCATED,
            "%s ended the connection without a TLS close_notify while %s: data may be missing",
            server_name, doing);
    else
        error_set(error, ODBCSSL_ERROR_LINK_LOST, "%s closed the connection while %s%s",
                  server_name, doing, transport_explain(transport, hint, sizeof hint));
}

void transport_end(struct transport *transport)
{
    if (transport->is_ending)
        return;
    transport->is_ending = true;
    if (transport->stage == TRANSPORT_TLS)
        tls_session_close(transport->tls);
    transport_flush(transport);
}
