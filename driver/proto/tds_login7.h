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

/* Appends the packet to out, naming server in it when it is one whole LOGIN7 and stays within one
 * packet; else as it is. server: ASCII or UTF-8; NULL: as it is. false: out of memory. */
bool tds_login7_append(const unsigned char *packet, size_t length, const char *server,
                       struct buffer *out);

#endif
