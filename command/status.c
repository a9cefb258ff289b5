/* status.c - `odbcssl status`: connects as an application would, and prints what SQLGetInfo
 * reports. */
#include <signal.h>
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/report.h"
#include "base/text.h"
#include "command/arguments.h"
#include "command/command.h"
#include "command/data_source.h"
#include "command/json.h"
#include "command/source.h"

#define VALUE_SIZE REPORT_CERTIFICATE_SIZE

static void print_diagnostics(SQLSMALLINT kind, SQLHANDLE handle)
{
    for (SQLSMALLINT record = 1;; record++) {
        SQLCHAR state[6] = "", text[1024] = "";
        SQLINTEGER native = 0;
        SQLSMALLINT length = 0;
        if (!SQL_SUCCEEDED(
                SQLGetDiagRec(kind, handle, record, state, &native, text, sizeof text, &length)))
            break;
        fprintf(stderr, "[%s] (%d) %s\n", state, (int)native, text);
    }
}

/* The UTF-8 type of a text; false when the driver does not know it. */
static bool get_text(SQLHDBC connection, const struct report_item *item, char *value)
{
    SQLSMALLINT length = 0;
    value[0] = '\0';
    return SQL_SUCCEEDED(SQLGetInfo(connection, item->type + 0x80, value, VALUE_SIZE, &length));
}

static bool get_number(SQLHDBC connection, const struct report_item *item,
                       struct tls_report *report)
{
    SQLUINTEGER number = 0;
    SQLSMALLINT length = 0;
    if (!SQL_SUCCEEDED(SQLGetInfo(connection, item->type, &number, sizeof number, &length)))
        return false;
    report_set_number(report, item,
                      item->kind == REPORT_SIGNED ? (int64_t)(int32_t)number : (int64_t)number);
    return true;
}

static void print_item(const struct report_item *item, const char *value, int64_t number,
                       struct json *json)
{
    if (json == NULL)
        printf("%-30s %s\n", item->name, value);
    else if (item->kind == REPORT_TEXT)
        json_text(json, item->name, value);
    else
        json_number(json, item->name, number);
}

static int print_report(SQLHDBC connection, bool is_json)
{
    static struct tls_report report;
    static char value[VALUE_SIZE];
    char scratch[REPORT_SCRATCH_SIZE];
    struct json json_output = {0}, *json = is_json ? &json_output : NULL;
    if (is_json)
        json_begin(json);
    for (size_t i = 0; i < report_item_count; i++) {
        const struct report_item *item = &report_items[i];
        bool is_text = item->kind == REPORT_TEXT;
        if (is_text ? !get_text(connection, item, value) : !get_number(connection, item, &report)) {
            fprintf(stderr, "odbcssl: the connection's driver does not know %s: is it odbcssl?\n",
                    item->name);
            return COMMAND_FAILED;
        }
        if (report_applies(&report, item))
            print_item(item, is_text ? value : report_display(&report, item, scratch),
                       is_text ? 0 : report_number(&report, item), json);
    }
    if (is_json)
        json_end(json);
    return COMMAND_GOOD;
}

static int connect_and_print(const char *text, bool is_json)
{
    SQLHENV environment = NULL;
    SQLHDBC connection = NULL;
    int status = COMMAND_FAILED;
    SQLAllocHandle(SQL_HANDLE_ENV, NULL, &environment);
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection);
    SQLRETURN result = SQLDriverConnect(connection, NULL, (SQLCHAR *)text, SQL_NTS, NULL, 0, NULL,
                                        SQL_DRIVER_NOPROMPT);
    if (result != SQL_SUCCESS)
        print_diagnostics(SQL_HANDLE_DBC, connection);
    if (SQL_SUCCEEDED(result)) {
        status = print_report(connection, is_json);
        SQLDisconnect(connection);
    }
    SQLFreeHandle(SQL_HANDLE_DBC, connection);
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
    return status;
}

/* ---- the password ---- */

static bool has_password(const struct source *source)
{
    static const char *const keywords[] = {"PWD", "Password"};
    struct connstr list = {0};
    const char *given = source->connection_string;
    bool is_set = source->password != NULL;
    if (given != NULL && !connstr_parse(given, strlen(given), &list, NULL))
        return true; /* it is refused in a moment */
    struct data_source found =
        given != NULL ? data_source_of(&list) : data_source_find(source->dsn);
    for (size_t i = 0; i < 2; i++)
        is_set = is_set || connstr_has(&list, keywords[i]) ||
                 connstr_find(&found.settings, keywords[i]) != NULL;
    data_source_free(&found);
    connstr_free(&list);
    return is_set;
}

static volatile sig_atomic_t is_interrupted;

static void interrupt(int signal)
{
    (void)signal;
    is_interrupted = 1;
}

/* Reads a line of the terminal without showing it; NULL: there is none, or it is empty. Whoever
 * interrupts gets the terminal back as it was. */
static char *ask_password(const struct source *source)
{
    const struct sigaction interrupting = {.sa_handler = interrupt};
    struct sigaction former;
    struct termios shown, hidden;
    char *line = NULL;
    size_t size = 0;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &shown) != 0)
        return NULL;
    fprintf(stderr, "Password for %s (empty: none): ",
            source->dsn != NULL ? source->dsn : "the connection");
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    sigaction(SIGINT, &interrupting, &former);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &hidden);
    ssize_t length = getline(&line, &size, stdin);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &shown);
    sigaction(SIGINT, &former, NULL);
    fprintf(stderr, "\n");
    if (is_interrupted)
        raise(SIGINT);
    if (length > 0 && line[length - 1] == '\n')
        line[--length] = '\0';
    if (length > 0)
        return line;
    free(line);
    return NULL;
}

int command_status(int argc, char **argv)
{
    struct source source = {.password = secure_getenv("ODBCSSL_PASSWORD")};
    bool is_json = false;
    const struct argument rows[] = {
        {"connection-string", 'k', .text = &source.connection_string},
        {"user", 'u', .text = &source.user},
        {"password", 'p', .text = &source.password},
        {"json", 0, .flag = &is_json},
        {0},
    };
    if (!arguments_read(argc, argv, rows, &source.dsn) ||
        (source.dsn != NULL) == (source.connection_string != NULL))
        return COMMAND_WRONG_USE;
    char *typed = has_password(&source) ? NULL : ask_password(&source);
    if (typed != NULL)
        source.password = typed;
    char *text = source_connection_string(&source);
    text_free_secret(typed);
    if (text == NULL)
        return COMMAND_WRONG_USE;
    int status = connect_and_print(text, is_json);
    text_free_secret(text);
    return status;
}
