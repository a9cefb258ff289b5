/* tls.c - the TLS that the server offers, by OpenSSL. */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "support/tds_server/server.h"

/* TDS 8.0's ALPN identifier; a client that offers others only is refused. */
static int choose_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *length,
                       const unsigned char *offered, unsigned int offered_length, void *argument)
{
    static const unsigned char wanted[] = "\x07tds/8.0";
    unsigned char *found;
    (void)ssl;
    (void)argument;
    int outcome =
        SSL_select_next_proto(&found, length, wanted, sizeof wanted - 1, offered, offered_length);
    *chosen = found;
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

SSL_CTX *tls_create_context(const struct server_options *options)
{
    bool is_strict = options->encryption == ENCRYPTION_MODE_STRICT;
    int maximum = options->maximum_tls;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (maximum == 0)
        maximum = is_strict ? TLS1_3_VERSION : TLS1_2_VERSION;
    bool is_good = context != NULL && SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1 &&
                   SSL_CTX_set_max_proto_version(context, maximum) == 1 &&
                   SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0") == 1 &&
                   SSL_CTX_use_certificate_chain_file(context, options->certificate) == 1 &&
                   SSL_CTX_use_PrivateKey_file(context, options->key, SSL_FILETYPE_PEM) == 1;
    if (is_good && options->client_ca != NULL) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(options->client_ca));
        is_good = SSL_CTX_load_verify_file(context, options->client_ca) == 1;
    }
    if (!is_good) {
        ERR_print_errors_fp(stderr);
        return NULL;
    }
    static const unsigned char session_context[] = "tds";
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context);
    if (is_strict)
        SSL_CTX_set_alpn_select_cb(context, choose_alpn, NULL);
    return context;
}
