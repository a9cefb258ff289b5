/* Connecting and its refusals, transactions, disconnecting. */
#include <stdint.h>
#include <stdio.h>

#include "system/interface/log.h"

static void open_connection(struct run *run)
{
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &run->environment);
    SQLSetEnvAttr(run->environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)(intptr_t)run->version, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, run->environment, &run->connection);
}

static void close_connection(struct run *run)
{
    SQLFreeHandle(SQL_HANDLE_DBC, run->connection);
    SQLFreeHandle(SQL_HANDLE_ENV, run->environment);
}

static SQLRETURN connect_with(const struct run *run, const char *settings)
{
    char text[2048];
    SQLTCHAR out[2048] = {0};
    SQLSMALLINT length = 0;
    snprintf(text, sizeof text, "DSN=data;%s%s", run->more, settings);
    SQLRETURN outcome = SQLDriverConnect(run->connection, NULL, log_take(text), SQL_NTS, out,
                                         sizeof out / sizeof *out, &length, SQL_DRIVER_NOPROMPT);
    log_call(SQL_HANDLE_DBC, run->connection, outcome, "SQLDriverConnect(%s)", settings);
    log_text("SQLDriverConnect(%s) out %d '%s'", settings, length, log_printable(out, 2048));
    return outcome;
}

void interface_connect(struct run *run)
{
    log_part("connect");
    open_connection(run);
    LOG_CONNECTION(run->connection,
                   SQLAllocHandle(SQL_HANDLE_STMT, run->connection, &run->statement));
    if (!SQL_SUCCEEDED(connect_with(run, run->dialect->login)))
        return;
    connect_with(run, run->dialect->login); /* a second time */
    LOG_CONNECTION(run->connection,
                   SQLAllocHandle(SQL_HANDLE_STMT, run->connection, &run->statement));
    if (run->dialect->columns != NULL)
        SQLExecDirect(run->statement, TEXT_OF("DELETE FROM sink"), SQL_NTS);
}

void interface_renew(struct run *run)
{
    SQLFreeHandle(SQL_HANDLE_STMT, run->statement);
    run->statement = SQL_NULL_HSTMT;
    SQLAllocHandle(SQL_HANDLE_STMT, run->connection, &run->statement);
}

void interface_refused(const struct run *given)
{
    struct run run = *given;
    log_part("refused");
    open_connection(&run);
    char settings[256];
    connect_with(&run, "UID=nobody;PWD=wrong;");
    snprintf(settings, sizeof settings, "%sDatabase=nowhere;", run.dialect->login);
    connect_with(&run, settings);
    LOG_CONNECTION(run.connection, SQLConnect(run.connection, TEXT_OF("nothing"), SQL_NTS,
                                              TEXT_OF("u"), SQL_NTS, TEXT_OF("p"), SQL_NTS));
    LOG_CONNECTION(run.connection, SQLConnect(run.connection, TEXT_OF("data"), SQL_NTS,
                                              TEXT_OF("nobody"), SQL_NTS, TEXT_OF("p"), SQL_NTS));
    LOG_CONNECTION(run.connection, SQLDisconnect(run.connection));
    /* psqlodbc and FreeTDS do not have it, and what is in the text then is chance; MariaDB's driver
     * answers. */
    SQLTCHAR asked[256] = {0};
    SQLSMALLINT length = -1;
    LOG_CONNECTION(run.connection, SQLBrowseConnect(run.connection, TEXT_OF("DSN=data"), SQL_NTS,
                                                    asked, 256, &length));
    SQLRETURN outcome = LOG_CONNECTION(
        run.connection, SQLConnect(run.connection, TEXT_OF("data"), SQL_NTS, NULL, 0, NULL, 0));
    if (SQL_SUCCEEDED(outcome))
        LOG_CONNECTION(run.connection, SQLDisconnect(run.connection));
    close_connection(&run);
}

void interface_transactions(struct run *run)
{
    SQLHDBC connection = run->connection;
    log_part("transactions");
    LOG_CONNECTION(connection, SQLSetConnectAttr(connection, SQL_ATTR_AUTOCOMMIT,
                                                 (SQLPOINTER)SQL_AUTOCOMMIT_OFF, 0));
    interface_execute(run, run->dialect->selects[0]);
    SQLFreeStmt(run->statement, SQL_CLOSE);
    if (run->dialect->columns != NULL) {
        interface_execute(run, "DELETE FROM things WHERE id = 2");
        LOG_CONNECTION(connection, SQLEndTran(SQL_HANDLE_DBC, connection, SQL_ROLLBACK));
        interface_execute(run, "SELECT id FROM things ORDER BY id");
        interface_dump(run, 10);
    }
    LOG_CONNECTION(connection, SQLEndTran(SQL_HANDLE_DBC, connection, SQL_COMMIT));
    LOG_CONNECTION(connection, SQLEndTran(SQL_HANDLE_DBC, connection, 7));
    log_call(SQL_HANDLE_ENV, run->environment,
             SQLEndTran(SQL_HANDLE_ENV, run->environment, SQL_COMMIT), "SQLEndTran(environment)");
    LOG_CONNECTION(connection, SQLSetConnectAttr(connection, SQL_ATTR_AUTOCOMMIT,
                                                 (SQLPOINTER)SQL_AUTOCOMMIT_ON, 0));
}

void interface_disconnect(struct run *run)
{
    log_part("disconnect");
    LOG_CONNECTION(run->connection, SQLSetConnectAttr(run->connection, SQL_ATTR_AUTOCOMMIT,
                                                      (SQLPOINTER)SQL_AUTOCOMMIT_OFF, 0));
    interface_execute(run, run->dialect->selects[0]); /* begins a transaction */
    LOG_CONNECTION(run->connection, SQLDisconnect(run->connection));
    LOG_CONNECTION(run->connection, SQLDisconnect(run->connection));
    close_connection(run);
}
