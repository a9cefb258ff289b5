/*
 * config_driver.c - ConfigDriver: writes driver-wide keywords into the driver's section of
 * odbcinst.ini and takes them out again. The section itself is SQLInstallDriverEx's and
 * SQLRemoveDriver's.
 */
#include <stdio.h>
#include <string.h>

#include "config/ini.h"
#include "config/keys.h"
#include "writing.h"

#define DRIVERS "odbcinst.ini"

static const char *const no_keywords[] = {NULL};

static void report_message(LPSTR message, WORD message_size, WORD *length_out, const char *text)
{
    size_t length = strlen(text);
    if (length_out != NULL)
        *length_out = (WORD)length;
    if (message != NULL && message_size > 0)
        snprintf(message, message_size, "%s", text);
}

static BOOL write_section(const char *driver, const struct connstr *present, const char *arguments)
{
    struct connstr pairs = {0};
    struct error error = {0};
    char source[300];
    snprintf(source, sizeof source, "odbcinst.ini [%.200s]", driver);
    if (arguments != NULL && !connstr_parse(arguments, strlen(arguments), &pairs, &error))
        return writing_refuse(ODBC_ERROR_INVALID_KEYWORD_VALUE, error.text);
    bool is_good = writing_check(present, &pairs, source, &error);
    if (!is_good)
        writing_refuse(ODBC_ERROR_INVALID_KEYWORD_VALUE, error.text);
    else if (!writing_write(DRIVERS, driver, &pairs, no_keywords))
        is_good = writing_refuse(ODBC_ERROR_REQUEST_FAILED, "odbcinst.ini could not be written");
    connstr_free(&pairs);
    return is_good;
}

static BOOL configure(WORD request, const char *driver, const struct connstr *present,
                      const char *arguments)
{
    if (request == ODBC_INSTALL_DRIVER || request == ODBC_CONFIG_DRIVER)
        return write_section(driver, present, arguments);
    if (request != ODBC_REMOVE_DRIVER)
        return writing_refuse(ODBC_ERROR_INVALID_REQUEST_TYPE, "the request is not known");
    for (size_t i = 0; i < present->count; i++)
        if (key_is_ours(present->pairs[i].keyword) &&
            !SQLWritePrivateProfileString(driver, present->pairs[i].keyword, NULL, DRIVERS))
            return writing_refuse(ODBC_ERROR_REQUEST_FAILED, "odbcinst.ini could not be written");
    return true;
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

BOOL INSTAPI ConfigDriver(HWND parent, WORD request, LPCSTR driver, LPCSTR arguments, LPSTR message,
                          WORD message_size, WORD *length_out);

/* arguments: "TargetDriver=PostgreSQL Unicode;SslMode=verify-full", as a connection string. */
SETUP_EXPORT BOOL INSTAPI ConfigDriver(HWND parent, WORD request, LPCSTR driver, LPCSTR arguments,
                                       LPSTR message, WORD message_size, WORD *length_out)
{
    struct connstr present;
    struct error error = {0};
    (void)parent;
    report_message(message, message_size, length_out, "");
    if (driver == NULL || driver[0] == '\0')
        return writing_refuse(ODBC_ERROR_INVALID_NAME, "no driver is named");
    if (!ini_read_section(INI_DRIVERS, driver, &present, &error))
        return writing_refuse(ODBC_ERROR_GENERAL_ERR, error.text);
    BOOL outcome = configure(request, driver, &present, arguments);
    connstr_free(&present);
    if (outcome && request != ODBC_REMOVE_DRIVER && !has_target(driver))
        report_message(message, message_size, length_out,
                       "TargetDriver is not set: every data source has to name the real driver.");
    return outcome;
}
