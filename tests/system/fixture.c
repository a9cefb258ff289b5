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
    static char paths[16][1024];
    static unsigned next;
    char *path = paths[next++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", fixture->folder, name);
    return path;
}

static bool write_pair(const struct fixture *fixture, const char *name,
                       const struct pki_certificate *certificate,
                       const struct pki_certificate *issuer)
{
    char pem[64], key[64];
    snprintf(pem, sizeof pem, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    return pki_write_pem(fixture_path(fixture, pem), certificate, issuer, NULL) &&
           pki_write_key_pem(fixture_path(fixture, key), certificate);
}

bool fixture_write_crls(const struct fixture *fixture, const char *name,
                        const struct pki_crl_spec *specs, size_t count)
{
    struct buffer text = {0};
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        struct buffer der = {0};
        char part[128], content[65536];
        snprintf(part, sizeof part, "%s.part", name);
        is_good = is_good && pki_crl(&specs[i], &der) &&
                  pki_write_crl_pem(fixture_path(fixture, part), &der);
        FILE *file = is_good ? fopen(fixture_path(fixture, part), "r") : NULL;
        size_t size = file != NULL ? fread(content, 1, sizeof content, file) : 0;
        is_good = size > 0 && buffer_append(&text, content, size);
        if (file != NULL)
            fclose(file);
        remove(fixture_path(fixture, part));
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

/* A copy with value for every mark; free it. */
static char *expand(const char *text, const char *mark, const char *value)
{
    char *out = strdup("");
    while (out != NULL && *text != '\0') {
        const char *found = strstr(text, mark);
        int length = found != NULL ? (int)(found - text) : (int)strlen(text);
        char *longer = NULL;
        if (asprintf(&longer, "%s%.*s%s", out, length, text, found ? value : "") < 0)
            longer = NULL;
        free(out);
        out = longer;
        text += length + (found != NULL ? (int)strlen(mark) : 0);
    }
    return out;
}

/* With the names of this folder and of the build's; free it. */
static char *expand_names(const struct fixture *fixture, const char *text)
{
    const char *build = getenv("top_builddir");
    char *half = expand(text != NULL ? text : "", "@FOLDER@", fixture->folder);
    char *whole = half != NULL ? expand(half, "@BUILD@", build != NULL ? build : ".") : NULL;
    free(half);
    return whole;
}

static bool configure(const struct fixture *fixture, const char *odbcinst_extra,
                      const char *odbc_extra)
{
    char *odbcinst = expand_names(fixture, odbcinst_extra);
    char *odbc = expand_names(fixture, odbc_extra);
    bool is_good =
        odbcinst != NULL && odbc != NULL && odbc_configure(fixture->folder, odbcinst, odbc);
    free(odbcinst);
    free(odbc);
    return is_good;
}

int fixture_open(struct fixture *fixture, const char *odbcinst_extra, const char *odbc_extra)
{
    *fixture = (struct fixture){.folder = pki_temp_dir()};
    opened = fixture;
    bool is_good = fixture->folder != NULL && setenv("HOME", fixture->folder, 1) == 0 &&
                   make_certificates(fixture) && write_files(fixture) &&
                   configure(fixture, odbcinst_extra, odbc_extra);
    return is_good ? 0 : -1;
}

void fixture_close(struct fixture *fixture)
{
    postgres_stop(&fixture->postgres);
    pki_free(&fixture->root);
    pki_free(&fixture->intermediate);
    pki_free(&fixture->server);
    pki_free(&fixture->revoked);
    pki_free(&fixture->client);
    pki_free(&fixture->other);
    pki_free(&fixture->stranger);
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
    char pem[64], key[64];
    if (name != NULL) {
        snprintf(pem, sizeof pem, "%s.pem", name);
        snprintf(key, sizeof key, "%s.key", name);
    }
    return fixture_start_with(
        fixture,
        &(struct postgres_options){.certificate = name != NULL ? fixture_path(fixture, pem) : NULL,
                                   .key = name != NULL ? fixture_path(fixture, key) : NULL,
                                   .ca = has_client_ca ? fixture_path(fixture, "root.pem") : NULL,
                                   .hba = hba});
}

unsigned fixture_port(const struct fixture *fixture)
{
    return fixture->postgres != NULL ? postgres_port(fixture->postgres) : 0;
}
