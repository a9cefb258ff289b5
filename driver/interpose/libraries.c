#include "interpose/libraries.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fork.h"

/* Libraries whose sockets are not the database's, and whose calls stay libc's. Neither they nor
 * what they need is looked at. */
static const char *const system_libraries[] = {
    "ld-linux", "ld64.so", "ld.so", "libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so",
    "libresolv.so", "libgcc_s.so", "libstdc++.so", "libasan.so", "libtsan.so", "libubsan.so",
    /* compression, characters */
    "libz.so", "libzstd.so", "liblz4.so", "libidn2.so", "libunistring.so", "libicu",
    /* TLS, Kerberos, LDAP: they reach their own servers */
    "libssl.so", "libcrypto.so", "libgnutls.so", "libnettle.so", "libhogweed.so", "libgmp.so",
    "libgssapi", "libkrb5", "libk5crypto.so", "libcom_err.so", "libkeyutils.so", "libldap",
    "liblber", "libsasl2.so", "libnss", "libp11-kit.so", "libtasn1.so",
    /* the driver manager */
    "libodbc", "libltdl.so", "libiodbc", NULL};

#define LIBRARIES_LIMIT 32

/* A real driver's libraries: itself first, then what it and they need. */
struct found {
    const struct link_map *libraries[LIBRARIES_LIMIT];
    struct slots slots[LIBRARIES_LIMIT];
    size_t count;
    char names[256]; /* of those with a slot for connect: "libpq.so.5" */
    struct found *next;
};

static struct found *first;

FORK_GUARDED_LOCK(found)

static bool is_systems(const char *name)
{
    for (size_t i = 0; system_libraries[i] != NULL; i++)
        if (strncmp(name, system_libraries[i], strlen(system_libraries[i])) == 0)
            return true;
    return false;
}

/* The one that is loaded under this name already. The reference is kept: it stays loaded. */
static const struct link_map *find_loaded(const char *name)
{
    struct link_map *library = NULL;
    void *handle = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
    if (handle == NULL || dlinfo(handle, RTLD_DI_LINKMAP, &library) != 0)
        return NULL;
    return library;
}

static bool add_needed(struct found *found, const struct link_map *library, const char *strings,
                       struct error *error)
{
    for (const ElfW(Dyn) *entry = library->l_ld; entry->d_tag != DT_NULL; entry++) {
        size_t i = 0;
        if (entry->d_tag != DT_NEEDED || is_systems(strings + entry->d_un.d_val))
            continue;
        const struct link_map *needed = find_loaded(strings + entry->d_un.d_val);
        while (i < found->count && found->libraries[i] != needed)
            i++;
        if (needed == NULL || i < found->count)
            continue;
        if (i == LIBRARIES_LIMIT)
            return error_set(error, ODBCSSL_ERROR_TRANSPORT, "%s needs more than %d libraries",
                             found->libraries[0]->l_name, LIBRARIES_LIMIT);
        found->libraries[found->count++] = needed;
    }
    return true;
}

static bool find_all(struct found *found, const struct slots_rule *rules, struct error *error)
{
    for (size_t i = 0; i < found->count; i++) {
        struct slots *slots = &found->slots[i];
        size_t length = strlen(found->names);
        if (!slots_find(found->libraries[i], rules, slots, error) ||
            !add_needed(found, found->libraries[i], slots->strings, error))
            return false;
        if (slots_has(slots, "connect"))
            snprintf(found->names + length, sizeof found->names - length, "%s%s",
                     length > 0 ? ", " : "", basename(slots->path));
    }
    return found->names[0] != '\0' ||
           error_set(error, ODBCSSL_ERROR_TRANSPORT,
                     "neither %s nor a library that it needs imports connect",
                     found->libraries[0]->l_name);
}

static struct found *find(const struct link_map *driver, const struct slots_rule *rules,
                          struct error *error)
{
    for (struct found *found = first; found != NULL; found = found->next)
        if (found->libraries[0] == driver)
            return found;
    struct found *found = calloc(1, sizeof *found);
    if (found == NULL) {
        error_set_memory(error);
        return NULL;
    }
    found->libraries[found->count++] = driver;
    if (find_all(found, rules, error)) {
        found->next = first;
        first = found;
        return found;
    }
    for (size_t i = 0; i < found->count; i++)
        slots_free(&found->slots[i]);
    free(found);
    return NULL;
}

const char *libraries_interpose(const void *inside, const struct slots_rule *rules,
                                struct error *error)
{
    Dl_info info;
    struct link_map *driver = NULL;
    if (dladdr1(inside, &info, (void **)&driver, RTLD_DL_LINKMAP) == 0 || driver == NULL) {
        error_set(error, ODBCSSL_ERROR_TRANSPORT, "the real driver's library cannot be found");
        return NULL;
    }
    found_lock();
    struct found *found = find(driver, rules, error);
    bool is_set = found != NULL && slots_set(found->slots, found->count, error);
    found_unlock();
    return is_set ? found->names : NULL;
}
