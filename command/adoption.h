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
    const char *from;    /* "pqopt sslmode=require"; secrets left out */
    const char *keyword; /* that stands in the data source; NULL: in another file */
    const char *result;
};

struct adoption {
    struct adoption_row *rows;
    size_t count;
    struct connstr added; /* odbcssl's keywords, and what is left of others; the caller frees it */
    bool has_unequalled;
    const char *keyword; /* of the data source, that is read now; NULL: another file */
};

/* false with error set: the real driver's settings are malformed, or it is none that is known. The
 * source has to outlive the rows. */
bool adoption_read(const struct data_source *source, struct adoption *adoption,
                   struct error *error);

#endif
