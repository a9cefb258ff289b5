/*
 * mysql_redirect.c - whether the OK that ends a login sends the driver elsewhere. MariaDB from 11.3
 * on reports its variable redirect_url there, and libmariadb from 3.4 on goes where it says, past
 * the session.
 *
 * The packet: 0x00, two numbers, status u16, warnings u16, a text; with the status's flag the state
 * of the session, a list of kind u8 and counted bytes, which for variables are name and value.
 */
#include <string.h>

#include "proto/mysql_state.h"

#define STATUS_SESSION_STATE_CHANGED 0x4000u
#define KIND_SYSTEM_VARIABLES 0
#define NUMBER_OF_EIGHT_BYTES 0xFE
#define PLACE_SIZE 300

static void skip_number(struct cursor *cursor)
{
    if (cursor->left > 0 && *cursor->next == NUMBER_OF_EIGHT_BYTES)
        cursor_bytes(cursor, 1 + sizeof(uint64_t));
    else
        mysql_read_length(cursor);
}

/* What is counted, as a cursor of its own. */
static struct cursor read_counted(struct cursor *cursor)
{
    size_t length = mysql_read_length(cursor);
    const void *bytes = cursor_bytes(cursor, length);
    return cursor_over(bytes, bytes != NULL ? length : 0);
}

/* The state of the session; empty: there is none. */
static struct cursor find_state(struct cursor *packet)
{
    cursor_u8(packet);
    skip_number(packet); /* affected rows */
    skip_number(packet); /* last insert id */
    bool is_changed = (cursor_u16le(packet) & STATUS_SESSION_STATE_CHANGED) != 0;
    cursor_u16le(packet); /* warnings */
    if (!is_changed || packet->left == 0)
        return cursor_over(NULL, 0);
    read_counted(packet); /* text */
    return packet->left > 0 ? read_counted(packet) : cursor_over(NULL, 0);
}

/* Of one entry of the state; false: it is malformed. *url_out stays where none is set. */
static bool read_variables(struct cursor entry, struct cursor *url_out)
{
    static const char wanted[] = "redirect_url";
    while (entry.left > 0 && !entry.is_short) {
        struct cursor name = read_counted(&entry);
        struct cursor value = read_counted(&entry);
        if (value.left > 0 && name.left == sizeof wanted - 1 &&
            memcmp(name.next, wanted, name.left) == 0)
            *url_out = value;
    }
    return !entry.is_short;
}

static bool read_redirect(const unsigned char *payload, size_t size, struct cursor *url_out)
{
    struct cursor packet = cursor_over(payload, size);
    struct cursor state = find_state(&packet);
    bool is_good = !packet.is_short;
    while (state.left > 0 && is_good) {
        uint8_t kind = cursor_u8(&state);
        struct cursor entry = read_counted(&state);
        is_good =
            !state.is_short && (kind != KIND_SYSTEM_VARIABLES || read_variables(entry, url_out));
    }
    return is_good;
}

/* Of mysql://user:password@host:port/... only what cannot be the password. */
static const char *describe(struct cursor url, char *out, size_t size)
{
    const unsigned char *at = memrchr(url.next, '@', url.left);
    if (at != NULL)
        cursor_bytes(&url, (size_t)(at - url.next) + 1);
    return error_printable(url.next, url.left, out, size);
}

enum proto_verdict mysql_judge_redirect(struct proto_session *session, const unsigned char *payload,
                                        size_t size)
{
    const struct mysql_state *state = session->state;
    struct cursor url = cursor_over(NULL, 0);
    char place[PLACE_SIZE];
    if (!mysql_has_session_state(state))
        return PROTO_CONTINUE;
    if (!read_redirect(payload, size, &url))
        return mysql_refuse_protocol(session, "the server accepted the login with an OK packet "
                                              "whose session state is malformed or too long");
    if (url.left == 0)
        return PROTO_CONTINUE;
    return proto_refuse(session, ODBCSSL_ERROR_ROUTING,
                        "the server sends this connection on to %s (its variable redirect_url), "
                        "past odbcssl: name that server in the DSN instead",
                        describe(url, place, sizeof place));
}
