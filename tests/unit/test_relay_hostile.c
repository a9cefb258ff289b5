/* test_relay_hostile.c - what servers and clients do wrong ends as an error, never in plaintext. */
#include "test_relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tls_server.h"

/* --- servers that misbehave before TLS --- */

struct reply {
    const char *bytes;
    size_t size;
    size_t behind; /* bytes of the relay behind its SSLRequest */
};

static void serve_reply(int descriptor, void *context)
{
    struct reply *reply = context;
    char request[8];
    if (!peer_receive(descriptor, request, sizeof request))
        return;
    peer_send(descriptor, reply->bytes, reply->size);
    reply->behind = peer_drain(descriptor);
}

static const struct {
    const char *bytes;
    size_t size;
    enum session_outcome outcome;
    enum odbcssl_error error;
    const char *part;
} reply_rows[] = {
    {"SR\0\0\0\x08\0\0\0\0", 10, SESSION_LOST, ODBCSSL_ERROR_EARLY_PLAINTEXT,
     "9 unencrypted bytes"},
    {"N", 1, SESSION_NO_TLS, ODBCSSL_ERROR_SERVER_WITHOUT_TLS, "'N'"},
    {"H", 1, SESSION_LOST, ODBCSSL_ERROR_PROTOCOL, "with \"H\""},
    {"SSH-2.0-OpenSSH_9.2\r\n", 21, SESSION_LOST, ODBCSSL_ERROR_PROTOCOL, "as an SSH server does"},
    {"Etoo many connections\n", 23, SESSION_LOST, ODBCSSL_ERROR_PROTOCOL,
     "not authenticated: too many connections"},
};

/* Not a byte of the real driver may reach such a server. */
CASE("answers to the request for TLS")
{
    for (size_t i = 0; i < sizeof reply_rows / sizeof reply_rows[0]; i++) {
        struct reply reply = {.bytes = reply_rows[i].bytes, .size = reply_rows[i].size};
        struct rig rig = rig_before(serve_reply, &reply);
        CHECK_FATAL(rig_open(&rig));
        CHECK(rig_connect(&rig, &rig.client));
        CHECK(!postgres_client_login(&rig.client, "demo", NULL));
        CHECK(rig.client.type == 'E');
        CHECK_NUMBER(rig_outcome(&rig), reply_rows[i].outcome);
        CHECK_NUMBER(rig.error.code, reply_rows[i].error);
        CHECK_CONTAINS(rig.error.text, reply_rows[i].part);
        rig_close(&rig);
        CHECK_NUMBER(reply.behind, 0);
    }
}

static void serve_in_turn(int descriptor, void *context)
{
    static const char answers[] = {'H', 'J'};
    unsigned *count = context;
    char request[8];
    if (peer_receive(descriptor, request, sizeof request))
        peer_send(descriptor, &answers[(*count)++], 1);
    peer_drain(descriptor);
}

/* A real driver that tries again does not hide why the first try failed. */
CASE("the first of two failures is told")
{
    unsigned count = 0;
    struct rig rig = rig_before(serve_in_turn, &count);
    CHECK_FATAL(rig_open(&rig));
    for (int i = 0; i < 2; i++) {
        CHECK(rig_connect(&rig, &rig.client));
        CHECK(!postgres_client_login(&rig.client, "demo", NULL));
        postgres_client_close(&rig.client);
        CHECK_NUMBER(rig_outcome(&rig), SESSION_LOST);
        CHECK_CONTAINS(rig.error.text, "with \"H\"");
    }
    rig_close(&rig);
    CHECK_NUMBER(count, 2);
}

/* --- servers that misbehave within TLS --- */

static void check_ending(enum actor_ending ending, enum odbcssl_error code, int system_error)
{
    struct actor actor = actor_make(ending);
    struct rig rig = rig_before(actor_serve, &actor);
    struct postgres_answer answer;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK_NUMBER(rig.client.key, 9);
    errno = 0;
    CHECK(!postgres_client_query(&rig.client, "select", &answer));
    CHECK_NUMBER(errno, system_error);
    rig_wait_for_end(&rig);
    CHECK_NUMBER(rig.error.code, code);
    CHECK_CONTAINS(rig.error.text, "localhost");
    rig_close(&rig);
}

/* Half an answer and an end that nobody vouches for must not look like an end. */
CASE("a clean end, a truncated one, a reset")
{
    check_ending(ACTOR_CLOSES, ODBCSSL_ERROR_LINK_LOST, 0);
    check_ending(ACTOR_TRUNCATES, ODBCSSL_ERROR_TRUNCATED, ECONNRESET);
    check_ending(ACTOR_RESETS, ODBCSSL_ERROR_LINK_LOST, ECONNRESET);
}

/* --- a broken end behind many bytes --- */

/* An answer of so many bytes, and an end without close_notify. */
static void serve_flood(int descriptor, void *context)
{
    static const char welcome[] = "R\0\0\0\x08\0\0\0\0Z\0\0\0\5I";
    static const unsigned char block[8192];
    const size_t *size = context;
    const struct pki_certificate *chain[] = {rig_files.server_certificate, NULL};
    struct tls_server server;
    char bytes[256];
    if (!peer_receive(descriptor, bytes, 8) || !peer_send(descriptor, "S", 1))
        return;
    if (tls_server_open_socket(&server, &(struct tls_server_options){.chain = chain}, descriptor) &&
        gnutls_handshake(server.session) == 0 &&
        gnutls_record_recv(server.session, bytes, sizeof bytes) > 0 &&
        gnutls_record_send(server.session, welcome, sizeof welcome - 1) > 0 &&
        gnutls_record_recv(server.session, bytes, sizeof bytes) > 0)
        for (size_t sent = 0; sent < *size; sent += sizeof block)
            gnutls_record_send(server.session, block, sizeof block);
    tls_server_close(&server);
    shutdown(descriptor, SHUT_RDWR); /* also where a forked child has a copy */
}

static void check_flood(enum endpoint_kind kind, size_t size, int system_error)
{
    static char bytes[65536];
    struct rig rig = rig_before(serve_flood, &size);
    size_t total = 0;
    ssize_t got;
    rig.options.endpoint = kind;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK(postgres_client_send_query(&rig.client, "select"));
    /* The relay has noticed the end, while the real driver reads nothing. */
    rig_wait_for_end(&rig);
    CHECK_NUMBER(rig.error.code, ODBCSSL_ERROR_TRUNCATED);
    poll(NULL, 0, 100);
    errno = 0;
    while ((got = recv(rig.client.descriptor, bytes, sizeof bytes, 0)) > 0)
        total += (size_t)got;
    CHECK_NUMBER(total, size);
    CHECK_NUMBER(errno, system_error);
    rig_close(&rig);
}

CASE("a real driver that reads late gets all that came before a broken end")
{
    /* More than the real driver's end takes at first, and as much as fits. */
    check_flood(ENDPOINT_LOOPBACK, (size_t)640 * 1024, ECONNRESET);
    check_flood(ENDPOINT_UNIX, (size_t)64 * 1024, 0);
}

/* A child that does nothing but hold copies of all descriptors. */
static pid_t fork_holder(void)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        pause();
        _exit(0);
    }
    return child;
}

static void end_holder(pid_t child)
{
    kill(child, SIGKILL);
    CHECK_NUMBER(waitpid(child, NULL, 0), child);
}

static void check_beside_child(enum endpoint_kind kind, int system_error)
{
    size_t size = 8192;
    char bytes[65536];
    struct rig rig = rig_before(serve_flood, &size);
    struct pollfd polled = {.events = POLLIN};
    ssize_t got = 1;
    rig.options.endpoint = kind;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    pid_t child = fork_holder();
    CHECK(postgres_client_send_query(&rig.client, "select"));
    polled.fd = rig.client.descriptor;
    while (got > 0) {
        CHECK_FATAL(poll(&polled, 1, 20000) == 1);
        errno = 0;
        got = recv(polled.fd, bytes, sizeof bytes, 0);
    }
    CHECK_NUMBER(errno, system_error);
    end_holder(child);
    rig_close(&rig);
}

/* The child's copy keeps the relay from seeing that the real driver has gone. */
CASE("a login while the rest of a broken session waits to be read")
{
    size_t size = (size_t)640 * 1024;
    struct rig rig = rig_before(serve_flood, &size);
    struct postgres_client again = {.descriptor = -1};
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    pid_t child = fork_holder();
    CHECK(postgres_client_send_query(&rig.client, "select"));
    rig_wait_for_end(&rig);
    close(rig.client.descriptor);
    rig.client.descriptor = -1;
    CHECK(rig_login(&rig, &again));
    CHECK(rig_is_alive(&rig));
    postgres_client_close(&again);
    end_holder(child);
    rig_close(&rig);
}

CASE("a broken end is told while a forked child holds copies of the sockets")
{
    check_beside_child(ENDPOINT_LOOPBACK, ECONNRESET);
    check_beside_child(ENDPOINT_UNIX, 0);
}

/* The cancelling session is a TLS session like the first, and verified like it. */
CASE("cancelling sessions travel in TLS")
{
    struct actor actor = actor_make(ACTOR_WAITS);
    struct rig rig = rig_before(actor_serve, &actor);
    struct postgres_client canceller;
    char bytes[1];
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK(rig_connect(&rig, &canceller));
    CHECK(postgres_client_send_cancel(&canceller, 7, 9));
    CHECK_NUMBER(recv(canceller.descriptor, bytes, 1, 0), 0);
    CHECK(actor_wait(&actor, &actor.cancels, 1));
    CHECK_NUMBER(actor.handshakes, 2);
    CHECK_NUMBER(actor.plaintext, 0);
    CHECK(rig_is_alive(&rig));
    postgres_client_close(&canceller);
    /* One that ends its own side at once is carried all the same. */
    CHECK(rig_connect(&rig, &canceller));
    CHECK(postgres_client_send_cancel(&canceller, 7, 9));
    shutdown(canceller.descriptor, SHUT_WR);
    CHECK_NUMBER(recv(canceller.descriptor, bytes, 1, 0), 0);
    postgres_client_close(&canceller);
    CHECK(actor_wait(&actor, &actor.cancels, 2));
    rig_close(&rig);
}

/* A session that ends while the driver's last words are on their way. */
CASE("the real driver's last words arrive")
{
    struct actor actor = actor_make(ACTOR_WAITS);
    struct peer *peer = peer_start(actor_serve, &actor);
    struct rig rig = rig_make(peer_port(peer), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_login(&rig, &rig.client));
    CHECK(postgres_client_send(&rig.client, "X\0\0\0\4", 5));
    rig_close(&rig);
    CHECK(actor_wait(&actor, &actor.clean_ends, 1));
    peer_stop(&peer);
}

static void serve_silence(int descriptor, void *context)
{
    atomic_size_t *received = context;
    char byte;
    atomic_fetch_add(received, peer_receive(descriptor, &byte, 1) ? 1 : 0);
    atomic_fetch_add(received, peer_drain(descriptor));
}

CASE("a server that says nothing")
{
    atomic_size_t received = 0;
    struct rig rig = rig_before(serve_silence, &received);
    rig.options.session.timeout = 1;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_connect(&rig, &rig.client));
    CHECK(!postgres_client_login(&rig.client, "demo", NULL));
    CHECK(rig.client.type == 'E');
    CHECK_NUMBER(rig_outcome(&rig), SESSION_LOST);
    CHECK_NUMBER(rig.error.code, ODBCSSL_ERROR_TIMEOUT);
    CHECK_CONTAINS(rig.error.text,
                   "time-out of 1 seconds (SslTimeout, else the login time-out) ran out while "
                   "waiting for the switch");
    rig_close(&rig);
    CHECK_NUMBER(received, 8); /* the SSLRequest alone */
}

/* Closing must not wait for a server that says nothing. */
CASE("closing during the handshake")
{
    atomic_size_t received = 0;
    struct peer *peer = peer_start(serve_silence, &received);
    struct rig rig = rig_make(peer_port(peer), PROTO_PLAN_DIRECT, ODBCSSL_MODE_VERIFY_FULL);
    struct postgres_client client;
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_connect(&rig, &client));
    CHECK(postgres_client_send_startup(&client, "demo"));
    while (atomic_load(&received) == 0)
        poll(NULL, 0, 1);
    CHECK_NUMBER(session_record_outcome(relay_record(rig.relay), NULL, NULL, &rig.error),
                 SESSION_WAITING);
    CHECK_CONTAINS(rig.error.text, "TLS handshake");
    rig_close(&rig);
    CHECK(!postgres_client_read(&client));
    postgres_client_close(&client);
    peer_stop(&peer);
    CHECK(received > 8); /* a ClientHello */
}

/* The real driver that gives up takes the relay's attempt with it. */
CASE("a real driver that gives up")
{
    atomic_size_t received = 0;
    struct rig rig = rig_before(serve_silence, &received);
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_connect(&rig, &rig.client));
    CHECK(postgres_client_send_startup(&rig.client, "demo"));
    postgres_client_close(&rig.client);
    /* The relay is free for the next try, and says what the last one was waiting for. */
    CHECK(rig_connect(&rig, &rig.client));
    while (session_record_outcome(relay_record(rig.relay), NULL, NULL, &rig.error) ==
               SESSION_WAITING &&
           strstr(rig.error.text, "gave up while waiting for") == NULL)
        error_clear(&rig.error);
    CHECK_NUMBER(rig.error.code, ODBCSSL_ERROR_CONNECT);
    rig_close(&rig);
}

CASE("no server")
{
    atomic_size_t received = 0;
    struct peer *peer = peer_start(serve_silence, &received);
    struct rig rig = rig_make(peer_port(peer), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    peer_stop(&peer); /* so that the port is known to be free */
    CHECK_FATAL(rig_open(&rig));
    CHECK(rig_connect(&rig, &rig.client));
    CHECK(!postgres_client_login(&rig.client, "demo", NULL));
    CHECK_NUMBER(rig_outcome(&rig), SESSION_LOST);
    CHECK_NUMBER(rig.error.code, ODBCSSL_ERROR_CONNECT);
    CHECK_CONTAINS(rig.error.text, "localhost cannot be reached: 127.0.0.1, port ");
    CHECK_CONTAINS(rig.error.text, "Connection refused");
    rig_close(&rig);
}

SUITE("with hostile servers", relay_server_set_up, relay_server_tear_down)
