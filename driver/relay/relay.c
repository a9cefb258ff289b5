/*
 * relay.c - the relay of a connection, opened by conn/ before the real driver connects: one thread
 * that accepts the real driver's connections and starts a carrier for each, and the end of them
 * all. A thread that does not end in time keeps what it uses.
 *
 * All relays of the process stand in a list, since they have to stop before its libraries are torn
 * down: GnuTLS's destructor frees what running handshakes use. An atexit handler runs before every
 * ELF destructor; after it no relay starts any more.
 */
#include "relay/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fork.h"
#include "base/limits.h"
#include "relay/carrier.h"
#include "relay/endpoint.h"
#include "relay/thread.h"

/* Sessions at a time. */
#define CARRIER_COUNT 9

#define JOIN_MILLISECONDS 5000 /* also of all relays together, when the process ends */
#define RETRY_MILLISECONDS 100 /* when no descriptor was free, or poll() failed */

/* What a connection takes: wake, spare, listener, and the two ends of the session; and a thread
 * that accepts, and one that carries. */
#define DESCRIPTOR_COUNT 5
#define THREAD_COUNT 2

struct relay {
    struct relay *next; /* in the list of running ones */
    bool is_joined;     /* at the end of the process */
    struct session_record *record;
    struct endpoint endpoint;
    struct thread thread; /* accepts */
    unsigned generation;  /* of the process that opened it */
    atomic_bool is_stopping;
    int wake;  /* written to when it is */
    int spare; /* a descriptor to take a connection with when there is no other */
    struct carrier carriers[CARRIER_COUNT];
};

static struct log *log_of(const struct relay *relay)
{
    return session_record_options(relay->record)->log;
}

/* --- the accepting thread --- */

static void serve(struct relay *relay, int driver)
{
    struct carrier *carrier = NULL;
    struct error error = {0};
    for (size_t i = 0; i < CARRIER_COUNT && carrier == NULL; i++) {
        struct carrier *next = &relay->carriers[i];
        if (next->is_used && thread_join(&next->thread, 0))
            next->is_used = false;
        if (!next->is_used)
            carrier = next;
    }
    if (carrier == NULL) {
        log_write(log_of(relay), "more than %d sessions at a time: one was refused", CARRIER_COUNT);
        close(driver);
        return;
    }
    relay_look(relay);
    carrier->is_used = carrier_start(carrier, relay->record, driver, relay->wake, &error);
    if (!carrier->is_used)
        log_write(log_of(relay), "%s", error.text);
}

/* No descriptor was free. The real driver would wait for ever: it is accepted with the one that is
 * kept for this, and refused. false: another thread was faster, or the spare one is gone. */
static bool refuse(struct relay *relay, const struct error *error)
{
    struct error ignored = {0};
    int driver = -1;
    log_write(log_of(relay), "%s", error->text);
    session_record_fail(relay->record, error);
    if (relay->spare < 0)
        return false;
    int spare = relay->spare;
    relay->spare = -1; /* first: a child forked now must not close a stranger */
    close(spare);
    enum endpoint_outcome outcome =
        endpoint_accept(&relay->endpoint, log_of(relay), &driver, &ignored);
    if (outcome == ENDPOINT_ACCEPTED)
        carrier_refuse(relay->record, driver, error);
    relay->spare = fcntl(relay->wake, F_DUPFD_CLOEXEC, 0);
    return outcome != ENDPOINT_FAILED;
}

/* How long to rest before the next connection is looked at: strangers get at most half of a
 * processor, and where no descriptor is free it is tried again now and then. */
static int take_connection(struct relay *relay)
{
    struct error error = {0};
    int driver = -1;
    int64_t begin = clock_monotonic();
    for (;;) {
        switch (endpoint_accept(&relay->endpoint, log_of(relay), &driver, &error)) {
        case ENDPOINT_ACCEPTED:
            serve(relay, driver);
            return 0;
        case ENDPOINT_NOTHING:
            return 0;
        case ENDPOINT_FAILED:
            return refuse(relay, &error) ? 0 : RETRY_MILLISECONDS;
        case ENDPOINT_STRANGER:
            if (clock_monotonic() > begin)
                return (int)(clock_monotonic() - begin);
            break;
        }
    }
}

/* Waits for a connection, after a rest. false: the relay is to stop. */
static bool wait_for_driver(struct relay *relay, int rest)
{
    struct pollfd polled[] = {{.fd = relay->wake, .events = POLLIN},
                              {.fd = relay->endpoint.listener, .events = POLLIN}};
    if (rest > 0 && poll(polled, 1, rest) > 0)
        return false;
    if (poll(polled, 2, -1) < 0 && errno != EINTR)
        nanosleep(&(struct timespec){.tv_nsec = RETRY_MILLISECONDS * 1000000}, NULL);
    return !atomic_load(&relay->is_stopping);
}

/* A listener that nobody can be taken from is closed after a while: whoever waits there is reset.
 */
static void run(void *argument)
{
    struct relay *relay = argument;
    int rest = 0;
    int64_t spent = 0;
    int64_t limit = (int64_t)session_record_options(relay->record)->timeout * 1000;
    while (wait_for_driver(relay, rest)) {
        rest = take_connection(relay);
        spent = rest == RETRY_MILLISECONDS ? spent + rest : 0;
        if (spent >= limit) {
            endpoint_close(&relay->endpoint);
            spent = 0;
        }
    }
    for (size_t i = 0; i < CARRIER_COUNT; i++)
        if (relay->carriers[i].is_used)
            thread_join(&relay->carriers[i].thread, INT64_MAX / 2);
}

/* No thread of it runs any more, or ever did. */
static void destroy(void *argument)
{
    struct relay *relay = argument;
    endpoint_close(&relay->endpoint);
    if (relay->wake >= 0)
        close(relay->wake);
    if (relay->spare >= 0)
        close(relay->spare);
    for (size_t i = 0; i < CARRIER_COUNT; i++)
        carrier_destroy(&relay->carriers[i]);
    session_record_release(&relay->record);
    free(relay);
}

/* Asks its threads to end. */
static void stop(struct relay *relay)
{
    uint64_t one = 1;
    atomic_store(&relay->is_stopping, true);
    /* Fails only when the counter is full, and then the threads are awake. */
    ssize_t written = write(relay->wake, &one, sizeof one);
    (void)written;
}

/* --- all relays of the process --- */

static struct relay *running;
static bool is_process_ending;

FORK_GUARDED_LOCK(running)

static void lock_own(void)
{
    running_lock();
    /* A forked child has none of its parent's threads. */
    if (running != NULL && fork_is_inherited(running->generation))
        running = NULL;
}

static void stop_running(void)
{
    int64_t deadline = clock_monotonic() + JOIN_MILLISECONDS;
    lock_own();
    is_process_ending = true;
    for (struct relay *relay = running; relay != NULL; relay = relay->next)
        stop(relay);
    for (struct relay *relay = running; relay != NULL; relay = relay->next)
        relay->is_joined = thread_join(&relay->thread, deadline);
    /* The socket of MariaDB's driver is a file, which must not outlive the process. */
    for (struct relay *relay = running; relay != NULL; relay = relay->next)
        endpoint_remove_files(&relay->endpoint);
    running_unlock();
}

/* Starts the accepting thread and lists the relay. */
static bool begin_running(struct relay *relay, struct error *error)
{
    static bool is_registered;
    lock_own();
    is_registered = is_registered || atexit(stop_running) == 0;
    bool is_started = is_process_ending
                          ? error_set(error, ODBCSSL_ERROR_SYSTEM,
                                      "the process is ending: nothing can connect any more")
                          : thread_start(&relay->thread, run, relay, THREAD_COUNT, error);
    if (is_started) {
        relay->next = running;
        running = relay;
    }
    running_unlock();
    return is_started;
}

/* Stops and joins the threads, unless the end of the process did so already. false: they have not
 * ended. */
static bool end_running(struct relay *relay)
{
    lock_own();
    struct relay **place = &running;
    while (*place != NULL && *place != relay)
        place = &(*place)->next;
    if (*place != NULL)
        *place = relay->next;
    bool is_joined = relay->is_joined;
    running_unlock();
    if (is_joined)
        return true;
    stop(relay);
    return thread_join(&relay->thread, clock_monotonic() + JOIN_MILLISECONDS);
}

/* --- from the thread of the connection --- */

static bool start(struct relay *relay, enum endpoint_kind kind, struct error *error)
{
    uint16_t port = session_record_options(relay->record)->target->port;
    relay->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    relay->spare = relay->wake >= 0 ? fcntl(relay->wake, F_DUPFD_CLOEXEC, 0) : -1;
    if (relay->spare < 0) {
        limits_set_descriptors(error, ODBCSSL_ERROR_SYSTEM, errno, DESCRIPTOR_COUNT,
                               "the relay cannot be started");
        return false;
    }
    return endpoint_open(kind, port, &relay->endpoint, error) && begin_running(relay, error);
}

struct relay *relay_open(const struct session_options *options, enum endpoint_kind kind,
                         struct error *error)
{
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        error_set_memory(error);
        return NULL;
    }
    relay->generation = fork_generation();
    relay->endpoint.listener = relay->wake = relay->spare = -1;
    relay->record = session_record_open(options);
    bool is_ready = relay->record != NULL;
    for (size_t i = 0; i < CARRIER_COUNT; i++)
        is_ready = carrier_init(&relay->carriers[i]) && is_ready;
    if (!is_ready)
        error_set_memory(error);
    else if (start(relay, kind, error))
        return relay;
    destroy(relay);
    return NULL;
}

void relay_close(struct relay **relay_address)
{
    struct relay *relay = *relay_address;
    *relay_address = NULL;
    if (relay == NULL)
        return;
    if (fork_is_inherited(relay->generation)) {
        /* The threads do not exist here, their locks may be taken for ever, and their memory may be
         * half written: the descriptors are closed, which says nothing to their other ends, and the
         * memory stays. */
        for (size_t i = 0; i < CARRIER_COUNT; i++)
            carrier_close_forked(&relay->carriers[i]);
        close(relay->wake);
        close(relay->spare);
        endpoint_close(&relay->endpoint);
    } else if (end_running(relay)) {
        destroy(relay);
    } else {
        log_write(log_of(relay), "a thread of the relay did not end; it is left behind");
        thread_abandon(&relay->thread, destroy);
    }
}

const struct sockaddr *relay_address(const struct relay *relay, socklen_t *length_out)
{
    *length_out = relay->endpoint.length;
    return (const struct sockaddr *)&relay->endpoint.address;
}

struct session_record *relay_record(const struct relay *relay)
{
    return relay->record;
}

void relay_look(struct relay *relay)
{
    for (size_t i = 0; i < CARRIER_COUNT; i++)
        carrier_vacate(&relay->carriers[i], relay->record);
}
