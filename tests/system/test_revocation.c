/*
 * Revocation, end to end: each outcome with its code, its bit and its words; that nothing but a
 * current, correctly signed CRL of each issuer will do; that a CRL that is replaced counts at the
 * next connection; and what each mode makes of a failed check.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/trust.h"

#define PLAINTEXT_HBA "\nhost all all 127.0.0.1/32 scram-sha-256"

/* "SslCrl=/folder/name (connection string)" */
static const char *named(const char *keyword, const char *name)
{
    return suite_text("%s=%s (connection string)", keyword, trust_path(name));
}

static bool connect_with(const char *mode, const char *crl, const char *more)
{
    return trust_connect("SslMode=%s;SslExpiryWarningDays=0;SslRootCert=%s;SslCrl=%s;%s", mode,
                         trust_path("root.pem"), trust_path(crl), more);
}

static void check_good(const char *crl, const char *more)
{
    connect_with("verify-full", crl, more);
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_STATUS(0);
    CHECK_NUMBER(odbc_info_number(&trust_session, SQL_SSL_CRL_STATUS), ODBCSSL_CRL_GOOD);
    CHECK_NUMBER(trust_result, SQL_SUCCESS);
}

/* ---- outcomes ---- */

/* What is wrong with a CRL; the other issuer's is good. */
struct outcome {
    const char *name;
    bool is_of_root; /* the root's CRL, which counts for the intermediate certificate */
    bool is_missing;
    bool is_forged;               /* signed with another key */
    bool lists;                   /* it lists the certificate */
    int this_update, next_update; /* days */
    const struct pki_extension *extensions;
    enum odbcssl_error code;
    unsigned bit;
    const char *part;
};

#define EXTENSION(name, oid, bytes)                                                                \
    static const struct pki_extension name[] = {{oid, true, bytes, sizeof bytes - 1}, {0}};
EXTENSION(unknown, "1.3.6.1.4.1.99999.1", "\x05\x00")
EXTENSION(delta, "2.5.29.27", "\x02\x01\x01")
EXTENSION(indirect, "2.5.29.28", "\x30\x03\x84\x01\xff")
EXTENSION(authorities_only, "2.5.29.28", "\x30\x03\x82\x01\xff")
EXTENSION(users_only, "2.5.29.28", "\x30\x03\x81\x01\xff")

#define FAILS(word, text) .code = ODBCSSL_ERROR_##word, .bit = ODBCSSL_VERIFY_##word, .part = text

static const struct outcome outcomes[] = {
    {.name = "revoked", .lists = true, FAILS(REVOKED, "was revoked on 20")},
    {.name = "revoked-above",
     .is_of_root = true,
     .lists = true,
     FAILS(REVOKED, "was revoked on 20")},
    {.name = "missing", .is_missing = true, FAILS(NO_CRL, "there is no CRL of CN=Intermediate CA")},
    {.name = "missing-above",
     .is_of_root = true,
     .is_missing = true,
     FAILS(NO_CRL, "there is no CRL of CN=Root CA")},
    {.name = "expired",
     .this_update = -20,
     .next_update = -10,
     FAILS(CRL_EXPIRED, "expired on 20")},
    {.name = "expired-above",
     .is_of_root = true,
     .this_update = -20,
     .next_update = -10,
     FAILS(CRL_EXPIRED, "expired on 20")},
    {.name = "future", .this_update = 3, FAILS(CRL_NOT_YET_VALID, "is valid only from 20")},
    {.name = "forged",
     .is_forged = true,
     FAILS(CRL_BAD_SIGNATURE, "was not signed with its issuer's key")},
    /* Whoever forges a CRL must not be able to revoke either. */
    {.name = "forged-listing",
     .is_forged = true,
     .lists = true,
     FAILS(CRL_BAD_SIGNATURE, "was not signed with its issuer's key")},
    {.name = "unknown", .extensions = unknown, FAILS(CRL_CRITICAL_EXTENSION, "critical extension")},
    {.name = "delta", .extensions = delta, FAILS(CRL_DELTA, "delta CRL")},
    {.name = "indirect", .extensions = indirect, FAILS(CRL_INDIRECT, "indirect CRL")},
    {.name = "scope", .extensions = authorities_only, FAILS(CRL_SCOPE, "does not cover")},
    {.name = "scope-above",
     .is_of_root = true,
     .extensions = users_only,
     FAILS(CRL_SCOPE, "does not cover")},
};

static const char *subject_of(const struct outcome *outcome)
{
    return outcome->is_of_root ? "CA certificate CN=Intermediate CA (serial "
                               : "server certificate CN=db1 (serial 01:01)";
}

static bool write_outcome(const struct outcome *outcome)
{
    const struct fixture *fixture = &trust_fixture;
    const struct pki_certificate *issuer =
        outcome->is_of_root ? fixture->root : fixture->intermediate;
    const struct pki_revoked listed = {
        .certificate = outcome->is_of_root ? fixture->intermediate : fixture->server, .reason = 1};
    const struct pki_crl_spec bad = {.issuer = issuer,
                                     .signer = outcome->is_forged ? fixture->other : NULL,
                                     .revoked = outcome->lists ? &listed : NULL,
                                     .revoked_count = outcome->lists,
                                     .this_update = {.days = outcome->this_update},
                                     .next_update = {.days = outcome->next_update},
                                     .number = 7,
                                     .extensions = outcome->extensions};
    const struct pki_crl_spec good = {.issuer = outcome->is_of_root ? fixture->intermediate
                                                                    : fixture->root};
    return fixture_write_crl(fixture, "outcome.pem", &good, outcome->is_missing ? NULL : &bad);
}

static void check_outcome_refused(const struct outcome *outcome, const char *mode)
{
    connect_with(mode, "outcome.pem", "");
    CHECK_REFUSED(outcome->code, outcome->part, subject_of(outcome),
                  named("SslCrl", "outcome.pem"));
    if (outcome->code == ODBCSSL_ERROR_REVOKED)
        CHECK_REFUSED(outcome->code, "(keyCompromise) according to");
}

/* The connection stands, and what failed is told. */
static void check_outcome_reported(const struct outcome *outcome, const char *mode)
{
    const char *words = suite_text("SslMode=%s does not enforce", mode);
    connect_with(mode, "outcome.pem", "");
    CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
    CHECK_STATUS(outcome->bit);
    CHECK_NUMBER(odbc_info_number(&trust_session, SQL_SSL_CRL_STATUS), ODBCSSL_CRL_NOT_GOOD);
    CHECK_NUMBER(trust_result, SQL_SUCCESS_WITH_INFO);
    CHECK_WARNED(ODBCSSL_WARNING_VERIFICATION, words, outcome->part, subject_of(outcome),
                 named("SslCrl", "outcome.pem"));
}

CASE("each outcome in each mode")
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        printf("# %s\n", outcomes[i].name);
        CHECK_FATAL(write_outcome(&outcomes[i]));
        check_outcome_refused(&outcomes[i], "verify-full");
        check_outcome_refused(&outcomes[i], "verify-ca");
        check_outcome_refused(&outcomes[i], "require");
        check_outcome_reported(&outcomes[i], "prefer");
        check_outcome_reported(&outcomes[i], "allow");
    }
}

/* Of a list that does not say when its successor comes nobody knows whether it is current. */
CASE("a CRL without an end")
{
    const struct pki_crl_spec root = {.issuer = trust_fixture.root};
    const struct pki_crl_spec endless = {.issuer = trust_fixture.intermediate,
                                         .omit_next_update = true};
    CHECK_FATAL(fixture_write_crl(&trust_fixture, "endless.pem", &root, &endless));
    connect_with("verify-full", "endless.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_CRL_EXPIRED, "nextUpdate", named("SslCrl", "endless.pem"));
}

/* ---- files ---- */

static void check_file(const char *crl, enum odbcssl_error code, const char *part)
{
    static const char *const modes[] = {"verify-full", "require", "prefer", "allow"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        connect_with(modes[i], crl, "");
        CHECK_REFUSED(code, named("SslCrl", crl), part);
    }
}

/* Who names a CRL wants it used: no mode goes on without it. */
CASE("files that are no CRL")
{
    CHECK_FATAL(pki_write_file(trust_path("empty.crl"), "", 0, 0644));
    CHECK_FATAL(pki_write_file(trust_path("garbage.crl"), "garbage\n", 8, 0644));
    CHECK_FATAL(pki_write_file(trust_path("binary.crl"), "\x30\x82\x01\x00\x05", 5, 0644));
    CHECK_FATAL(trust_run("head -c 200 crl.pem > cut.crl"));
    CHECK_FATAL(trust_run("{ cat crl.pem; echo '-----BEGIN X509 CRL-----'; echo 'AAAA'; echo "
                          "'-----END X509 CRL-----'; } > half.crl"));
    check_file("nothing.crl", ODBCSSL_ERROR_FILE_UNREADABLE, "No such file");
    check_file("empty.crl", ODBCSSL_ERROR_FILE_MALFORMED, "the file is empty");
    check_file("garbage.crl", ODBCSSL_ERROR_CRL_UNREADABLE, "there is no CRL in it");
    check_file("binary.crl", ODBCSSL_ERROR_CRL_UNREADABLE, "cannot be read");
    check_file("cut.crl", ODBCSSL_ERROR_CRL_UNREADABLE, "has no end");
    check_file("half.crl", ODBCSSL_ERROR_CRL_UNREADABLE, "cannot be read");
    check_file("root.pem", ODBCSSL_ERROR_CRL_UNREADABLE, "only certificates");
    CHECK_FATAL(mkdir(trust_path("folder.crl"), 0755) == 0);
    check_file("folder.crl", ODBCSSL_ERROR_FILE_UNREADABLE, "SslCrlDir takes a folder");
    if (geteuid() != 0) {
        CHECK_FATAL(trust_run("cp crl.pem closed.crl; chmod 000 closed.crl"));
        check_file("closed.crl", ODBCSSL_ERROR_FILE_UNREADABLE, "Permission denied");
    }
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCrl=crl.pem", trust_path("root.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_PATH_RELATIVE, "SslCrl=crl.pem (connection string)");
}

static bool write_der(const char *name, const struct pki_certificate *issuer)
{
    struct buffer der = {0};
    bool is_good = pki_crl(&(struct pki_crl_spec){.issuer = issuer}, &der) &&
                   pki_write_crl_der(trust_path(name), &der);
    buffer_free(&der);
    return is_good;
}

CASE("PEM, DER and several in one file")
{
    CHECK_FATAL(write_der("leaf.crl", trust_fixture.intermediate));
    check_good("crl.pem", "");
    check_good("leaf.crl", "SslCrlCheck=leaf;");
    connect_with("verify-full", "leaf.crl", "SslCrlCheck=chain;");
    CHECK_REFUSED(ODBCSSL_ERROR_NO_CRL, "there is no CRL of CN=Root CA",
                  "CA certificate CN=Intermediate CA", "(SslCrlCheck=chain)",
                  named("SslCrl", "leaf.crl"));
    /* Among other issuers' lists, and an older one of the same issuer. */
    CHECK_FATAL(trust_run(
        "openssl crl -inform DER -in leaf.crl -out leaf.pem; cat leaf.pem crl.pem > several.pem"));
    check_good("several.pem", "");
}

CASE("the leaf only")
{
    const struct pki_revoked listed = {.certificate = trust_fixture.intermediate};
    const struct pki_crl_spec root = {
        .issuer = trust_fixture.root, .revoked = &listed, .revoked_count = 1};
    const struct pki_crl_spec intermediate = {.issuer = trust_fixture.intermediate};
    CHECK_FATAL(fixture_write_crl(&trust_fixture, "above.pem", &root, &intermediate));
    check_good("above.pem", "SslCrlCheck=leaf;");
    connect_with("verify-full", "above.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_REVOKED, "CA certificate CN=Intermediate CA", "(unspecified)");
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCrl=%s;SslCrlCheck=all",
                  trust_path("root.pem"), trust_path("crl.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_KEYWORD_VALUE, "SslCrlCheck=all (connection string)",
                  "chain, leaf");
}

/* ---- a folder ---- */

static void connect_folder(const char *more)
{
    trust_connect("SslMode=verify-full;SslExpiryWarningDays=0;SslRootCert=%s;SslCrlDir=%s;%s",
                  trust_path("root.pem"), trust_path("crls"), more);
}

CASE("a folder of CRLs")
{
    CHECK_FATAL(mkdir(trust_path("crls"), 0755) == 0);
    connect_folder("");
    CHECK_REFUSED(ODBCSSL_ERROR_CRL_UNREADABLE, named("SslCrlDir", "crls"), "no file");
    CHECK_FATAL(write_der("crls/a.crl", trust_fixture.intermediate));
    connect_folder("");
    CHECK_REFUSED(ODBCSSL_ERROR_NO_CRL, "CN=Root CA", named("SslCrlDir", "crls"));
    /* The rest in a file beside it. */
    CHECK_FATAL(write_der("beside.crl", trust_fixture.root));
    connect_folder(suite_text("SslCrl=%s;", trust_path("beside.crl")));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    /* A file that is put there counts at the next connection. */
    CHECK_FATAL(write_der("crls/b.crl", trust_fixture.root));
    connect_folder("");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(odbc_info_number(&trust_session, SQL_SSL_CRL_STATUS), ODBCSSL_CRL_GOOD);
    CHECK_FATAL(trust_run("cp crl-revoked.pem crls/c.pem"));
    connect_folder("");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    /* A broken file may be the one that revokes. */
    CHECK_FATAL(pki_write_file(trust_path("crls/d.crl"), "garbage\n", 8, 0644));
    connect_folder("");
    CHECK_REFUSED(ODBCSSL_ERROR_CRL_UNREADABLE, named("SslCrlDir", "crls/d.crl"));
    remove(trust_path("crls/d.crl"));
    connect_folder("");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    trust_connect("SslMode=verify-full;SslRootCert=%s;SslCrlDir=%s", trust_path("root.pem"),
                  trust_path("nowhere"));
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_UNREADABLE, named("SslCrlDir", "nowhere"), "No such file");
}

/* ---- replaced while the process runs ---- */

static bool publish(bool is_revoked)
{
    const struct pki_revoked listed = {.certificate = trust_fixture.server, .reason = 4};
    const struct pki_crl_spec root = {.issuer = trust_fixture.root};
    const struct pki_crl_spec intermediate = {.issuer = trust_fixture.intermediate,
                                              .revoked = is_revoked ? &listed : NULL,
                                              .revoked_count = is_revoked};
    return fixture_write_crl(&trust_fixture, "live.pem", &root, &intermediate);
}

static bool publish_garbage(void)
{
    return pki_write_file(trust_path("live.new"), "broken by a full disk\n", 22, 0644) &&
           rename(trust_path("live.new"), trust_path("live.pem")) == 0;
}

CASE("replaced while the process runs")
{
    static struct odbc_session earlier;
    CHECK_FATAL(publish(false));
    check_good("live.pem", "");
    /* A connection that stands goes on; the next one is refused. */
    earlier = trust_session;
    trust_session = (struct odbc_session){0};
    CHECK_FATAL(publish(true));
    connect_with("verify-full", "live.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_REVOKED, "CN=db1 (serial 01:01)", "(superseded)",
                  named("SslCrl", "live.pem"));
    CHECK(odbc_query(&earlier, "select 'alive'"));
    CHECK_TEXT(earlier.value, "alive");
    odbc_close(&earlier);
    CHECK_FATAL(publish(false));
    check_good("live.pem", "");
    /* What cannot be read refuses: the old list is not kept. */
    CHECK_FATAL(publish_garbage());
    connect_with("verify-full", "live.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_CRL_UNREADABLE, named("SslCrl", "live.pem"));
    connect_with("verify-full", "live.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_CRL_UNREADABLE, named("SslCrl", "live.pem"));
    CHECK_FATAL(publish(false));
    check_good("live.pem", "");
    remove(trust_path("live.pem"));
    connect_with("verify-full", "live.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_FILE_UNREADABLE, named("SslCrl", "live.pem"));
    CHECK_FATAL(publish(true));
    connect_with("verify-full", "live.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_REVOKED, named("SslCrl", "live.pem"));
}

/* Written over in place, with the same size and within the same second. */
CASE("overwritten in place")
{
    static char bytes[65536];
    size_t size = suite_read(trust_path("crl.pem"), bytes, sizeof bytes);
    CHECK_FATAL(size > 0);
    CHECK_FATAL(pki_write_file(trust_path("place.pem"), bytes, size, 0644));
    check_good("place.pem", "");
    memcpy(bytes, "*****", 5);
    CHECK_FATAL(pki_write_file(trust_path("place.pem"), bytes, size, 0644));
    connect_with("verify-full", "place.pem", "");
    CHECK(trust_session.statement == NULL);
}

/* ---- modes ---- */

/* The server takes plaintext as well: no failed check leads there. */
CASE("no fallback after a failed check")
{
    CHECK_FATAL(fixture_start(&trust_fixture, "server", FIXTURE_HBA PLAINTEXT_HBA, false));
    connect_with("prefer", "crl.pem", "");
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_VERIFIED);
    const char *pin = suite_text("SslPin=sha256:%064d;", 0);
    connect_with("prefer", "crl.pem", pin);
    CHECK_REFUSED(ODBCSSL_ERROR_PIN, "CN=db1", "SslPin");
    CHECK_FATAL(publish(true));
    connect_with("prefer", "live.pem", pin);
    CHECK_REFUSED(ODBCSSL_ERROR_PIN, "CN=db1", "SslPin");
    connect_with("prefer", "live.pem", "");
    CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
    CHECK_STATUS(ODBCSSL_VERIFY_REVOKED);
    connect_with("require", "live.pem", "");
    CHECK_REFUSED(ODBCSSL_ERROR_REVOKED, "CN=db1");
    CHECK_FATAL(fixture_start(&trust_fixture, "server", FIXTURE_HBA, false));
}

/* Without trust nobody can say whose CRL it is, and a CRL that is named is not passed over. */
CASE("without trust anchors")
{
    static const char *const modes[] = {"allow", "prefer", "require"};
    for (size_t i = 0; i < 3; i++) {
        trust_connect("SslMode=%s;SslCrl=%s", modes[i], trust_path("crl.pem"));
        CHECK_REFUSED(ODBCSSL_ERROR_TRUST_MISSING, named("SslCrl", "crl.pem"), "set SslRootCert");
    }
    trust_connect("SslMode=require");
    CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
    CHECK_NUMBER(odbc_info_number(&trust_session, SQL_SSL_CRL_STATUS), ODBCSSL_CRL_NOT_CHECKED);
    CHECK_WARNED(ODBCSSL_WARNING_UNVERIFIED, "localhost", "SslMode=require");
    /* Plaintext has no certificate: the CRL is not even looked at. */
    trust_connect("SslMode=disable;SslCrl=%s", trust_path("nothing.crl"));
    CHECK(trust_session.statement == NULL);
}

/* Who names a CA and a CRL without a mode wants them used: nothing less than verify-full. */
CASE("the mode without SslMode")
{
    CHECK_FATAL(publish(true));
    trust_connect("SslRootCert=%s;SslCrl=%s", trust_path("root.pem"), trust_path("live.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_REVOKED, "CN=db1", named("SslCrl", "live.pem"));
    trust_connect("SslRootCert=%s;SslServerName=other.example.com", trust_path("root.pem"));
    CHECK_REFUSED(ODBCSSL_ERROR_HOST, "other.example.com");
    trust_connect("SslRootCert=%s", trust_path("root.pem"));
    CHECK_CONNECTED(ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER((int)odbc_info_number(&trust_session, SQL_SSL_CLIENT_CERT_DAYS_LEFT), -1);
    /* What the environment says was not said for this connection: it is checked, and told. */
    setenv("PGSSLROOTCERT", trust_path("other.pem"), 1);
    for (int i = 0; i < 2; i++) {
        trust_connect("SslExpiryWarningDays=0");
        CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
        CHECK_WARNED(ODBCSSL_WARNING_VERIFICATION, "SslMode=prefer does not enforce",
                     "issued by CN=Root CA", "other.pem", "environment PGSSLROOTCERT");
    }
    unsetenv("PGSSLROOTCERT");
}

/* Two checks that fail at once: both bits, and the more telling one is told. */
CASE("several failures")
{
    CHECK_FATAL(publish(true));
    connect_with("prefer", "live.pem", "SslServerName=other.example.com;");
    CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
    CHECK_STATUS(ODBCSSL_VERIFY_REVOKED);
    connect_with("verify-full", "live.pem", "SslServerName=other.example.com;");
    CHECK_REFUSED(ODBCSSL_ERROR_REVOKED, "CN=db1");
    trust_connect("SslMode=prefer;SslRootCert=%s;SslCrl=%s", trust_path("other.pem"),
                  trust_path("live.pem"));
    CHECK_CONNECTED(ODBCSSL_STATE_ENCRYPTED);
    CHECK_STATUS(ODBCSSL_VERIFY_UNTRUSTED);
    CHECK_WARNED(ODBCSSL_WARNING_VERIFICATION, "issued by CN=Root CA", "other.pem");
}

static int set_up(void)
{
    return trust_open(NULL, NULL) == 0 &&
                   fixture_start(&trust_fixture, "server", FIXTURE_HBA, false)
               ? 0
               : -1;
}

SUITE("revocation", set_up, trust_close)
