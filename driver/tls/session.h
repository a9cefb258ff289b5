/*
 * session.h - one TLS client session. The only caller of the GnuTLS session API.
 *
 * Pure towards the network: the caller puts the server's bytes into tls_session_input() and sends
 * the bytes of tls_session_output(); the session never touches a socket. One thread at a time.
 */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "base/options.h"
#include "base/report.h"
#include "tls/credentials.h"

struct tls_session;

/* What a server is to be: for SNI, the name check and ALPN. */
struct tls_peer {
    const char *host;                 /* as the user wrote it: DNS name or IP address */
    const char *alpn;                 /* "postgresql", "tds/8.0"; NULL: none is offered */
    bool is_alpn_required;            /* the server has to choose it */
    enum tls_version maximum_version; /* what the protocol can carry (TDS 7: 1.2); NONE: no limit */
};

enum tls_progress {
    TLS_PROGRESS_DONE,      /* handshake over; bytes read or written */
    TLS_PROGRESS_WANT_READ, /* more bytes of the server are needed in the input */
    TLS_PROGRESS_CLOSED,    /* reading: the server sent close_notify */
    TLS_PROGRESS_FAILED     /* error is set; output may hold an alert that is to be sent */
};

/* Plaintext bytes in one TLS record at the most. */
#define TLS_RECORD_SIZE 16384

/* Starts a session. credentials and options must outlive it. NULL with error set on failure. */
struct tls_session *tls_session_open(const struct credentials *credentials,
                                     const struct tls_options *options, const struct tls_peer *peer,
                                     struct log *log, struct error *error);
void tls_session_free(struct tls_session **session);

struct buffer *tls_session_input(struct tls_session *session);
struct buffer *tls_session_output(struct tls_session *session);

/* Goes as far as the input allows. The server's certificate is verified on the way, before the
 * client's is shown; in modes that do not verify, a failed check goes into the report. */
enum tls_progress tls_session_handshake(struct tls_session *session, struct error *error);

/* Decrypts into out; *read_out > 0 with DONE. */
enum tls_progress tls_session_read(struct tls_session *session, void *out, size_t size,
                                   size_t *read_out, struct error *error);

/* Encrypts size bytes (at most TLS_RECORD_SIZE) as exactly one record into the output. */
enum tls_progress tls_session_write(struct tls_session *session, const void *bytes, size_t size,
                                    struct error *error);

/* Puts close_notify into the output. */
void tls_session_close(struct tls_session *session);

/* What the server showed, its own certificate first, as long as the session; NULL: nothing yet. And
 * the name that its certificate is to be for. */
const gnutls_datum_t *tls_session_peer_chain(const struct tls_session *session,
                                             unsigned *count_out);
const char *tls_session_peer_name(const struct tls_session *session);

/* Whether the server asked for the client's certificate, and whether it went there. */
bool tls_session_is_certificate_asked(const struct tls_session *session);
bool tls_session_is_certificate_sent(const struct tls_session *session);

/* Whether something was decrypted, or can be without more input. */
bool tls_session_is_pending(const struct tls_session *session);

/* Fills in everything but state's plaintext values and mode. Warnings: see ODBCSSL_WARNING_...
 * false: out of memory, and nothing is filled in. */
bool tls_session_report(const struct tls_session *session, struct tls_report *report,
                        struct error_list *warnings);

#endif
