/*
 * pki.h - certificates, keys and CRLs for tests, made in the process.
 *
 *      struct pki_certificate *ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca =
 * true}); struct pki_certificate *server = pki_issue(&(struct pki_spec){ .common_name = "db1",
 * .issuer = ca, .dns = PKI_LIST("db1.example.com")}); pki_write_pem(path, ca, NULL);
 *
 * A spec that is all zeroes but for the name is valid: a self-signed ECDSA P-256 certificate with
 * SHA-256, from yesterday for a year.
 */
#ifndef TESTS_PKI_H
#define TESTS_PKI_H

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buffer.h"

/* ECDSA is on P-256. */
enum pki_key {
    PKI_KEY_ECDSA,
    PKI_KEY_RSA,
    PKI_KEY_RSA_PSS,
    PKI_KEY_ED25519,
    PKI_KEY_P224,
    PKI_KEY_DSA
};

/* A list of texts for the fields below. */
#define PKI_LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A time is given absolutely, or in days from now; 0 and 0: the default. */
struct pki_time {
    time_t absolute;
    int days;
};

struct pki_extension {
    const char *oid; /* NULL ends a list */
    bool is_critical;
    const void *value; /* DER */
    size_t size;
};

struct pki_certificate {
    gnutls_x509_crt_t crt;
    gnutls_x509_privkey_t key;
    gnutls_datum_t edited; /* the DER after pki_edit, or when GnuTLS cannot read it; else empty */
    struct pki_certificate *former; /* that was issued before */
};

struct pki_spec {
    const char *common_name; /* NULL: an empty subject */
    const char *dn;          /* the whole subject in RFC 4514, instead of common_name */
    const struct pki_certificate *issuer; /* NULL: self-signed */
    const struct pki_certificate *key_of; /* use that certificate's key instead of a new one */
    bool is_ca;
    bool has_path_length;
    int path_length;
    bool omit_basic_constraints;
    const char *const *dns;
    const char *const *ip;
    const char *const *uri;
    const char *const *email;
    const void *raw_dns; /* one more beside dns, may hold NUL; no other kinds then */
    size_t raw_dns_size;
    struct pki_time not_before; /* default: yesterday */
    struct pki_time not_after;  /* default: in 365 days */
    const char *serial;         /* hexadecimal; NULL: a new one */
    enum pki_key key;
    unsigned rsa_bits;              /* 0: 2048 */
    gnutls_digest_algorithm_t hash; /* 0: SHA-256; SHA-1 and MD5 work with RSA */
    unsigned key_usage;             /* 0: what a CA, or a TLS server, needs */
    bool omit_key_usage;
    bool omit_key_identifiers;
    unsigned pss_salt; /* signed with RSA-PSS (an RSA issuer), this salt and SHA-256; 0: not */
    gnutls_digest_algorithm_t limit_hash; /* the RSA key is for RSA-PSS alone, with this hash ... */
    unsigned limit_salt;                  /* ... and salts that are not shorter; 0: not limited */
    const char *const *purposes;          /* extended key usage, OIDs; NULL: none */
    const char *const *permitted_dns;
    const char *const *excluded_dns;
    const struct pki_extension *extensions; /* more extensions, ended by a NULL oid */
};

/* NULL on failure, said on standard error. */
struct pki_certificate *pki_issue(const struct pki_spec *spec);
/* For who issues very many: else they last as long as the program. Accepts NULL; sets the pointer
 * to NULL. */
void pki_free(struct pki_certificate **certificate);
/* The DER: gnutls_free() its data. */
gnutls_datum_t pki_der(const struct pki_certificate *certificate);
/* Puts size other bytes where those of find stand first in the signed part, and signs it again:
 * certificates that GnuTLS would not write. crt stays as it was. */
bool pki_edit(struct pki_certificate *certificate, const struct pki_certificate *issuer,
              const void *find, const void *put, size_t size);
/* The same with bytes of another number: of whole fields, as no lengths around them are changed. */
bool pki_replace(struct pki_certificate *certificate, const struct pki_certificate *issuer,
                 const void *find, size_t find_size, const void *put, size_t put_size);
/* Puts any bytes in place of its DER. crt stays as it was. */
bool pki_set_bytes(struct pki_certificate *certificate, const struct buffer *der);
/* A key of that kind; NULL on failure. */
gnutls_x509_privkey_t pki_generate_key(enum pki_key kind, unsigned rsa_bits);

/* CRLs. */
struct pki_revoked {
    const struct pki_certificate *certificate; /* this one's serial ... */
    const char *serial;                        /* ... or this, hexadecimal */
    int reason;                                /* RFC 5280, 5.3.1; 0: no reason code is written */
    struct pki_time date;                      /* default: yesterday */
    const struct pki_extension *extensions;    /* more entry extensions */
};

struct pki_crl_spec {
    const struct pki_certificate *issuer;
    const struct pki_certificate *signer; /* NULL: issuer; another one forges */
    const struct pki_revoked *revoked;
    size_t revoked_count;
    struct pki_time this_update; /* default: yesterday */
    struct pki_time next_update; /* default: in 30 days */
    bool omit_next_update;
    bool is_generalized_time; /* GeneralizedTime also before 2050 */
    bool is_v1;               /* no version, no extensions */
    unsigned number;          /* 0: no cRLNumber */
    gnutls_digest_algorithm_t hash;
    const struct pki_extension *extensions; /* IDP, deltaCRLIndicator ..., ended by a NULL oid */
};

/* Appends the DER to out (buffer_free it). false on failure, said on standard error. */
bool pki_crl(const struct pki_crl_spec *spec, struct buffer *out);
/* Signs a tbsCertList that was made elsewhere. */
bool pki_sign_crl(const struct buffer *tbs, const struct pki_certificate *signer,
                  gnutls_digest_algorithm_t hash, struct buffer *out);
/* The AlgorithmIdentifier that pki_sign_crl will use: to be put into the tbsCertList. */
bool pki_put_algorithm(const struct pki_certificate *signer, gnutls_digest_algorithm_t hash,
                       struct buffer *out);

/* These certificates as trust anchors (trust_free them). NULL: one of them is no certificate. */
struct trust;
struct trust *pki_trust(const gnutls_datum_t *ders, size_t count, const char *name);

/* Files. Each overwrites; lists of certificates end with NULL. false on failure. */
bool pki_write_file(const char *path, const void *bytes, size_t size, unsigned mode);
bool pki_write_pem(const char *path, ...) __attribute__((sentinel)); /* certificates, 0644 */
bool pki_write_der(const char *path, const struct pki_certificate *certificate);
bool pki_write_key_pem(const char *path, const struct pki_certificate *certificate); /* 0600 */
bool pki_write_key_der(const char *path, const struct pki_certificate *certificate); /* 0600 */
/* PKCS#8, encrypted with AES-256 when password is not NULL; 0600. */
bool pki_write_key_pkcs8(const char *path, const struct pki_certificate *certificate,
                         const char *password);
bool pki_write_crl_pem(const char *path, const struct buffer *crl);
bool pki_write_crl_der(const char *path, const struct buffer *crl);

/* A new private directory (free the name); NULL on failure. */
char *pki_temp_dir(void);
/* Removes it with everything in it, frees the name and sets it to NULL. NULL is accepted. */
void pki_temp_dir_remove(char **directory);
/* "directory/name"; free it. */
char *pki_path(const char *directory, const char *name);

#endif
