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

struct comparison {
    struct verification *verification;
    struct verify_attempt *attempt;
    size_t maker;       /* index in the path of the CA whose constraints these are */
    size_t subject;     /* index of the certificate that is compared */
    const char *origin; /* where the name stands: "common name"; "" among the alternative names */
};

static bool next_base(struct cursor *subtrees, unsigned kind, struct der *base_out)
{
    struct der subtree;
    while (der_next(subtrees, &subtree)) {
        struct cursor fields = der_inside(&subtree);
        if (der_next(&fields, base_out) && base_out->tag == kind)
            return true;
    }
    return false;
}

/* "DNS:example.com, DNS:example.org" */
static const char *list_bases(const struct der *list, unsigned kind, char *out, size_t size)
{
    struct cursor subtrees = der_inside(list);
    struct der base;
    size_t used = 0;
    out[0] = '\0';
    while (used < size && next_base(&subtrees, kind, &base)) {
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

static void report(const struct comparison *comparison, const struct der *name, const char *verb,
                   const char *subtrees)
{
    char maker[CERTIFICATE_TEXT_SIZE], text[NAME_TEXT_SIZE];
    verify_fail_at(comparison->attempt, comparison->subject, VERIFY_OUTCOME_NAME_CONSTRAINT,
                   "has the name %s%s, which the nameConstraints of %s %s %s",
                   certificate_format_name(name, text, sizeof text), comparison->origin,
                   verify_describe(comparison->attempt, comparison->maker, maker), verb, subtrees);
}

static bool spend(const struct comparison *comparison)
{
    char described[CERTIFICATE_TEXT_SIZE];
    if (comparison->verification->comparison_count++ < VERIFY_COMPARISON_LIMIT)
        return true;
    verify_fail(comparison->attempt, VERIFY_OUTCOME_LIMIT,
                "the names of the chain of %s are too many for its nameConstraints: more than %d "
                "comparisons",
                verify_describe(comparison->attempt, 0, described), VERIFY_COMPARISON_LIMIT);
    return false;
}

static void compare_name(const struct comparison *comparison, const struct der *name)
{
    const struct certificate *maker = comparison->attempt->path[comparison->maker];
    struct cursor excluded = der_inside(&maker->excluded_names);
    struct cursor permitted = der_inside(&maker->permitted_names);
    struct der base;
    char text[LIST_SIZE];
    unsigned of_kind = 0, unknown = 0;
    while (next_base(&excluded, name->tag, &base) && spend(comparison)) {
        enum name_match match = verify_match_name(name, &base, true);
        if (match == NAME_MATCH_NO)
            continue;
        report(comparison, name,
               match == NAME_MATCH_YES ? "exclude by" : "may exclude, which cannot be told, by",
               certificate_format_name(&base, text, NAME_TEXT_SIZE));
        break;
    }
    while (next_base(&permitted, name->tag, &base)) {
        enum name_match match =
            spend(comparison) ? verify_match_name(name, &base, false) : NAME_MATCH_UNKNOWN;
        if (match == NAME_MATCH_YES)
            return;
        of_kind++;
        unknown += match == NAME_MATCH_UNKNOWN;
    }
    if (of_kind > 0)
        report(comparison, name,
               unknown > 0 ? "may not permit, which cannot be told, by"
                           : "do not permit; permitted:",
               list_bases(&maker->permitted_names, name->tag, text, sizeof text));
}

static void compare_certificate(struct comparison *comparison)
{
    const struct certificate *certificate = comparison->attempt->path[comparison->subject];
    const struct der *subject = &certificate->subject;
    struct cursor names = certificate_inside(certificate, CERTIFICATE_ALT_NAMES);
    struct name_walk walk = {.rdns = der_inside(subject)};
    struct der type, name;
    char host[VERIFY_HOST_SIZE];
    /* The subject counts as a directoryName, which stands inside an explicit tag, and the mailboxes
     * in it as such; an empty one as none. */
    name = (struct der){
        .tag = GENERAL_NAME_DIRECTORY, .content = subject->whole, .size = subject->whole_size};
    comparison->origin = " as its subject";
    if (subject->size > 0)
        compare_name(comparison, &name);
    comparison->origin = " in its subject";
    while (name_next_attribute(&walk, &type, &name)) {
        if (!DER_IS_OID(&type, OID_EMAIL_ADDRESS))
            continue;
        name.tag = GENERAL_NAME_EMAIL;
        compare_name(comparison, &name);
    }
    if (comparison->subject == 0 &&
        verify_get_host_name(certificate, comparison->verification->host, host)) {
        name = (struct der){
            .tag = GENERAL_NAME_DNS, .content = (const unsigned char *)host, .size = strlen(host)};
        comparison->origin = " as its common name";
        compare_name(comparison, &name);
    }
    comparison->origin = "";
    while (der_next(&names, &name))
        compare_name(comparison, &name);
}

void verify_check_name_constraints(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    for (size_t maker = 1; maker < attempt->path_count; maker++) {
        if (!certificate_has(attempt->path[maker], CERTIFICATE_NAME_CONSTRAINTS))
            continue;
        for (size_t i = 0; i < maker; i++) {
            struct comparison comparison = {verification, attempt, maker, i, ""};
            /* RFC 5280, 6.1.3 (b): not for self-issued CAs. */
            if (i == 0 || !certificate_is_self_issued(attempt->path[i]))
                compare_certificate(&comparison);
        }
    }
}
