#include "tls/verify.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/verify_parts.h"

/* GnuTLS's time is a process-wide function, which is not ours to change; its CRL check passes where
 * there is no CRL; and it takes policy extensions for unknown ones. All three are checked here
 * instead. */
#define FLAGS_ALWAYS                                                                               \
    (GNUTLS_VERIFY_DISABLE_TIME_CHECKS | GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS |               \
     GNUTLS_VERIFY_DISABLE_CRL_CHECKS | GNUTLS_VERIFY_IGNORE_UNKNOWN_CRIT_EXTENSIONS)
#define FLAGS_WEAK                                                                                 \
    (GNUTLS_VERIFY_ALLOW_BROKEN | GNUTLS_VERIFY_ALLOW_SIGN_RSA_MD5 |                               \
     GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1)

static unsigned flags_of(const struct verify_request *request)
{
    return request->allow_weak ? FLAGS_ALWAYS | FLAGS_WEAK : FLAGS_ALWAYS;
}

bool verify_is_signed_by(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
    unsigned status = 0;
    int outcome = gnutls_x509_crt_list_verify(&certificate, 1, &issuer, 1, NULL, 0,
                                              FLAGS_ALWAYS | FLAGS_WEAK, &status);
    return outcome >= 0 && (status & GNUTLS_CERT_SIGNATURE_FAILURE) == 0;
}

/* Names the certificate whose signature is wrong. */
static void tell_signature(struct verify_attempt *attempt, const struct trust *trust)
{
    char described[CERTIFICATE_TEXT_SIZE], issuer[CERTIFICATE_TEXT_SIZE];
    for (size_t i = 0; i + 1 < attempt->path_count; i++) {
        if (verify_is_signed_by(attempt->path[i], attempt->path[i + 1]))
            continue;
        bool is_anchor = i + 2 == attempt->path_count;
        verify_fail(attempt, VERIFY_OUTCOME_SIGNATURE,
                    "the signature of %s is wrong: it was not made with the key of %s%s%s",
                    verify_describe(attempt, i, described), verify_describe(attempt, i + 1, issuer),
                    is_anchor ? " in " : "", is_anchor ? trust->name : "");
        return;
    }
    verify_fail(attempt, VERIFY_OUTCOME_SIGNATURE, "the signature of a certificate is wrong");
}

/* GnuTLS says that a constraint is violated, not which. Ours have told it where they know it. */
static void tell_constraint(struct verify_attempt *attempt)
{
    char described[CERTIFICATE_TEXT_SIZE];
    if (attempt->status & (ODBCSSL_VERIFY_CONSTRAINT | ODBCSSL_VERIFY_PURPOSE))
        return;
    verify_fail(attempt, VERIFY_OUTCOME_NAME_CONSTRAINT,
                "the chain of %s breaks a constraint that one of its CA certificates sets, or one "
                "that cannot be checked: names (nameConstraints) or CAs below (pathLenConstraint)",
                verify_describe(attempt, 0, described));
}

/* Everything else that GnuTLS refuses, in its own words. */
static void tell_rest(struct verify_attempt *attempt, unsigned status)
{
    gnutls_datum_t text = {0};
    char described[CERTIFICATE_TEXT_SIZE];
    if (attempt->status != 0)
        return;
    gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
    verify_fail(attempt, VERIFY_OUTCOME_UNTRUSTED, "%s is not trusted: %s",
                verify_describe(attempt, 0, described),
                text.data != NULL ? (const char *)text.data : "GnuTLS refuses it");
    gnutls_free(text.data);
}

static void tell_weak(struct verify_attempt *attempt)
{
    char described[CERTIFICATE_TEXT_SIZE];
    if (attempt->status & ODBCSSL_VERIFY_WEAK_ALGORITHM)
        return;
    verify_fail(attempt, VERIFY_OUTCOME_WEAK,
                "the chain of %s uses an algorithm that GnuTLS holds to be too weak",
                verify_describe(attempt, 0, described));
}

void verify_check_by_gnutls(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    size_t anchor = attempt->path_count - 1;
    unsigned status = 0;
    if (anchor == 0)
        return;
    int outcome =
        gnutls_x509_crt_list_verify(attempt->path, (unsigned)anchor, &attempt->path[anchor], 1,
                                    NULL, 0, flags_of(verification->request), &status);
    if (outcome < 0)
        verify_fail(attempt, VERIFY_OUTCOME_UNTRUSTED, "the chain cannot be verified: %s",
                    gnutls_strerror(outcome));
    if (status & GNUTLS_CERT_SIGNATURE_FAILURE)
        tell_signature(attempt, verification->request->trust);
    if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
        tell_weak(attempt);
    if (status & GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE)
        tell_constraint(attempt);
    if (status != 0)
        tell_rest(attempt, status);
}

/* A system's trust store may also hold certificates that it distrusts, which only GnuTLS knows. */
static void check_distrust(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    const struct trust *trust = verification->request->trust;
    size_t count = attempt->path_count > 1 ? attempt->path_count - 1 : 1;
    unsigned status = 0;
    if (trust->list == NULL || trust->anchors_in_list == 0)
        return;
    int outcome =
        gnutls_x509_trust_list_verify_crt2(trust->list, attempt->path, (unsigned)count, NULL, 0,
                                           flags_of(verification->request), &status, NULL);
    if (outcome < 0)
        status |= GNUTLS_CERT_INVALID;
    if (status != 0)
        tell_rest(attempt, status);
}

void verify_check_path(struct verification *verification, bool is_complete)
{
    struct verify_attempt *attempt = &verification->current;
    if (is_complete) {
        verify_check_rules(verification);
        verify_check_name_constraints(verification);
        verify_check_policies(verification);
        verify_check_by_gnutls(verification);
        check_distrust(verification);
        /* A CRL's signature means something only under a chain whose signatures are right. */
        if ((attempt->status & ODBCSSL_VERIFY_UNTRUSTED) == 0)
            verify_check_revocation(verification);
    } else {
        verify_check_dates(verification, 0);
    }
    verify_check_peer(verification, verification->chain[0]);
}

/* Alternative names are counted before anything walks over them again and again. */
static bool has_bearable_names(gnutls_x509_crt_t certificate)
{
    gnutls_datum_t value = {0};
    struct cursor names;
    struct der name;
    unsigned count = 0;
    certificate_get_names(certificate, &value, &names);
    while (count <= CERTIFICATE_NAME_LIMIT && der_next(&names, &name))
        count++;
    gnutls_free(value.data);
    return count <= CERTIFICATE_NAME_LIMIT && !names.is_short;
}

static bool import_certificate(struct verification *verification, size_t i)
{
    gnutls_x509_crt_t certificate = NULL;
    struct verify_attempt *attempt = &verification->best;
    if (gnutls_x509_crt_init(&certificate) < 0) {
        verify_fail(attempt, VERIFY_OUTCOME_OTHER, "out of memory");
        return false;
    }
    verification->chain[verification->chain_count++] = certificate;
    int outcome =
        gnutls_x509_crt_import(certificate, &verification->request->chain[i], GNUTLS_X509_FMT_DER);
    if (outcome < 0)
        verify_fail(attempt, VERIFY_OUTCOME_MALFORMED,
                    "certificate %zu of the %zu that the server sent cannot be read: %s", i + 1,
                    verification->request->chain_count, gnutls_strerror(outcome));
    else if (!has_bearable_names(certificate))
        verify_fail(attempt, VERIFY_OUTCOME_MALFORMED,
                    "certificate %zu of the %zu that the server sent has malformed alternative "
                    "names, or more than %d",
                    i + 1, verification->request->chain_count, CERTIFICATE_NAME_LIMIT);
    return attempt->status == 0;
}

static bool import_chain(struct verification *verification)
{
    size_t count = verification->request->chain_count;
    if (count == 0 || count > VERIFY_CHAIN_LIMIT) {
        verify_fail(&verification->best, VERIFY_OUTCOME_MALFORMED,
                    count == 0 ? "the server sent no certificate"
                               : "the server sent %zu certificates; %d are read at the most",
                    count, VERIFY_CHAIN_LIMIT);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!import_certificate(verification, i))
            return false;
    return true;
}

static void verify_imported(struct verification *verification)
{
    if (verification->request->trust != NULL) {
        verify_find_path(verification);
        return;
    }
    verification->current.outcome = VERIFY_OUTCOME_COUNT;
    verify_check_peer(verification, verification->chain[0]);
    verification->best = verification->current;
}

static bool copy_certificate(gnutls_x509_crt_t from, gnutls_x509_crt_t *to)
{
    gnutls_datum_t der = {0};
    bool is_copied = gnutls_x509_crt_init(to) >= 0;
    if (!is_copied)
        return false;
    is_copied = gnutls_x509_crt_export2(from, GNUTLS_X509_FMT_DER, &der) >= 0 &&
                gnutls_x509_crt_import(*to, &der, GNUTLS_X509_FMT_DER) >= 0;
    gnutls_free(der.data);
    if (!is_copied)
        gnutls_x509_crt_deinit(*to);
    return is_copied;
}

static void give_path(const struct verify_attempt *best, struct verify_result *result)
{
    result->path = calloc(best->path_count + 1, sizeof *result->path);
    for (size_t i = 0; result->path != NULL && i < best->path_count; i++) {
        if (!copy_certificate(best->path[i], &result->path[i])) {
            result->status |= ODBCSSL_VERIFY_OTHER;
            error_set_memory(&result->error);
            return;
        }
        result->path_count = i + 1;
    }
}

static void give_result(const struct verification *verification, struct verify_result *result)
{
    const struct verify_attempt *best = &verification->best;
    result->status = best->status;
    result->crl_status = best->crl_status;
    result->crl_next_update = best->crl_next_update;
    result->crl_ending = best->crl_ending;
    error_copy(&result->error, &best->error);
    give_path(best, result);
}

bool verify_chain(const struct verify_request *request, struct verify_result *result)
{
    *result = (struct verify_result){0};
    struct verification *verification = calloc(1, sizeof *verification);
    if (verification == NULL) {
        result->status = ODBCSSL_VERIFY_OTHER;
        error_set_memory(&result->error);
        return false;
    }
    verification->request = request;
    verification->best.outcome = VERIFY_OUTCOME_COUNT;
    if (import_chain(verification))
        verify_imported(verification);
    give_result(verification, result);
    for (size_t i = 0; i < verification->chain_count; i++)
        gnutls_x509_crt_deinit(verification->chain[i]);
    free(verification);
    return result->status == 0;
}

void verify_result_free(struct verify_result *result)
{
    for (size_t i = 0; i < result->path_count; i++)
        gnutls_x509_crt_deinit(result->path[i]);
    free(result->path);
    *result = (struct verify_result){0};
}
