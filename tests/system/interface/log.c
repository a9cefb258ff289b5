/* log.c - one line for each call, and one for each record behind it. */
#include "system/interface/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 4096
#define RECORD_LIMIT 40
#define FILL 0xA5

static FILE *file;
static char part[64];

bool log_open(const char *path)
{
    file = fopen(path, "we");
    if (file != NULL)
        setvbuf(file, NULL, _IOLBF, 1 << 16); /* a driver that crashes leaves whole lines */
    return file != NULL;
}

bool log_close(void)
{
    return fclose(file) == 0;
}

/* Cursor names and the like hold addresses. */
static void mask_addresses(char *text)
{
    char *from = text, *to = text;
    while (*from != '\0') {
        size_t digits =
            strncmp(from, "0x", 2) == 0 ? strspn(from + 2, "0123456789abcdefABCDEF") : 0;
        if (digits >= 6) {
            memcpy(to, "0x*", 3);
            to += 3;
            from += 2 + digits;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static void write_line(const char *format, va_list arguments)
{
    char line[4 * TEXT_SIZE];
    vsnprintf(line, sizeof line, format, arguments);
    mask_addresses(line);
    for (char *c = line; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20)
            *c = '~';
    fprintf(file, "%s: %s\n", part, line);
}

void log_part(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(part, sizeof part, format, arguments);
    va_end(arguments);
    fflush(file);
}

void log_text(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

/* ASCII as it is, everything else as \uXXXX or \xXX. */
const char *log_printable(const SQLTCHAR *text, size_t limit)
{
    static char out[4][TEXT_SIZE];
    static unsigned next;
    char *buffer = out[next++ % 4];
    size_t used = 0;
    for (size_t i = 0; i < limit && text[i] != 0 && used + 8 < TEXT_SIZE; i++) {
        if (text[i] >= 0x20 && text[i] < 0x7F)
            buffer[used++] = (char)text[i];
        else
            used += (size_t)snprintf(buffer + used, TEXT_SIZE - used, "\\u%04X", (unsigned)text[i]);
    }
    buffer[used] = '\0';
    return buffer;
}

SQLTCHAR *log_take(const char *text)
{
    static SQLTCHAR out[8][TEXT_SIZE];
    static unsigned next;
    SQLTCHAR *buffer = out[next++ % 8];
    size_t length = strlen(text);
    for (size_t i = 0; i <= length && i < TEXT_SIZE; i++)
        buffer[i] = (unsigned char)text[i];
    return buffer;
}

void log_fill(void *buffer, size_t size)
{
    memset(buffer, FILL, size);
}

void log_bytes(const char *what, const void *buffer, size_t size)
{
    const unsigned char *bytes = buffer;
    char text[TEXT_SIZE];
    size_t used = 0;
    while (size > 0 && bytes[size - 1] == FILL)
        size--;
    text[0] = '\0';
    for (size_t i = 0; i < size && used + 4 < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 bytes[i] > 0x20 && bytes[i] < 0x7F ? "%c" : "<%02X>", bytes[i]);
    log_text("%s wrote %s", what, text);
}

static const struct {
    SQLSMALLINT field;
    const char *name;
    bool is_text;
} record_fields[] = {
    {SQL_DIAG_SQLSTATE, "SQLSTATE", true},
    {SQL_DIAG_NATIVE, "native", false},
    {SQL_DIAG_MESSAGE_TEXT, "text", true},
    {SQL_DIAG_CLASS_ORIGIN, "class origin", true},
    {SQL_DIAG_SUBCLASS_ORIGIN, "subclass origin", true},
    {SQL_DIAG_CONNECTION_NAME, "connection name", true},
    {SQL_DIAG_SERVER_NAME, "server name", true},
    {SQL_DIAG_ROW_NUMBER, "row", false},
    {SQL_DIAG_COLUMN_NUMBER, "column", false},
};

static const SQLSMALLINT header_fields[] = {SQL_DIAG_RETURNCODE, SQL_DIAG_NUMBER,
                                            SQL_DIAG_ROW_COUNT, SQL_DIAG_CURSOR_ROW_COUNT,
                                            SQL_DIAG_DYNAMIC_FUNCTION_CODE};

static void write_fields(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT record, const char *call)
{
    for (size_t i = 0; i < sizeof record_fields / sizeof *record_fields; i++) {
        SQLTCHAR text[TEXT_SIZE] = {0};
        SQLLEN number = 0;
        SQLSMALLINT length = -1;
        SQLRETURN outcome = record_fields[i].is_text
                                ? SQLGetDiagField(kind, handle, record, record_fields[i].field,
                                                  text, sizeof text, &length)
                                : SQLGetDiagField(kind, handle, record, record_fields[i].field,
                                                  &number, SQL_IS_INTEGER, NULL);
        if (record_fields[i].is_text)
            log_text("%s | record %d, %s: %d '%s' %d", call, record, record_fields[i].name, outcome,
                     log_printable(text, TEXT_SIZE), length);
        else
            log_text("%s | record %d, %s: %d %d", call, record, record_fields[i].name, outcome,
                     (int)number);
    }
}

static void write_headers(SQLSMALLINT kind, SQLHANDLE handle, const char *call)
{
    char line[256] = "";
    size_t used = 0;
    SQLTCHAR text[64] = {0};
    for (size_t i = 0; i < sizeof header_fields / sizeof *header_fields; i++) {
        SQLLEN number = 0;
        SQLRETURN outcome = SQLGetDiagField(kind, handle, 0, header_fields[i], &number, 0, NULL);
        used += (size_t)snprintf(line + used, sizeof line - used, " %d/%d", outcome,
                                 header_fields[i] == SQL_DIAG_RETURNCODE ? (SQLRETURN)number
                                                                         : (int)number);
    }
    SQLRETURN outcome =
        SQLGetDiagField(kind, handle, 0, SQL_DIAG_DYNAMIC_FUNCTION, text, sizeof text, NULL);
    log_text("%s | header%s %d/'%s'", call, line, outcome, log_printable(text, 64));
}

static void write_records(SQLSMALLINT kind, SQLHANDLE handle, const char *call)
{
    for (SQLSMALLINT record = 1; record <= RECORD_LIMIT; record++) {
        SQLTCHAR state[6] = {0}, text[TEXT_SIZE] = {0}, little[12] = {0};
        SQLINTEGER native = 0;
        SQLSMALLINT length = -1, little_length = -1;
        SQLRETURN outcome =
            SQLGetDiagRec(kind, handle, record, state, &native, text, TEXT_SIZE, &length);
        if (!SQL_SUCCEEDED(outcome)) {
            if (record == 1 || outcome != SQL_NO_DATA)
                log_text("%s | record %d: %d", call, record, outcome);
            break;
        }
        log_text("%s | record %d: %d %s %d '%s' %d", call, record, outcome, log_printable(state, 5),
                 (int)native, log_printable(text, TEXT_SIZE), length);
        outcome = SQLGetDiagRec(kind, handle, record, NULL, NULL, little, 12, &little_length);
        log_text("%s | record %d, cut: %d '%s' %d", call, record, outcome,
                 log_printable(little, 12), little_length);
        write_fields(kind, handle, record, call);
    }
}

SQLRETURN
log_call(SQLSMALLINT kind, SQLHANDLE handle, SQLRETURN outcome, const char *format, ...)
{
    char call[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call, sizeof call, format, arguments);
    va_end(arguments);
    log_text("%s -> %d", call, outcome);
    if (handle == SQL_NULL_HANDLE || outcome == SQL_INVALID_HANDLE)
        return outcome;
    write_records(kind, handle, call);
    write_headers(kind, handle, call);
    return outcome;
}
