/* trust.c - connects, and checks refusals, warnings and what the server saw. */
#include "system/trust.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 8192

struct fixture trust_fixture;
struct odbc_session trust_session;
SQLRETURN trust_result;

/* Of the connecting; trust_session's are those of the last call. */
static char diagnostics[ODBC_DIAGNOSTICS_SIZE];

const char *trust_path(const char *name)
{
    return fixture_path(&trust_fixture, name);
}

int trust_open(const char *odbcinst_extra, const char *odbc_extra)
{
    static const char *const variables[] = {"PGSSLMODE",
                                            "PGSSLCERT",
                                            "PGSSLKEY",
                                            "PGSSLROOTCERT",
                                            "PGSSLCRL",
                                            "PGSSLCRLDIR",
                                            "PGSSLSNI",
                                            "PGSSLMINPROTOCOLVERSION",
                                            "PGSSLMAXPROTOCOLVERSION",
                                            "PGSSLNEGOTIATION",
                                            "SSL_CERT_FILE",
                                            "SSL_CERT_DIR"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    return fixture_open(&trust_fixture, odbcinst_extra, odbc_extra);
}

int trust_close(void)
{
    odbc_close(&trust_session);
    fixture_close(&trust_fixture);
    return 0;
}

static bool connect_with(const char *head, const char *format, va_list arguments)
{
    char keywords[TEXT_SIZE];
    vsnprintf(keywords, sizeof keywords, format, arguments);
    odbc_close(&trust_session);
    trust_session = (struct odbc_session){0};
    /* Of a keyword that stands twice the first counts. */
    bool is_connected = odbc_connect(&trust_session,
                                     "%s;%s;Servername=localhost;Port=%u;Database=postgres;"
                                     "UID=" POSTGRES_USER ";PWD=" POSTGRES_PASSWORD,
                                     head, keywords, fixture_port(&trust_fixture));
    trust_result = trust_session.result;
    memcpy(diagnostics, trust_session.diagnostics, sizeof diagnostics);
    if (diagnostics[0] != '\0')
        printf("# %.*s\n", (int)strcspn(diagnostics, "\n"), diagnostics);
    return is_connected;
}

bool trust_connect(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool is_connected = connect_with("DRIVER={" ODBC_POSTGRESQL "}", format, arguments);
    va_end(arguments);
    return is_connected;
}

bool trust_connect_dsn(const char *dsn, const char *format, ...)
{
    va_list arguments;
    const char *head = suite_text("DSN=%s", dsn);
    va_start(arguments, format);
    bool is_connected = connect_with(head, format, arguments);
    va_end(arguments);
    return is_connected;
}

/* As odbcssl(7) has it. */
static const char *sqlstate_of(enum odbcssl_error code)
{
    switch (code) {
    case ODBCSSL_ERROR_KEYWORD_UNKNOWN:
        return "HY092";
    case ODBCSSL_ERROR_TRUST_MISSING:
    case ODBCSSL_ERROR_SERVER_MISSING:
        return "08001";
    case ODBCSSL_ERROR_TRUNCATED:
    case ODBCSSL_ERROR_LINK_LOST:
        return "08S01";
    case ODBCSSL_ERROR_TIMEOUT:
        return "HYT00";
    case ODBCSSL_ERROR_CRL_UNREADABLE:
        return "HY024";
    default:
        return code < 200 || code >= 600 ? "HY024" : "08001";
    }
}

static void check_parts(const char *text, const char *const *parts, const char *file, unsigned line)
{
    for (; *parts != NULL; parts++)
        suite_check_contains(text, *parts, file, line);
}

/* The record that begins at text, without the line break. */
static void copy_record(const char *text, char *out, size_t out_size)
{
    snprintf(out, out_size, "%.*s", (int)strcspn(text, "\n"), text);
}

static bool is_connected(void)
{
    return trust_session.statement != NULL;
}

void trust_check_refused(enum odbcssl_error code, const char *const *parts, const char *file,
                         unsigned line)
{
    char record[2048];
    copy_record(diagnostics, record, sizeof record);
    suite_check_number(is_connected(), false, file, line);
    if (is_connected())
        return;
    suite_check_number(trust_session.native, code, file, line);
    suite_check_text(trust_session.sqlstate, sqlstate_of(code), file, line);
    suite_check_contains(record, suite_text("%s %d [odbcssl]", sqlstate_of(code), (int)code), file,
                         line);
    check_parts(record, parts, file, line);
}

/* The text of the first warning with the code; false: there is none. */
static bool find_warning(enum odbcssl_error code, char *out, size_t out_size)
{
    const char *start = suite_text("01000 %d [odbcssl]", (int)code);
    const char *text = diagnostics;
    while (text != NULL && *text != '\0') {
        if (strncmp(text, start, strlen(start)) == 0) {
            copy_record(text, out, out_size);
            return true;
        }
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    return false;
}

void trust_check_warned(enum odbcssl_error code, const char *const *parts, const char *file,
                        unsigned line)
{
    char record[2048] = "";
    suite_check_number(is_connected(), true, file, line);
    bool is_warned = find_warning(code, record, sizeof record);
    if (!is_warned)
        suite_check_text(diagnostics, "the warning", file, line);
    else
        check_parts(record, parts, file, line);
}

bool trust_has_warning(enum odbcssl_error code)
{
    char record[2048];
    return find_warning(code, record, sizeof record);
}

/* The server's own word. */
static void ask_server(const char *sql, char *out, size_t out_size)
{
    out[0] = '\0';
    if (odbc_query(&trust_session, sql))
        snprintf(out, out_size, "%.500s", trust_session.value);
}

void trust_check_connected(enum odbcssl_state state, const char *file, unsigned line)
{
    char found[512];
    if (!is_connected()) {
        suite_check_text(diagnostics, "a connection", file, line);
        return;
    }
    bool is_verified = state >= ODBCSSL_STATE_CHAIN_VERIFIED;
    suite_check_number(odbc_info_number(&trust_session, SQL_SSL_STATE), state, file, line);
    suite_check_number(trust_has_warning(ODBCSSL_WARNING_UNVERIFIED) && is_verified, false, file,
                       line);
    ask_server("select case when ssl then 'yes' else 'no' end from pg_stat_ssl where pid = "
               "pg_backend_pid()",
               found, sizeof found);
    suite_check_text(found, state >= ODBCSSL_STATE_ENCRYPTED ? "yes" : "no", file, line);
}

void trust_check_status(unsigned bits, const char *file, unsigned line)
{
    if (is_connected())
        suite_check_number(odbc_info_number(&trust_session, SQL_SSL_VERIFY_STATUS), bits, file,
                           line);
    else
        suite_check_text(diagnostics, "a connection", file, line);
}

void trust_check_client(const char *dn, const char *file, unsigned line)
{
    char found[512];
    if (!is_connected()) {
        suite_check_text(diagnostics, "a connection", file, line);
        return;
    }
    ask_server("select coalesce(client_dn, '') from pg_stat_ssl where pid = pg_backend_pid()",
               found, sizeof found);
    suite_check_text(found, dn, file, line);
    suite_check_number(odbc_info_number(&trust_session, SQL_SSL_CLIENT_CERT_SENT), dn[0] != '\0',
                       file, line);
}
