/*
 * encrypt.c - the table of encrypt.h, applied after the places were searched and before the
 * keywords are resolved.
 */
#include "config/encrypt.h"

#include <stdio.h>

#include "base/options.h"

enum encrypt_word { ENCRYPT_UNSET, ENCRYPT_NO, ENCRYPT_YES, ENCRYPT_STRICT };

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

static const struct key encrypt_key = {.name = "Encrypt", .kind = KEY_WORD, .words = encrypt_words};
static const struct key trust_key = {
    .name = "TrustServerCertificate", .kind = KEY_WORD, .words = trust_words};

#define BIT(mode) (1u << (mode))
#define WITHOUT_VERIFYING                                                                          \
    (BIT(ODBCSSL_MODE_DISABLE) | BIT(ODBCSSL_MODE_ALLOW) | BIT(ODBCSSL_MODE_PREFER))
#define REQUIRE BIT(ODBCSSL_MODE_REQUIRE)
#define VERIFY_FULL BIT(ODBCSSL_MODE_VERIFY_FULL)

/* What Encrypt means without and with TrustServerCertificate, and which other modes do not
 * contradict it. Alone, TrustServerCertificate says nothing about whether to encrypt. */
static const struct meaning {
    enum odbcssl_mode mode;
    unsigned agreeing;
    bool is_direct;
} meanings[][2] = {
    [ENCRYPT_UNSET] = {{ODBCSSL_MODE_VERIFY_FULL,
                        BIT(ODBCSSL_MODE_DISABLE) | BIT(ODBCSSL_MODE_VERIFY_CA) | VERIFY_FULL,
                        false},
                       {ODBCSSL_MODE_REQUIRE, WITHOUT_VERIFYING | REQUIRE, false}},
    [ENCRYPT_NO] = {{ODBCSSL_MODE_PREFER, WITHOUT_VERIFYING, false},
                    {ODBCSSL_MODE_PREFER, WITHOUT_VERIFYING, false}},
    [ENCRYPT_YES] = {{ODBCSSL_MODE_VERIFY_FULL, VERIFY_FULL, false},
                     {ODBCSSL_MODE_REQUIRE, REQUIRE, false}},
    [ENCRYPT_STRICT] = {{ODBCSSL_MODE_VERIFY_FULL, VERIFY_FULL, true},
                        {ODBCSSL_MODE_VERIFY_FULL, VERIFY_FULL, true}},
};

/* found_out stays empty, and *word_out 0, when the keyword is nowhere. */
static bool read_word(const struct places *places, const struct key *key, struct found *found_out,
                      int *word_out, struct error *error)
{
    *word_out = 0;
    return places_find_name(places, key->name, NULL, found_out, error) &&
           (found_out->value == NULL ||
            key_check_value(key, found_out->value, places->names[found_out->place], word_out,
                            error));
}

/* What was found of a keyword stays when it agrees with the alias, is replaced by word when it is
 * written in a lower place, and is contradicted otherwise. An unknown value is refused later. */
static bool apply(const struct places *places, const struct key *key, unsigned agreeing,
                  const struct found *alias, const struct found *replacement, struct found *found,
                  struct error *error)
{
    char alias_text[KEY_DESCRIPTION_SIZE], found_text[KEY_DESCRIPTION_SIZE];
    const struct key_word *present =
        found->value != NULL ? key_find_word(key->words, found->value) : NULL;
    if (found->value != NULL && (present == NULL || (agreeing & BIT(present->value)) != 0))
        return true;
    if (found->value == NULL || found->place > alias->place) {
        *found = *replacement;
        return true;
    }
    return error_set(
        error, ODBCSSL_ERROR_KEYWORD_CONFLICT, "%s stands for %s=%s and contradicts %s",
        places_describe(places, alias, NULL, alias_text, sizeof alias_text), key->name,
        replacement->value, places_describe(places, found, key, found_text, sizeof found_text));
}

bool encrypt_apply(const struct places *places, struct found *found, char *origin,
                   struct error *error)
{
    struct found encrypting, trusting;
    int encrypt, trust;
    if (!read_word(places, &encrypt_key, &encrypting, &encrypt, error) ||
        !read_word(places, &trust_key, &trusting, &trust, error))
        return false;
    if (encrypting.value == NULL && trusting.value == NULL)
        return true;
    const struct meaning *meaning = &meanings[encrypt][trust];
    struct found alias = encrypting.value != NULL ? encrypting : trusting;
    /* TrustServerCertificate decides from where it stands, also when Encrypt stands lower. */
    if (encrypt == ENCRYPT_YES && trust && trusting.place <= alias.place)
        alias = trusting;
    snprintf(origin, ENCRYPT_ORIGIN_SIZE, "%s=%s", alias.keyword, alias.value);
    const struct found mode = {origin, tls_mode_name(meaning->mode), alias.place, true};
    const struct found direct = {origin, "direct", alias.place, true};
    return apply(places, &keys[KEY_INDEX_SslMode], meaning->agreeing, &alias, &mode,
                 &found[KEY_INDEX_SslMode], error) &&
           (!meaning->is_direct ||
            apply(places, &keys[KEY_INDEX_SslNegotiation], BIT(TLS_NEGOTIATION_DIRECT), &alias,
                  &direct, &found[KEY_INDEX_SslNegotiation], error));
}
