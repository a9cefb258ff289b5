/*
 * servers.c - private servers for the works, and how each subject connects to them. All verify the
 * same: chain and host name.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <unistd.h>

#include "bench.h"
#include "support/mariadb_server.h"
#include "support/odbc.h"
#include "system/fixture.h"
#include "system/tds_fixture.h"

#define CRL_ENTRIES 100000
#define SYSTEM_ANCHORS "/etc/ssl/certs/ca-certificates.crt"
#define NATIVE_FREETDS "native FreeTDS"
#define NATIVE_MARIADB "native MariaDB"

static struct tds_fixture fixture; /* with the PostgreSQL one in it */
static struct mariadb_server *mariadb;
static pid_t tunnel;

static const char extra_drivers[] =
    "[" NATIVE_FREETDS "]\nDriver=libtdsodbc.so\n[" NATIVE_MARIADB "]\nDriver=libmaodbc.so\n";

static const struct dialect postgres_dialect = {
    .prefix = "",
    .theirs = "psqlodbc",
    .rows = "select n, repeat('x', 100) from generate_series(1, %zu) n",
    .cells = "select n, n * 2, 'some text', 12.5 from generate_series(1, %zu) n",
    .large = "select repeat('x', 1000000) from generate_series(1, %zu)",
    .insert_large = "insert into sink values (?)",
    .set_up = {"create temp table sink (value text)",
               "create rule discard as on insert to sink do instead nothing", NULL},
    .mixed = {"select 1", "select n, 'text' from generate_series(1, 20) n",
              "select repeat('x', 500)"},
};

static const struct dialect mysql_dialect = {
    .prefix = "mysql_",
    .theirs = "libmaodbc",
    .rows = "select seq, repeat('x', 100) from seq_1_to_%zu",
    .cells = "select seq, seq * 2, 'some text', 12.5 from seq_1_to_%zu",
    .large = "select repeat('x', 1000000) from seq_1_to_%zu",
    .insert_large = "insert into bench.sink values (?)",
    .set_up = {"create or replace table bench.sink (value longtext) engine=blackhole", NULL},
    .mixed = {"select 1", "select seq, 'text' from seq_1_to_20", "select repeat('x', 500)"},
};

/* The test's server knows just enough SQL for these. */
static const struct dialect tds_dialect = {
    .prefix = "tds_",
    .theirs = "FreeTDS",
    .rows = "select n, replicate('x', 100) from numbers(%zu)",
    .cells = "select n, n, 'some text', 12.5 from numbers(%zu)",
};

static void describe(struct subject *subject, const char *common, const char *more, const char *crl,
                     const char *system)
{
    snprintf(subject->connection, sizeof subject->connection, "%s%s", common, more);
    if (crl != NULL)
        snprintf(subject->connection_crl, sizeof subject->connection_crl, "%s%s", common, crl);
    if (system != NULL)
        snprintf(subject->connection_system, sizeof subject->connection_system, "%s%s", common,
                 system);
}

/* The system's trust anchors with ours among them, for this process and its children: a private
 * mount. false: that is not allowed here. */
static bool extend_system_anchors(void)
{
    const char *path = fixture_path(&fixture.base, "anchors.pem");
    char command[4096];
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return false;
    snprintf(command, sizeof command, "cat '%s' '%s' >'%s'", SYSTEM_ANCHORS,
             fixture_path(&fixture.base, "root.pem"), path);
    return system(command) == 0 && mount(path, SYSTEM_ANCHORS, NULL, MS_BIND, NULL) == 0;
}

/* --- PostgreSQL --- */

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = bind(descriptor, (struct sockaddr *)&address, length) == 0 &&
                    getsockname(descriptor, (struct sockaddr *)&address, &length) == 0;
    close(descriptor);
    return is_bound ? ntohs(address.sin_port) : 0;
}

static bool is_listening(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_up = connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0;
    close(descriptor);
    return is_up;
}

/* 0: stunnel is not installed. */
static uint16_t start_tunnel(void)
{
    uint16_t port = free_port();
    const char *path = fixture_path(&fixture.base, "stunnel.conf");
    FILE *file = fopen(path, "w");
    if (file == NULL || port == 0)
        return 0;
    fprintf(file,
            "foreground = yes\npid =\nsyslog = no\ndebug = 3\n[postgres]\nclient = yes\n"
            "accept = 127.0.0.1:%u\nconnect = 127.0.0.1:%u\nprotocol = pgsql\nverifyChain = yes\n"
            "CAfile = %s\ncheckHost = localhost\n",
            port, fixture_port(&fixture.base), fixture_path(&fixture.base, "root.pem"));
    fclose(file);
    tunnel = fork();
    if (tunnel == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execlp("stunnel4", "stunnel4", path, (char *)NULL);
        execl("/usr/bin/stunnel4", "stunnel4", path, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 100 && tunnel > 0; i++) {
        if (is_listening(port))
            return port;
        if (waitpid(tunnel, NULL, WNOHANG) == tunnel)
            tunnel = -1;
        usleep(50000);
    }
    return 0;
}

/* libpq does not take a server's SCRAM-SHA-256-PLUS on what it believes to be plaintext, so the
 * tunnel's user logs in by md5: connecting by stunnel lacks a SCRAM login. */
static const char hba[] = "host all tunnel 127.0.0.1/32 md5\n"
                          "host all all 127.0.0.1/32 scram-sha-256\n";

#define POSTGRES_LOGIN(user)                                                                       \
    "Database=postgres;UID=" user ";PWD=" POSTGRES_PASSWORD                                        \
    ";MaxVarcharSize=255;MaxLongVarcharSize=2000000;UseServerSidePrepare=1;"

static bool start_postgres(struct server *server)
{
    char common[512], native[512], more[1024], crl[1024];
    const char *root = fixture_path(&fixture.base, "root.pem");
    const char *large = fixture_path(&fixture.base, "large.pem");
    const struct postgres_options options = {
        .certificate = fixture_path(&fixture.base, "server.pem"),
        .key = fixture_path(&fixture.base, "server.key"),
        .hba = hba,
        .sql = "set password_encryption = md5; "
               "create role tunnel login password '" POSTGRES_PASSWORD "'"};
    if (!postgres_is_installed() || !fixture_start_with(&fixture.base, &options)) {
        fprintf(stderr, "bench: left out: PostgreSQL cannot be started\n");
        return false;
    }
    /* One CA, so that one list covers the server: "leaf", as libpq checks the whole chain when it
     * checks at all, the root's empty list is in the same file. */
    bool has_crl = crl_write(large, fixture.base.intermediate, CRL_ENTRIES, true) &&
                   crl_write(fixture_path(&fixture.base, "root.crl"), fixture.base.root, 0, true);
    char command[4096];
    snprintf(command, sizeof command, "cat '%s' >>'%s'", fixture_path(&fixture.base, "root.crl"),
             large);
    has_crl = has_crl && system(command) == 0;
    bool has_system = extend_system_anchors();
    if (!has_system)
        fprintf(stderr, "bench: left out: connect_system (a private mount is not allowed here)\n");
    server->dialect = postgres_dialect;
    snprintf(native, sizeof native,
             "DRIVER={" ODBC_NATIVE_POSTGRESQL
             "};Servername=localhost;Port=%u;" POSTGRES_LOGIN(POSTGRES_USER) "SSLmode=verify-full;",
             fixture_port(&fixture.base));
    snprintf(more, sizeof more, "pqopt={sslrootcert=%s}", root);
    snprintf(crl, sizeof crl, "pqopt={sslrootcert=%s sslcrl=%s}", root, large);
    describe(&server->subjects[SUBJECT_THEIRS], native, more, has_crl ? crl : NULL,
             has_system ? "pqopt={sslrootcert=" SYSTEM_ANCHORS "}" : NULL);
    snprintf(common, sizeof common,
             "DRIVER={" ODBC_POSTGRESQL
             "};Servername=localhost;Port=%u;" POSTGRES_LOGIN(POSTGRES_USER) "SslMode=verify-full;",
             fixture_port(&fixture.base));
    snprintf(more, sizeof more, "SslRootCert=%s", root);
    snprintf(crl, sizeof crl, "SslRootCert=%s;SslCrl=%s", root, large);
    describe(&server->subjects[SUBJECT_OURS], common, more, has_crl ? crl : NULL,
             has_system ? "SslRootCert=system" : NULL);
    snprintf(more, sizeof more, "SslTransport=relay;SslRootCert=%s", root);
    snprintf(crl, sizeof crl, "SslTransport=relay;SslRootCert=%s;SslCrl=%s", root, large);
    describe(&server->subjects[SUBJECT_RELAY], common, more, has_crl ? crl : NULL,
             has_system ? "SslTransport=relay;SslRootCert=system" : NULL);
    uint16_t port = start_tunnel();
    if (port == 0)
        fprintf(stderr, "bench: left out: stunnel (not installed, or it did not start)\n");
    snprintf(common, sizeof common,
             "DRIVER={" ODBC_NATIVE_POSTGRESQL
             "};Servername=127.0.0.1;Port=%u;" POSTGRES_LOGIN("tunnel") "SSLmode=disable;",
             port);
    if (port != 0)
        describe(&server->subjects[SUBJECT_TUNNEL], common, "", NULL, NULL);
    return true;
}

/* --- SQL Server's protocol --- */

static bool start_tds(struct server *server)
{
    char common[512], more[1024];
    const char *conf = fixture_path(&fixture.base, "freetds.conf");
    if (!fixture.is_available || !tds_fixture_start(&fixture, "server", "required", NULL)) {
        fprintf(stderr, "bench: left out: FreeTDS (no libtdsodbc.so, or no server for it)\n");
        return false;
    }
    FILE *file = fopen(conf, "w");
    if (file == NULL)
        return false;
    fprintf(file,
            "[bench]\nhost = localhost\nport = %u\ntds version = 7.4\nencryption = require\n"
            "ca file = %s\ncheck certificate hostname = yes\n",
            tds_peer_port(fixture.peer), fixture_path(&fixture.base, "root.pem"));
    fclose(file);
    server->dialect = tds_dialect;
    snprintf(common, sizeof common,
             "DRIVER={" NATIVE_FREETDS "};Servername=bench;UID=" TDS_PEER_USER
             ";PWD=" TDS_PEER_PASSWORD ";");
    describe(&server->subjects[SUBJECT_THEIRS], common, "", NULL, NULL);
    snprintf(common, sizeof common,
             "DRIVER={" ODBC_FREETDS "};Server=localhost;Port=%u;TDS_Version=7.4;UID=" TDS_PEER_USER
             ";PWD=" TDS_PEER_PASSWORD ";SslMode=verify-full;",
             tds_peer_port(fixture.peer));
    snprintf(more, sizeof more, "SslRootCert=%s", fixture_path(&fixture.base, "root.pem"));
    describe(&server->subjects[SUBJECT_OURS], common, more, NULL, NULL);
    snprintf(more, sizeof more, "SslTransport=relay;SslRootCert=%s",
             fixture_path(&fixture.base, "root.pem"));
    describe(&server->subjects[SUBJECT_RELAY], common, more, NULL, NULL);
    return true;
}

/* --- MariaDB --- */

static bool start_mariadb(struct server *server)
{
    char common[512], more[1024];
    static const char *const arguments[] = {"--plugin-load-add=ha_blackhole",
                                            "--max-allowed-packet=64M", NULL};
    if (!mariadb_is_installed()) {
        fprintf(stderr, "bench: left out: MariaDB is not installed\n");
        return false;
    }
    mariadb = mariadb_start(
        &(struct mariadb_options){.certificate = fixture_path(&fixture.base, "server.pem"),
                                  .key = fixture_path(&fixture.base, "server.key"),
                                  .arguments = arguments,
                                  .sql = "CREATE DATABASE bench; CREATE USER anna@'%' IDENTIFIED "
                                         "BY 'geheim-7' REQUIRE SSL; GRANT ALL ON *.* TO "
                                         "anna@'%';"});
    if (mariadb == NULL) {
        fprintf(stderr, "bench: left out: MariaDB\n");
        return false;
    }
    server->dialect = mysql_dialect;
    snprintf(common, sizeof common,
             "DRIVER={" NATIVE_MARIADB "};Server=127.0.0.1;Port=%u;Database=bench;UID=anna;"
             "PWD=geheim-7;",
             mariadb_port(mariadb));
    snprintf(more, sizeof more, "SSLCA=%s;SSLVERIFY=1", fixture_path(&fixture.base, "root.pem"));
    describe(&server->subjects[SUBJECT_THEIRS], common, more, NULL, NULL);
    snprintf(common, sizeof common,
             "DRIVER={" ODBC_MARIADB "};Server=127.0.0.1;Port=%u;Database=bench;UID=anna;"
             "PWD=geheim-7;SslMode=verify-full;",
             mariadb_port(mariadb));
    snprintf(more, sizeof more, "SslRootCert=%s", fixture_path(&fixture.base, "root.pem"));
    describe(&server->subjects[SUBJECT_OURS], common, more, NULL, NULL);
    snprintf(more, sizeof more, "SslTransport=relay;SslRootCert=%s",
             fixture_path(&fixture.base, "root.pem"));
    describe(&server->subjects[SUBJECT_RELAY], common, more, NULL, NULL);
    return true;
}

size_t servers_start(struct server *servers)
{
    size_t count = 0;
    if (tds_fixture_open(&fixture, extra_drivers, NULL) != 0)
        return 0;
    setenv("FREETDSCONF", fixture_path(&fixture.base, "freetds.conf"), 1);
    count += start_postgres(&servers[count]);
    count += start_tds(&servers[count]);
    count += start_mariadb(&servers[count]);
    return count;
}

void servers_stop(void)
{
    if (tunnel > 0) {
        kill(tunnel, SIGKILL);
        waitpid(tunnel, NULL, 0);
    }
    mariadb_stop(&mariadb);
    umount(SYSTEM_ANCHORS);
    tds_fixture_close(&fixture);
}
