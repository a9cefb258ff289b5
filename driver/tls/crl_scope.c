/*
 * crl_scope.c - for which certificates a CRL speaks: issuingDistributionPoint, as crl_read.c found
 * it, against the certificate's own distribution points (RFC 5280, 6.3.3 (b)(2)). A CRL that may be
 * meant for others does not clear a certificate, so what is not understood is "not covered".
 */
#include <string.h>

#include "tls/crl_parts.h"
#include "tls/name.h"

/* Names that are compared before the answer is "no": work stays small whatever a file holds. */
#define NAME_COMPARISON_LIMIT 10000

/* DistributionPointName ::= CHOICE { fullName [0], nameRelativeToCRLIssuer [1] } */
enum { FULL_NAME = DER_TAG_CONTEXT_CONSTRUCTED(0), RELATIVE_NAME = DER_TAG_CONTEXT_CONSTRUCTED(1) };

static bool read_flag(struct cursor *fields, unsigned number, bool *flag_out)
{
    struct der flag;
    *flag_out = false;
    if (!der_optional(fields, DER_TAG_CONTEXT(number), &flag))
        return true;
    *flag_out = flag.size == 1 && flag.content[0] != 0;
    return flag.size == 1;
}

/* The point is a CHOICE, so its tag stands inside another. */
static bool read_point(const struct der *wrapper, struct der *point_out)
{
    struct cursor inside = der_inside(wrapper);
    return der_next(&inside, point_out) && der_is_at_end(&inside) &&
           (point_out->tag == FULL_NAME || point_out->tag == RELATIVE_NAME);
}

bool crl_scope_read(struct crl *crl, const struct der *value)
{
    struct crl_scope *scope = &crl->scope;
    struct cursor outer = der_inside(value);
    struct der sequence, point, reasons;
    bool is_indirect = false;
    scope->whole = *value;
    if (!der_expect(&outer, DER_TAG_SEQUENCE, &sequence) || !der_is_at_end(&outer))
        return false;
    struct cursor fields = der_inside(&sequence);
    scope->has_point = der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(0), &point);
    if (scope->has_point && !read_point(&point, &scope->point))
        return false;
    if (!read_flag(&fields, 1, &scope->is_user_only) || !read_flag(&fields, 2, &scope->is_ca_only))
        return false;
    scope->is_some_reasons = der_optional(&fields, DER_TAG_CONTEXT(3), &reasons);
    if (!read_flag(&fields, 4, &is_indirect) || !read_flag(&fields, 5, &scope->is_attribute_only))
        return false;
    crl->is_indirect |= is_indirect;
    return der_is_at_end(&fields);
}

/* Whether a directoryName is the issuer's name and behind it the one RDN of a relative name, which
 * is what that stands for (RFC 5280, 4.2.1.13). */
static bool is_relative_equal(const struct der *relative, const struct der *general_name,
                              const struct der *issuer)
{
    struct der name, set;
    if (!certificate_open_directory(general_name, &name))
        return false;
    struct cursor parts = der_inside(&name);
    const unsigned char *beginning = cursor_bytes(&parts, issuer->size);
    return beginning != NULL && memcmp(beginning, issuer->content, issuer->size) == 0 &&
           der_expect(&parts, DER_TAG_SET, &set) && der_is_at_end(&parts) &&
           set.size == relative->size && memcmp(set.content, relative->content, set.size) == 0;
}

/* a, b: GeneralName, or a point with a name that is relative to the issuer. */
static bool is_name_equal(const struct der *a, const struct der *b, const struct der *issuer)
{
    struct der name_a, name_b;
    if (der_equal(a, b))
        return true;
    if (a->tag == RELATIVE_NAME)
        return is_relative_equal(a, b, issuer);
    if (b->tag == RELATIVE_NAME)
        return is_relative_equal(b, a, issuer);
    return certificate_open_directory(a, &name_a) && certificate_open_directory(b, &name_b) &&
           name_is_equal(&name_a, &name_b);
}

/* Takes the next name of a distribution point; a relative name is its only one. */
static bool next_name(const struct der *point, struct cursor *names, struct der *name_out)
{
    if (point->tag == FULL_NAME)
        return der_next(names, name_out);
    bool is_first = names->left > 0;
    names->left = 0;
    *name_out = *point;
    return is_first;
}

/* Whether two distribution points have a name in common (RFC 5280, 6.3.3 (b)(2)(i)). */
static bool has_common_name(const struct der *a, const struct der *b, const struct der *issuer)
{
    struct cursor names_a = der_inside(a);
    struct der name_a, name_b;
    unsigned compared = 0;
    while (next_name(a, &names_a, &name_a)) {
        struct cursor names_b = der_inside(b);
        while (next_name(b, &names_b, &name_b)) {
            if (is_name_equal(&name_a, &name_b, issuer))
                return true;
            if (++compared > NAME_COMPARISON_LIMIT)
                return false;
        }
    }
    return false;
}

/* Whether a DistributionPoint of the certificate names the CRL's point, for every reason, and
 * leaves the CRL to the certificate's own issuer. */
static bool is_point_named(const struct crl *crl, const struct certificate *certificate)
{
    struct cursor points = certificate_inside(certificate, CERTIFICATE_DISTRIBUTION_POINTS);
    struct der item, explicit_tag, point;
    while (der_next(&points, &item)) {
        struct cursor fields = der_inside(&item);
        /* A field behind it is reasons or a CRL issuer. */
        if (item.tag == DER_TAG_SEQUENCE &&
            der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(0), &explicit_tag) &&
            read_point(&explicit_tag, &point) && der_is_at_end(&fields) &&
            has_common_name(&crl->scope.point, &point, &crl->issuer))
            return true;
    }
    return false;
}

/* A certificate that names no distribution point is covered by the one that has the CA's own name
 * (RFC 5280, 6.3.3, last paragraph). */
static bool is_issuer_point(const struct crl *crl)
{
    struct cursor names = der_inside(&crl->scope.point);
    struct der general_name, name;
    while (crl->scope.point.tag == FULL_NAME && der_next(&names, &general_name))
        if (certificate_open_directory(&general_name, &name) && name_is_equal(&name, &crl->issuer))
            return true;
    return false;
}

const char *crl_scope_gap(const struct crl *crl, const struct certificate *certificate)
{
    const struct crl_scope *scope = &crl->scope;
    bool is_ca = certificate->is_authority;
    bool has_points = certificate_has(certificate, CERTIFICATE_DISTRIBUTION_POINTS);
    if (scope->is_attribute_only)
        return "it is for attribute certificates only";
    if (scope->is_user_only && is_ca)
        return "it is for certificates of servers and users only, and this is a CA's";
    if (scope->is_ca_only && !is_ca)
        return "it is for CA certificates only";
    if (scope->is_some_reasons)
        return "it tells only some of the reasons for revocation";
    if (scope->has_point && !(has_points ? is_point_named(crl, certificate) : is_issuer_point(crl)))
        return "it is for a distribution point that the certificate does not name";
    return NULL;
}

bool crl_is_same_scope(const struct crl *a, const struct crl *b)
{
    const struct der *of_a = &a->scope.whole, *of_b = &b->scope.whole;
    if (of_a->whole == NULL || of_b->whole == NULL)
        return of_a->whole == of_b->whole;
    return der_equal(of_a, of_b);
}
