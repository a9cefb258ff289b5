/*
 * profile_postgresql.c - psqlodbc and the drivers made from it (openGauss, GaussDB).
 *
 * The server's name stays as it is, so that .pgpass, Kerberos and SQL_SERVER_NAME are as without
 * odbcssl; libpq's hostaddr sends the connection to the relay. hostaddr in pqopt beats PGHOSTADDR
 * and services.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/pgpass.h"
#include "conn/pqopt.h"
#include "conn/profiles.h"

static const char *const server_keywords[] = {"Servername", "Server", NULL};
static const char *const port_keywords[] = {"Port", NULL};
static const char *const user_keywords[] = {"Username", "UID", "User", NULL};
static const char *const pqopt_keywords[] = {"pqopt", "D5", NULL};
static const char *const tls_keywords[] = {"SSLmode", "CA", NULL};

/* psqlodbc decodes %XX and '+' in these when a connection string has them without braces; of
 * odbc.ini it decodes the password only. */
static const char *const database_keywords[] = {"Database", "DX", NULL};
static const char *const password_keywords[] = {"PWD", "Password", NULL};
static const char *const statement_keywords[] = {"ConnSettings", "A6", NULL};

static bool check_environment(struct error *error)
{
    static const char *const impossible[] = {"PGCHANNELBINDING", "PGGSSENCMODE", NULL};
    for (size_t i = 0; impossible[i] != NULL; i++) {
        const char *value = profile_environment(impossible[i]);
        if (value != NULL && strcmp(value, "require") == 0) {
            error_set(error, ODBCSSL_ERROR_BYPASS_SETTING,
                      "the environment variable %s=require cannot be fulfilled: libpq does not "
                      "see the TLS session that odbcssl holds. Unset it for this program, and "
                      "verify the server with SslMode=verify-full",
                      impossible[i]);
            return false;
        }
    }
    return true;
}

/* psqlodbc's own short word for SSLmode: a wish for TLS that must not get lost. */
static bool check_short_mode(const struct settings *settings, struct error *error)
{
    const char *mode = connstr_get(&settings->driver_settings, "CA");
    if (mode == NULL || text_equal_nocase(mode, "d") || text_equal_nocase(mode, "disable"))
        return true;
    error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
              "CA=%s is psqlodbc's short form of SSLmode: write SslMode=... in its place", mode);
    return false;
}

static bool inspect(const struct settings *settings, struct profile_target *target,
                    struct error *error)
{
    char *rest = NULL;
    const char *pqopt = profile_lookup(&settings->driver_settings, pqopt_keywords, NULL);
    if (!check_environment(error) || !check_short_mode(settings, error) ||
        !pqopt_inspect(pqopt, &target->address, &rest, error))
        return false;
    free(rest);
    const char *address = secure_getenv("PGHOSTADDR");
    if (target->address == NULL && address != NULL && *address != '\0') {
        target->address = strdup(address);
        if (target->address == NULL) {
            error_set_memory(error);
            return false;
        }
    }
    if (target->host != NULL && strchr(target->host, ',') != NULL) {
        error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                  "Servername=%s names several hosts: name one, or a name with several addresses",
                  target->host);
        return false;
    }
    return true;
}

/* pqopt for libpq: the user's options, and the relay's address. */
static bool set_pqopt(const struct settings *settings, const struct relay_endpoint *endpoint,
                      struct connstr *list, struct error *error)
{
    char *address = NULL, *rest = NULL, *pqopt = NULL;
    const char *text = profile_lookup(&settings->driver_settings, pqopt_keywords, NULL);
    bool is_set = false;
    if (pqopt_inspect(text, &address, &rest, error) &&
        asprintf(&pqopt, "%s%shostaddr=%s", rest, *rest != '\0' ? " " : "", endpoint->address) >= 0)
        is_set = profile_set(list, pqopt_keywords, pqopt);
    if (is_set)
        for (size_t i = 0; i < list->count; i++)
            if (profile_is_listed(list->pairs[i].keyword, pqopt_keywords))
                list->pairs[i].is_braced = true;
    text_free_secret(pqopt);
    text_free_secret(rest);
    free(address);
    return is_set;
}

/* A value that psqlodbc decodes, and that could only stand in braces, where it would not be
 * decoded: its special characters are written as %XX. */
static bool encode_specials(struct connstr_pair *pair)
{
    static const char specials[] = ";{}";
    if (pair->is_braced || strpbrk(pair->value, specials) == NULL)
        return true;
    char *encoded = malloc(strlen(pair->value) * 3 + 1);
    if (encoded == NULL)
        return false;
    char *out = encoded;
    for (const char *in = pair->value; *in != '\0'; in++) {
        if (strchr(specials, *in) != NULL)
            out += sprintf(out, "%%%02X", (unsigned)(unsigned char)*in);
        else
            *out++ = *in;
    }
    *out = '\0';
    text_free_secret(pair->value);
    pair->value = encoded;
    return true;
}

/* psqlodbc takes the braces off these three only, and decodes the first two only without braces. */
static bool rewrite_pair(struct connstr_pair *pair)
{
    bool is_statement = profile_is_listed(pair->keyword, statement_keywords);
    bool is_password = profile_is_listed(pair->keyword, password_keywords);
    if (is_statement && pair->is_from_file)
        pair->is_braced = true;
    if (is_statement || is_password)
        return encode_specials(pair);
    if (!profile_is_listed(pair->keyword, pqopt_keywords))
        pair->is_braced = false;
    return true;
}

/* libpq looks a password up by the port, too: when the relay has another one than the server, here.
 */
static bool add_password(const struct profile_target *target, const struct relay_endpoint *endpoint,
                         struct connstr *list)
{
    const char *given = profile_lookup(list, password_keywords, NULL);
    const struct pgpass_query query = {
        .host = target->host,
        .port = target->port,
        .database = profile_lookup(list, database_keywords, NULL),
        .user = profile_lookup(list, user_keywords, NULL),
    };
    if (endpoint->port == target->port || (given != NULL && *given != '\0') ||
        profile_environment("PGPASSWORD") != NULL || query.database == NULL || query.user == NULL)
        return true;
    char *password = pgpass_find(&query);
    bool is_added = password == NULL || profile_set(list, password_keywords, password);
    if (password != NULL && is_added)
        for (size_t i = 0; i < list->count; i++)
            if (profile_is_listed(list->pairs[i].keyword, password_keywords))
                list->pairs[i].is_braced = true;
    text_free_secret(password);
    return is_added;
}

static bool rewrite(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error)
{
    for (size_t i = 0; i < list->count; i++)
        if (!rewrite_pair(&list->pairs[i]))
            return false;
    profile_remove(list, tls_keywords);
    if (!add_password(target, endpoint, list))
        return false;
    /* psqlodbc reads its driver-wide defaults from the section of odbcinst.ini that DRIVER names.
     */
    return connstr_append(list, "DRIVER", settings->target_driver.value) &&
           profile_set(list, server_keywords, target->host) &&
           profile_set_number(list, port_keywords, endpoint->port) &&
           connstr_append(list, "SSLmode", "disable") && set_pqopt(settings, endpoint, list, error);
}

const struct profile profile_postgresql = {
    .family = DRIVER_FAMILY_POSTGRESQL,
    .name = "PostgreSQL",
    .protocol = DATABASE_PROTOCOL_POSTGRESQL,
    .endpoint = ENDPOINT_LOOPBACK,
    .default_port = 5432,
    .server_keywords = server_keywords,
    .port_keywords = port_keywords,
    .user_keywords = user_keywords,
    .dropped_keywords = tls_keywords,
    .inspect = inspect,
    .rewrite = rewrite,
};
