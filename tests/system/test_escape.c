/*
 * test_escape.c - what the real drivers read is what was meant: thousands of hostile values through
 * odbcssl to psqlodbc, FreeTDS and MariaDB's driver, and a look at the sockets: where each
 * connected, and who it said logs in.
 *
 * ODBCSSL_TEST_ESCAPES: how many values for each driver; ODBCSSL_TEST_SEED: begins where a failed
 * run began.
 */
#include <dlfcn.h>
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "fixture.h"
#include "odbcssl.h"
#include "support/canned_servers.h"
#include "support/capture.h"
#include "support/private_odbc.h"
#include "support/suite.h"

#define VALUE_SIZE 1024
#define STRING_SIZE 16384
#define DEFAULT_COUNT 1000

static struct library driver; /* the test's values are for the real drivers */

/* ---- values ---- */

static uint64_t seed, state;

static unsigned pick(unsigned count)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 11) % count);
}

static const char *const pieces[] = {
    ";",
    ";",
    "}",
    "}",
    "{",
    "};",
    "}}",
    "}};",
    "{}",
    "=",
    " ",
    "  ",
    "'",
    "\"",
    "\\",
    "%",
    "%3B",
    "%7D",
    "+",
    ",",
    "@",
    "#",
    "a",
    "B",
    "7",
    "\303\251",
    "\360\237\230\200",
    "\t",
    "\n",
    "SERVER=127.0.0.9",
    "Servername=127.0.0.9;",
    ";SERVER=127.0.0.9,9;",
    "};SERVER=127.0.0.9,9;Z=1",
    "PORT=9",
    "UID=intruder;",
    "PWD=stolen;",
    "};UID=intruder;",
    "OPTION=65536;",
    "SSLmode=require",
    "Encryption=require;",
    "hostaddr=127.0.0.9",
    "postgres://127.0.0.9/x",
    "TDS_Version=5.0;",
    "DSN=other",
    "SOCKET=/nowhere;",
    "FORCETLS=1;",
    "' host='127.0.0.9",
    "\\' user=intruder",
};

static void make_value(char *out)
{
    unsigned count = 1 + pick(6);
    size_t length = 0;
    if (pick(40) == 0) /* longer than the drivers' own arrays */
        for (unsigned i = 200 + pick(200); i > 0; i--)
            out[length++] = 'x';
    for (; count > 0; count--) {
        const char *piece = pieces[pick(sizeof pieces / sizeof pieces[0])];
        memcpy(out + length, piece, strlen(piece));
        length += strlen(piece);
    }
    out[length] = '\0';
}

enum way { WAY_STRING, WAY_WIDE_STRING, WAY_ARGUMENTS, WAY_FILE, WAYS };
enum slot { SLOT_USER, SLOT_PASSWORD, SLOT_DATABASE, SLOT_OTHER, SLOT_HOST, SLOTS };

static const struct family {
    const char *name;
    enum canned_kind kind;
    const char *library;
    const char *keywords[SLOT_OTHER + 1]; /* in odbc.ini */
    const char *host_keyword;
    const char *others[8]; /* keywords that this test gives hostile values as well */
} families[] = {
    {"psqlodbc",
     CANNED_POSTGRESQL,
     "psqlodbcw.so",
     {"Username", "Password", "Database", NULL},
     "Servername",
     {"ConnSettings", "ReadOnly", "ExtraSysTablePrefixes", "Nobody", "Service", "A1"}},
    {"FreeTDS",
     CANNED_TDS,
     "libtdsodbc.so",
     {"UID", "PWD", "Database", NULL},
     "Server",
     {"APP", "WSID", "Language", "Nobody", "AttachDbFilename", "ServerSPN"}},
    {"MariaDB",
     CANNED_MYSQL,
     "libmaodbc.so",
     {"UID", "PWD", "Database", NULL},
     "Server",
     {"INITSTMT", "OPTION", "Nobody", "CONN_TIMEOUT", "NO_PROMPT", "INTERACTIVE"}},
};

/* One attempt to connect, and what is meant by it. */
struct attempt {
    const struct family *family;
    enum way way;
    enum slot hostile;
    const char *other;
    char values[SLOTS][VALUE_SIZE];
    char text[STRING_SIZE]; /* what the application passes, for the error */
    SQLINTEGER native;
    char message[2048];
};

static bool has_outer_blank(const char *value)
{
    return value[0] != '\0' && (strchr(" \t\n\v\f\r", value[0]) != NULL ||
                                strchr(" \t\n\v\f\r", value[strlen(value) - 1]) != NULL);
}

/* A line of odbc.ini holds neither line breaks nor outer blanks nor more than 900 characters, and
 * psqlodbc decodes its password. */
static bool fits_file(const struct attempt *attempt, const char *value)
{
    bool is_decoded = attempt->family->kind == CANNED_POSTGRESQL &&
                      (attempt->hostile == SLOT_PASSWORD || attempt->hostile == SLOT_OTHER);
    return strpbrk(value, "\n\t") == NULL && !has_outer_blank(value) && strlen(value) < 900 &&
           !(is_decoded && strpbrk(value, "%+") != NULL);
}

/* FreeTDS takes "domain\\user" for a login of Windows, with neither name nor password in the
 * packet, and the bytes of a string that is not wide for Latin-1. */
static bool is_changed(const struct attempt *attempt, const char *value)
{
    bool is_ascii = true;
    for (; *value != '\0' && is_ascii; value++)
        is_ascii = (unsigned char)*value < 0x80;
    return attempt->family->kind == CANNED_TDS &&
           (strchr(attempt->values[SLOT_USER], '\\') != NULL ||
            (!is_ascii && attempt->way != WAY_WIDE_STRING));
}

/* For MariaDB's driver that is no name at all. */
static bool is_blank(const char *value)
{
    return value[strspn(value, " \t\n")] == '\0';
}

static void make_attempt(struct attempt *attempt, const struct family *family)
{
    size_t others = 0;
    memset(attempt, 0, sizeof *attempt);
    attempt->family = family;
    attempt->way = (enum way)pick(WAYS);
    attempt->hostile = (enum slot)pick(SLOTS);
    if (attempt->way == WAY_ARGUMENTS && attempt->hostile > SLOT_PASSWORD)
        attempt->hostile = (enum slot)pick(2);
    while (others < 8 && family->others[others] != NULL)
        others++;
    attempt->other = family->others[pick((unsigned)others)];
    strcpy(attempt->values[SLOT_USER], "me");
    strcpy(attempt->values[SLOT_PASSWORD], "secret");
    strcpy(attempt->values[SLOT_DATABASE], "data");
    strcpy(attempt->values[SLOT_OTHER], "1");
    strcpy(attempt->values[SLOT_HOST], "127.0.0.1");
    char *value = attempt->values[attempt->hostile];
    do
        make_value(value);
    while ((attempt->way == WAY_FILE && !fits_file(attempt, value)) || is_changed(attempt, value) ||
           is_blank(value));
    if (attempt->hostile == SLOT_HOST) { /* no other address: 7 is one, and 127.0.0.17 */
        const char *begin =
            pick(2) == 0 && strchr("0123456789.", *value) == NULL ? "127.0.0.1" : "h";
        memmove(value + strlen(begin), value, strlen(value) + 1);
        memcpy(value, begin, strlen(begin));
    }
}

/* ---- connecting ---- */

/* By the ODBC reference's rules. */
static size_t write_pair(char *out, const char *keyword, const char *value)
{
    size_t length = (size_t)sprintf(out, "%s={", keyword);
    for (; *value != '\0'; value++) {
        out[length++] = *value;
        if (*value == '}')
            out[length++] = '}';
    }
    return length + (size_t)sprintf(out + length, "};");
}

static void write_string(struct attempt *attempt)
{
    const struct family *family = attempt->family;
    char *out = attempt->text;
    out += sprintf(out,
                   "TargetDriver=%s;DRIVER={none};SslMode=disable;SslTransport=relay;SslTimeout=5;",
                   family->library);
    unsigned first = pick(4);
    for (unsigned i = 0; i < 4; i++) {
        unsigned slot = (first + i) % 4;
        const char *keyword = slot == SLOT_OTHER ? attempt->other : family->keywords[slot];
        out += write_pair(out, keyword, attempt->values[slot]);
    }
    out += write_pair(out, family->host_keyword, attempt->values[SLOT_HOST]);
    sprintf(out, "Port=%u", canned_server_port(family->kind));
}

/* odbc.ini of a new section: libodbcinst remembers what it has read of a section. */
static bool write_section(struct attempt *attempt, unsigned number)
{
    const struct family *family = attempt->family;
    char *out = attempt->text;
    out += sprintf(out,
                   "[s%u]\nTargetDriver=%s\nSslMode=disable\nSslTransport=relay\nSslTimeout="
                   "5\nPort=%u\n%s=%s\n",
                   number, family->library, canned_server_port(family->kind), family->host_keyword,
                   attempt->values[SLOT_HOST]);
    bool has_login = attempt->way == WAY_FILE;
    for (unsigned slot = has_login ? 0 : SLOT_DATABASE; slot <= SLOT_OTHER; slot++)
        out += sprintf(out, "%s=%s\n", slot == SLOT_OTHER ? attempt->other : family->keywords[slot],
                       attempt->values[slot]);
    FILE *file = fopen(getenv("ODBCINI"), "w");
    if (file == NULL)
        return false;
    fputs(attempt->text, file);
    return fclose(file) == 0;
}

static void run_attempt(struct attempt *attempt, unsigned number)
{
    SQLHDBC connection;
    SQLCHAR state_text[6];
    SQLSMALLINT length;
    const char *dsn = suite_text(attempt->way == WAY_FILE ? "DSN=s%u" : "s%u", number);
    CALL(&driver, SQLAllocHandle)(SQL_HANDLE_DBC, driver.environment, &connection);
    bool has_section = attempt->way == WAY_FILE || attempt->way == WAY_ARGUMENTS;
    if (!has_section)
        write_string(attempt);
    CHECK_FATAL(!has_section || write_section(attempt, number));
    const char *text = attempt->way == WAY_FILE ? dsn : attempt->text;
    if (attempt->way == WAY_ARGUMENTS) {
        CALL(&driver, SQLConnect)
        (connection, (SQLCHAR *)dsn, SQL_NTS, (SQLCHAR *)attempt->values[SLOT_USER], SQL_NTS,
         (SQLCHAR *)attempt->values[SLOT_PASSWORD], SQL_NTS);
    } else if (attempt->way == WAY_WIDE_STRING) {
        SQLWCHAR *wide = text_to_utf16(text, strlen(text), NULL);
        CALL(&driver, SQLDriverConnectW)
        (connection, NULL, wide, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
        free(wide);
    } else {
        CALL(&driver, SQLDriverConnect)
        (connection, NULL, (SQLCHAR *)text, SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT);
    }
    CALL(&driver, SQLGetDiagRec)
    (SQL_HANDLE_DBC, connection, 1, state_text, &attempt->native, (SQLCHAR *)attempt->message,
     sizeof attempt->message, &length);
    CALL(&driver, SQLFreeHandle)(SQL_HANDLE_DBC, connection);
}

/* ---- judging ---- */

static void complain(const struct attempt *attempt, const char *what, const char *detail)
{
    printf(
        "# %s, seed %llu: %s%s%s\n# given: %s\n# user {%s} password {%s} database {%s}\n# %d %s\n",
        attempt->family->name, (unsigned long long)seed, what, *detail != '\0' ? ": " : "", detail,
        attempt->text, attempt->values[SLOT_USER], attempt->values[SLOT_PASSWORD],
        attempt->values[SLOT_DATABASE], (int)attempt->native, attempt->message);
    CU_FAIL("not what was meant");
}

/* What no way of writing tells the driver: known of each by its parser. */
static bool may_be_refused(const struct attempt *attempt)
{
    const char *value = attempt->values[attempt->hostile];
    bool is_raw = attempt->way == WAY_ARGUMENTS || attempt->way == WAY_FILE;
    if (attempt->hostile == SLOT_HOST)
        return true;
    switch (attempt->family->kind) {
    case CANNED_POSTGRESQL:
        return attempt->hostile == SLOT_OTHER &&
               (strchr(value, ';') != NULL || value[0] == '{' || strlen(value) > 255);
    case CANNED_TDS: /* LOGIN7 has 128 characters for each, and FreeTDS cuts */
        return strstr(value, "};") != NULL || strlen(value) > 128;
    case CANNED_MYSQL: /* the client library cuts a database's name at 256 bytes */
        return (is_raw && has_outer_blank(value)) || strlen(value) > 256;
    case CANNED_KINDS:
        break;
    }
    return false;
}

static void check_refusal(const struct attempt *attempt)
{
    static const char *const arguments[] = {"UID", "PWD"};
    const struct family *family = attempt->family;
    const char *keyword = attempt->hostile == SLOT_OTHER  ? attempt->other
                          : attempt->hostile == SLOT_HOST ? ""
                          : attempt->way == WAY_ARGUMENTS ? arguments[attempt->hostile]
                                                          : family->keywords[attempt->hostile];
    if (!may_be_refused(attempt))
        complain(attempt, "refused without need", "");
    else if (strstr(attempt->message, keyword) == NULL)
        complain(attempt, "refused without the keyword's name", keyword);
}

/* Where blanks are taken away by the driver itself, that is what a connection string means. */
static const char *meant(const struct attempt *attempt, enum slot slot, char *out)
{
    const char *value = attempt->values[slot];
    bool is_string = attempt->way == WAY_STRING || attempt->way == WAY_WIDE_STRING;
    if (attempt->family->kind != CANNED_MYSQL || !is_string)
        return value;
    value += strspn(value, " \t\n\v\f\r");
    strcpy(out, value);
    while (has_outer_blank(out))
        out[strlen(out) - 1] = '\0';
    return out;
}

static void check_login(const struct attempt *attempt, const struct captured_connection *inner)
{
    struct canned_login login;
    char wanted[VALUE_SIZE];
    unsigned char scramble[20];
    if (!canned_login_read(attempt->family->kind, inner->bytes, inner->length, &login)) {
        complain(attempt, "no whole login was sent", "");
        return;
    }
    if (login.wants_tls)
        complain(attempt, "the driver asked for TLS", "");
    if (strcmp(login.user, meant(attempt, SLOT_USER, wanted)) != 0)
        complain(attempt, "another user", login.user);
    if (strcmp(login.database, meant(attempt, SLOT_DATABASE, wanted)) != 0)
        complain(attempt, "another database", login.database);
    const char *password = meant(attempt, SLOT_PASSWORD, wanted);
    canned_scramble(password, scramble);
    bool is_right = attempt->family->kind == CANNED_MYSQL
                        ? login.scramble_length == (*password != '\0' ? 20 : 0) &&
                              (*password == '\0' || memcmp(login.scramble, scramble, 20) == 0)
                        : strcmp(login.password, password) == 0;
    if (!is_right)
        complain(attempt, "another password", login.password);
}

/* FreeTDS has "host,port" and "host\\instance"; here Port is set behind it, and counts. */
static bool is_meant(const struct attempt *attempt, const char *address)
{
    char buffer[VALUE_SIZE];
    const char *host = meant(attempt, SLOT_HOST, buffer);
    const char *ends = attempt->family->kind == CANNED_TDS ? ",\\" : "";
    const char *server = suite_text("%.*s:%u", (int)strcspn(host, ends), host,
                                    canned_server_port(attempt->family->kind));
    return strcmp(server, address) == 0;
}

/* Returns whether the login was sent. */
static bool judge(const struct attempt *attempt)
{
    const struct capture *capture = capture_get();
    const struct captured_connection *inner = NULL;
    for (size_t i = 0; i < capture->count && i < CAPTURE_CONNECTIONS; i++) {
        const struct captured_connection *connection = &capture->connections[i];
        if (is_meant(attempt, connection->address))
            continue;
        if (!connection->is_inner)
            complain(attempt, "connected elsewhere", connection->address);
        else if (inner != NULL)
            complain(attempt, "connected again", connection->address);
        inner = connection;
    }
    if (capture->count > CAPTURE_CONNECTIONS)
        complain(attempt, "connected too often", "");
    if (inner != NULL)
        check_login(attempt, inner);
    else
        check_refusal(attempt);
    return inner != NULL;
}

static void run_family(const struct family *family)
{
    const char *count_text = getenv("ODBCSSL_TEST_ESCAPES");
    unsigned count = count_text != NULL ? (unsigned)atoi(count_text) : DEFAULT_COUNT;
    unsigned sent = 0, failures = CU_get_number_of_failures();
    static unsigned number;
    static struct attempt attempt;
    state = seed;
    for (unsigned i = 0; i < count && CU_get_number_of_failures() < failures + 5; i++) {
        make_attempt(&attempt, family);
        capture_reset();
        run_attempt(&attempt, number++);
        sent += judge(&attempt);
    }
    printf("# %s: seed %llu, %u values, %u logins as meant, %u refused\n", family->name,
           (unsigned long long)seed, count, sent, count - sent);
    CHECK(sent > count / 2);
}

CASE("psqlodbc reads what was meant")
{
    run_family(&families[0]);
}

CASE("FreeTDS reads what was meant")
{
    run_family(&families[1]);
}

CASE("MariaDB's driver reads what was meant")
{
    run_family(&families[2]);
}

static int set_up(void)
{
    const char *seed_text = getenv("ODBCSSL_TEST_SEED");
    seed = seed_text != NULL ? strtoull(seed_text, NULL, 10)
                             : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
    if (seed == 0)
        seed = 1;
    return private_odbc_make() && canned_servers_start() &&
                   capture_load(&driver, suite_built("driver/odbc/.libs/libodbcssl.so"))
               ? 0
               : 1;
}

static int tear_down(void)
{
    private_odbc_remove();
    return 0;
}

SUITE("escape", set_up, tear_down)

int main(int argc, char **argv)
{
    return capture_main(argc, argv);
}
