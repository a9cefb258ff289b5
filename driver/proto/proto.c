#include "proto/proto.h"

#include <string.h>

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
    return proto->open(session);
}

void proto_session_close(struct proto_session *session)
{
    if (session->proto != NULL)
        session->proto->close(session);
    buffer_free(&session->to_driver);
    buffer_free(&session->to_server);
    memset(session, 0, sizeof *session);
}
