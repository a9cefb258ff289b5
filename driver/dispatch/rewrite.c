/* rewrite.c - the real driver's records of a failed connect, made fit to stand behind ours. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dispatch/handles.h"
#include "dispatch/lock.h"

/* Replaces every hidden in text by shown, as far as there is room. */
static void replace_all(char *text, size_t size, const char *hidden, const char *shown)
{
    char copy[DIAGNOSTIC_TEXT_SIZE];
    size_t hidden_length = strlen(hidden), used = 0;
    text_copy_utf8(text, copy, sizeof copy);
    for (const char *next = copy; *next != '\0' && used + 1 < size;) {
        if (strncmp(next, hidden, hidden_length) == 0) {
            used += (size_t)snprintf(text + used, size - used, "%s", shown);
            next += hidden_length;
        } else {
            text[used++] = *next++;
        }
    }
    text[used < size ? used : size - 1] = '\0';
    text_trim_partial(text);
}

void diagnostics_rewrite(struct diagnostics *diagnostics, const char *hidden, const char *shown)
{
    if (*hidden == '\0')
        return;
    handles_lock();
    for (size_t i = 0; i < diagnostics->count && i < diagnostics->capacity; i++)
        replace_all(diagnostics->items[i].message, sizeof diagnostics->items[i].message, hidden,
                    shown);
    handles_unlock();
}

void diagnostics_relabel(struct diagnostics *diagnostics, size_t first, const struct error *error)
{
    handles_lock();
    for (size_t i = first; i < diagnostics->count && i < diagnostics->capacity; i++) {
        diagnostics->items[i].native = (SQLINTEGER)error->code;
        text_copy_utf8(error_sqlstate(error->code), diagnostics->items[i].sqlstate,
                       sizeof diagnostics->items[i].sqlstate);
    }
    handles_unlock();
}
