/*
 * The files that the cases of "settings" and "refusals" read, and how they are read. libodbcinst
 * remembers what it read for 20 seconds, so they are written once, before anything is read; each
 * case has its own sections.
 */
#include "test_config.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/ini.h"
#include "support/fork_beside.h"

static char directory[200];

static const char odbcinst_ini[] =
    "[PG]\nDriver=@/psqlodbcw.so\n"
    "[TDS]\nDriver=@/libtdsodbc.so\n"
    "[Maria]\nDriver=/nowhere/libmaodbc.so\nDriver64=@/libmaodbc.so\n"
    "[Other]\nDriver=@/custom.so\n"
    "[Other Twice]\nDriver=@/custom.so\nSSLmode=require\nSSLmode=require\n"
    "[No Driver]\nDescription=nothing\n"
    "[Empty Driver]\nDriver=\n"
    "[Gone]\nDriver=@/gone.so\n"
    "[Gone From Modules]\nDriver=no-such-library.so\n"
    "[Loop]\nDriver=@/libodbcssl.so\nTargetDriver=PG\n"
    "[Loop By Link]\nDriver=@/innocent.so\n"
    "[TLS]\nDriver=@/tls/libodbcssl.so\nTargetDriver=PG\nSslMode=require\nSslCrlCheck=leaf\n"
    "SSLCA=@/section.pem\nSslPin=sha256:section\nSslPassword=section\nPort=1\nSslTrace=\n"
    "[TLS TDS]\nDriver=@/libodbcssla.so\nTargetDriver=TDS\n"
    "[TLS PG]\nDriver=@/libodbcssl.so.1\nTargetDriver=PG\n"
    "[Twice A]\nDriver=@/twice/libodbcssl.so\nTargetDriver=PG\n"
    "[Twice B]\nDriver=@/twice/libodbcssl.so\nTargetDriver=TDS\n"
    "[Bad Section]\nDriver=@/bad/libodbcssl.so\nTargetDriver=PG\nSslMode=yes\n"
    "[Bad Name]\nDriver=@/bad2/libodbcssl.so\nTargetDriver=PG\nSslMod=require\n"
    "[Verifying]\nDriver=@/v/libodbcssl.so\nTargetDriver=PG\nSslMode=verify-full\n";

static const char odbc_ini[] =
    "[plain]\nDriver=TLS PG\n"
    "[warehouse]\nDriver=TLS\nDescription=The warehouse\nServername=db.example.com\nPort=8000\n"
    "Database=gaussdb\nSslMode=verify-ca\nSslPin=sha256:dsn\nSslCrl=\nTrace=1\n"
    "[by path]\nDriver=@/tls/libodbcssl.so\n"
    "[by link]\nDriver=@/tls/link.so\n"
    "[no section]\nDriver=@/unlisted/libodbcssl.so\nTargetDriver=TDS\n"
    "[twice]\nDriver=@/twice/libodbcssl.so\n"
    "[tds]\nDriver=TLS TDS\nServer=mssql.example.com\nEncrypt=yes\n"
    "[trusting]\nDriver=TLS TDS\nEncrypt=mandatory\nTrustServerCertificate=yes\n"
    "[just trusting]\nDriver=TLS TDS\nTrustServerCertificate=yes\n"
    "[verified]\nDriver=Verifying\n"
    "[verified dsn]\nDriver=TLS PG\nSslMode=verify-full\nSSLCA=@/dsn.pem\n"
    "[alias dsn]\nDriver=TLS PG\nSSLCA=@/dsn.pem\nHostNameInCertificate=dsn.example.com\n"
    "[odd]\nDriver=TLS PG\nPWD=a;b}c\nconn{=1\nUID= a b\nport=5\nPORT=6\n"
    "[bad word]\nDriver=TLS PG\nSslMode=Required\n"
    "[double]\nDriver=TLS PG\nSslPin=\nSslMode=prefer\nServername=a\nServername=b\n"
    "sslmode=verify-full\n"
    "[double pin]\nDriver=TLS PG\nSslPin=\nSslPin=sha256:x\n"
    "[bad name]\nDriver=TLS PG\nSslRootCrt=/x\n"
    "[long]\nDriver=TLS PG\nSslPin=%s\n"
    "[long alias]\nDriver=TLS PG\nSSLCA=/%s\n"
    "[no target]\nDriver=@/nothing.so\n"
    "[starved]\nDriver=TLS PG\nSslMode=verify-full\n"
    "[DEFAULT]\nDriver=TLS TDS\nServer=default.example.com\n";

static const char *const empty_files[] = {
    "psqlodbcw.so",
    "libtdsodbc.so",
    "libmaodbc.so",
    "custom.so",
    "libodbcssl.so",
    "libodbcssl.so.1",
    "libodbcssla.so",
    "tls/libodbcssl.so",
    "plain/other.so",
    "twice/libodbcssl.so",
    "unlisted/libodbcssl.so",
    "gsqlodbcw.so",
    "default/.postgresql/root.crt",
    "default/.postgresql/root.crl",
    "default/.postgresql/postgresql.crt",
    "default/.postgresql/postgresql.key",
};

static const char *const folders[] = {
    "tls",    "plain",   "twice", "unlisted",          "home", "default", "default/.postgresql",
    "locked", "foreign", "links", "links/.postgresql",
};

const char *files_expand(const char *text)
{
    static char ring[8][8192];
    static unsigned next;
    char *out = ring[next++ % 8];
    size_t used = 0;
    for (; *text != '\0' && used + sizeof directory < sizeof ring[0]; text++) {
        if (*text == '@')
            used += (size_t)sprintf(out + used, "%s", directory);
        else
            out[used++] = *text;
    }
    out[used] = '\0';
    return out;
}

static int write_file(const char *name, const char *text)
{
    FILE *file = fopen(suite_text("%s/%s", directory, name), "w");
    if (file == NULL)
        return -1;
    fputs(text, file);
    return fclose(file);
}

static int write_odbc_ini(void)
{
    char value[1500 + 1];
    memset(value, 'a', 1500);
    value[1500] = '\0';
    return write_file("odbc.ini", suite_text(files_expand(odbc_ini), value, value));
}

static int make_links(void)
{
    static const char *const links[][2] = {
        {"@/libodbcssl.so", "@/innocent.so"},
        {"@/tls/libodbcssl.so", "@/tls/link.so"},
        {"nowhere", "@/links/.postgresql/root.crt"},
        {"root.crl", "@/links/.postgresql/root.crl"},
        {"nowhere", "@/links/.postgresql/postgresql.crt"},
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        failed += symlink(files_expand(links[i][0]), files_expand(links[i][1])) != 0;
    return failed;
}

static int set_environment(void)
{
    static const char *const unset[] = {"ODBCINSTINI", "ODBCSEARCH", "PGSSLMODE", "PGSSLROOTCERT",
                                        "PGSSLCERT",   "PGSSLKEY",   "PGSSLCRL",  "PGSSLCRLDIR"};
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
        unsetenv(unset[i]);
    setenv("HOME", suite_text("%s/home", directory), 1);
    setenv("ODBCSYSINI", directory, 1);
    return setenv("ODBCINI", suite_text("%s/odbc.ini", directory), 1);
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *where)
{
    (void)status;
    (void)flag;
    (void)where;
    return remove(path);
}

static void remove_files(void)
{
    nftw(directory, remove_entry, 10, FTW_DEPTH | FTW_PHYS);
}

int files_set_up(void)
{
    int failed = 0;
    const char *parent = getenv("TMPDIR");
    if (directory[0] != '\0')
        return 0;
    snprintf(directory, sizeof directory, "%s/odbcssl-config-XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(directory) == NULL || atexit(remove_files) != 0)
        return -1;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        failed += mkdir(suite_text("%s/%s", directory, folders[i]), 0700) != 0;
    }
    for (size_t i = 0; i < sizeof empty_files / sizeof empty_files[0]; i++)
        failed += write_file(empty_files[i], "") != 0;
    failed += write_file("odbcinst.ini", files_expand(odbcinst_ini)) != 0;
    failed += write_odbc_ini() != 0;
    failed += make_links() != 0;
    return failed + set_environment();
}

/* --- reading them --- */

static bool read_driver(void)
{
    struct error error = {0};
    char *value = NULL;
    bool is_read = ini_read_value(INI_DRIVERS, "PG", "Driver", &value, &error) && value != NULL;
    free(value);
    return is_read;
}

CASE("a child that is forked while threads read the files reads them")
{
    CHECK(fork_beside(read_driver, read_driver));
}

/* libodbcinst takes a file that it cannot open for an empty one, and a data source would be without
 * its SslMode. */
CASE("a file that cannot be opened for want of a descriptor is not taken for an empty one")
{
    struct rlimit before, none;
    struct connstr pairs = {0};
    struct error error = {0};
    char *value = NULL;
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    close((int)none.rlim_cur);
    setrlimit(RLIMIT_NOFILE, &none);
    CHECK(!ini_read_section(INI_DATA_SOURCES, "starved", &pairs, &error));
    CHECK_CONTAINS(error.text, "odbc.ini cannot be read: no descriptor is free");
    CHECK_NUMBER(pairs.count, 0);
    error_clear(&error);
    CHECK(!ini_read_value(INI_DATA_SOURCES, "starved", "SslMode", &value, &error));
    CHECK_CONTAINS(error.text, "odbc.ini cannot be read: no descriptor is free");
    CHECK(value == NULL);
    setrlimit(RLIMIT_NOFILE, &before);
    error_clear(&error);
    CHECK(ini_read_section(INI_DATA_SOURCES, "starved", &pairs, &error));
    CHECK_TEXT(connstr_get(&pairs, "SslMode"), "verify-full");
    connstr_free(&pairs);
}

CASE("a file that may not be read is not taken for an empty one")
{
    struct connstr pairs = {0};
    struct error error = {0};
    uid_t user = geteuid();
    CHECK_FATAL(chmod(files_expand("@/odbcinst.ini"), 0) == 0);
    CHECK_FATAL(user != 0 || seteuid(65534) == 0);
    CHECK(!ini_read_section(INI_DRIVERS, "unread", &pairs, &error));
    CHECK_CONTAINS(error.text, "odbcinst.ini (\"odbcinst -j\"");
    CHECK_CONTAINS(error.text, "cannot be read: Permission denied");
    CHECK(user != 0 || seteuid(0) == 0);
    CHECK(chmod(files_expand("@/odbcinst.ini"), 0644) == 0);
    error_clear(&error);
    CHECK(ini_read_section(INI_DRIVERS, "unread", &pairs, &error));
    CHECK_TEXT(error.text, "");
    connstr_free(&pairs);
}

/* libodbcinst then tries to make it. */
CASE("a file that is not there is an empty one, though the user may not make it")
{
    struct connstr pairs = {0};
    struct error error = {0};
    uid_t user = geteuid();
    CHECK_FATAL(rename(files_expand("@/odbcinst.ini"), files_expand("@/away.ini")) == 0);
    CHECK_FATAL(chmod(directory, 0555) == 0);
    CHECK_FATAL(user != 0 || seteuid(65534) == 0);
    CHECK(ini_read_section(INI_DRIVERS, "absent", &pairs, &error));
    CHECK_TEXT(error.text, "");
    CHECK(user != 0 || seteuid(0) == 0);
    CHECK(chmod(directory, 0700) == 0);
    CHECK(rename(files_expand("@/away.ini"), files_expand("@/odbcinst.ini")) == 0);
    connstr_free(&pairs);
}

SUITE("files", files_set_up, NULL)
