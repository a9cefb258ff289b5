/*
 * profiles.h - what odbcssl has to know about a real driver to lead it to the relay: one row per
 * family.
 *
 *      settings.driver_settings          what the user wrote, with its origin
 *        | profile_read                  what the real driver would make of it
 *      target.settings                   each setting once; inspect adds what pqopt or freetds.conf
 * say | profile_connection_string     the relay's address, and the real driver's own escapes
 *      connection string                 which the real driver reads as it was meant
 */
#ifndef CONN_PROFILES_H
#define CONN_PROFILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/settings.h"
#include "relay/relay.h"

/* Where the server is, and what else the real driver is to be told. All zeroes is empty; texts are
 * owned: profile_target_free. */
struct profile_target {
    struct connstr settings; /* as the real driver would read them, without its way to the server */
    char *host;              /* as the user wrote it: for SNI, the name check, SQL_SERVER_NAME */
    char *address;   /* what to dial when it is not the host (libpq's hostaddr); else NULL */
    char *full_name; /* the host's in DNS, for Kerberos, when the host has no dot; else NULL */
    uint16_t port;
    bool has_port;  /* it was set, and is not the usual one by default */
    char *instance; /* SQL Server: its port has to be asked for; else NULL */
};

/* Where the real driver is to connect to: one or the other. */
struct relay_endpoint {
    enum endpoint_kind kind;
    char address[16]; /* "127.81.3.7" */
    uint16_t port;
    char path[108]; /* of the Unix socket */
};

enum keyword_use {
    KEYWORD_PASSED,
    KEYWORD_STRING_ONLY, /* passed; in odbc.ini the real driver passes it over, and so do we */
    KEYWORD_DRIVER_WIDE, /* passed; the real driver reads it from its section of odbcinst.ini too */
    KEYWORD_OF_OTHERS,   /* passed; some versions do not know it, so it has to do without escapes */
    KEYWORD_KEPT_BACK,   /* the real driver's TLS and its way to the server: both are odbcssl's */
    KEYWORD_OF_FILE,     /* kept back; the real driver knows it in odbc.ini, and in a connection
                          * string it counts where no other name of the setting is set */
};

/* A keyword that the real driver knows. */
struct profile_keyword {
    const char *name;    /* NULL ends a table */
    const char *same_as; /* the keyword that this is another name of; else NULL */
    enum keyword_use use;
};

/* Its rows; SHORTENED is two: a keyword, and its short name for connection strings. */
/* clang-format off */
#define PASSED(name) {name, NULL, KEYWORD_PASSED}
#define STRING_ONLY(name) {name, NULL, KEYWORD_STRING_ONLY}
#define DRIVER_WIDE(name) {name, NULL, KEYWORD_DRIVER_WIDE}
#define OF_OTHERS(name) {name, NULL, KEYWORD_OF_OTHERS}
#define KEPT_BACK(name) {name, NULL, KEYWORD_KEPT_BACK}
#define OTHER_NAME(name, same_as, use) {name, same_as, KEYWORD_##use}
#define SHORTENED(name, short_name, use) \
    {name, NULL, KEYWORD_##use}, {short_name, name, KEYWORD_STRING_ONLY}
/* clang-format on */

struct profile {
    enum driver_family family;
    enum database_protocol protocol;
    enum endpoint_kind endpoint; /* of attempts with TLS; the others have ENDPOINT_LOOPBACK */
    uint16_t default_port;       /* 0: there is no usual one */

    /* SQL_SERVER_NAME is the real driver's: what the server calls itself, or a name that it keeps.
     */
    bool is_server_asked;

    /* What the real driver knows. Of two names of one setting the earlier row counts in odbc.ini,
     * and in a connection string the name that stands last. */
    const struct profile_keyword *keywords;
    bool is_open;          /* the table is not all that it knows: other keywords are passed on */
    bool is_empty_unset;   /* an empty value in odbc.ini counts for none */
    bool is_later_by_name; /* for SQLConnect the later row counts in odbc.ini */

    const char *server_keyword;
    const char *port_keyword;
    const char *user_keyword;
    const char *const *text_keywords; /* login and free text, ended by NULL */

    /* What the real driver makes of a setting of this keyword (never another name of it) where it
     * stands: *value_out is new, or NULL when it would pass it over. NULL: the value as it is.
     * false with error set. */
    bool (*read)(const char *keyword, const struct connstr_pair *pair, char **value_out,
                 struct error *error);

    /* Appends the value of a setting of this keyword so that the real driver's own parser reads
     * just that; false with error naming pair->keyword when there is no way to. is_wide: the string
     * is for a wide function. */
    bool (*write)(const char *keyword, const struct connstr_pair *pair, bool is_wide,
                  struct buffer *out, struct error *error);

    /* The value of a file as it stands in a connection string that is not wide; new, NULL with
     * error set. NULL: as in the file. */
    char *(*to_narrow)(const struct connstr_pair *pair, struct error *error);

    /* Refuses what would lead the driver past the relay and cannot be undone (environment
     * variables, options); finds what else names the server, and takes it out of target->settings.
     * target holds the keywords' host and port already. */
    bool (*inspect)(const struct settings *settings, struct profile_target *target,
                    struct error *error);

    /* SQL_ATTR_CURRENT_CATALOG was set before connecting: takes out of target->settings what
     * counts after it when the real driver is on its own. is_by_name: SQLConnect was called. NULL:
     * nothing does. */
    void (*yield_to_catalog)(struct profile_target *target, bool is_by_name);

    /* Fills list with target->settings and what makes the driver connect to the endpoint, without
     * TLS of its own: the one place that knows which address it connects to. false with error
     * set. */
    bool (*rewrite)(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error);
};

/* Never NULL: an unknown driver gets a row that goes by SslServerKeyword and SslPortKeyword. */
const struct profile *profile_find(enum driver_family family);

/* Fills target->settings. false with error set. */
bool profile_read(const struct profile *profile, const struct settings *settings,
                  struct profile_target *target, struct error *error);

/* After profile_read: host, address and port. false with error set. */
bool profile_find_server(const struct profile *profile, const struct settings *settings,
                         struct profile_target *target, struct error *error);
void profile_target_free(struct profile_target *target);

/* A new connection string for the real driver, in UTF-8 when is_wide; free with text_free_secret.
 * NULL with error set. */
char *profile_connection_string(const struct profile *profile, const struct settings *settings,
                                const struct profile_target *target,
                                const struct relay_endpoint *endpoint, bool is_wide,
                                struct error *error);

/* The same of what a later round of SQLBrowseConnect gives: the server is not changed any more. */
char *profile_browse_string(const struct profile *profile, const struct connstr *given,
                            bool is_wide, struct error *error);

#define DATABASE(name, word, its_proto, its_profile, libraries)                                    \
    extern const struct profile its_profile;
#include "base/databases.def"
extern const struct profile profile_unknown;

/* MariaDB's driver: the bit of OPTION that says what USE_MYCNF says. */
#define PROFILE_MYSQL_MYCNF 65536u

/* The pair that sets a keyword, under whichever name; NULL when there is none. */
const struct connstr_pair *profile_find_pair(const struct profile *profile,
                                             const struct connstr *list, const char *keyword);

/* Its value. */
const char *profile_get(const struct profile *profile, const struct connstr *list,
                        const char *keyword);

/* Whether the real driver knows a keyword; others are left out. */
bool profile_knows(const struct profile *profile, const char *keyword);

/* Whether a setting that the real driver adds to its connection string is one for the next
 * connection: neither login nor server nor TLS nor free text. */
bool profile_adds(const struct profile *profile, const char *keyword);

/* For the rows: sets or takes away a keyword, under whichever name. false: out of memory. */
bool profile_set(const struct profile *profile, struct connstr *list, const char *keyword,
                 const char *value);
void profile_remove(const struct profile *profile, struct connstr *list, const char *keyword);
bool profile_append_number(struct connstr *list, const char *keyword, unsigned number);
bool profile_append_all(struct connstr *list, const struct connstr *more);

/* For the rows: sets the error of a value that the real driver has no way to be told; returns
 * false. */
bool profile_refuse_value(const struct connstr_pair *pair, const char *why, struct error *error);

/* For the rows: a setting that demands TLS of the real driver, which odbcssl makes, must not get
 * lost: refused unless SslMode demands it, too. */
bool profile_check_demand(const struct settings *settings, const char *keyword, const char *value,
                          const char *driver, struct error *error);

/* What the real driver reads of the environment, in a set-user-ID program too: for what has to be
 * seen to be refused. What is to be used is taken with secure_getenv. */
const char *profile_environment(const char *name);

/* For the rows: where no port is set, the environment variable that is the client library's
 * default, which passes over blanks around it. false with error set. */
bool profile_take_port(const char *variable, struct profile_target *target, struct error *error);

/* For the rows: the value is no port; names where it was written, and returns false. */
bool profile_refuse_port(const struct settings *settings, const struct connstr_pair *pair,
                         struct error *error);

#endif
