/*
 * tds_browser.h - asking SQL Server Browser for the TCP port of a named instance (MC-SQLR: UDP port
 * 1434). The answer is not authenticated: the server is, by its certificate, afterwards.
 */
#ifndef PROTO_TDS_BROWSER_H
#define PROTO_TDS_BROWSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#define TDS_BROWSER_PORT 1434
#define TDS_BROWSER_REPLY_SIZE 65535

/* Appends the datagram that asks for instance. false with error: no such name can exist. */
bool tds_browser_write_request(const char *instance, struct buffer *request, struct error *error);

/* Reads a datagram. false with error: it is not an answer, or not about instance, or the instance
 * does not listen on TCP. */
bool tds_browser_read_reply(const void *bytes, size_t size, const char *instance,
                            uint16_t *port_out, struct error *error);

#endif
