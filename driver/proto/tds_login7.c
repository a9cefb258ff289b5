#include "proto/tds_login7.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "proto/tds_packet.h"

/* From the packet's start: its length (big-endian), LOGIN7's length, and offset and length of the
 * name. */
#define PACKET_LENGTH_AT 2
#define LOGIN_AT 8
#define NAME_OFFSET_AT (LOGIN_AT + 52)
#define NAME_LENGTH_AT (LOGIN_AT + 54)
#define FIXED_SIZE (LOGIN_AT + 94)

/* The size that is agreed on before the login (MS-TDS 2.2.3.1.3), and the longest name it takes. */
#define PACKET_LIMIT 4096
#define NAME_LIMIT 128

static void put_u16le(unsigned char *at, size_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static void put_lengths(unsigned char *packet, size_t length, size_t name_offset,
                        size_t name_length)
{
    size_t login_length = length - LOGIN_AT;
    packet[PACKET_LENGTH_AT] = (unsigned char)(length >> 8);
    packet[PACKET_LENGTH_AT + 1] = (unsigned char)length;
    put_u16le(packet + LOGIN_AT, login_length);
    put_u16le(packet + LOGIN_AT + 2, login_length >> 16);
    put_u16le(packet + NAME_OFFSET_AT, name_offset);
    put_u16le(packet + NAME_LENGTH_AT, name_length);
}

/* One packet that holds a whole LOGIN7. */
static bool is_whole_login(const unsigned char *packet, size_t length)
{
    struct cursor login =
        cursor_over(packet + LOGIN_AT, length >= FIXED_SIZE ? length - LOGIN_AT : 0);
    return cursor_u32le(&login) == length - LOGIN_AT && !login.is_short &&
           packet[0] == TDS_PACKET_LOGIN7 && (packet[1] & TDS_STATUS_LAST) != 0;
}

/* The new name goes behind everything else; where the old one stands does not matter any more. */
static bool append_named(const unsigned char *packet, size_t length, const uint16_t *name,
                         size_t name_length, struct buffer *out)
{
    size_t start = buffer_length(out);
    bool is_good = buffer_append(out, packet, length);
    for (size_t i = 0; is_good && i < name_length; i++)
        is_good = buffer_append_u16le(out, name[i]);
    if (is_good)
        put_lengths(buffer_content(out) + start, length + 2 * name_length, length - LOGIN_AT,
                    name_length);
    return is_good;
}

bool tds_login7_append(const unsigned char *packet, size_t length, const char *server,
                       struct buffer *out)
{
    size_t name_length = 0;
    if (server == NULL || !is_whole_login(packet, length))
        return buffer_append(out, packet, length);
    uint16_t *name = text_to_utf16(server, strlen(server), &name_length);
    bool fits = name_length <= NAME_LIMIT && length + 2 * name_length <= PACKET_LIMIT;
    bool is_good = name != NULL && (fits ? append_named(packet, length, name, name_length, out)
                                         : buffer_append(out, packet, length));
    free(name);
    return is_good;
}
