/* The entry points beside each other, and after fork. */
#include <pthread.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sql.h>
#include <sqlext.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/odbc_fixture.h"
#include "support/stub_conn.h"
#include "support/suite.h"

static void *run_blocking(void *handle)
{
    return (void *)(intptr_t)SQLExecDirect(handle, (SQLCHAR *)"block", SQL_NTS);
}

CASE("SQLCancel ends a statement that waits")
{
    pthread_t thread;
    void *outcome;
    open_statement("fake.so");
    pthread_create(&thread, NULL, run_blocking, statement);
    while (fake->blocked == 0)
        sched_yield();
    CHECK_NUMBER(SQLCancel(statement), SQL_SUCCESS);
    pthread_join(thread, &outcome);
    CHECK_NUMBER((intptr_t)outcome, SQL_ERROR);
    CHECK_TEXT(record_of(SQL_HANDLE_STMT, statement, 1), "HY008 4 fake: cancelled");
    close_handles();
}

/* Other statements of the connection go on while one waits. */
CASE("a statement that waits stops no other")
{
    pthread_t thread;
    SQLHSTMT other;
    open_statement("fake.so");
    pthread_create(&thread, NULL, run_blocking, statement);
    while (fake->blocked == 0)
        sched_yield();
    CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_STMT, connection, &other), SQL_SUCCESS);
    CHECK_NUMBER(SQLExecDirect(other, (SQLCHAR *)"select 1", SQL_NTS), SQL_SUCCESS);
    CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_STMT, other), SQL_SUCCESS);
    SQLCancel(statement);
    pthread_join(thread, NULL);
    close_handles();
}

/* Its records may be written at that moment: the driver manager does not ask for them, either. */
CASE("SQLCancel that fails leaves the records of a statement that waits alone")
{
    pthread_t thread;
    open_statement("fake.so");
    pthread_create(&thread, NULL, run_blocking, statement);
    while (fake->blocked == 0)
        sched_yield();
    fake->refuses_cancelling = 1;
    int asked = fake->asked;
    setenv(STUB_CONN_BROKEN, "1", 1);
    CHECK_NUMBER(SQLCancel(statement), SQL_ERROR);
    CHECK_NUMBER(fake->asked, asked);
    unsetenv(STUB_CONN_BROKEN);
    fake->refuses_cancelling = 0;
    CHECK_NUMBER(SQLCancel(statement), SQL_SUCCESS);
    pthread_join(thread, NULL);
    close_handles();
}

static _Atomic(SQLHSTMT) cancel_target;
static atomic_int is_cancelling;

/* Cancels whatever the last statement was: alive, being freed, or gone. */
static void *keep_cancelling(void *unused)
{
    while (is_cancelling)
        SQLCancel(cancel_target);
    return unused;
}

CASE("SQLCancel beside freeing and disconnecting")
{
    pthread_t thread;
    open_statement("fake.so");
    cancel_target = statement;
    is_cancelling = 1;
    pthread_create(&thread, NULL, keep_cancelling, NULL);
    for (int i = 0; i < 300; i++) {
        SQLHSTMT fresh;
        CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_STMT, connection, &fresh), SQL_SUCCESS);
        cancel_target = fresh;
        SQLExecDirect(fresh, (SQLCHAR *)"fail", SQL_NTS);
        record_of(SQL_HANDLE_STMT, fresh, 1);
        CHECK_NUMBER(SQLFreeHandle(SQL_HANDLE_STMT, fresh), SQL_SUCCESS);
    }
    for (int i = 0; i < 100; i++) {
        SQLHSTMT fresh;
        CHECK_NUMBER(SQLDisconnect(connection), SQL_SUCCESS);
        CHECK_NUMBER(connect_to(connection, "fake.so", ""), SQL_SUCCESS);
        CHECK_NUMBER(SQLAllocHandle(SQL_HANDLE_STMT, connection, &fresh), SQL_SUCCESS);
        cancel_target = fresh;
        int seen = fake->cancelled;
        while (fake->cancelled == seen)
            sched_yield();
    }
    is_cancelling = 0;
    pthread_join(thread, NULL);
    close_handles();
}

/* In the child: every call is refused without the real driver, and freeing is quiet. */
static bool is_child_refused(void)
{
    fake->calls[0] = '\0';
    bool is_refused =
        SQLExecDirect(statement, (SQLCHAR *)"select 1", SQL_NTS) == SQL_ERROR &&
        strstr(record_of(SQL_HANDLE_STMT, statement, 1), "08S01 306 [odbcssl] ") != NULL &&
        SQLFreeHandle(SQL_HANDLE_STMT, statement) == SQL_SUCCESS &&
        SQLDisconnect(connection) == SQL_SUCCESS &&
        SQLFreeHandle(SQL_HANDLE_DBC, connection) == SQL_SUCCESS &&
        SQLFreeHandle(SQL_HANDLE_ENV, environment) == SQL_SUCCESS;
    return is_refused && fake->calls[0] == '\0';
}

CASE("a forked child is refused, and the parent goes on")
{
    int status = -1;
    open_statement("fake.so");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(is_child_refused() ? 0 : 1);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    CHECK_NUMBER(WEXITSTATUS(status), 0);
    CHECK_NUMBER(SQLExecDirect(statement, (SQLCHAR *)"select 1", SQL_NTS), SQL_SUCCESS);
    close_handles();
    CHECK_NUMBER(fake->handles, 0);
}

/* In a child with handles of its own. From here on the kernel kills it for any system call but the
 * last one. */
static void fetch_without_system_calls(void)
{
    char value[8];
    SQLLEN length;
    open_statement("fake.so");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
        _exit(2);
    for (int i = 0; i < 1000; i++) {
        SQLFetch(statement);
        SQLGetData(statement, 1, SQL_C_CHAR, value, sizeof value, &length);
    }
    syscall(SYS_exit, 0);
}

CASE("SQLFetch and SQLGetData make no system call")
{
    int status = -1;
    if (SUITE_IS_SANITIZED) {
        suite_skip("a sanitizer makes system calls and threads of its own");
        return;
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        fetch_without_system_calls();
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_NUMBER(status, 0);
}

SUITE("threads", NULL, NULL)
