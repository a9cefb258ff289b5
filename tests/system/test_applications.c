/*
 * test_applications.c - the applications that people have, each with a script of its own in
 * tests/applications: the same statements at the same server, once over psqlodbc's own TLS and once
 * through odbcssl. Both must give what is written here, and the same; then the server's certificate
 * is listed on the CRL, and each must refuse and show why.
 *
 * Scripts print a line "NAME: VALUE|VALUE" for each row of the statement NAME, values of more than
 * 1000 characters as their number and MD5, and errors as "NAME: failed: TEXT" in one line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "support/odbc.h"
#include "support/suite.h"

#define OUTPUT_SIZE 65536

struct line {
    const char *name;
    const char *text; /* what its line begins with */
    const char *reason;
};

struct application {
    const char *present; /* a shell command: is the application here? */
    const char *packages;
    const char *command;
    struct line own[6]; /* where the application itself, over either TLS, prints something else */
};

static const struct line wanted[] = {
    {"text", "Grüße|Ελλάδα|日本語 €|𝄞\n", NULL},
    {"null", "NULL|NULL|NULL|x\n", NULL},
    {"number", "42|9007199254740993|0.1\n", NULL},
    {"decimal", "1234567890.12345|-0.50|12345678901234567890.123456789\n", NULL},
    {"timestamp", "2024-02-29 23:59:58.123456|1999-12-31|12:34:56\n", NULL},
    {"rows", "1|row 1\nrows: 2|row 2\nrows: 3|row 3\n", NULL},
    {"large", "600000 characters, 6f1dcdcb39cb1fe43a365607b84541a6\n", NULL},
    {"written", "600000|6f1dcdcb39cb1fe43a365607b84541a6\n", NULL},
    {"error", "failed: ", NULL},
    {"revoked", "failed: ", NULL},
    {NULL, NULL, NULL},
};

/* What may differ between the two. */
static const struct line differences[] = {
    {"revoked", NULL, "libpq says that verification failed; odbcssl says of what, and why"},
    {"report", NULL, "only odbcssl has one"},
    {NULL, NULL, NULL},
};

static struct fixture fixture;

static const struct line *find_line(const struct line *lines, const char *name, size_t length)
{
    for (; lines->name != NULL; lines++)
        if (strlen(lines->name) == length && memcmp(lines->name, name, length) == 0)
            return lines;
    return NULL;
}

/* ---- data sources ---- */

static bool write_sources(const char *suffix, const char *crl)
{
    FILE *file = fopen(fixture_path(&fixture, "odbc.ini"), "ae");
    if (file == NULL)
        return false;
    if (suffix[0] == '\0')
        fprintf(file,
                "[warehouse]\nDriver=%s\nServername=localhost\nPort=%u\nDatabase=postgres\n"
                "SslRootCert=%s/root.pem\n",
                ODBC_POSTGRESQL, fixture_port(&fixture), fixture.folder);
    for (int is_native = 0; is_native < 2; is_native++) {
        fprintf(file, "[%s%s]\nDriver=%s\nServername=localhost\nPort=%u\nDatabase=postgres\n",
                is_native ? "native" : "odbcssl", suffix,
                is_native ? ODBC_NATIVE_POSTGRESQL : ODBC_POSTGRESQL, fixture_port(&fixture));
        fprintf(file,
                is_native
                    ? "SSLmode=verify-full\npqopt=sslrootcert=%1$s/root.pem sslcrl=%1$s/%2$s\n"
                    : "SslMode=verify-full\nSslRootCert=%1$s/root.pem\nSslCrl=%1$s/%2$s\n",
                fixture.folder, crl);
    }
    return fclose(file) == 0;
}

/* The statements that both are given, and more for one of them. */
static bool write_statements(const char *source, const char *more)
{
    char text[4096];
    size_t length = suite_read(suite_source("tests/applications/statements"), text, sizeof text);
    snprintf(text + length, sizeof text - length, "%s", more);
    return length > 0 && pki_write_file(fixture_path(&fixture, source), text, strlen(text), 0644);
}

static bool set_environment(void)
{
    return setenv("scripts", suite_source("tests/applications"), 1) == 0 &&
           setenv("LC_ALL", "C.UTF-8", 1) == 0 && setenv("PYTHONDONTWRITEBYTECODE", "1", 1) == 0;
}

static int set_up(void)
{
    if (FIXTURE_IS_SANITIZED)
        return 0;
    if (fixture_open(&fixture, NULL, NULL) != 0)
        return -1;
    const struct postgres_options server = {.certificate = fixture_path(&fixture, "server.pem"),
                                            .key = fixture_path(&fixture, "server.key"),
                                            .hba = FIXTURE_HBA,
                                            .sql = "create table kept (value text)"};
    const struct pki_revoked listed = {.certificate = fixture.server, .reason = 1};
    const struct pki_crl_spec root = {.issuer = fixture.root};
    const struct pki_crl_spec revoking = {
        .issuer = fixture.intermediate, .revoked = &listed, .revoked_count = 1};
    bool is_good = set_environment() && fixture_start_with(&fixture, &server) &&
                   fixture_write_crl(&fixture, "crl-server.pem", &root, &revoking) &&
                   write_sources("", "crl.pem") && write_sources("-revoked", "crl-server.pem") &&
                   write_statements("native", "") &&
                   write_statements("odbcssl", "report: select * from odbcssl_status\n");
    return is_good ? 0 : -1;
}

static int tear_down(void)
{
    if (!FIXTURE_IS_SANITIZED)
        fixture_close(&fixture);
    return 0;
}

/* ---- running ---- */

/* What a shell command prints, and that it ends well; free it. */
static char *read_output(const char *command)
{
    char *output = calloc(1, OUTPUT_SIZE);
    FILE *pipe = output != NULL ? popen(command, "re") : NULL;
    CHECK_FATAL(pipe != NULL);
    size_t length = fread(output, 1, OUTPUT_SIZE - 1, pipe);
    int status = pclose(pipe);
    CHECK(length < OUTPUT_SIZE - 1);
    CHECK_NUMBER(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
    return output;
}

/* Output of the application at a data source; what it says beside that are comments. */
static char *run(const struct application *application, const char *source)
{
    char command[2048];
    snprintf(command, sizeof command,
             "timeout -k 5 60 %1$s %2$s/%3$s %3$s " POSTGRES_USER " " POSTGRES_PASSWORD
             " 2>%2$s/errors; status=$?; sed 's/^/# /' %2$s/errors; exit $status",
             application->command, fixture.folder, source);
    return read_output(command);
}

static void check_lines(const struct application *application, const char *output)
{
    for (const struct line *line = wanted; line->name != NULL; line++) {
        char text[512];
        const struct line *own = find_line(application->own, line->name, strlen(line->name));
        snprintf(text, sizeof text, "%s: %s", line->name, own != NULL ? own->text : line->text);
        CHECK_CONTAINS(output, text);
    }
    CHECK_CONTAINS(output, "division by zero");
}

/* Takes out the lines that may differ, and comments. */
static void leave_out_differences(char *output)
{
    char *to = output;
    for (const char *from = output; *from != '\0';) {
        size_t length = strcspn(from, "\n");
        length += from[length] == '\n';
        if (*from != '#' && find_line(differences, from, strcspn(from, ":\n")) == NULL) {
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    *to = '\0';
}

static void check_refusals(const char *native, const char *odbcssl)
{
    CHECK_CONTAINS(strstr(native, "revoked: "), "SSL error: certificate verify failed");
    const char *line = strstr(odbcssl, "revoked: ");
    if (line != NULL)
        printf("# %.*s\n", (int)strcspn(line, "\n"), line);
    const char *file = suite_text(
        "(keyCompromise) according to SslCrl=%s/crl-server.pem (odbc.ini [odbcssl-revoked])",
        fixture.folder);
    CHECK_CONTAINS(line, "[odbcssl] server certificate CN=db1 (serial 01:01) was revoked on ");
    CHECK_CONTAINS(line, file);
}

static void check_application(const struct application *application)
{
    static char skipped[256]; /* read after the case */
    snprintf(skipped, sizeof skipped, "%s: not installed (tools/install-packages applications)",
             application->packages);
    const char *probe = suite_text("(%s) >/dev/null 2>&1", application->present);
    if (FIXTURE_IS_SANITIZED) {
        suite_skip("other programs cannot load a driver with a sanitizer");
        return;
    }
    if (system(probe) != 0) {
        suite_skip(skipped);
        return;
    }
    char *native = run(application, "native");
    char *odbcssl = run(application, "odbcssl");
    check_lines(application, native);
    check_lines(application, odbcssl);
    check_refusals(native, odbcssl);
    CHECK_CONTAINS(odbcssl, "\nreport: SQL_SSL_SUMMARY|TLSv1.3 ");
    CHECK_CONTAINS(odbcssl, "\nreport: SQL_SSL_CRL_STATUS|good\n");
    leave_out_differences(native);
    leave_out_differences(odbcssl);
    CHECK_TEXT(odbcssl, native);
    free(native);
    free(odbcssl);
}

/* ---- applications ---- */

CASE("isql")
{
    check_application(&(struct application){
        .present = "command -v isql",
        .packages = "unixodbc",
        .command = "sh $scripts/isql.sh isql",
        .own = {{"null", "|||x\n", "NULL is printed as nothing"},
                {"large", "aé€zaé€zaé€z", "no more than 300 bytes of a value are printed"},
                {"written", "4|0086ecee453583afeb75fdbd76cb4c69\n", "a line of input is short"}}});
}

CASE("iusql")
{
    check_application(&(struct application){
        .present = "command -v iusql",
        .packages = "unixodbc",
        .command = "sh $scripts/isql.sh iusql",
        .own = {{"null", "|||x\n", "NULL is printed as nothing"},
                {"large", "\n", "it gives up on a value longer than its buffer"},
                {"written", "7|9b28b8b850f3b7f592995f2371fe6644\n",
                 "each byte of its input is taken for a character, and printed as one"}}});
}

CASE("Python: pyodbc")
{
    check_application(&(struct application){
        .present = "/usr/bin/python3 -c 'import pyodbc'",
        .packages = "python3-pyodbc",
        .command = "/usr/bin/python3 $scripts/python.py",
    });
}

CASE("PHP: odbc")
{
    check_application(&(struct application){
        .present = "php -m | grep -x odbc",
        .packages = "php-cli php-odbc",
        .command = "php $scripts/odbc.php",
    });
}

CASE("PHP: PDO_ODBC")
{
    check_application(&(struct application){
        .present = "php -m | grep -x PDO_ODBC",
        .packages = "php-cli php-odbc",
        .command = "php $scripts/pdo.php",
    });
}

CASE("Perl: DBD::ODBC")
{
    check_application(&(struct application){
        .present = "perl -MDBD::ODBC -e 1",
        .packages = "libdbd-odbc-perl",
        .command = "perl $scripts/perl.pl",
    });
}

CASE("R: RODBC")
{
    check_application(&(struct application){
        .present = "Rscript --vanilla -e 'library(RODBC)'",
        .packages = "r-cran-rodbc",
        .command = "Rscript --vanilla $scripts/rodbc.R",
        .own = {{"large", "4679 characters, 8c379cc67f20d30d926816f3675dccc6\n",
                 "it takes what psqlodbc calls the column's size (MaxLongVarcharSize)"}}});
}

CASE("LibreOffice: a Calc sheet")
{
    check_application(&(struct application){
        .present = "command -v soffice && test -e /usr/lib/libreoffice/program/libdbaxmllo.so && "
                   "/usr/bin/python3 -c 'import uno'",
        .packages = "libreoffice-calc libreoffice-base python3-uno",
        .command = "/usr/bin/python3 $scripts/libreoffice.py",
        .own = {{"number", "42|9.00719925474099E+015|0.100000001490116\n", "a cell has a double"},
                {"decimal", "1234567890.12345|-0.5|1.23456789012346E+019\n", "a cell has a double"},
                {"timestamp", "02/29/24 11:59 PM|12/31/99|12:34:56 PM\n", "the cell's format"},
                {"large", "600292 characters, 6add32bba0c962c2d7a5ce308b34896a\n",
                 "it reads pieces and breaks the characters at their ends"}}});
}

CASE("Qt: QODBC")
{
    check_application(&(struct application){
        .present = "/usr/bin/python3 -c 'from PyQt5.QtSql import QSqlDatabase as database; "
                   "exit(\"QODBC\" not in database.drivers())'",
        .packages = "python3-pyqt5.qtsql libqt5sql5-odbc",
        .command = "/usr/bin/python3 $scripts/qt.py",
        .own = {{"decimal", "1234567890.12345|-0.5|1.2345678901234567e+19\n", "read as doubles"},
                {"timestamp", "2024-02-29T23:59:58.123|1999-12-31|12:34:56.000\n",
                 "Qt's times have milliseconds"}}});
}

/* ---- the examples of doc/reading-the-report.md ---- */

/* Runs the example in a language, written into the folder as file, and checks what it prints. */
static void check_example(const char *present, const char *language, const char *command)
{
    const char *line = suite_text("(%s) >/dev/null 2>&1", present);
    if (FIXTURE_IS_SANITIZED || system(line) != 0) {
        suite_skip("not installed (tools/install-packages applications)");
        return;
    }
    line =
        suite_text("cd '%s' && sed -n '/^```%s$/,/^```$/{/^```/d;s/USER/%s/;s/PASSWORD/%s/;p}' "
                   "\"$scripts/../../doc/reading-the-report.md\" >example.%s && (%s) 2>&1",
                   fixture.folder, language, POSTGRES_USER, POSTGRES_PASSWORD, language, command);
    char *output = read_output(line);
    CHECK_CONTAINS(output, "TLSv1.3 ");
    CHECK_CONTAINS(output, "certificate chain and host name verified");
    CHECK_CONTAINS(output, "364 days left");
    free(output);
}

CASE("the report from C, as documented")
{
    check_example("command -v cc", "c",
                  "cc -I$scripts/../../include example.c -o example -lodbc && ./example");
}

CASE("the report from Python, as documented")
{
    check_example("/usr/bin/python3 -c 'import pyodbc'", "python",
                  "/usr/bin/python3 example.python");
}

CASE("the report from Perl, as documented")
{
    check_example("perl -MDBD::ODBC -e 1", "perl", "perl example.perl");
}

CASE("the report from R, as documented")
{
    check_example("Rscript --vanilla -e 'library(RODBC)'", "r", "Rscript --vanilla example.r");
}

CASE("the report from PHP, as documented")
{
    check_example("php -m | grep -x odbc", "php", "php example.php");
}

SUITE("applications", set_up, tear_down)
