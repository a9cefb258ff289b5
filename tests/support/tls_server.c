/* tls_server.c - GnuTLS as a server, over memory or over a socket. */
#include "support/tls_server.h"

#include <errno.h>
#include <string.h>

#define CHAIN_LIMIT 256

static ssize_t push(gnutls_transport_ptr_t pointer, const void *bytes, size_t size)
{
    struct tls_server *server = pointer;
    return buffer_append(server->to_client, bytes, size) ? (ssize_t)size : -1;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *out, size_t size)
{
    struct tls_server *server = pointer;
    size_t length = buffer_length(server->from_client);
    if (length == 0) {
        gnutls_transport_set_errno(server->session, EAGAIN);
        return -1;
    }
    length = length < size ? length : size;
    memcpy(out, buffer_content(server->from_client), length);
    buffer_take(server->from_client, length);
    return (ssize_t)length;
}

/* GnuTLS keeps to the usage in its own copy of the public key. */
static bool set_unrestricted_chain(struct tls_server *server,
                                   const struct tls_server_options *options)
{
    gnutls_pcert_st chain[CHAIN_LIMIT];
    gnutls_privkey_t key = NULL;
    int count = 0;
    for (; options->chain[count] != NULL && count < CHAIN_LIMIT; count++)
        if (gnutls_pcert_import_x509(&chain[count], options->chain[count]->crt, 0) < 0)
            return false;
    return gnutls_pubkey_set_key_usage(chain[0].pubkey, 0) >= 0 && gnutls_privkey_init(&key) >= 0 &&
           gnutls_privkey_import_x509(key, options->chain[0]->key, GNUTLS_PRIVKEY_IMPORT_COPY) >=
               0 &&
           gnutls_certificate_set_key(server->credentials, NULL, 0, chain, count, key) >= 0;
}

static bool set_chain(struct tls_server *server, const struct tls_server_options *options)
{
    gnutls_x509_crt_t chain[CHAIN_LIMIT];
    unsigned count = 0;
    while (options->chain[count] != NULL && count < CHAIN_LIMIT) {
        chain[count] = options->chain[count]->crt;
        count++;
    }
    return gnutls_certificate_set_x509_key(server->credentials, chain, (int)count,
                                           options->chain[0]->key) >= 0;
}

static int show(gnutls_session_t session, const gnutls_datum_t *issuers, int issuer_count,
                const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                gnutls_pcert_st **chain_out, unsigned *count_out, gnutls_privkey_t *key_out)
{
    struct tls_server *server = gnutls_session_get_ptr(session);
    (void)issuers, (void)issuer_count, (void)algorithms, (void)algorithm_count;
    *chain_out = &server->shown;
    *count_out = 1;
    *key_out = server->shown_key;
    return 0;
}

/* GnuTLS does not look into what a callback gives it. */
static bool set_shown(struct tls_server *server, const struct tls_server_options *options)
{
    if (options->shown == NULL)
        return true;
    server->shown.type = GNUTLS_CRT_X509;
    server->shown.cert = *options->shown;
    gnutls_session_set_ptr(server->session, server);
    gnutls_certificate_set_retrieve_function2(server->credentials, show);
    return gnutls_privkey_init(&server->shown_key) >= 0 &&
           gnutls_privkey_import_x509(server->shown_key, options->chain[0]->key, 0) >= 0 &&
           gnutls_pubkey_init(&server->shown.pubkey) >= 0 &&
           gnutls_pubkey_import_privkey(server->shown.pubkey, server->shown_key, 0, 0) >= 0;
}

static void set_client_ca(struct tls_server *server, const struct tls_server_options *options)
{
    if (options->client_ca == NULL)
        return;
    gnutls_x509_crt_t ca = options->client_ca->crt;
    gnutls_certificate_set_x509_trust(server->credentials, &ca, 1);
    gnutls_certificate_server_set_request(server->session, GNUTLS_CERT_REQUIRE);
    gnutls_session_set_verify_cert(server->session, NULL, 0);
}

static bool set_dh_prime(struct tls_server *server, const struct tls_server_options *options)
{
    const gnutls_datum_t generator = {(unsigned char *)"\x02", 1};
    if (options->dh_prime == NULL)
        return true;
    if (gnutls_dh_params_init(&server->dh_parameters) < 0 ||
        gnutls_dh_params_import_raw(server->dh_parameters, options->dh_prime, &generator) < 0)
        return false;
    gnutls_certificate_set_dh_params(server->credentials, server->dh_parameters);
    return true;
}

static void set_extras(struct tls_server *server, const struct tls_server_options *options)
{
    if (options->alpn != NULL) {
        gnutls_datum_t protocol = {(unsigned char *)options->alpn, (unsigned)strlen(options->alpn)};
        gnutls_alpn_set_protocols(server->session, &protocol, 1, 0);
    }
}

static bool open_session(struct tls_server *server, const struct tls_server_options *options,
                         unsigned flags)
{
    const char *priority = options->priority != NULL ? options->priority : "NORMAL";
    if (gnutls_init(&server->session, GNUTLS_SERVER | GNUTLS_NO_SIGNAL | flags) != 0 ||
        gnutls_certificate_allocate_credentials(&server->credentials) != 0 ||
        !(options->ignores_key_usage ? set_unrestricted_chain(server, options)
                                     : set_chain(server, options)) ||
        !set_shown(server, options) || !set_dh_prime(server, options) ||
        gnutls_priority_set_direct(server->session, priority, NULL) != 0)
        return false;
    set_extras(server, options);
    set_client_ca(server, options);
    gnutls_handshake_set_max_packet_length(server->session, 0);
    return gnutls_credentials_set(server->session, GNUTLS_CRD_CERTIFICATE, server->credentials) ==
           0;
}

bool tls_server_open(struct tls_server *server, const struct tls_server_options *options,
                     struct buffer *from_client, struct buffer *to_client)
{
    *server = (struct tls_server){.from_client = from_client, .to_client = to_client};
    if (!open_session(server, options, GNUTLS_NONBLOCK))
        return false;
    gnutls_transport_set_ptr(server->session, server);
    gnutls_transport_set_push_function(server->session, push);
    gnutls_transport_set_pull_function(server->session, pull);
    return true;
}

bool tls_server_open_socket(struct tls_server *server, const struct tls_server_options *options,
                            int descriptor)
{
    *server = (struct tls_server){0};
    if (!open_session(server, options, 0))
        return false;
    gnutls_transport_set_int(server->session, descriptor);
    return true;
}

void tls_server_close(struct tls_server *server)
{
    if (server->session != NULL)
        gnutls_deinit(server->session);
    if (server->credentials != NULL)
        gnutls_certificate_free_credentials(server->credentials);
    if (server->dh_parameters != NULL)
        gnutls_dh_params_deinit(server->dh_parameters);
    gnutls_pubkey_deinit(server->shown.pubkey);
    gnutls_privkey_deinit(server->shown_key);
    *server = (struct tls_server){0};
}
