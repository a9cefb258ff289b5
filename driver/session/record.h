/*
 * record.h - what all sessions of one attempt share: how they are to travel, and what they write
 * down for other threads to read. Both transports keep one per attempt; the record knows no
 * descriptor and no thread.
 *
 * Several sessions can run at a time (a second one cancels a query); one of them holds the main
 * place, and only its words count. Every function but the first two and the last locks; none does
 * I/O.
 */
#ifndef SESSION_RECORD_H
#define SESSION_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/report.h"
#include "proto/proto.h"
#include "session/dial.h"
#include "tls/credentials.h"

enum session_goal {
    SESSION_GOAL_LOGIN, /* carries the real driver's session */
    SESSION_GOAL_TLS    /* ends where TLS is up: nobody logs in */
};

/* All pointers must stay valid until the record is freed: owner is held by it for that long. A
 * session on a thread that did not end in time so keeps alive all that it uses. */
struct session_options {
    const struct proto *proto;
    enum proto_plan plan;
    enum session_goal goal;
    bool is_login_only_allowed; /* TDS, mode allow */
    const struct tls_options *tls;
    const struct credentials *credentials; /* may be NULL with PROTO_PLAN_PLAINTEXT */
    const char *user;                      /* as credentials_get takes it; may be NULL */
    const struct dial_target *target;
    unsigned timeout;           /* seconds for connecting, handshake and login of a session */
    const char *timeout_source; /* "SslTimeout, odbc.ini [w]"; NULL: not known */
    struct log *log;
    void *owner;               /* of what the pointers point to */
    void (*hold)(void *owner); /* NULL: the caller sees to it */
    void (*release)(void *owner);
};

/* How an attempt ended, for the plan's next step. */
enum session_outcome {
    SESSION_WAITING,   /* no session of the real driver came, or it did not get to a verdict */
    SESSION_CARRIED,   /* a main session logged in */
    SESSION_NO_TLS,    /* the server has no TLS */
    SESSION_NEEDS_TLS, /* plaintext attempt: the server wants TLS */
    SESSION_REJECTED,  /* the server refused the startup before it asked for credentials */
    SESSION_LOST       /* error says why */
};

struct session_record;

/* Counted: the caller has one reference, each session one more. NULL: out of memory. */
struct session_record *session_record_open(const struct session_options *options);
struct session_record *session_record_hold(struct session_record *record);

/* Gives one reference back. Accepts NULL and clears. */
void session_record_release(struct session_record **record);

const struct session_options *session_record_options(const struct session_record *record);

/* "20 seconds (SslTimeout, odbc.ini [w])"; returns out. */
#define SESSION_TIMEOUT_TEXT_SIZE 200
const char *session_timeout_text(const struct session_options *options, char *out, size_t size);

/* A snapshot. report_out, warnings_out and error_out may be NULL. The report is that of the main
 * session which logged in last, whatever came of later ones; before, of the newest handshake. With
 * SESSION_WAITING the error says what the session was doing ("... ran out while waiting for the TLS
 * handshake"), so that a time-out of the real driver can be explained. */
enum session_outcome session_record_outcome(struct session_record *record,
                                            struct tls_report *report_out,
                                            struct error_list *warnings_out,
                                            struct error *error_out);

/* false when the main session has ended: error_out (may be NULL) says why, unless the real driver
 * ended it itself. */
bool session_record_is_alive(struct session_record *record, struct error *error_out);

/* The session's real driver has hung up, whether the session knows it yet or not: the next one may
 * have the main place. Nothing of the session itself is touched. */
struct session;
void session_record_vacate(struct session_record *record, const struct session *session);

/* Something failed before there was a session: no thread, no descriptor. It counts unless a main
 * session has logged in. */
void session_record_fail(struct session_record *record, const struct error *error);

#endif
