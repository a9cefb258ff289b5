/*
 * stranger.h - how an error shows what a server sent that speaks another protocol than the one it
 * was asked in: mostly a wrong port, seldom an attack.
 */
#ifndef PROTO_STRANGER_H
#define PROTO_STRANGER_H

#include "proto/proto.h"

/* PROTO_REFUSE. Behind what ("not SQL Server: it answered with") the error has the first of the
 * bytes, escaped and in quotes, and what they look like: "\"SSH-2.0-x\\r\\n\", as an SSH server
 * does". */
enum proto_verdict stranger_refuse(struct proto_session *session, const char *what,
                                   const struct buffer *input);

/* Whether the bytes are a line of text, or the beginning of one: no message of a database's
 * protocol, and no TLS record. */
bool stranger_is_text(const void *bytes, size_t size);

#endif
