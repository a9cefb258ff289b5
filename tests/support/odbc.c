/* odbc.c - the private configuration, and an application's calls of the driver manager. */
#include "support/odbc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define CONNECTION_STRING_SIZE 8192

static bool write_file(const char *folder, const char *name, const char *text, const char *extra)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return false;
    fprintf(file, "%s\n%s\n", text, extra != NULL ? extra : "");
    return fclose(file) == 0;
}

/* Every odbcssl section of odbcinst.ini gets the transport that the tests are run with. */
static bool set_transport(const char *folder, const char *transport)
{
    char path[4096], line[4096], *text = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/odbcinst.ini", folder);
    FILE *file = fopen(path, "r"), *out = open_memstream(&text, &size);
    if (file == NULL || out == NULL)
        return false;
    while (fgets(line, sizeof line, file) != NULL) {
        fputs(line, out);
        if (strncmp(line, "TargetDriver=", strlen("TargetDriver=")) == 0)
            fprintf(out, "SslTransport=%s\n", transport);
    }
    fclose(file);
    fclose(out);
    bool is_written = write_file(folder, "odbcinst.ini", text, NULL);
    free(text);
    return is_written;
}

const char *odbc_transport(void)
{
    const char *transport = getenv("ODBCSSL_TEST_TRANSPORT");
    return transport != NULL ? transport : "auto";
}

bool odbc_configure(const char *folder, const char *odbcinst_extra, const char *odbc_extra)
{
    char drivers[16384], user_file[4096];
    const char *build = getenv("top_builddir");
    if (build == NULL)
        build = ".";
    snprintf(drivers, sizeof drivers,
             "[" ODBC_POSTGRESQL
             "]\nDriver=%1$s/driver/odbc/.libs/libodbcssl.so\nTargetDriver=psqlodbcw.so\n"
             "[" ODBC_POSTGRESQL_ANSI "]\nDriver=%1$s/driver/odbc/.libs/libodbcssla.so\n"
             "TargetDriver=psqlodbca.so\n"
             "[" ODBC_FREETDS
             "]\nDriver=%1$s/driver/odbc/.libs/libodbcssl.so\nTargetDriver=libtdsodbc.so\n"
             "[" ODBC_MARIADB
             "]\nDriver=%1$s/driver/odbc/.libs/libodbcssl.so\nTargetDriver=libmaodbc.so\n"
             "[" ODBC_NATIVE_POSTGRESQL "]\nDriver=psqlodbcw.so\n",
             build);
    snprintf(user_file, sizeof user_file, "%s/user.ini", folder);
    return write_file(folder, "odbcinst.ini", drivers, odbcinst_extra) &&
           (getenv("ODBCSSL_TEST_TRANSPORT") == NULL || set_transport(folder, odbc_transport())) &&
           write_file(folder, "odbc.ini", "", odbc_extra) &&
           write_file(folder, "user.ini", "", NULL) && setenv("ODBCSYSINI", folder, 1) == 0 &&
           setenv("ODBCINSTINI", "odbcinst.ini", 1) == 0 && setenv("ODBCINI", user_file, 1) == 0;
}

static void take_diagnostics(struct odbc_session *session, SQLSMALLINT kind, SQLHANDLE handle)
{
    size_t used = 0;
    session->diagnostics[0] = '\0';
    session->sqlstate[0] = '\0';
    session->native = 0;
    for (SQLSMALLINT record = 1; used + 2048 < sizeof session->diagnostics; record++) {
        SQLCHAR state[6] = "", text[1024] = "";
        SQLINTEGER native = 0;
        SQLSMALLINT length = 0;
        if (!SQL_SUCCEEDED(
                SQLGetDiagRec(kind, handle, record, state, &native, text, sizeof text, &length)))
            break;
        if (record == 1) {
            memcpy(session->sqlstate, state, sizeof session->sqlstate);
            session->native = native;
        }
        used += (size_t)snprintf(session->diagnostics + used, sizeof session->diagnostics - used,
                                 "%s %d %s\n", state, (int)native, text);
    }
}

static bool finish(struct odbc_session *session, SQLRETURN result, SQLSMALLINT kind,
                   SQLHANDLE handle)
{
    session->result = result;
    session->diagnostics[0] = '\0';
    if (result != SQL_SUCCESS && result != SQL_NO_DATA)
        take_diagnostics(session, kind, handle);
    return SQL_SUCCEEDED(result);
}

bool odbc_open(struct odbc_session *session)
{
    if (session->connection != NULL)
        return true;
    return SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, NULL, &session->environment)) &&
           SQL_SUCCEEDED(SQLSetEnvAttr(session->environment, SQL_ATTR_ODBC_VERSION,
                                       (SQLPOINTER)SQL_OV_ODBC3, 0)) &&
           SQL_SUCCEEDED(
               SQLAllocHandle(SQL_HANDLE_DBC, session->environment, &session->connection));
}

static bool open_statement(struct odbc_session *session)
{
    return finish(session,
                  SQLAllocHandle(SQL_HANDLE_STMT, session->connection, &session->statement),
                  SQL_HANDLE_DBC, session->connection);
}

bool odbc_connect(struct odbc_session *session, const char *format, ...)
{
    char text[CONNECTION_STRING_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!odbc_open(session))
        return false;
    SQLRETURN result = SQLDriverConnect(session->connection, NULL, (SQLCHAR *)text, SQL_NTS, NULL,
                                        0, NULL, SQL_DRIVER_NOPROMPT);
    if (!finish(session, result, SQL_HANDLE_DBC, session->connection))
        return false;
    return result == SQL_SUCCESS ? open_statement(session)
                                 : SQL_SUCCEEDED(SQLAllocHandle(
                                       SQL_HANDLE_STMT, session->connection, &session->statement));
}

bool odbc_connect_wide(struct odbc_session *session, const char *format, ...)
{
    char text[CONNECTION_STRING_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (!odbc_open(session))
        return false;
    SQLWCHAR *wide = text_to_utf16(text, strlen(text), NULL);
    SQLRETURN result = SQLDriverConnectW(session->connection, NULL, wide, SQL_NTS, NULL, 0, NULL,
                                         SQL_DRIVER_NOPROMPT);
    free(wide);
    return finish(session, result, SQL_HANDLE_DBC, session->connection) &&
           SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, session->connection, &session->statement));
}

bool odbc_query(struct odbc_session *session, const char *sql)
{
    SQLLEN length = 0;
    session->value[0] = '\0';
    SQLFreeStmt(session->statement, SQL_CLOSE);
    SQLRETURN result = SQLExecDirect(session->statement, (SQLCHAR *)sql, SQL_NTS);
    if (!finish(session, result, SQL_HANDLE_STMT, session->statement))
        return result == SQL_NO_DATA;
    SQLSMALLINT columns = 0;
    SQLNumResultCols(session->statement, &columns);
    if (columns == 0)
        return true;
    result = SQLFetch(session->statement);
    if (result == SQL_NO_DATA)
        return true;
    if (!finish(session, result, SQL_HANDLE_STMT, session->statement))
        return false;
    result = SQLGetData(session->statement, 1, SQL_C_CHAR, session->value, sizeof session->value,
                        &length);
    return finish(session, result, SQL_HANDLE_STMT, session->statement);
}

long odbc_fetch_all(struct odbc_session *session)
{
    SQLRETURN result;
    session->rows = 0;
    while (SQL_SUCCEEDED(result = SQLFetch(session->statement)))
        session->rows++;
    finish(session, result, SQL_HANDLE_STMT, session->statement);
    return result == SQL_NO_DATA ? session->rows : -1;
}

unsigned odbc_info_number(struct odbc_session *session, unsigned type)
{
    SQLUINTEGER number = 0xFFFFFFFF;
    SQLSMALLINT length = 0;
    finish(session,
           SQLGetInfo(session->connection, (SQLUSMALLINT)type, &number, sizeof number, &length),
           SQL_HANDLE_DBC, session->connection);
    return number;
}

const char *odbc_info_text(struct odbc_session *session, unsigned type)
{
    SQLSMALLINT length = 0;
    session->value[0] = '\0';
    finish(session,
           SQLGetInfo(session->connection, (SQLUSMALLINT)type, session->value, 32000, &length),
           SQL_HANDLE_DBC, session->connection);
    return session->value;
}

void odbc_note(const struct odbc_session *session, const char *format, ...)
{
    va_list arguments;
    const char *next = session->diagnostics;
    printf("# ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf(*next == '\0' ? " -> good\n" : " ->\n");
    while (*next != '\0') {
        size_t length = strcspn(next, "\n");
        printf("#   %.*s\n", (int)length, next);
        next += length + (next[length] == '\n');
    }
}

void odbc_close(struct odbc_session *session)
{
    if (session->statement != NULL)
        SQLFreeHandle(SQL_HANDLE_STMT, session->statement);
    if (session->connection != NULL) {
        SQLDisconnect(session->connection);
        SQLFreeHandle(SQL_HANDLE_DBC, session->connection);
    }
    if (session->environment != NULL)
        SQLFreeHandle(SQL_HANDLE_ENV, session->environment);
    session->statement = NULL;
    session->connection = NULL;
    session->environment = NULL;
}
