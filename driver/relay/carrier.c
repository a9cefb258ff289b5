/*
 * carrier.c - the one loop of a session's thread: poll, feed the engine, send what it has. It
 * decides nothing about TLS or the login.
 */
#include "relay/carrier.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/network.h"

/* How long the end of a relay waits for the network to take what the real driver sent last. */
#define STOP_MILLISECONDS 500

/* How long a real driver may read nothing before the rest of a broken session is given up; and how
 * often it is looked at, as nothing tells. */
#define ARRIVAL_MILLISECONDS (10 * 60 * 1000)
#define ARRIVAL_LOOK_MILLISECONDS 100

enum polled_descriptor { POLLED_DRIVER, POLLED_SERVER, POLLED_WAKE, POLLED_COUNT };

bool carrier_init(struct carrier *carrier)
{
    carrier->driver = carrier->server = -1;
    return pthread_mutex_init(&carrier->mutex, NULL) == 0;
}

void carrier_destroy(struct carrier *carrier)
{
    pthread_mutex_destroy(&carrier->mutex);
}

/* --- the real driver's socket --- */

static bool is_internet(int driver)
{
    int family = AF_UNSPEC;
    socklen_t length = sizeof family;
    return getsockopt(driver, SOL_SOCKET, SO_DOMAIN, &family, &length) == 0 && family == AF_INET;
}

/* true: something came. */
static bool receive_from_driver(struct session *session, int driver)
{
    size_t size;
    unsigned char *room = session_driver_room(session, &size);
    if (room == NULL)
        return false;
    ssize_t got = recv(driver, room, size, MSG_DONTWAIT);
    if (got > 0)
        session_driver_received(session, (size_t)got);
    else if (got == 0)
        session_driver_ended(session);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        session_driver_gone(session);
    return got > 0;
}

/* true: something went, so there may be more to go. */
static bool send_to_driver(struct session *session, int driver)
{
    const unsigned char *bytes;
    bool is_moved = false;
    size_t size;
    while ((bytes = session_driver_bytes(session, &size)) != NULL && size > 0) {
        ssize_t sent = send(driver, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            session_driver_gone(session);
        if (sent < 0)
            break;
        session_driver_sent(session, (size_t)sent);
        is_moved = true;
    }
    return is_moved;
}

/* --- the loop --- */

/* All that can be done without waiting. */
static struct session_wants advance(struct carrier *carrier)
{
    struct session *session = carrier->session;
    struct session_wants wants;
    bool is_moved;
    do {
        wants = session_step(session, clock_monotonic());
        is_moved = carrier->server >= 0 && network_flush(session, carrier->server);
        is_moved = send_to_driver(session, carrier->driver) || is_moved;
    } while (is_moved && !wants.is_over);
    return wants;
}

/* A descriptor without wanted events is left out: poll() would report its hang-up again and again.
 */
static void fill(struct pollfd *polled, int descriptor, short events)
{
    *polled = (struct pollfd){.fd = events != 0 ? descriptor : -1, .events = events};
}

/* The number of ready descriptors; 0: the time is over, or a signal came. */
static int wait_for_events(struct carrier *carrier, const struct session_wants *wants,
                           struct pollfd *polled)
{
    fill(&polled[POLLED_DRIVER], carrier->driver,
         (short)((wants->driver_read ? POLLIN : 0) | (wants->driver_write ? POLLOUT : 0)));
    fill(&polled[POLLED_SERVER], carrier->server, network_events(wants));
    fill(&polled[POLLED_WAKE], carrier->wake, POLLIN);
    int count = poll(polled, POLLED_COUNT, wants->deadline != 0 ? clock_left(wants->deadline) : -1);
    if (count <= 0)
        memset(polled, 0, POLLED_COUNT * sizeof *polled);
    return count < 0 && errno == EINTR ? 0 : count;
}

/* The real driver has just sent its farewell, or the process ends: the server still gets what was
 * sent, and a clean end. */
static void stop(struct carrier *carrier)
{
    struct session *session = carrier->session;
    struct pollfd polled = {.fd = carrier->server, .events = POLLOUT};
    int64_t deadline = clock_monotonic() + STOP_MILLISECONDS;
    size_t unsent = 0;
    if (session_phase(session) != SESSION_CARRYING || carrier->server < 0)
        return;
    while (session_phase(session) == SESSION_CARRYING &&
           receive_from_driver(session, carrier->driver)) {
        session_step(session, clock_monotonic());
        network_flush(session, carrier->server);
    }
    session_stop(session);
    network_flush(session, carrier->server);
    while (session_server_bytes(session, &unsent) != NULL && unsent > 0 &&
           poll(&polled, 1, clock_left(deadline)) > 0)
        network_flush(session, carrier->server);
}

/* What it still sends is taken, so that it goes on to read. false: it has gone, or the relay is to
 * stop. */
static bool wait_for_reader(const struct carrier *carrier, short *events, int milliseconds)
{
    char ignored[4096];
    struct pollfd polled[] = {{.fd = carrier->driver, .events = *events},
                              {.fd = carrier->wake, .events = POLLIN}};
    if (poll(polled, 2, milliseconds) < 0)
        return errno == EINTR;
    if (polled[1].revents != 0 || (polled[0].revents & ~POLLIN) != 0)
        return false;
    if (polled[0].revents != 0 && recv(carrier->driver, ignored, sizeof ignored, MSG_DONTWAIT) == 0)
        *events = 0; /* a half-close */
    return true;
}

/* Until all that was sent is at the real driver's end, as a reset takes back what is not. On a Unix
 * socket it is there once it is sent. */
static void wait_for_arrival(const struct carrier *carrier)
{
    int64_t deadline = clock_monotonic() + ARRIVAL_MILLISECONDS;
    int unread = 0, before = 0, pause = 1;
    short events = POLLIN;
    if (!is_internet(carrier->driver))
        return;
    while (ioctl(carrier->driver, SIOCOUTQ, &unread) == 0 && unread > 0 &&
           clock_left(deadline) > 0 && wait_for_reader(carrier, &events, pause)) {
        if (unread != before)
            deadline = clock_monotonic() + ARRIVAL_MILLISECONDS;
        before = unread;
        pause = pause < ARRIVAL_LOOK_MILLISECONDS ? 2 * pause : pause;
    }
}

/* The number is forgotten before it is free for others: a child that is forked now must not close a
 * stranger's descriptor. */
static void close_server(struct carrier *carrier)
{
    pthread_mutex_lock(&carrier->mutex);
    int server = carrier->server;
    carrier->server = -1;
    pthread_mutex_unlock(&carrier->mutex);
    if (server >= 0)
        close(server);
}

/* true: the end may not be taken for a whole one. */
static bool carry(struct carrier *carrier)
{
    struct session *session = carrier->session;
    struct pollfd polled[POLLED_COUNT];
    struct error error = {0};
    bool is_shut = false;
    for (;;) {
        struct session_wants wants = advance(carrier);
        if (wants.is_over)
            break;
        if (session_down(session) == SESSION_STREAM_ENDED && !wants.driver_write && !is_shut) {
            is_shut = true;
            if (shutdown(carrier->driver, SHUT_WR) != 0) {
                session_driver_gone(session);
                continue;
            }
        }
        int count = wait_for_events(carrier, &wants, polled);
        if (count < 0) {
            error_set_system(&error, ODBCSSL_ERROR_SYSTEM, errno, "poll failed");
            session_refuse(session, &error);
            return false;
        }
        if (polled[POLLED_WAKE].revents != 0) {
            stop(carrier);
            return false;
        }
        if (polled[POLLED_SERVER].revents & ~POLLOUT)
            network_receive(session, carrier->server);
        if (polled[POLLED_DRIVER].revents & ~POLLOUT)
            receive_from_driver(session, carrier->driver);
        if (count > 0)
            session_turned(session);
    }
    bool is_broken = session_down(session) == SESSION_STREAM_BROKEN;
    if (is_broken) {
        /* However long that takes: the next login is the main session, and the server is left. */
        session_record_vacate(carrier->record, session);
        close_server(carrier);
        wait_for_arrival(carrier);
    }
    return is_broken;
}

/* A forked child may hold a copy: then closing alone says nothing to the real driver. What it has
 * not read yet stays readable, but behind a reset does not look like a whole one. */
static void close_driver(int driver, bool is_broken)
{
    const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (is_broken && is_internet(driver)) {
        setsockopt(driver, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
        (void)connect(driver, &nowhere, sizeof nowhere);
    } else {
        shutdown(driver, SHUT_RDWR);
    }
    close(driver);
}

static void finish(struct carrier *carrier, bool is_broken)
{
    pthread_mutex_lock(&carrier->mutex);
    int driver = carrier->driver;
    carrier->driver = -1;
    session_free(&carrier->session);
    pthread_mutex_unlock(&carrier->mutex);
    close_server(carrier);
    close_driver(driver, is_broken);
}

static void run(void *argument)
{
    struct carrier *carrier = argument;
    int server = network_connect(carrier->session, carrier->wake, carrier->driver);
    pthread_mutex_lock(&carrier->mutex);
    carrier->server = server;
    pthread_mutex_unlock(&carrier->mutex);
    finish(carrier, carry(carrier));
}

/* --- from the accepting thread --- */

static void send_refusal(struct session *session, int driver, const struct error *error)
{
    session_refuse(session, error);
    send_to_driver(session, driver);
}

bool carrier_start(struct carrier *carrier, struct session_record *record, int driver, int wake,
                   struct error *error)
{
    struct session *session = session_open(record, clock_monotonic(), error);
    if (session == NULL) {
        close(driver);
        return false;
    }
    pthread_mutex_lock(&carrier->mutex);
    carrier->session = session;
    carrier->driver = driver;
    pthread_mutex_unlock(&carrier->mutex);
    carrier->wake = wake;
    carrier->record = record;
    if (thread_start(&carrier->thread, run, carrier, 1, error))
        return true;
    send_refusal(carrier->session, driver, error);
    finish(carrier, false);
    return false;
}

void carrier_refuse(struct session_record *record, int driver, const struct error *error)
{
    struct session *session = session_open(record, clock_monotonic(), NULL);
    if (session != NULL)
        send_refusal(session, driver, error);
    session_free(&session);
    close(driver);
}

void carrier_vacate(struct carrier *carrier, struct session_record *record)
{
    pthread_mutex_lock(&carrier->mutex);
    struct pollfd polled = {.fd = carrier->driver, .events = POLLRDHUP};
    if (carrier->session != NULL && poll(&polled, 1, 0) > 0)
        session_record_vacate(record, carrier->session);
    pthread_mutex_unlock(&carrier->mutex);
}

void carrier_close_forked(struct carrier *carrier)
{
    if (carrier->driver >= 0)
        close(carrier->driver);
    if (carrier->server >= 0)
        close(carrier->server);
}
