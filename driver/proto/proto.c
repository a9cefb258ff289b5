/*
 * proto.c - what the protocols have in common, for session/, which drives one of them, and for
 * their own files: finding one by its row of databases.def, its life, its verdicts.
 */
#include "proto/proto.h"

#include <stdarg.h>
#include <stdlib.h>

const struct proto *proto_find(enum database_protocol protocol)
{
    switch (protocol) {
#define DATABASE(name, word, its_proto, its_profile, libraries)                                    \
    case DATABASE_PROTOCOL_##name:                                                                 \
        return &its_proto;
#include "base/databases.def"
    case DATABASE_PROTOCOL_NONE:
        return &proto_direct;
    case DATABASE_PROTOCOL_AUTO:
        break;
    }
    return NULL;
}

bool proto_session_open(struct proto_session *session, const struct proto *proto,
                        enum proto_plan plan)
{
    *session = (struct proto_session){.proto = proto, .plan = plan};
    if (proto->state_size > 0)
        session->state = calloc(1, proto->state_size);
    return proto->state_size == 0 || session->state != NULL;
}

void proto_session_close(struct proto_session *session)
{
    if (session->state != NULL && session->proto->free_state != NULL)
        session->proto->free_state(session->state);
    free(session->state);
    buffer_free(&session->to_driver);
    buffer_free(&session->to_server);
    *session = (struct proto_session){0};
}

enum proto_verdict proto_end(struct proto_session *session, enum proto_verdict verdict,
                             enum odbcssl_error code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error_set_arguments(&session->error, code, format, arguments);
    va_end(arguments);
    return verdict;
}

enum proto_verdict proto_conclude(struct proto_session *session, enum proto_verdict verdict)
{
    if (!session->to_driver.is_failed && !session->to_server.is_failed)
        return verdict;
    error_set_memory(&session->error);
    return PROTO_REFUSE;
}

enum proto_verdict proto_start_silent(struct proto_session *session)
{
    (void)session;
    return PROTO_CONTINUE;
}

bool proto_is_final(enum proto_verdict verdict)
{
    switch (verdict) {
    case PROTO_CONTINUE:
    case PROTO_START_TLS:
    case PROTO_LOGGED_IN:
    case PROTO_END_TLS:
        return false;
    case PROTO_NO_TLS:
    case PROTO_NEEDS_TLS:
    case PROTO_REJECTED:
    case PROTO_REFUSE:
        break;
    }
    return true;
}
