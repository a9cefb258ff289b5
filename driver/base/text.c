/*
 * text.c - UTF-8 and UTF-16, comparing without regard to case, numbers. Nothing depends on the
 * locale, which is the application's.
 */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT 0xFFFDu

size_t text_utf8_decode(const unsigned char *text, size_t length, uint32_t *code_point_out)
{
    static const unsigned char bits_of_first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t size = text_utf8_character(text, length);
    *code_point_out = size > 0 ? text[0] & bits_of_first[size] : REPLACEMENT;
    for (size_t i = 1; i < size; i++)
        *code_point_out = *code_point_out << 6 | (text[i] & 0x3Fu);
    return size > 0 ? size : 1;
}

size_t text_utf8_encode(uint32_t code_point, char *out)
{
    static const unsigned char mark_of_first[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t size = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; code_point >>= 6)
        out[i] = (char)(0x80 | (code_point & 0x3F));
    out[0] = (char)(mark_of_first[size] | code_point);
    return size;
}

/* Unicode 15, table 3-7: well-formed byte sequences. */
size_t text_utf8_character(const unsigned char *text, size_t length)
{
    if (length == 0)
        return 0;
    unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    size_t size = first >= 0xC2 && first <= 0xDF   ? 2
                  : first >= 0xE0 && first <= 0xEF ? 3
                  : first >= 0xF0 && first <= 0xF4 ? 4
                                                   : 0;
    if (size == 0 || length < size)
        return 0;
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (text[i] < 0x80 || text[i] > 0xBF)
            return 0;
    return size;
}

void text_trim_partial(char *text)
{
    size_t length = strlen(text);
    size_t start = length;
    while (start > 0 && length - start < 4 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xC0)
        start--;
    if (start < length && (unsigned char)text[start] >= 0x80 &&
        text_utf8_character((unsigned char *)text + start, length - start) != length - start)
        text[start] = '\0';
}

size_t text_convert_utf16(const char *text, size_t length, uint16_t *out, size_t size)
{
    size_t whole = 0, written = 0;
    for (size_t read = 0; read < length;) {
        uint32_t code_point;
        read += text_utf8_decode((const unsigned char *)text + read, length - read, &code_point);
        bool is_pair = code_point >= 0x10000;
        uint16_t low = (uint16_t)(is_pair ? 0xDC00 | (code_point & 0x3FF) : code_point);
        if (written == whole && whole + is_pair + 1 < size) {
            if (is_pair)
                out[written++] = (uint16_t)(0xD800 | (code_point - 0x10000) >> 10);
            out[written++] = low;
        }
        whole += is_pair ? 2 : 1;
    }
    if (size > 0)
        out[written] = 0;
    return whole;
}

uint16_t *text_to_utf16(const char *text, size_t length, size_t *length_out)
{
    uint16_t *out = malloc((length + 1) * sizeof *out);
    size_t written = out != NULL ? text_convert_utf16(text, length, out, length + 1) : 0;
    if (out != NULL && length_out != NULL)
        *length_out = written;
    return out;
}

char *text_to_utf8(const uint16_t *text, size_t length, size_t *length_out)
{
    char *out = malloc(length * 3 + 1);
    if (out == NULL)
        return NULL;
    size_t written = 0;
    for (size_t read = 0; read < length; read++) {
        uint32_t code_point = text[read];
        bool is_high = (code_point & 0xFC00) == 0xD800;
        if (is_high && read + 1 < length && (text[read + 1] & 0xFC00) == 0xDC00)
            code_point = 0x10000 + ((code_point & 0x3FF) << 10) + (text[++read] & 0x3FFu);
        else if ((code_point & 0xF800) == 0xD800)
            code_point = REPLACEMENT;
        written += text_utf8_encode(code_point, out + written);
    }
    out[written] = '\0';
    if (length_out != NULL)
        *length_out = written;
    return out;
}

size_t text_utf16_length(const uint16_t *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

bool text_copy_utf8(const char *text, char *out, size_t size)
{
    size_t length = strlen(text);
    if (out == NULL || size == 0)
        return false;
    size_t copied = length < size ? length : size - 1;
    memcpy(out, text, copied);
    out[copied] = '\0';
    if (copied < length)
        text_trim_partial(out);
    return copied == length;
}

char text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equal_nocase(const char *a, const char *b)
{
    while (*a != '\0' && text_lower(*a) == text_lower(*b)) {
        a++;
        b++;
    }
    return text_lower(*a) == text_lower(*b);
}

bool text_is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (text_equal_nocase(*list, text))
            return true;
    return false;
}

bool text_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

char *text_trim(char *text)
{
    while (text_is_blank(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && text_is_blank(text[length - 1]))
        text[--length] = '\0';
    return text;
}

const char *text_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* One row of the table at a time. */
size_t text_distance(const char *a, const char *b)
{
    size_t a_length = strnlen(a, TEXT_DISTANCE_LIMIT), b_length = strnlen(b, TEXT_DISTANCE_LIMIT);
    size_t row[TEXT_DISTANCE_LIMIT + 1];
    for (size_t column = 0; column <= b_length; column++)
        row[column] = column;
    for (size_t line = 1; line <= a_length; line++) {
        size_t diagonal = row[0];
        row[0] = line;
        for (size_t column = 1; column <= b_length; column++) {
            bool is_same = text_lower(a[line - 1]) == text_lower(b[column - 1]);
            size_t least = diagonal + !is_same;
            diagonal = row[column];
            if (least > row[column] + 1)
                least = row[column] + 1;
            if (least > row[column - 1] + 1)
                least = row[column - 1] + 1;
            row[column] = least;
        }
    }
    return row[b_length];
}

bool text_has_prefix_nocase(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++)
        if (text_lower(*text) != text_lower(*prefix))
            return false;
    return true;
}

bool text_parse_number(const char *text, unsigned long maximum, unsigned long *number_out)
{
    unsigned long number = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        unsigned long digit = (unsigned long)(*text - '0');
        if (number > (maximum - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *number_out = number;
    return true;
}

bool text_parse_port(const char *text, uint16_t *port_out)
{
    unsigned long port;
    if (!text_parse_number(text, UINT16_MAX, &port) || port == 0)
        return false;
    *port_out = (uint16_t)port;
    return true;
}

void text_hex(const void *bytes, size_t length, char separator, char *out, size_t out_size)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char *byte = bytes;
    const size_t step = separator != '\0' ? 3 : 2;
    size_t written = 0;
    for (size_t i = 0; i < length && written + (i > 0 ? step : 2) < out_size; i++) {
        if (i > 0 && separator != '\0')
            out[written++] = separator;
        out[written++] = digits[byte[i] >> 4];
        out[written++] = digits[byte[i] & 15];
    }
    if (out_size > 0)
        out[written] = '\0';
}

void text_wipe(void *memory, size_t length)
{
    if (memory != NULL)
        explicit_bzero(memory, length);
}

void text_free_secret(char *secret)
{
    if (secret != NULL)
        text_wipe(secret, strlen(secret));
    free(secret);
}

const char *text_quote_word(const char *word, char *out, size_t size)
{
    static const char quoted[] = "'\\''";
    size_t used = 0;
    out[used++] = '\'';
    for (; *word != '\0' && used + sizeof quoted < size; word++)
        if (*word == '\'')
            used += (size_t)snprintf(out + used, size - used, "%s", quoted);
        else
            out[used++] = *word;
    snprintf(out + used, size - used, "'");
    return out;
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

const char *text_explain_oddity(const char *value)
{
    size_t length = strlen(value);
    if (length > 0 && (is_quote(value[0]) || is_quote(value[length - 1])))
        return "; the quotes are a part of the value: leave them out";
    for (size_t i = 1; i < length; i++)
        if ((value[i] == ';' || value[i] == '#') && (value[i - 1] == ' ' || value[i - 1] == '\t'))
            return "; what stands behind the ';' or '#' is a part of the value: a comment needs a "
                   "line of its own";
    return "";
}
