/*
 * test_guest.c - what applications do around odbcssl: they have the driver manager load and unload
 * it again and again, set its Threading, speak another language, and take signals all the time.
 */
#include <locale.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/guest.h"

#define RELOADS 20
#define WARM_UP 3
#define THREADS 4
#define QUERIES 25
#define CLOSING "closing"
#define HOST_WITH_I "INSIGHT.example.com"

static struct fixture fixture;

/* ---- unloading ---- */

static unsigned count_libraries(void)
{
    char line[1024];
    unsigned count = 0;
    FILE *file = fopen("/proc/self/maps", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        count += strstr(line, ".so") != NULL;
    if (file != NULL)
        fclose(file);
    return count;
}

struct things {
    unsigned descriptors, threads, libraries;
};

static struct things count_things(void)
{
    return (struct things){suite_count_entries("/proc/self/fd"),
                           suite_count_entries("/proc/self/task"), count_libraries()};
}

/* The bare driver, by the libraries whose calls odbcssl has led to itself. */
static bool connect_bare(void)
{
    struct odbc_session session = {0};
    bool is_good =
        odbc_connect(&session, "%s",
                     fixture_source(&fixture, ODBC_NATIVE_POSTGRESQL, "SSLmode=require")) &&
        guest_works(&session);
    odbc_close(&session);
    return is_good;
}

/* Under its other name it is another driver to the driver manager, which closes it with the last
 * connection. */
CASE("a driver that is loaded and unloaded again and again")
{
    struct things before = {0};
    for (int i = 0; i < WARM_UP + RELOADS; i++) {
        struct odbc_session session = {0}, refused = {0};
        if (i == WARM_UP)
            before = count_things();
        CHECK_FATAL(odbc_connect(&session, "%s", guest_connection_string(CLOSING, "")));
        CHECK(guest_works(&session));
        CHECK(!odbc_connect(&refused, "%s",
                            guest_connection_string(CLOSING, "SslServerName=a.example.com")));
        CHECK_NUMBER(refused.native, ODBCSSL_ERROR_HOST);
        odbc_close(i % 2 == 0 ? &session : &refused);
        odbc_close(i % 2 == 0 ? &refused : &session);
        CHECK(connect_bare());
    }
    struct things after = count_things();
    CHECK_NUMBER(after.descriptors, before.descriptors);
    CHECK_NUMBER(after.threads, before.threads);
    CHECK_NUMBER(after.libraries, before.libraries);
}

/* ---- Threading in odbcinst.ini ---- */

struct worker {
    pthread_t thread;
    const char *driver;
    int number;
    bool is_good;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct odbc_session *session = calloc(1, sizeof *session);
    worker->is_good =
        session != NULL &&
        odbc_connect(session, "%s", guest_connection_string(worker->driver, "UID=demo"));
    for (int i = 0; i < QUERIES && worker->is_good; i++) {
        const char *wanted = suite_text("%d", worker->number * 1000 + i);
        worker->is_good =
            odbc_query(session, suite_text("select %s", wanted)) &&
            strcmp(session->value, wanted) == 0 &&
            odbc_info_number(session, SQL_SSL_STATE) == ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED;
    }
    if (session != NULL)
        odbc_close(session);
    free(session);
    return NULL;
}

CASE("Threading 0 to 3")
{
    for (int level = 0; level <= 3; level++) {
        struct worker workers[THREADS];
        const char *driver = suite_text("threading%d", level);
        for (int i = 0; i < THREADS; i++) {
            workers[i] = (struct worker){.driver = driver, .number = i};
            CHECK_FATAL(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(workers[i].thread, NULL);
            CHECK(workers[i].is_good);
        }
    }
}

/* ---- languages ---- */

/* Decimal commas, and a small I that is no i. */
static const struct language {
    const char *source, *characters;
} languages[] = {{"de_DE", "UTF-8"}, {"tr_TR", "UTF-8"}, {"tr_TR", "ISO-8859-9"}};

/* Makes the language in the test's folder. */
static bool make_language(const struct language *language, const char *name)
{
    char *path = suite_text("%s/%s", fixture.folder, name);
    char *const arguments[] = {(char *)"/usr/bin/localedef",
                               (char *)"-c",
                               (char *)"-i",
                               (char *)language->source,
                               (char *)"-f",
                               (char *)language->characters,
                               path,
                               NULL};
    tools_spawn(arguments, NULL, 0);
    return access(path, R_OK) == 0;
}

/* From where they differ. */
static void check_same(const char *found, const char *wanted)
{
    while (*found != '\0' && *found == *wanted) {
        found++;
        wanted++;
    }
    CHECK(*found == *wanted);
    if (*found != *wanted)
        printf("# found: %.200s\n# wanted: %.200s\n", found, wanted);
}

/* In a process of its own: prints all that can be read of connections whose keywords are written in
 * many ways, and why others are refused. */
static int tell_all(const char *comma)
{
    static struct odbc_session session;
    static const char *const settings[] = {
        "SSLMODE=VERIFY-FULL;sslminprotocol=tlsv1.2;SSLMINPROTOCOL=TLSV1.2;SslFilePermissions=KEY",
        "SslServerName=insight.example.com;SSLTIMEOUT=9",
        "SSLSERVERNAME=INSIGHT.example.com;SslCrlCheck=CHAIN;sslcrldir=@",
        "sslexpirywarningdays=400",
        "SslPriorities=x",
        "SslMode=verify_full_i"};
    setlocale(LC_ALL, "");
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        odbc_connect(&session, "%s", guest_connection_string(ODBC_POSTGRESQL, settings[i]));
        printf("%s:\n%s", settings[i], session.diagnostics);
        for (unsigned type = SQL_SSL_PROTOCOL_A;
             session.statement != NULL && type <= SQL_SSL_SUMMARY_A; type++)
            printf("%s\n", odbc_info_text(&session, type));
        odbc_close(&session);
    }
    return strcmp(suite_text("%.1f", 0.5), comma) == 0 ? 0 : 1;
}

CASE("German and Turkish")
{
    static char plain[100000], found[100000];
    char *arguments[] = {(char *)"/proc/self/exe", (char *)"--tell", (char *)"0.5", NULL};
    CHECK_NUMBER(tools_spawn(arguments, plain, sizeof plain), 0);
    CHECK_CONTAINS(plain, "DNS:" HOST_WITH_I);
    arguments[2] = (char *)"0,5";
    setenv("LOCPATH", fixture.folder, 1);
    setenv("LANGUAGE", "en", 1); /* for libc's own words */
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
        const char *name = suite_text("%s.%s", languages[i].source, languages[i].characters);
        if (!make_language(&languages[i], name)) {
            suite_skip("there is no source of locales (Debian's locales)");
            break;
        }
        setenv("LC_ALL", name, 1);
        CHECK_NUMBER(tools_spawn(arguments, found, sizeof found), 0);
        unsetenv("LC_ALL");
        check_same(found, plain);
    }
    unsetenv("LOCPATH");
    unsetenv("LANGUAGE");
}

/* ---- signals ---- */

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

static void set_timer(long microseconds)
{
    const struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* A profiler's signals, and those of programs that interrupt their calls on purpose. */
CASE("two thousand signals a second")
{
    struct odbc_session session = {0};
    static const int flags[] = {0, SA_RESTART};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags[i]}, before;
        sigaction(SIGALRM, &action, &before);
        signals = 0;
        set_timer(500);
        for (int k = 0; k < 5; k++) {
            CHECK(guest_connect(&session, ""));
            CHECK_TEXT(session.diagnostics, "");
            CHECK(odbc_query(&session, "select repeat('x', 50000) from generate_series(1, 100)"));
            CHECK_NUMBER(odbc_fetch_all(&session), 99);
            CHECK(odbc_query(&session, "select pg_sleep(0.01)"));
            odbc_close(&session);
        }
        set_timer(0);
        sigaction(SIGALRM, &before, NULL);
        CHECK(signals > 20);
    }
}

/* The process's own end of each TCP connection to the server. */
static unsigned shut_sockets(void)
{
    unsigned count = 0;
    for (int i = 3; i < 256; i++) {
        struct sockaddr_in name = {0};
        socklen_t length = sizeof name;
        if (getpeername(i, (struct sockaddr *)&name, &length) == 0 && name.sin_family == AF_INET &&
            name.sin_port == htons((uint16_t)fixture_port(&fixture)) &&
            name.sin_addr.s_addr == htonl(INADDR_LOOPBACK))
            count += shutdown(i, SHUT_WR) == 0;
    }
    return count;
}

/* SIGPIPE would end the process here: nobody writes where nothing can be sent any more. */
CASE("no SIGPIPE when the server has gone")
{
    struct odbc_session session = {0};
    CHECK_FATAL(guest_connect(&session, ""));
    CHECK_NUMBER(shut_sockets(), 1);
    for (int i = 0; i < 3; i++)
        CHECK(!odbc_query(&session, "select 42"));
    odbc_close(&session);
}

/* ---- set-up ---- */

#define THREADING(level)                                                                           \
    "[threading" #level "]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssl.so\n"                      \
    "TargetDriver=psqlodbcw.so\nThreading=" #level "\n"

static int set_up(void)
{
    if (fixture_open(&fixture,
                     "[" CLOSING "]\nDriver=@BUILD@/driver/odbc/../odbc/.libs/libodbcssl.so\n"
                     "TargetDriver=psqlodbcw.so\nDontDLClose=0\n" THREADING(0) THREADING(1)
                         THREADING(2) THREADING(3),
                     NULL) != 0)
        return -1;
    const struct pki_spec server = {.common_name = "db1",
                                    .issuer = fixture.root,
                                    .serial = "0101",
                                    .dns = PKI_LIST("localhost", HOST_WITH_I)};
    return fixture_issue(&fixture, "guest", &server, NULL) &&
                   fixture_start(&fixture, "guest", FIXTURE_HBA, false) && guest_publish(&fixture)
               ? 0
               : -1;
}

SUITE("guest", set_up, fixture_tear_down)

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--tell") == 0)
        return tell_all(argv[2]);
    return suite_main(argc, argv);
}
