#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tls/verify_parts.h"

#define WEAKEST_RSA_BITS 2048
#define WEAKEST_CURVE_BITS 224
#define PURPOSE_SIZE 128
#define EXTENSION_LIMIT 64

void verify_check_dates(struct verification *verification, size_t i)
{
    struct verify_attempt *attempt = &verification->current;
    time_t at = verification->request->at;
    time_t from = gnutls_x509_crt_get_activation_time(attempt->path[i]);
    time_t until = gnutls_x509_crt_get_expiration_time(attempt->path[i]);
    char described[CERTIFICATE_TEXT_SIZE], limit[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
    clock_format(at, now);
    if (from == (time_t)-1 || until == (time_t)-1)
        verify_fail(attempt, VERIFY_OUTCOME_MALFORMED, "%s has no readable dates",
                    verify_describe(attempt, i, described));
    else if (at > until)
        verify_fail(attempt, VERIFY_OUTCOME_EXPIRED, "%s expired on %s; it is now %s",
                    verify_describe(attempt, i, described), clock_format(until, limit), now);
    else if (at < from)
        verify_fail(attempt, VERIFY_OUTCOME_NOT_YET_VALID, "%s is valid only from %s; it is now %s",
                    verify_describe(attempt, i, described), clock_format(from, limit), now);
}

static void check_weak_key(struct verify_attempt *attempt, size_t i)
{
    unsigned bits = 0;
    int algorithm = gnutls_x509_crt_get_pk_algorithm(attempt->path[i], &bits);
    char described[CERTIFICATE_TEXT_SIZE];
    bool is_curve = algorithm == GNUTLS_PK_ECDSA || algorithm == GNUTLS_PK_EDDSA_ED25519 ||
                    algorithm == GNUTLS_PK_EDDSA_ED448;
    unsigned weakest = is_curve ? WEAKEST_CURVE_BITS : WEAKEST_RSA_BITS;
    if (algorithm < 0)
        verify_fail(attempt, VERIFY_OUTCOME_WEAK, "%s has a key of an unknown algorithm",
                    verify_describe(attempt, i, described));
    else if (bits < weakest)
        verify_fail(attempt, VERIFY_OUTCOME_WEAK,
                    "%s has a key that is too weak: %s with %u bits; %u or more are wanted",
                    verify_describe(attempt, i, described),
                    gnutls_pk_algorithm_get_name((gnutls_pk_algorithm_t)algorithm), bits, weakest);
}

static void check_weak_signature(struct verify_attempt *attempt, size_t i)
{
    int algorithm = gnutls_x509_crt_get_signature_algorithm(attempt->path[i]);
    char described[CERTIFICATE_TEXT_SIZE];
    if (algorithm > 0 && gnutls_sign_is_secure2((gnutls_sign_algorithm_t)algorithm,
                                                GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS))
        return;
    const char *name =
        algorithm > 0 ? gnutls_sign_get_name((gnutls_sign_algorithm_t)algorithm) : NULL;
    verify_fail(attempt, VERIFY_OUTCOME_WEAK,
                "%s is signed with %s, which is too weak; SHA-256 or better is wanted",
                verify_describe(attempt, i, described),
                name != NULL ? name : "an unknown algorithm");
}

/* An issuer has to be a CA. Version 1 knows no such statement: as trust anchor it is the user's
 * word. */
static void check_authority(struct verify_attempt *attempt, size_t i)
{
    char described[CERTIFICATE_TEXT_SIZE], issued[CERTIFICATE_TEXT_SIZE];
    bool is_old_anchor =
        i == attempt->path_count - 1 && gnutls_x509_crt_get_version(attempt->path[i]) < 3;
    if (is_old_anchor || certificate_is_authority(attempt->path[i]))
        return;
    verify_fail(attempt, VERIFY_OUTCOME_NOT_AUTHORITY,
                "%s issued %s, but its basicConstraints do not say that it is a CA's",
                verify_describe(attempt, i, described), verify_describe(attempt, i - 1, issued));
}

/* RFC 5280, 4.2.1.9: counts the intermediates below that are not self-issued. */
static void check_path_length(struct verify_attempt *attempt, size_t i)
{
    char described[CERTIFICATE_TEXT_SIZE];
    int limit = -1, below = 0;
    if (gnutls_x509_crt_get_basic_constraints(attempt->path[i], NULL, NULL, &limit) < 0 ||
        limit < 0)
        return;
    for (size_t j = 1; j < i; j++)
        below += !certificate_is_self_issued(attempt->path[j]);
    if (below > limit)
        verify_fail(attempt, VERIFY_OUTCOME_PATH_LENGTH,
                    "%s allows %d CA certificate(s) below it (pathLenConstraint), and there are %d",
                    verify_describe(attempt, i, described), limit, below);
}

static bool has_key_usage(gnutls_x509_crt_t certificate, unsigned wanted)
{
    unsigned usage = 0;
    int outcome = gnutls_x509_crt_get_key_usage(certificate, &usage, NULL);
    return outcome == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE || (outcome >= 0 && usage & wanted);
}

static void check_issuer_usage(struct verify_attempt *attempt, size_t i)
{
    char described[CERTIFICATE_TEXT_SIZE];
    if (!has_key_usage(attempt->path[i], GNUTLS_KEY_KEY_CERT_SIGN))
        verify_fail(attempt, VERIFY_OUTCOME_KEY_USAGE,
                    "%s may not sign certificates (its keyUsage has no keyCertSign)",
                    verify_describe(attempt, i, described));
}

static bool has_purpose(gnutls_x509_crt_t certificate, const char *wanted)
{
    bool is_found = false, is_over = false;
    for (unsigned i = 0; !is_found && !is_over; i++) {
        char oid[PURPOSE_SIZE];
        size_t size = sizeof oid;
        int outcome = gnutls_x509_crt_get_key_purpose_oid(certificate, i, oid, &size, NULL);
        if (outcome == GNUTLS_E_SHORT_MEMORY_BUFFER)
            continue;
        is_over = outcome < 0;
        /* No extension at all: every purpose. */
        is_found = (is_over && i == 0 && outcome == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) ||
                   (!is_over && (strcmp(oid, wanted) == 0 || strcmp(oid, GNUTLS_KP_ANY) == 0));
    }
    return is_found;
}

static void check_purpose(const struct verify_request *request, struct verify_attempt *attempt,
                          size_t i)
{
    const char *wanted = request->purpose != NULL ? request->purpose : GNUTLS_KP_TLS_WWW_SERVER;
    char described[CERTIFICATE_TEXT_SIZE];
    if (!has_purpose(attempt->path[i], wanted))
        verify_fail(attempt, VERIFY_OUTCOME_PURPOSE,
                    "%s may not be used for %s: its extendedKeyUsage does not list it",
                    verify_describe(attempt, i, described),
                    strcmp(wanted, GNUTLS_KP_TLS_WWW_SERVER) == 0 ? "a TLS server" : wanted);
}

static void check_server_usage(const struct verify_request *request, struct verify_attempt *attempt)
{
    unsigned wanted =
        GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_ENCIPHERMENT | GNUTLS_KEY_KEY_AGREEMENT;
    char described[CERTIFICATE_TEXT_SIZE];
    bool is_server =
        request->purpose == NULL || strcmp(request->purpose, GNUTLS_KP_TLS_WWW_SERVER) == 0;
    if (is_server && !has_key_usage(attempt->path[0], wanted))
        verify_fail(attempt, VERIFY_OUTCOME_KEY_USAGE,
                    "%s may not be used for a TLS server: its keyUsage has neither "
                    "digitalSignature nor keyEncipherment nor keyAgreement",
                    verify_describe(attempt, 0, described));
}

/* Extensions that are processed here, by GnuTLS, or need no processing. */
static bool is_known_extension(const char *oid)
{
    static const char *const known[] = {
        "2.5.29.14",          /* subjectKeyIdentifier */
        "2.5.29.15",          /* keyUsage */
        "2.5.29.17",          /* subjectAltName */
        "2.5.29.18",          /* issuerAltName */
        "2.5.29.19",          /* basicConstraints */
        "2.5.29.30",          /* nameConstraints */
        "2.5.29.31",          /* cRLDistributionPoints */
        "2.5.29.32",          /* certificatePolicies */
        "2.5.29.33",          /* policyMappings */
        "2.5.29.35",          /* authorityKeyIdentifier */
        "2.5.29.36",          /* policyConstraints */
        "2.5.29.37",          /* extendedKeyUsage */
        "2.5.29.54",          /* inhibitAnyPolicy */
        "1.3.6.1.5.5.7.1.1",  /* authorityInfoAccess */
        "1.3.6.1.5.5.7.1.11", /* subjectInfoAccess */
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(oid, known[i]) == 0)
            return true;
    return false;
}

static void check_extensions(struct verify_attempt *attempt, size_t i)
{
    char described[CERTIFICATE_TEXT_SIZE];
    for (unsigned index = 0;; index++) {
        char oid[PURPOSE_SIZE] = "(very long OID)";
        size_t size = sizeof oid;
        unsigned is_critical = 0;
        int outcome =
            gnutls_x509_crt_get_extension_info(attempt->path[i], index, oid, &size, &is_critical);
        if (outcome == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return;
        if (index >= EXTENSION_LIMIT || outcome < 0) {
            verify_fail(attempt, VERIFY_OUTCOME_MALFORMED, "%s has %s",
                        verify_describe(attempt, i, described),
                        outcome < 0 ? "a malformed extension" : "too many extensions");
            return;
        }
        if (is_critical && !is_known_extension(oid))
            verify_fail(attempt, VERIFY_OUTCOME_CRITICAL_EXTENSION,
                        "%s has a critical extension that is not understood: %s",
                        verify_describe(attempt, i, described), oid);
    }
}

static void check_certificate(struct verification *verification, size_t i)
{
    struct verify_attempt *attempt = &verification->current;
    verify_check_dates(verification, i);
    check_extensions(attempt, i);
    check_purpose(verification->request, attempt, i);
    if (!verification->request->allow_weak && i + 1 < attempt->path_count)
        check_weak_signature(attempt, i);
}

void verify_check_crl_signer(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    verify_check_dates(verification, 0);
    check_extensions(attempt, 0);
    if (verification->request->allow_weak)
        return;
    check_weak_signature(attempt, 0);
    check_weak_key(attempt, 0);
}

static void check_issuer(struct verify_attempt *attempt, size_t i)
{
    check_authority(attempt, i);
    check_path_length(attempt, i);
    check_issuer_usage(attempt, i);
}

void verify_check_rules(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    size_t anchor = attempt->path_count - 1;
    for (size_t i = 0; i < attempt->path_count; i++) {
        /* The anchor is trusted as it stands, but it has to be current; its own signature counts
         * for nothing. A server certificate that is an anchor itself is checked like any other. */
        if (i < anchor || i == 0)
            check_certificate(verification, i);
        else
            verify_check_dates(verification, i);
        if (!verification->request->allow_weak)
            check_weak_key(attempt, i);
        if (i > 0)
            check_issuer(attempt, i);
    }
    check_server_usage(verification->request, attempt);
}
