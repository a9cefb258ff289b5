/*
 * name.h - comparing the names of subjects and issuers as RFC 5280, 7.1, demands: string types,
 * letter case and blanks make no difference.
 */
#ifndef TLS_NAME_H
#define TLS_NAME_H

#include <stdint.h>

#include "tls/der.h"

/* UNKNOWN: it is not known, so neither "permitted" nor "not excluded" may be concluded. */
enum name_match { NAME_MATCH_NO, NAME_MATCH_YES, NAME_MATCH_UNKNOWN };

/* A Name ::= SEQUENCE OF RelativeDistinguishedName. An empty one equals none. */
bool name_is_equal(const struct der *a, const struct der *b);

/* Equal names have equal hashes. */
uint64_t name_hash(const struct der *name);

/* Whether name begins with all of base's relative names. */
enum name_match name_is_within(const struct der *name, const struct der *base);

/* Takes the next attribute of a Name: AttributeTypeAndValue, whichever RelativeDistinguishedName it
 * stands in. A walk begins with {.rdns = der_inside(name)}; false at its end, or when the name is
 * malformed: is_malformed is set then. */
struct name_walk {
    struct cursor rdns;
    struct cursor set;
    bool is_malformed;
};
bool name_next_attribute(struct name_walk *walk, struct der *type_out, struct der *value_out);

/* Writes the string as UTF-8. false: it is no string, is malformed, or does not fit. */
bool name_to_utf8(const struct der *value, char *out, size_t out_size, size_t *size_out);

#endif
