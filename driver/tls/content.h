/*
 * content.h - what bytes look like. Files are recognised by what is in them, never by their names,
 * and a file that is refused is called by what it is.
 */
#ifndef TLS_CONTENT_H
#define TLS_CONTENT_H

#include <stddef.h>

enum content_kind {
    CONTENT_CERTIFICATE,
    CONTENT_TRUSTED_CERTIFICATE,
    CONTENT_ATTRIBUTE_CERTIFICATE,
    CONTENT_PRIVATE_KEY,
    CONTENT_ENCRYPTED_KEY,
    CONTENT_PUBLIC_KEY,
    CONTENT_REQUEST,
    CONTENT_CRL,
    CONTENT_PARAMETERS,
    CONTENT_PKCS7,
    CONTENT_CMS_OTHER,
    CONTENT_PKCS12,
    CONTENT_JKS,
    CONTENT_JCEKS,
    CONTENT_BKS,
    CONTENT_OPENSSH_KEY,
    CONTENT_OPENSSH_PUBLIC_KEY,
    CONTENT_PUTTY_KEY,
    CONTENT_PGP,
    CONTENT_ZIP,
    CONTENT_GZIP,
    CONTENT_HTML,
    CONTENT_UTF16,
    CONTENT_PEM,       /* text with PEM blocks: look at each */
    CONTENT_PEM_OTHER, /* a PEM block of a kind not known here */
    CONTENT_TEXT,
    CONTENT_BINARY,
    CONTENT_KIND_COUNT
};

enum content_kind content_recognise(const unsigned char *bytes, size_t size);

/* The kind of the PEM block with this label ("RSA PRIVATE KEY"). */
enum content_kind content_of_label(const char *label, size_t length);

/* "a private key"; static. */
const char *content_kind_name(enum content_kind kind);

#endif
