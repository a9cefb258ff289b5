/* check_server.c - where the server is, and how far TLS comes with it. */
#include "base/text.h"
#include "command/check.h"
#include "command/memory.h"

/* The endpoint has the server's own port, for which no file of passwords is read. */
static bool can_be_told(const struct link *link, bool is_wide, struct error *error)
{
    const struct relay_endpoint endpoint = {.kind = link->profile->endpoint,
                                            .address = "127.0.0.1",
                                            .port = link->target.port,
                                            .path = "/nowhere"};
    char *text = profile_connection_string(link->profile, &link->settings, &link->target, &endpoint,
                                           is_wide, error);
    bool is_told = text != NULL;
    text_free_secret(text);
    return is_told;
}

/* What the real driver cannot be told is refused before it connects; of some values it depends on
 * the functions that the application calls. */
static void add_real_settings(struct check *check)
{
    const struct link *link = check->link;
    struct error ansi = {0}, wide = {0};
    if (link->driver == NULL)
        return;
    bool is_told = can_be_told(link, false, &ansi);
    bool is_told_wide = link->driver->is_unicode ? can_be_told(link, true, &wide) : is_told;
    if (!is_told && !is_told_wide)
        findings_add_error(&check->findings, true, "settings", &ansi);
    else if (!is_told || !is_told_wide)
        findings_add(&check->findings, FACT_WARNING, "settings",
                     is_told ? "Write the file in UTF-8, or use an application with ANSI functions."
                             : "Use an application with Unicode functions.",
                     "applications with %s functions are refused: %s", is_told ? "Unicode" : "ANSI",
                     is_told ? wide.text : ansi.text);
}

static void run_probe(struct check *check)
{
    const struct link *link = check->link;
    /* As a connection begins, where the database tells in plaintext what of it will be encrypted.
     */
    const struct session_options options = {
        .proto = link->proto,
        .plan = check->tls.negotiation == TLS_NEGOTIATION_DIRECT ? PROTO_PLAN_DIRECT
                : check_may_be_login_only(check)                 ? PROTO_PLAN_PLAINTEXT
                                                                 : PROTO_PLAN_TLS,
        .is_login_only_allowed = check_may_be_login_only(check),
        .tls = &check->tls,
        .credentials = check->credentials,
        .target = &link->server,
        .timeout = link->timeout,
        .timeout_source = link->timeout_source,
        .log = link->log,
    };
    findings_start_step(&check->findings,
                        memory_format("connecting to %s", check->findings.server));
    check->probe = probe_run(&options);
    if (check->probe == NULL)
        findings_refuse(&check->findings, "HY001", "TCP", NULL, "out of memory");
}

static bool has_failed(const struct probe *probe, enum probe_step step)
{
    return probe->step == step && error_is_set(&probe->error);
}

/* Only prefer goes on without TLS, and only when the server itself says that it has none. */
static void add_switch(struct check *check)
{
    struct findings *findings = &check->findings;
    const struct probe *probe = check->probe;
    bool is_needed =
        check_may_be_login_only(check) ||
        (check_needs_tls(check) && !(probe->has_no_tls && check->tls.mode == ODBCSSL_MODE_PREFER));
    if (probe->step < PROBE_SWITCH) {
        findings_add_skipped(findings, "switch to TLS", "not tried");
        return;
    }
    findings_took(findings, probe->milliseconds[PROBE_SWITCH]);
    if (has_failed(probe, PROBE_SWITCH))
        findings_add_error(findings, is_needed, "switch to TLS", &probe->error);
    else if (check->tls.negotiation == TLS_NEGOTIATION_DIRECT)
        findings_add_ok(findings, "switch to TLS", "none: TLS from the first byte");
    else if (probe->coverage == PROTO_COVERAGE_NOTHING)
        findings_add(findings, FACT_WARNING, "switch to TLS",
                     "Have TLS turned on in the server, and set SslMode=verify-full.",
                     "none: the server has no TLS, and SslMode=allow goes on in plaintext");
    else if (probe->coverage == PROTO_COVERAGE_LOGIN)
        findings_add(findings, FACT_WARNING, "switch to TLS",
                     "Set SslMode=verify-full: then everything is encrypted.",
                     "for the login only (%d): everything after it travels in plaintext, as "
                     "SslMode=allow takes what the server prefers",
                     ODBCSSL_WARNING_LOGIN_ONLY);
    else
        findings_add_ok(findings, "switch to TLS", "the server agreed (%s)",
                        check->link->proto->name);
}

static void add_handshake(struct check *check)
{
    struct findings *findings = &check->findings;
    const struct probe *probe = check->probe;
    const struct tls_report *report = &probe->report;
    if (probe->step < PROBE_HANDSHAKE || check->credentials == NULL) {
        findings_add_skipped(findings, "handshake", "not tried%s",
                             probe->step < PROBE_HANDSHAKE ? "" : ", as the files cannot be used");
        return;
    }
    findings_took(findings, probe->milliseconds[PROBE_HANDSHAKE]);
    if (!error_is_set(&probe->error)) {
        findings_add_ok(findings, "handshake", "%s, %s%s%s", report->protocol, report->cipher,
                        report->group[0] != '\0' ? ", " : "", report->group);
    } else if (report->verify_status == 0) {
        findings_add_error(findings, check_needs_tls(check), "handshake", &probe->error);
    } else {
        if (check_needs_tls(check))
            findings_blame(findings, &probe->error);
        findings_add(findings, check_needs_tls(check) ? FACT_FAIL : FACT_WARNING, "handshake", "",
                     "the certificate was refused, see Verification");
    }
}

/* Whether the server is content without one, only a login would show. */
static void add_client_certificate(struct check *check)
{
    struct findings *findings = &check->findings;
    const struct probe *probe = check->probe;
    if (probe->tls == NULL || error_is_set(&probe->error))
        return;
    if (!tls_session_is_certificate_asked(probe->tls))
        findings_add_ok(findings, "client certificate", "not asked for");
    else if (tls_session_is_certificate_sent(probe->tls))
        findings_add_ok(findings, "client certificate", "asked for, and shown");
    else
        findings_add_skipped(findings, "client certificate",
                             "the server asks for one, and SslCert is not set: whether it insists, "
                             "a login shows");
}

void check_server(struct check *check)
{
    struct findings *findings = &check->findings;
    const struct dial_target *server = &check->link->server;
    char text[DIAL_DESCRIPTION_SIZE];
    struct error error = {0};
    findings->section = SECTION_SERVER;
    findings_start_step(findings, "looking the server up");
    if (!link_find_server(check->link, &error)) {
        findings_add_error(findings, true, "address", &error);
        return;
    }
    for (size_t i = 0; i < server->count; i++)
        findings_add_ok(findings, "address", "%s", dial_describe(server, i, text, sizeof text));
    findings->server = memory_format("%s, port %u", server->host, server->port);
    add_real_settings(check);
    run_probe(check);
    if (check->probe == NULL)
        return;
    findings->report = memory_clear(sizeof *findings->report);
    *findings->report = check->probe->report;
    findings_took(findings, check->probe->milliseconds[PROBE_CONNECT]);
    if (has_failed(check->probe, PROBE_CONNECT))
        findings_add_error(findings, true, "TCP", &check->probe->error);
    else
        findings_add_ok(findings, "TCP", "connected to %s",
                        dial_describe(server, check->probe->address, text, sizeof text));
    add_switch(check);
    add_handshake(check);
    add_client_certificate(check);
    /* What verification found stands in facts of its own. */
    const struct error_list *warnings = &check->probe->warnings;
    for (size_t i = 0; i < warnings->count; i++)
        if (warnings->items[i].code != ODBCSSL_WARNING_VERIFICATION &&
            warnings->items[i].code != ODBCSSL_WARNING_UNVERIFIED)
            findings_add_error(findings, false, "warning", &warnings->items[i]);
}
