/*
 * profile_postgresql.c - psqlodbc and the drivers made from it (openGauss, GaussDB).
 *
 * The server's name stays as it is, so that .pgpass, Kerberos and SQL_SERVER_NAME are as without
 * odbcssl; libpq's hostaddr sends the connection to the relay. hostaddr in pqopt beats PGHOSTADDR
 * and services.
 *
 * psqlodbc takes braces away from three keywords only (password, ConnSettings, pqopt), and decodes
 * %XX and '+' in them where they stand in a string without braces. Any other value ends at the
 * first
 * ';'. libpq's own syntax in pqopt can say any user and database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/defaults.h"
#include "conn/pgpass.h"
#include "conn/pgservice.h"
#include "conn/pqopt.h"
#include "conn/profiles.h"

#define SERVER "Servername"
#define PORT "Port"
#define DATABASE "Database"
#define USER "Username"
#define PASSWORD "Password"
#define STATEMENTS "ConnSettings"
#define PQOPT "pqopt"
#define HOSTADDR "hostaddr"
#define DRIVER "DRIVER"
#define PREFIXES "ExtraSysTablePrefixes"
#define UNIQUE_INDEX "UniqueIndex"

/* psqlodbc copies other values into arrays of 256 bytes, and cuts them without a word. */
#define PLAIN_LIMIT 255

/* dlg_specific.c of psqlodbc: what it reads from a string, from odbc.ini and from its section of
 * odbcinst.ini. UID, PWD and Server are no keywords of odbc.ini there; here they count where the
 * main name is not set. */
/* clang-format off */
static const struct profile_keyword keywords[] = {
    KEPT_BACK(SERVER), OTHER_NAME("Server", SERVER, KEPT_BACK), KEPT_BACK(PORT),
    KEPT_BACK("SSLmode"), OTHER_NAME("CA", "SSLmode", KEPT_BACK), SHORTENED(DATABASE, "DX", PASSED),
    PASSED(USER), OTHER_NAME("UID", USER, PASSED), PASSED(PASSWORD),
    OTHER_NAME("PWD", PASSWORD, PASSED), SHORTENED(STATEMENTS, "A6", PASSED),
    SHORTENED(PQOPT, "D5", PASSED), SHORTENED("ReadOnly", "A0", PASSED),
    SHORTENED("Protocol", "A1", PASSED), SHORTENED("FakeOidIndex", "A2", PASSED),
    SHORTENED("ShowOidColumn", "A3", PASSED), SHORTENED("RowVersioning", "A4", PASSED),
    SHORTENED("ShowSystemTables", "A5", PASSED), SHORTENED("Fetch", "A7", DRIVER_WIDE),
    SHORTENED("UnknownSizes", "A9", DRIVER_WIDE), SHORTENED("MaxVarcharSize", "B0", DRIVER_WIDE),
    SHORTENED("MaxLongVarcharSize", "B1", DRIVER_WIDE), SHORTENED("Debug", "B2", PASSED),
    SHORTENED("CommLog", "B3", PASSED), SHORTENED("UseDeclareFetch", "B6", DRIVER_WIDE),
    SHORTENED("TextAsLongVarchar", "B7", DRIVER_WIDE),
    SHORTENED("UnknownsAsLongVarchar", "B8", DRIVER_WIDE),
    SHORTENED("BoolsAsChar", "B9", DRIVER_WIDE), SHORTENED("Parse", "C0", DRIVER_WIDE),
    DRIVER_WIDE("Lie"), SHORTENED(PREFIXES, "C2", DRIVER_WIDE), DRIVER_WIDE(UNIQUE_INDEX),
    SHORTENED("UpdatableCursors", "C4", PASSED), SHORTENED("LFConversion", "C5", PASSED),
    SHORTENED("TrueIsMinus1", "C6", PASSED), PASSED("BI"),
    SHORTENED("ByteaAsLongVarBinary", "C7", PASSED),
    SHORTENED("UseServerSidePrepare", "C8", PASSED), SHORTENED("LowerCaseIdentifier", "C9", PASSED),
    SHORTENED("D6", "NumericAs", PASSED), SHORTENED("KeepaliveTime", "D1", PASSED),
    SHORTENED("KeepaliveInterval", "D2", PASSED), SHORTENED("OptionalErrors", "D7", PASSED),
    SHORTENED("BatchSize", "D8", PASSED), SHORTENED("IgnoreTimeout", "D9", PASSED),
    SHORTENED("FetchRefcursors", "DA", PASSED), SHORTENED("XaOpt", "D4", PASSED), PASSED("AB"),
    STRING_ONLY("CX"),
    /* openGauss and GaussDB */
    KEPT_BACK("AutoBalance"), KEPT_BACK("RefreshCNListTime"), KEPT_BACK("Priority"),
    KEPT_BACK("UsingNumCN"), PASSED("ConnectionExtraInfo"), PASSED("ForExtensionConnector"),
    PASSED("KeepDisallowPremature"), PASSED("MaxCacheQueries"), PASSED("MaxCacheSizeMiB"),
    PASSED("SocketTimeout"), PASSED("TargetServerType"), PASSED("TcpUserTimeout"),
    PASSED("UseBatchProtocol"), {NULL, NULL, KEYWORD_PASSED},
};
/* clang-format on */

static const char *const text_keywords[] = {DATABASE, USER, PASSWORD, STATEMENTS, PQOPT, NULL};

/* ---- reading ---- */

static bool has_braces(const char *keyword)
{
    static const char *const list[] = {PASSWORD, STATEMENTS, PQOPT, NULL};
    return text_is_one_of(keyword, list);
}

static int hexadecimal_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit != '\0' ? strchr(digits, digit >= 'A' ? digit | 0x20 : digit) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

static bool decode(const struct connstr_pair *pair, char **value_out, struct error *error)
{
    char *value = malloc(strlen(pair->value) + 1);
    char *out = value;
    bool is_good = true;
    if (value == NULL)
        return error_set_memory(error);
    for (const char *in = pair->value; *in != '\0' && is_good; in++) {
        *out = *in == '+' ? ' ' : *in;
        if (*in == '%') {
            int high = hexadecimal_digit(in[1]);
            int low = high >= 0 ? hexadecimal_digit(in[2]) : -1;
            is_good = low >= 0 && high + low > 0;
            *out = (char)(is_good ? high << 4 | low : 0);
            in += is_good ? 2 : 0;
        }
        out++;
    }
    *out = '\0';
    if (is_good) {
        *value_out = value;
        return true;
    }
    text_free_secret(value);
    return error_set(
        error, ODBCSSL_ERROR_KEYWORD_VALUE,
        "%s: psqlodbc decodes %%XX and + in this value, and behind a %% there are no two "
        "hexadecimal digits: write %%25 for a %%, or put the value in braces in the connection "
        "string",
        pair->keyword);
}

/* psqlodbc takes ConnSettings of odbc.ini for encoded when it has no more than two words. */
static bool looks_encoded(const char *text)
{
    static const char blanks[] = " \t\n\v\f\r";
    unsigned words = 0;
    for (text += strspn(text, blanks); *text != '\0'; text += strspn(text, blanks)) {
        words++;
        text += strcspn(text, blanks);
    }
    return words <= 2;
}

static bool is_encoded(const char *keyword, const struct connstr_pair *pair)
{
    switch (pair->origin) {
    case CONNSTR_PLAIN:
        return has_braces(keyword);
    case CONNSTR_DATA_SOURCE:
        return text_equal_nocase(keyword, PASSWORD) ||
               (text_equal_nocase(keyword, STATEMENTS) && looks_encoded(pair->value));
    case CONNSTR_BRACED:
    case CONNSTR_ARGUMENT:
    case CONNSTR_DRIVER_SECTION:
    case CONNSTR_SERVER_ENTRY:
        break;
    }
    return false;
}

/* Some numbers mean "unset" in the files, and something else in a connection string. */
static const char *value_of_file(const char *keyword, const char *value)
{
    static const char *const keepalive[] = {"KeepaliveTime", "KeepaliveInterval", NULL};
    static const char *const counts[] = {"BatchSize", "Fetch", NULL};
    long number = strtol(value, NULL, 10);
    bool is_zero = number == 0;
    if (*value == '\0')
        return NULL;
    if (is_zero && text_is_one_of(keyword, keepalive))
        return "-1";
    if ((is_zero || (text_equal_nocase(keyword, "Fetch") && number < 0)) &&
        text_is_one_of(keyword, counts))
        return NULL;
    return value;
}

/* psqlodbc reads two settings from files that a connection string cannot say; from its own section
 * of odbcinst.ini it reads them under odbcssl, too. */
static bool refuse_file_setting(const struct connstr_pair *pair, struct error *error)
{
    return error_set(
        error, ODBCSSL_ERROR_KEYWORD_VALUE,
        "%s=%s: psqlodbc cannot be told this in a connection string: write it in the section of "
        "odbcinst.ini that TargetDriver names",
        pair->keyword, pair->value);
}

/* A ';' parts prefixes, so one at the end says nothing. */
static bool read_prefixes(const struct connstr_pair *pair, char **value_out, struct error *error)
{
    size_t length = strlen(pair->value);
    while (length > 0 && pair->value[length - 1] == ';')
        length--;
    if (memchr(pair->value, ';', length) != NULL)
        return refuse_file_setting(pair, error);
    *value_out = strndup(pair->value, length);
    return *value_out != NULL || error_set_memory(error);
}

static bool read_setting(const char *keyword, const struct connstr_pair *pair, char **value_out,
                         struct error *error)
{
    const char *value = pair->value;
    *value_out = NULL;
    if (text_equal_nocase(keyword, PREFIXES))
        return read_prefixes(pair, value_out, error);
    if (text_equal_nocase(keyword, UNIQUE_INDEX)) /* 1 is its default; no string has it */
        return pair->origin <= CONNSTR_ARGUMENT || *value == '\0' || strtol(value, NULL, 10) != 0 ||
               refuse_file_setting(pair, error);
    if (pair->origin == CONNSTR_DATA_SOURCE || pair->origin == CONNSTR_DRIVER_SECTION)
        value = value_of_file(keyword, value);
    if (value == NULL)
        return true;
    if (is_encoded(keyword, pair))
        return decode(pair, value_out, error);
    *value_out = strdup(value);
    return *value_out != NULL || error_set_memory(error);
}

/* ---- writing ---- */

static bool is_plain(const char *value)
{
    return *value != '{' && strchr(value, ';') == NULL && strlen(value) <= PLAIN_LIMIT;
}

static bool write_setting(const char *keyword, const struct connstr_pair *pair, bool is_wide,
                          struct buffer *out, struct error *error)
{
    (void)is_wide;
    /* Nothing in braces would be a password that is set, beside which pqopt may have none. */
    if (has_braces(keyword) && *pair->value != '\0')
        return connstr_append_braced(out, pair->value);
    if (is_plain(pair->value))
        return buffer_append_text(out, pair->value);
    return profile_refuse_value(
        pair,
        "psqlodbc takes there neither a ';' nor a '{' at the beginning, nor "
        "more than 255 bytes",
        error);
}

/* ---- the server ---- */

static bool check_environment(struct error *error)
{
    static const char *const impossible[] = {"PGCHANNELBINDING", "PGGSSENCMODE", NULL};
    for (size_t i = 0; impossible[i] != NULL; i++) {
        const char *value = profile_environment(impossible[i]);
        if (value != NULL && strcmp(value, "require") == 0)
            return error_set(
                error, ODBCSSL_ERROR_BYPASS_SETTING,
                "the environment variable %s=require cannot be fulfilled: libpq does not "
                "see the TLS session that odbcssl holds. Unset it for this program, and "
                "verify the server with SslMode=verify-full",
                impossible[i]);
    }
    return true;
}

/* psqlodbc's own short word for SSLmode: a wish for TLS that must not get lost. */
static bool check_short_mode(const struct connstr *settings, struct error *error)
{
    const char *mode = connstr_get(settings, "CA");
    if (mode == NULL || text_equal_nocase(mode, "d") || text_equal_nocase(mode, "disable"))
        return true;
    return error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                     "CA=%s is psqlodbc's short form of SSLmode: write SslMode=... in its place",
                     mode);
}

/* GaussDB's driver asks the server for the others, and connects to one of them. */
static bool check_balance(const struct connstr *settings, struct error *error)
{
    static const char *const off[] = {"0", "off", "false", "no", "", NULL};
    const char *balance = connstr_get(settings, "AutoBalance");
    if (balance == NULL || text_is_one_of(balance, off))
        return true;
    return error_set(
        error, ODBCSSL_ERROR_BYPASS_SETTING,
        "AutoBalance=%s would lead the driver to other servers, past odbcssl's TLS session: "
        "name one server, or a name with several addresses",
        balance);
}

/* libpq's address for the server: the last one of pqopt, else PGHOSTADDR, which then is an option
 * as if it were written there. */
static bool find_address(struct profile_target *target, struct error *error)
{
    struct connstr options;
    struct buffer pqopt = {.is_secret = true};
    const char *address, *environment = defaults_environment("PGHOSTADDR");
    const char *text = profile_get(&profile_postgresql, &target->settings, PQOPT);
    if (!pqopt_read(text, &options, error))
        return false;
    bool is_good = pqopt_check(&options, &address, error);
    if (is_good && address == NULL && environment != NULL) {
        address = environment;
        pqopt_append(&pqopt, HOSTADDR, address);
        buffer_append_byte(&pqopt, ' ');
        buffer_append_text(&pqopt, text != NULL ? text : "");
        is_good =
            buffer_append_byte(&pqopt, '\0') && profile_set(&profile_postgresql, &target->settings,
                                                            PQOPT, (char *)buffer_content(&pqopt));
    }
    if (is_good && address != NULL)
        is_good = (target->address = strdup(address)) != NULL;
    connstr_free(&options);
    buffer_free(&pqopt);
    return is_good || error_set_memory(error);
}

/* Without Port psqlodbc names none, and libpq takes its own default. */
static bool find_port(struct profile_target *target, struct error *error)
{
    const char *service = defaults_environment("PGSERVICE");
    if (!target->has_port && service != NULL)
        return error_set(
            error, ODBCSSL_ERROR_BYPASS_SETTING,
            "no Port is set, and the environment variable PGSERVICE=%s names a service "
            "that may have another than the usual one: set Port",
            service);
    return profile_take_port("PGPORT", target, error);
}

static bool inspect(const struct settings *settings, struct profile_target *target,
                    struct error *error)
{
    if (!check_environment(error) || !pgservice_check(settings, error) ||
        !check_short_mode(&target->settings, error) || !check_balance(&target->settings, error) ||
        !find_address(target, error) || !find_port(target, error))
        return false;
    if (target->host != NULL && strchr(target->host, ',') != NULL)
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_VALUE,
            "Servername=%s names several hosts: name one, or a name with several addresses",
            target->host);
    return true;
}

/* The last one counts for libpq. */
static const char *get_option(const struct connstr *options, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < options->count; i++)
        if (strcmp(options->pairs[i].keyword, name) == 0)
            value = options->pairs[i].value;
    return value;
}

/* As libpq finds the name of user or database; NULL: it takes its own default. */
static const char *find_name(const struct connstr *list, const char *keyword,
                             const struct connstr *options, const char *option,
                             const char *variable)
{
    const char *name = profile_get(&profile_postgresql, list, keyword);
    if (name == NULL || *name == '\0')
        name = get_option(options, option);
    return name != NULL && *name != '\0' ? name : defaults_environment(variable);
}

/* By default the user is who runs the program, and the database has the user's name. NULL: none was
 * found. */
static char *find_password(const struct profile_target *target, const struct connstr *list,
                           const struct connstr *options)
{
    char *account = defaults_account_name();
    const char *user = find_name(list, USER, options, "user", "PGUSER");
    const char *database = find_name(list, DATABASE, options, "dbname", "PGDATABASE");
    user = user != NULL ? user : account;
    const struct pgpass_query query = {
        .host = target->host,
        .port = target->port,
        .database = database != NULL ? database : user,
        .user = user,
        .file = get_option(options, "passfile"),
    };
    char *password = user != NULL ? pgpass_find(&query) : NULL;
    free(account);
    return password;
}

/* libpq looks a password up by the port, too: when the relay has another one than the server, here.
 */
static bool add_password(const struct profile_target *target, const struct relay_endpoint *endpoint,
                         struct connstr *list, struct error *error)
{
    const char *given = profile_get(&profile_postgresql, list, PASSWORD);
    const char *fixed = profile_environment("PGPASSWORD");
    struct connstr options;
    if (endpoint->port == target->port || (given != NULL && *given != '\0') ||
        (fixed != NULL && *fixed != '\0'))
        return true;
    if (!pqopt_read(profile_get(&profile_postgresql, list, PQOPT), &options, error))
        return false;
    char *password =
        get_option(&options, "password") == NULL ? find_password(target, list, &options) : NULL;
    bool is_added = password == NULL || profile_set(&profile_postgresql, list, PASSWORD, password);
    text_free_secret(password);
    connstr_free(&options);
    return is_added;
}

/* A user or database that psqlodbc's parser has no way to be told goes to libpq directly. */
static bool move_to_pqopt(struct connstr *list, const char *keyword, const char *option,
                          const struct connstr *options, struct buffer *pqopt, struct error *error)
{
    const struct connstr_pair *pair = profile_find_pair(&profile_postgresql, list, keyword);
    if (pair == NULL || is_plain(pair->value))
        return true;
    if (connstr_find(options, option) != NULL)
        return error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                         "%s and the option %s of pqopt are both set: give one", pair->keyword,
                         option);
    pqopt_append(pqopt, option, pair->value);
    profile_remove(&profile_postgresql, list, keyword);
    return true;
}

/* libpq takes the whole for a URI when it begins like one, so the address stands first. */
static bool set_pqopt(const struct relay_endpoint *endpoint, struct connstr *list,
                      struct error *error)
{
    struct buffer pqopt = {.is_secret = true};
    struct connstr options;
    if (!pqopt_read(profile_get(&profile_postgresql, list, PQOPT), &options, error))
        return false;
    pqopt_append(&pqopt, HOSTADDR, endpoint->address);
    bool is_set = move_to_pqopt(list, USER, "user", &options, &pqopt, error) &&
                  move_to_pqopt(list, DATABASE, "dbname", &options, &pqopt, error);
    for (size_t i = 0; i < options.count; i++)
        if (strcmp(options.pairs[i].keyword, HOSTADDR) != 0)
            pqopt_append(&pqopt, options.pairs[i].keyword, options.pairs[i].value);
    is_set = is_set && buffer_append_byte(&pqopt, '\0') &&
             profile_set(&profile_postgresql, list, PQOPT, (char *)buffer_content(&pqopt));
    buffer_free(&pqopt);
    connstr_free(&options);
    return is_set;
}

/* psqlodbc reads its driver-wide defaults from the section of odbcinst.ini that DRIVER names, and
 * takes the last of several server names. */
static bool rewrite(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error)
{
    return profile_append_all(list, &target->settings) &&
           add_password(target, endpoint, list, error) && set_pqopt(endpoint, list, error) &&
           connstr_append(list, DRIVER, settings->target_driver.value) &&
           connstr_append(list, "SSLmode", "disable") &&
           connstr_append(list, SERVER, target->host) &&
           profile_append_number(list, PORT, endpoint->port);
}

const struct profile profile_postgresql = {
    .family = DRIVER_FAMILY_POSTGRESQL,
    .is_server_asked = true,
    .protocol = DATABASE_PROTOCOL_POSTGRESQL,
    .default_port = 5432,
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
