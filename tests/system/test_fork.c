/*
 * test_fork.c - forks, and the end of the process, in every state of a connection: the child may
 * connect for itself or end at once, the parent goes on, and the server sees no more than it
 * should.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/guest.h"

static struct fixture fixture;

/* An application, and the thread that connects or waits for a query in it. */
struct application {
    struct odbc_session session;
    pthread_t thread;
    struct silent_server silent; /* of STATE_CONNECTING */
    bool is_good;                /* what the thread did ended as it should */
};

enum state {
    STATE_NEW,          /* no ODBC call was made */
    STATE_ALLOCATED,    /* handles, and no connection */
    STATE_CONNECTING,   /* another thread waits for the server */
    STATE_IDLE,         /* connected */
    STATE_QUERYING,     /* another thread waits for a result */
    STATE_FETCHING,     /* rows of a result are left */
    STATE_REFUSED,      /* connecting failed */
    STATE_DISCONNECTED, /* the handles are still there */
    STATE_COUNT
};

static const char *const state_names[STATE_COUNT] = {
    "new", "allocated", "connecting", "idle", "querying", "fetching", "refused", "disconnected"};

static bool has_thread(enum state state)
{
    return state == STATE_CONNECTING || state == STATE_QUERYING;
}

static bool is_connected(enum state state)
{
    return state == STATE_IDLE || state == STATE_QUERYING || state == STATE_FETCHING;
}

static void *connect_in_vain(void *argument)
{
    struct application *application = argument;
    application->is_good =
        !guest_connect(&application->session,
                       suite_text("Port=%u;SslTimeout=300", application->silent.port)) &&
        strcmp(application->session.sqlstate, "08001") == 0;
    return NULL;
}

static void *wait_in_query(void *argument)
{
    struct application *application = argument;
    application->is_good = !odbc_query(&application->session, "select pg_sleep(300)") &&
                           strcmp(application->session.sqlstate, "57014") == 0;
    return NULL;
}

static bool reach(struct application *application, enum state state)
{
    struct odbc_session *session = &application->session;
    switch (state) {
    case STATE_NEW:
        return true;
    case STATE_ALLOCATED:
        return odbc_open(session);
    case STATE_CONNECTING:
        return odbc_open(session) && silent_open(&application->silent) &&
               pthread_create(&application->thread, NULL, connect_in_vain, application) == 0 &&
               silent_wait(&application->silent);
    case STATE_IDLE:
        return guest_connect(session, "");
    case STATE_QUERYING:
        return guest_connect(session, "") &&
               pthread_create(&application->thread, NULL, wait_in_query, application) == 0 &&
               guest_wait_for_sleeper();
    case STATE_FETCHING:
        return guest_connect(session, "UseDeclareFetch=1;Fetch=10") &&
               odbc_query(session, "select n from generate_series(1, 1000) n");
    case STATE_REFUSED:
        return !guest_connect(session, "SslServerName=other.example.com");
    case STATE_DISCONNECTED:
        if (!guest_connect(session, ""))
            return false;
        SQLFreeHandle(SQL_HANDLE_STMT, session->statement);
        session->statement = NULL;
        return SQLDisconnect(session->connection) == SQL_SUCCESS;
    case STATE_COUNT:
        break;
    }
    return false;
}

/* What the thread waits for ends, and what was open goes on as if nothing had been. */
static void go_on(struct application *application, enum state state)
{
    struct odbc_session *session = &application->session;
    if (state == STATE_CONNECTING)
        silent_close(&application->silent);
    if (state == STATE_QUERYING)
        CHECK_NUMBER(SQLCancel(session->statement), SQL_SUCCESS);
    if (has_thread(state)) {
        pthread_join(application->thread, NULL);
        CHECK(application->is_good);
    }
    if (state == STATE_FETCHING)
        CHECK_NUMBER(odbc_fetch_all(session), 999);
    CHECK(is_connected(state) ? guest_works(session) : guest_connect(session, ""));
    odbc_close(session);
    CHECK(guest_wait_for_clients(&fixture, 0));
}

/* --- a child --- */

static bool is_refused(const struct odbc_session *session)
{
    SQLCHAR state[6] = "";
    SQLINTEGER native = 0;
    return SQLEndTran(SQL_HANDLE_DBC, session->connection, SQL_COMMIT) == SQL_ERROR &&
           SQL_SUCCEEDED(SQLGetDiagRec(SQL_HANDLE_DBC, session->connection, 1, state, &native, NULL,
                                       0, NULL)) &&
           strcmp((const char *)state, "08S01") == 0 && native == ODBCSSL_ERROR_FORKED;
}

/* It gives its copies back, if no thread that it does not have was at work in them, and connects
 * for itself, twice. */
static int use_in_child(struct application *application, enum state state)
{
    struct odbc_session own = {0}, *session = &application->session;
    if (is_connected(state) && !has_thread(state)) {
        if (!is_refused(session))
            return 1;
        odbc_close(session);
        if (session->connection != NULL)
            return 2;
    } else if (!is_connected(state) && !has_thread(state)) {
        if (!guest_connect(session, ""))
            return 3;
        odbc_close(session);
    }
    for (int i = 0; i < 2; i++) {
        if (!guest_connect(&own, ""))
            return 4;
        odbc_close(&own);
    }
    return 0;
}

enum end { END_USE, END_EXIT, END_EXIT_AT_ONCE, END_COUNT };

static void be_child(struct application *application, enum state state, enum end end)
{
    switch (end) {
    case END_USE:
        _exit(use_in_child(application, state));
    case END_EXIT:
        exit(0);
    case END_EXIT_AT_ONCE:
    case END_COUNT:
        _exit(0);
    }
}

static void check_state(enum state state)
{
    struct application application = {.silent = {.listener = -1, .client = -1}};
    char pid[32] = "";
    if (has_thread(state) && SUITE_IS_SANITIZED) {
        suite_skip("a sanitizer's own locks are kept in a child that is forked beside threads");
        return;
    }
    CHECK_FATAL(reach(&application, state));
    if (state == STATE_IDLE && odbc_query(&application.session, "select pg_backend_pid()"))
        snprintf(pid, sizeof pid, "%.20s", application.session.value);
    for (enum end end = END_USE; end < END_COUNT; end++) {
        pid_t child = guest_fork();
        if (child == 0)
            be_child(&application, state, end);
        CHECK_NUMBER(guest_wait(child), 0);
    }
    CHECK(guest_wait_for_clients(&fixture, is_connected(state) ? 1 : 0));
    if (state == STATE_IDLE && odbc_query(&application.session, "select pg_backend_pid()"))
        CHECK_TEXT(application.session.value, pid);
    go_on(&application, state);
}

#define FORK_CASE(name, state)                                                                     \
    CASE(name)                                                                                     \
    {                                                                                              \
        check_state(state);                                                                        \
    }

/* The first one is to find a process without any ODBC call before it. */
FORK_CASE("a fork before the first call", STATE_NEW)
FORK_CASE("a fork before connecting", STATE_ALLOCATED)
FORK_CASE("a fork while a thread connects", STATE_CONNECTING)
FORK_CASE("a fork of a connected process", STATE_IDLE)
FORK_CASE("a fork while a thread waits in a query", STATE_QUERYING)
FORK_CASE("a fork in the midst of a result", STATE_FETCHING)
FORK_CASE("a fork after a refusal", STATE_REFUSED)
FORK_CASE("a fork after disconnecting", STATE_DISCONNECTED)

/* A grandchild, of a child that has connections of its own. */
CASE("a fork of a fork")
{
    struct application application = {0};
    CHECK_FATAL(reach(&application, STATE_IDLE));
    pid_t child = guest_fork();
    if (child == 0) {
        struct application own = {0};
        if (!reach(&own, STATE_IDLE))
            _exit(10);
        pid_t grandchild = guest_fork();
        if (grandchild == 0)
            _exit(use_in_child(&own, STATE_IDLE) + use_in_child(&application, STATE_IDLE));
        int status = guest_wait(grandchild);
        bool works = guest_works(&own.session);
        odbc_close(&own.session);
        _exit(works ? status : 11);
    }
    CHECK_NUMBER(guest_wait(child), 0);
    go_on(&application, STATE_IDLE);
}

/* --- the end of a process with connections; in processes of their own --- */

static const struct {
    const char *name;
    bool is_clean; /* handlers run, so the server gets a close_notify */
} ends[] = {{"exit", true}, {"return", true}, {"_exit", false}, {"abort", false}};

#define END_STATUS 7

/* Of main: its return value, or it does not return. */
static int end_in_state(const char *state_name, const char *end)
{
    static struct application application;
    enum state state = STATE_NEW;
    while (state < STATE_COUNT && strcmp(state_name, state_names[state]) != 0)
        state++;
    if (!reach(&application, state))
        return 1;
    if (strcmp(end, "exit") == 0)
        exit(END_STATUS);
    if (strcmp(end, "_exit") == 0)
        _exit(END_STATUS);
    if (strcmp(end, "abort") == 0)
        abort();
    return END_STATUS;
}

/* What the server has written since it was asked last. */
static const char *read_log(void)
{
    static char text[1 << 20];
    static size_t seen;
    CHECK_FATAL(postgres_query(fixture.postgres, "select pg_read_file(pg_current_logfile())", text,
                               sizeof text));
    const char *news = text + (seen < strlen(text) ? seen : strlen(text));
    seen = strlen(text);
    return news;
}

/* A TLS session without close_notify at its end, or a connection that was reset. */
static bool is_unclean(const char *log)
{
    return strstr(log, "unexpected eof while reading") != NULL ||
           strstr(log, "could not receive data from client") != NULL;
}

static void check_end(enum state state, size_t number)
{
    char out[2048];
    char *const arguments[] = {(char *)"/proc/self/exe", (char *)"--end",
                               (char *)state_names[state], (char *)ends[number].name, NULL};
    int wanted = strcmp(ends[number].name, "abort") == 0 ? 1000 + 6 : END_STATUS;
    int found = tools_spawn(arguments, out, sizeof out);
    printf("# %s, %s: %d\n", state_names[state], ends[number].name, found);
    CHECK_NUMBER(found, wanted);
    CHECK_TEXT(out, "");
    CHECK(guest_wait_for_clients(&fixture, 0));
    const char *log = read_log();
    /* In a query the server sees the end of the connection before it reads what came with it. */
    if (is_connected(state) && state != STATE_QUERYING &&
        is_unclean(log) == ends[number].is_clean) {
        CHECK_TEXT(log, ends[number].is_clean ? "a clean end" : "an unclean end");
    }
}

static void check_ends(size_t number)
{
    static const enum state states[] = {STATE_CONNECTING, STATE_IDLE, STATE_QUERYING,
                                        STATE_FETCHING, STATE_DISCONNECTED};
    read_log(); /* of the cases before this one */
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        check_end(states[i], number);
}

CASE("exit ends every session clean")
{
    check_ends(0);
}

CASE("so does the return from main")
{
    check_ends(1);
}

CASE("_exit leaves nothing at the server")
{
    check_ends(2);
}

CASE("nor does abort")
{
    check_ends(3);
}

/* --- set-up --- */

static int set_up(void)
{
    static const char *const settings[] = {"client_connection_check_interval=50",
                                           "logging_collector=on", "log_min_messages=log", NULL};
    if (fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    const struct postgres_options options = {.certificate = fixture_path(&fixture, "server.pem"),
                                             .key = fixture_path(&fixture, "server.key"),
                                             .hba = FIXTURE_HBA,
                                             .settings = settings};
    /* While it connects libpq asks for Kerberos credentials, and Kerberos ends with exit() even
     * where a thread is in the midst of it. */
    setenv("PGGSSENCMODE", "disable", 1);
    return fixture_start_with(&fixture, &options) && guest_publish(&fixture) ? 0 : -1;
}

SUITE("fork", set_up, fixture_tear_down)

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--end") == 0)
        return end_in_state(argv[2], argv[3]);
    return suite_main(argc, argv);
}
