/*
 * profile_unknown.c - any driver that takes a host and a port: SslServerKeyword and SslPortKeyword
 * name its keywords for them, and SslProtocol the way to TLS.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/profiles.h"

static const char *const server_keywords[] = {"Server", "Servername", "Host", "Hostname", NULL};
static const char *const port_keywords[] = {"Port", NULL};
static const char *const user_keywords[] = {"UID", "User", "Username", NULL};

/* The value of the keyword that SslServerKeyword or SslPortKeyword names; NULL with error. */
static const char *find_named(const struct settings *settings, const struct option *named,
                              const char *what, struct error *error)
{
    const char *value = connstr_get(&settings->driver_settings, named->value);
    if (value != NULL && *value != '\0')
        return value;
    error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
              "no %s is named: set %s, which %s names as the keyword for it", what, named->value,
              named->keyword);
    return NULL;
}

static bool take_host(const struct settings *settings, struct profile_target *target,
                      struct error *error)
{
    const char *host = find_named(settings, &settings->server_keyword, "server", error);
    free(target->host);
    target->host = host != NULL ? strdup(host) : NULL;
    if (host != NULL && target->host == NULL)
        error_set_memory(error);
    return target->host != NULL;
}

static bool take_port(const struct settings *settings, struct profile_target *target,
                      struct error *error)
{
    unsigned long port;
    const char *text = find_named(settings, &settings->port_keyword, "port", error);
    if (text == NULL)
        return false;
    if (!text_parse_number(text, 65535, &port) || port == 0) {
        error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s=%s: a port is a number from 1 to 65535",
                  settings->port_keyword.value, text);
        return false;
    }
    target->port = (uint16_t)port;
    return true;
}

static bool inspect(const struct settings *settings, struct profile_target *target,
                    struct error *error)
{
    return (settings->server_keyword.value == NULL || take_host(settings, target, error)) &&
           (settings->port_keyword.value == NULL || take_port(settings, target, error));
}

static bool rewrite(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error)
{
    (void)target;
    (void)error;
    const char *const server[] = {settings->server_keyword.value, NULL};
    const char *const port[] = {settings->port_keyword.value, NULL};
    return profile_set(list, server[0] != NULL ? server : server_keywords, endpoint->address) &&
           profile_set_number(list, port[0] != NULL ? port : port_keywords, endpoint->port);
}

const struct profile profile_unknown = {
    .family = DRIVER_FAMILY_UNKNOWN,
    .name = "unknown",
    .protocol = DATABASE_PROTOCOL_AUTO,
    .endpoint = ENDPOINT_LOOPBACK,
    .default_port = 0,
    .server_keywords = server_keywords,
    .port_keywords = port_keywords,
    .user_keywords = user_keywords,
    .dropped_keywords = NULL,
    .inspect = inspect,
    .rewrite = rewrite,
};
