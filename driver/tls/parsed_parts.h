/*
 * parsed_parts.h - what the files of parsed_file.h share. Not for other parts.
 */
#ifndef TLS_PARSED_PARTS_H
#define TLS_PARSED_PARTS_H

#include "tls/parsed_file.h"

/* One file on its way into parsed_file: where it comes from, where to, and what went wrong. */
struct parsing {
    const struct parsed_source *source;
    struct parsed_file *file;
    struct error *error;
};

enum parsed_kind parsed_kind_of(const unsigned char *bytes, size_t size);

/* Of the PEM block with this label ("RSA PRIVATE KEY"). */
enum parsed_kind parsed_kind_of_label(const char *label, size_t length);

/* "a private key"; static. */
const char *parsed_kind_name(enum parsed_kind kind);

/* What to do about a file that holds one of these kinds (bits) and is refused; NULL: nothing. */
const char *parsed_kind_advice(uint64_t seen);

/* Notes that this kind stands in the file. And whether private keys are to be kept. */
void parsed_saw(const struct parsing *parsing, enum parsed_kind kind);
bool parsed_wants_keys(const struct parsing *parsing);

/* Copy the bytes. false with error set. */
bool parsed_add_certificate(const struct parsing *parsing, const unsigned char *bytes, size_t size);
bool parsed_add_key(const struct parsing *parsing, const unsigned char *bytes, size_t size,
                    enum parsed_key_form form);

/* Sets the error, "NAME: ..." of the file, and returns false; the second one, "NAME: the WHAT is
 * damaged: WHY". */
bool parsed_refuse(const struct parsing *parsing, enum odbcssl_error code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool parsed_damaged(const struct parsing *parsing, const char *what, const char *why);

/* Passwords that stores are made with by default: Java's, and the one that ApsaraDB RDS gives its
 * stores. Ended by NULL. */
extern const char *const parsed_default_passwords[];

/* Certificates that travel in PKCS#7 (.p7b): signed data without a signature (RFC 5652), BER or
 * DER, in the order of the file. */
bool parsed_pkcs7_read(const struct parsing *parsing, const unsigned char *bytes, size_t size);

/* PKCS#12 (.p12, .pfx; Java's default since version 9), RFC 7292. The MAC, where there is one, is
 * checked before anything else; private keys come out decrypted. */
bool parsed_pkcs12_read(const struct parsing *parsing, const unsigned char *bytes, size_t size);

/* Java's own stores: trusted certificates, and keys under Sun's protector, which come out decrypted
 * (PKCS#8). The store's digest is checked before anything else. */
bool parsed_jks_read(const struct parsing *parsing, const unsigned char *bytes, size_t size);

#endif
