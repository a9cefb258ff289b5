/*
 * verify_rules.c - what each certificate of a path has to fulfil by itself and by its place, for
 * verify.c: one row a rule. What spans several certificates is checked by verify_names.c and
 * verify_policy.c.
 */
#include <limits.h>

#include "base/clock.h"
#include "tls/verify_parts.h"

#define WEAKEST_RSA_BITS 2048
#define WEAKEST_CURVE_BITS 224
#define OID_SIZE 128

#define TLS_SERVER_PURPOSE "\x2b\x06\x01\x05\x05\x07\x03\x01" /* 1.3.6.1.5.5.7.3.1 */
#define ANY_PURPOSE "\x55\x1d\x25\x00"                        /* 2.5.29.37.0 */

struct rule_target {
    const struct verify_request *request;
    struct verify_attempt *attempt;
    size_t i;
    const struct certificate *certificate; /* path[i] */
};

static void check_form(struct rule_target *target)
{
    const struct certificate *certificate = target->certificate;
    if (certificate->fault != NULL)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_MALFORMED, "is malformed: %s %s",
                       certificate->fault_place, certificate->fault);
}

static void check_dates(struct rule_target *target)
{
    const struct certificate *certificate = target->certificate;
    time_t at = target->request->at;
    char limit[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
    clock_format(at, now);
    if (at > certificate->not_after)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_EXPIRED,
                       "expired on %s; it is now %s", clock_format(certificate->not_after, limit),
                       now);
    else if (at < certificate->not_before)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_NOT_YET_VALID,
                       "is valid only from %s; it is now %s",
                       clock_format(certificate->not_before, limit), now);
}

struct key_kind {
    int algorithm; /* gnutls_pk_algorithm_t; negative: malformed, or not supported */
    unsigned bits;
    gnutls_ecc_curve_t curve; /* of ECDSA */
};

static void read_key(const struct certificate *certificate, struct key_kind *kind)
{
    *kind = (struct key_kind){.algorithm = -1, .curve = GNUTLS_ECC_CURVE_INVALID};
    gnutls_pubkey_t key;
    if (signature_import_key(&certificate->public_key, &key) >= 0)
        kind->algorithm = gnutls_pubkey_get_pk_algorithm(key, &kind->bits);
    if (kind->algorithm == GNUTLS_PK_ECDSA)
        gnutls_pubkey_export_ecc_raw2(key, &kind->curve, NULL, NULL, 0);
    gnutls_pubkey_deinit(key);
}

static void check_key(struct rule_target *target)
{
    struct key_kind key;
    read_key(target->certificate, &key);
    bool is_curve = key.algorithm == GNUTLS_PK_ECDSA || key.algorithm == GNUTLS_PK_EDDSA_ED25519 ||
                    key.algorithm == GNUTLS_PK_EDDSA_ED448;
    unsigned weakest = is_curve ? WEAKEST_CURVE_BITS : WEAKEST_RSA_BITS;
    if (key.algorithm < 0)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_WEAK_KEY,
                       "has a key that is malformed, or of an algorithm that is not supported");
    else if (key.bits < weakest)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_WEAK_KEY,
                       "has a key that is too weak: %s with %u bits; %u or more are wanted",
                       gnutls_pk_algorithm_get_name((gnutls_pk_algorithm_t)key.algorithm), key.bits,
                       weakest);
}

/* Keys outside of what is offered in a handshake: some servers show them all the same. */
static void check_server_key(struct rule_target *target)
{
    struct key_kind key;
    read_key(target->certificate, &key);
    bool is_for_tls =
        key.algorithm == GNUTLS_PK_RSA || key.algorithm == GNUTLS_PK_RSA_PSS ||
        key.algorithm == GNUTLS_PK_EDDSA_ED25519 || key.algorithm == GNUTLS_PK_EDDSA_ED448 ||
        key.curve == GNUTLS_ECC_CURVE_SECP256R1 || key.curve == GNUTLS_ECC_CURVE_SECP384R1 ||
        key.curve == GNUTLS_ECC_CURVE_SECP521R1;
    if (key.algorithm < 0 || is_for_tls)
        return;
    verify_fail_at(
        target->attempt, target->i, VERIFY_OUTCOME_WEAK_KEY,
        "has a key that is not taken from a TLS server: %s; RSA, Ed25519, Ed448, or ECDSA on "
        "P-256, P-384 or P-521 is wanted",
        key.algorithm == GNUTLS_PK_ECDSA
            ? gnutls_ecc_curve_get_name(key.curve)
            : gnutls_pk_algorithm_get_name((gnutls_pk_algorithm_t)key.algorithm));
}

static void check_weak_signature(struct rule_target *target)
{
    const struct der *algorithm = &target->certificate->signature.algorithm;
    char name[OID_SIZE];
    if (signature_is_weak(algorithm))
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_WEAK_SIGNATURE,
                       "is signed with %s, which is too weak; SHA-256 or better is wanted",
                       signature_format_algorithm(algorithm, name, sizeof name));
}

static void check_critical(struct rule_target *target)
{
    const struct der *unknown = &target->certificate->unknown_critical;
    char oid[OID_SIZE];
    if (unknown->whole != NULL)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_CRITICAL_EXTENSION,
                       "has a critical extension that is not understood: %s",
                       der_format_oid(unknown, oid, sizeof oid));
}

/* Version 1 knows no such statement: as trust anchor it is the user's word. */
static void check_authority(struct rule_target *target)
{
    char issued[CERTIFICATE_TEXT_SIZE];
    bool is_old_anchor =
        target->i == target->attempt->path_count - 1 && target->certificate->version < 3;
    if (!is_old_anchor && !target->certificate->is_authority)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_NOT_AUTHORITY,
                       "issued %s, but its basicConstraints do not say that it is a CA's",
                       verify_describe(target->attempt, target->i - 1, issued));
}

/* RFC 5280, 4.2.1.9: counts the intermediates below that are not self-issued. */
static void check_path_length(struct rule_target *target)
{
    unsigned limit = target->certificate->path_length, below = 0;
    for (size_t j = 1; j < target->i; j++)
        below += !certificate_is_self_issued(target->attempt->path[j]);
    if (limit != CERTIFICATE_NO_NUMBER && below > limit)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_PATH_LENGTH,
                       "allows %u CA certificate(s) below it (pathLenConstraint), and there are %u",
                       limit, below);
}

static void check_issuer_usage(struct rule_target *target)
{
    if ((target->certificate->key_usage & GNUTLS_KEY_KEY_CERT_SIGN) != 0)
        return;
    verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_KEY_USAGE,
                   "may not sign certificates (its keyUsage has no keyCertSign)");
    target->attempt->is_at_end = true; /* unlike a server whose own key is for something else */
}

static void check_purpose(struct rule_target *target)
{
    struct cursor oids = certificate_inside(target->certificate, CERTIFICATE_EXTENDED_KEY_USAGE);
    struct der oid;
    bool is_found = !certificate_has(target->certificate, CERTIFICATE_EXTENDED_KEY_USAGE);
    while (!is_found && der_next(&oids, &oid))
        is_found = DER_IS_OID(&oid, ANY_PURPOSE) || DER_IS_OID(&oid, TLS_SERVER_PURPOSE);
    if (!is_found)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_PURPOSE,
                       "may not be used for a TLS server: its extendedKeyUsage does not list it");
}

/* RFC 8446, 4.4.2.2, and RFC 8422, 5.3: keys sign the handshake; RSA's may also decrypt up to TLS
 * 1.2. */
static void check_server_usage(struct rule_target *target)
{
    struct key_kind key;
    read_key(target->certificate, &key);
    bool is_rsa = key.algorithm == GNUTLS_PK_RSA;
    unsigned wanted =
        GNUTLS_KEY_DIGITAL_SIGNATURE | (is_rsa ? (unsigned)GNUTLS_KEY_KEY_ENCIPHERMENT : 0);
    if ((target->certificate->key_usage & wanted) == 0)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_KEY_USAGE,
                       "may not be used for a TLS server: its keyUsage has %s",
                       is_rsa ? "neither digitalSignature nor keyEncipherment"
                              : "no digitalSignature");
}

/* RFC 5280, 4.2.1.10: "MUST be used only in a CA certificate". */
static void check_server_constraints(struct rule_target *target)
{
    if (certificate_has(target->certificate, CERTIFICATE_NAME_CONSTRAINTS) &&
        !target->certificate->is_authority)
        verify_fail_at(target->attempt, target->i, VERIFY_OUTCOME_MALFORMED,
                       "is malformed: it has nameConstraints, and is not a CA's");
}

struct rule {
    unsigned places;
    bool is_of_strength; /* left out with allow_weak */
    void (*check)(struct rule_target *target);
};

static const struct rule rules[] = {
    {UINT_MAX, false, check_form},
    {VERIFY_PLACE_SERVER | VERIFY_PLACE_MIDDLE | VERIFY_PLACE_ANCHOR | VERIFY_PLACE_CRL_SIGNER,
     false, check_dates},
    {VERIFY_PLACE_SERVER | VERIFY_PLACE_MIDDLE | VERIFY_PLACE_ANCHOR | VERIFY_PLACE_CRL_SIGNER,
     true, check_key},
    {VERIFY_PLACE_SIGNED | VERIFY_PLACE_CRL_SIGNER, true, check_weak_signature},
    {VERIFY_PLACE_SERVER | VERIFY_PLACE_MIDDLE | VERIFY_PLACE_CRL_SIGNER, false, check_critical},
    {VERIFY_PLACE_SERVER | VERIFY_PLACE_MIDDLE, false, check_purpose},
    {VERIFY_PLACE_MIDDLE | VERIFY_PLACE_ANCHOR, false, check_authority},
    {VERIFY_PLACE_MIDDLE | VERIFY_PLACE_ANCHOR, false, check_path_length},
    {VERIFY_PLACE_MIDDLE | VERIFY_PLACE_ANCHOR, false, check_issuer_usage},
    {VERIFY_PLACE_SERVER, false, check_server_usage},
    {VERIFY_PLACE_SERVER, true, check_server_key},
    {VERIFY_PLACE_SERVER, false, check_server_constraints},
};

void verify_check_certificate(struct verification *verification, size_t i, unsigned place)
{
    struct rule_target target = {.request = verification->request,
                                 .attempt = &verification->current,
                                 .i = i,
                                 .certificate = verification->current.path[i]};
    for (size_t k = 0; k < sizeof rules / sizeof rules[0]; k++)
        if ((rules[k].places & place) != 0 &&
            !(rules[k].is_of_strength && target.request->allow_weak))
            rules[k].check(&target);
}

void verify_check_rules(struct verification *verification)
{
    size_t anchor = verification->current.path_count - 1;
    for (size_t i = 0; i <= anchor; i++) {
        unsigned place = i == 0        ? VERIFY_PLACE_SERVER
                         : i == anchor ? VERIFY_PLACE_ANCHOR
                                       : VERIFY_PLACE_MIDDLE;
        verify_check_certificate(verification, i, i < anchor ? place | VERIFY_PLACE_SIGNED : place);
    }
}
