/*
 * tls_server.h - the server's end of a TLS session, in this process: over memory or over a socket.
 */
#ifndef TESTS_TLS_SERVER_H
#define TESTS_TLS_SERVER_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "support/pki.h"

struct tls_server_options {
    const struct pki_certificate *const *chain; /* the server's own first, ended by NULL */
    const char *priority;                       /* NULL: "NORMAL" */
    const char *alpn;                           /* NULL: none */
    const struct pki_certificate *client_ca;    /* a client certificate of it is required */
    const gnutls_datum_t *dh_prime; /* for DHE where no group is negotiated; its generator is 2 */
    const gnutls_datum_t *shown;    /* instead of the chain, whatever it is; with its key */
    bool ignores_key_usage; /* shows its certificate whatever its keyUsage says, as OpenSSL does */
};

struct tls_server {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    gnutls_dh_params_t dh_parameters;
    gnutls_pcert_st shown;
    gnutls_privkey_t shown_key;
    struct buffer *from_client; /* over memory */
    struct buffer *to_client;
};

/* Over memory: the client's output and input. false on failure. */
bool tls_server_open(struct tls_server *server, const struct tls_server_options *options,
                     struct buffer *from_client, struct buffer *to_client);

/* Over a socket, which stays the caller's. */
bool tls_server_open_socket(struct tls_server *server, const struct tls_server_options *options,
                            int descriptor);
void tls_server_close(struct tls_server *server);

#endif
