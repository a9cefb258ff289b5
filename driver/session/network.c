/* network.c - the socket below a session's engine: fills its input, sends its output. */
#include "session/network.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "session/session_internal.h"

int network_connect(struct session *session, int wake, int driver)
{
    /* A main session's real driver that hangs up makes waiting useless; one that cancels may have
     * gone already, and is carried all the same. */
    bool is_main = session_is_main(session);
    char limit[SESSION_TIMEOUT_TEXT_SIZE];
    const struct dial_wait wait = {.deadline = session->deadline,
                                   .limit =
                                       session_timeout_text(session->options, limit, sizeof limit),
                                   .wake = wake,
                                   .driver = is_main ? driver : -1};
    /* To cancel, the very server has to be met that runs the query. Which kind of session this is,
     * is not known yet, but a second one beside a main one is there to cancel. */
    size_t only = is_main ? RECORD_NO_ADDRESS : record_get_address(session->record), used = 0;
    struct dial_target target = *session->options->target;
    struct error error = {0};
    if (only != RECORD_NO_ADDRESS) {
        target.addresses[0] = target.addresses[only];
        target.count = 1;
    }
    int descriptor = dial_connect(&target, &wait, &used, &error);
    if (descriptor >= 0)
        session_start(session, only != RECORD_NO_ADDRESS ? only : used);
    else
        session_refuse(session, &error);
    return descriptor;
}

void network_receive(struct session *session, int descriptor)
{
    size_t size;
    unsigned char *room = session_server_room(session, &size);
    if (room == NULL)
        return;
    ssize_t got;
    do {
        got = recv(descriptor, room, size, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got > 0)
        session_server_received(session, (size_t)got);
    else if (got == 0)
        session_server_ended(session, 0);
    else if (errno != EAGAIN && errno != EWOULDBLOCK)
        session_server_ended(session, errno);
}

/* What the server said before it stopped to listen is its reason, and counts. */
static void receive_rest(struct session *session, int descriptor)
{
    size_t size;
    unsigned char *room;
    ssize_t got = 1;
    while (got > 0 && (room = session_server_room(session, &size)) != NULL) {
        got = recv(descriptor, room, size, MSG_DONTWAIT);
        if (got > 0)
            session_server_received(session, (size_t)got);
    }
}

bool network_flush(struct session *session, int descriptor)
{
    const unsigned char *bytes;
    size_t size;
    bool is_moved = false;
    while ((bytes = session_server_bytes(session, &size)) != NULL && size > 0) {
        ssize_t sent = send(descriptor, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            session_server_sent(session, (size_t)sent);
            is_moved = true;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return is_moved;
        } else if (errno != EINTR) {
            int reason = errno;
            receive_rest(session, descriptor);
            session_server_unwritable(session, reason);
            return is_moved;
        }
    }
    if (session_wants_shutdown(session)) {
        shutdown(descriptor, SHUT_WR);
        session_server_shut(session);
    }
    return is_moved;
}
