/*
 * name.c - compares Names, and hashes them for the search of issuers in trust.c and verify_path.c.
 * Both go over the same stream of characters, prepared as RFC 5280, 7.1, demands (RFC 4518), so
 * that equal names have equal hashes. Nothing is stored: a string is read, folded and compared
 * character by character.
 */
#include "tls/name.h"

#include "base/text.h"

/* Attributes that may stand in one relative name. */
#define RDN_LIMIT 16

#define HASH_START 0xcbf29ce484222325u
#define HASH_STEP 0x100000001b3u

enum { END_OF_TEXT = 0xffffffff };

/* The characters of a string in the form in which they are compared. */
struct reader {
    struct cursor bytes;
    unsigned tag;
    bool is_malformed;
    bool has_begun;
    uint32_t waiting[3]; /* are read next, the last first */
    unsigned waiting_count;
};

static unsigned width_of(unsigned tag)
{
    switch (tag) {
    case DER_TAG_UTF8_STRING:
    case DER_TAG_NUMERIC_STRING:
    case DER_TAG_PRINTABLE_STRING:
    case DER_TAG_TELETEX_STRING:
    case DER_TAG_IA5_STRING:
    case DER_TAG_VISIBLE_STRING:
        return 1;
    case DER_TAG_BMP_STRING:
        return 2;
    case DER_TAG_UNIVERSAL_STRING:
        return 4;
    default:
        return 0;
    }
}

static uint32_t decode(struct reader *reader)
{
    struct cursor *bytes = &reader->bytes;
    unsigned width = width_of(reader->tag);
    uint32_t character = 0;
    if (bytes->left == 0 || reader->is_malformed)
        return END_OF_TEXT;
    if (reader->tag == DER_TAG_UTF8_STRING) {
        size_t size = text_utf8_decode(bytes->next, bytes->left, &character);
        reader->is_malformed = size == 1 && bytes->next[0] >= 0x80;
        cursor_bytes(bytes, size);
        return character;
    }
    for (unsigned i = 0; i < width; i++)
        character = character << 8 | cursor_u8(bytes);
    reader->is_malformed = bytes->is_short || character > 0x10ffff ||
                           (character & ~0x7ffu) == 0xd800 ||
                           (width == 1 && reader->tag != DER_TAG_TELETEX_STRING && character > 127);
    return character;
}

/* RFC 4518, 2.2: mapped to a space. */
static bool is_blank(uint32_t character)
{
    return character == ' ' || (character >= 0x09 && character <= 0x0d) || character == 0x85 ||
           character == 0xa0 || character == 0x1680 ||
           (character >= 0x2000 && character <= 0x200a) || character == 0x2028 ||
           character == 0x2029 || character == 0x202f || character == 0x205f || character == 0x3000;
}

/* RFC 4518, 2.2: mapped to nothing. */
static bool is_ignored(uint32_t character)
{
    return character == 0xad || character == 0x34f ||
           (character >= 0x180b && character <= 0x180e) ||
           (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x202a && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) ||
           (character >= 0xfe00 && character <= 0xfe0f) || character == 0xfeff;
}

struct fold_row {
    uint32_t first;
    uint32_t last;
    int32_t shift;
    unsigned step; /* 2: only every other one is a capital */
};

/* The capitals of the scripts that have them, but for rare ones: RFC 3454, table B.2. */
static const struct fold_row fold_rows[] = {
    {'A', 'Z', 32, 1},      {0xc0, 0xd6, 32, 1},       {0xd8, 0xde, 32, 1},
    {0x100, 0x12e, 1, 2},   {0x132, 0x136, 1, 2},      {0x139, 0x147, 1, 2},
    {0x14a, 0x176, 1, 2},   {0x178, 0x178, -121, 1},   {0x179, 0x17d, 1, 2},
    {0x1cd, 0x1db, 1, 2},   {0x1de, 0x1ee, 1, 2},      {0x1f8, 0x21e, 1, 2},
    {0x386, 0x386, 38, 1},  {0x388, 0x38a, 37, 1},     {0x38c, 0x38c, 64, 1},
    {0x38e, 0x38f, 63, 1},  {0x391, 0x3a1, 32, 1},     {0x3a3, 0x3ab, 32, 1},
    {0x3c2, 0x3c2, 1, 1},   {0x400, 0x40f, 80, 1},     {0x410, 0x42f, 32, 1},
    {0x460, 0x480, 1, 2},   {0x48a, 0x4be, 1, 2},      {0x4d0, 0x52e, 1, 2},
    {0x531, 0x556, 48, 1},  {0x10a0, 0x10c5, 7264, 1}, {0x1e00, 0x1e94, 1, 2},
    {0x1ea0, 0x1efe, 1, 2}, {0xff21, 0xff3a, 32, 1},
};

static uint32_t fold(uint32_t character)
{
    for (size_t i = 0; i < sizeof fold_rows / sizeof fold_rows[0]; i++) {
        const struct fold_row *row = &fold_rows[i];
        if (character < row->first)
            break;
        if (character <= row->last && (character - row->first) % row->step == 0)
            return (uint32_t)((int64_t)character + row->shift);
    }
    return character;
}

static struct reader reader_over(const struct der *value)
{
    return (struct reader){.bytes = der_inside(value), .tag = value->tag};
}

/* The next character: case folded, blanks inside as one, outside none. */
static uint32_t next_character(struct reader *reader)
{
    if (reader->waiting_count > 0)
        return reader->waiting[--reader->waiting_count];
    bool is_blank_due = false;
    uint32_t character = decode(reader);
    while (character != END_OF_TEXT && (is_blank(character) || is_ignored(character))) {
        is_blank_due |= is_blank(character);
        character = decode(reader);
    }
    if (character == END_OF_TEXT)
        return character;
    bool is_sharp_s = character == 0xdf || character == 0x1e9e;
    character = is_sharp_s ? 's' : fold(character);
    if (is_sharp_s)
        reader->waiting[reader->waiting_count++] = 's';
    if (is_blank_due && reader->has_begun) {
        reader->waiting[reader->waiting_count++] = character;
        return ' ';
    }
    reader->has_begun = true;
    return character;
}

static enum name_match match_value(const struct der *a, const struct der *b)
{
    if (der_equal(a, b))
        return NAME_MATCH_YES;
    if (width_of(a->tag) == 0 || width_of(b->tag) == 0)
        return NAME_MATCH_NO;
    struct reader left = reader_over(a), right = reader_over(b);
    uint32_t character;
    do {
        character = next_character(&left);
        if (character != next_character(&right))
            return left.is_malformed || right.is_malformed ? NAME_MATCH_UNKNOWN : NAME_MATCH_NO;
    } while (character != END_OF_TEXT);
    return left.is_malformed || right.is_malformed ? NAME_MATCH_UNKNOWN : NAME_MATCH_YES;
}

/* AttributeTypeAndValue ::= SEQUENCE { type, value } */
static bool read_attribute(struct cursor *set, struct der *type_out, struct der *value_out)
{
    struct der sequence;
    if (!der_expect(set, DER_TAG_SEQUENCE, &sequence))
        return false;
    struct cursor fields = der_inside(&sequence);
    return der_expect(&fields, DER_TAG_OID, type_out) && der_next(&fields, value_out) &&
           der_is_at_end(&fields);
}

struct attribute {
    struct der type;
    struct der value;
};

/* Number of attributes; 0: malformed, or too many. */
static size_t read_rdn(const struct der *rdn, struct attribute *attributes)
{
    struct cursor set = der_inside(rdn);
    size_t count = 0;
    while (set.left > 0) {
        if (count == RDN_LIMIT ||
            !read_attribute(&set, &attributes[count].type, &attributes[count].value))
            return 0;
        count++;
    }
    return count;
}

/* Whether all of a's attributes are among b's. */
static enum name_match match_attributes(const struct attribute *a, const struct attribute *b,
                                        size_t count)
{
    enum name_match match = NAME_MATCH_YES;
    for (size_t i = 0; i < count && match != NAME_MATCH_NO; i++) {
        enum name_match best = NAME_MATCH_NO;
        for (size_t k = 0; k < count && best != NAME_MATCH_YES; k++) {
            enum name_match found = der_equal(&a[i].type, &b[k].type)
                                        ? match_value(&a[i].value, &b[k].value)
                                        : NAME_MATCH_NO;
            best = found != NAME_MATCH_NO ? found : best;
        }
        match = best != NAME_MATCH_YES ? best : match;
    }
    return match;
}

static enum name_match match_rdn(const struct der *a, const struct der *b)
{
    struct attribute left[RDN_LIMIT], right[RDN_LIMIT];
    if (der_equal(a, b))
        return NAME_MATCH_YES;
    size_t count = read_rdn(a, left), other = read_rdn(b, right);
    if (count == 0 || other == 0)
        return NAME_MATCH_UNKNOWN;
    if (count != other)
        return NAME_MATCH_NO;
    enum name_match match = match_attributes(left, right, count);
    return match == NAME_MATCH_YES ? match_attributes(right, left, count) : match;
}

enum name_match name_is_within(const struct der *name, const struct der *base)
{
    struct cursor rdns = der_inside(name), wanted = der_inside(base);
    struct der rdn, wanted_rdn;
    enum name_match match = NAME_MATCH_YES;
    while (match != NAME_MATCH_NO && der_next(&wanted, &wanted_rdn)) {
        if (!der_next(&rdns, &rdn))
            return rdns.is_short ? NAME_MATCH_UNKNOWN : NAME_MATCH_NO;
        enum name_match step = match_rdn(&rdn, &wanted_rdn);
        match = step != NAME_MATCH_YES ? step : match;
    }
    return wanted.is_short ? NAME_MATCH_UNKNOWN : match;
}

bool name_is_equal(const struct der *a, const struct der *b)
{
    if (a->size == 0 || b->size == 0)
        return false;
    return der_equal(a, b) ||
           (name_is_within(a, b) == NAME_MATCH_YES && name_is_within(b, a) == NAME_MATCH_YES);
}

static uint64_t hash_bytes(uint64_t hash, const struct der *element)
{
    for (size_t i = 0; i < element->size; i++)
        hash = (hash ^ element->content[i]) * HASH_STEP;
    return hash;
}

static uint64_t hash_attribute(const struct attribute *attribute)
{
    uint64_t hash = hash_bytes(HASH_START, &attribute->type);
    if (width_of(attribute->value.tag) == 0)
        return hash_bytes(hash, &attribute->value);
    struct reader reader = reader_over(&attribute->value);
    for (uint32_t next = next_character(&reader); next != END_OF_TEXT;
         next = next_character(&reader))
        hash = (hash ^ next) * HASH_STEP;
    return reader.is_malformed ? hash_bytes(HASH_START, &attribute->value) : hash;
}

uint64_t name_hash(const struct der *name)
{
    struct cursor rdns = der_inside(name);
    struct der rdn;
    uint64_t hash = HASH_START;
    while (der_next(&rdns, &rdn)) {
        struct attribute attributes[RDN_LIMIT];
        size_t count = read_rdn(&rdn, attributes);
        uint64_t sum = count == 0 ? hash_bytes(HASH_START, &rdn) : 0;
        /* The order of a SET depends on how its members are written. */
        for (size_t i = 0; i < count; i++)
            sum += hash_attribute(&attributes[i]);
        hash = (hash ^ sum) * HASH_STEP;
    }
    return hash;
}

bool name_next_attribute(struct name_walk *walk, struct der *type_out, struct der *value_out)
{
    struct der rdn;
    while (walk->set.left == 0) {
        if (walk->rdns.left == 0)
            return false;
        if (!der_expect(&walk->rdns, DER_TAG_SET, &rdn) || rdn.size == 0) {
            walk->is_malformed = true;
            return false;
        }
        walk->set = der_inside(&rdn);
    }
    walk->is_malformed = !read_attribute(&walk->set, type_out, value_out);
    return !walk->is_malformed;
}

bool name_to_utf8(const struct der *value, char *out, size_t out_size, size_t *size_out)
{
    struct reader reader = reader_over(value);
    size_t used = 0;
    if (width_of(value->tag) == 0)
        return false;
    for (uint32_t next = decode(&reader); next != END_OF_TEXT; next = decode(&reader)) {
        if (used + 5 > out_size)
            return false;
        used += text_utf8_encode(next, out + used);
    }
    out[used] = '\0';
    *size_out = used;
    return !reader.is_malformed;
}
