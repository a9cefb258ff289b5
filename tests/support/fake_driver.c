/* fake_driver.c - a real driver without a server: does what its control says, and notes it. */
#include "support/fake_internal.h"

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

static struct fake_control control;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct fake_handle *alive;
static bool is_cancelled;

static void lock_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void unlock_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void guard_forks(void)
{
    pthread_atfork(lock_before_fork, unlock_after_fork, unlock_after_fork);
}

EXPORT struct fake_control *fake_control(void)
{
    return &control;
}

void fake_note(const char *format, ...)
{
    pthread_mutex_lock(&lock);
    size_t used = strlen(control.calls);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(control.calls + used, sizeof control.calls - used, format, arguments);
    va_end(arguments);
    pthread_mutex_unlock(&lock);
}

struct fake_handle *fake_enter(SQLHANDLE handle, SQLSMALLINT kind)
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

/* The memory of the descriptor that was freed last is the next one's, as malloc would have it. */
static struct fake_handle *_Atomic freed_descriptor;

static struct fake_handle *allocate(SQLSMALLINT kind)
{
    struct fake_handle *fake =
        kind == SQL_HANDLE_DESC ? atomic_exchange(&freed_descriptor, NULL) : NULL;
    if (fake == NULL)
        return calloc(1, sizeof *fake);
    memset(fake, 0, sizeof *fake);
    return fake;
}

static struct fake_handle *make(SQLSMALLINT kind, struct fake_handle *parent)
{
    struct fake_handle *fake = allocate(kind);
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
    free(fake->kind == SQL_HANDLE_DESC ? atomic_exchange(&freed_descriptor, fake) : fake);
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
        parent = fake_enter(input, kind == SQL_HANDLE_DBC ? SQL_HANDLE_ENV : SQL_HANDLE_DBC);
    fake_note("SQLAllocHandle %d\n", kind);
    *out = make(kind, parent);
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLFreeHandle(SQLSMALLINT kind, SQLHANDLE handle)
{
    struct fake_handle *fake = fake_enter(handle, kind);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    if (kind == SQL_HANDLE_STMT && control.refuses_freeing_statements)
        return post(fake, SQL_ERROR, "HY010", 3, "fake: not now");
    fake_note("SQLFreeHandle %d\n", kind);
    destroy(fake);
    if (kind == SQL_HANDLE_DESC && control.after_freeing_descriptor != NULL)
        control.after_freeing_descriptor();
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLFreeStmt(SQLHSTMT handle, SQLUSMALLINT option)
{
    if (option == SQL_DROP)
        return SQLFreeHandle(SQL_HANDLE_STMT, handle);
    return fake_enter(handle, SQL_HANDLE_STMT) != NULL ? SQL_SUCCESS : SQL_INVALID_HANDLE;
}

EXPORT SQLRETURN SQLSetEnvAttr(SQLHENV handle, SQLINTEGER attribute, SQLPOINTER value,
                               SQLINTEGER length)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_ENV);
    (void)length;
    fake_note("SQLSetEnvAttr %d=%d\n", (int)attribute, (int)(intptr_t)value);
    if (control.refuses_odbc_380 && (intptr_t)value == SQL_OV_ODBC3_80)
        return post(fake, SQL_ERROR, "HY024", 1, "fake: no 3.80");
    fake->version = (SQLINTEGER)(intptr_t)value;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLDisconnect(SQLHDBC handle)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_DBC);
    fake_note("SQLDisconnect\n");
    destroy_children(fake);
    control.connections--;
    if (control.disconnects_with_info)
        return post(fake, SQL_SUCCESS_WITH_INFO, "01002", 9, "fake: went with noise");
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLGetFunctions(SQLHDBC handle, SQLUSMALLINT function, SQLUSMALLINT *supported)
{
    fake_enter(handle, SQL_HANDLE_DBC);
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
    if (control.refuses_cancelling) {
        pthread_mutex_unlock(&lock);
        return SQL_ERROR;
    }
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

SQLRETURN fake_keep_statement(struct fake_handle *fake, const char *text)
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
    if (strcmp(text, "lose") == 0)
        return post(fake, SQL_ERROR, "08S01", 9, "fake: no connection");
    if (strcmp(text, "notice") == 0)
        return post(fake, SQL_SUCCESS_WITH_INFO, "00000", 1, "fake: a notice");
    if (strcmp(text, "empty") == 0)
        return post(fake, SQL_SUCCESS, "00000", 0, "");
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLExecute(SQLHSTMT handle)
{
    return fake_enter(handle, SQL_HANDLE_STMT) != NULL ? SQL_SUCCESS : SQL_INVALID_HANDLE;
}

EXPORT SQLRETURN SQLNumResultCols(SQLHSTMT handle, SQLSMALLINT *count)
{
    fake_enter(handle, SQL_HANDLE_STMT);
    *count = 1;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLRowCount(SQLHSTMT handle, SQLLEN *count)
{
    fake_enter(handle, SQL_HANDLE_STMT);
    *count = 1;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLFetch(SQLHSTMT handle)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_STMT);
    return fake->fetched++ == 0 ? SQL_SUCCESS : SQL_NO_DATA;
}

EXPORT SQLRETURN SQLGetData(SQLHSTMT handle, SQLUSMALLINT column, SQLSMALLINT type,
                            SQLPOINTER value, SQLLEN size, SQLLEN *length)
{
    fake_enter(handle, SQL_HANDLE_STMT);
    (void)column;
    (void)type;
    int written = snprintf(value, (size_t)size, "fake");
    if (length != NULL)
        *length = written;
    return SQL_SUCCESS;
}

EXPORT SQLRETURN SQLEndTran(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT completion)
{
    fake_note("SQLEndTran %d %d\n", kind, completion);
    return fake_enter(handle, kind) != NULL ? SQL_SUCCESS : SQL_INVALID_HANDLE;
}

EXPORT SQLRETURN SQLCopyDesc(SQLHDESC source, SQLHDESC target)
{
    struct fake_handle *from = fake_enter(source, SQL_HANDLE_DESC);
    struct fake_handle *to = fake_enter(target, SQL_HANDLE_DESC);
    fake_note("SQLCopyDesc\n");
    if (from == NULL || to == NULL)
        return SQL_INVALID_HANDLE;
    bool is_of_rows = to->parent->kind == SQL_HANDLE_STMT &&
                      to == to->parent->implicit[SQL_ATTR_IMP_ROW_DESC - SQL_ATTR_APP_ROW_DESC];
    return is_of_rows ? post(to, SQL_ERROR, "HY016", 12, "fake: it describes my rows")
                      : SQL_SUCCESS;
}

static struct fake_handle **descriptor_place(struct fake_handle *fake, SQLINTEGER attribute)
{
    SQLINTEGER index = attribute - SQL_ATTR_APP_ROW_DESC;
    return index >= 0 && index < IMPLICIT ? &fake->current[index] : NULL;
}

SQLRETURN fake_get_statement_attribute(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_STMT);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    struct fake_handle **place = descriptor_place(fake, attribute);
    if (place != NULL)
        *(SQLHDESC *)value = *place;
    else
        *(SQLULEN *)value = 42;
    return SQL_SUCCESS;
}

SQLRETURN fake_set_statement_attribute(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_STMT);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    struct fake_handle **place = descriptor_place(fake, attribute);
    if (place == NULL)
        return SQL_SUCCESS;
    if (value != NULL && fake_enter(value, SQL_HANDLE_DESC) == NULL)
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

SQLRETURN fake_set_connection_attribute(SQLHDBC handle, const char *name, SQLINTEGER attribute,
                                        const void *value, SQLINTEGER length)
{
    char text[256];
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_DBC);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    fake_note("%s %d=%s\n", name, (int)attribute, describe(value, length, text, sizeof text));
    if (control.refuses_attribute_replay)
        return post(fake, SQL_ERROR, "HY092", 6, "fake: no such attribute");
    return SQL_SUCCESS;
}

SQLRETURN fake_get_connection_attribute(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_DBC);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    if (attribute != SQL_ATTR_CONNECTION_DEAD || control.is_dead < 0)
        return post(fake, SQL_ERROR, "HY092", 6, "fake: no such attribute");
    *(SQLUINTEGER *)value = (SQLUINTEGER)control.is_dead;
    return SQL_SUCCESS;
}

SQLRETURN fake_connect_to(SQLHDBC handle, const char *text)
{
    struct fake_handle *fake = fake_enter(handle, SQL_HANDLE_DBC);
    if (fake == NULL)
        return SQL_INVALID_HANDLE;
    snprintf(control.connection_string, sizeof control.connection_string, "%s", text);
    if (control.refuses_connecting)
        return post(fake, SQL_ERROR, "28000", 11,
                    control.refusal != NULL ? control.refusal : "fake: no such user");
    control.connections++;
    return SQL_SUCCESS;
}

const char *fake_info_text(SQLUSMALLINT type)
{
    return type == SQL_DBMS_NAME         ? "PostgreSQL"
           : type == SQL_DRIVER_NAME     ? "fake.so"
           : type == SQL_SERVER_NAME     ? "127.0.0.1"
           : type == SQL_DRIVER_ODBC_VER ? "03.80"
                                         : NULL;
}

const struct record *fake_find_record(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number)
{
    struct fake_handle *fake = handle;
    if (fake == NULL || fake->magic != FAKE_MAGIC || fake->kind != kind || number < 1 ||
        number > fake->count)
        return NULL;
    return &fake->records[number - 1];
}
