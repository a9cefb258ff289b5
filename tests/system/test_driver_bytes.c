/*
 * What a server gets of a real driver under odbcssl is what it gets of the real driver alone, byte
 * for byte: from the first message to the last, but for what has to differ, which is named here.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/mariadb_server.h"
#include "support/suite.h"
#include "system/tds_fixture.h"
#include "system/wire_tap.h"

#define NATIVE_FREETDS "native FreeTDS"
#define NATIVE_MARIADB "native MariaDB"

static struct tds_fixture fixture;
static struct wire_tap *tap;
static struct buffer native, carried;
static char native_name[256], carried_name[256];

/* ----- one session, and what was sent in it ----- */

static void check_session(const char *settings, const char *sql, struct buffer *bytes_out,
                          char *name_out)
{
    struct odbc_session session = {0};
    SQLSMALLINT length = 0;
    CHECK(odbc_connect(&session, "%s", settings));
    CHECK(odbc_query(&session, sql));
    CHECK(SQL_SUCCEEDED(
        SQLGetInfo(session.connection, SQL_SERVER_NAME, name_out, sizeof native_name, &length)));
    odbc_close(&session);
    CHECK(wire_tap_take(tap, bytes_out));
    CHECK(buffer_length(bytes_out) > 0);
}

/* Both sessions, with the same settings behind those of TLS. */
static void run_both(const char *native_driver, const char *driver, const char *settings,
                     const char *sql)
{
    printf("# %s\n", settings);
    check_session(suite_text("DRIVER={%s};%s", native_driver, settings), sql, &native, native_name);
    check_session(suite_text("DRIVER={%s};SslMode=disable;%s", driver, settings), sql, &carried,
                  carried_name);
    CHECK_TEXT(carried_name, native_name);
}

static void print_bytes(const char *whose, const struct buffer *bytes, size_t at)
{
    size_t end = at + 48 < buffer_length(bytes) ? at + 48 : buffer_length(bytes);
    printf("# %s, from %zu:", whose, at);
    for (size_t i = at; i < end; i++)
        printf(" %02x", buffer_content(bytes)[i]);
    printf("\n");
}

static void check_equal(void)
{
    size_t i = 0;
    CHECK_NUMBER(buffer_length(&carried), buffer_length(&native));
    while (i < buffer_length(&carried) && i < buffer_length(&native) &&
           buffer_content(&carried)[i] == buffer_content(&native)[i])
        i++;
    bool is_equal = i == buffer_length(&carried) && i == buffer_length(&native);
    CHECK(is_equal);
    if (is_equal)
        return;
    print_bytes("the driver alone", &native, i);
    print_bytes("under odbcssl", &carried, i);
}

static void start_tap(unsigned port)
{
    wire_tap_stop(&tap);
    tap = wire_tap_start((uint16_t)port);
    CHECK_FATAL(tap != NULL);
}

/* ----- PostgreSQL ----- */

CASE("psqlodbc sends what it sends alone")
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    if (!postgres_is_installed()) {
        suite_skip("PostgreSQL is not installed");
        return;
    }
    CHECK_FATAL(fixture_start(&fixture.base, NULL, "host all all 127.0.0.1/32 trust", false));
    start_tap(fixture_port(&fixture.base));
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        const char *settings = suite_text("Servername=%s;Port=%u;Database=postgres;UID=%s",
                                          hosts[i], wire_tap_port(tap), POSTGRES_USER);
        run_both(ODBC_NATIVE_POSTGRESQL, ODBC_POSTGRESQL, settings, "select 42");
        check_equal();
    }
}

/* ----- SQL Server ----- */

CASE("FreeTDS sends what it sends alone")
{
    static const char *const versions[] = {"7.1", "7.2", "7.3", "7.4"};
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    if (tds_fixture_is_skipped(&fixture))
        return;
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "unsupported", NULL));
    start_tap(tds_peer_port(fixture.peer));
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        for (size_t j = 0; j < sizeof hosts / sizeof hosts[0]; j++) {
            /* Without TLS of its own, as the driver is told to go without under odbcssl. */
            const char *settings = suite_text(
                "Server=%s;Port=%u;UID=%s;PWD=%s;TDS_Version=%s;Encryption=off;APP=test;"
                "Database=test;WSID=desk",
                hosts[j], wire_tap_port(tap), TDS_PEER_USER, TDS_PEER_PASSWORD, versions[i]);
            run_both(NATIVE_FREETDS, ODBC_FREETDS, settings, "SELECT 42 AS a");
            check_equal();
        }
    CHECK_NUMBER(tds_peer_count(tds_peer_wait_end(fixture.peer), "violation"), 0);
}

/* Plays a recorded PRELOGIN and login again, and waits for the server to end the connection or to
 * accept the login. */
static void play_login(const unsigned char *bytes, size_t prelogin, size_t login)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(tds_peer_port(fixture.peer)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char reply[4096];
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_FATAL(connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(send(descriptor, bytes, prelogin, MSG_NOSIGNAL) == (ssize_t)prelogin);
    CHECK(recv(descriptor, reply, sizeof reply, 0) > 0);
    CHECK(send(descriptor, bytes + prelogin, login, MSG_NOSIGNAL) == (ssize_t)login);
    recv(descriptor, reply, sizeof reply, 0);
    close(descriptor);
}

/* The server that FreeTDS was compared on is as strict as a real one that reads LOGIN7's data in
 * the order of the offset table: without that the comparison with it would show less. */
CASE("the server rejects gaps, overlaps and disorder in LOGIN7")
{
    static const struct {
        const char *what;
        size_t at; /* in LOGIN7's packet */
        int change;
        const char *violation;
    } rows[] = {
        {"as FreeTDS sent it", 0, 0, NULL},
        {"a gap before the server's name", 8 + 52, 2, "order of its offset table"},
        {"a name within another", 8 + 52, -2, "order of its offset table"},
        {"the user's name behind the password", 8 + 40, 4, "order of its offset table"},
        {"a longer application's name", 8 + 50, 1, "order of its offset table"},
        {"a shorter database's name", 8 + 70, -1, "order of its offset table"},
        {"another length of all", 8, 2, "another length than it says"},
    };
    struct buffer recorded = {0};
    if (tds_fixture_is_skipped(&fixture))
        return;
    CHECK_FATAL(tds_fixture_start(&fixture, "server", "unsupported", NULL));
    start_tap(tds_peer_port(fixture.peer));
    const char *settings = suite_text(
        "DRIVER={%s};Server=localhost;Port=%u;UID=%s;PWD=%s;TDS_Version=7.4;Encryption=off;"
        "APP=test;Database=test",
        NATIVE_FREETDS, wire_tap_port(tap), TDS_PEER_USER, TDS_PEER_PASSWORD);
    check_session(settings, "SELECT 42 AS a", &recorded, native_name);
    unsigned char *bytes = buffer_content(&recorded);
    size_t prelogin = (size_t)(bytes[2] << 8 | bytes[3]);
    size_t login = (size_t)(bytes[prelogin + 2] << 8 | bytes[prelogin + 3]);
    CHECK_FATAL(prelogin + login <= buffer_length(&recorded));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char *changed = bytes + prelogin + rows[i].at, before = *changed;
        tds_peer_forget(fixture.peer);
        *changed = (unsigned char)(before + rows[i].change);
        play_login(bytes, prelogin, login);
        *changed = before;
        const char *log = tds_peer_wait_end(fixture.peer);
        printf("# %s\n", rows[i].what);
        CHECK_CONTAINS(log, rows[i].violation != NULL ? rows[i].violation : " login user=sa ");
        CHECK_NUMBER(tds_peer_count(log, " login "), rows[i].violation == NULL);
    }
    buffer_free(&recorded);
}

/* ----- MariaDB ----- */

#define PLUGIN "mysql_native_password"
#define ATTRIBUTE "_server_host"

/* Among its attributes the driver says where it connects to, which is the relay: that is taken out,
 * and of the three lengths in which it counts. */
static void mask_server_host(struct buffer *bytes)
{
    unsigned char *packet = buffer_content(bytes);
    size_t size = buffer_length(bytes);
    unsigned char *plugin = memmem(packet, size, PLUGIN, sizeof PLUGIN);
    unsigned char *attribute = memmem(packet, size, ATTRIBUTE, sizeof ATTRIBUTE - 1);
    CHECK_FATAL(plugin != NULL && attribute != NULL);
    unsigned char *length = attribute + sizeof ATTRIBUTE - 1, *all = plugin + sizeof PLUGIN;
    unsigned char masked = *length;
    CHECK_FATAL(packet[0] >= masked && *all >= masked && *all < 0xFB);
    memmove(length + 1, length + 1 + masked, size - (size_t)(length + 1 + masked - packet));
    bytes->end -= masked;
    *length = 0;
    *all = (unsigned char)(*all - masked);
    packet[0] = (unsigned char)(packet[0] - masked);
}

CASE("MariaDB sends what it sends alone")
{
    if (!mariadb_is_installed()) {
        suite_skip("MariaDB is not installed");
        return;
    }
    /* A thread that was used before numbers its statements on. */
    static const char *const arguments[] = {"--thread-cache-size=0", NULL};
    struct mariadb_server *server = mariadb_start(&(struct mariadb_options){
        .arguments = arguments, .sql = "create user 'open'@'127.0.0.1' identified by ''"});
    CHECK_FATAL(server != NULL);
    start_tap(mariadb_port(server));
    run_both(NATIVE_MARIADB, ODBC_MARIADB,
             suite_text("Server=127.0.0.1;Port=%u;UID=open", wire_tap_port(tap)), "select 42");
    mask_server_host(&native);
    mask_server_host(&carried);
    check_equal();
    mariadb_stop(&server);
}

static int set_up(void)
{
    return tds_fixture_open(&fixture,
                            "[" NATIVE_FREETDS "]\nDriver=libtdsodbc.so\n"
                            "[" NATIVE_MARIADB "]\nDriver=libmaodbc.so\n",
                            NULL);
}

static int tear_down(void)
{
    wire_tap_stop(&tap);
    buffer_free(&native);
    buffer_free(&carried);
    tds_fixture_close(&fixture);
    return 0;
}

SUITE("driver bytes", set_up, tear_down)
