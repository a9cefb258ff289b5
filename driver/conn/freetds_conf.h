/*
 * freetds_conf.h - the entry of freetds.conf that a FreeTDS DSN names with Servername.
 *
 * FreeTDS takes either such an entry or a host, never both; as the host is to be the relay's, the
 * entry's settings are read here and given to FreeTDS as keywords. Files, in FreeTDS's order:
 * $FREETDSCONF, $FREETDS/etc/freetds.conf, .freetds.conf in the home of the password database (not
 * $HOME), /etc/freetds/freetds.conf. The section [global] counts for every entry that does not say
 * otherwise.
 */
#ifndef CONN_FREETDS_CONF_H
#define CONN_FREETDS_CONF_H

#include <stdbool.h>

#include "base/error.h"
#include "config/connstr.h"

/* Keywords are the file's, in lower case with single blanks: "tds version". All zeroes is empty. */
struct freetds_entry {
    struct connstr settings;
    char *file; /* where the entry was found */
};

/* false with error set when there is no such entry, or a file that is named cannot be read. */
bool freetds_conf_read(const char *name, struct freetds_entry *entry, struct error *error);

/* entry is then all zeroes. */
void freetds_entry_free(struct freetds_entry *entry);

#endif
