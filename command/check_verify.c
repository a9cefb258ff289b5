/* check_verify.c - the server's certificates: verified once as verify-full does, with a verdict on
 * each part. */
#include <stdio.h>
#include <time.h>

#include "command/advice.h"
#include "command/check.h"
#include "command/memory.h"
#include "tls/verify.h"

/* As verify-full has it; false: no server showed certificates. */
static bool make_request(const struct check *check, struct verify_request *request)
{
    const struct tls_session *session = check->probe != NULL ? check->probe->tls : NULL;
    const struct credentials *strict = check->strict;
    unsigned count = 0;
    const gnutls_datum_t *chain = session != NULL ? tls_session_peer_chain(session, &count) : NULL;
    if (chain == NULL || count == 0 || count > VERIFY_CHAIN_LIMIT)
        return false;
    *request = (struct verify_request){
        .chain = chain,
        .chain_count = count,
        .trust = strict != NULL ? strict->trust : NULL,
        .crls = strict != NULL && strict->has_crls ? &strict->crls : NULL,
        .crl_check = check->tls.crl_check,
        .crl_name = strict != NULL ? strict->crl_name : NULL,
        .host = tls_session_peer_name(session),
        .pin = check->tls.pin.value,
        .at = time(NULL),
    };
    return true;
}

/* The path that was built; without one, the certificates as the server sent them. */
static void take_path(struct check *check, const struct verify_request *request,
                      const struct verify_result *result)
{
    struct findings *findings = &check->findings;
    findings->path = result->path_count > 0
                         ? chain_read(result->path, result->path_count, request->trust)
                         : chain_read_sent(request->chain, request->chain_count);
    for (size_t i = 0; i < findings->path.count; i++) {
        const struct chain_certificate *item = &findings->path.items[i];
        enum span_kind kind = item->is_anchor ? SPAN_ANCHOR : SPAN_AUTHORITY;
        findings_add_span(findings, i == 0 ? SPAN_SERVER : kind, item->subject, item->not_before,
                          item->not_after);
    }
    if (findings->is_shown && findings->path.count > 0) {
        printf("Certificates\n");
        chain_print(&findings->path, 2);
    }
}

/* ---- a verdict on each part ---- */

/* A certificate that cannot be read is good for no part. */
static const struct verify_part *part_of(const struct verify_result *result,
                                         enum verify_part_kind kind)
{
    const struct verify_part *part = &result->parts[kind];
    const struct verify_part *chain = &result->parts[VERIFY_PART_CHAIN];
    bool is_unread = !part->is_checked || !chain->is_checked;
    return part->status == 0 && is_unread && chain->status != 0 ? chain : part;
}

/* good: what to say when nothing failed. */
static void add_part(struct check *check, const char *name, const struct verify_part *part,
                     bool is_enforced, const char *good)
{
    if (part->status == 0)
        findings_add_ok(&check->findings, name, "%s", good);
    else if (is_enforced)
        findings_add_error(&check->findings, true, name, &part->error);
    else
        findings_add(&check->findings, FACT_WARNING, name, advice_find(part->error.code),
                     "%s - not enforced by SslMode=%s", part->error.text,
                     tls_mode_name(check->link->settings.tls.mode));
}

static bool is_verifying(const struct check *check)
{
    enum odbcssl_mode mode = check->link->settings.tls.mode;
    return mode >= ODBCSSL_MODE_VERIFY_CA ||
           (mode == ODBCSSL_MODE_REQUIRE && check->tls.root_cert.value != NULL);
}

static void add_revocation(struct check *check, const struct verify_request *request,
                           const struct verify_result *result)
{
    const struct verify_part *revocation = &result->parts[VERIFY_PART_REVOCATION];
    bool is_leaf = request->crl_check == CRL_CHECK_LEAF;
    if (request->crls == NULL)
        findings_add_skipped(&check->findings, "revocation", "SslCrl and SslCrlDir are not set");
    else if (!result->parts[VERIFY_PART_CHAIN].is_checked ||
             result->parts[VERIFY_PART_CHAIN].status != 0)
        findings_add_skipped(&check->findings, "revocation", "the chain is not trusted");
    else if (revocation->status == 0 && result->crl_status == ODBCSSL_CRL_NOT_CHECKED)
        /* The server's certificate may be an anchor itself, of whose issuer no CRL was given. */
        findings_add(
            &check->findings, FACT_WARNING, "revocation",
            "Add the CRL of that issuer to SslCrl or SslCrlDir.",
            "not checked: the server's certificate is itself a trust anchor, and there is no "
            "CRL of its issuer in %s",
            request->crl_name);
    else
        add_part(check, "revocation", revocation, is_verifying(check),
                 is_leaf ? "the server's certificate is not revoked" : "no certificate is revoked");
}

void check_verify(struct check *check)
{
    struct verify_request request;
    struct verify_result result = {0};
    bool is_full = check->link->settings.tls.mode == ODBCSSL_MODE_VERIFY_FULL;
    if (!make_request(check, &request))
        return;
    verify_chain(&request, &result);
    take_path(check, &request, &result);
    check->findings.section = SECTION_VERIFICATION;
    if (request.trust == NULL)
        findings_add_skipped(&check->findings, "chain", "no trust anchors: %s",
                             check->strict_error.text);
    else
        add_part(check, "chain", &result.parts[VERIFY_PART_CHAIN], is_verifying(check),
                 memory_format("trusted by %s", request.trust->name));
    add_revocation(check, &request, &result);
    add_part(check, "name", part_of(&result, VERIFY_PART_NAME), is_full,
             memory_format("the certificate is for %s: %s", request.host,
                           check->probe->report.peer_alt_names));
    if (request.pin != NULL)
        add_part(check, "pin", part_of(&result, VERIFY_PART_PIN), check_needs_tls(check),
                 "the certificate fits SslPin");
    verify_result_free(&result);
}
