#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tls/verify.h"
#include "command/chain.h"
#include "command/check.h"

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
static void print_chain(const struct check *check, const struct shown *shown,
                        const struct verify_result *result)
{
    struct chain chain = {result->path, result->path_count, shown->request.trust};
    if (result->path_count == 0)
        chain = (struct chain){shown->certificates, shown->count, NULL};
    if (check->json != NULL) {
        chain_print_json(&chain, check->json);
    } else {
        printf("Certificates\n");
        chain_print(&chain, 2);
    }
}

/* ---- one check at a time, so that each gets its own verdict ---- */

static bool is_verifying(const struct check *check)
{
    enum odbcssl_mode mode = check->link->settings.tls.mode;
    return mode >= ODBCSSL_MODE_VERIFY_CA ||
           (mode == ODBCSSL_MODE_REQUIRE && check->tls.root_cert.value != NULL);
}

/* good: what to say when the request is accepted. */
static bool tell(struct check *check, const char *name, const struct verify_request *request,
                 bool is_enforced, const char *good)
{
    struct verify_result result;
    bool is_accepted = verify_chain(request, &result);
    if (is_accepted)
        facts_add(check->json, FACT_OK, name, "%s", good);
    else
        facts_add(check->json, check_fail(check, is_enforced, &result.error), name, "%s%s%s",
                  result.error.text, is_enforced ? "" : " - not enforced by SslMode=",
                  is_enforced ? "" : tls_mode_name(check->link->settings.tls.mode));
    verify_result_free(&result);
    return is_accepted;
}

static bool tell_chain(struct check *check, const struct shown *shown)
{
    char good[TEXT_SIZE];
    struct verify_request request = shown->request;
    if (request.trust == NULL) {
        facts_add(check->json, FACT_SKIPPED, "chain", "no trust anchors: %s",
                  check->strict_error.text);
        return false;
    }
    request.crls = NULL;
    request.host = request.pin = NULL;
    snprintf(good, sizeof good, "trusted by %s", request.trust->name);
    return tell(check, "chain", &request, is_verifying(check), good);
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

static void tell_revocation(struct check *check, const struct shown *shown, bool is_trusted)
{
    struct verify_request request = shown->request;
    bool is_leaf = request.crl_check == CRL_CHECK_LEAF;
    request.host = request.pin = NULL;
    if (request.crls == NULL)
        facts_add(check->json, FACT_SKIPPED, "revocation", "SslCrl and SslCrlDir are not set");
    else if (!is_trusted)
        facts_add(check->json, FACT_SKIPPED, "revocation", "the chain is not trusted");
    else if (!is_revocation_checked(&request))
        facts_add(check->json, FACT_WARNING, "revocation",
                  "not checked: the server's certificate is itself a trust anchor, and there is no "
                  "CRL of its issuer in %s",
                  request.crl_name);
    else
        tell(check, "revocation", &request, is_verifying(check),
             is_leaf ? "the server's certificate is not revoked" : "no certificate is revoked");
}

static void tell_name(struct check *check, const struct shown *shown)
{
    char good[REPORT_ALT_NAMES_SIZE + TEXT_SIZE];
    struct verify_request request = shown->request;
    bool is_enforced = check->link->settings.tls.mode == ODBCSSL_MODE_VERIFY_FULL;
    request.trust = NULL;
    request.crls = NULL;
    request.pin = NULL;
    snprintf(good, sizeof good, "the certificate is for %s: %s", request.host,
             check->probe->report.peer_alt_names);
    tell(check, "name", &request, is_enforced, good);
}

static void tell_pin(struct check *check, const struct shown *shown)
{
    struct verify_request request = shown->request;
    request.trust = NULL;
    request.crls = NULL;
    request.host = NULL;
    if (request.pin != NULL)
        tell(check, "pin", &request, check_needs_tls(check), "the certificate fits SslPin");
}

static void write_report(const struct check *check)
{
    const struct tls_report *report = &check->probe->report;
    char scratch[REPORT_SCRATCH_SIZE];
    json_open_object(check->json, "report");
    for (size_t i = 0; i < report_item_count; i++) {
        const struct report_item *item = &report_items[i];
        if (!report_applies(report, item))
            continue;
        if (item->kind == REPORT_TEXT)
            json_text(check->json, item->name, report_text(report, item, scratch));
        else
            json_number(check->json, item->name, report_number(report, item));
    }
    json_close_object(check->json);
}

void check_verify(struct check *check)
{
    struct shown shown = {0};
    struct verify_result result = {0};
    if (!read_shown(check, &shown))
        return;
    verify_chain(&shown.request, &result);
    print_chain(check, &shown, &result);
    facts_begin(check->json, "Verification", "verification");
    bool is_trusted = tell_chain(check, &shown);
    tell_revocation(check, &shown, is_trusted);
    tell_name(check, &shown);
    tell_pin(check, &shown);
    facts_end(check->json);
    if (check->json != NULL)
        write_report(check);
    verify_result_free(&result);
}
