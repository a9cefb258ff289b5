/*
 * test_differential.c - nothing of a real driver is lost or changed: one program calls every
 * function (interface/), once on the real driver and once through odbcssl, and each return code,
 * value and record has to be the same. What may differ is a row of the table below, with its
 * reason.
 *
 * ODBCSSL_TEST_SETTINGS: more settings for the runs through odbcssl.
 * ODBCSSL_TEST_KEEP: a folder that gets the logs.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/mariadb_server.h"
#include "support/suite.h"
#include "system/tds_fixture.h"

#define POSTGRESQL 1u
#define TDS 2u
#define MARIADB 4u
#define ALL (POSTGRESQL | TDS | MARIADB)

/* Patterns of fnmatch: '<' the real driver alone, '>' through odbcssl. A row that fits nothing in a
 * whole run of the test is an error, too. */
static struct difference {
    unsigned databases;
    const char *pattern;
    const char *reason;
    unsigned long count;
    bool is_by_chance; /* whether it is seen depends on numbers that the system gives out */
} differences[] = {
#include "system/differences.def"
};

#define DIFFERENCE_COUNT (sizeof differences / sizeof *differences)

struct database {
    unsigned bit;
    const char *dialect;
    const char *name;    /* of the real driver */
    const char *library; /* of odbcssl */
};

static const struct database psqlodbcw = {POSTGRESQL, "postgresql", "psqlodbcw.so", "libodbcssl"};
static const struct database psqlodbca = {POSTGRESQL, "postgresql", "psqlodbca.so", "libodbcssla"};
static const struct database freetds = {TDS, "tds", "libtdsodbc.so", "libodbcssl"};
static const struct database mariadb = {MARIADB, "mariadb", "libmaodbc.so", "libodbcssl"};

static struct tds_fixture fixture;
static struct mariadb_server *mariadb_server;
static unsigned databases_seen;

/* ---- servers and their tables ---- */

#define TABLES(real, timestamp, binary, more)                                                      \
    "CREATE TABLE things (id integer PRIMARY KEY, c_smallint smallint, c_bigint bigint, c_real "   \
    "" real ", c_double double precision, c_numeric numeric(12,4), c_char char(5), c_varchar "     \
    "varchar(30), c_text text, c_date date, c_time time, c_timestamp " timestamp                   \
    ", c_binary " binary ", c_bool boolean" more ");"                                              \
    "CREATE TABLE parts (id integer PRIMARY KEY, thing integer, name varchar(20) NOT NULL, "       \
    "FOREIGN KEY (thing) REFERENCES things (id));"                                                 \
    "CREATE INDEX parts_of ON parts (thing, name);"                                                \
    "CREATE TABLE counted (n integer PRIMARY KEY);"                                                \
    "INSERT INTO counted VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9),(10),(11),(12),(13),(14),"     \
    "(15),(16),(17),(18),(19),(20),(21),(22);"                                                     \
    "INSERT INTO things (id) VALUES (2), (3);"
#define ROW                                                                                        \
    "1, -7, 9007199254740993, 1.5, 2.25, 1234.5678, 'abc', 'gr\xC3\xBCn', 'a longer text',"        \
    "'2024-02-29', '12:34:56', '2024-02-29 12:34:56'"

static const char postgres_sql[] =
    TABLES("real", "timestamp", "bytea",
           ", c_uuid uuid") "CREATE TABLE sink (LIKE things INCLUDING ALL);"
                            "INSERT INTO things VALUES (" ROW
                            ", '\\x00ff10', true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');"
                            "CREATE FUNCTION add_one(i integer) RETURNS integer LANGUAGE sql AS "
                            "'SELECT i + 1';";

static const char mariadb_sql[] = "CREATE DATABASE work; USE work;" TABLES(
    "float", "datetime", "varbinary(30)",
    "") "CREATE TABLE sink LIKE things;"
        "INSERT INTO things VALUES (" ROW ", x'00ff10', true);"
        "CREATE PROCEDURE add_one(i integer) SELECT i + 1;"
        "CREATE USER demo@'%' IDENTIFIED BY 'secret'; GRANT ALL ON work.* TO demo@'%';";

static int set_up(void)
{
    if (tds_fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    setenv("PGOPTIONS", "-c lc_messages=C", 1);
    const struct postgres_options postgres = {
        .certificate = fixture_path(&fixture.base, "server.pem"),
        .key = fixture_path(&fixture.base, "server.key"),
        .hba = "host all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256",
        .sql = postgres_sql};
    if (postgres_is_installed() && !fixture_start_with(&fixture.base, &postgres))
        return -1;
    const struct mariadb_options maria = {.certificate = fixture_path(&fixture.base, "server.pem"),
                                          .key = fixture_path(&fixture.base, "server.key"),
                                          .sql = mariadb_sql};
    if (mariadb_is_installed()) {
        mariadb_server = mariadb_start(&maria);
        if (mariadb_server == NULL)
            return -1;
    }
    return fixture.is_available && !tds_fixture_start(&fixture, "server", "off", NULL) ? -1 : 0;
}

static int clean_up(void)
{
    mariadb_stop(&mariadb_server);
    tds_fixture_close(&fixture);
    return 0;
}

static bool is_skipped(const struct database *database)
{
    bool is_there = database->bit == POSTGRESQL ? fixture.base.postgres != NULL
                    : database->bit == MARIADB  ? mariadb_server != NULL
                                                : fixture.peer != NULL;
    if (!is_there)
        suite_skip("the server or the real driver is not there");
    return !is_there;
}

/* ---- the two runs ---- */

static const char *write_source(const struct database *database, bool is_ours, char *out,
                                size_t size)
{
    const char *common = "[data]\nDriver=Tested\n";
    const char *tls = is_ours ? "SslMode=verify-full\nSslRootCert=@\n" : "";
    if (database->bit == POSTGRESQL)
        snprintf(out, size,
                 "%sServername=localhost\nPort=%u\nDatabase=postgres\nUsername=demo\n"
                 "Password=secret\n%s",
                 common, fixture_port(&fixture.base), tls);
    else if (database->bit == MARIADB)
        snprintf(out, size,
                 "%sServer=127.0.0.1\nPort=%u\nDatabase=work\nUID=demo\nPWD=secret\n"
                 "Option=67108864\n%s",
                 common, mariadb_port(mariadb_server), tls);
    else
        snprintf(out, size,
                 "%sServer=127.0.0.1\nPort=%u\nDatabase=test\n"
                 "TDS_Version=7.4\n%s",
                 common, tds_peer_port(fixture.peer), tls);
    return out;
}

/* A folder "native" or "ours" with odbcinst.ini and odbc.ini; returns its path. */
static const char *configure(const struct database *database, bool is_ours)
{
    char source[4096];
    const char *folder = fixture_path(&fixture.base, is_ours ? "through" : "native");
    mkdir(folder, 0700);
    const char *driver =
        is_ours ? suite_text("[Tested]\nDriver=%s/%s.so\nTargetDriver=%s\nSslTransport=%s\n",
                             suite_built("driver/odbc/.libs"), database->library, database->name,
                             odbc_transport())
                : suite_text("[Tested]\nDriver=%s\n", database->name);
    write_source(database, is_ours, source, sizeof source);
    char *mark = strchr(source, '@');
    if (mark != NULL)
        snprintf(mark, sizeof source - (size_t)(mark - source), "%s\n",
                 fixture_path(&fixture.base, "root.pem"));
    pki_write_file(suite_text("%s/odbcinst.ini", folder), driver, strlen(driver), 0600);
    pki_write_file(suite_text("%s/odbc.ini", folder), source, strlen(source), 0600);
    return folder;
}

static int run_program(const char *program, const char *folder, const char *const *arguments)
{
    int status = -1;
    const char *path = suite_built(suite_text("tests/system/%s", program));
    const char *user = suite_text("%s/user.ini", folder);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setenv("ODBCSYSINI", folder, 1);
        setenv("ODBCINI", user, 1);
        execv(path, (char *const *)arguments);
        _exit(127);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool write_log(const struct database *database, const char *program, const char *version,
                      bool is_ours, const char *log)
{
    const char *more = getenv("ODBCSSL_TEST_SETTINGS");
    const char *const arguments[] = {
        program, log, database->dialect, version, is_ours && more != NULL ? more : "", NULL};
    int status = run_program(program, configure(database, is_ours), arguments);
    CHECK_NUMBER(status, 0);
    return status == 0;
}

/* ---- comparing ---- */

static bool is_expected(const struct database *database, const char *line)
{
    for (size_t i = 0; i < DIFFERENCE_COUNT; i++) {
        if ((differences[i].databases & database->bit) == 0 ||
            fnmatch(differences[i].pattern, line, 0) != 0)
            continue;
        differences[i].count++;
        return true;
    }
    return false;
}

static void compare(const struct database *database, const char *native, const char *ours)
{
    char line[16384];
    unsigned unexpected = 0;
    FILE *output = popen(suite_text("diff -a '%s' '%s'", native, ours), "r");
    CHECK_FATAL(output != NULL);
    while (fgets(line, sizeof line, output) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if ((line[0] != '<' && line[0] != '>') || is_expected(database, line))
            continue;
        if (unexpected++ < 40)
            printf("# %.400s\n", line);
    }
    pclose(output);
    CHECK_NUMBER(unexpected, 0);
}

static void keep(const char *log, const struct database *database, const char *program,
                 const char *version, const char *which)
{
    const char *folder = getenv("ODBCSSL_TEST_KEEP");
    if (folder == NULL)
        return;
    const char *command = suite_text("cp '%s' '%s/%s-%s-%s-%s.log'", log, folder, database->name,
                                     program, version, which);
    CHECK_NUMBER(system(command), 0);
}

static void check_same(const struct database *database, const char *program, const char *version)
{
    char native[4096], ours[4096];
    if (is_skipped(database))
        return;
    snprintf(native, sizeof native, "%s", fixture_path(&fixture.base, "native.log"));
    snprintf(ours, sizeof ours, "%s", fixture_path(&fixture.base, "ours.log"));
    bool is_written = write_log(database, program, version, false, native);
    keep(native, database, program, version, "native");
    if (!is_written)
        return;
    is_written = write_log(database, program, version, true, ours);
    keep(ours, database, program, version, "ours");
    if (is_written)
        compare(database, native, ours);
    databases_seen |= database->bit;
}

#define CASE_OF(driver, version, number, application, flavour)                                     \
    CASE(#driver ", ODBC " version ", " application " application")                                \
    {                                                                                              \
        check_same(&(driver), "interface-log-" flavour, number);                                   \
    }
#define CASES(driver)                                                                              \
    CASE_OF(driver, "3", "3", "ANSI", "ansi")                                                      \
    CASE_OF(driver, "3", "3", "Unicode", "wide")                                                   \
    CASE_OF(driver, "2", "2", "ANSI", "ansi")                                                      \
    CASE_OF(driver, "3.80", "380", "Unicode", "wide")

CASES(psqlodbcw)
CASES(psqlodbca)
CASES(freetds)
CASES(mariadb)

CASE("every row of the table of differences is needed")
{
    for (size_t i = 0; i < DIFFERENCE_COUNT; i++) {
        if ((differences[i].databases & databases_seen) == 0)
            continue;
        printf("# %lu times: %s (%s)\n", differences[i].count, differences[i].pattern,
               differences[i].reason);
        CHECK(differences[i].count > 0 || differences[i].is_by_chance);
    }
}

SUITE("interface", set_up, clean_up)
