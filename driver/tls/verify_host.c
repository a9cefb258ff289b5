/*
 * verify_host.c - whether the server's certificate is for the host that was meant, and fits the
 * pins: asked by verify.c once for every chain, whatever became of the path (RFC 6125; RFC 5280,
 * 4.2.1.6).
 */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/text.h"
#include "tls/verify_parts.h"

#define OID_COMMON_NAME "\x55\x04\x03"

/* The first common name as text; *count_out: how many there are. */
static bool get_common_name(const struct certificate *server, char *out, unsigned *count_out)
{
    struct name_walk walk = {.rdns = der_inside(&server->subject)};
    struct der type, value;
    size_t size = 0;
    bool is_read = false;
    *count_out = 0;
    while (name_next_attribute(&walk, &type, &value))
        if (DER_IS_OID(&type, OID_COMMON_NAME) && ++*count_out == 1)
            is_read = name_to_utf8(&value, out, VERIFY_HOST_SIZE, &size);
    return is_read && memchr(out, 0, size) == NULL;
}

/* Takes the next alternative name of this kind. */
static bool next_name(struct cursor *names, enum general_name kind, struct der *name_out)
{
    while (der_next(names, name_out))
        if (name_out->tag == (unsigned)kind)
            return true;
    return false;
}

static bool has_dns_name(const struct certificate *server)
{
    struct cursor names = certificate_inside(server, CERTIFICATE_ALT_NAMES);
    struct der name;
    return next_name(&names, GENERAL_NAME_DNS, &name);
}

/* It is malformed, and whoever wrote it may have meant that there is no host: the common name does
 * not stand in for it. */
static bool has_empty_names(const struct certificate *server)
{
    return certificate_has(server, CERTIFICATE_ALT_NAMES) &&
           server->extensions[CERTIFICATE_ALT_NAMES].size == 0;
}

/* Labels of letters, digits, '-' and '_' with a dot between; the first one may be "*". 0: it has
 * another form. */
static unsigned count_labels(const char *name)
{
    static const char characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    unsigned count = 0;
    for (const char *label = name;; label++) {
        size_t length = strspn(label, characters);
        if (count == 0 && length == 0 && label[0] == '*')
            length = 1;
        if (length == 0 || length > 63)
            return 0;
        count++;
        label += length;
        if (*label != '.')
            return *label == '\0' ? count : 0;
    }
}

/* Size of the address in out; 0: host is none. */
static size_t read_address(const char *host, unsigned char *out)
{
    if (inet_pton(AF_INET, host, out) == 1)
        return 4;
    return inet_pton(AF_INET6, host, out) == 1 ? 16 : 0;
}

bool verify_get_host_name(const struct certificate *server, const char *host, char *out)
{
    unsigned char address[16];
    unsigned count = 0;
    if (has_dns_name(server) || has_empty_names(server) || !get_common_name(server, out, &count) ||
        count != 1 || read_address(out, address) > 0)
        return false;
    unsigned labels = count_labels(out);
    return labels > 1 || (labels == 1 && host != NULL && text_equal_nocase(out, host));
}

/* Also before a dot at the end. */
static bool has_two_labels(const char *name, size_t size)
{
    const char *dot = memchr(name, '.', size);
    return dot != NULL && dot > name && dot + 1 < name + size && dot[1] != '.';
}

/* RFC 6125, 6.4.3: a wildcard is the whole first label, stands for one label, and at least two
 * follow. The case of letters is ASCII's: in a Turkish locale the C library has other ideas. */
static bool is_name_matching(const char *pattern, size_t size, const char *host)
{
    size_t host_size = strlen(host);
    bool is_wildcard = size > 2 && pattern[0] == '*' && pattern[1] == '.';
    if (!is_wildcard)
        return size == host_size && text_has_prefix_nocase(pattern, host);
    const char *rest = strchr(host, '.');
    return rest != NULL && rest > host && has_two_labels(pattern + 2, size - 2) &&
           memchr(pattern + 2, '*', size - 2) == NULL && strlen(rest) == size - 1 &&
           text_has_prefix_nocase(pattern + 1, rest);
}

char *verify_map_host(const char *host)
{
    gnutls_datum_t mapped = {0};
    if (host == NULL || host[0] == '\0' ||
        gnutls_idna_map(host, (unsigned)strlen(host), &mapped, 0) < 0)
        return NULL;
    return (char *)mapped.data;
}

/* host: of verify_map_host. */
static bool is_for_name(const struct certificate *server, const char *host)
{
    struct cursor names = certificate_inside(server, CERTIFICATE_ALT_NAMES);
    struct der name;
    char common_name[VERIFY_HOST_SIZE];
    bool is_for = verify_get_host_name(server, host, common_name) &&
                  is_name_matching(common_name, strlen(common_name), host);
    while (!is_for && next_name(&names, GENERAL_NAME_DNS, &name))
        is_for = is_name_matching((const char *)name.content, name.size, host);
    return is_for;
}

static bool is_for_address(const struct certificate *server, const unsigned char *address,
                           size_t size)
{
    struct cursor names = certificate_inside(server, CERTIFICATE_ALT_NAMES);
    struct der name;
    while (next_name(&names, GENERAL_NAME_IP, &name))
        if (name.size == size && memcmp(name.content, address, size) == 0)
            return true;
    return false;
}

/* Also one that is an address. */
static bool has_dns_name_of(const struct certificate *server, const char *host)
{
    struct cursor names = certificate_inside(server, CERTIFICATE_ALT_NAMES);
    struct der name;
    while (next_name(&names, GENERAL_NAME_DNS, &name))
        if (name.size == strlen(host) && text_has_prefix_nocase((const char *)name.content, host))
            return true;
    return false;
}

/* Why a name that is the host did not count; "" when there is none. */
static const char *name_note(const struct certificate *server, const char *host, bool is_address)
{
    char name[VERIFY_HOST_SIZE];
    unsigned count = 0;
    bool is_host = get_common_name(server, name, &count) && text_equal_nocase(name, host);
    if (is_address && has_dns_name_of(server, host))
        return "; it holds that address as a DNS name, but an address has to stand among the "
               "alternative names as an IP address";
    if (count > 1 && !is_address && !has_dns_name(server))
        return "; it has more than one common name, so that none of them counts";
    if (!is_host)
        return "";
    if (!is_address && has_empty_names(server))
        return "; the common name does not count beside a subjectAltName, though it is empty";
    return is_address ? "; the common name is that address, but an address has to stand among the "
                        "alternative names as an IP address"
                      : "; the common name counts only where there is no alternative name for a "
                        "host";
}

void verify_check_peer(struct verification *verification)
{
    const struct verify_request *request = verification->request;
    struct verify_attempt *attempt = &verification->current;
    const struct certificate *server = &verification->chain[0];
    const char *host = request->host;
    char described[CERTIFICATE_TEXT_SIZE], names[600], wanted[260];
    unsigned char address[16];
    if (host != NULL) {
        verify_begin(attempt, VERIFY_PART_NAME);
        size_t size = read_address(host, address);
        bool is_for = size > 0
                          ? is_for_address(server, address, size)
                          : verification->host != NULL && is_for_name(server, verification->host);
        if (!is_for) {
            certificate_format_names(server, names, sizeof names);
            verify_fail(attempt, VERIFY_OUTCOME_HOST, "%s is not for host \"%s\": %s%s%s",
                        certificate_describe(server, true, described, sizeof described),
                        error_printable(host, strlen(host), wanted, sizeof wanted),
                        names[0] != '\0' ? "its names are " : "it has no alternative names", names,
                        name_note(server, host, size > 0));
        }
    }
    if (request->pin != NULL) {
        verify_begin(attempt, VERIFY_PART_PIN);
        verify_check_pin(attempt, server, request->pin);
    }
}
