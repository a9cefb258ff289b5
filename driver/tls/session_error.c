/*
 * session_error.c - why a TLS session failed, for session.c: what GnuTLS returned, or the alert of
 * the server, as an error that names the keyword that can help; and the alert that the server gets.
 */
#include "tls/session_internal.h"

#include <stdio.h>

#include "tls/certificate.h"

/* What a server's alert can be about besides the handshake in general. */
enum alert_topic {
    ALERT_GENERAL,
    ALERT_CLIENT_CERTIFICATE,
    ALERT_MAYBE_CLIENT_CERTIFICATE,
    ALERT_VERSION
};

static const struct {
    gnutls_alert_description_t alert;
    enum alert_topic topic;
} alert_topics[] = {
    {GNUTLS_A_BAD_CERTIFICATE, ALERT_CLIENT_CERTIFICATE},
    {GNUTLS_A_UNSUPPORTED_CERTIFICATE, ALERT_CLIENT_CERTIFICATE},
    {GNUTLS_A_CERTIFICATE_REVOKED, ALERT_CLIENT_CERTIFICATE},
    {GNUTLS_A_CERTIFICATE_EXPIRED, ALERT_CLIENT_CERTIFICATE},
    {GNUTLS_A_CERTIFICATE_UNKNOWN, ALERT_CLIENT_CERTIFICATE},
    {GNUTLS_A_UNKNOWN_CA, ALERT_CLIENT_CERTIFICATE},
    {GNUTLS_A_ACCESS_DENIED, ALERT_CLIENT_CERTIFICATE},
    {GNUTLS_A_CERTIFICATE_REQUIRED, ALERT_CLIENT_CERTIFICATE},
    /* OpenSSL servers up to TLS 1.2 say this when a required certificate did not come. */
    {GNUTLS_A_HANDSHAKE_FAILURE, ALERT_MAYBE_CLIENT_CERTIFICATE},
    {GNUTLS_A_PROTOCOL_VERSION, ALERT_VERSION},
};

/* GnuTLS errors that deserve more than GnuTLS's own texts; most of them only in a handshake. */
static const struct {
    int result;
    enum odbcssl_error code;
    const char *reason;
} failures[] = {
    {GNUTLS_E_DH_PRIME_UNACCEPTABLE, ODBCSSL_ERROR_WEAK_ALGORITHM,
     "the server's Diffie-Hellman prime is too weak, or larger than is computed with: it must have "
     "2048 bits; SslPriority=NORMAL:-DHE-RSA does without Diffie-Hellman primes"},
    {GNUTLS_E_INSUFFICIENT_SECURITY, ODBCSSL_ERROR_WEAK_ALGORITHM,
     "a key or algorithm of the server is too weak"},
    {GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM, ODBCSSL_ERROR_WEAK_ALGORITHM,
     "the server signed with an algorithm that is weak or not known"},
    {GNUTLS_E_HANDSHAKE_TOO_LARGE, ODBCSSL_ERROR_HANDSHAKE,
     "the server's handshake is larger than 128 KiB, as with an absurdly large certificate"},
    {GNUTLS_E_UNEXPECTED_PACKET_LENGTH, ODBCSSL_ERROR_HANDSHAKE, "what the server sent is not TLS"},
    {GNUTLS_E_RECORD_OVERFLOW, ODBCSSL_ERROR_HANDSHAKE, "what the server sent is not TLS"},
    {GNUTLS_E_UNEXPECTED_PACKET, ODBCSSL_ERROR_HANDSHAKE, "what the server sent is not TLS"},
    {GNUTLS_E_REHANDSHAKE, ODBCSSL_ERROR_HANDSHAKE,
     "the server asked for a renegotiation, which is refused"},
    {GNUTLS_E_UNIMPLEMENTED_FEATURE, ODBCSSL_ERROR_HANDSHAKE,
     "the server's certificate, or what it chose, needs something that GnuTLS cannot do"},
    {GNUTLS_E_NO_CERTIFICATE_FOUND, ODBCSSL_ERROR_UNTRUSTED, "the server showed no certificate"},
    {GNUTLS_E_MEMORY_ERROR, ODBCSSL_ERROR_MEMORY, "out of memory"},
    {GNUTLS_E_PUSH_ERROR, ODBCSSL_ERROR_MEMORY, "out of memory"}, /* push fails for nothing else */
};

static const char no_signature[] = "the server accepts no signature that its key can make";

/* What became of the client's certificate; returns out. */
static const char *describe_certificate(const struct tls_session *session, char *out, size_t size)
{
    const struct credentials *credentials = session->credentials;
    if (!credentials->has_identity)
        snprintf(out, size, "no client certificate was sent: SslCert is not set");
    else if (tls_session_is_certificate_sent(session))
        snprintf(out, size, "the client certificate %s of %s was sent",
                 credentials->identity.subject, credentials->identity.name);
    else
        snprintf(out, size, "the client certificate %s of %s was not sent, because %s",
                 credentials->identity.subject, credentials->identity.name,
                 tls_session_is_certificate_asked(session) ? no_signature
                                                           : "the server asked for none");
    return out;
}

static void fail_alert(struct tls_session *session, struct error *error)
{
    gnutls_alert_description_t alert = gnutls_alert_get(session->gnutls);
    const char *name = gnutls_alert_get_name(alert);
    bool is_handshake = session->stage != SESSION_ESTABLISHED;
    char offer[SESSION_OFFER_SIZE], certificate[1400], alerted[SESSION_NAME_SIZE + 120];
    enum alert_topic topic = ALERT_GENERAL;
    for (size_t i = 0; i < sizeof alert_topics / sizeof alert_topics[0]; i++)
        if (alert_topics[i].alert == alert)
            topic = alert_topics[i].topic;
    if (topic == ALERT_MAYBE_CLIENT_CERTIFICATE)
        topic =
            tls_session_is_certificate_asked(session) ? ALERT_CLIENT_CERTIFICATE : ALERT_GENERAL;
    /* RFC 8446, 6.2; RFC 5246, 7.2.2. */
    bool has_nothing_common = is_handshake && (alert == GNUTLS_A_HANDSHAKE_FAILURE ||
                                               alert == GNUTLS_A_INSUFFICIENT_SECURITY);
    snprintf(alerted, sizeof alerted, "%s ended the TLS %s with the alert \"%s\" (%d)",
             session->host, is_handshake ? "handshake" : "session", name != NULL ? name : "unknown",
             (int)alert);
    session_describe_offer(session, offer, sizeof offer);
    if (topic == ALERT_CLIENT_CERTIFICATE)
        error_set(error, ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED,
                  "%s, which is about the client certificate; %s", alerted,
                  describe_certificate(session, certificate, sizeof certificate));
    else if (topic == ALERT_VERSION)
        error_set(error, ODBCSSL_ERROR_TLS_VERSION,
                  "%s; offered was %s (SslMinProtocol, SslMaxProtocol)", alerted, offer);
    else
        error_set(error, ODBCSSL_ERROR_ALERT, "%s; offered was %s%s", alerted, offer,
                  has_nothing_common
                      ? ": so does a server that has none of its TLS versions, ciphers, groups or "
                        "signature algorithms in common with that (SslMinProtocol, SslMaxProtocol, "
                        "SslPriority)"
                      : "");
}

/* GnuTLS says that the key's usage is violated, and not by which certificate nor how: it looks at
 * the client's own as well as at the server's. RFC 8446, 4.4.2; RFC 5246, 7.4.2 and 7.4.8. */
static void fail_usage(struct tls_session *session, struct error *error)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session->gnutls, &count);
    const struct client_identity *own =
        session->credentials->has_identity ? &session->credentials->identity : NULL;
    const char *protocol = gnutls_protocol_get_name(gnutls_protocol_get_version(session->gnutls));
    struct certificate server;
    char described[CERTIFICATE_TEXT_SIZE];
    bool is_decrypting = gnutls_protocol_get_version(session->gnutls) < GNUTLS_TLS1_3 &&
                         gnutls_kx_get(session->gnutls) == GNUTLS_KX_RSA;
    unsigned wanted = is_decrypting ? GNUTLS_KEY_KEY_ENCIPHERMENT : GNUTLS_KEY_DIGITAL_SIGNATURE;
    if (chain == NULL || count == 0 ||
        certificate_read(chain[0].data, chain[0].size, &server) != NULL)
        return;
    if ((server.key_usage & wanted) != 0 && own != NULL &&
        (own->chain[0].key_usage & GNUTLS_KEY_DIGITAL_SIGNATURE) == 0)
        error_set(error, ODBCSSL_ERROR_PURPOSE,
                  "the client certificate %s of %s may not be used for this %s handshake: its "
                  "keyUsage has no digitalSignature",
                  own->subject, own->name, protocol);
    certificate_describe(&server, true, described, sizeof described);
    error_set(error, ODBCSSL_ERROR_PURPOSE,
              "%s may not be used for this %s handshake: its keyUsage has no %s", described,
              protocol, is_decrypting ? "keyEncipherment" : "digitalSignature");
}

static void fail_other(struct tls_session *session, int result, struct error *error)
{
    char offer[SESSION_OFFER_SIZE];
    bool is_handshake = session->stage != SESSION_ESTABLISHED || result == GNUTLS_E_REHANDSHAKE;
    if (is_handshake && result == GNUTLS_E_UNSUPPORTED_VERSION_PACKET) {
        error_set(error, ODBCSSL_ERROR_TLS_VERSION,
                  "%s chose a TLS version that is not allowed; offered was %s (SslMinProtocol, "
                  "SslMaxProtocol)",
                  session->host, session_describe_offer(session, offer, sizeof offer));
        return;
    }
    if (result == GNUTLS_E_KEY_USAGE_VIOLATION)
        fail_usage(session, error);
    /* TLS 1.2: behind the server's request nothing else is chosen. TLS 1.3 sends no certificate. */
    if (result == GNUTLS_E_UNWANTED_ALGORITHM && session->credentials->has_identity &&
        tls_session_is_certificate_asked(session))
        error_set(error, ODBCSSL_ERROR_CLIENT_CERTIFICATE_REJECTED,
                  "the client certificate %s of %s cannot be shown to %s: %s",
                  session->credentials->identity.subject, session->credentials->identity.name,
                  session->host, no_signature);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (failures[i].result == result &&
            (is_handshake || failures[i].code == ODBCSSL_ERROR_MEMORY))
            error_set(error, failures[i].code, "TLS with %s: %s (%s)", session->host,
                      failures[i].reason, gnutls_strerror(result));
    if (!is_handshake)
        error_set(error, ODBCSSL_ERROR_LINK_LOST, "the TLS session with %s broke: %s",
                  session->host, gnutls_strerror(result));
    /* Nothing else in a handshake is X.509 or ASN.1. */
    if (result == GNUTLS_E_CERTIFICATE_ERROR || result == GNUTLS_E_ASN1_TIME_ERROR ||
        (result <= GNUTLS_E_ASN1_ELEMENT_NOT_FOUND && result >= GNUTLS_E_ASN1_DER_OVERFLOW))
        error_set(error, ODBCSSL_ERROR_HANDSHAKE,
                  "the TLS handshake with %s failed: the certificate that the server showed cannot "
                  "be read (%s)",
                  session->host, gnutls_strerror(result));
    error_set(error, ODBCSSL_ERROR_HANDSHAKE, "the TLS handshake with %s failed: %s", session->host,
              gnutls_strerror(result));
}

static gnutls_alert_description_t alert_for(enum odbcssl_error code)
{
    switch (code) {
    case ODBCSSL_ERROR_UNTRUSTED:
    case ODBCSSL_ERROR_SELF_SIGNED:
    case ODBCSSL_ERROR_ISSUER_UNKNOWN:
        return GNUTLS_A_UNKNOWN_CA;
    case ODBCSSL_ERROR_REVOKED:
        return GNUTLS_A_CERTIFICATE_REVOKED;
    case ODBCSSL_ERROR_EXPIRED:
        return GNUTLS_A_CERTIFICATE_EXPIRED;
    case ODBCSSL_ERROR_ALPN:
        return GNUTLS_A_NO_APPLICATION_PROTOCOL;
    default:
        return GNUTLS_A_BAD_CERTIFICATE;
    }
}

void session_fail(struct tls_session *session, int result, struct error *error)
{
    if (result == GNUTLS_E_FATAL_ALERT_RECEIVED) {
        fail_alert(session, error);
        return;
    }
    error_copy(error, &session->refusal);
    if (error_is_set(error))
        gnutls_alert_send(session->gnutls, GNUTLS_AL_FATAL, alert_for(error->code));
    else
        gnutls_alert_send_appropriate(session->gnutls, result);
    fail_other(session, result, error);
}
