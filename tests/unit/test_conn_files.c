/*
 * test_conn_files.c - what other files than unixODBC's and the environment say of the server and
 * the login: .pgpass, freetds.conf, and the variables of the client libraries.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "conn/pgpass.h"
#include "conn/pgservice.h"
#include "support/suite.h"
#include "unit/conn_rig.h"

/* ---- .pgpass ---- */

static const struct {
    const char *line;
    const char *password; /* NULL: the line does not fit db:5433:data:me */
} pgpass_lines[] = {
    {"db:5433:data:me:secret", "secret"},
    {"*:*:*:*:any", "any"},
    {"db:5433:data:me:a\\:b\\\\c", "a:b\\c"},
    {"d\\b:5433:data:me:escaped", "escaped"},
    {"db:5433:data:me:ends:here", "ends"},
    {"#db:5433:data:me:comment", NULL},
    {"db:5432:data:me:port", NULL},
    {"dbx:5433:data:me:host", NULL},
    {"d:5433:data:me:host", NULL},
    {"db:5433:data:you:user", NULL},
    {"db:5433:other:me:database", NULL},
    {"db:5433:data", NULL},
    {"", NULL},
};

static void write_pgpass(const char *path, const char *line, mode_t mode)
{
    FILE *file = fopen(path, "w");
    CHECK_FATAL(file != NULL);
    fprintf(file, "other:1:x:y:no\n%s\n", line);
    fclose(file);
    chmod(path, mode);
}

CASE("passwords of .pgpass are found by its rules")
{
    const struct pgpass_query query = {"db", 5433, "data", "me", NULL};
    char path[] = "/tmp/odbcssl-pgpass-XXXXXX";
    close(mkstemp(path));
    setenv("PGPASSFILE", path, 1);
    for (size_t i = 0; i < sizeof pgpass_lines / sizeof pgpass_lines[0]; i++) {
        write_pgpass(path, pgpass_lines[i].line, 0600);
        char *password = pgpass_find(&query);
        CHECK_TEXT(password, pgpass_lines[i].password);
        free(password);
    }
    write_pgpass(path, "db:5433:data:me:secret", 0640);
    CHECK(pgpass_find(&query) == NULL);
    unlink(path);
    CHECK(pgpass_find(&query) == NULL);
    unsetenv("PGPASSFILE");
}

/* Only when libpq itself could not find it: the relay has another port than the server. */
CASE(".pgpass is read when the relay has another port")
{
    struct connstr list;
    struct error error = {0};
    char path[] = "/tmp/odbcssl-pgpass-XXXXXX";
    close(mkstemp(path));
    write_pgpass(path, "*:5433:*:*:a;b}", 0600);
    setenv("PGPASSFILE", path, 1);
    CHECK(conn_rewrite(DRIVER_FAMILY_POSTGRESQL, "Server=db;Port=5433;Database=d;UID=u",
                       &conn_loopback, &list, &error));
    CHECK_TEXT(connstr_get(&list, "Password"), "a;b}");
    connstr_free(&list);
    CHECK(conn_rewrite(DRIVER_FAMILY_POSTGRESQL, "Server=db;Port=15432;Database=d;UID=u",
                       &conn_loopback, &list, &error));
    CHECK(!connstr_has(&list, "Password"));
    connstr_free(&list);
    CHECK(conn_rewrite(DRIVER_FAMILY_POSTGRESQL, "Server=db;Port=5433;Database=d;UID=u;PWD=own",
                       &conn_loopback, &list, &error));
    CHECK_TEXT(connstr_get(&list, "PWD"), "own");
    connstr_free(&list);
    CHECK(conn_rewrite(DRIVER_FAMILY_POSTGRESQL,
                       "Server=db;Port=5433;Database=d;UID=u;pqopt={passfile=/nonexistent}",
                       &conn_loopback, &list, &error));
    CHECK(!connstr_has(&list, "Password"));
    connstr_free(&list);
    CHECK(conn_rewrite(DRIVER_FAMILY_POSTGRESQL,
                       "Server=db;Port=5433;Database=d;UID=u;pqopt={password=own}", &conn_loopback,
                       &list, &error));
    CHECK(!connstr_has(&list, "Password"));
    connstr_free(&list);
    unsetenv("PGPASSFILE");
    CHECK(conn_rewrite(DRIVER_FAMILY_POSTGRESQL,
                       suite_text("Server=db;Port=5433;Database=d;UID=u;pqopt={passfile=%s}", path),
                       &conn_loopback, &list, &error));
    CHECK_TEXT(connstr_get(&list, "Password"), "a;b}");
    connstr_free(&list);
    unlink(path);
}

/* ---- pg_service.conf ---- */

static const struct {
    const char *service, *text, *settings;
    const char *lost; /* in the refusal; NULL: all is well */
} services[] = {
    {"s", "[s]\nsslrootcert=/a\n", "", "SslRootCert"},
    {"s", "[x]\nsslcrl=/b\n[s]\n # sslkey=/k\n  sslcrl=/a \n", "", "SslCrl"},
    {"s", "[s]\nssl_min_protocol_version=TLSv1.3\n", "", "SslMinProtocol"},
    {"s", "[s]\nsslcrldir=/a\n[s]\n", "", "SslCrlDir"},
    {"s", "[s]\nsslmode=verify-full\nhost=x\n[x]\nsslcrl=/a\n", "", NULL},
    {"s", "[S]\nsslcrl=/a\n[ss]\nsslcrl=/a\n", "", NULL},
    {"s", "[s]\nsslnegotiation=direct\n", "", "SslNegotiation"},
    {"s", "[s]\nsslcrl=\nsslnegotiation=postgres\nssl_min_protocol_version=tlsv1.2\n", "", NULL},
    {"s", "[s]\nsslcrl=/a\n", "connection string", NULL},
    {"s", "[s]\nsslcrl=/a\n", "environment PGSSLCRL", "SslCrl"},
};

CASE("what a service says of TLS is refused, unless a keyword says it")
{
    char path[] = "/tmp/odbcssl-service-XXXXXX";
    close(mkstemp(path));
    setenv("PGSERVICEFILE", path, 1);
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        struct settings settings;
        struct error error = {0};
        FILE *file = fopen(path, "w");
        CHECK_FATAL(file != NULL);
        fputs(services[i].text, file);
        fclose(file);
        conn_make_settings(&settings, DRIVER_FAMILY_POSTGRESQL, "");
        settings.tls.mode = ODBCSSL_MODE_VERIFY_FULL;
        settings.items[KEY_INDEX_SslNegotiation].value = strdup("starttls");
        settings.items[KEY_INDEX_SslMinProtocol].value = strdup("TLSv1.2");
        if (*services[i].settings != '\0')
            settings.items[KEY_INDEX_SslCrl].source = strdup(services[i].settings);
        setenv("PGSERVICE", services[i].service, 1);
        CHECK_NUMBER(pgservice_check(&settings, &error), services[i].lost == NULL);
        CHECK_CONTAINS(error.text, services[i].lost != NULL ? services[i].lost : "");
        settings.tls.mode = ODBCSSL_MODE_DISABLE;
        CHECK(pgservice_check(&settings, NULL));
        settings_free(&settings);
    }
    unsetenv("PGSERVICE");
    unsetenv("PGSERVICEFILE");
    unlink(path);
}

/* libpq's own defaults for user and database. */
CASE(".pgpass is read for the user and the database that libpq takes by itself")
{
    static const struct {
        const char *line, *settings, *user, *database;
    } rows[] = {
        {"*:5433:u:u:p", "Server=db;Port=5433;UID=u", NULL, NULL},
        {"*:5433:u:u:p", "Server=db;Port=5433;UID=u;Database=", NULL, NULL},
        {"*:5433:d:u:p", "Server=db;Port=5433;UID=u;pqopt={dbname=d}", NULL, "x"},
        {"*:5433:d:u:p", "Server=db;Port=5433;pqopt={user=u}", "x", "d"},
        {"*:5433:d:u:p", "Server=db;Port=5433;Database=d", "u", "x"},
    };
    char path[] = "/tmp/odbcssl-pgpass-XXXXXX";
    close(mkstemp(path));
    setenv("PGPASSFILE", path, 1);
    setenv("PGPASSWORD", "", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct connstr list;
        struct error error = {0};
        setenv("PGUSER", rows[i].user != NULL ? rows[i].user : "", 1);
        setenv("PGDATABASE", rows[i].database != NULL ? rows[i].database : "", 1);
        write_pgpass(path, rows[i].line, 0600);
        CHECK(conn_rewrite(DRIVER_FAMILY_POSTGRESQL, rows[i].settings, &conn_loopback, &list,
                           &error));
        CHECK_TEXT(connstr_get(&list, "Password"), "p");
        connstr_free(&list);
    }
    unsetenv("PGUSER");
    unsetenv("PGDATABASE");
    const struct passwd *account = getpwuid(geteuid()); /* some containers have none */
    const char *name = account != NULL ? account->pw_name : "*";
    write_pgpass(path, suite_text("*:5433:%s:%s:p", name, name), 0600);
    struct connstr list;
    struct error error = {0};
    CHECK(conn_rewrite(DRIVER_FAMILY_POSTGRESQL, "Server=db;Port=5433", &conn_loopback, &list,
                       &error));
    CHECK_TEXT(connstr_get(&list, "Password"), account != NULL ? "p" : NULL);
    connstr_free(&list);
    unsetenv("PGPASSWORD");
    unsetenv("PGPASSFILE");
    unlink(path);
}

/* ---- the server ---- */

/* As FreeTDS finds it with the same settings, and the port as the client libraries. */
static const struct {
    enum driver_family family;
    const char *places[3]; /* connection string, odbc.ini, section of odbcinst.ini */
    const char *server;    /* host:port, or host\instance */
} servers[] = {
    {DRIVER_FAMILY_TDS, {"Server=h,2;Port=3"}, "h:3"},
    {DRIVER_FAMILY_TDS, {"Port=3;Server=h,2"}, "h:2"},
    {DRIVER_FAMILY_TDS, {"Port=3", "Server=h,2"}, "h:3"},
    {DRIVER_FAMILY_TDS, {"Server=h,2", "Port=3"}, "h:2"},
    {DRIVER_FAMILY_TDS, {NULL, "Server=h,2;Port=3"}, "h:3"},
    {DRIVER_FAMILY_TDS, {NULL, "Port=3;Server=h,2"}, "h:3"},
    {DRIVER_FAMILY_TDS, {NULL, "Server=h\\i"}, "h\\i"},
    {DRIVER_FAMILY_TDS, {"Port=3", "Server=h\\i"}, "h:3"},
    {DRIVER_FAMILY_TDS, {NULL, "Servername=entry"}, "e:5"},
    {DRIVER_FAMILY_TDS, {NULL, "Servername=entry;Port=3"}, "e:3"},
    {DRIVER_FAMILY_TDS, {"Port=3", "Servername=entry"}, "e:3"},
    {DRIVER_FAMILY_TDS, {"Port=", "Server=h;Port=3"}, "h:3"},
    {DRIVER_FAMILY_TDS, {"Port=", "Server=h,2"}, "h:2"},
    {DRIVER_FAMILY_TDS, {"Servername=entry", "Server=h;Port=3"}, "e:5"},
    {DRIVER_FAMILY_TDS, {"Servername=entry;Address=h"}, "e:5"},
    {DRIVER_FAMILY_TDS, {NULL, "Server=s,2;Address=h;Port=3"}, "h:3"},
    {DRIVER_FAMILY_TDS, {NULL, "Address=h;Server=s\\i;Port=3"}, "h:3"},
    {DRIVER_FAMILY_TDS, {"Server=h;Address=a"}, "h:1433"},
    {DRIVER_FAMILY_TDS, {"Address=a", "Server=h"}, "h:1433"},
    {DRIVER_FAMILY_TDS, {"Address=h,2"}, "h:2"},
    {DRIVER_FAMILY_TDS, {"Server=h", "Servername=entry"}, "h:1433"},
    {DRIVER_FAMILY_TDS, {NULL, "Servername=named"}, "n:4"},
    {DRIVER_FAMILY_TDS, {NULL, "Servername=named;Port=3"}, "n:3"},
    {DRIVER_FAMILY_TDS, {NULL, "Servername=bare"}, "bare:4"},
    {DRIVER_FAMILY_POSTGRESQL, {"Servername=h"}, "h:6"},
    {DRIVER_FAMILY_POSTGRESQL, {"Servername=h", "Port=3"}, "h:3"},
    {DRIVER_FAMILY_MYSQL, {"Server=h"}, "h:8"},
    {DRIVER_FAMILY_MYSQL, {"Port=", "Server=h;Port=3"}, "h:8"},
    {DRIVER_FAMILY_MYSQL, {"Server=h", "Port=3"}, "h:3"},
};

/* The path becomes a new file, which FreeTDS and odbcssl read; unset_freetds_conf undoes it. */
static void set_freetds_conf(char *path, const char *entries)
{
    int file = mkstemp(path);
    CHECK_FATAL(file >= 0 && write(file, entries, strlen(entries)) == (ssize_t)strlen(entries));
    close(file);
    setenv("FREETDSCONF", path, 1);
}

static void unset_freetds_conf(const char *path)
{
    unsetenv("FREETDSCONF");
    unlink(path);
}

CASE("the server is the one that the real driver would have found")
{
    static const char entries[] = "[entry]\nhost = e ; the first\nport=5\n"
                                  "[named]\nhost=n\ninstance=I # a name\n[bare]\n"
                                  "[global]\nport = 4\nhost = bare\n";
    char path[] = "/tmp/odbcssl-freetds-XXXXXX";
    set_freetds_conf(path, entries);
    setenv("PGPORT", " 6 ", 1);
    setenv("MYSQL_TCP_PORT", "8", 1);
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++) {
        struct settings settings;
        struct profile_target target = {0};
        struct error error = {0};
        const struct profile *profile = profile_find(servers[i].family);
        conn_place_settings(&settings, servers[i].family, servers[i].places);
        CHECK_FATAL(profile_read(profile, &settings, &target, &error));
        CHECK(profile_find_server(profile, &settings, &target, &error));
        CHECK_TEXT(target.instance != NULL
                       ? suite_text("%s\\%s", target.host, target.instance)
                       : suite_text("%s:%u", target.host != NULL ? target.host : "", target.port),
                   servers[i].server);
        profile_target_free(&target);
        settings_free(&settings);
    }
    unsetenv("PGPORT");
    unsetenv("MYSQL_TCP_PORT");
    unset_freetds_conf(path);
}

/* It reads odbc.ini in the order of its own table, and overwrites only for SQLConnect. */
CASE("of two names in odbc.ini MariaDB's driver takes the other one for SQLConnect")
{
    static const char *const texts[] = {"Server=h;Servername=n;User=u;UID=i",
                                        "UID=i;User=u;Servername=n;Server=h"};
    for (int i = 0; i < 4; i++) {
        struct settings settings;
        struct profile_target target = {0};
        struct error error = {0};
        const struct profile *profile = profile_find(DRIVER_FAMILY_MYSQL);
        const char *const places[3] = {NULL, texts[i / 2], NULL};
        conn_place_settings(&settings, DRIVER_FAMILY_MYSQL, places);
        settings.is_by_name = i % 2 != 0;
        CHECK_FATAL(profile_read(profile, &settings, &target, &error));
        CHECK(profile_find_server(profile, &settings, &target, &error));
        CHECK_TEXT(target.host, settings.is_by_name ? "n" : "h");
        CHECK_TEXT(profile_get(profile, &target.settings, "UID"), settings.is_by_name ? "u" : "i");
        profile_target_free(&target);
        settings_free(&settings);
    }
}

CASE("what an entry of freetds.conf says is told by keywords")
{
    static const struct {
        const char *settings, *intent, *timeout, *database;
    } rows[] = {
        {"Servername=reports", "ReadOnly", "7", "m\xE4rz"}, /* not wide: Latin-1 */
        {"Servername=reports;ApplicationIntent=ReadWrite;Timeout=8;Database=x", "ReadWrite", "8",
         "x"},
        {"Servername=orders", NULL, "9", NULL},
        {"Servername=long lines", NULL, "5", NULL},
    };
    const char *entries = suite_text("[global]\nhost = h\nquery timeout = 9\n"
                                     "[reports]\nRead-Only  Intent = Yes\nquery timeout = 7\n"
                                     "database = m\xC3\xA4rz\n"
                                     "[orders]\nread-only intent = no\n"
                                     "[Long   Lines]\n;%254stimeout = 5\n",
                                     "");
    char path[] = "/tmp/odbcssl-freetds-XXXXXX";
    set_freetds_conf(path, entries);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct connstr list;
        struct error error = {0};
        CHECK_FATAL(
            conn_rewrite(DRIVER_FAMILY_TDS, rows[i].settings, &conn_loopback, &list, &error));
        CHECK_TEXT(connstr_get(&list, "ApplicationIntent"), rows[i].intent);
        CHECK_TEXT(connstr_get(&list, "Timeout"), rows[i].timeout);
        CHECK_TEXT(connstr_get(&list, "Database"), rows[i].database);
        connstr_free(&list);
    }
    unset_freetds_conf(path);
}

/* FreeTDS asks the password database, also for a program whose HOME is another folder. */
CASE("an entry of freetds.conf is not looked for in HOME")
{
    static const char entry[] = "[odbcssl-of-home]\nhost = elsewhere\n";
    char folder[] = "/tmp/odbcssl-home-XXXXXX";
    CHECK_FATAL(mkdtemp(folder) != NULL);
    char *path = strdup(suite_text("%s/.freetds.conf", folder));
    char *home = strdup(getenv("HOME") != NULL ? getenv("HOME") : "");
    struct connstr list;
    struct error error = {0};
    FILE *file = fopen(path, "w");
    CHECK_FATAL(file != NULL);
    fputs(entry, file);
    fclose(file);
    setenv("HOME", folder, 1);
    setenv("FREETDS", "/opt/freetds", 1);
    CHECK(!conn_rewrite(DRIVER_FAMILY_TDS, "Servername=odbcssl-of-home", &conn_loopback, &list,
                        &error));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_SERVER_MISSING);
    CHECK(strstr(error.text, folder) == NULL);
    const struct passwd *account = getpwuid(getuid());
    const char *own = account != NULL ? suite_text(", %s/.freetds.conf", account->pw_dir) : "";
    CHECK_CONTAINS(error.text, suite_text("(searched: /opt/freetds/etc/freetds.conf%s and "
                                          "/etc/freetds/freetds.conf)",
                                          own));
    unsetenv("FREETDS");
    setenv("HOME", home, 1);
    connstr_free(&list);
    unlink(path);
    rmdir(folder);
    free(path);
    free(home);
}

/* The home directory of an account that is not this one's; NULL: there is none. */
static const struct passwd *find_other_account(const char *own)
{
    const struct passwd *account;
    setpwent();
    while ((account = getpwent()) != NULL && strcmp(account->pw_dir, own) == 0)
        ;
    endpwent();
    return account;
}

/* FreeTDS reads the file of the real user, in whose name a server works for others. */
CASE("an entry of freetds.conf is looked for in the home of the real user")
{
    struct connstr list;
    struct error error = {0};
    const struct passwd *account = getpwuid(getuid());
    if (getuid() != 0 || account == NULL) {
        suite_skip("only root can act for another user");
        return;
    }
    const char *own = suite_text("searched: %s/.freetds.conf and ", account->pw_dir);
    account = find_other_account(account->pw_dir);
    CHECK_FATAL(account != NULL && seteuid(account->pw_uid) == 0);
    CHECK(!conn_rewrite(DRIVER_FAMILY_TDS, "Servername=odbcssl-of-home", &conn_loopback, &list,
                        &error));
    CHECK(seteuid(0) == 0);
    CHECK_CONTAINS(error.text, own);
    connstr_free(&list);
}

SUITE("files", conn_forget_environment, NULL)
