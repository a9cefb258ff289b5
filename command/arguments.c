#include "command/arguments.h"

#include <stdio.h>
#include <string.h>

struct arguments arguments_over(char **argv, const struct argument_row *rows)
{
    return (struct arguments){rows, argv[0] != NULL ? argv + 1 : argv};
}

static const struct argument_row *find_row(const struct argument_row *rows, const char *text,
                                           size_t length)
{
    for (; rows->name != NULL; rows++)
        if (strlen(rows->name) == length && memcmp(rows->name, text, length) == 0)
            return rows;
    return NULL;
}

static int complain(const char *text, const char *problem)
{
    fprintf(stderr, "odbcssl: %s %s\n", text, problem);
    return ARGUMENT_WRONG;
}

static int take_value(struct arguments *arguments, const struct argument_row *row, char *inside,
                      char **value_out)
{
    if (!row->has_value)
        return inside != NULL ? complain(row->name, "takes no value") : row->code;
    *value_out = inside != NULL ? inside : *arguments->next;
    if (*value_out == NULL)
        return complain(row->name, "needs a value");
    if (inside == NULL)
        arguments->next++;
    return row->code;
}

int arguments_next(struct arguments *arguments, char **value_out)
{
    char *text = *arguments->next;
    *value_out = NULL;
    if (text == NULL)
        return ARGUMENT_END;
    arguments->next++;
    if (text[0] != '-' || text[1] == '\0') {
        *value_out = text;
        return ARGUMENT_OPERAND;
    }
    char *equals = strncmp(text, "--", 2) == 0 ? strchr(text, '=') : NULL;
    size_t length = equals != NULL ? (size_t)(equals - text) : strlen(text);
    const struct argument_row *row = find_row(arguments->rows, text, length);
    if (row == NULL)
        return complain(text, "is not an option of this command");
    return take_value(arguments, row, equals != NULL ? equals + 1 : NULL, value_out);
}
