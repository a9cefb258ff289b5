/*
 * A DSN over odbcssl means what the same DSN means without it: the real driver's settings,
 * passwords with special characters, and what the application is told of its connection. The same
 * input goes through psqlodbc itself for comparison.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/fixture.h"

#define TEXT_SIZE 8192
#define PASSWORD_SIZE 256

static struct fixture fixture;

/* One side of each comparison: a driver section, and DSNs whose names begin with its prefix. */
struct side {
    const char *driver;
    const char *prefix;
    const char *mode; /* both encrypt: the server takes nothing else */
};

static const struct side native = {ODBC_NATIVE_POSTGRESQL, "native", "require"};
static const struct side ours = {ODBC_POSTGRESQL, "tls", "verify-full"};

static bool connect_side(struct odbc_session *session, const struct side *side, const char *extra)
{
    return odbc_connect(session,
                        "DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;SSLmode=%s;%s",
                        side->driver, fixture_port(&fixture), side->mode, extra);
}

static const char *with_login(const char *extra)
{
    return suite_text("UID=%s;PWD=%s;%s", POSTGRES_USER, POSTGRES_PASSWORD, extra);
}

/* ---- settings of the real driver ---- */

/* What the statement gives through a connection with the setting; "refused" with its SQLSTATE when
 * there is none. */
static void ask(const struct side *side, const char *dsn, const char *extra, const char *sql,
                char *answer)
{
    struct odbc_session session = {0};
    bool is_connected = dsn == NULL
                            ? connect_side(&session, side, with_login(extra))
                            : odbc_connect(&session, "DSN=%s-%s;%s", side->prefix, dsn, extra);
    if (is_connected && odbc_query(&session, sql))
        snprintf(answer, TEXT_SIZE, "%.1000s", session.value);
    else
        snprintf(answer, TEXT_SIZE, "%s %s", is_connected ? "failed" : "refused", session.sqlstate);
    if (!is_connected)
        printf("# %s: %s", side->prefix, session.diagnostics);
    odbc_close(&session);
}

#define NAME "select current_setting('application_name')"

static const struct {
    const char *dsn; /* of odbc.ini, behind the side's prefix; NULL: by driver */
    const char *setting;
    const char *sql;
    const char *answer;
} settings[] = {
    /* Decoded in a connection string, unless it stands in braces; never in odbc.ini. */
    {NULL, "ConnSettings=set+application_name+to+'a%20b'", NAME, "a b"},
    {NULL, "ConnSettings={set application_name to 'a%20b+c'}", NAME, "a%20b+c"},
    {NULL, "ConnSettings={set application_name to 'x'; set geqo to off}",
     "select current_setting('geqo')", "off"},
    {NULL, "ConnSettings=set+application_name+to+'%7bx%7d'", NAME, "{x}"},
    {NULL, "ConnSettings=set+application_name+to+'x'%3bset+geqo+to+off",
     "select current_setting('geqo')", "off"},
    {NULL, "A6=set+application_name+to+'short'", NAME, "short"},
    {"file", "", NAME, "in%20file+x"},
    {"file", "ConnSettings=set+application_name+to+'string'", NAME, "string"},
    {NULL, "pqopt={application_name=from_pqopt}", NAME, "from_pqopt"},
    {NULL, "pqopt={application_name='two words; and {braces}}' connect_timeout=20}", NAME,
     "two words; and {braces}"},
    {"pqopt", "", NAME, "file words"},
    {NULL, "pqopt={options=-cgeqo=off}", "select current_setting('geqo')", "off"},
    {NULL, "UseDeclareFetch=1", "select count(*) from pg_cursors", "1"},
    {NULL, "UseDeclareFetch=0", "select count(*) from pg_cursors", "0"},
    {"cursors", "", "select count(*) from pg_cursors", "1"},
    {NULL, "ReadOnly=1", "insert into kept values (1)", "failed HY000"},
    {NULL, "ReadOnly=0", "insert into kept values (1) returning n", "1"},
    {"readonly", "", "insert into kept values (1)", "failed HY000"},
    {"readonly", "ReadOnly=0", "insert into kept values (2) returning n", "2"},
    {"other", "", "select current_user", "clerk"},
    {"other", "UID=" POSTGRES_USER ";PWD=" POSTGRES_PASSWORD, "select current_user", POSTGRES_USER},
    {"other", "Database=template1", "select current_database()", "template1"},
};

CASE("the real driver's settings")
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        char found[TEXT_SIZE], without[TEXT_SIZE];
        ask(&ours, settings[i].dsn, settings[i].setting, settings[i].sql, found);
        ask(&native, settings[i].dsn, settings[i].setting, settings[i].sql, without);
        CHECK_TEXT(found, settings[i].answer);
        CHECK_TEXT(found, without);
    }
}

static SQLSMALLINT bytea_type(const struct side *side, const char *extra)
{
    struct odbc_session session = {0};
    SQLCHAR name[64];
    SQLSMALLINT length, type = 0, digits, is_nullable;
    SQLULEN size;
    CHECK_FATAL(connect_side(&session, side, with_login(extra)));
    CHECK(
        SQL_SUCCEEDED(SQLPrepare(session.statement, (SQLCHAR *)"select bytes from kept", SQL_NTS)));
    CHECK(SQL_SUCCEEDED(SQLDescribeCol(session.statement, 1, name, sizeof name, &length, &type,
                                       &size, &digits, &is_nullable)));
    odbc_close(&session);
    return type;
}

CASE("column types that a setting decides")
{
    CHECK_NUMBER(bytea_type(&ours, "ByteaAsLongVarBinary=1"), SQL_LONGVARBINARY);
    CHECK_NUMBER(bytea_type(&native, "ByteaAsLongVarBinary=1"), SQL_LONGVARBINARY);
    CHECK_NUMBER(bytea_type(&ours, "ByteaAsLongVarBinary=0"), SQL_VARBINARY);
    CHECK_NUMBER(bytea_type(&native, "ByteaAsLongVarBinary=0"), SQL_VARBINARY);
}

/* ---- passwords ---- */

static const char *const passwords[] = {
    "semi;colon", "{braces}", "open{",    "close}",
    "a=b",        "50%25",    "a+b",      " blank ",
    "in side",    "%41%zz",   ";{}=%+ x", "}}",
    "quote'\"\\", "a%3Bb",    "p{a}s;s",  "\xC3\xA4=\xE2\x82\xAC",
};

#define PASSWORD_COUNT (sizeof passwords / sizeof passwords[0])

static void double_braces(const char *text, char *out)
{
    for (; *text != '\0'; text++) {
        *out++ = *text;
        if (*text == '}')
            *out++ = '}';
    }
    *out = '\0';
}

/* Everything that is not a letter or a digit as %XX: what psqlodbc decodes. */
static void encode(const char *text, char *out)
{
    for (; *text != '\0'; text++)
        out += (*text >= 'a' && *text <= 'z') ? sprintf(out, "%c", *text)
                                              : sprintf(out, "%%%02X", (unsigned char)*text);
    *out = '\0';
}

enum way { PLAIN, BRACED, ENCODED, FILE_PLAIN, FILE_ENCODED, ARGUMENT, WAY_COUNT };

static const char *const way_names[] = {"in the string",         "in braces",
                                        "encoded in the string", "in odbc.ini",
                                        "encoded in odbc.ini",   "SQLConnect"};

/* Connects as the password's user; whether that worked. */
static bool log_in(const struct side *side, size_t number, enum way way)
{
    struct odbc_session session = {0};
    char doubled[PASSWORD_SIZE], encoded[PASSWORD_SIZE], extra[TEXT_SIZE];
    bool is_connected = false;
    double_braces(passwords[number], doubled);
    encode(passwords[number], encoded);
    const char *dsn =
        suite_text("%s-%s%zu", side->prefix, way == FILE_ENCODED ? "encoded" : "plain", number);
    switch (way) {
    case PLAIN:
        snprintf(extra, sizeof extra, "UID=user%zu;PWD=%s", number, passwords[number]);
        is_connected = connect_side(&session, side, extra);
        break;
    case BRACED:
        snprintf(extra, sizeof extra, "UID=user%zu;PWD={%s}", number, doubled);
        is_connected = connect_side(&session, side, extra);
        break;
    case ENCODED:
        snprintf(extra, sizeof extra, "UID=user%zu;PWD=%s", number, encoded);
        is_connected = connect_side(&session, side, extra);
        break;
    case FILE_PLAIN:
    case FILE_ENCODED:
        is_connected = odbc_connect(&session, "DSN=%s", dsn);
        break;
    case ARGUMENT:
    case WAY_COUNT:
        dsn = suite_text("%s-base", side->prefix);
        snprintf(extra, sizeof extra, "user%zu", number);
        is_connected =
            odbc_open(&session) &&
            SQL_SUCCEEDED(SQLConnect(session.connection, (SQLCHAR *)dsn, SQL_NTS, (SQLCHAR *)extra,
                                     SQL_NTS, (SQLCHAR *)passwords[number], SQL_NTS));
        break;
    }
    if (is_connected && way != ARGUMENT) {
        snprintf(extra, sizeof extra, "user%zu", number);
        CHECK(odbc_query(&session, "select session_user"));
        CHECK_TEXT(session.value, extra);
    }
    odbc_close(&session);
    return is_connected;
}

CASE("passwords with special characters")
{
    for (size_t i = 0; i < PASSWORD_COUNT; i++)
        for (enum way way = PLAIN; way < WAY_COUNT; way++) {
            bool is_ours = log_in(&ours, i, way);
            bool is_native = log_in(&native, i, way);
            if (is_ours != is_native)
                printf("# \"%s\" %s: %s with odbcssl, %s without\n", passwords[i], way_names[way],
                       is_ours ? "accepted" : "refused", is_native ? "accepted" : "refused");
            CHECK_NUMBER(is_ours, is_native);
            if (way == BRACED || way == ENCODED || way == FILE_ENCODED || way == ARGUMENT)
                CHECK(is_ours);
        }
}

/* ---- what the application is told ---- */

static const char *const told[] = {
    /* The connection string given, of our side: %s is the port. */
    "DSN=tls-demo",
    "DSN=tls-base;UID=" POSTGRES_USER ";PWD=" POSTGRES_PASSWORD,
    "DRIVER={" ODBC_POSTGRESQL "};Servername=localhost;Port=%u;Database=postgres;UID=" POSTGRES_USER
    ";PWD={" POSTGRES_PASSWORD "};SslMode=verify-full;pqopt={application_name='a;b'}",
};

/* The whole string, its length, and the truncation of a short buffer. */
static void check_out_string(const char *given, char *out)
{
    struct odbc_session session = {0};
    SQLCHAR cut[12] = "";
    SQLSMALLINT length = 0, full = 0;
    CHECK_FATAL(odbc_open(&session));
    CHECK_NUMBER(SQLDriverConnect(session.connection, NULL, (SQLCHAR *)given, SQL_NTS,
                                  (SQLCHAR *)out, TEXT_SIZE, &full, SQL_DRIVER_NOPROMPT),
                 SQL_SUCCESS);
    CHECK_NUMBER(full, strlen(out));
    SQLDisconnect(session.connection);
    CHECK_NUMBER(SQLDriverConnect(session.connection, NULL, (SQLCHAR *)given, SQL_NTS, cut,
                                  sizeof cut, &length, SQL_DRIVER_NOPROMPT),
                 SQL_SUCCESS_WITH_INFO);
    CHECK_NUMBER(length, full);
    CHECK(strncmp((char *)cut, out, sizeof cut - 1) == 0 && strlen((char *)cut) == sizeof cut - 1);
    odbc_close(&session);
}

/* No address of the relay, no password that the application did not give, and good to connect. */
CASE("the output connection string")
{
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct odbc_session session = {0};
        char given[TEXT_SIZE], out[TEXT_SIZE] = "";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(given, sizeof given, told[i], fixture_port(&fixture));
#pragma GCC diagnostic pop
        check_out_string(given, out);
        CHECK(strstr(out, "127.") == NULL && strstr(out, "hostaddr") == NULL);
        CHECK(strncmp(out, given, strcspn(given, ";}")) == 0 || strchr(given, '{') != NULL);
        CHECK_CONTAINS(out, "DATABASE=postgres;SERVER=localhost;PORT=");
        CHECK_CONTAINS(out, "UID=" POSTGRES_USER ";");
        CHECK_CONTAINS(out, "SslMode=verify-full;"); /* in place of SSLmode=disable */
        CHECK_CONTAINS(out, ";UseDeclareFetch=0;");  /* as psqlodbc gives all its settings */
        CHECK(strstr(out, "SSLmode") == NULL && strstr(out, "TargetDriver") == NULL);
        CHECK((strstr(out, POSTGRES_PASSWORD) != NULL) ==
              (strstr(given, POSTGRES_PASSWORD) != NULL));
        CHECK(odbc_connect(&session, "%s", out));
        CHECK(odbc_query(&session, "select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
        CHECK_TEXT(session.value, "1");
        odbc_close(&session);
    }
}

/* The data source has SslRootCert and SslPassword; what the connection string says of them comes
 * back, and nothing that only a file says. */
static const struct {
    const char *more;
    const char *wanted; /* in the string that comes back */
    const char *absent;
} passwords_told[] = {
    {"", "SslRootCert=/", "Password"},
    {"SslPassword=own", "SslPassword=own;", "filed"},
    {"SslKeyPWD={o;wn}", "SslKeyPWD={o;wn};", "SslPassword"},
    {"SslMode=require;SslPassword=;SslRootCert=", "SslRootCert=;", "SslRootCert=/"},
    {"SslMode=require;SslPassword=;SslRootCert=", "SslPassword=;", "filed"},
};

static void take_out_string(struct odbc_session *session, const char *given, char *out)
{
    SQLSMALLINT length = 0;
    CHECK_FATAL(odbc_open(session));
    CHECK(SQL_SUCCEEDED(SQLDriverConnect(session->connection, NULL, (SQLCHAR *)given, SQL_NTS,
                                         (SQLCHAR *)out, TEXT_SIZE, &length, SQL_DRIVER_NOPROMPT)));
}

CASE("the output connection string has the string's own SslPassword, and what is set to nothing")
{
    for (size_t i = 0; i < sizeof passwords_told / sizeof passwords_told[0]; i++) {
        struct odbc_session first = {0}, second = {0};
        char out[TEXT_SIZE] = "", again[TEXT_SIZE] = "";
        take_out_string(&first, suite_text("DSN=tls-secret;%s", passwords_told[i].more), out);
        CHECK_CONTAINS(out, passwords_told[i].wanted);
        CHECK(strstr(out, passwords_told[i].absent) == NULL);
        take_out_string(&second, out, again);
        CHECK_TEXT(again, out);
        CHECK_NUMBER(odbc_info_number(&second, SQL_SSL_STATE),
                     odbc_info_number(&first, SQL_SSL_STATE));
        odbc_close(&first);
        odbc_close(&second);
    }
}

/* The driver manager saves what it gets back, and connects with it again. SslPassword is nobody's
 * to know. */
CASE("a connection that the driver manager saves in a file")
{
    struct odbc_session session = {0};
    char saved[TEXT_SIZE] = "";
    const char *path = suite_text("%s/saved.dsn", fixture.folder);
    CHECK(odbc_connect(&session,
                       "DRIVER={" ODBC_POSTGRESQL
                       "};Servername=localhost;Port=%u;Database=postgres;UID=" POSTGRES_USER
                       ";PWD={" POSTGRES_PASSWORD "};SslMode=verify-full;SslPassword={hush};"
                       "MaxVarcharSize=77;SAVEFILE=%s",
                       fixture_port(&fixture), path));
    odbc_close(&session);
    CHECK(suite_read(path, saved, sizeof saved) > 0);
    CHECK_CONTAINS(saved, "DRIVER");
    CHECK_CONTAINS(saved, "SslMode");
    CHECK_CONTAINS(saved, "77");
    CHECK(strstr(saved, "hush") == NULL && strstr(saved, "SslPassword") == NULL);
    CHECK(strstr(saved, "127.") == NULL);
    CHECK(odbc_connect(&session, "FILEDSN=%s;PWD=" POSTGRES_PASSWORD, path));
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    odbc_close(&session);
}

static const struct {
    unsigned type;
    const char *value; /* NULL: what it is without odbcssl */
} names[] = {
    {SQL_DATA_SOURCE_NAME, "tls-demo"},
    {SQL_SERVER_NAME, "localhost"},
    {SQL_DRIVER_NAME, NULL},
    {SQL_DRIVER_VER, NULL},
    {SQL_DRIVER_ODBC_VER, NULL},
    {SQL_DBMS_NAME, NULL},
    {SQL_DBMS_VER, NULL},
    {SQL_DATABASE_NAME, NULL},
    {SQL_USER_NAME, NULL},
    {SQL_IDENTIFIER_QUOTE_CHAR, NULL},
    {SQL_KEYWORDS, NULL},
};

/* The driver manager doubles the size for a wide function, in 16 bits: no huge buffer here. */
static void get_name(const struct odbc_session *session, unsigned type, char *name)
{
    SQLSMALLINT length = 0;
    name[0] = '\0';
    CHECK_NUMBER(SQLGetInfo(session->connection, (SQLUSMALLINT)type, name, TEXT_SIZE, &length),
                 SQL_SUCCESS);
}

static void check_names(bool is_wide)
{
    struct odbc_session tls = {0}, plain = {0};
    if (is_wide)
        CHECK_FATAL(odbc_connect_wide(&tls, "DSN=tls-demo") &&
                    odbc_connect_wide(&plain, "DSN=native-demo"));
    if (!is_wide)
        CHECK_FATAL(odbc_connect(&tls, "DSN=tls-demo") && odbc_connect(&plain, "DSN=native-demo"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char found[TEXT_SIZE], without[TEXT_SIZE];
        get_name(&tls, names[i].type, found);
        get_name(&plain, names[i].type, without);
        CHECK_TEXT(found, names[i].value != NULL ? names[i].value : without);
        CHECK(names[i].type == SQL_DATA_SOURCE_NAME || strcmp(found, without) == 0);
    }
    odbc_close(&tls);
    odbc_close(&plain);
}

CASE("names of source, server, driver and database")
{
    check_names(false);
    check_names(true);
}

/* libpq looks for the server's host and port in the file, not for the relay's. */
CASE(".pgpass is searched for the server's host and port")
{
    const char *path = fixture_path(&fixture, "pgpass");
    struct odbc_session session = {0};
    const char *line =
        suite_text("localhost:1:*:*:wrong\n127.0.0.1:*:*:*:wrong\nlocalhost:%u:postgres:%s:%s\n",
                   fixture_port(&fixture), POSTGRES_USER, POSTGRES_PASSWORD);
    CHECK_FATAL(pki_write_file(path, line, strlen(line), 0600));
    setenv("PGPASSFILE", path, 1);
    CHECK(connect_side(&session, &ours, "UID=" POSTGRES_USER));
    CHECK_TEXT(session.diagnostics, "");
    odbc_close(&session);
    setenv("PGPASSFILE", "/nonexistent", 1);
    CHECK(!connect_side(&session, &ours, "UID=" POSTGRES_USER));
    CHECK_CONTAINS(session.diagnostics, "no password supplied");
    odbc_close(&session);
    CHECK(connect_side(&session, &ours,
                       suite_text("UID=" POSTGRES_USER ";pqopt={passfile='%s'}", path)));
    odbc_close(&session);
}

/* ---- set-up ---- */

static void add_dsn(char *text, const struct side *side, const char *name, const char *lines)
{
    size_t used = strlen(text);
    snprintf(text + used, 65536 - used,
             "[%s-%s]\nDriver=%s\nServername=localhost\nPort=%u\nDatabase=postgres\nSSLmode=%s\n"
             "SslRootCert=%s\n%s\n",
             side->prefix, name, side->driver, fixture_port(&fixture), side->mode,
             fixture_path(&fixture, "root.pem"), lines);
}

#define DEMO "Username=" POSTGRES_USER "\nPassword=" POSTGRES_PASSWORD "\n"

static void add_dsns(char *text, const struct side *side)
{
    char encoded[PASSWORD_SIZE];
    add_dsn(text, side, "base", "");
    add_dsn(text, side, "demo", DEMO);
    add_dsn(text, side, "secret", DEMO "SslPassword=filed");
    add_dsn(text, side, "file", DEMO "ConnSettings=set application_name to 'in%20file+x'");
    add_dsn(text, side, "pqopt", DEMO "pqopt=application_name='file words'");
    add_dsn(text, side, "cursors", DEMO "UseDeclareFetch=1");
    add_dsn(text, side, "readonly", DEMO "ReadOnly=1");
    add_dsn(text, side, "other", "Username=clerk\nPassword=clerk");
    for (size_t i = 0; i < PASSWORD_COUNT; i++) {
        const char *name = suite_text("plain%zu", i);
        add_dsn(text, side, name, suite_text("Username=user%zu\nPassword=%s", i, passwords[i]));
        name = suite_text("encoded%zu", i);
        encode(passwords[i], encoded);
        add_dsn(text, side, name, suite_text("Username=user%zu\nPassword=%s", i, encoded));
    }
}

/* One role per password: "create role user0 login password E'...'". */
static void write_roles(char *sql, size_t size)
{
    size_t used = (size_t)snprintf(sql, size,
                                   "create table kept(n int, bytes bytea);"
                                   "create role clerk login password 'clerk';");
    for (size_t i = 0; i < PASSWORD_COUNT; i++) {
        used +=
            (size_t)snprintf(sql + used, size - used, "create role user%zu login password E'", i);
        for (const char *c = passwords[i]; *c != '\0'; c++)
            used += (size_t)snprintf(sql + used, size - used, "\\x%02X", (unsigned char)*c);
        used += (size_t)snprintf(sql + used, size - used, "';");
    }
}

static int set_up(void)
{
    static char sql[16384], sources[65536];
    setenv("PGPASSFILE", "/nonexistent", 1);
    write_roles(sql, sizeof sql);
    if (fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    const struct postgres_options options = {.certificate = fixture_path(&fixture, "server.pem"),
                                             .key = fixture_path(&fixture, "server.key"),
                                             .hba = FIXTURE_HBA,
                                             .sql = sql};
    if (!fixture_start_with(&fixture, &options))
        return -1;
    setenv("PGSSLROOTCERT", fixture_path(&fixture, "root.pem"), 1);
    add_dsns(sources, &native);
    add_dsns(sources, &ours);
    return odbc_configure(fixture.folder, NULL, sources) ? 0 : -1;
}

SUITE("settings", set_up, fixture_tear_down)
