#include <arpa/inet.h>
#include <string.h>

#include "tls/verify_names.h"

#define VALUE_SIZE 256

/* The string types whose ASCII can be compared as bytes. */
static bool is_simple_string(unsigned tag)
{
    return tag == DER_TAG_UTF8_STRING || tag == DER_TAG_PRINTABLE_STRING ||
           tag == DER_TAG_IA5_STRING;
}

static unsigned char lower(unsigned char character)
{
    return character >= 'A' && character <= 'Z' ? (unsigned char)(character + 32) : character;
}

/* The preparation of RFC 4518 for ASCII: case folded, inner spaces as one, outer ones none. false:
 * not ASCII, or too long. */
static bool prepare_value(const struct der *value, char *out, size_t *size_out)
{
    size_t used = 0;
    bool is_space_due = false;
    for (size_t i = 0; i < value->size; i++) {
        unsigned char character = value->content[i];
        if (character >= 0x80 || character < 0x20 || used + 2 >= VALUE_SIZE)
            return false;
        if (character == ' ') {
            is_space_due = used > 0;
            continue;
        }
        if (is_space_due)
            out[used++] = ' ';
        is_space_due = false;
        out[used++] = (char)lower(character);
    }
    *size_out = used;
    return true;
}

static enum name_match match_value(const struct der *a, const struct der *b)
{
    char text_a[VALUE_SIZE], text_b[VALUE_SIZE];
    size_t size_a = 0, size_b = 0;
    if (der_equal(a, b))
        return NAME_MATCH_YES;
    if (!is_simple_string(a->tag) || !is_simple_string(b->tag) ||
        !prepare_value(a, text_a, &size_a) || !prepare_value(b, text_b, &size_b))
        return NAME_MATCH_UNKNOWN;
    return size_a == size_b && memcmp(text_a, text_b, size_a) == 0 ? NAME_MATCH_YES : NAME_MATCH_NO;
}

/* AttributeTypeAndValue ::= SEQUENCE { type, value } */
static bool read_attribute(struct cursor *set, struct der *type_out, struct der *value_out)
{
    struct der sequence;
    if (!der_expect(set, DER_TAG_SEQUENCE, &sequence))
        return false;
    struct cursor fields = der_inside(&sequence);
    return der_expect(&fields, DER_TAG_OID, type_out) && der_next(&fields, value_out) &&
           der_is_at_end(&fields);
}

/* Relative names of one attribute each, as nearly all are; of several, only equal bytes are equal.
 */
static enum name_match match_rdn(const struct der *a, const struct der *b)
{
    struct cursor set_a = der_inside(a), set_b = der_inside(b);
    struct der type_a, value_a, type_b, value_b;
    if (der_equal(a, b))
        return NAME_MATCH_YES;
    if (!read_attribute(&set_a, &type_a, &value_a) || !read_attribute(&set_b, &type_b, &value_b) ||
        !der_is_at_end(&set_a) || !der_is_at_end(&set_b))
        return NAME_MATCH_UNKNOWN;
    return der_equal(&type_a, &type_b) ? match_value(&value_a, &value_b) : NAME_MATCH_NO;
}

static bool open_name(const struct der *general_name, struct cursor *rdns_out)
{
    struct cursor inside = der_inside(general_name);
    struct der name;
    if (!der_expect(&inside, DER_TAG_SEQUENCE, &name))
        return false;
    *rdns_out = der_inside(&name);
    return true;
}

enum name_match verify_match_directory(const struct der *name, const struct der *base)
{
    struct cursor rdns, wanted;
    struct der rdn, wanted_rdn;
    enum name_match match = NAME_MATCH_YES;
    if (!open_name(name, &rdns) || !open_name(base, &wanted))
        return NAME_MATCH_UNKNOWN;
    while (match != NAME_MATCH_NO && der_next(&wanted, &wanted_rdn)) {
        if (!der_next(&rdns, &rdn))
            return rdns.is_short ? NAME_MATCH_UNKNOWN : NAME_MATCH_NO;
        enum name_match step = match_rdn(&rdn, &wanted_rdn);
        if (step != NAME_MATCH_YES)
            match = step;
    }
    return wanted.is_short ? NAME_MATCH_UNKNOWN : match;
}

static const unsigned char *find_byte(const unsigned char *bytes, size_t size, char wanted)
{
    return size > 0 ? memchr(bytes, wanted, size) : NULL;
}

/* The host of scheme://user@host:port/path. false: there is none, or it is an IP address. */
static bool find_host(const struct der *uri, struct der *host_out)
{
    const unsigned char *start = uri->size > 0 ? memmem(uri->content, uri->size, "://", 3) : NULL;
    if (start == NULL)
        return false;
    start += 3;
    size_t size = (size_t)(uri->content + uri->size - start);
    for (const char *stop = "/?#"; *stop != '\0'; stop++) {
        const unsigned char *end = find_byte(start, size, *stop);
        size = end != NULL ? (size_t)(end - start) : size;
    }
    const unsigned char *user = find_byte(start, size, '@');
    if (user != NULL) {
        size -= (size_t)(user + 1 - start);
        start = user + 1;
    }
    const unsigned char *port = find_byte(start, size, ':');
    size = port != NULL ? (size_t)(port - start) : size;
    *host_out = (struct der){.content = start, .size = size};
    return size > 0 && start[0] != '[';
}

static bool is_ip_address(const struct der *host)
{
    char text[VALUE_SIZE];
    struct in_addr address;
    if (host->size >= sizeof text)
        return false;
    memcpy(text, host->content, host->size);
    text[host->size] = '\0';
    return inet_aton(text, &address) != 0;
}

static bool is_equal_nocase(const unsigned char *a, const unsigned char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

enum name_match verify_match_uri(const struct der *name, const struct der *base)
{
    struct der host;
    /* A URI without a host name falls under no rule that could be kept. */
    if (!find_host(name, &host) || is_ip_address(&host) || base->size == 0)
        return NAME_MATCH_UNKNOWN;
    bool is_domain = base->content[0] == '.';
    if (host.size < base->size || (!is_domain && host.size != base->size))
        return NAME_MATCH_NO;
    if (is_domain && host.size == base->size)
        return NAME_MATCH_NO;
    size_t skipped = host.size - base->size;
    return is_equal_nocase(host.content + skipped, base->content, base->size) ? NAME_MATCH_YES
                                                                              : NAME_MATCH_NO;
}
