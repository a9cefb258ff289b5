/*
 * verify_outcome.c - what the checks of verify*.c found: every outcome with its status bit and
 * error code, and the parts of a verdict in which failures are noted, the gravest of each.
 */
#include <stdarg.h>
#include <stdio.h>

#include "tls/verify_parts.h"

struct outcome_row {
    uint32_t bit;
    enum odbcssl_error code;
};

#define ROW(outcome, bit, code)                                                                    \
    [VERIFY_OUTCOME_##outcome] = {ODBCSSL_VERIFY_##bit, ODBCSSL_ERROR_##code}

static const struct outcome_row verify_outcomes[VERIFY_OUTCOME_COUNT] = {
    ROW(MALFORMED, OTHER, VERIFY_OTHER),
    ROW(DISTRUSTED, UNTRUSTED, UNTRUSTED),
    ROW(SIGNATURE, UNTRUSTED, CERTIFICATE_SIGNATURE),
    ROW(SIGNATURE_ALGORITHM, UNTRUSTED, UNTRUSTED),
    ROW(SELF_SIGNED, UNTRUSTED, SELF_SIGNED),
    ROW(LOOP, UNTRUSTED, UNTRUSTED),
    ROW(ISSUER_UNKNOWN, UNTRUSTED, ISSUER_UNKNOWN),
    ROW(REVOKED, REVOKED, REVOKED),
    ROW(EXPIRED, EXPIRED, EXPIRED),
    ROW(NOT_YET_VALID, NOT_YET_VALID, NOT_YET_VALID),
    ROW(WEAK_KEY, WEAK_ALGORITHM, WEAK_ALGORITHM),
    ROW(WEAK_SIGNATURE, WEAK_ALGORITHM, WEAK_ALGORITHM),
    ROW(NOT_AUTHORITY, CONSTRAINT, CONSTRAINT),
    ROW(KEY_USAGE, PURPOSE, PURPOSE),
    ROW(PATH_LENGTH, CONSTRAINT, CONSTRAINT),
    ROW(PURPOSE, PURPOSE, PURPOSE),
    ROW(CRITICAL_EXTENSION, CONSTRAINT, CONSTRAINT),
    ROW(NAME_CONSTRAINT, CONSTRAINT, CONSTRAINT),
    ROW(POLICY, CONSTRAINT, CONSTRAINT),
    ROW(LIMIT, OTHER, VERIFY_OTHER),
    ROW(NO_CRL, NO_CRL, NO_CRL),
    ROW(CRL_SIGNER, CRL_BAD_SIGNATURE, CRL_BAD_SIGNATURE),
    ROW(CRL_BAD_SIGNATURE, CRL_BAD_SIGNATURE, CRL_BAD_SIGNATURE),
    ROW(CRL_WEAK, WEAK_ALGORITHM, WEAK_ALGORITHM),
    ROW(CRL_CRITICAL_EXTENSION, CRL_CRITICAL_EXTENSION, CRL_CRITICAL_EXTENSION),
    ROW(CRL_INDIRECT, CRL_INDIRECT, CRL_INDIRECT),
    ROW(CRL_DELTA, CRL_DELTA, CRL_DELTA),
    ROW(CRL_SCOPE, CRL_SCOPE, CRL_SCOPE),
    ROW(CRL_NOT_YET_VALID, CRL_NOT_YET_VALID, CRL_NOT_YET_VALID),
    ROW(CRL_EXPIRED, CRL_EXPIRED, CRL_EXPIRED),
    ROW(HOST, HOST, HOST),
    ROW(PIN, PIN, PIN),
    ROW(OTHER, OTHER, VERIFY_OTHER),
};

void verify_fail(struct verify_attempt *attempt, enum verify_outcome outcome, const char *format,
                 ...)
{
    struct verify_part *part = &attempt->parts[attempt->part];
    part->status |= verify_outcomes[outcome].bit;
    if (outcome >= part->outcome)
        return;
    part->outcome = outcome;
    error_clear(&part->error);
    va_list arguments;
    va_start(arguments, format);
    error_set_arguments(&part->error, verify_outcomes[outcome].code, format, arguments);
    va_end(arguments);
}

void verify_fail_at(struct verify_attempt *attempt, size_t i, enum verify_outcome outcome,
                    const char *format, ...)
{
    char described[CERTIFICATE_TEXT_SIZE], text[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    verify_fail(attempt, outcome, "%s %s", verify_describe(attempt, i, described), text);
}

void verify_clear(struct verify_part *part)
{
    part->is_checked = false;
    part->status = 0;
    part->outcome = VERIFY_OUTCOME_COUNT;
    error_clear(&part->error);
}

void verify_begin(struct verify_attempt *attempt, enum verify_part_kind part)
{
    attempt->part = part;
    attempt->parts[part].is_checked = true;
}

void verify_start_attempt(struct verify_attempt *attempt)
{
    for (size_t i = 0; i < VERIFY_PART_COUNT; i++)
        verify_clear(&attempt->parts[i]);
    verify_begin(attempt, VERIFY_PART_CHAIN);
    attempt->crl_status = ODBCSSL_CRL_NOT_CHECKED;
    attempt->crl_next_update = 0;
    attempt->crl_ending = 0;
}

const struct verify_part *verify_worst(const struct verify_part *parts)
{
    const struct verify_part *worst = &parts[0];
    for (size_t i = 1; i < VERIFY_PART_COUNT; i++)
        if (parts[i].outcome < worst->outcome)
            worst = &parts[i];
    return worst;
}

uint32_t verify_status(const struct verify_part *parts)
{
    uint32_t status = 0;
    for (size_t i = 0; i < VERIFY_PART_COUNT; i++)
        status |= parts[i].status;
    return status;
}

const struct error *verify_error(const struct verify_result *result)
{
    return &verify_worst(result->parts)->error;
}

const char *verify_describe(const struct verify_attempt *attempt, size_t i, char *out)
{
    return certificate_describe(attempt->path[i], i == 0, out, CERTIFICATE_TEXT_SIZE);
}
