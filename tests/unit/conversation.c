/* conversation.c - carries bytes between both sides of a protocol, in pieces of any size. */
#include "unit/conversation.h"

#include "support/suite.h"

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
    return verdict;
}

void conversation_feed_cut(struct conversation *conversation, bool is_server, const void *bytes,
                           size_t size, size_t cut, bool is_every)
{
    const char *next = bytes;
    while (size > 0 && !conversation_is_over(conversation)) {
        size_t part = cut > 0 && cut < size ? cut : size;
        conversation_feed(conversation, is_server, next, part);
        next += part;
        size -= part;
        cut = is_every ? cut : 0;
    }
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
