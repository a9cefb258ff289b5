/*
 * test_same.c - existing files and connection strings mean the same: every keyword of psqlodbc,
 * FreeTDS and MariaDB's driver, once given to the real driver alone and once through odbcssl, from
 * odbc.ini and from a connection string. Compared is what the server is sent, byte for byte, and
 * what the application sees of types, catalogues and SQLGetInfo.
 */
#include <ctype.h>
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "support/canned_servers.h"
#include "support/capture.h"
#include "support/mariadb_server.h"
#include "support/odbc.h"
#include "support/suite.h"

/* A real server whose login is not looked at. */
#define REAL_MARIADB CANNED_KINDS

/* ---- what is seen of a connection ---- */

/* Bytes as text; addresses of memory, which drivers put into names of cursors, are left out. */
static void note_bytes(FILE *notes, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '0' && i + 1 < length && bytes[i + 1] == 'x') {
            fprintf(notes, "0x~");
            for (i += 1; i + 1 < length && isxdigit(bytes[i + 1]); i++)
                ;
        } else if (isprint(bytes[i])) {
            fprintf(notes, "%c", bytes[i]);
        } else {
            fprintf(notes, "\\%02x", bytes[i]);
        }
    }
    fprintf(notes, "\n");
}

static void note_info(FILE *notes, const struct library *library, SQLHDBC connection)
{
    /* handles of the driver, the data source's name, and the driver manager's own */
    static const SQLUSMALLINT left_out[] = {2, 3, 4, 5, 76, 135, 171};
    for (SQLUSMALLINT type = 1; type < 180; type++) {
        unsigned char value[2048] = {0};
        SQLSMALLINT length = 0;
        bool is_left_out = false;
        for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
            is_left_out |= left_out[i] == type;
        if (is_left_out || CALL(library, SQLGetInfo)(connection, type, value, sizeof value,
                                                     &length) != SQL_SUCCESS)
            continue;
        fprintf(notes, "info %u: ", type);
        note_bytes(notes, value, length > 0 ? (size_t)length : 4);
    }
}

static void note_error(FILE *notes, const struct library *library, SQLSMALLINT kind,
                       SQLHANDLE handle)
{
    SQLCHAR state[6] = "", text[1024] = "";
    SQLINTEGER native = 0;
    SQLSMALLINT length = 0;
    if (SQL_SUCCEEDED(CALL(library, SQLGetDiagRec)(kind, handle, 1, state, &native, text,
                                                   sizeof text, &length)))
        fprintf(notes, "error %s %s\n", state, text);
}

/* Columns and at most 20 rows of what was executed. */
static void note_result(FILE *notes, const struct library *library, SQLHSTMT statement,
                        SQLRETURN result)
{
    SQLSMALLINT count = 0;
    fprintf(notes, "result %d\n", result);
    if (!SQL_SUCCEEDED(result)) {
        note_error(notes, library, SQL_HANDLE_STMT, statement);
        return;
    }
    CALL(library, SQLNumResultCols)(statement, &count);
    for (SQLUSMALLINT i = 1; i <= count; i++) {
        SQLCHAR name[256] = "";
        SQLSMALLINT length, type = 0, digits = 0, nullable = 0;
        SQLULEN size = 0;
        CALL(library, SQLDescribeCol)
        (statement, i, name, sizeof name, &length, &type, &size, &digits, &nullable);
        fprintf(notes, "column %s %d %lu %d\n", name, type, (unsigned long)size, digits);
    }
    for (int row = 0; row < 20 && count > 0; row++) {
        if (!SQL_SUCCEEDED(CALL(library, SQLFetch)(statement)))
            break;
        for (SQLUSMALLINT i = 1; i <= count; i++) {
            char value[512] = "";
            SQLLEN length = 0;
            CALL(library, SQLGetData)(statement, i, SQL_C_CHAR, value, sizeof value, &length);
            fprintf(notes, "%s|", length == SQL_NULL_DATA ? "NULL" : value);
        }
        fprintf(notes, "\n");
    }
    CALL(library, SQLFreeStmt)(statement, SQL_CLOSE);
}

static void note_postgresql(FILE *notes, const struct library *library, SQLHDBC connection)
{
    static const char *const statements[] = {
        "select true as b, 7::int8 as i, 1.5::numeric as n, 'x'::text as t, 'y'::varchar(500) as "
        "v, "
        "'z'::varchar as w, '\\x00ff'::bytea as a, 'p'::name as p, '(1,2)'::point as u, "
        "E'l\\nm'::text as l",
        "show work_mem",
        "select current_user, current_database()",
        "select * from generate_series(1, 12)",
        "create temp table passing (a int)",
        "select 1/0",
        "select 2"};
    SQLHSTMT statement;
    SQLINTEGER number = 5;
    SQLLEN length = 0;
    CALL(library, SQLAllocHandle)(SQL_HANDLE_STMT, connection, &statement);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        note_result(notes, library, statement,
                    CALL(library, SQLExecDirect)(statement, (SQLCHAR *)statements[i], SQL_NTS));
    CALL(library, SQLBindParameter)
    (statement, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &number, 0, &length);
    CALL(library, SQLPrepare)(statement, (SQLCHAR *)"select name from kept where id < ?", SQL_NTS);
    note_result(notes, library, statement, CALL(library, SQLExecute)(statement));
    CALL(library, SQLFreeStmt)(statement, SQL_RESET_PARAMS);
    note_result(
        notes, library, statement,
        CALL(library, SQLTables)(statement, NULL, 0, NULL, 0, (SQLCHAR *)"kep%", SQL_NTS, NULL, 0));
    note_result(
        notes, library, statement,
        CALL(library, SQLTables)(statement, NULL, 0, NULL, 0, (SQLCHAR *)"KEPT", SQL_NTS, NULL, 0));
    note_result(notes, library, statement,
                CALL(library, SQLTables)(statement, NULL, 0, NULL, 0, (SQLCHAR *)"pg_cl%", SQL_NTS,
                                         NULL, 0));
    note_result(notes, library, statement,
                CALL(library, SQLColumns)(statement, NULL, 0, NULL, 0, (SQLCHAR *)"kept", SQL_NTS,
                                          NULL, 0));
    note_result(notes, library, statement,
                CALL(library, SQLStatistics)(statement, NULL, 0, NULL, 0, (SQLCHAR *)"kept",
                                             SQL_NTS, SQL_INDEX_ALL, 0));
    note_result(notes, library, statement,
                CALL(library, SQLSpecialColumns)(statement, SQL_ROWVER, NULL, 0, NULL, 0,
                                                 (SQLCHAR *)"kept", SQL_NTS, 0, 0));
    note_result(notes, library, statement, CALL(library, SQLGetTypeInfo)(statement, SQL_ALL_TYPES));
    CALL(library, SQLFreeHandle)(SQL_HANDLE_STMT, statement);
}

static void note_mariadb(FILE *notes, const struct library *library, SQLHDBC connection)
{
    static const char *const statements[] = {
        "select @a, @b, database(), @@character_set_client, @@autocommit, @@wait_timeout",
        "select 1 as a, 1.5 as b, 'x' as c, cast('y' as char(9)) as d, now() - now() as e",
        "select 1; select 2", "select 1/0", "show columns from kept"};
    SQLHSTMT statement;
    CALL(library, SQLAllocHandle)(SQL_HANDLE_STMT, connection, &statement);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        note_result(notes, library, statement,
                    CALL(library, SQLExecDirect)(statement, (SQLCHAR *)statements[i], SQL_NTS));
    note_result(notes, library, statement,
                CALL(library, SQLColumns)(statement, NULL, 0, (SQLCHAR *)"x", SQL_NTS,
                                          (SQLCHAR *)"kept", SQL_NTS, NULL, 0));
    CALL(library, SQLFreeHandle)(SQL_HANDLE_STMT, statement);
}

/* What the driver's own connection sent; a login that a canned server heard out has the same
 * salt. */
static void note_wire(FILE *notes, bool is_relayed, enum canned_kind kind)
{
    const struct capture *capture = capture_get();
    /* The server listens in this process, too. */
    const char *server = suite_text("127.0.0.1:%u", canned_server_port(kind));
    for (size_t i = 0; i < capture->count && i < CAPTURE_CONNECTIONS; i++) {
        const struct captured_connection *connection = &capture->connections[i];
        if (is_relayed && (!connection->is_inner || strcmp(connection->address, server) == 0))
            continue;
        fprintf(notes, "options %s\nsent ", connection->options);
        if (kind == CANNED_POSTGRESQL) {
            note_bytes(notes, connection->bytes, connection->length);
        } else {
            unsigned char login[CANNED_LOGIN_SIZE];
            size_t length =
                canned_login_extract(kind, connection->bytes, connection->length, login);
            note_bytes(notes, login, length);
        }
    }
}

static char *observe(const struct library *library, const char *text, enum canned_kind kind,
                     bool is_relayed)
{
    char *seen = NULL;
    size_t size;
    FILE *notes = open_memstream(&seen, &size);
    SQLHDBC connection;
    CHECK_FATAL(notes != NULL);
    capture_reset();
    CALL(library, SQLAllocHandle)(SQL_HANDLE_DBC, library->environment, &connection);
    SQLRETURN result = CALL(library, SQLDriverConnect)(connection, NULL, (SQLCHAR *)text, SQL_NTS,
                                                       NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    fprintf(notes, "connect %s\n", SQL_SUCCEEDED(result) ? "good" : "failed");
    if (SQL_SUCCEEDED(result)) {
        note_info(notes, library, connection);
        if (kind == CANNED_POSTGRESQL)
            note_postgresql(notes, library, connection);
        else
            note_mariadb(notes, library, connection);
        CALL(library, SQLDisconnect)(connection);
    } else if (kind == CANNED_POSTGRESQL) {
        printf("# %s: ", text);
        note_error(stdout, library, SQL_HANDLE_DBC, connection);
    }
    if (kind != REAL_MARIADB) /* its salt differs each time */
        note_wire(notes, is_relayed, kind);
    CALL(library, SQLFreeHandle)(SQL_HANDLE_DBC, connection);
    fclose(notes);
    return seen;
}

/* ---- one row: settings, native and through odbcssl, from a file and from a string ---- */

enum where { EVERYWHERE, STRING_ONLY, FILE_ONLY };

struct row {
    const char *settings; /* "K=V|K=V" */
    enum where where;
};

struct subject {
    enum canned_kind kind;
    const char *native, *relayed; /* sections of odbcinst.ini */
    struct library driver;
    const char *common; /* settings of every row that the native driver needs, as of a row */
    const char *server; /* its keyword */
    unsigned port;
};

static struct library odbcssl = {.name = "odbcssl"};
static struct fixture fixture;

/* With another separator, and one behind the last. */
static const char *separate(const char *settings, char separator)
{
    char *text = suite_text("%s|", settings);
    for (char *mark = text; (mark = strchr(mark, '|')) != NULL;)
        *mark = separator;
    return text;
}

static void show_difference(const char *what, const char *native, const char *relayed)
{
    size_t at = 0;
    while (native[at] != '\0' && native[at] == relayed[at])
        at++;
    size_t line = at;
    while (line > 0 && native[line - 1] != '\n')
        line--;
    printf("# %s\n#   native:  %.300s\n#   odbcssl: %.300s\n", what, native + line, relayed + line);
    CU_FAIL("native and odbcssl differ");
}

static void compare(const struct subject *subject, const char *what, const char *native_text,
                    const char *relayed_text)
{
    char *native = observe(&subject->driver, native_text, subject->kind, false);
    char *relayed = observe(&odbcssl, relayed_text, subject->kind, true);
    if (strcmp(native, relayed) != 0)
        show_difference(what, native, relayed);
    free(native);
    free(relayed);
}

static const char *mode_of(const struct subject *subject)
{
    return subject->kind == CANNED_POSTGRESQL ? "verify-full" : "disable";
}

static void check_string(const struct subject *subject, const struct row *row)
{
    const char *native =
        suite_text("DRIVER=%s;%s=127.0.0.1;Port=%u;%s%s", subject->native, subject->server,
                   subject->port, separate(subject->common, ';'), separate(row->settings, ';'));
    const char *relayed = suite_text(
        "DRIVER={%s};%s=127.0.0.1;Port=%u;SslTransport=relay;SslMode=%s;%s", subject->relayed,
        subject->server, subject->port, mode_of(subject), separate(row->settings, ';'));
    compare(subject, native, native, relayed);
}

static void check_file(const struct subject *subject, const struct row *row)
{
    static unsigned number;
    const char *login = subject->kind == CANNED_TDS ? "UID=me;PWD=x;" : "";
    number++;
    FILE *file = fopen(getenv("ODBCINI"), "w");
    CHECK_FATAL(file != NULL);
    fprintf(file, "[n%u]\nDriver=%s\n%s=127.0.0.1\nPort=%u\n%s%s\n", number, subject->native,
            subject->server, subject->port, separate(subject->common, '\n'),
            separate(row->settings, '\n'));
    fprintf(file, "[o%u]\nDriver=%s\n%s=127.0.0.1\nPort=%u\nSslTransport=relay\nSslMode=%s\n%s\n",
            number, subject->relayed, subject->server, subject->port, mode_of(subject),
            separate(row->settings, '\n'));
    fclose(file);
    compare(subject, suite_text("odbc.ini: %s", row->settings),
            suite_text("DSN=n%u;%s", number, login), suite_text("DSN=o%u;%s", number, login));
}

static void check_rows(const struct subject *subject, const struct row *rows)
{
    for (; rows->settings != NULL; rows++) {
        if (rows->where != FILE_ONLY)
            check_string(subject, rows);
        if (rows->where != STRING_ONLY)
            check_file(subject, rows);
    }
}

/* ---- the rows ---- */

#define LOGIN "Username=demo|Database=postgres|"

static const struct row postgresql_rows[] = {
    {LOGIN "Description=x|Trace=0", EVERYWHERE},
    {LOGIN "ReadOnly=1", EVERYWHERE},
    {LOGIN "A0=1", EVERYWHERE},
    {LOGIN "Protocol=7.4-2", EVERYWHERE},
    {LOGIN "A1=7.4-0", EVERYWHERE},
    {LOGIN "ShowOidColumn=1|FakeOidIndex=1", EVERYWHERE},
    {LOGIN "A3=1|A2=1", EVERYWHERE},
    {LOGIN "RowVersioning=1", EVERYWHERE},
    {LOGIN "A4=1", EVERYWHERE},
    {LOGIN "ShowSystemTables=1", EVERYWHERE},
    {LOGIN "A5=1", EVERYWHERE},
    {LOGIN "ConnSettings=set work_mem='1MB'", EVERYWHERE},
    {LOGIN "ConnSettings=set%20work_mem='2%4DB'", EVERYWHERE},
    {LOGIN "ConnSettings=set+work_mem='2MB'", EVERYWHERE},
    {LOGIN "ConnSettings=set work_mem to '3MB'", EVERYWHERE},
    {LOGIN "ConnSettings=set work_mem to '3MB'; set lock_timeout to 5", FILE_ONLY},
    {LOGIN "ConnSettings={set work_mem to '3MB'; set lock_timeout to 5}", STRING_ONLY},
    {LOGIN "A6=set+work_mem='4MB'", EVERYWHERE},
    {LOGIN "UseDeclareFetch=1|Fetch=5", EVERYWHERE},
    {LOGIN "UseDeclareFetch=1|Fetch=0", FILE_ONLY},
    {LOGIN "UseDeclareFetch=1|Fetch=-3", FILE_ONLY},
    {LOGIN "B6=1|A7=4", EVERYWHERE},
    {LOGIN "UnknownSizes=1", EVERYWHERE},
    {LOGIN "UnknownSizes=2", EVERYWHERE},
    {LOGIN "A9=1", EVERYWHERE},
    {LOGIN "MaxVarcharSize=77", EVERYWHERE},
    {LOGIN "MaxVarcharSize=", FILE_ONLY},
    {LOGIN "B0=78", EVERYWHERE},
    {LOGIN "MaxLongVarcharSize=99", EVERYWHERE},
    {LOGIN "B1=98", EVERYWHERE},
    {LOGIN "Debug=0|CommLog=0", EVERYWHERE},
    {LOGIN "B2=0|B3=0", EVERYWHERE},
    {LOGIN "TextAsLongVarchar=0", EVERYWHERE},
    {LOGIN "B7=0", EVERYWHERE},
    {LOGIN "UnknownsAsLongVarchar=1", EVERYWHERE},
    {LOGIN "B8=1", EVERYWHERE},
    {LOGIN "BoolsAsChar=0", EVERYWHERE},
    {LOGIN "B9=0", EVERYWHERE},
    {LOGIN "BoolsAsChar=0|TrueIsMinus1=1", EVERYWHERE},
    {LOGIN "B9=0|C6=1", EVERYWHERE},
    {LOGIN "Parse=1", EVERYWHERE},
    {LOGIN "C0=1", EVERYWHERE},
    {LOGIN "Lie=1", EVERYWHERE},
    {LOGIN "ExtraSysTablePrefixes=kep;", FILE_ONLY},
    {LOGIN "ExtraSysTablePrefixes=kep", EVERYWHERE},
    {LOGIN "ExtraSysTablePrefixes=", EVERYWHERE},
    {LOGIN "C2=kep", EVERYWHERE},
    {LOGIN "UpdatableCursors=0", EVERYWHERE},
    {LOGIN "UpdatableCursors=", FILE_ONLY},
    {LOGIN "C4=0", EVERYWHERE},
    {LOGIN "LFConversion=1", EVERYWHERE},
    {LOGIN "C5=1", EVERYWHERE},
    {LOGIN "BI=-5", EVERYWHERE},
    {LOGIN "BI=4", EVERYWHERE},
    {LOGIN "ByteaAsLongVarBinary=0", EVERYWHERE},
    {LOGIN "C7=0", EVERYWHERE},
    {LOGIN "UseServerSidePrepare=0", EVERYWHERE},
    {LOGIN "C8=0", EVERYWHERE},
    {LOGIN "LowerCaseIdentifier=1", EVERYWHERE},
    {LOGIN "C9=1", EVERYWHERE},
    {LOGIN "D6=8", EVERYWHERE},
    {LOGIN "NumericAs=12", EVERYWHERE},
    {LOGIN "KeepaliveTime=33|KeepaliveInterval=7", EVERYWHERE},
    {LOGIN "KeepaliveTime=0|KeepaliveInterval=0", EVERYWHERE},
    {LOGIN "D1=34|D2=8", EVERYWHERE},
    {LOGIN "OptionalErrors=1", EVERYWHERE},
    {LOGIN "D7=1", EVERYWHERE},
    {LOGIN "BatchSize=0", EVERYWHERE},
    {LOGIN "BatchSize=1|D8=2", EVERYWHERE},
    {LOGIN "IgnoreTimeout=1", EVERYWHERE},
    {LOGIN "D9=1", EVERYWHERE},
    {LOGIN "FetchRefcursors=1", EVERYWHERE},
    {LOGIN "DA=1", EVERYWHERE},
    {LOGIN "AB=2", EVERYWHERE},
    {LOGIN "AB=+8", STRING_ONLY},
    {LOGIN "AB=40", EVERYWHERE},
    {LOGIN "CX=1c50502bb", EVERYWHERE},
    {LOGIN "MaxVarcharSize=50|CX=1c000c000|ReadOnly=0", STRING_ONLY},
    {LOGIN "pqopt=application_name=seen options='-c work_mem=5MB'", FILE_ONLY},
    {LOGIN "pqopt={application_name=seen options='-c work_mem=5MB'}", STRING_ONLY},
    {LOGIN "pqopt=application_name%3dseen+fallback_application_name=x", STRING_ONLY},
    {LOGIN "D5={application_name=seen}", STRING_ONLY},
    {LOGIN "D5=application_name=unseen", FILE_ONLY},
    {LOGIN "UniqueIndex=1|TranslationDLL=x.so|TranslationOption=1|Nobody=knows|CancelAsFreeStmt=1",
     EVERYWHERE},
    {LOGIN "Nobody={knows;ReadOnly=1}|MaxVarcharSize=60", STRING_ONLY},
    {"Username=other|UID=demo|Database=postgres", EVERYWHERE},
    {"UID=demo|Username=other|Database=postgres", EVERYWHERE},
    {"UID=other|Database=postgres", STRING_ONLY},
    {"Username=demo|Database=postgres|DX=second", EVERYWHERE},
    {"Username=demo|DX=second|Database=postgres", EVERYWHERE},
    {"Username=odd;{one}|Database=postgres", FILE_ONLY},
    {"Username=odd}two|Database=postgres", EVERYWHERE},
    {"Username=demo|Database=postgres|Password=a%2Bb+c|PWD=unused", EVERYWHERE},
    {NULL, EVERYWHERE},
};

#define DRIVER_WIDE                                                                                \
    "Fetch=4\nUnknownSizes=1\nMaxVarcharSize=66\nMaxLongVarcharSize=99\nUseDeclareFetch=1\n"       \
    "TextAsLongVarchar=0\nUnknownsAsLongVarchar=1\nBoolsAsChar=0\nParse=1\nLie=1\n"                \
    "ExtraSysTablePrefixes=kep\nReadOnly=1\nUsername=other\nDatabase=second\n"

static const char driver_sections[] = "[wide]\nDriver=psqlodbcw.so\n" DRIVER_WIDE "[TLS "
                                      "wide]\nDriver=@BUILD@/driver/odbc/.libs/"
                                      "libodbcssl.so\nTargetDriver=psqlodbcw.so\n" DRIVER_WIDE;

static const struct row driver_wide_rows[] = {
    {LOGIN, EVERYWHERE},
    {LOGIN "MaxVarcharSize=67|UseDeclareFetch=0|ExtraSysTablePrefixes=", EVERYWHERE},
    {LOGIN "Fetch=0|BoolsAsChar=", FILE_ONLY},
    {NULL, EVERYWHERE},
};

#define TDS_LOGIN "UID=me|PWD=secret|"

static const struct row tds_rows[] = {
    {TDS_LOGIN "Database=data", STRING_ONLY},
    {"Database=data|Description=x", FILE_ONLY},
    {TDS_LOGIN "APP=seen|WSID=here", STRING_ONLY},
    {"APP=unseen|WSID=nowhere", FILE_ONLY},
    {TDS_LOGIN "Language=Deutsch", STRING_ONLY},
    {"Language=Deutsch", FILE_ONLY},
    {TDS_LOGIN "PacketSize=8000", STRING_ONLY},
    {"PacketSize=8000", FILE_ONLY},
    {TDS_LOGIN "TDS_Version=7.1", STRING_ONLY},
    {"TDS_Version=7.2", FILE_ONLY},
    {"TDS_Version=7.3", FILE_ONLY},
    {TDS_LOGIN "ClientCharset=UTF-8|Database=d\303\251", STRING_ONLY},
    {"ClientCharset=UTF-8|Database=d\303\251", FILE_ONLY},
    {TDS_LOGIN "client_charset=UTF-8", STRING_ONLY},
    {"client_charset=UTF-8", FILE_ONLY},
    {TDS_LOGIN "AttachDbFilename=f.mdf", STRING_ONLY},
    {"AttachDbFilename=f.mdf", FILE_ONLY},
    {TDS_LOGIN "ApplicationIntent=ReadOnly", STRING_ONLY},
    {"ApplicationIntent=ReadOnly", FILE_ONLY},
    {TDS_LOGIN "TextSize=1000|Timeout=9|UseNTLMv2=1|REALM=x|ServerSPN=y|Nobody=z", STRING_ONLY},
    {"TextSize=1000|Timeout=9|UseNTLMv2=1|REALM=x|ServerSPN=y|Nobody=z", FILE_ONLY},
    {TDS_LOGIN "MARS_Connection=yes", STRING_ONLY},
    {"MARS_Connection=yes", FILE_ONLY},
    {TDS_LOGIN "DumpFile=/dev/null|DumpFileAppend=yes|DebugFlags=1", STRING_ONLY},
    {"DumpFile=/dev/null|DumpFileAppend=yes|DebugFlags=1", FILE_ONLY},
    {"UID={a;b}|PWD={c;d}|Database=}{x", STRING_ONLY},
    {"Database=a;b}", FILE_ONLY},
    {"Language=|Database=|PacketSize=", FILE_ONLY},
    {NULL, EVERYWHERE},
};

static const struct row mysql_rows[] = {
    {"UID=me|PWD=secret|DATABASE=data|Description=x", EVERYWHERE},
    {"USER=me|PASSWORD=secret|DB=data", EVERYWHERE},
    {"UID=me|USER=you|PWD=secret|PASSWORD=other|DATABASE=data|DB=base", EVERYWHERE},
    {"USER=you|UID=me|PASSWORD=other|PWD=secret|DB=base|DATABASE=data", EVERYWHERE},
    {"UID=me|OPTION=67108864", EVERYWHERE},
    {"UID=me|OPTIONS=2048", EVERYWHERE},
    {"UID=me|OPTIONS=2|OPTION=67108864", EVERYWHERE},
    {"UID=me|OPTION=67108866|OPTIONS=0", FILE_ONLY},
    {"UID=me|CHARSET=latin1", EVERYWHERE},
    {"UID=me|INTERACTIVE=1", EVERYWHERE},
    {"UID=me|FORWARDONLY=1|SCHEMANOERROR=1|NO_PROMPT=1|AUTO_RECONNECT=1", EVERYWHERE},
    {"UID=me|CONN_TIMEOUT=7|READ_TIMEOUT=8|WRITE_TIMEOUT=9", EVERYWHERE},
    {"UID=me|INITSTMT=set @a=1|PLUGIN_DIR=/nowhere|SERVERKEY=/nowhere", EVERYWHERE},
    {"UID=me|INITSTMT={set @a=1;set @b=2}", STRING_ONLY},
    {"UID={a;}}b}|PWD={c}}d}|DATABASE={;}", STRING_ONLY},
    {"UID=a;}b|PWD=c}d|DATABASE={;}", FILE_ONLY},
    {"UID=  me |PWD= secret ", EVERYWHERE},
    {"UID={ me }|PWD={ secret }", STRING_ONLY},
    {"UID=me|PWD=|DATABASE=|OPTION=", EVERYWHERE},
    {"UID=me|Nobody=1|NO_CACHE=1", EVERYWHERE},
    {NULL, EVERYWHERE},
};

static const struct row mariadb_rows[] = {
    {"UID=me|PWD=secret|DATABASE=data", EVERYWHERE},
    {"UID=me|PWD=secret|INITSTMT=set @a=1", EVERYWHERE},
    {"UID=me|PWD=secret|INITSTMT={set @a=1, @b=';}'}", STRING_ONLY},
    {"UID=me|PWD=secret|INITSTMT=set @a=1, @b=';}'", FILE_ONLY},
    {"UID=me|PWD=secret|DATABASE=data|OPTION=67108864", EVERYWHERE},
    {"UID=me|PWD=secret|DATABASE=data|OPTION=2", EVERYWHERE},
    {"UID=me|PWD=secret|DATABASE=data|INTERACTIVE=1|SCHEMANOERROR=1", EVERYWHERE},
    {"UID=me|PWD=secret|DATABASE=data|FORWARDONLY=1|CHARSET=latin1", EVERYWHERE},
    {"UID=me|PWD=secret|DATABASE=da;}ta", FILE_ONLY},
    {NULL, EVERYWHERE},
};

static void check_family(struct subject *subject, const char *library, const struct row *rows)
{
    CHECK_FATAL(capture_load(&subject->driver, suite_text("%s/%s", ODBC_MODULE_DIR, library)));
    check_rows(subject, rows);
}

CASE("psqlodbc's keywords")
{
    static const char sql[] =
        "create table kept (id int primary key, name text);"
        "insert into kept values (1, 'one'), (9, 'nine'); grant all on kept to public;"
        "create role other login; create role \"odd;{one}\" login; create role \"odd}two\" login";
    const struct postgres_options options = {.certificate = fixture_path(&fixture, "server.pem"),
                                             .key = fixture_path(&fixture, "server.key"),
                                             .hba = "host all all 127.0.0.1/32 trust\n"
                                                    "host all all ::1/128 trust",
                                             .sql = sql};
    char output[256];
    CHECK_FATAL(fixture_start_with(&fixture, &options));
    CHECK_FATAL(postgres_query(fixture.postgres, "create database second", output, sizeof output));
    CHECK_FATAL(
        postgres_query(fixture.postgres, "create database \"data;{base}\"", output, sizeof output));
    struct subject subject = {.kind = CANNED_POSTGRESQL,
                              .native = ODBC_NATIVE_POSTGRESQL,
                              .relayed = ODBC_POSTGRESQL,
                              .common = "SSLmode=disable",
                              .server = "Servername",
                              .port = fixture_port(&fixture)};
    check_family(&subject, "psqlodbcw.so", postgresql_rows);
    /* psqlodbc's defaults for all connections, in its section and in odbcssl's */
    subject.native = "wide";
    subject.relayed = "TLS wide";
    check_rows(&subject, driver_wide_rows);
}

CASE("FreeTDS's keywords")
{
    struct subject subject = {.kind = CANNED_TDS,
                              .native = "libtdsodbc.so",
                              .relayed = ODBC_FREETDS,
                              .common = "Encryption=request",
                              .server = "Server",
                              .port = canned_server_port(CANNED_TDS)};
    check_family(&subject, "libtdsodbc.so", tds_rows);
}

CASE("the keywords of MariaDB's driver")
{
    struct subject subject = {.kind = CANNED_MYSQL,
                              .native = "libmaodbc.so",
                              .relayed = ODBC_MARIADB,
                              .common = "",
                              .server = "Server",
                              .port = canned_server_port(CANNED_MYSQL)};
    check_family(&subject, "libmaodbc.so", mysql_rows);
}

CASE("the same with a MariaDB server")
{
    const struct mariadb_options options = {
        .sql = "create database data; create database `da;}ta`; create table data.kept (id int);"
               "create user me@'%' identified by 'secret'; grant all on *.* to me@'%';"
               "set global interactive_timeout = 99"};
    struct mariadb_server *server = mariadb_start(&options);
    CHECK_FATAL(server != NULL);
    struct subject subject = {.kind = REAL_MARIADB,
                              .native = "libmaodbc.so",
                              .relayed = ODBC_MARIADB,
                              .common = "TCPIP=1",
                              .server = "Server",
                              .port = mariadb_port(server)};
    check_family(&subject, "libmaodbc.so", mariadb_rows);
    mariadb_stop(&server);
}

static int set_up(void)
{
    if (fixture_open(&fixture, driver_sections, NULL) != 0 || !canned_servers_start())
        return 1;
    setenv("PGSSLROOTCERT", fixture_path(&fixture, "root.pem"), 1);
    return capture_load(&odbcssl, suite_built("driver/odbc/.libs/libodbcssl.so")) ? 0 : 1;
}

SUITE("same", set_up, fixture_tear_down)

int main(int argc, char **argv)
{
    return capture_main(argc, argv);
}
