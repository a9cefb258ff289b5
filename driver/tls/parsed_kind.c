/*
 * parsed_kind.c - what bytes are, by what is in them, for parsed_file.c: the formats that are read,
 * and those that people name by mistake, each with what to do about it.
 */
#include <fnmatch.h>
#include <string.h>

#include "base/text.h"
#include "tls/der.h"
#include "tls/parsed_parts.h"

static const struct {
    const char *name;
    const char *advice; /* when a file is refused for it */
} kinds[PARSED_KIND_COUNT] = {
    [PARSED_CERTIFICATE] = {"a certificate", NULL},
    [PARSED_TRUSTED_CERTIFICATE] = {"a certificate in OpenSSL's TRUSTED CERTIFICATE form",
                                    "convert it with: openssl x509 -in FILE -out NEW"},
    [PARSED_PRIVATE_KEY] = {"a private key", NULL},
    [PARSED_ENCRYPTED_KEY] = {"an encrypted private key", NULL},
    [PARSED_PUBLIC_KEY] = {"a public key", NULL},
    [PARSED_REQUEST] = {"a certificate request", NULL},
    [PARSED_CRL] = {"a certificate revocation list (CRL)", NULL},
    [PARSED_PKCS7] = {"a PKCS#7 file", NULL},
    [PARSED_PKCS12] = {"a PKCS#12 store", NULL},
    [PARSED_JKS] = {"a Java key store (JKS)", NULL},
    [PARSED_JCEKS] = {"a Java key store of type JCEKS",
                      "convert it with: keytool -importkeystore -deststoretype PKCS12"},
    [PARSED_OPENSSH_KEY] = {"an OpenSSH private key",
                            "convert a copy of it with: ssh-keygen -p -m PKCS8 -f COPY"},
    [PARSED_OPENSSH_PUBLIC_KEY] = {"an OpenSSH public key", NULL},
    [PARSED_PUTTY_KEY] = {"a PuTTY private key", "export it as PEM with puttygen"},
    [PARSED_ARCHIVE] = {"a ZIP archive or gzip file", "unpack it first"},
    [PARSED_HTML] = {"an HTML page", "it is probably an error page of a download"},
    [PARSED_UTF16] = {"UTF-16 text", "save it as UTF-8 or ASCII"},
    [PARSED_PEM] = {"PEM text", NULL},
    [PARSED_PEM_OTHER] = {"PEM text of an unknown kind", NULL},
    [PARSED_TEXT] = {"other text", NULL},
    [PARSED_BINARY] = {"unknown or damaged binary data", NULL},
};

/* First bytes that show what a file is. */
static const struct {
    const char *bytes;
    size_t size;
    enum parsed_kind kind;
} magics[] = {
    {"\xfe\xed\xfe\xed", 4, PARSED_JKS},
    {"\xce\xce\xce\xce", 4, PARSED_JCEKS},
    {"PK\3\4", 4, PARSED_ARCHIVE},
    {"\x1f\x8b", 2, PARSED_ARCHIVE},
    {"\xff\xfe", 2, PARSED_UTF16},
    {"\xfe\xff", 2, PARSED_UTF16},
    {"ssh-", 4, PARSED_OPENSSH_PUBLIC_KEY},
    {"ecdsa-sha2-", 11, PARSED_OPENSSH_PUBLIC_KEY},
    {"PuTTY-User-Key-File", 19, PARSED_PUTTY_KEY},
};

static const struct {
    const char *label;
    enum parsed_kind kind;
} labels[] = {
    {"CERTIFICATE", PARSED_CERTIFICATE},
    {"X509 CERTIFICATE", PARSED_CERTIFICATE},
    {"TRUSTED CERTIFICATE", PARSED_TRUSTED_CERTIFICATE},
    {"PRIVATE KEY", PARSED_PRIVATE_KEY},
    {"RSA PRIVATE KEY", PARSED_PRIVATE_KEY},
    {"EC PRIVATE KEY", PARSED_PRIVATE_KEY},
    {"DSA PRIVATE KEY", PARSED_PRIVATE_KEY},
    {"ENCRYPTED PRIVATE KEY", PARSED_ENCRYPTED_KEY},
    {"OPENSSH PRIVATE KEY", PARSED_OPENSSH_KEY},
    {"PUBLIC KEY", PARSED_PUBLIC_KEY},
    {"RSA PUBLIC KEY", PARSED_PUBLIC_KEY},
    {"SSH2 PUBLIC KEY", PARSED_OPENSSH_PUBLIC_KEY},
    {"CERTIFICATE REQUEST", PARSED_REQUEST},
    {"NEW CERTIFICATE REQUEST", PARSED_REQUEST},
    {"X509 CRL", PARSED_CRL},
    {"PKCS7", PARSED_PKCS7},
    {"PKCS #7 SIGNED DATA", PARSED_PKCS7},
    {"CMS", PARSED_PKCS7},
    {"PKCS12", PARSED_PKCS12},
};

/*
 * Outlines of ASN.1 structures, as patterns: a letter for each element inside the outer sequence,
 * ':' and one for each inside that sequence's first element. i INTEGER, s SEQUENCE, o OID, b BIT
 * STRING, c OCTET STRING, t a time, 0 [0], x anything else.
 */
static const struct {
    const char *pattern;
    enum parsed_kind kind;
} outlines[] = {
    {"ssb:0*", PARSED_CERTIFICATE},  {"ssb:isst*", PARSED_CRL},
    {"ssb:sst*", PARSED_CRL},        {"ssb:issss*", PARSED_CERTIFICATE}, /* version 1 */
    {"ssb:iss0", PARSED_REQUEST},    {"isc*", PARSED_PRIVATE_KEY},       /* PKCS#8 */
    {"is*", PARSED_PKCS12},          {"iiii*", PARSED_PRIVATE_KEY},      /* PKCS#1 */
    {"ic*", PARSED_PRIVATE_KEY},                                         /* SEC 1 */
    {"sc:o*", PARSED_ENCRYPTED_KEY}, {"sb:o*", PARSED_PUBLIC_KEY},
    {"o0:", PARSED_PKCS7},
};

const char *parsed_kind_name(enum parsed_kind kind)
{
    return kinds[kind].name;
}

const char *parsed_kind_advice(uint64_t seen)
{
    for (size_t i = 0; i < PARSED_KIND_COUNT; i++)
        if ((seen >> i & 1) != 0 && kinds[i].advice != NULL)
            return kinds[i].advice;
    return NULL;
}

enum parsed_kind parsed_kind_of_label(const char *label, size_t length)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strlen(labels[i].label) == length && memcmp(labels[i].label, label, length) == 0)
            return labels[i].kind;
    return PARSED_PEM_OTHER;
}

#define OUTLINE_SIZE 8

/* Returns behind what was drawn. */
static char *draw_outline(const struct der *element, char *outline)
{
    static const unsigned char tags[] = {DER_TAG_INTEGER,
                                         DER_TAG_SEQUENCE,
                                         DER_TAG_OID,
                                         DER_TAG_BIT_STRING,
                                         DER_TAG_OCTET_STRING,
                                         DER_TAG_UTC_TIME,
                                         DER_TAG_GENERALIZED_TIME,
                                         DER_TAG_CONTEXT_CONSTRUCTED(0)};
    static const char letters[] = "isobctt0";
    struct cursor inside = der_inside(element);
    struct der child;
    for (int i = 0; i < OUTLINE_SIZE && (element->tag & DER_CONSTRUCTED) != 0; i++) {
        if (!ber_next(&inside, &child))
            break;
        const unsigned char *tag = memchr(tags, (int)child.tag, sizeof tags);
        *outline++ = tag != NULL ? letters[tag - tags] : 'x';
    }
    return outline;
}

/* One BER element that fills the bytes, apart from padding behind it. */
static enum parsed_kind kind_of_asn1(const unsigned char *bytes, size_t size)
{
    char outline[2 * OUTLINE_SIZE + 2], *end = outline;
    struct cursor cursor = cursor_over(bytes, size);
    struct der whole, first;
    if (!ber_expect(&cursor, DER_TAG_SEQUENCE, &whole) || !der_is_padding(&cursor))
        return PARSED_BINARY;
    struct cursor inside = der_inside(&whole);
    end = draw_outline(&whole, end);
    *end++ = ':';
    if (ber_next(&inside, &first))
        end = draw_outline(&first, end);
    *end = '\0';
    for (size_t i = 0; i < sizeof outlines / sizeof outlines[0]; i++)
        if (fnmatch(outlines[i].pattern, outline, 0) == 0)
            return outlines[i].kind;
    return PARSED_BINARY;
}

/* No control characters but white space, at the beginning at least; and no DER or BER that is cut
 * short. */
static bool is_text(const unsigned char *bytes, size_t size)
{
    if (size >= 2 && bytes[0] == DER_TAG_SEQUENCE && (bytes[1] & 0x80) != 0)
        return false;
    for (size_t i = 0; i < size && i < 4096; i++)
        if (bytes[i] < 0x20 && (bytes[i] < '\t' || bytes[i] > '\r'))
            return false;
    return true;
}

/* Behind white space and a byte order mark. */
static bool is_html(const unsigned char *bytes, size_t size)
{
    static const char *const beginnings[] = {"<!doctype", "<html", "<?xml", "<head", "<body"};
    char beginning[16] = "";
    while (size > 0 && bytes[0] != 0 && strchr(" \t\n\v\f\r\xef\xbb\xbf", bytes[0]) != NULL) {
        bytes++;
        size--;
    }
    memcpy(beginning, bytes, size < sizeof beginning ? size : sizeof beginning - 1);
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (text_has_prefix_nocase(beginning, beginnings[i]))
            return true;
    return false;
}

enum parsed_kind parsed_kind_of(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (size >= magics[i].size && memcmp(bytes, magics[i].bytes, magics[i].size) == 0)
            return magics[i].kind;
    if (size > 0 && bytes[0] == DER_TAG_SEQUENCE) {
        enum parsed_kind kind = kind_of_asn1(bytes, size);
        if (kind != PARSED_BINARY)
            return kind;
    }
    if (size > 0 && memmem(bytes, size, "-----BEGIN ", 11) != NULL)
        return PARSED_PEM;
    if (!is_text(bytes, size))
        return PARSED_BINARY;
    return is_html(bytes, size) ? PARSED_HTML : PARSED_TEXT;
}
