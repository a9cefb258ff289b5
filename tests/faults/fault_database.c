/* fault_database.c - PostgreSQL, MariaDB and the TDS server of the tests, under faults. */
#include "faults/fault_database.h"

#include "support/mariadb_server.h"
#include "support/odbc.h"
#include "support/tds_peer.h"

#define QUICK_USER "quick" /* its password is checked by MD5, which is quick */
#define QUICK_PASSWORD "planted-password-7351"

static struct mariadb_server *mariadb;
static struct tds_peer *tds;

static uint16_t start_postgres(struct fixture *fixture)
{
    const char *rules = "hostssl all " QUICK_USER " 127.0.0.1/32 md5\n"
                        "hostssl all all 127.0.0.1/32 scram-sha-256";
    char answer[100];
    bool is_started =
        fixture_start(fixture, "server", rules, false) &&
        postgres_query(fixture->postgres, "create database " VISIT_SECRET, answer, sizeof answer) &&
        postgres_query(fixture->postgres,
                       "set password_encryption = 'md5'; create user " QUICK_USER
                       " superuser password '" QUICK_PASSWORD "'",
                       answer, sizeof answer);
    return is_started ? (uint16_t)fixture_port(fixture) : 0;
}

static uint16_t start_mariadb(struct fixture *fixture)
{
    mariadb = mariadb_start(&(struct mariadb_options){
        .certificate = fixture_path(fixture, "server.pem"),
        .key = fixture_path(fixture, "server.key"),
        .sql = "create database " VISIT_SECRET "; "
               "create user " QUICK_USER " identified by '" QUICK_PASSWORD "' require ssl; "
               "create user " POSTGRES_USER " identified by '" POSTGRES_PASSWORD "' require ssl; "
               "grant all on " VISIT_SECRET ".* to " QUICK_USER ", " POSTGRES_USER});
    return mariadb != NULL ? mariadb_port(mariadb) : 0;
}

static uint16_t start_tds(struct fixture *fixture)
{
    const struct tds_peer_options options = {.certificate = fixture_path(fixture, "server.pem"),
                                             .key = fixture_path(fixture, "server.key"),
                                             .encryption = "on"};
    tds = tds_peer_is_available() ? tds_peer_start(&options) : NULL;
    return tds != NULL ? tds_peer_port(tds) : 0;
}

const struct fault_database fault_databases[FAULT_DATABASES] = {
    [FAULT_POSTGRESQL] = {.name = "postgresql",
                          .driver = ODBC_POSTGRESQL,
                          .place = "Database=" VISIT_SECRET ";Servername",
                          .protocol = PEER_POSTGRESQL,
                          .words = {"repeat", "select pg_sleep(2) as " VISIT_SECRET, "57014",
                                    "none"},
                          .quick = {QUICK_USER, QUICK_PASSWORD},
                          .slow = {POSTGRES_USER, POSTGRES_PASSWORD},
                          .password_messages = 6,
                          .start = start_postgres},
    [FAULT_MARIADB] = {.name = "mariadb",
                       .driver = ODBC_MARIADB,
                       .place = "Database=" VISIT_SECRET ";Server",
                       .protocol = PEER_MYSQL,
                       .words = {"repeat", "select sleep(2) as " VISIT_SECRET, "HY018", "00000"},
                       .quick = {QUICK_USER, QUICK_PASSWORD},
                       .slow = {POSTGRES_USER, POSTGRES_PASSWORD},
                       .password_messages = 3,
                       .is_muted_by_version = true,
                       .start = start_mariadb},
    [FAULT_SQL_SERVER] = {.name = "sqlserver",
                          .driver = ODBC_FREETDS,
                          .place = "APP=" VISIT_SECRET ";Server",
                          .protocol = PEER_TDS,
                          .words = {"replicate",
                                    "waitfor delay '00:00:02'; select 1 as " VISIT_SECRET, "HY008",
                                    "none"},
                          .quick = {TDS_PEER_USER, TDS_PEER_PASSWORD},
                          .slow = {TDS_PEER_USER, TDS_PEER_PASSWORD},
                          .password_messages = 4,
                          .is_broken_by_signals = true,
                          .start = start_tds}};

void fault_database_stop(void)
{
    mariadb_stop(&mariadb);
    tds_peer_stop(&tds);
}
