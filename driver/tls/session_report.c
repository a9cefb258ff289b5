#include "tls/session_internal.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

#define FINGERPRINT_SIZE 32 /* SHA-256 */
#define SERIAL_SIZE 64      /* RFC 5280, 4.1.2.2: 20 octets; some have more */

static enum odbcssl_state state_of(const struct session_verification *found)
{
    if (!found->has_checked_chain || found->status != 0)
        return ODBCSSL_STATE_ENCRYPTED;
    return found->has_checked_host ? ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED
                                   : ODBCSSL_STATE_CHAIN_VERIFIED;
}

static void report_group(const struct tls_session *session, struct tls_report *report)
{
    const char *group = gnutls_group_get_name(gnutls_group_get(session->gnutls));
    int bits = gnutls_dh_get_prime_bits(session->gnutls);
    if (group != NULL)
        snprintf(report->group, sizeof report->group, "%s", group);
    else if (bits > 0)
        snprintf(report->group, sizeof report->group, "DH %d bits", bits);
}

static void report_negotiated(const struct tls_session *session, struct tls_report *report)
{
    if (session->stage != SESSION_ESTABLISHED)
        return;
    report->version = session_version(session);
    snprintf(report->protocol, sizeof report->protocol, "%s", tls_version_name(report->version));
    const char *cipher = gnutls_ciphersuite_get(session->gnutls);
    snprintf(report->cipher, sizeof report->cipher, "%s", cipher != NULL ? cipher : "");
    report->cipher_bits =
        (uint32_t)gnutls_cipher_get_key_size(gnutls_cipher_get(session->gnutls)) * 8;
    report_group(session, report);
    report->client_cert_sent = tls_session_is_certificate_sent(session);
    report->resumed = gnutls_session_is_resumed(session->gnutls) != 0;
    gnutls_datum_t alpn = {NULL, 0};
    if (gnutls_alpn_get_selected_protocol(session->gnutls, &alpn) == GNUTLS_E_SUCCESS)
        error_printable(alpn.data, alpn.size, report->alpn, sizeof report->alpn);
}

typedef int name_getter(gnutls_x509_crt_t certificate, gnutls_datum_t *out, unsigned flags);

static void report_name(name_getter *get, gnutls_x509_crt_t certificate, char *out, size_t size)
{
    gnutls_datum_t name = {NULL, 0};
    if (get(certificate, &name, 0) != GNUTLS_E_SUCCESS)
        return;
    error_printable(name.data, name.size, out, size);
    gnutls_free(name.data);
}

/* "DNS:a"; empty for kinds of names that no server is called by. */
static void format_alt_name(unsigned type, const char *name, size_t length, char *out, size_t size)
{
    char text[REPORT_NAME_SIZE];
    out[0] = '\0';
    switch (type) {
    case GNUTLS_SAN_DNSNAME:
        snprintf(out, size, "DNS:%s", error_printable(name, length, text, sizeof text));
        break;
    case GNUTLS_SAN_URI:
        snprintf(out, size, "URI:%s", error_printable(name, length, text, sizeof text));
        break;
    case GNUTLS_SAN_RFC822NAME:
        snprintf(out, size, "email:%s", error_printable(name, length, text, sizeof text));
        break;
    case GNUTLS_SAN_IPADDRESS:
        if (inet_ntop(length == 4 ? AF_INET : AF_INET6, name, text, sizeof text) != NULL &&
            (length == 4 || length == 16))
            snprintf(out, size, "IP:%s", text);
        break;
    default:
        break;
    }
}

static void report_alt_names(gnutls_x509_crt_t certificate, char *out, size_t size)
{
    size_t used = 0;
    for (unsigned i = 0;; i++) {
        char name[REPORT_NAME_SIZE], text[REPORT_NAME_SIZE + 16];
        size_t length = sizeof name;
        int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &length, NULL);
        if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
            continue;
        if (type < 0)
            return;
        format_alt_name((unsigned)type, name, length, text, sizeof text);
        size_t needed = strlen(text) + (used > 0 ? 2 : 0);
        if (text[0] == '\0' || used + needed >= size)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", text);
    }
}

static void report_encoded(gnutls_x509_crt_t certificate, const gnutls_datum_t *der,
                           struct tls_report *report)
{
    unsigned char fingerprint[FINGERPRINT_SIZE], serial[SERIAL_SIZE];
    size_t length = sizeof fingerprint;
    gnutls_datum_t pem = {NULL, 0};
    if (gnutls_fingerprint(GNUTLS_DIG_SHA256, der, fingerprint, &length) == GNUTLS_E_SUCCESS)
        text_hex(fingerprint, length, 0, report->peer_fingerprint, sizeof report->peer_fingerprint);
    length = sizeof serial;
    if (gnutls_x509_crt_get_serial(certificate, serial, &length) == GNUTLS_E_SUCCESS)
        text_hex(serial, length, ':', report->peer_serial, sizeof report->peer_serial);
    /* Part of a PEM certificate is of no use. */
    if (gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem) == GNUTLS_E_SUCCESS &&
        pem.size < sizeof report->peer_certificate) {
        memcpy(report->peer_certificate, pem.data, pem.size);
        report->peer_certificate[pem.size] = '\0';
    }
    gnutls_free(pem.data);
}

static void report_peer(const struct tls_session *session, struct tls_report *report,
                        time_t *not_after_out)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session->gnutls, &count);
    gnutls_x509_crt_t certificate = NULL;
    *not_after_out = 0;
    if (chain == NULL || count == 0 || gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
        return;
    if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS) {
        report_name(gnutls_x509_crt_get_dn3, certificate, report->peer_subject,
                    sizeof report->peer_subject);
        report_name(gnutls_x509_crt_get_issuer_dn3, certificate, report->peer_issuer,
                    sizeof report->peer_issuer);
        *not_after_out = gnutls_x509_crt_get_expiration_time(certificate);
        clock_format(gnutls_x509_crt_get_activation_time(certificate), report->peer_not_before);
        clock_format(*not_after_out, report->peer_not_after);
        report_alt_names(certificate, report->peer_alt_names, sizeof report->peer_alt_names);
        report_encoded(certificate, &chain[0], report);
    }
    gnutls_x509_crt_deinit(certificate);
}

static void warn_expiry(const struct tls_session *session, enum odbcssl_error code,
                        const char *what, time_t end, time_t now, struct error_list *warnings)
{
    char date[CLOCK_TEXT_SIZE];
    unsigned limit = session->options->expiry_warning_days;
    int32_t days = clock_days_until(end, now);
    if (end == 0 || limit == 0 || (days >= 0 && (unsigned)days > limit))
        return;
    if (days < 0)
        error_list_add(warnings, code, "%s ended on %s", what, clock_format_date(end, date));
    else
        error_list_add(warnings, code, "%s ends on %s, in %d days (SslExpiryWarningDays=%u)", what,
                       clock_format_date(end, date), (int)days, limit);
}

static void warn_verification(const struct tls_session *session, struct error_list *warnings)
{
    const struct session_verification *found = &session->verification;
    const char *mode = tls_mode_name(session->options->mode);
    if (found->status != 0)
        error_list_add(warnings, ODBCSSL_WARNING_VERIFICATION, "SslMode=%s does not enforce: %s",
                       mode, found->error.text);
    else if (!found->has_checked_chain && !found->has_checked_pin)
        error_list_add(warnings, ODBCSSL_WARNING_UNVERIFIED,
                       "TLS was negotiated, but %s was not verified: SslMode=%s without "
                       "SslRootCert or SslPin",
                       session->host, mode);
}

static void warn(const struct tls_session *session, const struct tls_report *report,
                 time_t not_after, time_t now, struct error_list *warnings)
{
    char what[REPORT_NAME_SIZE + 1000];
    warn_verification(session, warnings);
    if (report->version < TLS_VERSION_1_2)
        error_list_add(warnings, ODBCSSL_WARNING_OLD_PROTOCOL,
                       "%s negotiated %s, which is old and weak", session->host, report->protocol);
    snprintf(what, sizeof what, "the server certificate %s", report->peer_subject);
    warn_expiry(session, ODBCSSL_WARNING_PEER_EXPIRY, what, not_after, now, warnings);
    if (session->credentials->has_identity) {
        const struct client_identity *identity = &session->credentials->identity;
        snprintf(what, sizeof what, "the client certificate %s of %s", identity->subject,
                 identity->name);
        warn_expiry(session, ODBCSSL_WARNING_CLIENT_EXPIRY, what, identity->not_after, now,
                    warnings);
    }
    snprintf(what, sizeof what, "a CRL of %s",
             session->credentials->crl_name != NULL ? session->credentials->crl_name : "SslCrl");
    warn_expiry(session, ODBCSSL_WARNING_CRL_EXPIRY, what, session->verification.crl_ending, now,
                warnings);
}

void tls_session_report(const struct tls_session *session, struct tls_report *report,
                        struct error_list *warnings)
{
    const struct session_verification *found = &session->verification;
    time_t now = time(NULL), not_after;
    report_negotiated(session, report);
    report_peer(session, report, &not_after);
    report->verify_status = found->status;
    report->crl_status = found->crl_status;
    if (not_after != 0)
        report->peer_days_left = clock_days_until(not_after, now);
    if (found->crl_next_update != 0)
        report->crl_days_left = clock_days_until(found->crl_next_update, now);
    report->has_client_certificate = session->credentials->has_identity;
    if (session->credentials->has_identity)
        report->client_days_left = clock_days_until(session->credentials->identity.not_after, now);
    if (session->stage != SESSION_ESTABLISHED)
        return;
    report->state = state_of(found);
    warn(session, report, not_after, now, warnings);
}
