/* fixture.c - makes the certificates, CRLs and files, and starts PostgreSQL with them. */
#include "system/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/odbc.h"

static const char *const names[] = {"localhost", "db.example.com", NULL};
static const char *const addresses[] = {"127.0.0.1", NULL};
static struct fixture *opened;

static struct pki_certificate *issue_server(const char *name, const char *serial,
                                            const struct pki_certificate *issuer)
{
    return pki_issue(&(struct pki_spec){
        .common_name = name, .issuer = issuer, .dns = names, .ip = addresses, .serial = serial});
}

static bool make_certificates(struct fixture *fixture)
{
    fixture->root = pki_issue(&(struct pki_spec){.common_name = "Root CA", .is_ca = true});
    fixture->other = pki_issue(&(struct pki_spec){.common_name = "Other CA", .is_ca = true});
    fixture->intermediate = pki_issue(&(struct pki_spec){
        .common_name = "Intermediate CA", .issuer = fixture->root, .is_ca = true});
    fixture->server = issue_server("db1", "0101", fixture->intermediate);
    fixture->revoked = issue_server("db2", "0A3F", fixture->intermediate);
    fixture->stranger = issue_server("db3", "0303", fixture->other);
    fixture->client =
        pki_issue(&(struct pki_spec){.common_name = POSTGRES_USER, .issuer = fixture->root});
    return fixture->root != NULL && fixture->other != NULL && fixture->intermediate != NULL &&
           fixture->server != NULL && fixture->revoked != NULL && fixture->stranger != NULL &&
           fixture->client != NULL;
}

const char *fixture_path(const struct fixture *fixture, const char *name)
{
    return suite_text("%s/%s", fixture->folder, name);
}

static bool write_pair(const struct fixture *fixture, const char *name,
                       const struct pki_certificate *certificate,
                       const struct pki_certificate *issuer)
{
    return pki_write_pem(suite_text("%s/%s.pem", fixture->folder, name), certificate, issuer,
                         NULL) &&
           pki_write_key_pem(suite_text("%s/%s.key", fixture->folder, name), certificate);
}

bool fixture_issue(const struct fixture *fixture, const char *name, const struct pki_spec *spec,
                   const struct pki_certificate *with)
{
    struct pki_certificate *certificate = pki_issue(spec);
    return certificate != NULL && write_pair(fixture, name, certificate, with);
}

const char *fixture_source(const struct fixture *fixture, const char *driver, const char *more)
{
    return suite_text("DRIVER={%s};%s;Servername=localhost;Port=%u;Database=postgres;"
                      "UID=" POSTGRES_USER ";PWD=" POSTGRES_PASSWORD,
                      driver, more, fixture_port(fixture));
}

const char *fixture_verified(const struct fixture *fixture, const char *more)
{
    return fixture_source(
        fixture, ODBC_POSTGRESQL,
        suite_text("SslMode=verify-full;SslRootCert=%s/root.pem;%s", fixture->folder, more));
}

bool fixture_write_crls(const struct fixture *fixture, const char *name,
                        const struct pki_crl_spec *specs, size_t count)
{
    struct buffer text = {0};
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        struct buffer der = {0};
        char content[65536];
        const char *part = suite_text("%s/%s.part", fixture->folder, name);
        is_good = is_good && pki_crl(&specs[i], &der) && pki_write_crl_pem(part, &der);
        size_t size = is_good ? suite_read(part, content, sizeof content) : 0;
        is_good = size > 0 && buffer_append(&text, content, size);
        remove(part);
        buffer_free(&der);
    }
    /* In the place of the old file at once, as administrators should do it. */
    const char *path = fixture_path(fixture, "crl.new");
    is_good = is_good && pki_write_file(path, buffer_content(&text), buffer_length(&text), 0644) &&
              rename(path, fixture_path(fixture, name)) == 0;
    buffer_free(&text);
    return is_good;
}

bool fixture_write_crl(const struct fixture *fixture, const char *name,
                       const struct pki_crl_spec *first, const struct pki_crl_spec *second)
{
    const struct pki_crl_spec specs[] = {*first, second != NULL ? *second : *first};
    return fixture_write_crls(fixture, name, specs, second != NULL ? 2 : 1);
}

static bool write_files(const struct fixture *fixture)
{
    const struct pki_revoked listed = {.certificate = fixture->revoked, .reason = 1};
    const struct pki_crl_spec root = {.issuer = fixture->root};
    const struct pki_crl_spec intermediate = {.issuer = fixture->intermediate};
    const struct pki_crl_spec revoking = {
        .issuer = fixture->intermediate, .revoked = &listed, .revoked_count = 1};
    return pki_write_pem(fixture_path(fixture, "root.pem"), fixture->root, NULL) &&
           pki_write_pem(fixture_path(fixture, "other.pem"), fixture->other, NULL) &&
           write_pair(fixture, "server", fixture->server, fixture->intermediate) &&
           write_pair(fixture, "revoked", fixture->revoked, fixture->intermediate) &&
           write_pair(fixture, "stranger", fixture->stranger, NULL) &&
           write_pair(fixture, "client", fixture->client, NULL) &&
           fixture_write_crl(fixture, "crl.pem", &root, &intermediate) &&
           fixture_write_crl(fixture, "crl-revoked.pem", &root, &revoking);
}

const char *fixture_expand(const char *text, const char *mark, const char *value)
{
    const char *found = strstr(text, mark);
    return found == NULL ? text
                         : suite_text("%.*s%s%s", (int)(found - text), text, value,
                                      fixture_expand(found + strlen(mark), mark, value));
}

/* With the names of this folder and of the build's. */
static const char *expand_names(const struct fixture *fixture, const char *text)
{
    const char *build = getenv("top_builddir");
    return text == NULL ? NULL
                        : fixture_expand(fixture_expand(text, "@FOLDER@", fixture->folder),
                                         "@BUILD@", build != NULL ? build : ".");
}

int fixture_open(struct fixture *fixture, const char *odbcinst_extra, const char *odbc_extra)
{
    *fixture = (struct fixture){.folder = pki_temp_dir()};
    opened = fixture;
    bool is_good = fixture->folder != NULL && setenv("HOME", fixture->folder, 1) == 0 &&
                   make_certificates(fixture) && write_files(fixture) &&
                   odbc_configure(fixture->folder, expand_names(fixture, odbcinst_extra),
                                  expand_names(fixture, odbc_extra));
    return is_good ? 0 : -1;
}

void fixture_close(struct fixture *fixture)
{
    postgres_stop(&fixture->postgres);
    pki_temp_dir_remove(&fixture->folder);
}

int fixture_tear_down(void)
{
    if (opened != NULL)
        fixture_close(opened);
    return 0;
}

bool fixture_start_with(struct fixture *fixture, const struct postgres_options *options)
{
    if (fixture->postgres != NULL)
        return postgres_restart(fixture->postgres, options);
    fixture->postgres = postgres_start(options);
    return fixture->postgres != NULL;
}

bool fixture_start(struct fixture *fixture, const char *name, const char *hba, bool has_client_ca)
{
    const char *folder = fixture->folder;
    return fixture_start_with(
        fixture, &(struct postgres_options){
                     .certificate = name != NULL ? suite_text("%s/%s.pem", folder, name) : NULL,
                     .key = name != NULL ? suite_text("%s/%s.key", folder, name) : NULL,
                     .ca = has_client_ca ? fixture_path(fixture, "root.pem") : NULL,
                     .hba = hba});
}

unsigned fixture_port(const struct fixture *fixture)
{
    return fixture->postgres != NULL ? postgres_port(fixture->postgres) : 0;
}
