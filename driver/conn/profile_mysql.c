/*
 * profile_mysql.c - MariaDB and MySQL ODBC.
 *
 * The endpoint is a Unix socket in a private directory: over it the driver sends passwords as it
 * would over TLS (caching_sha2_password), and nobody else can connect to it.
 */
#include <string.h>

#include "base/text.h"
#include "conn/profiles.h"

static const char *const server_keywords[] = {"Server", "Servername", NULL};
static const char *const port_keywords[] = {"Port", NULL};
static const char *const user_keywords[] = {"UID", "User", NULL};
static const char *const socket_keywords[] = {"Socket", NULL};

/* The driver's own TLS, and what reads a configuration file that could turn it on or lead
 * elsewhere. */
static const char *const dropped_keywords[] = {
    "Socket", "TCPIP",     "ForceTLS",  "TLSPeerFP", "TLSPeerFPList", "TLSVersion",
    "SslFp",  "SslFpList", "Use_MyCnf", "NamedPipe", "SSLMode",       NULL};

/* Demands on the driver's own TLS, and which keyword makes the same of odbcssl. */
static const struct {
    const char *keyword;
    const char *advice;
} refused_keywords[] = {
    {"TLSPeerFP", "SslPin"},
    {"TLSPeerFPList", "SslPin"},
    {"TLSVersion", "SslMinProtocol and SslMaxProtocol"},
};

/* The driver's own wishes for TLS must not get lost silently. */
static bool check_driver_tls(const struct settings *settings, struct error *error)
{
    const struct connstr *list = &settings->driver_settings;
    const char *forced = connstr_get(list, "ForceTLS");
    for (size_t i = 0; i < sizeof refused_keywords / sizeof refused_keywords[0]; i++) {
        const char *value = connstr_get(list, refused_keywords[i].keyword);
        if (value == NULL || *value == '\0')
            continue;
        error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                  "%s is a TLS setting of the MariaDB driver, which makes no TLS behind odbcssl: "
                  "use %s in its place",
                  refused_keywords[i].keyword, refused_keywords[i].advice);
        return false;
    }
    if (forced == NULL || *forced == '\0' || strcmp(forced, "0") == 0 ||
        settings->tls.mode >= ODBCSSL_MODE_REQUIRE)
        return true;
    error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
              "FORCETLS=%s demands TLS of the MariaDB driver, but odbcssl makes it, and SslMode=%s "
              "does not demand it: set SslMode to require or stronger",
              forced, tls_mode_name(settings->tls.mode));
    return false;
}

static bool inspect(const struct settings *settings, struct profile_target *target,
                    struct error *error)
{
    const char *socket = profile_lookup(&settings->driver_settings, socket_keywords, NULL);
    if (!check_driver_tls(settings, error))
        return false;
    if (socket != NULL && *socket != '\0' && (target->host == NULL || *target->host == '\0')) {
        error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
                  "Socket=%s: TLS does not run over a Unix socket. Name the server with Server and "
                  "Port, or use the MariaDB driver itself",
                  socket);
        return false;
    }
    return true;
}

static bool rewrite(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error)
{
    (void)target;
    (void)error;
    /* MySQL's own driver tries TLS whenever it is offered; MariaDB's passes the keyword over. */
    if (strstr(settings->driver_path, "myodbc") != NULL &&
        !connstr_append(list, "SSLMODE", "DISABLED"))
        return false;
    if (endpoint->kind == ENDPOINT_UNIX)
        return profile_set(list, server_keywords, "localhost") &&
               connstr_append(list, "SOCKET", endpoint->path);
    return profile_set(list, server_keywords, endpoint->address) &&
           profile_set_number(list, port_keywords, endpoint->port);
}

const struct profile profile_mysql = {
    .family = DRIVER_FAMILY_MYSQL,
    .name = "MySQL or MariaDB",
    .protocol = DATABASE_PROTOCOL_MYSQL,
    .endpoint = ENDPOINT_UNIX,
    .default_port = 3306,
    .server_keywords = server_keywords,
    .port_keywords = port_keywords,
    .user_keywords = user_keywords,
    .dropped_keywords = dropped_keywords,
    .inspect = inspect,
    .rewrite = rewrite,
};
