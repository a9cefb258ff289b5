#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tls/verify_names.h"
#include "tls/verify_parts.h"

#define OID_NAME_CONSTRAINTS "2.5.29.30"

/* Subtrees times names that are compared for one path; more is refused. */
#define COMPARISON_LIMIT 20000

/* Name constraints of the kinds that GnuTLS does not process: directoryName and URI are processed
 * here, any other is refused as soon as a certificate below has such a name. DNS names, e-mail and
 * IP addresses are left to GnuTLS. RFC 5280, 4.2.1.10. GnuTLS refuses every chain in which a CA
 * excludes names of a kind that it does not process, also where none is met. */

/* What one CA certificate says. */
struct constraints {
    gnutls_datum_t value;
    struct der permitted; /* GeneralSubtrees; size 0: none */
    struct der excluded;
    bool is_good;
};

struct comparison {
    struct verify_attempt *attempt;
    const struct constraints *constraints;
    size_t maker;     /* index in the path of the CA whose constraints these are */
    size_t subject;   /* index of the certificate that is compared */
    unsigned *budget; /* of the whole path */
};

static bool is_left_to_gnutls(unsigned tag)
{
    return tag == GENERAL_NAME_DNS || tag == GENERAL_NAME_EMAIL || tag == GENERAL_NAME_IP;
}

static struct constraints read_constraints(gnutls_x509_crt_t certificate)
{
    struct constraints constraints = {.is_good = true};
    struct der sequence;
    if (!certificate_get_extension(certificate, OID_NAME_CONSTRAINTS, &constraints.value))
        return constraints;
    struct cursor outer = cursor_over(constraints.value.data, constraints.value.size);
    constraints.is_good = der_expect(&outer, DER_TAG_SEQUENCE, &sequence);
    if (!constraints.is_good)
        return constraints;
    struct cursor fields = der_inside(&sequence);
    der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(0), &constraints.permitted);
    der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(1), &constraints.excluded);
    constraints.is_good = der_is_at_end(&fields);
    return constraints;
}

/* GeneralSubtree ::= SEQUENCE { base, minimum [0] DEFAULT 0, maximum [1] }: a minimum or maximum is
 * not allowed by RFC 5280 and not understood. */
static bool read_subtree(struct cursor *subtrees, struct der *base_out)
{
    struct der subtree;
    if (subtrees->left == 0 || !der_expect(subtrees, DER_TAG_SEQUENCE, &subtree))
        return false;
    struct cursor fields = der_inside(&subtree);
    if (der_next(&fields, base_out) && der_is_at_end(&fields))
        return true;
    subtrees->is_short = true;
    return false;
}

static enum name_match match_name(const struct der *name, const struct der *base)
{
    if (name->tag == GENERAL_NAME_DIRECTORY)
        return verify_match_directory(name, base);
    if (name->tag == GENERAL_NAME_URI)
        return verify_match_uri(name, base);
    return NAME_MATCH_UNKNOWN;
}

static const char *kind_name(unsigned tag)
{
    switch (tag) {
    case GENERAL_NAME_DIRECTORY:
        return "directoryName";
    case GENERAL_NAME_URI:
        return "URI";
    case GENERAL_NAME_OTHER:
        return "otherName";
    case GENERAL_NAME_X400:
        return "x400Address";
    case GENERAL_NAME_EDI_PARTY:
        return "ediPartyName";
    case GENERAL_NAME_REGISTERED_ID:
        return "registeredID";
    default:
        return "unknown";
    }
}

static void tell_violation(const struct comparison *comparison, const struct der *name,
                           const char *reason)
{
    char described[CERTIFICATE_TEXT_SIZE], maker[CERTIFICATE_TEXT_SIZE];
    verify_fail(comparison->attempt, VERIFY_OUTCOME_NAME_CONSTRAINT,
                "%s has a name (%s) that %s by the nameConstraints of %s",
                verify_describe(comparison->attempt, comparison->subject, described),
                kind_name(name->tag), reason,
                verify_describe(comparison->attempt, comparison->maker, maker));
}

struct tally {
    unsigned of_kind; /* subtrees of the name's kind */
    unsigned matched;
    unsigned unknown;
};

static struct tally compare_subtrees(const struct comparison *comparison, const struct der *name,
                                     const struct der *list)
{
    struct tally tally = {0};
    struct cursor subtrees = der_inside(list);
    struct der base;
    while (*comparison->budget > 0 && read_subtree(&subtrees, &base)) {
        --*comparison->budget;
        if (base.tag != name->tag)
            continue;
        enum name_match match = match_name(name, &base);
        tally.of_kind++;
        tally.matched += match == NAME_MATCH_YES;
        tally.unknown += match == NAME_MATCH_UNKNOWN;
    }
    /* What cannot be read might concern this name. */
    if (subtrees.is_short || *comparison->budget == 0)
        tally.unknown++;
    return tally;
}

static void compare_name(const struct comparison *comparison, const struct der *name)
{
    if (is_left_to_gnutls(name->tag))
        return;
    struct tally excluded = compare_subtrees(comparison, name, &comparison->constraints->excluded);
    struct tally permitted =
        compare_subtrees(comparison, name, &comparison->constraints->permitted);
    if (excluded.matched > 0)
        tell_violation(comparison, name, "is excluded");
    else if (excluded.unknown > 0)
        tell_violation(comparison, name, "may be excluded, which cannot be checked,");
    else if (permitted.of_kind > 0 && permitted.matched == 0)
        tell_violation(comparison, name, "is not permitted, or cannot be checked,");
    else if (permitted.of_kind == 0 && permitted.unknown > 0)
        tell_violation(comparison, name, "cannot be checked");
}

/* The subject counts as a directoryName; an empty one as none. */
static void compare_subject(const struct comparison *comparison)
{
    gnutls_datum_t subject = {0};
    gnutls_x509_crt_t certificate = comparison->attempt->path[comparison->subject];
    struct der name;
    if (gnutls_x509_crt_get_raw_dn(certificate, &subject) < 0)
        return;
    struct cursor cursor = cursor_over(subject.data, subject.size);
    if (der_next(&cursor, &name) && name.size > 0) {
        /* As a GeneralName it would stand inside an explicit tag. */
        struct der wrapped = {
            .tag = GENERAL_NAME_DIRECTORY, .content = name.whole, .size = name.whole_size};
        compare_name(comparison, &wrapped);
    }
    gnutls_free(subject.data);
}

static void compare_certificate(const struct comparison *comparison)
{
    gnutls_datum_t value = {0};
    struct cursor names;
    struct der name;
    compare_subject(comparison);
    certificate_get_names(comparison->attempt->path[comparison->subject], &value, &names);
    while (der_next(&names, &name))
        compare_name(comparison, &name);
    gnutls_free(value.data);
}

/* Applies the constraints of path[maker] to every certificate below, but for self-issued CAs (RFC
 * 5280, 6.1.3 (b)). */
static void apply_constraints(struct verify_attempt *attempt, size_t maker, unsigned *budget)
{
    char described[CERTIFICATE_TEXT_SIZE];
    struct constraints constraints = read_constraints(attempt->path[maker]);
    if (!constraints.is_good)
        verify_fail(attempt, VERIFY_OUTCOME_NAME_CONSTRAINT, "%s has malformed nameConstraints",
                    verify_describe(attempt, maker, described));
    bool has_any = constraints.permitted.size > 0 || constraints.excluded.size > 0;
    for (size_t i = 0; constraints.is_good && has_any && i < maker; i++) {
        if (i > 0 && certificate_is_self_issued(attempt->path[i]))
            continue;
        struct comparison comparison = {attempt, &constraints, maker, i, budget};
        compare_certificate(&comparison);
    }
    gnutls_free(constraints.value.data);
}

void verify_check_name_constraints(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    unsigned budget = COMPARISON_LIMIT;
    for (size_t i = 1; i < attempt->path_count; i++)
        apply_constraints(attempt, i, &budget);
}
