/*
 * tds_login7.c - puts the server's name into LOGIN7 on its way to the server. Everything behind it
 * moves, so every offset is corrected, and what is not well formed goes as it came.
 */
#include "proto/tds_login7.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "proto/tds_packet.h"
#include "proto/tds_token.h"

/* From LOGIN7's start, as all offsets in it. */
#define VERSION_AT 4
#define FLAGS3_AT 27
#define FLAGS3_EXTENSION 0x10
#define NAME_AT 52
#define EXTENSION_AT 56
#define SSPI_AT 78
#define SSPI_LONG 0xFFFF /* the length stands at SSPI_LONG_AT instead */
#define SSPI_LONG_AT 90

/* What the offset table has: offset and length of each field, in the order of their data. The last
 * is not there before TDS 7.2. */
static const size_t fields[] = {36, 40, 44, 48, NAME_AT, EXTENSION_AT, 60, 64, 68, SSPI_AT, 82, 86};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])
#define TABLE_SIZE 94
#define SHORT_TABLE_SIZE 86

/* The size that is agreed on before the login (MS-TDS 2.2.3.1.3), and the longest name it takes. */
#define PACKET_LIMIT 4096
#define NAME_LIMIT 128

struct login {
    const unsigned char *bytes;
    size_t size;
    size_t field_count;
};

struct span {
    size_t start;
    size_t end;
};

static size_t get_u16(const unsigned char *at)
{
    return at[0] | (size_t)at[1] << 8;
}

static size_t get_u32(const unsigned char *at)
{
    return get_u16(at) | get_u16(at + 2) << 16;
}

static void put_u16(unsigned char *at, size_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static void put_u32(unsigned char *at, size_t value)
{
    put_u16(at, value);
    put_u16(at + 2, value >> 16);
}

/* One packet that holds a whole LOGIN7. */
static bool read_login(const unsigned char *packet, size_t length, struct login *login)
{
    if (length < TDS_HEADER_SIZE + SHORT_TABLE_SIZE || packet[0] != TDS_PACKET_LOGIN7 ||
        (packet[1] & TDS_STATUS_LAST) == 0)
        return false;
    *login = (struct login){packet + TDS_HEADER_SIZE, length - TDS_HEADER_SIZE, FIELD_COUNT};
    bool is_short = !tds_version_is_long((uint32_t)get_u32(login->bytes + VERSION_AT));
    if (is_short)
        login->field_count--;
    return get_u32(login->bytes) == login->size && (is_short || login->size >= TABLE_SIZE);
}

static struct span read_span(const struct login *login, size_t at)
{
    size_t start = get_u16(login->bytes + at);
    size_t length = get_u16(login->bytes + at + 2);
    bool is_in_bytes = at == SSPI_AT || at == EXTENSION_AT;
    if (at == SSPI_AT && length == SSPI_LONG && login->field_count == FIELD_COUNT &&
        get_u32(login->bytes + SSPI_LONG_AT) > 0)
        length = get_u32(login->bytes + SSPI_LONG_AT);
    return (struct span){start, start + (is_in_bytes ? length : 2 * length)};
}

/* Where ibExtension points to stands one more offset. 0: there is none. */
static size_t extension_at(const struct login *login)
{
    struct span extension = read_span(login, EXTENSION_AT);
    bool has_one = login->field_count == FIELD_COUNT &&
                   (login->bytes[FLAGS3_AT] & FLAGS3_EXTENSION) != 0 &&
                   extension.end >= extension.start + 4;
    return has_one ? extension.start : 0;
}

static bool is_overlap(struct span a, struct span b)
{
    return a.start < b.end && a.end > b.start;
}

/* Whether every field lies in the message, and none shares what is changed: anything else may mean
 * anything, and is not rewritten. */
static bool is_well_formed(const struct login *login, struct span name)
{
    size_t table_size = login->field_count == FIELD_COUNT ? TABLE_SIZE : SHORT_TABLE_SIZE;
    size_t at = extension_at(login);
    struct span pointer = {at, at != 0 ? at + 4 : 0};
    if (name.start < table_size || name.end > login->size)
        return false;
    for (size_t i = 0; i < login->field_count; i++) {
        struct span span = read_span(login, fields[i]);
        bool is_empty = span.end == span.start;
        if (fields[i] == NAME_AT)
            continue;
        if (span.end > login->size || (!is_empty && span.start < table_size) ||
            is_overlap(span, name) || (fields[i] != EXTENSION_AT && is_overlap(span, pointer)))
            return false;
    }
    size_t features = at != 0 ? get_u32(login->bytes + at) : 0;
    return features <= login->size && (features <= name.start || features >= name.end);
}

/* A field without data counts by its place in the table. */
static bool is_behind(const struct login *login, size_t at, struct span name)
{
    struct span span = read_span(login, at);
    return span.start >= name.end &&
           (span.start > name.start || span.end > span.start || at > NAME_AT);
}

/* What stands behind the name moves by change bytes. */
static void correct(const struct login *login, struct span name, size_t name_size,
                    unsigned char *packet)
{
    size_t change = name_size - (name.end - name.start); /* may be negative, modulo the size */
    size_t size = login->size + change;
    unsigned char *moved = packet + TDS_HEADER_SIZE;
    packet[2] = (unsigned char)((size + TDS_HEADER_SIZE) >> 8);
    packet[3] = (unsigned char)(size + TDS_HEADER_SIZE);
    put_u32(moved, size);
    put_u16(moved + NAME_AT + 2, name_size / 2);
    for (size_t i = 0; i < login->field_count; i++)
        if (fields[i] != NAME_AT && is_behind(login, fields[i], name))
            put_u16(moved + fields[i], get_u16(login->bytes + fields[i]) + change);
    size_t at = extension_at(login);
    size_t moved_at = at >= name.end ? at + change : at;
    if (at != 0 && get_u32(login->bytes + at) >= name.end)
        put_u32(moved + moved_at, get_u32(login->bytes + at) + change);
}

bool tds_login7_append(const unsigned char *packet, size_t length, const char *server,
                       struct buffer *out)
{
    struct login login;
    size_t count = 0, start = buffer_length(out);
    if (server == NULL || !read_login(packet, length, &login))
        return buffer_append(out, packet, length);
    struct span name = read_span(&login, NAME_AT);
    if (!is_well_formed(&login, name))
        return buffer_append(out, packet, length);
    uint16_t *units = text_to_utf16(server, strlen(server), &count);
    out->is_failed |= units == NULL;
    bool is_good = units != NULL;
    if (count <= NAME_LIMIT && length - (name.end - name.start) + 2 * count <= PACKET_LIMIT) {
        is_good = is_good && buffer_append(out, packet, TDS_HEADER_SIZE + name.start);
        for (size_t i = 0; is_good && i < count; i++)
            is_good = buffer_append_u16le(out, units[i]);
        is_good = is_good && buffer_append(out, login.bytes + name.end, login.size - name.end);
        if (is_good)
            correct(&login, name, 2 * count, buffer_content(out) + start);
    } else {
        is_good = is_good && buffer_append(out, packet, length);
    }
    free(units);
    return is_good;
}
