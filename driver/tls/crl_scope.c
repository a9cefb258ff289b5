/* crl_scope.c - for which certificates a CRL speaks: issuingDistributionPoint against the
 * certificate's own distribution points (RFC 5280, 6.3.3 (b)(2)). */
#include <stdlib.h>
#include <string.h>

#include "tls/crl_parts.h"
#include "tls/name.h"

/* Names that are compared before the answer is "no": work stays small whatever a file holds. */
#define NAME_COMPARISON_LIMIT 10000

enum { FULL_NAME = 0, RELATIVE_NAME = 1 };

static bool read_flag(struct cursor *fields, unsigned number, bool *flag_out)
{
    struct der flag;
    *flag_out = false;
    if (!der_optional(fields, DER_TAG_CONTEXT(number), &flag))
        return true;
    *flag_out = flag.size == 1 && flag.content[0] != 0;
    return flag.size == 1;
}

/* DistributionPointName ::= CHOICE { fullName [0], nameRelativeToCRLIssuer [1] } */
static bool read_point(const struct der *explicit_tag, struct der *point_out)
{
    struct cursor inside = der_inside(explicit_tag);
    return der_next(&inside, point_out) && der_is_at_end(&inside) &&
           (point_out->tag == DER_TAG_CONTEXT_CONSTRUCTED(FULL_NAME) ||
            point_out->tag == DER_TAG_CONTEXT_CONSTRUCTED(RELATIVE_NAME));
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

/* A name relative to the issuer is the issuer's name with one more RDN (RFC 5280, 4.2.1.13):
 * compared as the two pieces against a directoryName [4]. */
struct point_name {
    struct der full;          /* one GeneralName, when relative.whole is NULL */
    struct der relative;      /* the content of nameRelativeToCRLIssuer: one SET's content */
    const struct der *issuer; /* the name it is relative to */
};

static bool starts_with(struct cursor *bytes, const struct der *part)
{
    const unsigned char *found = cursor_bytes(bytes, part->size);
    return found != NULL && memcmp(found, part->content, part->size) == 0;
}

/* Whether a directoryName is the issuer's name followed by the relative RDN. */
static bool is_relative_equal(const struct point_name *relative, const struct der *general_name)
{
    struct der name, set;
    struct cursor inside = der_inside(general_name);
    if (general_name->tag != DER_TAG_CONTEXT_CONSTRUCTED(4) ||
        !der_expect(&inside, DER_TAG_SEQUENCE, &name))
        return false;
    struct cursor parts = der_inside(&name);
    return starts_with(&parts, relative->issuer) && der_expect(&parts, DER_TAG_SET, &set) &&
           der_is_at_end(&parts) && set.size == relative->relative.size &&
           memcmp(set.content, relative->relative.content, set.size) == 0;
}

static bool is_both_relative_equal(const struct point_name *a, const struct point_name *b)
{
    return a->issuer->size == b->issuer->size &&
           memcmp(a->issuer->content, b->issuer->content, a->issuer->size) == 0 &&
           a->relative.size == b->relative.size &&
           memcmp(a->relative.content, b->relative.content, a->relative.size) == 0;
}

/* Names are equal in whatever string types and letters they are written (RFC 5280, 7.1). */
static bool is_directory_equal(const struct der *a, const struct der *b)
{
    struct der name_a, name_b;
    struct cursor inside_a = der_inside(a), inside_b = der_inside(b);
    return a->tag == GENERAL_NAME_DIRECTORY && b->tag == GENERAL_NAME_DIRECTORY &&
           der_next(&inside_a, &name_a) && der_next(&inside_b, &name_b) &&
           name_is_equal(&name_a, &name_b);
}

static bool is_name_equal(const struct point_name *a, const struct point_name *b)
{
    bool is_a_relative = a->relative.whole != NULL, is_b_relative = b->relative.whole != NULL;
    if (is_a_relative && is_b_relative)
        return is_both_relative_equal(a, b);
    if (is_a_relative)
        return is_relative_equal(a, &b->full);
    if (is_b_relative)
        return is_relative_equal(b, &a->full);
    return der_equal(&a->full, &b->full) || is_directory_equal(&a->full, &b->full);
}

/* Takes the next name of a distribution point; a relative name is its only one. */
static bool next_name(const struct der *point, struct cursor *names, const struct der *issuer,
                      struct point_name *name_out)
{
    *name_out = (struct point_name){.issuer = issuer};
    if (point->tag == DER_TAG_CONTEXT_CONSTRUCTED(FULL_NAME))
        return der_next(names, &name_out->full);
    bool is_first = names->left > 0;
    names->left = 0;
    name_out->relative = *point;
    return is_first;
}

/* Whether two distribution points have a name in common (RFC 5280, 6.3.3 (b)(2)(i)). */
static bool has_common_name(const struct der *a, const struct der *b, const struct der *issuer)
{
    struct cursor names_a = der_inside(a);
    struct point_name name_a, name_b;
    unsigned compared = 0;
    while (next_name(a, &names_a, issuer, &name_a)) {
        struct cursor names_b = der_inside(b);
        while (next_name(b, &names_b, issuer, &name_b)) {
            if (is_name_equal(&name_a, &name_b))
                return true;
            if (++compared > NAME_COMPARISON_LIMIT)
                return false;
        }
    }
    return false;
}

/* One DistributionPoint of the certificate: it has to name the CRL's point, for every reason, and
 * leave the CRL to the certificate's own issuer. */
static bool is_point_matching(const struct crl *crl, const struct der *distribution_point)
{
    struct cursor fields = der_inside(distribution_point);
    struct der explicit_tag, point, reasons, crl_issuer;
    if (!der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(0), &explicit_tag) ||
        !read_point(&explicit_tag, &point))
        return false;
    bool has_reasons = der_optional(&fields, DER_TAG_CONTEXT(1), &reasons);
    bool has_issuer = der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(2), &crl_issuer);
    return der_is_at_end(&fields) && !has_reasons && !has_issuer &&
           has_common_name(&crl->scope.point, &point, &crl->issuer);
}

static bool is_any_point_matching(const struct crl *crl, const struct certificate *certificate)
{
    struct cursor points = certificate_inside(certificate, CERTIFICATE_DISTRIBUTION_POINTS);
    struct der point;
    while (der_next(&points, &point))
        if (point.tag == DER_TAG_SEQUENCE && is_point_matching(crl, &point))
            return true;
    return false;
}

/* A certificate that names no distribution point is covered by the one that has the CA's own name
 * (RFC 5280, 6.3.3, last paragraph). */
static bool is_issuer_point(const struct crl *crl)
{
    struct cursor names = der_inside(&crl->scope.point);
    struct der general_name;
    if (crl->scope.point.tag != DER_TAG_CONTEXT_CONSTRUCTED(FULL_NAME))
        return false;
    while (der_next(&names, &general_name)) {
        struct cursor inside = der_inside(&general_name);
        struct der name;
        if (general_name.tag == DER_TAG_CONTEXT_CONSTRUCTED(4) && der_next(&inside, &name) &&
            name_is_equal(&name, &crl->issuer))
            return true;
    }
    return false;
}

static bool is_point_covered(const struct crl *crl, const struct certificate *certificate)
{
    return certificate_has(certificate, CERTIFICATE_DISTRIBUTION_POINTS)
               ? is_any_point_matching(crl, certificate)
               : is_issuer_point(crl);
}

const char *crl_scope_gap(const struct crl *crl, const struct certificate *certificate)
{
    const struct crl_scope *scope = &crl->scope;
    bool is_ca = certificate->is_authority;
    if (scope->is_attribute_only)
        return "it is for attribute certificates only";
    if (scope->is_user_only && is_ca)
        return "it is for certificates of servers and users only, and this is a CA's";
    if (scope->is_ca_only && !is_ca)
        return "it is for CA certificates only";
    if (scope->is_some_reasons)
        return "it tells only some of the reasons for revocation";
    if (scope->has_point && !is_point_covered(crl, certificate))
        return "it is for a distribution point that the certificate does not name";
    return NULL;
}

bool crl_covers(const struct crl *crl, const struct certificate *certificate)
{
    return crl_scope_gap(crl, certificate) == NULL;
}

bool crl_is_same_scope(const struct crl *a, const struct crl *b)
{
    const struct der *of_a = &a->scope.whole, *of_b = &b->scope.whole;
    if (of_a->whole == NULL || of_b->whole == NULL)
        return of_a->whole == of_b->whole;
    return der_equal(of_a, of_b);
}
