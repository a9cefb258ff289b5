/*
 * verify_names.h - whether a name lies in the subtree of a name constraint (RFC 5280, 4.2.1.10).
 */
#ifndef TLS_VERIFY_NAMES_H
#define TLS_VERIFY_NAMES_H

#include "tls/der.h"

/* UNKNOWN: cannot be told, so neither "permitted" nor "not excluded" may be concluded. */
enum name_match { NAME_MATCH_NO, NAME_MATCH_YES, NAME_MATCH_UNKNOWN };

/* Both are GeneralNames of the kind directoryName, or URI. */
enum name_match verify_match_directory(const struct der *name, const struct der *base);
enum name_match verify_match_uri(const struct der *name, const struct der *base);

#endif
