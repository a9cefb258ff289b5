/* conversation_memory.c - plays a scenario again and again, each time with less memory. */
#include "unit/conversation_memory.h"

#include <string.h>

#include "support/failing_memory.h"
#include "support/suite.h"

static enum proto_verdict listen(struct proto_session *session, bool is_server,
                                 struct buffer *input)
{
    if (is_server ? session->is_server_opaque : session->is_driver_opaque)
        return PROTO_CONTINUE;
    return is_server ? session->proto->from_server(session, input)
                     : session->proto->from_driver(session, input);
}

static void take_step(struct conversation *talk, const struct step *step)
{
    struct proto_session *session = &talk->session;
    bool is_server = step->speaker == SPEAKER_SERVER;
    struct buffer *input = is_server ? &talk->server : &talk->driver;
    if (step->speaker == SPEAKER_NOBODY)
        return;
    if (step->speaker != SPEAKER_TLS)
        conversation_append(input, &step->piece);
    memory_arm();
    enum proto_verdict verdict = step->speaker == SPEAKER_TLS ? session->proto->tls_started(session)
                                                              : listen(session, is_server, input);
    memory_disarm();
    if (verdict != PROTO_CONTINUE)
        talk->verdict = verdict;
}

/* false: it could not even begin. */
static bool play(struct conversation *talk, const struct proto *proto,
                 const struct scenario *scenario)
{
    *talk = (struct conversation){0};
    memory_arm();
    bool is_open = proto_session_open(&talk->session, proto, scenario->plan);
    talk->session.server_name = "db1.example.com";
    if (is_open)
        talk->verdict = proto->start(&talk->session);
    memory_disarm();
    for (size_t i = 0; is_open && i < SCENARIO_STEPS && !conversation_is_over(talk); i++)
        take_step(talk, &scenario->steps[i]);
    return is_open;
}

static void judge(const struct conversation *talk, const struct scenario *scenario,
                  const struct buffer *whole)
{
    const struct proto_session *session = &talk->session;
    size_t sent = buffer_length(&session->to_server);
    /* The first cause stands: the server's own refusal, which then cannot be passed on. */
    bool is_told = scenario->error != ODBCSSL_ERROR_NONE && session->error.code == scenario->error;
    bool is_starved =
        talk->verdict == PROTO_REFUSE && (is_told || session->error.code == ODBCSSL_ERROR_MEMORY);
    bool is_same = talk->verdict == scenario->verdict && session->error.code == scenario->error;
    if (!is_starved && (!is_same || sent != buffer_length(whole)))
        CHECK_TEXT(
            suite_text("verdict %d, %zu bytes sent, %s", talk->verdict, sent, session->error.text),
            suite_text("%s, %s", scenario->name, memory_round()));
    CHECK(sent <= buffer_length(whole) && (sent == 0 || memcmp(buffer_content(&session->to_server),
                                                               buffer_content(whole), sent) == 0));
}

void conversation_starve(const struct proto *proto, const struct scenario *scenario)
{
    struct buffer whole = {0};
    for (memory_begin(); memory_next();) {
        struct conversation talk;
        bool is_open = play(&talk, proto, scenario);
        if (!memory_was_out() && buffer_length(&whole) == 0)
            buffer_append(&whole, buffer_content(&talk.session.to_server),
                          buffer_length(&talk.session.to_server));
        if (is_open)
            judge(&talk, scenario, &whole);
        CHECK(is_open || memory_was_out());
        conversation_close(&talk);
    }
    buffer_free(&whole);
}
