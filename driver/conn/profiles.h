/*
 * profiles.h - what odbcssl has to know about a real driver to lead it to the relay: one row per
 * family.
 */
#ifndef CONN_PROFILES_H
#define CONN_PROFILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/settings.h"
#include "relay/relay.h"

/* Where the server is, as the settings say. Texts are owned by the caller: profile_target_free. */
struct profile_target {
    char *host;    /* as the user wrote it: for SNI, the name check, SQL_SERVER_NAME */
    char *address; /* what to dial when it is not the host (libpq's hostaddr); else NULL */
    uint16_t port;
    bool has_port;  /* it was set, and is not the usual one by default */
    char *instance; /* SQL Server: its port has to be asked for; else NULL */
};

struct profile {
    enum driver_family family;
    const char *name; /* for errors */
    enum database_protocol protocol;
    enum endpoint_kind endpoint; /* of attempts with TLS; the others have ENDPOINT_LOOPBACK */
    uint16_t default_port;

    /* The driver's keywords, most usual first, ended by NULL. */
    const char *const *server_keywords;
    const char *const *port_keywords;
    const char *const *user_keywords;

    /* Keywords that would turn on the driver's own TLS, or lead it elsewhere: they are left out. */
    const char *const *dropped_keywords;

    /* Refuses what would lead the driver past the relay and cannot be undone (environment
     * variables, options); finds what else names the server. target holds the keywords' host and
     * port already. */
    bool (*inspect)(const struct settings *settings, struct profile_target *target,
                    struct error *error);

    /* Changes the driver's settings so that it connects to the endpoint without TLS of its own.
     * false: out of memory, or error is set. */
    bool (*rewrite)(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error);
};

/* Never NULL: an unknown driver gets a row that goes by SslServerKeyword and SslPortKeyword. */
const struct profile *profile_find(enum driver_family family);

/* Host, address and port. false with error set. */
bool profile_find_target(const struct profile *profile, const struct settings *settings,
                         struct profile_target *target, struct error *error);
void profile_target_free(struct profile_target *target);

/* The real driver's user name, NULL when none is set. */
const char *profile_user(const struct profile *profile, const struct settings *settings);

/* A new connection string for the real driver; free with text_free_secret. NULL with error set. */
char *profile_connection_string(const struct profile *profile, const struct settings *settings,
                                const struct profile_target *target,
                                const struct relay_endpoint *endpoint, struct error *error);

extern const struct profile profile_postgresql;
extern const struct profile profile_tds;
extern const struct profile profile_mysql;
extern const struct profile profile_unknown;

/* For the rows: the first of several keywords that is set. *keyword_out: which one; may be NULL. */
const char *profile_lookup(const struct connstr *list, const char *const *keywords,
                           const char **keyword_out);

/* For the rows: whether a keyword is one of several. */
bool profile_is_listed(const char *keyword, const char *const *keywords);

/* For the rows: replaces the value of whichever of the keywords is set, else adds the first, and
 * removes the others. false: out of memory. */
bool profile_set(struct connstr *list, const char *const *keywords, const char *value);
void profile_remove(struct connstr *list, const char *const *keywords);
bool profile_set_number(struct connstr *list, const char *const *keywords, unsigned number);

/* What the real driver reads of the environment, in a set-user-ID program too: for what has to be
 * seen to be refused. What is to be used is taken with secure_getenv. */
const char *profile_environment(const char *name);

/* For the rows: an environment variable that would lead the driver elsewhere is set. */
bool profile_refuse_environment(const char *const *names, const char *why, struct error *error);

#endif
