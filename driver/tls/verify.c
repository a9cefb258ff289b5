/*
 * verify.c - the way of a request through the verifier, in the middle of a handshake or offline:
 * the chain is read, paths to trust anchors are found (verify_path.c) and each is checked here, and
 * the best of them is the verdict.
 */
#include "tls/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/scratch.h"
#include "tls/verify_parts.h"

/* Host and pins are the same on every path. */
static void check_peer(struct verification *verification)
{
    struct verify_part *parts = verification->current.parts;
    if (!verification->is_peer_checked) {
        verify_check_peer(verification);
        memcpy(verification->peer, parts + VERIFY_PART_NAME, sizeof verification->peer);
        verification->is_peer_checked = true;
    }
    memcpy(parts + VERIFY_PART_NAME, verification->peer, sizeof verification->peer);
}

void verify_check_path(struct verification *verification, bool is_complete)
{
    struct verify_attempt *attempt = &verification->current;
    if (is_complete) {
        const struct trust *trust = verification->request->trust;
        verify_check_rules(verification);
        if (!attempt->is_at_end) {
            verify_check_name_constraints(verification);
            verify_check_policies(verification);
        }
        for (size_t i = 0; i < attempt->path_count; i++)
            if (trust_distrusts(trust, attempt->path[i]))
                verify_fail_at(attempt, i, VERIFY_OUTCOME_DISTRUSTED,
                               "is distrusted by this system's trust policy (p11-kit)");
        /* A CRL's signature means something only below a chain that is trusted. */
        if (!attempt->is_at_end && (verify_status(attempt->parts) & ODBCSSL_VERIFY_UNTRUSTED) == 0)
            verify_check_revocation(verification);
    } else {
        verify_check_certificate(verification, 0, VERIFY_PLACE_SERVER);
    }
    check_peer(verification);
}

static bool read_chain(struct verification *verification)
{
    const struct verify_request *request = verification->request;
    struct verify_attempt *attempt = &verification->best;
    size_t count = request->chain_count;
    if (count == 0 || count > VERIFY_CHAIN_LIMIT) {
        verify_fail(attempt, count == 0 ? VERIFY_OUTCOME_MALFORMED : VERIFY_OUTCOME_LIMIT,
                    count == 0 ? "the server sent no certificate"
                               : "the server sent %zu certificates; %d are read at the most",
                    count, VERIFY_CHAIN_LIMIT);
        return false;
    }
    verification->chain = calloc(count, sizeof *verification->chain);
    if (verification->chain == NULL) {
        verify_fail(attempt, VERIFY_OUTCOME_OTHER, "out of memory");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const char *fault = certificate_read(request->chain[i].data, request->chain[i].size,
                                             &verification->chain[i]);
        if (fault != NULL) {
            verify_fail(attempt, VERIFY_OUTCOME_MALFORMED,
                        "certificate %zu of the %zu that the server sent cannot be read: %s", i + 1,
                        count, fault);
            return false;
        }
        verification->chain_count++;
    }
    return true;
}

bool verify_chain(const struct verify_request *request, struct verify_result *result)
{
    *result = (struct verify_result){.outcome = VERIFY_OUTCOME_OTHER};
    struct verification *verification = scratch_new(sizeof *verification);
    if (verification == NULL) {
        for (size_t i = 0; i < VERIFY_PART_COUNT; i++)
            verify_clear(&result->parts[i]);
        result->parts[0].status = result->status = ODBCSSL_VERIFY_OTHER;
        result->parts[0].outcome = VERIFY_OUTCOME_OTHER;
        error_set_memory(&result->parts[0].error);
        return false;
    }
    verification->request = request;
    verification->host = verify_map_host(request->host);
    verify_start_attempt(&verification->best);
    struct verify_attempt *current = &verification->current, *best = &verification->best;
    bool is_read = read_chain(verification);
    if (is_read) {
        current->path[0] = &verification->chain[0];
        current->path_count = 1;
    }
    if (is_read && request->trust != NULL) {
        verify_find_path(verification);
    } else if (is_read) {
        verify_start_attempt(current);
        verify_check_certificate(verification, 0, VERIFY_PLACE_UNVERIFIED);
        verify_check_peer(verification);
        *best = *current;
        best->parts[VERIFY_PART_CHAIN].is_checked = false;
        best->path_count = 0;
    }
    result->path = calloc(best->path_count + 1, sizeof *result->path);
    if (result->path == NULL)
        verify_fail(best, VERIFY_OUTCOME_OTHER, "out of memory");
    memcpy(result->parts, best->parts, sizeof result->parts);
    result->status = verify_status(best->parts);
    result->outcome = verify_worst(best->parts)->outcome;
    result->crl_status = best->crl_status;
    result->crl_next_update = best->crl_next_update;
    result->crl_ending = best->crl_ending;
    for (; result->path != NULL && result->path_count < best->path_count; result->path_count++)
        result->path[result->path_count] = *best->path[result->path_count];
    if (result->status != 0 && request->crls != NULL)
        crl_forget_refusals(request->crls);
    gnutls_free(verification->host);
    free(verification->chain);
    scratch_free(verification, sizeof *verification);
    return result->status == 0;
}

void verify_result_free(struct verify_result *result)
{
    free(result->path);
    *result = (struct verify_result){.outcome = VERIFY_OUTCOME_COUNT};
}
