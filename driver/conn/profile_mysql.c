/*
 * profile_mysql.c - MariaDB and MySQL ODBC.
 *
 * The endpoint is a Unix socket in a private directory: over it the driver sends passwords as it
 * would over TLS (caching_sha2_password), and nobody else can connect to it.
 */
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

/* Bits of OPTION that say what a keyword says that is kept back: this, and PROFILE_MYSQL_MYCNF. */
#define OPTION_NAMED_PIPE 8192u

/* ma_dsn.c of MariaDB Connector/ODBC, and what MySQL's own driver knows beside it. */
/* clang-format off */
static const struct profile_keyword keywords[] = {
    KEPT_BACK(SERVER), OTHER_NAME("SERVERNAME", SERVER, KEPT_BACK), KEPT_BACK(PORT),
    KEPT_BACK(SOCKET), KEPT_BACK("TCPIP"), KEPT_BACK("NamedPipe"), KEPT_BACK("USE_MYCNF"),
    KEPT_BACK("FORCETLS"), KEPT_BACK("TLSPEERFP"), OTHER_NAME("SSLFP", "TLSPEERFP", KEPT_BACK),
    KEPT_BACK("TLSPEERFPLIST"), OTHER_NAME("SSLFPLIST", "TLSPEERFPLIST", KEPT_BACK),
    KEPT_BACK("TLSVERSION"), KEPT_BACK("SSLMODE"), PASSED(USER), OTHER_NAME("USER", USER, PASSED),
    PASSED("PWD"), OTHER_NAME("PASSWORD", "PWD", PASSED), PASSED("DATABASE"),
    OTHER_NAME("DB", "DATABASE", PASSED), OTHER_NAME("OPTIONS", OPTIONS, PASSED), PASSED(OPTIONS),
    PASSED("INITSTMT"), PASSED("CONN_TIMEOUT"), PASSED("READ_TIMEOUT"), PASSED("WRITE_TIMEOUT"),
    PASSED("AUTO_RECONNECT"), PASSED("NO_PROMPT"), PASSED("CHARSET"), PASSED("PLUGIN_DIR"),
    PASSED("SERVERKEY"), PASSED("INTERACTIVE"), PASSED("FORWARDONLY"), PASSED("SCHEMANOERROR"),
    OF_OTHERS("NOLOCALINFILE"), OF_OTHERS("NULLISCURRENT"), OF_OTHERS("STREAMRS"),
    OF_OTHERS("NO_CACHE"), OF_OTHERS("PREPONCLIENT"), OF_OTHERS("BIG_PACKETS"),
    OF_OTHERS("COLUMN_SIZE_S32"), OF_OTHERS("COMPRESSED_PROTO"), OF_OTHERS("DEFAULT_AUTH"),
    OF_OTHERS("DFLT_BIGINT_BIND_STR"), OF_OTHERS("DYNAMIC_CURSOR"),
    OF_OTHERS("ENABLE_CLEARTEXT_PLUGIN"), OF_OTHERS("FOUND_ROWS"), OF_OTHERS("FULL_COLUMN_NAMES"),
    OF_OTHERS("IGNORE_SPACE"), OF_OTHERS("LOG_QUERY"), OF_OTHERS("MULTI_STATEMENTS"),
    OF_OTHERS("NO_BIGINT"), OF_OTHERS("NO_BINARY_RESULT"), OF_OTHERS("NO_CATALOG"),
    OF_OTHERS("NO_DATE_OVERFLOW"), OF_OTHERS("NO_DEFAULT_CURSOR"), OF_OTHERS("NO_I_S"),
    OF_OTHERS("NO_LOCALE"), OF_OTHERS("NO_SCHEMA"), OF_OTHERS("NO_SSPS"), KEPT_BACK("NO_TLS_1_2"),
    KEPT_BACK("NO_TLS_1_3"), OF_OTHERS("NO_TRANSACTIONS"), OF_OTHERS("PAD_SPACE"),
    OF_OTHERS("PREFETCH"), OF_OTHERS("READTIMEOUT"), OF_OTHERS("WRITETIMEOUT"), OF_OTHERS("SAFE"),
    OF_OTHERS("ZERO_DATE_TO_MIN"), {NULL, NULL, KEYWORD_PASSED},
};
/* clang-format on */

static const char *const text_keywords[] = {USER, "PWD", "DATABASE", "INITSTMT", NULL};

/* Demands on the driver's own TLS, and which keyword makes the same of odbcssl. */
static const struct {
    const char *keyword;
    const char *advice;
} refused_keywords[] = {
    {"TLSPeerFP", "SslPin"},
    {"TLSPeerFPList", "SslPin"},
    {"TLSVersion", "SslMinProtocol and SslMaxProtocol"},
    {"NO_TLS_1_2", "SslMinProtocol"},
    {"NO_TLS_1_3", "SslMaxProtocol"},
};

/* The driver's own wishes for TLS must not get lost silently. */
static bool check_driver_tls(const struct settings *settings, const struct connstr *list,
                             struct error *error)
{
    const char *forced = connstr_get(list, "FORCETLS");
    for (size_t i = 0; i < sizeof refused_keywords / sizeof refused_keywords[0]; i++) {
        const char *value = profile_get(&profile_mysql, list, refused_keywords[i].keyword);
        if (value == NULL || *value == '\0' || strcmp(value, "0") == 0)
            continue;
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
            "%s is a TLS setting of the real driver, which makes no TLS behind odbcssl: "
            "use %s in its place",
            refused_keywords[i].keyword, refused_keywords[i].advice);
    }
    return forced == NULL || *forced == '\0' || strcmp(forced, "0") == 0 ||
           profile_check_demand(settings, "FORCETLS", forced, "the MariaDB driver", error);
}

/* OPTION says in bits what keywords say, too. The driver reads it with strtoul into 32 bits. */
static bool clear_options(struct connstr *list, struct error *error)
{
    const struct connstr_pair *pair = profile_find_pair(&profile_mysql, list, OPTIONS);
    char digits[16];
    if (pair == NULL)
        return true;
    unsigned options = (unsigned)strtoul(pair->value, NULL, 10);
    snprintf(digits, sizeof digits, "%u", options & ~(PROFILE_MYSQL_MYCNF | OPTION_NAMED_PIPE));
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
    return profile_take_port("MYSQL_TCP_PORT", target, error) &&
           clear_options(&target->settings, error);
}

/* The driver takes blanks away from both ends of every value of a connection string, and no options
 * in odbc.ini for none. */
static bool read_setting(const char *keyword, const struct connstr_pair *pair, char **value_out,
                         struct error *error)
{
    const char *value = pair->value;
    size_t length = strlen(value);
    *value_out = NULL;
    if (pair->origin == CONNSTR_DATA_SOURCE && text_equal_nocase(keyword, OPTIONS) &&
        strtoul(value, NULL, 10) == 0)
        return true;
    if (pair->origin == CONNSTR_PLAIN || pair->origin == CONNSTR_BRACED) {
        for (; text_is_blank(*value); value++)
            length--;
        while (length > 0 && text_is_blank(value[length - 1]))
            length--;
    }
    *value_out = strndup(value, length);
    return *value_out != NULL || error_set_memory(error);
}

static bool write_setting(const char *keyword, const struct connstr_pair *pair, bool is_wide,
                          struct buffer *out, struct error *error)
{
    (void)is_wide;
    const char *value = pair->value;
    size_t length = strlen(value);
    /* It cuts longer names without a word (mariadb_lib.c: NAME_LEN, USERNAME_LENGTH). */
    size_t limit = text_equal_nocase(keyword, "DATABASE") ? 256
                   : text_equal_nocase(keyword, USER)     ? 512
                                                          : SIZE_MAX;
    if (length > limit)
        return profile_refuse_value(pair, "it is longer than the client library takes", error);
    if (length > 0 && (text_is_blank(value[0]) || text_is_blank(value[length - 1])))
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
    .protocol = DATABASE_PROTOCOL_MYSQL,
    .endpoint = ENDPOINT_UNIX,
    .default_port = 3306,
    .keywords = keywords,
    .server_keyword = SERVER,
    .port_keyword = PORT,
    .user_keyword = USER,
    .text_keywords = text_keywords,
    .is_empty_unset = true,
    .is_later_by_name = true,
    .read = read_setting,
    .write = write_setting,
    .inspect = inspect,
    .rewrite = rewrite,
};
