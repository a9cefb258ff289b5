/*
 * profile_unknown.c - any driver that takes a host and a port: SslServerKeyword and SslPortKeyword
 * name its keywords for them, and SslProtocol the way to TLS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/profiles.h"

#define SERVER "Server"
#define PORT "Port"
#define USER "UID"

/* clang-format off */
static const struct profile_keyword keywords[] = {
    PASSED(SERVER), OTHER_NAME("Servername", SERVER, PASSED), OTHER_NAME("Host", SERVER, PASSED),
    OTHER_NAME("Hostname", SERVER, PASSED), PASSED(PORT), PASSED(USER),
    OTHER_NAME("User", USER, PASSED), OTHER_NAME("Username", USER, PASSED),
    {NULL, NULL, KEYWORD_PASSED},
};
/* clang-format on */

/* The value of the keyword that SslServerKeyword or SslPortKeyword names; NULL with error. */
static const char *find_named(const struct profile_target *target, const struct option *named,
                              const char *what, struct error *error)
{
    const char *value = connstr_get(&target->settings, named->value);
    if (value != NULL && *value != '\0')
        return value;
    error_set(error, ODBCSSL_ERROR_SERVER_MISSING,
              "no %s is named: set %s, which %s names as the keyword for it", what, named->value,
              named->keyword);
    return NULL;
}

static bool inspect(const struct settings *settings, struct profile_target *target,
                    struct error *error)
{
    const struct option *server = &settings->server_keyword, *port = &settings->port_keyword;
    if (server->value != NULL) {
        const char *host = find_named(target, server, "server", error);
        free(target->host);
        target->host = host != NULL ? strdup(host) : NULL;
        if (target->host == NULL)
            return error_set_memory(error);
    }
    const char *text = port->value != NULL ? find_named(target, port, "port", error) : NULL;
    if (text == NULL)
        return port->value == NULL;
    return text_parse_port(text, &target->port) ||
           profile_refuse_port(settings, connstr_find(&target->settings, port->value), error);
}

/* The ODBC reference's way: braces where they are needed, with '}' doubled. */
static bool write_setting(const char *keyword, const struct connstr_pair *pair, bool is_wide,
                          struct buffer *out, struct error *error)
{
    (void)is_wide;
    const char *value = pair->value;
    size_t length = strlen(value);
    (void)keyword;
    (void)error;
    bool has_blanks = length > 0 && (value[0] == ' ' || value[length - 1] == ' ');
    bool is_braced = pair->origin == CONNSTR_BRACED || strpbrk(value, ";{}") != NULL || has_blanks;
    return is_braced ? connstr_append_braced(out, value) : buffer_append_text(out, value);
}

/* Which of several counts for such a driver, nobody knows: each keyword is there once. */
static bool rewrite(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error)
{
    const char *server = settings->server_keyword.value;
    const char *port = settings->port_keyword.value;
    char digits[16];
    (void)error;
    snprintf(digits, sizeof digits, "%u", endpoint->port);
    return profile_append_all(list, &target->settings) &&
           profile_set(&profile_unknown, list, server != NULL ? server : SERVER,
                       endpoint->address) &&
           profile_set(&profile_unknown, list, port != NULL ? port : PORT, digits);
}

const struct profile profile_unknown = {
    .family = DRIVER_FAMILY_UNKNOWN,
    .protocol = DATABASE_PROTOCOL_AUTO,
    .keywords = keywords,
    .is_open = true,
    .server_keyword = SERVER,
    .port_keyword = PORT,
    .user_keyword = USER,
    .write = write_setting,
    .inspect = inspect,
    .rewrite = rewrite,
};
