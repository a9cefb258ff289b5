/*
 * browser.h - the TCP port of a named SQL Server instance, asked of SQL Server Browser (UDP port
 * 1434).
 *
 * The answer is not authenticated. It decides where to connect, not whom to trust: that is the
 * certificate's part.
 */
#ifndef SESSION_BROWSER_H
#define SESSION_BROWSER_H

#include "base/error.h"
#include "session/dial.h"

/* Sets target's port, and that of its addresses. timeout: seconds. false with error set. */
bool browser_find_port(struct dial_target *target, const char *instance, unsigned timeout,
                       struct error *error);

#endif
