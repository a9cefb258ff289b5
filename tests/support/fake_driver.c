#include "support/fake_driver.h"

#include <pthread.h>
#include <sched.h>
#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define FAKE_MAGIC 0xFA4Eu
#define RECORDS 2
#define IMPLICIT 4

#ifndef FAKE_HAS_ANSI
#define FAKE_HAS_ANSI 1
#endif
#ifndef FAKE_HAS_WIDE
#define FAKE_HAS_WIDE 1
#endif

struct record {
    char sqlstate[6];
    SQLINTEGER native;
    char text[128];
};

struct fake_handle {
    unsigned magic;
    SQLSMALLINT kind;
    struct fake_handle *parent;
    struct fake_handle *next; /* of all that are alive */
    SQLINTEGER version;       /* environment */
    int fetched;              /* statement */
    struct fake_handle *implicit[IMPLICIT];
    struct fake_handle *current[IMPLICIT];
    int count;
    struct record records[RECORDS];
};

static struct fake_control control;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct fake_handle *alive;
static bool is_cancelled;

EXPORT struct fake_control *fake_control(void);

EXPORT struct fake_control *fake_control(void)
{
    return &control;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    pthread_mutex_lock(&lock);
    size_t used = strlen(control.calls);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(control.calls + used, sizeof control.calls - used, format, arguments);
    va_end(arguments);
    pthread_mutex_unlock(&lock);
}

static struct fake_handle *enter(SQLHANDLE handle, SQLSMALLINT kind)
{
    struct fake_handle *fake = handle;
    if (fake == NULL || fake->magic != FAKE_MAGIC || fake->kind != kind)
        return NULL;
    fake->count = 0;
    return fake;
}

static SQLRETURN post(struct fake_handle *fake, SQLRETURN outcome, const char *sqlstate,
                      SQLINTEGER native, const char *text)
{
    if (fake->count == RECORDS)
        return outcome;
    struct record *record = &fake->records[fake->count++];
    snprintf(record->sqlstate, sizeof record->sqlstate, "%s", sqlstate);
    record->native = native;
    snprintf(record->text, sizeof record->text, "%s", text);
    return outcome;
}

static struct fake_handle *make(SQLSMALLINT kind, struct fake_handle *parent)
{
    struct fake_handle *fake = calloc(1, sizeof *fake);
    fake->magic = FAKE_MAGIC;
    fake->kind = kind;
    fake->parent = parent;
    control.handles++;
    pthread_mutex_lock(&lock);
    fake->next = alive;
    alive = fake;
    pthread_mutex_unlock(&lock);
    for (int i = 0; kind == SQL_HANDLE_STMT && i < IMPLICIT; i++)
        fake->implicit[i] = fake->current[i] = make(SQL_HANDLE_DESC, fake);
    return fake;
}

static void forget(const struct fake_handle *fake)
{
    pthread_mutex_lock(&lock);
    struct fake_handle **at = &alive;
    while (*at != fake)
        at = &(*at)->next;
    *at = fake->next;
    pthread_mutex_unlock(&lock);
}

static void destroy(struct fake_handle *fake)
{
    for (int i = 0; fake->kind == SQL_HANDLE_STMT && i < IMPLICIT; i++)
        destroy(fake->implicit[i]);
    forget(fake);
    fake->magic = 0;
    control.handles--;
    free(fake);
}

static struct fake_handle *find_child(const struct fake_handle *parent)
{
    pthread_mutex_lock(&lock);
    struct fake_handle *child = alive;
    while (child != NULL && child->parent != parent)
        child = child->next;
    pthread_mutex_unlock(&lock);
    return child;
}

/* As real drivers do at SQLDisconnect. */
static void destroy_children(const struct fake_handle *parent)
{
    struct fake_handle *child;
    while ((child = find_child(parent)) != NULL)
        destroy(child);
}

EXPORT SQLRETURN SQLAllocHandle(SQLSMALLINT kind, SQLHANDLE input, SQLHANDLE *out)
{
    struct fake_handle *parent = NULL;
    if (kind != SQL_HANDLE_ENV)
        parent = enter(input, kind == SQL_HANDLE_DBC ? SQL_HANDLE_ENV : SQL_HANDLE_DBC);
    note("SQLAllocHandle %d\n", kind);
    *out = make(kind, parent);
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLFreeHandle(SQLSMALLINT kind, SQLHANDLE handle)
{
    struct fake_handle *fake = enter(handle, kind);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    if (kind == SQL_HANDLE_STMT && control.refuses_freeing_statements)
        return post(fake, SQL_ERROR, "HY010", 3, "fake: not now");
    note("SQLFreeHandle %d\n", kind);
    destroy(fake);
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLFreeStmt(SQLHSTMT handle, SQLUSMALLINT option)
{
    if (option == SQL_DROP)
        return SQLFreeHandle(SQL_HANDLE_STMT, handle);
    return enter(handle, SQL_HANDLE_STMT) != NULL ? SQL_SUCCESS : SQL_INVALID_HANDLE;
}

EXPORT SQLRETURN SQLSetEnvAttr(SQLHENV handle, SQLINTEGER attribute, SQLPOINTER value,
                               SQLINTEGER length)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_ENV);
    (void)length;
    note("SQLSetEnvAttr %d=%d\n", (int)attribute, (int)(intptr_t)value);
    if (control.refuses_odbc_380 && (intptr_t)value == SQL_OV_ODBC3_80)
        return post(fake, SQL_ERROR, "HY024", 1, "fake: no 3.80");
    fake->version = (SQLINTEGER)(intptr_t)value;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLDisconnect(SQLHDBC handle)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_DBC);
    note("SQLDisconnect\n");
    destroy_children(fake);
    control.connections--;
    if (control.disconnects_with_info)
        return post(fake, SQL_SUCCESS_WITH_INFO, "01002", 9, "fake: went with noise");
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetFunctions(SQLHDBC handle, SQLUSMALLINT function, SQLUSMALLINT *supported)
{
    enter(handle, SQL_HANDLE_DBC);
    if (function != SQL_API_ODBC3_ALL_FUNCTIONS)
        return SQL_ERROR;
    memset(supported, 0xFF, SQL_API_ODBC3_ALL_FUNCTIONS_SIZE * sizeof *supported);
    supported[SQL_API_SQLENDTRAN >> 4] &= (SQLUSMALLINT) ~(1u << (SQL_API_SQLENDTRAN & 15));
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLCancel(SQLHSTMT handle)
{
    struct fake_handle *fake = handle;
    if (fake == NULL || fake->magic != FAKE_MAGIC)
        abort(); /* called after it was freed */
    pthread_mutex_lock(&lock);
    control.cancelled++;
    is_cancelled = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    sched_yield();
    if (fake->magic != FAKE_MAGIC)
        abort(); /* freed under our hands */
    return SQL_SUCCESS;
}

static SQLRETURN block(struct fake_handle *fake)
{
    pthread_mutex_lock(&lock);
    is_cancelled = false;
    control.blocked++;
    while (!is_cancelled)
        pthread_cond_wait(&changed, &lock);
    control.blocked--;
    pthread_mutex_unlock(&lock);
    return post(fake, SQL_ERROR, "HY008", 4, "fake: cancelled");
}

static SQLRETURN keep_statement(struct fake_handle *fake, const char *text)
{
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    pthread_mutex_lock(&lock);
    snprintf(control.statement, sizeof control.statement, "%s", text);
    pthread_mutex_unlock(&lock);
    fake->fetched = 0;
    if (strcmp(text, "block") == 0)
        return block(fake);
    if (strcmp(text, "warn") == 0)
        return post(fake, SQL_SUCCESS_WITH_INFO, "01000", 2, "fake: a warning");
    if (strcmp(text, "fail") == 0) {
        post(fake, SQL_ERROR, "42000", 7, "fake: first");
        return post(fake, SQL_ERROR, "42S02", 8, "fake: second");
    }
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLExecute(SQLHSTMT handle)
{
    return enter(handle, SQL_HANDLE_STMT) != NULL ? SQL_SUCCESS : SQL_INVALID_HANDLE;
}

EXPORT SQLRETURN SQLNumResultCols(SQLHSTMT handle, SQLSMALLINT *count)
{
    enter(handle, SQL_HANDLE_STMT);
    *count = 1;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLRowCount(SQLHSTMT handle, SQLLEN *count)
{
    enter(handle, SQL_HANDLE_STMT);
    *count = 1;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLFetch(SQLHSTMT handle)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_STMT);
    return fake->fetched++ == 0 ? SQL_SUCCESS : SQL_NO_DATA;
}

EXPORT SQLRETURN SQLGetData(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT type,
                            SQLPOINTER value, SQLLEN size, SQLLEN *length)
{
    enter(handle, SQL_HANDLE_STMT);
    (void)column;
    (void)type;
    int written = snprintf(value, (size_t)size, "fake");
    if (length != NULL)
        *length = written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLEndTran(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT completion)
{
    note("SQLEndTran %d %d\n", kind, completion);
    return enter(handle, kind) != NULL ? SQL_SUCCESS : SQL_INVALID_HANDLE;
}

EXPORT SQLRETURN SQLCopyDesc(SQLHDESC source, SQLHDESC target)
{
    struct fake_handle *from = enter(source, SQL_HANDLE_DESC);
    struct fake_handle *to = enter(target, SQL_HANDLE_DESC);
    note("SQLCopyDesc\n");
    return from != NULL && to != NULL ? SQL_SUCCESS : SQL_INVALID_HANDLE;
}

static struct fake_handle **descriptor_place(struct fake_handle *fake, SQLINTEGER attribute)
{
    SQLINTEGER index = attribute - SQL_ATTR_APP_ROW_DESC;
    return index >= 0 && index < IMPLICIT ? &fake->current[index] : NULL;
}

static SQLRETURN get_statement_attribute(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_STMT);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    struct fake_handle **place = descriptor_place(fake, attribute);
    if (place != NULL)
        *(SQLHDESC *)value = *place;
    else
        *(SQLULEN *)value = 42;
    return SQL_SUCCESS;
}

static SQLRETURN set_statement_attribute(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_STMT);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    struct fake_handle **place = descriptor_place(fake, attribute);
    if (place == NULL)
        return SQL_SUCCESS;
    if (value != NULL && enter(value, SQL_HANDLE_DESC) == NULL)
        return post(fake, SQL_ERROR, "HY024", 5, "fake: no descriptor of mine");
    *place = value != NULL ? value : fake->implicit[place - fake->current];
    return SQL_SUCCESS;
}

static const char *describe(const void *value, SQLINTEGER length, char *out, size_t size)
{
    if (length == SQL_NTS)
        snprintf(out, size, "'%s'", (const char *)value);
    else if (length > 4)
        snprintf(out, size, "'%.*s'", (int)length, (const char *)value);
    else
        snprintf(out, size, "%ld", (long)(intptr_t)value);
    return out;
}

static SQLRETURN set_connection_attribute(SQLHDBC handle, const char *name, SQLINTEGER attribute,
                                          const void *value, SQLINTEGER length)
{
    char text[256];
    struct fake_handle *fake = enter(handle, SQL_HANDLE_DBC);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    note("%s %d=%s\n", name, (int)attribute, describe(value, length, text, sizeof text));
    if (control.refuses_attribute_replay)
        return post(fake, SQL_ERROR, "HY092", 6, "fake: no such attribute");
    return SQL_SUCCESS;
}

static SQLRETURN get_connection_attribute(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_DBC);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    if (attribute != SQL_ATTR_CONNECTION_DEAD || control.is_dead < 0)
        return post(fake, SQL_ERROR, "HY092", 6, "fake: no such attribute");
    *(SQLUINTEGER *)value = (SQLUINTEGER)control.is_dead;
    return SQL_SUCCESS;
}

static SQLRETURN connect_to(SQLHDBC handle, const char *text)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_DBC);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    snprintf(control.connection_string, sizeof control.connection_string, "%s", text);
    if (control.refuses_connecting)
        return post(fake, SQL_ERROR, "28000", 11, "fake: no such user");
    control.connections++;
    return SQL_SUCCESS;
}

static const char *info_text(SQLUSMALLINT type)
{
    return type == SQL_DBMS_NAME         ? "PostgreSQL"
           : type == SQL_DRIVER_NAME     ? "fake.so"
           : type == SQL_SERVER_NAME     ? "127.0.0.1"
           : type == SQL_DRIVER_ODBC_VER ? "03.80"
                                         : NULL;
}

static const struct record *find_record(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number)
{
    struct fake_handle *fake = handle;
    if (fake == NULL || fake->magic != FAKE_MAGIC || fake->kind != kind || number < 1 ||
        number > fake->count)
        return NULL;
    return &fake->records[number - 1];
}

#if FAKE_HAS_ANSI
EXPORT SQLRETURN SQLDriverConnect(SQLHDBC handle, SQLHWND window, SQLCHAR *in,
                                  SQLSMALLINT in_length, SQLCHAR *out, SQLSMALLINT out_size,
                                  SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    (void)window;
    (void)in_length;
    (void)out;
    (void)out_size;
    (void)out_length;
    note("SQLDriverConnect %d\n", completion);
    return connect_to(handle, (const char *)in);
}

EXPORT SQLRETURN SQLGetDiagRec(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                               SQLCHAR *sqlstate, SQLINTEGER *native, SQLCHAR *message,
                               SQLSMALLINT size, SQLSMALLINT *length)
{
    const struct record *record = find_record(kind, handle, number);
    if (record == NULL)
        return SQL_NO_DATA;
    memcpy(sqlstate, record->sqlstate, sizeof record->sqlstate);
    *native = record->native;
    int written = snprintf((char *)message, (size_t)size, "%s", record->text);
    if (length != NULL)
        *length = (SQLSMALLINT)written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetDiagField(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                 SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT size,
                                 SQLSMALLINT *length)
{
    const struct record *record = find_record(kind, handle, number);
    (void)length;
    if (number == 0 && field == SQL_DIAG_ROW_COUNT) {
        *(SQLLEN *)value = 17;
        return SQL_SUCCESS;
    }
    if (record == NULL)
        return SQL_NO_DATA;
    if (field != SQL_DIAG_SQLSTATE)
        return SQL_ERROR;
    snprintf(value, (size_t)size, "%s", record->sqlstate);
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetInfo(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value, SQLSMALLINT size,
                            SQLSMALLINT *length)
{
    enter(handle, SQL_HANDLE_DBC);
    const char *text = info_text(type);
    if (text == NULL) {
        memset(value, 0, sizeof(SQLUINTEGER));
        return SQL_SUCCESS;
    }
    int written = snprintf(value, (size_t)size, "%s", text);
    if (length != NULL)
        *length = (SQLSMALLINT)written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLSetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                   SQLINTEGER length)
{
    return set_connection_attribute(handle, "SQLSetConnectAttr", attribute, value, length);
}

EXPORT SQLRETURN SQLGetConnectAttr(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                   SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return get_connection_attribute(handle, attribute, value);
}

EXPORT SQLRETURN SQLGetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return get_statement_attribute(handle, attribute, value);
}

EXPORT SQLRETURN SQLSetStmtAttr(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                SQLINTEGER length)
{
    (void)length;
    return set_statement_attribute(handle, attribute, value);
}

static SQLRETURN run_narrow(SQLHSTMT handle, const char *name, const SQLCHAR *text,
                            SQLINTEGER length)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_STMT);
    char *copy = length == SQL_NTS ? strdup((const char *)text)
                                   : strndup((const char *)text, (size_t)length);
    note("%s\n", name);
    SQLRETURN outcome = keep_statement(fake, copy);
    free(copy);
    return outcome;
}

EXPORT SQLRETURN SQLExecDirect(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER length)
{
    return run_narrow(handle, "SQLExecDirect", text, length);
}

EXPORT SQLRETURN SQLPrepare(SQLHSTMT handle, SQLCHAR *text, SQLINTEGER length)
{
    return run_narrow(handle, "SQLPrepare", text, length);
}

EXPORT SQLRETURN SQLGetDescField(SQLHDESC handle, SQLSMALLINT record, SQLSMALLINT field,
                                 SQLPOINTER value, SQLINTEGER size, SQLINTEGER *length)
{
    (void)record;
    (void)size;
    (void)length;
    if (enter(handle, SQL_HANDLE_DESC) == NULL)
        return SQL_INVALID_HANDLE;
    note("SQLGetDescField %d\n", field);
    *(SQLINTEGER *)value = 23;
    return SQL_SUCCESS;
}
#endif

#if FAKE_HAS_WIDE
static char *narrow(const SQLWCHAR *text, SQLINTEGER length)
{
    SQLINTEGER count = 0;
    while (length == SQL_NTS ? text[count] != 0 : count < length)
        count++;
    char *out = calloc(1, (size_t)count + 1);
    for (SQLINTEGER i = 0; i < count; i++)
        out[i] = text[i] < 0x80 ? (char)text[i] : '?';
    return out;
}

/* size in characters; returns the whole length. */
static SQLSMALLINT widen(const char *text, SQLWCHAR *out, size_t size)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < size && i <= length; i++)
        out[i] = i == length || i + 1 == size ? 0 : (unsigned char)text[i];
    return (SQLSMALLINT)length;
}

EXPORT SQLRETURN SQLDriverConnectW(SQLHDBC handle, SQLHWND window, SQLWCHAR *in,
                                   SQLSMALLINT in_length, SQLWCHAR *out, SQLSMALLINT out_size,
                                   SQLSMALLINT *out_length, SQLUSMALLINT completion)
{
    (void)window;
    (void)out;
    (void)out_size;
    (void)out_length;
    note("SQLDriverConnectW %d\n", completion);
    char *text = narrow(in, in_length);
    SQLRETURN outcome = connect_to(handle, text);
    free(text);
    return outcome;
}

EXPORT SQLRETURN SQLGetDiagRecW(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                SQLWCHAR *sqlstate, SQLINTEGER *native, SQLWCHAR *message,
                                SQLSMALLINT size, SQLSMALLINT *length)
{
    const struct record *record = find_record(kind, handle, number);
    if (record == NULL)
        return SQL_NO_DATA;
    widen(record->sqlstate, sqlstate, sizeof record->sqlstate);
    *native = record->native;
    SQLSMALLINT written = widen(record->text, message, (size_t)size);
    if (length != NULL)
        *length = written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetDiagFieldW(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number,
                                  SQLSMALLINT field, SQLPOINTER value, SQLSMALLINT size,
                                  SQLSMALLINT *length)
{
    const struct record *record = find_record(kind, handle, number);
    (void)length;
    if (record == NULL)
        return SQL_NO_DATA;
    if (field != SQL_DIAG_SQLSTATE)
        return SQL_ERROR;
    widen(record->sqlstate, value, (size_t)size / sizeof(SQLWCHAR));
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetInfoW(SQLHDBC handle, SQLUSMALLINT type, SQLPOINTER value, SQLSMALLINT size,
                             SQLSMALLINT *length)
{
    enter(handle, SQL_HANDLE_DBC);
    const char *text = info_text(type);
    if (text == NULL) {
        memset(value, 0, sizeof(SQLUINTEGER));
        return SQL_SUCCESS;
    }
    SQLSMALLINT written = widen(text, value, (size_t)size / sizeof(SQLWCHAR));
    if (length != NULL)
        *length = (SQLSMALLINT)(written * (SQLSMALLINT)sizeof(SQLWCHAR));
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLSetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                    SQLINTEGER length)
{
    if (length != SQL_NTS)
        return set_connection_attribute(handle, "SQLSetConnectAttrW", attribute, value, length);
    char *text = narrow(value, SQL_NTS);
    SQLRETURN outcome =
        set_connection_attribute(handle, "SQLSetConnectAttrW", attribute, text, SQL_NTS);
    free(text);
    return outcome;
}

EXPORT SQLRETURN SQLGetConnectAttrW(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value,
                                    SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return get_connection_attribute(handle, attribute, value);
}

EXPORT SQLRETURN SQLGetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                 SQLINTEGER size, SQLINTEGER *length)
{
    (void)size;
    (void)length;
    return get_statement_attribute(handle, attribute, value);
}

EXPORT SQLRETURN SQLSetStmtAttrW(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value,
                                 SQLINTEGER length)
{
    (void)length;
    return set_statement_attribute(handle, attribute, value);
}

static SQLRETURN run_wide(SQLHSTMT handle, const char *name, const SQLWCHAR *text,
                          SQLINTEGER length)
{
    struct fake_handle *fake = enter(handle, SQL_HANDLE_STMT);
    char *copy = narrow(text, length);
    note("%s\n", name);
    SQLRETURN outcome = keep_statement(fake, copy);
    free(copy);
    return outcome;
}

EXPORT SQLRETURN SQLExecDirectW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER length)
{
    return run_wide(handle, "SQLExecDirectW", text, length);
}

EXPORT SQLRETURN SQLPrepareW(SQLHSTMT handle, SQLWCHAR *text, SQLINTEGER length)
{
    return run_wide(handle, "SQLPrepareW", text, length);
}
#endif
