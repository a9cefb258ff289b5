#include "relay/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fork.h"
#include "relay/endpoint.h"
#include "relay/pump.h"
#include "relay/registry.h"
#include "relay/thread.h"

/* The one that the relay's thread serves itself, and sessions beside it. */
#define CARRIER_COUNT 9

#define JOIN_MILLISECONDS 5000
#define RETRY_MILLISECONDS 100 /* when no descriptor was free */

/* One connection of the real driver. */
struct carrier {
    struct relay *relay;
    struct thread thread; /* of a session beside the main one */
    bool is_used;         /* its thread is to be joined; by the relay's thread only */
    struct pump pump;
};

struct relay {
    struct registry_entry entry; /* first: the registry's part */
    struct relay_options options;
    struct endpoint endpoint;
    struct relay_state state;
    struct thread thread;
    unsigned generation; /* of the process that opened it */
    int wake;
    struct carrier carriers[CARRIER_COUNT];
};

/* --- one session --- */

static bool connect_server(struct carrier *carrier, size_t *index_out, struct error *error)
{
    struct relay *relay = carrier->relay;
    struct pump *pump = &carrier->pump;
    struct dial_target target = *relay->options.target;
    size_t offset = 0;
    char doing[STATE_DOING_SIZE];
    snprintf(doing, sizeof doing,
             "%s, port %u: the real driver gave up while waiting for the TCP connection",
             target.host, target.port);
    state_set_doing(&relay->state, carrier, doing);
    bool is_main = state_claim(&relay->state, carrier, pump->driver);
    /* To cancel, the very server has to be met that runs the query. */
    if (!is_main && state_get_address(&relay->state, &offset)) {
        target.addresses[0] = target.addresses[offset];
        target.count = 1;
    }
    struct dial_wait wait = {pump->deadline, relay->wake, is_main ? pump->driver : -1};
    pump->server.descriptor = dial_connect(&target, &wait, index_out, error);
    *index_out += offset;
    return pump->server.descriptor >= 0;
}

static void on_listener(void *context);

static void prepare(struct carrier *carrier, int driver)
{
    struct relay *relay = carrier->relay;
    carrier->pump = (struct pump){
        .options = &relay->options,
        .state = &relay->state,
        .session = carrier,
        .server = {.descriptor = -1, .proto = &carrier->pump.proto},
        .driver = driver,
        .wake = relay->wake,
        .listener = -1,
        .on_listener = on_listener,
        .context = relay,
        .deadline = clock_monotonic() + (int64_t)relay->options.timeout * 1000,
    };
}

static void carry(struct carrier *carrier)
{
    struct relay *relay = carrier->relay;
    struct pump *pump = &carrier->pump;
    const struct dial_target *target = relay->options.target;
    struct error error = {0};
    char server_name[DIAL_DESCRIPTION_SIZE];
    size_t address = 0;
    if (!proto_session_open(&pump->proto, relay->options.proto, relay->options.plan))
        error_set_memory(&error);
    pump->proto.is_login_only_allowed = relay->options.is_login_only_allowed;
    pump->proto.server_name = target->host;
    if (error_is_set(&error) || !connect_server(carrier, &address, &error)) {
        pump->server_name = target->host;
        pump_refuse(pump, &error);
    } else {
        state_set_address(&relay->state, carrier, address);
        pump->server_name = dial_describe(target, address, server_name, sizeof server_name);
        pump_run(pump);
    }
}

/* The main place is given back before the descriptor, whose number may be used again at once. */
static void finish(struct carrier *carrier)
{
    int driver = carrier->pump.driver;
    state_release(&carrier->relay->state, carrier);
    carrier->pump.driver = -1;
    close(driver);
    pump_free(&carrier->pump);
}

/* --- sessions beside the main one --- */

static void run_beside(void *argument)
{
    struct carrier *carrier = argument;
    carry(carrier);
    finish(carrier);
}

static void reap(struct relay *relay)
{
    for (size_t i = 1; i < CARRIER_COUNT; i++) {
        struct carrier *carrier = &relay->carriers[i];
        if (!carrier->is_used || !thread_is_finished(&carrier->thread))
            continue;
        thread_join(&carrier->thread, 0);
        carrier->is_used = false;
    }
}

static void join_all(struct relay *relay)
{
    for (size_t i = 1; i < CARRIER_COUNT; i++)
        if (relay->carriers[i].is_used)
            thread_join(&relay->carriers[i].thread, INT64_MAX / 2);
}

static struct carrier *find_free(struct relay *relay)
{
    reap(relay);
    for (size_t i = 1; i < CARRIER_COUNT; i++)
        if (!relay->carriers[i].is_used)
            return &relay->carriers[i];
    return NULL;
}

static void serve_beside(struct relay *relay, int driver)
{
    struct error error = {0};
    struct carrier *carrier = find_free(relay);
    if (carrier == NULL) {
        log_write(relay->options.log, "more than %d sessions at a time: one was refused",
                  CARRIER_COUNT);
        close(driver);
        return;
    }
    prepare(carrier, driver);
    state_claim(&relay->state, carrier, driver);
    carrier->is_used = thread_start(&carrier->thread, run_beside, carrier, &error);
    if (carrier->is_used)
        return;
    log_write(relay->options.log, "%s", error.text);
    state_set_outcome(&relay->state, carrier, RELAY_FAILED, &error);
    finish(carrier);
}

static void on_listener(void *context)
{
    struct relay *relay = context;
    struct error error = {0};
    int driver = -1;
    switch (endpoint_accept(&relay->endpoint, relay->options.log, &driver, &error)) {
    case ENDPOINT_ACCEPTED:
        serve_beside(relay, driver);
        break;
    case ENDPOINT_NOTHING:
        break;
    case ENDPOINT_FAILED:
        log_write(relay->options.log, "%s", error.text);
        relay->carriers[0].pump.is_listener_paused = true;
        break;
    }
}

/* --- the relay's thread --- */

static void serve(struct relay *relay, int driver)
{
    struct carrier *carrier = &relay->carriers[0];
    if (!state_claim(&relay->state, carrier, driver)) {
        serve_beside(relay, driver);
        return;
    }
    prepare(carrier, driver);
    carrier->pump.listener = relay->endpoint.listener;
    carry(carrier);
    finish(carrier);
}

/* false: the relay is to stop. */
static bool wait_for_driver(struct relay *relay, bool is_paused)
{
    struct pollfd polled[] = {{.fd = is_paused ? -1 : relay->endpoint.listener, .events = POLLIN},
                              {.fd = relay->wake, .events = POLLIN}};
    poll(polled, 2, is_paused ? RETRY_MILLISECONDS : -1);
    return polled[1].revents == 0;
}

static void run(void *argument)
{
    struct relay *relay = argument;
    bool is_paused = false;
    while (wait_for_driver(relay, is_paused)) {
        struct error error = {0};
        int driver = -1;
        enum endpoint_outcome outcome =
            endpoint_accept(&relay->endpoint, relay->options.log, &driver, &error);
        is_paused = outcome == ENDPOINT_FAILED;
        if (outcome == ENDPOINT_ACCEPTED)
            serve(relay, driver);
        else if (outcome == ENDPOINT_FAILED)
            state_set_outcome(&relay->state, NULL, RELAY_FAILED, &error);
    }
    join_all(relay);
}

/* --- from other threads --- */

static bool is_forked(const struct relay *relay)
{
    return fork_is_inherited(relay->generation);
}

static void set_forked(struct error *error)
{
    error_set(error, ODBCSSL_ERROR_FORKED,
              "the connection belongs to the process that forked this one (process %ld); this one "
              "has to connect for itself",
              (long)getppid());
}

/* Frees what the thread does not need any more; it has ended, or was never started. */
static void destroy(struct relay *relay)
{
    endpoint_close(&relay->endpoint);
    if (relay->wake >= 0)
        close(relay->wake);
    state_destroy(&relay->state);
    free(relay);
}

static void stop(struct registry_entry *entry)
{
    struct relay *relay = (struct relay *)entry;
    uint64_t one = 1;
    /* Fails only when the counter is full, and then the thread is awake. */
    ssize_t written = write(relay->wake, &one, sizeof one);
    (void)written;
}

static bool join(struct registry_entry *entry, int64_t deadline)
{
    struct relay *relay = (struct relay *)entry;
    return thread_join(&relay->thread, deadline);
}

static struct relay *allocate(const struct relay_options *options, struct error *error)
{
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL || !state_init(&relay->state)) {
        free(relay);
        error_set_memory(error);
        return NULL;
    }
    relay->entry = (struct registry_entry){.stop = stop, .join = join};
    relay->options = *options;
    relay->generation = fork_generation();
    relay->endpoint.listener = -1;
    relay->wake = -1;
    for (size_t i = 0; i < CARRIER_COUNT; i++) {
        relay->carriers[i].relay = relay;
        relay->carriers[i].pump.driver = -1;
        relay->carriers[i].pump.server.descriptor = -1;
    }
    return relay;
}

static bool start(struct relay *relay, struct error *error)
{
    relay->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (relay->wake < 0) {
        error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno, "the relay cannot be started");
        return false;
    }
    return endpoint_open(relay->options.endpoint, relay->options.wanted_port, &relay->endpoint,
                         error) &&
           registry_start(&relay->entry, &relay->thread, run, relay, error);
}

struct relay *relay_open(const struct relay_options *options, struct error *error)
{
    struct relay *relay = allocate(options, error);
    if (relay == NULL)
        return NULL;
    if (start(relay, error))
        return relay;
    destroy(relay);
    return NULL;
}

/* The thread does not exist here, its locks may be taken for ever, and its memory may be half
 * written: the descriptors are closed, which says nothing to their other ends, and the memory
 * stays. */
static void close_forked(struct relay *relay)
{
    for (size_t i = 0; i < CARRIER_COUNT; i++) {
        if (relay->carriers[i].pump.driver >= 0)
            close(relay->carriers[i].pump.driver);
        if (relay->carriers[i].pump.server.descriptor >= 0)
            close(relay->carriers[i].pump.server.descriptor);
    }
    close(relay->wake);
    endpoint_close(&relay->endpoint);
}

void relay_close(struct relay **relay_address)
{
    struct relay *relay = *relay_address;
    *relay_address = NULL;
    if (relay == NULL)
        return;
    if (is_forked(relay))
        close_forked(relay);
    else if (registry_stop(&relay->entry, clock_monotonic() + JOIN_MILLISECONDS))
        destroy(relay);
    else
        log_write(relay->options.log, "the relay's thread did not end; it is left behind");
}

void relay_get_endpoint(const struct relay *relay, struct relay_endpoint *endpoint_out)
{
    *endpoint_out = relay->endpoint.where;
}

enum relay_outcome relay_get_outcome(struct relay *relay, struct tls_report *report_out,
                                     struct error_list *warnings_out, struct error *error_out)
{
    struct relay_state *state = &relay->state;
    if (is_forked(relay)) {
        set_forked(error_out);
        return RELAY_FAILED;
    }
    pthread_mutex_lock(&state->mutex);
    enum relay_outcome outcome = state->outcome;
    if (report_out != NULL)
        *report_out = state->report;
    if (warnings_out != NULL)
        *warnings_out = state->warnings;
    if (outcome == RELAY_WAITING && state->doing[0] != '\0')
        error_set(error_out, ODBCSSL_ERROR_TIMEOUT, "%s", state->doing);
    else
        error_copy(error_out, &state->error);
    pthread_mutex_unlock(&state->mutex);
    return outcome;
}

bool relay_is_alive(struct relay *relay, struct error *error_out)
{
    struct relay_state *state = &relay->state;
    if (is_forked(relay)) {
        set_forked(error_out);
        return false;
    }
    pthread_mutex_lock(&state->mutex);
    bool is_alive = state->is_alive;
    if (!is_alive)
        error_copy(error_out, &state->end);
    pthread_mutex_unlock(&state->mutex);
    return is_alive;
}

unsigned relay_session_number(struct relay *relay)
{
    struct relay_state *state = &relay->state;
    if (is_forked(relay))
        return 0;
    pthread_mutex_lock(&state->mutex);
    unsigned number = state->is_alive ? state->logins : 0;
    pthread_mutex_unlock(&state->mutex);
    return number;
}
