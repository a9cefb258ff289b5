/*
 * text.h - UTF-8 and UTF-16. SQLWCHAR is a 16-bit unit in unixODBC, in the machine's byte order.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length in bytes of the valid UTF-8 character at text, 0 when there is none. */
size_t text_utf8_character(const unsigned char *text, size_t length);

/* Decodes one character and returns its length; an invalid byte counts as one byte and yields
 * U+FFFD. */
size_t text_utf8_decode(const unsigned char *text, size_t length, uint32_t *code_point_out);

/* Writes one character, 4 bytes at the most, without a terminator; returns their number. */
size_t text_utf8_encode(uint32_t code_point, char *out);

/* Removes a UTF-8 character that was cut short at the end of a string. */
void text_trim_partial(char *text);

/* Converts length bytes of UTF-8 (invalid bytes become U+FFFD) into new NUL-terminated UTF-16; the
 * caller frees. *length_out, when not NULL, gets the number of units. NULL: out of memory. */
uint16_t *text_to_utf16(const char *text, size_t length, size_t *length_out);

/* The same into out, which holds size units, terminator included, never half of a surrogate pair;
 * returns how many units the whole has, without the terminator. out may be NULL with size 0. */
size_t text_convert_utf16(const char *text, size_t length, uint16_t *out, size_t size);

/* Converts length units of UTF-16 (lone surrogates become U+FFFD) into new NUL-terminated UTF-8. */
char *text_to_utf8(const uint16_t *text, size_t length, size_t *length_out);

/* Number of units before the terminator. */
size_t text_utf16_length(const uint16_t *text);

/* Copies at most size bytes, terminator included, never part of a character; returns true when all
 * fitted. out may be NULL with size 0. */
bool text_copy_utf8(const char *text, char *out, size_t size);

/* How many letters are to be inserted, deleted or replaced to make b of a, in any case
 * (Levenshtein). Of longer texts the first TEXT_DISTANCE_LIMIT bytes count. */
#define TEXT_DISTANCE_LIMIT 64
size_t text_distance(const char *a, const char *b);

/* ASCII only, whatever the locale: case, and the six blanks. list is ended by NULL. */
char text_lower(char c);
bool text_equal_nocase(const char *a, const char *b);
bool text_has_prefix_nocase(const char *text, const char *prefix);
bool text_is_one_of(const char *text, const char *const *list);
bool text_is_blank(char c);

/* Cuts the blanks at the end of text off, and returns where it begins without those at its front.
 */
char *text_trim(char *text);

/* The part of a path behind its last '/'. */
const char *text_file_name(const char *path);

/* Parses a whole decimal number without sign; false when text is anything else or too large. */
bool text_parse_number(const char *text, unsigned long maximum, unsigned long *number_out);

/* The same for a port: 1 to 65535. */
bool text_parse_port(const char *text, uint16_t *port_out);

/* Writes bytes as upper-case hexadecimal, with separator between the bytes unless it is 0; out
 * holds 3 * length + 1 bytes at the most. */
void text_hex(const void *bytes, size_t length, char separator, char *out, size_t out_size);

/* Overwrites memory that held a secret; the compiler does not remove it. NULL is accepted. */
void text_wipe(void *memory, size_t length);

/* Wipes a NUL-terminated secret and frees it. NULL is accepted. */
void text_free_secret(char *secret);

/* In quotes, as one word of a shell's line that somebody is told to run; whole where size is
 * TEXT_QUOTED_SIZE of its length. Returns out. */
#define TEXT_QUOTED_SIZE(length) (4 * (length) + 3)
const char *text_quote_word(const char *word, char *out, size_t size);

/* For errors about a value that was read from a file: "" or "; ..." when it looks as if quotes or a
 * comment were taken for a part of it. Static. */
const char *text_explain_oddity(const char *value);

#endif
