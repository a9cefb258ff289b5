/*
 * parsed_file.h - what a file holds: certificates and private keys, as bytes, out of every format
 * people are given (PEM, DER, PKCS#7, PKCS#12, JKS), and what else stands in it. The content shows
 * the format, never the name, and a file that is refused is called by what it is.
 *
 *      trust, client_identity --- parsed_file.c     one file: read, checked, taken apart
 *                                 |- pem.c          blocks of text
 *                                 |- parsed_kind.c  what bytes look like
 *                                 |- parsed_pkcs7.c, parsed_pkcs12.c, parsed_jks.c
 *                                 `- parsed_pkcs8.c how a private key is encrypted
 *
 * CRLs are noticed here, and read by crl_set.c: they are large.
 */
#ifndef TLS_PARSED_FILE_H
#define TLS_PARSED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/options.h"
#include "tls/watch.h"

/* More in one file, or larger ones, are refused. */
#define PARSED_CERTIFICATE_LIMIT 65536
#define PARSED_CERTIFICATE_SIZE_LIMIT ((size_t)1024 * 1024)
#define PARSED_KEY_LIMIT 64
#define PARSED_KEY_SIZE_LIMIT ((size_t)256 * 1024)

/* What bytes or a PEM block can be: what is read here, and what people name by mistake, so that the
 * error can call it by its name. */
enum parsed_kind {
    PARSED_CERTIFICATE,
    PARSED_TRUSTED_CERTIFICATE,
    PARSED_PRIVATE_KEY,
    PARSED_ENCRYPTED_KEY,
    PARSED_PUBLIC_KEY,
    PARSED_REQUEST,
    PARSED_CRL,
    PARSED_PKCS7,
    PARSED_PKCS12,
    PARSED_JKS,
    PARSED_JCEKS,
    PARSED_OPENSSH_KEY,
    PARSED_OPENSSH_PUBLIC_KEY,
    PARSED_PUTTY_KEY,
    PARSED_ARCHIVE,
    PARSED_HTML,
    PARSED_UTF16,
    PARSED_PEM,       /* text with PEM blocks: look at each */
    PARSED_PEM_OTHER, /* a PEM block of a kind not known here */
    PARSED_TEXT,
    PARSED_BINARY,
    PARSED_KIND_COUNT
};

enum parsed_key_form {
    PARSED_KEY_PLAIN,         /* DER: PKCS#8, PKCS#1 or SEC 1 */
    PARSED_KEY_ENCRYPTED,     /* DER: PKCS#8 */
    PARSED_KEY_ENCRYPTED_PEM, /* text with RFC 1421's headers */
};

/* A certificate in DER, or a key. */
struct parsed_item {
    unsigned char *bytes; /* NUL-terminated behind size */
    size_t size;
    enum parsed_key_form form;
};

/* All zeroes is empty. Several files may be read into one. */
struct parsed_file {
    struct parsed_item *certificates;
    size_t certificate_count;
    struct parsed_item *keys;
    size_t key_count;
    uint64_t seen; /* bits 1 << enum parsed_kind: everything that stood in the file */
};

/* In the first three, private keys are only noticed. Nothing of what is wanted is an error. */
enum parsed_wanted {
    PARSED_WANTED_ANYTHING, /* a file in a folder: nothing is no error, damage is one */
    PARSED_WANTED_ANCHORS,
    PARSED_WANTED_CHAIN,    /* whose key is elsewhere */
    PARSED_WANTED_IDENTITY, /* certificates, and keys if there are any */
    PARSED_WANTED_KEY
};

/* Bytes that were read already. */
struct parsed_source {
    const unsigned char *bytes;
    size_t size;
    const char *name;     /* for errors: "SslRootCert=/f (odbc.ini [w])" */
    const char *password; /* of a store; NULL: the ones that stores are made with by default */
    enum parsed_wanted wanted;
};

/* Adds what the source holds to file. false with error set when it holds nothing that is wanted,
 * saying what it holds instead, or when it is damaged; file may then hold a part. */
bool parsed_file_read(const struct parsed_source *source, struct parsed_file *file,
                      struct error *error);

/* The same of the file that option names. For a chain, an identity or a key, files with private
 * keys must be nobody else's to read. */
bool parsed_file_load(const struct option *option, enum parsed_wanted wanted,
                      const struct file_access *access, struct parsed_file *file,
                      struct error *error);

/* Copies the bytes. false with error set: out of memory, or beyond a limit. name: the file. */
bool parsed_file_add_certificate(struct parsed_file *file, const unsigned char *bytes, size_t size,
                                 const char *name, struct error *error);

/* Whether this kind stood in the file, used or not. */
bool parsed_file_has(const struct parsed_file *file, enum parsed_kind kind);
bool parsed_file_has_keys(const struct parsed_file *file); /* encrypted or not */

/* Rounds of hashing a password that are done; more would hang the connection. Programs use 2,000 to
 * 1,000,000. */
#define PARSED_ITERATION_LIMIT 5000000

/* How a private key in PKCS#8 is encrypted: 0, or GnuTLS's error; GNUTLS_E_ASN1_DER_ERROR: it does
 * not say. The OID, which the caller frees with gnutls_free, may be NULL. */
int parsed_key_encryption(const unsigned char *bytes, size_t size, unsigned *iterations_out,
                          char **oid_out);

/* Wipes the keys and frees everything. */
void parsed_file_free(struct parsed_file *file);

#endif
