/*
 * test_memory.c - memory runs out at every single allocation: what was to be loaded is refused for
 * want of memory, what was to be refused is not accepted, and nothing is left behind (which the
 * leak check sees).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/settings.h"
#include "support/failing_memory.h"
#include "support/gaussdb_files.h"
#include "support/tools.h"
#include "tls/credentials_load.h"
#include "unit/verify_world.h"

/* Does its work once, with what was made before; false with error set. sum: of what came of it, to
 * see that nothing is missing. */
struct trial {
    const char *name;
    bool (*run)(const void *about, size_t *sum, struct error *error);
    const void *about;
    enum odbcssl_error code; /* NONE: it succeeds */
};

/* Succeeds as it does with memory: a block was not made smaller, or the like. */
static bool is_whole(const struct trial *trial, bool is_good, size_t sum, size_t whole)
{
    return trial->code == ODBCSSL_ERROR_NONE && is_good && sum == whole;
}

static size_t try_round(const struct trial *trial, size_t whole)
{
    struct error error;
    size_t sum = 0;
    error_clear(&error);
    memory_arm();
    bool is_good = trial->run(trial->about, &sum, &error);
    memory_disarm();
    bool is_starved = memory_was_out() && !is_good && error.code == ODBCSSL_ERROR_MEMORY;
    bool is_refused = !is_good && error.code == trial->code;
    if (!memory_was_out())
        whole = sum;
    if (!is_starved && !is_refused && !is_whole(trial, is_good, sum, whole))
        CHECK_TEXT(suite_text("%s: error %d, %s", is_good ? "accepted" : "refused", error.code,
                              error.text),
                   suite_text("%s, %s", trial->name, memory_round()));
    return whole;
}

static void try_all(const struct trial *trials, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned rounds = 0;
        size_t whole = 0;
        for (memory_begin(); memory_next(); rounds++)
            whole = try_round(&trials[i], whole);
        CHECK(rounds > 3);
    }
}

#define TRY(trials) try_all(trials, sizeof(trials) / sizeof(trials)[0])

/* --- files --- */

static char *directory;
static bool has_openssl, has_keytool;

static char *path_of(const char *name)
{
    return suite_text("%s/%s", directory, name);
}

static bool write_crl(const char *name, const struct pki_certificate *issuer)
{
    struct buffer crl = {0};
    const struct pki_revoked revoked = {.serial = "0B"};
    bool is_written = pki_crl(&(struct pki_crl_spec){.issuer = issuer,
                                                     .revoked = &revoked,
                                                     .revoked_count = 1,
                                                     .number = 1},
                              &crl) &&
                      pki_write_crl_pem(path_of(name), &crl);
    buffer_free(&crl);
    return is_written;
}

static bool write_files(void)
{
    return pki_write_pem(path_of("root.pem"), world.root, world.middle, NULL) &&
           pki_write_pem(path_of("client.pem"), world.server, world.middle, NULL) &&
           pki_write_key_pem(path_of("client.key"), world.server) &&
           pki_write_key_pem(path_of("other.key"), world.root) &&
           pki_write_key_pkcs8(path_of("client.p8"), world.server, "Gauss@123") &&
           write_crl("root.crl", world.root) && mkdir(path_of("anchors"), 0700) == 0 &&
           pki_write_pem(path_of("anchors/a.pem"), world.root, NULL) &&
           pki_write_der(path_of("anchors/b.der"), world.middle) &&
           mkdir(path_of("crls"), 0700) == 0 && write_crl("crls/a.r0", world.root) &&
           write_crl("crls/b.r0", world.middle);
}

/* Stores are made with the programs that people make them with. */
static bool write_stores(void)
{
    has_openssl = tools_run(directory, "command -v openssl >/dev/null");
    has_keytool = has_openssl && tools_run(directory, "command -v keytool >/dev/null");
    return (!has_openssl ||
            (gaussdb_write_password_files(directory, "client", "Gauss@123") &&
             tools_run(directory, "openssl pkcs12 -export -in client.pem -inkey client.key -name a "
                                  "-out a.p12 -passout pass:secret && openssl crl2pkcs7 -nocrl "
                                  "-certfile root.pem -out root.p7b && chmod 600 a.p12"))) &&
           (!has_keytool ||
            tools_run(directory, "keytool -importkeystore -srckeystore a.p12 -srcstorepass secret "
                                 "-destkeystore a.jks -deststoretype JKS -deststorepass secret "
                                 ">/dev/null 2>&1 && chmod 600 a.jks"));
}

static int set_up(void)
{
    directory = pki_temp_dir();
    return directory == NULL || world_set_up() != 0 || !write_files() || !write_stores();
}

static int tear_down(void)
{
    pki_temp_dir_remove(&directory);
    return 0;
}

/* Names of files in the directory; NULL: not set. */
struct files {
    const char *root_cert, *crl, *crl_dir, *cert, *key, *password;
};

static struct option option_of(const char *keyword, const char *name)
{
    static char paths[5][4096];
    static unsigned next;
    if (name == NULL)
        return (struct option){0};
    char *path = paths[next++ % 5];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return (struct option){path, keyword, (char *)"test"};
}

static bool load(const void *about, size_t *sum, struct error *error)
{
    const struct files *files = about;
    const struct tls_options options = {
        .mode = ODBCSSL_MODE_VERIFY_FULL,
        .root_cert = option_of("SslRootCert", files->root_cert),
        .crl = option_of("SslCrl", files->crl),
        .crl_dir = option_of("SslCrlDir", files->crl_dir),
        .cert = option_of("SslCert", files->cert),
        .key = option_of("SslKey", files->key),
        .password = {(char *)files->password, "SslPassword", (char *)"test"}};
    struct error errors[CREDENTIALS_PART_COUNT];
    struct credentials credentials = {0};
    struct watch watch = {0};
    for (size_t i = 0; i < CREDENTIALS_PART_COUNT; i++)
        error_clear(&errors[i]);
    bool is_loaded = credentials_load(&options, "alice", &watch, &credentials, errors);
    for (size_t i = 0; i < CREDENTIALS_PART_COUNT; i++)
        error_copy(error, &errors[i]);
    *sum = watch.count + credentials.identity.chain_count;
    *sum += credentials.trust != NULL ? credentials.trust->anchors.count : 0;
    for (size_t i = 0; i < credentials.crls.count; i++)
        *sum += 1 + credentials.crls.items[i]->index.count;
    credentials_unload(&credentials);
    watch_free(&watch);
    return is_loaded;
}

#define LOAD(name, code, ...)                                                                      \
    {                                                                                              \
        name, load, &(const struct files){__VA_ARGS__}, ODBCSSL_ERROR_##code                       \
    }

CASE("credentials")
{
    const struct trial trials[] = {
        LOAD("files", NONE, .root_cert = "root.pem", .crl = "root.crl", .cert = "client.pem",
             .key = "client.key"),
        LOAD("folders", NONE, .root_cert = "anchors", .crl_dir = "crls"),
        LOAD("a key of another certificate", KEY_MISMATCH, .root_cert = "root.pem",
             .cert = "client.pem", .key = "other.key"),
        LOAD("no CRL", CRL_UNREADABLE, .root_cert = "root.pem", .crl = "root.pem"),
    };
    TRY(trials);
}

CASE("stores and encrypted keys")
{
    const struct trial openssl[] = {
        LOAD("PKCS#12", NONE, .root_cert = "root.pem", .cert = "a.p12", .password = "secret"),
        LOAD("PKCS#7", NONE, .root_cert = "root.p7b"),
        LOAD("a wrong password", STORE_PASSWORD, .root_cert = "root.pem", .cert = "a.p12",
             .password = "wrong"),
        LOAD("PKCS#8", NONE, .root_cert = "root.pem", .cert = "client.pem", .key = "client.p8",
             .password = "Gauss@123"),
        LOAD("GaussDB's password files", NONE, .root_cert = "root.pem", .cert = "client.pem",
             .key = "client.p8")};
    const struct trial keytool[] = {
        LOAD("JKS", NONE, .root_cert = "root.pem", .cert = "a.jks", .password = "secret"),
        LOAD("a JKS with a wrong password", STORE_ALTERED, .root_cert = "root.pem", .cert = "a.jks",
             .password = "wrong")};
    if (!has_openssl)
        suite_skip("openssl is not installed");
    else
        TRY(openssl);
    if (has_keytool)
        TRY(keytool);
}

/* --- verification --- */

static bool verify(const void *about, size_t *sum, struct error *error)
{
    struct verify_result result;
    bool is_accepted = verify_chain(about, &result);
    error_copy(error, verify_error(&result));
    *sum = result.path_count;
    verify_result_free(&result);
    return is_accepted;
}

static struct verify_request request_of(gnutls_datum_t *chain, const struct trust *trust,
                                        const struct crl_set *crls)
{
    return (struct verify_request){.chain = chain,
                                   .chain_count = 2,
                                   .trust = trust,
                                   .crls = crls,
                                   .crl_name = "SslCrl=test.crl",
                                   .host = "db1.example.com",
                                   .at = time(NULL)};
}

CASE("verification")
{
    struct pki_certificate *stranger =
        pki_issue(&(struct pki_spec){.common_name = "Root", .is_ca = true});
    struct trust *trust = trust_of(CHAIN(world.root)), *strange = trust_of(CHAIN(stranger));
    gnutls_datum_t chain[] = {pki_der(world.server), pki_der(world.middle)};
    const struct pki_revoked revoked = {.certificate = world.server};
    struct crl_set clean = {0}, revoking = {0};
    set_add(&clean, &(struct pki_crl_spec){.issuer = world.root});
    set_add(&clean, &(struct pki_crl_spec){.issuer = world.middle});
    set_add(&revoking, &(struct pki_crl_spec){.issuer = world.root});
    set_add(&revoking, &(struct pki_crl_spec){
                           .issuer = world.middle, .revoked = &revoked, .revoked_count = 1});
    const struct verify_request good = request_of(chain, trust, &clean),
                                bad = request_of(chain, trust, &revoking),
                                unknown = request_of(chain, strange, NULL);
    struct verify_request named = good, pinned = good;
    named.host = "db2.example.com";
    pinned.pin = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    const struct trial trials[] = {{"accepted", verify, &good, ODBCSSL_ERROR_NONE},
                                   {"revoked", verify, &bad, ODBCSSL_ERROR_REVOKED},
                                   {"another CA", verify, &unknown, ODBCSSL_ERROR_ISSUER_UNKNOWN},
                                   {"another name", verify, &named, ODBCSSL_ERROR_HOST},
                                   {"another pin", verify, &pinned, ODBCSSL_ERROR_PIN}};
    TRY(trials);
    crl_set_free(&clean);
    crl_set_free(&revoking);
    trust_free(&trust);
    trust_free(&strange);
    gnutls_free(chain[0].data);
    gnutls_free(chain[1].data);
}

/* --- settings --- */

static bool resolve(const void *about, size_t *sum, struct error *error)
{
    const char *text = about;
    struct connstr list;
    struct settings settings;
    bool is_resolved = connstr_parse(text, strlen(text), &list, error) &&
                       settings_resolve(&list, &settings, error);
    connstr_free(&list);
    for (size_t i = 0; is_resolved && i < KEY_COUNT; i++)
        *sum += settings.items[i].value != NULL ? strlen(settings.items[i].value) : 0;
    for (size_t i = 0; is_resolved && i < settings.driver_settings.count; i++)
        *sum += strlen(settings.driver_settings.pairs[i].value);
    if (is_resolved)
        settings_free(&settings);
    return is_resolved;
}

/* Every key that is lost would be a check that is lost. */
CASE("settings")
{
    CHECK_FATAL(tools_run(directory,
                          "touch real.so && printf '[TLS]\\nDriver=%s/libodbcssl.so\\n"
                          "TargetDriver=%s/real.so\\nSslCrlCheck=leaf\\nUID=section\\n' "
                          ">odbcinst.ini && printf '[warehouse]\\nDriver=TLS\\nSslMode=verify-full"
                          "\\nSSLCA=%s/root.pem\\nServername=db1\\n' >odbc.ini",
                          directory, directory, directory));
    setenv("ODBCSYSINI", directory, 1);
    setenv("ODBCINI", path_of("odbc.ini"), 1);
    const struct trial trials[] = {
        {"a data source", resolve, "DSN=warehouse;PWD=a;SslTimeout=5;Port={5}", ODBCSSL_ERROR_NONE},
        {"a wrong value", resolve, "DSN=warehouse;SslMode=yes", ODBCSSL_ERROR_KEYWORD_VALUE},
        {"a wrong name", resolve, "DSN=warehouse;SslMod=require", ODBCSSL_ERROR_KEYWORD_UNKNOWN}};
    TRY(trials);
}

SUITE("memory", set_up, tear_down)
