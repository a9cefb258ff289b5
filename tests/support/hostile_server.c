/* hostile_server.c - the process that misbehaves after SSLRequest, and its report. */
#include "support/hostile_server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/peer.h"
#include "support/tls_server.h"

#define SSL_REQUEST_SIZE 8

/* Shared by the two processes. */
struct shared {
    uint16_t port;
    struct hostile_observation observation;
};

struct hostile_server {
    struct hostile_options options;
    struct shared *shared;
    pid_t process;
};

static void observe_name(gnutls_session_t session, struct hostile_observation *observation)
{
    size_t size = sizeof observation->server_name;
    unsigned type = 0;
    if (gnutls_server_name_get(session, observation->server_name, &size, &type, 0) != 0)
        observation->server_name[0] = '\0';
}

static void refuse_login(gnutls_session_t session)
{
    static const char refusal[] = "SFATAL\0C28P01\0Mnobody logs in here\0";
    unsigned char message[5 + sizeof refusal] = {'E', 0, 0, 0, 4 + sizeof refusal};
    memcpy(message + 5, refusal, sizeof refusal);
    gnutls_record_send(session, message, sizeof message);
    gnutls_bye(session, GNUTLS_SHUT_WR);
}

static void serve_tls(const struct hostile_server *server, int descriptor)
{
    struct hostile_observation *observation = &server->shared->observation;
    const struct tls_server_options options = {.chain = server->options.chain,
                                               .priority = server->options.priority};
    struct tls_server tls;
    char startup[1024];
    int outcome = tls_server_open_socket(&tls, &options, descriptor) ? 0 : -1;
    do {
        outcome = outcome == -1 ? -1 : gnutls_handshake(tls.session);
    } while (outcome < 0 && outcome != -1 && gnutls_error_is_fatal(outcome) == 0);
    if (tls.session != NULL)
        observe_name(tls.session, observation);
    observation->handshakes += outcome == 0;
    if (outcome == 0 && gnutls_record_recv(tls.session, startup, sizeof startup) > 0) {
        observation->startups++;
        if (server->options.behaviour == HOSTILE_REFUSES)
            refuse_login(tls.session);
    }
    if (server->options.behaviour == HOSTILE_TRUNCATES)
        shutdown(descriptor, SHUT_WR);
    peer_drain(descriptor);
    tls_server_close(&tls);
}

static void serve(int descriptor, void *context)
{
    static const char garbage[] = "SHTTP/1.1 400 Bad Request\r\n\r\n";
    const struct hostile_server *server = context;
    char request[SSL_REQUEST_SIZE];
    server->shared->observation.connections++;
    if (!peer_receive(descriptor, request, sizeof request))
        return;
    switch (server->options.behaviour) {
    case HOSTILE_GARBAGE: /* in two pieces: together they would be early plaintext */
        peer_send(descriptor, garbage, 1);
        peer_receive(descriptor, request, 1);
        peer_send(descriptor, garbage + 1, sizeof garbage - 2);
        break;
    case HOSTILE_EARLY:
        peer_send(descriptor, "SR\0\0\0\10\0\0\0\0", 10);
        break;
    case HOSTILE_LEAVES:
        peer_send(descriptor, "S", 1);
        return;
    case HOSTILE_HANGS:
        peer_send(descriptor, "S", 1);
        break;
    case HOSTILE_REFUSES:
    case HOSTILE_TRUNCATES:
        peer_send(descriptor, "S", 1);
        serve_tls(server, descriptor);
        return;
    }
    peer_drain(descriptor);
}

/* In the child; ready: tells the parent that the port is known. */
static void run(struct hostile_server *server, pid_t parent, int ready)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct peer *peer = getppid() == parent ? peer_start(serve, server) : NULL;
    if (peer == NULL)
        _exit(1);
    server->shared->port = peer_port(peer);
    if (write(ready, "", 1) != 1)
        _exit(1);
    close(ready);
    for (;;)
        pause();
}

static bool start_process(struct hostile_server *server)
{
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        return false;
    pid_t parent = getpid();
    server->process = fork();
    if (server->process == 0) {
        close(ready[0]);
        run(server, parent, ready[1]);
    }
    close(ready[1]);
    bool is_ready = server->process > 0 && read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return is_ready;
}

struct hostile_server *hostile_start(const struct hostile_options *options)
{
    struct hostile_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return NULL;
    server->options = *options;
    server->shared = mmap(NULL, sizeof *server->shared, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (server->shared == MAP_FAILED)
        server->shared = NULL;
    if (server->shared == NULL || !start_process(server))
        hostile_stop(&server);
    return server;
}

uint16_t hostile_port(const struct hostile_server *server)
{
    return server->shared->port;
}

const struct hostile_observation *hostile_observe(const struct hostile_server *server)
{
    return &server->shared->observation;
}

void hostile_stop(struct hostile_server **server)
{
    struct hostile_server *old = *server;
    *server = NULL;
    if (old == NULL)
        return;
    if (old->process > 0) {
        kill(old->process, SIGKILL);
        waitpid(old->process, NULL, 0);
    }
    if (old->shared != NULL)
        munmap(old->shared, sizeof *old->shared);
    free(old);
}
