/* test_conn.c - what the real driver is told, and what would lead it past odbcssl. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "conn/plan.h"
#include "conn/pqopt.h"
#include "session/dial.h"
#include "support/suite.h"
#include "unit/conn_rig.h"

/* ---- the plan of each mode ---- */

static void check_plan(enum odbcssl_mode mode, size_t count, enum proto_plan first,
                       enum proto_plan second)
{
    struct plan plan = plan_make(mode, TLS_NEGOTIATION_STARTTLS);
    CHECK_NUMBER(plan.count, count);
    CHECK_NUMBER(plan.attempts[0], first);
    if (count == 2)
        CHECK_NUMBER(plan.attempts[1], second);
}

CASE("each mode has its attempts")
{
    check_plan(ODBCSSL_MODE_DISABLE, 1, PROTO_PLAN_PLAINTEXT, PROTO_PLAN_PLAINTEXT);
    check_plan(ODBCSSL_MODE_ALLOW, 2, PROTO_PLAN_PLAINTEXT, PROTO_PLAN_TLS);
    check_plan(ODBCSSL_MODE_PREFER, 2, PROTO_PLAN_TLS, PROTO_PLAN_PLAINTEXT);
    check_plan(ODBCSSL_MODE_REQUIRE, 1, PROTO_PLAN_TLS, PROTO_PLAN_TLS);
    check_plan(ODBCSSL_MODE_VERIFY_CA, 1, PROTO_PLAN_TLS, PROTO_PLAN_TLS);
    check_plan(ODBCSSL_MODE_VERIFY_FULL, 1, PROTO_PLAN_TLS, PROTO_PLAN_TLS);
}

CASE("direct negotiation begins with TLS")
{
    struct plan plan = plan_make(ODBCSSL_MODE_VERIFY_FULL, TLS_NEGOTIATION_DIRECT);
    CHECK_NUMBER(plan.attempts[0], PROTO_PLAN_DIRECT);
}

/* One row per way an attempt can end: whether allow's plaintext and prefer's TLS attempt may be
 * followed by the other. */
static const struct {
    enum session_outcome outcome;
    bool after_plaintext;
    bool after_tls;
} transitions[] = {
    {SESSION_NO_TLS, false, true},   {SESSION_NEEDS_TLS, true, false},
    {SESSION_REJECTED, true, true},  {SESSION_LOST, false, false},
    {SESSION_WAITING, false, false}, {SESSION_CARRIED, false, false},
};

CASE("only the server's own word leads to the next attempt")
{
    struct plan allow = plan_make(ODBCSSL_MODE_ALLOW, TLS_NEGOTIATION_STARTTLS);
    struct plan prefer = plan_make(ODBCSSL_MODE_PREFER, TLS_NEGOTIATION_STARTTLS);
    struct plan require = plan_make(ODBCSSL_MODE_REQUIRE, TLS_NEGOTIATION_STARTTLS);
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++) {
        enum session_outcome outcome = transitions[i].outcome;
        CHECK_NUMBER(plan_goes_on(&allow, 0, outcome), transitions[i].after_plaintext);
        CHECK_NUMBER(plan_goes_on(&prefer, 0, outcome), transitions[i].after_tls);
        CHECK(!plan_goes_on(&allow, 1, outcome));
        CHECK(!plan_goes_on(&prefer, 1, outcome));
        CHECK(!plan_goes_on(&require, 0, outcome));
    }
}

SUITE("plan", NULL, NULL)

/* ---- pqopt ---- */

static const struct {
    const char *text;
    enum odbcssl_error code;
    const char *part;
} pqopt_refused[] = {
    {"service=prod", ODBCSSL_ERROR_BYPASS_SETTING, "service"},
    {"application_name=x service = 'prod'", ODBCSSL_ERROR_BYPASS_SETTING, "service"},
    {"host=elsewhere", ODBCSSL_ERROR_BYPASS_SETTING, "Servername"},
    {"sslmode=verify-full", ODBCSSL_ERROR_BYPASS_SETTING, "SslMode"},
    {"sslrootcert=/x", ODBCSSL_ERROR_BYPASS_SETTING, "SslRootCert"},
    {"channel_binding=require", ODBCSSL_ERROR_BYPASS_SETTING, "verify-full"},
    {"gssencmode=require", ODBCSSL_ERROR_BYPASS_SETTING, "gssencmode"},
    {"requirepeer=postgres", ODBCSSL_ERROR_BYPASS_SETTING, "requirepeer"},
    {"postgresql://elsewhere/db", ODBCSSL_ERROR_BYPASS_SETTING, "URI"},
    {"application_name", ODBCSSL_ERROR_KEYWORD_VALUE, "without '='"},
    {"application_name='x", ODBCSSL_ERROR_KEYWORD_VALUE, "quote"},
    {"=x", ODBCSSL_ERROR_KEYWORD_VALUE, "without '='"},
    {"hostaddr=1.2.3.4 postgres://h/d?a=x", ODBCSSL_ERROR_KEYWORD_VALUE, "letters"},
};

CASE("what would lead past the relay is refused")
{
    for (size_t i = 0; i < sizeof pqopt_refused / sizeof pqopt_refused[0]; i++) {
        const char *address;
        struct connstr options;
        struct error error = {0};
        CHECK(!pqopt_read(pqopt_refused[i].text, &options, &error) ||
              !pqopt_check(&options, &address, &error));
        connstr_free(&options);
        CHECK_NUMBER(error.code, pqopt_refused[i].code);
        CHECK_CONTAINS(error.text, pqopt_refused[i].part);
    }
}

SUITE("pqopt", NULL, NULL)

/* ---- what the real driver is given ---- */

CASE("psqlodbc keeps its settings and gets the relay's address")
{
    struct connstr list;
    struct error error = {0};
    CHECK_FATAL(conn_rewrite(DRIVER_FAMILY_POSTGRESQL,
                             "Servername=db.example.com;Port=8000;Database=gaussdb;UID=me;"
                             "PWD={a;b}}c=d};ConnSettings={set x=1;set y=2};ReadOnly=1;"
                             "pqopt={application_name=bi}",
                             &conn_loopback, &list, &error));
    CHECK_TEXT(connstr_get(&list, "Servername"), "db.example.com");
    CHECK_TEXT(connstr_get(&list, "Port"), "15432");
    CHECK_TEXT(connstr_get(&list, "SSLmode"), "disable");
    CHECK_TEXT(connstr_get(&list, "pqopt"), "hostaddr='127.9.8.7' application_name='bi'");
    CHECK_TEXT(connstr_get(&list, "PWD"), "a;b}c=d");
    CHECK_TEXT(connstr_get(&list, "ConnSettings"), "set x=1;set y=2");
    CHECK_TEXT(connstr_get(&list, "ReadOnly"), "1");
    CHECK_TEXT(connstr_get(&list, "DRIVER"), "The Real Driver");
    CHECK(!connstr_has(&list, "DSN"));
    connstr_free(&list);
}

CASE("hostaddr is dialled, the name is verified")
{
    struct settings settings;
    struct profile_target target = {0};
    struct error error = {0};
    conn_make_settings(&settings, DRIVER_FAMILY_POSTGRESQL,
                       "Server=db;pqopt={hostaddr=10.1.2.3 keepalives=0}");
    CHECK_FATAL(profile_read(&profile_postgresql, &settings, &target, &error));
    CHECK_FATAL(profile_find_server(&profile_postgresql, &settings, &target, &error));
    CHECK_TEXT(target.host, "db");
    CHECK_TEXT(target.address, "10.1.2.3");
    CHECK_NUMBER(target.port, 5432);
    profile_target_free(&target);
    settings_free(&settings);
}

static const struct {
    const char *text;
    const char *address;
    const char *options;
} pqopt_accepted[] = {
    {"", NULL, ""},
    {"hostaddr=10.1.2.3", "10.1.2.3", ""},
    {"application_name=a hostaddr = '::1' keepalives=0", "::1",
     " application_name='a' keepalives='0'"},
    {"options='-c work_mem=\\'1MB\\''", NULL, " options='-c work_mem=\\'1MB\\''"},
    {"application_name='a b\\\\c'", NULL, " application_name='a b\\\\c'"},
    {"channel_binding=prefer gssencmode=disable", NULL,
     " channel_binding='prefer' gssencmode='disable'"},
    {"application_name=''", NULL, " application_name=''"},
    {"hostaddr=10.0.0.1 hostaddr=10.0.0.2", "10.0.0.2", ""},
};

CASE("libpq's options are kept, and the relay's address stands for hostaddr")
{
    for (size_t i = 0; i < sizeof pqopt_accepted / sizeof pqopt_accepted[0]; i++) {
        const char *address;
        char text[200];
        struct connstr options, list;
        struct error error = {0};
        CHECK_FATAL(pqopt_read(pqopt_accepted[i].text, &options, &error));
        CHECK(pqopt_check(&options, &address, &error));
        CHECK_TEXT(address, pqopt_accepted[i].address);
        connstr_free(&options);
        snprintf(text, sizeof text, "Servername=h;pqopt={%s}", pqopt_accepted[i].text);
        const char *wanted = suite_text("hostaddr='127.9.8.7'%s", pqopt_accepted[i].options);
        CHECK_FATAL(conn_rewrite(DRIVER_FAMILY_POSTGRESQL, text, &conn_loopback, &list, &error));
        CHECK_TEXT(connstr_get(&list, "pqopt"), wanted);
        connstr_free(&list);
    }
}

/* ---- what the real driver would make of a setting, and how it is told ---- */

/* What stands between the relay's address and its port, for the places that the family's driver
 * reads. */
static const struct {
    enum driver_family family;
    const char *places[3]; /* connection string, odbc.ini, section of odbcinst.ini */
    const char *written;
} written[] = {
    {DRIVER_FAMILY_POSTGRESQL,
     {"UID=app;PWD=a%41", "Username=dsn;Password=p+{q;ConnSettings=set a='%41' b=1"},
     "ConnSettings={set a='%41' b=1};UID=app;PWD={aA};"},
    {DRIVER_FAMILY_POSTGRESQL,
     {NULL, "UID=a;Username=b;PWD=c;Password=d%2B"},
     "Username=b;Password={d+};"},
    {DRIVER_FAMILY_POSTGRESQL, {"Username=a;UID=b;DX=c;Database=d"}, "UID=b;Database=d;"},
    {DRIVER_FAMILY_POSTGRESQL,
     {NULL, "ConnSettings=select%201;A6=x;DX=y;CX=1"},
     "ConnSettings={select 1};"},
    {DRIVER_FAMILY_POSTGRESQL,
     {"KeepaliveTime=0", "KeepaliveInterval=0;BatchSize=0;Fetch=;BI=-5"},
     "KeepaliveInterval=-1;BI=-5;KeepaliveTime=0;"},
    {DRIVER_FAMILY_POSTGRESQL,
     {NULL, "Fetch=7", "Fetch=5;UseDeclareFetch=1;ReadOnly=1;Servername=x;BoolsAsChar=0"},
     "UseDeclareFetch=1;BoolsAsChar=0;Fetch=7;"},
    {DRIVER_FAMILY_POSTGRESQL, {"PWD={a;}}b};Database={a}"}, "PWD={a;}}b};Database=a;"},
    {DRIVER_FAMILY_POSTGRESQL, {"Nobody={;Servername=x};Database=d"}, "Database=d;"},
    {DRIVER_FAMILY_POSTGRESQL, {"UID=a;PWD=;Database=d"}, "UID=a;PWD=;Database=d;"},
    {DRIVER_FAMILY_POSTGRESQL, {NULL, "UniqueIndex=0"}, NULL},
    {DRIVER_FAMILY_POSTGRESQL, {NULL, "ExtraSysTablePrefixes={a;b}"}, NULL},
    {DRIVER_FAMILY_POSTGRESQL,
     {NULL, "ExtraSysTablePrefixes={dd_;}"},
     "ExtraSysTablePrefixes=dd_;"},
    {DRIVER_FAMILY_TDS,
     {"UID={a;b}}c};PWD=a}b", "APP=x;Database=d"},
     "Database=d;UID={a;b}c};PWD=a}b;TDS_Version=7.4;"},
    {DRIVER_FAMILY_TDS,
     {"UID=u;PWD=p", "Database=d;Trusted_Connection=Yes"},
     "Database=d;UID=u;PWD=p;TDS_Version=7.4;"},
    {DRIVER_FAMILY_TDS,
     {"UID=", "UID=u;Trusted_Connection=Yes"},
     "Trusted_Connection=Yes;UID=;TDS_Version=7.4;ServerSPN="},
    {DRIVER_FAMILY_TDS,
     {NULL, "UID=u;Trusted_Connection=Yes"},
     "UID=u;Trusted_Connection=Yes;TDS_Version=7.4;ServerSPN="},
    {DRIVER_FAMILY_TDS,
     {"UID=u;Trusted_Connection=Yes"},
     "UID=u;Trusted_Connection=Yes;TDS_Version=7.4;ServerSPN="},
    {DRIVER_FAMILY_TDS,
     {"TDS_Version=;PacketSize=100;TextSize=x;Timeout=0;Language=",
      "TDS_Version=7.2;PacketSize=8192;TextSize=5;Timeout=9;Language=German"},
     "TDS_Version=7.2;PacketSize=8192;TextSize=5;Timeout=9;Language=;"},
    {DRIVER_FAMILY_TDS, {"TextSize=-1;Timeout=-1", "TextSize=5"}, "TextSize=-1;TDS_Version=7.4;"},
    {DRIVER_FAMILY_TDS, {"PWD={{x}};}}};Unknown={;SERVER=x}"}, NULL},
    {DRIVER_FAMILY_TDS, {"PWD={{x}}}"}, "PWD={{x}};TDS_Version=7.4;"},
    {DRIVER_FAMILY_MYSQL,
     {"USER=a;UID=b;PWD={ p;}}q };OPTION=65537", "DB=x;DATABASE=y;OPTIONS=8"},
     "DATABASE=y;UID=b;PWD={p;}}q};OPTION=1;"},
    {DRIVER_FAMILY_MYSQL, {"Unknown={;SERVER=x};OPTION=4295032832;DB={{}"}, "OPTION=0;DB={{};"},
    {DRIVER_FAMILY_MYSQL, {"OPTIONS=-1"}, "OPTIONS=4294893567;"},
    {DRIVER_FAMILY_MYSQL, {"NULLISCURRENT={1;OPTION=65536}"}, NULL},
};

CASE("each setting is told once, as the real driver would have read it")
{
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        struct settings settings;
        struct profile_target target = {0};
        struct error error = {0};
        const struct profile *profile = profile_find(written[i].family);
        conn_place_settings(&settings, written[i].family, written[i].places);
        CHECK_FATAL(connstr_set(&settings.driver_settings, profile->server_keyword, "h"));
        char *text = NULL;
        if (profile_read(profile, &settings, &target, &error) &&
            profile_find_server(profile, &settings, &target, &error))
            text = profile_connection_string(profile, &settings, &target, &conn_loopback, false,
                                             &error);
        if (written[i].written != NULL)
            CHECK_CONTAINS(text, written[i].written);
        else
            CHECK(text == NULL);
        if (text != NULL && written[i].written != NULL && written[i].family == DRIVER_FAMILY_MYSQL)
            CHECK_NUMBER(strlen(text),
                         strlen(written[i].written) + strlen("SERVER=127.9.8.7;PORT=15432;"));
        text_free_secret(text);
        profile_target_free(&target);
        settings_free(&settings);
    }
}

CASE("MariaDB gets the private socket")
{
    struct connstr list;
    struct error error = {0};
    CHECK_FATAL(
        conn_rewrite(DRIVER_FAMILY_MYSQL,
                     "SERVER=db.example.com;PORT=3307;UID=me;FORCETLS=0;USE_MYCNF=1;TCPIP=1",
                     &conn_private_socket, &list, &error));
    CHECK_TEXT(connstr_get(&list, "SERVER"), "localhost");
    CHECK_TEXT(connstr_get(&list, "SOCKET"), "/tmp/x/socket");
    CHECK(!connstr_has(&list, "FORCETLS"));
    CHECK(!connstr_has(&list, "USE_MYCNF"));
    CHECK(!connstr_has(&list, "TCPIP"));
    CHECK_TEXT(connstr_get(&list, "UID"), "me");
    connstr_free(&list);
}

/* In plaintext the driver must not believe in a secure link, where it sends passwords as they
 * are. */
CASE("MariaDB in plaintext gets a TCP endpoint")
{
    struct connstr list;
    struct error error = {0};
    CHECK_FATAL(conn_rewrite(DRIVER_FAMILY_MYSQL, "SERVER=db.example.com;SOCKET=", &conn_loopback,
                             &list, &error));
    CHECK_TEXT(connstr_get(&list, "SERVER"), "127.9.8.7");
    CHECK_TEXT(connstr_get(&list, "PORT"), "15432");
    CHECK(!connstr_has(&list, "SOCKET"));
    connstr_free(&list);
}

CASE("FreeTDS gets host, port and a fixed version")
{
    struct connstr list;
    struct error error = {0};
    CHECK_FATAL(conn_rewrite(DRIVER_FAMILY_TDS,
                             "Server=sql.example.com,14330;Encryption=off;Database=d;UID=u",
                             &conn_loopback, &list, &error));
    CHECK_TEXT(connstr_get(&list, "Server"), "127.9.8.7");
    CHECK_TEXT(connstr_get(&list, "Port"), "15432");
    CHECK_TEXT(connstr_get(&list, "TDS_Version"), "7.4");
    CHECK_TEXT(connstr_get(&list, "Encryption"), "request");
    CHECK(!connstr_has(&list, "Servername"));
    CHECK(!connstr_has(&list, "ServerSPN"));
    connstr_free(&list);
}

/* What FreeTDS makes of a host that it sees, and of no host that is ours. */
CASE("FreeTDS asks for the Kerberos ticket of the server")
{
    static const struct {
        const char *settings, *principal;
    } rows[] = {
        {"Server=sql.example.com", "MSSQLSvc/sql.example.com:1433"},
        {"Server=sql.example.com,14330;UID=", "MSSQLSvc/sql.example.com:14330"},
        {"Server=sql.example.com;UID=u;Trusted_Connection=yes;REALM=EXAMPLE.COM",
         "MSSQLSvc/sql.example.com:1433@EXAMPLE.COM"},
        {"Server=sql.example.com;ServerSPN=own/name", "own/name"},
        {"Server=sql.example.com;UID=u;Trusted_Connection=no", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct connstr list;
        struct error error = {0};
        CHECK_FATAL(
            conn_rewrite(DRIVER_FAMILY_TDS, rows[i].settings, &conn_loopback, &list, &error));
        CHECK_TEXT(connstr_get(&list, "ServerSPN"), rows[i].principal);
        connstr_free(&list);
    }
}

static const struct {
    enum driver_family family;
    const char *text;
    enum odbcssl_error code;
    const char *part;
} refused[] = {
    {DRIVER_FAMILY_POSTGRESQL, "Database=x", ODBCSSL_ERROR_SERVER_MISSING, "Servername"},
    {DRIVER_FAMILY_POSTGRESQL, "Servername=a,b", ODBCSSL_ERROR_KEYWORD_VALUE, "several hosts"},
    {DRIVER_FAMILY_POSTGRESQL, "Servername=a;Port=0", ODBCSSL_ERROR_KEYWORD_VALUE, "65535"},
    {DRIVER_FAMILY_POSTGRESQL, "Servername=a;Port=70000", ODBCSSL_ERROR_KEYWORD_VALUE, "70000"},
    {DRIVER_FAMILY_POSTGRESQL, "Servername=a;CA=r", ODBCSSL_ERROR_KEYWORD_CONFLICT, "SslMode"},
    {DRIVER_FAMILY_POSTGRESQL, "Servername=a;D5={service=x}", ODBCSSL_ERROR_BYPASS_SETTING,
     "service"},
    {DRIVER_FAMILY_POSTGRESQL, "Servername=a;AutoBalance=on", ODBCSSL_ERROR_BYPASS_SETTING,
     "AutoBalance=on"},
    {DRIVER_FAMILY_POSTGRESQL, "Servername=a;UID={x;y};pqopt={user=z}",
     ODBCSSL_ERROR_KEYWORD_CONFLICT, "UID and the option user of pqopt"},
    {DRIVER_FAMILY_MYSQL, "Server=a;TLSPeerFP=00", ODBCSSL_ERROR_KEYWORD_CONFLICT, "SslPin"},
    {DRIVER_FAMILY_MYSQL, "Server=a;NO_TLS_1_2=1", ODBCSSL_ERROR_KEYWORD_CONFLICT,
     "SslMinProtocol"},
    {DRIVER_FAMILY_MYSQL, "Socket=/run/x", ODBCSSL_ERROR_SERVER_MISSING, "Unix socket"},
    {DRIVER_FAMILY_TDS, "Server=a,b", ODBCSSL_ERROR_KEYWORD_VALUE, "65535"},
    {DRIVER_FAMILY_TDS, "Server=a;Encryption=required", ODBCSSL_ERROR_KEYWORD_VALUE,
     "Encryption=required"},
    {DRIVER_FAMILY_TDS, "Server=a;Encryption=strict", ODBCSSL_ERROR_KEYWORD_CONFLICT,
     "set SslMode=verify-full"},
    {DRIVER_FAMILY_TDS, "Server=a;Encryption=yes", ODBCSSL_ERROR_KEYWORD_VALUE, "Encryption=yes"},
    {DRIVER_FAMILY_TDS, "Server=a;ApplicationIntent=Read", ODBCSSL_ERROR_KEYWORD_VALUE,
     "ApplicationIntent=Read"},
    {DRIVER_FAMILY_TDS, "Server=a;Servername=b", ODBCSSL_ERROR_KEYWORD_CONFLICT, "Servername=b"},
    {DRIVER_FAMILY_UNKNOWN, "Server=a", ODBCSSL_ERROR_SERVER_MISSING, "port"},
};

CASE("settings that lead past the relay are refused")
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct connstr list;
        struct error error = {0};
        CHECK(!conn_rewrite(refused[i].family, refused[i].text, &conn_loopback, &list, &error));
        CHECK_NUMBER(error.code, refused[i].code);
        CHECK_CONTAINS(error.text, refused[i].part);
        connstr_free(&list);
    }
}

/* Each variable would send the real driver elsewhere, or ask for what cannot be had behind a
 * relay. */
CASE("environment variables that lead past the relay are refused")
{
    static const struct {
        enum driver_family family;
        const char *name;
        const char *value;
    } rows[] = {
        {DRIVER_FAMILY_POSTGRESQL, "PGCHANNELBINDING", "require"},
        {DRIVER_FAMILY_POSTGRESQL, "PGGSSENCMODE", "require"},
        {DRIVER_FAMILY_POSTGRESQL, "PGSERVICE", "elsewhere"},
        {DRIVER_FAMILY_TDS, "TDSHOST", "127.0.0.1"},
        {DRIVER_FAMILY_TDS, "TDSPORT", "1433"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct connstr list;
        struct error error = {0};
        setenv(rows[i].name, rows[i].value, 1);
        CHECK(!conn_rewrite(rows[i].family, "Server=a", &conn_loopback, &list, &error));
        CHECK_NUMBER(error.code, ODBCSSL_ERROR_BYPASS_SETTING);
        CHECK_CONTAINS(error.text, rows[i].name);
        unsetenv(rows[i].name);
        connstr_free(&list);
    }
}

CASE("an unknown driver goes by SslServerKeyword and SslPortKeyword")
{
    struct settings settings;
    struct profile_target target = {0};
    struct error error = {0};
    conn_make_settings(&settings, DRIVER_FAMILY_UNKNOWN, "Machine=h;Gate=77;Other=1");
    settings.server_keyword.value = strdup("Machine");
    settings.port_keyword.value = strdup("Gate");
    CHECK_FATAL(profile_read(&profile_unknown, &settings, &target, &error));
    CHECK_FATAL(profile_find_server(&profile_unknown, &settings, &target, &error));
    CHECK_TEXT(target.host, "h");
    CHECK_NUMBER(target.port, 77);
    char *text = profile_connection_string(&profile_unknown, &settings, &target, &conn_loopback,
                                           false, &error);
    CHECK_TEXT(text, "Machine=127.9.8.7;Gate=15432;Other=1;");
    free(text);
    profile_target_free(&target);
    CHECK(connstr_set(&settings.driver_settings, "Gate", "0"));
    CHECK(!profile_read(&profile_unknown, &settings, &target, &error) ||
          !profile_find_server(&profile_unknown, &settings, &target, &error));
    CHECK_CONTAINS(error.text, "Gate=0");
    profile_target_free(&target);
    settings_free(&settings);
}

/* A later round of SQLBrowseConnect: the real driver has its server, and keeps it. */
CASE("what is answered while browsing leads nowhere else")
{
    static const struct {
        enum driver_family family;
        const char *given;
        const char *wanted;
    } rows[] = {
        {DRIVER_FAMILY_POSTGRESQL, "UID=me;PWD={a}}b};Servername=elsewhere;Port=1;SSLmode=require",
         "UID=me;PWD={a}}b};"},
        {DRIVER_FAMILY_MYSQL, "SOCKET=/tmp/x;User=me;Server=elsewhere", "User=me;"},
        {DRIVER_FAMILY_TDS, "Server=elsewhere;Port=1;UID=me;Database=sales",
         "UID=me;Database=sales;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct connstr given;
        struct error error = {0};
        CHECK_FATAL(connstr_parse(rows[i].given, strlen(rows[i].given), &given, &error));
        char *text = profile_browse_string(profile_find(rows[i].family), &given, false, &error);
        CHECK_TEXT(text, rows[i].wanted);
        text_free_secret(text);
        connstr_free(&given);
    }
}

SUITE("profiles", conn_forget_environment, NULL)

CASE("what is no host is refused, with what to do")
{
    static const struct {
        const char *host;
        enum odbcssl_error code;
        const char *part;
    } rows[] = {
        {NULL, ODBCSSL_ERROR_SERVER_MISSING, "no server is named"},
        {"", ODBCSSL_ERROR_SERVER_MISSING, "no server is named"},
        {"/run/postgresql", ODBCSSL_ERROR_RESOLVE, "is a Unix socket"},
        {"@abstract", ODBCSSL_ERROR_RESOLVE, "name a host"},
    };
    struct dial_target target;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error = {0};
        CHECK(!dial_resolve(rows[i].host, 5432, &target, &error));
        CHECK_NUMBER(error.code, rows[i].code);
        CHECK_CONTAINS(error.text, rows[i].part);
    }
}

SUITE("servers", NULL, NULL)
