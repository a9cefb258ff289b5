/*
 * session_verify.c - judges the server's certificate in the middle of the handshake, when GnuTLS
 * calls back: before the client's certificate is shown, and before a byte of the login is sent.
 */
#include "tls/session_internal.h"

#include <stdlib.h>

#include "tls/signature.h"
#include "tls/verify.h"

static bool has_verifying_mode(const struct tls_session *session)
{
    return session->options->mode == ODBCSSL_MODE_VERIFY_CA ||
           session->options->mode == ODBCSSL_MODE_VERIFY_FULL;
}

/* A failed check of the chain, the CRL or the name stops the connection in these modes; require
 * only verifies when there is something to verify with. */
static bool is_enforcing(const struct tls_session *session)
{
    return has_verifying_mode(session) ||
           (session->options->mode == ODBCSSL_MODE_REQUIRE && session->credentials->trust != NULL);
}

/* 7 KB: not on the stack of an application's thread, nor as long as the session. */
static void judge(struct tls_session *session, const struct verify_request *request)
{
    struct verify_result *found = calloc(1, sizeof *found);
    if (found == NULL) {
        error_set_memory(&session->refusal);
        return;
    }
    const struct verify_part *pin = &found->parts[VERIFY_PART_PIN];
    bool is_accepted = verify_chain(request, found);
    /* A pin stops every mode, with its own error even when something else failed before it; also
     * one that could not be compared. */
    if (!is_accepted && !is_enforcing(session) && pin->status != 0)
        error_copy(&session->refusal, &pin->error);
    else if (!is_accepted && (is_enforcing(session) || (request->pin != NULL && !pin->is_checked)))
        error_copy(&session->refusal, verify_error(found));
    free(found->path);
    found->path = NULL;
    found->path_count = 0;
    session->is_judged = sparse_keep(&session->found, found, sizeof *found);
    if (!session->is_judged)
        error_set_memory(&session->refusal);
    free(found);
}

/* GnuTLS computes with keys of any size, for hours with the largest that fit into a handshake. The
 * key is asked that GnuTLS reads, since it may read a certificate otherwise than we do. Below 0: as
 * GnuTLS says, or with the reason in refusal. */
static int check_key(struct tls_session *session, const gnutls_datum_t *server)
{
    gnutls_pcert_st read = {0};
    int result = gnutls_pcert_import_x509_raw(&read, server, GNUTLS_X509_FMT_DER, 0);
    if (result < 0)
        return result;
    enum signature_verdict verdict = signature_judge_key(read.pubkey);
    gnutls_pcert_deinit(&read);
    if (verdict == SIGNATURE_GOOD)
        return 0;
    if (verdict == SIGNATURE_UNCHECKED)
        error_set_memory(&session->refusal);
    else if (verdict == SIGNATURE_KEY_TOO_LARGE)
        error_set(&session->refusal, ODBCSSL_ERROR_VERIFY_OTHER,
                  "%s showed a certificate whose key is too large; up to %d bits, and %d of an RSA "
                  "key's exponent, are computed with",
                  session->host, SIGNATURE_KEY_LIMIT, SIGNATURE_EXPONENT_LIMIT);
    else
        error_set(&session->refusal, ODBCSSL_ERROR_VERIFY_OTHER,
                  "%s showed a certificate whose key is malformed or not supported", session->host);
    return GNUTLS_E_CERTIFICATE_ERROR;
}

int session_check_key(gnutls_session_t gnutls, unsigned type, unsigned when, unsigned is_incoming,
                      const gnutls_datum_t *message)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(gnutls, &count);
    (void)type, (void)when, (void)message;
    return is_incoming && chain != NULL && count > 0
               ? check_key(gnutls_session_get_ptr(gnutls), &chain[0])
               : 0;
}

int session_verify_peer(gnutls_session_t gnutls)
{
    struct tls_session *session = gnutls_session_get_ptr(gnutls);
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(gnutls, &count);
    if (chain == NULL || count == 0)
        error_set(&session->refusal, ODBCSSL_ERROR_UNTRUSTED, "%s showed no certificate",
                  session->host);
    else if (count > VERIFY_CHAIN_LIMIT)
        error_set(&session->refusal, ODBCSSL_ERROR_VERIFY_OTHER,
                  "%s sent a chain of %u certificates; more than %d are not looked at",
                  session->host, count, VERIFY_CHAIN_LIMIT);
    else if (has_verifying_mode(session) && session->credentials->trust == NULL)
        error_set(&session->refusal, ODBCSSL_ERROR_TRUST_MISSING,
                  "SslMode=%s needs trust anchors (SslRootCert), and none are loaded",
                  tls_mode_name(session->options->mode));
    if (error_is_set(&session->refusal))
        return -1;
    int result = check_key(session, &chain[0]);
    if (result < 0)
        return result;
    const struct credentials *credentials = session->credentials;
    const struct tls_options *options = session->options;
    const struct verify_request request = {
        .chain = chain,
        .chain_count = count,
        .trust = credentials->trust,
        .crls = credentials->has_crls ? &credentials->crls : NULL,
        .crl_check = options->crl_check,
        .crl_name = credentials->crl_name,
        .host = options->mode == ODBCSSL_MODE_VERIFY_FULL ? session->name : NULL,
        .pin = options->pin.value,
        .at = time(NULL),
    };
    judge(session, &request);
    return error_is_set(&session->refusal) ? -1 : 0;
}
