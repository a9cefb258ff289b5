#include "odbc/status.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

#define REPORT_TABLE "odbcssl_status"
#define CERTIFICATE_TABLE "odbcssl_certificate"

/* psqlodbc makes a long type of a varchar above MaxVarcharSize, 255 unless it is set, and many
 * programs cut or refuse values of long types: a longer value goes on in further rows. */
#define VALUE_CHARACTERS 254
#define NAME_CHARACTERS 32

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->left > 0 && is_blank((char)*cursor->next))
        cursor_u8(cursor);
}

static bool take_character(struct cursor *cursor, char wanted)
{
    skip_blanks(cursor);
    if (cursor->left == 0 || *cursor->next != (unsigned char)wanted)
        return false;
    cursor_u8(cursor);
    return true;
}

static bool take_word(struct cursor *cursor, const char *wanted)
{
    char word[32];
    size_t length = strlen(wanted);
    skip_blanks(cursor);
    const unsigned char *bytes = cursor_bytes(cursor, length);
    if (bytes == NULL)
        return false;
    memcpy(word, bytes, length);
    word[length] = '\0';
    return text_equal_nocase(word, wanted);
}

static bool take_blank(struct cursor *cursor)
{
    return cursor->left > 0 && is_blank((char)*cursor->next);
}

/* [;] and nothing behind it. */
static bool take_end(struct cursor *cursor)
{
    take_character(cursor, ';');
    skip_blanks(cursor);
    return cursor->left == 0 && !cursor->is_short;
}

/* [{] call odbcssl_status [()] [}] [;] */
static bool is_call(struct cursor cursor)
{
    bool has_brace = take_character(&cursor, '{');
    if (!take_word(&cursor, "call") || !take_blank(&cursor) || !take_word(&cursor, REPORT_TABLE))
        return false;
    if (take_character(&cursor, '(') && !take_character(&cursor, ')'))
        return false;
    return (!has_brace || take_character(&cursor, '}')) && take_end(&cursor);
}

/* select * from TABLE [;] */
static bool is_select(struct cursor cursor, const char *table)
{
    return take_word(&cursor, "select") && take_character(&cursor, '*') &&
           take_word(&cursor, "from") && take_blank(&cursor) && take_word(&cursor, table) &&
           take_end(&cursor);
}

enum status_statement status_parse(const char *text, size_t length)
{
    struct cursor cursor = cursor_over(text, length);
    if (is_call(cursor) || is_select(cursor, REPORT_TABLE))
        return STATUS_STATEMENT_REPORT;
    return is_select(cursor, CERTIFICATE_TABLE) ? STATUS_STATEMENT_CERTIFICATE
                                                : STATUS_STATEMENT_OTHER;
}

enum status_dialect status_dialect_of(const char *dbms_name)
{
    if (text_has_prefix_nocase(dbms_name, "PostgreSQL"))
        return STATUS_DIALECT_POSTGRESQL;
    if (text_has_prefix_nocase(dbms_name, "Microsoft SQL Server") ||
        text_has_prefix_nocase(dbms_name, "SQL Server"))
        return STATUS_DIALECT_SQL_SERVER;
    return STATUS_DIALECT_OTHER;
}

static bool append_text(struct buffer *buffer, const char *text)
{
    return buffer_append_text(buffer, text);
}

/* Names come out of the server's certificate: nothing in them may end the literal. */
static bool append_character(struct buffer *buffer, enum status_dialect dialect, char c)
{
    if (c == '\'')
        return append_text(buffer, "''");
    if (c == '\\' && dialect != STATUS_DIALECT_SQL_SERVER)
        return append_text(buffer, "\\\\");
    bool is_control = (unsigned char)c < 0x20 || c == 0x7F;
    if (is_control && c != '\n' && c != '\t')
        c = '?';
    return buffer_append(buffer, &c, 1);
}

/* At most limit characters of text; *next_out: what is left. */
static bool append_literal(struct buffer *buffer, enum status_dialect dialect, const char *text,
                           size_t limit, const char **next_out)
{
    static const char *const prefixes[] = {
        [STATUS_DIALECT_OTHER] = "'",
        [STATUS_DIALECT_POSTGRESQL] = "E'",
        [STATUS_DIALECT_SQL_SERVER] = "N'",
    };
    bool is_done = append_text(buffer, prefixes[dialect]);
    for (; is_done && *text != '\0'; text++) {
        bool begins_character = ((unsigned char)*text & 0xC0) != 0x80;
        if (begins_character && limit-- == 0)
            break;
        is_done = append_character(buffer, dialect, *text);
    }
    *next_out = text;
    return is_done && append_text(buffer, "'");
}

/* Where a bare literal has no type of its own, or one of unlimited length. */
static bool append_varchar(struct buffer *buffer, enum status_dialect dialect, const char *text,
                           unsigned size, const char **next_out)
{
    static const char *const types[] = {
        [STATUS_DIALECT_POSTGRESQL] = "varchar", [STATUS_DIALECT_SQL_SERVER] = "nvarchar"};
    char type[32];
    if (dialect == STATUS_DIALECT_OTHER)
        return append_literal(buffer, dialect, text, size, next_out);
    snprintf(type, sizeof type, " AS %s(%u))", types[dialect], size);
    return append_text(buffer, "CAST(") && append_literal(buffer, dialect, text, size, next_out) &&
           append_text(buffer, type);
}

/* As many rows as the value needs. */
static bool append_rows(struct buffer *buffer, enum status_dialect dialect, const char *name,
                        const char *value, unsigned size)
{
    const char *rest;
    bool is_done = true;
    do {
        bool is_first = buffer_length(buffer) == 0;
        is_done = append_text(buffer, is_first ? "SELECT " : " UNION ALL SELECT ") &&
                  append_varchar(buffer, dialect, name, NAME_CHARACTERS, &rest) &&
                  append_text(buffer, is_first ? " AS name, " : ", ") &&
                  append_varchar(buffer, dialect, value, size, &value) &&
                  (!is_first || append_text(buffer, " AS value"));
    } while (is_done && *value != '\0');
    return is_done;
}

/* Without a session of TLS, a certificate or a CRL there is nothing to say of it. The certificate
 * itself has a statement of its own. */
static bool is_told(const struct tls_report *report, const struct report_item *item)
{
    char scratch[REPORT_SCRATCH_SIZE];
    if (!report_applies(report, item) || item->type == SQL_SSL_PEER_CERTIFICATE_W)
        return false;
    switch (item->type) {
    case SQL_SSL_PROTOCOL_VERSION:
    case SQL_SSL_CIPHER_BITS:
    case SQL_SSL_CLIENT_CERT_SENT:
    case SQL_SSL_RESUMED:
        return report->version != TLS_VERSION_NONE;
    case SQL_SSL_VERIFY_STATUS:
    case SQL_SSL_PEER_DAYS_LEFT:
        return report->peer_subject[0] != '\0';
    case SQL_SSL_CRL_DAYS_LEFT:
        return report->crl_status != ODBCSSL_CRL_NOT_CHECKED;
    default:
        return item->kind != REPORT_TEXT || report_text(report, item, scratch)[0] != '\0';
    }
}

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* So wide as the longest value that is told. */
static unsigned choose_size(const struct tls_report *report)
{
    char scratch[REPORT_SCRATCH_SIZE];
    size_t size = 1;
    for (size_t i = 0; i < report_item_count; i++) {
        const struct report_item *item = &report_items[i];
        size_t length =
            is_told(report, item) ? count_characters(report_display(report, item, scratch)) : 0;
        size = length > size ? length : size;
    }
    return size < VALUE_CHARACTERS ? (unsigned)size : VALUE_CHARACTERS;
}

static char *finish(struct buffer *buffer, bool is_done)
{
    if (is_done && buffer_append(buffer, "", 1))
        return (char *)buffer_content(buffer);
    buffer_free(buffer);
    return NULL;
}

static bool append_item(struct buffer *buffer, const struct tls_report *report,
                        const struct report_item *item, enum status_dialect dialect, unsigned size)
{
    char scratch[REPORT_SCRATCH_SIZE];
    return !is_told(report, item) ||
           append_rows(buffer, dialect, item->name, report_display(report, item, scratch), size);
}

static char *build_report(const struct tls_report *report, enum status_dialect dialect)
{
    struct buffer buffer = {0};
    const unsigned size = choose_size(report);
    const struct report_item *summary = report_find(SQL_SSL_SUMMARY_W, NULL);
    bool is_done = append_item(&buffer, report, summary, dialect, size);
    for (size_t i = 0; is_done && i < report_item_count; i++)
        is_done = &report_items[i] == summary ||
                  append_item(&buffer, report, &report_items[i], dialect, size);
    return finish(&buffer, is_done);
}

static char *build_certificate(const struct tls_report *report, enum status_dialect dialect)
{
    const char *rest;
    struct buffer buffer = {0};
    return finish(&buffer,
                  append_text(&buffer, "SELECT ") &&
                      append_literal(&buffer, dialect, report->peer_certificate, SIZE_MAX, &rest) &&
                      append_text(&buffer, " AS certificate"));
}

char *status_build_select(const struct tls_report *report, enum status_statement statement,
                          enum status_dialect dialect)
{
    return statement == STATUS_STATEMENT_CERTIFICATE ? build_certificate(report, dialect)
                                                     : build_report(report, dialect);
}
