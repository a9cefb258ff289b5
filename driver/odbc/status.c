#include "odbc/status.h"

#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

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

/* [{] call odbcssl_status [()] [}] [;] */
bool status_is_call(const char *text, size_t length)
{
    struct cursor cursor = cursor_over(text, length);
    bool has_brace = take_character(&cursor, '{');
    if (!take_word(&cursor, "call") || cursor.left == 0 || !is_blank((char)*cursor.next))
        return false;
    if (!take_word(&cursor, "odbcssl_status"))
        return false;
    if (take_character(&cursor, '(') && !take_character(&cursor, ')'))
        return false;
    if (has_brace && !take_character(&cursor, '}'))
        return false;
    take_character(&cursor, ';');
    skip_blanks(&cursor);
    return cursor.left == 0 && !cursor.is_short;
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
    return buffer_append(buffer, text, strlen(text));
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

static bool append_literal(struct buffer *buffer, enum status_dialect dialect, const char *text)
{
    static const char *const prefixes[] = {
        [STATUS_DIALECT_OTHER] = "'",
        [STATUS_DIALECT_POSTGRESQL] = "E'",
        [STATUS_DIALECT_SQL_SERVER] = "N'",
    };
    bool is_done = append_text(buffer, prefixes[dialect]);
    for (; is_done && *text != '\0'; text++)
        is_done = append_character(buffer, dialect, *text);
    return is_done && append_text(buffer, "'");
}

static bool append_row(struct buffer *buffer, enum status_dialect dialect, const char *name,
                       const char *value, bool is_first)
{
    return append_text(buffer, is_first ? "SELECT " : " UNION ALL SELECT ") &&
           append_literal(buffer, dialect, name) &&
           append_text(buffer, is_first ? " AS name, " : ", ") &&
           append_literal(buffer, dialect, value) &&
           (!is_first || append_text(buffer, " AS value"));
}

char *status_build_select(const struct tls_report *report, enum status_dialect dialect)
{
    char scratch[REPORT_SCRATCH_SIZE];
    struct buffer buffer = {0};
    bool is_done = true;
    for (size_t i = 0; is_done && i < report_item_count; i++)
        is_done = !report_applies(report, &report_items[i]) ||
                  append_row(&buffer, dialect, report_items[i].name,
                             report_display(report, &report_items[i], scratch), i == 0);
    if (is_done && buffer_append(&buffer, "", 1))
        return (char *)buffer_content(&buffer);
    buffer_free(&buffer);
    return NULL;
}
