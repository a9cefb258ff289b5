/* canned_servers.c - three servers that hear a login out: what each sends until then is a table. */
#include "support/canned_servers.h"

#include <gnutls/crypto.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"

#define SSL_REQUEST_LENGTH 8
#define CLIENT_SSL 0x800u
#define CLIENT_CONNECT_WITH_DB 8u

static const char salt[] = "abcdefgh12345678ijkl";

static int listeners[CANNED_KINDS];
static uint16_t ports[CANNED_KINDS];

static bool receive(int descriptor, void *out, size_t size)
{
    return recv(descriptor, out, size, MSG_WAITALL) == (ssize_t)size;
}

static void reply(int descriptor, const void *bytes, size_t size)
{
    (void)!send(descriptor, bytes, size, MSG_NOSIGNAL);
}

/* Reads and drops size bytes. */
static bool skip(int descriptor, size_t size)
{
    unsigned char bytes[4096];
    while (size > 0) {
        size_t part = size < sizeof bytes ? size : sizeof bytes;
        if (!receive(descriptor, bytes, part))
            return false;
        size -= part;
    }
    return true;
}

static bool skip_postgresql(int descriptor, bool has_type)
{
    unsigned char head[5];
    size_t size = has_type ? 5 : 4;
    if (!receive(descriptor, head, size))
        return false;
    struct cursor cursor = cursor_over(head + (has_type ? 1 : 0), 4);
    uint32_t length = cursor_u32(&cursor);
    return length >= 4 && skip(descriptor, length - 4);
}

static void serve_postgresql(int descriptor)
{
    static const unsigned char ask[] = {'R', 0, 0, 0, 8, 0, 0, 0, 3};
    static const unsigned char reject[] = "E\0\0\0\x1dSFATAL\0C28P01\0Mrejected\0";
    if (!skip_postgresql(descriptor, false))
        return;
    reply(descriptor, ask, sizeof ask);
    if (skip_postgresql(descriptor, true))
        reply(descriptor, reject, 1 + 0x1d);
}

static bool skip_tds(int descriptor)
{
    unsigned char head[8];
    do {
        if (!receive(descriptor, head, sizeof head) ||
            !skip(descriptor, (size_t)(head[2] << 8 | head[3]) - sizeof head))
            return false;
    } while ((head[1] & 1) == 0);
    return true;
}

static void serve_tds(int descriptor)
{
    static const unsigned char prelogin[] = {4,    1,  0,  32, 0, 0, 1, 0, /* header */
                                             0,    0,  16, 0,  6,          /* VERSION */
                                             1,    0,  22, 0,  1,          /* ENCRYPTION */
                                             2,    0,  23, 0,  1,          /* INSTOPT */
                                             0xff, 16, 0,  0,  0, 0, 0,    /* the version */
                                             2, /* encryption is not supported */
                                             0};
    static const unsigned char reject[] = {
        4,    1,    0,   48,   0,    0, 1,   0,             /* header */
        0xaa, 24,   0,   0x18, 0x48, 0, 0,   1, 14, 4,   0, /* ERROR 18456 */
        'n',  0,    'o', 0,    'p',  0, 'e', 0, 1,  's', 0, 0, 1, 0, 0,
        0,    0xfd, 2,   0,    0,    0, 0,   0, 0,  0,   0, 0, 0, 0}; /* DONE */
    if (!skip_tds(descriptor))
        return;
    reply(descriptor, prelogin, sizeof prelogin);
    if (skip_tds(descriptor))
        reply(descriptor, reject, sizeof reject);
}

static void serve_mysql(int descriptor)
{
    static const unsigned char reject[] = "\x11\0\0\x02\xff\x15\x04#28000rejected";
    struct buffer greeting = {0};
    unsigned char head[4];
    buffer_append(&greeting,
                  "\0\0\0\0\x0a"
                  "5.5.5-10.11.2-MariaDB",
                  27);
    buffer_append(&greeting, "\7\0\0\0", 4);
    buffer_append(&greeting, salt, 8);
    buffer_append(&greeting, "\0\x8d\xa6\x2d\2\0\x0f\0\x15\0\0\0\0\0\0\0\0\0\0", 19);
    buffer_append(&greeting, salt + 8, 13);
    buffer_append(&greeting, "mysql_native_password", 22);
    buffer_content(&greeting)[0] = (unsigned char)(buffer_length(&greeting) - 4);
    reply(descriptor, buffer_content(&greeting), buffer_length(&greeting));
    buffer_free(&greeting);
    if (receive(descriptor, head, sizeof head) &&
        skip(descriptor, (size_t)(head[0] | head[1] << 8 | head[2] << 16)))
        reply(descriptor, reject, 4 + 0x11);
}

static void *serve_all(void *argument)
{
    enum canned_kind kind = (enum canned_kind)(intptr_t)argument;
    static void (*const serve[])(int) = {serve_postgresql, serve_tds, serve_mysql};
    for (;;) {
        int descriptor = accept(listeners[kind], NULL, NULL);
        if (descriptor < 0)
            continue;
        serve[kind](descriptor);
        close(descriptor);
    }
    return NULL;
}

bool canned_servers_start(void)
{
    for (int kind = 0; kind < CANNED_KINDS; kind++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        pthread_t thread;
        listeners[kind] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(listeners[kind], (struct sockaddr *)&address, sizeof address) != 0 ||
            listen(listeners[kind], 16) != 0 ||
            getsockname(listeners[kind], (struct sockaddr *)&address, &length) != 0 ||
            pthread_create(&thread, NULL, serve_all, (void *)(intptr_t)kind) != 0)
            return false;
        pthread_detach(thread);
        ports[kind] = ntohs(address.sin_port);
    }
    return true;
}

uint16_t canned_server_port(enum canned_kind kind)
{
    return ports[kind];
}

/* ---- what the driver said ---- */

static void copy_text(char *out, const char *text)
{
    text_copy_utf8(text != NULL ? text : "", out, 2048);
}

static bool read_postgresql(struct cursor *cursor, struct canned_login *login)
{
    uint32_t length = cursor_u32(cursor);
    const char *key;
    login->wants_tls = cursor_u32(cursor) != 0x30000 || length <= SSL_REQUEST_LENGTH;
    if (login->wants_tls)
        return true;
    while ((key = cursor_string(cursor, NULL)) != NULL && *key != '\0') {
        const char *value = cursor_string(cursor, NULL);
        if (strcmp(key, "user") == 0)
            copy_text(login->user, value);
        if (strcmp(key, "database") == 0)
            copy_text(login->database, value);
    }
    bool has_password = cursor_u8(cursor) == 'p';
    cursor_u32(cursor);
    copy_text(login->password, cursor_string(cursor, NULL));
    return has_password && !cursor->is_short;
}

/* A string of LOGIN7, by its entry in the offset table. */
static void copy_field(struct cursor login7, size_t entry, bool is_password, char *out)
{
    struct cursor offsets = login7;
    cursor_bytes(&offsets, entry);
    uint16_t offset = cursor_u16le(&offsets);
    uint16_t length = cursor_u16le(&offsets);
    uint16_t units[1024];
    cursor_bytes(&login7, offset);
    for (size_t i = 0; i < length && i < 1024; i++) {
        uint16_t unit = cursor_u16le(&login7);
        if (is_password) {
            unit ^= 0xa5a5;
            unit = (uint16_t)((unit & 0x0f0f) << 4 | (unit & 0xf0f0) >> 4);
        }
        units[i] = unit;
    }
    char *text = text_to_utf8(units, length < 1024 ? length : 1024, NULL);
    copy_text(out, text);
    free(text);
}

/* Packets up to the end of LOGIN7, whose content goes to login7. Returns whether there were only
 * such packets as belong to a login. */
static bool gather_login7(struct cursor *cursor, struct buffer *login7)
{
    uint8_t type = 0, status = 0;
    bool is_login = true;
    while (!cursor->is_short && !(type == 0x10 && (status & 1) != 0)) {
        type = cursor_u8(cursor);
        status = cursor_u8(cursor);
        uint16_t length = cursor_u16(cursor);
        cursor_u32(cursor);
        const unsigned char *bytes = length >= 8 ? cursor_bytes(cursor, length - 8u) : NULL;
        if (bytes != NULL && type == 0x10)
            buffer_append(login7, bytes, length - 8u);
        is_login = is_login && (type == 0x10 || type == 0x12);
    }
    return is_login;
}

static bool read_tds(struct cursor *cursor, struct canned_login *login)
{
    struct buffer login7 = {0};
    login->wants_tls = !gather_login7(cursor, &login7);
    struct cursor fields = cursor_over(buffer_content(&login7), buffer_length(&login7));
    copy_field(fields, 40, false, login->user);
    copy_field(fields, 44, true, login->password);
    copy_field(fields, 68, false, login->database);
    bool is_whole = buffer_length(&login7) > 68 && !cursor->is_short;
    buffer_free(&login7);
    return is_whole;
}

static bool read_mysql(struct cursor *cursor, struct canned_login *login)
{
    uint32_t length = cursor_u24le(cursor);
    cursor_u8(cursor);
    uint32_t flags = cursor_u32le(cursor);
    login->wants_tls = length == 32 || (flags & CLIENT_SSL) != 0;
    cursor_bytes(cursor, 28);
    copy_text(login->user, cursor_string(cursor, NULL));
    login->scramble_length = cursor_u8(cursor);
    const unsigned char *scramble = cursor_bytes(cursor, login->scramble_length);
    if (scramble != NULL && login->scramble_length == sizeof login->scramble)
        memcpy(login->scramble, scramble, sizeof login->scramble);
    if ((flags & CLIENT_CONNECT_WITH_DB) != 0)
        copy_text(login->database, cursor_string(cursor, NULL));
    return login->wants_tls || !cursor->is_short;
}

bool canned_login_read(enum canned_kind kind, const unsigned char *bytes, size_t length,
                       struct canned_login *login)
{
    static bool (*const readers[])(struct cursor *, struct canned_login *) = {read_postgresql,
                                                                              read_tds, read_mysql};
    struct cursor cursor = cursor_over(bytes, length);
    memset(login, 0, sizeof *login);
    return readers[kind](&cursor, login);
}

static size_t put(unsigned char *out, size_t used, const void *bytes, size_t length)
{
    size_t room = CANNED_LOGIN_SIZE - used;
    memcpy(out + used, bytes, length < room ? length : room);
    return used + (length < room ? length : room);
}

/* Version, packet size and options of LOGIN7 without the process, then each text but the server's
 * name. */
static size_t extract_tds(struct cursor *cursor, unsigned char *out)
{
    static const size_t entries[] = {36, 40, 44, 48, 60, 64, 68, 82, 86};
    size_t count = sizeof entries / sizeof entries[0];
    struct buffer login7 = {0};
    size_t used = 0;
    gather_login7(cursor, &login7);
    struct cursor fields = cursor_over(buffer_content(&login7), buffer_length(&login7));
    const unsigned char *bytes = buffer_content(&login7);
    if (bytes != NULL && !cursor->is_short && buffer_length(&login7) > 94) {
        used = put(out, put(out, 0, bytes + 4, 12), bytes + 20, 16);
        if (bytes[7] < 0x72) /* TDS 7.1 has the first ones only */
            count -= 2;
        for (size_t i = 0; i < count; i++) {
            char text[2048];
            copy_field(fields, entries[i], entries[i] == 44, text);
            used = put(out, put(out, used, "\n", 1), text, strlen(text));
        }
    }
    buffer_free(&login7);
    return used;
}

/* The packet without the attributes that tell of process, thread and server. */
static size_t extract_mysql(struct cursor *cursor, unsigned char *out)
{
    static const char *const left_out[] = {"_pid", "_thread", "_server_host"};
    uint32_t length = cursor_u24le(cursor);
    cursor_u8(cursor);
    const unsigned char *bytes = cursor_bytes(cursor, length);
    if (bytes == NULL || length > CANNED_LOGIN_SIZE)
        return 0;
    size_t used = put(out, 0, bytes, length);
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++) {
        size_t name = strlen(left_out[i]);
        unsigned char *found = memmem(out, used, left_out[i], name);
        if (found == NULL || found + name + 1 > out + used)
            continue;
        size_t end = (size_t)(found - out) + name + 1 + found[name];
        end = end < used ? end : used;
        size_t begin = (size_t)(found - out);
        memmove(out + begin, out + end, used - end);
        used -= end - begin;
    }
    return used;
}

size_t canned_login_extract(enum canned_kind kind, const unsigned char *bytes, size_t length,
                            unsigned char *out)
{
    struct cursor cursor = cursor_over(bytes, length);
    return kind == CANNED_TDS ? extract_tds(&cursor, out) : extract_mysql(&cursor, out);
}

/* SHA1(password) xor SHA1(salt, SHA1(SHA1(password))) */
void canned_scramble(const char *password, unsigned char *out)
{
    unsigned char once[20], mixed[40], last[20];
    gnutls_hash_fast(GNUTLS_DIG_SHA1, password, strlen(password), once);
    memcpy(mixed, salt, 20);
    gnutls_hash_fast(GNUTLS_DIG_SHA1, once, sizeof once, mixed + 20);
    gnutls_hash_fast(GNUTLS_DIG_SHA1, mixed, sizeof mixed, last);
    for (size_t i = 0; i < sizeof once; i++)
        out[i] = once[i] ^ last[i];
}
