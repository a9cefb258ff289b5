/* check_verify.c - the server's certificates: each verification by itself, so that every one gets
 * its own verdict. */
#include <stdio.h>
#include <time.h>

#include "command/advice.h"
#include "command/check.h"
#include "command/print.h"
#include "tls/verify.h"

#define TEXT_SIZE 2048

/* The server's certificates, and the request of verify-full. */
struct shown {
    struct certificate certificates[VERIFY_CHAIN_LIMIT];
    size_t count;
    struct verify_request request;
};

static bool read_shown(const struct check *check, struct shown *shown)
{
    const struct tls_session *session = check->probe != NULL ? check->probe->tls : NULL;
    const struct credentials *strict = check->strict;
    unsigned count = 0;
    const gnutls_datum_t *chain = session != NULL ? tls_session_peer_chain(session, &count) : NULL;
    if (chain == NULL || count == 0 || count > VERIFY_CHAIN_LIMIT)
        return false;
    shown->request = (struct verify_request){
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
    while (shown->count < count &&
           certificate_read(chain[shown->count].data, chain[shown->count].size,
                            &shown->certificates[shown->count]) == NULL)
        shown->count++;
    return true;
}

/* The path that was built; without one, the certificates as the server sent them. */
static void take_path(struct check *check, const struct shown *shown,
                      const struct verify_result *result)
{
    struct findings *findings = &check->findings;
    findings->path = result->path_count > 0
                         ? chain_read(result->path, result->path_count, shown->request.trust)
                         : chain_read(shown->certificates, shown->count, NULL);
    for (size_t i = 0; i < findings->path.count; i++) {
        const struct chain_certificate *item = &findings->path.items[i];
        enum span_kind kind = item->is_anchor ? SPAN_ANCHOR : SPAN_AUTHORITY;
        findings_add_span(findings, i == 0 ? SPAN_SERVER : kind, item->subject, item->not_before,
                          item->not_after);
    }
    if (findings->is_shown)
        print_path(findings);
}

/* ---- one check at a time, so that each gets its own verdict ---- */

static bool is_verifying(const struct check *check)
{
    enum odbcssl_mode mode = check->link->settings.tls.mode;
    return mode >= ODBCSSL_MODE_VERIFY_CA ||
           (mode == ODBCSSL_MODE_REQUIRE && check->tls.root_cert.value != NULL);
}

/* good: what to say when the request is accepted. */
static bool judge(struct check *check, const char *name, const struct verify_request *request,
                  bool is_enforced, const char *good)
{
    struct verify_result result;
    bool is_accepted = verify_chain(request, &result);
    if (is_accepted)
        findings_add(&check->findings, FACT_OK, name, NULL, "%s", good);
    else if (is_enforced)
        findings_add_error(&check->findings, true, name, &result.error);
    else
        findings_add(&check->findings, FACT_WARNING, name, advice_find(result.error.code),
                     "%s - not enforced by SslMode=%s", result.error.text,
                     tls_mode_name(check->link->settings.tls.mode));
    verify_result_free(&result);
    return is_accepted;
}

static bool judge_chain(struct check *check, const struct shown *shown)
{
    char good[TEXT_SIZE];
    struct verify_request request = shown->request;
    if (request.trust == NULL) {
        findings_add(&check->findings, FACT_SKIPPED, "chain", NULL, "no trust anchors: %s",
                     check->strict_error.text);
        return false;
    }
    request.crls = NULL;
    request.host = request.pin = NULL;
    snprintf(good, sizeof good, "trusted by %s", request.trust->name);
    return judge(check, "chain", &request, is_verifying(check), good);
}

/* The server's certificate may be an anchor itself, of whose issuer no CRL was given. */
static bool is_revocation_checked(const struct verify_request *request)
{
    struct verify_result result;
    verify_chain(request, &result);
    bool is_checked = result.status != 0 || result.crl_status != ODBCSSL_CRL_NOT_CHECKED;
    verify_result_free(&result);
    return is_checked;
}

static void judge_revocation(struct check *check, const struct shown *shown, bool is_trusted)
{
    struct verify_request request = shown->request;
    bool is_leaf = request.crl_check == CRL_CHECK_LEAF;
    request.host = request.pin = NULL;
    if (request.crls == NULL)
        findings_add(&check->findings, FACT_SKIPPED, "revocation", NULL,
                     "SslCrl and SslCrlDir are not set");
    else if (!is_trusted)
        findings_add(&check->findings, FACT_SKIPPED, "revocation", NULL,
                     "the chain is not trusted");
    else if (!is_revocation_checked(&request))
        findings_add(
            &check->findings, FACT_WARNING, "revocation",
            "Add the CRL of that issuer to SslCrl or SslCrlDir.",
            "not checked: the server's certificate is itself a trust anchor, and there is no "
            "CRL of its issuer in %s",
            request.crl_name);
    else
        judge(check, "revocation", &request, is_verifying(check),
              is_leaf ? "the server's certificate is not revoked" : "no certificate is revoked");
}

static void judge_name(struct check *check, const struct shown *shown)
{
    char good[REPORT_ALT_NAMES_SIZE + TEXT_SIZE];
    struct verify_request request = shown->request;
    bool is_enforced = check->link->settings.tls.mode == ODBCSSL_MODE_VERIFY_FULL;
    request.trust = NULL;
    request.crls = NULL;
    request.pin = NULL;
    snprintf(good, sizeof good, "the certificate is for %s: %s", request.host,
             check->probe->report.peer_alt_names);
    judge(check, "name", &request, is_enforced, good);
}

static void judge_pin(struct check *check, const struct shown *shown)
{
    struct verify_request request = shown->request;
    request.trust = NULL;
    request.crls = NULL;
    request.host = NULL;
    if (request.pin != NULL)
        judge(check, "pin", &request, check_needs_tls(check), "the certificate fits SslPin");
}

void check_verify(struct check *check)
{
    struct shown shown = {0};
    struct verify_result result = {0};
    if (!read_shown(check, &shown))
        return;
    verify_chain(&shown.request, &result);
    take_path(check, &shown, &result);
    verify_result_free(&result);
    findings_begin(&check->findings, SECTION_VERIFICATION);
    bool is_trusted = judge_chain(check, &shown);
    judge_revocation(check, &shown, is_trusted);
    judge_name(check, &shown);
    judge_pin(check, &shown);
}
