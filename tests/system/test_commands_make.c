/*
 * test_commands_make.c - from nothing, from a console's bundle or from another driver's data source
 * to a working one of odbcssl: `odbcssl dsn`, `adopt`, `fetch`; what a terminal is asked, help and
 * completion.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/command.h"
#include "support/gaussdb_files.h"
#include "support/odbc.h"
#include "support/private_server.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/fixture.h"

static struct fixture fixture;

#define HBA "host all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256"

static void start_postgres(bool has_client_ca)
{
    CHECK_FATAL(fixture_start(&fixture, "server", HBA, has_client_ca));
}

static const char *library_dir(void)
{
    return suite_text("--library-dir=%s", fixture_path(&fixture, "lib"));
}

static const char *server(void)
{
    return suite_text("localhost:%u", fixture_port(&fixture));
}

static const char *read_file(const char *name)
{
    static char text[65536];
    suite_read(fixture_path(&fixture, name), text, sizeof text);
    return text;
}

static void write_file(const char *name, const char *text)
{
    CHECK_FATAL(pki_write_file(fixture_path(&fixture, name), text, strlen(text), 0600));
}

#define shell(...) tools_run(fixture.folder, __VA_ARGS__)

/* As isql would, with what was printed at the end. */
static void check_connects(const char *name)
{
    struct odbc_session session = {0};
    CHECK(odbc_connect(&session, "DSN=%s;UID=%s;PWD=%s", name, POSTGRES_USER, POSTGRES_PASSWORD));
    odbc_note(&session, "%s", name);
    CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_STATE), ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK(odbc_query(&session, "select 'it works'"));
    CHECK_TEXT(session.value, "it works");
    odbc_close(&session);
}

/* ---- dsn ---- */

CASE("dsn: writes a data source that works")
{
    struct stat status;
    start_postgres(false);
    write_file("user.ini", "; kept in the copy\n[other]\nDriver=psqlodbcw\n");
    CHECK_FATAL(chdir(fixture.folder) == 0 && symlink(".", "current") == 0);
    CHECK_NUMBER(COMMAND_RUN("dsn", "made", "--target", "psqlodbcw", "--server", server(),
                             "--database", "postgres", "--user", POSTGRES_USER, "--root-cert",
                             "current/root.pem", "--crl", "crl.pem", "--set", "ReadOnly=1",
                             library_dir()),
                 0);
    CHECK_CONTAINS(command_output, "[psqlodbcw over TLS]\n");
    CHECK_CONTAINS(command_output, "Verdict\n  OK    a connection would be: encrypted");
    CHECK_CONTAINS(command_output, "Next\n  isql -v made " POSTGRES_USER " PASSWORD\n");
    const char *section = suite_text("[made]\nDriver=psqlodbcw over TLS\nServername=localhost\n"
                                     "Port=%u\nDatabase=postgres\nUsername=" POSTGRES_USER "\n"
                                     "SslMode=verify-full\nSslRootCert=%s/current/root.pem\n"
                                     "SslCrl=%s/crl.pem\nReadOnly=1\n",
                                     fixture_port(&fixture), fixture.folder, fixture.folder);
    CHECK_CONTAINS(read_file("user.ini"), section);
    CHECK_CONTAINS(read_file("user.ini"), "[other]\nDriver=psqlodbcw\n");
    CHECK(shell("grep -q 'kept in the copy' user.ini.*.bak"));
    CHECK(shell("grep -q 'TLS PostgreSQL' odbcinst.ini.*.bak"));
    CHECK(stat(fixture_path(&fixture, "user.ini"), &status) == 0 &&
          (status.st_mode & 0777) == 0600);
    check_connects("made");
    /* A section that fits is used; --system is for all. */
    CHECK_NUMBER(COMMAND_RUN("dsn", "shared", "--target", "psqlodbcw", "--server", server(),
                             "--root-cert", fixture_path(&fixture, "root.pem"), "--system"),
                 0);
    command_check_absent("[psqlodbcw over TLS]\nDriver ");
    CHECK_CONTAINS(read_file("odbc.ini"), "[shared]\nDriver=psqlodbcw over TLS\n");
    /* What is said to be typed next is one word for each. */
    CHECK_NUMBER(COMMAND_RUN("dsn", "Bob's data", "--target", "psqlodbcw", "--server", server(),
                             "--root-cert", fixture_path(&fixture, "root.pem"), "--user", "$USER"),
                 0);
    CHECK_CONTAINS(command_output, "Next\n  isql -v 'Bob'\\''s data' '$USER' PASSWORD\n");
}

/* A port beside an instance or beside a port of the server's own would count in its place. */
CASE("dsn: a server that says its port otherwise")
{
    static const char *const servers[] = {"127.0.0.1\\sales", "127.0.0.1,1"};
    for (size_t i = 0; i < 2; i++) {
        write_file("user.ini", "");
        CHECK_NUMBER(COMMAND_RUN("dsn", "new", "--target", "FreeTDS", "--server", servers[i],
                                 "--set", "SslTimeout=1", library_dir()),
                     1);
        CHECK_CONTAINS(read_file("user.ini"), suite_text("Server=%s\n", servers[i]));
        CHECK(strstr(read_file("user.ini"), "Port=") == NULL);
    }
}

static const struct dsn_refusal {
    const char *arguments[8];
    const char *text;
} dsn_refusals[] = {
    {{"taken", "--target", "psqlodbcw", "--server", "db"}, "there is a data source taken already"},
    {{"a;b", "--target", "psqlodbcw", "--server", "db"}, "cannot be the name"},
    {{"odbc", "--target", "psqlodbcw", "--server", "db"}, "one of the driver manager's own"},
    {{"new", "--target", "psqlodbc", "--server", "db"}, "did you mean \"psqlodbcw\""},
    {{"new", "--target", "Oracle", "--server", "db"}, "there are \"psqlodbcw\""},
    {{"new", "--target", "psqlodbcw", "--server", "db:0"}, "a port from 1 to 65535"},
    {{"new", "--target", "psqlodbcw", "--server", "db", "--root-cert", "/none.pem"},
     "--root-cert=/none.pem: No such file"},
    {{"new", "--target", "psqlodbcw", "--server", "db", "--set", "SslMode=full"}, "SslMode=full"},
    {{"new", "--target", "psqlodbcw", "--server", "db", "--set", "SslModus=1"}, "SslModus"},
    {{"new", "--target", "psqlodbcw", "--server", "db", "--set", "driver=FreeTDS"},
     "--target names"},
    {{"new", "--target", "psqlodbcw", "--server", "db", "--set", "TargetDriver=FreeTDS"},
     "--set TargetDriver: --target names the real driver"},
    {{"new", "--target", "psqlodbcw", "--server", "db", "--set", "Password= demo pw "},
     "the value of Password begins or ends with a blank"},
};

/* Whatever is wrong is found before a file is touched. */
CASE("dsn: refuses")
{
    write_file("user.ini", "[taken]\nDriver=psqlodbcw\n");
    char *drivers = strdup(read_file("odbcinst.ini"));
    for (size_t i = 0; i < sizeof dsn_refusals / sizeof dsn_refusals[0]; i++) {
        const char *arguments[12] = {"dsn"};
        size_t count = 1;
        for (size_t k = 0; k < 8 && dsn_refusals[i].arguments[k] != NULL; k++)
            arguments[count++] = dsn_refusals[i].arguments[k];
        CHECK_NUMBER(command_run(arguments), 1);
        CHECK_CONTAINS(command_output, dsn_refusals[i].text);
        CHECK_TEXT(read_file("user.ini"), "[taken]\nDriver=psqlodbcw\n");
        CHECK_TEXT(read_file("odbcinst.ini"), drivers);
    }
    free(drivers);
    CHECK_NUMBER(COMMAND_RUN("dsn", "new", "--server", "db"), 2);
    CHECK_NUMBER(COMMAND_RUN("dsn", "new", "--target", "psqlodbcw"), 2);
}

/* ---- changing files ---- */

static int run_without_room(rlim_t size, const char *const *arguments)
{
    struct rlimit former, limit;
    getrlimit(RLIMIT_FSIZE, &former);
    limit = (struct rlimit){size, former.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    int status = command_run(arguments);
    setrlimit(RLIMIT_FSIZE, &former);
    return status;
}

/* Of a file that is too large for what is left, nothing must get lost. */
CASE("no room for a file")
{
    static const char present[] = "[other]\nDriver=psqlodbcw\nServername=db.example.com\n";
    char *drivers = strdup(read_file("odbcinst.ini"));
    const char *dsn[] = {"dsn",      "new",  "--target",    "MariaDB",
                         "--server", "db:1", library_dir(), NULL};
    const char *install[] = {"install", "--target", "MariaDB", library_dir(), NULL};
    write_file("user.ini", present);
    CHECK_NUMBER(run_without_room(strlen(drivers) + 20, install), 1);
    CHECK_CONTAINS(command_output, "cannot be written to");
    CHECK_CONTAINS(command_output, "File too large");
    CHECK_TEXT(read_file("odbcinst.ini"), drivers);
    CHECK_NUMBER(command_run(install), 0);
    CHECK_NUMBER(run_without_room(strlen(present) + 20, dsn), 1);
    CHECK_CONTAINS(command_output, "[new] cannot be written to");
    CHECK_TEXT(read_file("user.ini"), present);
    free(drivers);
}

/* In the root of a system that is being made, for one. */
CASE("no /proc for a change")
{
    char present[] = "[other]\nDriver=psqlodbcw\n";
    if (!shell("unshare -rm mount -t tmpfs none /proc")) {
        suite_skip("no name space can be made");
        return;
    }
    write_file("user.ini", present);
    const char *line = suite_text("unshare -rm sh -c \"mount -t tmpfs none /proc && '%s' dsn new "
                                  "--target psqlodbcw --server db:1 '%s'\"",
                                  suite_built("command/odbcssl"), library_dir());
    char *const words[] = {"/bin/sh", "-c", (char *)line, NULL};
    CHECK_NUMBER(tools_spawn(words, command_output, sizeof command_output), 1);
    CHECK_CONTAINS(command_output, "is left as it is, for libodbcinst works on a copy");
    CHECK_CONTAINS(command_output, "which takes /proc");
    CHECK_TEXT(read_file("user.ini"), present);
}

CASE("several changes at a time")
{
    write_file("user.ini", "");
    CHECK(shell("for i in 1 2 3 4 5 6; do '%s' dsn made$i --target psqlodbcw --server 127.0.0.1:1 "
                "%s & done; wait",
                suite_built("command/odbcssl"), library_dir()));
    for (unsigned i = 1; i <= 6; i++)
        CHECK_CONTAINS(read_file("user.ini"),
                       suite_text("[made%u]\nDriver=psqlodbcw over TLS\nServername=127.0.0.1\n"
                                  "Port=1\nSslMode=verify-full\n",
                                  i));
}

/* ---- bundles ---- */

#define KEY_PASSWORD "Gauss@123"

/* As the console hands it out: every file under its usual name and readable by all. */
static bool write_gaussdb_bundle(const char *folder)
{
    return shell("mkdir -p dws && cd dws && cp ../root.pem cacert.pem && cp ../client.pem "
                 "client.crt && openssl ec -aes256 -in ../client.key -passout pass:" KEY_PASSWORD
                 " -out client.key && echo read me > README.txt") &&
           gaussdb_write_password_files(folder, "client", KEY_PASSWORD) && shell("chmod 644 dws/*");
}

CASE("dsn: GaussDB(DWS)'s bundle")
{
    start_postgres(true);
    write_file("user.ini", "");
    const char *folder = fixture_path(&fixture, "dws");
    CHECK_FATAL(write_gaussdb_bundle(folder));
    CHECK_FATAL(shell("cp dws/client.key \"dws/it's \\$(a).key\""));
    CHECK_NUMBER(COMMAND_RUN("dsn", "dws", "--bundle", folder, "--server", server(), "--user",
                             POSTGRES_USER, "--database", "postgres", library_dir()),
                 1);
    CHECK_CONTAINS(command_output, "  cacert.pem                   CA certificates: CN=Root CA\n");
    CHECK_CONTAINS(command_output, "  client.key.cipher            password of the private key\n");
    CHECK_CONTAINS(command_output, "  README.txt                   not used\n");
    /* An archive's names are no commands. */
    const char *needed = suite_text("  chmod 600 %s/client.key %s/client.key.cipher "
                                    "%s/client.key.rand '%s/it'\\''s $(a).key'\n",
                                    folder, folder, folder, folder);
    CHECK_CONTAINS(command_output, needed);
    command_check_fact("FAIL", "SslCert", "0644");
    /* That was all that was missing. */
    CHECK(shell("chmod 600 dws/client.key*"));
    CHECK_NUMBER(COMMAND_RUN("check", "dws"), 0);
    command_check_fact("OK", "client certificate", "shown");
    CHECK_CONTAINS(command_output, "Verdict\n  OK ");
    check_connects("dws");
    /* Two authorities: it is not guessed. */
    CHECK(shell("cp other.pem dws/another.pem"));
    CHECK_NUMBER(COMMAND_RUN("dsn", "dws2", "--bundle", folder, "--server", server()), 1);
    CHECK_CONTAINS(command_output, "both ");
    CHECK_CONTAINS(command_output, "say by --root-cert which is meant");
    CHECK(shell("mkdir -p dws/zip && echo PK > dws/zip/certs.txt"));
    CHECK_NUMBER(
        COMMAND_RUN("dsn", "dws3", "--bundle", suite_text("%s/zip", folder), "--server", "db"), 1);
    CHECK_CONTAINS(command_output, "no file of the folder holds certificates");
}

/* The same chain in three formats, for the FreeTDS of odbcinst.ini. */
CASE("dsn: ApsaraDB's download")
{
    write_file("user.ini", "");
    const char *folder = fixture_path(&fixture, "rds");
    CHECK_FATAL(shell("mkdir -p rds && cd rds && cp ../root.pem ApsaraDB-CA-Chain.pem && openssl "
                      "crl2pkcs7 -nocrl -certfile ../root.pem -out ApsaraDB-CA-Chain.p7b"));
    if (system("command -v keytool >/dev/null") == 0)
        CHECK(shell("keytool -importcert -noprompt -alias ca -storetype JKS -storepass apsaradb "
                    "-file root.pem -keystore rds/ApsaraDB-CA-Chain.jks"));
    CHECK_NUMBER(COMMAND_RUN("dsn", "rds", "--bundle", folder, "--server",
                             suite_text("localhost:%u", private_server_free_port()), library_dir()),
                 1);
    CHECK_CONTAINS(command_output, "  ApsaraDB-CA-Chain.p7b        CA certificates: CN=Root CA\n");
    command_check_fact("FAIL", "TCP", "refused"); /* and nothing else */
    CHECK_CONTAINS(read_file("user.ini"), "[rds]\nDriver=FreeTDS over TLS\nServer=localhost\n");
    CHECK_CONTAINS(read_file("user.ini"),
                   suite_text("SslRootCert=%s/ApsaraDB-CA-Chain.pem\n", folder));
}

/* ---- adopt ---- */

static const char *native_source(const char *more)
{
    return suite_text("[native]\nDriver=psqlodbcw\nServername=localhost\nPort=%u\n"
                      "Database=postgres\nUsername=" POSTGRES_USER "\n%s\n",
                      fixture_port(&fixture), more);
}

CASE("adopt: psqlodbc")
{
    const char *more;
    start_postgres(false);
    more = suite_text("SSLmode=verify-full\npqopt=sslrootcert=%s sslcrl='%s' keepalives_idle=30",
                      fixture_path(&fixture, "root.pem"), fixture_path(&fixture, "crl.pem"));
    write_file("user.ini", native_source(more));
    char *before = strdup(read_file("user.ini"));
    CHECK_NUMBER(COMMAND_RUN("adopt", "native"), 0);
    CHECK_CONTAINS(command_output, "SSLmode=verify-full                          becomes SslMode=");
    CHECK_CONTAINS(command_output,
                   suite_text("becomes SslCrl=%s\n", fixture_path(&fixture, "crl.pem")));
    CHECK_CONTAINS(command_output, "Database=postgres                            stays");
    CHECK_CONTAINS(command_output, "pqopt keepalives_idle=30                     stays");
    CHECK_CONTAINS(command_output, "pqopt        = keepalives_idle='30'\n");
    CHECK_CONTAINS(command_output, "Nothing is written");
    CHECK_TEXT(read_file("user.ini"), before);
    free(before);
    CHECK_NUMBER(COMMAND_RUN("adopt", "native", "--write", library_dir()), 0);
    CHECK_CONTAINS(command_output, "Verdict\n  OK ");
    CHECK_CONTAINS(read_file("user.ini"), "Driver=psqlodbcw over TLS\n");
    CHECK(strstr(read_file("user.ini"), "sslrootcert=") == NULL);
    check_connects("native");
    CHECK_NUMBER(COMMAND_RUN("adopt", "native"), 1);
    CHECK_CONTAINS(command_output, "uses odbcssl already");
}

/* A demand that cannot be carried over stops the writing. */
static const struct {
    const char *more;
    const char *text;
} unequalled[] = {
    {"pqopt=service=secure", "pqopt service=secure                         HAS NO EQUAL"},
    {"pqopt=keepalives=1 channel_binding=require",
     "pqopt channel_binding=require                HAS NO EQUAL"},
    {"pqopt=gssencmode=require", "pqopt gssencmode=require                     HAS NO EQUAL"},
};

CASE("adopt: what has no equal")
{
    start_postgres(false);
    for (size_t i = 0; i < sizeof unequalled / sizeof unequalled[0]; i++) {
        write_file("user.ini", native_source(unequalled[i].more));
        char *before = strdup(read_file("user.ini"));
        CHECK_NUMBER(COMMAND_RUN("adopt", "native", "--write", library_dir()), 1);
        CHECK_CONTAINS(command_output, unequalled[i].text);
        CHECK_CONTAINS(command_output, "nothing is written");
        CHECK_TEXT(read_file("user.ini"), before);
        free(before);
    }
    write_file("user.ini", native_source("pqopt=password=hidden-one keepalives=1"));
    CHECK_NUMBER(COMMAND_RUN("adopt", "native"), 0);
    CHECK_CONTAINS(command_output, "pqopt password=(set)                         stays");
    command_check_absent("hidden-one");
    /* These demand nothing. */
    write_file("user.ini", native_source("pqopt=channel_binding=prefer gssencmode=disable"));
    CHECK_NUMBER(COMMAND_RUN("adopt", "native"), 0);
    CHECK_CONTAINS(command_output, "= channel_binding='prefer' gssencmode='disable'\n");
    command_check_absent("HAS NO EQUAL");
    CHECK_NUMBER(COMMAND_RUN("adopt", "nativ"), 1);
    CHECK_CONTAINS(command_output, "did you mean \"native\"?");
    CHECK_NUMBER(COMMAND_RUN("adopt"), 2);
}

/* Lines that did not count do not come to count when the one before them goes. */
CASE("adopt: a keyword that stands there twice")
{
    write_file("user.ini", "[twice]\nDriver=psqlodbcw\nServername=127.0.0.1\nPort=1\n"
                           "pqopt=sslmode=require\npqopt=sslmode=disable\n[other]\npqopt=kept\n");
    CHECK_NUMBER(COMMAND_RUN("adopt", "twice", "--write", library_dir()), 1);
    command_check_fact("FAIL", "TCP", "Connection refused");
    CHECK_CONTAINS(read_file("user.ini"), "Port=1\nSslMode=require\n\n[other]\npqopt=kept\n");
}

/* It is refused before a file is changed, and what is shown is what would be written. */
CASE("adopt: a data source that cannot be odbcssl's, of a driver that has no section")
{
    const char *driver = fixture_path(&fixture, "lib/own.so");
    CHECK(shell("ln -sf '%s' lib/own.so", ODBC_MODULE_DIR "/psqlodbcw.so"));
    write_file("user.ini", suite_text("[bad]\nDriver=%s\nServername=db\npqopt=sslcrl=relative\n"
                                      "[good]\nDriver=%s\nServername=db\n",
                                      driver, driver));
    char *drivers = strdup(read_file("odbcinst.ini"));
    CHECK_NUMBER(COMMAND_RUN("adopt", "bad", "--write", library_dir()), 1);
    CHECK_CONTAINS(command_output, "SslCrl=relative (bad): the path is relative");
    CHECK_NUMBER(COMMAND_RUN("adopt", "good"), 0);
    CHECK_CONTAINS(command_output, "\n[good]\nDriver       = own over TLS\n");
    CHECK_TEXT(read_file("odbcinst.ini"), drivers);
    CHECK_NUMBER(COMMAND_RUN("adopt", "good", "--write", library_dir()), 1);
    CHECK_CONTAINS(read_file("user.ini"), "[good]\nDriver=own over TLS\n");
    CHECK_CONTAINS(read_file("odbcinst.ini"), "[own over TLS]\n");
    free(drivers);
}

/* What each driver calls it, and what it becomes. */
static const struct {
    const char *section;
    const char *texts[6];
} other_drivers[] = {
    {"Driver=MariaDB\nSERVER=db\nSSLCA=/ca.pem\nSSLVERIFY=1\nTLSVERSION=TLSv1.2,TLSv1.3\n"
     "PWD=topsecret\n",
     {"SslRootCert  = /ca.pem\n", "SslMode      = verify-full\n", "SslMinProtocol = TLSv1.2\n",
      "SslMaxProtocol = TLSv1.3\n", "PWD=(set)"}},
    {"Driver=MariaDB\nSERVER=db\nFORCETLS=1\nTLSPEERFP=0123456789012345678901234567890123456789\n",
     {"SslMode      = require\n", "TLSPEERFP=0123", "HAS NO EQUAL: it is no SHA-256 fingerprint"}},
    {"Driver=MariaDB\nSERVER=db\nSSLCIPHER=AES256-SHA\n", {"SSLCIPHER=AES256-SHA", "SslPriority"}},
    {"Driver=MariaDB\nSERVER=db\nUSE_MYCNF=1\nSOCKET=/run/mysqld.sock\n",
     {"USE_MYCNF=1                                  HAS NO EQUAL: write my.cnf's settings",
      "SOCKET=/run/mysqld.sock                      is left out: "}},
    {"Driver=MariaDB\nOPTION=65539\nSocket=/run/mysqld.sock\n",
     {"OPTION=65539                                 HAS NO EQUAL: write my.cnf's settings",
      "Socket=/run/mysqld.sock                      HAS NO EQUAL: TLS does not run"}},
    {"Driver=MariaDB\nSERVER=db\nOPTION=3\nUSE_MYCNF=no\nSocket=\n",
     {"OPTION=3                                     stays",
      "USE_MYCNF=no                                 stays",
      "Socket=                                      stays"}},
    {"Driver=MariaDB\nSERVER=db\nSSLCIPHER=\nSSLVERIFY=\nSSLCAPATH=\nSSLCA=\nTLSKEYPWD=\n",
     {"SSLCIPHER=                                   is left out: it is empty\n",
      "SSLVERIFY=                                   is left out: ",
      "SSLCAPATH=                                   is left out: ",
      "SSLCA=                                       is left out: ",
      "TLSKEYPWD=                                   is left out: ", "SERVER       = db\n"}},
    {"Driver=psqlodbcw\nServer=db\nServername=/run/postgresql\n",
     {"Server=db                                    stays",
      "Servername=/run/postgresql                   HAS NO EQUAL: TLS does not run"}},
    {"Driver=FreeTDS\nServer=db\nEncryption=require\n", {"SslMode      = require\n"}},
    {"Driver=FreeTDS\nServer=db\nEncryption=strict\n",
     {"SslMode      = verify-full\n", "SslNegotiation = direct\n"}},
    {"Driver=FreeTDS\nServername=entry\n",
     {"freetds.conf ca file=/ca.pem", "SslRootCert  = /ca.pem\n", "SslMode      = verify-full\n",
      "Servername   = entry\n"}},
    {"Driver=FreeTDS\nServer=db\n", {"(it asks for no mode)", "SslMode      = verify-full\n"}},
    {"Driver=psqlodbcw\nServername=db\npqopt=sslrootcert=/ca.pem\n",
     {"becomes SslRootCert=/ca.pem\n",
      "(it asks for no mode)                        SslMode=verify-"}},
};

CASE("adopt: what each driver calls it")
{
    write_file("freetds.conf", "[entry]\nhost = db\nca file = /ca.pem\nencryption = require\n");
    setenv("FREETDSCONF", fixture_path(&fixture, "freetds.conf"), 1);
    for (size_t i = 0; i < sizeof other_drivers / sizeof other_drivers[0]; i++) {
        write_file("user.ini", suite_text("[other]\n%s", other_drivers[i].section));
        CHECK_NUMBER(COMMAND_RUN("adopt", "other"), 0);
        for (size_t k = 0; k < 6 && other_drivers[i].texts[k] != NULL; k++)
            CHECK_CONTAINS(command_output, other_drivers[i].texts[k]);
        command_check_absent("topsecret");
    }
    unsetenv("FREETDSCONF");
}

/* ---- fetch ---- */

CASE("fetch")
{
    start_postgres(false);
    const char *out = fixture_path(&fixture, "fetched.pem");
    CHECK_NUMBER(COMMAND_RUN("fetch", server(), "--protocol", "postgresql", "--out", out), 0);
    CHECK_CONTAINS(command_output, "  names      DNS:localhost, DNS:db.example.com, IP:127.0.0.1");
    CHECK_CONTAINS(command_output, "It is no trust");
    char print[256];
    CHECK(tools_output(fixture.folder, print, sizeof print,
                       "openssl x509 -in server.pem -noout -fingerprint -sha256 | sed 's/.*=//'"));
    CHECK_CONTAINS(command_output, suite_text("SHA-256    %s", print));
    CHECK(shell("cmp -s fetched.pem server.pem"));
    /* It overwrites nothing. */
    CHECK_NUMBER(COMMAND_RUN("fetch", server(), "--protocol", "postgresql", "--out", out), 1);
    CHECK_CONTAINS(command_output, "File exists");
    /* And leaves no half of a chain. */
    CHECK(unlink(out) == 0);
    const char *arguments[] = {"fetch", server(), "--protocol", "postgresql", "--out", out, NULL};
    CHECK_NUMBER(run_without_room(100, arguments), 1);
    CHECK_CONTAINS(command_output, "fetched.pem: File too large");
    CHECK(access(out, F_OK) != 0);
    CHECK_NUMBER(COMMAND_RUN("fetch", server(), "--protocol", "oracle"), 2);
    CHECK_NUMBER(COMMAND_RUN("fetch", "localhost", "--protocol", "none"), 1);
    CHECK_CONTAINS(command_output, "HOST:PORT is wanted");
    CHECK_NUMBER(COMMAND_RUN("fetch", suite_text("localhost:%u", private_server_free_port()),
                             "--protocol", "tds"),
                 1);
    CHECK_CONTAINS(command_output, "Connection refused");
}

/* ---- a terminal ---- */

CASE("status asks for the password")
{
    start_postgres(false);
    write_file("user.ini", suite_text("[asked]\nDriver=%s\nServername=localhost\nPort=%u\n"
                                      "Database=postgres\nUsername=%s\nSslRootCert=%s\n",
                                      ODBC_POSTGRESQL, fixture_port(&fixture), POSTGRES_USER,
                                      fixture_path(&fixture, "root.pem")));
    const char *const status[] = {"status", "asked", NULL};
    CHECK_NUMBER(command_run_on_terminal(POSTGRES_PASSWORD "\n", status), 0);
    CHECK_CONTAINS(command_output, "Password for asked");
    CHECK_CONTAINS(command_output, "SQL_SSL_STATE");
    CHECK_NUMBER(command_run_on_terminal("wrong\n", status), 1);
    CHECK_CONTAINS(command_output, "password authentication failed");
    /* No question where it is known, or where nobody could answer. */
    const char *const given[] = {"status", "asked", "-p", POSTGRES_PASSWORD, NULL};
    CHECK_NUMBER(command_run_on_terminal("", given), 0);
    command_check_absent("Password for");
    CHECK_NUMBER(COMMAND_RUN("status", "asked"), 1);
    command_check_absent("Password for");
    /* An empty variable is none, and takes no password away. */
    const char *string = suite_text("DSN=asked;PWD=%s", POSTGRES_PASSWORD);
    setenv("ODBCSSL_PASSWORD", "", 1);
    CHECK_NUMBER(COMMAND_RUN("status", "-k", string), 0);
    setenv("ODBCSSL_PASSWORD", "wrong", 1);
    CHECK_NUMBER(COMMAND_RUN("status", "-k", string), 1);
    unsetenv("ODBCSSL_PASSWORD");
}

static const char *const subcommands[] = {"check", "status", "list",    "dsn",      "adopt",
                                          "fetch", "verify", "install", "uninstall"};

CASE("help")
{
    CHECK_NUMBER(COMMAND_RUN("-h"), 0);
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        CHECK_CONTAINS(command_output, suite_text("odbcssl %s ", subcommands[i]));
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++) {
        CHECK_NUMBER(COMMAND_RUN(subcommands[i], "-h"), 0);
        CHECK(strncmp(command_output, suite_text("odbcssl %s ", subcommands[i]),
                      strlen(subcommands[i]) + 9) == 0);
        CHECK_NUMBER(COMMAND_RUN(subcommands[i], "--help", "--nonsense"), 0);
    }
    CHECK_NUMBER(command_run((const char *const[]){NULL}), 2);
    CHECK_NUMBER(COMMAND_RUN("nonsense"), 2);
    CHECK_CONTAINS(command_output, "there is no command \"nonsense\"");
}

/* Each of them ends as if it had gone well, where nobody looks. */
CASE("output that cannot be written")
{
    static const char *const lines[] = {
        "-h",   "--version",   "check -h",
        "list", "list --json", "verify --root-cert root.pem --chain server.pem --json"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *line = suite_text("cd '%s' && '%s' %s >/dev/full", fixture.folder,
                                      suite_built("command/odbcssl"), lines[i]);
        char *const shell_line[] = {"/bin/sh", "-c", (char *)line, NULL};
        CHECK_NUMBER(tools_spawn(shell_line, command_output, sizeof command_output), 1);
        CHECK_CONTAINS(command_output, "not all of the output could be written");
    }
}

/* What bash offers for the words of a line, the last of which is being typed. */
static const char *complete(const char *words, unsigned count)
{
    static char offered[4096];
    const char *line = suite_text("PATH='%s':$PATH; source '%s'; COMP_WORDS=(odbcssl %s); "
                                  "COMP_CWORD=%u; _odbcssl; printf '%%s\\n' \"${COMPREPLY[@]}\"",
                                  suite_built("command"),
                                  suite_source("command/completion/odbcssl"), words, count);
    write_file("complete", line);
    tools_output(fixture.folder, offered, sizeof offered, "bash complete 2>&1");
    return offered;
}

CASE("completion")
{
    write_file("user.ini", "[warehouse]\nDriver=psqlodbcw\n[web]\nDriver=psqlodbcw\n");
    CHECK_TEXT(complete("ch", 1), "check\n");
    CHECK_TEXT(complete("dsn x --r", 3), "--root-cert\n");
    CHECK_TEXT(complete("check -", 2), "--all\n--html\n--json\n-k\n");
    CHECK_TEXT(complete("adopt wa", 2), "warehouse\n");
    CHECK_TEXT(complete("fetch x --protocol po", 4), "postgresql\n");
    CHECK_TEXT(complete("install --target Fr", 3), "FreeTDS\nFreeTDS\\ over\\ TLS\n");
}

static const char drivers[] = "[FreeTDS]\nDriver=libtdsodbc.so\n[MariaDB]\nDriver=libmaodbc.so\n";

/* The tests change the folder: what is found from the present one gets its whole name. */
static bool keep_places(void)
{
    char *here = getcwd(NULL, 0);
    bool is_kept =
        here != NULL && setenv("top_builddir", here, 0) == 0 && setenv("top_srcdir", here, 0) == 0;
    free(here);
    return is_kept;
}

static int set_up(void)
{
    return keep_places() && fixture_open(&fixture, drivers, NULL) == 0 &&
                   command_make_library_folder(fixture_path(&fixture, "lib"))
               ? 0
               : -1;
}

static int tear_down(void)
{
    if (chdir("/") != 0)
        return -1;
    fixture_close(&fixture);
    return 0;
}

SUITE("make", set_up, tear_down)
