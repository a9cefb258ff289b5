/* The CRL reader: what it finds, what it refuses to read, signatures, files with several CRLs. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/der.h"
#include "support/fork_beside.h"
#include "support/pki.h"
#include "support/suite.h"
#include "tls/crl.h"

static struct pki_certificate *issuer;
static struct pki_certificate *stranger;

static int set_up(void)
{
    issuer = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    stranger = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    return issuer == NULL || stranger == NULL;
}

static int tear_down(void)
{
    return 0;
}

static struct buffer make(struct pki_crl_spec spec)
{
    struct buffer der = {0};
    spec.issuer = spec.issuer != NULL ? spec.issuer : issuer;
    CHECK_FATAL(pki_crl(&spec, &der));
    return der;
}

/* Of exactly the size, so that a sanitizer sees every byte beyond. */
static unsigned char *copy_of(const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size > 0 ? size : 1);
    CHECK_FATAL(copy != NULL);
    memcpy(copy, bytes, size);
    return copy;
}

static struct crl *read_copy(const void *bytes, size_t size, struct error *error)
{
    return crl_read_der(copy_of(bytes, size), size, "test.crl", error);
}

static struct crl *read_spec(struct pki_crl_spec spec)
{
    struct buffer der = make(spec);
    struct error error = {0};
    struct crl *crl = read_copy(buffer_content(&der), buffer_length(&der), &error);
    CHECK_TEXT(error.text, "");
    CHECK_FATAL(crl != NULL);
    buffer_free(&der);
    return crl;
}

static bool is_listed(const struct crl *crl, const char *hex, struct crl_entry *entry_out)
{
    unsigned char serial[64];
    size_t size = der_parse_hex(hex, serial, sizeof serial);
    return crl_find(crl, &(struct der){.content = serial, .size = size}, entry_out);
}

/* What is found */

CASE("finds entries with date and reason")
{
    static const struct pki_revoked revoked[] = {
        {.serial = "0A3F", .reason = 1, .date.absolute = 1772366400},
        {.serial = "05"},
        {.serial = "7F0102030405060708090A0B0C0D0E0F10111213", .reason = 6},
        {.serial = "01", .reason = 10, .date.absolute = 2556144000},
    };
    struct crl *crl = read_spec((struct pki_crl_spec){.revoked = revoked, .revoked_count = 4});
    struct crl_entry entry;
    CHECK_NUMBER(crl->index.count, 4);
    CHECK(is_listed(crl, "0A3F", &entry));
    CHECK_NUMBER(entry.revoked_at, 1772366400);
    CHECK_NUMBER(entry.reason, 1 /* keyCompromise */);
    CHECK(is_listed(crl, "05", &entry));
    CHECK_NUMBER(entry.reason, CRL_REASON_UNSPECIFIED);
    CHECK(is_listed(crl, "7F0102030405060708090A0B0C0D0E0F10111213", &entry));
    CHECK_NUMBER(entry.reason, CRL_REASON_CERTIFICATE_HOLD);
    CHECK(is_listed(crl, "01", &entry));
    CHECK_NUMBER(entry.revoked_at, 2556144000); /* GeneralizedTime, from 2050 */
    CHECK(!is_listed(crl, "06", NULL));
    CHECK(!is_listed(crl, "0A", NULL));
    CHECK(!is_listed(crl, "0A3F00", NULL));
    CHECK(!is_listed(crl, "7F0102030405060708090A0B0C0D0E0F10111214", NULL));
    crl_free(&crl);
    CHECK(crl == NULL);
}

/* 00FF is 255 and FF is -1: two serials. 0000FF and 00FF are one, however they were written. */
CASE("knows serials however they are written")
{
    static const struct pki_revoked revoked[] = {{.serial = "00FF"}, {.serial = "000012"}};
    struct crl *crl = read_spec((struct pki_crl_spec){.revoked = revoked, .revoked_count = 2});
    CHECK(is_listed(crl, "00FF", NULL));
    CHECK(is_listed(crl, "0000FF", NULL));
    CHECK(!is_listed(crl, "FF", NULL));
    CHECK(is_listed(crl, "12", NULL));
    CHECK(!is_listed(crl, "00", NULL));
    crl_free(&crl);
}

/* Every one of many is found, and no neighbour of one is. */
CASE("finds each of many entries")
{
    enum { COUNT = 20000 };
    static char serials[COUNT][9];
    static struct pki_revoked revoked[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        /* Scattered, so that the file is in no order. */
        snprintf(serials[i], sizeof serials[i], "%08X", (i * 40503u % COUNT) * 4 + 0x10000000u);
        revoked[i] = (struct pki_revoked){.serial = serials[i], .reason = 1 + (int)(i % 5)};
    }
    struct crl *crl = read_spec((struct pki_crl_spec){.revoked = revoked, .revoked_count = COUNT});
    unsigned found = 0, wrong = 0, false_hits = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        struct crl_entry entry;
        found += is_listed(crl, serials[i], &entry);
        wrong += entry.reason != (enum crl_reason)(1 + i % 5);
        false_hits += is_listed(crl, suite_text("%08lX", strtoul(serials[i], NULL, 16) + 1), NULL);
    }
    CHECK_NUMBER(crl->index.count, COUNT);
    CHECK_NUMBER(found, COUNT);
    CHECK_NUMBER(wrong, 0);
    CHECK_NUMBER(false_hits, 0);
    crl_free(&crl);
}

static bool is_signed_by(const struct crl *crl, const struct pki_certificate *signer,
                         bool *is_weak_out)
{
    struct certificate certificate;
    gnutls_datum_t der = pki_der(signer);
    CHECK_FATAL(certificate_read(der.data, der.size, &certificate) == NULL);
    bool is_signed = crl_is_signed_by(crl, &certificate);
    if (is_weak_out != NULL)
        *is_weak_out = signature_is_weak(&crl->signature.algorithm);
    gnutls_free(der.data);
    return is_signed;
}

CASE("reads issuer and dates, version 1 and 2")
{
    struct crl *crl = read_spec((struct pki_crl_spec){.this_update.absolute = 1700000000,
                                                      .next_update.absolute = 2600000000});
    const struct der *found = &crl->issuer;
    gnutls_datum_t name = {0};
    gnutls_x509_crt_get_raw_dn(issuer->crt, &name);
    CHECK_NUMBER(found->whole_size, name.size);
    CHECK(found->whole_size == name.size && memcmp(found->whole, name.data, name.size) == 0);
    CHECK_NUMBER(crl->this_update, 1700000000);
    CHECK_NUMBER(crl->next_update, 2600000000);
    CHECK_NUMBER(crl->index.count, 0);
    CHECK_TEXT(crl->name, "test.crl");
    gnutls_free(name.data);
    crl_free(&crl);
    crl = read_spec((struct pki_crl_spec){.omit_next_update = true, .is_v1 = true});
    CHECK_NUMBER(crl->next_update, 0);
    crl_free(&crl);
    crl = read_spec(
        (struct pki_crl_spec){.this_update.absolute = 1700000000, .is_generalized_time = true});
    CHECK_NUMBER(crl->this_update, 1700000000);
    crl_free(&crl);
}

static void check_kind(const struct pki_extension *extension, const char *kind, unsigned line)
{
    const struct pki_extension extensions[] = {*extension, {0}};
    struct crl *crl = read_spec((struct pki_crl_spec){.extensions = extensions, .number = 7});
    const char *found = crl->is_delta                          ? "delta"
                        : crl->unknown_extension.whole != NULL ? "unknown"
                        : crl->is_indirect                     ? "indirect"
                                                               : "complete";
    suite_check_text(found, kind, __FILE__, line);
    crl_free(&crl);
}

CASE("tells delta, indirect and unknown CRLs apart")
{
    check_kind(&(struct pki_extension){"2.5.29.27", true, "\x02\x01\x01", 3}, "delta", __LINE__);
    check_kind(&(struct pki_extension){"2.5.29.27", false, "\x02\x01\x01", 3}, "delta", __LINE__);
    check_kind(&(struct pki_extension){"2.5.29.28", true, "\x30\x03\x84\x01\xff", 5}, "indirect",
               __LINE__);
    check_kind(&(struct pki_extension){"2.5.29.28", true, "\x30\x00", 2}, "complete", __LINE__);
    check_kind(&(struct pki_extension){"1.2.3", true, "\x05\x00", 2}, "unknown", __LINE__);
    check_kind(&(struct pki_extension){"1.2.3", false, "\x05\x00", 2}, "complete", __LINE__);
}

SUITE("read", set_up, tear_down)

/* What is refused */

/* A tbsCertList made of the given parts, signed. */
struct parts {
    const char *this_update; /* text of the UTCTime */
    const char *serial_tag_fault;
    const char *row_date; /* text of the UTCTime of entries for serial 5 and those behind it */
    unsigned row_count;   /* 0: one */
    bool has_other_algorithm;
    bool has_trailing_field;
    const char *of_extensions; /* the content of [0] */
    size_t extensions_size;
    unsigned version;
};

static struct buffer make_from_parts(const struct parts *parts)
{
    struct buffer content = {0}, tbs = {0}, crl = {0};
    gnutls_datum_t name = {0};
    gnutls_x509_crt_get_raw_dn(issuer->crt, &name);
    der_put_number(&content, parts->version);
    pki_put_algorithm(issuer, parts->has_other_algorithm ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256,
                      &content);
    buffer_append(&content, name.data, name.size);
    der_put_text(&content, DER_UTC_TIME, parts->this_update);
    if (parts->serial_tag_fault != NULL || parts->row_date != NULL) {
        struct buffer rows = {0};
        for (unsigned i = 0; i == 0 || i < parts->row_count; i++) {
            struct buffer row = {0};
            if (parts->serial_tag_fault != NULL)
                der_put_text(&row, DER_OCTET_STRING, parts->serial_tag_fault);
            else
                der_put_number(&row, 5 + i);
            der_put_text(&row, DER_UTC_TIME,
                         parts->row_date != NULL ? parts->row_date : "260301120000Z");
            der_wrap(&rows, DER_SEQUENCE, &row);
        }
        der_wrap(&content, DER_SEQUENCE, &rows);
    }
    if (parts->of_extensions != NULL)
        der_put(&content, DER_CONTEXT_CONSTRUCTED, parts->of_extensions, parts->extensions_size);
    if (parts->has_trailing_field)
        der_put_number(&content, 1);
    der_wrap(&tbs, DER_SEQUENCE, &content);
    CHECK_FATAL(pki_sign_crl(&tbs, issuer, GNUTLS_DIG_SHA256, &crl));
    gnutls_free(name.data);
    buffer_free(&tbs);
    return crl;
}

/* reason: a part of the error; NULL: it is read. */
static void check_read(const struct buffer *der, const char *reason, unsigned line)
{
    struct error error = {0};
    struct crl *crl = read_copy(buffer_content(der), buffer_length(der), &error);
    if (reason == NULL)
        suite_check_text(error.text, "", __FILE__, line);
    else
        suite_check_contains(error.text, reason, __FILE__, line);
    suite_check_number(error.code,
                       reason != NULL ? ODBCSSL_ERROR_CRL_UNREADABLE : ODBCSSL_ERROR_NONE, __FILE__,
                       line);
    suite_check_number(crl == NULL, reason != NULL, __FILE__, line);
    crl_free(&crl);
}

static void check_parts(struct parts parts, const char *reason, unsigned line)
{
    parts.this_update = parts.this_update != NULL ? parts.this_update : "260301120000Z";
    parts.version = parts.version != 0 ? parts.version : 1;
    struct buffer der = make_from_parts(&parts);
    check_read(&der, reason, line);
    buffer_free(&der);
}

/* The date only informs, and one of a million old rows must not take the whole list away. */
CASE("reads entries whose dates have other forms")
{
    static const char *const dates[] = {"2603011200Z", "260301120000+0100", "260301120000", "?"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct parts parts = {.this_update = "260301120000Z", .version = 1, .row_date = dates[i]};
        struct error error = {0};
        struct buffer der = make_from_parts(&parts);
        struct crl *crl = read_copy(buffer_content(&der), buffer_length(&der), &error);
        CHECK_TEXT(error.text, "");
        CHECK_FATAL(crl != NULL);
        const struct der serial = {.content = (const unsigned char *)"\5", .size = 1};
        struct crl_entry entry = {.revoked_at = 1};
        CHECK(crl_find(crl, &serial, &entry));
        CHECK_NUMBER(entry.revoked_at, 0);
        crl_free(&crl);
        buffer_free(&der);
    }
}

/* The smallest rows that there are: of the file's size alone fewer would be expected. */
CASE("reads a hundred thousand entries without a date")
{
    const struct parts parts = {
        .this_update = "260301120000Z", .version = 1, .row_date = "", .row_count = 100000};
    struct error error = {0};
    struct buffer der = make_from_parts(&parts);
    struct crl *crl = read_copy(buffer_content(&der), buffer_length(&der), &error);
    CHECK_TEXT(error.text, "");
    CHECK_FATAL(crl != NULL);
    CHECK_NUMBER(crl->index.count, parts.row_count);
    const struct der first = {.content = (const unsigned char *)"\5", .size = 1};
    const struct der last = {.content = (const unsigned char *)"\1\206\244", .size = 3};
    const struct der none = {.content = (const unsigned char *)"\1\206\245", .size = 3};
    CHECK(crl_find(crl, &first, NULL));
    CHECK(crl_find(crl, &last, NULL));
    CHECK(!crl_find(crl, &none, NULL));
    crl_free(&crl);
    buffer_free(&der);
}

CASE("refuses malformed fields")
{
    check_parts((struct parts){0}, NULL, __LINE__);
    check_parts((struct parts){.version = 2}, "neither 1 nor 2", __LINE__);
    check_parts((struct parts){.has_other_algorithm = true}, "algorithms differ", __LINE__);
    check_parts((struct parts){.has_trailing_field = true}, "where no field belongs", __LINE__);
    check_parts((struct parts){.serial_tag_fault = "1"}, "an entry is malformed", __LINE__);
}

/* An extension is read whole or the CRL is not: what it says of the scope decides who is cleared.
 */
CASE("refuses malformed extensions")
{
    static const char scope[] = "2.5.29.28", malformed[] = "issuingDistributionPoint is malformed";
#define VALUE(text) text, sizeof(text) - 1
    const struct {
        struct pki_extension extensions[3];
        const char *reason; /* NULL: it is read */
    } rows[] = {
        {{{scope, true, VALUE("\x30\x00")}}, NULL},
        {{{scope, true, VALUE("\x30\x03\x81\x01\xff")}}, NULL},
        {{{scope, true, VALUE("\x31\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x00\x05\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x02\xa0\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x06\xa0\x04\xa2\x02\x86\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x06\xa0\x04\xa0\x00\xa0\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x02\x81\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x04\x82\x02\x00\xff")}}, malformed},
        {{{scope, true, VALUE("\x30\x02\x84\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x02\x85\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x02\x86\x00")}}, malformed},
        {{{scope, true, VALUE("\x30\x03\x81\x01\xff")}, {scope, true, VALUE("\x30\x00")}},
         "it has two issuingDistributionPoint extensions"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer der = make((struct pki_crl_spec){.extensions = rows[i].extensions});
        check_read(&der, rows[i].reason, (unsigned)(1000 + i));
        buffer_free(&der);
    }
    check_parts((struct parts){.of_extensions = "\x30\x00", .extensions_size = 2}, NULL, __LINE__);
    check_parts((struct parts){.of_extensions = "\x31\x00", .extensions_size = 2},
                "extensions are malformed", __LINE__);
    check_parts((struct parts){.of_extensions = "\x30\x00\x05\x00", .extensions_size = 4},
                "extensions are malformed", __LINE__);
    check_parts((struct parts){.of_extensions = "\x30\x02\x30\x00", .extensions_size = 4},
                "extensions are malformed", __LINE__);
}

/* An entry's place is kept in 32 bits. What is behind the first bytes is not looked at. */
CASE("refuses a CRL of more than 4 GiB")
{
    struct buffer der = make((struct pki_crl_spec){0});
    struct error error = {0};
    unsigned char *bytes = copy_of(buffer_content(&der), buffer_length(&der));
    CHECK(crl_read_der(bytes, (size_t)UINT32_MAX + 1, "test.crl", &error) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_CRL_UNREADABLE);
    CHECK_TEXT(error.text, "test.crl: the CRL cannot be read: it is too large");
    buffer_free(&der);
}

/* RFC 5280, 4.1.2.5: only YYMMDDHHMMSSZ, and only days that exist. */
CASE("refuses dates that are none")
{
    static const char *const wrong[] = {
        "2603011200Z",   "260301120000",  "260301120000+0100", "261301120000Z", "260001120000Z",
        "260230120000Z", "260229120000Z", "260301240000Z",     "260301126000Z", "260301120060Z",
        "26030112000Z",  "2603011200 0Z", "-60301120000Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        check_parts((struct parts){.this_update = wrong[i]}, "thisUpdate is not a date", __LINE__);
    check_parts((struct parts){.this_update = "240229235959Z"}, NULL, __LINE__);
    check_parts((struct parts){.this_update = "500101000000Z"}, NULL, __LINE__);
}

/* Cut anywhere, or with anything behind it: never read, and always with a reason. */
CASE("refuses a CRL that is cut short or too long")
{
    const struct pki_revoked revoked = {.serial = "0A3F", .reason = 1};
    struct buffer der = make((struct pki_crl_spec){.revoked = &revoked, .revoked_count = 1});
    size_t size = buffer_length(&der);
    unsigned read = 0, silent = 0;
    for (size_t cut = 0; cut < size; cut++) {
        struct error error = {0};
        struct crl *crl = read_copy(buffer_content(&der), cut, &error);
        read += crl != NULL;
        silent += !error_is_set(&error);
        crl_free(&crl);
    }
    CHECK_NUMBER(read, 0);
    CHECK_NUMBER(silent, 0);
    buffer_free(&der);
}

/* Editors and transfers leave line ends. A second CRL, of which nobody would hear, is none. */
CASE("passes over line ends behind a CRL, and nothing else")
{
    static const char padding[] = "\r\n \t\n\0";
    struct buffer der = make((struct pki_crl_spec){0});
    size_t size = buffer_length(&der);
    buffer_append(&der, padding, sizeof padding);
    for (size_t i = 0; i <= sizeof padding; i++) {
        struct error error = {0};
        struct crl *crl = read_copy(buffer_content(&der), size + i, &error);
        CHECK(crl != NULL && crl->size == size && is_signed_by(crl, issuer, NULL));
        CHECK_TEXT(error.text, "");
        crl_free(&crl);
    }
    const char *said = suite_text("stand behind its end, from byte %zu on, and are ", size);
    for (int is_second = 0; is_second < 2; is_second++) {
        struct buffer file = {0};
        struct error error = {0};
        buffer_append(&file, buffer_content(&der), size);
        buffer_append(&file, is_second ? (const void *)buffer_content(&der) : "\nx",
                      is_second ? size : 2);
        CHECK(read_copy(buffer_content(&file), buffer_length(&file), &error) == NULL);
        CHECK_TEXT(error.text,
                   suite_text("test.crl: the CRL cannot be read: %zu bytes %s%s; a file in DER "
                              "holds one CRL, one in PEM several",
                              is_second ? size : 2, said, is_second ? "more DER" : "no DER"));
        buffer_free(&file);
    }
    buffer_free(&der);
}

/* Any changed byte either makes it unreadable or breaks the signature. */
CASE("does not believe an altered CRL")
{
    const struct pki_revoked revoked = {.serial = "0A3F", .reason = 1};
    struct buffer der = make((struct pki_crl_spec){.revoked = &revoked, .revoked_count = 1});
    unsigned believed = 0;
    for (size_t i = 0; i < buffer_length(&der); i++) {
        struct error error = {0};
        buffer_content(&der)[i] ^= 0x01;
        struct crl *crl = read_copy(buffer_content(&der), buffer_length(&der), &error);
        believed += crl != NULL && is_signed_by(crl, issuer, NULL);
        crl_free(&crl);
        buffer_content(&der)[i] ^= 0x01;
    }
    CHECK_NUMBER(believed, 0);
    buffer_free(&der);
}

SUITE("refuse", set_up, tear_down)

/* Signatures */

static void check_signer(enum pki_key key, gnutls_digest_algorithm_t hash, bool is_weak_wanted,
                         unsigned line)
{
    struct pki_certificate *signer =
        pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true, .key = key});
    struct crl *crl = read_spec((struct pki_crl_spec){.issuer = signer, .hash = hash});
    bool is_weak = !is_weak_wanted;
    suite_check_number(is_signed_by(crl, signer, &is_weak), true, __FILE__, line);
    suite_check_number(is_weak, is_weak_wanted, __FILE__, line);
    suite_check_number(is_signed_by(crl, stranger, NULL), false, __FILE__, line);
    crl_free(&crl);
}

CASE("verifies the usual algorithms, and tells weak ones")
{
    check_signer(PKI_KEY_ECDSA, GNUTLS_DIG_SHA256, false, __LINE__);
    check_signer(PKI_KEY_ECDSA, GNUTLS_DIG_SHA384, false, __LINE__);
    check_signer(PKI_KEY_ED25519, 0, false, __LINE__);
    check_signer(PKI_KEY_RSA, GNUTLS_DIG_SHA256, false, __LINE__);
    check_signer(PKI_KEY_RSA, GNUTLS_DIG_SHA512, false, __LINE__);
    check_signer(PKI_KEY_RSA, GNUTLS_DIG_SHA1, true, __LINE__);
}

/* The kept answer is the issuer key's, and not another's of the same name. */
CASE("keeps one answer per key")
{
    struct crl *crl = read_spec((struct pki_crl_spec){0});
    for (unsigned i = 0; i < 3; i++) {
        CHECK(is_signed_by(crl, issuer, NULL));
        CHECK(!is_signed_by(crl, stranger, NULL));
    }
    crl_free(&crl);
}

static void *find_no_memory(size_t count, size_t size)
{
    (void)count;
    (void)size;
    return NULL;
}

/* What could not be checked for want of memory is refused, and asked again. */
CASE("remembers nothing for which memory was out")
{
    struct crl *crl = read_spec((struct pki_crl_spec){0});
    gnutls_calloc_function before = gnutls_calloc;
    gnutls_calloc = find_no_memory;
    CHECK(!is_signed_by(crl, issuer, NULL));
    gnutls_calloc = before;
    CHECK(is_signed_by(crl, issuer, NULL));
    crl_free(&crl);
}

static void *ask_often(void *crl)
{
    size_t right = 0;
    for (unsigned i = 0; i < 50; i++)
        right += is_signed_by(crl, issuer, NULL) && !is_signed_by(crl, stranger, NULL);
    return (void *)right;
}

/* For the thread sanitizer: connections of several threads share a CRL. */
CASE("answers several threads")
{
    struct crl *crl = read_spec((struct pki_crl_spec){0});
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        CHECK_FATAL(pthread_create(&threads[i], NULL, ask_often, crl) == 0);
    for (size_t i = 0; i < 4; i++) {
        void *right = NULL;
        pthread_join(threads[i], &right);
        CHECK_NUMBER((size_t)right, 50);
    }
    crl_free(&crl);
}

static struct crl *shared_crl;
static struct certificate shared_issuer;

static bool ask_shared(void)
{
    return crl_is_signed_by(shared_crl, &shared_issuer);
}

CASE("answers a child that is forked meanwhile")
{
    gnutls_datum_t der = pki_der(issuer);
    CHECK_FATAL(certificate_read(der.data, der.size, &shared_issuer) == NULL);
    shared_crl = read_spec((struct pki_crl_spec){0});
    CHECK(fork_beside(ask_shared, ask_shared));
    crl_free(&shared_crl);
    gnutls_free(der.data);
}

SUITE("signature", set_up, tear_down)

/* Files */

static bool set_read(struct crl_set *set, const void *bytes, size_t size, struct error *error)
{
    unsigned char *copy = copy_of(bytes, size);
    *error = (struct error){0};
    bool is_read = crl_set_read(set, &copy, size, "f.crl", error);
    free(copy);
    return is_read;
}

static gnutls_datum_t make_pem(struct pki_crl_spec spec)
{
    struct buffer der = make(spec);
    gnutls_datum_t raw = {buffer_content(&der), (unsigned)buffer_length(&der)}, pem = {0};
    CHECK_FATAL(gnutls_pem_base64_encode2("X509 CRL", &raw, &pem) >= 0);
    buffer_free(&der);
    return pem;
}

CASE("reads every CRL of a PEM file, or none")
{
    gnutls_datum_t pem = make_pem((struct pki_crl_spec){0}), certificate = {0};
    gnutls_x509_crt_export2(issuer->crt, GNUTLS_X509_FMT_PEM, &certificate);
    struct buffer file = {0};
    struct crl_set set = {0};
    struct error error;
    static const char note[] = "CRLs of CA\r\n";
    buffer_append(&file, note, sizeof note - 1);
    buffer_append(&file, pem.data, pem.size);
    buffer_append(&file, certificate.data, certificate.size);
    buffer_append(&file, pem.data, pem.size);
    CHECK(set_read(&set, buffer_content(&file), buffer_length(&file), &error));
    CHECK_NUMBER(set.count, 2);
    CHECK(set.count == 2 && is_signed_by(set.items[1], issuer, NULL));
    /* Cut inside the last block: the first is not enough. */
    CHECK(!set_read(&set, buffer_content(&file), buffer_length(&file) - 30, &error));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_CRL_UNREADABLE);
    CHECK_CONTAINS(error.text, "f.crl");
    CHECK(!set_read(&set, certificate.data, certificate.size, &error));
    CHECK_TEXT(error.text, "f.crl: there is no CRL in it, only certificates");
    crl_set_free(&set);
    CHECK_NUMBER(set.count, 0);
    buffer_free(&file);
    gnutls_free(pem.data);
    gnutls_free(certificate.data);
}

CASE("reads a PEM file that begins with the digit that DER begins with")
{
    gnutls_datum_t pem = make_pem((struct pki_crl_spec){0});
    struct buffer file = {0};
    struct crl_set set = {0};
    struct error error;
    buffer_append_text(&file, "01: the CA's own\n");
    buffer_append(&file, pem.data, pem.size);
    CHECK(set_read(&set, buffer_content(&file), buffer_length(&file), &error));
    CHECK_TEXT(error.text, "");
    CHECK_NUMBER(set.count, 1);
    crl_set_free(&set);
    buffer_free(&file);
    gnutls_free(pem.data);
}

CASE("reads a DER file")
{
    struct buffer der = make((struct pki_crl_spec){0});
    struct crl_set set = {0};
    struct error error;
    CHECK(set_read(&set, buffer_content(&der), buffer_length(&der), &error));
    CHECK_NUMBER(set.count, 1);
    unsigned char *bytes = copy_of(buffer_content(&der), buffer_length(&der));
    CHECK(crl_set_read(&set, &bytes, buffer_length(&der), "g.crl", &error));
    CHECK(bytes == NULL);
    CHECK_NUMBER(set.count, 2);
    CHECK(set.count == 2 && strcmp(set.items[1]->name, "g.crl") == 0);
    crl_set_free(&set);
    buffer_free(&der);
}

CASE("refuses files without a CRL, and says why")
{
    static const char *const texts[] = {"", "garbage", "-----BEGIN X509 CRL-----\n",
                                        "-----BEGIN X509 CRL-----\n!!!\n-----END X509 CRL-----\n",
                                        "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"};
    struct crl_set set = {0};
    struct error error;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK(!set_read(&set, texts[i], strlen(texts[i]), &error));
        CHECK_NUMBER(error.code, ODBCSSL_ERROR_CRL_UNREADABLE);
        CHECK_CONTAINS(error.text, "f.crl: ");
    }
    CHECK_NUMBER(set.count, 0);
    crl_set_free(&set);
}

SUITE("file", set_up, tear_down)
