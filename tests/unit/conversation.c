/* conversation.c - carries bytes between both sides of a protocol, in pieces of any size. */
#include "unit/conversation.h"

#include <stdio.h>

#include "proto/mysql_packet.h"
#include "support/suite.h"

#define TEXT_SIZE 2048

void conversation_open(struct conversation *conversation, const struct proto *proto,
                       enum proto_plan plan)
{
    *conversation = (struct conversation){0};
    CHECK_FATAL(proto_session_open(&conversation->session, proto, plan));
    CHECK_NUMBER(proto->start(&conversation->session), PROTO_CONTINUE);
}

void conversation_close(struct conversation *conversation)
{
    proto_session_close(&conversation->session);
    buffer_free(&conversation->driver);
    buffer_free(&conversation->server);
}

bool conversation_is_over(const struct conversation *conversation)
{
    return conversation->verdict != PROTO_CONTINUE && conversation->verdict != PROTO_START_TLS &&
           conversation->verdict != PROTO_LOGGED_IN;
}

enum proto_verdict conversation_feed(struct conversation *conversation, bool is_server,
                                     const void *bytes, size_t size)
{
    struct proto_session *session = &conversation->session;
    struct buffer *input = is_server ? &conversation->server : &conversation->driver;
    if (is_server ? session->is_server_opaque : session->is_driver_opaque) {
        CHECK_FATAL(
            buffer_append(is_server ? &session->to_driver : &session->to_server, bytes, size));
        return PROTO_CONTINUE;
    }
    if (size > 0)
        CHECK_FATAL(buffer_append(input, bytes, size));
    enum proto_verdict verdict = is_server ? session->proto->from_server(session, input)
                                           : session->proto->from_driver(session, input);
    if (verdict != PROTO_CONTINUE)
        conversation->verdict = verdict;
    if (!conversation->is_tls_up)
        conversation->sent_before_tls = buffer_length(&session->to_server);
    return verdict;
}

static enum proto_verdict feed_two(struct conversation *conversation, bool is_server,
                                   const void *bytes, size_t size, size_t cut)
{
    enum proto_verdict verdict = conversation_feed(conversation, is_server, bytes, cut);
    if (cut == size || verdict != PROTO_CONTINUE)
        return verdict;
    return conversation_feed(conversation, is_server, (const char *)bytes + cut, size - cut);
}

enum proto_verdict conversation_from_driver(struct conversation *conversation, const void *bytes,
                                            size_t size, size_t cut)
{
    return feed_two(conversation, false, bytes, size, cut);
}

enum proto_verdict conversation_from_server(struct conversation *conversation, const void *bytes,
                                            size_t size, size_t cut)
{
    return feed_two(conversation, true, bytes, size, cut);
}

static void pass_rest(bool is_opaque, struct buffer *from, struct buffer *to)
{
    if (!is_opaque || buffer_length(from) == 0)
        return;
    CHECK_FATAL(buffer_append(to, buffer_content(from), buffer_length(from)));
    buffer_clear(from);
}

void conversation_say(struct conversation *conversation, bool is_server, const void *bytes,
                      size_t size)
{
    struct proto_session *session = &conversation->session;
    conversation_feed(conversation, is_server, bytes, size);
    pass_rest(session->is_server_opaque, &conversation->server, &session->to_driver);
    pass_rest(session->is_driver_opaque, &conversation->driver, &session->to_server);
}

/* ----- scripts ----- */

void conversation_append(struct buffer *buffer, const struct piece *piece)
{
    if (piece->sequence != PIECE_RAW)
        CHECK_FATAL(mysql_append_header(buffer, piece->size, (uint8_t)piece->sequence));
    CHECK_FATAL(buffer_append(buffer, piece->bytes, piece->size));
}

void conversation_say_cut(struct conversation *conversation, bool is_server,
                          const struct buffer *bytes, long cut)
{
    size_t done = 0, size = buffer_length(bytes);
    while (done < size && !conversation_is_over(conversation)) {
        size_t part = size - done;
        if (cut < 0)
            part = 1;
        else if (done == 0 && cut > 0 && (size_t)cut < size)
            part = (size_t)cut;
        conversation_say(conversation, is_server, buffer_content(bytes) + done, part);
        done += part;
    }
}

void conversation_step(struct conversation *conversation, const struct step *step, long cut)
{
    struct proto_session *session = &conversation->session;
    struct buffer bytes = {0};
    if (step->speaker == SPEAKER_NOBODY)
        return;
    if (step->speaker == SPEAKER_TLS) {
        conversation->is_tls_up = true;
        CHECK_NUMBER(session->proto->tls_started(session), PROTO_CONTINUE);
        return;
    }
    conversation_append(&bytes, &step->piece);
    conversation_say_cut(conversation, step->speaker == SPEAKER_SERVER, &bytes, cut);
    buffer_free(&bytes);
}

static void describe(const char *name, long cut, const char *side, const struct buffer *bytes,
                     char *out)
{
    int used = snprintf(out, TEXT_SIZE, "%s, cut %ld, to the %s:", name, cut, side);
    for (size_t i = 0; i < buffer_length(bytes) && used + 4 < TEXT_SIZE; i++)
        used += snprintf(out + used, (size_t)(TEXT_SIZE - used), " %02x", buffer_content(bytes)[i]);
}

void conversation_check_output(const char *name, long cut, const char *side,
                               const struct buffer *found, const struct piece *wanted)
{
    char found_text[TEXT_SIZE], wanted_text[TEXT_SIZE];
    struct buffer bytes = {0};
    for (; wanted->bytes != NULL; wanted++)
        conversation_append(&bytes, wanted);
    describe(name, cut, side, found, found_text);
    describe(name, cut, side, &bytes, wanted_text);
    CHECK_TEXT(found_text, wanted_text);
    buffer_free(&bytes);
}

static void check(const struct conversation *conversation, const struct scenario *scenario,
                  long cut)
{
    char found[256], wanted[256];
    const struct proto_session *session = &conversation->session;
    snprintf(found, sizeof found, "%s, cut %ld: verdict %d, error %d", scenario->name, cut,
             conversation->verdict, session->error.code);
    snprintf(wanted, sizeof wanted, "%s, cut %ld: verdict %d, error %d", scenario->name, cut,
             scenario->verdict, scenario->error);
    CHECK_TEXT(found, wanted);
    if (scenario->error_part != NULL)
        CHECK_CONTAINS(session->error.text, scenario->error_part);
    if (scenario->are_outputs_open) {
        CHECK_NUMBER(buffer_length(&session->to_server), 0);
        return;
    }
    conversation_check_output(scenario->name, cut, "driver", &session->to_driver,
                              scenario->to_driver);
    conversation_check_output(scenario->name, cut, "server", &session->to_server,
                              scenario->to_server);
}

void conversation_play(struct conversation *conversation, const struct proto *proto,
                       const struct scenario *scenario, long cut)
{
    conversation_open(conversation, proto, scenario->plan);
    for (size_t i = 0; i < SCENARIO_STEPS && !conversation_is_over(conversation); i++)
        conversation_step(conversation, &scenario->steps[i], cut);
    check(conversation, scenario, cut);
}

long scenario_longest(const struct scenario *scenario)
{
    size_t longest = 0;
    for (size_t i = 0; i < SCENARIO_STEPS; i++)
        if (scenario->steps[i].piece.size > longest)
            longest = scenario->steps[i].piece.size;
    return (long)longest + MYSQL_HEADER_SIZE;
}
