#include "tls/content.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "tls/der.h"

static const char *const kind_names[CONTENT_KIND_COUNT] = {
    [CONTENT_CERTIFICATE] = "a certificate",
    [CONTENT_TRUSTED_CERTIFICATE] = "a certificate in OpenSSL's TRUSTED CERTIFICATE form",
    [CONTENT_ATTRIBUTE_CERTIFICATE] = "an attribute certificate",
    [CONTENT_PRIVATE_KEY] = "a private key",
    [CONTENT_ENCRYPTED_KEY] = "an encrypted private key",
    [CONTENT_PUBLIC_KEY] = "a public key",
    [CONTENT_REQUEST] = "a certificate request",
    [CONTENT_CRL] = "a certificate revocation list (CRL)",
    [CONTENT_PARAMETERS] = "key parameters",
    [CONTENT_PKCS7] = "a PKCS#7 file",
    [CONTENT_CMS_OTHER] = "a PKCS#7 (CMS) message that is not a list of certificates",
    [CONTENT_PKCS12] = "a PKCS#12 store",
    [CONTENT_JKS] = "a Java key store (JKS)",
    [CONTENT_JCEKS] = "a Java key store of type JCEKS",
    [CONTENT_BKS] = "a Bouncy Castle key store (BKS)",
    [CONTENT_OPENSSH_KEY] = "an OpenSSH private key",
    [CONTENT_OPENSSH_PUBLIC_KEY] = "an OpenSSH public key",
    [CONTENT_PUTTY_KEY] = "a PuTTY private key",
    [CONTENT_PGP] = "an OpenPGP file",
    [CONTENT_ZIP] = "a ZIP archive",
    [CONTENT_GZIP] = "a gzip archive",
    [CONTENT_HTML] = "an HTML page",
    [CONTENT_UTF16] = "UTF-16 text",
    [CONTENT_PEM] = "PEM text",
    [CONTENT_PEM_OTHER] = "PEM text of an unknown kind",
    [CONTENT_TEXT] = "other text",
    [CONTENT_BINARY] = "unknown or damaged binary data",
};

/* First bytes that tell what a file is. */
static const struct {
    const char *bytes;
    size_t size;
    enum content_kind kind;
} magics[] = {
    {"\xfe\xed\xfe\xed", 4, CONTENT_JKS},
    {"\xce\xce\xce\xce", 4, CONTENT_JCEKS},
    /* version, length of the salt */
    {"\0\0\0\1\0\0\0\x14", 8, CONTENT_BKS},
    {"\0\0\0\2\0\0\0\x14", 8, CONTENT_BKS},
    {"PK\3\4", 4, CONTENT_ZIP},
    {"\x1f\x8b", 2, CONTENT_GZIP},
    {"\xff\xfe", 2, CONTENT_UTF16},
    {"\xfe\xff", 2, CONTENT_UTF16},
    {"ssh-", 4, CONTENT_OPENSSH_PUBLIC_KEY},
    {"ecdsa-sha2-", 11, CONTENT_OPENSSH_PUBLIC_KEY},
    {"PuTTY-User-Key-File", 19, CONTENT_PUTTY_KEY},
};

static const struct {
    const char *label;
    enum content_kind kind;
} labels[] = {
    {"CERTIFICATE", CONTENT_CERTIFICATE},
    {"X509 CERTIFICATE", CONTENT_CERTIFICATE},
    {"TRUSTED CERTIFICATE", CONTENT_TRUSTED_CERTIFICATE},
    {"ATTRIBUTE CERTIFICATE", CONTENT_ATTRIBUTE_CERTIFICATE},
    {"PRIVATE KEY", CONTENT_PRIVATE_KEY},
    {"RSA PRIVATE KEY", CONTENT_PRIVATE_KEY},
    {"EC PRIVATE KEY", CONTENT_PRIVATE_KEY},
    {"DSA PRIVATE KEY", CONTENT_PRIVATE_KEY},
    {"ENCRYPTED PRIVATE KEY", CONTENT_ENCRYPTED_KEY},
    {"OPENSSH PRIVATE KEY", CONTENT_OPENSSH_KEY},
    {"PUBLIC KEY", CONTENT_PUBLIC_KEY},
    {"RSA PUBLIC KEY", CONTENT_PUBLIC_KEY},
    {"SSH2 PUBLIC KEY", CONTENT_OPENSSH_PUBLIC_KEY},
    {"CERTIFICATE REQUEST", CONTENT_REQUEST},
    {"NEW CERTIFICATE REQUEST", CONTENT_REQUEST},
    {"X509 CRL", CONTENT_CRL},
    {"EC PARAMETERS", CONTENT_PARAMETERS},
    {"DSA PARAMETERS", CONTENT_PARAMETERS},
    {"DH PARAMETERS", CONTENT_PARAMETERS},
    {"PKCS7", CONTENT_PKCS7},
    {"PKCS #7 SIGNED DATA", CONTENT_PKCS7},
    {"CMS", CONTENT_PKCS7},
    {"PKCS12", CONTENT_PKCS12},
    {"PGP PRIVATE KEY BLOCK", CONTENT_PGP},
    {"PGP PUBLIC KEY BLOCK", CONTENT_PGP},
    {"PGP MESSAGE", CONTENT_PGP},
};

/*
 * Outlines of DER structures: one letter for each element inside the outer sequence, and inside
 * that sequence's first element. i INTEGER, s SEQUENCE, o OID, b BIT STRING, c OCTET STRING, t a
 * time, 0 [0], ? anything else. An outline ending in '*' may go on.
 */
static const struct {
    const char *outer;
    const char *inner;
    enum content_kind kind;
} outlines[] = {
    {"ssb", "0*", CONTENT_CERTIFICATE},
    {"ssb", "isst*", CONTENT_CRL},
    {"ssb", "sst*", CONTENT_CRL},
    {"ssb", "issss*", CONTENT_CERTIFICATE}, /* version 1 */
    {"ssb", "iss0", CONTENT_REQUEST},
    {"is*", "", CONTENT_PKCS12},        /* told from PKCS#8 by the version number */
    {"iiii*", "", CONTENT_PRIVATE_KEY}, /* PKCS#1 */
    {"ic*", "", CONTENT_PRIVATE_KEY},   /* SEC 1 */
    {"sc", "o*", CONTENT_ENCRYPTED_KEY},
    {"sb", "o*", CONTENT_PUBLIC_KEY},
    {"o0", "", CONTENT_CMS_OTHER}, /* told from PKCS#7 by its OID */
};

/* 1.2.840.113549.1.7.2, signed data */
static const unsigned char oid_signed_data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                0x0d, 0x01, 0x07, 0x02};

const char *content_kind_name(enum content_kind kind)
{
    return (unsigned)kind < CONTENT_KIND_COUNT ? kind_names[kind] : "something";
}

enum content_kind content_of_label(const char *label, size_t length)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strlen(labels[i].label) == length && memcmp(labels[i].label, label, length) == 0)
            return labels[i].kind;
    return CONTENT_PEM_OTHER;
}

static char outline_letter(unsigned tag)
{
    static const struct {
        unsigned tag;
        char letter;
    } letters[] = {
        {DER_TAG_INTEGER, 'i'},
        {DER_TAG_SEQUENCE, 's'},
        {DER_TAG_OID, 'o'},
        {DER_TAG_BIT_STRING, 'b'},
        {DER_TAG_OCTET_STRING, 'c'},
        {DER_TAG_UTC_TIME, 't'},
        {DER_TAG_GENERALIZED_TIME, 't'},
        {DER_TAG_CONTEXT_CONSTRUCTED(0), '0'},
    };
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].tag == tag)
            return letters[i].letter;
    return '?';
}

#define OUTLINE_SIZE 8

static void draw_outline(const struct der *element, char *outline)
{
    struct cursor inside = der_inside(element);
    struct der child;
    size_t count = 0;
    if ((element->tag & DER_CONSTRUCTED) != 0)
        while (count < OUTLINE_SIZE - 1 && ber_next(&inside, &child))
            outline[count++] = outline_letter(child.tag);
    outline[count] = '\0';
}

static bool outline_matches(const char *pattern, const char *outline)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return strcmp(pattern, outline) == 0;
    return strncmp(pattern, outline, (size_t)(star - pattern)) == 0;
}

static enum content_kind match_outlines(const char *outer, const char *inner)
{
    for (size_t i = 0; i < sizeof outlines / sizeof outlines[0]; i++) {
        bool is_inner_given = outlines[i].inner[0] != '\0';
        if (outline_matches(outlines[i].outer, outer) &&
            (!is_inner_given || outline_matches(outlines[i].inner, inner)))
            return outlines[i].kind;
    }
    return CONTENT_BINARY;
}

/* One BER element that fills the bytes, apart from line ends or zero bytes behind it. */
static bool read_whole_sequence(const unsigned char *bytes, size_t size, struct der *element_out)
{
    struct cursor cursor = cursor_over(bytes, size);
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, element_out))
        return false;
    for (size_t i = 0; i < cursor.left; i++)
        if (cursor.next[i] != '\0' && cursor.next[i] != '\n' && cursor.next[i] != '\r')
            return false;
    return true;
}

static enum content_kind recognise_asn1(const unsigned char *bytes, size_t size)
{
    struct der whole, first;
    if (!read_whole_sequence(bytes, size, &whole))
        return CONTENT_BINARY;
    struct cursor inside = der_inside(&whole);
    if (!ber_next(&inside, &first))
        return CONTENT_BINARY;
    char outer[OUTLINE_SIZE], inner[OUTLINE_SIZE];
    draw_outline(&whole, outer);
    draw_outline(&first, inner);
    enum content_kind kind = match_outlines(outer, inner);
    unsigned long version = 0;
    if (kind == CONTENT_PKCS12 && (!ber_read_number(&first, 3, &version) || version != 3))
        kind = outer[2] == 'c' ? CONTENT_PRIVATE_KEY : CONTENT_BINARY;
    if (kind == CONTENT_CMS_OTHER && der_is_oid(&first, oid_signed_data, sizeof oid_signed_data))
        kind = CONTENT_PKCS7;
    return kind;
}

/* Text for people's eyes: no control characters but white space, at the beginning at least. */
static bool is_text(const unsigned char *bytes, size_t size)
{
    /* DER or BER that is cut short. */
    if (size >= 2 && bytes[0] == DER_TAG_SEQUENCE && (bytes[1] & 0x80) != 0)
        return false;
    for (size_t i = 0; i < size && i < 4096; i++)
        if (bytes[i] < 0x20 && (bytes[i] < '\t' || bytes[i] > '\r'))
            return false;
    return true;
}

static enum content_kind recognise_text(const unsigned char *bytes, size_t size)
{
    static const char *const html[] = {"<!doctype", "<html", "<?xml", "<head", "<body"};
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    while (size > 0 && (bytes[0] == ' ' || (bytes[0] >= '\t' && bytes[0] <= '\r'))) {
        bytes++;
        size--;
    }
    char beginning[16] = "";
    memcpy(beginning, bytes, size < sizeof beginning - 1 ? size : sizeof beginning - 1);
    for (size_t i = 0; i < sizeof html / sizeof html[0]; i++)
        if (text_has_prefix_nocase(beginning, html[i]))
            return CONTENT_HTML;
    return CONTENT_TEXT;
}

enum content_kind content_recognise(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (size >= magics[i].size && memcmp(bytes, magics[i].bytes, magics[i].size) == 0)
            return magics[i].kind;
    if (size > 0 && bytes[0] == DER_TAG_SEQUENCE) {
        enum content_kind kind = recognise_asn1(bytes, size);
        if (kind != CONTENT_BINARY)
            return kind;
    }
    if (size > 0 && memmem(bytes, size, "-----BEGIN ", 11) != NULL)
        return CONTENT_PEM;
    return is_text(bytes, size) ? recognise_text(bytes, size) : CONTENT_BINARY;
}
