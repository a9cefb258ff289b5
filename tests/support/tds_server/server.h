/*
 * server.h - a TDS server for tests, after MS-TDS: what its parts share. It knows nothing of the
 * code that it tests but base/.
 */
#ifndef TDS_SERVER_H
#define TDS_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define SERVER_USER "sa"
#define SERVER_PASSWORD "Passw0rd!"
#define SERVER_VERSION_TEXT                                                                        \
    "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64) - a server for tests"

enum encryption_mode {
    ENCRYPTION_MODE_OFF,    /* supported, not forced */
    ENCRYPTION_MODE_FORCED, /* "on" and "required" */
    ENCRYPTION_MODE_UNSUPPORTED,
    ENCRYPTION_MODE_STRICT /* TDS 8.0 only */
};

enum misbehaviour {
    MISBEHAVE_NOT,
    MISBEHAVE_EARLY,           /* plaintext behind the PRELOGIN reply */
    MISBEHAVE_TRUNCATE,        /* ends the TLS session in a reply, without close_notify */
    MISBEHAVE_CLOSE_ANSWER,    /* ends the TLS session in a long reply, with close_notify */
    MISBEHAVE_GARBAGE,         /* answers PRELOGIN with what is no TDS */
    MISBEHAVE_GARBAGE_LOGIN,   /* answers LOGIN7 with what is no token stream */
    MISBEHAVE_CLOSE,           /* closes instead of answering PRELOGIN */
    MISBEHAVE_SILENCE,         /* never answers PRELOGIN */
    MISBEHAVE_SILENT_START,    /* waits for ever whatever comes first */
    MISBEHAVE_LOGIN_ONLY,      /* answers every PRELOGIN with ENCRYPTION 0 */
    MISBEHAVE_SPLIT_HANDSHAKE, /* allowed: its flights come in packets of a few bytes */
    MISBEHAVE_REPLY_HANDSHAKE, /* seen in old servers: its flights come in packets of type 0x04 */
    MISBEHAVE_LATE_ROUTE,      /* routes in a message of its own, behind LOGINACK's */
    MISBEHAVE_NO_MARS          /* as of TDS 7.1: no MARS option in the PRELOGIN reply */
};

struct server_options {
    const char *port;
    const char *browser_port; /* NULL: no SQL Server Browser */
    const char *instance;
    const char *certificate;
    const char *key;
    const char *client_ca;
    const char *log;
    const char *route; /* HOST:PORT, where every login is sent on to; NULL: nowhere */
    enum encryption_mode encryption;
    int maximum_tls; /* 0: 1.2, and 1.3 with TDS 8.0 */
    bool has_mars;
    enum misbehaviour misbehaviour;
};

/* log.c: one line per event, "PID event text". */
bool log_start(const char *path);
void log_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* tls.c */
SSL_CTX *tls_create_context(const struct server_options *options);

/* browser.c: answers SQL Server Browser's datagrams until the process ends. */
int browser_open(uint16_t port, uint16_t *port_out);
void browser_serve(int descriptor, const char *instance, uint16_t tcp_port);

/* connection.c: serves one connection to its end. */
void connection_serve(const struct server_options *options, SSL_CTX *context, int descriptor);

#endif
