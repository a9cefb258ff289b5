#include <stdio.h>

#include "command/check.h"

static void check_addresses(struct check *check)
{
    const struct dial_target *server = &check->link->server;
    char text[DIAL_DESCRIPTION_SIZE];
    for (size_t i = 0; i < server->count; i++)
        facts_add(check->json, FACT_OK, "address", "%s",
                  dial_describe(server, i, text, sizeof text));
}

/* As a connection begins, where the database tells in plaintext what of it will be encrypted. */
static enum proto_plan choose_plan(const struct check *check)
{
    if (check->tls.negotiation == TLS_NEGOTIATION_DIRECT)
        return PROTO_PLAN_DIRECT;
    return check_may_be_login_only(check) ? PROTO_PLAN_PLAINTEXT : PROTO_PLAN_TLS;
}

static void run_probe(struct check *check)
{
    const struct link *link = check->link;
    const struct session_options options = {
        .proto = link->proto,
        .plan = choose_plan(check),
        .is_login_only_allowed = check_may_be_login_only(check),
        .tls = &check->tls,
        .credentials = check->credentials,
        .target = &link->server,
        .timeout = link->timeout,
        .log = link->log,
    };
    check->probe = probe_run(&options);
    if (check->probe == NULL)
        error_set_memory(&check->error);
}

static bool has_failed(const struct probe *probe, enum probe_step step)
{
    return probe->step == step && error_is_set(&probe->error);
}

static void tell_connect(struct check *check)
{
    const struct probe *probe = check->probe;
    char text[DIAL_DESCRIPTION_SIZE];
    if (has_failed(probe, PROBE_CONNECT))
        facts_add(check->json, check_fail(check, true, &probe->error), "TCP", "%s",
                  probe->error.text);
    else
        facts_add(check->json, FACT_OK, "TCP", "connected to %s",
                  dial_describe(&check->link->server, probe->address, text, sizeof text));
}

/* Only prefer goes on without TLS, and only when the server itself says that it has none. */
static void tell_switch(struct check *check)
{
    const struct probe *probe = check->probe;
    bool is_needed =
        check_may_be_login_only(check) ||
        (check_needs_tls(check) && !(probe->has_no_tls && check->tls.mode == ODBCSSL_MODE_PREFER));
    if (probe->step < PROBE_SWITCH)
        facts_add(check->json, FACT_SKIPPED, "switch to TLS", "not tried");
    else if (has_failed(probe, PROBE_SWITCH))
        facts_add(check->json, check_fail(check, is_needed, &probe->error), "switch to TLS", "%s",
                  probe->error.text);
    else if (check->tls.negotiation == TLS_NEGOTIATION_DIRECT)
        facts_add(check->json, FACT_OK, "switch to TLS", "none: TLS from the first byte");
    else if (probe->coverage == PROTO_COVERAGE_NOTHING)
        facts_add(check->json, FACT_WARNING, "switch to TLS",
                  "none: the server has no TLS, and SslMode=allow goes on in plaintext");
    else if (probe->coverage == PROTO_COVERAGE_LOGIN)
        facts_add(check->json, FACT_WARNING, "switch to TLS",
                  "for the login only (%d): everything after it travels in plaintext, as "
                  "SslMode=allow takes what the server prefers",
                  ODBCSSL_WARNING_LOGIN_ONLY);
    else
        facts_add(check->json, FACT_OK, "switch to TLS", "the server agreed (%s)",
                  check->link->proto->name);
}

static void tell_handshake(struct check *check)
{
    const struct probe *probe = check->probe;
    const struct tls_report *report = &probe->report;
    if (probe->step < PROBE_HANDSHAKE)
        facts_add(check->json, FACT_SKIPPED, "handshake", "not tried");
    else if (check->credentials == NULL)
        facts_add(check->json, FACT_SKIPPED, "handshake", "not tried, as the files cannot be used");
    else if (error_is_set(&probe->error))
        facts_add(check->json, check_fail(check, check_needs_tls(check), &probe->error),
                  "handshake", "%s",
                  report->verify_status != 0 ? "the certificate was refused, see Verification"
                                             : probe->error.text);
    else
        facts_add(check->json, FACT_OK, "handshake", "%s, %s%s%s", report->protocol, report->cipher,
                  report->group[0] != '\0' ? ", " : "", report->group);
}

/* Whether the server is content without one, only a login would show. */
static void tell_client_certificate(struct check *check)
{
    const struct probe *probe = check->probe;
    if (probe->tls == NULL || error_is_set(&probe->error))
        return;
    if (!tls_session_is_certificate_asked(probe->tls))
        facts_add(check->json, FACT_OK, "client certificate", "not asked for");
    else if (tls_session_is_certificate_sent(probe->tls))
        facts_add(check->json, FACT_OK, "client certificate", "asked for, and shown");
    else
        facts_add(check->json, FACT_WARNING, "client certificate",
                  "the server asks for one, and SslCert is not set: it may refuse the login");
}

/* What verification found stands in the facts of its own. */
static void tell_warnings(const struct check *check)
{
    const struct error_list *warnings = &check->probe->warnings;
    for (size_t i = 0; i < warnings->count; i++)
        if (warnings->items[i].code != ODBCSSL_WARNING_VERIFICATION &&
            warnings->items[i].code != ODBCSSL_WARNING_UNVERIFIED)
            facts_add(check->json, FACT_WARNING, "warning", "%s", warnings->items[i].text);
}

static void tell_probe(struct check *check)
{
    tell_connect(check);
    tell_switch(check);
    tell_handshake(check);
    tell_client_certificate(check);
    tell_warnings(check);
}

void check_server(struct check *check)
{
    struct error error = {0};
    facts_begin(check->json, "Server", "server");
    if (!link_find_server(check->link, &error)) {
        facts_add(check->json, check_fail(check, true, &error), "address", "%s", error.text);
    } else {
        check_addresses(check);
        run_probe(check);
        if (check->probe != NULL)
            tell_probe(check);
    }
    facts_end(check->json);
}
