/*
 * config.c - ConfigDSN, for SQLConfigDataSource, adds, changes and removes data sources;
 * ConfigDriver writes driver-wide keywords into the driver's section of odbcinst.ini and takes them
 * out again, while the section itself is SQLInstallDriverEx's and SQLRemoveDriver's. There is no
 * dialog: what is asked for is checked and written.
 */
#include <odbcinst.h>
#include <sqlext.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/settings.h"
#include "setup/odbc_change.h"

/* Everything else is hidden. */
#define EXPORTED __attribute__((visibility("default")))

/* What is written of a section: some keywords, exactly these, or its end. */
enum extent { THESE_KEYWORDS, WHOLE_SECTION, NO_SECTION };

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

/* All of it, or nothing; an empty value takes the keyword away. */
static BOOL write_section(enum odbc_file file, const char *section, const struct connstr *pairs,
                          enum extent extent)
{
    struct odbc_change change;
    struct error error = {0};
    bool is_good = odbc_change_begin(file, section, &change, &error) &&
                   (extent != WHOLE_SECTION || odbc_change_clear(&change, &error));
    for (size_t i = 0; i < pairs->count && is_good; i++) {
        const char *value = pairs->pairs[i].value;
        is_good = odbc_change_set(&change, pairs->pairs[i].keyword, value[0] != '\0' ? value : NULL,
                                  &error);
    }
    if (is_good && extent == NO_SECTION)
        is_good = odbc_change_set(&change, NULL, NULL, &error);
    is_good = is_good && odbc_change_put(&change, &error);
    odbc_change_end(&change);
    return is_good || refuse(ODBC_ERROR_REQUEST_FAILED, error.text);
}

/* ---- data sources ---- */

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

/* What SQLSetConfigMode says; without it the user's file counts first. */
static enum odbc_file file_of_source(const char *dsn)
{
    UWORD mode = ODBC_BOTH_DSN;
    enum odbc_file file;
    SQLGetConfigMode(&mode);
    if (mode != ODBC_BOTH_DSN)
        return mode == ODBC_SYSTEM_DSN ? ODBC_SYSTEM_SOURCES : ODBC_USER_SOURCES;
    return odbc_file_of_source(dsn, &file) ? file : ODBC_USER_SOURCES;
}

/* The name is the section; the driver has an argument of its own. */
static BOOL take_names(struct connstr *pairs, const char *driver)
{
    char text[ERROR_TEXT_SIZE];
    const struct connstr_pair *named = connstr_find(pairs, "Driver");
    snprintf(text, sizeof text, "Driver=%.200s contradicts the driver %.200s",
             named != NULL ? named->value : "", driver != NULL ? driver : "");
    if (named != NULL && driver != NULL && !text_equal_nocase(named->value, driver))
        return refuse(ODBC_ERROR_INVALID_KEYWORD_VALUE, text);
    connstr_remove(pairs, "DSN");
    connstr_remove(pairs, "Driver");
    return true;
}

static BOOL add(const char *dsn, const char *driver, const struct connstr *pairs)
{
    const struct connstr nothing = {0};
    struct connstr section = {0};
    if (driver == NULL || driver[0] == '\0')
        return refuse(ODBC_ERROR_INVALID_NAME, "no driver is named");
    if (!check(&nothing, pairs, "attribute for odbc.ini", dsn))
        return false;
    connstr_set(&section, "Driver", driver);
    put(&section, pairs);
    BOOL outcome = section.is_failed
                       ? refuse(ODBC_ERROR_OUT_OF_MEM, "out of memory")
                       : write_section(file_of_source(dsn), dsn, &section, WHOLE_SECTION);
    connstr_free(&section);
    return outcome;
}

static BOOL change(const char *dsn, const struct connstr *pairs)
{
    struct connstr present;
    struct error error = {0};
    if (!ini_read_section(INI_DATA_SOURCES, dsn, &present, &error))
        return refuse_error(&error);
    BOOL outcome = present.count == 0
                       ? refuse(ODBC_ERROR_INVALID_DSN, "there is no such data source")
                       : check(&present, pairs, "odbc.ini", dsn) &&
                             write_section(file_of_source(dsn), dsn, pairs, THESE_KEYWORDS);
    connstr_free(&present);
    return outcome;
}

static BOOL remove_source(const char *dsn)
{
    const struct connstr nothing = {0};
    struct error error = {0};
    enum odbc_file file = file_of_source(dsn);
    if (!odbc_file_check(file, &error))
        return refuse(ODBC_ERROR_REQUEST_FAILED, error.text);
    return odbc_file_visit(file, dsn, NULL, NULL) == 0 ||
           write_section(file, dsn, &nothing, NO_SECTION);
}

static BOOL configure_source(WORD request, const char *dsn, const char *driver,
                             const struct connstr *pairs)
{
    switch (request) {
    case ODBC_ADD_DSN:
        return add(dsn, driver, pairs);
    case ODBC_CONFIG_DSN:
        return change(dsn, pairs);
    case ODBC_REMOVE_DSN:
        return remove_source(dsn);
    default:
        return refuse(ODBC_ERROR_INVALID_REQUEST_TYPE, "the request is not known");
    }
}

EXPORTED BOOL INSTAPI ConfigDSN(HWND parent, WORD request, LPCSTR driver, LPCSTR attributes)
{
    struct connstr pairs = {0};
    struct error error = {0};
    char name[SQL_MAX_DSN_LENGTH + 2] = ""; /* room to see that it is too long */
    BOOL outcome = false;
    (void)parent;
    bool is_read = read_attributes(attributes, &pairs, &error);
    const struct connstr_pair *dsn = connstr_find(&pairs, "DSN");
    if (dsn != NULL)
        snprintf(name, sizeof name, "%s", dsn->value);
    if (!is_read)
        refuse_error(&error);
    else if (name[0] == '\0')
        refuse(ODBC_ERROR_INVALID_DSN, "the attributes have no DSN");
    else if (!odbc_is_name(name, SQL_MAX_DSN_LENGTH))
        refuse(ODBC_ERROR_INVALID_DSN, "the DSN cannot be called so: " ODBC_NAME_RULE);
    else
        outcome = take_names(&pairs, driver) && configure_source(request, name, driver, &pairs);
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

/* Takes ours out of a driver's section. */
static BOOL remove_keywords(const char *driver, const struct connstr *present)
{
    struct connstr ours = {0};
    for (size_t i = 0; i < present->count; i++)
        if (key_is_ours(present->pairs[i].keyword))
            connstr_set(&ours, present->pairs[i].keyword, "");
    BOOL outcome = ours.is_failed ? refuse(ODBC_ERROR_OUT_OF_MEM, "out of memory")
                                  : ours.count == 0 ||
                                        write_section(ODBC_DRIVERS, driver, &ours, THESE_KEYWORDS);
    connstr_free(&ours);
    return outcome;
}

static BOOL configure_driver(WORD request, const char *driver, const struct connstr *present,
                             const char *arguments)
{
    struct connstr pairs = {0};
    struct error error = {0};
    if (request == ODBC_REMOVE_DRIVER)
        return remove_keywords(driver, present);
    if (request != ODBC_INSTALL_DRIVER && request != ODBC_CONFIG_DRIVER)
        return refuse(ODBC_ERROR_INVALID_REQUEST_TYPE, "the request is not known");
    if (arguments != NULL && !connstr_parse(arguments, strlen(arguments), &pairs, &error))
        return refuse_error(&error);
    BOOL outcome =
        check(present, &pairs, "odbcinst.ini", driver) &&
        (pairs.count == 0 || write_section(ODBC_DRIVERS, driver, &pairs, THESE_KEYWORDS));
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
    BOOL outcome = configure_driver(request, driver, &present, arguments);
    connstr_free(&present);
    if (outcome && request != ODBC_REMOVE_DRIVER && !has_target(driver))
        report_message(message, message_size, length_out,
                       "TargetDriver is not set: every data source has to name the real driver.");
    return outcome;
}
