/*
 * credentials.c - the cache of what connections verify with and show, asked by conn/ before each
 * one and by session/ before each further login of one: a set of files is loaded once
 * (credentials_load.c), by the first thread that wants it, while the others wait, and again when a
 * file has changed (watch.c).
 *
 * A thread may be loading while another one forks: the child has the entry, and nobody who will
 * ever finish it. So an entry notes the process that loads it, and one of another process is
 * replaced, not waited for.
 */
#include "tls/credentials.h"

#include <gnutls/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fork.h"
#include "tls/credentials_load.h"
#include "tls/gaussdb_key.h"
#include "tls/token.h"
#include "tls/watch.h"

/* Sets of files kept; the least recently used one goes when there are more. */
#define CACHE_SIZE 32
#define KEY_SIZE 32

enum entry_state { ENTRY_LOADING, ENTRY_READY, ENTRY_FAILED };

/* Everything but the counters and the state is written by the loading thread only, and read by
 * others only once the state is another than ENTRY_LOADING. */
struct entry {
    struct credentials credentials; /* first: what connections hold */
    unsigned char key[KEY_SIZE];
    enum entry_state state;
    unsigned loader;     /* generation of the process that loads it */
    unsigned references; /* of connections, waiting threads and the cache */
    unsigned long used;
    struct watch watch;
    struct error errors[CREDENTIALS_PART_COUNT];
};

static pthread_cond_t loaded = PTHREAD_COND_INITIALIZER;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static struct entry *cache[CACHE_SIZE];
static unsigned long uses;
FORK_GUARDED_LOCK(cache)

/* The condition may have had waiters that the child does not have. */
static void renew_in_child(void)
{
    pthread_cond_init(&loaded, NULL);
}

/* GnuTLS counts who needs it. An application that ends it more often than it began it is not to end
 * it for us; nor is the end of the process, where threads may still be in a handshake. */
static void prepare(void)
{
    pthread_atfork(NULL, NULL, renew_in_child);
    gnutls_global_init();
}

static void hash_text(gnutls_hash_hd_t hash, const char *text)
{
    unsigned char is_set = text != NULL;
    gnutls_hash(hash, &is_set, 1);
    if (text != NULL)
        gnutls_hash(hash, text, strlen(text) + 1);
}

/* Where a value comes from stands in error texts, so connections that say it differently do not
 * share. */
static void hash_option(gnutls_hash_hd_t hash, const struct option *option)
{
    hash_text(hash, option->value);
    hash_text(hash, option->keyword);
    hash_text(hash, option->source);
}

/* Everything that credentials_load looks at, and for whom: a process that acts for one user after
 * another shows nobody's key for somebody who may not read it. Of the database's user only which
 * password file it leads to. */
static bool make_key(const struct tls_options *options, const char *user, unsigned char *key)
{
    gnutls_hash_hd_t hash;
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != 0)
        return false;
#define CREDENTIAL_KEY(name, field, kind, fallback, environment, file, help)                       \
    hash_option(hash, &options->field);
#define DRIVER_KEY(name, field, kind, help)
#include "base/keys.def"
    bool has_token = token_is_uri(options->cert.value) || token_is_uri(options->key.value);
    const unsigned owner = has_token ? fork_generation() : 0;
    const bool is_system =
        options->root_cert.value == NULL && options->mode >= ODBCSSL_MODE_VERIFY_CA;
    const unsigned numbers[] = {options->file_permissions, is_system, owner, geteuid(), getegid()};
    gnutls_hash(hash, numbers, sizeof numbers);
    char *cipher_path = NULL;
    bool is_known = options->cert.value == NULL || options->password.value != NULL ||
                    token_is_uri(options->cert.value) ||
                    gaussdb_key_find(options->cert.value, user, &cipher_path);
    hash_text(hash, cipher_path);
    free(cipher_path);
    gnutls_hash_deinit(hash, key);
    return is_known;
}

static void free_entry(struct entry *entry)
{
    credentials_unload(&entry->credentials);
    watch_free(&entry->watch);
    free(entry);
}

/* Under the lock. Returns the entry when nobody holds it any more: to be freed without the lock. */
static struct entry *drop_reference(struct entry *entry)
{
    return --entry->references == 0 ? entry : NULL;
}

/* The place of the key in the cache, else NULL. Under the lock. */
static struct entry **find_place(const unsigned char *key)
{
    for (size_t i = 0; i < CACHE_SIZE; i++)
        if (cache[i] != NULL && memcmp(cache[i]->key, key, KEY_SIZE) == 0)
            return &cache[i];
    return NULL;
}

/* Gives up what the caller held. is_forgotten: and what the cache holds, if it still does. */
static void release(struct entry *entry, bool is_forgotten)
{
    cache_lock();
    struct entry **place = is_forgotten ? find_place(entry->key) : NULL;
    if (place != NULL && *place == entry) {
        *place = NULL;
        entry->references--;
    }
    struct entry *unused = drop_reference(entry);
    cache_unlock();
    if (unused != NULL)
        free_entry(unused);
}

/* Puts a new entry, which this thread is going to load, into the cache. Under the lock. */
static struct entry *begin_loading(const unsigned char *key, struct entry **unused_out)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    memcpy(entry->key, key, KEY_SIZE);
    entry->state = ENTRY_LOADING;
    entry->loader = fork_generation();
    entry->references = 2;
    entry->used = ++uses;
    struct entry **place = find_place(key);
    /* Else an empty place, or that of the entry that was not used for the longest time. */
    if (place == NULL) {
        place = &cache[0];
        for (size_t i = 1; i < CACHE_SIZE && *place != NULL; i++)
            if (cache[i] == NULL || cache[i]->used < (*place)->used)
                place = &cache[i];
    }
    if (*place != NULL)
        *unused_out = drop_reference(*place);
    *place = entry;
    return entry;
}

/* Gets the key's entry with a reference. *is_ours_out: the caller has to load it. NULL: no memory.
 */
static struct entry *take_entry(const unsigned char *key, bool *is_ours_out)
{
    struct entry *unused = NULL;
    cache_lock();
    struct entry **place = find_place(key);
    /* What another process was loading when this one was forked off will never be ready here. */
    bool is_dead =
        place != NULL && (*place)->state == ENTRY_LOADING && fork_is_inherited((*place)->loader);
    *is_ours_out = place == NULL || is_dead;
    struct entry *entry = *is_ours_out ? begin_loading(key, &unused) : *place;
    if (entry != NULL && !*is_ours_out) {
        entry->references++;
        entry->used = ++uses;
        while (entry->state == ENTRY_LOADING)
            pthread_cond_wait(&loaded, &cache_mutex);
    }
    cache_unlock();
    /* A dead entry may be half made: it is left alone, not freed. */
    if (unused != NULL && unused->state != ENTRY_LOADING)
        free_entry(unused);
    return entry;
}

/* A ready entry that is fresh, or one that failed; with a reference. NULL: no memory. */
static struct entry *get_entry(const unsigned char *key, const struct tls_options *options,
                               const char *user)
{
    for (;;) {
        bool is_ours = false;
        struct entry *entry = take_entry(key, &is_ours);
        if (entry == NULL)
            return NULL;
        if (is_ours) {
            bool is_loaded =
                credentials_load(options, user, &entry->watch, &entry->credentials, entry->errors);
            cache_lock();
            entry->state = is_loaded ? ENTRY_READY : ENTRY_FAILED;
            pthread_cond_broadcast(&loaded);
            cache_unlock();
        }
        if (is_ours || entry->state == ENTRY_FAILED || watch_is_fresh(&entry->watch))
            return entry;
        release(entry, true);
    }
}

/* Of the client certificate, where one was loaded. */
static bool has_good_dates(const struct entry *entry, struct error *error)
{
    return !entry->credentials.has_identity ||
           client_identity_check_dates(&entry->credentials.identity, time(NULL), error);
}

static const struct credentials *get_parts(const struct tls_options *options, const char *user,
                                           struct error errors[CREDENTIALS_PART_COUNT])
{
    unsigned char key[KEY_SIZE];
    pthread_once(&prepared, prepare);
    struct entry *entry = make_key(options, user, key) ? get_entry(key, options, user) : NULL;
    /* A token is not watched: the certificate may have been renewed there. */
    if (entry != NULL && token_is_uri(options->cert.value) && !has_good_dates(entry, NULL)) {
        release(entry, true);
        entry = get_entry(key, options, user);
    }
    if (entry == NULL) {
        error_set_memory(&errors[CREDENTIALS_TRUST]);
        return NULL;
    }
    if (entry->state == ENTRY_FAILED) {
        for (size_t i = 0; i < CREDENTIALS_PART_COUNT; i++)
            error_copy(&errors[i], &entry->errors[i]);
        release(entry, true);
        return NULL;
    }
    if (!has_good_dates(entry, &errors[CREDENTIALS_IDENTITY])) {
        release(entry, false);
        return NULL;
    }
    return &entry->credentials;
}

/* A thread that is cancelled while it loads would leave an entry for which the others wait for
 * ever, and one that waits, the lock. */
const struct credentials *credentials_get_parts(const struct tls_options *options, const char *user,
                                                struct error errors[CREDENTIALS_PART_COUNT])
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    const struct credentials *credentials = get_parts(options, user, errors);
    pthread_setcancelstate(cancel_state, NULL);
    return credentials;
}

const struct credentials *credentials_get(const struct tls_options *options, const char *user,
                                          struct error *error)
{
    struct error *errors = calloc(CREDENTIALS_PART_COUNT, sizeof *errors);
    if (errors == NULL) {
        error_set_memory(error);
        return NULL;
    }
    const struct credentials *credentials = credentials_get_parts(options, user, errors);
    for (size_t i = 0; error != NULL && i < CREDENTIALS_PART_COUNT; i++)
        if (error_is_set(&errors[i]))
            error_copy(error, &errors[i]);
    free(errors);
    return credentials;
}

void credentials_release(const struct credentials **credentials)
{
    struct entry *entry = (struct entry *)(uintptr_t)*credentials;
    *credentials = NULL;
    if (entry != NULL)
        release(entry, false);
}

const struct credentials *credentials_hold(const struct credentials *credentials)
{
    struct entry *entry = (struct entry *)(uintptr_t)credentials;
    cache_lock();
    if (entry != NULL)
        entry->references++;
    cache_unlock();
    return credentials;
}
