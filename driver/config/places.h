/*
 * places.h - the three places where keywords are written: the connection string, the data source's
 * section of odbc.ini and the driver's section of odbcinst.ini; and where each keyword is found.
 */
#ifndef CONFIG_PLACES_H
#define CONFIG_PLACES_H

#include <stdbool.h>

#include "base/error.h"
#include "config/connstr.h"
#include "config/keys.h"

/* The first that has a keyword counts. */
enum place { PLACE_CONNECTION_STRING, PLACE_DATA_SOURCE, PLACE_DRIVER_SECTION, PLACE_COUNT };

struct places {
    /* The connection string's is the caller's. That of the data source is empty when the connection
     * string names a driver, and that of the driver when no section of odbcinst.ini is known. */
    struct connstr lists[PLACE_COUNT];
    char *names[PLACE_COUNT]; /* for errors and reports: "odbc.ini [warehouse]" */
    const char *dsn;          /* NULL when the connection string names a driver */
};

/* A keyword as it was found; all zeroes: nowhere. */
struct found {
    const char *keyword; /* as in a table: the keyword, or the alias that stood for it */
    const char *value;   /* as long as places; an empty one says that there is to be none */
    enum place place;
    bool is_alias;
};

/* Reads odbc.ini and odbcinst.ini. false with error; places is then all zeroes. */
bool places_open(const struct connstr *connection_string, struct places *places,
                 struct error *error);

/* Frees what was read; places is then all zeroes. */
void places_close(struct places *places);

/* Refuses keywords that begin with Ssl and are not known. */
bool places_check_names(const struct places *places, struct error *error);

/* The first place that has this very name, without regard to aliases. false: the value was cut by
 * libodbcinst. key is for errors and may be NULL. */
bool places_find_name(const struct places *places, const char *name, const struct key *key,
                      struct found *found_out, struct error *error);

/* Finds the keyword or an alias of it. false: an alias contradicts the keyword where that is
 * written in the same or a higher place, or a value was cut. */
bool places_find_key(const struct places *places, const struct key *key, struct found *found_out,
                     struct error *error);

/* "SSLCA=/f (odbc.ini [w])"; returns out. */
const char *places_describe(const struct places *places, const struct found *found,
                            const struct key *key, char *out, size_t out_size);

#endif
