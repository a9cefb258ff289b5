/*
 * pqopt.c - reads psqlodbc's pqopt as libpq would (fe-connect.c, conninfo_parse) before libpq does:
 * what is given on is written anew, quoted, so that libpq reads the same.
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

static const char *skip_blanks(const char *text)
{
    while (text_is_blank(*text))
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
    while (*text != '\0' && (is_quoted ? *text != '\'' : !text_is_blank(*text))) {
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
    if (buffer_length(out) > 0)
        buffer_append_byte(out, ' ');
    buffer_append_text(out, name);
    buffer_append_text(out, "='");
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, (unsigned char)*value);
    }
    return buffer_append_byte(out, '\'');
}

static bool is_refused(const struct connstr_pair *option, size_t row)
{
    return strcmp(refusals[row].option, option->keyword) == 0 &&
           (refusals[row].value == NULL || strcmp(refusals[row].value, option->value) == 0);
}

bool pqopt_check(const struct connstr *options, const char **hostaddr_out, struct error *error)
{
    *hostaddr_out = NULL;
    for (size_t i = 0; i < options->count; i++) {
        const struct connstr_pair *option = &options->pairs[i];
        for (size_t row = 0; row < sizeof refusals / sizeof refusals[0]; row++)
            if (is_refused(option, row))
                return error_set(
                    error, ODBCSSL_ERROR_BYPASS_SETTING,
                    "pqopt={%s=...} would lead libpq past odbcssl's TLS session, or cannot be "
                    "fulfilled behind it: %s",
                    option->keyword, refusals[row].advice);
        if (strcmp(option->keyword, "hostaddr") == 0)
            *hostaddr_out = option->value;
    }
    return true;
}

/* libpq knows no other names; and what is written anew must not begin like a URI. */
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* One "name = value"; returns what follows, NULL with error set. */
static const char *read_option(const char *text, struct connstr *options, struct error *error)
{
    struct buffer value = {.is_secret = true};
    size_t length = strspn(text, NAME_CHARACTERS);
    const char *equals = skip_blanks(text + length);
    if (length == 0 || *equals != '=') {
        error_set(
            error, ODBCSSL_ERROR_KEYWORD_VALUE,
            "pqopt is malformed: an option without '=', or with a name that is not of letters, "
            "digits and '_' (libpq connection strings are name=value pairs)");
        return NULL;
    }
    const char *rest = read_value(skip_blanks(equals + 1), &value);
    char *name = strndup(text, length);
    if (rest == NULL && !value.is_failed)
        error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE, "pqopt is malformed: a quote is not closed");
    else if (rest == NULL || name == NULL ||
             !connstr_append(options, name, (char *)buffer_content(&value)))
        rest = NULL;
    if (rest == NULL)
        error_set_memory(error);
    free(name);
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
