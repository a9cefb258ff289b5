/*
 * mysql_password.c - the rules by which mysql_greeting.c and mysql_login.c keep a password from a
 * plaintext connection.
 *
 * A client sends its password as it is when it takes the connection for secure: over TLS, and over
 * a Unix socket. The real driver talks to a socket of this process, whatever lies behind it; so
 * when that is a plain connection to the server, the driver's own judgement does not count.
 */
#include <string.h>

#include "base/text.h"
#include "proto/mysql_state.h"

#define CACHING_SHA2_FULL_AUTHENTICATION 4
#define CACHING_SHA2_KEY_REQUEST 2
#define SHA256_KEY_REQUEST 1
#define SHA256_DIGEST_SIZE 32
/* Of an RSA key of 1024 bits; clients and servers make 2048. */
#define RSA_BLOCK_MINIMUM 128

static const struct {
    const char *name;
    enum mysql_method method;
} methods[] = {
    {"mysql_clear_password", MYSQL_METHOD_CLEAR},
    {"sha256_password", MYSQL_METHOD_SHA256},
    {"caching_sha2_password", MYSQL_METHOD_CACHING_SHA2},
};

enum mysql_method mysql_method_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof methods / sizeof methods[0]; i++)
        if (text_equal_nocase(methods[i].name, name))
            return methods[i].method;
    return MYSQL_METHOD_OTHER;
}

const char *mysql_method_name(enum mysql_method method)
{
    if (method == MYSQL_METHOD_CACHING_SHA2_FULL)
        method = MYSQL_METHOD_CACHING_SHA2;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (methods[i].method == method)
            return methods[i].name;
    return NULL;
}

/* The marker is optional: libmariadb drops it where it is and reads on. */
enum mysql_method mysql_method_after(enum mysql_method method, const unsigned char *payload,
                                     size_t size)
{
    size_t start = size > 0 && payload[0] == MYSQL_MARKER_MORE_DATA ? 1 : 0;
    bool is_full = size > start && payload[start] == CACHING_SHA2_FULL_AUTHENTICATION;
    return method == MYSQL_METHOD_CACHING_SHA2 && is_full ? MYSQL_METHOD_CACHING_SHA2_FULL : method;
}

/* A password in clear text ends with its only NUL, as one encrypted block in 700 does; before it no
 * block of that size is without control characters that neither keyboard nor file has. */
static bool is_text(const unsigned char *answer, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++)
        if (answer[i] < ' ' && !text_is_blank((char)answer[i]))
            return false;
    return size > 0 && answer[size - 1] == 0;
}

/* A password encrypted with the server's RSA key. */
static bool is_rsa_block(const unsigned char *answer, size_t size)
{
    return size >= RSA_BLOCK_MINIMUM && !is_text(answer, size);
}

static bool is_byte(const unsigned char *answer, size_t size, unsigned char byte)
{
    return size == 1 && answer[0] == byte;
}

bool mysql_method_reveals(enum mysql_method method, const unsigned char *answer, size_t size)
{
    /* No password is an empty answer, or one NUL. */
    bool is_empty = size == 0 || is_byte(answer, size, 0);
    switch (method) {
    case MYSQL_METHOD_OTHER:
        return false;
    case MYSQL_METHOD_CLEAR:
        return true;
    case MYSQL_METHOD_SHA256:
        return !is_empty && !is_byte(answer, size, SHA256_KEY_REQUEST) &&
               !is_rsa_block(answer, size);
    case MYSQL_METHOD_CACHING_SHA2:
        return !is_empty && size != SHA256_DIGEST_SIZE;
    case MYSQL_METHOD_CACHING_SHA2_FULL:
        return !is_byte(answer, size, CACHING_SHA2_KEY_REQUEST) && !is_rsa_block(answer, size);
    }
    return true;
}
