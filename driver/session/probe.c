/*
 * probe.c - drives a session alone, with the protocol's stand-in for a real driver, as far as
 * verified TLS.
 */
#include "session/probe.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "session/network.h"
#include "session/session_internal.h"

/* In TLS 1.3 the server judges the client's certificate when the handshake is over for us. How long
 * to wait for its refusal; a server that is content may say nothing. */
#define REFUSAL_MILLISECONDS 1000

/* Drives the session until it is where it goes to. Returns when TLS began; 0: it did not. */
static int64_t drive(struct session *session, int descriptor)
{
    int64_t begun = 0;
    for (;;) {
        struct session_wants wants = session_step(session, clock_monotonic());
        if (begun == 0 && session->has_begun_tls)
            begun = clock_monotonic();
        network_flush(session, descriptor);
        if (session->phase >= SESSION_CHECKED)
            return begun;
        struct pollfd polled = {.fd = descriptor, .events = network_events(&wants)};
        bool is_ready = poll(&polled, 1, clock_left(wants.deadline)) > 0;
        if (is_ready && polled.revents & ~POLLOUT)
            network_receive(session, descriptor);
        if (is_ready)
            session_turned(session);
    }
}

static void read_record(struct probe *probe)
{
    const struct session *session = probe->session;
    struct error error = {0};
    enum session_outcome outcome =
        session_record_outcome(session->record, &probe->report, &probe->warnings, &error);
    probe->has_no_tls = outcome == SESSION_NO_TLS;
    /* A protocol knows no names: which server it was is added here. */
    if (outcome == SESSION_LOST)
        error_copy(&probe->error, &error);
    else if (outcome != SESSION_WAITING)
        error_set(&probe->error, error.code, "%s: %s", session->server_name, error.text);
}

static void await_refusal(struct probe *probe, int descriptor)
{
    struct pollfd polled = {.fd = descriptor, .events = POLLIN};
    if (probe->report.version < TLS_VERSION_1_3 || !tls_session_is_certificate_asked(probe->tls) ||
        poll(&polled, 1, REFUSAL_MILLISECONDS) <= 0)
        return;
    network_receive(probe->session, descriptor);
    session_step(probe->session, clock_monotonic());
    read_record(probe);
}

static void run(struct probe *probe)
{
    struct session *session = probe->session;
    int64_t started = clock_monotonic(), begun = 0;
    int descriptor = network_connect(session, -1, -1);
    int64_t connected = clock_monotonic();
    if (descriptor >= 0)
        begun = drive(session, descriptor);
    int64_t ended = clock_monotonic();
    probe->milliseconds[PROBE_CONNECT] = connected - started;
    probe->milliseconds[PROBE_SWITCH] = (begun != 0 ? begun : ended) - connected;
    probe->milliseconds[PROBE_HANDSHAKE] = begun != 0 ? ended - begun : 0;
    read_record(probe);
    probe->tls = session->tls;
    probe->address = session->address;
    probe->coverage = session->proto.coverage;
    probe->step = session->has_begun_tls ? PROBE_HANDSHAKE
                  : descriptor >= 0      ? PROBE_SWITCH
                                         : PROBE_CONNECT;
    if (session->phase == SESSION_CHECKED && probe->tls != NULL)
        await_refusal(probe, descriptor);
    session_stop(session);
    if (descriptor >= 0) {
        network_flush(session, descriptor);
        close(descriptor);
    }
}

struct probe *probe_run(const struct session_options *options)
{
    struct session_options own = *options;
    struct probe *probe = calloc(1, sizeof *probe);
    own.goal = SESSION_GOAL_TLS;
    struct session_record *record = probe != NULL ? session_record_open(&own) : NULL;
    if (record != NULL)
        probe->session = session_open(record, clock_monotonic(), &probe->error);
    session_record_release(&record);
    if (probe == NULL || probe->session == NULL) {
        free(probe);
        return NULL;
    }
    run(probe);
    return probe;
}

void probe_free(struct probe **probe)
{
    if (*probe == NULL)
        return;
    session_free(&(*probe)->session);
    free(*probe);
    *probe = NULL;
}
