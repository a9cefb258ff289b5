/*
 * config_dsn.c - ConfigDSN: adds, changes and removes data sources for SQLConfigDataSource. There
 * is no dialog: what the attributes say is checked and written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/ini.h"
#include "writing.h"

#define DATA_SOURCES "odbc.ini"

/* The name is the section; the driver is written by SQLWriteDSNToIni. */
static const char *const dsn_keywords[] = {"DSN", "Driver", NULL};

/* "DSN=a\0Server=b\0\0": the first of several equal keywords counts. */
static bool read_attributes(const char *attributes, struct connstr *pairs, struct error *error)
{
    *pairs = (struct connstr){0};
    for (; attributes != NULL && *attributes != '\0'; attributes += strlen(attributes) + 1) {
        const char *equals = strchr(attributes, '=');
        if (equals == NULL || equals == attributes) {
            error_set(error, ODBCSSL_ERROR_CONNECTION_STRING,
                      "attribute %zu has no keyword with '='", pairs->count + 1);
            break;
        }
        char *keyword = strndup(attributes, (size_t)(equals - attributes));
        bool is_added = keyword != NULL && (connstr_find(pairs, keyword) != NULL ||
                                            connstr_append(pairs, keyword, equals + 1));
        free(keyword);
        if (!is_added) {
            error_set_memory(error);
            break;
        }
    }
    if (!error_is_set(error))
        return true;
    connstr_free(pairs);
    return false;
}

static BOOL check_failed(const struct error *error)
{
    DWORD installer_error = error->code == ODBCSSL_ERROR_MEMORY ? ODBC_ERROR_OUT_OF_MEM
                                                                : ODBC_ERROR_INVALID_KEYWORD_VALUE;
    return writing_refuse(installer_error, error->text);
}

static BOOL add(const char *dsn, const char *driver, const struct connstr *pairs)
{
    const struct connstr nothing = {0};
    struct error error = {0};
    char source[300];
    if (driver == NULL || driver[0] == '\0')
        return writing_refuse(ODBC_ERROR_INVALID_NAME, "no driver is named");
    snprintf(source, sizeof source, "attribute for odbc.ini [%.200s]", dsn);
    if (!writing_check(&nothing, pairs, source, &error))
        return check_failed(&error);
    if (!SQLWriteDSNToIni(dsn, driver))
        return false;
    if (writing_write(DATA_SOURCES, dsn, pairs, dsn_keywords))
        return true;
    /* Half a data source might connect with less than was asked for. */
    SQLRemoveDSNFromIni(dsn);
    return writing_refuse(ODBC_ERROR_CREATE_DSN_FAILED, "the data source could not be written");
}

static BOOL change(const char *dsn, const struct connstr *pairs)
{
    struct connstr present;
    struct error error = {0};
    char source[300];
    if (!ini_read_section(INI_DATA_SOURCES, dsn, &present, &error))
        return check_failed(&error);
    if (present.count == 0)
        return writing_refuse(ODBC_ERROR_INVALID_DSN, "there is no such data source");
    snprintf(source, sizeof source, "odbc.ini [%.200s]", dsn);
    bool is_good = writing_check(&present, pairs, source, &error);
    connstr_free(&present);
    if (!is_good)
        return check_failed(&error);
    return writing_write(DATA_SOURCES, dsn, pairs, dsn_keywords)
               ? true
               : writing_refuse(ODBC_ERROR_REQUEST_FAILED, "the data source could not be written");
}

BOOL INSTAPI ConfigDSN(HWND parent, WORD request, LPCSTR driver, LPCSTR attributes);

SETUP_EXPORT BOOL INSTAPI ConfigDSN(HWND parent, WORD request, LPCSTR driver, LPCSTR attributes)
{
    struct connstr pairs;
    struct error error = {0};
    (void)parent;
    if (!read_attributes(attributes, &pairs, &error))
        return check_failed(&error);
    const struct connstr_pair *dsn = connstr_find(&pairs, "DSN");
    BOOL outcome;
    if (dsn == NULL || dsn->value[0] == '\0')
        outcome = writing_refuse(ODBC_ERROR_INVALID_DSN, "the attributes have no DSN");
    else if (!SQLValidDSN(dsn->value))
        outcome = writing_refuse(ODBC_ERROR_INVALID_DSN,
                                 "the DSN is too long or has one of []{}(),;?*=!@\\");
    else if (request == ODBC_ADD_DSN)
        outcome = add(dsn->value, driver, &pairs);
    else if (request == ODBC_CONFIG_DSN)
        outcome = change(dsn->value, &pairs);
    else if (request == ODBC_REMOVE_DSN)
        outcome = SQLRemoveDSNFromIni(dsn->value);
    else
        outcome = writing_refuse(ODBC_ERROR_INVALID_REQUEST_TYPE, "the request is not known");
    connstr_free(&pairs);
    return outcome;
}
