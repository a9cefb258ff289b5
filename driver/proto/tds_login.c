/*
 * tds_login.c - the login and the server's answers to it, of which none reaches the real driver
 * unread: drivers read on behind LOGINACK, until DONE, and obey a routing that comes there.
 */
#include "proto/tds_login7.h"
#include "proto/tds_state.h"

#define LOGIN_REPLY_LIMIT (1024 * 1024)
#define DEFAULT_VERSION 0x74000004u

static bool is_login_packet(const struct tds *tds, uint8_t type)
{
    if (tds->stage == TDS_STAGE_LOGIN)
        return type == TDS_PACKET_LOGIN7;
    return type != TDS_PACKET_OLD_LOGIN && type != TDS_PACKET_PRELOGIN && type != TDS_PACKET_TLS &&
           type != TDS_PACKET_SMP;
}

/* LOGIN7's first packet. Login-only encryption covers just that (MS-TDS 3.2.5.2): a longer login is
 * not sent, as nobody could know what of it travelled in plaintext. */
static enum proto_verdict begin_login(struct proto_session *session,
                                      const struct tds_packet *packet)
{
    struct tds *tds = session->state;
    bool is_login_only = session->coverage == PROTO_COVERAGE_LOGIN;
    if (is_login_only && (packet->status & TDS_STATUS_LAST) == 0)
        return proto_refuse(
            session, ODBCSSL_ERROR_PLAINTEXT_LOGIN,
            "the server encrypts only the first packet of a login, and the real driver's login is "
            "longer than one: set SslMode=require to encrypt all, or disable to encrypt nothing");
    /* MS-TDS 2.2.6.4: TDSVersion is the second field, little-endian. */
    struct cursor fields = cursor_over(packet->payload, packet->payload_length);
    cursor_u32le(&fields);
    uint32_t version = cursor_u32le(&fields);
    tds->login.version = fields.is_short ? DEFAULT_VERSION : version;
    tds->stage = TDS_STAGE_LOGIN_REPLY;
    session->is_credentials_asked = true;
    return is_login_only ? PROTO_END_TLS : PROTO_CONTINUE;
}

enum proto_verdict tds_login_read_driver(struct proto_session *session, struct buffer *input)
{
    struct tds *tds = session->state;
    enum proto_verdict verdict = PROTO_CONTINUE;
    while (buffer_length(input) > 0 && verdict == PROTO_CONTINUE) {
        struct tds_packet packet;
        if (!is_login_packet(tds, *buffer_content(input)))
            return proto_refuse(
                session, ODBCSSL_ERROR_PROTOCOL,
                "the real driver sent a packet of type 0x%02X where it should have logged in",
                *buffer_content(input));
        enum tds_outcome outcome =
            tds_packet_read(buffer_content(input), buffer_length(input), &packet);
        if (outcome != TDS_WHOLE)
            return tds_judge_outcome(session, outcome, "the real driver");
        const char *server = tds->stage == TDS_STAGE_LOGIN ? session->server_name : NULL;
        if (tds->stage == TDS_STAGE_LOGIN)
            verdict = begin_login(session, &packet);
        if (verdict == PROTO_REFUSE)
            return verdict;
        tds_login7_append(buffer_content(input), packet.length, server, &session->to_server);
        buffer_take(input, packet.length);
    }
    return verdict;
}

static enum proto_verdict judge_login_reply(struct proto_session *session)
{
    struct tds *tds = session->state;
    struct tds_login_reply *reply = &tds->login;
    struct buffer *payload = &tds->message.payload;
    struct buffer *packets = &tds->message.packets;
    if (buffer_length(payload) > 0 &&
        !tds_login_reply_read(buffer_content(payload), buffer_length(payload), reply,
                              &session->error))
        return PROTO_REFUSE;
    if (reply->is_routed)
        return proto_refuse(session, ODBCSSL_ERROR_ROUTING,
                            "the server sends this connection on to %s, port %u, past the TLS "
                            "session: name that server in the DSN instead",
                            reply->routing_host, reply->routing_port);
    buffer_append(&session->to_driver, buffer_content(packets), buffer_length(packets));
    tds_message_clear(&tds->message);
    session->is_login_refused = reply->has_error && !reply->is_accepted;
    if (!reply->is_accepted || !reply->is_over)
        return PROTO_CONTINUE;
    tds->stage = TDS_STAGE_OPEN;
    session->is_driver_opaque = true;
    session->is_server_opaque = true;
    return PROTO_LOGGED_IN;
}

enum proto_verdict tds_login_read_server(struct proto_session *session, struct buffer *input)
{
    struct tds *tds = session->state;
    enum proto_verdict verdict = PROTO_CONTINUE;
    while (buffer_length(input) > 0 && verdict == PROTO_CONTINUE) {
        uint8_t type = *buffer_content(input);
        if (type != TDS_PACKET_REPLY)
            return proto_refuse(
                session, ODBCSSL_ERROR_PROTOCOL,
                "the server answered the login with a byte 0x%02X, not with a reply (0x04)", type);
        enum tds_outcome outcome = tds_message_collect(&tds->message, input, LOGIN_REPLY_LIMIT);
        if (outcome != TDS_WHOLE)
            return tds_judge_outcome(session, outcome, "the server");
        verdict = judge_login_reply(session);
    }
    return verdict;
}
