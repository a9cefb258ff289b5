/*
 * conn_rig.h - settings as config/ leaves them, and what a real driver is told for them.
 */
#ifndef TESTS_CONN_RIG_H
#define TESTS_CONN_RIG_H

#include "conn/profiles.h"

/* Endpoints of the relay. */
extern const struct relay_endpoint conn_loopback, conn_private_socket;

/* What a machine may have set for its own databases; a suite's first function. */
int conn_forget_environment(void);

/* Free with settings_free. The text has the driver's own keywords only. */
void conn_make_settings(struct settings *settings, enum driver_family family, const char *text);

/* texts: of the connection string, odbc.ini and the section of odbcinst.ini; each may be NULL. */
void conn_place_settings(struct settings *settings, enum driver_family family,
                         const char *const *texts);

/* The connection string for the real driver, parsed: free with connstr_free. false: error holds a
 * refusal. */
bool conn_rewrite(enum driver_family family, const char *text,
                  const struct relay_endpoint *endpoint, struct connstr *list, struct error *error);

#endif
