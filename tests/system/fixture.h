/*
 * fixture.h - what system tests start from: a folder with certificates and CRLs, and a PostgreSQL
 * server that shows one of them.
 *
 *      root CA --- intermediate CA --- server  (DNS:localhost, DNS:db.example.com, IP:127.0.0.1)
 *         |               +----------- revoked (the same names; serial 0A3F)
 *         +--- client     (CN=demo)
 *      other CA --- stranger (the same names)
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "support/pki.h"
#include "support/postgres_server.h"
#include "support/suite.h"

#define FIXTURE_IS_SANITIZED SUITE_IS_SANITIZED

/* The server takes the user over TLS, by password. */
#define FIXTURE_HBA "hostssl all all 127.0.0.1/32 scram-sha-256"

struct fixture {
    char *folder;
    struct pki_certificate *root, *intermediate, *server, *revoked, *client, *other, *stranger;
    struct postgres_server *postgres;
};

/* Makes folder and files, and configures the driver manager (odbc_configure; extra may be NULL,
 * @FOLDER@ in it stands for the folder, @BUILD@ for the build's):
 *   root.pem other.pem server.pem server.key revoked.pem revoked.key stranger.pem stranger.key
 *   client.pem client.key crl.pem (root's and intermediate's, nothing listed)
 *   crl-revoked.pem (intermediate's lists "revoked")
 * The *.pem of servers hold the intermediate's, too. 0: good, as suites want. */
int fixture_open(struct fixture *fixture, const char *odbcinst_extra, const char *odbc_extra);
void fixture_close(struct fixture *fixture);

/* For SUITE: closes the fixture that was opened last. */
int fixture_tear_down(void);

/* "folder/name", a suite_text. */
const char *fixture_path(const struct fixture *fixture, const char *name);

/* The text with value for every mark in it, a suite_text if there is one. */
const char *fixture_expand(const char *text, const char *mark, const char *value);

/* Starts the server with the certificate files NAME.pem and NAME.key (NULL: no TLS), or restarts
 * it. */
bool fixture_start(struct fixture *fixture, const char *name, const char *hba, bool has_client_ca);

/* The same with all options; certificate and key are names of the folder's files. */
bool fixture_start_with(struct fixture *fixture, const struct postgres_options *options);

/* Issues a certificate and writes NAME.pem and NAME.key; "with" stands in the PEM file, too: NULL.
 */
bool fixture_issue(const struct fixture *fixture, const char *name, const struct pki_spec *spec,
                   const struct pki_certificate *with);

/* A connection string for the server, its database and user; more: keywords, which count before
 * these. Of a driver, and of odbcssl over psqlodbc in verify-full. They are suite_texts. */
const char *fixture_source(const struct fixture *fixture, const char *driver, const char *more);
const char *fixture_verified(const struct fixture *fixture, const char *more);

unsigned fixture_port(const struct fixture *fixture);

/* Writes the CRL of an issuer as PEM: revoked may be NULL. */
bool fixture_write_crl(const struct fixture *fixture, const char *name,
                       const struct pki_crl_spec *first, const struct pki_crl_spec *second);

/* Several in one file. */
bool fixture_write_crls(const struct fixture *fixture, const char *name,
                        const struct pki_crl_spec *specs, size_t count);

#endif
