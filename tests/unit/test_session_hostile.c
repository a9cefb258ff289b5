/*
 * test_session_hostile.c - the TLS session against servers that do what no honest one does; and the
 * data of those that are honest.
 */
#include <string.h>

#include "support/der.h"
#include "tls/certificate.h"
#include "tls/der.h"
#include "unit/session_bench.h"

/* --- hostile servers --- */

CASE("a chain of 65 certificates")
{
    const struct pki_certificate *chain[66] = {bench_pki.leaf};
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    for (int i = 1; i < 65; i++)
        chain[i] = bench_pki.ca;
    bench.server_options.chain = chain;
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_FAILED);
    CHECK_CONTAINS(bench.error.text, "65 certificates");
}

/* A handshake message that says it is 10 MB long, in as many records as the client takes. */
CASE("a handshake message of 10 MB")
{
    static const unsigned char hello[] = {0x16, 3, 3, 0, 4, 11, 0xa0, 0, 0};
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    unsigned char record[5 + 16384] = {0x16, 3, 3, 0x40, 0};
    bench.options.maximum_version = TLS_VERSION_1_2;
    bench.server_options.priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    CHECK_FATAL(bench_open());
    tls_session_handshake(bench.client, &bench.error);
    buffer_append(tls_session_input(bench.client), hello, sizeof hello);
    enum tls_progress progress = TLS_PROGRESS_WANT_READ;
    int count = 0;
    while (progress == TLS_PROGRESS_WANT_READ && count++ < 640) {
        buffer_append(tls_session_input(bench.client), record, sizeof record);
        progress = tls_session_handshake(bench.client, &bench.error);
    }
    CHECK_NUMBER(progress, TLS_PROGRESS_FAILED);
    CHECK_CONTAINS(bench.error.text, "128 KiB");
    CHECK(count < 20);
}

CASE("a certificate of 200 kB")
{
    static char name[200000];
    memset(name, 'x', sizeof name);
    struct pki_extension extensions[] = {{"1.3.6.1.4.1.99999.1", false, name, sizeof name}, {0}};
    struct pki_certificate *large = pki_issue(&(struct pki_spec){
        .common_name = "large", .issuer = bench_pki.ca, .extensions = extensions});
    CHECK_FATAL(large != NULL);
    const struct pki_certificate *const chain[] = {large, NULL};
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.server_options.chain = chain;
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_FAILED);
    CHECK_CONTAINS(bench.error.text, "128 KiB");
}

enum alteration {
    ALTER_EMPTY,
    ALTER_REMOVE,
    ALTER_DOUBLE,
    ALTER_ZERO,   /* one byte of zero as its content */
    ALTER_OCTETS, /* an empty string of bytes in its place */
    ALTER_COUNT
};

/* Elements one in another, each altered once: the one that is now. */
struct altering {
    size_t number, wanted;
    enum alteration how;
};

static void put_altered(struct buffer *out, const struct der *element, enum alteration how)
{
    bool is_octets = how == ALTER_OCTETS;
    if (how == ALTER_DOUBLE) {
        buffer_append(out, element->whole, element->whole_size);
        buffer_append(out, element->whole, element->whole_size);
    } else if (how != ALTER_REMOVE) {
        der_put(out, is_octets ? DER_TAG_OCTET_STRING : element->tag, "", how == ALTER_ZERO);
    }
}

static void put_elements(struct buffer *out, struct cursor elements, struct altering *altering)
{
    struct der element;
    while (der_next(&elements, &element)) {
        struct buffer content = {0};
        struct cursor inside = der_inside(&element);
        if (altering->number++ == altering->wanted) {
            put_altered(out, &element, altering->how);
        } else if ((element.tag & DER_CONSTRUCTED) != 0) {
            put_elements(&content, inside, altering);
            der_wrap(out, element.tag, &content);
        } else {
            buffer_append(out, element.whole, element.whole_size);
        }
    }
}

/* false: there is no element of this number. */
static bool check_altered(const gnutls_datum_t *der, size_t wanted, enum alteration how)
{
    struct altering altering = {.wanted = wanted, .how = how};
    struct buffer altered = {0};
    put_elements(&altered, cursor_over(der->data, der->size), &altering);
    const gnutls_datum_t shown = {buffer_content(&altered), (unsigned)buffer_length(&altered)};
    bool is_same = shown.size == der->size && memcmp(shown.data, der->data, der->size) == 0;
    for (int is_verified = 0; is_verified < 2 && shown.size > 0 && !is_same; is_verified++) {
        bench_begin(is_verified ? ODBCSSL_MODE_VERIFY_FULL : ODBCSSL_MODE_REQUIRE,
                    is_verified ? bench_pki.ca_file : NULL);
        bench.server_options.shown = &shown;
        bool is_connected = bench_run() == TLS_PROGRESS_DONE;
        CHECK(!is_connected || (!is_verified && bench.report.state == ODBCSSL_STATE_ENCRYPTED));
        CHECK_NUMBER(bench.error.code != ODBCSSL_ERROR_NONE, !is_connected);
        if (!is_connected)
            CHECK_CONTAINS(bench.error.text, "certificate");
    }
    buffer_free(&altered);
    return altering.number > wanted;
}

/* Every element of it, in every way: no crash, and no connection that is verified. */
CASE("a certificate with an altered element")
{
    gnutls_datum_t der = {0};
    size_t number = 0;
    CHECK_FATAL(gnutls_x509_crt_export2(bench_pki.leaf->crt, GNUTLS_X509_FMT_DER, &der) == 0);
    for (int how = 0; how < ALTER_COUNT; how++)
        for (number = 0; check_altered(&der, number, (enum alteration)how); number++)
            ;
    CHECK(number > 50);
    gnutls_free(der.data);
}

/* The server's certificate with another exponent for its RSA key. */
static void put_exponent(struct buffer *out, const gnutls_datum_t *exponent)
{
    struct buffer key = {0}, algorithm = {0}, numbers = {0}, bits = {0};
    gnutls_datum_t modulus = {0}, usual = {0}, der = pki_der(bench_pki.leaf);
    struct pki_certificate changed = *bench_pki.leaf;
    struct certificate read;
    CHECK_FATAL(certificate_read(der.data, der.size, &read) == NULL &&
                gnutls_x509_crt_get_pk_rsa_raw(changed.crt, &modulus, &usual) >= 0);
    der_put(&numbers, DER_INTEGER, modulus.data, modulus.size);
    der_put(&numbers, DER_INTEGER, exponent->data, exponent->size);
    der_put_oid(&algorithm, "1.2.840.113549.1.1.1");
    der_put(&algorithm, DER_NULL, "", 0);
    buffer_append_byte(&bits, 0);
    der_wrap(&bits, DER_SEQUENCE, &numbers);
    der_wrap(&key, DER_SEQUENCE, &algorithm);
    der_wrap(&key, DER_BIT_STRING, &bits);
    der_wrap(&numbers, DER_SEQUENCE, &key);
    CHECK_FATAL(pki_replace(&changed, bench_pki.ca, read.public_key.whole,
                            read.public_key.whole_size, buffer_content(&numbers),
                            buffer_length(&numbers)));
    buffer_append(out, changed.edited.data, changed.edited.size);
    gnutls_free(changed.edited.data);
    gnutls_free(modulus.data);
    gnutls_free(usual.data);
    gnutls_free(der.data);
    buffer_free(&numbers);
}

/* GnuTLS would compute with it whether or not the certificate is verified, in TLS 1.3 before it
 * asks. */
CASE("a key that takes hours")
{
    static unsigned char huge[2000], none[1];
    static const struct {
        gnutls_datum_t exponent;
        const char *part;
    } rows[] = {
        {{huge, sizeof huge}, "showed a certificate whose key is too large; up to 16384 bits"},
        {{none, sizeof none}, "showed a certificate whose key is malformed or not supported"},
    };
    memset(huge, 0x11, sizeof huge);
    for (size_t i = 0; i < 4; i++) {
        struct buffer der = {0};
        put_exponent(&der, &rows[i / 2].exponent);
        const gnutls_datum_t shown = {buffer_content(&der), (unsigned)buffer_length(&der)};
        bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
        bench.options.maximum_version = i % 2 == 0 ? TLS_VERSION_1_3 : TLS_VERSION_1_2;
        bench.server_options.shown = &shown;
        bench_check_failure(ODBCSSL_ERROR_VERIFY_OTHER, rows[i / 2].part);
        buffer_free(&der);
    }
}

/* ServerHello of TLS 1.2 and a Certificate message with none in it. */
CASE("a server that shows no certificate")
{
    static const unsigned char hello[] = {0x16, 3, 3, 0, 56, 2, 0, 0, 45, 3, 3};
    static const unsigned char chosen[] = {0, 0xc0, 0x30, 0, 0, 5, 0xff, 1, 0, 1, 0};
    static const unsigned char certificate[] = {11, 0, 0, 3, 0, 0, 0};
    static const enum odbcssl_mode modes[] = {ODBCSSL_MODE_PREFER, ODBCSSL_MODE_VERIFY_FULL};
    for (size_t i = 0; i < 2; i++) {
        bench_begin(modes[i], bench_pki.ca_file);
        CHECK_FATAL(bench_open());
        struct buffer *input = tls_session_input(bench.client);
        tls_session_handshake(bench.client, &bench.error);
        buffer_append(input, hello, sizeof hello);
        buffer_append(input, (unsigned char[32]){1}, 32);
        buffer_append(input, chosen, sizeof chosen);
        buffer_append(input, certificate, sizeof certificate);
        CHECK_NUMBER(tls_session_handshake(bench.client, &bench.error), TLS_PROGRESS_FAILED);
        CHECK_NUMBER(bench.error.code, ODBCSSL_ERROR_UNTRUSTED);
        CHECK_CONTAINS(bench.error.text, "showed no certificate");
    }
}

CASE("an answer that is not TLS")
{
    static const char reply[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    CHECK_FATAL(bench_open());
    tls_session_handshake(bench.client, &bench.error);
    buffer_append(tls_session_input(bench.client), reply, sizeof reply - 1);
    CHECK_NUMBER(tls_session_handshake(bench.client, &bench.error), TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.error.code, ODBCSSL_ERROR_HANDSHAKE);
    CHECK_CONTAINS(bench.error.text, "not TLS");
}

CASE("a wish to renegotiate")
{
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    bench.options.maximum_version = TLS_VERSION_1_2;
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
    CHECK_NUMBER(gnutls_rehandshake(bench.server.session), GNUTLS_E_SUCCESS);
    CHECK_NUMBER(bench_read(), TLS_PROGRESS_FAILED);
    CHECK_CONTAINS(bench.error.text, "renegotiation, which is refused");
}

CASE("an altered record")
{
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
    buffer_clear(tls_session_input(bench.client));
    gnutls_record_send(bench.server.session, "hello", 5);
    struct buffer *input = tls_session_input(bench.client);
    buffer_content(input)[buffer_length(input) - 1] ^= 1;
    CHECK_NUMBER(bench_read(), TLS_PROGRESS_FAILED);
    CHECK_NUMBER(bench.error.code, ODBCSSL_ERROR_LINK_LOST);
}

SUITE("hostile servers", bench_set_up, bench_tear_down)

/* --- data --- */

CASE("one record per write, a new key between")
{
    static char sent[TLS_RECORD_SIZE], received[TLS_RECORD_SIZE];
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    size_t got = 0;
    memset(sent, 'a', sizeof sent);
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
    CHECK_NUMBER(bench_read(), TLS_PROGRESS_WANT_READ);
    /* One record: a header whose length is all that follows. */
    buffer_clear(tls_session_output(bench.client));
    CHECK_NUMBER(tls_session_write(bench.client, sent, sizeof sent, &bench.error),
                 TLS_PROGRESS_DONE);
    struct cursor cursor = cursor_over(buffer_content(tls_session_output(bench.client)),
                                       buffer_length(tls_session_output(bench.client)));
    cursor_bytes(&cursor, 3);
    size_t record = cursor_u16(&cursor);
    CHECK_NUMBER(record, cursor.left);
    CHECK_NUMBER(gnutls_record_recv(bench.server.session, received, sizeof received), sizeof sent);
    /* A new key on the way changes nothing. */
    CHECK_NUMBER(gnutls_session_key_update(bench.server.session, GNUTLS_KU_PEER), 0);
    CHECK_NUMBER(gnutls_record_send(bench.server.session, sent, 1000), 1000);
    CHECK(tls_session_is_pending(bench.client));
    CHECK_NUMBER(tls_session_read(bench.client, received, sizeof received, &got, &bench.error),
                 TLS_PROGRESS_DONE);
    CHECK_NUMBER(got, 1000);
    CHECK(!tls_session_is_pending(bench.client));
}

CASE("close_notify, both ways")
{
    bench_begin(ODBCSSL_MODE_REQUIRE, NULL);
    CHECK_NUMBER(bench_run(), TLS_PROGRESS_DONE);
    tls_session_close(bench.client);
    CHECK_NUMBER(gnutls_record_recv(bench.server.session, &(char){0}, 1), 0);
    gnutls_bye(bench.server.session, GNUTLS_SHUT_WR);
    CHECK_NUMBER(bench_read(), TLS_PROGRESS_CLOSED);
}

SUITE("data", bench_set_up, bench_tear_down)
