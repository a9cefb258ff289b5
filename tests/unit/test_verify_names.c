/* The verifier: name constraints (RFC 5280, 4.2.1.10), one row a case. */
#include <stdio.h>
#include <string.h>

#include "support/der.h"
#include "unit/verify_world.h"

enum { PERMITTED = 0, EXCLUDED = 1 };
enum {
    OTHER = DER_CONTEXT_CONSTRUCTED,
    EMAIL = DER_CONTEXT + 1,
    DNS = DER_CONTEXT + 2,
    URI = DER_CONTEXT + 6,
    IP = DER_CONTEXT + 7,
    REGISTERED = DER_CONTEXT + 8
};

static struct pki_certificate *constrained(const struct buffer *subtrees, unsigned list)
{
    struct buffer inner = {0}, value = {0};
    der_put(&inner, DER_CONTEXT_CONSTRUCTED + list, buffer_content(subtrees),
            buffer_length(subtrees));
    der_wrap(&value, DER_SEQUENCE, &inner);
    const struct pki_extension extensions[] = {
        {"2.5.29.30", true, buffer_content(&value), buffer_length(&value)}, {0}};
    struct pki_certificate *issuer = pki_issue(&(struct pki_spec){
        .common_name = "Bound", .is_ca = true, .issuer = world.root, .extensions = extensions});
    buffer_free(&value);
    return issuer;
}

/* One subtree: a GeneralName whose tag and content are given. */
static void put_subtree(struct buffer *out, unsigned tag, const void *content, size_t size)
{
    struct buffer subtree = {0};
    der_put(&subtree, tag, content, size);
    der_wrap(out, DER_SEQUENCE, &subtree);
}

/* O=<organization> as a Name. */
static void put_organization(struct buffer *out, unsigned type, const char *organization)
{
    struct buffer attribute = {0}, set = {0}, name = {0};
    der_put_oid(&attribute, "2.5.4.10");
    der_put_text(&attribute, type, organization);
    der_wrap(&set, DER_SEQUENCE, &attribute);
    der_wrap(&name, DER_SET, &set);
    der_wrap(out, DER_SEQUENCE, &name);
}

static void expect_constrained(const struct buffer *subtrees, unsigned list, struct pki_spec spec,
                               const char *part, unsigned line)
{
    struct pki_certificate *issuer = constrained(subtrees, list);
    spec.issuer = issuer;
    struct pki_certificate *server = pki_issue(&spec);
    struct scene scene = {.chain = CHAIN(server, issuer)};
    scene_expect(&scene, part != NULL ? ODBCSSL_VERIFY_CONSTRAINT : 0,
                 part != NULL ? ODBCSSL_ERROR_CONSTRAINT : ODBCSSL_ERROR_NONE, part, __FILE__,
                 line);
}

/* A CA with one subtree, and a server below it. */
struct row {
    unsigned list;
    unsigned tag;
    const char *base;
    size_t size;
    struct pki_spec server;
    const char *part; /* of the refusal; NULL: accepted */
};

#define BASE(text) text, sizeof(text) - 1
#define NET4 BASE("\xc0\x00\x02\x00\xff\xff\xff\x00") /* 192.0.2.0/24 */
#define NET10 BASE("\x0a\x00\x00\x00\xff\x00\x00\x00")
#define MAPPED                                                                                     \
    BASE("\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"    \
         "\0\0\0\0") /* ::ffff:0.0.0.0/96 */
#define NET6                                                                                       \
    BASE("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0")

#define HAS_DNS(name)                                                                              \
    {                                                                                              \
        .common_name = "x", .dns = PKI_LIST(name)                                                  \
    }
#define HAS_IP(address)                                                                            \
    {                                                                                              \
        .common_name = "x", .ip = PKI_LIST(address)                                                \
    }
#define HAS_EMAIL(mailbox)                                                                         \
    {                                                                                              \
        .common_name = "x", .email = PKI_LIST(mailbox)                                             \
    }
#define HAS_URI(text)                                                                              \
    {                                                                                              \
        .common_name = "x", .uri = PKI_LIST(text)                                                  \
    }
#define HAS_CN(name)                                                                               \
    {                                                                                              \
        .common_name = name                                                                        \
    }

static void run_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buffer subtrees = {0};
        put_subtree(&subtrees, rows[i].tag, rows[i].base, rows[i].size);
        expect_constrained(&subtrees, rows[i].list, rows[i].server, rows[i].part,
                           (unsigned)(1000 + i));
        buffer_free(&subtrees);
    }
}
#define RUN(rows) run_rows(rows, sizeof rows / sizeof rows[0])

CASE("DNS names, wildcards, and the common name where it is one")
{
    static const char no[] = "do not permit; permitted: DNS:example.com";
    static const char by_secret[] = "exclude by DNS:secret.example.com";
    const struct row rows[] = {
        {PERMITTED, DNS, BASE("example.com"), HAS_DNS("db.example.com"), NULL},
        {PERMITTED, DNS, BASE("example.com"), HAS_DNS("EXAMPLE.com"), NULL},
        {PERMITTED, DNS, BASE("example.com"), HAS_DNS("*.example.com"), NULL},
        {PERMITTED, DNS, BASE("example.com"), HAS_DNS("badexample.com"), no},
        {PERMITTED, DNS, BASE("example.com"), HAS_DNS("*.com"), no},
        {PERMITTED, DNS, BASE("example.com"), HAS_DNS("d*.example.com"), "cannot be told"},
        {PERMITTED, DNS, BASE(".example.com"), HAS_DNS("db.example.com"), NULL},
        {PERMITTED, DNS, BASE(".example.com"), HAS_DNS("example.com"), "do not permit"},
        {PERMITTED, DNS, BASE(".example.com"), HAS_DNS("*.example.com"), NULL},
        {PERMITTED,
         DNS,
         BASE("example.com"),
         {.common_name = "x", .dns = PKI_LIST("db.example.com", "db.test")},
         "has the name DNS:db.test, which the nameConstraints of CA certificate CN=Bound"},
        {EXCLUDED, DNS, BASE("secret.example.com"), HAS_DNS("db.example.com"), NULL},
        {EXCLUDED, DNS, BASE("secret.example.com"), HAS_DNS("*.example.net"), NULL},
        {EXCLUDED, DNS, BASE("secret.example.com"), HAS_DNS("a.secret.example.com"), by_secret},
        {EXCLUDED, DNS, BASE("secret.example.com"), HAS_DNS("SECRET.example.com."), by_secret},
        {EXCLUDED, DNS, BASE("secret.example.com"), HAS_DNS("*.example.com"), by_secret},
        {EXCLUDED, DNS, BASE("secret.example.com"), HAS_DNS("*.secret.example.com"), by_secret},
        /* The common name, where it has the form of a host name and is used as one. */
        {EXCLUDED, DNS, BASE("secret.example.com"), HAS_CN("*.example.com"),
         "*.example.com as its common name"},
        {PERMITTED, DNS, BASE("example.com"), HAS_CN("db.test"), no},
        {PERMITTED, DNS, BASE("example.com"), HAS_CN("db.example.com"), NULL},
        {PERMITTED, DNS, BASE("example.com"), HAS_CN("Example Server 1"), NULL},
        {PERMITTED, DNS, BASE("example.com"), HAS_CN("db1"), NULL},
        {PERMITTED, DNS, BASE("example.com"), HAS_CN("192.0.2.7"), NULL},
        {PERMITTED,
         DNS,
         BASE("example.com"),
         {.common_name = "db.test", .dns = PKI_LIST("db.example.com")},
         NULL},
    };
    RUN(rows);
}

/* "db1" is a host name where it is the one that is looked for. */
CASE("a common name of one label, where it is the host")
{
    struct buffer subtrees = {0};
    put_subtree(&subtrees, DNS, BASE("example.com"));
    struct pki_certificate *issuer = constrained(&subtrees, PERMITTED);
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db1", .issuer = issuer});
    EXPECT_ACCEPTED(.chain = CHAIN(server, issuer));
    EXPECT_FAILS(CONSTRAINT, "db1 as its common name", .chain = CHAIN(server, issuer),
                 .host = "db1");
    /* In full-width letters, and as DNS writes it. */
    EXPECT_FAILS(CONSTRAINT, "db1 as its common name", .chain = CHAIN(server, issuer),
                 .host = "\xef\xbd\x84\xef\xbd\x82\xef\xbc\x91");
    server = pki_issue(&(struct pki_spec){.common_name = "xn--bcher-kva", .issuer = issuer});
    EXPECT_FAILS(CONSTRAINT, "xn--bcher-kva as its common name", .chain = CHAIN(server, issuer),
                 .host = "b\xc3\xbc"
                         "cher");
    buffer_free(&subtrees);
}

/* The minimum is 0 where it is left out. */
CASE("a minimum of 0 that is written out")
{
    struct buffer subtree = {0}, subtrees = {0};
    der_put(&subtree, DNS, BASE("example.com"));
    der_put(&subtree, DER_CONTEXT, BASE("\0"));
    der_wrap(&subtrees, DER_SEQUENCE, &subtree);
    expect_constrained(&subtrees, PERMITTED, (struct pki_spec)HAS_DNS("db.example.com"), NULL,
                       __LINE__);
    expect_constrained(&subtrees, PERMITTED, (struct pki_spec)HAS_DNS("db.test"),
                       "do not permit; permitted: DNS:example.com", __LINE__);
    expect_constrained(&subtrees, EXCLUDED, (struct pki_spec)HAS_DNS("db.example.com"),
                       "exclude by DNS:example.com", __LINE__);
    buffer_free(&subtrees);
}

CASE("addresses of both families")
{
    static const char no4[] = "do not permit; permitted: IP:192.0.2.0/255.255.255.0";
    const struct row rows[] = {
        {PERMITTED, IP, NET4, HAS_IP("192.0.2.7"), NULL},
        {PERMITTED, IP, NET4, HAS_IP("192.0.3.7"), no4},
        {PERMITTED, IP, NET4, HAS_IP("2001:db8::1"), no4},
        {PERMITTED, IP, NET4, HAS_IP("::ffff:192.0.2.7"), no4},
        {PERMITTED, IP, NET4, HAS_DNS("db.test"), NULL},
        {PERMITTED, IP, NET6, HAS_IP("2001:db8::1"), NULL},
        {PERMITTED, IP, NET6, HAS_IP("2001:db9::1"), "do not permit"},
        {PERMITTED, IP, NET6, HAS_IP("192.0.2.7"), "do not permit"},
        {PERMITTED, IP, MAPPED, HAS_IP("192.0.2.7"), "do not permit"},
        {EXCLUDED, IP, NET10, HAS_IP("10.1.2.3"), "exclude by IP:10.0.0.0/255.0.0.0"},
        {EXCLUDED, IP, NET10, HAS_IP("::ffff:10.1.2.3"), "exclude by IP:10.0.0.0/255.0.0.0"},
        {EXCLUDED, IP, NET10, HAS_IP("192.0.2.7"), NULL},
        {EXCLUDED, IP, NET10, HAS_IP("2001:db8::1"), NULL},
        {EXCLUDED, IP, MAPPED, HAS_IP("192.0.2.7"), "exclude by"},
    };
    RUN(rows);
}

CASE("mailboxes, in the subject too")
{
    const struct row rows[] = {
        {PERMITTED, EMAIL, BASE("example.com"), HAS_EMAIL("root@EXAMPLE.com"), NULL},
        {PERMITTED, EMAIL, BASE("example.com"), HAS_EMAIL("root@a.example.com"), "do not permit"},
        {PERMITTED, EMAIL, BASE(".example.com"), HAS_EMAIL("root@a.example.com"), NULL},
        {PERMITTED, EMAIL, BASE(".example.com"), HAS_EMAIL("root@example.com"), "do not permit"},
        {PERMITTED, EMAIL, BASE("root@example.com"), HAS_EMAIL("root@Example.com"), NULL},
        {PERMITTED, EMAIL, BASE("root@example.com"), HAS_EMAIL("Root@example.com"),
         "has the name email:Root@example.com, which"},
        {PERMITTED, EMAIL, BASE("example.com"), HAS_EMAIL("example.com"), "cannot be told"},
        /* An empty one is every mailbox. */
        {PERMITTED, EMAIL, BASE(""), HAS_EMAIL("root@example.com"), NULL},
        {EXCLUDED, EMAIL, BASE(""), HAS_EMAIL("root@example.com"), "exclude by email:"},
        {EXCLUDED, EMAIL, BASE(""), HAS_DNS("db.test"), NULL},
        {EXCLUDED, EMAIL, BASE("example.com"), HAS_EMAIL("root@example.com"),
         "exclude by email:example.com"},
        {EXCLUDED, EMAIL, BASE("example.com"), HAS_EMAIL("root@example.org"), NULL},
        /* Some CAs write the '@' without a mailbox before it. */
        {EXCLUDED, EMAIL, BASE("@example.com"), HAS_EMAIL("root@example.com"),
         "exclude by email:@"},
        {EXCLUDED, EMAIL, BASE("@example.com"), HAS_EMAIL("root@a.example.com"), NULL},
        {PERMITTED, EMAIL, BASE("@example.com"), HAS_EMAIL("root@example.com"), NULL},
        {EXCLUDED,
         EMAIL,
         BASE("example.com"),
         {.dn = "CN=x,EMAIL=root@example.com"},
         "email:root@example.com in its subject"},
        {PERMITTED, EMAIL, BASE("example.com"), {.dn = "CN=x,EMAIL=root@example.com"}, NULL},
        {PERMITTED, EMAIL, BASE("example.com"), HAS_DNS("db.test"), NULL},
    };
    RUN(rows);
}

CASE("hosts of URIs")
{
    const struct row rows[] = {
        {PERMITTED, URI, BASE(".example.com"), HAS_URI("https://u@a.example.com:1/x"), NULL},
        {PERMITTED, URI, BASE(".example.com"), HAS_URI("https://a.test/x.example.com"),
         "URI:https://a.test/x.example.com, which"},
        {PERMITTED, URI, BASE(".example.com"), HAS_URI("https://a.test\\@b.example.com/"),
         "cannot be told"},
        {PERMITTED, URI, BASE(".example.com"), HAS_URI("urn:uuid:1"), "may not permit"},
        {PERMITTED, URI, BASE("example.com"), HAS_URI("ldap://example.com/"), NULL},
        {PERMITTED, URI, BASE("example.com"), HAS_URI("ldap://a.example.com/"), "do not permit"},
        {PERMITTED, URI, BASE("example.com"), HAS_URI("ldap://192.0.2.7/"), "cannot be told"},
        {EXCLUDED, URI, BASE(".example.com"), HAS_URI("https://a.example.com/"),
         "exclude by URI:.example.com"},
        {EXCLUDED, URI, BASE(".example.com"), HAS_URI("https://a.test/"), NULL},
        {EXCLUDED, URI, BASE(".example.com"), HAS_URI("urn:uuid:1"), "may exclude"},
        {EXCLUDED, URI, BASE(".example.com"), HAS_DNS("a.example.com"), NULL},
    };
    RUN(rows);
}

/* A kind that cannot be compared counts only against a certificate that has such a name. */
CASE("kinds that cannot be compared")
{
    static const unsigned char names[] = {0x30, 0x04, 0x88, 0x02, 0x2a, 0x03};
    static const struct pki_extension extensions[] = {{"2.5.29.17", false, names, sizeof names},
                                                      {0}};
    const struct pki_spec carrier = {.common_name = "x", .extensions = extensions};
    const struct row rows[] = {
        {EXCLUDED, REGISTERED, BASE("\x2a\x03"), carrier, "registeredID:1.2.3, which"},
        {PERMITTED, REGISTERED, BASE("\x2a\x03"), carrier, "registeredID:1.2.3, which"},
        {EXCLUDED, REGISTERED, BASE("\x2a\x03"), HAS_DNS("db.test"), NULL},
        {PERMITTED, REGISTERED, BASE("\x2a\x03"), HAS_DNS("db.test"), NULL},
        {EXCLUDED, OTHER, BASE("\x06\x02\x2a\x03\xa0\x02\x0c\x00"), HAS_DNS("db.test"), NULL},
        {EXCLUDED, OTHER, BASE("\x06\x02\x2a\x03\xa0\x02\x0c\x00"), carrier, NULL},
    };
    RUN(rows);
}

/* A user's name in a directory, which a CA may permit, is not the name of a service there. */
CASE("compares other names with those of their type")
{
    static const unsigned char names[] = "\x30\x0a\xa0\x08\x06\x02\x2a\x03\xa0\x02\x0c";
    static const struct pki_extension extensions[] = {{"2.5.29.17", false, names, sizeof names},
                                                      {0}};
    const struct pki_spec carrier = {.common_name = "x", .extensions = extensions};
    const struct row rows[] = {
        {PERMITTED, OTHER, BASE("\x06\x02\x2a\x04\xa0\x02\x0c\x00"), carrier, NULL},
        {EXCLUDED, OTHER, BASE("\x06\x02\x2a\x04\xa0\x02\x0c\x00"), carrier, NULL},
        {PERMITTED, OTHER, BASE("\x06\x02\x2a\x03\xa0\x02\x0c\x00"), carrier, "cannot be told"},
        {EXCLUDED, OTHER, BASE("\x06\x02\x2a\x03\xa0\x02\x0c\x00"), carrier, "cannot be told"},
        {PERMITTED, OTHER, BASE("\x05\x00"), carrier, "cannot be told"},
    };
    RUN(rows);
}

CASE("directory names by attribute")
{
    struct buffer name = {0}, subtrees = {0};
    put_organization(&name, DER_PRINTABLE_STRING, "Example  Corp");
    put_subtree(&subtrees, DER_CONTEXT_CONSTRUCTED + 4, buffer_content(&name),
                buffer_length(&name));
    const struct pki_spec inside = {.dn = "CN=db,O=example corp"},
                          outside = {.dn = "CN=db,O=Other"}, nowhere = {.dn = "CN=db"};
    expect_constrained(&subtrees, PERMITTED, inside, NULL, __LINE__);
    expect_constrained(&subtrees, PERMITTED, outside,
                       "do not permit; permitted: directory:O=Example", __LINE__);
    expect_constrained(&subtrees, PERMITTED, nowhere,
                       "do not permit; permitted: directory:O=Example", __LINE__);
    expect_constrained(&subtrees, EXCLUDED, inside, "exclude by directory:O=Example", __LINE__);
    expect_constrained(&subtrees, EXCLUDED, outside, NULL, __LINE__);
    buffer_free(&name);
    buffer_free(&subtrees);
}

/* RFC 4518: sharp s is folded to two letters. */
CASE("folds letters as RFC 4518 does")
{
    struct buffer name = {0}, subtrees = {0};
    put_organization(&name, DER_UTF8_STRING,
                     "Stra\xc3\x9f"
                     "e");
    put_subtree(&subtrees, DER_CONTEXT_CONSTRUCTED + 4, buffer_content(&name),
                buffer_length(&name));
    expect_constrained(&subtrees, EXCLUDED, (struct pki_spec){.dn = "CN=db,O=STRASSE"},
                       "exclude by directory:O=Stra", __LINE__);
    buffer_free(&name);
    buffer_free(&subtrees);
}

/* Intermediates have to obey too, but for self-issued ones; the CA that states it is named. */
CASE("binds intermediates, and not self-issued ones")
{
    struct buffer name = {0}, subtrees = {0};
    put_organization(&name, DER_UTF8_STRING, "Example");
    put_subtree(&subtrees, DER_CONTEXT_CONSTRUCTED + 4, buffer_content(&name),
                buffer_length(&name));
    struct pki_certificate *bound = constrained(&subtrees, PERMITTED);
    struct pki_certificate *stray =
        pki_issue(&(struct pki_spec){.dn = "CN=Stray,O=Other", .is_ca = true, .issuer = bound});
    struct pki_certificate *own =
        pki_issue(&(struct pki_spec){.common_name = "Bound", .is_ca = true, .issuer = bound});
    struct pki_certificate *below =
        pki_issue(&(struct pki_spec){.dn = "CN=db,O=Example", .issuer = stray});
    struct pki_certificate *good =
        pki_issue(&(struct pki_spec){.dn = "CN=db,O=Example", .issuer = own});
    EXPECT_FAILS(CONSTRAINT, "CA certificate CN=Stray,O=Other",
                 .chain = CHAIN(below, stray, bound));
    EXPECT_ACCEPTED(.chain = CHAIN(good, own, bound));
    buffer_free(&subtrees);
    buffer_free(&name);
}

/* "h0.test" and so on. */
static void put_hosts(struct buffer *subtrees, unsigned count)
{
    char text[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text, "h%u.test", i);
        put_subtree(subtrees, DNS, text, strlen(text));
    }
}

CASE("reads 1000 subtrees, and no more")
{
    struct buffer subtrees = {0};
    put_hosts(&subtrees, 1000);
    struct pki_certificate *issuer = constrained(&subtrees, EXCLUDED);
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = issuer});
    EXPECT_ACCEPTED(.chain = CHAIN(server, issuer));
    put_subtree(&subtrees, DNS, BASE("last.test"));
    issuer = constrained(&subtrees, EXCLUDED);
    server = pki_issue(&(struct pki_spec){.common_name = "db", .issuer = issuer});
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER,
                   "nameConstraints has too many subtrees: more than 1000",
                   .chain = CHAIN(server, issuer));
    buffer_free(&subtrees);
}

/* Not all that would have been permitted, nor half of one. */
CASE("cuts a long list of what is permitted")
{
    struct buffer subtrees = {0};
    put_hosts(&subtrees, 100);
    expect_constrained(&subtrees, PERMITTED, (struct pki_spec)HAS_DNS("db.test"),
                       "has the name DNS:db.test, which the nameConstraints of CA certificate "
                       "CN=Bound",
                       __LINE__);
    expect_constrained(&subtrees, PERMITTED, (struct pki_spec)HAS_DNS("db.test"),
                       "do not permit; permitted: DNS:h0.test, DNS:h1.test, ", __LINE__);
    expect_constrained(&subtrees, PERMITTED, (struct pki_spec)HAS_DNS("db.test"),
                       "DNS:h26.test, DNS:h27.test, and more", __LINE__);
    expect_constrained(&subtrees, PERMITTED, (struct pki_spec)HAS_DNS("h99.test"), NULL, __LINE__);
    buffer_free(&subtrees);
}

/* 999 names against 999 subtrees are more than is compared, and said to be. */
CASE("tells when there is too much to compare")
{
    static char texts[999][16];
    static const char *names[1000];
    struct buffer subtrees = {0};
    for (size_t i = 0; i < 999; i++) {
        snprintf(texts[i], sizeof texts[i], "h%zu.test", i);
        names[i] = texts[i];
        put_subtree(&subtrees, DNS, texts[i] + 1, strlen(texts[i]) - 1);
    }
    struct pki_certificate *issuer = constrained(&subtrees, EXCLUDED);
    struct pki_certificate *server =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = issuer, .dns = names});
    EXPECT_REFUSED(ODBCSSL_VERIFY_OTHER, ODBCSSL_ERROR_VERIFY_OTHER, "more than 250000 comparisons",
                   .chain = CHAIN(server, issuer));
    buffer_free(&subtrees);
}

SUITE("name constraints", world_set_up, NULL)
