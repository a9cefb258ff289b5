/*
 * profile_tds.c - FreeTDS.
 *
 * It takes no Unix socket, and TDSHOST and TDSPORT in the environment beat its connection string.
 * TDS_Version is fixed, because without one a failed connect is tried again as TDS 5.0, with the
 * password in the clear; Encryption=request leaves the password field of such a login empty.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/freetds_conf.h"
#include "conn/profiles.h"

#define SERVER "Server"
#define ENTRY "Servername"
#define PORT "Port"
#define USER "UID"
#define VERSION "TDS_Version"

/* FreeTDS's src/odbc/connectparams.c. User and password are no keywords of odbc.ini there; here
 * they count when the application gives none. */
/* clang-format off */
static const struct profile_keyword keywords[] = {
    KEPT_BACK(SERVER), KEPT_BACK(ENTRY), OTHER_NAME("Address", SERVER, KEPT_BACK), KEPT_BACK(PORT),
    KEPT_BACK("Encryption"), KEPT_BACK("HostNameInCertificate"), PASSED(VERSION), PASSED(USER),
    PASSED("PWD"), PASSED("Database"), STRING_ONLY("APP"), STRING_ONLY("WSID"),
    STRING_ONLY("ApplicationIntent"), PASSED("AttachDbFilename"),
    SHORTENED("ClientCharset", "client_charset", PASSED), PASSED("DebugFlags"), PASSED("DumpFile"),
    PASSED("DumpFileAppend"), PASSED("Language"), PASSED("MARS_Connection"), PASSED("PacketSize"),
    PASSED("REALM"), PASSED("ServerSPN"), PASSED("TextSize"), PASSED("Timeout"),
    PASSED("Trusted_Connection"), PASSED("UseNTLMv2"), {NULL, NULL, KEYWORD_PASSED},
};
/* clang-format on */

static const char *const text_keywords[] = {USER, "PWD", "Database", NULL};

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
    {"database", "Database"},
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
    {"spn", "ServerSPN"},
    {"use ntlmv2", "UseNTLMv2"},
};

/* "host,port" and "host\instance", as Microsoft's drivers and FreeTDS take them. */
static bool split_host(struct profile_target *target, struct error *error)
{
    char *comma = target->host != NULL ? strrchr(target->host, ',') : NULL;
    if (comma != NULL) {
        if (!text_parse_port(comma + 1, &target->port))
            return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                             "Server=%s: behind the comma a port from 1 to 65535 is wanted",
                             target->host);
        *comma = '\0';
    }
    char *backslash = target->host != NULL ? strchr(target->host, '\\') : NULL;
    if (backslash != NULL) {
        *backslash = '\0';
        /* With a port the instance is reached by it, and its name does not count. */
        if (!target->has_port && comma == NULL)
            target->instance = strdup(backslash + 1);
    }
    return true;
}

static bool is_demanding_tls(const char *encryption)
{
    return encryption != NULL &&
           (text_equal_nocase(encryption, "require") || text_equal_nocase(encryption, "strict"));
}

/* The entry's own wishes for TLS must not get lost: odbcssl has to verify when FreeTDS would have.
 */
static bool check_entry_tls(const struct freetds_entry *entry, const char *name,
                            const struct settings *settings, struct error *error)
{
    const struct tls_options *tls = &settings->tls;
    const char *mode = tls_mode_name(tls->mode);
    const char *encryption = connstr_get(&entry->settings, "encryption");
    bool is_verified = tls->mode >= ODBCSSL_MODE_VERIFY_CA ||
                       (tls->mode == ODBCSSL_MODE_REQUIRE && tls->root_cert.value != NULL);
    if (connstr_has(&entry->settings, "ca file") && !is_verified)
        error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                  "the entry [%s] of %s sets \"ca file\", so the server is to be verified, which "
                  "SslMode=%s%s does not do: set SslRootCert, and SslMode=verify-ca or verify-full",
                  name, entry->file, mode,
                  tls->root_cert.value == NULL ? " without SslRootCert" : "");
    else if (connstr_has(&entry->settings, "crl file") && tls->crl.value == NULL &&
             tls->crl_dir.value == NULL)
        error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                  "the entry [%s] of %s sets \"crl file\", which odbcssl does not read: set SslCrl",
                  name, entry->file);
    else if (is_demanding_tls(encryption) && tls->mode < ODBCSSL_MODE_REQUIRE)
        error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                  "the entry [%s] of %s sets encryption = %s, but SslMode=%s does not demand TLS: "
                  "set SslMode to require or stronger",
                  name, entry->file, encryption, mode);
    else
        return true;
    return false;
}

static bool take_entry(const struct freetds_entry *entry, const char *name,
                       const struct settings *settings, struct profile_target *target,
                       struct error *error)
{
    const char *host = connstr_get(&entry->settings, "host");
    const char *port = connstr_get(&entry->settings, "port");
    const char *instance = connstr_get(&entry->settings, "instance");
    if (!check_entry_tls(entry, name, settings, error))
        return false;
    if (port != NULL && !text_parse_port(port, &target->port))
        return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                         "the entry [%s] of %s has port = %s, which is no port", name, entry->file,
                         port);
    free(target->host);
    target->host = strdup(host != NULL ? host : name);
    if (instance != NULL && port == NULL)
        target->instance = strdup(instance);
    /* What the entry says where the DSN says nothing. */
    for (size_t i = 0; i < sizeof entry_settings / sizeof entry_settings[0]; i++) {
        const char *value = connstr_get(&entry->settings, entry_settings[i].setting);
        const char *keyword = entry_settings[i].keyword;
        if (value != NULL && profile_get(&profile_tds, &target->settings, keyword) == NULL)
            connstr_append(&target->settings, keyword, value);
    }
    return !target->settings.is_failed || error_set_memory(error);
}

static bool inspect_entry(const struct settings *settings, struct profile_target *target,
                          struct error *error)
{
    struct freetds_entry entry;
    const char *name = connstr_get(&target->settings, ENTRY);
    if (target->host != NULL || name == NULL)
        return true;
    if (!freetds_conf_read(name, &entry, error))
        return false;
    bool is_good = take_entry(&entry, name, settings, target, error);
    freetds_entry_free(&entry);
    return is_good;
}

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

/* Also what the environment says, which beats it. */
static bool set_version(struct connstr *list, struct error *error)
{
    const char *fixed = profile_environment(VERSION_VARIABLE), *wanted = connstr_get(list, VERSION);
    if (fixed != NULL && *fixed != '\0' && find_version(VERSION_VARIABLE, fixed, error) == NULL)
        return false;
    const char *version = wanted == NULL || *wanted == '\0' ? DEFAULT_TDS_VERSION
                                                            : find_version(VERSION, wanted, error);
    return version != NULL && (connstr_set(list, VERSION, version) || error_set_memory(error));
}

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
    const char *encryption = connstr_get(&target->settings, "Encryption");
    return check_environment(error) &&
           (!is_demanding_tls(encryption) ||
            profile_check_demand(settings, "Encryption", encryption, "FreeTDS", error)) &&
           inspect_entry(settings, target, error) && split_host(target, error) &&
           set_version(&target->settings, error);
}

/* Of [MS-TDS] LOGIN7; FreeTDS cuts a longer name or password without a word. */
#define LOGIN_TEXT_LIMIT 128

static bool is_too_long(const char *keyword, const char *value)
{
    size_t length = 0;
    for (const char *byte = value; *byte != '\0'; byte++)
        length += ((unsigned char)*byte & 0xc0) != 0x80; /* UTF-8 continues */
    return length > LOGIN_TEXT_LIMIT && text_is_one_of(keyword, text_keywords);
}

/* The characters of odbc.ini are UTF-8 for FreeTDS, those of a string that is not wide Latin-1.
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
                                 "FreeTDS takes it for UTF-8 in odbc.ini, and in the connection "
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
    if (is_wide || pair->origin != CONNSTR_DATA_SOURCE)
        return write_value(pair, pair->value, out, error);
    char *value = to_latin1(pair, error);
    bool is_written = value != NULL && write_value(pair, value, out, error);
    text_free_secret(value);
    return is_written;
}

/* FreeTDS takes the first of several servers, and the last of several ports. */
static bool rewrite(const struct settings *settings, const struct profile_target *target,
                    const struct relay_endpoint *endpoint, struct connstr *list,
                    struct error *error)
{
    (void)settings;
    (void)error;
    return connstr_append(list, SERVER, endpoint->address) &&
           profile_append_all(list, &target->settings) &&
           connstr_append(list, "Encryption", "request") &&
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
    .write = write_setting,
    .inspect = inspect,
    .rewrite = rewrite,
};
