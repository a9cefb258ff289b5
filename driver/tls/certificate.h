/*
 * certificate.h - what is read out of a certificate for checks and for people.
 */
#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "tls/der.h"

/* More alternative names, or constraints on names, than this are refused: checking them takes time.
 */
#define CERTIFICATE_NAME_LIMIT 1000

/* Tags of GeneralName, RFC 5280, 4.2.1.6. */
enum general_name {
    GENERAL_NAME_OTHER = DER_TAG_CONTEXT_CONSTRUCTED(0),
    GENERAL_NAME_EMAIL = DER_TAG_CONTEXT(1),
    GENERAL_NAME_DNS = DER_TAG_CONTEXT(2),
    GENERAL_NAME_X400 = DER_TAG_CONTEXT_CONSTRUCTED(3),
    GENERAL_NAME_DIRECTORY = DER_TAG_CONTEXT_CONSTRUCTED(4),
    GENERAL_NAME_EDI_PARTY = DER_TAG_CONTEXT_CONSTRUCTED(5),
    GENERAL_NAME_URI = DER_TAG_CONTEXT(6),
    GENERAL_NAME_IP = DER_TAG_CONTEXT(7),
    GENERAL_NAME_REGISTERED_ID = DER_TAG_CONTEXT(8)
};

/* Room for a certificate in an error. */
#define CERTIFICATE_TEXT_SIZE 400

/* "CN=db1,O=Example"; returns out. */
const char *certificate_format_subject(gnutls_x509_crt_t certificate, char *out, size_t out_size);
const char *certificate_format_issuer(gnutls_x509_crt_t certificate, char *out, size_t out_size);

/* "0A:3F"; returns out. */
const char *certificate_format_serial(gnutls_x509_crt_t certificate, char *out, size_t out_size);

/* "server certificate CN=db1 (serial 0A:3F)", or "CA certificate ..."; returns out. */
const char *certificate_describe(gnutls_x509_crt_t certificate, bool is_server, char *out,
                                 size_t out_size);

/* "DNS:a, IP:b", what does not fit is counted: ", and 3 more"; empty when there are none. */
const char *certificate_format_names(gnutls_x509_crt_t certificate, char *out, size_t out_size);

/* The value of an extension: gnutls_free() its data. false: there is none. */
bool certificate_get_extension(gnutls_x509_crt_t certificate, const char *oid,
                               gnutls_datum_t *value_out);

/* The alternative names. names_out walks over GeneralNames in *value_out, which is to be freed. */
bool certificate_get_names(gnutls_x509_crt_t certificate, gnutls_datum_t *value_out,
                           struct cursor *names_out);

/* Names in DER, byte for byte; an empty name equals none. */
bool certificate_is_same_name(const gnutls_datum_t *a, const gnutls_datum_t *b);
bool certificate_is_self_issued(gnutls_x509_crt_t certificate);

/* Basic constraints say that it is a CA's. */
bool certificate_is_authority(gnutls_x509_crt_t certificate);

#endif
