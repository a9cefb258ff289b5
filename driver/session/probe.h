/*
 * probe.h - connects to the server and sets up TLS as any session would, and ends there: nobody
 * logs in, and no real driver takes part.
 */
#ifndef SESSION_PROBE_H
#define SESSION_PROBE_H

#include "base/error.h"
#include "base/report.h"
#include "session/session.h"

/* What was tried last: it succeeded, unless error is set; that the switch left all in plaintext,
 * coverage says. */
enum probe_step { PROBE_CONNECT, PROBE_SWITCH, PROBE_HANDSHAKE };

/* Some 50 KB: on the heap. */
struct probe {
    enum probe_step step;
    bool has_no_tls; /* PROBE_SWITCH failed, because the server said so */
    enum proto_coverage coverage;
    size_t address;                            /* index of the one that answered */
    int64_t milliseconds[PROBE_HANDSHAKE + 1]; /* that each step took */
    struct error error;
    struct session *session;
    const struct tls_session *tls; /* the session's, once the handshake has begun; else NULL */
    struct tls_report report;      /* of the handshake, also of one that failed */
    struct error_list warnings;
};

/* Blocks until TLS is up or cannot be, within options->timeout. The plan is PLAINTEXT only where
 * that may end in TLS (is_login_only_allowed). NULL: out of memory. */
struct probe *probe_run(const struct session_options *options);

/* Accepts NULL and clears. */
void probe_free(struct probe **probe);

#endif
