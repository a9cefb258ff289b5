/*
 * parsed_pkcs8.c - how a private key in PKCS#8 is encrypted (RFC 5958), for client_identity.c and
 * parsed_pkcs12.c.
 */
#include <gnutls/x509.h>

#include "tls/der.h"
#include "tls/parsed_file.h"

/* EncryptedPrivateKeyInfo ::= SEQUENCE { SEQUENCE { algorithm OID, ... }, OCTET STRING } */
static bool has_algorithm(const unsigned char *bytes, size_t size)
{
    struct cursor cursor = cursor_over(bytes, size);
    struct der whole, identifier, algorithm;
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &whole))
        return false;
    struct cursor inside = der_inside(&whole);
    if (!ber_expect(&inside, DER_TAG_SEQUENCE, &identifier))
        return false;
    inside = der_inside(&identifier);
    return ber_expect(&inside, DER_TAG_OID, &algorithm) && algorithm.size > 0;
}

/* GnuTLS ends the process for an identifier without an algorithm, and imports such a key as one. */
int parsed_key_encryption(const unsigned char *bytes, size_t size, unsigned *iterations_out,
                          char **oid_out)
{
    const gnutls_datum_t key = {(unsigned char *)bytes, (unsigned)size};
    *iterations_out = 0;
    *oid_out = NULL;
    if (!has_algorithm(bytes, size))
        return GNUTLS_E_ASN1_DER_ERROR;
    return gnutls_pkcs8_info(&key, GNUTLS_X509_FMT_DER, NULL, NULL, NULL, NULL, iterations_out,
                             oid_out);
}
