/*
 * places.c - searches connection string, data source and driver section for a keyword, between
 * parsing (connstr.c) and resolving (settings.c).
 */
#include "config/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/ini.h"
#include "config/target.h"

/* The data source that counts when the one that is named does not exist (ODBC reference,
 * SQLConnect, "Default data source"). */
#define DEFAULT_DSN "DEFAULT"

static bool set_name(struct places *places, enum place place, const char *file, const char *section,
                     struct error *error)
{
    char printable[200];
    error_printable(section, strlen(section), printable, sizeof printable);
    free(places->names[place]);
    if (asprintf(&places->names[place], "%s [%s]", file, printable) >= 0)
        return true;
    places->names[place] = NULL;
    return error_set_memory(error);
}

static bool read_place(struct places *places, enum place place, const char *section,
                       struct error *error)
{
    enum ini_file file = place == PLACE_DATA_SOURCE ? INI_DATA_SOURCES : INI_DRIVERS;
    return set_name(places, place, ini_file_name(file), section, error) &&
           ini_read_section(file, section, &places->lists[place], error);
}

/* The driver manager gives an unknown data source to the driver of [DEFAULT]. */
static bool read_data_source(struct places *places, struct error *error)
{
    if (!read_place(places, PLACE_DATA_SOURCE, places->dsn, error))
        return false;
    if (places->lists[PLACE_DATA_SOURCE].count > 0 || text_equal_nocase(places->dsn, DEFAULT_DSN))
        return true;
    struct connstr fallback;
    if (!ini_read_section(INI_DATA_SOURCES, DEFAULT_DSN, &fallback, error))
        return false;
    places->lists[PLACE_DATA_SOURCE] = fallback;
    return fallback.count == 0 ||
           set_name(places, PLACE_DATA_SOURCE, ini_file_name(INI_DATA_SOURCES), DEFAULT_DSN, error);
}

/* driver: a section's name, or a library. */
static bool read_driver_section(struct places *places, const char *driver, struct error *error)
{
    if (!read_place(places, PLACE_DRIVER_SECTION, driver, error))
        return false;
    if (places->lists[PLACE_DRIVER_SECTION].count > 0)
        return true;
    char *section;
    if (!target_find_section(driver, &section, error))
        return false;
    bool is_read = section == NULL || read_place(places, PLACE_DRIVER_SECTION, section, error);
    free(section);
    return is_read;
}

static bool read_places(struct places *places, struct error *error)
{
    const char *driver = connstr_get(&places->lists[PLACE_CONNECTION_STRING], "DRIVER");
    places->names[PLACE_CONNECTION_STRING] = strdup("connection string");
    if (places->names[PLACE_CONNECTION_STRING] == NULL)
        return error_set_memory(error);
    if (driver == NULL) {
        const char *dsn = connstr_get(&places->lists[PLACE_CONNECTION_STRING], "DSN");
        places->dsn = dsn != NULL && dsn[0] != '\0' ? dsn : DEFAULT_DSN;
        if (!read_data_source(places, error))
            return false;
        const struct connstr_pair *pair = connstr_find(&places->lists[PLACE_DATA_SOURCE], "Driver");
        driver = pair != NULL ? pair->value : NULL;
    }
    return driver == NULL || driver[0] == '\0' || read_driver_section(places, driver, error);
}

bool places_open(const struct connstr *connection_string, struct places *places,
                 struct error *error)
{
    *places = (struct places){.lists = {*connection_string}};
    if (read_places(places, error))
        return true;
    places_close(places);
    return false;
}

void places_close(struct places *places)
{
    connstr_free(&places->lists[PLACE_DATA_SOURCE]);
    connstr_free(&places->lists[PLACE_DRIVER_SECTION]);
    for (int place = 0; place < PLACE_COUNT; place++)
        free(places->names[place]);
    *places = (struct places){0};
}

bool places_check_names(const struct places *places, struct error *error)
{
    for (int place = 0; place < PLACE_COUNT; place++) {
        const struct connstr *list = &places->lists[place];
        for (size_t i = 0; i < list->count; i++) {
            if (!key_check_name(list->pairs[i].keyword, places->names[place], error))
                return false;
        }
    }
    return true;
}

static bool is_cut(const struct places *places, const struct found *found, const struct key *key,
                   struct error *error)
{
    char description[KEY_DESCRIPTION_SIZE];
    if (found->place == PLACE_CONNECTION_STRING || strlen(found->value) <= INI_VALUE_LIMIT)
        return false;
    error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
              "%s: the value is longer than %d characters; unixODBC cuts long lines of its files",
              places_describe(places, found, key, description, sizeof description),
              INI_VALUE_LIMIT);
    return true;
}

/* An empty value in a file is a keyword that nobody filled in. In a connection string it is written
 * to set the keyword to nothing. */
static void find(const struct places *places, const char *name, bool is_alias,
                 struct found *found_out)
{
    *found_out = (struct found){0};
    for (int place = 0; place < PLACE_COUNT && found_out->value == NULL; place++) {
        const struct connstr_pair *pair = connstr_find(&places->lists[place], name);
        if (pair != NULL && (place == PLACE_CONNECTION_STRING || pair->value[0] != '\0'))
            *found_out = (struct found){name, pair->value, (enum place)place, is_alias};
    }
}

bool places_find_name(const struct places *places, const char *name, const struct key *key,
                      struct found *found_out, struct error *error)
{
    find(places, name, false, found_out);
    return found_out->value == NULL || !is_cut(places, found_out, key, error);
}

/* Weighs an alias against what was found so far: the higher place counts, and what is written in
 * the same place, or below the keyword itself, has to agree. */
static bool weigh_alias(const struct places *places, const struct key *key, const char *name,
                        struct found *found, struct error *error)
{
    char alias_text[KEY_DESCRIPTION_SIZE], found_text[KEY_DESCRIPTION_SIZE];
    struct found alias;
    find(places, name, true, &alias);
    if (alias.value == NULL)
        return true;
    if (is_cut(places, &alias, key, error))
        return false;
    if (found->value == NULL || alias.place < found->place) {
        *found = alias;
        return true;
    }
    /* A keyword set to nothing is there to take away what a lower place says. */
    bool is_taken_away = found->value[0] == '\0' && alias.place > found->place;
    return is_taken_away || strcmp(alias.value, found->value) == 0 ||
           error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                     "%s contradicts %s: they mean the same; give one",
                     places_describe(places, &alias, key, alias_text, sizeof alias_text),
                     places_describe(places, found, key, found_text, sizeof found_text));
}

bool places_find_key(const struct places *places, const struct key *key, struct found *found_out,
                     struct error *error)
{
    if (!places_find_name(places, key->name, key, found_out, error))
        return false;
    for (size_t i = 0; i < key_alias_count; i++)
        if (&keys[key_aliases[i].key] == key &&
            !weigh_alias(places, key, key_aliases[i].name, found_out, error))
            return false;
    return true;
}

const char *places_describe(const struct places *places, const struct found *found,
                            const struct key *key, char *out, size_t out_size)
{
    return key_describe(key, found->keyword, found->value, places->names[found->place], out,
                        out_size);
}
