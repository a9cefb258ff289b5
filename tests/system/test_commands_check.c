/*
 * test_commands_check.c - `odbcssl check` says what will happen: whether the driver manager comes
 * to odbcssl at all, what in its files is read otherwise than it looks, what a mode leaves open;
 * for one data source, for all, and as a page in a browser.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/command.h"
#include "support/odbc.h"
#include "support/private_server.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/fixture.h"

static struct fixture fixture;

static void start_postgres(const char *name)
{
    CHECK_FATAL(fixture_start(&fixture, name, NULL, false));
}

/* The user's odbc.ini: %s stands for the folder. */
static void write_sources(const char *text, mode_t mode)
{
    const char *path = fixture_path(&fixture, "user.ini");
    CHECK_FATAL(pki_write_file(path, text, strlen(text), mode));
    CHECK_FATAL(chmod(path, mode) == 0);
}

/* A section for the server that runs. */
static const char *good_source(const char *name, const char *more)
{
    return suite_text("[%s]\nDriver=%s\nServername=localhost\nPort=%u\nDatabase=postgres\n"
                      "SslRootCert=%s\n%s\n",
                      name, ODBC_POSTGRESQL, fixture_port(&fixture),
                      fixture_path(&fixture, "root.pem"), more);
}

/* ---- the way to odbcssl ---- */

CASE("no such data source")
{
    write_sources("[sales]\nDriver=" ODBC_POSTGRESQL "\n[stock]\nDriver=" ODBC_POSTGRESQL "\n",
                  0600);
    CHECK_NUMBER(COMMAND_RUN("check", "slaes"), 1);
    const char *looked = suite_text(
        "there is no data source \"slaes\"; looked in %s (ODBCINI of this user) and %s: did you "
        "mean \"sales\"?",
        fixture_path(&fixture, "user.ini"), fixture_path(&fixture, "odbc.ini"));
    command_check_fact("FAIL", "data source", looked);
    CHECK_CONTAINS(command_output, "FAIL  (IM002) there is no data source");
    CHECK_CONTAINS(command_output, "odbcssl dsn NAME");
    command_check_absent("Settings");
    CHECK_NUMBER(COMMAND_RUN("check", "zzz"), 1);
    CHECK_CONTAINS(command_output, "there are \"sales\", \"stock\"");
    /* Where there is a DEFAULT, the driver manager takes it. */
    write_sources("[DEFAULT]\nDriver=" ODBC_POSTGRESQL "\nServername=localhost\nPort=1\n", 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "slaes"), 1);
    command_check_fact("WARN", "data source", "takes [DEFAULT] in its place");
    command_check_fact("FAIL", "TCP", "refused");
    /* To libodbcinst an empty variable is none. It would make the file in the home folder of who
     * runs the test, if it looked for it. */
    setenv("ODBCSEARCH", "ODBC_SYSTEM_DSN", 1);
    setenv("ODBCINI", "", 1);
    CHECK_NUMBER(COMMAND_RUN("check", "surely not there"), 1);
    CHECK_CONTAINS(command_output, "/.odbc.ini (the home folder of this user)");
    unsetenv("ODBCSEARCH");
    setenv("ODBCINI", fixture_path(&fixture, "user.ini"), 1);
}

/* As some editors save a file: nothing of it counts, and nobody sees why. */
CASE("a file that unixODBC does not read")
{
    CHECK_FATAL(command_make_library_folder(fixture_path(&fixture, "lib")));
    const char *library = suite_text("--library-dir=%s", fixture_path(&fixture, "lib"));
    const char *reason = suite_text("unixODBC reads nothing of %s, as line 2, the first that is no "
                                    "comment, is no [section]",
                                    fixture_path(&fixture, "user.ini"));
    const char *const dsn[] = {"dsn",      "sales",       "--target", "psqlodbcw",
                               "--server", "127.0.0.1:1", library,    NULL};
    write_sources("; sales\n\xef\xbb\xbf[sales]\nDriver=" ODBC_POSTGRESQL "\n", 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "sales"), 1);
    command_check_fact("FAIL", "data source", suite_text("%s: a byte order mark", reason));
    CHECK_NUMBER(command_run(dsn), 1);
    CHECK_CONTAINS(command_output, suite_text("[sales] cannot be written: %s", reason));
    CHECK_NUMBER(COMMAND_RUN("check", "--all"), 3);
    CHECK_CONTAINS(command_output, suite_text("uses odbcssl; %s", reason));
    write_sources("; sales\nsales\n[sales]\nDriver=" ODBC_POSTGRESQL "\n", 0600);
    CHECK_NUMBER(COMMAND_RUN("adopt", "sales"), 1);
    CHECK_CONTAINS(command_output, suite_text("there are none; %s\n", reason));
    setenv("ODBCINI", suite_text("%s/none", fixture_path(&fixture, "user.ini")), 1);
    CHECK_NUMBER(COMMAND_RUN("check", "sales"), 1);
    command_check_fact("FAIL", "data source", "user.ini/none: Not a directory");
    setenv("ODBCINI", fixture_path(&fixture, "user.ini"), 1);
    /* Blanks in the brackets are none of the name, so it is taken. */
    write_sources("[ sales ]\nDriver=" ODBC_POSTGRESQL "\n", 0600);
    CHECK_NUMBER(command_run(dsn), 1);
    CHECK_CONTAINS(command_output, "there is a data source sales already");
}

CASE("a data source that is a file of its own")
{
    write_sources("[sales]\nDriver=" ODBC_POSTGRESQL "\n", 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "-k", "FILEDSN=/home/me/sales.dsn;UID=me"), 1);
    command_check_fact("FAIL", "data source", "FILEDSN=/home/me/sales.dsn");
    CHECK_CONTAINS(strstr(command_output, "What to do"),
                   "Give the settings that stand in the file");
    command_check_absent("DEFAULT");
    /* The driver manager does not open it. */
    CHECK_NUMBER(COMMAND_RUN("check", "-k", "DSN=sales;FILEDSN=/home/me/sales.dsn"), 1);
    command_check_absent("is not checked");
}

/* Each as the driver manager itself finds it. */
static const struct wrong_driver {
    const char *driver;
    const char *fact;
    const char *text;
    const char *advice;
    const char *state; /* that connecting leads to; NULL: it is not tried */
} wrong_drivers[] = {
    {"psqlodbcw", "driver", "does not use odbcssl: its driver is ", "odbcssl adopt wrong", NULL},
    {"TLS PostgreSQl Unicode", "driver", "is no section of ", "Set Driver to a section", "IM002"},
    {"libodbcssl.so", "driver", "is no section of ", "whole path", "IM002"},
    {"Moved", "library", "/nowhere/libodbcssl.so", "Correct Driver", "01000"},
    {"Bare", "library", "cannot open Driver=libodbcssl.so of odbcinst.ini [Bare]", "Driver",
     "01000"},
    {"", "driver", "has no Driver", "odbcssl install", "IM002"},
};

CASE("data sources that do not come to odbcssl")
{
    for (size_t i = 0; i < sizeof wrong_drivers / sizeof wrong_drivers[0]; i++) {
        const struct wrong_driver *row = &wrong_drivers[i];
        struct odbc_session session = {0};
        char name[32];
        /* The name differs, as libodbcinst remembers what this process read. */
        snprintf(name, sizeof name, row->state == NULL ? "wrong" : "wrong%zu", i);
        const char *text = suite_text("[%s]\nDriver=%s\nServername=localhost\nPort=1\n"
                                      "SslMode=verify-full\n",
                                      name, row->driver);
        write_sources(text, 0600);
        CHECK_NUMBER(COMMAND_RUN("check", name), 1);
        command_check_fact("FAIL", row->fact, row->text);
        CHECK_CONTAINS(strstr(command_output, "What to do"), row->advice);
        if (row->state == NULL)
            continue;
        CHECK(!odbc_connect(&session, "DSN=%s", name));
        CHECK_TEXT(session.sqlstate, row->state);
        odbc_close(&session);
    }
    /* In a connection string a driver may be a library, but this one is a typing error. */
    CHECK_NUMBER(COMMAND_RUN("check", "-k", "DRIVER={psqlodbc};Servername=localhost"), 1);
    command_check_fact("FAIL", "driver", "DRIVER=psqlodbc is neither a section of ");
    CHECK_CONTAINS(command_output, "nor a library: did you mean \"psqlodbcw\"");
    CHECK_CONTAINS(command_output, "FAIL  (01000)");
}

CASE("an ANSI driver under the Unicode library, and the reverse")
{
    write_sources("[wide]\nDriver=Wide over ANSI\nServername=localhost\nPort=1\n"
                  "[ansi]\nDriver=ANSI over wide\nServername=localhost\nPort=1\n"
                  "[fit]\nDriver=" ODBC_POSTGRESQL_ANSI "\nServername=localhost\nPort=1\n",
                  0600);
    CHECK_NUMBER(COMMAND_RUN("check", "wide"), 1);
    command_check_fact("FAIL", "library", "psqlodbca.so has only ANSI functions");
    CHECK_CONTAINS(command_output, "Name libodbcssla.so by Driver");
    CHECK_NUMBER(COMMAND_RUN("check", "ansi"), 1);
    command_check_fact("FAIL", "library", "psqlodbcw.so is a Unicode driver");
    CHECK_NUMBER(COMMAND_RUN("check", "fit"), 1);
    command_check_fact("OK", "library", "libodbcssla.so");
    command_check_absent("FAIL  library");
}

/* ---- lines ---- */

static const char odd_lines[] = "Port=5432\n"
                                "Fetch=\"100\"\n"
                                "; a comment of its own\n"
                                "Description=Sales  ; of last year\n"
                                "Username=demo\xc2\xa0\n"
                                "Threading=1\n"
                                "B6=1\n"
                                "Databse=sales\n"
                                "Password=\"secret ; not a comment\"\n";

CASE("lines that are read otherwise than they look")
{
    start_postgres("server");
    write_sources(good_source("odd", odd_lines), 0644);
    CHECK_NUMBER(COMMAND_RUN("check", "odd"), 0);
    command_check_fact("WARN", "Port", "user.ini line 7: the keyword stands in this section twice");
    command_check_fact("WARN", "Fetch", "line 8: the quotes are part of the value");
    command_check_fact("WARN", "Description", "line 10: what looks like a comment is part");
    command_check_fact("WARN", "Username", "line 11: the value begins or ends with a no-break");
    command_check_fact("WARN", "Threading", "line 12: the driver manager reads this keyword in");
    command_check_fact("WARN", "B6", "line 13: the real driver reads this keyword in connection");
    command_check_fact("WARN", "Databse", "line 14: neither odbcssl nor the real driver knows");
    command_check_fact("WARN", "Password", "line 15: a password stands here, and everybody");
    CHECK_CONTAINS(command_output, "Verdict\n  WARN  a connection would be: encrypted");
    CHECK_CONTAINS(command_output, "  WARN  Fetch              Take the quotes away.");
    command_check_absent("not a comment");
    write_sources(good_source("hidden", "pqopt=keepalives=1 password=topsecret"), 0644);
    CHECK_NUMBER(COMMAND_RUN("check", "hidden"), 0);
    command_check_fact("WARN", "pqopt", "line 7: a password stands here, and everybody");
    command_check_absent("topsecret");
    /* The same is good where only the user reads it. */
    write_sources(good_source("even", "Password=secret"), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "even"), 0);
    command_check_absent("WARN");
    CHECK_CONTAINS(command_output, "Verdict\n  OK    a connection would be: encrypted");
    /* Connecting is refused, and it is still known which data source that is. */
    write_sources(good_source("double", "SslMode=prefer\nSslMode=require"), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "double"), 1);
    command_check_fact("OK", "data source", "[double] of ");
    command_check_fact("FAIL", "settings", "odbc.ini [double] has SslMode more than once");
    /* A keyword of the real driver in odbcssl's section of odbcinst.ini. */
    write_sources("[lost]\nDriver=With more\nServername=localhost\nPort=1\n", 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "lost"), 1);
    command_check_fact("WARN", "Servername", "nobody reads this keyword in a section of odbcssl");
}

/* Each is refused when connecting, before the server hears of it. */
CASE("a value that the real driver cannot be given")
{
    struct odbc_session session = {0};
    start_postgres("server");
    write_sources(good_source("untold", "ReadOnly = 0 ; not read-only\nPassword=topsecret"), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "untold"), 1);
    command_check_fact("FAIL", "settings", "the value of ReadOnly cannot be given to the real");
    CHECK_CONTAINS(command_output, "FAIL  (102)");
    command_check_fact("OK", "TCP", "connected");
    command_check_absent("topsecret");
    CHECK(!odbc_connect(&session, "DSN=untold;UID=%s;PWD=%s", POSTGRES_USER, POSTGRES_PASSWORD));
    CHECK_TEXT(session.sqlstate, "HY024");
    odbc_close(&session);
    /* Latin-1: an application with ANSI functions hands it on as it is. */
    write_sources(good_source("latin", "Username=ren\xe9"), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "latin"), 0);
    command_check_fact("WARN", "settings", "Unicode functions are refused: the value of Username");
    write_sources(good_source("told", "ReadOnly = 0"), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "told"), 0);
    command_check_absent("FAIL");
}

/* What is to be done is not what would make it worse, or has been done. */
CASE("advice for settings of the real driver")
{
    static const struct {
        const char *line, *reason, *advice;
    } rows[] = {
        {"ReadOnly={0;1}", "the value of ReadOnly cannot be given",
         "a value that it takes: the error"},
        {"SSLVERIFY=1", "say SslMode=verify-full", "Write what the error names in the keyword's"},
        {NULL, "without its certificate: set SslCert", "Set what the error says, or"},
    };
    start_postgres("server");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *key = suite_text("SslKey=%s", fixture_path(&fixture, "client.key"));
        write_sources(good_source("advised", rows[i].line != NULL ? rows[i].line : key), 0600);
        CHECK_NUMBER(COMMAND_RUN("check", "advised"), 1);
        CHECK_CONTAINS(command_output, rows[i].reason);
        CHECK_CONTAINS(strstr(command_output, "What to do"), rows[i].advice);
    }
}

/* ---- the verdict ---- */

CASE("modes that leave something open")
{
    static const struct {
        const char *more, *mark, *gap;
    } rows[] = {
        {"SslMode=verify-full", "OK", NULL},
        {"SslMode=verify-ca", "WARN", "the name is not compared"},
        {"SslMode=require", "WARN", "the name is not compared"},
        {"SslMode=prefer", "WARN", "plaintext is accepted"},
        {"SslMode=allow", "WARN", "begins in plaintext"},
        {"SslMode=disable", "WARN", "everything travels in plaintext"},
    };
    start_postgres("server");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_sources(good_source("modes", rows[i].more), 0600);
        CHECK_NUMBER(COMMAND_RUN("check", "modes"), 0);
        CHECK_CONTAINS(strstr(command_output, "Verdict"),
                       suite_text("  %-5s a connection would be", rows[i].mark));
        if (rows[i].gap != NULL)
            command_check_fact("WARN", "SslMode", rows[i].gap);
    }
}

/* A number and its unit stand behind each step that may take time. */
CASE("how long each step took")
{
    static const char *const steps[] = {"address", "TCP", "switch to TLS", "handshake"};
    start_postgres("server");
    write_sources(good_source("timed", ""), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "timed"), 0);
    for (size_t i = 0; i < 4; i++)
        command_check_fact("OK", steps[i], " ms]");
}

/* The server takes connections and says nothing. */
CASE("a step that takes long is alive")
{
    uint16_t port = 0;
    int silent = tools_listen(&port);
    CHECK_FATAL(silent >= 0);
    write_sources(suite_text("[silent]\nDriver=%s\nServername=localhost\nPort=%u\n"
                             "SslMode=require\nSslTimeout=3\n",
                             ODBC_POSTGRESQL, port),
                  0600);
    CHECK_NUMBER(command_run_on_terminal("", (const char *const[]){"check", "silent", NULL}), 1);
    CHECK_CONTAINS(command_output, suite_text("connecting to localhost, port %u, 2 s", port));
    command_check_fact("FAIL", "switch to TLS", "ms]");
    CHECK_NUMBER(COMMAND_RUN("check", "silent"), 1);
    command_check_absent("connecting to");
    close(silent);
}

/* ---- all of them ---- */

static const char *three_sources(void)
{
    char good[2048], weak[2048];
    snprintf(good, sizeof good, "%s",
             good_source("good", suite_text("SslCrl=%s\nSslCert=%s\nSslKey=%s\n",
                                            fixture_path(&fixture, "crl.pem"),
                                            fixture_path(&fixture, "client.pem"),
                                            fixture_path(&fixture, "client.key"))));
    snprintf(weak, sizeof weak, "%s", good_source("weak", "SslMode=require"));
    return suite_text("%s%s[gone]\nDriver=%s\nServername=localhost\nPort=%u\n"
                      "[native]\nDriver=psqlodbcw\n",
                      good, weak, ODBC_POSTGRESQL, private_server_free_port());
}

CASE("all data sources")
{
    static char sql[sizeof command_output + 2048];
    char found[1024];
    start_postgres("server");
    write_sources(good_source("good", ""), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "--all"), 0);
    CHECK_CONTAINS(command_output, "OK: 1 data sources, 0 failed, 0 with warnings\n");
    write_sources(three_sources(), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "--all"), 2);
    CHECK_CONTAINS(command_output, "CRITICAL: 3 data sources, 1 failed, 1 with warnings\n");
    const char *line = suite_text("good                 localhost, port %-20u OK          364    "
                                  "  29     364\n",
                                  fixture_port(&fixture));
    CHECK_CONTAINS(command_output, line);
    CHECK_CONTAINS(command_output, "  SslMode: require: every server with a certificate of these");
    CHECK_CONTAINS(command_output, "Connection refused");
    command_check_absent("native");
    CHECK_NUMBER(COMMAND_RUN("check", "--all", "--json"), 2);
    snprintf(sql, sizeof sql,
             "select j->>'status', s->>'name', s->>'verdict', s->>'server_certificate_days_left', "
             "s->>'crl_days_left', s->>'client_certificate_days_left' from (select "
             "$json$%s$json$::json as j) as t, json_array_elements(j->'data_sources') as s order "
             "by 2",
             command_output);
    CHECK(postgres_query(fixture.postgres, sql, found, sizeof found));
    CHECK_TEXT(found, "CRITICAL|gone|fail|||\nCRITICAL|good|ok|364|29|364\n"
                      "CRITICAL|weak|warning|364||");
    write_sources(good_source("weak", "SslMode=require"), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "--all"), 1);
    write_sources("", 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "--all"), 3);
    CHECK_CONTAINS(command_output, "UNKNOWN: no data source of this user uses odbcssl");
    CHECK_NUMBER(COMMAND_RUN("check", "--all", "good"), 2);
}

/* Many servers do that of everybody, and insist on none. */
CASE("a server that asks for a client certificate")
{
    CHECK_FATAL(fixture_start(&fixture, "server", NULL, true));
    write_sources(good_source("good", ""), 0600);
    CHECK_NUMBER(COMMAND_RUN("check", "good"), 0);
    command_check_fact("SKIP", "client certificate", "SslCert is not set");
    CHECK_NUMBER(COMMAND_RUN("check", "--all"), 0);
}

/* Two servers that answer, by hanging up, only when both are asked. */
CASE("several servers at a time")
{
    uint16_t ports[2] = {0};
    int first = tools_listen(&ports[0]), second = tools_listen(&ports[1]);
    CHECK_FATAL(first >= 0 && second >= 0);
    pid_t child = fork();
    if (child == 0) {
        int one = accept(first, NULL, NULL), other = accept(second, NULL, NULL);
        close(one);
        close(other);
        _exit(0);
    }
    write_sources(suite_text("[one]\nDriver=%1$s\nServername=127.0.0.1\nPort=%2$u\nSslTimeout=9\n"
                             "[other]\nDriver=%1$s\nServername=127.0.0.1\nPort=%3$u\n"
                             "SslTimeout=9\n",
                             ODBC_POSTGRESQL, ports[0], ports[1]),
                  0600);
    CHECK_NUMBER(COMMAND_RUN("check", "--all"), 2);
    const char *one = strstr(command_output, "\none "), *other = strstr(command_output, "\nother ");
    CHECK_FATAL(one != NULL && other != NULL);
    CHECK_CONTAINS(one, "while waiting for the switch to TLS");
    CHECK_CONTAINS(other, "while waiting for the switch to TLS");
    command_check_absent("time-out");
    close(first);
    close(second);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

CASE("list")
{
    start_postgres("server");
    write_sources(three_sources(), 0600);
    CHECK_NUMBER(COMMAND_RUN("list"), 0);
    const char *line = suite_text("good                 localhost, port %-20u verify-full  "
                                  "psqlodbcw.so           %s\n",
                                  fixture_port(&fixture), fixture_path(&fixture, "user.ini"));
    CHECK_CONTAINS(command_output, line);
    command_check_absent("native");
    CHECK_NUMBER(COMMAND_RUN("list", "--json"), 0);
    CHECK_CONTAINS(command_output, "\"real_driver\": \"psqlodbcw.so\"");
}

/* ---- the page ---- */

/* U+202E turns the text behind it around. */
#define HOSTILE                                                                                    \
    "CN=</title><script>document.title='taken'</script>,O=\"><img src=x "                          \
    "onerror=document.title='taken'>,OU=a\xe2\x80\xae"                                             \
    "b&amp;c"

CASE("the page in a browser, with hostile names")
{
    static char dom[262144];
    static const char *const dns[] = {"localhost", "<b>bold</b>.example.com", NULL};
    const struct pki_spec hostile = {.dn = HOSTILE, .issuer = fixture.intermediate, .dns = dns};
    if (!tools_have("chromium"))
        return;
    CHECK_FATAL(fixture_issue(&fixture, "hostile", &hostile, fixture.intermediate));
    start_postgres("hostile");
    const char *page = fixture_path(&fixture, "page.html");
    write_sources(good_source("<i>page", suite_text("SslCrl=%s\nSslMode=verify-ca",
                                                    fixture_path(&fixture, "crl.pem"))),
                  0600);
    CHECK_NUMBER(COMMAND_RUN("check", "<i>page", "--html", page), 0);
    CHECK_FATAL(tools_output(fixture.folder, dom, sizeof dom,
                             "chromium --headless --no-sandbox --disable-gpu "
                             "--user-data-dir=browser --dump-dom 'file://%s'",
                             page));
    /* The names are text, and nothing of them ran or became an element. */
    CHECK_CONTAINS(dom, "<title>WARN - &lt;i&gt;page - odbcssl check</title>");
    CHECK_CONTAINS(dom, "script\\&gt;document.title='taken'");
    CHECK_CONTAINS(dom, "DNS:&lt;b&gt;bold&lt;/b&gt;.example.com");
    CHECK(strstr(dom, "<script") == NULL);
    CHECK(strstr(dom, "<img") == NULL);
    CHECK(strstr(dom, "<i>page") == NULL);
    CHECK(strstr(dom, "\xe2\x80\xae") == NULL);
    /* The verdict comes first, then what to do; chain, time line and origins are there. */
    const char *verdict = strstr(dom, "<header class=\"verdict warning\">");
    const char *advice = strstr(dom, "What to do"), *chain = strstr(dom, "class=\"chain\"");
    CHECK_FATAL(verdict != NULL && advice != NULL && chain != NULL);
    CHECK(verdict < advice && advice < chain);
    CHECK_CONTAINS(advice, "Set SslMode=verify-full");
    CHECK_CONTAINS(chain, "Trust anchor</span>");
    CHECK_CONTAINS(dom, "<b>CRL</b><span>CN=Intermediate CA</span>");
    CHECK_CONTAINS(dom, "class=\"today\"");
    CHECK_CONTAINS(dom, "<td>odbc.ini [&lt;i&gt;page]</td>");
    CHECK_NUMBER(COMMAND_RUN("check", "<i>page", "--html", "/nowhere/page.html"), 1);
    CHECK_CONTAINS(command_output, "/nowhere/page.html cannot be written");
}

static const char drivers[] =
    "[Moved]\nDriver=/nowhere/libodbcssl.so\nTargetDriver=psqlodbcw.so\n"
    "[Bare]\nDriver=libodbcssl.so\nTargetDriver=psqlodbcw.so\n"
    "[Wide over ANSI]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssl.so\nTargetDriver=psqlodbca.so\n"
    "[ANSI over wide]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssla.so\nTargetDriver=psqlodbcw.so\n"
    "[With more]\nDriver=@BUILD@/driver/odbc/.libs/libodbcssl.so\nTargetDriver=psqlodbcw.so\n"
    "Servername=localhost\nFetch=100\n";

static int set_up(void)
{
    return fixture_open(&fixture, drivers, NULL);
}

SUITE("check", set_up, fixture_tear_down)
