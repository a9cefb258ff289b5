/*
 * profile_tds.c - FreeTDS.
 *
 * It takes no Unix socket, and TDSHOST, TDSPORT and TDSVER in the environment beat its connection
 * string. TDS_Version is fixed, because without one a failed connect is tried again as TDS 5.0,
 * with the password in the clear; Encryption=request leaves the password field of such a login
 * empty.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/profiles.h"

static const char *const server_keywords[] = {"Server", "Servername", "Address", NULL};
static const char *const port_keywords[] = {"Port", NULL};
static const char *const user_keywords[] = {"UID", "User", NULL};
static const char *const version_keywords[] = {"TDS_Version", NULL};
static const char *const dropped_keywords[] = {"Encryption", NULL};
static const char *const environment[] = {"TDSHOST", "TDSPORT", NULL};

#define DEFAULT_TDS_VERSION "7.4"

/* "host,port" as Microsoft's drivers and FreeTDS take it. */
static bool
split_port(struct profile_target *target, struct error *error)
{
    char *comma = target->host != NULL ? strrchr(target->host, ',') : NULL;
    unsigned long port;
    if (comma == NULL)
        return true;
    if (!text_parse_number(comma + 1, 65535, &port) || port == 0) {
        error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                  "Server=%s: behind the comma a port from 1 to 65535 is wanted", target->host);
        return false;
    }
    *comma = '\0';
    target->port = (uint16_t)port;
    return true;
}

static bool
inspect(const struct settings *settings, struct profile_target *target, struct error *error)
{
    (void)settings;
    return profile_refuse_environment(environment,
                                      "it would lead FreeTDS past odbcssl's TLS session", error) &&
           split_port(target, error);
}

static bool
rewrite(const struct settings *settings, const struct profile_target *target,
        const struct relay_endpoint *endpoint, struct connstr *list, struct error *error)
{
    (void)settings;
    (void)target;
    (void)error;
    const char *version = connstr_get(list, "TDS_Version");
    if (version == NULL || *version == '\0')
        version = DEFAULT_TDS_VERSION;
    return profile_set(list, version_keywords, version) &&
           profile_set(list, server_keywords, endpoint->address) &&
           profile_set_number(list, port_keywords, endpoint->port) &&
           connstr_append(list, "Encryption", "request");
}

const struct profile profile_tds = {
    .family = DRIVER_FAMILY_TDS,
    .name = "SQL Server (TDS)",
    .protocol = DATABASE_PROTOCOL_TDS,
    .endpoint = ENDPOINT_LOOPBACK,
    .default_port = 1433,
    .server_keywords = server_keywords,
    .port_keywords = port_keywords,
    .user_keywords = user_keywords,
    .dropped_keywords = dropped_keywords,
    .inspect = inspect,
    .rewrite = rewrite,
};
