/* verify_outcome.c - every outcome with its status bit and error code, and the parts in which
 * failures are noted. */
#include <stdarg.h>
#include <stdio.h>

#include "tls/verify_parts.h"

struct outcome_row {
    const char *name;
    uint32_t bit;
    enum odbcssl_error code;
};

#define ROW(outcome, name, bit, code)                                                              \
    [VERIFY_OUTCOME_##outcome] = {name, ODBCSSL_VERIFY_##bit, ODBCSSL_ERROR_##code}

static const struct outcome_row verify_outcomes[VERIFY_OUTCOME_COUNT] = {
    ROW(MALFORMED, "malformed", OTHER, VERIFY_OTHER),
    ROW(DISTRUSTED, "distrusted", UNTRUSTED, UNTRUSTED),
    ROW(SIGNATURE, "signature", UNTRUSTED, CERTIFICATE_SIGNATURE),
    ROW(SIGNATURE_ALGORITHM, "signature algorithm", UNTRUSTED, UNTRUSTED),
    ROW(SELF_SIGNED, "self-signed", UNTRUSTED, SELF_SIGNED),
    ROW(LOOP, "loop", UNTRUSTED, UNTRUSTED),
    ROW(ISSUER_UNKNOWN, "issuer unknown", UNTRUSTED, ISSUER_UNKNOWN),
    ROW(REVOKED, "revoked", REVOKED, REVOKED),
    ROW(EXPIRED, "expired", EXPIRED, EXPIRED),
    ROW(NOT_YET_VALID, "not yet valid", NOT_YET_VALID, NOT_YET_VALID),
    ROW(WEAK_KEY, "weak key", WEAK_ALGORITHM, WEAK_ALGORITHM),
    ROW(WEAK_SIGNATURE, "weak signature", WEAK_ALGORITHM, WEAK_ALGORITHM),
    ROW(NOT_AUTHORITY, "not a CA", CONSTRAINT, CONSTRAINT),
    ROW(KEY_USAGE, "key usage", PURPOSE, PURPOSE),
    ROW(PATH_LENGTH, "path length", CONSTRAINT, CONSTRAINT),
    ROW(PURPOSE, "purpose", PURPOSE, PURPOSE),
    ROW(CRITICAL_EXTENSION, "critical extension", CONSTRAINT, CONSTRAINT),
    ROW(NAME_CONSTRAINT, "name constraint", CONSTRAINT, CONSTRAINT),
    ROW(POLICY, "policy", CONSTRAINT, CONSTRAINT),
    ROW(LIMIT, "limit", OTHER, VERIFY_OTHER),
    ROW(NO_CRL, "no CRL", NO_CRL, NO_CRL),
    ROW(CRL_SIGNER, "CRL signer", CRL_BAD_SIGNATURE, CRL_BAD_SIGNATURE),
    ROW(CRL_BAD_SIGNATURE, "CRL bad signature", CRL_BAD_SIGNATURE, CRL_BAD_SIGNATURE),
    ROW(CRL_WEAK, "CRL weak", WEAK_ALGORITHM, WEAK_ALGORITHM),
    ROW(CRL_CRITICAL_EXTENSION, "CRL critical extension", CRL_CRITICAL_EXTENSION,
        CRL_CRITICAL_EXTENSION),
    ROW(CRL_INDIRECT, "CRL indirect", CRL_INDIRECT, CRL_INDIRECT),
    ROW(CRL_DELTA, "CRL delta", CRL_DELTA, CRL_DELTA),
    ROW(CRL_SCOPE, "CRL scope", CRL_SCOPE, CRL_SCOPE),
    ROW(CRL_NOT_YET_VALID, "CRL not yet valid", CRL_NOT_YET_VALID, CRL_NOT_YET_VALID),
    ROW(CRL_EXPIRED, "CRL expired", CRL_EXPIRED, CRL_EXPIRED),
    ROW(HOST, "host", HOST, HOST),
    ROW(PIN, "pin", PIN, PIN),
    ROW(OTHER, "other", OTHER, VERIFY_OTHER),
};

const char *verify_outcome_name(enum verify_outcome outcome)
{
    return outcome < VERIFY_OUTCOME_COUNT ? verify_outcomes[outcome].name : "accepted";
}

void verify_fail(struct verify_attempt *attempt, enum verify_outcome outcome, const char *format,
                 ...)
{
    struct verify_part *part = &attempt->parts[attempt->part];
    part->status |= verify_outcomes[outcome].bit;
    if (outcome >= part->outcome)
        return;
    char text[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    part->outcome = outcome;
    error_clear(&part->error);
    error_set(&part->error, verify_outcomes[outcome].code, "%s", text);
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

const struct verify_part *verify_told(const struct verify_part *parts)
{
    const struct verify_part *told = &parts[0];
    for (size_t i = 1; i < VERIFY_PART_COUNT; i++)
        if (parts[i].outcome < told->outcome)
            told = &parts[i];
    return told;
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
    return &verify_told(result->parts)->error;
}

const char *verify_describe(const struct verify_attempt *attempt, size_t i, char *out)
{
    return certificate_describe(attempt->path[i], i == 0, out, CERTIFICATE_TEXT_SIZE);
}
