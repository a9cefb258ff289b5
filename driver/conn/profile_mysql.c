/*
 * profile_mysql.c - MariaDB and MySQL ODBC.
 *
 * The endpoint is a Unix socket in a private directory: over it the driver sends passwords as it
 * would over TLS (caching_sha2_password), and nobody else can connect to it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/profiles.h"

#define SERVER "SERVER"
#define PORT "PORT"
#define USER "UID"
#define SOCKET "SOCKET"
#define OPTIONS "OPTION"

/* Bits of OPTION that say what a keyword says that is kept back. */
#define OPTION_NAMED_PIPE 8192u
#define OPTION_USE_MYCNF 65536u

/* ma_dsn.c of MariaDB Connector/ODBC, and what MySQL's own driver knows beside it. */
static const struct profile_keyword keywords[] = {
    {SERVER, NULL, KEYWORD_KEPT_BACK},
    {"SERVERNAME", SERVER, KEYWORD_KEPT_BACK},
    {PORT, NULL, KEYWORD_KEPT_BACK},
    {SOCKET, NULL, KEYWORD_KEPT_BACK},
    {"TCPIP", NULL, KEYWORD_KEPT_BACK},
    {"NamedPipe", NULL, KEYWORD_KEPT_BACK},
    {"USE_MYCNF", NULL, KEYWORD_KEPT_BACK},
    {"FORCETLS", NULL, KEYWORD_KEPT_BACK},
    {"TLSPEERFP", NULL, KEYWORD_KEPT_BACK},
    {"SSLFP", "TLSPEERFP", KEYWORD_KEPT_BACK},
    {"TLSPEERFPLIST", NULL, KEYWORD_KEPT_BACK},
    {"SSLFPLIST", "TLSPEERFPLIST", KEYWORD_KEPT_BACK},
    {"TLSVERSION", NULL, KEYWORD_KEPT_BACK},
    {"SSLMODE", NULL, KEYWORD_KEPT_BACK},
    {USER, NULL, KEYWORD_PASSED},
    {"USER", USER, KEYWORD_PASSED},
    {"PWD", NULL, KEYWORD_PASSED},
    {"PASSWORD", "PWD", KEYWORD_PASSED},
    {"DATABASE", NULL, KEYWORD_PASSED},
    {"DB", "DATABASE", KEYWORD_PASSED},
    {"OPTIONS", OPTIONS, KEYWORD_PASSED},
    {OPTIONS, NULL, KEYWORD_PASSED},
    {"INITSTMT", NULL, KEYWORD_PASSED},
    {"CONN_TIMEOUT", NULL, KEYWORD_PASSED},
    {"READ_TIMEOUT", NULL, KEYWORD_PASSED},
    {"WRITE_TIMEOUT", NULL, KEYWORD_PASSED},
    {"AUTO_RECONNECT", NULL, KEYWORD_PASSED},
    {"NO_PROMPT", NULL, KEYWORD_PASSED},
    {"CHARSET", NULL, KEYWORD_PASSED},
    {"PLUGIN_DIR", NULL, KEYWORD_PASSED},
    {"SERVERKEY", NULL, KEYWORD_PASSED},
    {"INTERACTIVE", NULL, KEYWORD_PASSED},
    {"FORWARDONLY", NULL, KEYWORD_PASSED},
    {"SCHEMANOERROR", NULL, KEYWORD_PASSED},
    {"NOLOCALINFILE", NULL, KEYWORD_OF_OTHERS},
    {"NULLISCURRENT", NULL, KEYWORD_OF_OTHERS},
    {"STREAMRS", NULL, KEYWORD_OF_OTHERS},
    {"NO_CACHE", NULL, KEYWORD_OF_OTHERS},
    {"PREPONCLIENT", NULL, KEYWORD_OF_OTHERS},
    {"BIG_PACKETS", NULL, KEYWORD_OF_OTHERS},
    {"COLUMN_SIZE_S32", NULL, KEYWORD_OF_OTHERS},
    {"COMPRESSED_PROTO", NULL, KEYWORD_OF_OTHERS},
    {"DEFAULT_AUTH", NULL, KEYWORD_OF_OTHERS},
    {"DFLT_BIGINT_BIND_STR", NULL, KEYWORD_OF_OTHERS},
    {"DYNAMIC_CURSOR", NULL, KEYWORD_OF_OTHERS},
    {"ENABLE_CLEARTEXT_PLUGIN", NULL, KEYWORD_OF_OTHERS},
    {"FOUND_ROWS", NULL, KEYWORD_OF_OTHERS},
    {"FULL_COLUMN_NAMES", NULL, KEYWORD_OF_OTHERS},
    {"IGNORE_SPACE", NULL, KEYWORD_OF_OTHERS},
    {"LOG_QUERY", NULL, KEYWORD_OF_OTHERS},
    {"MULTI_STATEMENTS", NULL, KEYWORD_OF_OTHERS},
    {"NO_BIGINT", NULL, KEYWORD_OF_OTHERS},
    {"NO_BINARY_RESULT", NULL, KEYWORD_OF_OTHERS},
    {"NO_CATALOG", NULL, KEYWORD_OF_OTHERS},
    {"NO_DATE_OVERFLOW", NULL, KEYWORD_OF_OTHERS},
    {"NO_DEFAULT_CURSOR", NULL, KEYWORD_OF_OTHERS},
    {"NO_I_S", NULL, KEYWORD_OF_OTHERS},
    {"NO_LOCALE", NULL, KEYWORD_OF_OTHERS},
    {"NO_SCHEMA", NULL, KEYWORD_OF_OTHERS},
    {"NO_SSPS", NULL, KEYWORD_OF_OTHERS},
    {"NO_TLS_1_2", NULL, KEYWORD_KEPT_BACK},
    {"NO_TLS_1_3", NULL, KEYWORD_KEPT_BACK},
    {"NO_TRANSACTIONS", NULL, KEYWORD_OF_OTHERS},
    {"PAD_SPACE", NULL, KEYWORD_OF_OTHERS},
    {"PREFETCH", NULL, KEYWORD_OF_OTHERS},
    {"READTIMEOUT", NULL, KEYWORD_OF_OTHERS},
    {"WRITETIMEOUT", NULL, KEYWORD_OF_OTHERS},
    {"SAFE", NULL, KEYWORD_OF_OTHERS},
    {"ZERO_DATE_TO_MIN", NULL, KEYWORD_OF_OTHERS},
    {NULL, NULL, KEYWORD_PASSED},
};

static const char *const text_keywords[] = {USER, "PWD", "DATABASE", "INITSTMT", NULL};

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
static bool check_driver_tls(const struct settings *settings, const struct connstr *list,
                             struct error *error)
{
    const char *forced = connstr_get(list, "FORCETLS");
    for (size_t i = 0; i < sizeof refused_keywords / sizeof refused_keywords[0]; i++) {
        const char *value = profile_get(&profile_mysql, list, refused_keywords[i].keyword);
        if (value == NULL || *value == '\0')
            continue;
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
            "%s is a TLS setting of the MariaDB driver, which makes no TLS behind odbcssl: "
            "use %s in its place",
            refused_keywords[i].keyword, refused_keywords[i].advice);
    }
    if (forced == NULL || *forced == '\0' || strcmp(forced, "0") == 0 ||
        settings->tls.mode >= ODBCSSL_MODE_REQUIRE)
        return true;
    return error_set(
        error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
        "FORCETLS=%s demands TLS of the MariaDB driver, but odbcssl makes it, and SslMode=%s "
        "does not demand it: set SslMode to require or stronger",
        forced, tls_mode_name(settings->tls.mode));
}

/* OPTION says in bits what keywords say, too. The driver reads it with strtoul into 32 bits. */
static bool clear_options(struct connstr *list, struct error *error)
{
    const struct connstr_pair *pair = profile_find_pair(&profile_mysql, list, OPTIONS);
    char digits[16];
    if (pair == NULL)
        return true;
    unsigned options = (unsigned)strtoul(pair->value, NULL, 10);
    snprintf(digits, sizeof digits, "%u", options & ~(OPTION_USE_MYCNF | OPTION_NAMED_PIPE));
    return connstr_set(list, pair->keyword, digits) || error_set_memory(error);
}

static bool inspect(const struct settings *settings, struct profile_target *target,
                    struct error *error)
{
    const char *socket = connstr_get(&target->settings, SOCKET);
    if (!check_driver_tls(settings, &target->settings, error))
        return false;
    if (socket != NULL && *socket != '\0' && (target->host == NULL || *target->host == '\0'))
        return error_set(
            error, ODBCSSL_ERROR_SERVER_MISSING,
            "Socket=%s: TLS does not run over a Unix socket. Name the server with Server and "
            "Port, or use the MariaDB driver itself",
            socket);
    return clear_options(&target->settings, error);
}

static bool is_blank(char character)
{
    return character != '\0' && isspace((unsigned char)character);
}

/* The driver takes blanks away from both ends of every value of a connection string, and an empty
 * value of odbc.ini, or no options there, for none. */
static bool read_setting(const char *keyword, const struct connstr_pair *pair, char **value_out,
                         struct error *error)
{
    const char *value = pair->value;
    size_t length = strlen(value);
    *value_out = NULL;
    if (pair->origin == CONNSTR_DATA_SOURCE &&
        (length == 0 || (text_equal_nocase(keyword, OPTIONS) && strtoul(value, NULL, 10) == 0)))
        return true;
    if (pair->origin == CONNSTR_PLAIN || pair->origin == CONNSTR_BRACED) {
        for (; is_blank(*value); value++)
            length--;
        while (length > 0 && is_blank(value[length - 1]))
            length--;
    }
    *value_out = strndup(value, length);
    return *value_out != NULL || error_set_memory(error);
}

/* The client library cuts longer names without a word (mariadb_lib.c: NAME_LEN, USERNAME_LENGTH).
 */
static size_t limit_of(const char *keyword)
{
    if (text_equal_nocase(keyword, "DATABASE"))
        return 256;
    return text_equal_nocase(keyword, USER) ? 512 : SIZE_MAX;
}

static bool write_setting(const char *keyword, const struct connstr_pair *pair, bool is_wide,
                          struct buffer *out, struct error *error)
{
    (void)is_wide;
    const char *value = pair->value;
    size_t length = strlen(value);
    if (length > limit_of(keyword))
        return profile_refuse_value(pair, "it is longer than the client library takes", error);
    if (length > 0 && (is_blank(value[0]) || is_blank(value[length - 1])))
        return profile_refuse_value(
            pair, "the driver takes blanks away from the ends of a value, even in braces", error);
    if (*value == '{' || strchr(value, ';') != NULL)
        return connstr_append_braced(out, value);
    return buffer_append_text(out, value);
}

/* The driver takes the last of several servers, and a socket before any of them. */
static bool rewrite(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error)
{
    (void)error;
    if (!profile_append_all(list, &target->settings))
        return false;
    /* MySQL's own driver tries TLS whenever it is offered; MariaDB's passes the keyword over. */
    if (strstr(settings->driver_path, "myodbc") != NULL &&
        !connstr_append(list, "SSLMODE", "DISABLED"))
        return false;
    if (endpoint->kind == ENDPOINT_UNIX)
        return connstr_append(list, SERVER, "localhost") &&
               connstr_append(list, SOCKET, endpoint->path);
    return connstr_append(list, SERVER, endpoint->address) &&
           profile_append_number(list, PORT, endpoint->port);
}

const struct profile profile_mysql = {
    .family = DRIVER_FAMILY_MYSQL,
    .name = "MySQL or MariaDB",
    .protocol = DATABASE_PROTOCOL_MYSQL,
    .endpoint = ENDPOINT_UNIX,
    .default_port = 3306,
    .keywords = keywords,
    .server_keyword = SERVER,
    .port_keyword = PORT,
    .user_keyword = USER,
    .text_keywords = text_keywords,
    .read = read_setting,
    .write = write_setting,
    .inspect = inspect,
    .rewrite = rewrite,
};
