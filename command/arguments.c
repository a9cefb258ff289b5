/* arguments.c - from argv to the variables of a subcommand: its table in the terms of getopt_long.
 */
#include "command/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "command/memory.h"

#define ROW_LIMIT 24
#define FIRST_CODE 256 /* of options without a letter */

static void take(const struct argument *row, char *value)
{
    if (row->flag != NULL) {
        *row->flag = true;
    } else if (row->text != NULL) {
        *row->text = value;
    } else {
        row->list->items = memory_grow(row->list->items, row->list->count, sizeof value);
        row->list->items[row->list->count++] = value;
    }
}

bool arguments_read(int argc, char **argv, const struct argument *rows, const char **operand_out)
{
    struct option options[ROW_LIMIT + 1] = {0};
    char letters[2 * ROW_LIMIT + 1] = "", *letter = letters;
    int code;
    for (size_t i = 0; i < ROW_LIMIT && rows[i].name != NULL; i++) {
        int has_value = rows[i].flag == NULL ? required_argument : no_argument;
        int own_code = rows[i].letter != 0 ? rows[i].letter : FIRST_CODE + (int)i;
        options[i] = (struct option){rows[i].name, has_value, NULL, own_code};
        if (rows[i].letter != 0)
            letter += sprintf(letter, "%c%s", rows[i].letter, has_value ? ":" : "");
    }
    while ((code = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        size_t i = 0;
        while (options[i].name != NULL && options[i].val != code)
            i++;
        if (options[i].name == NULL)
            return false;
        take(&rows[i], optarg);
    }
    if (operand_out != NULL)
        *operand_out = optind < argc ? argv[optind++] : NULL;
    if (optind < argc)
        fprintf(stderr, "%s: \"%s\" is one argument too many\n", argv[0], argv[optind]);
    return optind >= argc;
}

bool arguments_to_pairs(const struct argument_list *list, const char *option, struct connstr *pairs)
{
    for (size_t i = 0; i < list->count; i++) {
        char *equals = strchr(list->items[i], '=');
        if (equals == NULL || equals == list->items[i]) {
            fprintf(stderr, "odbcssl: %s is KEY=VALUE, not \"%s\"\n", option, list->items[i]);
            return false;
        }
        *equals = '\0';
        memory_check(connstr_append(pairs, list->items[i], equals + 1));
    }
    return true;
}

char *arguments_path(const char *given)
{
    if (access(given, F_OK) != 0)
        return NULL;
    if (given[0] == '/')
        return memory_copy(given);
    char *folder = getcwd(NULL, 0);
    char *path = folder != NULL ? memory_format("%s/%s", folder, given) : NULL;
    free(folder);
    return path;
}

const char *arguments_quote(const char *word)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+.,:/@%";
    size_t size = TEXT_QUOTED_SIZE(strlen(word));
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0')
        return word;
    return text_quote_word(word, memory_clear(size), size);
}

bool arguments_server(const char *server, char **host_out, uint16_t *port_out, struct error *error)
{
    bool is_bracketed = server[0] == '[';
    const char *start = is_bracketed ? server + 1 : server;
    size_t length = strcspn(start, is_bracketed ? "]" : ":");
    const char *rest = start + length;
    *port_out = 0;
    if (!is_bracketed && rest[0] == ':' && strchr(rest + 1, ':') != NULL) {
        length = strlen(start);
        rest = start + length;
    }
    bool is_closed = !is_bracketed || *rest++ == ']';
    bool is_port =
        is_closed && (*rest == '\0' || (*rest == ':' && text_parse_port(rest + 1, port_out)));
    if (length == 0 || !is_port)
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_VALUE,
            "\"%s\" is no server: a host is wanted, and behind it a port from 1 to 65535, as "
            "in db.example.com:5432",
            server);
    *host_out = memory_format("%.*s", (int)length, start);
    return true;
}

static void set(struct connstr *settings, const char *keyword, const char *value,
                enum connstr_origin origin)
{
    if (value == NULL)
        return;
    connstr_remove(settings, keyword);
    memory_check(connstr_append_pair(settings, keyword, value, origin));
}

bool arguments_source(const struct source *source, struct connstr *settings)
{
    struct error error = {0};
    const char *given = source->connection_string;
    *settings = (struct connstr){0};
    if (given != NULL && !connstr_parse(given, strlen(given), settings, &error)) {
        fprintf(stderr, "odbcssl: %s\n", error.text);
        return false;
    }
    set(settings, "DSN", source->dsn, CONNSTR_PLAIN);
    set(settings, "UID", source->user, CONNSTR_PLAIN);
    set(settings, "PWD", source->password, CONNSTR_ARGUMENT);
    return true;
}
