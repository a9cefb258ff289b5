/*
 * session_internal.h - what the files of the TLS session share. Not for other parts.
 *
 * session.c moves bytes, session_verify.c judges the server's certificate during the handshake,
 * session_error.c explains failures, session_report.c reports what was negotiated.
 */
#ifndef TLS_SESSION_INTERNAL_H
#define TLS_SESSION_INTERNAL_H

#include <gnutls/gnutls.h>
#include <time.h>

#include "base/sparse.h"
#include "tls/session.h"
#include "tls/verify.h"

/* A DNS name has 253 characters at most; an IPv6 address with zone is shorter. */
#define SESSION_NAME_SIZE 256

/* Larger handshake messages, and larger handshakes, are refused: they would fill the memory. */
#define SESSION_MESSAGE_LIMIT ((size_t)128 * 1024)
#define SESSION_HANDSHAKE_LIMIT ((size_t)256 * 1024)

/* Smaller Diffie-Hellman primes of a server are refused, as OpenSSL's security level 2 does. */
#define SESSION_DH_BITS 2048

enum session_stage { SESSION_HANDSHAKING, SESSION_ESTABLISHED, SESSION_FAILED };

struct tls_session {
    gnutls_session_t gnutls;
    const struct credentials *credentials;
    const struct tls_options *options;
    struct log *log;
    enum session_stage stage;

    char host[SESSION_NAME_SIZE]; /* without brackets and without a final dot */
    char name[SESSION_NAME_SIZE]; /* SslServerName, else the host: for SNI and the name check */
    char alpn[64];                /* empty: none */
    bool is_alpn_required;
    enum tls_version minimum_version;
    enum tls_version maximum_version; /* never NONE */

    size_t handshake_size; /* bytes of the server so far */
    struct buffer input;
    struct buffer output;

    bool is_judged; /* the server's certificate came, and session_verify.c saw it */
    struct sparse
        found; /* struct verify_result without path, also when it does not stop the session */
    struct error refusal; /* why the server's certificate stopped the handshake */
};

/* gnutls_certificate_verify_function: 0 lets the handshake go on. */
int session_verify_peer(gnutls_session_t gnutls);

/* gnutls_handshake_hook_func of CertificateVerify: whether GnuTLS may check it by the server's key,
 * which TLS 1.3 does before session_verify_peer is asked. */
int session_check_key(gnutls_session_t gnutls, unsigned type, unsigned when, unsigned is_incoming,
                      const gnutls_datum_t *message);

/* Sets error to what a GnuTLS function returned, and puts an alert for the server into the output.
 */
void session_fail(struct tls_session *session, int result, struct error *error);

/* "TLSv1.2 to TLSv1.3 with SslPriority=NORMAL (odbc.ini [w])"; returns out. */
#define SESSION_OFFER_SIZE 800
const char *session_describe_offer(const struct tls_session *session, char *out, size_t size);

/* As enum tls_version; NONE before one is negotiated. */
enum tls_version session_version(const struct tls_session *session);

#endif
