/*
 * make_man.c - writes odbcssl.7 from its template: the tables of keywords, error codes and report
 * items come from the rows that the program itself is made of.
 *
 *   make-man odbcssl.7.in >odbcssl.7
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/report.h"
#include "config.h"
#include "config/keys.h"

#define LINE_WIDTH 78
/* Distance from the UTF-16 type of a text to its UTF-8 type (odbcssl.h). */
#define UTF8_OFFSET (SQL_SSL_PROTOCOL_A - SQL_SSL_PROTOCOL_W)

static void print_character(char character)
{
    if (character == '\\')
        fputs("\\e", stdout);
    else if (character == '-')
        fputs("\\-", stdout);
    else
        putchar(character);
}

/* A dot or an apostrophe at the start of a line would be a request. */
static void print_word(const char *word, size_t length, bool is_first)
{
    if (is_first && (word[0] == '.' || word[0] == '\''))
        fputs("\\&", stdout);
    for (size_t i = 0; i < length; i++)
        print_character(word[i]);
}

static void print_text(const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        bool is_first = column == 0 || column + 1 + length > LINE_WIDTH;
        if (column > 0)
            putchar(is_first ? '\n' : ' ');
        print_word(text, length, is_first);
        column = is_first ? length : column + 1 + length;
        text += length + strspn(text + length, " ");
    }
    putchar('\n');
}

static void print_default(const struct key *key)
{
    char text[300];
    if (key->default_text != NULL) {
        snprintf(text, sizeof text, "Default: %s.", key->default_text);
        print_text(text);
    }
}

static void print_libpq(const struct key *key)
{
    char text[300];
    const char *variable = key->environment != NULL ? key->environment : "";
    const char *file = key->default_file != NULL ? key->default_file : "";
    if (variable[0] == '\0')
        return;
    snprintf(text, sizeof text, "PostgreSQL family: environment variable %s%s%s%s.", variable,
             file[0] != '\0' ? ", default file ~/" : "", file,
             file[0] != '\0' ? " when it exists" : "");
    print_text(text);
}

static const char *kind_words(const struct key *key, char *scratch, size_t size)
{
    char list[200];
    switch (key->kind) {
    case KEY_WORD:
        snprintf(scratch, size, "Values: %s.", key_list_words(key->words, list, sizeof list));
        return scratch;
    case KEY_NUMBER:
        snprintf(scratch, size, "Value: a number from 0 to %lu.", key->largest);
        return scratch;
    case KEY_DRIVER:
        return "Value: a section of odbcinst.ini, or an absolute path.";
    case KEY_FILE:
        return "Value: the absolute path of a file.";
    case KEY_FILE_OR_SYSTEM:
        return "Value: the absolute path of a file, or system.";
    case KEY_FILE_OR_PKCS11:
        return "Value: the absolute path of a file, or a pkcs11: URI.";
    case KEY_DIRECTORY:
        return "Value: the absolute path of a directory.";
    case KEY_TEXT:
    case KEY_SECRET:
        break;
    }
    return NULL;
}

static void print_keywords(void)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        char scratch[300];
        const char *words = kind_words(&keys[i], scratch, sizeof scratch);
        printf(".TP\n.B %s\n", keys[i].name);
        print_text(keys[i].help);
        if (words != NULL)
            print_text(words);
        print_default(&keys[i]);
        print_libpq(&keys[i]);
    }
}

static void print_aliases(void)
{
    for (size_t i = 0; i < key_alias_count; i++)
        printf(".TP\n.B %s\nThe same as\n.BR %s .\n", key_aliases[i].name,
               keys[key_aliases[i].key].name);
}

static void print_diagnostic(int code, const char *name, const char *sqlstate, const char *meaning)
{
    printf(".TP\n.BR %d \" %s, %s\"\n", code, sqlstate, name);
    print_text(meaning);
}

static void print_errors(void)
{
#define ERROR(name, sqlstate, meaning)                                                             \
    print_diagnostic(ODBCSSL_ERROR_##name, "ODBCSSL_ERROR_" #name, sqlstate, meaning);
#include "base/errors.def"
}

static void print_warnings(void)
{
#define WARNING(name, sqlstate, meaning)                                                           \
    print_diagnostic(ODBCSSL_WARNING_##name, "ODBCSSL_WARNING_" #name, sqlstate, meaning);
#include "base/warnings.def"
}

static void print_report_items(void)
{
    for (size_t i = 0; i < report_item_count; i++) {
        const struct report_item *item = &report_items[i];
        printf(".TP\n.B %s\n", item->name);
        if (item->kind == REPORT_TEXT)
            printf("0x%04X (UTF\\-16), 0x%04X (UTF\\-8): text\n", item->type,
                   item->type + UTF8_OFFSET);
        else
            printf("0x%04X: %s\n", item->type,
                   item->kind == REPORT_SIGNED ? "SQLINTEGER" : "SQLUINTEGER");
    }
}

static const struct {
    const char *marker; /* a line of its own */
    void (*print)(void);
} tables[] = {
    {"@KEYWORDS@", print_keywords}, {"@ALIASES@", print_aliases},     {"@ERRORS@", print_errors},
    {"@WARNINGS@", print_warnings}, {"@REPORT@", print_report_items},
};

static const struct {
    const char *marker; /* anywhere in a line */
    const char *text;
} words[] = {
    {"@VERSION@", PACKAGE_VERSION},
    {"@ODBC_DIR@", ODBC_DIR},
    {"@ODBC_MODULE_DIR@", ODBC_MODULE_DIR},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void print_line(const char *line)
{
    while (*line != '\0') {
        size_t marker = 0;
        while (marker < COUNT(words) &&
               strncmp(line, words[marker].marker, strlen(words[marker].marker)) != 0)
            marker++;
        if (marker == COUNT(words)) {
            putchar(*line++);
            continue;
        }
        print_word(words[marker].text, strlen(words[marker].text), false);
        line += strlen(words[marker].marker);
    }
}

static void print_template_line(char *line)
{
    for (size_t i = 0; i < COUNT(tables); i++) {
        if (strncmp(line, tables[i].marker, strlen(tables[i].marker)) == 0) {
            tables[i].print();
            return;
        }
    }
    print_line(line);
}

int main(int argc, char **argv)
{
    char line[1000];
    FILE *template = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (template == NULL) {
        fprintf(stderr, "usage: make-man TEMPLATE >PAGE\n");
        return EXIT_FAILURE;
    }
    while (fgets(line, sizeof line, template) != NULL)
        print_template_line(line);
    bool is_good = !ferror(template);
    is_good = fclose(template) == 0 && is_good;
    is_good = fflush(stdout) == 0 && is_good;
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
