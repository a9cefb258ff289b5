/*
 * pqopt.c - reads psqlodbc's pqopt as libpq would (fe-connect.c, conninfo_parse) before libpq does:
 * what is kept is written anew, quoted, so that libpq reads the same.
 */
#include "conn/pqopt.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

/* Options that are refused, and what to do instead. value: only this value is refused; NULL: any.
 */
static const struct {
    const char *option;
    const char *value;
    const char *advice;
} refusals[] = {
    {"service", NULL, "write the service's settings into the DSN"},
    {"servicefile", NULL, "write the service's settings into the DSN"},
    {"host", NULL, "use Servername"},
    {"port", NULL, "use Port"},
    {"sslmode", NULL, "use SslMode"},
    {"requiressl", NULL, "use SslMode"},
    {"sslcert", NULL, "use SslCert"},
    {"sslkey", NULL, "use SslKey"},
    {"sslpassword", NULL, "use SslPassword"},
    {"sslrootcert", NULL, "use SslRootCert"},
    {"sslcrl", NULL, "use SslCrl"},
    {"sslcrldir", NULL, "use SslCrlDir"},
    {"sslsni", NULL, "use SslSni"},
    {"sslcertmode", NULL, "use SslCert"},
    {"sslnegotiation", NULL, "use SslNegotiation"},
    {"ssl_min_protocol_version", NULL, "use SslMinProtocol"},
    {"ssl_max_protocol_version", NULL, "use SslMaxProtocol"},
    {"requirepeer", NULL, "it has no meaning over TLS; verify the server with SslMode=verify-full"},
    {"channel_binding", "require",
     "libpq cannot bind to a TLS session that odbcssl holds; verify the server with "
     "SslMode=verify-full"},
    {"gssencmode", "require", "the connection is encrypted by TLS; set gssencmode=disable"},
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

/* Reads a value, quoted or not, into value; returns what follows, NULL when a quote is not closed.
 */
static const char *read_value(const char *text, struct buffer *value)
{
    bool is_quoted = *text == '\'';
    if (is_quoted)
        text++;
    while (*text != '\0' && (is_quoted ? *text != '\'' : !is_blank(*text))) {
        if (*text == '\\' && text[1] != '\0')
            text++;
        if (!buffer_append_byte(value, (unsigned char)*text++))
            return NULL;
    }
    if (is_quoted && *text++ != '\'')
        return NULL;
    return buffer_append_byte(value, '\0') ? text : NULL;
}

bool pqopt_append(struct buffer *out, const char *name, const char *value)
{
    bool is_good = (buffer_length(out) == 0 || buffer_append_byte(out, ' ')) &&
                   buffer_append(out, name, strlen(name)) && buffer_append(out, "='", 2);
    for (; is_good && *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            is_good = buffer_append_byte(out, '\\');
        is_good = is_good && buffer_append_byte(out, (unsigned char)*value);
    }
    return is_good && buffer_append_byte(out, '\'');
}

static bool check_option(const char *name, const char *value, struct error *error)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (strcmp(refusals[i].option, name) != 0)
            continue;
        if (refusals[i].value != NULL && strcmp(refusals[i].value, value) != 0)
            continue;
        return error_set(error, ODBCSSL_ERROR_BYPASS_SETTING,
                         "pqopt={%s=...} would lead libpq past odbcssl's TLS session, or cannot be "
                         "fulfilled behind it: %s",
                         name, refusals[i].advice);
    }
    return true;
}

struct pqopt_result {
    char *hostaddr;
    struct buffer rest;
};

static bool take_option(const char *name, const char *value, struct pqopt_result *result,
                        struct error *error)
{
    if (!check_option(name, value, error))
        return false;
    bool is_kept;
    if (strcmp(name, "hostaddr") == 0) {
        free(result->hostaddr);
        result->hostaddr = strdup(value);
        is_kept = result->hostaddr != NULL;
    } else {
        is_kept = pqopt_append(&result->rest, name, value);
    }
    if (!is_kept)
        error_set_memory(error);
    return is_kept;
}

/* libpq knows no other names; and what is written anew must not begin like a URI. */
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* One "name = value"; returns what follows, NULL with error set. */
static const char *read_option(const char *text, struct connstr *options, struct error *error)
{
    struct buffer name = {0}, value = {0};
    const char *rest = NULL;
    size_t length = strspn(text, NAME_CHARACTERS);
    const char *equals = skip_blanks(text + length);
    if (length == 0 || *equals != '=') {
        error_set(
            error, ODBCSSL_ERROR_KEYWORD_VALUE,
            "pqopt is malformed: an option without '=', or with a name that is not of letters, "
            "digits and '_' (libpq connection strings are name=value pairs)");
    } else if (!buffer_append(&name, text, length) || !buffer_append_byte(&name, '\0')) {
        error_set_memory(error);
    } else if ((rest = read_value(skip_blanks(equals + 1), &value)) == NULL) {
        error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE, "pqopt is malformed: a quote is not closed");
    } else if (!connstr_append(options, (char *)buffer_content(&name),
                               (char *)buffer_content(&value))) {
        error_set_memory(error);
        rest = NULL;
    }
    text_wipe(value.storage, value.capacity);
    buffer_free(&name);
    buffer_free(&value);
    return rest;
}

bool pqopt_read(const char *text, struct connstr *options, struct error *error)
{
    const char *next = skip_blanks(text != NULL ? text : "");
    *options = (struct connstr){0};
    if (strncmp(next, "postgres://", 11) == 0 || strncmp(next, "postgresql://", 13) == 0) {
        error_set(error, ODBCSSL_ERROR_BYPASS_SETTING,
                  "pqopt holds a connection URI, which would lead libpq past odbcssl's TLS "
                  "session: write its parts into the DSN");
        next = NULL;
    }
    while (next != NULL && *next != '\0') {
        next = read_option(next, options, error);
        if (next != NULL)
            next = skip_blanks(next);
    }
    if (next == NULL)
        connstr_free(options);
    return next != NULL;
}

bool pqopt_inspect(const char *text, char **hostaddr_out, char **rest_out, struct error *error)
{
    struct pqopt_result result = {0};
    struct connstr options;
    if (!pqopt_read(text, &options, error))
        return false;
    bool is_good = true;
    for (size_t i = 0; i < options.count && is_good; i++)
        is_good = take_option(options.pairs[i].keyword, options.pairs[i].value, &result, error);
    connstr_free(&options);
    if (is_good && !buffer_append_byte(&result.rest, '\0')) {
        error_set_memory(error);
        is_good = false;
    }
    if (!is_good) {
        free(result.hostaddr);
        buffer_free(&result.rest);
        return false;
    }
    *hostaddr_out = result.hostaddr;
    *rest_out = (char *)result.rest.storage;
    return true;
}

bool pqopt_has(const char *text, const char *option)
{
    struct buffer value = {0};
    bool is_found = false;
    while (text != NULL && *text != '\0' && !is_found) {
        size_t length = strspn(text, NAME_CHARACTERS);
        is_found = strlen(option) == length && strncmp(text, option, length) == 0;
        buffer_clear(&value);
        text = text[length] == '=' ? read_value(text + length + 1, &value) : NULL;
        text = text != NULL ? skip_blanks(text) : NULL;
    }
    if (value.storage != NULL)
        text_wipe(value.storage, value.capacity);
    buffer_free(&value);
    return is_found;
}
