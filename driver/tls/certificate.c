#include "tls/certificate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define OID_SUBJECT_ALT_NAME "2.5.29.17"

static const char *format_name(gnutls_datum_t *name, int outcome, char *out, size_t out_size)
{
    if (outcome < 0 || name->size == 0)
        snprintf(out, out_size, "(no name)");
    else
        error_printable(name->data, name->size, out, out_size);
    gnutls_free(name->data);
    return out;
}

const char *certificate_format_subject(gnutls_x509_crt_t certificate, char *out, size_t out_size)
{
    gnutls_datum_t name = {0};
    int outcome = gnutls_x509_crt_get_dn3(certificate, &name, 0);
    return format_name(&name, outcome, out, out_size);
}

const char *certificate_format_issuer(gnutls_x509_crt_t certificate, char *out, size_t out_size)
{
    gnutls_datum_t name = {0};
    int outcome = gnutls_x509_crt_get_issuer_dn3(certificate, &name, 0);
    return format_name(&name, outcome, out, out_size);
}

const char *certificate_format_serial(gnutls_x509_crt_t certificate, char *out, size_t out_size)
{
    unsigned char serial[64];
    size_t size = sizeof serial;
    if (gnutls_x509_crt_get_serial(certificate, serial, &size) < 0)
        snprintf(out, out_size, "unknown");
    else
        text_hex(serial, size, ':', out, out_size);
    return out;
}

const char *certificate_describe(gnutls_x509_crt_t certificate, bool is_server, char *out,
                                 size_t out_size)
{
    char subject[260], serial[100];
    certificate_format_subject(certificate, subject, sizeof subject);
    certificate_format_serial(certificate, serial, sizeof serial);
    snprintf(out, out_size, "%s certificate %s (serial %s)", is_server ? "server" : "CA", subject,
             serial);
    return out;
}

bool certificate_get_extension(gnutls_x509_crt_t certificate, const char *oid,
                               gnutls_datum_t *value_out)
{
    *value_out = (gnutls_datum_t){0};
    return gnutls_x509_crt_get_extension_by_oid2(certificate, oid, 0, value_out, NULL) >= 0;
}

bool certificate_get_names(gnutls_x509_crt_t certificate, gnutls_datum_t *value_out,
                           struct cursor *names_out)
{
    struct der sequence;
    *names_out = cursor_over(NULL, 0);
    if (!certificate_get_extension(certificate, OID_SUBJECT_ALT_NAME, value_out))
        return false;
    struct cursor outer = cursor_over(value_out->data, value_out->size);
    if (der_expect(&outer, DER_TAG_SEQUENCE, &sequence))
        *names_out = der_inside(&sequence);
    return true;
}

static void format_address(const struct der *name, char *out, size_t out_size)
{
    int family = name->size == 4 ? AF_INET : AF_INET6;
    if ((name->size != 4 && name->size != 16) ||
        inet_ntop(family, name->content, out, (socklen_t)out_size) == NULL)
        snprintf(out, out_size, "(malformed)");
}

static void format_general_name(const struct der *name, char *out, size_t out_size)
{
    char value[260] = "(other)";
    const char *kind = "other";
    switch (name->tag) {
    case GENERAL_NAME_DNS:
        kind = "DNS";
        error_printable(name->content, name->size, value, sizeof value);
        break;
    case GENERAL_NAME_EMAIL:
        kind = "email";
        error_printable(name->content, name->size, value, sizeof value);
        break;
    case GENERAL_NAME_URI:
        kind = "URI";
        error_printable(name->content, name->size, value, sizeof value);
        break;
    case GENERAL_NAME_IP:
        kind = "IP";
        format_address(name, value, sizeof value);
        break;
    default:
        break;
    }
    snprintf(out, out_size, "%s:%s", kind, value);
}

const char *certificate_format_names(gnutls_x509_crt_t certificate, char *out, size_t out_size)
{
    static const size_t tail_size = sizeof ", and 1234567890 more";
    gnutls_datum_t value = {0};
    struct cursor names;
    struct der name;
    char text[300];
    size_t used = 0;
    unsigned left_out = 0;
    out[0] = '\0';
    certificate_get_names(certificate, &value, &names);
    while (der_next(&names, &name)) {
        format_general_name(&name, text, sizeof text);
        if (left_out > 0 || used + strlen(text) + tail_size + 2 > out_size)
            left_out++;
        else
            used +=
                (size_t)snprintf(out + used, out_size - used, "%s%s", used > 0 ? ", " : "", text);
    }
    if (left_out > 0)
        snprintf(out + used, out_size - used, "%s%u more", used > 0 ? ", and " : "", left_out);
    gnutls_free(value.data);
    return out;
}

bool certificate_is_same_name(const gnutls_datum_t *a, const gnutls_datum_t *b)
{
    return a->size == b->size && a->size > 0 && memcmp(a->data, b->data, a->size) == 0;
}

bool certificate_is_self_issued(gnutls_x509_crt_t certificate)
{
    gnutls_datum_t subject = {0}, issuer = {0};
    bool is_same = gnutls_x509_crt_get_raw_dn(certificate, &subject) >= 0 &&
                   gnutls_x509_crt_get_raw_issuer_dn(certificate, &issuer) >= 0 &&
                   certificate_is_same_name(&subject, &issuer);
    gnutls_free(subject.data);
    gnutls_free(issuer.data);
    return is_same;
}

bool certificate_is_authority(gnutls_x509_crt_t certificate)
{
    return gnutls_x509_crt_get_ca_status(certificate, NULL) > 0;
}
