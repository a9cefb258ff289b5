/*
 * session.c - one TLS client session between the engine of session/, which has the sockets, and
 * GnuTLS, which encrypts: bytes of the server go in, bytes for it come out, and nothing here waits.
 * It offers what the options allow, and lets the handshake end only where session_verify.c saw the
 * server's certificate.
 */
#include "tls/session_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tls/priority.h"

#define PRIORITY_SIZE 1024

static const struct {
    enum tls_version version;
    gnutls_protocol_t protocol;
} versions[] = {
    {TLS_VERSION_1_3, GNUTLS_TLS1_3},
    {TLS_VERSION_1_2, GNUTLS_TLS1_2},
    {TLS_VERSION_1_1, GNUTLS_TLS1_1},
    {TLS_VERSION_1_0, GNUTLS_TLS1_0},
};

#define VERSION_COUNT (sizeof versions / sizeof versions[0])

static ssize_t push(gnutls_transport_ptr_t pointer, const giovec_t *parts, int count)
{
    struct tls_session *session = pointer;
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        if (!buffer_append(&session->output, parts[i].iov_base, parts[i].iov_len)) {
            gnutls_transport_set_errno(session->gnutls, ENOMEM);
            return -1;
        }
        total += parts[i].iov_len;
    }
    return (ssize_t)total;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *out, size_t size)
{
    struct tls_session *session = pointer;
    size_t length = buffer_length(&session->input);
    if (length == 0) {
        gnutls_transport_set_errno(session->gnutls, EAGAIN);
        return -1;
    }
    if (length > size)
        length = size;
    if (session->stage == SESSION_HANDSHAKING)
        session->handshake_size += length;
    memcpy(out, buffer_content(&session->input), length);
    buffer_take(&session->input, length);
    return (ssize_t)length;
}

/* Also false for forms like 10.1, which getaddrinfo takes: libpq's rule for SNI, digits and dots.
 */
static bool is_dns_name(const char *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    return name[0] != '\0' && strchr(name, ':') == NULL &&
           strspn(name, "0123456789.") != strlen(name) && inet_pton(AF_INET, name, address) != 1 &&
           inet_pton(AF_INET6, name, address) != 1;
}

/* [::1] loses its brackets, and a DNS name its final dot, which neither SNI (RFC 6066, section 3)
 * nor certificates have. option: who set the name; NULL: the host. */
static bool copy_name(const char *name, const struct option *option, char *out, struct error *error)
{
    size_t length = name != NULL ? strlen(name) : 0;
    if (length >= 2 && name[0] == '[' && name[length - 1] == ']') {
        name++;
        length -= 2;
    } else if (length > 1 && name[length - 1] == '.') {
        length--;
    }
    if (length == 0 || length >= SESSION_NAME_SIZE)
        return error_set(
            error, option != NULL ? ODBCSSL_ERROR_KEYWORD_VALUE : ODBCSSL_ERROR_SERVER_MISSING,
            "%s%s%s has %zu characters; 1 to %d can be used for TLS",
            option != NULL ? "SslServerName (" : "the server's name",
            option != NULL ? option->source : "", option != NULL ? ")" : "", length,
            SESSION_NAME_SIZE - 1);
    memcpy(out, name, length);
    out[length] = '\0';
    return true;
}

static bool set_versions(struct tls_session *session, const struct tls_peer *peer,
                         struct error *error)
{
    const struct tls_options *options = session->options;
    session->minimum_version = options->minimum_version;
    session->maximum_version =
        options->maximum_version != TLS_VERSION_NONE ? options->maximum_version : TLS_VERSION_1_3;
    if (peer->maximum_version != TLS_VERSION_NONE &&
        peer->maximum_version < session->maximum_version)
        session->maximum_version = peer->maximum_version;
    return session->minimum_version <= session->maximum_version ||
           error_set(error, ODBCSSL_ERROR_TLS_VERSION,
                     "SslMinProtocol=%s asks for more than %s, the highest version that %s",
                     tls_version_name(session->minimum_version),
                     tls_version_name(session->maximum_version),
                     session->maximum_version == peer->maximum_version
                         ? "this database's way to switch to TLS can carry; SslNegotiation=direct "
                           "carries any"
                         : "SslMaxProtocol allows");
}

/* SslPriority decides all but the versions: what lies outside the two limits is always taken away,
 * so that SslPriority=NORMAL does not silently bring TLS 1.0 back. */
static bool set_priority(struct tls_session *session, struct error *error)
{
    const struct option *expert = &session->options->priority;
    char priority[PRIORITY_SIZE], source[PRIORITY_SIZE];
    const char *position = "";
    if (expert->value != NULL && strlen(expert->value) > PRIORITY_SIZE / 2)
        return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                         "SslPriority (%s) has %zu characters; up to %d can be used",
                         expert->source, strlen(expert->value), PRIORITY_SIZE / 2);
    size_t used = (size_t)snprintf(priority, sizeof priority, "%s",
                                   expert->value != NULL ? expert->value : "NORMAL:-VERS-ALL");
    for (size_t i = 0; i < VERSION_COUNT && used < sizeof priority; i++) {
        bool is_allowed = versions[i].version >= session->minimum_version &&
                          versions[i].version <= session->maximum_version;
        if (is_allowed == (expert->value == NULL))
            used += (size_t)snprintf(priority + used, sizeof priority - used, ":%cVERS-%s",
                                     is_allowed ? '+' : '-',
                                     gnutls_protocol_get_name(versions[i].protocol));
    }
    int result = priority_apply(session->gnutls, priority, &position);
    if (result == GNUTLS_E_SUCCESS) {
        if (expert->value == NULL)
            gnutls_dh_set_prime_bits(session->gnutls, SESSION_DH_BITS);
        return true;
    }
    if (expert->value == NULL)
        return error_set(error, ODBCSSL_ERROR_TLS_VERSION,
                         "GnuTLS on this machine does not allow the TLS versions asked for, %s: %s",
                         session_describe_offer(session, source, sizeof source),
                         gnutls_strerror(result));
    if (result == GNUTLS_E_NO_PRIORITIES_WERE_SET)
        return error_set(error, ODBCSSL_ERROR_TLS_VERSION,
                         "nothing is left to offer of %s (SslMinProtocol, SslMaxProtocol)",
                         session_describe_offer(session, source, sizeof source));
    return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                     "%s is not a GnuTLS priority string; it is wrong at '%.*s': %s",
                     option_describe(expert, source, sizeof source), (int)strcspn(position, ":"),
                     position, gnutls_strerror(result));
}

/* Without tickets: a ticket is a secret to keep, and a session ends only with its connection. The
 * client's certificate goes to a server that asks for one, also when it names other issuers: it was
 * configured for this server, and the server's refusal tells more than its silence. */
static bool start_gnutls(struct tls_session *session, struct error *error)
{
    int result = gnutls_init(&session->gnutls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL |
                                                   GNUTLS_NO_TICKETS | GNUTLS_FORCE_CLIENT_CERT);
    if (result == GNUTLS_E_SUCCESS) {
        gnutls_session_set_ptr(session->gnutls, session);
        gnutls_transport_set_ptr(session->gnutls, session);
        gnutls_transport_set_vec_push_function(session->gnutls, push);
        gnutls_transport_set_pull_function(session->gnutls, pull);
        gnutls_handshake_set_timeout(session->gnutls, 0);
        gnutls_handshake_set_max_packet_length(session->gnutls, SESSION_MESSAGE_LIMIT);
        gnutls_session_set_verify_function(session->gnutls, session_verify_peer);
        gnutls_handshake_set_hook_function(session->gnutls, GNUTLS_HANDSHAKE_CERTIFICATE_VERIFY,
                                           GNUTLS_HOOK_PRE, session_check_key);
        if (!set_priority(session, error))
            return false;
        result = gnutls_credentials_set(session->gnutls, GNUTLS_CRD_CERTIFICATE,
                                        session->credentials->gnutls);
    }
    if (result == GNUTLS_E_SUCCESS && session->options->send_sni && is_dns_name(session->name))
        result = gnutls_server_name_set(session->gnutls, GNUTLS_NAME_DNS, session->name,
                                        strlen(session->name));
    const gnutls_datum_t alpn = {(unsigned char *)session->alpn, (unsigned)strlen(session->alpn)};
    if (result == GNUTLS_E_SUCCESS && alpn.size > 0)
        result = gnutls_alpn_set_protocols(session->gnutls, &alpn, 1, 0);
    return result == GNUTLS_E_SUCCESS || error_set(error, ODBCSSL_ERROR_HANDSHAKE,
                                                   "the TLS session with %s cannot be prepared: %s",
                                                   session->host, gnutls_strerror(result));
}

struct tls_session *tls_session_open(const struct credentials *credentials,
                                     const struct tls_options *options, const struct tls_peer *peer,
                                     struct log *log, struct error *error)
{
    struct tls_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        error_set_memory(error);
        return NULL;
    }
    session->credentials = credentials;
    session->options = options;
    session->log = log;
    session->is_alpn_required = peer->is_alpn_required;
    if (peer->alpn != NULL)
        snprintf(session->alpn, sizeof session->alpn, "%s", peer->alpn);
    const struct option *other_name =
        options->server_name.value != NULL ? &options->server_name : NULL;
    if (!copy_name(peer->host, NULL, session->host, error) ||
        !copy_name(other_name != NULL ? other_name->value : peer->host, other_name, session->name,
                   error) ||
        !set_versions(session, peer, error) || !start_gnutls(session, error))
        tls_session_free(&session);
    return session;
}

void tls_session_free(struct tls_session **session)
{
    if (*session == NULL)
        return;
    if ((*session)->gnutls != NULL)
        gnutls_deinit((*session)->gnutls);
    sparse_free(&(*session)->found);
    buffer_free(&(*session)->input);
    buffer_free(&(*session)->output);
    free(*session);
    *session = NULL;
}

struct buffer *tls_session_input(struct tls_session *session)
{
    return &session->input;
}

struct buffer *tls_session_output(struct tls_session *session)
{
    return &session->output;
}

static enum tls_progress fail(struct tls_session *session, int result, struct error *error)
{
    session_fail(session, result, error);
    session->stage = SESSION_FAILED;
    log_write(session->log, "TLS with %s failed: %s", session->host,
              error != NULL ? error->text : gnutls_strerror(result));
    return TLS_PROGRESS_FAILED;
}

/* What GnuTLS does not look at. Nothing may be trusted that was not judged: a suite without
 * certificates ends here. A protocol that was not offered does not count as chosen. */
static bool check_handshake(const struct tls_session *session, struct error *error)
{
    gnutls_datum_t chosen = {NULL, 0};
    if (!session->is_judged)
        return error_set(error, ODBCSSL_ERROR_UNTRUSTED, "%s showed no certificate", session->host);
    bool is_chosen =
        gnutls_alpn_get_selected_protocol(session->gnutls, &chosen) == GNUTLS_E_SUCCESS &&
        chosen.size == strlen(session->alpn) &&
        memcmp(chosen.data, session->alpn, chosen.size) == 0;
    return is_chosen || !session->is_alpn_required ||
           error_set(error, ODBCSSL_ERROR_ALPN,
                     "%s chose no application protocol (ALPN), or another one, and \"%s\" is "
                     "required: TLS from the first byte (SslNegotiation=direct) is not what this "
                     "port speaks",
                     session->host, session->alpn);
}

/* GnuTLS says "again" also after a message that was none of the caller's business (a ticket, a new
 * key): only with an empty input is it the network's turn. */
static bool is_again(struct tls_session *session, int result, size_t before)
{
    size_t left = buffer_length(&session->input);
    return result == GNUTLS_E_INTERRUPTED || result == GNUTLS_E_WARNING_ALERT_RECEIVED ||
           (result == GNUTLS_E_AGAIN && left > 0 && left < before);
}

enum tls_progress tls_session_handshake(struct tls_session *session, struct error *error)
{
    int result;
    size_t before;
    if (session->stage != SESSION_HANDSHAKING)
        return session->stage == SESSION_ESTABLISHED ? TLS_PROGRESS_DONE : TLS_PROGRESS_FAILED;
    do {
        before = buffer_length(&session->input);
        result = gnutls_handshake(session->gnutls);
    } while (is_again(session, result, before));
    /* GnuTLS's own limit is for messages that came whole. */
    if (result == GNUTLS_E_AGAIN && session->handshake_size > SESSION_HANDSHAKE_LIMIT)
        result = GNUTLS_E_HANDSHAKE_TOO_LARGE;
    if (result == GNUTLS_E_AGAIN)
        return TLS_PROGRESS_WANT_READ;
    if (result == GNUTLS_E_SUCCESS && !check_handshake(session, error))
        result = GNUTLS_E_RECEIVED_DISALLOWED_NAME;
    if (result != GNUTLS_E_SUCCESS)
        return fail(session, result, error);
    session->stage = SESSION_ESTABLISHED;
    log_write(session->log, "TLS with %s: %s, %s", session->host,
              tls_version_name(session_version(session)), gnutls_ciphersuite_get(session->gnutls));
    return TLS_PROGRESS_DONE;
}

enum tls_progress tls_session_read(struct tls_session *session, void *out, size_t size,
                                   size_t *read_out, struct error *error)
{
    ssize_t result;
    size_t before;
    *read_out = 0;
    do {
        before = buffer_length(&session->input);
        result = gnutls_record_recv(session->gnutls, out, size);
    } while (result < 0 && is_again(session, (int)result, before));
    if (result == GNUTLS_E_AGAIN)
        return TLS_PROGRESS_WANT_READ;
    if (result == 0)
        return TLS_PROGRESS_CLOSED;
    if (result < 0)
        return fail(session, (int)result, error);
    *read_out = (size_t)result;
    return TLS_PROGRESS_DONE;
}

/* A peer that asked for small records (RFC 8449) gets several instead of one. */
enum tls_progress tls_session_write(struct tls_session *session, const void *bytes, size_t size,
                                    struct error *error)
{
    const unsigned char *next = bytes;
    while (size > 0) {
        ssize_t result = gnutls_record_send(session->gnutls, next, size);
        if (result <= 0)
            return fail(session, (int)result, error);
        next += result;
        size -= (size_t)result;
    }
    return TLS_PROGRESS_DONE;
}

void tls_session_close(struct tls_session *session)
{
    if (session->stage == SESSION_ESTABLISHED)
        gnutls_bye(session->gnutls, GNUTLS_SHUT_WR);
}

bool tls_session_is_pending(const struct tls_session *session)
{
    return buffer_length(&session->input) > 0 || gnutls_record_check_pending(session->gnutls) > 0;
}

enum tls_version session_version(const struct tls_session *session)
{
    gnutls_protocol_t protocol = gnutls_protocol_get_version(session->gnutls);
    for (size_t i = 0; i < VERSION_COUNT; i++)
        if (versions[i].protocol == protocol)
            return versions[i].version;
    return TLS_VERSION_NONE;
}

const gnutls_datum_t *tls_session_peer_chain(const struct tls_session *session, unsigned *count_out)
{
    *count_out = 0;
    return gnutls_certificate_get_peers(session->gnutls, count_out);
}

const char *tls_session_peer_name(const struct tls_session *session)
{
    return session->name;
}

bool tls_session_is_certificate_asked(const struct tls_session *session)
{
    return gnutls_certificate_client_get_request_status(session->gnutls) != 0;
}

bool tls_session_is_certificate_sent(const struct tls_session *session)
{
    return tls_session_is_certificate_asked(session) &&
           gnutls_certificate_get_ours(session->gnutls) != NULL;
}

const char *session_describe_offer(const struct tls_session *session, char *out, size_t size)
{
    const struct option *expert = &session->options->priority;
    const char *lowest = tls_version_name(session->minimum_version);
    const char *highest = tls_version_name(session->maximum_version);
    char source[SESSION_OFFER_SIZE] = "";
    if (expert->value != NULL)
        option_describe(expert, source, sizeof source);
    bool is_one = session->minimum_version == session->maximum_version;
    snprintf(out, size, "%s%s%s%s%s", is_one ? "only " : lowest, is_one ? "" : " to ", highest,
             expert->value != NULL ? " with " : "", source);
    return out;
}
