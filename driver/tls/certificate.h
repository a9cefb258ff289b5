/*
 * certificate.h - a certificate as RFC 5280, 4.1, lays it out, read once and strictly; questions on
 * it, and its names as text.
 */
#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "tls/der.h"
#include "tls/signature.h"

/* More alternative names, or constraints on names, than this are refused: checking them takes time.
 */
#define CERTIFICATE_NAME_LIMIT 1000

/* Bytes of a subject or an issuer; one that is longer is refused: it is compared and shown often.
 */
#define CERTIFICATE_DN_LIMIT 4096

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

/* The extensions that are understood: rows of a table in certificate_extensions.c. */
enum certificate_extension {
    CERTIFICATE_SUBJECT_KEY_ID,
    CERTIFICATE_KEY_USAGE,
    CERTIFICATE_ALT_NAMES,
    CERTIFICATE_ISSUER_ALT_NAMES,
    CERTIFICATE_BASIC_CONSTRAINTS,
    CERTIFICATE_NAME_CONSTRAINTS,
    CERTIFICATE_DISTRIBUTION_POINTS,
    CERTIFICATE_POLICIES,
    CERTIFICATE_POLICY_MAPPINGS,
    CERTIFICATE_AUTHORITY_KEY_ID,
    CERTIFICATE_POLICY_CONSTRAINTS,
    CERTIFICATE_EXTENDED_KEY_USAGE,
    CERTIFICATE_INHIBIT_ANY_POLICY,
    CERTIFICATE_AUTHORITY_INFO,
    CERTIFICATE_SUBJECT_INFO,
    CERTIFICATE_EXTENSION_COUNT
};

/* A number of RFC 5280 that may be left out. */
#define CERTIFICATE_NO_NUMBER UINT32_MAX

/* Points into the DER, which belongs to somebody else. */
struct certificate {
    const unsigned char *bytes;
    size_t size;
    unsigned version;  /* 1 to 3 */
    struct der serial; /* INTEGER */
    struct der issuer;
    struct der subject;
    time_t not_before;
    time_t not_after;
    struct der public_key; /* SubjectPublicKeyInfo */
    struct signature signature;
    uint64_t subject_hash; /* name_hash */
    uint64_t issuer_hash;
    bool is_self_issued; /* by names */
    /* The SEQUENCE or other value in the extension; whole NULL: the extension is not there. */
    struct der extensions[CERTIFICATE_EXTENSION_COUNT];
    struct der unknown_critical; /* the OID of the first one; whole NULL: none */
    /* What the extensions say. */
    bool is_authority;
    unsigned path_length;       /* or CERTIFICATE_NO_NUMBER */
    unsigned explicit_policy;   /* or CERTIFICATE_NO_NUMBER */
    unsigned no_policy_mapping; /* or CERTIFICATE_NO_NUMBER */
    unsigned no_any_policy;     /* or CERTIFICATE_NO_NUMBER */
    unsigned key_usage;         /* GNUTLS_KEY_...; all of them without the extension */
    struct der permitted_names; /* GeneralSubtrees; whole NULL: none */
    struct der excluded_names;
    /* What is malformed: "basicConstraints", "is not ..."; static. NULL: nothing. A malformed
     * certificate can be shown, and is never accepted. */
    const char *fault_place;
    const char *fault;
};

/* Reads DER, which has to outlive out. Returns NULL, or what makes it no certificate at all;
 * static.
 */
const char *certificate_read(const unsigned char *bytes, size_t size, struct certificate *out);

/* Reads the extensions, for certificate_read: content of the SEQUENCE OF Extension. */
void certificate_read_extensions(struct certificate *certificate, const struct der *extensions);

/* For the files that read: notes the first fault. */
void certificate_find_fault(struct certificate *certificate, const char *place, const char *fault);

/* Whether it has the extension; one that is malformed and not processed does not count. */
bool certificate_has(const struct certificate *certificate, enum certificate_extension extension);

/* Walks over a value that is a SEQUENCE OF; over nothing when the extension is not there. */
struct cursor certificate_inside(const struct certificate *certificate,
                                 enum certificate_extension extension);

/* The Name in a GeneralName that is a directoryName; its tag is EXPLICIT, since Name is a CHOICE
 * (RFC 5280, 4.2.1.6). false: it is another kind, or malformed. */
bool certificate_open_directory(const struct der *general_name, struct der *name_out);

/* The same bytes. */
bool certificate_is_same(const struct certificate *a, const struct certificate *b);

/* By names (RFC 5280, 7.1). */
bool certificate_is_issued_by(const struct certificate *certificate,
                              const struct certificate *issuer);
bool certificate_is_self_issued(const struct certificate *certificate);

/* Both name a key, and it is not the same: neither proof nor disproof. */
bool certificate_has_other_key_id(const struct certificate *certificate,
                                  const struct certificate *issuer);

/* SHA-256 of the whole, and of its public key. false: GnuTLS fails. */
#define CERTIFICATE_DIGEST_SIZE 32
bool certificate_digest(const struct certificate *certificate, unsigned char *digest_out);
bool certificate_key_digest(const struct certificate *certificate, unsigned char *digest_out);

/* Room for a certificate in an error. */
#define CERTIFICATE_TEXT_SIZE 400

/* "CN=db1,O=Example", nothing invisible in it; returns out. */
const char *certificate_format_dn(const struct der *name, char *out, size_t out_size);

/* "0A:3F", an INTEGER, cut to size; returns out. */
const char *certificate_format_serial(const struct der *serial, char *out, size_t out_size);

/* SHA-256 of a certificate's DER in hexadecimal, with separator between the bytes unless it is 0;
 * empty where GnuTLS fails; returns out. */
const char *certificate_format_fingerprint(const void *bytes, size_t size, char separator,
                                           char *out, size_t out_size);

/* "server certificate CN=db1 (serial 0A:3F)", or "CA certificate ..."; returns out. */
const char *certificate_describe(const struct certificate *certificate, bool is_server, char *out,
                                 size_t out_size);

/* "DNS:a", also of a subtree; returns out. */
const char *certificate_format_name(const struct der *general_name, char *out, size_t out_size);

/* "DNS:a, IP:b", what does not fit is counted: ", and 3 more"; empty when there are none. */
const char *certificate_format_names(const struct certificate *certificate, char *out,
                                     size_t out_size);

#endif
