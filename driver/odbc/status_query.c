/*
 * status_query.c - three statements that the server does not know, made into a select of constants
 * from the report, which the real driver then executes as any other.
 */
#include "odbc/status_query.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

/* psqlodbc makes a long type of a varchar above MaxVarcharSize, 255 unless it is set, and many
 * programs cut or refuse values of long types: a longer value goes on in further rows. */
#define VALUE_CHARACTERS 254
#define NAME_CHARACTERS 32

/* Every spelling, in lower case and without what does not count: blanks beside a sign, a ';' at the
 * end. */
static const struct {
    const char *text;
    enum status_statement statement;
} spellings[] = {
    {"call odbcssl_status", STATUS_STATEMENT_REPORT},
    {"call odbcssl_status()", STATUS_STATEMENT_REPORT},
    {"{call odbcssl_status}", STATUS_STATEMENT_REPORT},
    {"{call odbcssl_status()}", STATUS_STATEMENT_REPORT},
    {"select*from odbcssl_status", STATUS_STATEMENT_REPORT},
    {"select*from odbcssl_certificate", STATUS_STATEMENT_CERTIFICATE},
};

static bool is_sign(char c)
{
    return strchr("{}()*;", c) != NULL;
}

enum status_statement status_parse(const char *text, size_t length)
{
    char plain[40] = "";
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (used + 2 > sizeof plain)
            return STATUS_STATEMENT_OTHER;
        if (text_is_blank(text[i]))
            continue;
        if (used > 0 && text_is_blank(text[i - 1]) && !is_sign(plain[used - 1]) &&
            !is_sign(text[i]))
            plain[used++] = ' ';
        plain[used++] = text_lower(text[i]);
    }
    if (used > 0 && plain[used - 1] == ';')
        used--;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (used == strlen(spellings[i].text) && memcmp(plain, spellings[i].text, used) == 0)
            return spellings[i].statement;
    return STATUS_STATEMENT_OTHER;
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

/* At most limit characters of text; returns what is left. Names come out of the server's
 * certificate: nothing in them may end the literal. */
static const char *append_literal(struct buffer *buffer, enum status_dialect dialect,
                                  const char *text, size_t limit)
{
    static const char *const prefixes[] = {
        [STATUS_DIALECT_OTHER] = "'",
        [STATUS_DIALECT_POSTGRESQL] = "E'",
        [STATUS_DIALECT_SQL_SERVER] = "N'",
    };
    buffer_append_text(buffer, prefixes[dialect]);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool begins_character = (c & 0xC0) != 0x80;
        bool is_control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
        if (begins_character && limit-- == 0)
            break;
        if (c == '\'' || (c == '\\' && dialect != STATUS_DIALECT_SQL_SERVER))
            buffer_append_byte(buffer, c);
        buffer_append_byte(buffer, is_control ? '?' : c);
    }
    buffer_append_byte(buffer, '\'');
    return text;
}

/* The same, where a bare literal has no type of its own, or one of unlimited length. */
static const char *append_varchar(struct buffer *buffer, enum status_dialect dialect,
                                  const char *text, unsigned size)
{
    static const char *const types[] = {
        [STATUS_DIALECT_POSTGRESQL] = "varchar", [STATUS_DIALECT_SQL_SERVER] = "nvarchar"};
    char type[32];
    if (dialect == STATUS_DIALECT_OTHER)
        return append_literal(buffer, dialect, text, size);
    snprintf(type, sizeof type, " AS %s(%u))", types[dialect], size);
    buffer_append_text(buffer, "CAST(");
    text = append_literal(buffer, dialect, text, size);
    buffer_append_text(buffer, type);
    return text;
}

/* Without a session of TLS, a certificate or a CRL there is nothing to say of it. The certificate
 * itself has a statement of its own. */
static bool is_reported(const struct tls_report *report, const struct report_item *item)
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

/* So wide as the longest value that is told. */
static unsigned choose_size(const struct tls_report *report)
{
    char scratch[REPORT_SCRATCH_SIZE];
    size_t size = 1;
    for (size_t i = 0; i < report_item_count; i++) {
        const struct report_item *item = &report_items[i];
        size_t length = 0;
        if (is_reported(report, item))
            for (const char *text = report_display(report, item, scratch); *text != '\0'; text++)
                length += ((unsigned char)*text & 0xC0) != 0x80; /* UTF-8 continues */
        size = length > size ? length : size;
    }
    return size < VALUE_CHARACTERS ? (unsigned)size : VALUE_CHARACTERS;
}

/* As many rows as the value needs. */
static void append_item(struct buffer *buffer, const struct tls_report *report,
                        const struct report_item *item, enum status_dialect dialect, unsigned size)
{
    char scratch[REPORT_SCRATCH_SIZE];
    if (!is_reported(report, item))
        return;
    const char *rest = report_display(report, item, scratch);
    do {
        bool is_first = buffer_length(buffer) == 0;
        buffer_append_text(buffer, is_first ? "SELECT " : " UNION ALL SELECT ");
        append_varchar(buffer, dialect, item->name, NAME_CHARACTERS);
        buffer_append_text(buffer, is_first ? " AS name, " : ", ");
        rest = append_varchar(buffer, dialect, rest, size);
        if (is_first)
            buffer_append_text(buffer, " AS value");
    } while (*rest != '\0');
}

char *status_build_select(const struct tls_report *report, enum status_statement statement,
                          enum status_dialect dialect)
{
    struct buffer buffer = {0};
    if (statement == STATUS_STATEMENT_CERTIFICATE) {
        buffer_append_text(&buffer, "SELECT ");
        append_literal(&buffer, dialect, report->peer_certificate, SIZE_MAX);
        buffer_append_text(&buffer, " AS certificate");
        return buffer_move_text(&buffer);
    }
    const unsigned size = choose_size(report);
    const struct report_item *summary = report_find(SQL_SSL_SUMMARY_W, NULL);
    append_item(&buffer, report, summary, dialect, size);
    for (size_t i = 0; i < report_item_count; i++)
        if (&report_items[i] != summary)
            append_item(&buffer, report, &report_items[i], dialect, size);
    return buffer_move_text(&buffer);
}
