/*
 * sql_token.h - the tokens of sql.c's parser.
 */
#ifndef TDS_SERVER_SQL_TOKEN_H
#define TDS_SERVER_SQL_TOKEN_H

#include "support/tds_server/sql.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* keyword or name */
    TOKEN_QUOTED, /* [name] or "name" */
    TOKEN_TEXT,
    TOKEN_WIDE,
    TOKEN_NUMBER,
    TOKEN_VARIABLE,
    TOKEN_SYMBOL
};

struct parser {
    const char *next;
    const struct sql_context *context;
    struct sql_error *error;
    enum token_kind kind;
    char *text; /* of the token, without quotes */
    size_t length;
    size_t capacity;
    bool is_failed;
};

/* The first error stays. format takes one text. */
void parser_fail(struct parser *parser, unsigned number, const char *format, const char *text);
void parser_fail_syntax(struct parser *parser);

void parser_advance(struct parser *parser);
bool parser_is_word(const struct parser *parser, const char *word);
bool parser_is_symbol(const struct parser *parser, char symbol);
bool parser_take_word(struct parser *parser, const char *word);
void parser_expect_word(struct parser *parser, const char *word);
void parser_expect_symbol(struct parser *parser, char symbol);

#endif
