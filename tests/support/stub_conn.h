/*
 * stub_conn.h - conn/ without a relay, for tests of the ODBC interface: it connects the real driver
 * that Target= in the connection string, or in the DSN's section, names.
 *
 * Keywords: Target, ServerName (what SQL_SERVER_NAME is), Warn=1 (connects with a warning).
 * The environment variable STUB_CONN_BROKEN makes every open connection a broken one.
 */
#ifndef TESTS_STUB_CONN_H
#define TESTS_STUB_CONN_H

#define STUB_CONN_BROKEN "STUB_CONN_BROKEN"
#define STUB_PEER_SUBJECT "CN=O'Brien\\, back\\\\slash,O=\xC3\xA4"

#endif
