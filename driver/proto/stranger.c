/*
 * stranger.c - guesses what a server is that does not speak the protocol, by its first bytes, for
 * the errors of the protocols: mostly a wrong port, which is soon found when it is named.
 */
#include "proto/stranger.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_LIMIT 32
#define TEXT_MINIMUM 4 /* fewer printable bytes may be anything */

/* How other servers begin. */
static const struct {
    const char *guess;
    size_t size;
    const char *bytes;
    unsigned any; /* bits 1 << i: bytes[i] may be anything */
} kinds[] = {
    {"an SSH server", 4, "SSH-", 0},
    {"a web server", 5, "HTTP/", 0},
    {"a mail or file server", 4, "220 ", 0},
    {"a mail or file server", 4, "220-", 0},
    {"a Redis server", 4, "-ERR", 0},
    {"a memcached server", 7, "ERROR\r\n", 0},
    {"a server that begins with TLS", 2, "\x15\x03", 0},
    {"a server that begins with TLS", 2, "\x16\x03", 0},
    {"a MySQL or MariaDB server", 5, "\0\0\0\0\x0A", 0x03},
    {"a MySQL or MariaDB server", 5, "\0\0\0\0\xFF", 0x03},
    {"a SQL Server", 4, "\x04\x01\0\0", 0x0C},
    {"a PostgreSQL server", 6, "E\0\0\0\0S", 0x18},
};

static const char *guess(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t at = 0;
        while (at < kinds[i].size && at < size &&
               ((kinds[i].any >> at & 1) != 0 || bytes[at] == (unsigned char)kinds[i].bytes[at]))
            at++;
        if (at == kinds[i].size)
            return kinds[i].guess;
    }
    return NULL;
}

/* Appends one byte as C would write it; the text never needs more than out has. */
static size_t put_escaped(char *out, unsigned char byte)
{
    if (byte == '\r' || byte == '\n')
        return (size_t)sprintf(out, "\\%c", byte == '\r' ? 'r' : 'n');
    if (byte == '"' || byte == '\\')
        return (size_t)sprintf(out, "\\%c", byte);
    return (size_t)sprintf(out, byte >= ' ' && byte < 0x7F ? "%c" : "\\x%02X", byte);
}

enum proto_verdict stranger_refuse(struct proto_session *session, const char *what,
                                   const struct buffer *input)
{
    const unsigned char *bytes = buffer_content(input);
    char quoted[4 * SHOWN_LIMIT + 1] = "";
    size_t size = buffer_length(input), used = 0;
    const char *kind = guess(bytes, size);
    for (size_t i = 0; i < size && i < SHOWN_LIMIT; i++)
        used += put_escaped(quoted + used, bytes[i]);
    return proto_refuse(session, ODBCSSL_ERROR_PROTOCOL, "%s \"%s\"%s%s%s%s", what, quoted,
                        size > SHOWN_LIMIT ? "..." : "", kind != NULL ? ", as " : "",
                        kind != NULL ? kind : "", kind != NULL ? " does" : "");
}

bool stranger_is_text(const void *bytes, size_t size)
{
    const unsigned char *text = bytes;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n' && i > 0)
            return i >= TEXT_MINIMUM;
        if ((text[i] < ' ' && text[i] != '\t' && text[i] != '\r') || text[i] >= 0x7F)
            return false;
    }
    return size >= TEXT_MINIMUM;
}
