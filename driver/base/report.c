/*
 * report.c - report items by number, from the one struct that session/ fills, for SQLGetInfo,
 * odbcssl_status and the command. Their rows stand in info.def.
 */
#include "base/report.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

/* Distance from the UTF-16 type of a text to its UTF-8 type. */
#define UTF8_OFFSET 0x80u

const struct report_item report_items[] = {
#define NUMBER(type, field) {type, #type, REPORT_NUMBER},
#define SIGNED(type, field) {type, #type, REPORT_SIGNED},
#define TEXT(type, field) {type##_W, #type, REPORT_TEXT},
#define COMPUTED(type, function) {type##_W, #type, REPORT_TEXT},
#include "base/info.def"
};

const size_t report_item_count = sizeof report_items / sizeof report_items[0];

const struct report_item *report_find(unsigned type, bool *is_utf8_out)
{
    for (size_t i = 0; i < report_item_count; i++) {
        const struct report_item *item = &report_items[i];
        bool is_utf8 = item->kind == REPORT_TEXT && type == item->type + UTF8_OFFSET;
        if (type != item->type && !is_utf8)
            continue;
        if (is_utf8_out != NULL)
            *is_utf8_out = is_utf8;
        return item;
    }
    return NULL;
}

bool report_applies(const struct tls_report *report, const struct report_item *item)
{
    return item->type != SQL_SSL_CLIENT_CERT_DAYS_LEFT || report->has_client_certificate;
}

int64_t report_number(const struct tls_report *report, const struct report_item *item)
{
    if (!report_applies(report, item))
        return REPORT_NONE;
    switch (item->type) {
#define NUMBER(type, field)                                                                        \
    case type:                                                                                     \
        return (int64_t)report->field;
#include "base/info.def"
    default:
        return 0;
    }
}

void report_set_number(struct tls_report *report, const struct report_item *item, int64_t number)
{
    if (item->type == SQL_SSL_CLIENT_CERT_DAYS_LEFT)
        report->has_client_certificate = number != REPORT_NONE;
    switch (item->type) {
#define NUMBER(type, field)                                                                        \
    case type:                                                                                     \
        report->field = (__typeof__(report->field))number;                                         \
        break;
#include "base/info.def"
    default:
        break;
    }
}

static const char *library_text(const struct tls_report *report, char *scratch)
{
    (void)report;
    snprintf(scratch, REPORT_SCRATCH_SIZE, "GnuTLS %s", gnutls_check_version(NULL));
    return scratch;
}

static const char *version_text(const struct tls_report *report, char *scratch)
{
    (void)report;
    (void)scratch;
    return PACKAGE_VERSION;
}

static const char *summary_text(const struct tls_report *report, char *scratch)
{
    static const char *const crl_texts[] = {[ODBCSSL_CRL_NOT_CHECKED] = "",
                                            [ODBCSSL_CRL_GOOD] =
                                                ", not revoked according to the CRL",
                                            [ODBCSSL_CRL_NOT_GOOD] = ", REVOCATION CHECK FAILED"};
    const char *state = report_state_name(report->state);
    if (report->version == TLS_VERSION_NONE)
        snprintf(scratch, REPORT_SCRATCH_SIZE, "%s (SslMode=%s)", state,
                 tls_mode_name(report->mode));
    else
        snprintf(scratch, REPORT_SCRATCH_SIZE, "%s %s, %s%s, server certificate %s until %s",
                 report->protocol, report->cipher, state, crl_texts[report->crl_status],
                 report->peer_subject, report->peer_not_after);
    return scratch;
}

const char *report_text(const struct tls_report *report, const struct report_item *item,
                        char *scratch)
{
    switch (item->type) {
#define TEXT(type, field)                                                                          \
    case type##_W:                                                                                 \
        return report->field;
#define COMPUTED(type, function)                                                                   \
    case type##_W:                                                                                 \
        return function(report, scratch);
#include "base/info.def"
    default:
        return "";
    }
}

const char *report_display(const struct tls_report *report, const struct report_item *item,
                           char *scratch)
{
    if (item->kind == REPORT_TEXT)
        return report_text(report, item, scratch);
    int64_t number = report_number(report, item);
    switch (item->type) {
    case SQL_SSL_STATE:
        return report_state_name(report->state);
    case SQL_SSL_MODE:
        return tls_mode_name(report->mode);
    case SQL_SSL_PROTOCOL_VERSION:
    case SQL_SSL_VERIFY_STATUS:
        snprintf(scratch, REPORT_SCRATCH_SIZE, "0x%04llX", (unsigned long long)number);
        return scratch;
    case SQL_SSL_CRL_STATUS:
        return report->crl_status == ODBCSSL_CRL_NOT_CHECKED ? "not checked"
               : report->crl_status == ODBCSSL_CRL_GOOD      ? "good"
                                                             : "not good";
    case SQL_SSL_TRANSPORT:
        return report->transport == ODBCSSL_TRANSPORT_INTERPOSED ? "interposed"
               : report->transport == ODBCSSL_TRANSPORT_RELAY    ? "relay"
                                                                 : "none";
    case SQL_SSL_CLIENT_CERT_SENT:
    case SQL_SSL_RESUMED:
        return number != 0 ? "yes" : "no";
    default:
        snprintf(scratch, REPORT_SCRATCH_SIZE, "%lld", (long long)number);
        return scratch;
    }
}

const char *report_state_name(enum odbcssl_state state)
{
    static const char *const names[] = {
        [ODBCSSL_STATE_PLAINTEXT] = "plaintext by choice",
        [ODBCSSL_STATE_PLAINTEXT_FALLBACK] = "plaintext, because the server has or wants no TLS",
        [ODBCSSL_STATE_LOGIN_ONLY] = "only the login was encrypted",
        [ODBCSSL_STATE_ENCRYPTED] = "encrypted, server not verified",
        [ODBCSSL_STATE_CHAIN_VERIFIED] = "encrypted, certificate chain verified",
        [ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED] =
            "encrypted, certificate chain and host name verified"};
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}
