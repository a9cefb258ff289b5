#include "system/mysql_relay.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/pki.h"

#define PIECE_SIZE 16384

struct mysql_relay {
    struct mysql_relay_options options;
    char *folder;
    char *socket;
    int listener;
    pthread_t thread;
    struct mysql_relay_result result;
};

/* What the thread works with. */
struct link {
    struct mysql_relay *relay;
    struct proto_session session;
    struct buffer from_driver;
    struct buffer from_server;
    int driver;
    int server;
    gnutls_session_t tls; /* NULL until the handshake is done */
};

static bool send_plain(int descriptor, struct buffer *bytes)
{
    while (buffer_length(bytes) > 0) {
        ssize_t sent = send(descriptor, buffer_content(bytes), buffer_length(bytes), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        buffer_take(bytes, (size_t)sent);
    }
    return true;
}

static bool send_server(struct link *link)
{
    struct buffer *bytes = &link->session.to_server;
    while (link->tls != NULL && buffer_length(bytes) > 0) {
        ssize_t sent = gnutls_record_send(link->tls, buffer_content(bytes), buffer_length(bytes));
        if (sent <= 0)
            return false;
        buffer_take(bytes, (size_t)sent);
    }
    return send_plain(link->server, bytes);
}

static bool shake_hands(struct link *link)
{
    gnutls_session_t tls;
    if (gnutls_init(&tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) < 0)
        return false;
    gnutls_set_default_priority(tls);
    gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, link->relay->options.credentials);
    gnutls_session_set_verify_cert(tls, NULL, 0);
    gnutls_transport_set_int(tls, link->server);
    int outcome;
    do
        outcome = gnutls_handshake(tls);
    while (outcome < 0 && !gnutls_error_is_fatal(outcome));
    if (outcome < 0) {
        error_set(&link->session.error, ODBCSSL_ERROR_HANDSHAKE, "%s", gnutls_strerror(outcome));
        gnutls_deinit(tls);
        return false;
    }
    link->tls = tls;
    return true;
}

/* Acts on a verdict; false: the session is over. */
static bool obey(struct link *link, enum proto_verdict verdict)
{
    if (verdict != PROTO_CONTINUE)
        link->relay->result.verdict = verdict;
    bool is_over =
        verdict != PROTO_CONTINUE && verdict != PROTO_START_TLS && verdict != PROTO_LOGGED_IN;
    if (is_over || !send_server(link))
        return false;
    if (verdict != PROTO_START_TLS)
        return send_plain(link->driver, &link->session.to_driver);
    return send_plain(link->driver, &link->session.to_driver) && shake_hands(link) &&
           obey(link, proto_mysql.tls_started(&link->session));
}

static bool move(struct buffer *from, struct buffer *to)
{
    bool is_moved = buffer_append(to, buffer_content(from), buffer_length(from));
    buffer_clear(from);
    return is_moved;
}

static bool take_from_driver(struct link *link)
{
    struct proto_session *session = &link->session;
    ssize_t got = recv(link->driver, buffer_reserve(&link->from_driver, PIECE_SIZE), PIECE_SIZE, 0);
    if (got <= 0)
        return false;
    buffer_added(&link->from_driver, (size_t)got);
    if (session->is_driver_opaque)
        return move(&link->from_driver, &session->to_server) && send_server(link);
    return obey(link, proto_mysql.from_driver(session, &link->from_driver));
}

static bool take_from_server(struct link *link)
{
    struct proto_session *session = &link->session;
    unsigned char *room = buffer_reserve(&link->from_server, PIECE_SIZE);
    ssize_t got = link->tls != NULL ? gnutls_record_recv(link->tls, room, PIECE_SIZE)
                                    : recv(link->server, room, PIECE_SIZE, 0);
    if (link->tls != NULL && got < 0 && !gnutls_error_is_fatal((int)got))
        return true;
    if (got <= 0)
        return false;
    buffer_added(&link->from_server, (size_t)got);
    if (!session->is_server_opaque &&
        !obey(link, proto_mysql.from_server(session, &link->from_server)))
        return false;
    if (session->is_server_opaque && !move(&link->from_server, &session->to_driver))
        return false;
    return send_plain(link->driver, &session->to_driver);
}

static void pump(struct link *link)
{
    struct pollfd polled[2] = {{link->driver, POLLIN, 0}, {link->server, POLLIN, 0}};
    bool is_alive = true;
    while (is_alive) {
        bool is_pending = link->tls != NULL && gnutls_record_check_pending(link->tls) > 0;
        if (poll(polled, 2, is_pending ? 0 : -1) < 0 && errno != EINTR)
            return;
        if (is_pending || polled[1].revents != 0)
            is_alive = take_from_server(link);
        else if (polled[0].revents != 0)
            is_alive = take_from_driver(link);
    }
}

static int dial(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static void close_link(struct link *link)
{
    struct proto_session *session = &link->session;
    bool is_good = link->relay->result.verdict == PROTO_LOGGED_IN || session->is_server_opaque;
    if (!is_good)
        proto_mysql.fail(session, "the session failed");
    send_plain(link->driver, &session->to_driver);
    if (link->tls != NULL)
        gnutls_deinit(link->tls);
    link->relay->result.is_credentials_asked = session->is_credentials_asked;
    error_copy(&link->relay->result.error, &session->error);
    close(link->driver);
    close(link->server);
    proto_mysql.close(session);
    buffer_free(&session->to_driver);
    buffer_free(&session->to_server);
    buffer_free(&link->from_driver);
    buffer_free(&link->from_server);
}

static void *run(void *argument)
{
    struct mysql_relay *relay = argument;
    struct link link = {.relay = relay,
                        .session = {.proto = &proto_mysql, .plan = relay->options.plan}};
    link.driver = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);
    if (link.driver < 0)
        return NULL; /* nobody came */
    link.server = dial(relay->options.server_port);
    if (link.server >= 0 && proto_mysql.open(&link.session) &&
        obey(&link, proto_mysql.start(&link.session)))
        pump(&link);
    close_link(&link);
    return NULL;
}

static bool listen_on(struct mysql_relay *relay)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", relay->socket);
    relay->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return relay->listener >= 0 &&
           bind(relay->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(relay->listener, 1) == 0;
}

static void free_relay(struct mysql_relay **relay)
{
    if ((*relay)->listener >= 0)
        close((*relay)->listener);
    pki_temp_dir_remove(&(*relay)->folder);
    free((*relay)->socket);
    free(*relay);
    *relay = NULL;
}

struct mysql_relay *mysql_relay_start(const struct mysql_relay_options *options)
{
    struct mysql_relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL)
        return NULL;
    relay->options = *options;
    relay->listener = -1;
    relay->folder = pki_temp_dir();
    relay->socket = relay->folder != NULL ? pki_path(relay->folder, "socket") : NULL;
    if (relay->socket == NULL || !listen_on(relay) ||
        pthread_create(&relay->thread, NULL, run, relay) != 0)
        free_relay(&relay);
    return relay;
}

const char *mysql_relay_socket(const struct mysql_relay *relay)
{
    return relay->socket;
}

void mysql_relay_finish(struct mysql_relay **relay, struct mysql_relay_result *result_out)
{
    /* Wakes a thread that nobody connected to. */
    shutdown((*relay)->listener, SHUT_RDWR);
    pthread_join((*relay)->thread, NULL);
    *result_out = (*relay)->result;
    free_relay(relay);
}
