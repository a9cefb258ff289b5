/* check.c - `odbcssl check`: everything that connecting does but for the login, step by step. */
#include "command/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "command/arguments.h"
#include "command/command.h"
#include "command/print.h"
#include "tls/token.h"

static enum odbcssl_mode mode_of(const struct check *check)
{
    return check->link->settings.tls.mode;
}

bool check_needs_files(const struct check *check)
{
    return mode_of(check) != ODBCSSL_MODE_DISABLE;
}

bool check_needs_tls(const struct check *check)
{
    bool is_begun = check->probe != NULL && check->probe->step == PROBE_HANDSHAKE;
    return mode_of(check) >= ODBCSSL_MODE_PREFER || (check_may_be_login_only(check) && is_begun);
}

bool check_may_be_login_only(const struct check *check)
{
    return mode_of(check) == ODBCSSL_MODE_ALLOW && check->link->proto->has_login_only;
}

/* ---- the verdict ---- */

/* What a connection would be that finds the server as it was found here. */
static const char *describe_state(const struct check *check)
{
    if (check->link == NULL || check->probe == NULL)
        return "not made";
    if (mode_of(check) == ODBCSSL_MODE_ALLOW && !check_may_be_login_only(check))
        return "plaintext by choice; TLS only if the server refuses that";
    if (!check_needs_tls(check))
        return report_state_name(ODBCSSL_STATE_PLAINTEXT);
    if (check->probe->coverage == PROTO_COVERAGE_LOGIN)
        return report_state_name(ODBCSSL_STATE_LOGIN_ONLY);
    return report_state_name(check->probe->has_no_tls ? ODBCSSL_STATE_PLAINTEXT_FALLBACK
                                                      : check->probe->report.state);
}

/* What a mode leaves open, whatever the server is today. */
static const char *describe_gap(const struct check *check)
{
    switch (mode_of(check)) {
    case ODBCSSL_MODE_DISABLE:
        return "everything travels in plaintext, the password too";
    case ODBCSSL_MODE_ALLOW:
        return check_may_be_login_only(check)
                   ? "the server decides what is encrypted, and it is not verified"
                   : "the connection begins in plaintext, and the server is not verified";
    case ODBCSSL_MODE_PREFER:
        return "whoever is on the way can say that there is no TLS, or answer in the server's "
               "place: plaintext is accepted, and the server is not verified";
    case ODBCSSL_MODE_REQUIRE:
        if (check->tls.root_cert.value == NULL)
            return "the server is not verified: whoever is on the way can answer in its place";
        /* fallthrough */
    case ODBCSSL_MODE_VERIFY_CA:
        return "every server with a certificate of these authorities is accepted: the name is not "
               "compared";
    case ODBCSSL_MODE_VERIFY_FULL:
        break;
    }
    return NULL;
}

/* A pin names the one server that is meant, where there is TLS at all. */
static void add_mode(struct check *check)
{
    const char *gap = describe_gap(check), *mode = tls_mode_name(mode_of(check));
    if (gap == NULL)
        return;
    check->findings.section = SECTION_VERIFICATION;
    if (mode_of(check) >= ODBCSSL_MODE_REQUIRE && check->tls.pin.value != NULL)
        findings_add_ok(&check->findings, "SslMode",
                        "%s, and SslPin says which certificate it has to be", mode);
    else
        findings_add(&check->findings, FACT_WARNING, "SslMode",
                     "Set SslMode=verify-full, and SslRootCert to the CA certificate that the "
                     "server's operator hands out.",
                     "%s: %s", mode, gap);
}

/* ---- the steps ---- */

static void check_link(struct check *check)
{
    const struct settings *settings = &check->link->settings;
    check->tls = settings->tls;
    if (check->tls.mode == ODBCSSL_MODE_DISABLE)
        check->tls.mode = ODBCSSL_MODE_PREFER;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct option *item = &settings->items[i];
        char *value = item->value != NULL ? token_hide_pin(item->value) : NULL;
        findings_add_setting(&check->findings, item->keyword, value, item->source);
        free(value);
    }
    check_files(check);
    check_server(check);
    check_verify(check);
    add_mode(check);
}

void check_run(struct check *check, const struct connstr *given, bool is_shown)
{
    struct error_list warnings = {0};
    struct error error = {0};
    *check = (struct check){.findings = {.at = time(NULL), .is_shown = is_shown}, .is_wide = -1};
    if (check_source(check, given)) {
        check->link = link_open_settings(given, 0, &warnings, &error);
        if (check->link != NULL)
            check_link(check);
        else
            findings_add_error(&check->findings, true, "settings", &error);
    }
    findings_judge(&check->findings, describe_state(check));
}

void check_release(struct check *check)
{
    probe_free(&check->probe);
    credentials_release(&check->credentials);
    credentials_release(&check->strict);
    link_close(&check->link);
}

/* ---- the command ---- */

/* false: and it was said why. */
static bool write_page(const struct findings *findings, const char *path)
{
    FILE *page = fopen(path, "we");
    if (page != NULL)
        print_html(findings, page);
    bool is_written = page != NULL && fflush(page) == 0 && !ferror(page);
    if (page != NULL && fclose(page) != 0)
        is_written = false;
    if (!is_written)
        fprintf(stderr, "odbcssl: %s cannot be written: %m\n", path);
    return is_written;
}

static int check_one(const struct source *source, bool is_json, const char *page)
{
    struct check check;
    struct connstr given;
    if (!arguments_source(source, &given))
        return COMMAND_WRONG_USE;
    check_run(&check, &given, !is_json);
    if (is_json) {
        struct json json = {0};
        json_open(&json, NULL, '{');
        print_json(&check.findings, &json);
        json_close(&json, '}');
    } else {
        print_verdict(&check.findings);
    }
    int status = check.findings.verdict == FACT_FAIL ? COMMAND_FAILED : COMMAND_GOOD;
    if (page != NULL && !write_page(&check.findings, page))
        status = COMMAND_FAILED;
    check_release(&check);
    connstr_free(&given);
    return status;
}

int check_source_named(const char *name)
{
    return check_one(&(struct source){.dsn = name}, false, NULL);
}

int command_check(int argc, char **argv)
{
    struct source source = {0};
    bool is_json = false, is_all = false;
    const char *page = NULL;
    const struct argument rows[] = {
        {"connection-string", 'k', .text = &source.connection_string},
        {"json", 0, .flag = &is_json},
        {"all", 'a', .flag = &is_all},
        {"html", 0, .text = &page},
        {0},
    };
    if (!arguments_read(argc, argv, rows, &source.dsn))
        return COMMAND_WRONG_USE;
    bool has_source = source.dsn != NULL, has_string = source.connection_string != NULL;
    if (is_all)
        return has_source || has_string || page != NULL ? COMMAND_WRONG_USE : check_all(is_json);
    return has_source != has_string ? check_one(&source, is_json, page) : COMMAND_WRONG_USE;
}
