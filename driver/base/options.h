/*
 * options.h - the typed values of the TLS keywords, as config/ resolved them and tls/, proto/ and
 * session/ obey them. What each keyword means stands in base/keys.def and odbcssl(7).
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "odbcssl.h"

/* Wire values, so that they compare and report as they are. */
enum tls_version {
    TLS_VERSION_NONE = 0,
    TLS_VERSION_1_0 = 0x0301,
    TLS_VERSION_1_1 = 0x0302,
    TLS_VERSION_1_2 = 0x0303,
    TLS_VERSION_1_3 = 0x0304
};

enum crl_check { CRL_CHECK_CHAIN, CRL_CHECK_LEAF };

enum tls_negotiation { TLS_NEGOTIATION_STARTTLS, TLS_NEGOTIATION_DIRECT };

enum file_permissions { FILE_PERMISSIONS_KEY, FILE_PERMISSIONS_STRICT };

enum transport_choice { TRANSPORT_AUTO, TRANSPORT_INTERPOSE, TRANSPORT_RELAY };

/* How a database switches to TLS. */
enum database_protocol {
    DATABASE_PROTOCOL_AUTO, /* as the real driver's family says */
#define DATABASE(name, word, its_proto, its_profile, libraries) DATABASE_PROTOCOL_##name,
#include "base/databases.def"
    DATABASE_PROTOCOL_NONE /* TLS from the first byte */
};

/* The database behind a real driver: which environment variables and default files count (PGSSLMODE
 * and ~/.postgresql are libpq's), and how the driver is led to the relay. */
enum driver_family {
    DRIVER_FAMILY_UNKNOWN,
#define DATABASE(name, word, its_proto, its_profile, libraries) DRIVER_FAMILY_##name,
#include "base/databases.def"
};

/* A text value with where it came from, for errors. All strings are owned by the options. */
struct option {
    char *value;         /* NULL: not set */
    const char *keyword; /* as in keys.def: "SslCrl"; static */
    char *source;        /* "connection string", "odbc.ini [warehouse]", "environment PGSSLCRL" */
};

struct tls_options {
    enum odbcssl_mode mode;
    struct option root_cert; /* file, or "system" */
    struct option cert;      /* file, or pkcs11: URI */
    struct option key;       /* file, or pkcs11: URI */
    struct option password;  /* secret: wiped by tls_options_free */
    struct option crl;       /* file */
    struct option crl_dir;
    enum crl_check crl_check;
    struct option server_name; /* SNI and the name expected; NULL: the host */
    bool send_sni;
    struct option pin;
    enum tls_version minimum_version; /* never NONE */
    enum tls_version maximum_version; /* NONE: no limit */
    struct option priority;
    enum tls_negotiation negotiation;
    enum database_protocol protocol;
    unsigned expiry_warning_days; /* 0: no warning */
    enum file_permissions file_permissions;
    unsigned timeout; /* seconds; 0: the login timeout, else TLS_DEFAULT_TIMEOUT */
    struct option trace;
    enum transport_choice transport;
};

#define TLS_DEFAULT_TIMEOUT 30

/* The same keyword with path as its value, for a file that was found through it: in a folder, or
 * beside another. It owns nothing; path has to outlive it. */
struct option option_of_file(const struct option *option, const char *path);

/* Wipe and free all texts; the struct is then all zeroes. */
void option_free(struct option *option);
void tls_options_free(struct tls_options *options);

/* "verify-full", "TLSv1.2"; static. */
const char *tls_mode_name(enum odbcssl_mode mode);
const char *tls_version_name(enum tls_version version);

/* Room for the text of an option, whose value may be a long path. */
#define OPTION_TEXT_SIZE 700

/* "SslCrl=/path (odbc.ini [warehouse])" for errors; returns out. A secret is never printed. */
const char *option_describe(const struct option *option, char *out, size_t out_size);

#endif
