/*
 * test_host.c - odbcssl in applications that give it little room: a connection works wherever the
 * real driver alone makes one.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/odbc.h"
#include "support/suite.h"
#include "system/fixture.h"

/* What odbcssl may need beside the real driver and libodbcinst, which take some 70: KiB. */
#define OUR_STACK 8

static struct fixture fixture;

static int set_up(void)
{
    if (fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    return fixture_start(&fixture, "server", FIXTURE_HBA, false) ? 0 : -1;
}

/* ---- small stacks ---- */

struct visit {
    SQLHENV environment;
    SQLHDBC connection;
    SQLHSTMT statement;
    char text[2000];
    char value[100];
    SQLCHAR state[6], message[2000];
};

/* All that a thread with little stack does: connects, asks, disconnects. */
static void *visit_server(void *argument)
{
    struct visit *visit = argument;
    SQLLEN length;
    if (SQL_SUCCEEDED(SQLDriverConnect(visit->connection, NULL, (SQLCHAR *)visit->text, SQL_NTS,
                                       NULL, 0, NULL, SQL_DRIVER_NOPROMPT)) &&
        SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, visit->connection, &visit->statement)) &&
        SQL_SUCCEEDED(SQLExecDirect(visit->statement, (SQLCHAR *)"select 42", SQL_NTS)) &&
        SQL_SUCCEEDED(SQLFetch(visit->statement)) &&
        SQL_SUCCEEDED(SQLGetData(visit->statement, 1, SQL_C_CHAR, visit->value, sizeof visit->value,
                                 &length)))
        SQLFreeHandle(SQL_HANDLE_STMT, visit->statement);
    else
        SQLGetDiagRec(SQL_HANDLE_DBC, visit->connection, 1, visit->state, NULL, visit->message,
                      sizeof visit->message, NULL);
    SQLDisconnect(visit->connection);
    return NULL;
}

/* In a child: 0 when the visit was good. */
static int visit_on(size_t stack, const char *connection_string)
{
    struct visit *visit = calloc(1, sizeof *visit);
    pthread_attr_t attributes;
    pthread_t thread;
    if (visit == NULL)
        return 2;
    snprintf(visit->text, sizeof visit->text, "%s", connection_string);
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &visit->environment);
    SQLSetEnvAttr(visit->environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, visit->environment, &visit->connection);
    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, stack) != 0 ||
        pthread_create(&thread, &attributes, visit_server, visit) != 0)
        return 3;
    pthread_join(thread, NULL);
    if (strcmp(visit->value, "42") == 0)
        return 0;
    fprintf(stderr, "# %s %s\n", (char *)visit->state, (char *)visit->message);
    return 1;
}

/* A crash counts as well: 1000 and the signal. */
static int visit_in_child(size_t stack, const char *connection_string)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(visit_on(stack, connection_string));
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

CASE("threads with small stacks connect where the bare driver does")
{
    if (FIXTURE_IS_SANITIZED) {
        suite_skip("a sanitizer needs more stack itself");
        return;
    }
    const char *crl = fixture_path(&fixture, "crl.pem");
    const char *native =
        fixture_source(&fixture, ODBC_NATIVE_POSTGRESQL,
                       suite_text("SSLmode=verify-full;pqopt={sslrootcert=%s sslcrl=%s}",
                                  fixture_path(&fixture, "root.pem"), crl));
    const char *ours = fixture_verified(&fixture, suite_text("SslCrl=%s", crl));
    for (size_t size = 64; size <= 128; size += 8) {
        int bare = visit_in_child(size * 1024, native);
        int found = visit_in_child((size + OUR_STACK) * 1024, ours);
        printf("# the bare driver with %zu KiB of stack: %d; odbcssl with %d more: %d\n", size,
               bare, OUR_STACK, found);
        CHECK(found == 0 || bare != 0);
    }
}

SUITE("host", set_up, fixture_tear_down)
