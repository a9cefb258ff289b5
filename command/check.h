/*
 * check.h - what the files of `odbcssl check` share. One check goes through them from top to
 * bottom:
 *
 *      check.c           arguments, the order of the steps, the verdict
 *      check_all.c       every data source of this user, several at a time
 *      check_source.c    the data source and odbcssl's library, as the driver manager finds them
 *      check_lines.c     what a person may have written wrong in the driver manager's files
 *      check_files.c     the real driver, and the files of settings: what is in them, who may read
 *      check_server.c    the server's addresses, TCP, the switch to TLS, the handshake
 *      check_verify.c    the server's certificates: chain, revocation, name, pin
 */
#ifndef COMMAND_CHECK_H
#define COMMAND_CHECK_H

#include <stdbool.h>

#include "command/data_source.h"
#include "command/findings.h"
#include "conn/link.h"
#include "session/probe.h"

struct check {
    struct findings findings;
    struct link *link;
    struct tls_options tls; /* the link's, in a mode that has TLS; the link owns its texts */
    const struct credentials *credentials; /* that a connection would have; NULL: they failed */
    const struct credentials *strict;      /* the same for verify-full, with trust anchors */
    struct error strict_error;             /* why there are none */
    struct probe *probe;
    int is_wide; /* odbcssl's library has wide functions; -1: it could not be loaded */
};

/* Checks what the settings of a connection string lead to. is_shown: the findings are printed as
 * they come. The caller calls check_release, and may keep the findings. */
void check_run(struct check *check, const struct connstr *given, bool is_shown);
void check_release(struct check *check);

/* Checks the data source and prints what was found; enum command_status. */
int check_source_named(const char *name);

/* enum monitoring_status; for people, or as JSON. */
int check_all(bool is_json);

/* Whether a connection in this mode has to load files, and whether it begins with TLS. */
bool check_needs_files(const struct check *check);
bool check_needs_tls(const struct check *check);

/* Whether the database may encrypt the login alone, and this mode would take that. */
bool check_may_be_login_only(const struct check *check);

/* false: the driver manager would not come to odbcssl, so there is nothing more to check. */
bool check_source(struct check *check, const struct connstr *given);
void check_lines(struct check *check, const struct data_source *source);
void check_files(struct check *check);
void check_server(struct check *check);
void check_verify(struct check *check);

#endif
