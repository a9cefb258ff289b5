/*
 * adoption.h - what the TLS settings of a data source of psqlodbc, FreeTDS or MariaDB are in
 * odbcssl's keywords.
 */
#ifndef COMMAND_ADOPTION_H
#define COMMAND_ADOPTION_H

#include "command/data_source.h"
#include "conn/profiles.h"

enum adoption_fate {
    ADOPTION_KEPT,      /* as it is */
    ADOPTION_CHANGED,   /* result says into what */
    ADOPTION_NEEDLESS,  /* left out, and nothing is lost; result says why */
    ADOPTION_UNEQUALLED /* odbcssl has nothing like it; result says what to do */
};

/* One setting and what becomes of it. */
struct adoption_row {
    enum adoption_fate fate;
    char *from;    /* "pqopt sslmode=require"; secrets left out */
    char *keyword; /* that stands in the data source; NULL: in another file */
    char *result;
};

struct adoption {
    struct adoption_row *rows;
    size_t count;
    struct connstr added; /* odbcssl's keywords, and what is left of others */
    bool has_unequalled;
};

/* false with error set: the real driver's settings are malformed, or it is none that is known. */
bool adoption_read(const struct data_source *source, struct adoption *adoption,
                   struct error *error);
void adoption_free(struct adoption *adoption);

#endif
