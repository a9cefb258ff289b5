/*
 * verify_names_match.c - whether a name lies in the subtree of a name constraint (RFC 5280,
 * 4.2.1.10), for verify_names.c. What cannot be known is its own answer.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "tls/verify_parts.h"

/* Bytes of a name that belong to somebody else. */
struct text {
    const unsigned char *start;
    size_t size;
};

static struct text text_of(const struct der *name)
{
    return (struct text){name->content, name->size};
}

static struct text skip(struct text text, size_t count)
{
    return (struct text){text.start + count, text.size - count};
}

static const unsigned char *find(struct text text, char wanted)
{
    return text.size > 0 ? memchr(text.start, wanted, text.size) : NULL;
}

static bool is_equal(struct text a, struct text b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (text_lower((char)a.start[i]) != text_lower((char)b.start[i]))
            return false;
    return true;
}

static bool ends_with(struct text text, struct text end)
{
    return text.size >= end.size && is_equal(skip(text, text.size - end.size), end);
}

static enum name_match match_if(bool is_match)
{
    return is_match ? NAME_MATCH_YES : NAME_MATCH_NO;
}

/* Labels of visible ASCII with a dot between, and no '*'. One dot behind the last is the same name.
 */
static bool trim_host(struct text *host)
{
    size_t label = 0;
    if (host->size > 0 && host->start[host->size - 1] == '.')
        host->size--;
    for (size_t i = 0; i < host->size; i++) {
        unsigned char character = host->start[i];
        if (character <= ' ' || character >= 0x7f || character == '*' ||
            (character == '.' && label == 0))
            return false;
        label = character == '.' ? 0 : label + 1;
    }
    return label > 0;
}

/* ".example.com": what lies below it; "example.com": itself too. base is not empty. */
static bool is_host_within(struct text host, struct text base)
{
    if (base.start[0] == '.')
        return host.size > base.size && ends_with(host, base);
    return is_equal(host, base) || (host.size > base.size && ends_with(host, base) &&
                                    host.start[host.size - base.size - 1] == '.');
}

static enum name_match match_dns(const struct der *name, const struct der *base_name,
                                 bool is_exclusion)
{
    struct text host = text_of(name), base = text_of(base_name);
    struct text bare = base.size > 0 && base.start[0] == '.' ? skip(base, 1) : base;
    bool is_wildcard = host.size > 2 && host.start[0] == '*' && host.start[1] == '.';
    if (base.size == 0)
        return NAME_MATCH_YES;
    if (is_wildcard)
        host = skip(host, 2);
    if (!trim_host(&host) || !trim_host(&bare))
        return NAME_MATCH_UNKNOWN;
    base.size = bare.size + (size_t)(bare.start - base.start);
    if (!is_wildcard)
        return match_if(is_host_within(host, base));
    /* "*.host" stands for hosts directly below host. */
    bool is_all_within = is_host_within(host, base) || is_equal(host, bare);
    const unsigned char *dot = find(base, '.');
    bool is_base_below = bare.start == base.start && dot != NULL &&
                         is_equal(skip(base, (size_t)(dot - base.start) + 1), host);
    return match_if(is_all_within || (is_exclusion && is_base_below));
}

/* A base is a mailbox, a host whose every mailbox it is, with or without a '@' before it, or
 * ".domain": hosts below it. */
static enum name_match match_email(const struct der *name, const struct der *base_name)
{
    struct text mailbox = text_of(name), base = text_of(base_name);
    const unsigned char *at = mailbox.size > 0 ? memrchr(mailbox.start, '@', mailbox.size) : NULL;
    const unsigned char *base_at = base.size > 0 ? memrchr(base.start, '@', base.size) : NULL;
    if (base.size == 0)
        return NAME_MATCH_YES;
    if (at == NULL || at == mailbox.start)
        return NAME_MATCH_UNKNOWN;
    size_t local_size = (size_t)(at - mailbox.start);
    struct text host = skip(mailbox, local_size + 1);
    struct text wanted = base_at != NULL ? skip(base, (size_t)(base_at - base.start) + 1) : base;
    struct text bare = wanted.size > 0 && wanted.start[0] == '.' ? skip(wanted, 1) : wanted;
    if (!trim_host(&host) || !trim_host(&bare))
        return NAME_MATCH_UNKNOWN;
    wanted.size = bare.size + (size_t)(bare.start - wanted.start);
    if (base_at != NULL && base_at > base.start)
        return match_if((size_t)(base_at - base.start) == local_size &&
                        memcmp(base.start, mailbox.start, local_size) == 0 &&
                        is_equal(host, wanted));
    return match_if(bare.start == wanted.start ? is_equal(host, wanted)
                                               : is_host_within(host, wanted));
}

/* The host of scheme://user@host:port/path. false: there is none, or it is an IP address. */
static bool find_host(const struct der *uri, struct text *host_out)
{
    const unsigned char *start = uri->size > 0 ? memmem(uri->content, uri->size, "://", 3) : NULL;
    char text[INET_ADDRSTRLEN + 1] = "";
    struct in_addr address;
    if (start == NULL)
        return false;
    start += 3;
    struct text host = {start, (size_t)(uri->content + uri->size - start)};
    for (const char *stop = "/?#"; *stop != '\0'; stop++) {
        const unsigned char *end = find(host, *stop);
        host.size = end != NULL ? (size_t)(end - host.start) : host.size;
    }
    /* Some programs take a backslash for a slash. */
    if (find(host, '\\') != NULL)
        return false;
    const unsigned char *user = find(host, '@');
    if (user != NULL)
        host = skip(host, (size_t)(user - host.start) + 1);
    const unsigned char *port = find(host, ':');
    host.size = port != NULL ? (size_t)(port - host.start) : host.size;
    *host_out = host;
    if (host.size == 0 || host.start[0] == '[' || find(host, '@') != NULL || !trim_host(host_out))
        return false;
    if (host.size < sizeof text)
        memcpy(text, host.start, host.size);
    return inet_aton(text, &address) == 0;
}

static enum name_match match_uri(const struct der *name, const struct der *base_name)
{
    struct text host, base = text_of(base_name);
    /* A URI without a host name falls under no rule that could be kept. */
    if (!find_host(name, &host) || base.size == 0)
        return NAME_MATCH_UNKNOWN;
    return match_if(base.start[0] == '.' ? is_host_within(host, base) : is_equal(host, base));
}

static bool is_in_range(const unsigned char *address, const unsigned char *base, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((address[i] ^ base[i]) & base[size + i]) != 0)
            return false;
    return true;
}

/* An IPv4 address is also ::ffff:a.b.c.d (RFC 4291, 2.5.5.2): excluded as one it is excluded as the
 * other; permitted it is only as what it is written. */
static enum name_match match_ip(const struct der *name, const struct der *base, bool is_exclusion)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    unsigned char address[16];
    if ((name->size != 4 && name->size != 16) || (base->size != 8 && base->size != 32))
        return NAME_MATCH_UNKNOWN;
    if (base->size == 2 * name->size)
        return match_if(is_in_range(name->content, base->content, name->size));
    if (!is_exclusion)
        return NAME_MATCH_NO;
    if (name->size == 16)
        return match_if(memcmp(name->content, mapped, sizeof mapped) == 0 &&
                        is_in_range(name->content + 12, base->content, 4));
    memcpy(address, mapped, sizeof mapped);
    memcpy(address + 12, name->content, 4);
    return match_if(is_in_range(address, base->content, 16));
}

enum name_match verify_match_name(const struct der *name, const struct der *base, bool is_exclusion)
{
    struct der whole, beginning;
    switch (name->tag) {
    case GENERAL_NAME_DNS:
        return match_dns(name, base, is_exclusion);
    case GENERAL_NAME_EMAIL:
        return match_email(name, base);
    case GENERAL_NAME_URI:
        return match_uri(name, base);
    case GENERAL_NAME_IP:
        return match_ip(name, base, is_exclusion);
    case GENERAL_NAME_DIRECTORY:
        if (!certificate_open_directory(name, &whole) ||
            !certificate_open_directory(base, &beginning))
            return NAME_MATCH_UNKNOWN;
        return name_is_within(&whole, &beginning);
    default:
        return NAME_MATCH_UNKNOWN;
    }
}
