/* relay_rig.c - a relay between a client and a server that a test writes. */
#include "relay_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "support/suite.h"
#include "support/tls_server.h"

#define WAIT_MILLISECONDS 60000

struct rig_files rig_files;

int rig_files_make(void)
{
    struct rig_files *files = &rig_files;
    files->folder = pki_temp_dir();
    if (files->folder == NULL)
        return -1;
    files->ca = suite_text("%s/ca.pem", files->folder);
    files->other_ca = suite_text("%s/other.pem", files->folder);
    files->certificate = suite_text("%s/server.pem", files->folder);
    files->key = suite_text("%s/server.key", files->folder);
    files->client = suite_text("%s/client.pem", files->folder);
    files->client_key = suite_text("%s/client.key", files->folder);
    struct pki_certificate *ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    struct pki_certificate *other =
        pki_issue(&(struct pki_spec){.common_name = "Other CA", .is_ca = true});
    struct pki_certificate *server = pki_issue(&(struct pki_spec){.common_name = "localhost",
                                                                  .issuer = ca,
                                                                  .dns = PKI_LIST("localhost"),
                                                                  .key = PKI_KEY_RSA});
    struct pki_certificate *client =
        pki_issue(&(struct pki_spec){.common_name = "client", .issuer = ca});
    bool is_written =
        server != NULL && client != NULL && pki_write_pem(files->ca, ca, NULL) &&
        pki_write_pem(files->other_ca, other, NULL) &&
        pki_write_pem(files->certificate, server, NULL) && pki_write_key_pem(files->key, server) &&
        pki_write_pem(files->client, client, NULL) && pki_write_key_pem(files->client_key, client);
    files->ca_certificate = ca;
    files->server_certificate = server;
    return is_written ? 0 : -1;
}

void rig_files_remove(void)
{
    struct rig_files *files = &rig_files;
    pki_temp_dir_remove(&files->folder);
}

static struct option option(const char *keyword, const char *value)
{
    return (struct option){(char *)value, keyword, (char *)"test"};
}

struct rig rig_make(uint16_t port, enum proto_plan plan, enum odbcssl_mode mode)
{
    struct rig rig = {.tls = {.mode = mode,
                              .root_cert = option("SslRootCert", rig_files.ca),
                              .send_sni = true,
                              .minimum_version = TLS_VERSION_1_2},
                      .options.session = {.proto = &proto_postgres, .plan = plan, .timeout = 20},
                      .client.descriptor = -1};
    dial_resolve("127.0.0.1", port, &rig.target, &rig.error);
    free(rig.target.host);
    rig.target.host = strdup("localhost");
    return rig;
}

struct rig rig_before(void (*serve)(int descriptor, void *context), void *context)
{
    struct peer *peer = peer_start(serve, context);
    struct rig rig = rig_make(peer_port(peer), PROTO_PLAN_TLS, ODBCSSL_MODE_VERIFY_FULL);
    rig.peer = peer;
    return rig;
}

void rig_set_trust(struct rig *rig, const char *path)
{
    rig->tls.root_cert = option("SslRootCert", path);
}

void rig_set_client(struct rig *rig)
{
    rig->tls.cert = option("SslCert", rig_files.client);
    rig->tls.key = option("SslKey", rig_files.client_key);
}

bool rig_open(struct rig *rig)
{
    rig->options.session.tls = &rig->tls;
    rig->options.session.target = &rig->target;
    rig->credentials = credentials_get(&rig->tls, NULL, &rig->error);
    rig->options.session.credentials = rig->credentials;
    rig->relay = rig->credentials != NULL
                     ? relay_open(&rig->options.session, rig->options.endpoint, &rig->error)
                     : NULL;
    if (rig->relay == NULL)
        return false;
    socklen_t length;
    const struct sockaddr *address = relay_address(rig->relay, &length);
    const struct sockaddr_in *internet = (const struct sockaddr_in *)address;
    if (address->sa_family == AF_UNIX)
        snprintf(rig->endpoint.address, sizeof rig->endpoint.address, "%s",
                 ((const struct sockaddr_un *)address)->sun_path);
    else
        inet_ntop(AF_INET, &internet->sin_addr, rig->endpoint.address,
                  sizeof rig->endpoint.address);
    rig->endpoint.port = address->sa_family == AF_UNIX ? 0 : ntohs(internet->sin_port);
    return true;
}

void rig_close(struct rig *rig)
{
    postgres_client_close(&rig->client);
    relay_close(&rig->relay);
    credentials_release(&rig->credentials);
    dial_target_free(&rig->target);
    peer_stop(&rig->peer);
}

bool rig_connect(const struct rig *rig, struct postgres_client *client)
{
    return postgres_client_connect(client, rig->endpoint.address, rig->endpoint.port);
}

bool rig_login(const struct rig *rig, struct postgres_client *client)
{
    return rig_connect(rig, client) && postgres_client_login(client, "demo", NULL);
}

bool rig_is_alive(struct rig *rig)
{
    relay_look(rig->relay);
    return session_record_is_alive(relay_record(rig->relay), &rig->error);
}

enum session_outcome rig_outcome(struct rig *rig)
{
    int64_t deadline = clock_monotonic() + WAIT_MILLISECONDS;
    for (;;) {
        error_clear(&rig->error);
        enum session_outcome outcome =
            session_record_outcome(relay_record(rig->relay), NULL, NULL, &rig->error);
        if (outcome != SESSION_WAITING || clock_left(deadline) == 0)
            return outcome;
        poll(NULL, 0, 1);
    }
}

void rig_wait_for_end(struct rig *rig)
{
    int64_t deadline = clock_monotonic() + WAIT_MILLISECONDS;
    error_clear(&rig->error);
    while (rig_is_alive(rig) && clock_left(deadline) > 0)
        poll(NULL, 0, 1);
}

/* --- the actor --- */

struct actor actor_make(enum actor_ending ending)
{
    return (struct actor){
        .ending = ending, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
}

static void count(struct actor *actor, unsigned *counter, unsigned added)
{
    pthread_mutex_lock(&actor->mutex);
    *counter += added;
    pthread_cond_broadcast(&actor->changed);
    pthread_mutex_unlock(&actor->mutex);
}

bool actor_wait(struct actor *actor, const unsigned *counter, unsigned wanted)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_MILLISECONDS / 1000;
    pthread_mutex_lock(&actor->mutex);
    int result = 0;
    while (*counter < wanted && result == 0)
        result = pthread_cond_timedwait(&actor->changed, &actor->mutex, &until);
    bool is_reached = *counter >= wanted;
    pthread_mutex_unlock(&actor->mutex);
    return is_reached;
}

/* The login is accepted, and the session is process 7 with key 9. */
static void welcome(struct actor *actor, gnutls_session_t session)
{
    static const char messages[] = "R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\7\0\0\0\x09Z\0\0\0\5I";
    count(actor, &actor->startups, 1);
    gnutls_record_send(session, messages, sizeof messages - 1);
}

/* A query gets half of an answer, and then what the script says. */
static void answer(struct actor *actor, gnutls_session_t session, int descriptor)
{
    static const char half[] = "C\0\0\0\x0fSELECT";
    struct linger now = {1, 0};
    char bytes[4096];
    ssize_t got;
    while ((got = gnutls_record_recv(session, bytes, sizeof bytes)) > 0 && bytes[0] != 'X') {
        if (actor->ending == ACTOR_WAITS)
            continue;
        gnutls_record_send(session, half, sizeof half - 1);
        if (actor->ending == ACTOR_CLOSES)
            gnutls_bye(session, GNUTLS_SHUT_WR);
        if (actor->ending == ACTOR_RESETS)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        return;
    }
    if (got == 0 || gnutls_record_recv(session, bytes, sizeof bytes) == 0)
        count(actor, &actor->clean_ends, 1);
}

static void act(struct actor *actor, gnutls_session_t session, int descriptor)
{
    unsigned char bytes[4096];
    int result;
    do {
        result = gnutls_handshake(session);
    } while (result < 0 && !gnutls_error_is_fatal(result));
    if (result < 0)
        return;
    count(actor, &actor->handshakes, 1);
    ssize_t got = gnutls_record_recv(session, bytes, sizeof bytes);
    if (got < 8)
        return;
    if (memcmp(bytes + 4, "\x04\xd2\x16\x2e", 4) == 0) {
        count(actor, &actor->cancels, 1);
        return;
    }
    welcome(actor, session);
    answer(actor, session, descriptor);
}

void actor_serve(int descriptor, void *context)
{
    static const char request[] = "\0\0\0\x08\x04\xd2\x16\x2f";
    const struct pki_certificate *chain[] = {rig_files.server_certificate, NULL};
    struct actor *actor = context;
    struct tls_server server;
    char got[8];
    if (!peer_receive(descriptor, got, sizeof got) || memcmp(got, request, sizeof got) != 0) {
        count(actor, &actor->plaintext, 1);
        return;
    }
    peer_send(descriptor, "S", 1);
    if (tls_server_open_socket(&server, &(struct tls_server_options){.chain = chain}, descriptor))
        act(actor, server.session, descriptor);
    tls_server_close(&server);
}
