/* status.c - `odbcssl status`: connects as an application would, and prints what SQLGetInfo
 * reports. */
#include <signal.h>
#include <sql.h>
#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/report.h"
#include "base/text.h"
#include "command/arguments.h"
#include "command/command.h"
#include "command/data_source.h"
#include "command/json.h"
#include "command/memory.h"
#include "config/defaults.h"

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

static struct tls_report report;
static char value[VALUE_SIZE]; /* of the text that was read last */

static bool read_item(SQLHDBC connection, const struct report_item *item)
{
    SQLUINTEGER number = 0;
    SQLSMALLINT length = 0;
    value[0] = '\0';
    if (item->kind == REPORT_TEXT) /* its UTF-8 type stands 0x80 behind the other */
        return SQL_SUCCEEDED(SQLGetInfo(connection, item->type + 0x80, value, VALUE_SIZE, &length));
    if (!SQL_SUCCEEDED(SQLGetInfo(connection, item->type, &number, sizeof number, &length)))
        return false;
    report_set_number(&report, item,
                      item->kind == REPORT_SIGNED ? (int32_t)number : (int64_t)number);
    return true;
}

/* Half a report would be none, so all of it is read before the first word. */
static bool check_items(SQLHDBC connection)
{
    for (size_t i = 0; i < report_item_count; i++)
        if (!read_item(connection, &report_items[i])) {
            fprintf(stderr, "odbcssl: the connection's driver does not know %s: is it odbcssl?\n",
                    report_items[i].name);
            return false;
        }
    return true;
}

static int print_report(SQLHDBC connection, bool is_json)
{
    char scratch[REPORT_SCRATCH_SIZE];
    struct json json = {0};
    if (!check_items(connection))
        return COMMAND_FAILED;
    if (is_json)
        json_open(&json, NULL, '{');
    for (size_t i = 0; i < report_item_count; i++) {
        const struct report_item *item = &report_items[i];
        bool is_text = item->kind == REPORT_TEXT;
        if (!read_item(connection, item) || !report_applies(&report, item))
            continue;
        if (!is_json)
            printf("%-30s %s\n", item->name,
                   is_text ? value : report_display(&report, item, scratch));
        else if (is_text)
            json_text(&json, item->name, value);
        else
            json_number(&json, item->name, report_number(&report, item));
    }
    if (is_json)
        json_close(&json, '}');
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

static bool has_password(const struct connstr *given)
{
    static const char *const keywords[] = {"PWD", "Password"};
    bool is_set = false;
    struct data_source found = data_source_of(given);
    for (size_t i = 0; i < 2; i++)
        is_set = is_set || connstr_has(given, keywords[i]) ||
                 connstr_find(&found.settings, keywords[i]) != NULL;
    data_source_free(&found);
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
    struct source source = {.password = defaults_environment("ODBCSSL_PASSWORD")};
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
    struct connstr given;
    if (!arguments_source(&source, &given))
        return COMMAND_WRONG_USE;
    char *typed = has_password(&given) ? NULL : ask_password(&source);
    if (typed != NULL)
        connstr_append_pair(&given, "PWD", typed, CONNSTR_ARGUMENT);
    char *text = connstr_format(&given);
    memory_check(text != NULL);
    int status = connect_and_print(text, is_json);
    text_free_secret(typed);
    text_free_secret(text);
    connstr_free(&given);
    return status;
}
