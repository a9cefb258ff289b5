/* check.c - `odbcssl check`: everything that connecting does, but for the login, told step by step.
 */
#include "command/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tls/token.h"
#include "command/advice.h"
#include "command/arguments.h"
#include "command/command.h"
#include "command/source.h"

struct check_arguments {
    struct source source;
    bool is_json;
};

enum check_option { OPTION_CONNECTION_STRING = ARGUMENT_WRONG + 1, OPTION_JSON };

static const struct argument_row rows[] = {
    {"-k", true, OPTION_CONNECTION_STRING},
    {"--json", false, OPTION_JSON},
    {NULL, false, 0},
};

static bool parse_arguments(char **argv, struct check_arguments *result)
{
    struct arguments arguments = arguments_over(argv, rows);
    char *value = NULL;
    int code;
    *result = (struct check_arguments){0};
    while ((code = arguments_next(&arguments, &value)) != ARGUMENT_END) {
        if (code == OPTION_JSON)
            result->is_json = true;
        else if (code == OPTION_CONNECTION_STRING)
            result->source.connection_string = value;
        else if (code == ARGUMENT_OPERAND && result->source.dsn == NULL)
            result->source.dsn = value;
        else
            return false;
    }
    return (result->source.dsn != NULL) != (result->source.connection_string != NULL);
}

enum fact_result check_fail(struct check *check, bool is_needed, const struct error *error)
{
    if (is_needed)
        error_copy(&check->error, error);
    return is_needed ? FACT_FAIL : FACT_WARNING;
}

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

/* ---- settings ---- */

static void print_setting(const struct setting *item, struct json *json)
{
    char *value = item->value != NULL ? token_hide_pin(item->value) : NULL;
    if (json == NULL && value != NULL)
        printf("  %-24s %-40s %s\n", item->keyword, value, item->source);
    if (json != NULL) {
        json_open_object(json, NULL);
        json_text(json, "keyword", item->keyword);
        json_text(json, "value", value);
        json_text(json, "source", item->source);
        json_close_object(json);
    }
    free(value);
}

static void print_settings(const struct check *check)
{
    facts_begin(check->json, "Settings", "settings");
    for (size_t i = 0; i < check->link->settings.item_count; i++)
        print_setting(&check->link->settings.items[i], check->json);
    facts_end(check->json);
}

/* ---- the verdict ---- */

/* What a connection would be that finds the server as it was found here. */
static enum odbcssl_state state_of(const struct check *check)
{
    if (!check_needs_tls(check))
        return ODBCSSL_STATE_PLAINTEXT;
    if (check->probe->coverage == PROTO_COVERAGE_LOGIN)
        return ODBCSSL_STATE_LOGIN_ONLY;
    return check->probe->has_no_tls ? ODBCSSL_STATE_PLAINTEXT_FALLBACK : check->probe->report.state;
}

static const char *describe_good(const struct check *check)
{
    if (mode_of(check) == ODBCSSL_MODE_ALLOW && !check_may_be_login_only(check))
        return "plaintext by choice; TLS only if the server refuses that";
    return report_state_name(state_of(check));
}

static void print_verdict(const struct check *check)
{
    if (!error_is_set(&check->error)) {
        bool is_safe = state_of(check) >= ODBCSSL_STATE_ENCRYPTED;
        printf("Verdict\n  %-5s a connection would be: %s\n", is_safe ? "OK" : "WARN",
               describe_good(check));
        return;
    }
    printf("Verdict\n  %-5s (%d) %s\n", "FAIL", check->error.code, check->error.text);
    printf("What to do\n  %s\n", advice_find(check->error.code));
}

static void print_json_verdict(const struct check *check)
{
    bool is_accepted = !error_is_set(&check->error);
    json_boolean(check->json, "accepted", is_accepted);
    json_text(check->json, "state", is_accepted ? describe_good(check) : NULL);
    json_number(check->json, "error", check->error.code);
    json_text(check->json, "sqlstate", is_accepted ? NULL : error_sqlstate(check->error.code));
    json_text(check->json, "reason", is_accepted ? NULL : check->error.text);
    json_text(check->json, "advice", is_accepted ? NULL : advice_find(check->error.code));
}

/* ---- the steps ---- */

static void check_link(struct check *check)
{
    check->tls = check->link->settings.tls;
    if (check->tls.mode == ODBCSSL_MODE_DISABLE)
        check->tls.mode = ODBCSSL_MODE_PREFER;
    print_settings(check);
    check_files(check);
    check_server(check);
    check_verify(check);
}

static void release(struct check *check)
{
    probe_free(&check->probe);
    credentials_release(&check->credentials);
    credentials_release(&check->strict);
    link_close(&check->link);
}

static int run(struct check *check, const char *connection_string)
{
    struct error_list warnings = {0};
    struct connstr given;
    if (check->json != NULL)
        json_begin(check->json);
    if (connstr_parse(connection_string, strlen(connection_string), &given, &check->error))
        check->link = link_open_settings(&given, 0, &warnings, &check->error);
    connstr_free(&given);
    if (check->link != NULL)
        check_link(check);
    if (check->json != NULL) {
        print_json_verdict(check);
        json_end(check->json);
    } else {
        print_verdict(check);
    }
    int status = error_is_set(&check->error) ? COMMAND_FAILED : COMMAND_GOOD;
    release(check);
    return status;
}

int command_check(int argc, char **argv)
{
    struct check_arguments arguments;
    struct json json = {0};
    struct check check = {0};
    (void)argc;
    if (!parse_arguments(argv, &arguments))
        return COMMAND_WRONG_USE;
    char *text = source_connection_string(&arguments.source);
    if (text == NULL)
        return COMMAND_WRONG_USE;
    check.json = arguments.is_json ? &json : NULL;
    int status = run(&check, text);
    text_free_secret(text);
    return status;
}
