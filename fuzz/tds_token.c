/*
 * tds_token.c - the server's answer to a login. The first byte chooses the version that the driver
 * asked for; then each message has two bytes of length, big-endian, and that many bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "proto/tds_token.h"

FUZZ_TARGET(tds_token, bytes, size)
{
    static const uint32_t versions[] = {0x71000001, 0x74000004, 0x08000000};
    struct cursor cursor = cursor_over(bytes, size);
    struct tds_login_reply reply = {.version = versions[cursor_u8(&cursor) % 3]};
    struct error error = {0};
    bool is_read = !cursor.is_short;
    unsigned char *message;
    size_t length;
    while (is_read && (message = fuzz_next_piece(&cursor, &length)) != NULL) {
        const struct tds_login_reply before = reply;
        is_read = tds_login_reply_read(message, length, &reply, &error);
        fuzz_require(is_read != error_is_set(&error));
        /* What was once said stays said. */
        fuzz_require(!before.is_accepted || reply.is_accepted);
        fuzz_require(!before.is_routed || reply.is_routed);
        fuzz_require(!before.has_error || reply.has_error);
        fuzz_require(strlen(reply.routing_host) < TDS_HOST_SIZE);
        free(message);
    }
}
