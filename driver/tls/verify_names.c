/*
 * verify_names.c - name constraints of a path, for verify.c (RFC 5280, 4.2.1.10 and 6.1.3 (b),
 * (c)): every name of every certificate below the one that states them; how one name is compared is
 * in verify_names_match.c. A kind of name that cannot be compared counts only against a certificate
 * that has such a name.
 */
#include <stdio.h>
#include <string.h>

#include "tls/verify_parts.h"

#define OID_EMAIL_ADDRESS "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"
#define NAME_TEXT_SIZE 300
#define LIST_SIZE 400

/* Bytes of two names that count as one comparison more. */
#define NAME_STEP 64
#define DIRECTORY_STEP 8

struct comparison {
    struct verification *verification;
    struct verify_attempt *attempt;
    size_t maker;       /* index in the path of the CA whose constraints these are */
    size_t subject;     /* index of the certificate that is compared */
    const char *origin; /* where the name stands: "common name"; "" among the alternative names */
};

/* What an otherName is, its type-id says: names of other types are of another kind. */
static bool is_same_kind(const struct der *name, const struct der *base)
{
    struct cursor fields = der_inside(name), base_fields = der_inside(base);
    struct der type, base_type;
    if (name->tag != base->tag || name->tag != GENERAL_NAME_OTHER)
        return name->tag == base->tag;
    return !der_expect(&fields, DER_TAG_OID, &type) ||
           !der_expect(&base_fields, DER_TAG_OID, &base_type) || der_equal(&type, &base_type);
}

/* The next one of the name's kind. */
static bool next_base(struct cursor *subtrees, const struct der *name, struct der *base_out)
{
    struct der subtree;
    while (der_next(subtrees, &subtree)) {
        struct cursor fields = der_inside(&subtree);
        if (der_next(&fields, base_out) && is_same_kind(name, base_out))
            return true;
    }
    return false;
}

/* "DNS:example.com, DNS:example.org" */
static const char *list_bases(const struct der *list, const struct der *name, char *out,
                              size_t size)
{
    struct cursor subtrees = der_inside(list);
    struct der base;
    size_t used = 0;
    out[0] = '\0';
    while (used < size && next_base(&subtrees, name, &base)) {
        char text[NAME_TEXT_SIZE];
        certificate_format_name(&base, text, sizeof text);
        if (used + strlen(text) + sizeof ", and more" > size) {
            snprintf(out + used, size - used, ", and more");
            break;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", text);
    }
    return out;
}

/* base: the subtree that decides; NULL: all that would permit such a name. */
static void report(const struct comparison *comparison, const struct der *name, const char *verb,
                   const struct der *base)
{
    struct verify_attempt *attempt = comparison->attempt;
    const struct der *permitted = &attempt->path[comparison->maker]->permitted_names;
    char maker[CERTIFICATE_TEXT_SIZE], text[NAME_TEXT_SIZE], subtrees[LIST_SIZE];
    verify_fail_at(attempt, comparison->subject, VERIFY_OUTCOME_NAME_CONSTRAINT,
                   "has the name %s%s, which the nameConstraints of %s %s %s",
                   certificate_format_name(name, text, sizeof text), comparison->origin,
                   verify_describe(attempt, comparison->maker, maker), verb,
                   base != NULL ? certificate_format_name(base, subtrees, NAME_TEXT_SIZE)
                                : list_bases(permitted, name, subtrees, sizeof subtrees));
}

/* The attributes of a relative name are each compared with each, in both directions. */
static size_t cost(const struct der *name, const struct der *base)
{
    size_t step = name->tag == GENERAL_NAME_DIRECTORY ? DIRECTORY_STEP : NAME_STEP;
    return 1 + (name->size + base->size) / step;
}

/* false: the limit is reached, and nothing more is compared for this chain. */
static bool spend(const struct comparison *comparison, const struct der *name,
                  const struct der *base)
{
    struct verification *verification = comparison->verification;
    size_t left = VERIFY_COMPARISON_LIMIT - verification->comparison_count;
    bool is_within = cost(name, base) <= left;
    verification->comparison_count += is_within ? cost(name, base) : left;
    verification->is_comparison_over |= !is_within;
    return is_within;
}

/* false: the limit is reached. */
static bool compare_name(const struct comparison *comparison, const struct der *name)
{
    const struct certificate *maker = comparison->attempt->path[comparison->maker];
    struct cursor excluded = der_inside(&maker->excluded_names);
    struct cursor permitted = der_inside(&maker->permitted_names);
    struct der base;
    unsigned of_kind = 0, unknown = 0;
    enum name_match match = NAME_MATCH_NO;
    while (match == NAME_MATCH_NO && next_base(&excluded, name, &base)) {
        if (!spend(comparison, name, &base))
            return false;
        match = verify_match_name(name, &base, true);
    }
    if (match != NAME_MATCH_NO)
        report(comparison, name,
               match == NAME_MATCH_YES ? "exclude by" : "may exclude, which cannot be told, by",
               &base);
    while (next_base(&permitted, name, &base)) {
        if (!spend(comparison, name, &base))
            return false;
        match = verify_match_name(name, &base, false);
        if (match == NAME_MATCH_YES)
            return true;
        of_kind++;
        unknown += match == NAME_MATCH_UNKNOWN;
    }
    if (of_kind > 0)
        report(comparison, name,
               unknown > 0 ? "may not permit, which cannot be told, by"
                           : "do not permit; permitted:",
               NULL);
    return true;
}

static bool compare_subject(struct comparison *comparison, const struct der *subject)
{
    struct name_walk walk = {.rdns = der_inside(subject)};
    struct der type, name;
    /* The subject counts as a directoryName, which stands inside an explicit tag, and the mailboxes
     * in it as such; an empty one as none. */
    name = (struct der){
        .tag = GENERAL_NAME_DIRECTORY, .content = subject->whole, .size = subject->whole_size};
    comparison->origin = " as its subject";
    if (subject->size > 0 && !compare_name(comparison, &name))
        return false;
    comparison->origin = " in its subject";
    while (name_next_attribute(&walk, &type, &name)) {
        if (!DER_IS_OID(&type, OID_EMAIL_ADDRESS))
            continue;
        name.tag = GENERAL_NAME_EMAIL;
        if (!compare_name(comparison, &name))
            return false;
    }
    return true;
}

static bool compare_certificate(struct comparison *comparison)
{
    const struct certificate *certificate = comparison->attempt->path[comparison->subject];
    struct cursor names = certificate_inside(certificate, CERTIFICATE_ALT_NAMES);
    struct der name;
    char host[VERIFY_HOST_SIZE];
    if (!compare_subject(comparison, &certificate->subject))
        return false;
    if (comparison->subject == 0 &&
        verify_get_host_name(certificate, comparison->verification->host, host)) {
        name = (struct der){
            .tag = GENERAL_NAME_DNS, .content = (const unsigned char *)host, .size = strlen(host)};
        comparison->origin = " as its common name";
        if (!compare_name(comparison, &name))
            return false;
    }
    comparison->origin = "";
    while (der_next(&names, &name))
        if (!compare_name(comparison, &name))
            return false;
    return true;
}

static void compare_below(struct verification *verification, size_t maker)
{
    struct verify_attempt *attempt = &verification->current;
    for (size_t i = 0; i < maker && !verification->is_comparison_over; i++) {
        struct comparison comparison = {verification, attempt, maker, i, ""};
        /* RFC 5280, 6.1.3 (b): not for self-issued CAs. */
        if (i == 0 || !certificate_is_self_issued(attempt->path[i]))
            compare_certificate(&comparison);
    }
}

void verify_check_name_constraints(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    char described[CERTIFICATE_TEXT_SIZE];
    bool is_constrained = false;
    for (size_t maker = 1; maker < attempt->path_count; maker++)
        if (certificate_has(attempt->path[maker], CERTIFICATE_NAME_CONSTRAINTS)) {
            is_constrained = true;
            compare_below(verification, maker);
        }
    if (is_constrained && verification->is_comparison_over)
        verify_fail(
            attempt, VERIFY_OUTCOME_LIMIT,
            "the names of the chain of %s are too many for its nameConstraints: more than %d "
            "comparisons",
            verify_describe(attempt, 0, described), VERIFY_COMPARISON_LIMIT);
}
