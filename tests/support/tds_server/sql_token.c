#include "support/tds_server/sql_token.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void parser_fail(struct parser *parser, unsigned number, const char *format, const char *text)
{
    if (parser->is_failed)
        return;
    parser->is_failed = true;
    parser->error->number = number;
    snprintf(parser->error->text, sizeof parser->error->text, format, text);
}

void parser_fail_syntax(struct parser *parser)
{
    parser_fail(parser, 102, "Incorrect syntax near '%.100s'.", parser->text);
}

static void add_character(struct parser *parser, char character)
{
    if (parser->length + 2 > parser->capacity) {
        parser->capacity = parser->capacity * 2 + 64;
        parser->text = realloc(parser->text, parser->capacity);
    }
    parser->text[parser->length++] = character;
    parser->text[parser->length] = '\0';
}

static void skip_space(struct parser *parser)
{
    for (;;) {
        while (isspace((unsigned char)*parser->next))
            parser->next++;
        if (strncmp(parser->next, "--", 2) == 0) {
            parser->next += strcspn(parser->next, "\n");
        } else if (strncmp(parser->next, "/*", 2) == 0) {
            const char *end = strstr(parser->next + 2, "*/");
            parser->next = end != NULL ? end + 2 : parser->next + strlen(parser->next);
        } else {
            return;
        }
    }
}

/* Up to the closing quote, which stands for itself when it comes twice. */
static void read_quoted(struct parser *parser, enum token_kind kind, char quote)
{
    parser->kind = kind;
    parser->next++;
    for (;;) {
        if (*parser->next == '\0') {
            parser_fail(parser, 105, "Unclosed quotation mark after the character string '%.100s'.",
                        parser->text);
            return;
        }
        if (*parser->next == quote && *++parser->next != quote)
            return;
        add_character(parser, *parser->next++);
    }
}

static void read_while(struct parser *parser, enum token_kind kind, const char *others)
{
    parser->kind = kind;
    do
        add_character(parser, *parser->next++);
    while (isalnum((unsigned char)*parser->next) || (unsigned char)*parser->next >= 0x80 ||
           (*parser->next != '\0' && strchr(others, *parser->next) != NULL));
}

static void read_number(struct parser *parser)
{
    parser->kind = TOKEN_NUMBER;
    while (isdigit((unsigned char)*parser->next) || *parser->next == '.')
        add_character(parser, *parser->next++);
    if (*parser->next != 'e' && *parser->next != 'E')
        return;
    add_character(parser, *parser->next++);
    if (*parser->next == '-' || *parser->next == '+')
        add_character(parser, *parser->next++);
    while (isdigit((unsigned char)*parser->next))
        add_character(parser, *parser->next++);
}

void parser_advance(struct parser *parser)
{
    skip_space(parser);
    char first = *parser->next;
    parser->length = 0;
    if (parser->text != NULL)
        parser->text[0] = '\0';
    if (first == '\0') {
        parser->kind = TOKEN_END;
    } else if ((first == 'N' || first == 'n') && parser->next[1] == '\'') {
        parser->next++;
        read_quoted(parser, TOKEN_WIDE, '\'');
    } else if (first == '\'') {
        read_quoted(parser, TOKEN_TEXT, '\'');
    } else if (first == '"') {
        read_quoted(parser, TOKEN_QUOTED, '"');
    } else if (first == '[') {
        read_quoted(parser, TOKEN_QUOTED, ']');
    } else if (isdigit((unsigned char)first) ||
               (first == '.' && isdigit((unsigned char)parser->next[1]))) {
        read_number(parser);
    } else if (first == '@') {
        read_while(parser, TOKEN_VARIABLE, "@_$#");
    } else if (isalpha((unsigned char)first) || first == '_' || (unsigned char)first >= 0x80) {
        read_while(parser, TOKEN_WORD, "_$#@.");
    } else {
        parser->kind = TOKEN_SYMBOL;
        add_character(parser, *parser->next++);
    }
    if (parser->text == NULL) {
        add_character(parser, '\0');
        parser->length = 0;
    }
}

bool parser_is_word(const struct parser *parser, const char *word)
{
    return parser->kind == TOKEN_WORD && text_equal_nocase(parser->text, word);
}

bool parser_is_symbol(const struct parser *parser, char symbol)
{
    return parser->kind == TOKEN_SYMBOL && parser->text[0] == symbol;
}

bool parser_take_word(struct parser *parser, const char *word)
{
    bool is_taken = parser_is_word(parser, word);
    if (is_taken)
        parser_advance(parser);
    return is_taken;
}

void parser_expect_word(struct parser *parser, const char *word)
{
    if (!parser_take_word(parser, word))
        parser_fail_syntax(parser);
}

void parser_expect_symbol(struct parser *parser, char symbol)
{
    if (!parser_is_symbol(parser, symbol))
        parser_fail_syntax(parser);
    parser_advance(parser);
}
