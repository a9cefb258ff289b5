/*
 * Trust anchors: from files, folders and the system.
 */
#include "tls/trust.h"

#include <gnutls/pkcs11.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/pki.h"
#include "support/suite.h"
#include "support/tools.h"

static char *directory;
static struct pki_certificate *first, *second;
static struct error error;

static int set_up(void)
{
    directory = pki_temp_dir();
    first = pki_issue(&(struct pki_spec){.common_name = "First CA", .is_ca = true});
    second = pki_issue(&(struct pki_spec){.common_name = "Second CA", .is_ca = true});
    if (directory == NULL || first == NULL || second == NULL)
        return 1;
    char *both = suite_text("%s/both.pem", directory), *one = suite_text("%s/one.pem", directory),
         *key = suite_text("%s/key.pem", directory);
    bool is_written = pki_write_pem(both, first, second, NULL) && pki_write_pem(one, first, NULL) &&
                      pki_write_key_pem(key, first);
    return !is_written;
}

static int tear_down(void)
{
    pki_temp_dir_remove(&directory);
    return 0;
}

static struct trust *load_trust(const char *name, const char *password)
{
    char *path = suite_text("%s/%s", directory, name);
    const struct option option = {path, "SslRootCert", (char *)"test"};
    error_clear(&error);
    return trust_load(&option, 1, &(struct file_access){.password = password}, &error);
}

CASE("a file, without doubles")
{
    CHECK_FATAL(tools_run(directory, "cat both.pem one.pem both.pem > doubles.pem"));
    struct trust *trust = load_trust("doubles.pem", NULL);
    CHECK_FATAL(trust != NULL);
    CHECK_NUMBER(trust->anchors.count, 2);
    gnutls_datum_t der = pki_der(second);
    struct certificate wanted;
    CHECK(certificate_read(der.data, der.size, &wanted) == NULL);
    CHECK(trust_has(&trust->anchors, &wanted));
    CHECK(trust_find_issuer(&trust->anchors, &wanted, NULL) != NULL);
    gnutls_free(der.data);
    trust_free(&trust);
    CHECK(load_trust("no-such-file", NULL) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_UNREADABLE);
    CHECK(load_trust("key.pem", NULL) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_MALFORMED);
}

CASE("authorities of one name")
{
    static const enum pki_key kinds[] = {PKI_KEY_RSA, PKI_KEY_ECDSA};
    struct certificate wanted[2];
    gnutls_datum_t ders[2];
    struct buffer file = {0};
    for (size_t i = 0; i < 2; i++) {
        struct pki_certificate *ca =
            pki_issue(&(struct pki_spec){.common_name = "Twin CA", .is_ca = true, .key = kinds[i]});
        gnutls_datum_t pem = {0};
        CHECK_FATAL(ca != NULL && gnutls_x509_crt_export2(ca->crt, GNUTLS_X509_FMT_PEM, &pem) == 0);
        ders[i] = pki_der(ca);
        CHECK(certificate_read(ders[i].data, ders[i].size, &wanted[i]) == NULL);
        buffer_append(&file, pem.data, pem.size);
        gnutls_free(pem.data);
    }
    char *path = suite_text("%s/twins.pem", directory);
    CHECK_FATAL(pki_write_file(path, buffer_content(&file), buffer_length(&file), 0644));
    struct trust *trust = load_trust("twins.pem", NULL);
    CHECK_FATAL(trust != NULL && trust->anchors.count == 2);
    CHECK(trust_has(&trust->anchors, &wanted[0]) && trust_has(&trust->anchors, &wanted[1]));
    /* Each of them may be the issuer of the other. */
    const struct certificate *a = trust_find_issuer(&trust->anchors, &wanted[0], NULL);
    const struct certificate *b =
        a != NULL ? trust_find_issuer(&trust->anchors, &wanted[0], a) : NULL;
    CHECK(a != NULL && b != NULL && a != b);
    CHECK(b == NULL || trust_find_issuer(&trust->anchors, &wanted[0], b) == NULL);
    trust_free(&trust);
    buffer_free(&file);
    for (size_t i = 0; i < 2; i++)
        gnutls_free(ders[i].data);
}

CASE("an authority that cannot be understood")
{
    gnutls_datum_t der = pki_der(first);
    unsigned char *at = memmem(der.data, der.size, "\xa0\3\2\1\2", 5);
    char *path = suite_text("%s/odd.der", directory);
    CHECK_FATAL(at != NULL);
    at[5] = 0x04; /* the serial number is no INTEGER */
    CHECK_FATAL(pki_write_file(path, der.data, der.size, 0644));
    CHECK(load_trust("odd.der", NULL) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_MALFORMED);
    CHECK_CONTAINS(error.text, "/odd.der (test): ");
    CHECK_CONTAINS(error.text, suite_text("a certificate of %u bytes in it cannot be understood: "
                                          "its body is malformed DER",
                                          der.size));
    gnutls_free(der.data);
}

CASE("strict permissions")
{
    char *path = suite_text("%s/strict.pem", directory);
    const struct option option = {path, "SslRootCert", (char *)"test"};
    CHECK_FATAL(pki_write_pem(path, first, NULL));
    error_clear(&error);
    CHECK(trust_load(&option, 1, &(struct file_access){.permissions = FILE_PERMISSIONS_STRICT},
                     &error) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_PERMISSIONS);
    CHECK_FATAL(tools_run(directory, "chmod 600 strict.pem"));
    struct trust *trust =
        trust_load(&option, 1, &(struct file_access){.permissions = FILE_PERMISSIONS_STRICT}, NULL);
    CHECK(trust != NULL);
    trust_free(&trust);
}

CASE("a folder")
{
    CHECK_FATAL(tools_run(directory,
                          "mkdir -p dir/sub && cp one.pem dir/a.pem && ln -sf a.pem dir/12345678.0 "
                          "&& cp both.pem dir/b.crt && echo read me > dir/README && ln -sf nowhere "
                          "dir/dangling && cp key.pem dir/key.pem"));
    struct trust *trust = load_trust("dir", NULL);
    CHECK_TEXT(error.text, "");
    CHECK(trust != NULL && trust->anchors.count == 2);
    trust_free(&trust);
    CHECK_FATAL(tools_run(directory, "head -c 200 one.pem > dir/broken.pem"));
    CHECK(load_trust("dir", NULL) == NULL);
    CHECK_CONTAINS(error.text, "dir/broken.pem");
    CHECK_FATAL(tools_run(directory, "mkdir -p none && echo x > none/y"));
    CHECK(load_trust("none", NULL) == NULL);
    CHECK_CONTAINS(error.text, "none of the 1 files");
}

CASE("a folder with more files than are read")
{
    char *folder = suite_text("%s/full", directory);
    char *target = suite_text("%s/one.pem", directory);
    char link[300];
    CHECK_FATAL(mkdir(folder, 0700) == 0);
    for (int i = 0; i <= 65536; i++) {
        snprintf(link, sizeof link, "%s/%d", folder, i);
        CHECK_FATAL(symlink(target, link) == 0);
    }
    CHECK(load_trust("full", NULL) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_UNREADABLE);
    CHECK_CONTAINS(error.text, "/full (test): the folder has more than the 65536 files");
    /* They are one file, so this many are read. */
    CHECK(unlink(link) == 0);
    struct trust *trust = load_trust("full", NULL);
    CHECK(trust != NULL && trust->anchors.count == 1);
    trust_free(&trust);
}

CASE("several files")
{
    char *one = suite_text("%s/one.pem", directory), *both = suite_text("%s/both.pem", directory);
    const struct option options[] = {{one, "--root-cert", (char *)"command line"},
                                     {both, "--root-cert", (char *)"command line"}};
    struct trust *trust =
        trust_load(options, 2, &(struct file_access){.permissions = FILE_PERMISSIONS_KEY}, &error);
    CHECK(trust != NULL && trust->anchors.count == 2);
    CHECK_CONTAINS(trust != NULL ? trust->name : "", ", ");
    trust_free(&trust);
}

/* Certificates of the first one do not stand for those that are wanted in the second. */
CASE("several files, one without certificates")
{
    char *one = suite_text("%s/one.pem", directory), *key = suite_text("%s/key.pem", directory);
    const struct option options[] = {{one, "--root-cert", (char *)"command line"},
                                     {key, "--root-cert", (char *)"command line"}};
    error_clear(&error);
    CHECK(trust_load(options, 2, &(struct file_access){.watch = NULL}, &error) == NULL);
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_MALFORMED);
    CHECK_CONTAINS(error.text, "/key.pem (command line): the file holds a private key; what is "
                               "wanted here is certificates");
}

CASE("the system's")
{
    const struct option option = {(char *)"System", "SslRootCert", (char *)"test"};
    error_clear(&error);
    struct trust *trust =
        trust_load(&option, 1, &(struct file_access){.permissions = FILE_PERMISSIONS_KEY}, &error);
    if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) == 0) {
        CHECK(trust != NULL && trust->anchors.count > 50);
    } else {
        CHECK(trust != NULL || error.code == ODBCSSL_ERROR_TRUST_MISSING);
    }
    trust_free(&trust);
}

/* What GnuTLS says of p11-kit here, instead of asking it; 0: it asks. */
static int said_of_policy;

int gnutls_pkcs11_obj_list_import_url4(gnutls_pkcs11_obj_t **objects, unsigned *count,
                                       const char *url, unsigned flags)
{
    static int (*real)(gnutls_pkcs11_obj_t **, unsigned *, const char *, unsigned);
    const struct tools_function functions[] = {{"gnutls_pkcs11_obj_list_import_url4", &real},
                                               {NULL, NULL}};
    if (said_of_policy != 0)
        return said_of_policy;
    CHECK_FATAL(real != NULL || tools_load("libgnutls.so.30", functions));
    return real(objects, count, url, flags);
}

/* A system may have no policy; but what one that cannot be read distrusts would be trusted. */
CASE("the system's, whose policy cannot be read")
{
    const struct option option = {(char *)"system", "SslRootCert", (char *)"test"};
    static const struct {
        int outcome;
        enum odbcssl_error code;
        const char *said;
    } rows[] = {
        {GNUTLS_E_PKCS11_LOAD_ERROR, ODBCSSL_ERROR_TRUST_MISSING,
         "SslRootCert=system (test): what the system distrusts cannot be read from p11-kit: PKCS "
         "#11 initialization error"},
        {GNUTLS_E_MEMORY_ERROR, ODBCSSL_ERROR_MEMORY, "out of memory"},
        {GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE, ODBCSSL_ERROR_NONE, ""},
    };
    if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) != 0) {
        suite_skip("the system has no anchors where they are looked for");
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        error_clear(&error);
        said_of_policy = rows[i].outcome;
        struct trust *trust = trust_load(&option, 1, &(struct file_access){.watch = NULL}, &error);
        CHECK((trust != NULL) == (rows[i].code == ODBCSSL_ERROR_NONE));
        CHECK_NUMBER(error.code, rows[i].code);
        CHECK_CONTAINS(error.text, rows[i].said);
        trust_free(&trust);
    }
    said_of_policy = 0;
}

#define SYSTEM_ANCHORS "/etc/ssl/certs/ca-certificates.crt"

/* What a p11-kit policy, put in place of the system's anchors for a process of its own, makes of
 * certificates. */
struct policy_row {
    const char *policy;
    enum odbcssl_error code; /* of loading it */
    const struct certificate *distrusted[2];
    const struct certificate *trusted;
};

/* 0: as wanted; 77: only root can do this. */
static int load_policy(const struct policy_row *row)
{
    const struct option option = {(char *)"system", "SslRootCert", (char *)"test"};
    char *path = suite_text("%s/policy", directory);
    if (!pki_write_file(path, row->policy, strlen(row->policy), 0644))
        return 1;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(path, SYSTEM_ANCHORS, NULL, MS_BIND, NULL) != 0)
        return 77;
    error_clear(&error);
    struct trust *trust = trust_load(&option, 1, &(struct file_access){.watch = NULL}, &error);
    if (error.code != row->code || (trust != NULL) != (row->code == ODBCSSL_ERROR_NONE)) {
        printf("# %s\n", error.text);
        return 2;
    }
    if (trust == NULL)
        return 0;
    bool is_right = !trust_distrusts(trust, row->trusted);
    for (size_t i = 0; i < 2; i++)
        is_right =
            is_right && (row->distrusted[i] == NULL || trust_distrusts(trust, row->distrusted[i]));
    trust_free(&trust);
    return is_right ? 0 : 3;
}

static void put_quoted(struct buffer *out, const char *name, const struct der *value)
{
    char text[4];
    buffer_append_text(out, name);
    buffer_append_text(out, ": \"");
    for (size_t i = 0; i < value->whole_size; i++) {
        snprintf(text, sizeof text, "%%%02x", value->whole[i]);
        buffer_append_text(out, text);
    }
    buffer_append_text(out, "\"\n");
}

static const char policy_entry[] = "[p11-kit-object-v1]\nclass: certificate\n"
                                   "certificate-type: x-509\n";

/* The trusted one, and of others issuer and serial number, under one name; without_serial: the
 * second one's issuer alone. */
static char *make_policy(const struct pki_certificate *trusted, const struct certificate *others,
                         bool without_serial)
{
    struct buffer policy = {0};
    gnutls_datum_t pem = {0};
    CHECK_FATAL(gnutls_x509_crt_export2(trusted->crt, GNUTLS_X509_FMT_PEM, &pem) == 0);
    buffer_append_text(&policy, policy_entry);
    buffer_append_text(&policy, "trusted: true\n");
    buffer_append(&policy, pem.data, pem.size);
    for (size_t i = 0; i < 2; i++) {
        buffer_append_text(&policy, policy_entry);
        buffer_append_text(&policy, "label: \"blocked\"\nx-distrusted: true\n");
        put_quoted(&policy, "issuer", &others[i].issuer);
        if (i == 0 || !without_serial)
            put_quoted(&policy, "serial-number", &others[i].serial);
    }
    gnutls_free(pem.data);
    return buffer_move_text(&policy);
}

/* As lists of NSS have them: without the certificate. */
CASE("the system's, which distrusts by issuer and serial number")
{
    struct pki_certificate *others[2];
    gnutls_datum_t ders[3] = {pki_der(first)};
    struct certificate read[3];
    for (size_t i = 0; i < 2; i++) {
        others[i] = pki_issue(&(struct pki_spec){.common_name = "db", .issuer = first});
        CHECK_FATAL(others[i] != NULL);
        ders[i + 1] = pki_der(others[i]);
    }
    for (size_t i = 0; i < 3; i++)
        CHECK(certificate_read(ders[i].data, ders[i].size, &read[i]) == NULL);
    char *policies[] = {make_policy(first, &read[1], false), make_policy(first, &read[1], true)};
    const struct policy_row rows[] = {
        {policies[0], ODBCSSL_ERROR_NONE, {&read[1], &read[2]}, &read[0]},
        /* What is distrusted is not known here. */
        {policies[1], ODBCSSL_ERROR_TRUST_MISSING, {NULL, NULL}, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = 0;
        fflush(NULL);
        pid_t child = fork();
        CHECK_FATAL(child >= 0);
        if (child == 0)
            _exit(load_policy(&rows[i]));
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
            suite_skip("only root can change the policy");
        else
            CHECK_NUMBER(WEXITSTATUS(status), 0);
        free(policies[i]);
    }
    for (size_t i = 0; i < 3; i++)
        gnutls_free(ders[i].data);
}

/* A system without anchors, and with one: the root of a process of its own. */
static int load_in_root(void)
{
    const struct option option = {(char *)"system", "SslRootCert", (char *)"test"};
    int found = 0;
    if (chroot(directory) != 0 || chdir("/") != 0)
        return 77;
    for (int i = 0; i < 2; i++) {
        error_clear(&error);
        struct trust *trust = trust_load(&option, 1, &(struct file_access){.watch = NULL}, &error);
        if (trust == NULL)
            found |=
                error.code != ODBCSSL_ERROR_TRUST_MISSING ||
                        strstr(error.text, "SslRootCert=system (test): the system has no trust "
                                           "anchors") == NULL
                    ? 8
                    : 1;
        else
            found |= trust->anchors.count == 1 ? 2 : 8;
        trust_free(&trust);
        mkdir("/etc", 0755);
        mkdir("/etc/ssl", 0755);
        mkdir("/etc/ssl/certs", 0755);
        if (!pki_write_pem("/etc/ssl/certs/ca-certificates.crt", first, NULL))
            return 8;
    }
    return found;
}

CASE("a system without anchors")
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    CHECK_FATAL(child >= 0);
    if (child == 0)
        _exit(load_in_root());
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        suite_skip("only root can change the root");
    else
        CHECK_NUMBER(WEXITSTATUS(status) & ~2, 1);
}

/* Several thousand certificates, in each format that holds so many. */
CASE("several thousand certificates")
{
    enum { COUNT = 3000 };
    char *path = suite_text("%s/many.pem", directory);
    FILE *file = fopen(path, "w");
    CHECK_FATAL(file != NULL);
    gnutls_x509_privkey_t key = pki_generate_key(PKI_KEY_ED25519, 0);
    const struct pki_certificate signer = {.key = key};
    bool is_good = key != NULL;
    for (int i = 0; is_good && i < COUNT; i++) {
        const char *name = suite_text("CA %d", i);
        struct pki_certificate *ca =
            pki_issue(&(struct pki_spec){.common_name = name, .is_ca = true, .key_of = &signer});
        gnutls_datum_t pem = {0};
        is_good = ca != NULL && gnutls_x509_crt_export2(ca->crt, GNUTLS_X509_FMT_PEM, &pem) == 0 &&
                  fwrite(pem.data, 1, pem.size, file) == pem.size;
        gnutls_free(pem.data);
    }
    gnutls_x509_privkey_deinit(key);
    CHECK_FATAL(fclose(file) == 0 && is_good);
    static const struct {
        const char *name;
        const char *command;
    } rows[] = {
        {"many.pem", ":"},
        {"many.p7b", "openssl crl2pkcs7 -nocrl -certfile many.pem -out many.p7b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!tools_run(directory, "%s", rows[i].command))
            continue;
        struct trust *trust = load_trust(rows[i].name, NULL);
        CHECK_TEXT(error.text, "");
        CHECK_NUMBER(trust != NULL ? trust->anchors.count : 0, COUNT);
        trust_free(&trust);
    }
}

/* GnuTLS passes 32 entries of a list, and not a word on what is left out: that must not become less
 * trust than was given. What the refusal says is done here. */
CASE("a PKCS#12 store that is too large is refused")
{
    static const unsigned counts[] = {31, 32, 33};
    if (!tools_have("openssl"))
        return;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        CHECK_FATAL(tools_run(directory,
                              "awk '/BEGIN/ { n++ } n <= %u' many.pem > some.pem && openssl pkcs12 "
                              "-export -nokeys -in some.pem -out some.p12 -passout pass:",
                              counts[i]));
        struct trust *trust = load_trust("some.p12", NULL);
        CHECK((trust != NULL) == (counts[i] < 32));
        CHECK(trust == NULL || trust->anchors.count == counts[i]);
        trust_free(&trust);
    }
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_MALFORMED);
    CHECK_CONTAINS(error.text, "openssl pkcs12 -in FILE -nokeys -out NEW.pem");
    CHECK_FATAL(tools_run(directory, "openssl pkcs12 -in some.p12 -nokeys -out NEW.pem -passin "
                                     "pass:"));
    struct trust *trust = load_trust("NEW.pem", NULL);
    CHECK(trust != NULL && trust->anchors.count == 33);
    trust_free(&trust);
}

SUITE("trust", set_up, tear_down)
