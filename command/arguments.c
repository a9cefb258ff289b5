/* arguments.c - a table of options into the terms of getopt_long, and back. */
#include "command/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command/memory.h"

#define ROW_LIMIT 24
#define FIRST_CODE 256 /* of long options: no letter */

static bool add(struct argument_list *list, char *value)
{
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL)
        return false;
    list->items = items;
    list->items[list->count++] = value;
    return true;
}

static bool take(const struct argument *row, char *value)
{
    if (row->flag != NULL)
        *row->flag = true;
    else if (row->text != NULL)
        *row->text = value;
    else
        return add(row->list, value);
    return true;
}

static const struct argument *find_row(const struct argument *rows, int code)
{
    if (code >= FIRST_CODE)
        return &rows[code - FIRST_CODE];
    for (; rows->name != NULL; rows++)
        if (rows->letter == code)
            return rows;
    return NULL;
}

bool arguments_read(int argc, char **argv, const struct argument *rows, const char **operand_out)
{
    struct option options[ROW_LIMIT + 1] = {0};
    char letters[2 * ROW_LIMIT + 1], *letter = letters;
    int code;
    for (size_t i = 0; i < ROW_LIMIT && rows[i].name != NULL; i++) {
        int has_value = rows[i].flag == NULL ? required_argument : no_argument;
        options[i] = (struct option){rows[i].name, has_value, NULL, FIRST_CODE + (int)i};
        if (rows[i].letter == 0)
            continue;
        *letter++ = rows[i].letter;
        if (has_value == required_argument)
            *letter++ = ':';
    }
    *letter = '\0';
    while ((code = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        const struct argument *row = find_row(rows, code);
        if (row == NULL || !take(row, optarg))
            return false;
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
        if (!connstr_append(pairs, list->items[i], equals + 1))
            return false;
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
