/*
 * verify_outcome.c - what the checks of verify*.c found: the parts of a verdict in which failures
 * are noted, the gravest of each.
 */
#include <stdarg.h>
#include <stdio.h>

#include "tls/verify_parts.h"

static const struct {
    uint32_t bit;
    enum odbcssl_error code;
} verify_outcomes[] = {
#define OUTCOME(name, bit, code) {ODBCSSL_VERIFY_##bit, ODBCSSL_ERROR_##code},
#include "tls/verify_outcomes.def"
};

/* The path cannot be accepted, and is not one: its issuers were no CAs, or its bytes lie. */
static bool is_end(enum verify_outcome outcome)
{
    return outcome == VERIFY_OUTCOME_MALFORMED || outcome == VERIFY_OUTCOME_NOT_AUTHORITY;
}

bool verify_note(struct verify_attempt *attempt, enum verify_outcome outcome)
{
    struct verify_part *part = &attempt->parts[attempt->part];
    part->status |= verify_outcomes[outcome].bit;
    attempt->is_at_end |= is_end(outcome);
    return outcome < part->outcome;
}

void verify_tell(struct verify_attempt *attempt, enum verify_outcome outcome, const char *format,
                 ...)
{
    struct verify_part *part = &attempt->parts[attempt->part];
    part->outcome = outcome;
    error_clear(&part->error);
    va_list arguments;
    va_start(arguments, format);
    error_set_arguments(&part->error, verify_outcomes[outcome].code, format, arguments);
    va_end(arguments);
}

void verify_tell_at(struct verify_attempt *attempt, size_t i, enum verify_outcome outcome,
                    const char *format, ...)
{
    char described[CERTIFICATE_TEXT_SIZE], text[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    verify_tell(attempt, outcome, "%s %s", verify_describe(attempt, i, described), text);
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
    attempt->is_at_end = false;
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
