#include "proto/proto.h"

#include <string.h>

/* One row per database. */
static const struct {
    enum database_protocol protocol;
    const struct proto *proto;
} rows[] = {
    {DATABASE_PROTOCOL_POSTGRESQL, &proto_postgres},
    {DATABASE_PROTOCOL_TDS, &proto_tds},
    {DATABASE_PROTOCOL_MYSQL, &proto_mysql},
    {DATABASE_PROTOCOL_NONE, &proto_direct},
};

const struct proto *proto_find(enum database_protocol protocol)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].protocol == protocol)
            return rows[i].proto;
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
