/* test_config_keys.c - every keyword of every driver, by its table. */
#include "test_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "base/text.h"
#include "config/keys.h"

static const char source[] = "somewhere";

CASE("names are found with any case")
{
    CHECK(key_find("sslmode") == &keys[KEY_INDEX_SslMode]);
    CHECK(key_find("SSLMODE") == &keys[KEY_INDEX_SslMode]);
    CHECK(key_find("SSLCA") == NULL);
    CHECK(key_is_ours("sslca"));
    CHECK(key_is_ours("encrypt"));
    CHECK(key_is_ours("TRUSTSERVERCERTIFICATE"));
    CHECK(!key_is_ours("Server"));
    CHECK(!key_is_ours("SslModus"));
}

CASE("unknown Ssl keywords are refused with advice")
{
    static const struct {
        const char *name, *part;
    } cases[] = {
        {"SslMod", "did you mean SslMode?"},
        {"SSL_MODE", "did you mean SslMode?"},
        {"SslRootCrt", "did you mean SslRootCert?"},
        {"SslMinProtocolVersion", "did you mean SslMinProtocol?"},
        {"SslFrobnicate", "lists those"},
        {"SSLCIPHER", "SslPriority"},
        {"sslverify", "SslMode=verify-full"},
        {"SSLCAPATH", "SslRootCert"},
        {"SslMode\xC2\xA0", "characters around SslMode"},
        {"\xC2\xA0SslMode", "characters around SslMode"},
        {"\"SslCrl\"", "characters around SslCrl"},
        {"{SslMod}", "characters around SslMod"},
        {"\xC2\xA0"
         "Encrypt",
         "characters around Encrypt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        CHECK(!key_check_name(cases[i].name, "odbc.ini [w]", &error));
        CHECK_TEXT(error_sqlstate(error.code), "HY092");
        CHECK_CONTAINS(error.text, cases[i].name);
        CHECK_CONTAINS(error.text, "odbc.ini [w]");
        CHECK_CONTAINS(error.text, cases[i].part);
    }
    struct error error = {0};
    CHECK(key_check_name("Server", "x", &error));
    CHECK(key_check_name("TLSVERSION", "x", &error));
    CHECK(key_check_name("conn{", "x", &error));
    CHECK(key_check_name("{Server}", "x", &error));
    CHECK(key_check_name("\xC3\xA4", "x", &error));
    CHECK(!error_is_set(&error));
}

CASE("words and numbers are read with any case and either dash")
{
    static const struct {
        enum key_index key;
        const char *text;
        int wanted;
    } cases[] = {
        {KEY_INDEX_SslMode, "disable", ODBCSSL_MODE_DISABLE},
        {KEY_INDEX_SslMode, "ALLOW", ODBCSSL_MODE_ALLOW},
        {KEY_INDEX_SslMode, "Prefer", ODBCSSL_MODE_PREFER},
        {KEY_INDEX_SslMode, "Require", ODBCSSL_MODE_REQUIRE},
        {KEY_INDEX_SslMode, "verify_ca", ODBCSSL_MODE_VERIFY_CA},
        {KEY_INDEX_SslMode, "Verify-Full", ODBCSSL_MODE_VERIFY_FULL},
        {KEY_INDEX_SslCrlCheck, "chain", CRL_CHECK_CHAIN},
        {KEY_INDEX_SslCrlCheck, "LEAF", CRL_CHECK_LEAF},
        {KEY_INDEX_SslSni, "0", 0},
        {KEY_INDEX_SslSni, "1", 1},
        {KEY_INDEX_SslSni, "off", 0},
        {KEY_INDEX_SslMinProtocol, "tlsv1", TLS_VERSION_1_0},
        {KEY_INDEX_SslMinProtocol, "TLSv1.1", TLS_VERSION_1_1},
        {KEY_INDEX_SslMaxProtocol, "TLSV1.2", TLS_VERSION_1_2},
        {KEY_INDEX_SslMaxProtocol, "TLSv1.3", TLS_VERSION_1_3},
        {KEY_INDEX_SslNegotiation, "starttls", TLS_NEGOTIATION_STARTTLS},
        {KEY_INDEX_SslNegotiation, "postgres", TLS_NEGOTIATION_STARTTLS},
        {KEY_INDEX_SslNegotiation, "direct", TLS_NEGOTIATION_DIRECT},
        {KEY_INDEX_SslProtocol, "auto", DATABASE_PROTOCOL_AUTO},
        {KEY_INDEX_SslProtocol, "PostgreSQL", DATABASE_PROTOCOL_POSTGRESQL},
        {KEY_INDEX_SslProtocol, "tds", DATABASE_PROTOCOL_TDS},
        {KEY_INDEX_SslProtocol, "mysql", DATABASE_PROTOCOL_MYSQL},
        {KEY_INDEX_SslProtocol, "none", DATABASE_PROTOCOL_NONE},
        {KEY_INDEX_SslFilePermissions, "key", FILE_PERMISSIONS_KEY},
        {KEY_INDEX_SslFilePermissions, "strict", FILE_PERMISSIONS_STRICT},
        {KEY_INDEX_SslExpiryWarningDays, "0", 0},
        {KEY_INDEX_SslExpiryWarningDays, "36500", 36500},
        {KEY_INDEX_SslTimeout, "15", 15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        int number = -1;
        CHECK(key_check_value(&keys[cases[i].key], cases[i].text, source, &number, &error));
        CHECK_TEXT(error.text, "");
        CHECK_NUMBER(number, cases[i].wanted);
    }
}

CASE("bad values are refused with keyword, value, place and what is allowed")
{
    static const struct {
        enum key_index key;
        const char *text;
        enum odbcssl_error code;
        const char *part;
    } cases[] = {
        {KEY_INDEX_SslMode, "yes", ODBCSSL_ERROR_KEYWORD_VALUE,
         "disable, allow, prefer, require, verify-ca, verify-full"},
        {KEY_INDEX_SslMode, "required", ODBCSSL_ERROR_KEYWORD_VALUE,
         "SslMode=required (somewhere)"},
        {KEY_INDEX_SslMode, "verify full", ODBCSSL_ERROR_KEYWORD_VALUE, "verify-full"},
        {KEY_INDEX_SslMode, "verif", ODBCSSL_ERROR_KEYWORD_VALUE, "not known"},
        {KEY_INDEX_SslMode, "", ODBCSSL_ERROR_KEYWORD_VALUE, "empty"},
        {KEY_INDEX_SslMinProtocol, "SSLv3", ODBCSSL_ERROR_KEYWORD_VALUE, "TLSv1, TLSv1.1"},
        {KEY_INDEX_SslNegotiation, "tls", ODBCSSL_ERROR_KEYWORD_VALUE, "takes starttls, direct"},
        {KEY_INDEX_SslTimeout, "", ODBCSSL_ERROR_KEYWORD_VALUE, "empty"},
        {KEY_INDEX_SslTimeout, "-1", ODBCSSL_ERROR_KEYWORD_VALUE, "0 to 86400"},
        {KEY_INDEX_SslTimeout, "86401", ODBCSSL_ERROR_KEYWORD_VALUE, "0 to 86400"},
        {KEY_INDEX_SslTimeout, "10s", ODBCSSL_ERROR_KEYWORD_VALUE, "10s"},
        {KEY_INDEX_SslExpiryWarningDays, "99999999999999999999", ODBCSSL_ERROR_KEYWORD_VALUE,
         "36500"},
        {KEY_INDEX_SslRootCert, "root.crt", ODBCSSL_ERROR_PATH_RELATIVE, "or the word system"},
        {KEY_INDEX_SslRootCert, "pkcs11:x", ODBCSSL_ERROR_PATH_RELATIVE, "absolute"},
        {KEY_INDEX_SslCert, "./client.crt", ODBCSSL_ERROR_PATH_RELATIVE, "pkcs11:"},
        {KEY_INDEX_SslKey, "system", ODBCSSL_ERROR_PATH_RELATIVE, "relative"},
        {KEY_INDEX_SslCrl, "~/root.crl", ODBCSSL_ERROR_PATH_RELATIVE, "relative"},
        {KEY_INDEX_SslCrlDir, "crls", ODBCSSL_ERROR_PATH_RELATIVE, "relative"},
        {KEY_INDEX_SslTrace, "trace.log", ODBCSSL_ERROR_PATH_RELATIVE, "relative"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        CHECK(!key_check_value(&keys[cases[i].key], cases[i].text, source, NULL, &error));
        CHECK_NUMBER(error.code, cases[i].code);
        CHECK_TEXT(error_sqlstate(error.code), "HY024");
        CHECK_CONTAINS(error.text, cases[i].part);
        CHECK_CONTAINS(error.text, "(somewhere)");
    }
}

CASE("system and pkcs11: are copied in lower case")
{
    static const struct {
        enum key_index key;
        const char *text, *wanted;
    } cases[] = {
        {KEY_INDEX_SslRootCert, "SYSTEM", "system"},
        {KEY_INDEX_SslRootCert, "/SYSTEM", "/SYSTEM"},
        {KEY_INDEX_SslCert, "PKCS11:object=A", "pkcs11:object=A"},
        {KEY_INDEX_SslKey, "/A/Key", "/A/Key"},
        {KEY_INDEX_SslServerName, "SYSTEM", "SYSTEM"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        CHECK(key_check_value(&keys[cases[i].key], cases[i].text, source, NULL, &error));
        char *copy = key_copy_value(&keys[cases[i].key], cases[i].text);
        CHECK_TEXT(copy, cases[i].wanted);
        free(copy);
    }
}

CASE("a secret is not described")
{
    char text[KEY_DESCRIPTION_SIZE];
    key_describe(&keys[KEY_INDEX_SslPassword], "Keyword", "hunter2", source, text, sizeof text);
    CHECK(strstr(text, "hunter2") == NULL);
    CHECK_CONTAINS(text, "Keyword=");
}

/* A row that is wrong would show up in a user's error only: every default has to be a valid
 * value. */
CASE("every row has a help text and a valid default")
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        struct error error = {0};
        CHECK(keys[i].help[0] != '\0' && keys[i].help[strlen(keys[i].help) - 1] == '.');
        CHECK((keys[i].words != NULL) == (keys[i].kind == KEY_WORD));
        if (keys[i].default_text != NULL)
            CHECK(key_check_value(&keys[i], keys[i].default_text, source, NULL, &error));
        CHECK_TEXT(error.text, "");
        CHECK(key_find(keys[i].name) == &keys[i]);
    }
}

SUITE("keywords", NULL, NULL)
