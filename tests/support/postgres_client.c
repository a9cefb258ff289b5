/* postgres_client.c - the messages of a PostgreSQL client, in plaintext. */
#include "support/postgres_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TIMEOUT_SECONDS 60

static int connect_to(const char *address, uint16_t port)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    bool is_path = address[0] == '/';
    int descriptor = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(path.sun_path, sizeof path.sun_path, "%s", address);
    inet_pton(AF_INET, address, &name.sin_addr);
    const struct sockaddr *to = is_path ? (struct sockaddr *)&path : (struct sockaddr *)&name;
    if (descriptor >= 0 && connect(descriptor, to, is_path ? sizeof path : sizeof name) == 0)
        return descriptor;
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

bool postgres_client_connect(struct postgres_client *client, const char *address, uint16_t port)
{
    struct timeval limit = {TIMEOUT_SECONDS, 0};
    *client = (struct postgres_client){.descriptor = connect_to(address, port)};
    if (client->descriptor >= 0) {
        setsockopt(client->descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(client->descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    return client->descriptor >= 0;
}

void postgres_client_close(struct postgres_client *client)
{
    if (client->descriptor >= 0)
        close(client->descriptor);
    client->descriptor = -1;
    buffer_free(&client->message);
}

bool postgres_client_send(struct postgres_client *client, const void *bytes, size_t size)
{
    const char *next = bytes;
    while (size > 0) {
        ssize_t sent = send(client->descriptor, next, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        next += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool send_buffer(struct postgres_client *client, struct buffer *buffer)
{
    bool is_sent = postgres_client_send(client, buffer_content(buffer), buffer_length(buffer));
    buffer_free(buffer);
    return is_sent;
}

bool postgres_client_send_startup(struct postgres_client *client, const char *user)
{
    static const char database[] = "database\0postgres\0";
    struct buffer out = {0};
    buffer_append_u32(&out, (uint32_t)(8 + 5 + strlen(user) + 1 + sizeof database));
    buffer_append_u32(&out, 196608);
    buffer_append(&out, "user", 5);
    buffer_append(&out, user, strlen(user) + 1);
    buffer_append(&out, database, sizeof database);
    return send_buffer(client, &out);
}

static bool send_text(struct postgres_client *client, char type, const char *text)
{
    struct buffer out = {0};
    buffer_append_byte(&out, (unsigned char)type);
    buffer_append_u32(&out, (uint32_t)(4 + strlen(text) + 1));
    buffer_append(&out, text, strlen(text) + 1);
    return send_buffer(client, &out);
}

bool postgres_client_send_query(struct postgres_client *client, const char *sql)
{
    return send_text(client, 'Q', sql);
}

bool postgres_client_send_cancel(struct postgres_client *client, uint32_t process, uint32_t key)
{
    struct buffer out = {0};
    buffer_append_u32(&out, 16);
    buffer_append_u32(&out, 80877102);
    buffer_append_u32(&out, process);
    buffer_append_u32(&out, key);
    return send_buffer(client, &out);
}

static bool receive(struct postgres_client *client, void *out, size_t size)
{
    char *next = out;
    while (size > 0) {
        ssize_t got = recv(client->descriptor, next, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = 0;
        if (got <= 0)
            return false;
        next += got;
        size -= (size_t)got;
    }
    return true;
}

bool postgres_client_read(struct postgres_client *client)
{
    unsigned char head[5];
    buffer_clear(&client->message);
    if (!receive(client, head, sizeof head))
        return false;
    struct cursor cursor = cursor_over(head + 1, 4);
    uint32_t length = cursor_u32(&cursor);
    client->type = (char)head[0];
    unsigned char *room = length >= 4 ? buffer_reserve(&client->message, length - 4) : NULL;
    if (length < 4 || (length > 4 && (room == NULL || !receive(client, room, length - 4))))
        return false;
    buffer_added(&client->message, length - 4);
    return true;
}

/* true: go on reading. */
static bool take_login_message(struct postgres_client *client, const char *password)
{
    struct cursor cursor =
        cursor_over(buffer_content(&client->message), buffer_length(&client->message));
    switch (client->type) {
    case 'R':
        if (cursor_u32(&cursor) == 3)
            return password != NULL && send_text(client, 'p', password);
        return true;
    case 'K':
        client->process = cursor_u32(&cursor);
        client->key = cursor_u32(&cursor);
        return true;
    case 'Z':
    case 'E':
        return false;
    default:
        return true;
    }
}

bool postgres_client_login(struct postgres_client *client, const char *user, const char *password)
{
    client->type = 0;
    if (!postgres_client_send_startup(client, user))
        return false;
    while (postgres_client_read(client))
        if (!take_login_message(client, password))
            return client->type == 'Z';
    client->type = 0;
    return false;
}

static void take_row(struct postgres_client *client, struct postgres_answer *answer)
{
    struct cursor cursor =
        cursor_over(buffer_content(&client->message), buffer_length(&client->message));
    uint16_t columns = cursor_u16(&cursor);
    uint32_t length = columns > 0 ? cursor_u32(&cursor) : 0;
    const unsigned char *value = length != UINT32_MAX ? cursor_bytes(&cursor, length) : NULL;
    if (answer->rows++ == 0 && value != NULL)
        snprintf(answer->first, sizeof answer->first, "%.*s", (int)length, (const char *)value);
    answer->bytes += buffer_length(&client->message);
}

static void take_error(struct postgres_client *client, struct postgres_answer *answer)
{
    size_t length = buffer_length(&client->message);
    if (length >= sizeof answer->error)
        length = sizeof answer->error - 1;
    for (size_t i = 0; i < length; i++) {
        char byte = (char)buffer_content(&client->message)[i];
        answer->error[i] = byte != '\0' ? byte : ' ';
    }
    answer->error[length] = '\0';
}

bool postgres_client_answer(struct postgres_client *client, struct postgres_answer *answer_out)
{
    *answer_out = (struct postgres_answer){0};
    while (postgres_client_read(client)) {
        if (client->type == 'D')
            take_row(client, answer_out);
        else if (client->type == 'E')
            take_error(client, answer_out);
        else if (client->type == 'Z')
            return answer_out->error[0] == '\0';
    }
    return false;
}

bool postgres_client_query(struct postgres_client *client, const char *sql,
                           struct postgres_answer *answer_out)
{
    return postgres_client_send_query(client, sql) && postgres_client_answer(client, answer_out);
}
