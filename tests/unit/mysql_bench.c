/* mysql_bench.c - packets of MySQL, and both sides of a session that reads them. */
#include "unit/mysql_bench.h"

#include <stdio.h>

#include "support/suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void bench_open(struct bench *bench, enum proto_plan plan)
{
    *bench = (struct bench){0};
    conversation_open(&bench->talk, &proto_mysql, plan);
}

void bench_close(struct bench *bench)
{
    conversation_close(&bench->talk);
}

static void copy_rest(bool is_opaque, struct buffer *from, struct buffer *to)
{
    if (!is_opaque || buffer_length(from) == 0)
        return;
    CHECK_FATAL(buffer_append(to, buffer_content(from), buffer_length(from)));
    buffer_clear(from);
}

void bench_feed(struct bench *bench, bool is_server, const void *bytes, size_t size)
{
    struct proto_session *session = &bench->talk.session;
    conversation_feed(&bench->talk, is_server, bytes, size);
    if (!bench->is_tls_up)
        bench->sent_in_plaintext = buffer_length(&session->to_server);
    copy_rest(session->is_server_opaque, &bench->talk.server, &session->to_driver);
    copy_rest(session->is_driver_opaque, &bench->talk.driver, &session->to_server);
}

void bench_append_packet(struct buffer *buffer, const struct packet *packet)
{
    CHECK_FATAL(mysql_append_header(buffer, packet->size, packet->sequence));
    CHECK_FATAL(buffer_append(buffer, packet->payload, packet->size));
}

void bench_feed_cut(struct bench *bench, bool is_server, const struct buffer *bytes, long cut)
{
    size_t done = 0, size = buffer_length(bytes);
    while (done < size && !conversation_is_over(&bench->talk)) {
        size_t part = size - done;
        if (cut < 0)
            part = 1;
        else if (done == 0 && cut > 0 && (size_t)cut < size)
            part = (size_t)cut;
        bench_feed(bench, is_server, buffer_content(bytes) + done, part);
        done += part;
    }
}

void bench_run_step(struct bench *bench, const struct step *step, long cut)
{
    struct buffer bytes = {0};
    switch (step->kind) {
    case STEP_NONE:
        break;
    case STEP_TLS:
        bench->is_tls_up = true;
        CHECK_NUMBER(proto_mysql.tls_started(&bench->talk.session), PROTO_CONTINUE);
        break;
    case STEP_SERVER:
    case STEP_DRIVER:
        bench_append_packet(&bytes, &step->packet);
        bench_feed_cut(bench, step->kind == STEP_SERVER, &bytes, cut);
        break;
    case STEP_SERVER_RAW:
    case STEP_DRIVER_RAW:
        CHECK_FATAL(buffer_append(&bytes, step->packet.payload, step->packet.size));
        bench_feed_cut(bench, step->kind == STEP_SERVER_RAW, &bytes, cut);
        break;
    }
    buffer_free(&bytes);
}

static void describe(const char *name, long cut, const char *what, const struct buffer *bytes,
                     char *out, size_t out_size)
{
    int used = snprintf(out, out_size, "%s, cut %ld, %s:", name, cut, what);
    for (size_t i = 0; i < buffer_length(bytes) && (size_t)used + 4 < out_size; i++)
        used += snprintf(out + used, out_size - (size_t)used, " %02x", buffer_content(bytes)[i]);
}

void bench_check_output(const struct scenario *scenario, long cut, const char *what,
                        const struct buffer *found, const struct packet *wanted)
{
    char found_text[2048], wanted_text[2048];
    struct buffer bytes = {0};
    for (; wanted->payload != NULL; wanted++)
        bench_append_packet(&bytes, wanted);
    describe(scenario->name, cut, what, found, found_text, sizeof found_text);
    describe(scenario->name, cut, what, &bytes, wanted_text, sizeof wanted_text);
    CHECK_TEXT(found_text, wanted_text);
    buffer_free(&bytes);
}

static void check_scenario(const struct bench *bench, const struct scenario *scenario, long cut)
{
    char found[256], wanted[256];
    const struct proto_session *session = &bench->talk.session;
    snprintf(found, sizeof found, "%s, cut %ld: verdict %d, error %d", scenario->name, cut,
             bench->talk.verdict, session->error.code);
    snprintf(wanted, sizeof wanted, "%s, cut %ld: verdict %d, error %d", scenario->name, cut,
             scenario->verdict, scenario->code);
    CHECK_TEXT(found, wanted);
    if (scenario->error_part != NULL)
        CHECK_CONTAINS(session->error.text, scenario->error_part);
    if (scenario->plan == PROTO_PLAN_TLS && bench->sent_in_plaintext != 0)
        CHECK_NUMBER(bench->sent_in_plaintext, MYSQL_HEADER_SIZE + MYSQL_SSL_REQUEST_SIZE);
    if (scenario->are_outputs_open) {
        CHECK_NUMBER(buffer_length(&session->to_server), 0);
        return;
    }
    bench_check_output(scenario, cut, "to the driver", &session->to_driver, scenario->to_driver);
    bench_check_output(scenario, cut, "to the server", &session->to_server, scenario->to_server);
}

static void run_scenario(const struct scenario *scenario, long cut)
{
    struct bench bench;
    bench_open(&bench, scenario->plan);
    for (size_t i = 0; i < COUNT(scenario->steps) && !conversation_is_over(&bench.talk); i++)
        bench_run_step(&bench, &scenario->steps[i], cut);
    check_scenario(&bench, scenario, cut);
    bench_close(&bench);
}

void bench_run_scenarios(const struct scenario *scenarios, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t longest = 0;
        for (size_t k = 0; k < COUNT(scenarios[i].steps); k++)
            if (scenarios[i].steps[k].packet.size > longest)
                longest = scenarios[i].steps[k].packet.size;
        for (long cut = -1; cut < (long)(longest + MYSQL_HEADER_SIZE); cut++)
            run_scenario(&scenarios[i], cut);
    }
}
