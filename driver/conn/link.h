/*
 * link.h - an open connection's inside: settings, server, credentials, transport and report.
 */
#ifndef CONN_LINK_H
#define CONN_LINK_H

#include <stdatomic.h>

#include "base/log.h"
#include "base/report.h"
#include "config/settings.h"
#include "conn/profiles.h"
#include "dispatch/driver.h"
#include "conn/transport.h"
#include "tls/credentials.h"

struct link {
    struct settings settings;
    const struct driver *driver;
    const struct profile *profile;
    const struct proto *proto;
    struct profile_target target;
    struct dial_target server;             /* resolved */
    const struct credentials *credentials; /* NULL with SslMode=disable */
    struct log *log;
    enum odbcssl_transport way; /* of its attempts */
    const char *libraries;      /* that are interposed: "libpq.so.5"; NULL: none */
    char *relayed;              /* why they are not; NULL: SslTransport=relay says so */
    struct transport transport;
    enum odbcssl_state state; /* SQL_SSL_STATE when connecting was done */
    unsigned timeout;         /* seconds */
    char timeout_source[160]; /* "SslTimeout, odbc.ini [w]" */
    atomic_uint references;   /* the connection's, and one of each session that has not ended */
    unsigned generation; /* of the process that connected: a forked child must not use the link */
};

/* Everything that can be decided before the real driver is asked to connect: settings, server,
 * files. given: what the connection string says. login_timeout: seconds, 0: none. NULL with error
 * set. */
struct link *link_open(const struct connstr *given, unsigned long login_timeout,
                       struct error_list *warnings, struct error *error);

/* The steps of link_open, for a program that tells of each: the settings and the protocol they lead
 * to, the real driver, how it is carried, the files, the server. Files come before the network:
 * what is wrong there is told without a server. */
struct link *link_open_settings(const struct connstr *given, unsigned long login_timeout,
                                struct error_list *warnings, struct error *error);
bool link_load_driver(struct link *link, struct error *error);
bool link_choose_transport(struct link *link, struct error *error);
bool link_find_server(struct link *link, struct error *error);

/* Ends the transport and frees everything. Accepts NULL and clears. */
void link_close(struct link **link);

/* One attempt of the plan: a transport for it. The former one is closed. */
bool link_start_transport(struct link *link, enum proto_plan plan, struct error *error);

#endif
