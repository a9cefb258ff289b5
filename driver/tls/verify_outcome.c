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
    attempt->status |= verify_outcomes[outcome].bit;
    if (outcome >= attempt->outcome)
        return;
    char text[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    attempt->outcome = outcome;
    error_clear(&attempt->error);
    error_set(&attempt->error, verify_outcomes[outcome].code, "%s", text);
}

void verify_start_attempt(struct verify_attempt *attempt)
{
    attempt->status = 0;
    attempt->outcome = VERIFY_OUTCOME_COUNT;
    error_clear(&attempt->error);
    attempt->crl_status = ODBCSSL_CRL_NOT_CHECKED;
    attempt->crl_next_update = 0;
    attempt->crl_ending = 0;
}

const char *verify_describe(const struct verify_attempt *attempt, size_t i, char *out)
{
    return certificate_describe(attempt->path[i], i == 0, out, CERTIFICATE_TEXT_SIZE);
}
