/*
 * names.c - a host's name, and names under name constraints, without the certificates around them.
 * Input: the kind, the size of the name, the name, and the host or the base of a subtree.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "fuzz/target.h"
#include "support/der.h"
#include "tls/verify_parts.h"

/* The caller frees its whole. */
static struct der make(unsigned tag, const void *bytes, size_t size)
{
    struct buffer out = {0};
    struct der element = {0};
    der_put(&out, tag, bytes, size);
    struct cursor cursor =
        cursor_over(fuzz_copy(buffer_content(&out), buffer_length(&out)), buffer_length(&out));
    buffer_free(&out);
    fuzz_require(der_next(&cursor, &element));
    return element;
}

static void discard(struct der *element)
{
    free((void *)element->whole);
}

static bool is_host_accepted(struct certificate *server, const char *host)
{
    static struct verification verification;
    const struct verify_request request = {.host = host};
    verification = (struct verification){.request = &request, .chain = server, .chain_count = 1};
    struct verify_attempt *attempt = &verification.current;
    verify_start_attempt(attempt);
    verify_check_peer(&verification);
    bool is_accepted = verify_status(attempt->parts) == 0;
    fuzz_require(is_accepted != error_is_set(&verify_worst(attempt->parts)->error));
    return is_accepted;
}

/* The only alternative name is this one: without a wildcard only the host itself is meant by it. */
static void try_host(unsigned tag, const uint8_t *name, size_t size, const char *host)
{
    struct buffer names = {0};
    struct certificate server = {.subject = make(DER_SEQUENCE, NULL, 0)};
    der_put(&names, tag, name, size);
    struct der *list = &server.extensions[CERTIFICATE_ALT_NAMES];
    *list = make(DER_SEQUENCE, buffer_content(&names), buffer_length(&names));
    buffer_free(&names);
    bool is_accepted = is_host_accepted(&server, host), is_ascii = true;
    for (const char *next = host; *next != '\0'; next++)
        is_ascii = is_ascii && (isalnum((unsigned char)*next) || *next == '.' || *next == '-');
    if (tag == GENERAL_NAME_DNS && is_ascii && memchr(name, '*', size) == NULL)
        fuzz_require(!is_accepted ||
                     (size == strlen(host) && strncasecmp((const char *)name, host, size) == 0));
    fuzz_require(!is_accepted || tag == GENERAL_NAME_DNS || size == 4 || size == 16);
    discard(&server.subject);
    discard(list);
}

/* What all lies in a subtree lies in it also in part, and letter case never counts. */
static void try_dns(const struct der *name, const struct der *base)
{
    enum name_match all = verify_match_name(name, base, false);
    enum name_match any = verify_match_name(name, base, true);
    char text[256];
    fuzz_require((all == NAME_MATCH_UNKNOWN) == (any == NAME_MATCH_UNKNOWN));
    fuzz_require(all != NAME_MATCH_YES || any == NAME_MATCH_YES);
    if (name->size + 2 > sizeof text || all == NAME_MATCH_UNKNOWN || name->size == 0)
        return;
    for (size_t i = 0; i < name->size; i++)
        text[i + 2] = (char)toupper(name->content[i]);
    struct der upper = {.tag = name->tag, .content = (unsigned char *)text + 2, .size = name->size};
    fuzz_require(verify_match_name(&upper, base, false) == all);
    fuzz_require(verify_match_name(&upper, base, true) == any);
    if (text[2] == '*')
        return;
    memcpy(text, "x.", 2);
    struct der below = {.tag = name->tag, .content = (unsigned char *)text, .size = name->size + 2};
    if (all == NAME_MATCH_YES)
        fuzz_require(verify_match_name(&below, base, false) == NAME_MATCH_YES);
}

static void try_ip(const struct der *name, const struct der *base)
{
    enum name_match all = verify_match_name(name, base, false);
    enum name_match any = verify_match_name(name, base, true);
    fuzz_require(all != NAME_MATCH_YES || any == NAME_MATCH_YES);
}

FUZZ_TARGET(names, bytes, size)
{
    static const unsigned tags[] = {GENERAL_NAME_DNS, GENERAL_NAME_EMAIL, GENERAL_NAME_URI,
                                    GENERAL_NAME_IP, GENERAL_NAME_DIRECTORY};
    if (size < 2)
        return;
    unsigned kind = bytes[0] % 7;
    size_t name_size = bytes[1] < size - 2 ? bytes[1] : size - 2;
    const uint8_t *name = bytes + 2, *rest = name + name_size;
    size_t rest_size = size - 2 - name_size;
    if (kind >= 5) {
        char *host = fuzz_text(rest, rest_size);
        try_host(kind == 5 ? GENERAL_NAME_DNS : GENERAL_NAME_IP, name, name_size, host);
        free(host);
        return;
    }
    struct der one = make(tags[kind], name, name_size);
    struct der base = make(tags[kind], rest, rest_size);
    if (tags[kind] == GENERAL_NAME_DNS)
        try_dns(&one, &base);
    else if (tags[kind] == GENERAL_NAME_IP)
        try_ip(&one, &base);
    else
        verify_match_name(&one, &base, false);
    discard(&one);
    discard(&base);
}
