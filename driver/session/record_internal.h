/*
 * record_internal.h - what sessions write into their record. Only the session in the main place is
 * heard; a session is known here by its address.
 */
#ifndef SESSION_RECORD_INTERNAL_H
#define SESSION_RECORD_INTERNAL_H

#include "session/record.h"

struct session;

/* Takes the main place if it is free. */
void record_claim(struct session_record *record, const struct session *session);
bool record_is_main(struct session_record *record, const struct session *session);

/* doing: "waiting for ...", static; empty: the real driver knows more. deadline: of the login. */
void record_set_doing(struct session_record *record, const struct session *session,
                      const char *doing, const char *server_name, int64_t deadline);
void record_set_address(struct session_record *record, const struct session *session,
                        size_t address);

/* RECORD_NO_ADDRESS: no main session has connected yet. */
#define RECORD_NO_ADDRESS SIZE_MAX
size_t record_get_address(struct session_record *record);

/* Whether the options' credentials were loaded for this very connect. */
bool record_has_fresh_credentials(struct session_record *record);

/* Those of the newest login, for who does not log in: a reference; NULL: they are the options'. */
const struct credentials *record_hold_credentials(struct session_record *record);
void record_keep_credentials(struct session_record *record, const struct credentials *credentials);

/* false: out of memory. */
bool record_set_report(struct session_record *record, const struct session *session,
                       const struct tls_report *report, const struct error_list *warnings);
void record_set_outcome(struct session_record *record, const struct session *session,
                        enum session_outcome outcome, const struct error *error);
void record_set_logged_in(struct session_record *record, const struct session *session);

/* error: NULL or not set: the real driver ended it. */
void record_set_ended(struct session_record *record, const struct session *session,
                      const struct error *error);

#endif
