/*
 * parsed_pkcs12.c - PKCS#12 stores for parsed_file.c; GnuTLS decrypts and takes them apart. What it
 * would get wrong without a word is looked at here: lists that it cuts, and rounds that would hang
 * the connection.
 */
#include <gnutls/pkcs12.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "tls/parsed_parts.h"

/* GnuTLS passes no more entries of a list, and does not say that there are more. */
#define LIST_LIMIT 32
#define LIST_COUNT_LIMIT 1024

/* Of hashing the password, for all parts of a store: it may have as many as it likes, each within
 * PARSED_ITERATION_LIMIT. A list full of keys with 600,000 each is read. */
#define ROUND_LIMIT 20000000

struct store {
    const struct parsing *parsing;
    gnutls_pkcs12_t pkcs12;
    const char *candidates[5]; /* passwords that may fit, NULL is one; then the one that fits */
    size_t candidate_count;
    bool is_opened; /* a password fitted */
    uint64_t rounds;
};

static bool damaged(const struct store *store, const char *why)
{
    return parsed_damaged(store->parsing, "PKCS#12 store", why);
}

static bool wrong_password(const struct store *store)
{
    const struct parsed_source *source = store->parsing->source;
    if (store->is_opened)
        return parsed_refuse(store->parsing, ODBCSSL_ERROR_KEY_PASSWORD,
                             "a part of the PKCS#12 store has another password than the store "
                             "itself, which is not supported; make it again with one password");
    if (source->password != NULL)
        return parsed_refuse(store->parsing, ODBCSSL_ERROR_STORE_PASSWORD,
                             "SslPassword is not the password of this PKCS#12 store, or the file "
                             "was altered");
    return parsed_refuse(
        store->parsing, ODBCSSL_ERROR_STORE_PASSWORD,
        "SslPassword is not set, and the PKCS#12 store has neither an empty "
        "password nor one of the usual ones (changeit, apsaradb): set SslPassword");
}

/* what: "has a MAC"; oid: of the algorithm, or NULL. */
static bool unsupported(const struct store *store, const char *what, const char *oid, int outcome)
{
    char printable[128];
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        return error_set_memory(store->parsing->error);
    const char *reason = oid != NULL ? oid : gnutls_strerror(outcome);
    return parsed_refuse(store->parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                         "the PKCS#12 store %s in a way that is not supported here (%s); make it "
                         "again with openssl pkcs12 -export -certpbe AES-256-CBC -keypbe "
                         "AES-256-CBC -macalg SHA256",
                         what,
                         error_printable(reason, strlen(reason), printable, sizeof printable));
}

/* Tries the candidates with one step; the first that passes becomes the only one. */
static int open_with(struct store *store, int (*try)(void *what, const char *password), void *what)
{
    int outcome = GNUTLS_E_DECRYPTION_FAILED;
    for (size_t i = 0; i < store->candidate_count && outcome < 0; i++) {
        const char *password = store->candidates[i];
        outcome = try(what, password);
        if (outcome >= 0) {
            store->candidates[0] = password;
            store->candidate_count = 1;
            store->is_opened = true;
        }
    }
    return outcome;
}

/* Before a part is hashed for with every password that may fit. */
static bool check_rounds(struct store *store, const char *what, unsigned iterations)
{
    if (iterations > PARSED_ITERATION_LIMIT)
        return parsed_refuse(store->parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                             "the PKCS#12 store %s with %u rounds of hashing the password, more "
                             "than the %d that are done here",
                             what, iterations, PARSED_ITERATION_LIMIT);
    store->rounds += (uint64_t)iterations * store->candidate_count;
    return store->rounds <= ROUND_LIMIT ||
           parsed_refuse(store->parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                         "the parts of the PKCS#12 store want at least %" PRIu64
                         " rounds of hashing the password together, more than the %d that are done "
                         "here%s",
                         store->rounds, ROUND_LIMIT,
                         store->parsing->source->password == NULL
                             ? "; set SslPassword, so that fewer passwords are tried"
                             : "");
}

/* What GnuTLS found out of the encryption of a part, before it is decrypted. Frees oid. */
static bool check_encryption(struct store *store, const char *what, char *oid, unsigned iterations,
                             int outcome)
{
    bool is_good = outcome == 0 || unsupported(store, what, oid, outcome);
    gnutls_free(oid);
    return is_good && check_rounds(store, what, iterations);
}

static int try_mac(void *store, const char *password)
{
    return gnutls_pkcs12_verify_mac(((struct store *)store)->pkcs12, password);
}

static bool check_mac(struct store *store)
{
    unsigned mac = 0, iterations = 0;
    char *oid = NULL;
    int outcome = gnutls_pkcs12_mac_info(store->pkcs12, &mac, NULL, NULL, &iterations, &oid);
    /* Without an OID it is the store that has no MAC. */
    if (!check_encryption(store, "has a MAC", oid, iterations, oid != NULL ? outcome : 0))
        return false;
    outcome = open_with(store, try_mac, store);
    if (outcome == GNUTLS_E_MAC_VERIFY_FAILED)
        return wrong_password(store);
    return outcome >= 0 || outcome == GNUTLS_E_ASN1_ELEMENT_NOT_FOUND ||
           unsupported(store, "has a MAC", NULL, outcome);
}

struct encrypted_list {
    gnutls_pkcs12_t pkcs12;
    int index;
    gnutls_pkcs12_bag_t bag; /* NULL when there is no memory for it */
};

/* Each password gets the list afresh: of one that is decrypted to garbage with correct padding
 * GnuTLS leaves nothing for the next. */
static int try_list(void *encrypted_list, const char *password)
{
    struct encrypted_list *list = encrypted_list;
    gnutls_pkcs12_bag_deinit(list->bag);
    list->bag = NULL;
    int outcome = gnutls_pkcs12_bag_init(&list->bag);
    if (outcome == 0)
        outcome = gnutls_pkcs12_get_bag(list->pkcs12, list->index, list->bag);
    return outcome == 0 ? gnutls_pkcs12_bag_decrypt(list->bag, password) : outcome;
}

/* A wrong password gives correct padding once in 256 times, and garbage: so whatever fails may be
 * for that reason, as long as nothing has proved the password. */
static bool decrypt_list(struct store *store, int index, gnutls_pkcs12_bag_t *bag)
{
    unsigned schema = 0, cipher = 0, iterations = 0;
    char *oid = NULL;
    int outcome = gnutls_pkcs12_bag_enc_info(*bag, &schema, &cipher, NULL, NULL, &iterations, &oid);
    if (!check_encryption(store, "is encrypted", oid, iterations, outcome))
        return false;
    struct encrypted_list list = {store->pkcs12, index, *bag};
    outcome = open_with(store, try_list, &list);
    *bag = list.bag;
    if (outcome >= 0)
        return true;
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        return error_set_memory(store->parsing->error);
    return outcome == GNUTLS_E_DECRYPTION_FAILED || !store->is_opened
               ? wrong_password(store)
               : damaged(store, "a list of entries cannot be read");
}

struct shrouded_key {
    gnutls_x509_privkey_t key;
    const gnutls_datum_t *bytes;
};

static int try_key(void *shrouded_key, const char *password)
{
    const struct shrouded_key *shrouded = shrouded_key;
    return gnutls_x509_privkey_import_pkcs8(shrouded->key, shrouded->bytes, GNUTLS_X509_FMT_DER,
                                            password,
                                            password == NULL ? GNUTLS_PKCS_NULL_PASSWORD : 0);
}

/* Adds it decrypted: its password may be one that nobody set. */
static bool add_shrouded_key(struct store *store, const gnutls_datum_t *bytes)
{
    struct shrouded_key shrouded = {.bytes = bytes};
    gnutls_datum_t plain = {0};
    unsigned iterations;
    char *oid;
    parsed_saw(store->parsing, PARSED_ENCRYPTED_KEY);
    if (!parsed_wants_keys(store->parsing))
        return true;
    int outcome = parsed_key_encryption(bytes->data, bytes->size, &iterations, &oid);
    if (outcome == GNUTLS_E_ASN1_DER_ERROR)
        return damaged(store, "a private key does not say how it is encrypted");
    if (!check_encryption(store, "is encrypted", oid, iterations, outcome))
        return false;
    if (gnutls_x509_privkey_init(&shrouded.key) != 0)
        return error_set_memory(store->parsing->error);
    outcome = open_with(store, try_key, &shrouded);
    bool is_password_wrong = outcome == GNUTLS_E_DECRYPTION_FAILED;
    if (outcome >= 0)
        outcome = gnutls_x509_privkey_export2_pkcs8(shrouded.key, GNUTLS_X509_FMT_DER, NULL,
                                                    GNUTLS_PKCS_PLAIN, &plain);
    bool is_good = false;
    if (is_password_wrong)
        wrong_password(store);
    else if (outcome < 0)
        parsed_refuse(store->parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                      "the private key in the PKCS#12 store cannot be understood: %s",
                      gnutls_strerror(outcome));
    else
        is_good = parsed_add_key(store->parsing, plain.data, plain.size, PARSED_KEY_PLAIN);
    text_wipe(plain.data, plain.size);
    gnutls_free(plain.data);
    gnutls_x509_privkey_deinit(shrouded.key);
    return is_good;
}

static bool read_entry(struct store *store, gnutls_pkcs12_bag_t bag, unsigned index)
{
    gnutls_datum_t bytes = {0};
    int outcome = gnutls_pkcs12_bag_get_data(bag, index, &bytes);
    switch (outcome == 0 ? (int)gnutls_pkcs12_bag_get_type(bag, index) : outcome) {
    case GNUTLS_BAG_CERTIFICATE:
        return parsed_add_certificate(store->parsing, bytes.data, bytes.size);
    case GNUTLS_BAG_PKCS8_KEY:
        return parsed_add_key(store->parsing, bytes.data, bytes.size, PARSED_KEY_PLAIN);
    case GNUTLS_BAG_PKCS8_ENCRYPTED_KEY:
        return add_shrouded_key(store, &bytes);
    case GNUTLS_BAG_CRL:
        parsed_saw(store->parsing, PARSED_CRL);
        return true;
    case GNUTLS_BAG_SECRET:
        return true;
    default:
        return damaged(store, "an entry is of an unknown kind");
    }
}

/* bag is read again when it is encrypted. */
static bool read_bag(struct store *store, int index, gnutls_pkcs12_bag_t *bag)
{
    if (gnutls_pkcs12_bag_get_type(*bag, 0) == GNUTLS_BAG_ENCRYPTED &&
        !decrypt_list(store, index, bag))
        return false;
    int count = gnutls_pkcs12_bag_get_count(*bag);
    if (count >= LIST_LIMIT)
        return parsed_refuse(store->parsing, ODBCSSL_ERROR_FILE_MALFORMED,
                             "the PKCS#12 store holds more than %d certificates, which are not "
                             "read from one; convert it with: openssl pkcs12 -in FILE -nokeys -out "
                             "NEW.pem",
                             LIST_LIMIT - 1);
    for (int i = 0; i < count; i++)
        if (!read_entry(store, *bag, (unsigned)i))
            return false;
    return true;
}

static bool read_bags(struct store *store)
{
    int outcome = 0;
    bool is_good = true;
    for (int i = 0; is_good && i < LIST_COUNT_LIMIT; i++) {
        gnutls_pkcs12_bag_t bag = NULL;
        outcome = gnutls_pkcs12_bag_init(&bag);
        if (outcome == 0)
            outcome = gnutls_pkcs12_get_bag(store->pkcs12, i, bag);
        is_good = outcome == 0 && read_bag(store, i, &bag);
        gnutls_pkcs12_bag_deinit(bag);
    }
    if (outcome == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return true;
    if (outcome == GNUTLS_E_UNKNOWN_PKCS_CONTENT_TYPE)
        return unsupported(store, "is signed", NULL, outcome);
    return damaged(store, "a part cannot be read");
}

bool parsed_pkcs12_read(const struct parsing *parsing, const unsigned char *bytes, size_t size)
{
    struct store store = {.parsing = parsing};
    const gnutls_datum_t der = {(unsigned char *)bytes, (unsigned)size};
    parsed_saw(parsing, PARSED_PKCS12);
    store.candidates[store.candidate_count++] =
        parsing->source->password != NULL ? parsing->source->password : "";
    if (parsing->source->password == NULL) {
        store.candidates[store.candidate_count++] = NULL;
        for (const char *const *usual = parsed_default_passwords; *usual != NULL; usual++)
            store.candidates[store.candidate_count++] = *usual;
    }
    int outcome = gnutls_pkcs12_init(&store.pkcs12);
    if (outcome == 0)
        outcome = gnutls_pkcs12_import(store.pkcs12, &der, GNUTLS_X509_FMT_DER, 0);
    if (outcome == GNUTLS_E_MEMORY_ERROR)
        error_set_memory(parsing->error);
    else if (outcome != 0)
        damaged(&store, gnutls_strerror(outcome));
    bool is_read = outcome == 0 && check_mac(&store) && read_bags(&store);
    gnutls_pkcs12_deinit(store.pkcs12);
    return is_read;
}
