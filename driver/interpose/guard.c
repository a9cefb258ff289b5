#include "interpose/guard.h"

#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/error.h"

enum guard_note { GUARD_NOTHING, GUARD_WRITING, GUARD_WRITTEN };

static void describe(const struct sockaddr *address, socklen_t length, char *out)
{
    char host[64], port[8], path[sizeof((struct sockaddr_un *)0)->sun_path + 1];
    size_t start = offsetof(struct sockaddr_un, sun_path);
    if (address != NULL && length > start && address->sa_family == AF_UNIX)
        snprintf(out, GUARD_TEXT_SIZE, "the socket %s",
                 error_printable(
                     ((const struct sockaddr_un *)address)->sun_path,
                     strnlen(((const struct sockaddr_un *)address)->sun_path, length - start), path,
                     sizeof path));
    else if (address != NULL && getnameinfo(address, length, host, sizeof host, port, sizeof port,
                                            NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(out, GUARD_TEXT_SIZE, "%s, port %s", host, port);
    else
        snprintf(out, GUARD_TEXT_SIZE, "an address of an unknown kind");
}

static bool is_same(const struct guard *guard, const struct sockaddr *address, socklen_t length)
{
    const struct sockaddr *own = (const struct sockaddr *)&guard->address;
    if (address == NULL || length < sizeof address->sa_family ||
        address->sa_family != own->sa_family)
        return false;
    if (own->sa_family == AF_UNIX) {
        size_t start = offsetof(struct sockaddr_un, sun_path);
        return length > start && length <= sizeof(struct sockaddr_un) &&
               strncmp(((const struct sockaddr_un *)address)->sun_path,
                       ((const struct sockaddr_un *)own)->sun_path, length - start) == 0 &&
               strlen(((const struct sockaddr_un *)own)->sun_path) <= length - start;
    }
    const struct sockaddr_in *one = (const struct sockaddr_in *)address;
    const struct sockaddr_in *other = (const struct sockaddr_in *)own;
    return length >= sizeof *one && one->sin_port == other->sin_port &&
           one->sin_addr.s_addr == other->sin_addr.s_addr;
}

enum guard_verdict guard_judge(struct guard *guard, const struct sockaddr *address,
                               socklen_t length)
{
    int nothing = GUARD_NOTHING;
    if (guard == NULL)
        return GUARD_PASS;
    if (is_same(guard, address, length))
        return guard->interposition != NULL ? GUARD_CARRY : GUARD_PASS;
    /* A thread that cancels may be here at the same time: the first one writes. */
    if (atomic_compare_exchange_strong(&guard->note, &nothing, GUARD_WRITING)) {
        describe(address, length, guard->elsewhere);
        atomic_store(&guard->note, GUARD_WRITTEN);
    }
    return GUARD_REFUSE;
}

void guard_set(struct guard *guard, const struct sockaddr *address, socklen_t length,
               struct interposition *interposition)
{
    memset(&guard->address, 0, sizeof guard->address);
    memcpy(&guard->address, address, length);
    guard->interposition = interposition;
    atomic_store(&guard->note, GUARD_NOTHING);
}

const char *guard_elsewhere(const struct guard *guard)
{
    return atomic_load(&guard->note) == GUARD_WRITTEN ? guard->elsewhere : NULL;
}
