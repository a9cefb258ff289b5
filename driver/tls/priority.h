/*
 * priority.h - which versions, ciphers and signatures TLS sessions offer. GnuTLS makes 8 KB of a
 * priority string; a process has few of these, and many sessions.
 */
#ifndef TLS_PRIORITY_H
#define TLS_PRIORITY_H

#include <gnutls/gnutls.h>

/* Gives the session the priorities of a GnuTLS priority string. Returns what gnutls_priority_init
 * does, and in *position_out the place in text where it is wrong. Thread-safe. */
int priority_apply(gnutls_session_t session, const char *text, const char **position_out);

#endif
