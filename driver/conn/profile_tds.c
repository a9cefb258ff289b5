/*
 * profile_tds.c - FreeTDS.
 *
 * It takes no Unix socket, and TDSHOST and TDSPORT in the environment beat its connection string.
 * TDS_Version is fixed, because without one a failed connect is tried again as TDS 5.0, with the
 * password in the clear; Encryption=request leaves the password field of such a login empty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/freetds_conf.h"
#include "conn/profiles.h"

#define SERVER "Server"
#define ENTRY "Servername"
#define PORT "Port"
#define ENCRYPTION "Encryption"
#define USER "UID"
#define DATABASE "Database"
#define VERSION "TDS_Version"
#define PRINCIPAL "ServerSPN"
#define TRUSTED "Trusted_Connection"
#define INTENT "ApplicationIntent"
#define PLACE_SIZE 1100 /* of a name in a file */

/* FreeTDS's src/odbc/connectparams.c. Where odbc.ini has Address, FreeTDS connects to that, and to
 * no Server. User and password are no keywords of odbc.ini there; here they count when the
 * application gives none. */
/* clang-format off */
static const struct profile_keyword keywords[] = {
    OTHER_NAME("Address", SERVER, OF_FILE), KEPT_BACK(SERVER), KEPT_BACK(ENTRY), KEPT_BACK(PORT),
    KEPT_BACK(ENCRYPTION), KEPT_BACK("HostNameInCertificate"), PASSED(VERSION), PASSED(USER),
    PASSED("PWD"), PASSED(DATABASE), STRING_ONLY("APP"), STRING_ONLY("WSID"),
    STRING_ONLY(INTENT), PASSED("AttachDbFilename"),
    SHORTENED("ClientCharset", "client_charset", PASSED), PASSED("DebugFlags"), PASSED("DumpFile"),
    PASSED("DumpFileAppend"), PASSED("Language"), PASSED("MARS_Connection"), PASSED("PacketSize"),
    PASSED("REALM"), PASSED(PRINCIPAL), PASSED("TextSize"), PASSED("Timeout"),
    PASSED(TRUSTED), PASSED("UseNTLMv2"), {NULL, NULL, KEYWORD_PASSED},
};
/* clang-format on */

static const char *const text_keywords[] = {USER, "PWD", DATABASE, NULL};

#define DEFAULT_TDS_VERSION "7.4"
#define VERSION_VARIABLE "TDSVER" /* beats the connection string */

/* As FreeTDS writes the versions that ask for TLS before they log in, and what it is to be told.
 * 8.0 once was its name of 7.1, and is TLS of its own today. */
static const struct {
    const char *text;
    const char *version;
} versions[] = {
    {"7.1", "7.1"},
    {"71", "7.1"},
    {"7.2", "7.2"},
    {"72", "7.2"},
    {"7.3", "7.3"},
    {"73", "7.3"},
    {"7.4", "7.4"},
    {"74", "7.4"},
    {"8.0", DEFAULT_TDS_VERSION},
    {"80", DEFAULT_TDS_VERSION},
};

/* What an entry of freetds.conf says, and the keyword that says the same. */
static const struct {
    const char *setting;
    const char *keyword;
} entry_settings[] = {
    {"tds version", "TDS_Version"},
    {"database", DATABASE},
    {"client charset", "ClientCharset"},
    {"initial block size", "PacketSize"},
    {"text size", "TextSize"},
    {"dump file", "DumpFile"},
    {"dump file append", "DumpFileAppend"},
    {"debug flags", "DebugFlags"},
    {"database filename", "AttachDbFilename"},
    {"language", "Language"},
    {"timeout", "Timeout"},
    {"realm", "REALM"},
    {"spn", PRINCIPAL},
    {"use ntlmv2", "UseNTLMv2"},
};

/* ---- reading ---- */

/* What FreeTDS does not take for a size, and a port or version that is empty, leave what a lower
 * place says. */
static bool is_passed_over(const char *keyword, const char *value)
{
    static const char *const others[] = {PORT, VERSION, NULL};
    int number = (int)strtol(value, NULL, 10);
    if (text_equal_nocase(keyword, "PacketSize"))
        return number < 512 || number > 65535;
    if (text_equal_nocase(keyword, "TextSize"))
        return number == 0; /* -1 asks the server for all that it has */
    if (text_equal_nocase(keyword, "Timeout"))
        return number <= 0; /* a negative one ends the process in FreeTDS */
    return *value == '\0' && text_is_one_of(keyword, others);
}

static bool read_setting(const char *keyword, const struct connstr_pair *pair, char **value_out,
                         struct error *error)
{
    *value_out = NULL;
    if (is_passed_over(keyword, pair->value))
        return true;
    *value_out = strdup(pair->value);
    return *value_out != NULL || error_set_memory(error);
}

/* ---- the server ---- */

static bool is_of_string(const struct connstr_pair *pair)
{
    return pair->origin <= CONNSTR_ARGUMENT;
}

/* Of "host,port" and Port the later one counts in a connection string, and Port in odbc.ini. */
static bool is_port_outdone(const struct connstr *list, const struct connstr_pair *server)
{
    const struct connstr_pair *port = profile_find_pair(&profile_tds, list, PORT);
    return port == NULL || *port->value == '\0' || (port < server && is_of_string(server));
}

/* "host,port" and "host\instance", as Microsoft's drivers and FreeTDS take them. */
static bool split_host(const struct connstr_pair *server, struct profile_target *target,
                       struct error *error)
{
    char *comma = strrchr(target->host, ',');
    uint16_t port;
    if (comma != NULL) {
        if (!text_parse_port(comma + 1, &port))
            return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                             "Server=%s: behind the comma a port from 1 to 65535 is wanted",
                             target->host);
        *comma = '\0';
        if (is_port_outdone(&target->settings, server))
            target->port = port;
        target->has_port = true;
    }
    char *backslash = strchr(target->host, '\\');
    if (backslash != NULL) {
        *backslash = '\0';
        /* With a port the instance is reached by it, and its name does not count. */
        if (!target->has_port && (target->instance = strdup(backslash + 1)) == NULL)
            return error_set_memory(error);
    }
    return true;
}

/* place: "Encryption". FreeTDS connects with no value that it does not know. */
static bool check_encryption(const struct settings *settings, const char *place,
                             const char *encryption, struct error *error)
{
    static const char *const known[] = {"off", "request", "require", "strict", NULL};
    if (encryption == NULL)
        return true;
    if (!text_is_one_of(encryption, known))
        return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                         "%s=%s: FreeTDS knows off, request, require and strict%s", place,
                         encryption, text_explain_oddity(encryption));
    /* With strict FreeTDS verifies the server, its name among it, whatever else is set. */
    if (text_equal_nocase(encryption, "strict") && settings->tls.mode != ODBCSSL_MODE_VERIFY_FULL)
        return error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                         "%s=%s demands TLS with a verified server, which SslMode=%s is not: set "
                         "SslMode=verify-full",
                         place, encryption, tls_mode_name(settings->tls.mode));
    return !text_equal_nocase(encryption, "require") ||
           profile_check_demand(settings, place, encryption, "FreeTDS", error);
}

/* It is FreeTDS's default, too, but who does not write it may be content with verify-ca. */
static bool is_name_wanted(const struct freetds_entry *entry)
{
    static const char *const off[] = {"no", "off", "false", "0", NULL};
    const char *value = connstr_get(&entry->settings, "check certificate hostname");
    return connstr_has(&entry->settings, "ca file") && value != NULL && !text_is_one_of(value, off);
}

/* The entry's own wishes for TLS must not get lost: odbcssl has to verify when FreeTDS would have.
 */
static bool check_entry_tls(const struct freetds_entry *entry, const char *name,
                            const struct settings *settings, const struct profile_target *target,
                            struct error *error)
{
    const struct tls_options *tls = &settings->tls;
    char place[PLACE_SIZE];
    bool is_verified = tls->mode >= ODBCSSL_MODE_VERIFY_CA ||
                       (tls->mode == ODBCSSL_MODE_REQUIRE && tls->root_cert.value != NULL);
    if (connstr_has(&entry->settings, "ca file") && !is_verified)
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
            "the entry [%s] of %s sets \"ca file\", so the server is to be verified, which "
            "SslMode=%s%s does not do: set SslRootCert, and SslMode=verify-ca or verify-full",
            name, entry->file, tls_mode_name(tls->mode),
            tls->root_cert.value == NULL ? " without SslRootCert" : "");
    if (is_name_wanted(entry) && tls->mode != ODBCSSL_MODE_VERIFY_FULL)
        return error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                         "the entry [%s] of %s sets \"check certificate hostname\", which "
                         "SslMode=%s does not: set SslMode=verify-full",
                         name, entry->file, tls_mode_name(tls->mode));
    if (connstr_has(&entry->settings, "crl file") && tls->crl.value == NULL &&
        tls->crl_dir.value == NULL)
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
            "the entry [%s] of %s sets \"crl file\", which odbcssl does not read: set SslCrl", name,
            entry->file);
    snprintf(place, sizeof place, "the entry [%s] of %s: encryption", name, entry->file);
    return connstr_has(&target->settings, ENCRYPTION) ||
           check_encryption(settings, place, connstr_get(&entry->settings, "encryption"), error);
}

/* The entry's port or instance, where no Port is set. */
static bool take_entry_port(const struct freetds_entry *entry, const char *name,
                            struct profile_target *target, struct error *error)
{
    const char *port = connstr_get(&entry->settings, "port");
    const char *instance = connstr_get(&entry->settings, "instance");
    if (target->has_port)
        return true;
    if (port != NULL && !text_parse_port(port, &target->port))
        return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                         "the entry [%s] of %s has port = %s, which is no port", name, entry->file,
                         port);
    target->has_port = port != NULL;
    if (instance != NULL && port == NULL)
        target->instance = strdup(instance);
    return instance == NULL || port != NULL || target->instance != NULL || error_set_memory(error);
}

/* Of the database what the entry says counts before what the DSN says. */
static void prefer_entry_database(const struct freetds_entry *entry, struct connstr *list)
{
    const struct connstr_pair *own = profile_find_pair(&profile_tds, list, DATABASE);
    const char *value = connstr_get(&entry->settings, "database");
    if (value != NULL && *value != '\0' && own != NULL && !is_of_string(own))
        profile_remove(&profile_tds, list, DATABASE);
}

/* A yes in the file, a word as a keyword; no is what holds without either. */
static void take_intent(const struct freetds_entry *entry, struct connstr *list)
{
    static const char *const on[] = {"yes", "on", "true", NULL};
    const char *value = connstr_get(&entry->settings, "read-only intent");
    if (value != NULL && text_is_one_of(value, on) && !connstr_has(list, INTENT))
        connstr_append(list, INTENT, "ReadOnly");
}

static bool take_entry(const struct freetds_entry *entry, const char *name,
                       const struct settings *settings, struct profile_target *target,
                       struct error *error)
{
    const char *host = connstr_get(&entry->settings, "host");
    if (!check_entry_tls(entry, name, settings, target, error) ||
        !take_entry_port(entry, name, target, error))
        return false;
    free(target->host);
    target->host = strdup(host != NULL ? host : name);
    prefer_entry_database(entry, &target->settings);
    /* What the entry says where the DSN says nothing. */
    for (size_t i = 0; i < sizeof entry_settings / sizeof entry_settings[0]; i++) {
        const char *value = connstr_get(&entry->settings, entry_settings[i].setting);
        const char *keyword = entry_settings[i].keyword;
        if (value != NULL && profile_get(&profile_tds, &target->settings, keyword) == NULL)
            connstr_append_pair(&target->settings, keyword, value, CONNSTR_SERVER_ENTRY);
    }
    take_intent(entry, &target->settings);
    return (target->host != NULL && !target->settings.is_failed) || error_set_memory(error);
}

/* A host or an entry of freetds.conf: the connection string's, else the data source's. FreeTDS
 * refuses both in one place. */
static bool find_server(const struct settings *settings, struct profile_target *target,
                        struct error *error)
{
    const struct connstr_pair *server = profile_find_pair(&profile_tds, &target->settings, SERVER);
    const struct connstr_pair *named = profile_find_pair(&profile_tds, &target->settings, ENTRY);
    struct freetds_entry entry;
    /* FreeTDS knows Address in odbc.ini only. */
    if (server != NULL && named != NULL && is_of_string(server) &&
        text_equal_nocase(server->keyword, "Address"))
        server = NULL;
    if (server != NULL && named != NULL && is_of_string(server) == is_of_string(named))
        return error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                         "%s=%s and " ENTRY "=%s are both set: give one", server->keyword,
                         server->value, named->value);
    if (named == NULL || (server != NULL && is_of_string(server)))
        return server == NULL || split_host(server, target, error);
    if (!freetds_conf_read(named->value, &entry, error))
        return false;
    /* A Port of the data source is of its own server. */
    const struct connstr_pair *port = profile_find_pair(&profile_tds, &target->settings, PORT);
    if (port != NULL && is_of_string(named) && !is_of_string(port)) {
        target->has_port = false;
        target->port = profile_tds.default_port;
    }
    bool is_good = take_entry(&entry, named->value, settings, target, error);
    freetds_entry_free(&entry);
    return is_good;
}

/* ---- the version ---- */

/* 4.2, 5.0 and 7.0 log in without PRELOGIN, so there is no way to TLS, and FreeTDS takes what it
 * does not know for a wish to try them all. NULL with error. */
static const char *find_version(const char *name, const char *text, struct error *error)
{
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        if (strcmp(text, versions[i].text) == 0)
            return versions[i].version;
    error_set(error, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
              "%s=%s: FreeTDS may log in without asking for TLS first; set %s to 7.1, 7.2, 7.3 or "
              "7.4",
              name, text, name);
    return NULL;
}

/* Also what the environment says, which beats it. Without a wish FreeTDS tries all versions:
 * "auto", as Debian's freetds.conf has it for every entry. */
static bool set_version(struct connstr *list, struct error *error)
{
    const char *fixed = profile_environment(VERSION_VARIABLE), *wanted = connstr_get(list, VERSION);
    if (fixed != NULL && *fixed != '\0' && find_version(VERSION_VARIABLE, fixed, error) == NULL)
        return false;
    bool is_open = wanted == NULL || *wanted == '\0' || strcmp(wanted, "auto") == 0;
    const char *version = is_open ? DEFAULT_TDS_VERSION : find_version(VERSION, wanted, error);
    return version != NULL && (connstr_set(list, VERSION, version) || error_set_memory(error));
}

/* FreeTDS tells of no other value, and says that it connected when it did not. */
static bool check_intent(const struct connstr *list, struct error *error)
{
    static const char *const known[] = {"ReadOnly", "ReadWrite", NULL};
    const char *intent = connstr_get(list, INTENT);
    return intent == NULL || text_is_one_of(intent, known) ||
           error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                     INTENT "=%s: FreeTDS knows ReadOnly and ReadWrite%s", intent,
                     text_explain_oddity(intent));
}

/* ---- who logs in ---- */

/* A user that the application names is read after the data source's Trusted_Connection, which only
 * takes away the user that is known by then. */
static void prefer_user(struct connstr *list)
{
    const struct connstr_pair *user = profile_find_pair(&profile_tds, list, USER);
    const struct connstr_pair *trusted = profile_find_pair(&profile_tds, list, TRUSTED);
    if (trusted != NULL && !is_of_string(trusted) && user != NULL && is_of_string(user) &&
        *user->value != '\0')
        profile_remove(&profile_tds, list, TRUSTED);
}

/* ---- around ---- */

static bool check_environment(struct error *error)
{
    static const char *const names[] = {"TDSHOST", "TDSPORT"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = profile_environment(names[i]);
        if (value != NULL && *value != '\0')
            return error_set(error, ODBCSSL_ERROR_BYPASS_SETTING,
                             "the environment variable %s is set: it would lead FreeTDS past "
                             "odbcssl's TLS session. Unset it for this program",
                             names[i]);
    }
    return true;
}

static bool inspect(const struct settings *settings, struct profile_target *target,
                    struct error *error)
{
    const char *encryption = connstr_get(&target->settings, ENCRYPTION);
    prefer_user(&target->settings);
    return check_environment(error) && check_encryption(settings, ENCRYPTION, encryption, error) &&
           check_intent(&target->settings, error) && find_server(settings, target, error) &&
           set_version(&target->settings, error);
}

/* ---- the database ---- */

/* What counts first: Database in the connection string, an entry of freetds.conf, the attribute,
 * Database in odbc.ini; of SQLConnect the attribute. All but the attribute go into the connection
 * string. */
static void yield_to_catalog(struct profile_target *target, bool is_by_name)
{
    const struct connstr_pair *database =
        profile_find_pair(&profile_tds, &target->settings, DATABASE);
    if (database != NULL && (is_by_name || database->origin == CONNSTR_DATA_SOURCE))
        profile_remove(&profile_tds, &target->settings, DATABASE);
}

/* ---- writing ---- */

/* Of [MS-TDS] LOGIN7; FreeTDS cuts a longer name or password without a word. */
#define LOGIN_TEXT_LIMIT 128

static bool is_too_long(const char *keyword, const char *value)
{
    size_t length = 0;
    for (const char *byte = value; *byte != '\0'; byte++)
        length += ((unsigned char)*byte & 0xc0) != 0x80; /* UTF-8 continues */
    return length > LOGIN_TEXT_LIMIT && text_is_one_of(keyword, text_keywords);
}

/* The characters of odbc.ini and freetds.conf are UTF-8 for FreeTDS, those of a string that is not
 * wide Latin-1.
 * NULL: out of memory, or error is set. */
static char *to_latin1(const struct connstr_pair *pair, struct error *error)
{
    size_t left = strlen(pair->value);
    const unsigned char *next = (const unsigned char *)pair->value;
    char *value = calloc(1, left + 1), *out = value;
    while (value != NULL && left > 0) {
        uint32_t code_point;
        size_t taken = text_utf8_decode(next, left, &code_point);
        if (code_point > 0xFF) {
            profile_refuse_value(pair,
                                 "FreeTDS takes it for UTF-8 in its files, and in the connection "
                                 "string of an application that is not a Unicode one only Latin-1",
                                 error);
            text_free_secret(value);
            return NULL;
        }
        *out++ = (char)code_point;
        next += taken;
        left -= taken;
    }
    return value;
}

/* A value without braces ends at the first ';', one in braces at the first "};", or with its last
 * brace in it at the end of the string; nothing is written twice or decoded. */
static bool write_value(const struct connstr_pair *pair, const char *value, struct buffer *out,
                        struct error *error)
{
    if (*value != '{' && strchr(value, ';') == NULL)
        return buffer_append_text(out, value);
    if (strstr(value, "};") != NULL)
        return profile_refuse_value(pair, "for FreeTDS \"};\" ends a value wherever it stands",
                                    error);
    return buffer_append_byte(out, '{') && buffer_append_text(out, value) &&
           buffer_append_byte(out, '}');
}

static bool write_setting(const char *keyword, const struct connstr_pair *pair, bool is_wide,
                          struct buffer *out, struct error *error)
{
    if (is_too_long(keyword, pair->value))
        return profile_refuse_value(pair, "a login of SQL Server has room for 128 characters",
                                    error);
    if (is_wide || is_of_string(pair))
        return write_value(pair, pair->value, out, error);
    char *value = to_latin1(pair, error);
    bool is_written = value != NULL && write_value(pair, value, out, error);
    text_free_secret(value);
    return is_written;
}

/* The server's Kerberos name as FreeTDS would make it if it saw the host. */
static bool write_principal(const struct profile_target *target, struct buffer *out)
{
    const char *realm = connstr_get(&target->settings, "REALM");
    char number[16];
    snprintf(number, sizeof number, ":%u", target->port);
    buffer_append_text(out, "MSSQLSvc/");
    buffer_append_text(out, target->full_name != NULL ? target->full_name : target->host);
    buffer_append_text(out, number);
    if (realm != NULL && *realm != '\0') {
        buffer_append_byte(out, '@');
        buffer_append_text(out, realm);
    }
    return buffer_append_byte(out, '\0');
}

/* Without a user FreeTDS logs in by Kerberos, and would ask for a ticket of the address that it is
 * given. */
static bool add_principal(const struct profile_target *target, struct connstr *list)
{
    static const char *const off[] = {"no", "off", "false", "", NULL};
    const char *user = connstr_get(list, USER), *principal = connstr_get(list, PRINCIPAL);
    const char *trusted = connstr_get(list, TRUSTED);
    struct buffer written = {0};
    bool is_by_ticket =
        user == NULL || *user == '\0' || (trusted != NULL && !text_is_one_of(trusted, off));
    if (!is_by_ticket || (principal != NULL && *principal != '\0'))
        return true;
    bool is_set = write_principal(target, &written) &&
                  connstr_set(list, PRINCIPAL, (char *)buffer_content(&written));
    buffer_free(&written);
    return is_set;
}

/* FreeTDS takes the first of several servers, and the last of several ports. */
static bool rewrite(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error)
{
    (void)settings;
    (void)error;
    return connstr_append(list, SERVER, endpoint->address) &&
           profile_append_all(list, &target->settings) && add_principal(target, list) &&
           connstr_append(list, ENCRYPTION, "request") &&
           profile_append_number(list, PORT, endpoint->port);
}

const struct profile profile_tds = {
    .family = DRIVER_FAMILY_TDS,
    .protocol = DATABASE_PROTOCOL_TDS,
    .default_port = 1433,
    .is_server_asked = true,
    .keywords = keywords,
    .server_keyword = SERVER,
    .port_keyword = PORT,
    .user_keyword = USER,
    .text_keywords = text_keywords,
    .is_empty_unset = true,
    .read = read_setting,
    .write = write_setting,
    .to_narrow = to_latin1,
    .inspect = inspect,
    .yield_to_catalog = yield_to_catalog,
    .rewrite = rewrite,
};
