/* test_config_connstr.c - connection strings are read as ODBC has them, and written back alike. */
#include "test_config.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/connstr.h"

static bool parse(const char *text, struct connstr *list, struct error *error)
{
    error_clear(error);
    return connstr_parse(text, strlen(text), list, error);
}

/* "[A]=[1] [B]=[2]" with '*' behind a pair that was written in braces. */
static const char *render(const struct connstr *list)
{
    static char text[1000];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < list->count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s[%s]=[%s]%s", i > 0 ? " " : "",
                                 list->pairs[i].keyword, list->pairs[i].value,
                                 list->pairs[i].origin == CONNSTR_BRACED ? "*" : "");
    return text;
}

CASE("reads what the ODBC reference allows")
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"", ""},
        {"  ;; ; ", ""},
        {"DSN=a", "[DSN]=[a]"},
        {"DSN=a;", "[DSN]=[a]"},
        {"DSN=a;;UID=b; ", "[DSN]=[a] [UID]=[b]"},
        {" DSN = a b ; UID\t=\tc\n", "[DSN]=[a b] [UID]=[c]"},
        {"UID=", "[UID]=[]"},
        {"UID=;PWD= ;X=", "[UID]=[] [PWD]=[ ] [X]=[]"},
        {"PWD=a=b", "[PWD]=[a=b]"},
        {"PWD==", "[PWD]=[=]"},
        {"PWD={}", "[PWD]=[]*"},
        {"PWD={ a ;b= }", "[PWD]=[ a ;b= ]*"},
        {"PWD={a}}b}", "[PWD]=[a}b]*"},
        {"PWD={}}}", "[PWD]=[}]*"},
        {"PWD={}}}}}", "[PWD]=[}}]*"},
        {"PWD={{a}", "[PWD]=[{a]*"},
        {"PWD={{}", "[PWD]=[{]*"},
        {"PWD = {a} ; UID=b", "[PWD]=[a]* [UID]=[b]"},
        {"PWD=a{b};UID=c", "[PWD]=[a{b}] [UID]=[c]"},
        {"PWD=a}b", "[PWD]=[a}b]"},
        {"DRIVER={PostgreSQL over TLS};Server=x", "[DRIVER]=[PostgreSQL over TLS]* [Server]=[x]"},
        {"PWD=\xe4\xf6\xff;UID=\x80", "[PWD]=[\xe4\xf6\xff] [UID]=[\x80]"},
        {"A=1;a=2", "[A]=[1] [a]=[2]"},
        /* A password's blanks count, as they do for psqlodbc. */
        {"UID= a ;PWD= b ;Password =  c", "[UID]=[a] [PWD]=[ b ] [Password]=[  c]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct connstr list;
        struct error error;
        CHECK(parse(cases[i].text, &list, &error));
        CHECK_TEXT(error.text, "");
        CHECK_TEXT(render(&list), cases[i].wanted);
        connstr_free(&list);
    }
}

CASE("refuses malformed text without quoting values")
{
    static const struct {
        const char *text, *position, *part;
    } cases[] = {
        {"SECRET", "position 1:", "no '='"},
        {"PWD=a;SECRET;UID=b", "position 7:", "in braces"},
        {"=SECRET", "position 1:", "no keyword"},
        {"UID=a; =SECRET", "position 8:", "no keyword"},
        {"PWD={SECRET", "position 5:", "PWD"},
        {"PWD={SECRET}}", "position 5:", "no '}'"},
        {"PWD={SECRET}SECRET", "position 13:", "PWD"},
        {"PWD={a} SECRET;UID=b", "position 9:", "'}}'"},
        {"PWD={", "position 5:", "no '}'"},
        {"A=1;B", "position 5:", "no '='"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct connstr list;
        struct error error;
        CHECK(!parse(cases[i].text, &list, &error));
        CHECK_NUMBER(error.code, ODBCSSL_ERROR_CONNECTION_STRING);
        CHECK_CONTAINS(error.text, cases[i].position);
        CHECK_CONTAINS(error.text, cases[i].part);
        CHECK(strstr(error.text, "SECRET") == NULL);
        CHECK_NUMBER(list.count, 0);
        CHECK(list.pairs == NULL);
    }
}

CASE("a counted terminator is no character, a NUL inside is an error")
{
    struct connstr list;
    struct error error = {0};
    CHECK(connstr_parse("A=1\0\0", 5, &list, &error));
    CHECK_TEXT(render(&list), "[A]=[1]");
    connstr_free(&list);
    CHECK(!connstr_parse("A=1\0;B=2", 8, &list, &error));
    CHECK_CONTAINS(error.text, "position 4:");
}

CASE("the first of several pairs counts; DSN and DRIVER exclude each other")
{
    struct connstr list;
    struct error error;
    CHECK_FATAL(parse("SslMode=verify-full;sslmode=disable;DSN=a;DRIVER=b", &list, &error));
    CHECK_TEXT(connstr_get(&list, "SSLMODE"), "verify-full");
    CHECK_TEXT(connstr_get(&list, "dsn"), "a");
    CHECK(!connstr_has(&list, "driver"));
    CHECK(connstr_get(&list, "UID") == NULL);
    connstr_free(&list);
    CHECK_FATAL(parse("Driver=b;Dsn=a", &list, &error));
    CHECK_TEXT(connstr_get(&list, "DRIVER"), "b");
    CHECK(!connstr_has(&list, "DSN"));
    connstr_free(&list);
}

CASE("set, append and remove leave no second pair")
{
    struct connstr list;
    struct error error;
    CHECK_FATAL(parse("Server={a};Port=1;SERVER=b;UID=c", &list, &error));
    CHECK(connstr_set(&list, "server", "127.0.0.1"));
    CHECK(connstr_set(&list, "Database", "d"));
    CHECK_TEXT(render(&list), "[Server]=[127.0.0.1] [Port]=[1] [UID]=[c] [Database]=[d]");
    connstr_remove(&list, "PORT");
    connstr_remove(&list, "PORT");
    connstr_remove(&list, "Database");
    CHECK(connstr_append(&list, "Server", "e"));
    CHECK_TEXT(render(&list), "[Server]=[127.0.0.1] [UID]=[c] [Server]=[e]");
    connstr_remove(&list, "Server");
    CHECK_TEXT(render(&list), "[UID]=[c]");
    connstr_free(&list);
}

static void test_format_blanks(void)
{
    static const char *const values[] = {" a", "a\t", " "};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct connstr list = {0}, again;
        struct error error;
        CHECK(connstr_append(&list, "UID", values[i]));
        char *text = connstr_format(&list);
        CHECK_FATAL(parse(text, &again, &error));
        CHECK_TEXT(connstr_get(&again, "UID"), values[i]);
        text_free_secret(text);
        connstr_free(&list);
        connstr_free(&again);
    }
}

CASE("writes what reads back the same")
{
    test_format_blanks();
    static const struct {
        const char *value, *wanted;
    } cases[] = {
        {"", "PWD="},
        {"plain", "PWD=plain"},
        {"a b", "PWD=a b"},
        {"a=b", "PWD=a=b"},
        {"a;b", "PWD={a;b}"},
        {"{a", "PWD={{a}"},
        {"a{b", "PWD={a{b}"},
        {"a}b", "PWD={a}}b}"},
        {"}", "PWD={}}}"},
        {" a", "PWD= a"},
        {"a\t", "PWD=a\t"},
        {" ", "PWD= "},
        {";{}=[]()?*!@", "PWD={;{}}=[]()?*!@}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct connstr list = {0}, again;
        struct error error;
        CHECK(connstr_append(&list, "PWD", cases[i].value));
        char *text = connstr_format(&list);
        CHECK_TEXT(text, cases[i].wanted);
        CHECK_FATAL(parse(text, &again, &error));
        CHECK_TEXT(connstr_get(&again, "PWD"), cases[i].value);
        text_free_secret(text);
        connstr_free(&list);
        connstr_free(&again);
    }
}

/* psqlodbc reads PWD={a+b} and PWD=a+b differently. */
CASE("braces that were written stay")
{
    struct connstr list;
    struct error error;
    CHECK_FATAL(parse("UID=a+b; PWD = {a+b} ;X={}", &list, &error));
    char *text = connstr_format(&list);
    CHECK_TEXT(text, "UID=a+b;PWD={a+b};X={}");
    text_free_secret(text);
    connstr_free(&list);
    text = connstr_format(&list);
    CHECK_TEXT(text, "");
    text_free_secret(text);
}

SUITE("connection string", NULL, NULL)
