/* test_dispatch.c - a real driver is loaded, called in its flavour, and its records are kept. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "dispatch/driver.h"
#include "dispatch/handles.h"
#include "support/fake_driver.h"
#include "support/fork_beside.h"
#include "support/suite.h"

#define OTHER_ATTRIBUTE 0x4001

static const struct driver *load_fake(const char *name)
{
    struct error error = {0};
    const struct driver *driver = driver_load(fake_path(name), &error);
    CHECK_TEXT(error.text, "");
    CHECK_FATAL(driver != NULL);
    return driver;
}

static void check_load_error(const char *path, const char *part)
{
    struct error error = {0};
    CHECK(driver_load(path, &error) == NULL);
    CHECK_TEXT(error_sqlstate(error.code), "IM003");
    CHECK_CONTAINS(error.text, path);
    CHECK_CONTAINS(error.text, part);
}

CASE("is loaded once per path")
{
    const struct driver *driver = load_fake("fake.so");
    CHECK(load_fake("fake.so") == driver);
    CHECK(load_fake("fakea.so") != driver);
    CHECK(driver->is_unicode);
    CHECK(!load_fake("fakea.so")->is_unicode);
    CHECK(driver->functions.SQLExecDirectW != NULL);
    CHECK(driver->functions.SQLBulkOperations == NULL);
}

CASE("that is not there: path and the loader's reason")
{
    check_load_error("/nonexistent/driver.so", "No such file");
}

CASE("whose functions are a dependency's is none")
{
    check_load_error(fake_path("hollow.so"), "no function SQLAllocHandle of its own");
}

CASE("may not be odbcssl itself")
{
    check_load_error(suite_built("driver/odbc/.libs/libodbcssl.so"), "odbcssl itself");
}

static void *load_in_thread(void *path)
{
    struct error error = {0};
    return (void *)driver_load(path, &error);
}

CASE("is loaded once, also by several threads")
{
    pthread_t threads[4];
    void *found[4];
    char *path = suite_text("%s", fake_path("fakew.so"));
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, load_in_thread, path);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], &found[i]);
    for (int i = 0; i < 4; i++)
        CHECK(found[i] != NULL && found[i] == found[0]);
}

static struct environment *shared_environment;

static bool use_shared(void)
{
    struct error error = {0};
    const struct driver *driver = driver_load(fake_path("fakew.so"), &error);
    struct connection *connection = connection_new(shared_environment);
    connection->flavour = FLAVOUR_WIDE;
    bool is_usable =
        driver != NULL && connection_new_real(connection, driver, &error) != SQL_NULL_HDBC;
    connection_free(connection);
    return is_usable;
}

CASE("serves a child that is forked while threads load it")
{
    shared_environment = environment_new();
    CHECK_FATAL(shared_environment != NULL);
    shared_environment->odbc_version = SQL_OV_ODBC3;
    CHECK(fork_beside(use_shared, use_shared));
    environment_free(shared_environment);
}

static bool load_in_vain(void)
{
    struct error error = {0};
    return driver_load("not-there.so", &error) == NULL;
}

/* The dynamic linker's own lock is taken in a child that is forked during dlopen(). */
CASE("serves a child that is forked while the dynamic linker is at work")
{
    CHECK(fork_beside(load_in_vain, load_in_vain));
}

SUITE("real driver", NULL, NULL)

static struct connection *new_connection(enum flavour flavour)
{
    struct connection *connection = connection_new(environment_new());
    connection->flavour = flavour;
    return connection;
}

static void free_connection(struct connection *connection)
{
    struct environment *environment = connection->environment;
    connection_free(connection);
    environment_free(environment);
}

static bool can_connect(const char *name, enum flavour flavour, struct error *error)
{
    struct connection *connection = new_connection(flavour);
    bool is_made = connection_new_real(connection, load_fake(name), error) != SQL_NULL_HDBC;
    free_connection(connection);
    return is_made;
}

CASE("the real driver has to have the functions of the application's flavour")
{
    struct error wide = {0}, ansi = {0};
    CHECK(!can_connect("fakea.so", FLAVOUR_WIDE, &wide));
    CHECK_TEXT(error_sqlstate(wide.code), "IM001");
    CHECK_CONTAINS(wide.text, "use libodbcssla.so");
    CHECK(!can_connect("fakew.so", FLAVOUR_ANSI, &ansi));
    CHECK_TEXT(error_sqlstate(ansi.code), "IM001");
    CHECK_CONTAINS(ansi.text, "only Unicode functions");
    CHECK(can_connect("fakea.so", FLAVOUR_ANSI, NULL));
    CHECK(can_connect("fake.so", FLAVOUR_WIDE, NULL));
}

CASE("ODBC 3.80 becomes 3 for a driver that refuses it")
{
    struct error error = {0};
    struct fake_control *control = fake_open("fake.so");
    struct connection *connection = new_connection(FLAVOUR_WIDE);
    control->refuses_odbc_380 = 1;
    connection->environment->odbc_version = SQL_OV_ODBC3_80;
    CHECK_FATAL(connection_new_real(connection, load_fake("fake.so"), &error) != SQL_NULL_HDBC);
    CHECK_TEXT(control->calls, "SQLAllocHandle 1\nSQLSetEnvAttr 200=380\nSQLSetEnvAttr 200=3\n"
                               "SQLAllocHandle 2\n");
    CHECK_NUMBER(connection->environment->odbc_version, SQL_OV_ODBC3_80);
    free_connection(connection);
    CHECK_NUMBER(control->handles, 0);
}

static void check_environments(struct environment *environment, const char *name, size_t count)
{
    struct error error = {0};
    struct connection *connection = connection_new(environment);
    CHECK(connection_new_real(connection, load_fake(name), &error) != SQL_NULL_HDBC);
    connection_free(connection);
    for (struct real_environment *real = environment->real_environments; real != NULL;
         real = real->next)
        count--;
    CHECK_NUMBER(count, 0);
}

CASE("has one real environment per real driver")
{
    struct fake_control *control = fake_open("fake.so"), *other = fake_open("fakea.so");
    struct environment *environment = environment_new();
    check_environments(environment, "fake.so", 1);
    check_environments(environment, "fakea.so", 2);
    check_environments(environment, "fake.so", 2);
    check_environments(environment, "fakea.so", 2);
    environment_free(environment);
    CHECK_NUMBER(control->handles + other->handles, 0);
}

static void save(struct connection *connection, enum flavour flavour, SQLINTEGER attribute,
                 const void *value, SQLINTEGER length)
{
    CHECK(connection_save_attribute(connection, flavour, attribute, (SQLPOINTER)value, length));
}

/* Past the version of the ODBC: what came before connecting. */
static const char *replayed(const struct fake_control *control)
{
    const char *at = strstr(control->calls, "SQLAllocHandle 2\n");
    return at != NULL ? at + strlen("SQLAllocHandle 2\n") : control->calls;
}

CASE("attributes are replayed in order, from copies")
{
    struct error error = {0};
    char catalog[] = "sales", bytes[] = {'a', 'b', 'c', 'd', 'e', 'X'};
    struct fake_control *control = fake_open("fake.so");
    struct connection *connection = new_connection(FLAVOUR_WIDE);
    control->refuses_attribute_replay = 1; /* nobody looks */
    save(connection, FLAVOUR_ANSI, SQL_ATTR_LOGIN_TIMEOUT, (void *)5, 4);
    save(connection, FLAVOUR_ANSI, OTHER_ATTRIBUTE, (void *)77, SQL_IS_INTEGER);
    save(connection, FLAVOUR_ANSI, SQL_ATTR_CURRENT_CATALOG, catalog, SQL_NTS);
    save(connection, FLAVOUR_ANSI, OTHER_ATTRIBUTE + 1, bytes, 5);
    save(connection, FLAVOUR_ANSI, SQL_ATTR_ANSI_APP, NULL, 0);
    memset(catalog, 'x', sizeof catalog - 1); /* the pointers were the driver manager's */
    memset(bytes, 'x', sizeof bytes);
    CHECK(connection_new_real(connection, load_fake("fake.so"), &error) != SQL_NULL_HDBC);
    CHECK_TEXT(error.text, "");
    CHECK_TEXT(replayed(control), "SQLSetConnectAttr 103=5\nSQLSetConnectAttr 16385=77\n"
                                  "SQLSetConnectAttr 109='sales'\nSQLSetConnectAttr 16386='abcde'\n"
                                  "SQLSetConnectAttr 115=0\n");
    free_connection(connection);
    CHECK_NUMBER(control->handles, 0);
}

CASE("attributes are replayed at each connecting")
{
    struct error error = {0};
    struct fake_control *control = fake_open("fake.so");
    struct connection *connection = new_connection(FLAVOUR_ANSI);
    save(connection, FLAVOUR_ANSI, SQL_ATTR_LOGIN_TIMEOUT, (void *)5, 4);
    CHECK(connection_new_real(connection, load_fake("fake.so"), &error) != SQL_NULL_HDBC);
    connection_free_real(connection);
    CHECK(connection->driver == NULL && connection->handle.real == SQL_NULL_HANDLE);
    control->calls[0] = '\0';
    CHECK(connection_new_real(connection, load_fake("fake.so"), &error) != SQL_NULL_HDBC);
    CHECK_TEXT(replayed(control), "SQLSetConnectAttr 103=5\n");
    free_connection(connection);
}

CASE("attributes are converted for a driver without the flavour")
{
    struct error error = {0};
    struct fake_control *control = fake_open("fakew.so");
    struct connection *connection = new_connection(FLAVOUR_WIDE);
    save(connection, FLAVOUR_ANSI, SQL_ATTR_CURRENT_CATALOG, "sales", SQL_NTS);
    save(connection, FLAVOUR_ANSI, SQL_ATTR_LOGIN_TIMEOUT, (void *)5, 4);
    CHECK(connection_new_real(connection, load_fake("fakew.so"), &error) != SQL_NULL_HDBC);
    CHECK_TEXT(replayed(control), "SQLSetConnectAttrW 109='sales'\nSQLSetConnectAttrW 103=5\n");
    free_connection(connection);
}

CASE("the last number set counts")
{
    struct connection *connection = new_connection(FLAVOUR_ANSI);
    CHECK_NUMBER(connection_saved_number(connection, SQL_ATTR_LOGIN_TIMEOUT), 0);
    save(connection, FLAVOUR_ANSI, SQL_ATTR_LOGIN_TIMEOUT, (void *)5, 4);
    save(connection, FLAVOUR_ANSI, SQL_ATTR_LOGIN_TIMEOUT, (void *)9, 4);
    CHECK_NUMBER(connection_saved_number(connection, SQL_ATTR_LOGIN_TIMEOUT), 9);
    free_connection(connection);
}

CASE("the last text set counts")
{
    static const SQLWCHAR wide[] = {0x0100, 0}; /* its first byte is zero */
    struct connection *connection = new_connection(FLAVOUR_ANSI);
    CHECK(!connection_has_saved_text(connection, SQL_ATTR_CURRENT_CATALOG));
    save(connection, FLAVOUR_ANSI, SQL_ATTR_LOGIN_TIMEOUT, (void *)5, 4);
    save(connection, FLAVOUR_ANSI, SQL_ATTR_TRACEFILE, "trace", SQL_NTS);
    CHECK(!connection_has_saved_text(connection, SQL_ATTR_CURRENT_CATALOG));
    save(connection, FLAVOUR_WIDE, SQL_ATTR_CURRENT_CATALOG, wide, SQL_NTS);
    CHECK(connection_has_saved_text(connection, SQL_ATTR_CURRENT_CATALOG));
    save(connection, FLAVOUR_ANSI, SQL_ATTR_CURRENT_CATALOG, "", SQL_NTS);
    CHECK(!connection_has_saved_text(connection, SQL_ATTR_CURRENT_CATALOG));
    save(connection, FLAVOUR_ANSI, SQL_ATTR_CURRENT_CATALOG, "sales", 5);
    CHECK(connection_has_saved_text(connection, SQL_ATTR_CURRENT_CATALOG));
    free_connection(connection);
}

CASE("a driver without the flavour is refused")
{
    struct error error = {0};
    struct connection *connection = new_connection(FLAVOUR_WIDE);
    CHECK(connection_new_real(connection, load_fake("fakea.so"), &error) == SQL_NULL_HDBC);
    CHECK_TEXT(error_sqlstate(error.code), "IM001");
    CHECK(connection->handle.real == SQL_NULL_HANDLE);
    free_connection(connection);
}

SUITE("connection", NULL, NULL)

/* What the records say without prefix, joined by blanks. */
static void join_records(const struct diagnostics *diagnostics, char *out, size_t size)
{
    struct diagnostic record;
    out[0] = '\0';
    for (size_t i = 0; diagnostics_get(diagnostics, i, &record); i++) {
        size_t used = strlen(out);
        CHECK(strncmp(record.message, "[odbcssl] ", 10) == 0);
        CHECK(strlen(record.message) < DIAGNOSTIC_TEXT_SIZE);
        snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "", record.message + 10);
    }
}

CASE("a long text becomes several records of whole words")
{
    struct error error = {0};
    struct diagnostics diagnostics = {0};
    char joined[4096], text[1500] = "";
    while (strlen(text) < sizeof text - 20)
        strcat(text, "certificate of db1 ");
    text[strlen(text) - 1] = '\0';
    error_set(&error, ODBCSSL_ERROR_REVOKED, "%s", text);
    diagnostics_add(&diagnostics, &error);
    CHECK(diagnostics_count(&diagnostics) > 2);
    join_records(&diagnostics, joined, sizeof joined);
    CHECK_TEXT(joined, text);
    free(diagnostics.items);
}

CASE("a long word is cut between characters")
{
    struct error error = {0};
    struct diagnostics diagnostics = {0};
    struct diagnostic record;
    char text[1201] = "";
    for (int i = 0; i < 600; i++)
        strcat(text, "\xC3\xA4");
    error_set(&error, ODBCSSL_ERROR_REVOKED, "%s", text);
    diagnostics_add(&diagnostics, &error);
    size_t total = 0;
    for (size_t i = 0; diagnostics_get(&diagnostics, i, &record); i++) {
        size_t length = strlen(record.message) - 10;
        CHECK_NUMBER(length % 2, 0); /* no half of a character */
        CHECK_TEXT(record.sqlstate, "08001");
        CHECK_NUMBER(record.native, ODBCSSL_ERROR_REVOKED);
        total += length;
    }
    CHECK_NUMBER(total, 1200);
    free(diagnostics.items);
}

CASE("there is an end to them")
{
    struct diagnostics diagnostics = {0};
    for (int i = 0; i < 2 * DIAGNOSTICS_LIMIT; i++)
        diagnostics_add_state(&diagnostics, "HY000", "again");
    CHECK_NUMBER(diagnostics_count(&diagnostics), DIAGNOSTICS_LIMIT);
    diagnostics_clear(&diagnostics);
    CHECK_NUMBER(diagnostics_count(&diagnostics), 0);
    free(diagnostics.items);
}

static void take_from(const char *name, enum flavour wanted, const char *refusal, const char *text)
{
    struct diagnostics diagnostics = {0};
    struct diagnostic record;
    struct error error = {0};
    const struct driver *driver = load_fake(name);
    struct connection *connection =
        new_connection(driver->is_unicode ? FLAVOUR_WIDE : FLAVOUR_ANSI);
    SQLHDBC real = connection_new_real(connection, driver, &error);
    struct fake_control *fake = fake_open(name);
    fake->refuses_connecting = 1;
    fake->refusal = refusal;
    SQLWCHAR nothing_wide[1] = {0};
    SQLCHAR nothing[1] = {0};
    if (driver->is_unicode)
        driver->functions.SQLDriverConnectW(real, NULL, nothing_wide, SQL_NTS, NULL, 0, NULL, 0);
    else
        driver->functions.SQLDriverConnect(real, NULL, nothing, SQL_NTS, NULL, 0, NULL, 0);
    diagnostics_take_real(&diagnostics, driver, HANDLE_CONNECTION, real, wanted);
    CHECK_NUMBER(diagnostics_count(&diagnostics), 1);
    CHECK(diagnostics_get(&diagnostics, 0, &record));
    CHECK_TEXT(record.sqlstate, "28000");
    CHECK_NUMBER(record.native, 11);
    CHECK_TEXT(record.message, text);
    diagnostics_rewrite(&diagnostics, "127.0.0.1", "db.example");
    CHECK(diagnostics_get(&diagnostics, 0, &record));
    CHECK_TEXT(record.message, text);
    free(diagnostics.items);
    free_connection(connection);
}

/* The fake driver's wide functions take its texts for Latin-1. */
CASE("the real driver's records are taken as they are, in the application's flavour")
{
    take_from("fake.so", FLAVOUR_WIDE, NULL, "fake: no such user");
    take_from("fakea.so", FLAVOUR_ANSI, NULL, "fake: no such user");
    take_from("fake.so", FLAVOUR_WIDE, "fake: M\xFCll", "fake: M\xC3\xBCll");
    take_from("fake.so", FLAVOUR_ANSI, "fake: M\xFCll, \xFC", "fake: M\xFCll, \xFC");
    take_from("fakea.so", FLAVOUR_ANSI, "fake: M\xFCll, \xFC", "fake: M\xFCll, \xFC");
    take_from("fakew.so", FLAVOUR_ANSI, "fake: M\xFCll", "fake: M\xC3\xBCll");
}

SUITE("diagnostics", NULL, NULL)

CASE("finds our handles, and no others")
{
    int foreign = 0;
    struct connection *connection = new_connection(FLAVOUR_ANSI);
    struct handle *statement = child_new(connection, HANDLE_STATEMENT, &foreign);
    CHECK(handle_pin(&foreign, HANDLE_STATEMENT) == NULL);
    CHECK(handle_pin(NULL, HANDLE_STATEMENT) == NULL);
    CHECK(handle_pin(statement, HANDLE_DESCRIPTOR) == NULL);
    CHECK(handle_pin(statement, HANDLE_STATEMENT) == statement);
    handle_unpin(statement);
    handle_retire(statement);
    CHECK(handle_pin(statement, HANDLE_STATEMENT) == NULL);
    handle_restore(statement);
    CHECK(handle_pin(statement, HANDLE_STATEMENT) != NULL);
    handle_unpin(statement);
    child_free(statement);
    CHECK(handle_pin(statement, HANDLE_STATEMENT) == NULL);
    free_connection(connection);
}

/* Pins and unpins a handle until it is gone. */
static void *pin_until_gone(void *handle)
{
    struct handle *pinned;
    while ((pinned = handle_pin(handle, HANDLE_STATEMENT)) != NULL) {
        CHECK_NUMBER(pinned->kind, HANDLE_STATEMENT);
        diagnostics_add_state(&pinned->diagnostics, "HY000", "beside");
        diagnostics_clear(&pinned->diagnostics);
        handle_unpin(pinned);
    }
    return NULL;
}

CASE("a handle is freed only when nobody has it pinned")
{
    struct connection *connection = new_connection(FLAVOUR_ANSI);
    for (int i = 0; i < 200; i++) {
        pthread_t threads[2];
        struct handle *statement = child_new(connection, HANDLE_STATEMENT, connection);
        for (int j = 0; j < 2; j++)
            pthread_create(&threads[j], NULL, pin_until_gone, statement);
        handle_retire(statement);
        for (int j = 0; j < 2; j++)
            pthread_join(threads[j], NULL);
        child_free(statement);
    }
    free_connection(connection);
}

CASE("many statements come and go")
{
    enum { COUNT = 3000 };
    static struct handle *statements[COUNT];
    struct connection *connection = new_connection(FLAVOUR_ANSI);
    for (int i = 0; i < COUNT; i++)
        statements[i] = child_new(connection, HANDLE_STATEMENT, connection);
    for (int i = 0; i < COUNT; i += 2)
        child_free(statements[i]);
    for (int i = 1; i < COUNT; i += 2) {
        CHECK(handle_pin(statements[i], HANDLE_STATEMENT) != NULL);
        handle_unpin(statements[i]);
    }
    connection_free_children(connection);
    CHECK(connection->statements == NULL);
    CHECK(handle_pin(statements[1], HANDLE_STATEMENT) == NULL);
    free_connection(connection);
}

SUITE("registry", NULL, NULL)
