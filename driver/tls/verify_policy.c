/*
 * verify_policy.c - certificate policies of a path, for verify.c: RFC 5280, 6.1, in the form of RFC
 * 9618. Nobody states which policies he wants, so the only question is whether one is left where a
 * CA demands one.
 *
 * RFC 5280's tree can grow exponentially with the path; RFC 9618's graph is kept as its lowest
 * level alone: the policies that the certificates so far agree on, under the names that the next
 * one has to use.
 */
#include <string.h>

#include "tls/verify_parts.h"

#define ANY_POLICY "\x55\x1d\x20\x00" /* 2.5.29.32.0 */

/* Policies on one level; more are refused. */
#define POLICY_LIMIT 256

/* Policies that are compared for one chain, on all its paths. */
#define COMPARISON_LIMIT 2000000

struct level {
    struct der policies[POLICY_LIMIT];
    size_t count;
    bool has_any; /* anyPolicy: whatever the next certificate states */
    bool is_over_limit;
    unsigned *comparisons; /* of the chain, so far */
};

struct state {
    struct level level;
    /* Certificates that may still follow; 0: in effect. */
    unsigned explicit_policy;
    unsigned policy_mapping;
    unsigned any_policy;
    const struct certificate *demander; /* who set explicit_policy; NULL: nobody */
};

static bool has_policy(const struct level *level, const struct der *policy)
{
    *level->comparisons += (unsigned)level->count;
    for (size_t i = 0; i < level->count; i++)
        if (der_equal(&level->policies[i], policy))
            return true;
    return false;
}

/* The next element is looked at only within the limit; what that leaves is not judged. */
static bool is_within_limit(const struct level *level)
{
    return ++*level->comparisons <= COMPARISON_LIMIT;
}

static bool is_over_limit(const struct level *level)
{
    return *level->comparisons > COMPARISON_LIMIT;
}

/* Never anyPolicy, which is not one of the policies. */
static void add_policy(struct level *level, const struct der *policy)
{
    if (has_policy(level, policy))
        return;
    level->is_over_limit |= level->count == POLICY_LIMIT;
    if (level->count < POLICY_LIMIT)
        level->policies[level->count++] = *policy;
}

/* The OID of the next PolicyInformation or pair; what is malformed was refused when it was read. */
static bool next_policy(struct cursor *list, struct der *policy_out, struct der *mapped_out)
{
    struct der sequence;
    if (!der_next(list, &sequence))
        return false;
    struct cursor fields = der_inside(&sequence);
    if (!der_expect(&fields, DER_TAG_OID, policy_out))
        return false;
    return mapped_out == NULL || der_expect(&fields, DER_TAG_OID, mapped_out);
}

/* RFC 5280, 6.1.3 (d) and (e): what the certificate states of what is expected. */
static void take_policies(struct state *state, const struct certificate *certificate,
                          bool may_state_any)
{
    struct level *old = &state->level;
    struct level next = {.is_over_limit = old->is_over_limit, .comparisons = old->comparisons};
    struct cursor list = certificate_inside(certificate, CERTIFICATE_POLICIES);
    struct der policy;
    bool states_any = false;
    while (is_within_limit(old) && next_policy(&list, &policy, NULL)) {
        bool is_any = DER_IS_OID(&policy, ANY_POLICY);
        states_any |= is_any;
        if (!is_any && (old->has_any || has_policy(old, &policy)))
            add_policy(&next, &policy);
    }
    for (size_t i = 0; states_any && may_state_any && i < old->count; i++)
        add_policy(&next, &old->policies[i]);
    next.has_any = states_any && may_state_any && old->has_any;
    *old = next;
}

static bool is_mapped(const struct level *level, const struct certificate *certificate,
                      const struct der *policy)
{
    struct cursor list = certificate_inside(certificate, CERTIFICATE_POLICY_MAPPINGS);
    struct der from, to;
    while (is_within_limit(level) && next_policy(&list, &from, &to))
        if (der_equal(&from, policy))
            return true;
    return false;
}

/* RFC 5280, 6.1.4 (a) and (b): a policy that is mapped goes on under its other names, or, where
 * mapping is inhibited, not at all. false: anyPolicy is mapped. */
static bool map_policies(struct state *state, const struct certificate *certificate)
{
    struct level *old = &state->level;
    struct level next = {.has_any = old->has_any,
                         .is_over_limit = old->is_over_limit,
                         .comparisons = old->comparisons};
    struct cursor list = certificate_inside(certificate, CERTIFICATE_POLICY_MAPPINGS);
    struct der from, to;
    if (!certificate_has(certificate, CERTIFICATE_POLICY_MAPPINGS))
        return true;
    for (size_t i = 0; i < old->count; i++)
        if (!is_mapped(old, certificate, &old->policies[i]))
            add_policy(&next, &old->policies[i]);
    while (is_within_limit(old) && next_policy(&list, &from, &to)) {
        if (DER_IS_OID(&from, ANY_POLICY) || DER_IS_OID(&to, ANY_POLICY))
            return false;
        if (state->policy_mapping > 0 && (old->has_any || has_policy(old, &from)))
            add_policy(&next, &to);
    }
    *old = next;
    return true;
}

static void count_down(unsigned *skip)
{
    if (*skip > 0)
        --*skip;
}

static void lower(unsigned *skip, unsigned limit)
{
    if (limit < *skip)
        *skip = limit;
}

static void demand(struct state *state, const struct certificate *certificate)
{
    if (certificate->explicit_policy >= state->explicit_policy)
        return;
    state->explicit_policy = certificate->explicit_policy;
    state->demander = certificate;
}

/* Some limit is reached. */
static bool refuse(struct verify_attempt *attempt, size_t i, const struct level *level)
{
    char described[CERTIFICATE_TEXT_SIZE];
    if (is_over_limit(level))
        verify_fail(attempt, VERIFY_OUTCOME_LIMIT,
                    "the policies of the chain of %s are too many: more than %d comparisons",
                    verify_describe(attempt, 0, described), COMPARISON_LIMIT);
    else
        verify_fail(attempt, VERIFY_OUTCOME_LIMIT,
                    "the policies of the certificates down to %s are more than %d",
                    verify_describe(attempt, i, described), POLICY_LIMIT);
    return false;
}

/* path[i] on the level above it. false: it was refused. */
static bool process(struct verify_attempt *attempt, size_t i, struct state *state)
{
    const struct certificate *certificate = attempt->path[i];
    char described[CERTIFICATE_TEXT_SIZE], demander[CERTIFICATE_TEXT_SIZE];
    take_policies(state, certificate,
                  state->any_policy > 0 || (i > 0 && certificate_is_self_issued(certificate)));
    if (is_over_limit(&state->level))
        return refuse(attempt, i, &state->level);
    if (i == 0) {
        /* RFC 5280, 6.1.5 (a) and (b): of the server's own demands only 0 counts. */
        count_down(&state->explicit_policy);
        if (certificate->explicit_policy == 0)
            demand(state, certificate);
    }
    if (state->explicit_policy == 0 && state->level.count == 0 && !state->level.has_any) {
        verify_fail(attempt, VERIFY_OUTCOME_POLICY,
                    "%s demands a certificate policy (policyConstraints, requireExplicitPolicy), "
                    "and %s has none that the certificates above it allow",
                    certificate_describe(state->demander != NULL ? state->demander : certificate,
                                         false, demander, sizeof demander),
                    verify_describe(attempt, i, described));
        return false;
    }
    if (i > 0 && !map_policies(state, certificate)) {
        verify_fail_at(attempt, i, VERIFY_OUTCOME_POLICY, "has policyMappings that map anyPolicy");
        return false;
    }
    /* RFC 5280, 6.1.4 (h) to (j). */
    if (i > 0 && !certificate_is_self_issued(certificate)) {
        count_down(&state->explicit_policy);
        count_down(&state->policy_mapping);
        count_down(&state->any_policy);
    }
    if (i > 0) {
        demand(state, certificate);
        lower(&state->policy_mapping, certificate->no_policy_mapping);
        lower(&state->any_policy, certificate->no_any_policy);
    }
    if (state->level.is_over_limit || is_over_limit(&state->level))
        return refuse(attempt, i, &state->level);
    return true;
}

/* Some 20 KB of stack, which only those pay who demand something. */
static __attribute__((noinline)) void check_demands(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    unsigned count = (unsigned)attempt->path_count;
    struct state state = {
        .level = {.has_any = true, .comparisons = &verification->policy_comparison_count},
        .explicit_policy = count,
        .policy_mapping = count,
        .any_policy = count};
    for (size_t i = attempt->path_count - 1; i-- > 0;)
        if (!process(attempt, i, &state))
            return;
}

void verify_check_policies(struct verification *verification)
{
    struct verify_attempt *attempt = &verification->current;
    bool is_demanded = false; /* by nobody, nearly everywhere */
    for (size_t i = 0; i + 1 < attempt->path_count; i++)
        is_demanded |= attempt->path[i]->explicit_policy != CERTIFICATE_NO_NUMBER ||
                       (i > 0 && certificate_has(attempt->path[i], CERTIFICATE_POLICY_MAPPINGS));
    if (is_demanded)
        check_demands(verification);
}
