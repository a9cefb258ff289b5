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

struct found {
    const struct link_map *driver;
    struct libraries libraries;
    struct found *next;
};

static struct found *first;

FORK_GUARDED_LOCK(found)

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_systems(const char *name)
{
    for (size_t i = 0; system_libraries[i] != NULL; i++)
        if (strncmp(name, system_libraries[i], strlen(system_libraries[i])) == 0)
            return true;
    return false;
}

static const char *strings_of(const struct link_map *library)
{
    for (const ElfW(Dyn) *entry = library->l_ld; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_STRTAB)
            return (const char *)(entry->d_un.d_ptr < library->l_addr
                                      ? library->l_addr + entry->d_un.d_ptr
                                      : entry->d_un.d_ptr);
    return NULL;
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

static bool is_among(const struct link_map *library, const struct link_map *const *list,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == library)
            return true;
    return false;
}

/* The driver first, then what it and they need. */
static bool list_needed(const struct link_map *driver, const struct link_map **list,
                        size_t *count_out, struct error *error)
{
    size_t count = 1;
    list[0] = driver;
    for (size_t i = 0; i < count; i++) {
        const char *strings = strings_of(list[i]);
        for (const ElfW(Dyn) *entry = list[i]->l_ld; entry->d_tag != DT_NULL; entry++) {
            if (entry->d_tag != DT_NEEDED || is_systems(strings + entry->d_un.d_val))
                continue;
            const struct link_map *needed = find_loaded(strings + entry->d_un.d_val);
            if (needed == NULL || is_among(needed, list, count))
                continue;
            if (count == LIBRARIES_LIMIT) {
                error_set(error, ODBCSSL_ERROR_TRANSPORT, "%s needs more than %d libraries",
                          driver->l_name, LIBRARIES_LIMIT);
                return false;
            }
            list[count++] = needed;
        }
    }
    *count_out = count;
    return true;
}

static void add_name(struct libraries *libraries, const struct slots *slots)
{
    size_t length = strlen(libraries->names);
    if (slots_has(slots, "connect"))
        snprintf(libraries->names + length, sizeof libraries->names - length, "%s%s",
                 length > 0 ? ", " : "", base_name(slots->path));
}

static bool find_slots(struct found *found, const struct slots_rule *rules, struct error *error)
{
    const struct link_map *list[LIBRARIES_LIMIT];
    struct libraries *libraries = &found->libraries;
    size_t count = 0;
    if (!list_needed(found->driver, list, &count, error))
        return false;
    for (; libraries->count < count; libraries->count++) {
        struct slots *slots = &libraries->slots[libraries->count];
        if (!slots_find(list[libraries->count], rules, slots, error))
            return false;
        add_name(libraries, slots);
    }
    if (libraries->names[0] == '\0')
        error_set(error, ODBCSSL_ERROR_TRANSPORT,
                  "neither %s nor a library that it needs imports connect", found->driver->l_name);
    return !error_is_set(error);
}

static void free_found(struct found *found)
{
    for (size_t i = 0; i < found->libraries.count; i++)
        slots_free(&found->libraries.slots[i]);
    free(found);
}

static struct found *find(const struct link_map *driver, const struct slots_rule *rules,
                          struct error *error)
{
    for (struct found *found = first; found != NULL; found = found->next)
        if (found->driver == driver)
            return found;
    struct found *found = calloc(1, sizeof *found);
    if (found == NULL) {
        error_set_memory(error);
        return NULL;
    }
    found->driver = driver;
    if (!find_slots(found, rules, error)) {
        free_found(found);
        return NULL;
    }
    found->next = first;
    first = found;
    return found;
}

static bool set_all(struct libraries *libraries, struct error *error)
{
    for (size_t i = 0; i < libraries->count; i++)
        if (!slots_set(&libraries->slots[i], error))
            return false;
    return true;
}

const struct libraries *libraries_interpose(const void *inside, const struct slots_rule *rules,
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
    bool is_set = found != NULL && set_all(&found->libraries, error);
    found_unlock();
    return is_set ? &found->libraries : NULL;
}
