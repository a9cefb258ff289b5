/*
 * encrypt.c - the table of encrypt.h, applied after the places were searched and before the
 * keywords are resolved.
 */
#include "config/encrypt.h"

#include <stdio.h>

#include "base/options.h"

#define ENCRYPT "Encrypt"
#define TRUST "TrustServerCertificate"

enum encrypt_word { ENCRYPT_NO, ENCRYPT_YES, ENCRYPT_STRICT };

static const struct key_word encrypt_words[] = {
    {"no", ENCRYPT_NO, false},         {"optional", ENCRYPT_NO, false},
    {"yes", ENCRYPT_YES, false},       {"mandatory", ENCRYPT_YES, false},
    {"strict", ENCRYPT_STRICT, false}, {"false", ENCRYPT_NO, true},
    {"true", ENCRYPT_YES, true},       {"0", ENCRYPT_NO, true},
    {"1", ENCRYPT_YES, true},          {NULL, 0, false},
};

static const struct key_word trust_words[] = {
    {"yes", true, false}, {"no", false, false}, {"true", true, true}, {"false", false, true},
    {"1", true, true},    {"0", false, true},   {NULL, 0, false},
};

#define BIT(mode) (1u << (mode))
#define BITS_WITHOUT_VERIFYING                                                                     \
    (BIT(ODBCSSL_MODE_DISABLE) | BIT(ODBCSSL_MODE_ALLOW) | BIT(ODBCSSL_MODE_PREFER))

/* What a combination means, and which other modes do not contradict it. */
struct meaning {
    enum odbcssl_mode mode;
    unsigned agreeing;
    bool is_direct;
};

static const struct meaning meaning_no = {ODBCSSL_MODE_PREFER, BITS_WITHOUT_VERIFYING, false};
static const struct meaning meaning_yes = {ODBCSSL_MODE_VERIFY_FULL, BIT(ODBCSSL_MODE_VERIFY_FULL),
                                           false};
static const struct meaning meaning_yes_trusting = {ODBCSSL_MODE_REQUIRE, BIT(ODBCSSL_MODE_REQUIRE),
                                                    false};
static const struct meaning meaning_strict = {ODBCSSL_MODE_VERIFY_FULL,
                                              BIT(ODBCSSL_MODE_VERIFY_FULL), true};
/* Alone, TrustServerCertificate says nothing about whether to encrypt. */
static const struct meaning meaning_trusting = {
    ODBCSSL_MODE_REQUIRE, BITS_WITHOUT_VERIFYING | BIT(ODBCSSL_MODE_REQUIRE), false};
static const struct meaning meaning_untrusting = {
    ODBCSSL_MODE_VERIFY_FULL,
    BIT(ODBCSSL_MODE_DISABLE) | BIT(ODBCSSL_MODE_VERIFY_CA) | BIT(ODBCSSL_MODE_VERIFY_FULL), false};

struct reading {
    struct found found;
    int word;
};

/* reading->found stays empty when the keyword is nowhere. */
static bool read_word(const struct places *places, const char *name, const struct key_word *words,
                      struct reading *reading, struct error *error)
{
    *reading = (struct reading){0};
    if (!places_find_name(places, name, NULL, &reading->found, error))
        return false;
    if (reading->found.value == NULL)
        return true;
    const struct key_word *word = key_find_word(words, reading->found.value);
    if (word != NULL) {
        reading->word = word->value;
        return true;
    }
    char description[KEY_DESCRIPTION_SIZE], list[100];
    return error_set(
        error, ODBCSSL_ERROR_KEYWORD_VALUE, "%s: the value is not known; it takes %s",
        places_describe(places, &reading->found, NULL, description, sizeof description),
        key_list_words(words, list, sizeof list));
}

static const struct meaning *combine(const struct reading *encrypt, const struct reading *trust)
{
    bool is_trusting = trust->found.value != NULL && trust->word;
    if (encrypt->found.value == NULL)
        return is_trusting ? &meaning_trusting : &meaning_untrusting;
    switch ((enum encrypt_word)encrypt->word) {
    case ENCRYPT_NO:
        return &meaning_no;
    case ENCRYPT_YES:
        return is_trusting ? &meaning_yes_trusting : &meaning_yes;
    case ENCRYPT_STRICT:
        return &meaning_strict;
    }
    return &meaning_yes;
}

/* What was found of a keyword stays when it agrees with the alias, is replaced by word when it is
 * written in a lower place, and is contradicted otherwise. An unknown value is refused later. */
static bool apply(const struct places *places, const struct key *key, unsigned agreeing,
                  const struct found *alias, const char *word, struct found *found,
                  struct error *error)
{
    char alias_text[KEY_DESCRIPTION_SIZE], found_text[KEY_DESCRIPTION_SIZE];
    const struct key_word *present =
        found->value != NULL ? key_find_word(key->words, found->value) : NULL;
    if (found->value != NULL && (present == NULL || (agreeing & BIT(present->value)) != 0))
        return true;
    if (found->value == NULL || found->place > alias->place) {
        *found = (struct found){alias->keyword, word, alias->place, true};
        return true;
    }
    return error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                     "%s stands for %s=%s and contradicts %s",
                     places_describe(places, alias, NULL, alias_text, sizeof alias_text), key->name,
                     word, places_describe(places, found, key, found_text, sizeof found_text));
}

bool encrypt_apply(const struct places *places, struct encrypt *encrypt, struct error *error)
{
    struct reading encrypting, trusting;
    encrypt->origin[0] = '\0';
    if (!read_word(places, ENCRYPT, encrypt_words, &encrypting, error) ||
        !read_word(places, TRUST, trust_words, &trusting, error))
        return false;
    if (encrypting.found.value == NULL && trusting.found.value == NULL)
        return true;
    const struct meaning *meaning = combine(&encrypting, &trusting);
    struct found alias = encrypting.found.value != NULL ? encrypting.found : trusting.found;
    /* TrustServerCertificate decides from where it stands, also when Encrypt stands lower. */
    if (meaning == &meaning_yes_trusting && trusting.found.place <= alias.place)
        alias = trusting.found;
    snprintf(encrypt->origin, sizeof encrypt->origin, "%s=%s", alias.keyword, alias.value);
    return apply(places, &keys[KEY_INDEX_SslMode], meaning->agreeing, &alias,
                 tls_mode_name(meaning->mode), &encrypt->mode, error) &&
           (!meaning->is_direct ||
            apply(places, &keys[KEY_INDEX_SslNegotiation], BIT(TLS_NEGOTIATION_DIRECT), &alias,
                  "direct", &encrypt->negotiation, error));
}
