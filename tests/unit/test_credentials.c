/*
 * The credentials cache: shared, reloaded when a file changes, never stale, never half.
 */
#include "tls/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/pki.h"
#include "support/suite.h"
#include "tls/watch.h"
#include "support/tools.h"

static char *directory;
static char *root_path, *crl_path, *crl_folder, *cert_path, *key_path, *new_path;
static struct pki_certificate *ca, *other_ca, *client, *other;
static struct tls_options options;
static struct error error;

static int set_up(void)
{
    directory = pki_temp_dir();
    ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    other_ca = pki_issue(&(struct pki_spec){.common_name = "Other CA", .is_ca = true});
    client = pki_issue(&(struct pki_spec){.common_name = "alice", .issuer = ca});
    other = pki_issue(&(struct pki_spec){.common_name = "bob", .issuer = ca});
    if (directory == NULL || ca == NULL || other_ca == NULL || client == NULL || other == NULL)
        return 1;
    root_path = suite_text("%s/root.pem", directory);
    crl_path = suite_text("%s/root.crl", directory);
    crl_folder = suite_text("%s/crls", directory);
    cert_path = suite_text("%s/client.pem", directory);
    key_path = suite_text("%s/client.key", directory);
    new_path = suite_text("%s/new", directory);
    return 0;
}

static int tear_down(void)
{
    pki_temp_dir_remove(&directory);
    return 0;
}

static bool write_crl(const char *path, const struct pki_certificate *issuer)
{
    struct buffer crl = {0};
    bool is_written =
        pki_crl(&(struct pki_crl_spec){.issuer = issuer}, &crl) && pki_write_crl_pem(path, &crl);
    buffer_free(&crl);
    return is_written;
}

static struct option option(const char *keyword, char *value)
{
    return (struct option){value, keyword, (char *)"test"};
}

/* Good files, and options that name them. */
static void begin(void)
{
    error_clear(&error);
    CHECK_FATAL(pki_write_pem(root_path, ca, NULL) && write_crl(crl_path, ca) &&
                pki_write_pem(cert_path, client, NULL) && pki_write_key_pem(key_path, client));
    options = (struct tls_options){
        .mode = ODBCSSL_MODE_VERIFY_FULL,
        .root_cert = option("SslRootCert", root_path),
        .crl = option("SslCrl", crl_path),
        .cert = option("SslCert", cert_path),
        .key = option("SslKey", key_path),
    };
}

static const struct credentials *get(void)
{
    error_clear(&error);
    return credentials_get(&options, NULL, &error);
}

static void check_refused(enum odbcssl_error code, const char *said)
{
    const struct credentials *credentials = get();
    CHECK(credentials == NULL);
    CHECK_NUMBER(error.code, code);
    CHECK_CONTAINS(error.text, said);
    credentials_release(&credentials);
}

CASE("connections share what they load")
{
    begin();
    const struct credentials *a = get(), *b = get();
    CHECK_TEXT(error.text, "");
    CHECK_FATAL(a != NULL);
    CHECK(a == b);
    CHECK(a->trust != NULL && a->trust->anchors.count == 1);
    CHECK(a->has_crls && a->crls.count == 1);
    CHECK(a->has_identity && a->identity.chain_count == 1 && a->gnutls != NULL);
    CHECK_CONTAINS(a->crl_name, "SslCrl=");
    options.password = option("SslPassword", (char *)"another");
    const struct credentials *c = get();
    CHECK(c != NULL && c != a);
    credentials_release(&a);
    credentials_release(&b);
    credentials_release(&c);
    CHECK(a == NULL);
}

/* Some containers do not let root, and fakeroot only says so; and a TMPDIR may be nobody else's. */
static bool can_act_for(uid_t user)
{
    if (geteuid() != 0 || seteuid(user) != 0)
        return false;
    int root = open(root_path, O_RDONLY | O_CLOEXEC), key = open(key_path, O_RDONLY | O_CLOEXEC);
    bool is_other = root >= 0 && key < 0;
    if (root >= 0)
        close(root);
    if (key >= 0)
        close(key);
    return seteuid(0) == 0 && is_other;
}

/* As a server does that acts for the user who asks. */
CASE("another user of the process does not get a key that he may not read")
{
    static const uid_t nobody = 65534;
    begin();
    CHECK_FATAL(chmod(directory, 0755) == 0);
    if (!can_act_for(nobody)) {
        suite_skip("only root can act for another user, and not everywhere");
        return;
    }
    const struct credentials *own = get();
    CHECK_FATAL(own != NULL && seteuid(nobody) == 0);
    check_refused(ODBCSSL_ERROR_FILE_UNREADABLE, "client.key (test): cannot be opened");
    CHECK_FATAL(seteuid(0) == 0);
    const struct credentials *again = get();
    CHECK(again == own);
    CHECK_FATAL(setegid(nobody) == 0);
    const struct credentials *of_group = get();
    CHECK_FATAL(setegid(0) == 0);
    CHECK(of_group != NULL && of_group != own);
    credentials_release(&own);
    credentials_release(&again);
    credentials_release(&of_group);
}

/* Replaced by rename, as careful programs do; the old content lives on with who holds it. */
CASE("a file replaced by rename takes effect")
{
    begin();
    const struct credentials *before = get();
    CHECK_FATAL(before != NULL);
    CHECK_FATAL(pki_write_pem(new_path, ca, other_ca, NULL) && rename(new_path, root_path) == 0);
    const struct credentials *after = get();
    CHECK_FATAL(after != NULL);
    CHECK(after != before);
    CHECK_NUMBER(before->trust->anchors.count, 1);
    CHECK_NUMBER(after->trust->anchors.count, 2);
    credentials_release(&before);
    credentials_release(&after);
}

/* Written over in place, with as many bytes, and at once: the times alone may not tell. */
CASE("a file written over in place takes effect")
{
    begin();
    struct pki_certificate *twins[2];
    for (int i = 0; i < 2; i++)
        twins[i] = pki_issue(&(struct pki_spec){
            .common_name = i == 0 ? "Twin A" : "Twin B", .is_ca = true, .key = PKI_KEY_ED25519});
    CHECK_FATAL(twins[0] != NULL && twins[1] != NULL);
    for (int i = 0; i < 20; i++) {
        CHECK_FATAL(pki_write_pem(root_path, twins[i % 2], NULL));
        const struct credentials *credentials = get();
        gnutls_datum_t der = pki_der(twins[i % 2]);
        struct certificate twin;
        CHECK(certificate_read(der.data, der.size, &twin) == NULL);
        CHECK(credentials != NULL && trust_has(&credentials->trust->anchors, &twin));
        gnutls_free(der.data);
        credentials_release(&credentials);
    }
}

/* A link that is turned to another file, both of them old (they come with the sources). */
CASE("a link turned to another file takes effect")
{
    static const char *const targets[] = {"cert.pem", "cert.der"};
    const char *sources = getenv("top_srcdir");
    const struct credentials *found[2] = {NULL, NULL};
    if (sources == NULL) {
        suite_skip("top_srcdir is not set");
        return;
    }
    begin();
    char *link = suite_text("%s/link.pem", directory);
    options.root_cert.value = link;
    for (int i = 0; i < 2; i++) {
        CHECK(tools_run(directory, "ln -sfn '%s/fuzz/corpus/formats/%s' link.pem", sources,
                        targets[i]));
        found[i] = get();
        CHECK(found[i] != NULL);
    }
    CHECK(found[0] != found[1]);
    credentials_release(&found[0]);
    credentials_release(&found[1]);
}

/* Changed again within one tick of the file system's clock: only the content tells. */
CASE("a change within the grain of file times is seen")
{
    const struct option file = option("SslCrl", new_path);
    for (int i = 0; i < 200; i++) {
        struct watch watch = {0};
        const struct file_access access = {.watch = &watch};
        struct file_content content;
        CHECK_FATAL(pki_write_file(new_path, "a", 1, 0600));
        CHECK_FATAL(watch_read(&access, &file, false, &content, NULL));
        CHECK(watch_is_fresh(&watch));
        CHECK_FATAL(pki_write_file(new_path, "b", 1, 0600));
        CHECK(!watch_is_fresh(&watch));
        watch_free(&watch);
        file_content_free(&content);
    }
}

/* While it changed only now, its content has to tell, and a FIFO has none. */
CASE("what cannot be looked at again is not taken for the same")
{
    char *path = suite_text("%s/fifo", directory);
    struct watch watch = {0};
    CHECK_FATAL(mkfifo(path, 0600) == 0);
    CHECK(watch_add_path(&watch, path, NULL));
    CHECK(!watch_is_fresh(&watch));
    watch_free(&watch);
}

CASE("a broken replacement refuses, a good one works again")
{
    begin();
    const struct credentials *good = get();
    CHECK_FATAL(good != NULL);
    CHECK_FATAL(pki_write_file(new_path, "rubbish\n", 8, 0600) && rename(new_path, root_path) == 0);
    check_refused(ODBCSSL_ERROR_FILE_MALFORMED, "root.pem");
    check_refused(ODBCSSL_ERROR_FILE_MALFORMED, "root.pem");
    CHECK_FATAL(unlink(root_path) == 0);
    check_refused(ODBCSSL_ERROR_FILE_UNREADABLE, "root.pem");
    CHECK_FATAL(pki_write_pem(root_path, ca, NULL));
    const struct credentials *again = get();
    CHECK(again != NULL && again != good);
    credentials_release(&again);

    CHECK_FATAL(pki_write_file(crl_path, "rubbish\n", 8, 0600));
    check_refused(ODBCSSL_ERROR_CRL_UNREADABLE, "root.crl");
    CHECK_FATAL(write_crl(crl_path, ca));
    CHECK_FATAL(pki_write_key_pem(key_path, other));
    check_refused(ODBCSSL_ERROR_KEY_MISMATCH, "CN=alice");
    CHECK_FATAL(pki_write_key_pem(key_path, client));
    again = get();
    CHECK(again != NULL);
    credentials_release(&again);
    credentials_release(&good);
}

CASE("a folder of CRLs")
{
    begin();
    options.crl_dir = option("SslCrlDir", crl_folder);
    CHECK_FATAL(tools_run(directory, "rm -rf crls && mkdir crls"));
    check_refused(ODBCSSL_ERROR_CRL_UNREADABLE, "there is no file");
    char *a = suite_text("%s/a.crl", crl_folder), *b = suite_text("%s/b.crl", crl_folder);
    CHECK_FATAL(write_crl(a, ca) && tools_run(directory, "ln -s a.crl crls/0a1b2c3d.r0"));
    const struct credentials *credentials = get();
    CHECK(credentials != NULL && credentials->crls.count == 2);
    credentials_release(&credentials);
    CHECK_FATAL(write_crl(b, other_ca));
    credentials = get();
    CHECK(credentials != NULL && credentials->crls.count == 3);
    CHECK_CONTAINS(credentials != NULL ? credentials->crl_name : "", " and SslCrlDir=");
    credentials_release(&credentials);
    CHECK_FATAL(pki_write_file(b, "rubbish\n", 8, 0600));
    check_refused(ODBCSSL_ERROR_CRL_UNREADABLE, "crls/b.crl");
}

/* It may be the one that revokes. */
CASE("a file in a folder that cannot be looked at refuses")
{
    begin();
    CHECK_FATAL(tools_run(directory, "rm -rf crls && mkdir crls && cp root.crl crls/a.crl && ln -s "
                                     "b.crl crls/b.crl"));
    options.crl_dir = option("SslCrlDir", crl_folder);
    check_refused(ODBCSSL_ERROR_FILE_UNREADABLE,
                  "/crls/b.crl (test): the file in the folder cannot be looked at: ");
    CHECK_CONTAINS(error.text, strerror(ELOOP));
    CHECK_FATAL(tools_run(directory, "ln -sfn nowhere crls/b.crl"));
    const struct credentials *credentials = get();
    CHECK(credentials != NULL && credentials->crls.count == 2);
    credentials_release(&credentials);

    CHECK_FATAL(tools_run(directory, "rm -rf anchors && mkdir anchors && cp root.pem anchors && ln "
                                     "-s b.pem anchors/b.pem"));
    options.root_cert.value = suite_text("%s/anchors", directory);
    check_refused(ODBCSSL_ERROR_FILE_UNREADABLE, "SslRootCert=");
    CHECK_CONTAINS(error.text, "/anchors/b.pem (test): the file in the folder cannot be looked");
}

/* The folder itself does not change, and the links do not. */
CASE("a change behind the links of a folder takes effect")
{
    begin();
    CHECK_FATAL(tools_run(directory,
                          "rm -rf crls next && mkdir crls next && cp root.crl crls/a.crl "
                          "&& ln -s ../next/b crls/b.crl && ln -s ../next/c crls/c.crl "
                          "&& ln -s ../crls/a.crl next/c && mkdir next/folder && ln -s "
                          "../next/folder crls/d.crl"));
    options.crl_dir = option("SslCrlDir", crl_folder);
    options.crl.value = NULL;
    const struct credentials *credentials = get();
    CHECK(credentials != NULL && credentials->crls.count == 1);
    credentials_release(&credentials);
    CHECK_FATAL(write_crl(suite_text("%s/next/b", directory), other_ca));
    credentials = get();
    CHECK(credentials != NULL && credentials->crls.count == 2);
    credentials_release(&credentials);
    CHECK_FATAL(tools_run(directory, "rm -r next/folder && cp next/b next/folder"));
    credentials = get();
    CHECK(credentials != NULL && credentials->crls.count == 3);
    credentials_release(&credentials);
    CHECK_FATAL(pki_write_file(new_path, "rubbish\n", 8, 0600) &&
                tools_run(directory, "mv -f new next/c"));
    check_refused(ODBCSSL_ERROR_CRL_UNREADABLE, "crls/c.crl");
}

CASE("what each mode needs")
{
    begin();
    options.mode = ODBCSSL_MODE_PREFER;
    options.root_cert.value = NULL;
    check_refused(ODBCSSL_ERROR_TRUST_MISSING, "set SslRootCert");
    options.crl.source = (char *)"default file";
    const struct credentials *credentials = get();
    CHECK(credentials != NULL && credentials->trust == NULL && !credentials->has_crls);
    credentials_release(&credentials);
    options.cert.value = NULL;
    check_refused(ODBCSSL_ERROR_KEYWORD_CONFLICT, "set SslCert");
    options.key.value = NULL;
    credentials = get();
    CHECK(credentials != NULL && !credentials->has_identity && credentials->gnutls != NULL);
    credentials_release(&credentials);
}

/* An expired certificate is refused when it is asked for, not when it was loaded. */
CASE("an expired client certificate")
{
    begin();
    struct pki_certificate *expired = pki_issue(&(struct pki_spec){
        .common_name = "late", .issuer = ca, .not_before.days = -9, .not_after.days = -2});
    CHECK_FATAL(expired != NULL && pki_write_pem(cert_path, expired, NULL) &&
                pki_write_key_pem(key_path, expired));
    check_refused(ODBCSSL_ERROR_CLIENT_CERTIFICATE_EXPIRED, "CN=late");
    check_refused(ODBCSSL_ERROR_CLIENT_CERTIFICATE_EXPIRED, "expired on");
}

CASE("an encrypted key")
{
    begin();
    CHECK_FATAL(pki_write_key_pkcs8(key_path, client, "Gauss@123"));
    check_refused(ODBCSSL_ERROR_KEY_PASSWORD, "client.key.cipher");
    options.password = option("SslPassword", (char *)"Gauss@123");
    const struct credentials *credentials = get();
    CHECK(credentials != NULL);
    credentials_release(&credentials);
    options.password = option("SslPassword", (char *)"wrong");
    check_refused(ODBCSSL_ERROR_KEY_PASSWORD, "SslPassword");
}

/* A key that signs in another way than its certificate says, though it has the same numbers. */
CASE("a key that GnuTLS refuses for its certificate")
{
    gnutls_x509_spki_t spki;
    gnutls_datum_t pem = {0};
    begin();
    struct pki_certificate *rsa =
        pki_issue(&(struct pki_spec){.common_name = "carol", .issuer = ca, .key = PKI_KEY_RSA});
    CHECK_FATAL(rsa != NULL && pki_write_pem(cert_path, rsa, NULL));
    CHECK_FATAL(gnutls_x509_spki_init(&spki) == 0);
    gnutls_x509_spki_set_rsa_pss_params(spki, GNUTLS_DIG_SHA256, 32);
    CHECK_FATAL(gnutls_x509_privkey_set_spki(rsa->key, spki, 0) == 0);
    gnutls_x509_spki_deinit(spki);
    CHECK_FATAL(gnutls_x509_privkey_export2_pkcs8(rsa->key, GNUTLS_X509_FMT_PEM, NULL,
                                                  GNUTLS_PKCS_PLAIN, &pem) == 0);
    CHECK_FATAL(pki_write_file(key_path, pem.data, pem.size, 0600));
    gnutls_free(pem.data);
    check_refused(ODBCSSL_ERROR_KEY_MISMATCH, "does not sign for the client certificate CN=carol");
}

/* What GnuTLS says of keys here, instead of trying them; 0: it tries. */
static int said_of_key;

int gnutls_certificate_set_key(gnutls_certificate_credentials_t credentials, const char **names,
                               int name_count, gnutls_pcert_st *chain, int chain_count,
                               gnutls_privkey_t key)
{
    static int (*real)(gnutls_certificate_credentials_t, const char **, int, gnutls_pcert_st *, int,
                       gnutls_privkey_t);
    const struct tools_function functions[] = {{"gnutls_certificate_set_key", &real}, {NULL, NULL}};
    if (said_of_key != 0)
        return said_of_key;
    CHECK_FATAL(real != NULL || tools_load("libgnutls.so.30", functions));
    return real(credentials, names, name_count, chain, chain_count, key);
}

CASE("a key with which GnuTLS cannot sign")
{
    begin();
    said_of_key = GNUTLS_E_PK_SIGN_FAILED;
    check_refused(ODBCSSL_ERROR_KEY_TYPE, "GnuTLS refuses the private key of CN=alice (serial ");
    CHECK_CONTAINS(error.text, "Public key signing has failed.");
    said_of_key = GNUTLS_E_MEMORY_ERROR;
    check_refused(ODBCSSL_ERROR_MEMORY, "out of memory");
    said_of_key = 0;
    const struct credentials *credentials = get();
    CHECK(credentials != NULL);
    credentials_release(&credentials);
}

/* The chain is sent as it is, but GnuTLS wants to know every key in it. */
CASE("an issuer whose key GnuTLS does not know")
{
    if (!tools_have("openssl"))
        return;
    begin();
    CHECK_FATAL(tools_run(
        directory,
        "openssl ecparam -genkey -name brainpoolP256r1 -out odd.key && openssl req -x509 -key "
        "odd.key -subj '/CN=Odd CA' -out odd.pem && openssl req -new -key client.key -subj "
        "/CN=dave -out dave.csr && openssl x509 -req -in dave.csr -CA odd.pem -CAkey odd.key "
        "-CAcreateserial -out client.pem && cat odd.pem >>client.pem"));
    check_refused(ODBCSSL_ERROR_FILE_MALFORMED,
                  "client.pem (test): GnuTLS cannot show the certificate CN=Odd CA: The curve is "
                  "unsupported; when it is only an issuer");
}

/* Each part by itself: a broken one does not hide what is wrong with another. */
CASE("trust, CRLs and identity told apart")
{
    struct error errors[CREDENTIALS_PART_COUNT] = {0};
    begin();
    CHECK_FATAL(pki_write_file(crl_path, "rubbish\n", 8, 0600) &&
                pki_write_key_pem(key_path, other));
    CHECK(credentials_get_parts(&options, NULL, errors) == NULL);
    CHECK_NUMBER(errors[CREDENTIALS_TRUST].code, ODBCSSL_ERROR_NONE);
    CHECK_NUMBER(errors[CREDENTIALS_CRLS].code, ODBCSSL_ERROR_CRL_UNREADABLE);
    CHECK_NUMBER(errors[CREDENTIALS_IDENTITY].code, ODBCSSL_ERROR_KEY_MISMATCH);
    /* A connection tells the first. */
    check_refused(ODBCSSL_ERROR_CRL_UNREADABLE, "root.crl");
    memset(errors, 0, sizeof errors);
    CHECK_FATAL(pki_write_file(root_path, "rubbish\n", 8, 0600));
    CHECK(credentials_get_parts(&options, NULL, errors) == NULL);
    CHECK_NUMBER(errors[CREDENTIALS_TRUST].code, ODBCSSL_ERROR_FILE_MALFORMED);
    CHECK_NUMBER(errors[CREDENTIALS_CRLS].code, ODBCSSL_ERROR_NONE);
    CHECK_NUMBER(errors[CREDENTIALS_IDENTITY].code, ODBCSSL_ERROR_KEY_MISMATCH);
    begin();
    memset(errors, 0, sizeof errors);
    const struct credentials *good = credentials_get_parts(&options, NULL, errors);
    CHECK(good != NULL);
    /* A mode that wants no other files shares them. */
    options.mode = ODBCSSL_MODE_REQUIRE;
    const struct credentials *same = get();
    CHECK(same == good);
    credentials_release(&same);
    credentials_release(&good);
}

/* SslPassword of the client's key does not keep a trust store with a usual password shut. */
CASE("one SslPassword for a store and a key")
{
    if (!tools_have("keytool"))
        return;
    begin();
    CHECK_FATAL(tools_run(directory, "rm -f root.jks && keytool -importcert -noprompt -alias a "
                                     "-file root.pem -keystore root.jks -storetype JKS -storepass "
                                     "apsaradb"));
    char *store = suite_text("%s/root.jks", directory);
    options.root_cert.value = store;
    options.password = option("SslPassword", (char *)"of-the-key");
    const struct credentials *credentials = get();
    CHECK_TEXT(error.text, "");
    CHECK(credentials != NULL);
    credentials_release(&credentials);
    options.cert.value = options.key.value = NULL;
    check_refused(ODBCSSL_ERROR_STORE_PASSWORD, "root.jks");
}

/* More sets than are kept: each works, and nothing is lost while it is held. */
CASE("more sets than are kept")
{
    begin();
    const struct credentials *held[80];
    char sources[80][16];
    for (int i = 0; i < 80; i++) {
        snprintf(sources[i], sizeof sources[i], "source %d", i);
        options.root_cert.source = sources[i];
        held[i] = get();
        CHECK(held[i] != NULL);
    }
    for (int i = 0; i < 80; i++) {
        CHECK(held[i] != NULL && held[i]->trust->anchors.count == 1);
        credentials_release(&held[i]);
    }
}

/* Threads, while the files are replaced all the time: always one good state, never a mixture. */
struct worker {
    pthread_t thread;
    const struct credentials *found;
    unsigned refused;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (int i = 0; i < 60; i++) {
        struct error own = {0};
        const struct credentials *credentials = credentials_get(&options, NULL, &own);
        size_t anchors = credentials != NULL ? credentials->trust->anchors.count : 0;
        worker->refused += anchors != 1 && anchors != 2;
        credentials_release(&credentials);
    }
    return NULL;
}

CASE("threads while files change")
{
    struct worker workers[6] = {0};
    begin();
    for (size_t i = 0; i < 6; i++)
        CHECK_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    for (int i = 0; i < 30; i++) {
        CHECK(pki_write_pem(new_path, ca, i % 2 == 0 ? other_ca : NULL, NULL));
        CHECK(rename(new_path, root_path) == 0);
    }
    for (size_t i = 0; i < 6; i++) {
        pthread_join(workers[i].thread, NULL);
        CHECK_NUMBER(workers[i].refused, 0);
    }
}

static pthread_barrier_t barrier;

static void *get_once(void *argument)
{
    struct worker *worker = argument;
    pthread_barrier_wait(&barrier);
    worker->found = credentials_get(&options, NULL, NULL);
    return NULL;
}

CASE("threads that want the same load it once")
{
    struct worker workers[6] = {0};
    begin();
    pthread_barrier_init(&barrier, NULL, 6);
    for (size_t i = 0; i < 6; i++)
        CHECK_FATAL(pthread_create(&workers[i].thread, NULL, get_once, &workers[i]) == 0);
    for (size_t i = 0; i < 6; i++)
        pthread_join(workers[i].thread, NULL);
    for (size_t i = 0; i < 6; i++) {
        CHECK(workers[i].found != NULL);
        CHECK(workers[i].found == workers[0].found);
    }
    for (size_t i = 0; i < 6; i++)
        credentials_release(&workers[i].found);
    pthread_barrier_destroy(&barrier);
}

static void *get_cancelled(void *argument)
{
    pthread_cancel(pthread_self());
    get_once(argument);
    pthread_testcancel();
    return NULL;
}

/* It ends, but not in between: the others would wait for ever for what it was loading. */
CASE("a thread that is cancelled while it loads")
{
    struct worker first = {0}, second = {0};
    void *result = NULL;
    begin();
    options.root_cert.source = (char *)"cancelled";
    pthread_barrier_init(&barrier, NULL, 1);
    CHECK_FATAL(pthread_create(&first.thread, NULL, get_cancelled, &first) == 0);
    CHECK(pthread_join(first.thread, &result) == 0 && result == PTHREAD_CANCELED);
    CHECK_FATAL(first.found != NULL);
    get_once(&second);
    CHECK(second.found == first.found);
    credentials_release(&first.found);
    credentials_release(&second.found);
    pthread_barrier_destroy(&barrier);
}

/* A child uses the parent's, and reloads by itself. */
CASE("a child process")
{
    begin();
    const struct credentials *credentials = get();
    CHECK_FATAL(credentials != NULL);
    pid_t child = fork();
    CHECK_FATAL(child >= 0);
    if (child == 0) {
        const struct credentials *same = get();
        bool is_good = same == credentials;
        is_good = is_good && pki_write_pem(new_path, ca, other_ca, NULL) &&
                  rename(new_path, root_path) == 0;
        const struct credentials *changed = get();
        is_good = is_good && changed != NULL && changed->trust->anchors.count == 2;
        _exit(is_good ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    credentials_release(&credentials);
}

SUITE("credentials", set_up, tear_down)
