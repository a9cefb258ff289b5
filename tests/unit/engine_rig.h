/*
 * engine_rig.h - a session without sockets: the test is the real driver, and the other end is a
 * small server over memory, of PostgreSQL if nothing else is said, with TLS, that echoes what it
 * gets once it has let the driver in.
 */
#ifndef TESTS_ENGINE_RIG_H
#define TESTS_ENGINE_RIG_H

#include "session/session.h"
#include "support/pki.h"
#include "support/tls_server.h"

int engine_files_make(void);
int engine_files_remove(void);

enum engine_server {
    ENGINE_SERVER_START,
    ENGINE_SERVER_HANDSHAKE,
    ENGINE_SERVER_STARTUP, /* waits for the StartupMessage */
    ENGINE_SERVER_READY
};

/* What is said before the login is over; the server's part is PostgreSQL's, but may be another's.
 */
struct engine_words {
    struct engine_bytes {
        const unsigned char *bytes;
        size_t size;
    } request, consent, startup, welcome;
};

struct engine_rig {
    struct engine_words words;
    struct tls_options tls;
    struct dial_target target;
    struct session_options options;
    const struct credentials *credentials;
    struct session_record *record;
    struct session *session;
    int64_t now;
    size_t piece;   /* bytes that the network carries at a time */
    bool is_silent; /* the server does not echo */
    bool is_deaf;   /* the server takes nothing from the network */

    enum engine_server stage;
    struct tls_server server;
    struct buffer to_client, from_client; /* on the network */
    struct buffer received;               /* what the server got, decrypted */
    size_t record_sizes[16];              /* of the first records that it got when READY */
    size_t records;
    struct error error;
};

/* A value with verify-full, whole pieces and PostgreSQL; may be changed before engine_open. */
struct engine_rig engine_make(enum proto_plan plan);
void engine_open(struct engine_rig *rig); /* and session_start */
void engine_close(struct engine_rig *rig);

/* The real driver comes again: another session of the same record, before another server. */
void engine_open_again(struct engine_rig *rig);

/* Writes what SslCrl may name, and returns its path. is_revoked: the server's certificate is. */
char *engine_write_crl(bool is_revoked);

/* Carries one piece each way and lets both ends act. true: something happened. */
bool engine_turn(struct engine_rig *rig);
void engine_run(struct engine_rig *rig); /* until nothing happens */

/* Until size bytes were read into out, or nothing happens any more; returns how many. */
size_t engine_read(struct engine_rig *rig, void *out, size_t size);

/* All of bytes, as the session takes them. false: nothing happens any more. */
bool engine_write(struct engine_rig *rig, const void *bytes, size_t size);

/* The real driver's StartupMessage, and the answers to it. */
extern const unsigned char engine_startup[];
extern const size_t engine_startup_size;
extern const unsigned char engine_welcome[];
extern const size_t engine_welcome_size;
bool engine_login(struct engine_rig *rig);

void engine_server_send(struct engine_rig *rig, const void *bytes, size_t size);

/* Checks how the session ended. */
enum session_outcome engine_outcome(struct engine_rig *rig);

#endif
