/*
 * odbcssl as a guest in the application's process: fork, exit, unloading, the driver manager's
 * pool, signals, descriptors, and no output.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/fixture.h"

#define REPETITIONS 20
#define THREADS 6
#define POOLED "pooled"
#define CLOSING "closing"

static struct fixture fixture;

static bool connect_by(struct odbc_session *session, const char *driver, const char *extra)
{
    return odbc_connect(session, "%s;DRIVER={%s};Database=postgres;UID=%s;PWD=%s;%s", extra, driver,
                        POSTGRES_USER, POSTGRES_PASSWORD, getenv("TEST_SERVER"));
}

static void check_works(struct odbc_session *session)
{
    CHECK(odbc_query(session, "select 42"));
    CHECK_TEXT(session->value, "42");
}

/* ---- fork ---- */

static int exit_status(pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

/* 0: good; otherwise which step went wrong. */
static int use_in_child(struct odbc_session *session)
{
    struct odbc_session own = {0};
    if (odbc_fetch_all(session) != -1 || strcmp(session->sqlstate, "08S01") != 0 ||
        session->native != ODBCSSL_ERROR_FORKED)
        return 1;
    if (SQL_SUCCEEDED(SQLEndTran(SQL_HANDLE_DBC, session->connection, SQL_COMMIT)))
        return 2;
    SQLFreeHandle(SQL_HANDLE_STMT, session->statement);
    if (SQLDisconnect(session->connection) != SQL_SUCCESS ||
        SQLFreeHandle(SQL_HANDLE_DBC, session->connection) != SQL_SUCCESS)
        return 3;
    /* A child opens its own connections. */
    if (!connect_by(&own, ODBC_POSTGRESQL, "") || !odbc_query(&own, "select 42") ||
        strcmp(own.value, "42") != 0)
        return 4;
    odbc_close(&own);
    return 0;
}

CASE("a forked child leaves its parent's session alone")
{
    struct odbc_session session = {0};
    CHECK_FATAL(connect_by(&session, ODBC_POSTGRESQL, "UseDeclareFetch=1;Fetch=10"));
    CHECK(odbc_query(&session, "select pg_backend_pid()"));
    const char *pid = suite_text("%.20s", session.value);
    CHECK(odbc_query(&session, "select n from generate_series(1, 1000) n"));
    for (int i = 0; i < 3; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(use_in_child(&session));
        CHECK_NUMBER(exit_status(child), 0);
        CHECK_NUMBER(SQLFetch(session.statement), SQL_SUCCESS); /* in the midst of a result */
    }
    CHECK_NUMBER(odbc_fetch_all(&session), 1000 - 1 - 3);
    CHECK(odbc_query(&session, "select pg_backend_pid()"));
    CHECK_TEXT(session.value, pid);
    odbc_close(&session);
}

/* A child that only ends, as one that failed to exec: by exit, with all handlers of the process. */
CASE("a forked child that ends")
{
    struct odbc_session session = {0};
    CHECK_FATAL(connect_by(&session, ODBC_POSTGRESQL, ""));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        exit(7);
    CHECK_NUMBER(exit_status(child), 7);
    check_works(&session);
    odbc_close(&session);
}

/* ---- the process's end; in processes of their own ---- */

struct busy_thread {
    pthread_t thread;
    int number;
    pthread_barrier_t *busy;
};

/* Some run a query when the process ends, others are just connecting. */
static void *be_busy(void *argument)
{
    const struct busy_thread *busy = argument;
    struct odbc_session *session = calloc(1, sizeof *session);
    bool is_good = connect_by(session, ODBC_POSTGRESQL, "") && odbc_query(session, "select 1");
    if (!is_good)
        abort();
    pthread_barrier_wait(busy->busy);
    while (busy->number % 2 == 0)
        odbc_query(session, "select count(*) from generate_series(1, 100000)");
    for (;;) {
        odbc_close(session);
        connect_by(session, ODBC_POSTGRESQL, "");
    }
    return NULL;
}

static int end_while_busy(void)
{
    static struct busy_thread threads[THREADS];
    static pthread_barrier_t busy;
    /* Kerberos, which libpq asks as it connects, does not survive exit() beside a thread in it. */
    setenv("PGGSSENCMODE", "disable", 1);
    pthread_barrier_init(&busy, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (struct busy_thread){.number = i, .busy = &busy};
        if (pthread_create(&threads[i].thread, NULL, be_busy, &threads[i]) != 0)
            return 1;
    }
    pthread_barrier_wait(&busy);
    exit(0);
}

/* Connections, failures and a report, and not a word about it. */
static int be_silent(void)
{
    static struct odbc_session session;
    if (!connect_by(&session, ODBC_POSTGRESQL, "") ||
        !odbc_query(&session, "{call odbcssl_status}"))
        return 1;
    odbc_close(&session);
    if (connect_by(&session, ODBC_POSTGRESQL, "SslCrl=/nonexistent"))
        return 2;
    if (connect_by(&session, ODBC_POSTGRESQL, "UID=nobody"))
        return 3;
    if (!connect_by(&session, ODBC_POSTGRESQL, ""))
        return 4;
    return 0; /* with an open connection */
}

static const struct {
    const char *name;
    int (*run)(void);
} programs[] = {{"--end-while-busy", end_while_busy}, {"--be-silent", be_silent}};

/* Runs this program anew; its exit status, and all that it and its libraries print. */
static int run_program(const char *name, char *out, size_t size)
{
    char *const arguments[] = {(char *)"/proc/self/exe", (char *)name, NULL};
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* it ends in the midst of its work */
    return tools_spawn(arguments, out, size);
}

CASE("the end of a busy process")
{
    for (int i = 0; i < REPETITIONS; i++) {
        char out[4096];
        CHECK_NUMBER(run_program("--end-while-busy", out, sizeof out), 0);
        CHECK_TEXT(out, "");
    }
}

CASE("nothing is printed")
{
    char out[4096];
    CHECK_NUMBER(run_program("--be-silent", out, sizeof out), 0);
    CHECK_TEXT(out, "");
}

/* ---- unloading ---- */

CASE("a driver that is unloaded")
{
    struct odbc_session kept = {0};
    for (int i = 0; i < 3; i++) {
        struct odbc_session session = {0};
        CHECK_FATAL(connect_by(&session, CLOSING, ""));
        check_works(&session);
        odbc_close(&session); /* the driver manager calls dlclose */
    }
    CHECK_FATAL(connect_by(&kept, ODBC_POSTGRESQL, ""));
    check_works(&kept);
    odbc_close(&kept);
}

/* ---- signals and descriptors ---- */

#define SIGNAL_COUNT 65

static void read_handlers(struct sigaction *actions)
{
    for (int i = 1; i < SIGNAL_COUNT; i++)
        if (sigaction(i, NULL, &actions[i]) != 0)
            actions[i] = (struct sigaction){.sa_handler = SIG_DFL};
}

static unsigned long long read_blocked(const char *thread)
{
    char line[256];
    unsigned long long blocked = 0;
    FILE *file = fopen(suite_text("/proc/self/task/%s/status", thread), "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "SigBlk: %llx", &blocked);
    if (file != NULL)
        fclose(file);
    return blocked;
}

static bool is_blocked(unsigned long long mask, int number)
{
    return (mask >> (number - 1) & 1) != 0;
}

static bool is_relayed(void)
{
    return strcmp(odbc_transport(), "relay") == 0;
}

/* Every thread but the application's own blocks what could run a handler in it. */
static unsigned check_threads(void)
{
    static const int signals[] = {SIGPIPE, SIGCHLD, SIGALRM, SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    unsigned others = 0;
    const char *own = suite_text("%ld", (long)gettid());
    DIR *threads = opendir("/proc/self/task");
    CHECK_FATAL(threads != NULL);
    for (const struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, own) == 0)
            continue;
        others++;
        unsigned long long mask = read_blocked(entry->d_name);
        for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
            CHECK(is_blocked(mask, signals[i]));
    }
    closedir(threads);
    return others;
}

CASE("signals are the application's")
{
    static struct sigaction before[SIGNAL_COUNT], after[SIGNAL_COUNT];
    struct odbc_session session = {0};
    sigset_t own_before, own_after;
    sigemptyset(&own_before);
    sigemptyset(&own_after);
    read_handlers(before);
    pthread_sigmask(SIG_BLOCK, NULL, &own_before);
    CHECK_FATAL(connect_by(&session, ODBC_POSTGRESQL, ""));
    check_works(&session);
    CHECK_NUMBER(check_threads() > 0, is_relayed());
    pthread_sigmask(SIG_BLOCK, NULL, &own_after);
    odbc_close(&session);
    read_handlers(after);
    for (int i = 1; i < SIGNAL_COUNT; i++) {
        CHECK(before[i].sa_handler == after[i].sa_handler);
        CHECK_NUMBER(sigismember(&own_before, i), sigismember(&own_after, i));
    }
    CHECK(after[SIGPIPE].sa_handler == SIG_DFL);
}

CASE("descriptors are closed on exec")
{
    struct odbc_session session = {0};
    unsigned sockets = 0;
    CHECK_FATAL(connect_by(&session, ODBC_POSTGRESQL, ""));
    for (int i = 3; i < 256; i++) {
        char target[256];
        ssize_t length = readlink(suite_text("/proc/self/fd/%d", i), target, sizeof target - 1);
        if (length <= 0)
            continue;
        target[length] = '\0';
        if (strncmp(target, "socket:", 7) != 0 && strstr(target, "eventfd") == NULL)
            continue;
        sockets++;
        CHECK((fcntl(i, F_GETFD) & FD_CLOEXEC) != 0);
    }
    /* The session's; or the real driver's, both of the relay's, and its listener. */
    CHECK(sockets >= (is_relayed() ? 4 : 1));
    odbc_close(&session);
}

/* ---- the driver manager's pool; it is switched on for the whole process, so this comes last
 * ---- */

static SQLHENV environment;

/* The server's process of a connection that is then given back to the pool. */
static bool borrow(const char *extra, char *pid)
{
    struct odbc_session session = {.environment = environment};
    bool is_good =
        SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_DBC, environment, &session.connection)) &&
        connect_by(&session, POOLED, extra) && odbc_query(&session, "select pg_backend_pid()");
    if (!is_good)
        printf("# %s\n", session.diagnostics);
    snprintf(pid, 32, "%.20s", session.value);
    session.environment = NULL;
    odbc_close(&session);
    return is_good;
}

/* Waits until so many of the process's sockets were told that no more comes. */
static bool wait_for_hang_ups(int wanted)
{
    int found = 0;
    for (int i = 0; i < 500 && found < wanted; i++) {
        found = 0;
        for (int descriptor = 3; descriptor < 256; descriptor++) {
            struct pollfd polled = {.fd = descriptor, .events = POLLRDHUP};
            found += poll(&polled, 1, 0) == 1 && (polled.revents & POLLRDHUP) != 0;
        }
        if (found < wanted)
            poll(NULL, 0, 10);
    }
    return found >= wanted;
}

CASE("the driver manager's pool")
{
    char first[32], second[32], other[32], answer[64];
    SQLSetEnvAttr(NULL, SQL_ATTR_CONNECTION_POOLING, (SQLPOINTER)SQL_CP_ONE_PER_HENV, 0);
    CHECK_FATAL(SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_ENV, NULL, &environment)));
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    CHECK(borrow("", first));
    CHECK(borrow("", second));
    CHECK_TEXT(second, first);
    CHECK(borrow("SslMode=require", other)); /* other settings, another session */
    CHECK(strcmp(other, first) != 0);

    /* A session that the server ended is not handed out. */
    CHECK(postgres_query(fixture.postgres,
                         suite_text("select pg_terminate_backend(%s, 10000)", first), answer,
                         sizeof answer));
    CHECK_TEXT(answer, "t");
    /* Towards the server, and then towards the relay's real driver. */
    CHECK(wait_for_hang_ups(is_relayed() ? 2 : 1));
    CHECK(borrow("", second));
    CHECK(strcmp(second, first) != 0);
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
}

/* ---- set-up ---- */

static int set_up(void)
{
    static const char sections[] =
        "[ODBC]\nPooling=Yes\n"
        "[" POOLED "]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssl.so\n"
        "TargetDriver=psqlodbcw.so\nCPTimeout=60\n"
        "[" CLOSING "]\nDriver=@BUILD@/driver/odbc/../odbc/.libs/libodbcssl.so\n"
        "TargetDriver=psqlodbcw.so\nDontDLClose=0\n";
    if (fixture_open(&fixture, sections, NULL) != 0 ||
        !fixture_start(&fixture, "server", FIXTURE_HBA, false))
        return -1;
    return setenv("TEST_SERVER",
                  suite_text("Servername=localhost;Port=%u;SslMode=verify-full;SslRootCert=%s",
                             fixture_port(&fixture), fixture_path(&fixture, "root.pem")),
                  1);
}

SUITE("process", set_up, fixture_tear_down)

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof programs / sizeof programs[0]; i++)
        if (strcmp(argv[1], programs[i].name) == 0)
            return programs[i].run();
    return suite_main(argc, argv);
}
