/*
 * certificate_extensions.c - reads the extensions of a certificate for certificate.c: those that
 * are understood, each by its row. Processed ones make the certificate malformed whether they are
 * critical or not; of the others only critical ones do (RFC 5280, 4.2).
 */
#include <string.h>

#include "tls/certificate.h"

/* More extensions, and longer lists, than anybody needs. */
#define EXTENSION_LIMIT 1000
#define LIST_LIMIT 10000

/* What a list is made of, besides tags. */
#define ANY_ITEMS 0
#define NO_LIST UINT32_MAX

static const char not_sequence[] = "is not a SEQUENCE of what belongs there";
static const char is_empty[] = "is empty";
static const char too_long[] = "is too long a list";

/* Every parser gets the value, and returns what is wrong, or NULL. */
typedef const char *extension_parser(struct certificate *certificate, const struct der *value);

/* Passes SEQUENCE SIZE (1..) OF tag, or of ANY_ITEMS. */
static const char *pass_list(const struct der *value, unsigned tag)
{
    struct cursor items = der_inside(value);
    struct der item;
    unsigned count = 0;
    if (value->tag != DER_TAG_SEQUENCE)
        return not_sequence;
    for (; der_next(&items, &item); count++)
        if ((tag != ANY_ITEMS && item.tag != tag) || count == LIST_LIMIT)
            return count == LIST_LIMIT ? too_long : not_sequence;
    if (!der_is_at_end(&items))
        return not_sequence;
    return count == 0 ? is_empty : NULL;
}

static const char *parse_octets(struct certificate *certificate, const struct der *value)
{
    (void)certificate;
    return value->tag == DER_TAG_OCTET_STRING ? NULL : "is not an OCTET STRING";
}

/* SEQUENCE OF SEQUENCE { OID, ... } */
static const char *parse_named_sequences(struct certificate *certificate, const struct der *value)
{
    struct cursor items = der_inside(value);
    struct der item, oid;
    (void)certificate;
    while (der_next(&items, &item)) {
        struct cursor fields = der_inside(&item);
        if (!der_expect(&fields, DER_TAG_OID, &oid))
            return not_sequence;
    }
    return NULL;
}

static const char *parse_mappings(struct certificate *certificate, const struct der *value)
{
    struct cursor items = der_inside(value);
    struct der item, from, to;
    (void)certificate;
    while (der_next(&items, &item)) {
        struct cursor fields = der_inside(&item);
        if (!der_expect(&fields, DER_TAG_OID, &from) || !der_expect(&fields, DER_TAG_OID, &to) ||
            !der_is_at_end(&fields))
            return not_sequence;
    }
    return NULL;
}

/* BIT STRING, of which unused bits do not count, whatever they are; at least one bit set (RFC 5280,
 * 4.2.1.3). */
static const char *parse_key_usage(struct certificate *certificate, const struct der *value)
{
    unsigned usage = 0;
    if (value->tag != DER_TAG_BIT_STRING || value->size < 1 || value->size > 3 ||
        value->content[0] > 7 || (value->size == 1 && value->content[0] != 0))
        return "is not a BIT STRING of the bits that there are";
    for (size_t i = value->size; i-- > 1;) {
        unsigned used = i + 1 == value->size ? 0xffu << value->content[0] : 0xff;
        usage = usage << 8 | (value->content[i] & used);
    }
    if (usage == 0)
        return "allows nothing";
    certificate->key_usage = usage;
    return NULL;
}

static const char *parse_basic_constraints(struct certificate *certificate, const struct der *value)
{
    struct cursor fields = der_inside(value);
    struct der authority, length;
    if (value->tag != DER_TAG_SEQUENCE)
        return not_sequence;
    if (der_optional(&fields, DER_TAG_BOOLEAN, &authority)) {
        if (authority.size != 1 || (authority.content[0] != 0 && authority.content[0] != 0xff))
            return "has a malformed cA";
        certificate->is_authority = authority.content[0] != 0;
    }
    if (der_optional(&fields, DER_TAG_INTEGER, &length)) {
        if (!der_read_number(&length, &certificate->path_length))
            return "has a pathLenConstraint that is no number from 0 to 2147483647";
        /* Without cA it has no meaning (RFC 5280, 4.2.1.9). */
        if (!certificate->is_authority)
            certificate->path_length = CERTIFICATE_NO_NUMBER;
    }
    return der_is_at_end(&fields) ? NULL : not_sequence;
}

static const char *read_skip(struct cursor *fields, unsigned number, unsigned *skip_out)
{
    struct der field;
    if (!der_optional(fields, DER_TAG_CONTEXT(number), &field))
        return NULL;
    field.tag = DER_TAG_INTEGER;
    return der_read_number(&field, skip_out) ? NULL
                                             : "has a number that is none from 0 to 2147483647";
}

static const char *parse_policy_constraints(struct certificate *certificate,
                                            const struct der *value)
{
    struct cursor fields = der_inside(value);
    if (value->tag != DER_TAG_SEQUENCE)
        return not_sequence;
    if (value->size == 0)
        return is_empty;
    const char *fault = read_skip(&fields, 0, &certificate->explicit_policy);
    if (fault == NULL)
        fault = read_skip(&fields, 1, &certificate->no_policy_mapping);
    return fault == NULL && !der_is_at_end(&fields) ? not_sequence : fault;
}

static const char *parse_inhibit_any_policy(struct certificate *certificate,
                                            const struct der *value)
{
    return value->tag == DER_TAG_INTEGER && der_read_number(value, &certificate->no_any_policy)
               ? NULL
               : "is no number from 0 to 2147483647";
}

static const char *check_general_name(const struct der *name)
{
    struct der directory;
    switch (name->tag) {
    case GENERAL_NAME_EMAIL:
    case GENERAL_NAME_DNS:
    case GENERAL_NAME_URI:
        return name->size > 0 && memchr(name->content, 0, name->size) != NULL
                   ? "has a name with a NUL character in it, as forged certificates have"
                   : NULL;
    case GENERAL_NAME_DIRECTORY:
        return certificate_open_directory(name, &directory) ? NULL
                                                            : "has a malformed directoryName";
    case GENERAL_NAME_OTHER:
    case GENERAL_NAME_X400:
    case GENERAL_NAME_EDI_PARTY:
    case GENERAL_NAME_IP:
    case GENERAL_NAME_REGISTERED_ID:
        return NULL;
    default:
        return "holds what is no GeneralName";
    }
}

static const char *parse_names(struct certificate *certificate, const struct der *value)
{
    const char *fault = NULL;
    struct cursor names = der_inside(value);
    struct der name;
    unsigned count = 0;
    (void)certificate;
    for (; fault == NULL && der_next(&names, &name); count++) {
        fault = check_general_name(&name);
        if (fault == NULL && name.tag == GENERAL_NAME_IP && name.size != 4 && name.size != 16)
            fault = "has an IP address that has neither 4 nor 16 bytes";
        if (fault == NULL && count == CERTIFICATE_NAME_LIMIT)
            fault = "has too many names: more than 1000";
    }
    return fault;
}

/* RFC 5280, 4.2.1.6, wants a name, but some CAs write none. */
static const char *parse_alt_names(struct certificate *certificate, const struct der *value)
{
    bool is_without_names = value->tag == DER_TAG_SEQUENCE && value->size == 0;
    const char *fault = is_without_names ? NULL : pass_list(value, ANY_ITEMS);
    return fault == NULL ? parse_names(certificate, value) : fault;
}

/* RFC 5280, 4.2.1.10: address and mask, as in CIDR. */
static bool is_address_range(const struct der *base)
{
    size_t half = base->size / 2;
    bool is_over = false;
    if (base->size != 8 && base->size != 32)
        return false;
    for (size_t bit = 0; bit < half * 8; bit++) {
        bool is_set = (base->content[half + bit / 8] >> (7 - bit % 8) & 1) != 0;
        if (is_set && is_over)
            return false;
        is_over |= !is_set;
    }
    return true;
}

/* GeneralSubtree ::= SEQUENCE { base, minimum [0] DEFAULT 0, maximum [1] }: RFC 5280 allows no
 * other minimum, which some write out, and no maximum. */
static const char *check_subtrees(const struct der *list)
{
    struct cursor subtrees = der_inside(list);
    struct der subtree, base, minimum;
    const char *fault = list->size == 0 ? is_empty : NULL;
    unsigned count = 0;
    while (fault == NULL && subtrees.left > 0) {
        if (!der_expect(&subtrees, DER_TAG_SEQUENCE, &subtree))
            return not_sequence;
        struct cursor fields = der_inside(&subtree);
        if (!der_next(&fields, &base))
            return not_sequence;
        bool has_minimum = der_optional(&fields, DER_TAG_CONTEXT(0), &minimum) &&
                           (minimum.size != 1 || minimum.content[0] != 0);
        fault = has_minimum || !der_is_at_end(&fields)
                    ? "has a minimum or maximum, which RFC 5280 does not allow"
                    : check_general_name(&base);
        if (fault == NULL && base.tag == GENERAL_NAME_IP && !is_address_range(&base))
            fault = "has an IP address range that is none";
        if (fault == NULL && count++ == CERTIFICATE_NAME_LIMIT)
            fault = "has too many subtrees: more than 1000";
    }
    return fault;
}

static const char *parse_name_constraints(struct certificate *certificate, const struct der *value)
{
    struct cursor fields = der_inside(value);
    const char *fault = NULL;
    if (value->tag != DER_TAG_SEQUENCE)
        return not_sequence;
    if (value->size == 0)
        return is_empty;
    if (der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(0), &certificate->permitted_names))
        fault = check_subtrees(&certificate->permitted_names);
    if (fault == NULL &&
        der_optional(&fields, DER_TAG_CONTEXT_CONSTRUCTED(1), &certificate->excluded_names))
        fault = check_subtrees(&certificate->excluded_names);
    return fault == NULL && !der_is_at_end(&fields) ? not_sequence : fault;
}

/* AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0], ... } */
static const char *parse_authority_key_id(struct certificate *certificate, const struct der *value)
{
    struct cursor fields = der_inside(value);
    struct der field;
    (void)certificate;
    while (der_next(&fields, &field))
        ;
    return value->tag == DER_TAG_SEQUENCE && der_is_at_end(&fields) ? NULL : not_sequence;
}

struct extension_row {
    const char *oid; /* content octets */
    size_t oid_size;
    const char *name;
    unsigned item_tag;       /* it is a SEQUENCE of these, or of ANY_ITEMS; NO_LIST: no list */
    extension_parser *parse; /* after that; NULL: nothing more */
    bool is_processed;
};

#define ROW(extension, oid, name, item_tag, parse, is_processed)                                   \
    [CERTIFICATE_##extension] = {oid, sizeof(oid) - 1, name, item_tag, parse, is_processed}
#define CE(number) "\x55\x1d" number                     /* 2.5.29. */
#define PE(number) "\x2b\x06\x01\x05\x05\x07\x01" number /* 1.3.6.1.5.5.7.1. */

static const struct extension_row rows[CERTIFICATE_EXTENSION_COUNT] = {
    ROW(SUBJECT_KEY_ID, CE("\x0e"), "subjectKeyIdentifier", NO_LIST, parse_octets, false),
    ROW(KEY_USAGE, CE("\x0f"), "keyUsage", NO_LIST, parse_key_usage, true),
    ROW(ALT_NAMES, CE("\x11"), "subjectAltName", NO_LIST, parse_alt_names, true),
    ROW(ISSUER_ALT_NAMES, CE("\x12"), "issuerAltName", ANY_ITEMS, parse_names, false),
    ROW(BASIC_CONSTRAINTS, CE("\x13"), "basicConstraints", NO_LIST, parse_basic_constraints, true),
    ROW(NAME_CONSTRAINTS, CE("\x1e"), "nameConstraints", NO_LIST, parse_name_constraints, true),
    ROW(DISTRIBUTION_POINTS, CE("\x1f"), "cRLDistributionPoints", DER_TAG_SEQUENCE, NULL, true),
    ROW(POLICIES, CE("\x20"), "certificatePolicies", DER_TAG_SEQUENCE, parse_named_sequences, true),
    ROW(POLICY_MAPPINGS, CE("\x21"), "policyMappings", DER_TAG_SEQUENCE, parse_mappings, true),
    ROW(AUTHORITY_KEY_ID, CE("\x23"), "authorityKeyIdentifier", NO_LIST, parse_authority_key_id,
        false),
    ROW(POLICY_CONSTRAINTS, CE("\x24"), "policyConstraints", NO_LIST, parse_policy_constraints,
        true),
    ROW(EXTENDED_KEY_USAGE, CE("\x25"), "extendedKeyUsage", DER_TAG_OID, NULL, true),
    ROW(INHIBIT_ANY_POLICY, CE("\x36"), "inhibitAnyPolicy", NO_LIST, parse_inhibit_any_policy,
        true),
    ROW(AUTHORITY_INFO, PE("\x01"), "authorityInfoAccess", DER_TAG_SEQUENCE, parse_named_sequences,
        false),
    ROW(SUBJECT_INFO, PE("\x0b"), "subjectInfoAccess", DER_TAG_SEQUENCE, parse_named_sequences,
        false),
};

static void take_extension(struct certificate *certificate, const struct der_extension *extension)
{
    struct cursor inside = der_inside(&extension->value);
    struct der value;
    size_t i = 0;
    while (i < CERTIFICATE_EXTENSION_COUNT &&
           !der_is_oid(&extension->oid, rows[i].oid, rows[i].oid_size))
        i++;
    if (i == CERTIFICATE_EXTENSION_COUNT) {
        if (extension->is_critical && certificate->unknown_critical.whole == NULL)
            certificate->unknown_critical = extension->oid;
        return;
    }
    if (certificate->extensions[i].whole != NULL) {
        certificate_find_fault(certificate, rows[i].name, "is there twice");
        return;
    }
    const char *fault = "is not one element of DER";
    if (der_next(&inside, &value) && der_is_at_end(&inside)) {
        certificate->extensions[i] = value;
        fault = rows[i].item_tag != NO_LIST ? pass_list(&value, rows[i].item_tag) : NULL;
        if (fault == NULL && rows[i].parse != NULL)
            fault = rows[i].parse(certificate, &value);
    }
    if (fault != NULL && (rows[i].is_processed || extension->is_critical))
        certificate_find_fault(certificate, rows[i].name, fault);
    if (fault != NULL && !rows[i].is_processed)
        certificate->extensions[i] = (struct der){0};
}

void certificate_read_extensions(struct certificate *certificate, const struct der *extensions)
{
    struct cursor list = der_inside(extensions);
    struct der_extension extension;
    unsigned count = 0;
    while (count++ < EXTENSION_LIMIT && der_next_extension(&list, &extension))
        take_extension(certificate, &extension);
    if (!der_is_at_end(&list))
        certificate_find_fault(certificate, "its extensions",
                               list.is_short ? "are malformed" : "are more than 1000");
}
