/*
 * diagnostics.c - our own diagnostic records of a handle, which stand before or in place of the
 * real driver's; and those of the real driver, read, and made fit to stand behind ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "dispatch/handles.h"
#include "dispatch/live_handles.h"

#define PREFIX "[odbcssl] "
#define PREFIX_LENGTH (sizeof PREFIX - 1)
#define CHUNK_SIZE (DIAGNOSTIC_TEXT_SIZE - PREFIX_LENGTH)

/* A real driver's message is asked for with this size; what is longer is cut anyway. */
#define REAL_TEXT_SIZE 1024

/* Stands for the first record when there is no memory for it. */
static const struct diagnostic no_memory = {"HY001", ODBCSSL_ERROR_MEMORY, PREFIX "out of memory"};

static bool has_room(struct diagnostics *diagnostics, size_t count)
{
    if (count < diagnostics->capacity)
        return true;
    if (count >= DIAGNOSTICS_LIMIT)
        return false;
    size_t capacity = diagnostics->capacity == 0 ? 2 : diagnostics->capacity * 2;
    struct diagnostic *items = realloc(diagnostics->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    if (diagnostics->capacity == 0)
        items[0] = no_memory;
    diagnostics->items = items;
    diagnostics->capacity = capacity;
    return true;
}

void diagnostics_add_record(struct diagnostics *diagnostics, const struct diagnostic *record)
{
    handles_lock();
    size_t count = atomic_load(&diagnostics->count);
    if (has_room(diagnostics, count)) {
        diagnostics->items[count] = *record;
        atomic_store(&diagnostics->count, count + 1);
    } else if (count == 0) {
        atomic_store(&diagnostics->count, 1);
    }
    handles_unlock();
}

/* How much of text goes into one record: whole words, or at least whole characters. */
static size_t chunk_length(const char *text)
{
    size_t length = strlen(text);
    if (length < CHUNK_SIZE)
        return length;
    for (size_t cut = CHUNK_SIZE - 1; cut > CHUNK_SIZE / 2; cut--)
        if (text[cut] == ' ')
            return cut;
    char chunk[CHUNK_SIZE];
    text_copy_utf8(text, chunk, sizeof chunk);
    return strlen(chunk);
}

static void add_text(struct diagnostics *diagnostics, const char *sqlstate, SQLINTEGER native,
                     const char *text)
{
    struct diagnostic record = {.native = native};
    text_copy_utf8(sqlstate, record.sqlstate, sizeof record.sqlstate);
    memcpy(record.message, PREFIX, PREFIX_LENGTH);
    do {
        size_t length = chunk_length(text);
        memcpy(record.message + PREFIX_LENGTH, text, length);
        record.message[PREFIX_LENGTH + length] = '\0';
        diagnostics_add_record(diagnostics, &record);
        text += length;
        while (*text == ' ')
            text++;
    } while (*text != '\0');
}

void diagnostics_add(struct diagnostics *diagnostics, const struct error *error)
{
    if (error_is_set(error))
        add_text(diagnostics, error_sqlstate(error->code), (SQLINTEGER)error->code, error->text);
}

void diagnostics_add_list(struct diagnostics *diagnostics, const struct error_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        diagnostics_add(diagnostics, &list->items[i]);
}

void diagnostics_add_state(struct diagnostics *diagnostics, const char *sqlstate, const char *text)
{
    add_text(diagnostics, sqlstate, 0, text);
}

void diagnostics_clear(struct diagnostics *diagnostics)
{
    if (atomic_load_explicit(&diagnostics->count, memory_order_relaxed) == 0)
        return;
    handles_lock();
    atomic_store(&diagnostics->count, 0);
    handles_unlock();
}

size_t diagnostics_count(const struct diagnostics *diagnostics)
{
    return atomic_load(&diagnostics->count);
}

bool diagnostics_get(const struct diagnostics *diagnostics, size_t index, struct diagnostic *out)
{
    handles_lock();
    bool is_there = index < atomic_load(&diagnostics->count);
    if (is_there)
        *out = index < diagnostics->capacity ? diagnostics->items[index] : no_memory;
    handles_unlock();
    return is_there;
}

/* Bytes of an ANSI function are of the application's character set, and stay as they are. */
static void copy_real_text(enum flavour flavour, const SQLWCHAR *text, char *out, size_t size)
{
    char *utf8 = flavour == FLAVOUR_WIDE ? text_to_utf8(text, text_utf16_length(text), NULL) : NULL;
    const char *bytes = flavour == FLAVOUR_ANSI ? (const char *)text : utf8;
    text_copy_utf8(bytes != NULL ? bytes : "", out, size);
    free(utf8);
}

bool real_diagnostic(const struct driver *driver, enum handle_kind kind, SQLHANDLE real,
                     SQLSMALLINT number, enum flavour wanted, struct diagnostic *out)
{
    const struct driver_functions *functions = &driver->functions;
    enum flavour flavour = EITHER_FLAVOUR(functions, wanted, SQLGetDiagRec);
    SQLWCHAR sqlstate[7] = {0}, text[REAL_TEXT_SIZE + 1] = {0};
    void *sqlstate_out = sqlstate, *text_out = text;
    SQLSMALLINT length = 0;
    *out = (struct diagnostic){.sqlstate = "HY000"};
    if (!HAS_FLAVOUR(functions, flavour, SQLGetDiagRec) ||
        !SQL_SUCCEEDED(CALL_FLAVOUR(functions, flavour, SQLGetDiagRec,
                                    ((SQLSMALLINT)kind, real, number, sqlstate_out, &out->native,
                                     text_out, REAL_TEXT_SIZE, &length))))
        return false;
    copy_real_text(flavour, sqlstate, out->sqlstate, sizeof out->sqlstate);
    copy_real_text(flavour, text, out->message, sizeof out->message);
    return true;
}

void diagnostics_take_real(struct diagnostics *diagnostics, const struct driver *driver,
                           enum handle_kind kind, SQLHANDLE real, enum flavour wanted)
{
    struct diagnostic record;
    for (SQLSMALLINT i = 1;
         i <= DIAGNOSTICS_LIMIT && real_diagnostic(driver, kind, real, i, wanted, &record); i++)
        diagnostics_add_record(diagnostics, &record);
}

/* Replaces every hidden in text by shown, as far as there is room. */
static void replace_all(char *text, size_t size, const char *hidden, const char *shown)
{
    char copy[DIAGNOSTIC_TEXT_SIZE];
    const char *next = copy;
    size_t hidden_length = strlen(hidden), used = 0;
    text_copy_utf8(text, copy, sizeof copy);
    while (*next != '\0' && used + 1 < size) {
        if (strncmp(next, hidden, hidden_length) == 0) {
            used += (size_t)snprintf(text + used, size - used, "%s", shown);
            next += hidden_length;
        } else {
            text[used++] = *next++;
        }
    }
    text[used < size ? used : size - 1] = '\0';
    if (*next != '\0' || used >= size)
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
