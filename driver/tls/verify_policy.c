#include "tls/verify_parts.h"

#define OID_POLICY_CONSTRAINTS "2.5.29.36"
#define OID_POLICY_MAPPINGS "2.5.29.33"
#define OID_ANY_POLICY "\x55\x1d\x20\x00"

/* RFC 5280, 6.1, without a set of policies that the user wants: policies decide nothing until a CA
 * demands one by requireExplicitPolicy. The policy tree that such a demand needs is not built, so a
 * demand that takes effect is refused; inhibitPolicyMapping and inhibitAnyPolicy only prune that
 * tree. */

/* Leaves *skip_out as it is when the certificate demands nothing. false: malformed. */
static bool read_demand(gnutls_x509_crt_t certificate, unsigned *skip_out)
{
    gnutls_datum_t value = {0};
    struct der sequence, field;
    if (!certificate_get_extension(certificate, OID_POLICY_CONSTRAINTS, &value))
        return true;
    struct cursor outer = cursor_over(value.data, value.size);
    bool is_good = der_expect(&outer, DER_TAG_SEQUENCE, &sequence);
    struct cursor fields = is_good ? der_inside(&sequence) : outer;
    if (is_good && der_optional(&fields, DER_TAG_CONTEXT(0), &field)) {
        field.tag = DER_TAG_INTEGER;
        is_good = der_read_number(&field, skip_out);
    }
    gnutls_free(value.data);
    return is_good;
}

static bool is_any_policy(const struct der *oid)
{
    return DER_IS_OID(oid, OID_ANY_POLICY);
}

/* RFC 5280, 6.1.4 (a): anyPolicy is mapped neither from nor to. */
static bool has_good_mappings(gnutls_x509_crt_t certificate)
{
    gnutls_datum_t value = {0};
    struct der sequence, pair, from, to;
    if (!certificate_get_extension(certificate, OID_POLICY_MAPPINGS, &value))
        return true;
    struct cursor outer = cursor_over(value.data, value.size);
    bool is_good = der_expect(&outer, DER_TAG_SEQUENCE, &sequence);
    struct cursor pairs = is_good ? der_inside(&sequence) : outer;
    while (is_good && der_next(&pairs, &pair)) {
        struct cursor fields = der_inside(&pair);
        is_good = der_expect(&fields, DER_TAG_OID, &from) &&
                  der_expect(&fields, DER_TAG_OID, &to) && !is_any_policy(&from) &&
                  !is_any_policy(&to);
    }
    is_good = is_good && der_is_at_end(&pairs);
    gnutls_free(value.data);
    return is_good;
}

/* Certificates that may still follow before a policy is needed; a demand of 0 is in effect. */
struct demand {
    unsigned skip;
    bool is_made;
    size_t maker;
};

static void take_demand(struct verify_attempt *attempt, size_t i, struct demand *demand)
{
    char described[CERTIFICATE_TEXT_SIZE];
    unsigned skip = UINT32_MAX;
    if (!read_demand(attempt->path[i], &skip))
        verify_fail(attempt, VERIFY_OUTCOME_POLICY, "%s has malformed policyConstraints",
                    verify_describe(attempt, i, described));
    if (skip == UINT32_MAX || (demand->is_made && skip >= demand->skip))
        return;
    *demand = (struct demand){skip, true, i};
}

void verify_check_policies(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    struct demand demand = {0};
    char described[CERTIFICATE_TEXT_SIZE];
    for (size_t i = attempt->path_count - 1; i-- > 0;) {
        bool is_counted = i == 0 || !certificate_is_self_issued(attempt->path[i]);
        if (demand.is_made && demand.skip > 0 && is_counted)
            demand.skip--;
        if (i > 0 && !has_good_mappings(attempt->path[i]))
            verify_fail(attempt, VERIFY_OUTCOME_POLICY,
                        "%s has policyMappings that are malformed, or map anyPolicy",
                        verify_describe(attempt, i, described));
        take_demand(attempt, i, &demand);
        /* Of the server's own certificate only requireExplicitPolicy=0 counts (6.1.5 (b)). */
    }
    if (demand.is_made && demand.skip == 0)
        verify_fail(attempt, VERIFY_OUTCOME_POLICY,
                    "%s demands certificate policies (policyConstraints, requireExplicitPolicy), "
                    "which are not processed",
                    verify_describe(attempt, demand.maker, described));
}
