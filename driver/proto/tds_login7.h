/*
 * tds_login7.h - the server's name in LOGIN7 (MS-TDS 2.2.6.4). The real driver puts there what it
 * connects to, which is the relay's address; servers that stand behind a gateway are found by this
 * name.
 */
#ifndef PROTO_TDS_LOGIN7_H
#define PROTO_TDS_LOGIN7_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Appends the packet to out, with server in the place of the name that is in it: what follows
 * moves, and the offsets of that are corrected, so that the data keep the order of the offset
 * table, in which servers may read them. As it is, when it is not one whole and well-formed LOGIN7,
 * or would not stay within one packet. server: ASCII or UTF-8; NULL: as it is. false: out of
 * memory. */
bool tds_login7_append(const unsigned char *packet, size_t length, const char *server,
                       struct buffer *out);

#endif
