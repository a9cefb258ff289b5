/*
 * certificate.c - from a certificate's DER, of a server, a file or a token, to struct certificate:
 * read once, and strictly; then answers questions on it and formats its names. The extensions are
 * read by certificate_extensions.c, and judged by verify*.c.
 */
#include "tls/certificate.h"

#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "tls/name.h"

#define ALL_USAGES 0xffff
#define OID_COMMON_NAME "\x55\x04\x03"

/* Reading */

void certificate_find_fault(struct certificate *certificate, const char *place, const char *fault)
{
    if (certificate->fault != NULL)
        return;
    certificate->fault_place = place;
    certificate->fault = fault;
}

static void read_version(struct certificate *certificate, struct cursor *fields)
{
    struct der wrapper, version;
    unsigned number = 0;
    certificate->version = 1;
    if (!der_optional(fields, DER_TAG_CONTEXT_CONSTRUCTED(0), &wrapper))
        return;
    struct cursor inside = der_inside(&wrapper);
    bool is_read = der_expect(&inside, DER_TAG_INTEGER, &version) && der_is_at_end(&inside) &&
                   der_read_number(&version, &number);
    if (!is_read || number > 2)
        certificate_find_fault(certificate, "its version", "is none of 1 to 3");
    certificate->version = number + 1;
}

static void read_validity(struct certificate *certificate, const struct der *validity)
{
    struct cursor fields = der_inside(validity);
    struct der from, until;
    if (!der_next(&fields, &from) || !der_next(&fields, &until) || !der_is_at_end(&fields) ||
        !der_read_time(&from, &certificate->not_before) ||
        !der_read_time(&until, &certificate->not_after)) {
        certificate_find_fault(certificate, "its validity",
                               "is not two times in the form of RFC 5280, 4.1.2.5");
        /* Not to be called expired besides. */
        certificate->not_before = 0;
        certificate->not_after = LONG_MAX;
    }
}

static void check_size(struct certificate *certificate, const struct der *name, const char *place)
{
    if (name->whole_size > CERTIFICATE_DN_LIMIT)
        certificate_find_fault(certificate, place, "is longer than 4096 bytes");
}

/* A NUL in a common name hides what stands behind it from other programs. */
static void check_subject(struct certificate *certificate)
{
    struct name_walk walk = {.rdns = der_inside(&certificate->subject)};
    struct der type, value;
    char text[512];
    size_t size = 0;
    while (name_next_attribute(&walk, &type, &value))
        if (DER_IS_OID(&type, OID_COMMON_NAME) && name_to_utf8(&value, text, sizeof text, &size) &&
            memchr(text, 0, size) != NULL)
            certificate_find_fault(certificate, "its common name",
                                   "has a NUL character in it, as forged certificates have");
    if (walk.is_malformed)
        certificate_find_fault(certificate, "its subject", "is malformed");
}

static bool read_body(struct certificate *certificate)
{
    struct cursor fields = der_inside(&certificate->signature.signed_bytes);
    struct der algorithm, validity, unique_id, wrapper, extensions;
    read_version(certificate, &fields);
    if (!der_expect(&fields, DER_TAG_INTEGER, &certificate->serial) ||
        !der_expect(&fields, DER_TAG_SEQUENCE, &algorithm) ||
        !der_expect(&fields, DER_TAG_SEQUENCE, &certificate->issuer) ||
        !der_expect(&fields, DER_TAG_SEQUENCE, &validity) ||
        !der_expect(&fields, DER_TAG_SEQUENCE, &certificate->subject) ||
        !der_expect(&fields, DER_TAG_SEQUENCE, &certificate->public_key))
        return false;
    if (certificate->serial.size == 0)
        certificate_find_fault(certificate, "its serial number", "is empty");
    if (!der_equal(&algorithm, &certificate->signature.algorithm))
        certificate_find_fault(certificate, "its signature algorithm",
                               "is one inside the signed part and another one outside");
    read_validity(certificate, &validity);
    check_size(certificate, &certificate->subject, "its subject");
    check_size(certificate, &certificate->issuer, "its issuer");
    check_subject(certificate);
    der_optional(&fields, DER_TAG_CONTEXT(1), &unique_id);
    der_optional(&fields, DER_TAG_CONTEXT(2), &unique_id);
    if (der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(3), &wrapper)) {
        struct cursor inside = der_inside(&wrapper);
        if (!der_expect(&inside, DER_TAG_SEQUENCE, &extensions) || !der_is_at_end(&inside))
            return false;
        if (certificate->version != 3)
            certificate_find_fault(certificate, "its version",
                                   "is not 3, though it has extensions");
        if (extensions.size == 0)
            certificate_find_fault(certificate, "its list of extensions", "is empty");
        certificate_read_extensions(certificate, &extensions);
    }
    return der_is_at_end(&fields);
}

const char *certificate_read(const unsigned char *bytes, size_t size, struct certificate *out)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der sequence;
    *out = (struct certificate){.bytes = bytes,
                                .size = size,
                                .key_usage = ALL_USAGES,
                                .path_length = CERTIFICATE_NO_NUMBER,
                                .explicit_policy = CERTIFICATE_NO_NUMBER,
                                .no_policy_mapping = CERTIFICATE_NO_NUMBER,
                                .no_any_policy = CERTIFICATE_NO_NUMBER};
    if (!der_expect(&cursor, DER_TAG_SEQUENCE, &sequence))
        return "it is not a DER SEQUENCE";
    if (!der_is_at_end(&cursor))
        return "bytes follow behind its end";
    if (!signature_read(&sequence, &out->signature))
        return "it is not made of a body, an algorithm and a signature";
    if (!read_body(out))
        return "its body is malformed DER";
    out->subject_hash = name_hash(&out->subject);
    out->issuer_hash = name_hash(&out->issuer);
    out->is_self_issued = certificate_is_issued_by(out, out);
    return NULL;
}

/* Questions */

bool certificate_has(const struct certificate *certificate, enum certificate_extension extension)
{
    return certificate->extensions[extension].whole != NULL;
}

struct cursor certificate_inside(const struct certificate *certificate,
                                 enum certificate_extension extension)
{
    return der_inside(&certificate->extensions[extension]);
}

bool certificate_is_same(const struct certificate *a, const struct certificate *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

bool certificate_is_issued_by(const struct certificate *certificate,
                              const struct certificate *issuer)
{
    return certificate->issuer_hash == issuer->subject_hash &&
           name_is_equal(&certificate->issuer, &issuer->subject);
}

bool certificate_is_self_issued(const struct certificate *certificate)
{
    return certificate->is_self_issued;
}

bool certificate_has_other_key_id(const struct certificate *certificate,
                                  const struct certificate *issuer)
{
    const struct der *own = &issuer->extensions[CERTIFICATE_SUBJECT_KEY_ID];
    struct cursor fields = certificate_inside(certificate, CERTIFICATE_AUTHORITY_KEY_ID);
    struct der named;
    return own->whole != NULL && der_optional(&fields, DER_TAG_CONTEXT(0), &named) &&
           (named.size != own->size || memcmp(named.content, own->content, own->size) != 0);
}

bool certificate_open_directory(const struct der *general_name, struct der *name_out)
{
    struct cursor inside = der_inside(general_name);
    return general_name->tag == GENERAL_NAME_DIRECTORY &&
           der_expect(&inside, DER_TAG_SEQUENCE, name_out) && der_is_at_end(&inside);
}

bool certificate_digest(const struct certificate *certificate, unsigned char *digest_out)
{
    return gnutls_hash_fast(GNUTLS_DIG_SHA256, certificate->bytes, certificate->size, digest_out) >=
           0;
}

bool certificate_key_digest(const struct certificate *certificate, unsigned char *digest_out)
{
    return gnutls_hash_fast(GNUTLS_DIG_SHA256, certificate->public_key.whole,
                            certificate->public_key.whole_size, digest_out) >= 0;
}

/* Names for people */

const char *certificate_format_dn(const struct der *name, char *out, size_t out_size)
{
    const gnutls_datum_t der = {(unsigned char *)name->whole, (unsigned)name->whole_size};
    gnutls_datum_t text = {0};
    gnutls_x509_dn_t dn = NULL;
    if (name->whole_size > CERTIFICATE_DN_LIMIT) {
        snprintf(out, out_size, "(a name of %zu bytes)", name->whole_size);
        return out;
    }
    bool is_read = name->size > 0 && gnutls_x509_dn_init(&dn) >= 0 &&
                   gnutls_x509_dn_import(dn, &der) >= 0 &&
                   gnutls_x509_dn_get_str2(dn, &text, 0) >= 0 && text.size > 0;
    if (is_read)
        error_printable(text.data, text.size, out, out_size);
    else
        snprintf(out, out_size, "%s", name->size > 0 ? "(malformed name)" : "(no name)");
    gnutls_free(text.data);
    if (dn != NULL) /* which GnuTLS does not take */
        gnutls_x509_dn_deinit(dn);
    return out;
}

const char *certificate_format_serial(const struct der *serial, char *out, size_t out_size)
{
    text_hex(serial->content, serial->size, ':', out, out_size);
    return out;
}

const char *certificate_format_fingerprint(const void *bytes, size_t size, char separator,
                                           char *out, size_t out_size)
{
    unsigned char digest[CERTIFICATE_DIGEST_SIZE];
    out[0] = '\0';
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, size, digest) >= 0)
        text_hex(digest, sizeof digest, separator, out, out_size);
    return out;
}

const char *certificate_describe(const struct certificate *certificate, bool is_server, char *out,
                                 size_t out_size)
{
    char subject[260], serial[100];
    certificate_format_dn(&certificate->subject, subject, sizeof subject);
    certificate_format_serial(&certificate->serial, serial, sizeof serial);
    snprintf(out, out_size, "%s certificate %s (serial %s)", is_server ? "server" : "CA", subject,
             serial);
    return out;
}

static void format_address(const struct der *name, char *out, size_t out_size)
{
    char address[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN] = "";
    bool is_range = name->size == 8 || name->size == 32;
    size_t size = is_range ? name->size / 2 : name->size;
    int family = size == 4 ? AF_INET : AF_INET6;
    snprintf(out, out_size, "(malformed)");
    if ((size != 4 && size != 16) ||
        inet_ntop(family, name->content, address, sizeof address) == NULL ||
        (is_range && inet_ntop(family, name->content + size, mask, sizeof mask) == NULL))
        return;
    snprintf(out, out_size, "%s%s%s", address, is_range ? "/" : "", mask);
}

const char *certificate_format_name(const struct der *name, char *out, size_t out_size)
{
    char value[260] = "(other)";
    const char *kind = "other";
    struct der other;
    switch (name->tag) {
    case GENERAL_NAME_DNS:
    case GENERAL_NAME_EMAIL:
    case GENERAL_NAME_URI:
        kind = name->tag == GENERAL_NAME_DNS     ? "DNS"
               : name->tag == GENERAL_NAME_EMAIL ? "email"
                                                 : "URI";
        error_printable(name->content, name->size, value, sizeof value);
        break;
    case GENERAL_NAME_IP:
        kind = "IP";
        format_address(name, value, sizeof value);
        break;
    case GENERAL_NAME_DIRECTORY:
        kind = "directory";
        if (certificate_open_directory(name, &other))
            certificate_format_dn(&other, value, sizeof value);
        break;
    case GENERAL_NAME_REGISTERED_ID:
        other = *name;
        other.tag = DER_TAG_OID;
        kind = "registeredID";
        der_format_oid(&other, value, sizeof value);
        break;
    default:
        break;
    }
    snprintf(out, out_size, "%s:%s", kind, value);
    return out;
}

const char *certificate_format_names(const struct certificate *certificate, char *out,
                                     size_t out_size)
{
    static const size_t tail_size = sizeof ", and 1234567890 more";
    struct cursor names = certificate_inside(certificate, CERTIFICATE_ALT_NAMES);
    struct der name;
    char text[300];
    size_t used = 0;
    unsigned left_out = 0;
    out[0] = '\0';
    while (der_next(&names, &name)) {
        certificate_format_name(&name, text, sizeof text);
        if (left_out > 0 || used + strlen(text) + tail_size + 2 > out_size)
            left_out++;
        else
            used +=
                (size_t)snprintf(out + used, out_size - used, "%s%s", used > 0 ? ", " : "", text);
    }
    if (left_out > 0)
        snprintf(out + used, out_size - used, "%s%u more", used > 0 ? ", and " : "", left_out);
    return out;
}
