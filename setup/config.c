/*
 * config.c - ConfigDSN, for SQLConfigDataSource, adds, changes and removes data sources;
 * ConfigDriver writes driver-wide keywords into the driver's section of odbcinst.ini and takes them
 * out again, while the section itself is SQLInstallDriverEx's and SQLRemoveDriver's. There is no
 * dialog: what is asked for is checked and written.
 */
#include <odbcinst.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/settings.h"

#define DATA_SOURCES "odbc.ini"
#define DRIVERS "odbcinst.ini"

/* Everything else is hidden. */
#define EXPORTED __attribute__((visibility("default")))

/* Tells the installer why a request failed (SQLInstallerError). Always false. */
static BOOL refuse(DWORD installer_error, const char *text)
{
    SQLPostInstallerError(installer_error, text);
    return false;
}

static BOOL refuse_error(const struct error *error)
{
    return refuse(error->code == ODBCSSL_ERROR_MEMORY ? ODBC_ERROR_OUT_OF_MEM
                                                      : ODBC_ERROR_INVALID_KEYWORD_VALUE,
                  error->text);
}

static void put(struct connstr *merged, const struct connstr *pairs)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (pairs->pairs[i].value[0] != '\0')
            connstr_set(merged, pairs->pairs[i].keyword, pairs->pairs[i].value);
        else
            connstr_remove(merged, pairs->pairs[i].keyword);
}

/* Refuses what the section would hold with these pairs: lines, names, values, contradictions. A
 * pair with an empty value takes the keyword away. place: "odbc.ini". */
static BOOL check(const struct connstr *present, const struct connstr *pairs, const char *place,
                  const char *section)
{
    struct connstr merged = {0};
    struct error error = {0};
    char source[300];
    snprintf(source, sizeof source, "%s [%.200s]", place, section);
    put(&merged, present);
    put(&merged, pairs);
    bool is_good =
        ini_check_lines(pairs, &error) &&
        (merged.is_failed ? error_set_memory(&error) : settings_check(&merged, source, &error));
    connstr_free(&merged);
    return is_good || refuse_error(&error);
}

/* Writes the pairs that are not in skipped (ended by NULL); an empty value removes the keyword.
 * false when libodbcinst could not; it has then said why. */
static bool write_pairs(const char *file, const char *section, const struct connstr *pairs,
                        const char *const *skipped)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct connstr_pair *pair = &pairs->pairs[i];
        const char *value = pair->value[0] != '\0' ? pair->value : NULL;
        if (!text_is_one_of(pair->keyword, skipped) &&
            !SQLWritePrivateProfileString(section, pair->keyword, value, file))
            return false;
    }
    return true;
}

/* ---- data sources ---- */

/* The name is the section; the driver is written by SQLWriteDSNToIni. */
static const char *const dsn_keywords[] = {"DSN", "Driver", NULL};

/* "DSN=a\0Server=b\0\0": the first of several equal keywords counts. */
static bool read_attributes(const char *attributes, struct connstr *pairs, struct error *error)
{
    for (; attributes != NULL && *attributes != '\0'; attributes += strlen(attributes) + 1) {
        const char *equals = strchr(attributes, '=');
        if (equals == NULL || equals == attributes)
            return error_set(error, ODBCSSL_ERROR_CONNECTION_STRING,
                             "attribute %zu has no keyword with '='", pairs->count + 1);
        char *keyword = strndup(attributes, (size_t)(equals - attributes));
        bool is_added = keyword != NULL && (connstr_find(pairs, keyword) != NULL ||
                                            connstr_append(pairs, keyword, equals + 1));
        free(keyword);
        if (!is_added)
            return error_set_memory(error);
    }
    return true;
}

static BOOL add(const char *dsn, const char *driver, const struct connstr *pairs)
{
    const struct connstr nothing = {0};
    if (driver == NULL || driver[0] == '\0')
        return refuse(ODBC_ERROR_INVALID_NAME, "no driver is named");
    if (!check(&nothing, pairs, "attribute for " DATA_SOURCES, dsn) ||
        !SQLWriteDSNToIni(dsn, driver))
        return false;
    if (write_pairs(DATA_SOURCES, dsn, pairs, dsn_keywords))
        return true;
    /* Half a data source might connect with less than was asked for. */
    SQLRemoveDSNFromIni(dsn);
    return refuse(ODBC_ERROR_CREATE_DSN_FAILED, "the data source could not be written");
}

static BOOL change(const char *dsn, const struct connstr *pairs)
{
    struct connstr present;
    struct error error = {0};
    if (!ini_read_section(INI_DATA_SOURCES, dsn, &present, &error))
        return refuse_error(&error);
    BOOL outcome =
        present.count == 0
            ? refuse(ODBC_ERROR_INVALID_DSN, "there is no such data source")
            : check(&present, pairs, DATA_SOURCES, dsn) &&
                  (write_pairs(DATA_SOURCES, dsn, pairs, dsn_keywords) ||
                   refuse(ODBC_ERROR_REQUEST_FAILED, "the data source could not be written"));
    connstr_free(&present);
    return outcome;
}

EXPORTED BOOL INSTAPI ConfigDSN(HWND parent, WORD request, LPCSTR driver, LPCSTR attributes)
{
    struct connstr pairs = {0};
    struct error error = {0};
    BOOL outcome;
    (void)parent;
    bool is_read = read_attributes(attributes, &pairs, &error);
    const struct connstr_pair *dsn = connstr_find(&pairs, "DSN");
    if (!is_read)
        outcome = refuse_error(&error);
    else if (dsn == NULL || dsn->value[0] == '\0')
        outcome = refuse(ODBC_ERROR_INVALID_DSN, "the attributes have no DSN");
    else if (!SQLValidDSN(dsn->value))
        outcome =
            refuse(ODBC_ERROR_INVALID_DSN, "the DSN is too long or has one of []{}(),;?*=!@\\");
    else if (request == ODBC_ADD_DSN)
        outcome = add(dsn->value, driver, &pairs);
    else if (request == ODBC_CONFIG_DSN)
        outcome = change(dsn->value, &pairs);
    else if (request == ODBC_REMOVE_DSN)
        outcome = SQLRemoveDSNFromIni(dsn->value);
    else
        outcome = refuse(ODBC_ERROR_INVALID_REQUEST_TYPE, "the request is not known");
    connstr_free(&pairs);
    return outcome;
}

/* ---- drivers ---- */

static void report_message(LPSTR message, WORD message_size, WORD *length_out, const char *text)
{
    if (length_out != NULL)
        *length_out = (WORD)strlen(text);
    if (message != NULL && message_size > 0)
        snprintf(message, message_size, "%s", text);
}

static BOOL configure(WORD request, const char *driver, const struct connstr *present,
                      const char *arguments)
{
    static const char failed[] = DRIVERS " could not be written";
    static const char *const no_keywords[] = {NULL};
    struct connstr pairs = {0};
    struct error error = {0};
    if (request == ODBC_REMOVE_DRIVER) {
        for (size_t i = 0; i < present->count; i++)
            if (key_is_ours(present->pairs[i].keyword) &&
                !SQLWritePrivateProfileString(driver, present->pairs[i].keyword, NULL, DRIVERS))
                return refuse(ODBC_ERROR_REQUEST_FAILED, failed);
        return true;
    }
    if (request != ODBC_INSTALL_DRIVER && request != ODBC_CONFIG_DRIVER)
        return refuse(ODBC_ERROR_INVALID_REQUEST_TYPE, "the request is not known");
    if (arguments != NULL && !connstr_parse(arguments, strlen(arguments), &pairs, &error))
        return refuse_error(&error);
    BOOL outcome = check(present, &pairs, DRIVERS, driver) &&
                   (write_pairs(DRIVERS, driver, &pairs, no_keywords) ||
                    refuse(ODBC_ERROR_REQUEST_FAILED, failed));
    connstr_free(&pairs);
    return outcome;
}

/* By the list of keywords: of the value itself libodbcinst may remember that it was not there. */
static bool has_target(const char *driver)
{
    struct connstr pairs;
    bool is_there = ini_read_section(INI_DRIVERS, driver, &pairs, NULL) &&
                    connstr_find(&pairs, keys[KEY_INDEX_TargetDriver].name) != NULL;
    connstr_free(&pairs);
    return is_there;
}

/* arguments: "TargetDriver=PostgreSQL Unicode;SslMode=verify-full", as a connection string. */
EXPORTED BOOL INSTAPI ConfigDriver(HWND parent, WORD request, LPCSTR driver, LPCSTR arguments,
                                   LPSTR message, WORD message_size, WORD *length_out)
{
    struct connstr present;
    struct error error = {0};
    (void)parent;
    report_message(message, message_size, length_out, "");
    if (driver == NULL || driver[0] == '\0')
        return refuse(ODBC_ERROR_INVALID_NAME, "no driver is named");
    if (!ini_read_section(INI_DRIVERS, driver, &present, &error))
        return refuse(ODBC_ERROR_GENERAL_ERR, error.text);
    BOOL outcome = configure(request, driver, &present, arguments);
    connstr_free(&present);
    if (outcome && request != ODBC_REMOVE_DRIVER && !has_target(driver))
        report_message(message, message_size, length_out,
                       "TargetDriver is not set: every data source has to name the real driver.");
    return outcome;
}
