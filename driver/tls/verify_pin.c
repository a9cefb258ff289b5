/*
 * verify_pin.c - SslPin: digests of certificates or keys of which the server's has to be one. Its
 * syntax is checked when the keyword is read, the server's certificate at every handshake.
 */
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/text.h"
#include "tls/verify_parts.h"

#define PIN_PREFIX "sha256:"
#define PIN_TEXT_SIZE 128

struct pin {
    unsigned char digest[CERTIFICATE_DIGEST_SIZE];
    bool is_of_key; /* of the public key, else of the certificate */
};

/* 64 digits; ':' may stand between bytes. */
static bool parse_hex(const char *text, size_t length, struct pin *pin_out)
{
    static const char hex_digits[] = "0123456789abcdefABCDEF";
    size_t digits = 0;
    for (size_t i = 0; i < length; i++) {
        const char *digit = memchr(hex_digits, text[i], sizeof hex_digits - 1);
        bool is_separator =
            text[i] == ':' && digits > 0 && digits % 2 == 0 && i + 1 < length && text[i - 1] != ':';
        if (is_separator)
            continue;
        if (digit == NULL || digits == 2 * CERTIFICATE_DIGEST_SIZE)
            return false;
        ptrdiff_t value = digit - hex_digits;
        unsigned char *byte = &pin_out->digest[digits++ / 2];
        *byte = (unsigned char)(*byte << 4 | (value < 16 ? value : value - 6));
    }
    return digits == 2 * CERTIFICATE_DIGEST_SIZE;
}

static bool parse_base64(const char *text, size_t length, struct pin *pin_out)
{
    gnutls_datum_t encoded = {(unsigned char *)text, (unsigned)length}, decoded = {0};
    /* 32 bytes take 43 characters and one '='. */
    if (length != 44 || text[43] != '=' || strcspn(text, "=\n\r \t") != 43 ||
        gnutls_base64_decode2(&encoded, &decoded) < 0)
        return false;
    bool is_digest = decoded.size == CERTIFICATE_DIGEST_SIZE;
    pin_out->is_of_key = true;
    if (is_digest)
        memcpy(pin_out->digest, decoded.data, CERTIFICATE_DIGEST_SIZE);
    gnutls_free(decoded.data);
    return is_digest;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t';
}

/* Takes the next pin of a list; *is_good_out: its syntax. false: the list is over. */
static bool next_pin(const char **list, struct pin *pin_out, bool *is_good_out)
{
    if (*list == NULL)
        return false;
    const char *start = *list;
    const char *comma = strchr(start, ',');
    size_t length = comma != NULL ? (size_t)(comma - start) : strlen(start);
    *list = comma != NULL ? comma + 1 : NULL;
    for (; length > 0 && is_blank(*start); length--)
        start++;
    while (length > 0 && is_blank(start[length - 1]))
        length--;
    size_t prefix = strlen(PIN_PREFIX);
    *pin_out = (struct pin){0};
    *is_good_out = length < PIN_TEXT_SIZE && length > prefix &&
                   text_has_prefix_nocase(start, PIN_PREFIX) &&
                   (parse_hex(start + prefix, length - prefix, pin_out) ||
                    parse_base64(start + prefix, length - prefix, pin_out));
    return true;
}

bool verify_pin_is_valid(const char *pin)
{
    struct pin parsed;
    bool is_good = true, is_valid = true;
    while (is_valid && next_pin(&pin, &parsed, &is_good))
        is_valid = is_good;
    return is_valid;
}

void verify_check_pin(struct verify_attempt *attempt, const struct certificate *server,
                      const char *list)
{
    unsigned char certificate[CERTIFICATE_DIGEST_SIZE], key[CERTIFICATE_DIGEST_SIZE];
    char described[CERTIFICATE_TEXT_SIZE], hex[2 * CERTIFICATE_DIGEST_SIZE + 1];
    gnutls_datum_t digest = {key, sizeof key}, base64 = {0};
    struct pin pin;
    bool is_good = false;
    if (!verify_pin_is_valid(list) || !certificate_digest(server, certificate) ||
        !certificate_key_digest(server, key)) {
        verify_fail(attempt, VERIFY_OUTCOME_PIN,
                    "SslPin is malformed: \"" PIN_PREFIX
                    "\" and a certificate's digest in hexadecimal, or "
                    "a public key's in base64, are wanted");
        return;
    }
    while (next_pin(&list, &pin, &is_good))
        if (is_good &&
            memcmp(pin.digest, pin.is_of_key ? key : certificate, CERTIFICATE_DIGEST_SIZE) == 0)
            return;
    text_hex(certificate, sizeof certificate, 0, hex, sizeof hex);
    gnutls_base64_encode2(&digest, &base64);
    verify_fail(attempt, VERIFY_OUTCOME_PIN,
                "%s fits no pin of SslPin; its own are " PIN_PREFIX
                "%s (certificate) and " PIN_PREFIX "%s (public key)",
                certificate_describe(server, true, described, sizeof described), hex,
                base64.data != NULL ? (const char *)base64.data : "?");
    gnutls_free(base64.data);
}
