/*
 * Servers that mean harm, or are broken: each is refused with the reason, in every mode that speaks
 * TLS, and gets no login. What they send is not kept in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/der.h"
#include "support/hostile_server.h"
#include "system/trust.h"

#define HBA "hostssl all all 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256"
#define HUGE_SIZE ((size_t)10 * 1024 * 1024)
#define LONG_CHAIN 200
#define MEMORY_LIMIT_KB 6000

static struct hostile_server *server;
static const struct pki_certificate *honest[3];

/* ---- the server ---- */

static void start(enum hostile_behaviour behaviour, const struct pki_certificate *const *chain)
{
    const struct hostile_options options = {.behaviour = behaviour, .chain = chain};
    hostile_stop(&server);
    server = hostile_start(&options);
    CHECK_FATAL(server != NULL);
}

static bool connect_to(unsigned port, const char *mode, const char *more)
{
    return trust_connect("Port=%u;SslMode=%s;SslRootCert=%s;%s", port, mode, trust_path("root.pem"),
                         more);
}

static bool connect_with(const char *mode, const char *more)
{
    return connect_to(hostile_port(server), mode, more);
}

/* prefer among them: what is wrong with TLS is no reason to go on without it. */
static const char *const modes[] = {"verify-full", "require", "prefer"};

static void check_modes(enum odbcssl_error code, const char *first, const char *second)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        connect_with(modes[i], "");
        CHECK_REFUSED(code, first, second);
    }
    CHECK_NUMBER(hostile_observe(server)->connections, 3);
}

/* ---- before and instead of TLS ---- */

CASE("garbage instead of TLS")
{
    start(HOSTILE_GARBAGE, honest);
    check_modes(ODBCSSL_ERROR_HANDSHAKE, "localhost", "not TLS");
}

CASE("plaintext behind the consent to TLS")
{
    start(HOSTILE_EARLY, honest);
    check_modes(ODBCSSL_ERROR_EARLY_PLAINTEXT, "9 unencrypted bytes", "consent to TLS");
}

CASE("the end instead of TLS")
{
    start(HOSTILE_LEAVES, honest);
    check_modes(ODBCSSL_ERROR_HANDSHAKE, "localhost", "during the TLS handshake");
}

CASE("nothing instead of TLS")
{
    start(HOSTILE_HANGS, honest);
    connect_with("verify-full", "SslTimeout=1;");
    CHECK_REFUSED(ODBCSSL_ERROR_TIMEOUT, "localhost",
                  "time-out of 1 seconds (SslTimeout, connection string",
                  "waiting for the TLS handshake");
}

/* ---- after the handshake ---- */

CASE("the end without close_notify")
{
    start(HOSTILE_TRUNCATES, honest);
    check_modes(ODBCSSL_ERROR_TRUNCATED, "localhost", "close_notify");
    CHECK_NUMBER(hostile_observe(server)->startups, 3);
}

/* The honest one: its words come through, and the login goes to no other. */
CASE("a refused login")
{
    start(HOSTILE_REFUSES, honest);
    connect_with("verify-full", "");
    CHECK(trust_session.statement == NULL);
    CHECK_CONTAINS(trust_session.diagnostics, "nobody logs in here");
    CHECK_NUMBER(hostile_observe(server)->startups, 1);
    /* Untrusted, it does not even learn the user's name. */
    trust_connect("Port=%u;SslMode=verify-full;SslRootCert=%s", hostile_port(server),
                  trust_path("other.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_ISSUER_UNKNOWN, "CN=Root CA");
    CHECK_NUMBER(hostile_observe(server)->startups, 1);
}

/* ---- certificates ---- */

/* Of this process, in KiB, the most since the last reset. */
static long peak_memory(void)
{
    char line[256];
    long peak = -1;
    FILE *status = fopen("/proc/self/status", "re");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "VmHWM: %ld", &peak);
    if (status != NULL)
        fclose(status);
    return peak;
}

static bool reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "we");
    bool is_reset = file != NULL && fputs("5", file) >= 0;
    if (file != NULL)
        is_reset = fclose(file) == 0 && is_reset;
    return is_reset;
}

static void check_memory(unsigned port, enum odbcssl_error code, const char *part)
{
    connect_to(port, "verify-full", ""); /* the first one pays for what is loaded once */
    bool is_reset = reset_peak();
    long before = peak_memory();
    connect_to(port, "verify-full", "");
    long grown = peak_memory() - before;
    CHECK_REFUSED(code, "localhost", part);
    connect_to(port, "prefer", "");
    CHECK_REFUSED(code, "localhost", part);
    printf("# peak memory grew by %ld KiB\n", grown);
    if (is_reset && before > 0)
        CHECK(grown < MEMORY_LIMIT_KB);
}

/* A real server with it: GnuTLS would not send so large a certificate. */
CASE("a certificate of 10 MB")
{
    unsigned char *filler = malloc(HUGE_SIZE);
    CHECK_FATAL(filler != NULL);
    memset(filler, 'x', HUGE_SIZE);
    filler[0] = 0x04; /* OCTET STRING */
    filler[1] = 0x84;
    for (int i = 0; i < 4; i++)
        filler[2 + i] = (unsigned char)((HUGE_SIZE - 6) >> (24 - 8 * i));
    const struct pki_extension extensions[] = {{"1.3.6.1.4.1.99999.2", false, filler, HUGE_SIZE},
                                               {0}};
    const struct pki_spec huge = {.common_name = "huge",
                                  .issuer = trust_fixture.root,
                                  .dns = PKI_LIST("localhost"),
                                  .extensions = extensions};
    bool is_issued = fixture_issue(&trust_fixture, "huge", &huge, NULL);
    free(filler);
    CHECK_FATAL(is_issued && fixture_start(&trust_fixture, "huge", HBA, false));
    check_memory(fixture_port(&trust_fixture), ODBCSSL_ERROR_HANDSHAKE, "128 KiB");
}

CASE("a chain of 200 certificates")
{
    struct pki_certificate *certificates[LONG_CHAIN + 1] = {NULL};
    const struct pki_certificate *chain[LONG_CHAIN + 1] = {NULL};
    for (int i = LONG_CHAIN - 1; i >= 0; i--) {
        const char *name = suite_text("link %d", i);
        certificates[i] = pki_issue(&(struct pki_spec){
            .common_name = name,
            .issuer = i == LONG_CHAIN - 1 ? trust_fixture.root : certificates[i + 1],
            .dns = i == 0 ? PKI_LIST("localhost") : NULL,
            .is_ca = i > 0});
        CHECK_FATAL(certificates[i] != NULL);
        chain[i] = certificates[i];
    }
    start(HOSTILE_REFUSES, chain);
    check_memory(hostile_port(server), ODBCSSL_ERROR_VERIFY_OTHER, "200 certificates");
    CHECK_NUMBER(hostile_observe(server)->startups, 0);
}

/* dNSNames, the last one the right one; put together here, as GnuTLS takes a minute for it. */
static bool make_names(size_t count, struct buffer *out)
{
    struct buffer names = {0};
    for (size_t i = 1; i < count; i++) {
        der_put_text(&names, DER_CONTEXT + 2, suite_text("n%zu.example", i));
    }
    der_put_text(&names, DER_CONTEXT + 2, "localhost");
    der_wrap(out, DER_SEQUENCE, &names);
    return buffer_length(out) > 9 * count;
}

/* Names enough to keep a verifier busy; so many as are borne are all looked at. */
static void check_names(size_t count)
{
    struct buffer names = {0};
    CHECK_FATAL(make_names(count, &names));
    const struct pki_extension extensions[] = {
        {"2.5.29.17", false, buffer_content(&names), buffer_length(&names)}, {0}};
    struct pki_certificate *many = pki_issue(&(struct pki_spec){
        .common_name = "many", .issuer = trust_fixture.root, .extensions = extensions});
    buffer_free(&names);
    CHECK_FATAL(many != NULL);
    const struct pki_certificate *const chain[] = {many, NULL};
    start(HOSTILE_REFUSES, chain);
    connect_with("verify-full", "");
    CHECK(trust_session.statement == NULL);
}

CASE("a certificate with 3000 names")
{
    check_names(3000);
    CHECK_REFUSED(ODBCSSL_ERROR_VERIFY_OTHER, "more than 1000");
    CHECK_NUMBER(hostile_observe(server)->startups, 0);
    check_names(1000);
    CHECK_CONTAINS(trust_session.diagnostics, "nobody logs in here");
}

/* A certificate that anybody can make: the right name, and nobody's signature. */
CASE("a self-signed certificate")
{
    struct pki_certificate *self = pki_issue(&(struct pki_spec){
        .common_name = "localhost", .dns = PKI_LIST("localhost"), .serial = "77"});
    CHECK_FATAL(self != NULL);
    const struct pki_certificate *const chain[] = {self, NULL};
    start(HOSTILE_REFUSES, chain);
    connect_with("verify-full", "");
    CHECK_REFUSED(ODBCSSL_ERROR_SELF_SIGNED, "CN=localhost (serial 77)", "self-signed",
                  trust_path("root.pem"));
    CHECK_NUMBER(hostile_observe(server)->startups, 0);
}

/* The right names in the wrong hands: signed by a server's certificate, which is no CA's. */
CASE("a certificate signed by a server's")
{
    struct pki_certificate *below = pki_issue(&(struct pki_spec){
        .common_name = "below", .issuer = trust_fixture.server, .dns = PKI_LIST("localhost")});
    CHECK_FATAL(below != NULL);
    const struct pki_certificate *const chain[] = {below, trust_fixture.server,
                                                   trust_fixture.intermediate, NULL};
    start(HOSTILE_REFUSES, chain);
    connect_with("verify-full", "");
    CHECK_REFUSED(ODBCSSL_ERROR_CONSTRAINT, "CN=db1 (serial 01:01)", "CA");
    CHECK_NUMBER(hostile_observe(server)->startups, 0);
}

static int set_up(void)
{
    if (trust_open(NULL, NULL) != 0)
        return -1;
    honest[0] = trust_fixture.server;
    honest[1] = trust_fixture.intermediate;
    return 0;
}

static int tear_down(void)
{
    hostile_stop(&server);
    return trust_close();
}

SUITE("hostile", set_up, tear_down)
