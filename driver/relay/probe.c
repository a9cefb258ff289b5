#include "relay/probe.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"

/* Unfinished messages of the server before TLS. */
#define MESSAGE_LIMIT ((size_t)64 * 1024)

/* In TLS 1.3 the server judges the client's certificate when the handshake is over for us. How long
 * to wait for its refusal; a server that is content may say nothing. */
#define REFUSAL_MILLISECONDS 1000

struct run {
    const struct relay_options *options;
    struct probe *probe;
    char server_name[DIAL_DESCRIPTION_SIZE];
    struct dial_wait wait;
    struct buffer from_driver; /* of the stand-in for it */
    struct buffer from_server;
};

/* Sends what is to be sent, and receives once. false with error: the time is over, or the server's
 * stream is. */
static bool exchange(struct run *run, const char *doing)
{
    struct probe *probe = run->probe;
    struct transport *server = &probe->server;
    struct error error = {0};
    char hint[TRANSPORT_HINT_SIZE];
    while (transport_unsent(server) > 0 && !server->is_write_dead) {
        transport_flush(server);
        if (transport_unsent(server) > 0 &&
            !dial_wait_for(server->descriptor, POLLOUT, &run->wait, doing, &probe->error))
            return false;
    }
    if (!dial_wait_for(server->descriptor, POLLIN, &run->wait, doing, &error)) {
        error_set(&probe->error, error.code, "%s%s", error.text,
                  transport_explain(server, hint, sizeof hint));
        return false;
    }
    transport_receive(server);
    if (server->has_ended)
        transport_describe_end(server, run->server_name, doing, &probe->error);
    return !server->has_ended;
}

/* A protocol knows no names: which server it was is added here. */
static void refuse(struct run *run)
{
    struct probe *probe = run->probe;
    const struct error *reason = &probe->proto.error;
    if (error_is_set(reason))
        error_set(&probe->error, reason->code, "%s: %s", run->server_name, reason->text);
    else
        error_set(&probe->error, ODBCSSL_ERROR_PROTOCOL, "%s does not speak %s", run->server_name,
                  probe->proto.proto->name);
}

/* What the protocol says to the server goes there, what it says to the real driver nowhere. */
static enum proto_verdict obey(struct run *run, enum proto_verdict verdict)
{
    struct probe *probe = run->probe;
    buffer_clear(&probe->proto.to_driver);
    if (verdict != PROTO_CONTINUE && verdict != PROTO_START_TLS) {
        probe->has_no_tls = verdict == PROTO_NO_TLS;
        refuse(run);
        return PROTO_REFUSE;
    }
    if (transport_write_negotiation(&probe->server, &probe->proto.to_server, &probe->error))
        return verdict;
    return PROTO_REFUSE;
}

static enum proto_verdict stand_in(struct run *run)
{
    struct proto_session *proto = &run->probe->proto;
    if (proto->proto->stand_in == NULL)
        return PROTO_CONTINUE;
    if (!proto->proto->stand_in(proto, &run->from_driver)) {
        error_set_memory(&run->probe->error);
        return PROTO_REFUSE;
    }
    if (buffer_length(&run->from_driver) == 0)
        return PROTO_CONTINUE;
    return obey(run, proto->proto->from_driver(proto, &run->from_driver));
}

static enum proto_verdict take_answer(struct run *run)
{
    struct probe *probe = run->probe;
    if (!exchange(run, "waiting for the switch to TLS") ||
        transport_read(&probe->server, &run->from_server, MESSAGE_LIMIT, &probe->error) ==
            TLS_PROGRESS_FAILED)
        return PROTO_REFUSE;
    enum proto_verdict verdict =
        obey(run, probe->proto.proto->from_server(&probe->proto, &run->from_server));
    if (verdict == PROTO_CONTINUE && buffer_length(&run->from_server) >= MESSAGE_LIMIT) {
        error_set(&probe->error, ODBCSSL_ERROR_PROTOCOL,
                  "%s sent a message of more than %zu bytes before TLS", run->server_name,
                  MESSAGE_LIMIT);
        return PROTO_REFUSE;
    }
    return verdict;
}

/* true: TLS begins. false: not, for an error or because the server leaves the attempt plaintext. */
static bool switch_to_tls(struct run *run)
{
    struct probe *probe = run->probe;
    probe->step = PROBE_SWITCH;
    enum proto_verdict verdict = obey(run, probe->proto.proto->start(&probe->proto));
    if (verdict == PROTO_CONTINUE)
        verdict = stand_in(run);
    while (verdict == PROTO_CONTINUE && probe->proto.coverage != PROTO_COVERAGE_NOTHING) {
        verdict = take_answer(run);
        if (verdict == PROTO_CONTINUE)
            verdict = stand_in(run);
    }
    return verdict == PROTO_START_TLS;
}

static bool shake_hands(struct run *run)
{
    static const char doing[] = "waiting for the TLS handshake";
    struct probe *probe = run->probe;
    probe->step = PROBE_HANDSHAKE;
    if (!transport_start_tls(&probe->server, run->options, &run->from_server, &probe->error))
        return false;
    for (;;) {
        enum tls_progress progress = transport_handshake(&probe->server, &probe->error);
        transport_flush(&probe->server); /* an alert, when it failed */
        if (progress == TLS_PROGRESS_DONE)
            return true;
        if (progress != TLS_PROGRESS_WANT_READ || !exchange(run, doing))
            return false;
    }
}

/* false: the server sent an alert after its side of the handshake. */
static bool await_refusal(struct run *run)
{
    struct probe *probe = run->probe;
    struct error silence = {0};
    struct dial_wait wait = {clock_monotonic() + REFUSAL_MILLISECONDS, -1, -1};
    transport_flush(&probe->server);
    if (!tls_session_is_certificate_asked(probe->server.tls) ||
        probe->report.version < TLS_VERSION_1_3 ||
        !dial_wait_for(probe->server.descriptor, POLLIN, &wait, "waiting", &silence))
        return true;
    transport_receive(&probe->server);
    enum tls_progress progress =
        transport_read(&probe->server, &run->from_server, MESSAGE_LIMIT, &probe->error);
    if (progress != TLS_PROGRESS_FAILED && probe->server.has_ended)
        transport_describe_end(&probe->server, run->server_name,
                               "judging the client's side of the handshake", &probe->error);
    return !error_is_set(&probe->error);
}

static void report(struct probe *probe, const struct relay_options *options)
{
    probe->report.mode = options->tls->mode;
    if (probe->server.tls != NULL)
        tls_session_report(probe->server.tls, &probe->report, &probe->warnings);
}

static bool connect_server(struct run *run)
{
    struct probe *probe = run->probe;
    const struct dial_target *target = run->options->target;
    probe->server.descriptor = dial_connect(target, &run->wait, &probe->address, &probe->error);
    if (probe->server.descriptor < 0)
        return false;
    dial_describe(target, probe->address, run->server_name, sizeof run->server_name);
    return true;
}

static void run_steps(struct run *run)
{
    struct probe *probe = run->probe;
    if (!connect_server(run))
        return;
    if (run->options->plan != PROTO_PLAN_DIRECT && !switch_to_tls(run))
        return;
    bool is_up = shake_hands(run);
    report(probe, run->options);
    if (is_up)
        await_refusal(run);
}

struct probe *probe_run(const struct relay_options *options)
{
    struct probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL)
        return NULL;
    probe->server.descriptor = -1;
    probe->server.proto = &probe->proto;
    struct run run = {
        .options = options,
        .probe = probe,
        .wait = {clock_monotonic() + (int64_t)options->timeout * 1000, -1, -1},
    };
    bool is_open = proto_session_open(&probe->proto, options->proto, options->plan);
    probe->proto.is_login_only_allowed = options->is_login_only_allowed;
    if (is_open)
        run_steps(&run);
    else
        error_set_memory(&probe->error);
    transport_end(&probe->server);
    buffer_free(&run.from_driver);
    buffer_free(&run.from_server);
    return probe;
}

void probe_free(struct probe **probe)
{
    if (*probe == NULL)
        return;
    transport_free(&(*probe)->server);
    proto_session_close(&(*probe)->proto);
    free(*probe);
    *probe = NULL;
}
