#include "relay/state.h"

#include <poll.h>
#include <stdio.h>

bool state_init(struct relay_state *state)
{
    state->main_driver = -1;
    return pthread_mutex_init(&state->mutex, NULL) == 0;
}

void state_destroy(struct relay_state *state)
{
    pthread_mutex_destroy(&state->mutex);
}

static bool has_hung_up(int descriptor)
{
    struct pollfd polled = {.fd = descriptor, .events = POLLRDHUP};
    return poll(&polled, 1, 0) > 0;
}

static void vacate(struct relay_state *state)
{
    state->main = NULL;
    state->main_driver = -1;
    state->is_alive = false;
}

bool state_claim(struct relay_state *state, const void *session, int driver)
{
    pthread_mutex_lock(&state->mutex);
    if (state->main != NULL && state->main != session && has_hung_up(state->main_driver))
        vacate(state);
    bool is_ours = state->main == NULL || state->main == session;
    if (is_ours) {
        state->main = session;
        state->main_driver = driver;
    }
    pthread_mutex_unlock(&state->mutex);
    return is_ours;
}

void state_release(struct relay_state *state, const void *session)
{
    pthread_mutex_lock(&state->mutex);
    if (state->main == session)
        vacate(state);
    pthread_mutex_unlock(&state->mutex);
}

void state_set_doing(struct relay_state *state, const void *session, const char *doing)
{
    pthread_mutex_lock(&state->mutex);
    if (state->main == session)
        snprintf(state->doing, sizeof state->doing, "%s", doing);
    pthread_mutex_unlock(&state->mutex);
}

void state_set_address(struct relay_state *state, const void *session, size_t address)
{
    pthread_mutex_lock(&state->mutex);
    if (state->main == session) {
        state->address = address;
        state->has_address = true;
    }
    pthread_mutex_unlock(&state->mutex);
}

void state_set_report(struct relay_state *state, const void *session,
                      const struct tls_report *report, const struct error_list *warnings)
{
    pthread_mutex_lock(&state->mutex);
    if (state->main == session) {
        state->report = *report;
        state->warnings = *warnings;
    }
    pthread_mutex_unlock(&state->mutex);
}

/* A real driver that tries again after a failure fails for the same reason or for a consequence of
 * it: the first one is told. */
void state_set_outcome(struct relay_state *state, const void *session, enum relay_outcome outcome,
                       const struct error *error)
{
    pthread_mutex_lock(&state->mutex);
    bool is_repeated = outcome == RELAY_FAILED && state->outcome == RELAY_FAILED;
    if (state->main == session && !is_repeated) {
        state->outcome = outcome;
        error_clear(&state->error);
        error_copy(&state->error, error);
    }
    pthread_mutex_unlock(&state->mutex);
}

void state_set_logged_in(struct relay_state *state, const void *session)
{
    pthread_mutex_lock(&state->mutex);
    if (state->main == session) {
        state->outcome = RELAY_CARRIED;
        error_clear(&state->error);
        error_clear(&state->end);
        state->is_alive = true;
        state->logins++;
    }
    pthread_mutex_unlock(&state->mutex);
}

void state_set_ended(struct relay_state *state, const void *session, const struct error *error)
{
    pthread_mutex_lock(&state->mutex);
    if (state->main == session && state->is_alive) {
        state->is_alive = false;
        if (error != NULL)
            error_copy(&state->end, error);
    }
    pthread_mutex_unlock(&state->mutex);
}

bool state_get_address(struct relay_state *state, size_t *address_out)
{
    pthread_mutex_lock(&state->mutex);
    bool has_address = state->has_address;
    *address_out = state->address;
    pthread_mutex_unlock(&state->mutex);
    return has_address;
}
