/*
 * session_report.c - what was negotiated with whom, and what is to be warned of: the TLS session's
 * part of the report, which session/ takes when the handshake is over.
 */
#include "tls/session_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tls/certificate.h"

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
    const char *group = gnutls_group_get_name(gnutls_group_get(session->gnutls));
    int dh_bits = gnutls_dh_get_prime_bits(session->gnutls);
    if (group != NULL)
        snprintf(report->group, sizeof report->group, "%s", group);
    else if (dh_bits > 0)
        snprintf(report->group, sizeof report->group, "DH %d bits", dh_bits);
    report->client_cert_sent = tls_session_is_certificate_sent(session);
    report->resumed = gnutls_session_is_resumed(session->gnutls) != 0;
    gnutls_datum_t alpn = {NULL, 0};
    if (gnutls_alpn_get_selected_protocol(session->gnutls, &alpn) == GNUTLS_E_SUCCESS)
        error_printable(alpn.data, alpn.size, report->alpn, sizeof report->alpn);
}

static void report_peer(const struct tls_session *session, struct tls_report *report,
                        time_t *not_after_out)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session->gnutls, &count);
    struct certificate peer;
    gnutls_datum_t pem = {NULL, 0};
    *not_after_out = 0;
    if (chain == NULL || count == 0 ||
        certificate_read(chain[0].data, chain[0].size, &peer) != NULL)
        return;
    *not_after_out = peer.not_after;
    certificate_format_dn(&peer.subject, report->peer_subject, sizeof report->peer_subject);
    certificate_format_dn(&peer.issuer, report->peer_issuer, sizeof report->peer_issuer);
    certificate_format_names(&peer, report->peer_alt_names, sizeof report->peer_alt_names);
    certificate_format_serial(&peer.serial, report->peer_serial, sizeof report->peer_serial);
    clock_format(peer.not_before, report->peer_not_before);
    clock_format(peer.not_after, report->peer_not_after);
    certificate_format_fingerprint(peer.bytes, peer.size, 0, report->peer_fingerprint,
                                   sizeof report->peer_fingerprint);
    /* Part of a PEM certificate is of no use. */
    if (gnutls_pem_base64_encode2("CERTIFICATE", &chain[0], &pem) == 0 &&
        pem.size < sizeof report->peer_certificate) {
        memcpy(report->peer_certificate, pem.data, pem.size);
        report->peer_certificate[pem.size] = '\0';
    }
    gnutls_free(pem.data);
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

static void warn(const struct tls_session *session, const struct verify_result *found,
                 const struct tls_report *report, time_t not_after, struct error_list *warnings)
{
    char what[REPORT_NAME_SIZE + 1000];
    time_t now = time(NULL);
    const char *mode = tls_mode_name(session->options->mode);
    if (found->status != 0)
        error_list_add(warnings, ODBCSSL_WARNING_VERIFICATION, "SslMode=%s does not enforce: %s",
                       mode, verify_error(found)->text);
    else if (!found->parts[VERIFY_PART_CHAIN].is_checked &&
             !found->parts[VERIFY_PART_PIN].is_checked)
        error_list_add(warnings, ODBCSSL_WARNING_UNVERIFIED,
                       "TLS was negotiated, but %s was not verified: SslMode=%s without "
                       "SslRootCert or SslPin",
                       session->host, mode);
    if (report->version < TLS_VERSION_1_2)
        error_list_add(warnings, ODBCSSL_WARNING_OLD_PROTOCOL,
                       "%s negotiated %s, which is old and weak", session->host, report->protocol);
    snprintf(what, sizeof what, "the server certificate %s", report->peer_subject);
    warn_expiry(session, ODBCSSL_WARNING_PEER_EXPIRY, what, not_after, now, warnings);
    if (session->credentials->has_identity) {
        const struct client_identity *identity = &session->credentials->identity;
        snprintf(what, sizeof what, "the client certificate %s of %s", identity->subject,
                 identity->name);
        warn_expiry(session, ODBCSSL_WARNING_CLIENT_EXPIRY, what, identity->chain[0].not_after, now,
                    warnings);
    }
    snprintf(what, sizeof what, "a CRL of %s",
             session->credentials->crl_name != NULL ? session->credentials->crl_name : "SslCrl");
    warn_expiry(session, ODBCSSL_WARNING_CRL_EXPIRY, what, found->crl_ending, now, warnings);
}

bool tls_session_report(const struct tls_session *session, struct tls_report *report,
                        struct error_list *warnings)
{
    struct verify_result *found = calloc(1, sizeof *found);
    time_t now = time(NULL), not_after;
    if (found == NULL)
        return false;
    sparse_restore(&session->found, found, sizeof *found);
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
        report->client_days_left =
            clock_days_until(session->credentials->identity.chain[0].not_after, now);
    if (session->stage == SESSION_ESTABLISHED) {
        bool is_verified = found->parts[VERIFY_PART_CHAIN].is_checked && found->status == 0;
        report->state = !is_verified ? ODBCSSL_STATE_ENCRYPTED
                        : found->parts[VERIFY_PART_NAME].is_checked
                            ? ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED
                            : ODBCSSL_STATE_CHAIN_VERIFIED;
        warn(session, found, report, not_after, warnings);
    }
    free(found);
    return true;
}
