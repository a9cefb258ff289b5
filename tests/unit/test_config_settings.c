/* test_config_settings.c - who decides: connection string, file or environment; what is refused. */
#include "test_config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "config/keys.h"
#include "config/settings.h"

static bool resolve(const char *text, struct settings *settings, struct error *error)
{
    struct connstr list;
    error_clear(error);
    const char *expanded = files_expand(text);
    bool is_good = connstr_parse(expanded, strlen(expanded), &list, error) &&
                   settings_resolve(&list, settings, error);
    connstr_free(&list);
    return is_good;
}

/* One keyword of what a connection string resolves to. */
struct resolve_case {
    const char *connection;
    const char *keyword;
    const char *value;
    const char *source;
};

static void check_case(const struct resolve_case *test)
{
    struct settings settings;
    struct error error;
    bool is_good = resolve(test->connection, &settings, &error);
    CHECK_TEXT(error.text, "");
    if (!is_good)
        return;
    const struct key *key = key_find(test->keyword);
    CHECK_FATAL(key != NULL);
    const struct option *item = &settings.items[key - keys];
    CHECK_TEXT(item->keyword, key->name);
    CHECK_TEXT(item->value, test->value != NULL ? files_expand(test->value) : NULL);
    CHECK_TEXT(item->source, test->source);
    settings_free(&settings);
}

static void check_cases(const struct resolve_case *tests)
{
    for (; tests->connection != NULL; tests++)
        check_case(tests);
}

CASE("SQLConnect is known by the name that it gives")
{
    static const enum connstr_origin origins[] = {CONNSTR_PLAIN, CONNSTR_BRACED, CONNSTR_ARGUMENT};
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        struct connstr list = {0};
        struct settings settings;
        struct error error = {0};
        CHECK_FATAL(connstr_append_pair(&list, "DSN", "warehouse", origins[i]));
        CHECK(settings_resolve(&list, &settings, &error));
        CHECK(settings.is_by_name == (origins[i] == CONNSTR_ARGUMENT));
        settings_free(&settings);
        connstr_free(&list);
    }
}

CASE("each place beats the ones below it and is named")
{
    static const struct resolve_case cases[] = {
        {"DSN=warehouse;SslMode=disable", "SslMode", "disable", "connection string"},
        {"DSN=warehouse;SSLMODE=disable;SslMode=require", "SslMode", "disable",
         "connection string"},
        {"DSN=warehouse", "SslMode", "verify-ca", "odbc.ini [warehouse]"},
        {"DSN=WareHouse", "SslMode", "verify-ca", "odbc.ini [WareHouse]"},
        {"DSN=by path", "SslMode", "require", "odbcinst.ini [TLS]"},
        {"DSN=by link", "SslMode", "require", "odbcinst.ini [TLS]"},
        {"DRIVER={TLS}", "SslMode", "require", "odbcinst.ini [TLS]"},
        {"DRIVER=@/tls/libodbcssl.so", "SslMode", "require", "odbcinst.ini [TLS]"},
        {"DRIVER={TLS};DSN=warehouse", "SslPin", "sha256:section", "odbcinst.ini [TLS]"},
        {"DSN=warehouse;DRIVER={TLS TDS}", "SslPin", "sha256:dsn", "odbc.ini [warehouse]"},
        {"DSN=warehouse", "SslCrlCheck", "leaf", "odbcinst.ini [TLS]"},
        {"DSN=warehouse", "SslRootCert", "@/section.pem", "odbcinst.ini [TLS], as SSLCA"},
        {"DSN=warehouse", "SslCrl", NULL, "default"},
        {"DSN=warehouse", "SslTimeout", NULL, "default"},
        {"DSN=warehouse", "SslMinProtocol", "TLSv1.2", "default"},
        {"DSN=warehouse;SslPin=", "SslPin", NULL, "connection string"},
        {"DSN=warehouse;SslRootCert=;SslMode=require", "SslRootCert", NULL, "connection string"},
        {"DSN=no section", "SslMode", "prefer", "default"},
        {"DSN=no section", "TargetDriver", "TDS", "odbc.ini [no section]"},
        {"DSN=unknown", "TargetDriver", "TDS", "odbcinst.ini [TLS TDS]"},
        {"UID=x", "TargetDriver", "TDS", "odbcinst.ini [TLS TDS]"},
        {"DSN=plain;TargetDriver=@/custom.so", "TargetDriver", "@/custom.so", "connection string"},
        {"DSN=plain;TargetDriver=Other Twice", "TargetDriver", "Other Twice", "connection string"},
        {"DSN=plain", "SslMode", "prefer", "default"},
        {"DSN=plain;SslPassword=x", "SslPassword", "(set)", "connection string"},
        {"DSN=warehouse", "SslPassword", "(set)", "odbcinst.ini [TLS]"},
        {NULL, NULL, NULL, NULL},
    };
    check_cases(cases);
}

CASE("aliases count where they are written")
{
    static const struct resolve_case cases[] = {
        {"DSN=plain;SSLCA=/a", "SslRootCert", "/a", "connection string, as SSLCA"},
        {"DSN=plain;SSLCA=/a;SslRootCert=/a", "SslRootCert", "/a", "connection string"},
        {"DSN=alias dsn;SslRootCert=@/dsn.pem", "SslRootCert", "@/dsn.pem", "connection string"},
        {"DSN=verified dsn;SSLCA=/a", "SslRootCert", "/a", "connection string, as SSLCA"},
        {"DSN=alias dsn", "SslServerName", "dsn.example.com",
         "odbc.ini [alias dsn], as HostNameInCertificate"},
        {"DSN=plain;SslKeyPWD=x", "SslPassword", "(set)", "connection string, as SslKeyPWD"},
        {"DSN=plain;sslcrlpath=/crls", "SslCrlDir", "/crls", "connection string, as SSLCRLPATH"},
        {"DSN=plain;SSLKEY=/k;SSLCERT=/c", "SslKey", "/k", "connection string"},
        {NULL, NULL, NULL, NULL},
    };
    check_cases(cases);
}

CASE("Encrypt and TrustServerCertificate become modes")
{
    static const struct resolve_case cases[] = {
        {"DSN=tds", "SslMode", "verify-full", "odbc.ini [tds], as Encrypt=yes"},
        {"DSN=tds;Encrypt=no", "SslMode", "prefer", "connection string, as Encrypt=no"},
        {"DSN=tds;Encrypt=Optional", "SslMode", "prefer", "connection string, as Encrypt=Optional"},
        {"DSN=tds;Encrypt=false", "SslMode", "prefer", "connection string, as Encrypt=false"},
        {"DSN=tds;Encrypt=mandatory", "SslMode", "verify-full",
         "connection string, as Encrypt=mandatory"},
        {"DSN=tds;Encrypt=TRUE", "SslMode", "verify-full", "connection string, as Encrypt=TRUE"},
        {"DSN=tds;Encrypt=strict", "SslMode", "verify-full",
         "connection string, as Encrypt=strict"},
        {"DSN=tds;Encrypt=strict", "SslNegotiation", "direct",
         "connection string, as Encrypt=strict"},
        {"DSN=tds;Encrypt=strict;TrustServerCertificate=yes", "SslMode", "verify-full",
         "connection string, as Encrypt=strict"},
        {"DSN=tds", "SslNegotiation", "starttls", "default"},
        {"DSN=trusting", "SslMode", "require",
         "odbc.ini [trusting], as TrustServerCertificate=yes"},
        {"DSN=trusting;TrustServerCertificate=no", "SslMode", "verify-full",
         "odbc.ini [trusting], as Encrypt=mandatory"},
        {"DSN=tds;TrustServerCertificate=yes", "SslMode", "require",
         "connection string, as TrustServerCertificate=yes"},
        {"DSN=just trusting", "SslMode", "require",
         "odbc.ini [just trusting], as TrustServerCertificate=yes"},
        {"DSN=just trusting;TrustServerCertificate=0", "SslMode", "verify-full",
         "connection string, as TrustServerCertificate=0"},
        {"DSN=just trusting;SslMode=prefer", "SslMode", "prefer", "connection string"},
        {"DSN=plain;SslMode=verify-ca;TrustServerCertificate=no", "SslMode", "verify-ca",
         "connection string"},
        {"DSN=plain;SslMode=disable;TrustServerCertificate=no", "SslMode", "disable",
         "connection string"},
        {"DSN=plain;SslMode=disable;Encrypt=no", "SslMode", "disable", "connection string"},
        {"DSN=plain;SslMode=verify_full;Encrypt=yes", "SslMode", "verify_full",
         "connection string"},
        {"DSN=verified;Encrypt=no", "SslMode", "prefer", "connection string, as Encrypt=no"},
        {"DSN=tds;SslNegotiation=direct", "SslMode", "verify-full",
         "odbc.ini [tds], as Encrypt=yes"},
        {NULL, NULL, NULL, NULL},
    };
    check_cases(cases);
}

CASE("libpq's environment counts for its family, below the files")
{
    static const struct {
        const char *variable, *value;
        struct resolve_case test;
    } cases[] = {
        {"PGSSLMODE",
         "verify-full",
         {"DSN=plain", "SslMode", "verify-full", "environment PGSSLMODE"}},
        {"PGSSLMODE", "", {"DSN=plain", "SslMode", "prefer", "default"}},
        {"PGSSLMODE", "disable", {"DSN=warehouse", "SslMode", "verify-ca", "odbc.ini [warehouse]"}},
        {"PGSSLMODE", "disable", {"DSN=by path", "SslMode", "require", "odbcinst.ini [TLS]"}},
        {"PGSSLMODE",
         "disable",
         {"DSN=plain;SslMode=allow", "SslMode", "allow", "connection string"}},
        {"PGSSLMODE", "disable", {"DSN=no section", "SslMode", "prefer", "default"}},
        {"PGSSLCERT", "/c", {"DSN=plain", "SslCert", "/c", "environment PGSSLCERT"}},
        {"PGSSLKEY", "/k", {"DSN=plain", "SslKey", "/k", "environment PGSSLKEY"}},
        {"PGSSLROOTCERT", "/r", {"DSN=plain", "SslRootCert", "/r", "environment PGSSLROOTCERT"}},
        {"PGSSLROOTCERT",
         "/r",
         {"DSN=plain;SslRootCert=", "SslRootCert", NULL, "connection string"}},
        {"PGSSLCRL", "/l", {"DSN=plain", "SslCrl", "/l", "environment PGSSLCRL"}},
        {"PGSSLCRLDIR", "/d", {"DSN=plain", "SslCrlDir", "/d", "environment PGSSLCRLDIR"}},
        {"PGSSLSNI", "0", {"DSN=plain", "SslSni", "0", "environment PGSSLSNI"}},
        {"PGSSLMINPROTOCOLVERSION",
         "TLSv1",
         {"DSN=plain", "SslMinProtocol", "TLSv1", "environment PGSSLMINPROTOCOLVERSION"}},
        {"PGSSLMAXPROTOCOLVERSION",
         "tlsv1.2",
         {"DSN=plain", "SslMaxProtocol", "tlsv1.2", "environment PGSSLMAXPROTOCOLVERSION"}},
        {"PGSSLNEGOTIATION",
         "postgres",
         {"DSN=plain", "SslNegotiation", "postgres", "environment PGSSLNEGOTIATION"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv(cases[i].variable, cases[i].value, 1);
        check_case(&cases[i].test);
        unsetenv(cases[i].variable);
    }
}

CASE("libpq's default files count when they exist")
{
    static const struct resolve_case with_files[] = {
        {"DSN=plain", "SslRootCert", "@/default/.postgresql/root.crt", "default file"},
        {"DSN=plain", "SslCrl", "@/default/.postgresql/root.crl", "default file"},
        {"DSN=plain", "SslCert", "@/default/.postgresql/postgresql.crt", "default file"},
        {"DSN=plain", "SslKey", "@/default/.postgresql/postgresql.key", "default file"},
        {"DSN=plain", "SslMode", "prefer", "default"},
        {"DSN=plain;SslCert=/c", "SslKey", NULL, "default"},
        {"DSN=plain;SslCert=", "SslCert", NULL, "connection string"},
        {"DSN=plain;SslCert=", "SslKey", NULL, "default"},
        {"DSN=plain;SslKey=/k", "SslCert", "@/default/.postgresql/postgresql.crt", "default file"},
        {"DSN=plain;SslRootCert=system", "SslCrl", NULL, "default"},
        {"DSN=plain;SslRootCert=/r", "SslCrl", "@/default/.postgresql/root.crl", "default file"},
        {"DSN=plain;SslMode=verify-ca", "SslRootCert", "@/default/.postgresql/root.crt",
         "default file"},
        {"DSN=plain;SslMode=verify-ca;SslRootCert=", "SslRootCert", "system", "default"},
        {"DSN=no section", "SslRootCert", NULL, "default"},
        {"DSN=no section;SslMode=verify-full", "SslRootCert", "system", "default"},
        {NULL, NULL, NULL, NULL},
    };
    static const struct resolve_case without_files[] = {
        {"DSN=plain", "SslRootCert", NULL, "default"},
        {"DSN=plain;SslMode=verify-full", "SslRootCert", "system", "default"},
        {"DSN=plain;SslMode=require", "SslRootCert", NULL, "default"},
        {"DSN=plain;SslRootCert=System", "SslMode", "verify-full", "default with SslRootCert"},
        {"DSN=plain;SslRootCert=system;SslMode=require", "SslMode", "require", "connection string"},
        {"DSN=no section;SslRootCert=system", "SslMode", "verify-full", "default with SslRootCert"},
        {NULL, NULL, NULL, NULL},
    };
    check_cases(without_files);
    setenv("HOME", files_expand("@/custom.so"), 1); /* no folder */
    check_cases(without_files);
    setenv("HOME", files_expand("@/default"), 1);
    check_cases(with_files);
    setenv("PGSSLROOTCERT", "system", 1);
    check_case(&(struct resolve_case){"DSN=plain", "SslMode", "verify-full", "default"});
    unsetenv("PGSSLROOTCERT");
    setenv("HOME", "relative", 1);
    check_case(
        &(struct resolve_case){"DSN=warehouse", "SslMode", "verify-ca", "odbc.ini [warehouse]"});
    setenv("HOME", files_expand("@/home"), 1);
}

/* Whatever is there in the place of a default file is what is verified with, and then refused. */
CASE("a default file that is a link to nowhere, or to itself, counts")
{
    static const struct resolve_case cases[] = {
        {"DSN=plain;SslMode=verify-ca", "SslRootCert", "@/links/.postgresql/root.crt",
         "default file"},
        {"DSN=plain", "SslRootCert", NULL, "default"},
        {"DSN=plain;SslMode=verify-ca;SslRootCert=/r", "SslCrl", "@/links/.postgresql/root.crl",
         "default file"},
        {"DSN=plain;SslMode=verify-ca", "SslCert", NULL, "default"},
        {NULL, NULL, NULL, NULL},
    };
    setenv("HOME", files_expand("@/links"), 1);
    check_cases(cases);
    setenv("HOME", files_expand("@/home"), 1);
}

/* What may be there is refused where it would be verified with, and else left out. root, who
 * searches any folder, becomes somebody else meanwhile. */
CASE("default files in a home that may not be searched")
{
    static const char root_crt[] = "@/locked/.postgresql/root.crt";
    static const char root_crl[] = "@/locked/.postgresql/root.crl";
    static const struct resolve_case cases[] = {
        {"DSN=plain;SslMode=verify-full", "SslRootCert", root_crt, "default file"},
        {"DSN=plain;SslMode=verify-full;SslRootCert=/r", "SslCrl", root_crl, "default file"},
        {"DSN=plain;SslMode=verify-ca;SslRootCert=/r;SslCrl=", "SslCrl", NULL, "connection string"},
        {"DSN=plain;SslMode=verify-ca;SslRootCert=system", "SslCrl", NULL, "default"},
        {"DSN=plain;SslMode=require", "SslRootCert", root_crt, "default file"},
        {"DSN=plain;SslCrlDir=/d", "SslRootCert", root_crt, "default file"},
        {"DSN=plain;SslMode=verify-full", "SslCert", NULL, "default"},
        {"DSN=plain", "SslRootCert", NULL, "default"},
        {"DSN=plain;SslMode=allow;SslRootCert=/r", "SslCrl", NULL, "default"},
        {"DSN=no section;SslMode=verify-full", "SslRootCert", "system", "default"},
        {NULL, NULL, NULL, NULL},
    };
    static const struct resolve_case of_another[] = {
        {"DSN=plain;SslMode=verify-full;SslRootCert=/r", "SslCrl", NULL, "default"},
        {"DSN=plain;SslMode=require", "SslRootCert", NULL, "default"},
        {NULL, NULL, NULL, NULL},
    };
    uid_t user = geteuid();
    CHECK_FATAL(chmod(files_expand("@"), 0711) == 0 && chmod(files_expand("@/locked"), 0) == 0);
    CHECK_FATAL(user != 0 || chown(files_expand("@/locked"), 65534, (gid_t)-1) == 0);
    CHECK_FATAL(user != 0 || seteuid(65534) == 0);
    setenv("HOME", files_expand("@/locked"), 1);
    if (access(files_expand("@/odbc.ini"), R_OK) == 0)
        check_cases(cases);
    else
        suite_skip("another user cannot search the folder of the tests");
    setenv("HOME", files_expand("@/foreign"), 1);
    if (user == 0 && access(files_expand("@/odbc.ini"), R_OK) == 0)
        check_cases(of_another);
    setenv("HOME", files_expand("@/home"), 1);
    CHECK(user != 0 || seteuid(0) == 0);
    CHECK(chmod(files_expand("@/locked"), 0700) == 0);
}

/* Who names something to verify with wants it used; what lies about asks for nothing. */
CASE("the mode is verify-full by default where a keyword says with what")
{
    static const struct resolve_case cases[] = {
        {"DSN=no section;SslRootCert=/r", "SslMode", "verify-full", "default with SslRootCert"},
        {"DSN=plain;SSLCA=/r", "SslMode", "verify-full", "default with SslRootCert"},
        {"DSN=plain;SslCrl=/c", "SslMode", "verify-full", "default with SslCrl"},
        {"DSN=plain;SslCrl=/c", "SslRootCert", "system", "default"},
        {"DSN=plain;SslCrlDir=/d", "SslMode", "verify-full", "default with SslCrlDir"},
        {"DSN=plain;SslPin=sha256:x", "SslMode", "verify-full", "default with SslPin"},
        {"DSN=alias dsn", "SslMode", "verify-full", "default with SslRootCert"},
        {"DSN=plain;SslRootCert=;SslCrl=;SslCrlDir=;SslPin=", "SslMode", "prefer", "default"},
        {"DSN=plain;SslServerName=n;SslCrlCheck=leaf", "SslMode", "prefer", "default"},
        {"DSN=plain;SslRootCert=/r;SslMode=prefer", "SslMode", "prefer", "connection string"},
        {"DSN=plain;SslPin=sha256:x;Encrypt=no", "SslMode", "prefer",
         "connection string, as Encrypt=no"},
        {"DSN=by path;SslCrl=/c", "SslMode", "require", "odbcinst.ini [TLS]"},
        {NULL, NULL, NULL, NULL},
    };
    static const char *const variables[] = {"PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR"};
    check_cases(cases);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        setenv(variables[i], "/v", 1);
        check_case(&(struct resolve_case){"DSN=plain", "SslMode", "prefer", "default"});
        unsetenv(variables[i]);
    }
    setenv("PGSSLMODE", "require", 1);
    check_case(&(struct resolve_case){"DSN=plain;SslRootCert=/r", "SslMode", "require",
                                      "environment PGSSLMODE"});
    unsetenv("PGSSLMODE");
}

/* Every keyword at once, as tls/ sees it. */
CASE("every keyword reaches its typed field")
{
    struct settings settings;
    struct error error;
    CHECK_FATAL(resolve("DSN=plain;SslMode=Verify_CA;SslRootCert=/root;SslCert=/cert;SslKey=/key;"
                        "SslPassword={p;w};SslCrl=/crl;SslCrlDir=/crls;SslCrlCheck=leaf;"
                        "SslServerName=name;SslSni=0;SslPin=sha256:00;SslMinProtocol=TLSv1.1;"
                        "SslMaxProtocol=TLSv1.3;SslPriority=NORMAL;SslNegotiation=direct;"
                        "SslProtocol=tds;SslExpiryWarningDays=7;SslFilePermissions=strict;"
                        "SslTimeout=5;SslTrace=/trace;SslServerKeyword=Host;SslPortKeyword=Service",
                        &settings, &error));
    const struct tls_options *tls = &settings.tls;
    CHECK(tls->mode == ODBCSSL_MODE_VERIFY_CA);
    CHECK_TEXT(tls->root_cert.value, "/root");
    CHECK_TEXT(tls->root_cert.keyword, "SslRootCert");
    CHECK_TEXT(tls->root_cert.source, "connection string");
    CHECK_TEXT(tls->cert.value, "/cert");
    CHECK_TEXT(tls->key.value, "/key");
    CHECK_TEXT(tls->password.value, "p;w");
    CHECK_TEXT(tls->crl.value, "/crl");
    CHECK_TEXT(tls->crl_dir.value, "/crls");
    CHECK(tls->crl_check == CRL_CHECK_LEAF);
    CHECK_TEXT(tls->server_name.value, "name");
    CHECK(!tls->send_sni);
    CHECK_TEXT(tls->pin.value, "sha256:00");
    CHECK(tls->minimum_version == TLS_VERSION_1_1);
    CHECK(tls->maximum_version == TLS_VERSION_1_3);
    CHECK_TEXT(tls->priority.value, "NORMAL");
    CHECK(tls->negotiation == TLS_NEGOTIATION_DIRECT);
    CHECK(tls->protocol == DATABASE_PROTOCOL_TDS);
    CHECK_NUMBER(tls->expiry_warning_days, 7);
    CHECK(tls->file_permissions == FILE_PERMISSIONS_STRICT);
    CHECK_NUMBER(tls->timeout, 5);
    CHECK_TEXT(tls->trace.value, "/trace");
    CHECK_TEXT(settings.server_keyword.value, "Host");
    CHECK_TEXT(settings.port_keyword.value, "Service");
    CHECK_TEXT(settings.dsn, "plain");
    settings_free(&settings);
    CHECK(settings.items[0].source == NULL && settings.dsn == NULL);
}

CASE("every keyword has its default")
{
    struct settings settings;
    struct error error;
    CHECK_FATAL(resolve("DRIVER={TLS PG}", &settings, &error));
    const struct tls_options *tls = &settings.tls;
    CHECK(tls->mode == ODBCSSL_MODE_PREFER);
    CHECK(tls->root_cert.value == NULL && tls->cert.value == NULL && tls->pin.value == NULL);
    CHECK_TEXT(tls->crl.keyword, "SslCrl");
    CHECK(tls->crl_check == CRL_CHECK_CHAIN);
    CHECK(tls->send_sni);
    CHECK(tls->minimum_version == TLS_VERSION_1_2);
    CHECK(tls->maximum_version == TLS_VERSION_NONE);
    CHECK(tls->negotiation == TLS_NEGOTIATION_STARTTLS);
    CHECK(tls->protocol == DATABASE_PROTOCOL_AUTO);
    CHECK_NUMBER(tls->expiry_warning_days, 30);
    CHECK(tls->file_permissions == FILE_PERMISSIONS_KEY);
    CHECK_NUMBER(tls->timeout, 0);
    CHECK(settings.dsn == NULL);
    CHECK_TEXT(settings.driver_path, files_expand("@/psqlodbcw.so"));
    settings_free(&settings);
}

static void check_driver_settings(const char *connection, const char *wanted)
{
    struct settings settings;
    struct error error;
    CHECK(resolve(connection, &settings, &error));
    CHECK_TEXT(error.text, "");
    char *text = connstr_format(&settings.driver_settings);
    CHECK_TEXT(text, files_expand(wanted));
    text_free_secret(text);
    settings_free(&settings);
}

CASE("the real driver gets what is its own, once")
{
    static const struct {
        const char *connection, *wanted;
    } cases[] = {
        {"DSN=warehouse", "Port=1;Servername=db.example.com;Port=8000;Database=gaussdb"},
        {"DSN=warehouse;UID=u;PWD={p;w}", "Port=1;Servername=db.example.com;Port=8000;"
                                          "Database=gaussdb;UID=u;PWD={p;w}"},
        {"port=1;PORT=2;DSN=warehouse", "Port=1;Servername=db.example.com;Port=8000;"
                                        "Database=gaussdb;port=1"},
        {"PWD={p};DSN=plain", "PWD={p}"},
        {"DSN=plain;SslMode=require;SSLCA=/x;Encrypt=yes;TrustServerCertificate=yes;A=", "A="},
        {"DSN=plain;Description=x;Trace=1;FILEDSN=f;TargetDriver=PG;CA=d", "CA=d"},
        {"DRIVER={TLS};DSN=warehouse;Server=s", "Port=1;Server=s"},
        {"DRIVER={TLS};Server=s", "Port=1;Server=s"},
        {"DSN=odd", "PWD={a;b}}c};UID=a b;port=5"},
        {"DSN=unknown", "Server=default.example.com"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_driver_settings(cases[i].connection, cases[i].wanted);
}

CASE("TargetDriver leads to a library by section or path")
{
    static const struct {
        const char *target, *path;
    } cases[] = {
        {"PG", "@/psqlodbcw.so"},
        {"pg", "@/psqlodbcw.so"},
        {"Maria", "@/libmaodbc.so"},
        {"@/custom.so", "@/custom.so"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        struct option target = {(char *)files_expand(cases[i].target), "TargetDriver", NULL};
        char *path;
        CHECK(settings_find_driver(&target, &path, &error));
        CHECK_TEXT(error.text, "");
        CHECK_TEXT(path, files_expand(cases[i].path));
        free(path);
    }
}

/* A library without a directory is found where the driver manager finds it. */
CASE("a library without directory is searched for among the modules")
{
    struct error error = {0};
    struct stat status;
    struct option target = {"libtdsodbc.so", "TargetDriver", NULL};
    char *path;
    if (stat(ODBC_MODULE_DIR "/libtdsodbc.so", &status) != 0) {
        suite_skip("FreeTDS's driver is not installed");
        return;
    }
    CHECK(settings_find_driver(&target, &path, &error));
    CHECK_TEXT(path, ODBC_MODULE_DIR "/libtdsodbc.so");
    free(path);
}

CASE("families are told by the library's name")
{
    CHECK(settings_driver_family("/x/psqlodbcw.so") == DRIVER_FAMILY_POSTGRESQL);
    CHECK(settings_driver_family("/x/psqlodbca.so") == DRIVER_FAMILY_POSTGRESQL);
    CHECK(settings_driver_family("/x/gsqlodbcw.so") == DRIVER_FAMILY_POSTGRESQL);
    CHECK(settings_driver_family("/x/libtdsodbc.so") == DRIVER_FAMILY_TDS);
    CHECK(settings_driver_family("/x/libtdsodbc.so.0.0.0") == DRIVER_FAMILY_TDS);
    CHECK(settings_driver_family("/x/libmaodbc.so") == DRIVER_FAMILY_MYSQL);
    CHECK(settings_driver_family("/x/libmyodbc8w.so") == DRIVER_FAMILY_MYSQL);
    CHECK(settings_driver_family("/psqlodbc/other.so") == DRIVER_FAMILY_UNKNOWN);
}

SUITE("settings", files_set_up, NULL)

CASE("every refusal names keyword, value and place")
{
    static const struct {
        const char *connection, *sqlstate, *parts[3];
    } cases[] = {
        {"DSN=plain;SslMode=yes",
         "HY024",
         {"SslMode=yes (connection string)", "not known", "verify-full"}},
        {"DSN=plain;SslMode=", "HY024", {"SslMode= (connection string)", "empty", "disable"}},
        {"DSN=plain;SslTimeout=", "HY024", {"SslTimeout", "empty", "86400"}},
        {"DSN=bad word", "HY024", {"SslMode=Required (odbc.ini [bad word])", "require", ""}},
        {"DRIVER={Bad Section}", "HY024", {"SslMode=yes (odbcinst.ini [Bad Section])", "", ""}},
        {"DSN=plain;SslMod=require",
         "HY092",
         {"SslMod (connection string)", "did you mean SslMode?", ""}},
        {"DSN=bad name",
         "HY092",
         {"SslRootCrt (odbc.ini [bad name])", "did you mean SslRootCert?", ""}},
        {"DRIVER={Bad Name}", "HY092", {"SslMod (odbcinst.ini [Bad Name])", "SslMode", ""}},
        {"DSN=plain;SSLVERIFY=1", "HY092", {"SSLVERIFY (connection string)", "verify-full", ""}},
        {"DSN=plain;SslRootCert=root.crt",
         "HY024",
         {"SslRootCert=root.crt (connection string)", "relative", "system"}},
        {"DSN=plain;SSLCA=root.crt",
         "HY024",
         {"SslRootCert=root.crt (connection string, as SSLCA)", "relative", ""}},
        {"DSN=plain;SSLCA=/a;SslRootCert=/b",
         "HY024",
         {"SSLCA=/a (connection string)", "contradicts", "SslRootCert=/b (connection string)"}},
        {"DSN=alias dsn;SslRootCert=/b",
         "HY024",
         {"(odbc.ini [alias dsn])", "contradicts", "SslRootCert=/b (connection string)"}},
        {"DSN=plain;SslKeyPWD=hunter2;SslPassword=hunter3",
         "HY024",
         {"SslKeyPWD=... (", "contradicts", "SslPassword=... ("}},
        {"DSN=plain;Encrypt=perhaps",
         "HY024",
         {"Encrypt=perhaps (connection string)", "strict", "optional"}},
        {"DSN=plain;Encrypt=", "HY024", {"Encrypt= (connection string)", "", ""}},
        {"DSN=plain;TrustServerCertificate=2",
         "HY024",
         {"TrustServerCertificate=2 (connection string)", "yes, no", ""}},
        {"DSN=plain;SslMode=require;Encrypt=yes",
         "HY024",
         {"Encrypt=yes (connection string) stands for SslMode=verify-full", "contradicts",
          "SslMode=require (connection string)"}},
        {"DSN=plain;SslMode=verify-full;Encrypt=no",
         "HY024",
         {"Encrypt=no (connection string) stands for SslMode=prefer", "", ""}},
        {"DSN=plain;SslMode=disable;Encrypt=yes;TrustServerCertificate=yes",
         "HY024",
         {"TrustServerCertificate=yes (connection string) stands for SslMode=require",
          "SslMode=disable", ""}},
        {"DSN=plain;SslMode=verify-full;TrustServerCertificate=yes",
         "HY024",
         {"TrustServerCertificate=yes", "SslMode=verify-full", ""}},
        {"DSN=plain;SslMode=require;TrustServerCertificate=no",
         "HY024",
         {"TrustServerCertificate=no", "SslMode=require", ""}},
        {"DSN=tds;SslMode=require",
         "HY024",
         {"Encrypt=yes (odbc.ini [tds])", "SslMode=require (connection string)", ""}},
        {"DSN=plain;Encrypt=strict;SslNegotiation=starttls",
         "HY024",
         {"Encrypt=strict", "SslNegotiation=direct", "SslNegotiation=starttls"}},
        {"DSN=plain;SslNegotiation=direct",
         "HY024",
         {"SslNegotiation=direct (connection string)", "require", "SslMode=prefer (default)"}},
        {"DSN=plain;SslNegotiation=direct;SslMode=disable",
         "HY024",
         {"SslMode=disable (connection string)", "", ""}},
        {"DSN=plain;SslMaxProtocol=TLSv1.1",
         "HY024",
         {"SslMinProtocol=TLSv1.2 (default)", "SslMaxProtocol=TLSv1.1 (connection string)", ""}},
        {"DSN=long", "HY024", {"SslPin=", "odbc.ini [long]", "900"}},
        {"DSN=long alias", "HY024", {"SSLCA=", "odbc.ini [long alias]", "900"}},
        {"DSN=double", "HY024", {"odbc.ini [double]", "sslmode more than once", "leave one"}},
        {"DSN=double pin", "HY024", {"odbc.ini [double pin]", "SslPin more than once", ""}},
        {"DSN=no target", "IM003", {"TargetDriver", "odbc.ini [no target]", ""}},
        {"DSN=twice", "HY024", {"@/twice/libodbcssl.so", "[Twice A] and [Twice B]", ""}},
        {"DSN=plain;TargetDriver=Nowhere",
         "IM003",
         {"TargetDriver=Nowhere (connection string)", "no such section", ODBC_MODULE_DIR}},
        {"DSN=plain;TargetDriver=libsuch.so",
         "IM003",
         {"no such library", ODBC_MODULE_DIR, ODBC_DIR}},
        {"DSN=plain;TargetDriver=./custom.so", "IM003", {"./custom.so", "", ""}},
        {"DSN=plain;TargetDriver=@/gone.so", "IM003", {"@/gone.so", "no such file", ""}},
        {"DSN=plain;TargetDriver=Gone", "IM003", {"TargetDriver=Gone", "@/gone.so", "not exist"}},
        {"DSN=plain;TargetDriver=Gone From Modules",
         "IM003",
         {"no-such-library.so", ODBC_MODULE_DIR, ODBC_DIR}},
        {"DSN=plain;TargetDriver=No Driver", "IM003", {"TargetDriver=No Driver", "no Driver", ""}},
        {"DSN=plain;TargetDriver=Empty Driver", "IM003", {"has no Driver", "", ""}},
        {"DSN=plain;TargetDriver=TLS",
         "IM003",
         {"TargetDriver=TLS (connection string)", "leads back to odbcssl", ""}},
        {"DSN=plain;TargetDriver=TLS TDS", "IM003", {"leads back to odbcssl", "", ""}},
        {"DSN=plain;TargetDriver=Loop By Link", "IM003", {"leads back to odbcssl", "", ""}},
        {"DSN=plain;TargetDriver=@/innocent.so", "IM003", {"leads back to odbcssl", "", ""}},
        {"DSN=plain;TargetDriver=", "IM003", {"TargetDriver", "nowhere", ""}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct settings settings, empty = {0};
        struct error error;
        CHECK(!resolve(cases[i].connection, &settings, &error));
        CHECK_TEXT(error_sqlstate(error.code), cases[i].sqlstate);
        for (size_t part = 0; part < 3; part++)
            CHECK_CONTAINS(error.text, files_expand(cases[i].parts[part]));
        CHECK(strstr(error.text, "hunter") == NULL);
        CHECK(memcmp(&settings, &empty, sizeof settings) == 0);
    }
}

CASE("the environment's values are checked as well")
{
    static const struct {
        const char *variable, *value, *sqlstate, *part;
    } cases[] = {
        {"PGSSLMODE", "yes", "HY024", "SslMode=yes (environment PGSSLMODE)"},
        {"PGSSLROOTCERT", "root.crt", "HY024", "SslRootCert=root.crt (environment PGSSLROOTCERT)"},
        {"PGSSLSNI", "2", "HY024", "SslSni=2 (environment PGSSLSNI)"},
        {"PGSSLNEGOTIATION", "direct", "HY024", "environment PGSSLNEGOTIATION"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct settings settings;
        struct error error;
        setenv(cases[i].variable, cases[i].value, 1);
        CHECK(!resolve("DSN=plain", &settings, &error));
        unsetenv(cases[i].variable);
        CHECK_TEXT(error_sqlstate(error.code), cases[i].sqlstate);
        CHECK_CONTAINS(error.text, cases[i].part);
    }
}

SUITE("refusals", files_set_up, NULL)
